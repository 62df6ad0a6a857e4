/* SPDX-License-Identifier: MIT */
/* postgres_notes.c - statistics of fields, notes about sites, reports, and looking back. */
#include "base/buf.h"
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* clang-format off */

/* $1 site, $2 layout, $3 good, $4 run, $5 moment, $6 rows, $7 fields as JSON, $8 runs kept, $9.. fence. The
 * purge sees the runs before this one, so one less is kept of them. */
static const char fields_write_sql[] =
    "WITH run AS (INSERT INTO field_runs AS f (site, layout, is_good, run_id, at, rows_seen) VALUES "
    "($1, $2, $3::boolean, $4::bigint, " PG_TIME("$5") ", $6::int) "
    "ON CONFLICT (site, layout, is_good, run_id) DO UPDATE SET "
    "rows_seen = f.rows_seen + excluded.rows_seen RETURNING run_id), "
    "stats AS (INSERT INTO field_stats AS s (site, layout, is_good, run_id, field, matched, valued, "
    "many, same) SELECT $1, $2, $3::boolean, run.run_id, r.* FROM run, jsonb_to_recordset($7::jsonb) "
    "AS r (field text, matched integer, valued integer, many integer, same integer) "
    "ON CONFLICT (site, layout, is_good, run_id, field) DO UPDATE SET "
    "matched = s.matched + excluded.matched, valued = s.valued + excluded.valued, "
    "many = s.many + excluded.many, same = s.same + excluded.same), "
    "others AS (SELECT run_id FROM field_runs WHERE site = $1 AND layout = $2 AND "
    "is_good = $3::boolean AND run_id <> $4::bigint ORDER BY run_id DESC OFFSET $8::int - 1), "
    "gone AS (DELETE FROM field_runs WHERE site = $1 AND layout = $2 AND is_good = $3::boolean AND "
    "run_id IN (SELECT run_id FROM others)) "
    "SELECT " PG_HOLD("$9", "$10", "$11");

/* $1 site, $2 layout or NULL, $3 good, $4 runs */
static const char fields_recent_sql[] =
    "SELECT layout, field, run_id, " PG_MS("at") ", rows_seen, matched, valued, many, same FROM ("
    "SELECT *, row_number() OVER (PARTITION BY layout ORDER BY run_id DESC) AS nth FROM field_runs "
    "WHERE site = $1 AND is_good = $3::boolean AND ($2::text IS NULL OR layout = $2)) r "
    "LEFT JOIN field_stats USING (site, layout, is_good, run_id) WHERE nth <= $4::int "
    "ORDER BY layout, run_id DESC, field";

static const char state_get_sql[] =
    "SELECT site, name, value, " PG_MS("at") " FROM site_state "
    "WHERE $1::text IS NULL OR site = $1 ORDER BY site, name";

static const char state_set_sql[] =
    "INSERT INTO site_state AS s (site, name, value, at) VALUES ($1, $2, $3, " PG_TIME("$4") ") "
    "ON CONFLICT (site, name) DO UPDATE SET value = excluded.value, at = excluded.at "
    "WHERE s.value <> excluded.value RETURNING " PG_HOLD("$5", "$6", "$7");

static const char state_forget_sql[] =
    "DELETE FROM site_state WHERE site = $1 AND name = $2 RETURNING " PG_HOLD("$3", "$4", "$5");

static const char report_open_sql[] =
    "INSERT INTO reports AS r (site, kind, text, detail, opened_at, last_at) VALUES "
    "($1, $2, $3, $4, " PG_TIME("$5") ", " PG_TIME("$5") ") "
    "ON CONFLICT (site, kind) WHERE closed_at IS NULL DO UPDATE SET "
    "last_at = excluded.last_at, times = r.times + 1 RETURNING id, times, " PG_HOLD("$6", "$7", "$8");

static const char report_close_sql[] =
    "UPDATE reports SET closed_at = " PG_TIME("$3") " WHERE site = $1 AND kind = $2 AND "
    "closed_at IS NULL RETURNING id, " PG_HOLD("$4", "$5", "$6");

static const char reports_sql[] =
    "SELECT id, site, kind, text, detail, " PG_MS("opened_at") ", " PG_MS("last_at") ", "
    PG_MS("closed_at") ", times FROM reports WHERE ($1::text IS NULL OR site = $1) AND "
    "(closed_at IS NULL OR NOT $2::boolean) ORDER BY id DESC LIMIT $3::bigint";

