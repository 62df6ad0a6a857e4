/* SPDX-License-Identifier: MIT */
/* page_coolenjoy.c - the board coolenjoy: list items that share an id, the end of a deal written as
 * its category, deleted posts whose row stays.
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
                    "<li class=\"d-md-table-row px-3 py-2 bg-light\"><div class=\"na-item\"><a "
                    "href=\"/bbs/jirum/%d\" class=\"na-subject\">",
                    2718 + i);
        page_text(p, title);
        page_raw(p, "</a></div></li>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    char views[24], full[40];

    kit_row_init(p, d, true, "/bbs/jirum/%ld", "/data/file/jirum/thumb-%ld_90x60.jpg", &row);
    kit_set_href(&row, "?page=%d", p->number);
    page_short_time(p, d->posted_at, "%H:%M", "%y.%m.%d", row.when, sizeof(row.when));
    page_time(d->posted_at, "%Y-%m-%dT%H:%M:%S+09:00", full, sizeof(full));
    kit_count(d->view, views, sizeof(views), &row.truth.view);
    row.truth.posted_at = d->posted_at;
    row.truth.category = d->sold_out ? NULL : p->rule.categories[d->kind];
    page_add_deal(p, d, &row.truth);
    page_printf(p,
                "<li class=\"d-md-table-row px-3 py-2 p-md-0 text-md-center\">\n<div "
                "class=\"d-none d-md-table-cell\"><span class=\"orangered\" id=\"abcd\">%s</span>"
                "</div>\n<div class=\"d-md-table-cell text-left\"><div class=\"na-title\"><div "
                "class=\"na-item\">\n",
                d->sold_out ? "종료됨" : p->rule.categories[d->kind]);
    if (d->has_image)
        page_printf(p,
                    "<a href=\"%s\" class=\"thumb\" style=\"background-image: url('%s')\"></a>\n",
                    row.href, row.image);
    page_printf(p, "<a href=\"%s\" class=\"na-subject\">\n", row.href);
    page_text(p, row.title);
    page_raw(p, "\n</a>\n<div class=\"na-info\">");
    if (d->comment)
        page_printf(p,
                    "<span class=\"sr-only\">댓글</span><span class=\"count-plus orangered\"><a "
                    "href=\"%s#bo_vc\">%ld</a></span>",
                    row.href, d->comment);
    page_printf(p,
                "</div></div></div></div>\n<div class=\"d-md-table-cell\"><font "
                "color=\"#888\">%s</font></div>\n<div class=\"d-md-table-cell\"><span "
                "class=\"sv_member\">%s</span></div>\n<div class=\"nw-4 nw-md-auto f-sm\"><i "
                "class=\"fa fa-clock-o\"></i><span class=\"sr-only\">등록일</span> <time "
                "datetime=\"%s\">%s</time></div>\n<div class=\"nw-4 nw-md-auto f-sm na-hit\"><i "
                "class=\"fa fa-eye\"></i><span class=\"sr-only\">조회</span> %s</div>\n",
                d->price[0] ? d->price : "", d->nick, full, row.when, views);
    if (d->like)
        page_printf(p,
                    "<div class=\"d-md-table-cell\"><span class=\"rank-icon_vote\">%ld</span>"
                    "</div>\n",
                    d->like);
    page_raw(p, "</li>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    kit_head(p, "ko", "지름/알뜰정보 (데모)");
    page_raw(p, "<section id=\"bo_list\"><ul class=\"na-table d-md-table w-100\">\n");
    draw_notices(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, "</ul></section>\n");
    kit_pager(p, "/bbs/jirum?page=%d");
}

static void draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char full[40];

    page_time(d->posted_at, "%Y-%m-%dT%H:%M:%S+09:00", full, sizeof(full));
    post->shown.category = d->sold_out ? NULL : post->shown.category;
    kit_head(p, "ko", "핫딜 (데모)");
    page_printf(p,
                "<article id=\"bo_v\"><header><h1 id=\"bo_v_title\"><span class=\"bo_v_cate\">%s"
                "</span><span class=\"bo_v_tit\">",
                d->sold_out ? "종료됨" : p->rule.categories[d->kind]);
    page_text(p, post->title);
    page_printf(
        p,
        "</span></h1></header>\n<section id=\"bo_v_info\"><div>%s <time "
        "datetime=\"%s\">%.16s</time></div><div><span class=\"pr-3\">%ld <i class=\"fa "
        "fa-eye\"></i></span><span class=\"pr-3\">%ld <i class=\"fa "
        "fa-commenting\"></i></span><span class=\"wr_good_cnt\">%ld</span></div></section>\n"
        "<section id=\"bo_v_atc\">%s\n",
        d->nick, full, full, d->view, d->comment, d->like,
        d->sold_out ? "<b>종료된 게시물입니다.</b>" : "");
    if (post->href[0]) {
        page_raw(p, "<div class=\"d-table-row border-top border-bottom\"><a href=\"");
        page_text(p, post->href);
        page_raw(p, "\">");
        page_text(p, d->link);
        page_raw(p, " (3회 연결)</a></div>\n");
    }
    page_raw(p, "<div class=\"view-content\">");
    if (post->image[0])
        page_printf(p, "<p><img src=\"%s\"></p>\n", post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></section></article>\n</body></html>\n");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/bbs/jirum/");
}

static const struct board_list lists[] = {
    {"list", "/bbs/jirum", NULL, "page", 1, 3, 25, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/bbs/jirum/", draw_post},
};

const struct board board_coolenjoy = {
    .name = "coolenjoy",
    .title = "지름/알뜰정보",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "coolenjoy",
            .slot_s = 1800,
            .first_id = 2500000,
            .categories = {"기타", "모바일", "PC관련", "기타", "가전", "기타"},
        },
    .knobs = {.sold_permille = 250, .notice = 2, .ads = 0, .blind = 1, .dup = 0, .hot = 0},
    .hidden_title = "삭제된 글",
    .hidden_kind = "blind",
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
