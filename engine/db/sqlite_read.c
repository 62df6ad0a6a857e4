/* SPDX-License-Identifier: MIT */
/* sqlite_read.c - lists of deals, and the ledger of runs. */
#include "db/sqlite_conn.h"

#include "base/err.h"

/* ---- deals ----------------------------------------------------------------------------------- */

const char *sqlite_read_str(struct store_op *op, sqlite3_stmt *stmt, int *column)
{
    return arena_strdup(&op->arena, (const char *)sqlite3_column_text(stmt, (*column)++));
}

int64_t sqlite_read_int(sqlite3_stmt *stmt, int *column)
{
    int at = (*column)++;

    return sqlite3_column_type(stmt, at) == SQLITE_NULL ? DEAL_UNKNOWN
                                                        : sqlite3_column_int64(stmt, at);
}

int sqlite_read_deal(struct store_op *op, sqlite3_stmt *stmt, struct deal *out)
{
    struct deal_row *row = &out->row;
    int at = 0;

    out->id = sqlite_read_int(stmt, &at);
    row->site = sqlite_read_str(op, stmt, &at);
    row->website = sqlite_read_str(op, stmt, &at);
    row->key = sqlite_read_str(op, stmt, &at);
    row->product_id = sqlite_read_str(op, stmt, &at);
    row->title = sqlite_read_str(op, stmt, &at);
    row->url = sqlite_read_str(op, stmt, &at);
    row->redirect_url = sqlite_read_str(op, stmt, &at);
    row->image_url = sqlite_read_str(op, stmt, &at);
    row->mall = sqlite_read_str(op, stmt, &at);
    row->category = sqlite_read_str(op, stmt, &at);
    row->currency = sqlite_read_str(op, stmt, &at);
    row->price_e2 = sqlite_read_int(stmt, &at);
    row->posted_at_ms = sqlite_read_int(stmt, &at);
    row->view = sqlite_read_int(stmt, &at);
    row->comment = sqlite_read_int(stmt, &at);
    row->like = sqlite_read_int(stmt, &at);
    row->score = sqlite_read_int(stmt, &at);
    row->sold_out = sqlite_read_int(stmt, &at);
    out->is_deleted = sqlite_read_int(stmt, &at);
    out->is_title_changed = sqlite_read_int(stmt, &at);
    out->sort_at_ms = sqlite_read_int(stmt, &at);
    out->created_at_ms = sqlite_read_int(stmt, &at);
    out->updated_at_ms = sqlite_read_int(stmt, &at);
    row->title_is_cut = sqlite_read_int(stmt, &at);
    row->posted_is_coarse = sqlite_read_int(stmt, &at);
    row->shop_key = sqlite_read_str(op, stmt, &at);
    return at;
}

/* ---- the same product on other boards -------------------------------------------------------- */

static void read_twins(struct store_op *op, sqlite3_stmt *stmt)
{
    struct deal_twin twin;
    int at = 0;
    int64_t id = sqlite_read_int(stmt, &at);

    twin.site = sqlite_read_str(op, stmt, &at);
    twin.website = sqlite_read_str(op, stmt, &at);
    twin.product_id = sqlite_read_str(op, stmt, &at);
    twin.title = sqlite_read_str(op, stmt, &at);
    twin.url = sqlite_read_str(op, stmt, &at);
    store_op_add_twin(op, id, &twin);
}

int sqlite_also_on(struct sqlite_conn *conn, struct store_op *op)
{
    const char *asked = store_op_shops_json(op);
    sqlite3_stmt *stmt;
    int rc;

    if (!asked)
        return 0;
    if (sqlite_prepare(conn, SQL_ALSO_ON, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, asked);
    sqlite_bind_int(stmt, 2, STORE_TWIN_MS);
    sqlite_bind_int(stmt, 3, STORE_TWINS_MAX);
    while ((rc = sqlite_step(conn, stmt)) == 1)
        read_twins(op, stmt);
    return rc;
}

int sqlite_list(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_query *query = &op->query;
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, query->site ? SQL_LIST_SITE : SQL_LIST, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, query->before_sort_ms);
    sqlite_bind_int(stmt, 2, query->before_id);
    sqlite_bind_int(stmt, 3, query->limit);
    sqlite_bind_int(stmt, 4, query->offset);
    if (query->site)
        sqlite_bind_str(stmt, 5, query->site);
    op->deals = arena_array(&op->arena, struct deal, (size_t)query->limit);
    while ((rc = sqlite_step(conn, stmt)) == 1)
        sqlite_read_deal(op, stmt, &op->deals[op->n_deals++]);
    return rc < 0 ? rc : sqlite_also_on(conn, op);
}

