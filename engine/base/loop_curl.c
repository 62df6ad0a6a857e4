/* SPDX-License-Identifier: MIT */
/* loop_curl.c - libcurl's multi socket interface on our loop (curl_multi_socket_action(3)).
 *
 * libcurl tells which sockets to watch and when to come back; it is told what happened. `done`
 * comes from here alone, after libcurl has returned, so that it may add, remove and free handles.
 */
#include "base/loop_glue.h"
#include "base/mem.h"

#include <curl/curl.h>

struct loop_curl {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    loop_curl_done_fn *done;
    void *ctx;
    bool reporting; /* callbacks run: one that frees us only marks it */
    bool freed;
};

/* One watched socket; libcurl keeps the pointer (curl_multi_assign). */
struct watched {
    struct loop_curl *glue;
    struct loop_io *io;
    curl_socket_t fd;
};

static void destroy(struct loop_curl *glue)
{
    /* Closes what is kept open, which takes our watchers away. */
    curl_multi_cleanup(glue->multi);
    loop_timer_free(&glue->timer);
    mem_free(glue);
    curl_global_cleanup();
}

static void report_done(struct loop_curl *glue)
{
    CURLMsg *message;
    int left;

    glue->reporting = true;
    while (!glue->freed && (message = curl_multi_info_read(glue->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            glue->done(message->easy_handle, (int)message->data.result, glue->ctx);
    glue->reporting = false;
    if (glue->freed)
        destroy(glue);
}

static void on_io(void *ctx, unsigned events)
{
    struct watched *watched = ctx;
    struct loop_curl *glue = watched->glue;
    int flags = 0;
    int running;

    if (events & LOOP_READ)
        flags |= CURL_CSELECT_IN;
    if (events & LOOP_WRITE)
        flags |= CURL_CSELECT_OUT;
    if (events & LOOP_ERROR)
        flags |= CURL_CSELECT_ERR;
    curl_multi_socket_action(glue->multi, watched->fd, flags, &running);
    report_done(glue);
}

static void on_timer(void *ctx)
{
    struct loop_curl *glue = ctx;
    int running;

    curl_multi_socket_action(glue->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    report_done(glue);
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *ctx)
{
    struct loop_curl *glue = ctx;

    (void)multi;
    if (timeout_ms < 0)
        loop_timer_stop(glue->timer);
    else
        loop_timer_start(glue->timer, timeout_ms);
    return 0;
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    struct loop_curl *glue = ctx;
    struct watched *watched = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched)
            loop_io_free(&watched->io);
        mem_free(watched);
        curl_multi_assign(glue->multi, fd, NULL);
        return 0;
    }
    if (!watched) {
        watched = mem_new(struct watched);
        *watched = (struct watched){.glue = glue, .fd = fd};
        watched->io = loop_io_new(glue->loop, fd, on_io, watched);
        curl_multi_assign(glue->multi, fd, watched);
    }
    loop_io_want(watched->io,
                 (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0));
    return 0;
}

struct loop_curl *loop_curl_new(struct loop *loop, loop_curl_done_fn *done, void *ctx)
{
    struct loop_curl *glue = mem_new(struct loop_curl);

    check(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    *glue = (struct loop_curl){.loop = loop, .done = done, .ctx = ctx};
    glue->timer = loop_timer_new(loop, on_timer, glue);
    glue->multi = curl_multi_init();
    check(glue->multi);
    curl_multi_setopt(glue->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(glue->multi, CURLMOPT_SOCKETDATA, glue);
    curl_multi_setopt(glue->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(glue->multi, CURLMOPT_TIMERDATA, glue);
    return glue;
}

void *loop_curl_multi(struct loop_curl *glue)
{
    return glue->multi;
}

void loop_curl_free(struct loop_curl **glue_ptr)
{
    struct loop_curl *glue = *glue_ptr;

    *glue_ptr = NULL;
    if (!glue)
        return;
    if (glue->reporting)
        glue->freed = true;
    else
        destroy(glue);
}
