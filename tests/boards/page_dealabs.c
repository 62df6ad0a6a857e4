/* SPDX-License-Identifier: MIT */
/* page_dealabs.c - a board of the Pepper family (dealabs, mydealz, hotukdeals): what a row says is
 * JSON in an attribute, which a script draws; the title alone stands in the page. Votes are a
 * temperature, times are seconds since 1970, prices are numbers in euro.
 */
#include <stdio.h>
#include <string.h>

#include "boards/kit.h"
#include "boards/post.h"

static const char *const merchants[] = {"Épicerie Nuage", "Maison d'Été",     "Le Colporteur",
                                        "Brico & Cie",    "Chouette.example", "Forêt Sport"};
static const char *const groups[] = {"Épicerie", "High-Tech",        "Informatique",
                                     "Mode",     "Maison & Habitat", "Divers"};

/* One row in this board's words. */
struct card {
    struct kit_row row;
    long cents; /* 0: none told */
    int degrees, tenths;
    char price[24], full[32];
    const char *merchant, *group;
    char link[512];
};

/* JSON as PHP writes it by default: nothing but ASCII. */
static void json_ascii(struct out *o, const char *utf8)
{
    const unsigned char *at = (const unsigned char *)utf8;

    out_str(o, "\"");
    while (*at) {
        unsigned code = *at++;
        int more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : code >= 0xc0 ? 1 : 0;

        code = more ? code & (0x3fu >> more) : code;
        for (; more; more--)
            code = code << 6 | (*at++ & 0x3fu);
        if (code >= 0x10000)
            out_printf(o, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                       0xdc00 + ((code - 0x10000) & 0x3ff));
        else if (code == '"' || code == '\\' || code == '/')
            out_printf(o, "\\%c", (int)code);
        else if (code < 0x20 || code >= 0x7f)
            out_printf(o, "\\u%04x", code);
        else
            out_printf(o, "%c", (int)code);
    }
    out_str(o, "\"");
}

static void make_card(struct page *p, const struct deal *d, struct card *c)
{
    memset(c, 0, sizeof(*c));
    kit_row_init(p, d, false, "/bons-plans/bon-plan-%ld", "/threads/raw/%ld_1.jpg", &c->row);
    c->cents = d->id % 13 == 0 ? 0 : 199 + d->id * 7919 % 39000;
    c->degrees = (int)d->like * 9 - (d->id % 7 == 0 ? 30 : 0);
    c->tenths = (int)(d->id % 10);
    c->merchant = d->mall[0] ? merchants[d->id % 6] : NULL;
    c->group = groups[d->kind];
    snprintf(c->price, sizeof(c->price), "%ld,%02ld€", c->cents / 100, c->cents % 100);
    snprintf(c->link, sizeof(c->link), "%s", d->link);
    c->row.truth.posted_at = d->posted_at;
    c->row.truth.view = -1;
    c->row.truth.mall = c->merchant;
    c->row.truth.category = c->group;
    c->row.truth.price_text = c->cents ? c->price : NULL;
}

static void write_thread(const struct card *c, struct out *o)
{
    const struct deal *d = c->row.deal;

    out_printf(o,
               "{\"name\":\"ThreadMainListItemNormalizer\",\"props\":{\"thread\":{"
               "\"threadId\":\"%ld\",\"titleSlug\":\"bon-plan\",\"title\":",
               d->id);
    json_ascii(o, c->row.title);
    out_printf(o,
               ",\"commentCount\":%ld,\"status\":\"%s\",\"isExpired\":%s,\"isNew\":false,"
               "\"temperature\":%d.%d,\"temperatureLevel\":\"%s\",\"type\":\"Deal\",\"deletedAt\":"
               "null,\"bumpedAt\":0,\"publishedAt\":%lld,\"voucherCode\":\"\",\"link\":",
               d->comment, d->sold_out ? "Expired" : "Activated", d->sold_out ? "true" : "false",
               c->degrees, c->tenths, c->degrees > 100 ? "Burn" : "Hot1", (long long)d->posted_at);
    json_ascii(o, c->link);
    if (c->merchant) {
        out_printf(o, ",\"merchant\":{\"merchantId\":%ld,\"merchantName\":", d->id % 97);
        json_ascii(o, c->merchant);
        out_str(o, "}");
    } else {
        out_str(o, ",\"merchant\":null");
    }
    out_str(o, ",\"mainGroup\":{\"threadGroupId\":7,\"threadGroupName\":");
    json_ascii(o, c->group);
    out_str(o, "},\"mainImage\":");
    if (d->has_image)
        out_printf(o, "{\"path\":\"threads\\/raw\",\"name\":\"%ld_1\",\"ext\":\"jpg\"}", d->id);
    else
        out_str(o, "null");
    if (c->cents)
        out_printf(o, ",\"price\":%ld.%02ld", c->cents / 100, c->cents % 100);
    else
        out_str(o, ",\"price\":0");
    out_printf(o, ",\"nextBestPrice\":0,\"percentage\":0,\"user\":{\"userId\":%ld,\"username\":",
               d->id % 99991);
    json_ascii(o, d->nick);
    out_str(o, "},\"isHot\":false,\"hotDate\":0}}}");
}

