/* SPDX-License-Identifier: MIT */
/* postgres_write.c - one batch of deals as one statement.
 *
 *     input   the batch
 *     old     the known deals among them, as this statement's snapshot shows them
 *     todo    new ones, and known ones that differ in anything; the rest is read, never locked
 *     done    INSERT .. ON CONFLICT DO UPDATE, always in one order
 *     events  one row for each kind of change that `done` really made
 *
 * Another engine may write the same deals between the snapshot and `done`. Then DO UPDATE sees the
 * newest row, not the snapshot's: so it is DO UPDATE that notes in `last_change` what it changed (0
 * where the other engine was faster), and events and counts follow that. (Only an event's old value
 * may then be one step too old.)
 *
 * What a reading does to a known deal is merge.c's to say; here it is said again in SQL, twice per
 * statement (`todo`, DO UPDATE), over `seen` (what the page shows, in the columns of deals: is_deleted
 * is deal_row.gone, by_post where it was read) and `known` (what is stored).
 */
#include "base/buf.h"
#include "db/merge.h"
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* One line of SQL is one line here. */
/* clang-format off */

#define FROM_POST(seen) "(" seen ".by_post & 1 <> 0)"

/* The same kind of page gave what is known. */
#define LIKE(bit, seen, known) "(" known ".by_post & " bit " = " seen ".by_post & " bit ")"

/* ---- judged once per row, as `v`: is the page's value taken? ("OFFSET 0" keeps the planner from
 * writing the judgements out again wherever they are used, which would cost more than they.) */
#define TAKEN(column, bit, seen, known)                                                            \
    seen "." column " IS NOT NULL AND (" known "." column " IS NULL OR "                           \
    LIKE(bit, seen, known) ") AS " column ", "

/* 0 the same title, 1 edited, 2 completed */
#define TITLE_VERDICT(seen, known)                                                                 \
    "CASE WHEN " seen ".title = " known ".title THEN 0 "                                           \
    "WHEN " seen ".title_is_cut THEN CASE WHEN " FROM_POST(seen)                                   \
    " OR starts_with(" known ".title, " seen ".title_stem)"                                        \
    " OR starts_with(" known ".title_stem, " seen ".title_stem)"                                   \
    " OR (" known ".title_is_cut OR " known ".by_post & 1 <> 0) AND starts_with("                  \
    seen ".title_stem, " known ".title_stem) THEN 0 ELSE 1 END "                                   \
    "WHEN " known ".title_is_cut THEN CASE WHEN " FROM_POST(seen)                                  \
    " OR starts_with(" seen ".title, " known ".title_stem) THEN 2 ELSE 1 END "                     \
    "WHEN " LIKE("1", seen, known) " THEN 1 "                                                      \
    "WHEN " FROM_POST(seen) " OR starts_with(" seen ".title, " known ".title_stem) THEN 0 "        \
    "ELSE 1 END AS title, "

#define JUDGED(seen, known)                                                                        \
    "(SELECT " TITLE_VERDICT(seen, known)                                                          \
    TAKEN("redirect_url", "2", seen, known) TAKEN("image_url", "4", seen, known)                   \
    TAKEN("mall", "8", seen, known) TAKEN("category", "16", seen, known)                           \
    TAKEN("price_e2", "32", seen, known) TAKEN("shop_key", "2", seen, known)                       \
    seen ".posted_at IS NOT NULL AND (" known ".posted_at IS NULL OR CASE WHEN "                   \
    known ".posted_is_coarse = " seen ".posted_is_coarse THEN " LIKE("64", seen, known)            \
    " ELSE " known ".posted_is_coarse END) AS posted_at, "                                         \
    /* what is sold out and deleted then */                                                        \
    "CASE WHEN " seen ".by_post & 256 <> 0 THEN " known ".is_sold_out "                            \
    "WHEN " seen ".is_sold_out THEN true "                                                         \
    "WHEN " LIKE("128", seen, known) " THEN false ELSE " known ".is_sold_out END AS is_sold_out, " \
    "CASE WHEN " seen ".is_deleted THEN true WHEN " FROM_POST(seen) " THEN " known                 \
    ".is_deleted ELSE false END AS is_deleted OFFSET 0) v"

/* ---- what is stored then */
#define MERGED(column, seen, known)                                                                \
    "CASE WHEN v." column " THEN " seen "." column " ELSE " known "." column " END"
#define COUNTER(column, seen, known) "coalesce(" seen "." column ", " known "." column ")"
#define CURRENCY(seen, known)                                                                      \
    "CASE WHEN v.price_e2 THEN " COUNTER("currency", seen, known) " ELSE " known ".currency END"
