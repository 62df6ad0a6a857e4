/* SPDX-License-Identifier: MIT */
/* sqlite_notes.c - statistics of fields, notes about sites, reports, and looking back. */
#include "db/sqlite_conn.h"

static int read_count(sqlite3_stmt *stmt, int *column)
{
    return (int)sqlite_read_int(stmt, column);
}

/* Room for one more in the answer's array. */
#define ANSWER_NEXT(op, member, limit)                                                    \
    ((op)->answer.member =                                                                \
         (op)->answer.member                                                              \
             ? (op)->answer.member                                                        \
             : arena_alloc(&(op)->arena, sizeof(*(op)->answer.member) * (size_t)(limit)), \
     &(op)->answer.member[(op)->n_answer++])

/* ---- fields ---------------------------------------------------------------------------------- */

static void bind_run_of_layout(sqlite3_stmt *stmt, const struct store_fields *fields)
{
    sqlite_bind_str(stmt, 1, fields->site);
    sqlite_bind_str(stmt, 2, fields->layout);
    sqlite_bind_int(stmt, 3, fields->is_good);
}

static int write_field_run(struct sqlite_conn *conn, const struct store_fields *fields)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_FIELD_RUN, &stmt) < 0)
        return -1;
    bind_run_of_layout(stmt, fields);
    sqlite_bind_int(stmt, 4, fields->run_id);
    sqlite_bind_int(stmt, 5, fields->at_ms);
    sqlite_bind_int(stmt, 6, fields->rows);
    return sqlite_step(conn, stmt);
}

static int write_field(struct sqlite_conn *conn, const struct store_fields *fields,
                       const struct store_field *field)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_FIELD_STAT, &stmt) < 0)
        return -1;
    bind_run_of_layout(stmt, fields);
    sqlite_bind_int(stmt, 4, fields->run_id);
    sqlite_bind_str(stmt, 5, field->name);
    sqlite_bind_int(stmt, 6, field->matched);
    sqlite_bind_int(stmt, 7, field->valued);
    sqlite_bind_int(stmt, 8, field->many);
    sqlite_bind_int(stmt, 9, field->same);
    return sqlite_step(conn, stmt);
}

static int purge_fields(struct sqlite_conn *conn, const struct store_fields *fields)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_FIELD_PURGE, &stmt) < 0)
        return -1;
    bind_run_of_layout(stmt, fields);
    sqlite_bind_int(stmt, 4, STORE_FIELD_RUNS);
    return sqlite_step(conn, stmt);
}

int sqlite_fields_write(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_fields *fields = &op->fields;

    if (sqlite_run(conn, SQL_BEGIN) < 0 || write_field_run(conn, fields) < 0)
        return -1;
    for (int i = 0; i < fields->n_fields; i++)
        if (write_field(conn, fields, &fields->fields[i]) < 0)
            return -1;
    return purge_fields(conn, fields) < 0 ? -1 : sqlite_commit(conn);
}

int sqlite_fields_recent(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, SQL_FIELDS_RECENT, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->site);
    sqlite_bind_str(stmt, 2, op->layout);
    sqlite_bind_int(stmt, 3, op->flag);
    sqlite_bind_int(stmt, 4, op->limit);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_field_line line;
        int at = 0;

        line.layout = sqlite_read_str(op, stmt, &at);
        line.field.name = sqlite_read_str(op, stmt, &at);
        line.run_id = sqlite_read_int(stmt, &at);
        line.at_ms = sqlite_read_int(stmt, &at);
        line.rows = read_count(stmt, &at);
        line.field.matched = read_count(stmt, &at);
        line.field.valued = read_count(stmt, &at);
        line.field.many = read_count(stmt, &at);
        line.field.same = read_count(stmt, &at);
        store_op_add_field(op, &line);
    }
    return rc;
}

/* ---- notes about a site ---------------------------------------------------------------------- */

enum { FIRST_STATES = 16 };

static struct store_state *next_state(struct store_op *op, int *n_room)
{
    struct store_state *bigger;

    if (op->n_answer == *n_room) {
        *n_room = *n_room ? 2 * *n_room : FIRST_STATES;
        bigger = arena_array(&op->arena, struct store_state, (size_t)*n_room);
        for (int i = 0; i < op->n_answer; i++)
            bigger[i] = op->answer.states[i];
        op->answer.states = bigger;
    }
    return &op->answer.states[op->n_answer++];
}

int sqlite_state_get(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int n_room = 0;
    int rc;

    if (sqlite_prepare(conn, SQL_STATE_GET, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->site);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_state *state = next_state(op, &n_room);
        int at = 0;

        state->site = sqlite_read_str(op, stmt, &at);
        state->name = sqlite_read_str(op, stmt, &at);
        state->value = sqlite_read_str(op, stmt, &at);
        state->at_ms = sqlite_read_int(stmt, &at);
    }
    return rc;
}

