/* SPDX-License-Identifier: MIT */
/* postgres_read.c - lists of deals, and the ledger of runs. */
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* clang-format off */

/* $1 and $2 the place to go on from, $3 limit, $4 offset, $5 site. The server plans this with the
 * parameters' values in hand. The subquery keeps rows that OFFSET skips from being formatted. */
#define NEWEST_FIRST "ORDER BY sort_at DESC, id DESC "
#define LIST_FROM "SELECT " POSTGRES_DEAL_COLUMNS " FROM (SELECT * FROM deals WHERE "
#define LIST_PLACE "(sort_at, id) < (" PG_TIME("$1") ", $2::bigint) " NEWEST_FIRST
static const char list_sql[] = LIST_FROM "($5::text IS NULL OR site = $5) AND " LIST_PLACE
    "LIMIT $3::bigint OFFSET $4::bigint) d " NEWEST_FIRST;

/* The first page of all boards in the size that it has by default, which most lists are: a statement
 * that is kept, with all that its plan hangs on as literals. */
static const char first_page_sql[] = LIST_FROM LIST_PLACE "LIMIT 20) d " NEWEST_FIRST;

/* $1 after this event, $2 limit */
#define EVENTS(which)                                                                              \
    "SELECT " POSTGRES_DEAL_COLUMNS ", event_id, kind, old_value, new_value, " PG_MS("at") " FROM ("        \
    "SELECT d.*, e.id AS event_id, e.kind, e.old_value, e.new_value, e.at FROM ("                  \
    "SELECT * FROM deal_events WHERE id > $1::bigint ORDER BY id " which " LIMIT $2::bigint) e "   \
    "JOIN deals d ON d.id = e.deal_id) x ORDER BY event_id"
static const char events_sql[] = EVENTS("ASC"), newest_events_sql[] = EVENTS("DESC");

/* $1 [{"id", "site", "shop", "sort_at"}] of the listed deals, $2 how far apart, $3 how many */
static const char also_on_sql[] =
    "SELECT l.id, t.site, t.website, t.product_id, t.title, t.url FROM jsonb_to_recordset($1::jsonb) "
    "AS l (id bigint, site text COLLATE \"C\", shop text COLLATE \"C\", sort_at bigint) "
    "CROSS JOIN LATERAL (SELECT * FROM (SELECT DISTINCT ON (d.site) d.* FROM deals d "
    "WHERE d.shop_key = l.shop AND NOT d.is_deleted AND d.site <> l.site AND d.sort_at BETWEEN "
    PG_TIME("l.sort_at - $2::bigint") " AND " PG_TIME("l.sort_at + $2::bigint") " "
    "ORDER BY d.site, d.sort_at DESC, d.id DESC) n "
    "ORDER BY n.sort_at DESC, n.id DESC LIMIT $3::int) t "
    "ORDER BY l.id, t.sort_at DESC, t.id DESC";

/* $6 late: the row may be there */
static const char run_begin_sql[] =
    "WITH old AS (SELECT max(id) AS id FROM runs WHERE $6::boolean AND site = $2 AND kind = $3 AND "
    "due_at = " PG_TIME("$4") " AND started_at = " PG_TIME("$5") "), "
    "new AS (INSERT INTO runs (engine, site, kind, due_at, started_at, reason, lease) SELECT "
    "$1, $2, $3, " PG_TIME("$4") ", " PG_TIME("$5") ", 'running', $7::bigint FROM old WHERE old.id IS NULL "
    "RETURNING id) SELECT coalesce((SELECT id FROM new), (SELECT id FROM old))";

/* $16.. fence, $19 the reason when another engine has it; the lease is given back. Its row is locked before
 * the run's, as by whoever takes it over. */
static const char run_end_sql[] =
    "WITH mine AS MATERIALIZED (UPDATE run_leases l SET holder = NULL, until = NULL, "
    "done_due_at = greatest(l.done_due_at, r.due_at) FROM runs r WHERE r.id = $1::bigint AND "
    "l.site = $16 AND l.kind = $17 AND l.number = $18::bigint RETURNING 1) "
    "UPDATE runs SET reason = CASE WHEN $18::bigint IS NULL OR EXISTS (SELECT FROM mine) THEN $3 "
    "ELSE $19 END, ended_at = " PG_TIME("$2") ", detail = $4, pages = $5::int, "
    "pages_failed = $6::int, rows_seen = $7::int, rows_added = $8::int, "
    "rows_changed = $9::int, rows_same = $10::int, bytes = $11::bigint, cpu_ms = $12::bigint, "
    "peak_pss_bytes = $13::bigint, gb_ms = $14::bigint, rows_filled = $15::int WHERE id = $1::bigint RETURNING id";

