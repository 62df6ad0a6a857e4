/* SPDX-License-Identifier: MIT */
/* sqlite_write.c - one batch of deals as one transaction: insert, merge (merge.h), note the events.
 *
 * The PostgreSQL twin is the one statement of postgres_write.c; tests/unit/test_db_store.c and
 * test_db_life.c hold both to the same answers.
 */
#include "db/merge.h"
#include "db/sqlite_conn.h"

/* A row on its way into the database. */
struct pending {
    struct sqlite_conn *conn;
    struct store_op *op;
    struct reading seen;
    struct stored old; /* what is stored */
    struct stored now; /* what is to be stored */
};

/* ---- events ---------------------------------------------------------------------------------- */

static int add_event(struct pending *p, const char *kind, const char *old_value,
                     const char *new_value)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(p->conn, SQL_EVENT_INSERT, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, p->now.deal.id);
    sqlite_bind_int(stmt, 2, p->op->batch.run_id ? p->op->batch.run_id : DEAL_UNKNOWN);
    sqlite_bind_str(stmt, 3, kind);
    sqlite_bind_str(stmt, 4, old_value);
    sqlite_bind_str(stmt, 5, new_value);
    sqlite_bind_int(stmt, 6, p->op->batch.at_ms);
    return sqlite_step(p->conn, stmt);
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

/* One event for each kind of change, in the order of their bits. */
static int note_changes(struct pending *p, unsigned changes)
{
    const struct deal_row *old = &p->old.deal.row;
    const struct deal_row *now = &p->now.deal.row;
    const struct {
        unsigned change;
        const char *kind, *old_value, *new_value;
    } events[] = {
        {MERGE_CREATED, "created", NULL, now->title},
        {MERGE_TITLE, "title", old->title, now->title},
        {MERGE_URL, "url", old->url, now->url},
        {MERGE_REDIRECT, "redirect_url", old->redirect_url, now->redirect_url},
        {MERGE_IMAGE, "image", old->image_url, now->image_url},
        {MERGE_PRICE, "price", price_text(p->op, old), price_text(p->op, now)},
        {MERGE_MALL, "mall", old->mall, now->mall},
        {MERGE_CATEGORY, "category", old->category, now->category},
        {MERGE_POSTED, "posted_at", time_text(p->op, old->posted_at_ms),
         time_text(p->op, now->posted_at_ms)},
        {MERGE_SOLD, now->sold_out ? "sold_out" : "back", NULL, NULL},
        {MERGE_TITLE_COMPLETED, "title_completed", old->title, now->title},
        {MERGE_DELETED, "deleted", NULL, "row"},
        {MERGE_UNDELETED, "undeleted", NULL, "row"},
    };

    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (changes & events[i].change &&
            add_event(p, events[i].kind, events[i].old_value, events[i].new_value) < 0)
            return -1;
    return 0;
}

/* ---- deals ----------------------------------------------------------------------------------- */

/* Parameters 1 to 25, common to insert and update; 3, the product_id, is only the insert's. */
static void bind_stored(sqlite3_stmt *stmt, const struct stored *stored)
{
    const struct deal_row *row = &stored->deal.row;

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
    sqlite_bind_int(stmt, 19, stored->deal.is_title_changed);
    sqlite_bind_int(stmt, 20, stored->deal.updated_at_ms);
    sqlite_bind_int(stmt, 21, row->title_is_cut);
    sqlite_bind_str(stmt, 22, stored->title_stem);
    sqlite_bind_int(stmt, 23, row->posted_is_coarse);
    sqlite_bind_str(stmt, 24, row->shop_key);
    sqlite_bind_int(stmt, 25, stored->by_post);
}

