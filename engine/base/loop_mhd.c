/* SPDX-License-Identifier: MIT */
/* loop_mhd.c - runs a libmicrohttpd daemon (MHD_USE_EPOLL, no threads) from the loop.
 *
 * The daemon's epoll descriptor is watched by ours. Inside, its sockets are edge-triggered: a
 * connection that still has bytes to handle when MHD_run() returns is not reported again, only
 * MHD_get_timeout() tells (0: run again). So the timer is set anew after every run. It says 0, too, for as long as
 * a connection lasts whose chunk begins with a line larger than its buffer, which it neither reads on nor refuses: runs
 * that bring nothing become rare. Promise:
 * MHD_run() is called from the loop only, never from inside a callback of the daemon.
 */
#include "base/loop_glue.h"

#include <microhttpd.h>

enum {
    VAIN_RUNS = 16,   /* one after another are too many to be by chance */
    VAIN_PAUSE_MS = 2, /* what is new to a socket is seen at once all the same */
};

struct loop_mhd {
    struct MHD_Daemon *daemon;
    struct loop_io *io;
    struct loop_timer *timer;
    bool kicked; /* since the last run began */
    int n_vain;  /* runs since a socket had news, an answer came or a request got further */
};

static void run(struct loop_mhd *glue)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    glue->kicked = false;
    glue->n_vain++;
    check(MHD_run(glue->daemon) == MHD_YES);
    if (glue->kicked)
        loop_timer_start(glue->timer, 0);
    else if (MHD_get_timeout(glue->daemon, &wait_ms) != MHD_YES)
        loop_timer_stop(glue->timer);
    else if (wait_ms == 0 && glue->n_vain > VAIN_RUNS)
        loop_timer_start(glue->timer, VAIN_PAUSE_MS);
    else
        loop_timer_start(glue->timer, (int64_t)(wait_ms < 3600000 ? wait_ms : 3600000));
}

void loop_mhd_progress(struct loop_mhd *glue)
{
    glue->n_vain = 0;
}

static void on_timer(void *ctx)
{
    run(ctx);
}

static void on_readable(void *ctx, unsigned events)
{
    (void)events;
    loop_mhd_progress(ctx);
    run(ctx);
}

struct loop_mhd *loop_mhd_attach(struct loop *loop, struct MHD_Daemon *daemon)
{
    struct loop_mhd *glue = mem_new(struct loop_mhd);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);

    check(info && info->epoll_fd >= 0);
    glue->daemon = daemon;
    glue->io = loop_io_new(loop, info->epoll_fd, on_readable, glue);
    glue->timer = loop_timer_new(loop, on_timer, glue);
    loop_io_want(glue->io, LOOP_READ);
    loop_timer_start(glue->timer, 0);
    return glue;
}

void loop_mhd_kick(struct loop_mhd *glue)
{
    glue->kicked = true;
    glue->n_vain = 0;
    loop_timer_start(glue->timer, 0);
}

void loop_mhd_detach(struct loop_mhd **glue)
{
    if (!*glue)
        return;
    loop_io_free(&(*glue)->io);
    loop_timer_free(&(*glue)->timer);
    mem_free(*glue);
    *glue = NULL;
}
