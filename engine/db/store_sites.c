/* SPDX-License-Identifier: MIT */
/* store_sites.c - see store_sites.h. */
#include "db/store_sites.h"
#include "db/ask.h"

struct sites_question {
    store_sites_fn *done;
    void *ctx;
};

static void read_site(const struct store_table *table, int row, struct store_site *site)
{
    int at = 0;

    site->site = store_table_str(table, row, at++);
    site->website = store_table_str(table, row, at++);
    site->newest_product_id = store_table_str(table, row, at++);
    site->newest_title = store_table_str(table, row, at++);
    site->newest_at_ms = store_table_int(table, row, at++);
    site->n_recent = store_table_int(table, row, at++);
    site->run_kind = store_table_str(table, row, at++);
    site->run_reason = store_table_str(table, row, at++);
    site->run_started_ms = store_table_int(table, row, at++);
    site->run_ended_ms = store_table_int(table, row, at++);
    site->run_rows = store_table_int(table, row, at++);
    site->run_added = store_table_int(table, row, at++);
    site->run_pages = store_table_int(table, row, at++);
    site->run_pages_failed = store_table_int(table, row, at++);
    site->fresh_at_ms = store_table_int(table, row, at++);
}

static void on_sites(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct sites_question *question = ctx;
    int n = err ? 0 : table->n_rows;
    struct arena arena;
    struct store_site *sites;

    arena_init(&arena);
    sites = arena_array(&arena, struct store_site, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        read_site(table, i, &sites[i]);
    question->done(sites, n, err, question->ctx);
    arena_fini(&arena);
}

void store_sites(struct store *store, int64_t recent_since_ms, store_sites_fn *done, void *ctx)
{
    const struct sites_question question = {done, ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, recent_since_ms);
    store_ask_with(store, ASK_SITES, params.items, params.n, on_sites, &question, sizeof(question));
    ask_params_fini(&params);
}

/* ---- what happened to a deal ----------------------------------------------------------------- */

struct events_question {
    store_events_fn *done;
    void *ctx;
};

static void on_events(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct events_question *question = ctx;
    int n = err ? 0 : table->n_rows;
    struct arena arena;
    struct store_event *events;

    arena_init(&arena);
    events = arena_array(&arena, struct store_event, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        events[i] = (struct store_event){.kind = store_table_str(table, i, 0),
                                         .old_value = store_table_str(table, i, 1),
                                         .new_value = store_table_str(table, i, 2),
                                         .at_ms = store_table_int(table, i, 3)};
    question->done(events, n, err, question->ctx);
    arena_fini(&arena);
}

void store_deal_events(struct store *store, int64_t deal_id, int limit, store_events_fn *done, void *ctx)
{
    const struct events_question question = {done, ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, deal_id);
    ask_add_int(&params, limit);
    store_ask_with(store, ASK_DEAL_EVENTS, params.items, params.n, on_events, &question, sizeof(question));
    ask_params_fini(&params);
}
