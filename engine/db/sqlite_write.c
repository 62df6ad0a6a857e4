/* SPDX-License-Identifier: MIT */
/* sqlite_write.c - one batch of deals as one transaction: insert, merge, compare, note the events.
 *
 * The PostgreSQL twin is the one statement of postgres_write.c; tests/unit/test_db_store.c holds
 * both to the same answers.
 */
#include "base/str.h"
#include "db/sqlite_conn.h"

/* A row on its way into the database: what is stored, and what the page says. */
struct pending {
    struct sqlite_conn *conn;
    struct store_op *op;
    struct deal old;
    struct deal_row row; /* the page's, with what it does not know filled in from `old` */
    int n_changes;
};

static const char *merge_str(const char *seen, const char *known)
{
    return seen ? seen : known;
}

static int64_t merge_int(int64_t seen, int64_t known)
{
    return seen != DEAL_UNKNOWN ? seen : known;
}

static void merge(struct pending *p)
{
    const struct deal_row *known = &p->old.row;
    struct deal_row *row = &p->row;

    row->redirect_url = merge_str(row->redirect_url, known->redirect_url);
    row->image_url = merge_str(row->image_url, known->image_url);
    row->mall = merge_str(row->mall, known->mall);
    row->category = merge_str(row->category, known->category);
    row->currency = merge_str(row->currency, known->currency);
    row->price_e2 = merge_int(row->price_e2, known->price_e2);
    row->posted_at_ms = merge_int(row->posted_at_ms, known->posted_at_ms);
    row->view = merge_int(row->view, known->view);
    row->comment = merge_int(row->comment, known->comment);
    row->like = merge_int(row->like, known->like);
    row->score = merge_int(row->score, known->score);
}

/* ---- events ---------------------------------------------------------------------------------- */

static int add_event(struct pending *p, const char *kind, const char *old_value,
                     const char *new_value)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(p->conn, SQL_EVENT_INSERT, &stmt) < 0)
        return -1;
    p->n_changes++;
    sqlite_bind_int(stmt, 1, p->old.id);
    sqlite_bind_int(stmt, 2, p->op->batch.run_id ? p->op->batch.run_id : DEAL_UNKNOWN);
    sqlite_bind_str(stmt, 3, kind);
    sqlite_bind_str(stmt, 4, old_value);
    sqlite_bind_str(stmt, 5, new_value);
    sqlite_bind_int(stmt, 6, p->op->batch.at_ms);
    return sqlite_step(p->conn, stmt);
}

static int compare_str(struct pending *p, const char *kind, const char *old_value,
                       const char *new_value)
{
    return str_eq(old_value, new_value) ? 0 : add_event(p, kind, old_value, new_value);
}

static const char *price_text(struct store_op *op, const struct deal_row *row)
{
    if (row->price_e2 == DEAL_UNKNOWN)
        return NULL;
    return arena_printf(&op->arena, "%lld%s%s", (long long)row->price_e2, row->currency ? " " : "",
                        row->currency ? row->currency : "");
}

static const char *time_text(struct store_op *op, int64_t ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (ms == CLOCK_NONE)
        return NULL;
    clock_format_utc_ms(ms, text);
    return arena_strdup(&op->arena, text);
}

static int compare_price(struct pending *p)
{
    const struct deal_row *old = &p->old.row;

    if (old->price_e2 == p->row.price_e2 && str_eq(old->currency, p->row.currency))
        return 0;
    return add_event(p, "price", price_text(p->op, old), price_text(p->op, &p->row));
}

static int compare_posted_at(struct pending *p)
{
    if (p->old.row.posted_at_ms == p->row.posted_at_ms)
        return 0;
    return add_event(p, "posted_at", time_text(p->op, p->old.row.posted_at_ms),
                     time_text(p->op, p->row.posted_at_ms));
}

static int compare_sold_out(struct pending *p)
{
    if (p->old.row.sold_out == p->row.sold_out)
        return 0;
    return add_event(p, p->row.sold_out ? "sold_out" : "back", NULL, NULL);
}

/* One event for each kind of difference. */
static int note_changes(struct pending *p)
{
    const struct deal_row *old = &p->old.row;
    const struct deal_row *row = &p->row;

    if (compare_str(p, "title", old->title, row->title) < 0 ||
        compare_str(p, "url", old->url, row->url) < 0 ||
        compare_str(p, "redirect_url", old->redirect_url, row->redirect_url) < 0 ||
        compare_str(p, "image", old->image_url, row->image_url) < 0 || compare_price(p) < 0 ||
        compare_str(p, "mall", old->mall, row->mall) < 0 ||
        compare_str(p, "category", old->category, row->category) < 0 || compare_posted_at(p) < 0 ||
        compare_sold_out(p) < 0)
        return -1;
    return 0;
}

