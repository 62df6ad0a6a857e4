/* SPDX-License-Identifier: MIT */
/* extract.c - gives the in-page program's text its meaning: times, counts, prices, ids.
 *
 * The answer comes from a page that anyone may have written, so every length has a bound here.
 * Not here: finding the text (extract.js), judging whether too few rows came (the job).
 */
#include "crawl/extract.h"

#include "base/map.h"
#include "base/str.h"
#include "crawl/amount.h"
#include "crawl/link.h"
#include "crawl/mall.h"
#include "crawl/when.h"

#include "gen/extract_js.h"
#include "gen/prelude_js.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>

#define MAX_ROWS 5000
#define MAX_KEY_BYTES 128
#define MAX_TITLE_BYTES 1024
#define MAX_SHORT_BYTES 128
#define MAX_URL_BYTES 2048
#define MAX_HTML_BYTES ((size_t)8 << 20)

struct reading {
    const struct site *site;
    const struct site_layout *layout;
    struct row_set *set;
    struct map keys;
    int64_t now_ms;
};

const char *extract_program(void)
{
    return extract_js;
}

const char *extract_prelude(void)
{
    return prelude_js;
}

const char *extract_product_id(struct arena *arena, const struct site *site, const char *key)
{
    static const EVP_MD *sha256; /* fetched once: it takes longer than the digest */
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;
    struct buf text;
    char hex[13];

    buf_init(&text, BUF_MAX_DEFAULT);
    buf_add(&text, site->id, strlen(site->id) + 1);
    buf_adds(&text, key);
    if (!sha256)
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    check(EVP_Digest(text.data, text.len, digest, &digest_len, sha256, NULL) == 1);
    buf_fini(&text);
    str_hex(digest, 6, hex);
    return arena_printf(arena, "%s_%s", site->id_prefix, hex);
}

/* ---- values ---- */

static const char *raw(const struct jval *row, const char *field)
{
    return jval_get_str(row, field, NULL);
}

/* At most max_bytes of it, cut between characters; NULL stays NULL. */
static const char *cut(struct arena *arena, const char *text, size_t max_bytes)
{
    return text ? arena_strndup(arena, text, str_cut_utf8(text, max_bytes)) : NULL;
}

/* A cut address leads elsewhere: a too long one is dropped. */
static const char *address(struct arena *arena, const char *url)
{
    if (!url || strlen(url) > MAX_URL_BYTES ||
        (!str_starts(url, "http://") && !str_starts(url, "https://")))
        return NULL;
    return arena_strdup(arena, url);
}

static bool has_rule(const struct site_layout *layout, const char *field)
{
    for (size_t i = 0; i < layout->n_fields; i++)
        if (str_eq(layout->fields[i].name, field))
            return true;
    return false;
}

static int64_t count(const struct jval *row, const char *field, int64_t otherwise)
{
    int64_t value;

    return amount_count(raw(row, field), &value) ? value : otherwise;
}

/* Boards leave out a count of 0. */
static int64_t optional_count(const struct reading *r, const struct jval *row, const char *field)
{
    return count(row, field, has_rule(r->layout, field) ? 0 : DEAL_UNKNOWN);
}

static void set_posted_at(const struct reading *r, const struct jval *row, struct deal_row *deal)
{
    static const int64_t day_ms = 24 * 3600 * 1000;
    int64_t moment_ms;
    enum when_kind kind = when_parse(raw(row, "posted_at"), r->now_ms, r->site->zone, &moment_ms);

    deal->posted_at_ms = kind == WHEN_EXACT ? moment_ms : CLOCK_NONE;
    if (kind == WHEN_DAY)
        deal->posted_before_ms = moment_ms + day_ms;
    else if (kind == WHEN_AGO)
        deal->posted_before_ms = moment_ms;
}

/* Titles are read by Korean habits: elsewhere what looks like won is a number without a sign. */
static bool price_in_title(const struct site *site, const char *title, struct amount_price *out)
{
    return amount_price_in_title(title, out) &&
           (str_eq(site->currency, "KRW") || !str_eq(out->currency, "KRW"));
}

static void set_price(const struct site *site, const struct jval *row, struct deal_row *deal)
{
    struct amount_price price;

    deal->price_e2 = DEAL_UNKNOWN;
    if (!amount_price_in(raw(row, "price"), site->currency, &price) &&
        !price_in_title(site, deal->title, &price))
        return;
    deal->price_e2 = price.e2;
    deal->currency = price.currency;
}

