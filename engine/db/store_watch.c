/* SPDX-License-Identifier: MIT */
/* store_watch.c - see store_watch.h.
 *
 * One look at a time. Whatever says "look" while one is under way causes another after it: that one
 * may have read the database just before.
 */
#include "db/store_watch.h"
#include "base/log.h"
#include "base/loop_pg.h"
#include "base/str.h"
#include "db/ask.h"

#include <libpq-fe.h>
#include <stdlib.h>

enum {
    LOOK_MS = 250,        /* SQLite: at the change counter */
    LOOKS_PER_EVENT = 20, /* ... and at the newest event all the same */
    FALLBACK_MS = 5000,   /* PostgreSQL: without having heard anything */
    RETRY_MS = 500,       /* after an error */
    MAX_TIMEOUT_MS = 3000,
};

static const char newest_sql[] = "SELECT coalesce(max(id), 0) FROM deal_events";

struct store_watch {
    struct store *store;
    struct loop_pg *pg; /* NULL: SQLite */
    struct loop_timer *timer;
    store_watch_fn *changed;
    void *ctx;
    bool is_looking, look_again;
    bool is_away, was_told;
    bool was_heard; /* of something that may have no event: counters moved, a deal is gone */
    int64_t event_id;
    int64_t changes;      /* SQLite: of counters */
    int64_t data_version; /* SQLite's; counts only on one connection, hence LOOKS_PER_EVENT */
    int n_looks;
};

static void look(struct store_watch *watch);

/* ---- what was found -------------------------------------------------------------------------- */

/* The watch may be gone after this. */
static void tell(struct store_watch *watch, int64_t event_id, const struct err *err)
{
    bool is_news =
        err ? !watch->is_away
            : watch->is_away || !watch->was_told || watch->was_heard || event_id != watch->event_id;

    watch->is_away = err;
    if (!err) {
        watch->was_told = true;
        watch->was_heard = false;
        watch->event_id = event_id;
    }
    if (is_news)
        watch->changed(event_id, err, watch->ctx);
}

static void look_ended(struct store_watch *watch, int64_t event_id, const struct err *err)
{
    int64_t next_ms = err ? RETRY_MS : watch->pg ? FALLBACK_MS : LOOK_MS;

    watch->is_looking = false;
    if (err)
        log_debug("db", "newest event unknown", "error=%s", log_quote(err->text));
    loop_timer_start(watch->timer, watch->look_again && !err ? 0 : next_ms);
    watch->look_again = false;
    tell(watch, event_id, err);
}

/* ---- PostgreSQL ------------------------------------------------------------------------------ */

static void on_newest(const void *result, const struct err *err, void *ctx)
{
    look_ended(ctx, err ? 0 : strtoll(PQgetvalue(result, 0, 0), NULL, 10), err);
}

static void on_heard(void *ctx)
{
    struct store_watch *watch = ctx;

    watch->was_heard = true;
    look(watch);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static void on_event(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_watch *watch = ctx;
    int64_t changes = err ? watch->changes : store_table_int(table, 0, 1);

    watch->was_heard = watch->was_heard || changes != watch->changes;
    watch->changes = changes;
    look_ended(watch, err ? 0 : store_table_int(table, 0, 0), err);
}

static void on_data_version(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_watch *watch = ctx;
    int64_t version = err ? 0 : store_table_int(table, 0, 0);
    bool is_quiet = !err && watch->was_told && !watch->is_away && version == watch->data_version &&
                    ++watch->n_looks < LOOKS_PER_EVENT;

    if (err || is_quiet) {
        look_ended(watch, watch->event_id, err);
        return;
    }
    watch->data_version = version;
    watch->n_looks = 0;
    store_ask(watch->store, ASK_LAST_EVENT, NULL, 0, on_event, watch);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void look(struct store_watch *watch)
{
    if (watch->is_looking) {
        watch->look_again = true;
        return;
    }
    watch->is_looking = true;
    loop_timer_stop(watch->timer);
    if (watch->pg)
        loop_pg_query(watch->pg, newest_sql, NULL, 0, on_newest, watch);
    else
        store_ask(watch->store, ASK_DATA_VERSION, NULL, 0, on_data_version, watch);
}

static void on_timer(void *ctx)
{
    look(ctx);
}

struct store_watch *store_watch_new(struct loop *loop, struct store *store, const char *url,
                                    int64_t timeout_ms, store_watch_fn *changed, void *ctx)
{
    struct store_watch *watch = mem_new(struct store_watch);

    *watch = (struct store_watch){.store = store, .changed = changed, .ctx = ctx};
    watch->timer = loop_timer_new(loop, on_timer, watch);
    loop_timer_start(watch->timer, 0);
    if (str_eq(store_kind(store), "postgresql")) {
        watch->pg =
            loop_pg_new(loop, url, timeout_ms < MAX_TIMEOUT_MS ? timeout_ms : MAX_TIMEOUT_MS);
        loop_pg_listen(watch->pg, "catchdeal_events", on_heard, watch);
    }
    return watch;
}

void store_watch_free(struct store_watch **watch)
{
    if (!*watch)
        return;
    loop_pg_free(&(*watch)->pg);
    loop_timer_free(&(*watch)->timer);
    mem_free(*watch);
    *watch = NULL;
}
