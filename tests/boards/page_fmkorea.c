/* SPDX-License-Identifier: MIT */
/* page_fmkorea.c - the board fmkorea: a list whose class says widget, blank pictures with the true
 * address beside them, popular posts repeated in a table above, sold out by one letter of a class.
 */
#include <stdio.h>
#include <string.h>

#include "boards/kit.h"
#include "boards/post.h"

enum { POPULAR_ROWS = 2 };

/* Votes are one number, for less against; it may be below 0. */
static long votes(const struct deal *d)
{
    return d->like - d->dislike * (d->id % 11 == 0 ? 40 : 1);
}

static void draw_top_row(struct page *p, const char *label, long id, const char *title,
                         const char *kind)
{
    page_printf(p,
                "<tr class=\"notice\"><td class=\"no\"><strong>%s</strong></td><td "
                "class=\"title\"><a href=\"/index.php?mid=hotdeal&amp;document_srl=%ld\">",
                label, id);
    page_text(p, title);
    page_printf(p,
                "</a> <a href=\"/index.php?mid=hotdeal&amp;document_srl=%ld#c\" "
                "class=\"replyNum\">45</a></td><td class=\"author\"><span>운영</span></td></tr>\n",
                id);
    truth_add_excluded(p->truth, kind, title);
}

static void draw_top(struct page *p, const struct deal *deals, size_t count)
{
    char title[800];
    int i;

    page_raw(p, "<div class=\"bd_tl\"><h1 class=\"ngeb clear\"><a href=\"/hotdeal\">핫딜</a></h1>"
                "</div>\n<table class=\"bd_lst bd_tb_lst\"><tbody>\n");
    for (i = 0; i < p->knobs.notice; i++)
        draw_top_row(p, "공지", 1200490 + i, words_pick(&words_notices, (unsigned)i), "notice");
    for (i = 0; p->first && i < POPULAR_ROWS && (size_t)i + 5 < count; i++) {
        deal_title(&deals[i + 5], title, sizeof(title));
        draw_top_row(p, "인기", deals[i + 5].id, title, "best-duplicate");
    }
    page_raw(p, "</tbody></table>\n<div class=\"side_widget\"><ul><li class=\"li2\"><h3 "
                "class=\"title\"><a href=\"/humor/1\">옆 게시판 글</a></h3></li></ul></div>\n");
}