#define COARSE(seen, known)                                                                        \
    "CASE WHEN v.posted_at THEN " seen ".posted_is_coarse ELSE " known ".posted_is_coarse END"
#define TITLE(seen, known) "CASE v.title WHEN 0 THEN " known ".title ELSE " seen ".title END"
/* Equal to one that is no cut one: it only looked like one. */
#define TITLE_IS_CUT(seen, known)                                                                  \
    "CASE v.title WHEN 0 THEN " known ".title_is_cut AND (" seen ".title_is_cut OR " seen          \
    ".title <> " known ".title) ELSE " seen ".title_is_cut END"
#define TITLE_STEM(seen, known)                                                                    \
    "CASE v.title WHEN 1 THEN " seen ".title_stem "                                                \
    "ELSE coalesce(" known ".title_stem, " seen ".title_stem) END"
#define ABSENT_AT(seen, known)                                                                     \
    "CASE WHEN " seen ".is_deleted OR " FROM_POST(seen) " THEN " known ".absent_at END"

/* Where each value came from. */
#define ORIGIN(taken, bit, seen, known)                                                            \
    "(CASE WHEN " taken " THEN " seen ".by_post ELSE " known ".by_post END & " bit ")"
#define SOLD_ORIGIN(seen, known)                                                                   \
    "(CASE WHEN " seen ".by_post & 256 <> 0 OR NOT " seen ".is_sold_out THEN " known ".by_post "   \
    "WHEN " known ".is_sold_out THEN " known ".by_post & " seen ".by_post "                        \
    "ELSE " seen ".by_post END & 128)"
#define BY_POST(seen, known)                                                                       \
    ORIGIN("v.title <> 0", "1", seen, known) " | " ORIGIN("v.redirect_url", "2", seen, known)      \
    " | " ORIGIN("v.image_url", "4", seen, known) " | " ORIGIN("v.mall", "8", seen, known)         \
    " | " ORIGIN("v.category", "16", seen, known) " | " ORIGIN("v.price_e2", "32", seen, known)    \
    " | " ORIGIN("v.posted_at", "64", seen, known) " | " SOLD_ORIGIN(seen, known)

/* What may differ, in the order of STORED. */
#define COLUMNS(row)                                                                               \
    row "website, " row "url, " row "title, " row "title_is_cut, " row "title_stem, "              \
    row "is_sold_out, " row "redirect_url, " row "image_url, " row "mall, " row "category, "       \
    row "currency, " row "price_e2, " row "posted_at, " row "posted_is_coarse, "                   \
    row "view_count, " row "comment_count, " row "like_count, " row "score, " row "shop_key, "     \
    row "is_deleted, " row "absent_at, " row "post_read_at, " row "by_post"
#define STORED(seen, known)                                                                        \
    seen ".website, " seen ".url, " TITLE(seen, known) ", " TITLE_IS_CUT(seen, known) ", "         \
    TITLE_STEM(seen, known) ", v.is_sold_out, " MERGED("redirect_url", seen, known) ", "           \
    MERGED("image_url", seen, known) ", " MERGED("mall", seen, known) ", "                         \
    MERGED("category", seen, known) ", " CURRENCY(seen, known) ", "                                \
    MERGED("price_e2", seen, known) ", " MERGED("posted_at", seen, known) ", "                     \
    COARSE(seen, known) ", " COUNTER("view_count", seen, known) ", "                               \
    COUNTER("comment_count", seen, known) ", " COUNTER("like_count", seen, known) ", "             \
    COUNTER("score", seen, known) ", " MERGED("shop_key", seen, known) ", v.is_deleted, "          \
    ABSENT_AT(seen, known) ", " COUNTER("post_read_at", seen, known) ", " BY_POST(seen, known)

/* ---- what DO UPDATE changes, as the bits of deals.last_change (merge.h) */
#define S "excluded"
#define K "d"
#define EDIT "1048576"
/* An edit where something was known, else only filled. */
#define CHANGED(differs, bit, was_known)                                                           \
    "CASE WHEN " differs " THEN CASE WHEN " was_known " THEN " bit " | " EDIT " ELSE " bit " END " \
    "ELSE 0 END | "
#define CHANGED_TEXT(column, bit)                                                                  \
    CHANGED("v." column " AND " K "." column " IS DISTINCT FROM " S "." column, bit,               \
            K "." column " IS NOT NULL")
