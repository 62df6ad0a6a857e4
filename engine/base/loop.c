/* SPDX-License-Identifier: MIT */
/* loop.c - libuv behind loop.h.
 *
 * libuv closes handles asynchronously, so each object is a heap block that its close callback
 * frees. loop_work() keeps a queue of its own and gives libuv's thread pool one item at a time:
 * that is what makes works run in order.
 */
#include "base/loop.h"
#include "base/list.h"

#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_idle_t busy; /* runs while deferred calls wait, so that poll does not block */
    struct list deferred;
    struct list works;
    struct loop_work *working;
};

struct deferred_call {
    struct list link;
    loop_fn *fn;
    void *ctx;
};

struct loop_timer {
    uv_timer_t uv;
    loop_fn *fn;
    void *ctx;
};

struct loop_io {
    uv_poll_t uv;
    loop_io_fn *fn;
    void *ctx;
    unsigned events;
};

struct loop_signal {
    uv_signal_t uv;
    loop_fn *fn;
    void *ctx;
};

struct loop_work {
    uv_work_t uv;
    struct list link;
    struct loop *loop;
    loop_fn *work;
    loop_fn *done;
    void *ctx;
};

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void close_handle(void *handle)
{
    uv_close(handle, on_closed);
}

/* ---- loop, deferred calls -------------------------------------------------------------------- */

/* Calls that are deferred while these run belong to the next turn. */
static void on_busy(uv_idle_t *idle)
{
    struct loop *loop = idle->data;
    struct list now;

    list_init(&now);
    while (!list_is_empty(&loop->deferred))
        list_move(&now, list_first(&loop->deferred));
    while (!list_is_empty(&now)) {
        struct deferred_call *call = container_of(list_first(&now), struct deferred_call, link);

        list_remove(&call->link);
        call->fn(call->ctx);
        mem_free(call);
    }
    if (list_is_empty(&loop->deferred))
        uv_idle_stop(&loop->busy);
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_new(struct loop);

    check(uv_loop_init(&loop->uv) == 0);
    check(uv_idle_init(&loop->uv, &loop->busy) == 0);
    loop->busy.data = loop;
    list_init(&loop->deferred);
    list_init(&loop->works);
    return loop;
}

static void run_until_closed(struct loop *loop)
{
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        ;
}

void loop_free(struct loop **loop_ptr)
{
    struct loop *loop = *loop_ptr;

    if (!loop)
        return;
    *loop_ptr = NULL;
    run_until_closed(loop);
    uv_close((uv_handle_t *)&loop->busy, NULL);
    run_until_closed(loop);
    check(uv_loop_close(&loop->uv) == 0);
    mem_free(loop);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *ctx)
{
    struct deferred_call *call = mem_new(struct deferred_call);

    *call = (struct deferred_call){.fn = fn, .ctx = ctx};
    list_init(&call->link);
    list_append(&loop->deferred, &call->link);
    uv_idle_start(&loop->busy, on_busy);
}

void *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *uv)
{
    struct loop_timer *timer = uv->data;

    timer->fn(timer->ctx);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *ctx)
{
    struct loop_timer *timer = mem_new(struct loop_timer);

    timer->fn = fn;
    timer->ctx = ctx;
    check(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
    /* libuv counts from the start of the turn, which may be a long callback ago. */
    uv_update_time(timer->uv.loop);
    check(uv_timer_start(&timer->uv, on_timer, delay_ms < 0 ? 0 : (uint64_t)delay_ms, 0) == 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

bool loop_timer_is_armed(const struct loop_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->uv);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (*timer)
        close_handle(&(*timer)->uv);
    *timer = NULL;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *uv, int status, int uv_events)
{
    struct loop_io *io = uv->data;
    unsigned events = 0;

    /* libuv has stopped the watch by now. */
    if (status < 0) {
        events |= LOOP_ERROR | io->events;
        io->events = 0;
    }
    if (uv_events & UV_READABLE)
        events |= LOOP_READ;
    if (uv_events & UV_WRITABLE)
        events |= LOOP_WRITE;
    if (uv_events & UV_DISCONNECT)
        events |= LOOP_READ;
    io->fn(io->ctx, events);
}

struct loop_io *loop_io_new(struct loop *loop, int fd, loop_io_fn *fn, void *ctx)
{
    struct loop_io *io = mem_new(struct loop_io);

    io->fn = fn;
    io->ctx = ctx;
    check(uv_poll_init(&loop->uv, &io->uv, fd) == 0);
    io->uv.data = io;
    return io;
}

void loop_io_want(struct loop_io *io, unsigned events)
{
    int uv_events = 0;

    if (events == io->events)
        return;
    io->events = events;
    if (events & LOOP_READ)
        uv_events |= UV_READABLE;
    if (events & LOOP_WRITE)
        uv_events |= UV_WRITABLE;
    if (uv_events)
        check(uv_poll_start(&io->uv, uv_events, on_poll) == 0);
    else
        uv_poll_stop(&io->uv);
}

void loop_io_free(struct loop_io **io)
{
    if (*io) {
        uv_poll_stop(&(*io)->uv);
        close_handle(&(*io)->uv);
    }
    *io = NULL;
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *uv, int signum)
{
    struct loop_signal *sig = uv->data;

    (void)signum;
    sig->fn(sig->ctx);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_fn *fn, void *ctx)
{
    struct loop_signal *sig = mem_new(struct loop_signal);

    sig->fn = fn;
    sig->ctx = ctx;
    check(uv_signal_init(&loop->uv, &sig->uv) == 0);
    sig->uv.data = sig;
    check(uv_signal_start(&sig->uv, on_signal, signum) == 0);
    return sig;
}

void loop_signal_free(struct loop_signal **sig)
{
    if (*sig)
        close_handle(&(*sig)->uv);
    *sig = NULL;
}

/* ---- work on the other thread ---------------------------------------------------------------- */

static void start_next_work(struct loop *loop);

static void on_work(uv_work_t *uv)
{
    struct loop_work *item = uv->data;

    item->work(item->ctx);
}

static void on_work_done(uv_work_t *uv, int status)
{
    struct loop_work *item = uv->data;
    struct loop *loop = item->loop;

    check(status == 0);
    loop->working = NULL;
    start_next_work(loop);
    item->done(item->ctx);
    mem_free(item);
}

static void start_next_work(struct loop *loop)
{
    if (loop->working || list_is_empty(&loop->works))
        return;
    loop->working = container_of(list_first(&loop->works), struct loop_work, link);
    list_remove(&loop->working->link);
    check(uv_queue_work(&loop->uv, &loop->working->uv, on_work, on_work_done) == 0);
}

void loop_work(struct loop *loop, loop_fn *work, loop_fn *done, void *ctx)
{
    struct loop_work *item = mem_new(struct loop_work);

    item->loop = loop;
    item->work = work;
    item->done = done;
    item->ctx = ctx;
    item->uv.data = item;
    list_init(&item->link);
    list_append(&loop->works, &item->link);
    start_next_work(loop);
}