static int insert_deal(struct pending *p)
{
    const struct deal_row *row = p->seen.row;
    int64_t at_ms = p->op->batch.at_ms;
    sqlite3_stmt *stmt;

    p->now = (struct stored){.deal = {.row = *row, .updated_at_ms = at_ms},
                             .title_stem = p->seen.title_stem};
    if (row->sold_out_unknown)
        p->now.deal.row.sold_out = false;
    if (sqlite_prepare(p->conn, SQL_DEAL_INSERT, &stmt) < 0)
        return -1;
    bind_stored(stmt, &p->now);
    sqlite_bind_str(stmt, 3, row->product_id);
    sqlite_bind_int(stmt, 26, store_op_sort_at(row, at_ms));
    if (sqlite_step(p->conn, stmt) < 0)
        return err_prefix(&p->op->err, "deal %s/%s (product %s)", row->site, row->key,
                          row->product_id);
    p->now.deal.id = sqlite3_last_insert_rowid(p->conn->db);
    p->op->counts.added++;
    return note_changes(p, MERGE_CREATED);
}

static int update_deal(struct pending *p)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(p->conn, SQL_DEAL_UPDATE, &stmt) < 0)
        return -1;
    bind_stored(stmt, &p->now);
    sqlite_bind_int(stmt, 26, p->now.post_read_at_ms);
    sqlite_bind_int(stmt, 27, p->now.absent_at_ms);
    sqlite_bind_int(stmt, 28, p->now.deal.is_deleted);
    return sqlite_step(p->conn, stmt);
}

static void count_known(struct store_counts *counts, unsigned changes)
{
    if (!changes)
        counts->same++;
    else if (changes & MERGE_EDIT)
        counts->changed++;
    else
        counts->filled++;
}

static int update_known(struct pending *p)
{
    const struct store_batch *batch = &p->op->batch;
    int64_t known_ms = p->old.deal.updated_at_ms;
    bool is_stale = batch->is_late && known_ms >= batch->at_ms;
    struct deal_row left;
    unsigned changes;
    bool differs;

    p->now = p->old;
    if (is_stale) {
        left = merge_late(&p->old, &p->seen);
        p->seen.title_stem = NULL;
        p->seen.row = &left;
    }
    changes = merge_reading(&p->now, &p->seen, &differs);
    if (changes)
        p->now.deal.updated_at_ms = is_stale ? known_ms + 1 : batch->at_ms;
    count_known(&p->op->counts, changes);
    if (differs && update_deal(p) < 0)
        return -1;
    return note_changes(p, changes);
}

/* 1 when it is there, 0 when not. */
static int find_deal(struct pending *p)
{
    struct stored *old = &p->old;
    sqlite3_stmt *stmt;
    int at, rc;

    if (sqlite_prepare(p->conn, SQL_DEAL_FIND, &stmt) < 0)
        return -1;
    sqlite_bind_str(stmt, 1, p->seen.row->site);
    sqlite_bind_str(stmt, 2, p->seen.row->key);
    rc = sqlite_step(p->conn, stmt);
    if (rc == 1) {
        at = sqlite_read_deal(p->op, stmt, &old->deal);
        old->by_post = (int)sqlite_read_int(stmt, &at);
        old->title_stem = sqlite_read_str(p->op, stmt, &at);
        old->post_read_at_ms = sqlite_read_int(stmt, &at);
        old->absent_at_ms = sqlite_read_int(stmt, &at);
    }
    sqlite3_reset(stmt);
    return rc;
}

static int write_row(struct sqlite_conn *conn, struct store_op *op, int i)
{
    const struct store_batch *batch = &op->batch;
    struct pending p = {.conn = conn,
                        .op = op,
                        .seen = {.row = &batch->rows[i],
                                 .title_stem = op->title_stems[i],
                                 .from_post = batch->from_post,
                                 .at_ms = batch->at_ms}};
    int found = find_deal(&p);

    if (found < 0)
        return -1;
    if (found)
        return update_known(&p);
    return batch->update_only || p.seen.row->gone ? 0 : insert_deal(&p);
}

int sqlite_write(struct sqlite_conn *conn, struct store_op *op)
{
    if (sqlite_run(conn, SQL_BEGIN) < 0)
        return -1;
    for (int i = 0; i < op->batch.n; i++)
        if (write_row(conn, op, i) < 0)
            return -1;
    return sqlite_commit(conn);
}
