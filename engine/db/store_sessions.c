/* SPDX-License-Identifier: MIT */
/* store_sessions.c - one store asks for its session's number, the other one keeps a session busy, and the first
 * asks again: a pooler that does not keep sessions apart has given its session to the other meanwhile. */
#include "db/store_sessions.h"
#include "db/ask.h"

enum { BUSY_AFTER_MS = 300 }; /* the other store's statement (ask_leases.def) takes as long again */

struct store_sessions {
    struct store *store, *other;
    struct loop_timer *timer;
    int64_t first;
    bool is_done;
    store_sessions_fn *done;
    void *ctx;
};

static void on_first(const struct store_table *table, const struct err *err, void *ctx);
static void on_other(const struct store_table *table, const struct err *err, void *ctx);
static void ask_again(void *ctx);
static void on_second(const struct store_table *table, const struct err *err, void *ctx);

static void answer(struct store_sessions *probe, bool keeps, const struct err *err)
{
    if (probe->is_done)
        return;
    probe->is_done = true;
    loop_timer_stop(probe->timer);
    probe->done(keeps, err, probe->ctx);
}

struct store_sessions *store_sessions_probe(struct loop *loop, struct store *store,
                                            struct store *other, store_sessions_fn *done, void *ctx)
{
    struct store_sessions *probe = mem_new(struct store_sessions);

    *probe = (struct store_sessions){.store = store, .other = other, .done = done, .ctx = ctx};
    probe->timer = loop_timer_new(loop, ask_again, probe);
    store_ask(store, ASK_SESSION, NULL, 0, on_first, probe);
    return probe;
}

static void on_first(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_sessions *probe = ctx;

    if (err) {
        answer(probe, false, err);
        return;
    }
    probe->first = store_table_int(table, 0, 0);
    store_ask(probe->other, ASK_SESSION_BUSY, NULL, 0, on_other, probe);
    loop_timer_start(probe->timer, BUSY_AFTER_MS);
}

/* What it was is of no interest; it is over before the end only when it failed. */
static void on_other(const struct store_table *table, const struct err *err, void *ctx)
{
    (void)table;
    if (err)
        answer(ctx, false, err);
}

static void ask_again(void *ctx)
{
    struct store_sessions *probe = ctx;

    store_ask(probe->store, ASK_SESSION, NULL, 0, on_second, probe);
}

static void on_second(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_sessions *probe = ctx;

    answer(probe, !err && store_table_int(table, 0, 0) == probe->first, err);
}

void store_sessions_free(struct store_sessions **probe)
{
    if (!*probe)
        return;
    loop_timer_free(&(*probe)->timer);
    mem_free(*probe);
    *probe = NULL;
}
