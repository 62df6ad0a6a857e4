/* SPDX-License-Identifier: MIT */
/* sqlite_life.c - which posts need reading or checking, and what the alive check proved. */
#include "db/sqlite_conn.h"

#include "base/err.h"

static int read_known(struct store_op *op, sqlite3_stmt *stmt, struct store_known *out)
{
    int at = 0;

    out->key = sqlite_read_str(op, stmt, &at);
    out->url = sqlite_read_str(op, stmt, &at);
    out->has_redirect_url = sqlite_read_int(stmt, &at);
    out->has_image = sqlite_read_int(stmt, &at);
    out->has_posted_at = sqlite_read_int(stmt, &at);
    out->posted_is_coarse = sqlite_read_int(stmt, &at);
    out->title_is_cut = sqlite_read_int(stmt, &at);
    out->is_deleted = sqlite_read_int(stmt, &at);
    out->post_read_at_ms = sqlite_read_int(stmt, &at);
    out->updated_at_ms = sqlite_read_int(stmt, &at);
    return at;
}

int sqlite_known(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    op->answer.known = arena_array(&op->arena, struct store_known, (size_t)op->n_keys + 1);
    for (int i = 0; i < op->n_keys; i++) {
        if (sqlite_prepare(conn, SQL_KNOWN, &stmt) < 0)
            return -1;
        sqlite_bind_str(stmt, 1, op->site);
        sqlite_bind_str(stmt, 2, op->keys[i]);
        rc = sqlite_step(conn, stmt);
        if (rc < 0)
            return -1;
        if (rc == 1)
            read_known(op, stmt, &op->answer.known[op->n_answer++]);
        sqlite3_reset(stmt);
    }
    return 0;
}

int sqlite_alive_due(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_alive_query *query = &op->alive_query;
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, SQL_ALIVE_DUE, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, query->site);
    sqlite_bind_int(stmt, 2, query->not_after_ms);
    sqlite_bind_int(stmt, 3, query->since_ms);
    sqlite_bind_int(stmt, 4, query->deleted_too);
    sqlite_bind_int(stmt, 5, query->limit);
    op->answer.due = arena_array(&op->arena, struct store_due, (size_t)query->limit);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_due *due = &op->answer.due[op->n_answer++];
        int at = 0;

        due->key = sqlite_read_str(op, stmt, &at);
        due->url = sqlite_read_str(op, stmt, &at);
        due->checked_at_ms = sqlite_read_int(stmt, &at);
        due->is_deleted = sqlite_read_int(stmt, &at);
    }
    return rc;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

struct checked {
    int64_t id, absent_at_ms, updated_at_ms, checked_at_ms;
    bool is_deleted;
};

/* 1 when it is there, 0 when not. */
static int find_checked(struct sqlite_conn *conn, struct store_op *op, const char *key,
                        struct checked *out)
{
    sqlite3_stmt *stmt;
    int at = 0;
    int rc;

    if (sqlite_prepare(conn, SQL_ALIVE_FIND, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->alive.site);
    sqlite_bind_str(stmt, 2, key);
    rc = sqlite_step(conn, stmt);
    if (rc == 1) {
        out->id = sqlite_read_int(stmt, &at);
        out->is_deleted = sqlite_read_int(stmt, &at);
        out->absent_at_ms = sqlite_read_int(stmt, &at);
        out->updated_at_ms = sqlite_read_int(stmt, &at);
        out->checked_at_ms = sqlite_read_int(stmt, &at);
    }
    sqlite3_reset(stmt);
    return rc;
}

static void judge(const struct store_alive_batch *batch, enum store_verdict verdict,
                  struct checked *deal)
{
    switch (verdict) {
    case ALIVE_UNKNOWN:
        break;
    case ALIVE_HERE:
        deal->is_deleted = false;
        deal->absent_at_ms = CLOCK_NONE;
        break;
    case ALIVE_ABSENT:
        if (deal->absent_at_ms == CLOCK_NONE)
            deal->absent_at_ms = batch->at_ms;
        else if (batch->at_ms - deal->absent_at_ms >= batch->min_distance_ms)
            deal->is_deleted = true;
        break;
    case ALIVE_GONE_MARK:
        deal->is_deleted = true;
        break;
    }
}

static int update_checked(struct sqlite_conn *conn, struct store_op *op, const struct checked *deal)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_ALIVE_UPDATE, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, deal->id);
    sqlite_bind_int(stmt, 2, op->alive.at_ms);
    sqlite_bind_int(stmt, 3, deal->is_deleted);
    sqlite_bind_int(stmt, 4, deal->absent_at_ms);
    sqlite_bind_int(stmt, 5, deal->updated_at_ms);
    return sqlite_step(conn, stmt);
}

static int add_event(struct sqlite_conn *conn, struct store_op *op, const struct checked *deal,
                     enum store_verdict verdict)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_EVENT_INSERT, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, deal->id);
    sqlite_bind_int(stmt, 2, op->alive.run_id ? op->alive.run_id : DEAL_UNKNOWN);
    sqlite_bind_str(stmt, 3, deal->is_deleted ? "deleted" : "undeleted");
    sqlite_bind_str(stmt, 5,
                    !deal->is_deleted            ? "alive"
                    : verdict == ALIVE_GONE_MARK ? "mark"
                                                 : "absent");
    sqlite_bind_int(stmt, 6, op->alive.at_ms);
    return sqlite_step(conn, stmt);
}

static int write_verdict(struct sqlite_conn *conn, struct store_op *op,
                         const struct store_alive_result *result)
{
    struct checked deal = {.absent_at_ms = CLOCK_NONE};
    int found = find_checked(conn, op, result->key, &deal);
    bool was_deleted;

    if (found <= 0)
        return found;
    if (op->alive.is_late &&
        (deal.updated_at_ms >= op->alive.at_ms || deal.checked_at_ms >= op->alive.at_ms))
        return 0;
    was_deleted = deal.is_deleted;
    judge(&op->alive, result->verdict, &deal);
    if (deal.is_deleted == was_deleted) {
        op->counts.same++;
        return update_checked(conn, op, &deal);
    }
    op->counts.changed++;
    deal.updated_at_ms = op->alive.at_ms;
    if (update_checked(conn, op, &deal) < 0)
        return -1;
    return add_event(conn, op, &deal, result->verdict);
}

int sqlite_alive_write(struct sqlite_conn *conn, struct store_op *op)
{
    if (sqlite_run(conn, SQL_BEGIN) < 0)
        return -1;
    for (int i = 0; i < op->alive.n; i++)
        if (write_verdict(conn, op, &op->alive.results[i]) < 0)
            return -1;
    return sqlite_commit(conn);
}