static const char runs_recent_sql[] =
    "SELECT id, site, kind, " PG_MS("due_at") ", " PG_MS("started_at") ", " PG_MS("ended_at") ", "
    "reason, detail, pages, pages_failed, rows_seen, rows_added, rows_changed, rows_same, "
    "rows_filled, bytes, cpu_ms, peak_pss_bytes, gb_ms FROM runs "
    "WHERE $1::text IS NULL OR site = $1 ORDER BY id DESC LIMIT $2::bigint";

static const char arrivals_sql[] =
    "SELECT (extract(epoch FROM date_trunc('hour', sort_at)) * 1000)::bigint AS hour, count(*) "
    "FROM deals WHERE site = $1 AND sort_at >= " PG_TIME("$2") " GROUP BY hour ORDER BY hour "
    "LIMIT $3::bigint";

/* clang-format on */

static void on_done(const void *result, const struct err *err, void *ctx)
{
    (void)result;
    postgres_finish(ctx, err);
}

static int read_count(const void *result, int row, int *column)
{
    return (int)postgres_read_int(result, row, column);
}

/* ---- fields ---------------------------------------------------------------------------------- */

void postgres_fields_write(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_fields *fields = &op->fields;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addc(&json, '[');
    for (int i = 0; i < fields->n_fields; i++) {
        const struct store_field *field = &fields->fields[i];

        buf_addf(&json,
                 "%s{\"matched\":%d,\"valued\":%d,\"many\":%d,\"same\":%d,\"field\":", i ? "," : "",
                 field->matched, field->valued, field->many, field->same);
        buf_add_json(&json, field->name);
        buf_addc(&json, '}');
    }
    buf_addc(&json, ']');
    const char *params[] = {fields->site,
                            fields->layout,
                            fields->is_good ? "t" : "f",
                            postgres_number(op, fields->run_id),
                            postgres_number(op, fields->at_ms),
                            postgres_number(op, fields->rows),
                            buf_str(&json),
                            postgres_number(op, STORE_FIELD_RUNS),
                            POSTGRES_FENCE(op)};

    loop_pg_query(store->pg, fields_write_sql, params, ARRAY_LEN(params), on_done, op);
    buf_fini(&json);
}

static void on_fields(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    int n = err ? 0 : PQntuples(result);

    for (int i = 0; i < n; i++) {
        struct store_field_line line;
        int column = 0;

        line.layout = postgres_read_str(op, result, i, &column);
        line.field.name = postgres_read_str(op, result, i, &column);
        line.run_id = postgres_read_int(result, i, &column);
        line.at_ms = postgres_read_int(result, i, &column);
        line.rows = read_count(result, i, &column);
        line.field.matched = read_count(result, i, &column);
        line.field.valued = read_count(result, i, &column);
        line.field.many = read_count(result, i, &column);
        line.field.same = read_count(result, i, &column);
        store_op_add_field(op, &line);
    }
    postgres_finish(op, err);
}

void postgres_fields_recent(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->site, op->layout, op->flag ? "t" : "f",
                            postgres_number(op, op->limit)};

    loop_pg_query(store->pg, fields_recent_sql, params, ARRAY_LEN(params), on_fields, op);
}

/* ---- notes about a site ---------------------------------------------------------------------- */

static void on_states(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.states = arena_array(&op->arena, struct store_state, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++) {
        struct store_state *state = &op->answer.states[i];
        int column = 0;

        state->site = postgres_read_str(op, result, i, &column);
        state->name = postgres_read_str(op, result, i, &column);
        state->value = postgres_read_str(op, result, i, &column);
        state->at_ms = postgres_read_int(result, i, &column);
    }
    postgres_finish(op, err);
}

void postgres_state_get(struct store_op *op)
{
    struct postgres_store *store = op->backend;

    loop_pg_query(store->pg, state_get_sql, &op->site, 1, on_states, op);
}

