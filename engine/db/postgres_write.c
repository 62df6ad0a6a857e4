/* SPDX-License-Identifier: MIT */
/* postgres_write.c - one batch of deals as one statement.
 *
 *     input   the batch
 *     old     the known deals among them, as this statement's snapshot shows them
 *     todo    new ones, and known ones that differ in anything; the rest is read, never locked
 *     done    INSERT .. ON CONFLICT DO UPDATE .. WHERE it still differs, always in one order
 *     events  one row for each kind of change that `done` really made
 *
 * Another engine may write the same deals between the snapshot and `done`. Then DO UPDATE sees the
 * newest row, not the snapshot's: so it is DO UPDATE that notes in `last_change` what it changed,
 * and events and counts follow that. (Only an event's old value may then be one step too old.)
 */
#include "base/buf.h"
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* One line of SQL is one line here. */
/* clang-format off */

/* A page's value where it knows one, else what is known. */
#define MERGED(column, seen, known) "coalesce(" seen "." column ", " known "." column ")"

/* Does the page say anything that is not stored? */
#define DIFFERS(seen, known)                                                                       \
    "(" known ".website, " known ".title, " known ".url, " known ".is_sold_out, "                  \
    known ".redirect_url, " known ".image_url, " known ".mall, " known ".category, "               \
    known ".currency, " known ".price_e2, " known ".posted_at, " known ".view_count, "             \
    known ".comment_count, " known ".like_count, " known ".score) IS DISTINCT FROM ("              \
    seen ".website, " seen ".title, " seen ".url, " seen ".is_sold_out, "                          \
    MERGED("redirect_url", seen, known) ", " MERGED("image_url", seen, known) ", "                 \
    MERGED("mall", seen, known) ", " MERGED("category", seen, known) ", "                          \
    MERGED("currency", seen, known) ", " MERGED("price_e2", seen, known) ", "                      \
    MERGED("posted_at", seen, known) ", " MERGED("view_count", seen, known) ", "                   \
    MERGED("comment_count", seen, known) ", " MERGED("like_count", seen, known) ", "               \
    MERGED("score", seen, known) ")"

/* A known NULL against a seen value is a change; a seen NULL is none. */
#define CHANGED(column)                                                                            \
    "(excluded." column " IS NOT NULL AND d." column " IS DISTINCT FROM excluded." column ")"

/* The bits of deals.last_change; 1 is "created". */
#define CHANGES                                                                                    \
    "(CASE WHEN " CHANGED("title") " THEN 2 ELSE 0 END | "                                         \
    "CASE WHEN " CHANGED("url") " THEN 4 ELSE 0 END | "                                            \
    "CASE WHEN " CHANGED("redirect_url") " THEN 8 ELSE 0 END | "                                   \
    "CASE WHEN " CHANGED("image_url") " THEN 16 ELSE 0 END | "                                     \
    "CASE WHEN " CHANGED("price_e2") " OR " CHANGED("currency") " THEN 32 ELSE 0 END | "           \
    "CASE WHEN " CHANGED("mall") " THEN 64 ELSE 0 END | "                                          \
    "CASE WHEN " CHANGED("category") " THEN 128 ELSE 0 END | "                                     \
    "CASE WHEN " CHANGED("posted_at") " THEN 256 ELSE 0 END | "                                    \
    "CASE WHEN " CHANGED("is_sold_out") " THEN 512 ELSE 0 END)"

#define PRICE_TEXT(row)                                                                            \
    "CASE WHEN " row ".price_e2 IS NOT NULL THEN "                                                 \
    "concat_ws(' ', " row ".price_e2, " row ".currency) END"
#define TIME_TEXT(row) "to_char(" row ".posted_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
#define SET_MERGED(column) column " = " MERGED(column, "excluded", "d") ", "