#define CHANGES                                                                                    \
    "CASE v.title WHEN 1 THEN 2 | " EDIT " WHEN 2 THEN 1024 ELSE 0 END | "                         \
    CHANGED(K ".url <> " S ".url", "4", "true")                                                    \
    CHANGED_TEXT("redirect_url", "8")                                                              \
    CHANGED_TEXT("image_url", "16")                                                                \
    CHANGED("v.price_e2 AND (" K ".price_e2, " K ".currency) IS DISTINCT FROM ("                   \
            S ".price_e2, " COUNTER("currency", S, K) ")", "32", K ".price_e2 IS NOT NULL")        \
    CHANGED_TEXT("mall", "64")                                                                     \
    CHANGED_TEXT("category", "128")                                                                \
    CHANGED("v.posted_at AND " K ".posted_at IS DISTINCT FROM " S ".posted_at", "256",             \
            K ".posted_at IS NOT NULL AND " K ".posted_is_coarse = " S ".posted_is_coarse")        \
    CHANGED(K ".is_sold_out <> v.is_sold_out", "512", "true")                                      \
    CHANGED("v.is_deleted AND NOT " K ".is_deleted", "2048", "true")                               \
    CHANGED(K ".is_deleted AND NOT v.is_deleted", "4096", "true") "0"

#define PRICE_TEXT(row)                                                                            \
    "CASE WHEN " row ".price_e2 IS NOT NULL THEN "                                                 \
    "concat_ws(' ', " row ".price_e2, " row ".currency) END"
#define TIME_TEXT(row) "to_char(" row ".posted_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
/* Of a late row whose deal was written since only what is unknown there counts (merge_late()). */
#define LEFT(column) "CASE WHEN l.stale AND o." column " IS NOT NULL THEN NULL ELSE i." column " END AS " column ", "
#define FULL_TITLE "CASE WHEN NOT l.stale OR (o.title_is_cut AND i.title_stem IS NULL AND starts_with(i.title, o.title_stem)) THEN i.title END"
/* $1 rows as JSON, $2 run id or NULL, $3 moment in ms, $4 update only, $5 from post, $6 late, $7.. fence */
static const char write_sql[] =
    "WITH input AS MATERIALIZED (SELECT r.*, " PG_TIME("r.posted_at_ms") " AS posted_at "
    "FROM jsonb_to_recordset($1::jsonb) AS r "
    "(site text COLLATE \"C\", post_key text COLLATE \"C\", product_id text, "
    "website text, title text, title_stem text COLLATE \"C\", url text, redirect_url text, "
    "image_url text, mall text, category text, currency text, price_e2 bigint, posted_at_ms bigint, "
    "posted_is_coarse boolean, sort_at_ms bigint, view_count bigint, comment_count bigint, "
    "like_count bigint, score bigint, is_sold_out boolean, is_deleted boolean, "
    "shop_key text COLLATE \"C\", by_post integer)), "

    "old AS MATERIALIZED (SELECT d.* FROM input i JOIN deals d USING (site, post_key)), "

    /* What a post page or a gone row doesn't tell is as it is. */
    "todo AS (SELECT s.* FROM input i LEFT JOIN old o USING (site, post_key) CROSS JOIN LATERAL "
    "(SELECT coalesce($6::boolean AND o.updated_at >= " PG_TIME("$3") ", false) AS stale OFFSET 0) l "
    "CROSS JOIN LATERAL (SELECT " FULL_TITLE " AS full_title OFFSET 0) t CROSS JOIN LATERAL "
    "(SELECT i.site, i.post_key, coalesce(i.product_id, o.product_id) AS product_id, "
    "coalesce(CASE WHEN NOT l.stale THEN i.website END, o.website) AS website, "
    "coalesce(t.full_title, o.title) AS title, "
    "CASE WHEN t.full_title IS NULL THEN o.title_is_cut ELSE i.title_stem IS NOT NULL END "
    "AS title_is_cut, CASE WHEN NOT l.stale THEN i.title_stem END AS title_stem, "
    "coalesce(CASE WHEN NOT l.stale THEN i.url END, o.url) AS url, "
    LEFT("redirect_url") LEFT("image_url") LEFT("mall") LEFT("category")
    "i.currency, " LEFT("price_e2")
    "CASE WHEN l.stale AND o.posted_at IS NOT NULL AND (i.posted_is_coarse OR NOT o.posted_is_coarse) "
    "THEN NULL ELSE i.posted_at END AS posted_at, i.posted_is_coarse, i.sort_at_ms, "
    LEFT("view_count") LEFT("comment_count") LEFT("like_count") LEFT("score")
    "i.is_sold_out AND NOT l.stale AS is_sold_out, "
    "CASE WHEN l.stale THEN o.is_deleted ELSE i.is_deleted END AS is_deleted, " LEFT("shop_key")
    "CASE WHEN l.stale THEN i.by_post | 256 ELSE i.by_post END AS by_post, "
    "CASE WHEN $5::boolean THEN greatest(" PG_TIME("$3") ", o.post_read_at) END AS post_read_at) s "
    "CROSS JOIN LATERAL " JUDGED("s", "o") " "
    "WHERE CASE WHEN o.id IS NULL THEN NOT ($4::boolean OR i.is_deleted) "
    "ELSE (" COLUMNS("o.") " & 255) IS DISTINCT FROM (" STORED("s", "o") ") END), "

    "done AS (INSERT INTO deals AS d (site, post_key, product_id, website, title, title_is_cut, "
    "title_stem, url, redirect_url, image_url, mall, category, currency, price_e2, posted_at, "
    "posted_is_coarse, view_count, comment_count, like_count, score, is_sold_out, is_deleted, "
    "shop_key, by_post, post_read_at, sort_at, created_at, updated_at, last_change) "
    "SELECT site, post_key, product_id, website, title, title_is_cut, title_stem, url, "
    "redirect_url, image_url, mall, category, currency, price_e2, posted_at, posted_is_coarse, "
    "view_count, comment_count, like_count, score, is_sold_out, is_deleted, shop_key, by_post, "
    "post_read_at, " PG_TIME("sort_at_ms") ", " PG_TIME("$3") ", " PG_TIME("$3") ", 1 "
    "FROM todo ORDER BY site, length(post_key), post_key "
    "ON CONFLICT (site, post_key) DO UPDATE SET (" COLUMNS("") ", is_title_changed, last_change, "
    "updated_at) = (SELECT n.*, CASE WHEN n.last_change = 0 THEN d.updated_at WHEN $6::boolean THEN "
    "greatest(excluded.updated_at, d.updated_at + interval '1 millisecond') "
    "ELSE excluded.updated_at END FROM (SELECT " STORED(S, K) ", d.is_title_changed OR v.title = 1, "
    CHANGES " AS last_change FROM " JUDGED(S, K) " OFFSET 0) n) RETURNING d.*), "

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
    "(512, CASE WHEN n.is_sold_out THEN 'sold_out' ELSE 'back' END, NULL, NULL), "
    "(1024, 'title_completed', o.title, n.title), "
    "(2048, 'deleted', NULL, 'row'), "
    "(4096, 'undeleted', NULL, 'row')"
    ") AS e (bit, kind, old_value, new_value) WHERE n.last_change & e.bit <> 0 "
    "ORDER BY n.site, length(n.post_key), n.post_key, e.bit) "

    "SELECT count(*) FILTER (WHERE last_change = 1), "
    "count(*) FILTER (WHERE last_change & " EDIT " <> 0), "
    "count(*) FILTER (WHERE last_change > 1 AND last_change & " EDIT " = 0), "
    "(SELECT count(*) FROM input i LEFT JOIN old o USING (site, post_key) "
    "WHERE o.id IS NOT NULL OR NOT ($4::boolean OR i.is_deleted)), " PG_HOLD("$7", "$8", "$9") " FROM done";

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

