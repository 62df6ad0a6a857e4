/* SPDX-License-Identifier: MIT */
/* deal_json.c - see deal_json.h. Names and order of the app's members are its contract. */
#include "api/deal_json.h"
#include "api/date_ago.h"

static void add_text(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, value);
}

static void add_flag(struct buf *out, const char *name, bool value)
{
    buf_addf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void add_count_or_zero(struct buf *out, const char *name, int64_t value)
{
    buf_addf(out, ",\"%s\":%lld", name, value == DEAL_UNKNOWN ? 0 : (long long)value);
}

static void add_count_or_null(struct buf *out, const char *name, int64_t value)
{
    if (value == DEAL_UNKNOWN)
        buf_addf(out, ",\"%s\":null", name);
    else
        buf_addf(out, ",\"%s\":%lld", name, (long long)value);
}

static void add_app_deal(struct buf *out, const struct deal *deal, const char *keyword, int order,
                         int64_t now_ms, const char *is_marked)
{
    const struct deal_row *row = &deal->row;

    buf_addf(out, "{\"order\":%d", order);
    if (keyword)
        add_text(out, "keywordTitle", keyword);
    add_text(out, "productId", row->product_id);
    add_text(out, "title", row->title);
    add_count_or_zero(out, "view", row->view);
    add_count_or_zero(out, "comment", row->comment);
    add_count_or_zero(out, "like", row->like);
    add_count_or_zero(out, "score", row->score);
    buf_adds(out, ",\"dateAgo\":\"");
    date_ago_add(out, row->posted_at_ms == CLOCK_NONE ? deal->sort_at_ms : row->posted_at_ms,
                 now_ms);
    buf_addc(out, '"');
    add_text(out, "imageUrl", row->image_url);
    add_flag(out, "isSoldOut", row->sold_out);
    add_flag(out, "isDeleted", deal->is_deleted);
    add_flag(out, "isTitleChanged", deal->is_title_changed);
    add_text(out, "url", row->url);
    add_text(out, "shortUrl", row->redirect_url);
    buf_addf(out, ",\"isBookmark\":%s}", is_marked);
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
        add_text(out, "site", twin->site);
        add_text(out, "website", twin->website);
        add_text(out, "title", twin->title);
        add_text(out, "url", twin->url);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

void deal_json_v3(struct buf *out, const struct deal *deal, const struct clock_zone *zone)
{
    const struct deal_row *row = &deal->row;

    buf_adds(out, "{\"product_id\":");
    buf_add_json(out, row->product_id);
    add_text(out, "site", row->site);
    add_text(out, "website", row->website);
    add_text(out, "key", row->key);
    add_text(out, "title", row->title);
    add_text(out, "url", row->url);
    add_text(out, "redirect_url", row->redirect_url);
    add_text(out, "image_url", row->image_url);
    add_time(out, "posted_at", row->posted_at_ms, zone);
    add_count_or_null(out, "view", row->view);
    add_count_or_null(out, "comment", row->comment);
    add_count_or_null(out, "like", row->like);
    add_count_or_null(out, "score", row->score);
    add_price(out, row->price_e2);
    add_text(out, "currency", row->currency);
    add_text(out, "mall", row->mall);
    add_text(out, "category", row->category);
    add_flag(out, "sold_out", row->sold_out);
    add_flag(out, "is_deleted", deal->is_deleted);
    add_flag(out, "is_title_changed", deal->is_title_changed);
    add_time(out, "created_at", deal->created_at_ms, zone);
    add_time(out, "updated_at", deal->updated_at_ms, zone);
    add_also_on(out, deal);
    buf_addc(out, '}');
}
