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
#include "db/ask_priv.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 250,          /* SQLite: at the change counter */
    LOOKS_PER_CHANGES = 20, /* ... and at the numbers all the same */
    QUIET_MS = 400,         /* PostgreSQL: without having heard anything */
    LATE_MS = 300,          /* ... of an answer: the connection may be lost */
    RETRY_MS = 500,         /* after an error */
    MAX_TIMEOUT_MS = 3000,
};

struct store_watch {
    struct loop *loop;
    struct store *store;
    char *url;
    int64_t timeout_ms;
    struct loop_pg *pg;    /* NULL: SQLite */
    struct loop_pg *spare; /* asked the same because pg is late; NULL: it is not */
    struct loop_timer *timer, *late;
    store_watch_fn *changed;
    void *ctx;
    bool is_looking, look_again;
    bool is_away, was_told;
    struct store_changes changes;
    int64_t data_version; /* SQLite's; counts only on one connection, hence LOOKS_PER_CHANGES */
    int n_looks;
};

static void look(struct store_watch *watch);

/* ---- what was found -------------------------------------------------------------------------- */

/* The watch may be gone after this. */
static void tell(struct store_watch *watch, const struct store_changes *changes,
                 const struct err *err)
{
    bool is_news = err ? !watch->is_away
                       : watch->is_away || !watch->was_told ||
                             memcmp(changes, &watch->changes, sizeof(*changes)) != 0;

    watch->is_away = err;
    if (!err) {
        watch->was_told = true;
        watch->changes = *changes;
    }
    if (is_news)
        watch->changed(changes, err, watch->ctx);
}

/* changes NULL exactly when err is not. */
static void look_ended(struct store_watch *watch, const struct store_changes *changes,
                       const struct err *err)
{
    int64_t next_ms = err ? RETRY_MS : watch->pg ? QUIET_MS : LOOK_MS;

    watch->is_looking = false;
    if (watch->late)
        loop_timer_stop(watch->late);
    if (err)
        log_debug("db", "changes unknown", "error=%s", log_quote(err->text));
    loop_timer_start(watch->timer, watch->look_again && !err ? 0 : next_ms);
    watch->look_again = false;
    tell(watch, changes, err);
}

/* ---- PostgreSQL ------------------------------------------------------------------------------ */

static void on_heard(void *ctx)
{
    look(ctx);
}

static struct loop_pg *listener_new(struct store_watch *watch)
{
    struct loop_pg *pg = loop_pg_new(watch->loop, watch->url, watch->timeout_ms);

    loop_pg_listen(pg, "catchdeal_events", on_heard, watch);
    return pg;
}

static void answered(struct store_watch *watch, const void *result, const struct err *err)
{
    struct store_changes changes;

    if (err) {
        look_ended(watch, NULL, err);
        return;
    }
    changes = (struct store_changes){.event_id = strtoll(PQgetvalue(result, 0, 0), NULL, 10),
                                     .counters = strtoll(PQgetvalue(result, 0, 1), NULL, 10),
                                     .runs = strtoll(PQgetvalue(result, 0, 2), NULL, 10),
                                     .notices = strtoll(PQgetvalue(result, 0, 3), NULL, 10)};
    look_ended(watch, &changes, NULL);
}

/* The spare takes the listener's place. */
static void promote_spare(struct store_watch *watch)
{
    loop_pg_free(&watch->pg);
    watch->pg = watch->spare;
    watch->spare = NULL;
}

static void on_changes(const void *result, const struct err *err, void *ctx)
{
    struct store_watch *watch = ctx;

    if (err && watch->spare) {
        promote_spare(watch); /* its answer will tell */
        return;
    }
    loop_pg_free(&watch->spare);
    answered(watch, result, err);
}

static void on_spare_changes(const void *result, const struct err *err, void *ctx)
{
    struct store_watch *watch = ctx;

    if (watch->spare && err) {
        loop_pg_free(&watch->spare); /* and wait for the listener */
        return;
    }
    if (watch->spare) {
        log_debug("db", "listener was silent", "late_ms=%d", LATE_MS);
        promote_spare(watch);
    }
    answered(watch, result, err);
}

static void ask_changes(struct loop_pg *pg, loop_pg_fn *done, struct store_watch *watch)
{
    loop_pg_query(pg, ask_table[ASK_CHANGES].postgres_text, NULL, 0, done, watch);
}

static void on_late(void *ctx)
{
    struct store_watch *watch = ctx;

    watch->spare = listener_new(watch);
    ask_changes(watch->spare, on_spare_changes, watch);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static void on_table(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_changes changes;

    if (err) {
        look_ended(ctx, NULL, err);
        return;
    }
    changes = (struct store_changes){.event_id = store_table_int(table, 0, 0),
                                     .counters = store_table_int(table, 0, 1),
                                     .runs = store_table_int(table, 0, 2),
                                     .notices = store_table_int(table, 0, 3)};
    look_ended(ctx, &changes, NULL);
}

static void on_data_version(const struct store_table *table, const struct err *err, void *ctx)
{
    struct store_watch *watch = ctx;
    int64_t version = err ? 0 : store_table_int(table, 0, 0);
    bool is_quiet = !err && watch->was_told && !watch->is_away && version == watch->data_version &&
                    ++watch->n_looks < LOOKS_PER_CHANGES;

    if (err || is_quiet) {
        const struct store_changes as_before = watch->changes;

        look_ended(watch, err ? NULL : &as_before, err);
        return;
    }
    watch->data_version = version;
    watch->n_looks = 0;
    store_ask(watch->store, ASK_CHANGES, NULL, 0, on_table, watch);
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
    if (watch->pg) {
        loop_timer_start(watch->late, LATE_MS);
        ask_changes(watch->pg, on_changes, watch);
    } else {
        store_ask(watch->store, ASK_DATA_VERSION, NULL, 0, on_data_version, watch);
    }
}

static void on_timer(void *ctx)
{
    look(ctx);
}

struct store_watch *store_watch_new(struct loop *loop, struct store *store, const char *url,
                                    int64_t timeout_ms, store_watch_fn *changed, void *ctx)
{
    struct store_watch *watch = mem_new(struct store_watch);

    *watch = (struct store_watch){.loop = loop,
                                  .store = store,
                                  .url = mem_strdup(url),
                                  .timeout_ms =
                                      timeout_ms < MAX_TIMEOUT_MS ? timeout_ms : MAX_TIMEOUT_MS,
                                  .changed = changed,
                                  .ctx = ctx};
    watch->timer = loop_timer_new(loop, on_timer, watch);
    loop_timer_start(watch->timer, 0);
    if (str_eq(store_kind(store), "postgresql")) {
        watch->late = loop_timer_new(loop, on_late, watch);
        watch->pg = listener_new(watch);
    }
    return watch;
}

void store_watch_free(struct store_watch **watch)
{
    if (!*watch)
        return;
    loop_pg_free(&(*watch)->pg);
    loop_pg_free(&(*watch)->spare);
    if ((*watch)->late)
        loop_timer_free(&(*watch)->late);
    loop_timer_free(&(*watch)->timer);
    mem_free((*watch)->url);
    mem_free(*watch);
    *watch = NULL;
}