/* An attribute in single quotes. */
static void draw_data(struct page *p, const char *version, const char *json)
{
    page_printf(p, "<div aria-busy=\"true\" class=\"js-%s\" data-handler=\"%s\" data-%s='", version,
                version, version);
    for (; *json; json++) {
        if (*json == '\'')
            page_raw(p, "&#039;");
        else if (*json == '&')
            page_raw(p, "&amp;");
        else
            out_mem(p->html, json, 1);
    }
    page_raw(p, "'></div>\n");
}

static void draw_part(struct page *p, const char *version, const char *name, long id)
{
    page_printf(p,
                "<div aria-busy=\"true\" class=\"js-%s\" data-handler=\"%s\" "
                "data-%s='{\"name\":\"%s\",\"props\":{\"threadId\":\"%ld\"}}'><div "
                "class=\"skeleton\"></div></div>\n",
                version, version, version, name, id);
}

static void draw_row(struct page *p, const struct deal *d)
{
    /* Some rows were rewritten for the third version of the script already. */
    const char *version = d->id % 5 == 0 ? "vue3" : "vue2";
    struct out json = {0};
    struct deal shown = *d;
    struct card c;

    make_card(p, d, &c);
    shown.like = c.degrees;
    write_thread(&c, &json);
    page_add_deal(p, &shown, &c.row.truth);
    page_printf(p,
                "<article id=\"thread_%ld\" class=\"thread cept-thread-item thread--type-list "
                "thread--newCard thread--deal%s\" data-t='thread' data-t-d='{\"id\":%ld}'>\n",
                d->id, d->sold_out ? " thread--expired" : "", d->id);
    draw_data(p, version, out_text(&json));
    page_raw(p, "<div class=\"threadListCard thread-clickRoot\">\n<div "
                "class=\"threadListCard-image\">");
    draw_part(p, version, "ThreadListItemImageNew", d->id);
    page_raw(p, "</div>\n<div class=\"threadListCard-header\">");
    draw_part(p, version, "VoteControlThreadListing", d->id);
    draw_part(p, version, "ThreadListItemTimestamp", d->id);
    page_printf(p,
                "</div>\n<div class=\"threadListCard-body\"><strong class=\"thread-title \"><a "
                "class=\"cept-tt thread-link linkPlain thread-title--list js-thread-title\" "
                "title=\"\" href=\"%s\" data-t='threadLink'>",
                c.row.href);
    page_text(p, c.row.title);
    page_raw(p, "</a></strong>\n");
    draw_part(p, version, "ThreadListItemInfo", d->id);
    page_raw(p, "</div>\n<div class=\"threadListCard-footer\">");
    draw_part(p, version, "CommentsButtonThreadListing", d->id);
    page_raw(p, "</div>\n</div>\n</article>\n");
    out_fini(&json);
}

static const char script[] =
    "<script>\n"
    "const FIRST_DRAWN_MS = 60;\n"
    "function draw(article) {\n"
    "  const attribute = article.querySelector('[data-vue2],[data-vue3]');\n"
    "  const t = JSON.parse(attribute.dataset.vue2 ?? attribute.dataset.vue3).props.thread;\n"
    "  const put = (where, html) => {\n"
    "    const busy = article.querySelector(where + ' [aria-busy]');\n"
    "    busy.removeAttribute('aria-busy');\n"
    "    busy.innerHTML = html;\n"
    "  };\n"
    "  const i = t.mainImage;\n"
    "  put('.threadListCard-image', i ? `<img class=\"thread-image\" "
    "src=\"/${i.path}/${i.name}.${i.ext}\">` : '');\n"
    "  put('.threadListCard-header', `<span "
    "class=\"vote-temp\">${Math.trunc(t.temperature)}°</span>`);\n"
    "  put('.threadListCard-footer', `<span class=\"button-text\">${t.commentCount}</span>`);\n"
    "}\n"
    "setTimeout(() => document.querySelectorAll('article').forEach(draw), FIRST_DRAWN_MS);\n"
    "</script>\n";

static void draw_ads(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.ads; i++) {
        const char *title = words_pick(&words_ads, (unsigned)i);

        page_printf(p, "<div class=\"js-ad-slot thread\"><a class=\"thread-link\" href=\"/ad/%d\">",
                    i);
        page_text(p, title);
        page_raw(p, "</a></div>\n");
        truth_add_excluded(p->truth, "ad", title);
    }
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    kit_head(p, "fr", "Les bons plans (démo)");
    page_raw(p, "<section class=\"gridLayout\"><div class=\"js-threadList\">\n");
    draw_ads(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, "</div></section>\n");
    page_raw(p, script);
    kit_pager(p, "/nouveaux?page=%d");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/bons-plans/bon-plan-");
}

static const struct board_list lists[] = {
    {"list", "/nouveaux", NULL, "page", 1, 3, 30, draw_list},
};

/* No site file reads them, so they are plain. */
static const struct board_post posts[] = {
    {"post", "/bons-plans/bon-plan-", post_draw_plain},
};

const struct board board_dealabs = {
    .name = "dealabs",
    .title = "Dealabs",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "dealabs",
            .slot_s = 900,
            .first_id = 2600000,
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
