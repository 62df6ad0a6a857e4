/* SPDX-License-Identifier: MIT */
/* page_zod.c - the board zod: one link around each row, description lists without classes on their
 * entries, sponsors inside a row of their own.
 */
#include <stdio.h>

#include "boards/kit.h"
#include "boards/post.h"

static void draw_notices(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(p,
                    "<li class=\"notice\">\n  <a href=\"/deal/%d\" class=\"tw:flex tw:w-full\">\n"
                    "    <span class=\"tw:text-primary\">공지</span>\n    <div class=\"tw:flex-1\">"
                    "<span class=\"tw:mr-1\"><span style=\"font-weight:bold\">",
                    1713 + i);
        page_text(p, title);
        page_raw(p, "</span></span></div>\n  </a>\n</li>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
}

static void draw_sponsors(struct page *p)
{
    int i;

    if (!p->knobs.ads)
        return;
    page_raw(p, "<li>\n<div class=\"xe-widget-wrapper\"><div class=\"zod-widgets--deal_partner "
                "horizontal native-list\">\n");
    for (i = 0; i < p->knobs.ads; i++) {
        const char *title = words_pick(&words_ads, (unsigned)i);

        page_printf(p, "  <a href=\"/deal_partner/%d\" title=\"", 833000 + i);
        page_text(p, title);
        page_printf(p, "\"><img src=\"/files/partner/%d.jpg\" width=\"250\"><div><p>", i);
        page_text(p, title);
        page_raw(p, "</p><p>9,900원</p></div></a>\n");
        truth_add_excluded(p->truth, "ad", title);
    }
    page_raw(p, "</div></div>\n</li>\n");
}

static void draw_entry(struct page *p, const char *term, const char *label, const char *value)
{
    page_printf(p, "<dt>%s</dt>\n        <dd>%s%s<strong>", term, label, *label ? ": " : "");
    page_text(p, value);
    page_raw(p, "</strong></dd>\n");
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    char full[32];

    kit_row_init(p, d, false, "/deal/%ld", "/files/thumbnails/%ld/100x100.crop.jpg?t=17", &row);
    kit_ago(p, d->posted_at, "%Y.%m.%d", false, row.when, sizeof(row.when));
    row.truth.view = -1;
    row.truth.category = NULL;
    row.truth.posted_at = d->posted_at;
    page_time(d->posted_at, "%Y-%m-%d %H:%M:%S", full, sizeof(full));
    page_add_deal(p, d, &row.truth);
    page_printf(p, "<li%s>\n<a class=\"tw:flex-1\" href=\"%s\">\n",
                d->sold_out ? " class=\"zod-board-list--deal-ended\"" : "", row.href);
    if (d->has_image)
        page_printf(p, "  <div class=\"app-thumbnail\"><img src=\"%s\"></div>\n", row.image);
    else
        page_raw(p, "  <div class=\"app-thumbnail app-thumbnail-no-content\"><i "
                    "class=\"iconoir-page\"></i></div>\n");
    page_raw(p, "  <div class=\"tw:flex-1\"><div class=\"app-list-title tw:flex-wrap\"><span "
                "class=\"tw:mr-1 app-list-title-item\">\n");
    page_text(p, row.title);
    page_raw(p, "                </span></div>\n<dl class=\"app-list-meta zod-board--deal-meta "
                "tw:mt-1\">");
    if (d->mall[0])
        draw_entry(p, "홈페이지/장소", "", d->mall);
    if (d->price[0])
        draw_entry(p, "가격", "가격", d->price);
    draw_entry(p, "배송비", "배송비", row.shipping);
    page_printf(p,
                "</dl><dl class=\"app-list-meta\"><dt>작성자 닉네임</dt><dd "
                "class=\"app-list-member\"><span class=\"member_%ld\"><img "
                "class=\"zod-member--image-level\" src=\"/level/%ld.svg\" alt=\"[레벨:%ld]\" "
                "title=\"포인트:%ldpoint\">\n%s</span></dd>\n<dt>등록일자</dt><dd title=\"%s\"><i "
                "class=\"iconoir-calendar\"></i>\n%s </dd>\n<dt>추천수</dt><dd "
                "class=\"app-list__voted-count active\"><i class=\"iconoir-heart\" title=\"추천 "
                "횟수\"></i>\n%ld </dd></dl></div>\n",
                d->id % 9973, d->id % 50, d->id % 50, d->id % 100000, d->nick, full, row.when,
                d->like);
    if (d->comment)
        page_printf(p, "  <div class=\"app-list-comment\">\n%ld  </div>\n", d->comment);
    page_raw(p, "</a>\n</li>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    kit_head(p, "ko", "특가 (데모)");
    page_raw(p, "<ul class=\"app-board-template-list zod-board-list--deal\">");
    draw_notices(p);
    draw_sponsors(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, "</ul>\n");
    kit_pager(p, "/deal/page/%d");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/deal/");
}

static const struct board_list lists[] = {
    {"list", "/deal", NULL, "/page/", 1, 3, 20, draw_list},
};

/* No site file reads them, so they are plain. */
static const struct board_post posts[] = {
    {"post", "/deal/", post_draw_plain},
};

const struct board board_zod = {
    .name = "zod",
    .title = "특가",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "zod",
            .slot_s = 1800,
            .first_id = 800000,
            .flags = DEALS_EMOJI,
            .categories = {"식품", "디지털", "PC", "의류", "생활", "기타"},
        },
    .knobs = {.sold_permille = 150, .notice = 1, .ads = 3, .blind = 0, .dup = 1, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
