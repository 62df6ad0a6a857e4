/* SPDX-License-Identifier: MIT */
/* watch.c - see watch.h. */
#include "api/watch.h"
#include "base/log.h"
#include "db/store_watch.h"

enum { LOOK_MS = 500 };

struct watch {
    struct store *store;
    struct loop_timer *timer;
    watch_fn *changed;
    void *ctx;
    int64_t event_id; /* -1: none was told yet */
};

static void on_event_id(int64_t event_id, const struct err *err, void *ctx)
{
    struct watch *watch = ctx;

    loop_timer_start(watch->timer, LOOK_MS);
    if (err)
        log_debug("api", "newest event unknown", "error=%s", log_quote(err->text));
    if (err || event_id == watch->event_id)
        return;
    watch->event_id = event_id;
    watch->changed(event_id, watch->ctx);
}

static void on_timer(void *ctx)
{
    struct watch *watch = ctx;

    store_last_event(watch->store, on_event_id, watch);
}

struct watch *watch_new(struct loop *loop, struct store *store, watch_fn *changed, void *ctx)
{
    struct watch *watch = mem_new(struct watch);

    *watch = (struct watch){.store = store, .changed = changed, .ctx = ctx, .event_id = -1};
    watch->timer = loop_timer_new(loop, on_timer, watch);
    loop_timer_start(watch->timer, 0);
    return watch;
}

void watch_free(struct watch **watch)
{
    if (!*watch)
        return;
    loop_timer_free(&(*watch)->timer);
    mem_free(*watch);
    *watch = NULL;
}