/* Other engines may be at work: only this one's own runs, and old ones of its commands. ('0' follows '/'.) */
static const char runs_recover_sql[] =
    "UPDATE runs SET ended_at = " PG_TIME("$1") ", reason = $2, detail = $3 "
    "WHERE reason = 'running' AND (engine = $4 OR (engine COLLATE \"C\" > $4 || '/' AND "
    "engine COLLATE \"C\" < $4 || '0' AND started_at < " PG_TIME("$1") " - interval '1 hour'))";

static const char last_due_sql[] =
    "SELECT " PG_MS("max(due_at)") " FROM runs WHERE site = $1 AND kind = $2";

/* clang-format on */

/* ---- deals ----------------------------------------------------------------------------------- */

const char *postgres_read_str(struct store_op *op, const void *result, int row, int *column)
{
    int at = (*column)++;

    return PQgetisnull(result, row, at) ? NULL
                                        : arena_strdup(&op->arena, PQgetvalue(result, row, at));
}

int64_t postgres_read_int(const void *result, int row, int *column)
{
    return postgres_field(result, row, (*column)++);
}

void postgres_read_deal(struct store_op *op, const void *result, int at, struct deal *out)
{
    struct deal_row *row = &out->row;
    int column = 0;

    out->id = postgres_read_int(result, at, &column);
    row->site = postgres_read_str(op, result, at, &column);
    row->website = postgres_read_str(op, result, at, &column);
    row->key = postgres_read_str(op, result, at, &column);
    row->product_id = postgres_read_str(op, result, at, &column);
    row->title = postgres_read_str(op, result, at, &column);
    row->url = postgres_read_str(op, result, at, &column);
    row->redirect_url = postgres_read_str(op, result, at, &column);
    row->image_url = postgres_read_str(op, result, at, &column);
    row->mall = postgres_read_str(op, result, at, &column);
    row->category = postgres_read_str(op, result, at, &column);
    row->currency = postgres_read_str(op, result, at, &column);
    row->price_e2 = postgres_read_int(result, at, &column);
    row->posted_at_ms = postgres_read_int(result, at, &column);
    row->view = postgres_read_int(result, at, &column);
    row->comment = postgres_read_int(result, at, &column);
    row->like = postgres_read_int(result, at, &column);
    row->score = postgres_read_int(result, at, &column);
    row->sold_out = postgres_read_int(result, at, &column);
    out->is_deleted = postgres_read_int(result, at, &column);
    out->is_title_changed = postgres_read_int(result, at, &column);
    out->sort_at_ms = postgres_read_int(result, at, &column);
    out->created_at_ms = postgres_read_int(result, at, &column);
    out->updated_at_ms = postgres_read_int(result, at, &column);
    row->title_is_cut = postgres_read_int(result, at, &column);
    row->posted_is_coarse = postgres_read_int(result, at, &column);
    row->shop_key = postgres_read_str(op, result, at, &column);
}

static void on_twins(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    int n = err ? 0 : PQntuples(result);

    for (int i = 0; i < n; i++) {
        struct deal_twin twin;
        int column = 0;
        int64_t id = postgres_read_int(result, i, &column);

        twin.site = postgres_read_str(op, result, i, &column);
        twin.website = postgres_read_str(op, result, i, &column);
        twin.product_id = postgres_read_str(op, result, i, &column);
        twin.title = postgres_read_str(op, result, i, &column);
        twin.url = postgres_read_str(op, result, i, &column);
        store_op_add_twin(op, id, &twin);
    }
    postgres_finish(op, err);
}

/* Ends the operation when there is nothing to ask. */
void postgres_also_on(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *asked = store_op_shops_json(op);
    const char *params[] = {asked, postgres_number(op, STORE_TWIN_MS),
                            postgres_number(op, STORE_TWINS_MAX)};

    if (!asked || atomic_load(&op->cancelled))
        postgres_finish(op, NULL);
    else
        loop_pg_query(store->pg, also_on_sql, params, ARRAY_LEN(params), on_twins, op);
}

