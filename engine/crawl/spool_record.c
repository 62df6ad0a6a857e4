/* SPDX-License-Identifier: MIT */
/* spool_record.c - frames and their JSON; see spool_record.h. */
#include "crawl/spool_record.h"
#include "base/jdoc.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "CDSPOOL1 "
enum {
    CHECK_BYTES = 16,
    LENGTH_DIGITS = 10,
    SITE_AT = 9 + 2 + LENGTH_DIGITS + 1 + 2 * CHECK_BYTES + 1
};

/* 0001-01-01 and 9999-12-31T23:59:59.999Z, as the store has them. */
#define TIME_MIN_MS INT64_C(-62135596800000)
#define TIME_MAX_MS INT64_C(253402300799999)

/* ---- frames ---------------------------------------------------------------------------------- */

static void check_of(const char *site, const char *payload, size_t len,
                     char hex[2 * CHECK_BYTES + 1])
{
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];

    check(sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1 &&
          EVP_DigestUpdate(sha, site, strlen(site)) == 1 && EVP_DigestUpdate(sha, "\n", 1) == 1 &&
          EVP_DigestUpdate(sha, payload, len) == 1 && EVP_DigestFinal_ex(sha, digest, NULL) == 1);
    EVP_MD_CTX_free(sha);
    str_hex(digest, CHECK_BYTES, hex);
}

static bool site_is_sane(const char *site)
{
    size_t len = strlen(site);

    return len >= 1 && len <= SPOOL_SITE_MAX && strcspn(site, " \t\r\n") == len;
}

void spool_frame_write(struct buf *out, const char *site, const char *payload, size_t len)
{
    char hex[2 * CHECK_BYTES + 1];

    check(site_is_sane(site) && !memchr(payload, '\n', len));
    check_of(site, payload, len, hex);
    buf_addf(out, MAGIC "+ %010zu %s %s\n", len, hex, site);
    buf_add(out, payload, len);
    buf_addc(out, '\n');
}

/* The first line, cut at `line_len`: 0, or -1 when it is none. */
static int read_head(const char *line, size_t line_len, struct spool_frame *out, char *hex)
{
    char text[SPOOL_HEAD_MAX + 1];
    char *end;
    size_t len;

    if (line_len <= SITE_AT || line_len >= sizeof(text) || memchr(line, '\0', line_len))
        return -1;
    memcpy(text, line, line_len);
    text[line_len] = '\0';
    if (!str_starts(text, MAGIC) || (text[9] != '+' && text[9] != '-') || text[10] != ' ')
        return -1;
    if (strspn(text + 11, "0123456789") != LENGTH_DIGITS || text[21] != ' ' ||
        strspn(text + 22, "0123456789abcdef") != 2 * CHECK_BYTES || text[SITE_AT - 1] != ' ' ||
        !site_is_sane(text + SITE_AT))
        return -1;
    len = strtoull(text + 11, &end, 10);
    if (len > BUF_MAX_DEFAULT)
        return -1;
    memcpy(hex, text + 22, 2 * CHECK_BYTES);
    hex[2 * CHECK_BYTES] = '\0';
    memcpy(out->site, text + SITE_AT, strlen(text + SITE_AT) + 1);
    out->is_done = text[9] == '-';
    out->payload_len = len;
    out->size = line_len + 1 + len + 1;
    return 0;
}

enum spool_verdict spool_frame_read(const char *bytes, size_t len, struct spool_frame *out)
{
    size_t head_max = len < SPOOL_HEAD_MAX ? len : SPOOL_HEAD_MAX;
    const char *newline = memchr(bytes, '\n', head_max);
    char told[2 * CHECK_BYTES + 1], found[2 * CHECK_BYTES + 1];
    size_t magic = strlen(MAGIC);

    *out = (struct spool_frame){0};
    if (memcmp(bytes, MAGIC, len < magic ? len : magic) != 0)
        return SPOOL_BROKEN;
    if (!newline)
        return len < SPOOL_HEAD_MAX ? SPOOL_TORN : SPOOL_BROKEN;
    if (read_head(bytes, (size_t)(newline - bytes), out, told) < 0)
        return SPOOL_BROKEN;
    if (len < out->size)
        return SPOOL_TORN;
    check_of(out->site, newline + 1, out->payload_len, found);
    if (bytes[out->size - 1] != '\n' || !str_eq(told, found)) {
        *out = (struct spool_frame){0};
        return SPOOL_BROKEN;
    }
    out->payload = newline + 1;
    return SPOOL_WHOLE;
}

