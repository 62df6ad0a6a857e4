/* SPDX-License-Identifier: MIT */
/* sqlite_ask.c - the questions of ask.h on SQLite.
 *
 * A text of one statement is prepared once per connection and kept (conn->asked); one of several is
 * prepared each time: only writing questions are such.
 */
#include "db/ask_priv.h"
#include "db/sqlite_conn.h"

#include <string.h>

static void bind_params(const struct store_op *op, sqlite3_stmt *stmt)
{
    int n = sqlite3_bind_parameter_count(stmt);

    check(n <= op->n_params);
    for (int i = 0; i < n; i++)
        sqlite_bind_str(stmt, i + 1, op->params[i]);
}

static void add_row(struct store_op *op, sqlite3_stmt *stmt, int *room)
{
    struct store_table *table = &op->table;
    size_t width = (size_t)table->n_columns;

    if (table->n_rows == *room) {
        const char **larger;

        *room = *room ? *room * 2 : 16;
        larger = arena_array(&op->arena, const char *, (size_t)*room * width);
        if (table->n_rows)
            memcpy(larger, table->cells, (size_t)table->n_rows * width * sizeof(*larger));
        table->cells = larger;
    }
    for (size_t i = 0; i < width; i++)
        table->cells[(size_t)table->n_rows * width + i] =
            arena_strdup(&op->arena, (const char *)sqlite3_column_text(stmt, (int)i));
    table->n_rows++;
}

/* The statement's rows take the place of those of an earlier one, if it gives any. */
static int run_statement(struct sqlite_conn *conn, struct store_op *op, sqlite3_stmt *stmt)
{
    int room = 0, rc;

    bind_params(op, stmt);
    if (sqlite3_column_count(stmt) > 0)
        op->table = (struct store_table){.n_columns = sqlite3_column_count(stmt)};
    while ((rc = sqlite_step(conn, stmt)) == 1)
        add_row(op, stmt, &room);
    return rc;
}

static int run_all(struct sqlite_conn *conn, struct store_op *op, const char *sql)
{
    sqlite3_stmt **kept = &conn->asked[op->ask];
    int rc = 0;

    if (*kept) {
        sqlite3_reset(*kept);
        return run_statement(conn, op, *kept);
    }
    for (bool is_first = true; *sql && rc == 0; is_first = false) {
        sqlite3_stmt *stmt;

        if (sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &sql) !=
            SQLITE_OK)
            return sqlite_fail(conn, ask_table[op->ask].name);
        if (!stmt)
            break;
        rc = run_statement(conn, op, stmt);
        if (is_first && !*sql)
            *kept = stmt;
        else
            sqlite3_finalize(stmt);
    }
    return rc;
}

int sqlite_ask(struct sqlite_conn *conn, struct store_op *op)
{
    const struct ask *ask = &ask_table[op->ask];

    if (!ask->writes)
        return run_all(conn, op, ask->sqlite_text);
    if (sqlite_run(conn, SQL_BEGIN) < 0 || run_all(conn, op, ask->sqlite_text) < 0)
        return -1;
    return sqlite_commit(conn);
}
