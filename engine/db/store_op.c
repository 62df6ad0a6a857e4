/* SPDX-License-Identifier: MIT */
/* store_op.c - deep copies of what callers give, cleaned so that both databases see the same.
 *
 * Text becomes valid UTF-8. Rows are sorted by (site, length of key, key): all engines then lock
 * rows in one order and can't deadlock, and for numeric post keys a later post gets a higher id,
 * which decides the order among deals of one minute.
 */
#include "db/store_vtable.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* PostgreSQL's B-tree refuses entries past 2,700 bytes; no board comes near these. */
enum { NAME_MAX_BYTES = 100, KEY_MAX_BYTES = 500, LIMIT_MAX = 101, MINUTE_MS = 60000 };

/* 0001-01-01 and 9999-12-31T23:59:59.999Z: what RFC 3339 and both databases can hold. */
#define TIME_MIN_MS INT64_C(-62135596800000)
#define TIME_MAX_MS INT64_C(253402300799999)

struct store_op *store_op_new(enum store_op_kind kind)
{
    struct store_op *op = mem_new(struct store_op);

    op->kind = kind;
    arena_init(&op->arena);
    list_init(&op->link);
    list_init(&op->backend_link);
    return op;
}

void store_op_free(struct store_op **op)
{
    check(list_is_empty(&(*op)->link) && list_is_empty(&(*op)->backend_link));
    arena_fini(&(*op)->arena);
    mem_free(*op);
    *op = NULL;
}

char *store_op_text(struct store_op *op, const char *s)
{
    size_t len, left;
    char *clean, *to;

    if (!s)
        return NULL;
    left = strlen(s);
    if (str_utf8_valid(s, left))
        return arena_strndup(&op->arena, s, left);
    clean = to = arena_alloc(&op->arena, 3 * left + 1);
    for (; left; s += len, left -= len) {
        len = str_utf8_len(s, left);
        to = len ? mempcpy(to, s, len) : mempcpy(to, "\xef\xbf\xbd", 3);
        len = len ? len : 1;
    }
    return clean;
}

/* ---- a batch --------------------------------------------------------------------------------- */

/* What stands on such a row is not the deal's. */
static void forget_all_but_key(struct deal_row *row)
{
    *row = (struct deal_row){.site = row->site,
                             .key = row->key,
                             .price_e2 = DEAL_UNKNOWN,
                             .posted_at_ms = CLOCK_NONE,
                             .view = DEAL_UNKNOWN,
                             .comment = DEAL_UNKNOWN,
                             .like = DEAL_UNKNOWN,
                             .score = DEAL_UNKNOWN,
                             .sold_out_unknown = true,
                             .gone = true};
}

static void copy_row(struct store_op *op, const struct deal_row *from, struct deal_row *to)
{
    check(from->site && from->key);
    *to = *from;
    if (to->gone)
        forget_all_but_key(to);
    from = to;
    to->site = store_op_text(op, from->site);
    to->website = store_op_text(op, from->website);
    to->key = store_op_text(op, from->key);
    to->product_id = store_op_text(op, from->product_id);
    to->title = store_op_text(op, from->title);
    to->url = store_op_text(op, from->url);
    to->redirect_url = store_op_text(op, from->redirect_url);
    to->image_url = store_op_text(op, from->image_url);
    to->mall = store_op_text(op, from->mall);
    to->category = store_op_text(op, from->category);
    to->currency = store_op_text(op, from->currency);
    to->shop_key = store_op_text(op, from->shop_key);
    if (to->shop_key && (!*to->shop_key || strlen(to->shop_key) > KEY_MAX_BYTES))
        to->shop_key = NULL;
    if (to->posted_at_ms != CLOCK_NONE && to->posted_at_ms % MINUTE_MS == 0)
        to->posted_is_coarse = true;
}

/* The address and the board's name are the list's to tell. */
static void leave_to_list(struct deal_row *row)
{
    row->website = row->url = NULL;
}

/* A cut title without its "..." or "…"; NULL when nothing is left. */
static const char *stem_of(struct store_op *op, const char *title)
{
    size_t len = strlen(title);

    for (;;) {
        if (len && (title[len - 1] == '.' || title[len - 1] == ' '))
            len--;
        else if (len >= 3 && memcmp(title + len - 3, "\xe2\x80\xa6", 3) == 0)
            len -= 3;
        else
            break;
    }
    return len ? arena_strndup(&op->arena, title, len) : NULL;
}

static void note_stem(struct store_op *op, struct deal_row *row, const char **stem_out)
{
    *stem_out = row->title && row->title_is_cut ? stem_of(op, row->title) : NULL;
    row->title_is_cut = *stem_out != NULL;
}

static int by_key(const void *a_ptr, const void *b_ptr)
{
    const struct deal_row *a = a_ptr;
    const struct deal_row *b = b_ptr;
    size_t a_len = strlen(a->key);
    size_t b_len = strlen(b->key);
    int order = strcmp(a->site, b->site);

    if (order)
        return order;
    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return strcmp(a->key, b->key);
}

