/* SPDX-License-Identifier: MIT */
/* postgres_life.c - which posts need reading or checking, and what the alive check proved. */
#include "base/buf.h"
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* clang-format off */

/* $1 keys as JSON, $2 site */
static const char known_sql[] =
    "SELECT post_key, url, (redirect_url IS NOT NULL)::int, (image_url IS NOT NULL)::int, "
    "(posted_at IS NOT NULL)::int, posted_is_coarse::int, title_is_cut::int, is_deleted::int, "
    PG_MS("post_read_at") ", " PG_MS("updated_at") " FROM jsonb_array_elements_text($1::jsonb) AS k (key) "
    "JOIN deals d ON d.site = $2 AND d.post_key = k.key COLLATE \"C\"";

/* $1 site, $2 checked at most, $3 sort_at at least, $4 deleted too, $5 limit */
static const char alive_due_sql[] =
    "SELECT post_key, url, nullif(" PG_MS("alive_checked_at") ", 0), is_deleted::int FROM deals "
    "WHERE site = $1 AND alive_checked_at <= " PG_TIME("$2") " AND sort_at >= " PG_TIME("$3") " "
    "AND ($4::boolean OR NOT is_deleted) ORDER BY alive_checked_at, sort_at DESC LIMIT $5::bigint";

/* $1 results as JSON, $2 site, $3 moment in ms, $4 min distance in ms, $5 run id or NULL, $6 late, $7.. fence.
 * Rows are locked in the order in which batches lock them, and judged as they are then. */
#define GONE                                                                                       \
    "(t.verdict = 3 OR (t.verdict = 2 AND d.absent_at <= " PG_TIME("$3") " - $4::bigint * "        \
    "interval '1 millisecond'))"
#define CHANGE                                                                                     \
    "CASE WHEN " GONE " AND NOT d.is_deleted THEN 2048 "                                           \
    "WHEN t.verdict = 1 AND d.is_deleted THEN 4096 ELSE 0 END"

static const char alive_write_sql[] =
    "WITH todo AS MATERIALIZED (SELECT d.id, r.verdict FROM jsonb_to_recordset($1::jsonb) AS r "
    "(post_key text COLLATE \"C\", verdict integer) JOIN deals d ON d.site = $2 AND "
    "d.post_key = r.post_key WHERE NOT ($6::boolean AND greatest(d.updated_at, d.alive_checked_at) >= "
    PG_TIME("$3") ") ORDER BY length(d.post_key), d.post_key FOR UPDATE OF d), "

    "done AS (UPDATE deals d SET alive_checked_at = " PG_TIME("$3") ", "
    "is_deleted = CASE WHEN " GONE " THEN true ELSE d.is_deleted AND t.verdict <> 1 END, "
    "absent_at = CASE t.verdict WHEN 1 THEN NULL WHEN 2 THEN coalesce(d.absent_at, " PG_TIME("$3")
    ") ELSE d.absent_at END, "
    "updated_at = CASE WHEN " CHANGE " = 0 THEN d.updated_at ELSE " PG_TIME("$3") " END, "
    "last_change = " CHANGE " FROM todo t WHERE d.id = t.id "
    "RETURNING d.id, d.post_key, d.last_change, t.verdict), "

    "events AS (INSERT INTO deal_events (deal_id, run_id, kind, new_value, at) "
    "SELECT id, $5::bigint, CASE last_change WHEN 2048 THEN 'deleted' ELSE 'undeleted' END, "
    "CASE verdict WHEN 1 THEN 'alive' WHEN 2 THEN 'absent' ELSE 'mark' END, " PG_TIME("$3") " "
    "FROM done WHERE last_change <> 0 ORDER BY length(post_key), post_key) "

    "SELECT count(*) FILTER (WHERE last_change <> 0), count(*) FILTER (WHERE last_change = 0), "
    PG_HOLD("$7", "$8", "$9") " FROM done";

/* clang-format on */

/* ---- known ----------------------------------------------------------------------------------- */

static void on_known(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.known = arena_array(&op->arena, struct store_known, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++) {
        struct store_known *known = &op->answer.known[i];
        int column = 0;

        known->key = postgres_read_str(op, result, i, &column);
        known->url = postgres_read_str(op, result, i, &column);
        known->has_redirect_url = postgres_read_int(result, i, &column);
        known->has_image = postgres_read_int(result, i, &column);
        known->has_posted_at = postgres_read_int(result, i, &column);
        known->posted_is_coarse = postgres_read_int(result, i, &column);
        known->title_is_cut = postgres_read_int(result, i, &column);
        known->is_deleted = postgres_read_int(result, i, &column);
        known->post_read_at_ms = postgres_read_int(result, i, &column);
        known->updated_at_ms = postgres_read_int(result, i, &column);
    }
    postgres_finish(op, err);
}

void postgres_known(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addc(&json, '[');
    for (int i = 0; i < op->n_keys; i++) {
        buf_adds(&json, i ? "," : "");
        buf_add_json(&json, op->keys[i]);
    }
    buf_addc(&json, ']');
    const char *params[] = {buf_str(&json), op->site};

    loop_pg_query(store->pg, known_sql, params, ARRAY_LEN(params), on_known, op);
    buf_fini(&json);
}

/* ---- alive ----------------------------------------------------------------------------------- */

static void on_due(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->n_answer = PQntuples(result);
        op->answer.due = arena_array(&op->arena, struct store_due, (size_t)op->n_answer + 1);
    }
    for (int i = 0; i < op->n_answer; i++) {
        struct store_due *due = &op->answer.due[i];
        int column = 0;

        due->key = postgres_read_str(op, result, i, &column);
        due->url = postgres_read_str(op, result, i, &column);
        due->checked_at_ms = postgres_read_int(result, i, &column);
        due->is_deleted = postgres_read_int(result, i, &column);
    }
    postgres_finish(op, err);
}

void postgres_alive_due(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_alive_query *query = &op->alive_query;
    const char *params[] = {query->site, postgres_number(op, query->not_after_ms),
                            postgres_number(op, query->since_ms), query->deleted_too ? "t" : "f",
                            postgres_number(op, query->limit)};

    loop_pg_query(store->pg, alive_due_sql, params, ARRAY_LEN(params), on_due, op);
}

static void on_alive_written(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err) {
        op->counts.changed = (int)postgres_field(result, 0, 0);
        op->counts.same = (int)postgres_field(result, 0, 1);
    }
    postgres_finish(op, err);
}

void postgres_alive_write(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_alive_batch *batch = &op->alive;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addc(&json, '[');
    for (int i = 0; i < batch->n; i++) {
        buf_addf(&json, "%s{\"verdict\":%d,\"post_key\":", i ? "," : "",
                 (int)batch->results[i].verdict);
        buf_add_json(&json, batch->results[i].key);
        buf_addc(&json, '}');
    }
    buf_addc(&json, ']');
    const char *params[] = {buf_str(&json), batch->site, postgres_number(op, batch->at_ms),
                            postgres_number(op, batch->min_distance_ms),
                            batch->run_id ? postgres_number(op, batch->run_id) : NULL,
                            batch->is_late ? "t" : "f", POSTGRES_FENCE(op)};

    loop_pg_query(store->pg, alive_write_sql, params, ARRAY_LEN(params), on_alive_written, op);
    buf_fini(&json);
}