static void on_listed(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err) {
        postgres_finish(op, err);
        return;
    }
    op->n_deals = PQntuples(result);
    op->deals = arena_array(&op->arena, struct deal, (size_t)op->n_deals + 1);
    for (int i = 0; i < op->n_deals; i++)
        postgres_read_deal(op, result, i, &op->deals[i]);
    postgres_also_on(op);
}

void postgres_list(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_query *query = &op->query;
    const char *params[] = {
        postgres_number(op, query->before_sort_ms), postgres_number(op, query->before_id),
        postgres_number(op, query->limit), postgres_number(op, query->offset), query->site};

    if (!query->site && query->offset == 0 && query->limit == 20)
        loop_pg_query_kept(store->pg, first_page_sql, params, 2, on_listed, op);
    else
        loop_pg_query(store->pg, list_sql, params, ARRAY_LEN(params), on_listed, op);
}

static void on_events(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err) {
        postgres_finish(op, err);
        return;
    }
    store_op_events_init(op);
    for (int i = 0; i < PQntuples(result); i++) {
        struct store_news *event = store_op_next_event(op);
        struct deal deal = {.id = 0};
        int column = POSTGRES_DEAL_FIELDS;

        postgres_read_deal(op, result, i, &deal);
        event->deal = store_op_event_deal(op, &deal);
        event->id = postgres_read_int(result, i, &column);
        event->kind = postgres_read_str(op, result, i, &column);
        event->old_value = postgres_read_str(op, result, i, &column);
        event->new_value = postgres_read_str(op, result, i, &column);
        event->at_ms = postgres_read_int(result, i, &column);
    }
    postgres_also_on(op);
}

void postgres_events(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {postgres_number(op, op->number), postgres_number(op, op->limit)};

    loop_pg_query(store->pg, op->flag ? newest_events_sql : events_sql, params, ARRAY_LEN(params),
                  on_events, op);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void on_done(const void *result, const struct err *err, void *ctx)
{
    (void)result;
    postgres_finish(ctx, err);
}

/* The one number that the statement returns. */
static void on_number(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (!err)
        op->number = postgres_field(result, 0, 0);
    postgres_finish(op, err);
}

void postgres_run_begin(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->engine, op->run.site, op->run.kind,
                            postgres_number(op, op->run.due_at_ms),
                            postgres_number(op, op->run.started_at_ms),
                            op->run.is_late ? "t" : "f",
                            op->run.lease ? postgres_number(op, op->run.lease) : NULL};

    loop_pg_query(store->pg, run_begin_sql, params, ARRAY_LEN(params), on_number, op);
}

static void on_run_ended(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    struct err missing;

    if (!err && PQntuples(result) == 0) {
        err_set(&missing, ERR_STORE, "run %lld is not in the ledger", (long long)op->run.id);
        err = &missing;
    }
    postgres_finish(op, err);
}

void postgres_run_end(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_run *run = &op->run;
    const char *params[] = {postgres_number(op, run->id),
                            postgres_number(op, run->ended_at_ms),
                            run->reason,
                            run->detail,
                            postgres_number(op, run->pages),
                            postgres_number(op, run->pages_failed),
                            postgres_number(op, run->rows_seen),
                            postgres_number(op, run->counts.added),
                            postgres_number(op, run->counts.changed),
                            postgres_number(op, run->counts.same),
                            postgres_number(op, run->bytes),
                            postgres_number(op, run->cpu_ms),
                            postgres_number(op, run->peak_pss_bytes),
                            postgres_number(op, run->gb_ms),
                            postgres_number(op, run->counts.filled),
                            POSTGRES_FENCE(op),
                            err_reason(ERR_LEASE_LOST)};

    loop_pg_query(store->pg, run_end_sql, params, ARRAY_LEN(params), on_run_ended, op);
}

void postgres_runs_recover(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {postgres_number(op, op->at_ms), err_reason(ERR_ENGINE_LOST),
                            err_prose(ERR_ENGINE_LOST), op->engine};

    loop_pg_query(store->pg, runs_recover_sql, params, ARRAY_LEN(params), on_done, op);
}

void postgres_last_due(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const char *params[] = {op->site, op->kind_name};

    loop_pg_query(store->pg, last_due_sql, params, ARRAY_LEN(params), on_number, op);
}
