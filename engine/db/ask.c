/* SPDX-License-Identifier: MIT */
/* ask.c - see ask.h: the front, and how parameters and cells are read. */
#include "db/ask_priv.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { READ = false, WRITE = true };

#define PG_TIME ASK_PG_TIME
#define PG_MS   ASK_PG_MS
const struct ask ask_table[ASK_COUNT] = {
#define ASK(name, kind, sqlite_text, postgres_text) {#name, kind, sqlite_text, postgres_text},
#include "db/ask.def"
#undef ASK
};

static void ask(struct store_op *op, enum ask_id id, const char *const *params, int n,
                store_table_fn *done)
{
    check(n <= ASK_MAX_PARAMS);
    op->callback.table = done;
    op->ask = id;
    op->params = arena_array(&op->arena, const char *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        op->params[i] = store_op_text(op, params[i]);
    op->n_params = n;
    store_op_start(op);
}

void store_ask(struct store *store, enum ask_id id, const char *const *params, int n,
               store_table_fn *done, void *ctx)
{
    ask(store_op_begin(store, STORE_ASK, ctx), id, params, n, done);
}

void store_ask_with(struct store *store, enum ask_id id, const char *const *params, int n,
                    store_table_fn *done, const void *ctx, size_t ctx_bytes)
{
    struct store_op *op = store_op_begin(store, STORE_ASK, NULL);

    op->ctx = memcpy(arena_alloc(&op->arena, ctx_bytes), ctx, ctx_bytes);
    ask(op, id, params, n, done);
}

/* ---- cells ----------------------------------------------------------------------------------- */

const char *store_table_str(const struct store_table *table, int row, int column)
{
    check(row >= 0 && row < table->n_rows && column >= 0 && column < table->n_columns);
    return table->cells[row * table->n_columns + column];
}

int64_t store_table_int(const struct store_table *table, int row, int column)
{
    const char *text = store_table_str(table, row, column);

    return text ? str_int_of(text) : DEAL_UNKNOWN;
}

bool store_table_bool(const struct store_table *table, int row, int column)
{
    return str_eq(store_table_str(table, row, column), "1");
}

/* ---- parameters ------------------------------------------------------------------------------ */

void ask_params_init(struct ask_params *params)
{
    arena_init(&params->arena);
    params->n = 0;
}

void ask_params_fini(struct ask_params *params)
{
    arena_fini(&params->arena);
}

void ask_add_str(struct ask_params *params, const char *s)
{
    check(params->n < ASK_MAX_PARAMS);
    params->items[params->n++] = s;
}

void ask_add_int(struct ask_params *params, int64_t n)
{
    ask_add_str(params,
                n == DEAL_UNKNOWN ? NULL : arena_printf(&params->arena, "%lld", (long long)n));
}