/* $1 rows as JSON, $2 run id or NULL, $3 moment in ms, $4 update only */
static const char write_sql[] =
    "WITH input AS MATERIALIZED (SELECT r.*, " PG_TIME("r.posted_at_ms") " AS posted_at "
    "FROM jsonb_to_recordset($1::jsonb) AS r "
    "(site text COLLATE \"C\", post_key text COLLATE \"C\", product_id text, "
    "website text, title text, url text, redirect_url text, image_url text, mall text, "
    "category text, currency text, price_e2 bigint, posted_at_ms bigint, sort_at_ms bigint, view_count bigint, "
    "comment_count bigint, like_count bigint, score bigint, is_sold_out boolean)), "

    "old AS MATERIALIZED (SELECT d.* FROM input i JOIN deals d USING (site, post_key)), "

    "todo AS (SELECT i.* FROM input i LEFT JOIN old o USING (site, post_key) "
    "WHERE CASE WHEN o.id IS NULL THEN NOT $4::boolean ELSE " DIFFERS("i", "o") " END), "

    "done AS (INSERT INTO deals AS d (site, post_key, product_id, website, title, url, "
    "redirect_url, image_url, mall, category, currency, price_e2, posted_at, view_count, "
    "comment_count, like_count, score, is_sold_out, sort_at, created_at, updated_at, last_change) "
    "SELECT site, post_key, product_id, website, title, url, redirect_url, image_url, mall, "
    "category, currency, price_e2, posted_at, view_count, comment_count, like_count, score, "
    "is_sold_out, " PG_TIME("sort_at_ms") ", "
    PG_TIME("$3") ", " PG_TIME("$3") ", 1 "
    "FROM todo ORDER BY site, length(post_key), post_key "
    "ON CONFLICT (site, post_key) DO UPDATE SET "
    SET_MERGED("redirect_url") SET_MERGED("image_url") SET_MERGED("mall") SET_MERGED("category")
    SET_MERGED("currency") SET_MERGED("price_e2") SET_MERGED("posted_at") SET_MERGED("view_count")
    SET_MERGED("comment_count") SET_MERGED("like_count") SET_MERGED("score")
    "website = excluded.website, title = excluded.title, url = excluded.url, "
    "is_sold_out = excluded.is_sold_out, "
    "is_title_changed = d.is_title_changed OR d.title <> excluded.title, "
    "updated_at = CASE WHEN " CHANGES " = 0 THEN d.updated_at ELSE excluded.updated_at END, "
    "last_change = " CHANGES " "
    "WHERE " DIFFERS("excluded", "d") " RETURNING d.*), "

    "events AS (INSERT INTO deal_events (deal_id, run_id, kind, old_value, new_value, at) "
    "SELECT n.id, $2::bigint, e.kind, e.old_value, e.new_value, " PG_TIME("$3") " "
    "FROM done n LEFT JOIN old o ON o.id = n.id CROSS JOIN LATERAL (VALUES "
    "(1, 'created', NULL, n.title), "
    "(2, 'title', o.title, n.title), "
    "(4, 'url', o.url, n.url), "
    "(8, 'redirect_url', o.redirect_url, n.redirect_url), "
    "(16, 'image', o.image_url, n.image_url), "
    "(32, 'price', " PRICE_TEXT("o") ", " PRICE_TEXT("n") "), "
    "(64, 'mall', o.mall, n.mall), "
    "(128, 'category', o.category, n.category), "
    "(256, 'posted_at', " TIME_TEXT("o") ", " TIME_TEXT("n") "), "
    "(512, CASE WHEN n.is_sold_out THEN 'sold_out' ELSE 'back' END, NULL, NULL)"
    ") AS e (bit, kind, old_value, new_value) WHERE n.last_change & e.bit <> 0 "
    "ORDER BY n.site, length(n.post_key), n.post_key, e.bit) "

    "SELECT count(*) FILTER (WHERE last_change = 1), count(*) FILTER (WHERE last_change > 1), "
    "CASE WHEN $4::boolean THEN (SELECT count(*) FROM old) ELSE (SELECT count(*) FROM input) END "
    "FROM done";

/* clang-format on */

/* ---- the batch as JSON ----------------------------------------------------------------------- */

static void add_str(struct buf *json, const char *name, const char *value)
{
    if (!value)
        return; /* absent is NULL */
    buf_addf(json, ",\"%s\":", name);
    buf_add_json(json, value);
}

static void add_int(struct buf *json, const char *name, int64_t value)
{
    if (value != DEAL_UNKNOWN)
        buf_addf(json, ",\"%s\":%lld", name, (long long)value);
}

static void add_row(struct buf *json, const struct deal_row *row, int64_t at_ms)
{
    buf_addf(json, "{\"is_sold_out\":%s", row->sold_out ? "true" : "false");
    add_str(json, "site", row->site);
    add_str(json, "post_key", row->key);
    add_str(json, "product_id", row->product_id);
    add_str(json, "website", row->website);
    add_str(json, "title", row->title);
    add_str(json, "url", row->url);
    add_str(json, "redirect_url", row->redirect_url);
    add_str(json, "image_url", row->image_url);
    add_str(json, "mall", row->mall);
    add_str(json, "category", row->category);
    add_str(json, "currency", row->currency);
    add_int(json, "price_e2", row->price_e2);
    add_int(json, "posted_at_ms", row->posted_at_ms);
    add_int(json, "sort_at_ms", store_op_sort_at(row, at_ms));
    add_int(json, "view_count", row->view);
    add_int(json, "comment_count", row->comment);
    add_int(json, "like_count", row->like);
    add_int(json, "score", row->score);
    buf_addc(json, '}');
}

static void on_written(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    struct store_counts *counts = &op->counts;

    if (!err) {
        counts->added = (int)postgres_field(result, 0, 0);
        counts->changed = (int)postgres_field(result, 0, 1);
        counts->same = (int)postgres_field(result, 0, 2) - counts->added - counts->changed;
    }
    postgres_finish(op, err);
}

void postgres_write(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct store_batch *batch = &op->batch;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    for (int i = 0; i < batch->n; i++) {
        buf_addc(&json, i ? ',' : '[');
        add_row(&json, &batch->rows[i], batch->at_ms);
    }
    buf_adds(&json, batch->n ? "]" : "[]");
    /* Cut JSON is refused by the server as such, and nothing is stored. */
    const char *params[] = {buf_str(&json),
                            batch->run_id ? postgres_number(op, batch->run_id) : NULL,
                            postgres_number(op, batch->at_ms), batch->update_only ? "t" : "f"};

    loop_pg_query(store->pg, write_sql, params, ARRAY_LEN(params), on_written, op);
    buf_fini(&json);
}