/* Without wrappers; what is left of one that could not be taken off may still be followed. */
static void set_redirect(struct arena *arena, const struct jval *row, struct deal_row *deal)
{
    char *target = link_resolve(raw(row, "redirect_url"));
    char *key = link_shop_key(target);

    deal->redirect_url = address(arena, target);
    deal->shop_key = deal->redirect_url ? arena_strdup(arena, key) : NULL;
    mem_free(key);
    mem_free(target);
}

/* The names of malls are those of Korean boards: elsewhere Amazon is Amazon. */
static void set_mall(const struct site *site, struct arena *arena, const struct jval *row,
                     struct deal_row *deal)
{
    const char *shown = raw(row, "mall");
    bool is_foreign = !str_eq(site->currency, "KRW");
    const char *name = is_foreign ? NULL : mall_known(shown);
    char *in_title;

    deal->mall = cut(arena, name ? name : shown, MAX_SHORT_BYTES);
    if (deal->mall)
        return;
    in_title = mall_in_title(deal->title, is_foreign);
    deal->mall = arena_strdup(arena, in_title);
    mem_free(in_title);
}

static double weighed(int64_t value, double weight)
{
    return value == DEAL_UNKNOWN ? 0 : (double)value * weight;
}

static int64_t score(const struct site *site, const struct deal_row *deal)
{
    double sum = weighed(deal->view, site->score_view) + weighed(deal->like, site->score_like) +
                 weighed(deal->comment, site->score_comment);

    return fabs(sum) < 1e15 ? llround(sum) : 0;
}

/* ---- rows ---- */

/* What lists and posts have in common. */
static void fill_row(const struct reading *r, const struct jval *row, struct deal_row *deal)
{
    struct arena *arena = &r->set->arena;

    deal->site = r->site->id;
    deal->title = cut(arena, raw(row, "title"), MAX_TITLE_BYTES);
    deal->title_is_cut = raw(row, "title_cut") != NULL;
    deal->gone = raw(row, "gone") != NULL;
    set_redirect(arena, row, deal);
    deal->image_url = address(arena, raw(row, "image"));
    deal->category = cut(arena, raw(row, "category"), MAX_SHORT_BYTES);
    set_posted_at(r, row, deal);
    deal->view = count(row, "view", DEAL_UNKNOWN);
    deal->comment = optional_count(r, row, "comment");
    deal->like = optional_count(r, row, "like");
    deal->sold_out = raw(row, "sold_out") != NULL;
    deal->sold_out_unknown = !has_rule(r->layout, "sold_out");
    set_price(r->site, row, deal);
    set_mall(r->site, arena, row, deal);
    deal->score = score(r->site, deal);
}

static void add_row(struct reading *r, const struct jval *row)
{
    struct row_set *set = r->set;
    const char *key = raw(row, "key");
    const char *url = address(&set->arena, raw(row, "url"));
    struct deal_row *deal = &set->rows[set->n];

    if (str_empty(key) || strlen(key) > MAX_KEY_BYTES || !url || str_empty(raw(row, "title")))
        return;
    if (map_get(&r->keys, key)) {
        set->duplicates++;
        return;
    }
    map_put(&r->keys, key, deal);
    set->n++;
    deal->key = arena_strdup(&set->arena, key);
    deal->url = url;
    deal->website = r->site->name;
    deal->product_id = extract_product_id(&set->arena, r->site, key);
    fill_row(r, row, deal);
}

static bool weighs_nothing_unknown(const struct site *site, const struct deal_row *deal)
{
    return (deal->view != DEAL_UNKNOWN || site->score_view == 0) &&
           (deal->like != DEAL_UNKNOWN || site->score_like == 0) &&
           (deal->comment != DEAL_UNKNOWN || site->score_comment == 0);
}

static void read_post(struct reading *r, const struct jval *rows)
{
    struct deal_row *deal = r->set->rows = arena_new(&r->set->arena, struct deal_row);
    const struct jval *row = jval_first(rows);

    if (!row)
        return;
    r->set->n = 1;
    fill_row(r, row, deal);
    if (!weighs_nothing_unknown(r->site, deal))
        deal->score = DEAL_UNKNOWN;
}

static const struct site_layout *layout_named(const struct site *site, enum site_what what,
                                              const char *name)
{
    size_t n;
    const struct site_layout *layouts = site_layouts(site, what, &n);

    for (size_t i = 0; i < n; i++)
        if (str_eq(layouts[i].name, name))
            return &layouts[i];
    return NULL;
}

