/* SPDX-License-Identifier: MIT */
/* deal_json.c - see deal_json.h. Names and order of the app's members are its contract. */
#include "api/deal_json.h"
#include "api/date_ago.h"

/* Members come as literals with what stands before their value: a list has some 300 of them, and
 * formats would be a tenth of its time. */
#define ADD(out, literal) buf_add(out, literal, sizeof(literal) - 1)
#define ADD_TEXT(out, name, value) (ADD(out, ",\"" name "\":"), buf_add_json(out, value))
#define ADD_FLAG(out, name, value) \
    ((value) ? ADD(out, ",\"" name "\":true") : ADD(out, ",\"" name "\":false"))
#define ADD_COUNT_OR_ZERO(out, name, value) \
    (ADD(out, ",\"" name "\":"), buf_add_int(out, (value) == DEAL_UNKNOWN ? 0 : (value)))
#define ADD_COUNT_OR_NULL(out, name, value) (ADD(out, ",\"" name "\":"), add_count_or_null(out, value))

static void add_count_or_null(struct buf *out, int64_t value)
{
    if (value == DEAL_UNKNOWN)
        ADD(out, "null");
    else
        buf_add_int(out, value);
}

static void add_app_deal(struct buf *out, const struct deal *deal, const char *keyword, int order,
                         int64_t now_ms, const char *is_marked)
{
    const struct deal_row *row = &deal->row;

    ADD(out, "{\"order\":");
    buf_add_int(out, order);
    if (keyword)
        ADD_TEXT(out, "keywordTitle", keyword);
    ADD_TEXT(out, "productId", row->product_id);
    ADD_TEXT(out, "title", row->title);
    ADD_COUNT_OR_ZERO(out, "view", row->view);
    ADD_COUNT_OR_ZERO(out, "comment", row->comment);
    ADD_COUNT_OR_ZERO(out, "like", row->like);
    ADD_COUNT_OR_ZERO(out, "score", row->score);
    ADD(out, ",\"dateAgo\":\"");
    date_ago_add(out, row->posted_at_ms == CLOCK_NONE ? deal->sort_at_ms : row->posted_at_ms,
                 now_ms);
    buf_addc(out, '"');
    ADD_TEXT(out, "imageUrl", row->image_url);
    ADD_FLAG(out, "isSoldOut", row->sold_out);
    ADD_FLAG(out, "isDeleted", deal->is_deleted);
    ADD_FLAG(out, "isTitleChanged", deal->is_title_changed);
    ADD_TEXT(out, "url", row->url);
    ADD_TEXT(out, "shortUrl", row->redirect_url);
    ADD(out, ",\"isBookmark\":");
    buf_adds(out, is_marked);
    buf_addc(out, '}');
}

void deal_json_app(struct buf *out, const struct deal *deal, int order, int64_t now_ms)
{
    add_app_deal(out, deal, NULL, order, now_ms, "null");
}

void deal_json_user(struct buf *out, const struct deal *deal, const char *keyword, bool is_marked,
                    int order, int64_t now_ms)
{
    add_app_deal(out, deal, keyword, order, now_ms, is_marked ? "true" : "false");
}

static void add_time(struct buf *out, const char *name, int64_t at_ms,
                     const struct clock_zone *zone)
{
    char text[CLOCK_RFC3339_BYTES];

    if (at_ms == CLOCK_NONE) {
        buf_addf(out, ",\"%s\":null", name);
        return;
    }
    clock_format_local(zone, at_ms, text);
    buf_addf(out, ",\"%s\":\"%s\"", name, text);
}

/* 12900 or 19.99, exact: never through a double. */
static void add_price(struct buf *out, int64_t price_e2)
{
    if (price_e2 == DEAL_UNKNOWN)
        buf_adds(out, ",\"price\":null");
    else if (price_e2 % 100 == 0)
        buf_addf(out, ",\"price\":%lld", (long long)(price_e2 / 100));
    else
        buf_addf(out, ",\"price\":%s%lld.%02lld", price_e2 < 0 ? "-" : "",
                 (long long)(price_e2 < 0 ? -(price_e2 / 100) : price_e2 / 100),
                 (long long)(price_e2 < 0 ? -(price_e2 % 100) : price_e2 % 100));
}

static void add_also_on(struct buf *out, const struct deal *deal)
{
    buf_adds(out, ",\"also_on\":[");
    for (int i = 0; i < deal->n_also_on; i++) {
        const struct deal_twin *twin = &deal->also_on[i];

        buf_adds(out, i ? ",{\"product_id\":" : "{\"product_id\":");
        buf_add_json(out, twin->product_id);
        ADD_TEXT(out, "site", twin->site);
        ADD_TEXT(out, "website", twin->website);
        ADD_TEXT(out, "title", twin->title);
        ADD_TEXT(out, "url", twin->url);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

void deal_json_v3(struct buf *out, const struct deal *deal, const struct clock_zone *zone)
{
    const struct deal_row *row = &deal->row;

    buf_adds(out, "{\"product_id\":");
    buf_add_json(out, row->product_id);
    ADD_TEXT(out, "site", row->site);
    ADD_TEXT(out, "website", row->website);
    ADD_TEXT(out, "key", row->key);
    ADD_TEXT(out, "title", row->title);
    ADD_TEXT(out, "url", row->url);
    ADD_TEXT(out, "redirect_url", row->redirect_url);
    ADD_TEXT(out, "image_url", row->image_url);
    add_time(out, "posted_at", row->posted_at_ms, zone);
    ADD_COUNT_OR_NULL(out, "view", row->view);
    ADD_COUNT_OR_NULL(out, "comment", row->comment);
    ADD_COUNT_OR_NULL(out, "like", row->like);
    ADD_COUNT_OR_NULL(out, "score", row->score);
    add_price(out, row->price_e2);
    ADD_TEXT(out, "currency", row->currency);
    ADD_TEXT(out, "mall", row->mall);
    ADD_TEXT(out, "category", row->category);
    ADD_FLAG(out, "sold_out", row->sold_out);
    ADD_FLAG(out, "is_deleted", deal->is_deleted);
    ADD_FLAG(out, "is_title_changed", deal->is_title_changed);
    add_time(out, "created_at", deal->created_at_ms, zone);
    add_time(out, "updated_at", deal->updated_at_ms, zone);
    add_also_on(out, deal);
    buf_addc(out, '}');
}
