/* SPDX-License-Identifier: MIT */
/* store_cost.c - see store_cost.h. */
#include "db/store_cost.h"
#include "db/ask.h"

struct asker {
    store_cost_fn *done;
    void *ctx;
};

static void on_cost(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_cost *rows;
    struct arena arena;
    int n = err ? 0 : table->n_rows;

    arena_init(&arena);
    rows = arena_array(&arena, struct store_cost, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        rows[i] = (struct store_cost){
            .site = store_table_str(table, i, 0),
            .kind = store_table_str(table, i, 1),
            .hour_ms = store_table_int(table, i, 2),
            .runs = store_table_int(table, i, 3),
            .pages = store_table_int(table, i, 4),
            .pages_failed = store_table_int(table, i, 5),
            .added = store_table_int(table, i, 6),
            .cpu_ms = store_table_int(table, i, 7),
            .gb_ms = store_table_int(table, i, 8),
            .busy_ms = store_table_int(table, i, 9),
            .peak_pss_bytes = store_table_int(table, i, 10),
        };
    asker->done(rows, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_cost(struct store *store, int64_t since_ms, store_cost_fn *done, void *ctx)
{
    struct asker asker = {done, ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, since_ms);
    store_ask_with(store, ASK_COST, params.items, params.n, on_cost, &asker, sizeof asker);
    ask_params_fini(&params);
}