int sqlite_state_set(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_state *state = &op->state;
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, state->value ? SQL_STATE_SET : SQL_STATE_FORGET, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, state->site);
    sqlite_bind_str(stmt, 2, state->name);
    if (state->value) {
        sqlite_bind_str(stmt, 3, state->value);
        sqlite_bind_int(stmt, 4, state->at_ms);
    }
    return sqlite_step(conn, stmt);
}

/* ---- reports --------------------------------------------------------------------------------- */

int sqlite_report_open(struct sqlite_conn *conn, struct store_op *op)
{
    const struct store_report *report = &op->report;
    sqlite3_stmt *stmt;
    int at = 0;

    if (sqlite_prepare(conn, SQL_REPORT_OPEN, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, report->site);
    sqlite_bind_str(stmt, 2, report->kind);
    sqlite_bind_str(stmt, 3, report->text);
    sqlite_bind_str(stmt, 4, report->detail);
    sqlite_bind_int(stmt, 5, op->at_ms);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    op->number = sqlite_read_int(stmt, &at);
    op->is_so = sqlite_read_int(stmt, &at) == 1;
    /* RETURNING has its row before the statement's end, which commits. */
    return sqlite_step(conn, stmt);
}

int sqlite_report_close(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_REPORT_CLOSE, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->report.site);
    sqlite_bind_str(stmt, 2, op->report.kind);
    sqlite_bind_int(stmt, 3, op->at_ms);
    if (sqlite_step(conn, stmt) < 0)
        return -1;
    op->is_so = sqlite3_changes(conn->db) > 0;
    return 0;
}

int sqlite_reports(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, SQL_REPORTS, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->site);
    sqlite_bind_int(stmt, 2, op->flag);
    sqlite_bind_int(stmt, 3, op->limit);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_report *report = ANSWER_NEXT(op, reports, op->limit);
        int at = 0;

        report->id = sqlite_read_int(stmt, &at);
        report->site = sqlite_read_str(op, stmt, &at);
        report->kind = sqlite_read_str(op, stmt, &at);
        report->text = sqlite_read_str(op, stmt, &at);
        report->detail = sqlite_read_str(op, stmt, &at);
        report->opened_at_ms = sqlite_read_int(stmt, &at);
        report->last_at_ms = sqlite_read_int(stmt, &at);
        report->closed_at_ms = sqlite_read_int(stmt, &at);
        report->times = read_count(stmt, &at);
    }
    return rc;
}

/* ---- looking back ---------------------------------------------------------------------------- */

static void read_run(struct store_op *op, sqlite3_stmt *stmt, struct store_run *run)
{
    int at = 0;

    run->id = sqlite_read_int(stmt, &at);
    run->site = sqlite_read_str(op, stmt, &at);
    run->kind = sqlite_read_str(op, stmt, &at);
    run->due_at_ms = sqlite_read_int(stmt, &at);
    run->started_at_ms = sqlite_read_int(stmt, &at);
    run->ended_at_ms = sqlite_read_int(stmt, &at);
    run->reason = sqlite_read_str(op, stmt, &at);
    run->detail = sqlite_read_str(op, stmt, &at);
    run->pages = read_count(stmt, &at);
    run->pages_failed = read_count(stmt, &at);
    run->rows_seen = read_count(stmt, &at);
    run->counts.added = read_count(stmt, &at);
    run->counts.changed = read_count(stmt, &at);
    run->counts.same = read_count(stmt, &at);
    run->counts.filled = read_count(stmt, &at);
    run->bytes = sqlite_read_int(stmt, &at);
    run->cpu_ms = sqlite_read_int(stmt, &at);
    run->peak_pss_bytes = sqlite_read_int(stmt, &at);
    run->gb_ms = sqlite_read_int(stmt, &at);
}

int sqlite_runs_recent(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, op->site ? SQL_RUNS_RECENT_SITE : SQL_RUNS_RECENT, &stmt) < 0)
        return -1;
    if (op->site)
        sqlite_bind_str(stmt, 1, op->site);
    sqlite_bind_int(stmt, 2, op->limit);
    while ((rc = sqlite_step(conn, stmt)) == 1)
        read_run(op, stmt, ANSWER_NEXT(op, runs, op->limit));
    return rc;
}

int sqlite_arrivals(struct sqlite_conn *conn, struct store_op *op)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(conn, SQL_ARRIVALS, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, op->site);
    sqlite_bind_int(stmt, 2, op->at_ms);
    sqlite_bind_int(stmt, 3, STORE_HOURS_MAX);
    while ((rc = sqlite_step(conn, stmt)) == 1) {
        struct store_hour *hour = ANSWER_NEXT(op, hours, STORE_HOURS_MAX);
        int at = 0;

        hour->hour_ms = sqlite_read_int(stmt, &at);
        hour->n = read_count(stmt, &at);
    }
    return rc;
}