size_t spool_frame_find(const char *bytes, size_t len, size_t from)
{
    while (from < len) {
        const char *at = memmem(bytes + from, len - from, MAGIC, strlen(MAGIC));

        if (!at)
            return len;
        if (at == bytes || at[-1] == '\n')
            return (size_t)(at - bytes);
        from = (size_t)(at - bytes) + 1;
    }
    return len;
}

/* ---- writing payloads ------------------------------------------------------------------------ */

static void add_str(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return; /* absent is NULL */
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, value);
}

static void add_int(struct buf *out, const char *name, int64_t value)
{
    if (value != DEAL_UNKNOWN) /* CLOCK_NONE is the same value */
        buf_addf(out, ",\"%s\":%lld", name, (long long)value);
}

static void add_flag(struct buf *out, const char *name, bool value)
{
    if (value)
        buf_addf(out, ",\"%s\":true", name);
}

static void add_row(struct buf *out, const struct deal_row *row)
{
    buf_adds(out, "{\"key\":");
    buf_add_json(out, row->key);
    add_str(out, "website", row->website);
    add_str(out, "product_id", row->product_id);
    add_str(out, "title", row->title);
    add_str(out, "url", row->url);
    add_str(out, "redirect_url", row->redirect_url);
    add_str(out, "image_url", row->image_url);
    add_str(out, "mall", row->mall);
    add_str(out, "category", row->category);
    add_str(out, "currency", row->currency);
    add_str(out, "shop_key", row->shop_key);
    add_int(out, "price_e2", row->price_e2);
    add_int(out, "posted_at", row->posted_at_ms);
    add_int(out, "posted_before", row->posted_before_ms);
    add_int(out, "view", row->view);
    add_int(out, "comment", row->comment);
    add_int(out, "like", row->like);
    add_int(out, "score", row->score);
    add_flag(out, "sold_out", row->sold_out);
    add_flag(out, "sold_out_unknown", row->sold_out_unknown);
    add_flag(out, "title_is_cut", row->title_is_cut);
    add_flag(out, "posted_is_coarse", row->posted_is_coarse);
    add_flag(out, "gone", row->gone);
    buf_addc(out, '}');
}

static void begin(struct buf *out, const char *kind, const char *site)
{
    buf_addf(out, "{\"kind\":\"%s\"", kind);
    add_str(out, "site", site);
}

static void add_fence(struct buf *out, const struct store_fence *fence)
{
    if (!fence->number)
        return;
    add_str(out, "lease_kind", fence->kind);
    add_int(out, "lease", fence->number);
}

void spool_write_deals(struct buf *out, const struct store_batch *batch)
{
    check(batch->n > 0);
    begin(out, "deals", batch->rows[0].site);
    add_int(out, "at", batch->at_ms);
    add_int(out, "run", batch->run_id);
    add_fence(out, &batch->fence);
    add_flag(out, "update_only", batch->update_only);
    add_flag(out, "from_post", batch->from_post);
    buf_adds(out, ",\"rows\":[");
    for (int i = 0; i < batch->n; i++) {
        check(str_eq(batch->rows[i].site, batch->rows[0].site));
        buf_adds(out, i ? "," : "");
        add_row(out, &batch->rows[i]);
    }
    buf_adds(out, "]}");
}

void spool_write_alive(struct buf *out, const struct store_alive_batch *batch)
{
    begin(out, "alive", batch->site);
    add_int(out, "at", batch->at_ms);
    add_int(out, "run", batch->run_id);
    add_fence(out, &batch->fence);
    add_int(out, "distance", batch->min_distance_ms);
    buf_adds(out, ",\"rows\":[");
    for (int i = 0; i < batch->n; i++) {
        buf_adds(out, i ? ",{\"key\":" : "{\"key\":");
        buf_add_json(out, batch->results[i].key);
        add_int(out, "verdict", batch->results[i].verdict);
        buf_addc(out, '}');
    }
    buf_adds(out, "]}");
}

