/* SPDX-License-Identifier: MIT */
/* httpd.c - requests of one libmicrohttpd daemon, its start and its end; see httpd.h.
 *
 * A request lives until both the library has let go of it (conn is NULL) and the handler has answered
 * (owed is false); whichever comes last frees it. Not here: when MHD_run() is called (loop_mhd.c),
 * header lines (httpd_head.c), connections and deadlines (httpd_conn.c), what is sent (httpd_answer.c),
 * sockets (httpd_listen.c), what a path means (the handler).
 */
#include "base/clock.h"
#include "base/httpd_priv.h"
#include "base/log.h"
#include "base/loop_glue.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void finish_drain(void *ctx);
static void finish_stop(void *ctx);

enum {
    /* Holds the request's head and the answer's: the longest head that is accepted. */
    CONN_MEMORY_BYTES = 6656,
    /* Read beyond the limit of a chunked body, so that its sender gets to see the 413; then it is
       cut. */
    BODY_SLACK_BYTES = 1 << 20,
    /* Accepted beyond the limit, while those that make room for them end. */
    SPARE_CONNECTIONS = 16,
};

void httpd_refuse(struct request *request, int status, const char *text)
{
    request->refusing = true;
    request->httpd->options.refuse(&request->pub, status, text, request->httpd->options.ctx);
    check(request->answered);
    request->refusing = false;
}

/* ---- requests end ---------------------------------------------------------------------------- */

void httpd_request_free(struct request *request)
{
    if (request->shared)
        httpd_answer_unref(&request->shared);
    else if (request->response)
        MHD_destroy_response(request->response);
    list_remove(&request->link);
    buf_fini(&request->body);
    arena_fini(&request->pub.arena);
    mem_free(request);
}

static void tell_seen(struct request *request, int64_t now_us)
{
    const struct httpd_options *options = &request->httpd->options;
    struct httpd_seen seen = {
        .method = request->pub.method,
        .target = request->pub.target,
        .peer = request->conn->peer,
        .status = request->status,
        .is_stream = request->stream != NULL,
        .took_us = now_us - request->began_us,
        .body_bytes = request->answer_bytes,
        .user = request->pub.user,
    };

    log_debug("http", "request", "method=%s target=%s status=%d ms=%lld", log_quote(seen.method),
              log_quote(seen.target), seen.status, (long long)seen.took_us / 1000);
    if (options->seen)
        options->seen(&seen, options->ctx);
}

int64_t httpd_request_let_go(struct request *request)
{
    struct conn *conn = request->conn;
    int64_t now_us = clock_mono_us();

    tell_seen(request, now_us);
    if (request->stream)
        httpd_stream_closed(request->stream);
    request->stream = NULL;
    conn->request = NULL;
    request->conn = NULL;
    if (!request->owed)
        httpd_request_free(request);
    return now_us;
}

/* ---- a request's life ------------------------------------------------------------------------ */

/* Leave the library no parameters to take apart: nobody asks it for them, and a request with more than its memory
 * holds (some 110) it neither answers nor ends. The text is in that memory, which is no constant; the place of the
 * '?' it has noted before. */
static void hide_parameters(const char *target)
{
    const char *mark = strchr(target, '?');

    if (mark && mark[1])
        ((char *)(uintptr_t)mark)[1] = '\0';
}

/* The request line is there, nothing behind it is parsed yet. */
static void *on_request_line(void *ctx, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *conn = info->socket_context;
    struct request *request = mem_new(struct request);

    if (conn->request)
        httpd_request_let_go(conn->request);
    *request = (struct request){.httpd = ctx, .conn = conn, .began_us = clock_mono_us()};
    arena_init(&request->pub.arena);
    buf_init(&request->body, ((struct httpd *)ctx)->options.body_max_bytes + 1);
    request->pub.method = "";
    request->pub.body = "";
    request->pub.target = arena_strdup(&request->pub.arena, target);
    hide_parameters(target);
    list_init(&request->link);
    list_append(&conn->httpd->requests, &request->link);
    conn->request = request;
    httpd_conn_touch_at(conn, request->began_us / 1000);
    loop_mhd_progress(conn->httpd->glue);
    return request;
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *request_ctx;
    struct conn *conn;
    int64_t now_us;

    (void)ctx;
    (void)mhd;
    (void)code;
    if (!request)
        return;
    conn = request->conn;
    now_us = httpd_request_let_go(request);
    *request_ctx = NULL;
    if (conn->httpd->drained)
        httpd_conn_cut(conn);
    else
        httpd_conn_touch_at(conn, now_us / 1000);
}