/* ---- deals ----------------------------------------------------------------------------------- */

/* Parameters 1 to 18, common to insert and update. */
static void bind_row(sqlite3_stmt *stmt, const struct deal_row *row)
{
    sqlite_bind_str(stmt, 1, row->site);
    sqlite_bind_str(stmt, 2, row->key);
    sqlite_bind_str(stmt, 4, row->website);
    sqlite_bind_str(stmt, 5, row->title);
    sqlite_bind_str(stmt, 6, row->url);
    sqlite_bind_str(stmt, 7, row->redirect_url);
    sqlite_bind_str(stmt, 8, row->image_url);
    sqlite_bind_str(stmt, 9, row->mall);
    sqlite_bind_str(stmt, 10, row->category);
    sqlite_bind_str(stmt, 11, row->currency);
    sqlite_bind_int(stmt, 12, row->price_e2);
    sqlite_bind_int(stmt, 13, row->posted_at_ms);
    sqlite_bind_int(stmt, 14, row->view);
    sqlite_bind_int(stmt, 15, row->comment);
    sqlite_bind_int(stmt, 16, row->like);
    sqlite_bind_int(stmt, 17, row->score);
    sqlite_bind_int(stmt, 18, row->sold_out);
}

static int insert_deal(struct pending *p)
{
    int64_t at_ms = p->op->batch.at_ms;
    sqlite3_stmt *stmt;

    if (sqlite_prepare(p->conn, SQL_DEAL_INSERT, &stmt) < 0)
        return -1;
    bind_row(stmt, &p->row);
    sqlite_bind_str(stmt, 3, p->row.product_id);
    sqlite_bind_int(stmt, 19, false);
    sqlite_bind_int(stmt, 20, at_ms);
    sqlite_bind_int(stmt, 21, store_op_sort_at(&p->row, at_ms));
    if (sqlite_step(p->conn, stmt) < 0)
        return err_prefix(&p->op->err, "deal %s/%s (product %s)", p->row.site, p->row.key,
                          p->row.product_id);
    p->old.id = sqlite3_last_insert_rowid(p->conn->db);
    p->op->counts.added++;
    return add_event(p, "created", NULL, p->row.title);
}

static bool silent_fields_differ(const struct pending *p)
{
    const struct deal_row *a = &p->old.row;
    const struct deal_row *b = &p->row;

    return a->view != b->view || a->comment != b->comment || a->like != b->like ||
           a->score != b->score || !str_eq(a->website, b->website);
}

static int update_deal(struct pending *p)
{
    bool is_changed = p->n_changes > 0;
    sqlite3_stmt *stmt;

    if (sqlite_prepare(p->conn, SQL_DEAL_UPDATE, &stmt) < 0)
        return -1;
    bind_row(stmt, &p->row);
    sqlite_bind_int(stmt, 19, p->old.is_title_changed || !str_eq(p->old.row.title, p->row.title));
    sqlite_bind_int(stmt, 20, is_changed ? p->op->batch.at_ms : p->old.updated_at_ms);
    return sqlite_step(p->conn, stmt);
}

static int update_known(struct pending *p)
{
    merge(p);
    if (note_changes(p) < 0)
        return -1;
    if (p->n_changes)
        p->op->counts.changed++;
    else
        p->op->counts.same++;
    return p->n_changes || silent_fields_differ(p) ? update_deal(p) : 0;
}

/* 1 when it is there, 0 when not. */
static int find_deal(struct pending *p)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite_prepare(p->conn, SQL_DEAL_FIND, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, p->row.site);
    sqlite_bind_str(stmt, 2, p->row.key);
    rc = sqlite_step(p->conn, stmt);
    if (rc == 1)
        sqlite_read_deal(p->op, stmt, &p->old);
    sqlite3_reset(stmt);
    return rc;
}

static int write_row(struct sqlite_conn *conn, struct store_op *op, const struct deal_row *row)
{
    struct pending p = {.conn = conn, .op = op, .row = *row};
    int found = find_deal(&p);

    if (found < 0)
        return -1;
    if (found)
        return update_known(&p);
    return op->batch.update_only ? 0 : insert_deal(&p);
}

int sqlite_write(struct sqlite_conn *conn, struct store_op *op)
{
    if (sqlite_run(conn, SQL_BEGIN) < 0)
        return -1;
    for (int i = 0; i < op->batch.n; i++)
        if (write_row(conn, op, &op->batch.rows[i]) < 0)
            return -1;
    return sqlite_commit(conn);
}