void spool_write_run(struct buf *out, const struct store_run *run)
{
    begin(out, "run", run->site);
    add_str(out, "job", run->kind);
    add_int(out, "run", run->id);
    add_int(out, "lease", run->lease);
    add_int(out, "due", run->due_at_ms);
    add_int(out, "started", run->started_at_ms);
    add_int(out, "ended", run->ended_at_ms);
    add_str(out, "reason", run->reason);
    add_str(out, "detail", run->detail);
    add_int(out, "pages", run->pages);
    add_int(out, "pages_failed", run->pages_failed);
    add_int(out, "rows_seen", run->rows_seen);
    add_int(out, "added", run->counts.added);
    add_int(out, "changed", run->counts.changed);
    add_int(out, "same", run->counts.same);
    add_int(out, "filled", run->counts.filled);
    add_int(out, "bytes", run->bytes);
    add_int(out, "cpu_ms", run->cpu_ms);
    add_int(out, "peak_pss_bytes", run->peak_pss_bytes);
    add_int(out, "gb_ms", run->gb_ms);
    buf_addc(out, '}');
}

/* ---- reading payloads ------------------------------------------------------------------------ */

struct reader {
    struct arena *arena;
    const char *site;
    struct err *err;
};

static const char *get_str(const struct reader *r, const struct jval *v, const char *name)
{
    return arena_strdup(r->arena, jval_get_str(v, name, NULL));
}

static int need_str(const struct reader *r, const struct jval *v, const char *name,
                    const char **out)
{
    *out = get_str(r, v, name);
    return *out ? 0 : err_set(r->err, ERR_PROTOCOL, "%s: expected a text", name);
}

static int need_time(const struct reader *r, const struct jval *v, const char *name, int64_t *out)
{
    *out = jval_get_int(v, name, CLOCK_NONE);
    if (*out >= TIME_MIN_MS && *out <= TIME_MAX_MS)
        return 0;
    return err_set(r->err, ERR_PROTOCOL, "%s: expected a moment in milliseconds", name);
}

static int count_rows(const struct reader *r, const struct jval *rows, int *out)
{
    size_t n = jval_count(rows);

    *out = (int)n;
    if (jval_is_array(rows) && n > 0 && n <= 1000000)
        return 0;
    return err_set(r->err, ERR_PROTOCOL, "rows: expected an array of rows");
}

static int64_t get_count(const struct jval *v, const char *name)
{
    int64_t n = jval_get_int(v, name, 0);

    return n < 0 ? 0 : n;
}

static int get_small(const struct jval *v, const char *name)
{
    int64_t n = get_count(v, name);

    return n > INT32_MAX ? INT32_MAX : (int)n;
}

static int read_row(const struct reader *r, const struct jval *v, bool from_post,
                    struct deal_row *out)
{
    *out = (struct deal_row){
        .site = r->site,
        .website = get_str(r, v, "website"),
        .product_id = get_str(r, v, "product_id"),
        .title = get_str(r, v, "title"),
        .url = get_str(r, v, "url"),
        .redirect_url = get_str(r, v, "redirect_url"),
        .image_url = get_str(r, v, "image_url"),
        .mall = get_str(r, v, "mall"),
        .category = get_str(r, v, "category"),
        .currency = get_str(r, v, "currency"),
        .shop_key = get_str(r, v, "shop_key"),
        .price_e2 = jval_get_int(v, "price_e2", DEAL_UNKNOWN),
        .posted_at_ms = jval_get_int(v, "posted_at", CLOCK_NONE),
        .posted_before_ms = jval_get_int(v, "posted_before", 0),
        .view = jval_get_int(v, "view", DEAL_UNKNOWN),
        .comment = jval_get_int(v, "comment", DEAL_UNKNOWN),
        .like = jval_get_int(v, "like", DEAL_UNKNOWN),
        .score = jval_get_int(v, "score", DEAL_UNKNOWN),
        .sold_out = jval_get_bool(v, "sold_out", false),
        .sold_out_unknown = jval_get_bool(v, "sold_out_unknown", false),
        .title_is_cut = jval_get_bool(v, "title_is_cut", false),
        .posted_is_coarse = jval_get_bool(v, "posted_is_coarse", false),
        .gone = jval_get_bool(v, "gone", false),
    };
    if (need_str(r, v, "key", &out->key) < 0)
        return -1;
    if (from_post || out->gone || (out->website && out->product_id && out->title && out->url))
        return 0;
    return err_set(r->err, ERR_PROTOCOL, "deal %.100s: expected website, product_id, title, url",
                   out->key);
}

static struct store_fence get_fence(const struct reader *r, const struct jval *v)
{
    struct store_fence fence = {r->site, get_str(r, v, "lease_kind"), get_count(v, "lease")};

    return fence.number && fence.kind ? fence : (struct store_fence){.number = 0};
}

