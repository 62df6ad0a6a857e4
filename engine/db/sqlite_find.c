/* SPDX-License-Identifier: MIT */
/* sqlite_find.c - lists with filters and words (store_find.h) on SQLite: one walk in the list's order, over
 * the deals, over those of a board, or over those with the word's rarest pair of letters.
 */
#include "db/sqlite_conn.h"

/* ?1 to ?8 of the walks. */
static void bind_walk(const struct store_op *op, sqlite3_stmt *stmt)
{
    const struct store_find *find = &op->find;

    sqlite_bind_int(stmt, 1, find->before_sort_ms);
    sqlite_bind_int(stmt, 2, find->before_id);
    sqlite_bind_int(stmt, 3, find->since_ms);
    sqlite_bind_str(stmt, 4, find->site);
    sqlite_bind_str(stmt, 5, find->website);
    sqlite_bind_str(stmt, 6, find->word);
    sqlite_bind_int(stmt, 7, find->min_score);
    sqlite_bind_int(stmt, 8, find->sold_out);
}

/* The column of DEAL_COLUMNS in which a walk's place stands, and the one after them. */
enum { COLUMN_ID = 0, COLUMN_SORT_AT = 21, COLUMN_FITS = 27 };

/* Stops when the page is full and more is known to follow, or when enough was looked at. */
static int walk(struct sqlite_conn *conn, struct store_op *op, sqlite3_stmt *stmt)
{
    struct store_page *page = &op->page;
    int rc = 0;

    for (int n = 0; !page->has_more && (rc = sqlite_step(conn, stmt)) == 1;) {
        if (sqlite3_column_int(stmt, COLUMN_FITS)) {
            struct deal deal = {0};

            sqlite_read_deal(op, stmt, &deal);
            store_op_take_row(op, &deal);
        }
        if (++n == STORE_FIND_LOOKS && !page->has_more) {
            page->has_more = true;
            page->next_sort_ms = sqlite3_column_int64(stmt, COLUMN_SORT_AT);
            page->next_id = sqlite3_column_int64(stmt, COLUMN_ID);
        }
    }
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

static int rarest_gram(struct sqlite_conn *conn, struct store_op *op, const char **out)
{
    const char *grams = store_op_grams_json(op);
    sqlite3_stmt *stmt;
    int at = 0;

    if (sqlite_prepare(conn, SQL_RAREST_GRAM, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, grams);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    *out = sqlite_read_str(op, stmt, &at);
    sqlite3_reset(stmt);
    return 0;
}

static int find_by_gram(struct sqlite_conn *conn, struct store_op *op)
{
    const char *gram;
    sqlite3_stmt *stmt;

    if (rarest_gram(conn, op, &gram) < 0 || sqlite_prepare(conn, SQL_FIND_GRAM, &stmt) < 0)
        return -1;
    bind_walk(op, stmt);
    sqlite_bind_str(stmt, 9, gram);
    return walk(conn, op, stmt);
}

static int find_by_walk(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, op->find.site ? SQL_FIND_SITE : SQL_FIND, &stmt) < 0)
        return -1;
    bind_walk(op, stmt);
    return walk(conn, op, stmt);
}

static int find_best(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_FIND_BEST, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, op->find.since_ms);
    sqlite_bind_int(stmt, 2, op->find.limit);
    return walk(conn, op, stmt);
}

static int find_one(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_FIND_ONE, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->find.product_id);
    return walk(conn, op, stmt);
}

int sqlite_find(struct sqlite_conn *conn, struct store_op *op)
{
    int rc = op->find.product_id             ? find_one(conn, op)
             : op->find.by_score             ? find_best(conn, op)
             : store_op_word_has_grams(op)   ? find_by_gram(conn, op)
                                             : find_by_walk(conn, op);

    if (rc < 0)
        return -1;
    store_op_end_page(op);
    return sqlite_also_on(conn, op);
}
