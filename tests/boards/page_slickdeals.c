/* SPDX-License-Identifier: MIT */
/* page_slickdeals.c - a board in English that a script draws from the state in its page: prices in
 * dollars, times of the American west coast as a title, pictures that load when seen.
 */
#include <stdio.h>
#include <string.h>

#include "boards/kit.h"
#include "boards/post.h"

enum { KST_AHEAD_S = 9 * 3600, HOUR_S = 3600, DAY_S = 86400 };

static const char *const stores[] = {"Harbor & Pine", "Copperfield's", "BigBoxly", "Trailhead Co"};
static const char *const kinds[] = {"Grocery", "Tech",          "Computers",
                                    "Apparel", "Home & Garden", "Other"};

/* The first Sunday of the month that holds `at`, midnight UTC. */
static int64_t first_sunday(int64_t month_begin)
{
    int64_t day = month_begin / DAY_S;

    /* 1970-01-01 was a Thursday. */
    return (day + (10 - day % 7) % 7) * DAY_S;
}

static int64_t month_begin(int64_t at, const char *month)
{
    char text[40], year[8];
    int64_t begin = 0;

    page_time(at - KST_AHEAD_S, "%Y", year, sizeof(year));
    snprintf(text, sizeof(text), "%s-%s-01T00:00:00Z", year, month);
    world_parse_time(text, &begin);
    return begin;
}

/* Pacific time: summer time from the second Sunday of March to the first of November, 2 o'clock. */
static int64_t pacific(int64_t at)
{
    int64_t from = first_sunday(month_begin(at, "03")) + 7 * DAY_S + 10 * HOUR_S;
    int64_t to = first_sunday(month_begin(at, "11")) + 9 * HOUR_S;

    return at - (at >= from && at < to ? 7 : 8) * HOUR_S;
}

static void local_time(int64_t at, char *text, size_t size)
{
    /* page_time() adds Korea's hours. */
    page_time(pacific(at) - KST_AHEAD_S, "%b %d, %Y %I:%M %p", text, size);
}

static void write_ago(const struct page *p, int64_t at, char *text, size_t size)
{
    long hours = (long)(p->now - at) / HOUR_S;

    if (hours < 24)
        snprintf(text, size, "%ldh ago", hours);
    else
        snprintf(text, size, "%ldd ago", hours / 24);
}

static void add_truth(struct page *p, const struct deal *d, struct kit_row *row, char *price,
                      size_t size)
{
    long cents = 99 + d->id * 7919 % 25000;

    kit_row_init(p, d, false, "/f/%ld-deal", "/attachment/%ld.thumb", row);
    write_ago(p, d->posted_at, row->when, sizeof(row->when));
    snprintf(price, size, "$%ld.%02ld", cents / 100, cents % 100);
    row->truth.view = -1;
    row->truth.mall = d->mall[0] ? stores[d->id % 4] : NULL;
    row->truth.category = kinds[d->kind];
    row->truth.price_text = price;
    row->truth.posted_at = d->posted_at / 60 * 60;
    page_add_deal(p, d, &row->truth);
}

/* A deal as the script finds it. */
static void draw_state(struct page *p, const struct deal *d, bool sponsored)
{
    struct kit_row row;
    char price[24], full[40];

    if (sponsored) {
        page_printf(p, "{\"ad\":true,\"id\":%ld,\"title\":", d->id);
        out_json(p->html, d->product);
        page_raw(p, "},\n");
        truth_add_excluded(p->truth, "ad", d->product);
        return;
    }
    add_truth(p, d, &row, price, sizeof(price));
    local_time(d->posted_at, full, sizeof(full));
    page_printf(p, "{\"id\":%ld,\"href\":\"%s?src=frontpage\",\"title\":", d->id, row.path);
    out_json(p->html, row.title);
    page_raw(p, ",\"store\":");
    out_json_or_null(p->html, row.truth.mall);
    page_printf(p,
                ",\"category\":\"%s\",\"price\":\"%s\",\"votes\":%ld,\"comments\":%ld,\"expired\":"
                "%s,\"posted\":\"%s\",\"ago\":\"%s\",\"image\":",
                kinds[d->kind], price, d->like, d->comment, d->sold_out ? "true" : "false", full,
                row.when);
    out_json_or_null(p->html, d->has_image ? row.image : NULL);
    page_raw(p, "},\n");
}

