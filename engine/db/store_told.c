/* SPDX-License-Identifier: MIT */
/* store_told.c - see store_told.h; the statements are in ask_reports.def. */
#include "db/store_told.h"
#include "base/buf.h"
#include "db/ask.h"

#include <stdlib.h>

enum { ROWS_MAX = 1000 };

struct asker {
    store_told_fn *done;
    void *ctx;
};

struct marker {
    store_done_fn *done;
    void *ctx;
};

const char *report_news_name(enum report_news news)
{
    static const char *const names[] = {
        [REPORT_OPENED] = "opened", [REPORT_AGAIN] = "again", [REPORT_OVER] = "over"};

    check((size_t)news < ARRAY_LEN(names));
    return names[news];
}

static int by_id(const void *a_ptr, const void *b_ptr)
{
    int64_t a = ((const struct store_news_report *)a_ptr)->report.id;
    int64_t b = ((const struct store_news_report *)b_ptr)->report.id;

    return a < b ? -1 : a > b;
}

static void on_claimed(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_news_report *reports;
    struct arena arena;
    int n = err ? 0 : table->n_rows;

    arena_init(&arena);
    reports = arena_array(&arena, struct store_news_report, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        reports[i] = (struct store_news_report){
            .report = {.id = store_table_int(table, i, 0),
                       .site = store_table_str(table, i, 1),
                       .kind = store_table_str(table, i, 2),
                       .text = store_table_str(table, i, 3),
                       .detail = store_table_str(table, i, 4),
                       .opened_at_ms = store_table_int(table, i, 5),
                       .last_at_ms = store_table_int(table, i, 6),
                       .closed_at_ms = store_table_int(table, i, 7), /* NULL is CLOCK_NONE */
                       .times = (int)store_table_int(table, i, 8)},
            .news = (enum report_news)store_table_int(table, i, 9),
        };
    qsort(reports, (size_t)n, sizeof *reports, by_id);
    asker->done(reports, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_told_claim(struct store *store, const struct store_told_claim *claim,
                      store_told_fn *done, void *ctx)
{
    struct asker asker = {done, ctx};
    struct ask_params params;

    check(claim->limit >= 1 && claim->limit <= ROWS_MAX);
    ask_params_init(&params);
    ask_add_str(&params, claim->teller);
    ask_add_int(&params, claim->now_ms);
    ask_add_int(&params, claim->now_ms - claim->after_ms);
    ask_add_int(&params, claim->again_ms ? claim->now_ms - claim->again_ms : 0);
    ask_add_int(&params, claim->now_ms + claim->claim_ms);
    ask_add_int(&params, claim->limit);
    store_ask_with(store, ASK_TOLD_CLAIM, params.items, params.n, on_claimed, &asker, sizeof asker);
    ask_params_fini(&params);
}

static void on_marked(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct marker *marker = ctx;

    (void)table;
    marker->done(err, marker->ctx);
}

void store_told_mark(struct store *store, const int64_t *ids, int n, bool over, int64_t at_ms,
                     store_done_fn *done, void *ctx)
{
    struct marker marker = {done, ctx};
    struct ask_params params;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addc(&json, '[');
    for (int i = 0; i < n; i++)
        buf_addf(&json, "%s%lld", i ? "," : "", (long long)ids[i]);
    buf_addc(&json, ']');
    ask_params_init(&params);
    ask_add_str(&params, buf_str(&json));
    ask_add_int(&params, at_ms);
    store_ask_with(store, over ? ASK_TOLD_OVER : ASK_TOLD_OPEN, params.items, params.n, on_marked,
                   &marker, sizeof marker);
    ask_params_fini(&params);
    buf_fini(&json);
}

void store_told_forget_lost(struct store *store, int64_t before_ms, int64_t at_ms,
                            store_done_fn *done, void *ctx)
{
    struct marker marker = {done, ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, before_ms);
    ask_add_int(&params, at_ms);
    store_ask_with(store, ASK_TOLD_LOST, params.items, params.n, on_marked, &marker, sizeof marker);
    ask_params_fini(&params);
}