static void add_flag(struct buf *json, const char *name, bool value)
{
    buf_addf(json, ",\"%s\":%s", name, value ? "true" : "false");
}

static void add_row(struct buf *json, const struct store_op *op, int i)
{
    const struct deal_row *row = &op->batch.rows[i];
    int by_post =
        (op->batch.from_post ? BY_POST_ALL : 0) | (row->sold_out_unknown ? SOLD_UNKNOWN : 0);

    buf_addf(json, "{\"by_post\":%d", by_post);
    add_flag(json, "is_sold_out", row->sold_out && !row->sold_out_unknown);
    add_flag(json, "is_deleted", row->gone);
    add_flag(json, "posted_is_coarse", row->posted_is_coarse);
    add_str(json, "title_stem", op->title_stems[i]);
    add_str(json, "shop_key", row->shop_key);
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
    add_int(json, "sort_at_ms", store_op_sort_at(row, op->batch.at_ms));
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
        counts->filled = (int)postgres_field(result, 0, 2);
        counts->same =
            (int)postgres_field(result, 0, 3) - counts->added - counts->changed - counts->filled;
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
        add_row(&json, op, i);
    }
    buf_adds(&json, batch->n ? "]" : "[]");
    /* Cut JSON is refused by the server as such, and nothing is stored. */
    const char *params[] = {buf_str(&json),
                            batch->run_id ? postgres_number(op, batch->run_id) : NULL,
                            postgres_number(op, batch->at_ms), batch->update_only ? "t" : "f",
                            batch->from_post ? "t" : "f", batch->is_late ? "t" : "f",
                            POSTGRES_FENCE(op)};

    loop_pg_query(store->pg, write_sql, params, ARRAY_LEN(params), on_written, op);
    buf_fini(&json);
}