static void read_rows(struct reading *r, const struct jval *rows)
{
    size_t n = jval_count(rows);

    if (n > MAX_ROWS)
        n = MAX_ROWS;
    r->set->rows = arena_array(&r->set->arena, struct deal_row, n + 1);
    map_init(&r->keys);
    for (const struct jval *row = jval_first(rows); row && n > 0; row = jval_next(row), n--)
        add_row(r, row);
    map_fini(&r->keys);
}

/* ---- what the page says of itself ---- */

static void read_page(struct row_set *set, const struct jval *result)
{
    struct arena *arena = &set->arena;

    set->status = (int)jval_get_int(result, "status", 0);
    set->url = cut(arena, jval_get_str(result, "url", ""), MAX_URL_BYTES);
    set->title = cut(arena, jval_get_str(result, "title", ""), MAX_TITLE_BYTES);
    set->text_head = cut(arena, jval_get_str(result, "text_head", ""), MAX_TITLE_BYTES);
    set->ready = jval_get_bool(result, "ready", false);
    set->unfinished = jval_get_bool(result, "unfinished", false);
    set->waited_ms = jval_get_int(result, "waited_ms", 0);
    set->html_bytes = jval_get_int(result, "html_length", 0);
    set->gone = cut(arena, jval_get_str(result, "gone", NULL), MAX_TITLE_BYTES);
    set->html = cut(arena, jval_get_str(result, "html", NULL), MAX_HTML_BYTES);
    set->seen = (int)jval_get_int(result, "seen", 0);
}

static void read_counts(struct row_set *set, const struct jval *skipped, const struct jval *fields)
{
    struct arena *arena = &set->arena;

    set->skips = arena_array(arena, struct extract_skip, jval_count(skipped) + 1);
    for (const struct jval *one = jval_first(skipped); one; one = jval_next(one))
        set->skips[set->n_skips++] = (struct extract_skip){
            cut(arena, jval_name(one), MAX_TITLE_BYTES), (int)jval_int(one, 0)};
    set->fields = arena_array(arena, struct extract_field, jval_count(fields) + 1);
    for (const struct jval *one = jval_first(fields); one; one = jval_next(one))
        set->fields[set->n_fields++] = (struct extract_field){
            cut(arena, jval_name(one), MAX_SHORT_BYTES), (int)jval_get_int(one, "matched", 0),
            (int)jval_get_int(one, "valued", 0), (int)jval_get_int(one, "many", 0)};
}

/* A selector or regex that Chrome refused, told with the line of the file that holds it. */
static int bad_rule(const struct site *site, const struct jval *error, struct err *err)
{
    const char *rule = jval_get_str(error, "rule", "?");
    const char *value;
    int line = site_rule_line(site, rule, (size_t)jval_get_int(error, "n", 0), &value);

    return err_set(err, ERR_SITE, "%s:%d: %s: \"%s\": expected %s: %s", site->path, line, rule,
                   value ? value : "", jval_get_str(error, "expected", "a valid rule"),
                   jval_get_str(error, "text", "refused by Chrome"));
}

static int read_answer(const struct site *site, enum site_what what, const struct jval *result,
                       int64_t now_ms, struct row_set **out, struct err *err)
{
    const char *layout = jval_get_str(result, "layout", NULL);
    struct reading r = {.site = site, .now_ms = now_ms, .layout = layout_named(site, what, layout)};

    *out = NULL;
    if (jval_is_object(jval_get(result, "error")))
        return bad_rule(site, jval_get(result, "error"), err);
    if (!jval_is_array(jval_get(result, "rows")) || (layout && !r.layout))
        return err_set(err, ERR_PROTOCOL, "site %s: extract: unexpected answer of the page",
                       site->id);
    r.set = mem_new(struct row_set);
    arena_init(&r.set->arena);
    r.set->what = what;
    read_page(r.set, result);
    read_counts(r.set, jval_get(result, "skipped"), jval_get(result, "fields"));
    if (r.layout) {
        r.set->layout = r.layout->name;
        if (what == SITE_LIST)
            read_rows(&r, jval_get(result, "rows"));
        else
            read_post(&r, jval_get(result, "rows"));
    }
    *out = r.set;
    return 0;
}

int extract_read(const struct site *site, const struct jval *result, int64_t now_ms,
                 struct row_set **out, struct err *err)
{
    return read_answer(site, SITE_LIST, result, now_ms, out, err);
}

int extract_read_post(const struct site *site, const struct jval *result, int64_t now_ms,
                      struct row_set **out, struct err *err)
{
    return read_answer(site, SITE_POST, result, now_ms, out, err);
}

void row_set_free(struct row_set **set)
{
    if (!*set)
        return;
    arena_fini(&(*set)->arena);
    mem_free(*set);
    *set = NULL;
}