void postgres_state_set(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_state *state = &op->state;
    const char *set[] = {state->site, state->name, state->value, postgres_number(op, state->at_ms),
                         POSTGRES_FENCE(op)};
    const char *forget[] = {state->site, state->name, POSTGRES_FENCE(op)};

    if (state->value)
        loop_pg_query(store->pg, state_set_sql, set, ARRAY_LEN(set), on_done, op);
    else
        loop_pg_query(store->pg, state_forget_sql, forget, ARRAY_LEN(forget), on_done, op);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void on_report_opened(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->number = postgres_field(result, 0, 0);
        op->is_so = postgres_field(result, 0, 1) == 1;
    }
    postgres_finish(op, err);
}

void postgres_report_open(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_report *report = &op->report;
    const char *params[] = {report->site, report->kind, report->text, report->detail,
                            postgres_number(op, op->at_ms), POSTGRES_FENCE(op)};

    loop_pg_query(store->pg, report_open_sql, params, ARRAY_LEN(params), on_report_opened, op);
}

static void on_report_closed(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    op->is_so = !err && PQntuples(result) > 0;
    postgres_finish(op, err);
}

void postgres_report_close(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->report.site, op->report.kind, postgres_number(op, op->at_ms),
                            POSTGRES_FENCE(op)};

    loop_pg_query(store->pg, report_close_sql, params, ARRAY_LEN(params), on_report_closed, op);
}

static void on_reports(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.reports = arena_array(&op->arena, struct store_report, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++) {
        struct store_report *report = &op->answer.reports[i];
        int column = 0;

        report->id = postgres_read_int(result, i, &column);
        report->site = postgres_read_str(op, result, i, &column);
        report->kind = postgres_read_str(op, result, i, &column);
        report->text = postgres_read_str(op, result, i, &column);
        report->detail = postgres_read_str(op, result, i, &column);
        report->opened_at_ms = postgres_read_int(result, i, &column);
        report->last_at_ms = postgres_read_int(result, i, &column);
        report->closed_at_ms = postgres_read_int(result, i, &column);
        report->times = read_count(result, i, &column);
    }
    postgres_finish(op, err);
}

void postgres_reports(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->site, op->flag ? "t" : "f", postgres_number(op, op->limit)};

    loop_pg_query(store->pg, reports_sql, params, ARRAY_LEN(params), on_reports, op);
}

/* ---- looking back ---------------------------------------------------------------------------- */

static void read_run(struct store_op *op, const void *result, int at, struct store_run *run)
{
    int column = 0;

    run->id = postgres_read_int(result, at, &column);
    run->site = postgres_read_str(op, result, at, &column);
    run->kind = postgres_read_str(op, result, at, &column);
    run->due_at_ms = postgres_read_int(result, at, &column);
    run->started_at_ms = postgres_read_int(result, at, &column);
    run->ended_at_ms = postgres_read_int(result, at, &column);
    run->reason = postgres_read_str(op, result, at, &column);
    run->detail = postgres_read_str(op, result, at, &column);
    run->pages = read_count(result, at, &column);
    run->pages_failed = read_count(result, at, &column);
    run->rows_seen = read_count(result, at, &column);
    run->counts.added = read_count(result, at, &column);
    run->counts.changed = read_count(result, at, &column);
    run->counts.same = read_count(result, at, &column);
    run->counts.filled = read_count(result, at, &column);
    run->bytes = postgres_read_int(result, at, &column);
    run->cpu_ms = postgres_read_int(result, at, &column);
    run->peak_pss_bytes = postgres_read_int(result, at, &column);
    run->gb_ms = postgres_read_int(result, at, &column);
}

static void on_runs(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.runs = arena_array(&op->arena, struct store_run, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++)
        read_run(op, result, i, &op->answer.runs[i]);
    postgres_finish(op, err);
}

void postgres_runs_recent(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->site, postgres_number(op, op->limit)};

    loop_pg_query(store->pg, runs_recent_sql, params, ARRAY_LEN(params), on_runs, op);
}

static void on_arrivals(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.hours = arena_array(&op->arena, struct store_hour, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++) {
        op->answer.hours[i].hour_ms = postgres_field(result, i, 0);
        op->answer.hours[i].n = (int)postgres_field(result, i, 1);
    }
    postgres_finish(op, err);
}

void postgres_arrivals(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->site, postgres_number(op, op->at_ms),
                            postgres_number(op, STORE_HOURS_MAX)};

    loop_pg_query(store->pg, arrivals_sql, params, ARRAY_LEN(params), on_arrivals, op);
}