/* ---- what the handler may ask ---------------------------------------------------------------- */

const char *httpd_peer(struct httpd_req *req)
{
    struct request *request = container_of(req, struct request, pub);

    return request->conn ? arena_strdup(&req->arena, request->conn->peer) : "";
}

const struct netaddr *httpd_peer_address(const struct httpd_req *req)
{
    const struct request *request = container_of(req, const struct request, pub);

    return request->conn && request->conn->has_address ? &request->conn->address : NULL;
}

void httpd_add_header(struct httpd_req *req, const char *name, const char *value)
{
    struct request *request = container_of(req, struct request, pub);

    request->extra_name = arena_strdup(&req->arena, name);
    request->extra_value = arena_strdup(&req->arena, value);
}

/* ---- a request comes in ---------------------------------------------------------------------- */

/* Past the limit it is only counted: the request will be refused. */
static void keep_body(struct request *request, const char *data, size_t len)
{
    request->body_bytes += len;
    if (request->body_bytes <= request->httpd->options.body_max_bytes)
        buf_add(&request->body, data, len);
}

static void dispatch(struct request *request)
{
    request->owed = true;
    request->pub.body_len = request->body.len;
    if (request->body.len)
        request->pub.body = buf_str(&request->body);
    request->httpd->options.handler(&request->pub, request->httpd->options.ctx);
}

/* A refusal before the end of the body: the rest is not read, so the connection can't be used
 * again. */
static enum MHD_Result hand_over_early(struct request *request, struct MHD_Connection *mhd)
{
    if (!request->httpd->stopping)
        check(MHD_add_response_header(request->response, "Connection", "close") == MHD_YES);
    return httpd_hand_over(request, mhd);
}

/* The library calls this when the head is there, for each piece of the body, at the end of the
 * body, and again after MHD_resume_connection(). */
static enum MHD_Result on_progress(void *ctx, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *data_bytes, void **request_ctx)
{
    struct request *request = *request_ctx;

    (void)url;
    loop_mhd_progress(((struct httpd *)ctx)->glue);
    if (!request->head_seen) {
        request->head_seen = true;
        request->pub.method = str_eq(method, "GET") ? "GET" : arena_strdup(&request->pub.arena, method);
        httpd_check_head(request, version, mhd);
        return request->response ? hand_over_early(request, mhd) : MHD_YES;
    }
    if (*data_bytes) {
        keep_body(request, data, *data_bytes);
        *data_bytes = 0;
        return request->body_bytes <= request->httpd->options.body_max_bytes + BODY_SLACK_BYTES
                   ? MHD_YES
                   : MHD_NO;
    }
    if (!request->owed && !request->answered) {
        if (request->body_bytes > request->httpd->options.body_max_bytes)
            httpd_refuse(request, 413, "the body is too large");
        else
            dispatch(request);
    }
    if (request->response)
        return httpd_hand_over(request, mhd);
    request->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

/* ---- listening ------------------------------------------------------------------------------- */

static void on_library_log(void *ctx, const char *fmt, va_list args)
{
    char text[256];

    (void)ctx;
    if (!log_enabled(LOG_DEBUG, "http"))
        return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
    log_debug("http", "library", "text=%s", log_quote(str_trim(text)));
}

static struct MHD_Daemon *start_daemon(struct httpd *httpd, int fd)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_progress, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)httpd->options.max_connections + SPARE_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONN_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, httpd_on_connection, httpd,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, httpd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, httpd, MHD_OPTION_END);
}

int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
              struct err *err)
{
    struct httpd *httpd;
    int port;
    int fd = httpd_open_listener(options, &port, err);

