/* SPDX-License-Identifier: MIT */
/* postgres_ask.c - the questions of ask.h on PostgreSQL. */
#include "db/ask_priv.h"
#include "db/postgres_conn.h"

#include <libpq-fe.h>

static void on_answer(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    struct store_table *table = &op->table;

    if (!err) {
        table->n_rows = PQntuples(result);
        table->n_columns = PQnfields(result);
        table->cells = arena_array(&op->arena, const char *,
                                   (size_t)table->n_rows * (size_t)table->n_columns + 1);
        for (int row = 0; row < table->n_rows; row++)
            for (int column = 0; column < table->n_columns; column++)
                if (!PQgetisnull(result, row, column))
                    table->cells[row * table->n_columns + column] =
                        arena_strdup(&op->arena, PQgetvalue(result, row, column));
    }
    postgres_finish(op, err);
}

void postgres_ask(struct store_op *op)
{
    struct postgres_store *store = op->backend;

    if (op->n_params)
        loop_pg_query_kept(store->pg, ask_table[op->ask].postgres_text, op->params, op->n_params,
                           on_answer, op);
    else
        loop_pg_query(store->pg, ask_table[op->ask].postgres_text, NULL, 0, on_answer, op);
}