static void draw_info(struct page *p, const struct kit_row *row)
{
    const struct deal *d = row->deal;

    page_raw(p, "\t<div class=\"hotdeal_info\">\t");
    if (d->mall[0]) {
        page_raw(p, "<span>\t쇼핑몰: <a href=\"/index.php?mid=hotdeal&amp;search_target=title\" "
                    "class=\"strong\">");
        page_text(p, d->mall);
        page_raw(p, "</a>\t</span>\t/\t");
    }
    if (d->price[0])
        page_printf(p, "<span>\t가격: <a href=\"%s\" class=\"strong\">%s</a>\t</span>\t/\t",
                    row->href, d->price);
    page_printf(p,
                "<span>\t배송: <a href=\"%s\" class=\"strong\">%s</a>\t</span>\t</div>\t<div>\t"
                "<span class=\"category\">\t<a "
                "href=\"/index.php?mid=hotdeal&amp;category=1196\">%s</a> /\t</span>\t<span "
                "class=\"regdate\">\t%s\t<!--\t\t%s\t-->\t</span>\t<span class=\"author\"> / "
                "%s</span>\t\t</div>\t",
                row->href, row->shipping, p->rule.categories[d->kind], row->when, row->when,
                d->nick);
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    struct deal shown = *d;

    shown.like = votes(d);
    kit_row_init(p, d, false, "/%ld", "/filesn/cache/thumb/%ld_70x50.crop.webp?c=1", &row);
    page_short_time(p, d->posted_at, "%H:%M", "%Y.%m.%d", row.when, sizeof(row.when));
    row.truth.view = -1;
    page_add_deal(p, &shown, &row.truth);
    page_raw(p, "<li class=\"li  li_best2_pop0 li_best2_hotdeal0 \" style=\"\"><div class=\"li\" "
                "style=\"padding-left:120px;position:relative;\">\n\t");
    if (shown.like)
        page_printf(p,
                    "<a href=\"%s\" class=\"pc_voted_count pc_voted_count_plus\">\t<span "
                    "class=\"label\">추천 </span>\t<span class=\"count\">%ld</span>\t</a>\t",
                    row.href, shown.like);
    page_printf(p, "<a href=\"%s\">\t", row.href);
    if (d->has_image)
        page_printf(p,
                    "<img class=\"thumb\" src=\"/classes/lazy/img/transparent.gif\" "
                    "data-original=\"%s\" alt=\"\" width=\"70\" height=\"50\" "
                    "onerror=\"this.style.display='none'\" />\t",
                    row.image);
    page_printf(p,
                "</a>\t<h3 class=\"title\" data-title-ellipsis=\"true\">\t<a href=\"%s\" class=\" "
                "hotdeal_var8%s\">\t\t<span class=\"ellipsis-target\">",
                row.href, d->sold_out ? "Y" : "");
    page_text(p, row.title);
    page_raw(p, "</span>&nbsp;\t");
    if (d->comment)
        page_printf(p, "<span class=\"comment_count\">[%ld]</span>\t", d->comment);
    page_raw(p, "</a>\t\t</h3>");
    draw_info(p, &row);
    page_raw(p, "</div></li>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    kit_head(p, "ko", "핫딜 (데모)");
    draw_top(p, deals, count);
    page_raw(p, "<div class=\"fm_best_widget _bd_pc\">\n<ul>\n");
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    page_raw(p, "</ul>\n</div>\n");
    kit_pager(p, "/index.php?mid=hotdeal&amp;page=%d");
}

static void draw_line(struct page *p, const char *name, const char *value)
{
    page_printf(p, "<tr>\t<th scope=\"row\">%s</th>\t<td><div class=\"xe_content\">", name);
    page_text(p, value);
    page_raw(p, "</div></td>\t</tr>\t");
}

static void draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char at[32];

    page_time(d->posted_at, "%Y.%m.%d %H:%M", at, sizeof(at));
    /* Minutes only. */
    post->shown.posted_at = d->posted_at / 60 * 60;
    post->shown.like = votes(d);
    post->shown.sold_out = false;
    post->shown.price_text = d->price[0] ? d->price : NULL;
    kit_head(p, "ko", "핫딜 (데모)");
    page_printf(p,
                "<div class=\"rd rd_nav_style2 clear\" data-docSrl=\"%ld\"><div "
                "class=\"top_area ngeb\"><span class=\"date m_no\">%s</span>\t<h1 "
                "class=\"np_18px\">\t<span class=\"np_18px_span\">",
                d->id, at);
    page_text(p, post->title);
    page_printf(p,
                "</span></h1></div>\n<div class=\"btm_area clear\"><div class=\"side fr\"><span>"
                "조회 수 <b>%ld</b></span>\t<span>추천 수 <b>%ld</b></span>\t<span>댓글 "
                "<b>%ld</b></span></div></div>\n<table class=\"hotdeal_table\">",
                d->view, votes(d), d->comment);
    if (post->href[0]) {
        page_raw(p, "<tr>\t<th scope=\"row\">링크</th>\t<td><div class=\"xe_content\"><a href=\"");
        page_text(p, post->href);
        page_raw(p, "\" target=\"_blank\" class=\"hotdeal_url\">");
        page_text(p, post->href);
        page_raw(p, "</a></div></td>\t</tr>");
    }
    if (d->mall[0])
        draw_line(p, "쇼핑몰", d->mall);
    draw_line(p, "상품명", d->product);
    if (d->price[0])
        draw_line(p, "가격", d->price);
    page_raw(p, "</table>\n<article><div class=\"rd_body clear\"><div class=\"xe_content\">");
    if (post->image[0])
        page_printf(p,
                    "<p><img src=\"/classes/lazy/img/transparent.gif\" data-original=\"%s\"></p>\n",
                    post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></div></article></div>\n</body></html>\n");
}

static long post_id(const char *path, const char *query)
{
    long id = path_number(path, "/");

    return id ? id : strcmp(path, "/index.php") == 0 ? query_number(query, "document_srl", 0) : 0;
}

static const struct board_list lists[] = {
    {"list", "/index.php", "mid=hotdeal", "page", 1, 3, 20, draw_list},
    {"list-short", "/hotdeal", NULL, "page", 1, 3, 20, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/", draw_post},
};

const struct board board_fmkorea = {
    .name = "fmkorea",
    .title = "핫딜",
    .content_type = "text/html; charset=UTF-8",
    .rule =
        {
            .board = "fmkorea",
            .slot_s = 900,
            .first_id = 9000000,
            .flags = DEALS_EMOJI,
            .categories = {"먹거리", "가전제품", "PC제품", "의류", "생활용품", "기타"},
        },
    .knobs = {.sold_permille = 200, .notice = 3, .ads = 0, .blind = 0, .dup = 0, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 2,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