    if (fd < 0)
        return -1;
    httpd = mem_new(struct httpd);
    *httpd = (struct httpd){.options = *options, .loop = loop, .port = port, .listen_fd = fd};
    if (!options->idle_timeout_ms)
        httpd->options.idle_timeout_ms = options->request_timeout_ms;
    list_init(&httpd->conns);
    list_init(&httpd->idle);
    list_init(&httpd->cut);
    list_init(&httpd->silent);
    list_init(&httpd->requests);
    httpd->daemon = start_daemon(httpd, fd);
    if (!httpd->daemon) {
        close(fd);
        mem_free(httpd);
        return err_set(err, ERR_INTERNAL, "listen on %s: libmicrohttpd did not start",
                       options->listen);
    }
    httpd->guard = loop_timer_new(loop, httpd_on_guard, httpd);
    httpd->drain_timer = loop_timer_new(loop, finish_drain, httpd);
    httpd->stop_timer = loop_timer_new(loop, finish_stop, httpd);
    httpd->glue = loop_mhd_attach(loop, httpd->daemon);
    *out = httpd;
    return 0;
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

int httpd_connections(const struct httpd *httpd)
{
    return httpd->n_conns;
}

const struct httpd_stats *httpd_stats(const struct httpd *httpd)
{
    return &httpd->stats;
}

int httpd_listen_fd(const struct httpd *httpd)
{
    return httpd->listen_fd;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Nobody may send a request any more, and streams end. */
static void finish_drain(void *ctx)
{
    struct httpd *httpd = ctx;
    struct list *at, *next;

    while (!list_is_empty(&httpd->idle))
        httpd_conn_cut(httpd_first_conn(&httpd->idle));
    LIST_FOREACH (at, next, &httpd->requests) {
        struct request *request = container_of(at, struct request, link);

        if (request->stream)
            httpd_stream_end(request->stream);
    }
    httpd->drained = true;
}

static void finish_stop(void *ctx)
{
    struct httpd *httpd = ctx;
    httpd_stopped_fn *stopped = httpd->stopped;

    httpd->stopped = NULL;
    loop_timer_stop(httpd->stop_timer);
    if (stopped)
        stopped(httpd->stopped_ctx);
}

void httpd_stop(struct httpd *httpd, int64_t deadline_ms, httpd_stopped_fn *stopped, void *ctx)
{
    int fd;

    check(!httpd->stopping);
    httpd->stopping = true;
    httpd->stopped = stopped;
    httpd->stopped_ctx = ctx;
    httpd->listen_fd = -1;
    fd = MHD_quiesce_daemon(httpd->daemon);
    if (fd >= 0)
        close(fd);
    /* What has come in by now is a request that runs. */
    check(MHD_run(httpd->daemon) == MHD_YES);
    if (httpd->options.drain_ms > 0)
        loop_timer_start(httpd->drain_timer, httpd->options.drain_ms);
    else
        finish_drain(httpd);
    loop_mhd_kick(httpd->glue);
    loop_timer_start(httpd->stop_timer, httpd->n_conns ? deadline_ms : 0);
}

/* The library refuses to stop while a connection is suspended. */
static void resume_all(struct httpd *httpd)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &httpd->requests) {
        struct request *request = container_of(at, struct request, link);

        if (request->suspended)
            MHD_resume_connection(request->conn->mhd);
        request->suspended = false;
    }
}

void httpd_free(struct httpd **httpd_ptr)
{
    struct httpd *httpd = *httpd_ptr;

    if (!httpd)
        return;
    *httpd_ptr = NULL;
    httpd->stopped = NULL;
    resume_all(httpd);
    loop_mhd_detach(&httpd->glue);
    MHD_stop_daemon(httpd->daemon);
    check(httpd->n_conns == 0);
    while (!list_is_empty(&httpd->requests))
        httpd_request_free(container_of(list_first(&httpd->requests), struct request, link));
    loop_timer_free(&httpd->guard);
    loop_timer_free(&httpd->drain_timer);
    loop_timer_free(&httpd->stop_timer);
    mem_free(httpd);
}