static bool time_is_sane(int64_t ms)
{
    return ms >= TIME_MIN_MS && ms <= TIME_MAX_MS;
}

static bool name_is_sane(const char *s, size_t max_bytes)
{
    return *s && strlen(s) <= max_bytes;
}

static int row_accept(const struct deal_row *row, struct err *err)
{
    if (!name_is_sane(row->site, NAME_MAX_BYTES))
        return err_set(err, ERR_STORE, "site \"%.100s\": expected 1 to %d bytes", row->site,
                       NAME_MAX_BYTES);
    if (!name_is_sane(row->key, KEY_MAX_BYTES) ||
        (row->product_id && !name_is_sane(row->product_id, KEY_MAX_BYTES)))
        return err_set(err, ERR_STORE,
                       "deal %s/%.100s (product \"%.100s\"): key and product id: expected 1 to %d "
                       "bytes each",
                       row->site, row->key, row->product_id ? row->product_id : "", KEY_MAX_BYTES);
    if (row->posted_at_ms != CLOCK_NONE && !time_is_sane(row->posted_at_ms))
        return err_set(err, ERR_STORE, "deal %s/%s: posted_at %lld: expected years 1 to 9999",
                       row->site, row->key, (long long)row->posted_at_ms);
    return 0;
}

void store_op_take_batch(struct store_op *op, const struct store_batch *batch)
{
    struct deal_row *rows = arena_array(&op->arena, struct deal_row, (size_t)batch->n + 1);

    check(batch->n >= 0 && time_is_sane(batch->at_ms));
    for (int i = 0; i < batch->n; i++) {
        copy_row(op, &batch->rows[i], &rows[i]);
        if (batch->from_post)
            leave_to_list(&rows[i]);
        else if (!rows[i].gone)
            check(rows[i].website && rows[i].product_id && rows[i].title && rows[i].url);
    }
    qsort(rows, (size_t)batch->n, sizeof(*rows), by_key);
    op->batch = *batch;
    op->batch.rows = rows;
    store_op_take_fence(op, &batch->fence);
    op->batch.update_only |= batch->from_post;
    op->title_stems = arena_array(&op->arena, const char *, (size_t)batch->n + 1);
    for (int i = 0; i < batch->n; i++) {
        note_stem(op, &rows[i], &op->title_stems[i]);
        if (row_accept(&rows[i], &op->err) < 0)
            return;
        if (i && by_key(&rows[i - 1], &rows[i]) == 0) {
            err_set(&op->err, ERR_STORE, "deal %s/%s: twice in one batch", rows[i].site,
                    rows[i].key);
            return;
        }
    }
}

void store_op_take_fence(struct store_op *op, const struct store_fence *fence)
{
    op->fence = (struct store_fence){.number = 0};
    if (fence && fence->number)
        op->fence = (struct store_fence){store_op_text(op, fence->site),
                                         store_op_text(op, fence->kind), fence->number};
}

/* ---- runs and queries ------------------------------------------------------------------------ */

void store_op_take_run(struct store_op *op, const struct store_run *run)
{
    op->run = *run;
    op->run.site = store_op_text(op, run->site);
    op->run.kind = store_op_text(op, run->kind);
    op->run.reason = store_op_text(op, run->reason);
    op->run.detail = store_op_text(op, run->detail);
    op->fence = (struct store_fence){op->run.site, op->run.kind, run->lease};
}

/* A time that a client sent: anything is allowed, the ends mean "all" and "nothing". */
static int64_t clamp_time(int64_t ms)
{
    if (ms < TIME_MIN_MS)
        return TIME_MIN_MS;
    return ms > TIME_MAX_MS ? TIME_MAX_MS : ms;
}

/* "At most until" is "before (until, the highest id)", and no bound at all is the outermost one: so
 * the stricter of the two is all that a statement needs, and its index finds the place at once. */
void store_op_take_query(struct store_op *op, const struct store_query *query)
{
    int64_t until_ms = query->until_ms == CLOCK_NONE ? TIME_MAX_MS : clamp_time(query->until_ms);
    struct store_query *own = &op->query;

    check(query->limit >= 1 && query->limit <= LIMIT_MAX && query->offset >= 0);
    *own = *query;
    own->site = store_op_text(op, query->site);
    if (own->before_sort_ms == CLOCK_NONE || own->before_sort_ms > until_ms) {
        own->before_sort_ms = until_ms;
        own->before_id = INT64_MAX;
    }
    own->before_sort_ms = clamp_time(own->before_sort_ms);
}

int64_t store_op_since(int64_t since_ms)
{
    return since_ms == CLOCK_NONE ? TIME_MIN_MS : clamp_time(since_ms);
}

int64_t store_op_sort_at(const struct deal_row *row, int64_t at_ms)
{
    int64_t known_ms = row->posted_at_ms != CLOCK_NONE ? row->posted_at_ms : at_ms;

    if (row->posted_at_ms == CLOCK_NONE && row->posted_before_ms)
        known_ms = row->posted_before_ms;
    /* A board's clock, or its misprint, may be ahead: nothing was posted after it was seen. */
    return known_ms < at_ms ? known_ms : at_ms;
}
