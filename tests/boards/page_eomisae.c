/* SPDX-License-Identifier: MIT */
/* page_eomisae.c - the board eomisae: cards, counts told apart by their icons alone, a day without a
 * time.
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
                    "<div class=\"card_el ntc clear\"><div class=\"card_content\"><h3><a "
                    "class=\"pjax\" href=\"/notice/%d\">",
                    100 + i);
        page_text(p, title);
        page_raw(p, "</a></h3></div></div>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;

    kit_row_init(p, d, true, "/fs/%ld", "/files/thumbnails/%ld/190x190.crop.jpg?t=17", &row);
    kit_set_href(&row, "?page=%d", p->number);
    page_time(d->posted_at, "%y.%m.%d", row.when, sizeof(row.when));
    row.truth.price_text = NULL;
    page_add_deal(p, d, &row.truth);
    page_raw(p, "<div class=\"card_el n_ntc clear\"><div class=\"rt_area is_tmb\">\n");
    if (d->has_image)
        page_printf(p, "<div class=\"tmb_wrp\"><img class=\"tmb\" src=\"%s\" alt=\"\" /></div>\n",
                    row.image);
    page_printf(p,
                "<div class=\"card_content\"><p><span class=\"cate\">%s,</span> "
                "<span>%s</span></p>\n<h3>%s<a class=\"pjax\" href=\"%s\">",
                p->rule.categories[d->kind], row.when,
                d->sold_out ? "<span class=\"fin\">종료</span> " : "", row.href);
    page_text(p, row.title);
    page_printf(p,
                "</a></h3>\n<div class=\"infos\"><span class=\"fr\"><i class=\"ion-ios-eye\"></i> "
                "%ld</span><span class=\"fr\"><i class=\"ion-ios-chatbubble\"></i> %ld</span><span "
                "class=\"fr\"><i class=\"ion-ios-heart\"></i> %ld</span></div>\n</div></div></div>"
                "\n",
                d->view, d->comment, d->like);
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    kit_head(p, "ko", "패션정보 (데모)");
    page_raw(p, "<div class=\"card_wrap\">\n");
    draw_notices(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, "</div>\n");
    kit_pager(p, "/index.php?mid=fs&amp;page=%d");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/fs/");
}

static const struct board_list lists[] = {
    {"list", "/index.php", "mid=fs", "page", 1, 3, 20, draw_list},
};

/* No site file reads them, so they are plain. */
static const struct board_post posts[] = {
    {"post", "/fs/", post_draw_plain},
};

const struct board board_eomisae = {
    .name = "eomisae",
    .title = "패션정보",
    .content_type = "text/html; charset=UTF-8",
    .rule =
        {
            .board = "eomisae",
            .slot_s = 3600,
            .first_id = 190000,
            .categories = {"식품", "가전", "가전", "패션", "생활", "기타"},
        },
    .knobs = {.sold_permille = 100, .notice = 2, .ads = 0, .blind = 0, .dup = 1, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