static int read_deals(const struct reader *r, const struct jval *v, struct store_batch *out)
{
    const struct jval *rows = jval_get(v, "rows");
    struct deal_row *row;

    *out = (struct store_batch){
        .run_id = get_count(v, "run"),
        .update_only = jval_get_bool(v, "update_only", false),
        .from_post = jval_get_bool(v, "from_post", false),
        .is_late = true,
        .fence = get_fence(r, v),
    };
    if (need_time(r, v, "at", &out->at_ms) < 0 || count_rows(r, rows, &out->n) < 0)
        return -1;
    out->rows = row = arena_array(r->arena, struct deal_row, (size_t)out->n);
    for (const struct jval *at = jval_first(rows); at; at = jval_next(at))
        if (read_row(r, at, out->from_post, row++) < 0)
            return -1;
    return 0;
}

static int read_alive(const struct reader *r, const struct jval *v, struct store_alive_batch *out)
{
    const struct jval *rows = jval_get(v, "rows");
    struct store_alive_result *result;

    *out = (struct store_alive_batch){
        .site = r->site,
        .run_id = get_count(v, "run"),
        .min_distance_ms = get_count(v, "distance"),
        .is_late = true,
        .fence = get_fence(r, v),
    };
    if (need_time(r, v, "at", &out->at_ms) < 0 || count_rows(r, rows, &out->n) < 0)
        return -1;
    out->results = result = arena_array(r->arena, struct store_alive_result, (size_t)out->n);
    for (const struct jval *at = jval_first(rows); at; at = jval_next(at), result++) {
        int64_t verdict = jval_get_int(at, "verdict", -1);

        if (need_str(r, at, "key", &result->key) < 0)
            return -1;
        if (verdict < ALIVE_UNKNOWN || verdict > ALIVE_GONE_MARK)
            return err_set(r->err, ERR_PROTOCOL, "verdict: expected %d to %d", ALIVE_UNKNOWN,
                           ALIVE_GONE_MARK);
        result->verdict = (enum store_verdict)verdict;
    }
    return 0;
}

static int read_run(const struct reader *r, const struct jval *v, struct store_run *out)
{
    *out = (struct store_run){
        .id = get_count(v, "run"),
        .lease = get_count(v, "lease"),
        .site = r->site,
        .detail = get_str(r, v, "detail"),
        .pages = get_small(v, "pages"),
        .pages_failed = get_small(v, "pages_failed"),
        .rows_seen = get_small(v, "rows_seen"),
        .counts = {.added = get_small(v, "added"),
                   .changed = get_small(v, "changed"),
                   .same = get_small(v, "same"),
                   .filled = get_small(v, "filled")},
        .bytes = get_count(v, "bytes"),
        .cpu_ms = get_count(v, "cpu_ms"),
        .peak_pss_bytes = get_count(v, "peak_pss_bytes"),
        .gb_ms = get_count(v, "gb_ms"),
        .is_late = true,
    };
    if (need_str(r, v, "job", &out->kind) < 0 || need_str(r, v, "reason", &out->reason) < 0 ||
        need_time(r, v, "due", &out->due_at_ms) < 0 ||
        need_time(r, v, "started", &out->started_at_ms) < 0)
        return -1;
    return need_time(r, v, "ended", &out->ended_at_ms);
}

static int read_root(struct reader *r, const struct jval *root, struct spool_record *out)
{
    const char *kind = jval_get_str(root, "kind", "");

    if (need_str(r, root, "site", &r->site) < 0)
        return -1;
    if (str_eq(kind, "deals")) {
        out->kind = SPOOL_DEALS;
        return read_deals(r, root, &out->u.deals);
    }
    if (str_eq(kind, "alive")) {
        out->kind = SPOOL_ALIVE;
        return read_alive(r, root, &out->u.alive);
    }
    if (str_eq(kind, "run")) {
        out->kind = SPOOL_RUN;
        return read_run(r, root, &out->u.run);
    }
    return err_set(r->err, ERR_PROTOCOL, "kind \"%.50s\": expected deals, alive or run", kind);
}

int spool_read(char *payload, size_t len, struct arena *arena, struct spool_record *out,
               struct err *err)
{
    struct reader r = {.arena = arena, .err = err};
    struct jdoc *doc;
    int rc;

    if (jdoc_parse(payload, len, &doc, err) < 0)
        return -1;
    rc = read_root(&r, jdoc_root(doc), out);
    jdoc_free(&doc);
    return rc;
}