int sqlite_events(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, op->flag ? SQL_EVENTS_NEWEST : SQL_EVENTS, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, op->number);
    sqlite_bind_int(stmt, 2, op->limit);
    store_op_events_init(op);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_news *event = store_op_next_event(op);
        struct deal deal = {.id = 0};
        int at = sqlite_read_deal(op, stmt, &deal);

        event->deal = store_op_event_deal(op, &deal);
        event->id = sqlite_read_int(stmt, &at);
        event->kind = sqlite_read_str(op, stmt, &at);
        event->old_value = sqlite_read_str(op, stmt, &at);
        event->new_value = sqlite_read_str(op, stmt, &at);
        event->at_ms = sqlite_read_int(stmt, &at);
    }
    return rc < 0 ? rc : sqlite_also_on(conn, op);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* op->number: the row's id, or DEAL_UNKNOWN. */
static int find_run(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int at = 0;

    if (sqlite_prepare(conn, SQL_RUN_FIND, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->run.site);
    sqlite_bind_str(stmt, 2, op->run.kind);
    sqlite_bind_int(stmt, 3, op->run.due_at_ms);
    sqlite_bind_int(stmt, 4, op->run.started_at_ms);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    op->number = sqlite_read_int(stmt, &at);
    sqlite3_reset(stmt);
    return 0;
}

int sqlite_run_begin(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (op->run.is_late && find_run(conn, op) < 0)
        return -1;
    if (op->run.is_late && op->number != DEAL_UNKNOWN)
        return 0;
    if (sqlite_prepare(conn, SQL_RUN_BEGIN, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->engine);
    sqlite_bind_str(stmt, 2, op->run.site);
    sqlite_bind_str(stmt, 3, op->run.kind);
    sqlite_bind_int(stmt, 4, op->run.due_at_ms);
    sqlite_bind_int(stmt, 5, op->run.started_at_ms);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    op->number = sqlite3_last_insert_rowid(conn->db);
    return 0;
}

int sqlite_run_end(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_run *run = &op->run;
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_RUN_END, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, run->id);
    sqlite_bind_int(stmt, 2, run->ended_at_ms);
    sqlite_bind_str(stmt, 3, run->reason);
    sqlite_bind_str(stmt, 4, run->detail);
    sqlite_bind_int(stmt, 5, run->pages);
    sqlite_bind_int(stmt, 6, run->pages_failed);
    sqlite_bind_int(stmt, 7, run->rows_seen);
    sqlite_bind_int(stmt, 8, run->counts.added);
    sqlite_bind_int(stmt, 9, run->counts.changed);
    sqlite_bind_int(stmt, 10, run->counts.same);
    sqlite_bind_int(stmt, 11, run->bytes);
    sqlite_bind_int(stmt, 12, run->cpu_ms);
    sqlite_bind_int(stmt, 13, run->peak_pss_bytes);
    sqlite_bind_int(stmt, 14, run->gb_ms);
    sqlite_bind_int(stmt, 15, run->counts.filled);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    if (sqlite3_changes(conn->db) == 0)
        return err_set(&op->err, ERR_STORE, "run %lld is not in the ledger", (long long)run->id);
    return 0;
}

int sqlite_runs_recover(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_RUNS_RECOVER, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, op->at_ms);
    sqlite_bind_str(stmt, 2, err_reason(ERR_ENGINE_LOST));
    sqlite_bind_str(stmt, 3, err_prose(ERR_ENGINE_LOST));
    sqlite_bind_str(stmt, 4, op->engine);
    return sqlite_step(conn, stmt);
}

int sqlite_last_due(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int at = 0;

    if (sqlite_prepare(conn, SQL_LAST_DUE, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->site);
    sqlite_bind_str(stmt, 2, op->kind_name);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    op->number = sqlite_read_int(stmt, &at);
    sqlite3_reset(stmt);
    return 0;
}
