/* SPDX-License-Identifier: MIT */
/* page_damoang.c - the board damoang: whole rows that are one link, counts without classes of their
 * own that stand twice (wide and narrow screens); with epoch=2025 the list of before.
 */
#include <stdio.h>

#include "boards/kit.h"
#include "boards/post.h"

enum { OLD_EPOCH = 2025 };

static void draw_notices(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(p,
                    page_epoch(p, OLD_EPOCH)
                        ? "<li class=\"list-group-item da-notice\"><div class=\"flex-fill\"><a "
                          "class=\"da-link-block\" href=\"/notice/%d\">"
                        : "<a class=\"post-row notice\" href=\"/notice/%d\"><span><span "
                          "class=\"post-title\">",
                    100 + i);
        page_text(p, title);
        page_raw(p, page_epoch(p, OLD_EPOCH) ? "</a></div></li>\n" : "</span></span></a>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
}

static void draw_old(struct page *p, const struct kit_row *row)
{
    const struct deal *d = row->deal;

    page_printf(p,
                "<li class=\"list-group-item\"><div class=\"d-flex\"><div class=\"rcmd-box\"><span "
                "class=\"visually-hidden\">추천</span>%ld</div><div class=\"flex-fill\">%s<a "
                "class=\"da-link-block da-article-link\" href=\"%s\">",
                d->like, d->sold_out ? "<span class=\"badge\">종료</span> " : "", row->href);
    page_text(p, row->title);
    page_raw(p, "</a>");
    if (d->comment)
        page_printf(p, " <span class=\"count-plus\">%ld</span>", d->comment);
    page_printf(p,
                "</div><div class=\"sv_wrap\"><span class=\"sv_name\">%s</span></div><div "
                "class=\"wr-date\"><span class=\"visually-hidden\">등록일</span><span "
                "class=\"da-list-date\">%s</span></div><div class=\"wr-num order-4\"><span "
                "class=\"visually-hidden\">조회</span>%ld</div></div></li>\n",
                d->nick, row->when, d->view);
}

static void draw_new(struct page *p, const struct kit_row *row, const char *views)
{
    const struct deal *d = row->deal;

    page_printf(p,
                "<a class=\"post-row\" href=\"%s\"><div><div><div>%ld</div></div><div><div>%s<span>"
                "<span class=\"post-title\">",
                row->href, d->like, d->sold_out ? "<span class=\"badge\">종료</span>" : "");
    page_text(p, row->title);
    page_raw(p, "</span>");
    if (d->comment)
        page_printf(p, " <span class=\"comment-count\">%ld</span>", d->comment);
    page_printf(p,
                "</span></div>\n<span class=\"post-meta-text\"><span>%s</span></span> <span "
                "class=\"post-meta-text\">%s</span> <span class=\"post-meta-text\">%s</span>\n<div "
                "class=\"mobile-meta\"><span>%ld</span><span>%s</span><span>%s</span></div></div>"
                "</div></a>\n",
                d->nick, row->when, views, d->like, row->when, views);
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    char views[24];

    kit_row_init(p, d, true, "/economy/%ld", "/thumb/%ld.jpg", &row);
    page_short_time(p, d->posted_at, "%H:%M", "%m.%d", row.when, sizeof(row.when));
    row.truth.image = NULL;
    row.truth.category = NULL;
    if (!page_epoch(p, OLD_EPOCH))
        kit_count(d->view, views, sizeof(views), &row.truth.view);
    page_add_deal(p, d, &row.truth);
    if (page_epoch(p, OLD_EPOCH))
        draw_old(p, &row);
    else
        draw_new(p, &row, views);
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);
    bool old = page_epoch(p, OLD_EPOCH);

    kit_head(p, "ko", "알뜰구매 (데모)");
    page_raw(p, old ? "<section id=\"bo_list\"><ul class=\"list-group\">\n"
                    : "<main class=\"board-list\">\n");
    draw_notices(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, old ? "</ul></section>\n" : "</main>\n");
    kit_pager(p, "/economy?page=%d");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/economy/");
}

static const struct board_list lists[] = {
    {"list", "/economy", NULL, "page", 1, 3, 25, draw_list},
};

/* No site file reads them, so they are plain. */
static const struct board_post posts[] = {
    {"post", "/economy/", post_draw_plain},
};

const struct board board_damoang = {
    .name = "damoang",
    .title = "알뜰구매",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "damoang",
            .slot_s = 1800,
            .first_id = 60000,
            .flags = DEALS_EMOJI,
            .categories = {"식품", "디지털", "컴퓨터", "의류", "생활", "기타"},
        },
    .knobs = {.sold_permille = 250, .notice = 1, .ads = 0, .blind = 0, .dup = 0, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
