/* SPDX-License-Identifier: MIT */
/* store_purge.c - see store_purge.h; the statements are in ask_cost.def. */
#include "db/store_purge.h"
#include "db/ask.h"

static const struct {
    const char *name;
    enum ask_id count, purge;
} kinds[] = {
    [STORE_PURGE_MARKS] = {"bookmarks", ASK_COUNT_MARKS, ASK_PURGE_MARKS},
    [STORE_PURGE_PUSH_ROWS] = {"push-rows", ASK_COUNT_PUSH_ROWS, ASK_PURGE_PUSH_ROWS},
    [STORE_PURGE_DEALS] = {"deals", ASK_COUNT_DEALS, ASK_PURGE_DEALS},
    [STORE_PURGE_EVENTS] = {"events", ASK_COUNT_EVENTS, ASK_PURGE_EVENTS},
    [STORE_PURGE_PUSHES] = {"pushes", ASK_COUNT_PUSHES, ASK_PURGE_PUSHES},
    [STORE_PURGE_SESSIONS] = {"sessions", ASK_COUNT_SESSIONS, ASK_PURGE_SESSIONS},
    [STORE_PURGE_RUNS] = {"runs", ASK_COUNT_RUNS, ASK_PURGE_RUNS},
    [STORE_PURGE_REPORTS] = {"reports", ASK_COUNT_REPORTS, ASK_PURGE_REPORTS},
    [STORE_PURGE_FIELDS] = {"field-stats", ASK_COUNT_FIELDS, ASK_PURGE_FIELDS},
};

struct asker {
    store_purge_fn *done;
    void *ctx;
};

const char *store_purge_name(enum store_purge_what what)
{
    return kinds[what].name;
}

static void on_purged(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done(err ? 0 : store_table_int(table, 0, 0), err, asker->ctx);
}

void store_purge(struct store *store, const struct store_purge *purge, store_purge_fn *done,
                 void *ctx)
{
    struct asker asker = {done, ctx};
    struct ask_params params;

    check(purge->limit > 0 && purge->limit <= 100000);
    ask_params_init(&params);
    ask_add_int(&params, purge->before_ms);
    if (purge->what == STORE_PURGE_DEALS)
        ask_add_int(&params, purge->marks_before_ms);
    if (!purge->dry_run)
        ask_add_int(&params, purge->limit);
    store_ask_with(store, purge->dry_run ? kinds[purge->what].count : kinds[purge->what].purge,
                   params.items, params.n, on_purged, &asker, sizeof asker);
    ask_params_fini(&params);
}