static const char script[] =
    "null]</script>\n"
    "<script type=\"module\">\n"
    "const DRAWN_AFTER_MS = 150;\n"
    "const escape = s => s.replace(/[&<>\"]/g, c => `&#${c.charCodeAt(0)};`);\n"
    "const ad = d => `<li class=\"frontpageGrid__feedItem\" data-type=\"ad\"><div "
    "class=\"promotedCard\"><a class=\"promotedCard__title\" "
    "href=\"/azpp/${d.id}\">${escape(d.title)}</a></div></li>`;\n"
    "const card = d => d.ad ? ad(d) : `<li class=\"frontpageGrid__feedItem${d.expired ? ' expired' "
    ": ''}\"><div class=\"dealCard\" data-threadid=\"${d.id}\"><div "
    "class=\"dealCard__imageContainer\">${d.image ? `<img class=\"dealCard__image\" "
    "loading=\"lazy\" "
    "src=\"/transparent.gif\" data-src=\"${d.image}\">` : ''}</div><div "
    "class=\"dealCard__content\"><a class=\"dealCard__title\" "
    "href=\"${d.href}\">${escape(d.title)}</a><div class=\"dealCard__priceContainer\"><span "
    "class=\"dealCard__price\">${d.price}</span></div>${d.store ? `<span "
    "class=\"dealCard__storeLink\">${escape(d.store)}</span>` : ''}<span "
    "class=\"dealCard__category\">${escape(d.category)}</span><span class=\"slickdealsTimestamp\" "
    "title=\"${d.posted}\">${d.ago}</span><span "
    "class=\"dealCardSocialControls__voteCount\">${d.votes}</span>${d.comments ? `<a "
    "class=\"dealCardSocialControls__comments\">${d.comments}</a>` : ''}</div></div></li>`;\n"
    "const state = JSON.parse(document.getElementById('__STATE__').textContent);\n"
    "setTimeout(() => {\n"
    "  document.querySelector('.frontpageGrid').innerHTML = "
    "state.filter(d => d).map(card).join('');\n"
    "}, DRAWN_AFTER_MS);\n"
    "</script>\n";

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);
    int k;

    kit_head(p, "en", "Frontpage deals (demo)");
    page_raw(p, "<main><ul class=\"frontpageGrid frontpageSlickdealsGrid\"></ul></main>\n<script "
                "id=\"__STATE__\" type=\"application/json\">[\n");
    for (k = 0; k < p->knobs.ads; k++) {
        struct deal ad = {.id = 900 + k};

        snprintf(ad.product, sizeof(ad.product), "%s", words_pick(&words_ads, (unsigned)k));
        draw_state(p, &ad, true);
    }
    for (i = 0; i < count; i++)
        draw_state(p, &deals[i], false);
    page_raw(p, script);
    kit_pager(p, "/?page=%d");
}

static long post_id(const char *path, const char *query)
{
    long id = 0;

    (void)query;
    return sscanf(path, "/f/%ld-", &id) == 1 ? id : 0;
}

static const struct board_list lists[] = {
    {"list", "/", NULL, "page", 1, 3, 40, draw_list},
};

/* No site file reads them, so they are plain. */
static const struct board_post posts[] = {
    {"post", "/f/", post_draw_plain},
};

const struct board board_slickdeals = {
    .name = "slickdeals",
    .title = "Slickdeals",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "slickdeals",
            .slot_s = 900,
            .first_id = 18000000,
            .flags = DEALS_EMOJI,
            .categories = {"", "", "", "", "", ""},
        },
    .knobs = {.sold_permille = 100, .notice = 0, .ads = 2, .blind = 0, .dup = 1, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
