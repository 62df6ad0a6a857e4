/* SPDX-License-Identifier: MIT */
/* page_dealbada.c - the board dealbada (gnuboard5): dates without a year, titles with helper spans
 * inside their link, a blinded row that looks like an ended deal.
 */
#include <stdio.h>
#include <string.h>

#include "boards/dealbada.h"

/* The number a row shows is not the one in its address. */
enum { BEST_LIKES = 12, LIST_NO_BEHIND = 186000 };

/* The picture of posts that have none, under the name it has on the real board. */
static const char stock_image[] = "/img/stock/hLD9hzI.jpg";

static void draw_head(struct page *p)
{
    page_printf(
        p,
        "<!doctype html>\n<html lang=\"ko\">\n<head>\n    <meta charset=\"utf-8\">\n"
        "    <title>국내핫딜 %d 페이지 | 데모</title>\n    <link rel=\"stylesheet\" "
        "href=\"/css/default.css\">\n"
        "    <script src=\"/js/common.js\"></script>\n</head>\n<body>\n<div id=\"container\">\n"
        "<form name=\"fboardlist\" id=\"fboardlist\" action=\"./board_list_update.php\" "
        "method=\"post\">\n"
        "<input type=\"hidden\" name=\"bo_table\" value=\"deal_domestic\">\n"
        "<div class=\"tbl_head01 tbl_wrap\">\n<table class=\"hoverTable\">\n<caption>국내핫딜 "
        "목록</caption>\n<thead>\n<tr>"
        "<th scope=\"col\">번호</th><th scope=\"col\">글쓴이</th><th scope=\"col\">분류</th><th "
        "scope=\"col\"></th>"
        "<th scope=\"col\">제목</th><th scope=\"col\"> 날짜 </th><th scope=\"col\"> 조회 </th><th "
        "scope=\"col\"></th></tr>\n</thead>\n"
        "<tbody>\n<style>\n  tr.best_article { background: #f9f9ff !important; }\n</style>\n",
        p->number);
}

/* The menu behind a nickname stands twice: once for script, once in noscript. */
static void draw_author(struct page *p, const char *nick)
{
    struct out menu = {0};

    out_printf(
        &menu,
        "<span class=\"sv\"> <a href=\"/bbs/memo_form.php?me_recv_mb_nick=%s\">쪽지보내기</a> "
        "<a "
        "href=\"/bbs/"
        "board.php?bo_table=deal_domestic&amp;sca=&amp;sfl=mb_nick,1&amp;stx=%s\">아이디로 "
        "검색</a> </span>",
        nick, nick);
    page_printf(p,
                "<td class=\"td_name sv_use\"><span class=\"sv_wrap\"> <a "
                "href=\"/bbs/profile.php?mb_nick=%s\" class=\"sv_member\" "
                "title=\"%s 자기소개\" onclick=\"return false;\">\n <div class=\"div_nickname\">\n "
                " %s\n </div></a> %s\n"
                "<noscript class=\"sv_nojs\">%s</noscript></span></td>\n",
                nick, nick, nick, out_text(&menu), out_text(&menu));
    out_fini(&menu);
}

static void draw_category(struct page *p, const char *name)
{
    struct out encoded = {0};

    out_url_encoded(&encoded, name);
    page_printf(p,
                "<td class=\"td_cate\"> <a "
                "href=\"http://%s/bbs/board.php?bo_table=deal_domestic&amp;sca=%s\" "
                "class=\"bo_cate_link\">%s</a> </td>\n",
                p->request->host, out_text(&encoded), name);
    out_fini(&encoded);
}

static void draw_thumb(struct page *p, long id, const char *image)
{
    page_printf(
        p,
        "<td class=\"td_img\"> <a "
        "href=\"http://%s/bbs/board.php?bo_table=deal_domestic&amp;wr_id=%ld&amp;page=%d\"> ",
        p->request->host, id, p->number);
    page_raw(p, "<img ");
    page_image(p, image ? image : stock_image);
    page_raw(p, " width=\"50\" height=\"40\" style=\"border:1px solid silver;\"");
    if (image)
        page_printf(p, " onmouseover=\"showtrail(400,300,'%s');\" onmouseout=\"hidetrail();\"",
                    image);
    page_raw(p, "> </a> </td>\n");
}

static void draw_subject(struct page *p, long id, const char *title, long comments, bool ended,
                         bool best)
{
    page_printf(
        p,
        "<td class=\"td_subject\"> %s<a "
        "href=\"http://%s/bbs/board.php?bo_table=deal_domestic&amp;wr_id=%ld&amp;page=%d\"%s> ",
        best ? "<img src=\"/img/icon/best.png\" width=\"15\">&nbsp; " : "", p->request->host, id,
        p->number, ended ? " style=\"color: #ACACAC\"" : "");
    page_text(p, title);
    if (comments)
        page_printf(p,
                    " <span class=\"sound_only\">댓글</span><span "
                    "class=\"cnt_cmt\">%ld</span><span class=\"sound_only\">개</span>",
                    comments);
    page_printf(p, "%s </a> </td>\n",
                ended ? " <img src=\"/img/icon/end.png\" style=\"height:16px;margin-top: -3px;\" "
                        "alt=\"종료\">"
                      : "");
}

static void draw_counts(struct page *p, const char *when, long views, long likes, long dislikes)
{
    page_printf(
        p,
        "<td class=\"td_date\">%s</td>\n<td class=\"td_num\">%ld</td>\n"
        "<td class=\"td_num_g\" style=\"color:#000;\"><span style=\"color:#ac3131\">%ld</span> / "
        "<span style=\"color:#1f00b5\">%ld</span></td>\n</tr>\n",
        when, views, likes, dislikes);
}

static void draw_notices(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)(i + 2));

        page_raw(p, "<tr class=\"bo_notice best_article\">\n<td class=\"td_num\"> "
                    "<strong>공지</strong> </td>\n");
        draw_author(p, "운영자");
        draw_category(p, "공지");
        draw_thumb(p, 5976 + i, NULL);
        draw_subject(p, 5976 + i, title, 1188, false, true);
        draw_counts(p, "01-01", 196201, 646, 1);
        truth_add_excluded(p->truth, "notice", title);
    }
}

static void add_truth(struct page *p, const struct deal *d, struct truth_row *row,
                      const char *list_no)
{
    char path[96], href[160];

    snprintf(path, sizeof(path), "/bbs/board.php?bo_table=deal_domestic&wr_id=%ld", d->id);
    snprintf(href, sizeof(href), "http://%s%s&page=%d", p->request->host, path, p->number);
    row->path = path;
    row->href = href;
    row->list_no = list_no;
    page_add_deal(p, d, row);
}

static void draw_row(struct page *p, const struct deal *d)
{
    char title[800], when[16], image[200], list_no[24];
    bool real_image = d->has_image && !d->hidden, ended = d->sold_out || d->hidden;
    struct truth_row row = {
        .title = title,
        .view = d->view,
        .dislike = d->dislike,
        .time_text = when,
        .image = real_image ? image : NULL,
        .category = p->rule.categories[d->kind],
        .best = d->like >= BEST_LIKES && !d->hidden,
    };

    deal_title(d, title, sizeof(title));
    page_short_time(p, d->posted_at, "%H:%M", "%m-%d", when, sizeof(when));
    snprintf(image, sizeof(image), "http://%s/data/editor/2603/%ld_%ld.png", p->request->host,
             d->id * 7919, d->id);
    snprintf(list_no, sizeof(list_no), "%ld", d->id - LIST_NO_BEHIND);
    page_printf(p, "<tr class=\"%s\">\n<td class=\"td_num\"> %s </td>\n",
                row.best ? " best_article" : "", list_no);
    draw_author(p, d->nick);
    draw_category(p, row.category);
    draw_thumb(p, d->id, row.image);
    draw_subject(p, d->id, title, d->comment, ended, row.best);
    draw_counts(p, when, d->view, d->like, d->dislike);
    add_truth(p, d, &row, list_no);
}

static void draw_footer(struct page *p)
{
    int i;

    page_raw(p, "</tbody>\n</table>\n</div>\n</form>\n<nav class=\"pg_wrap\"><span class=\"pg\">");
    for (i = 1; i <= p->list->pages; i++) {
        if (i == p->number)
            page_printf(p, "<strong class=\"pg_current\">%d</strong> ", i);
        else
            page_printf(p,
                        "<a href=\"./board.php?bo_table=deal_domestic&amp;page=%d\" "
                        "class=\"pg_page\">%d<span class=\"sound_only\">페이지</span></a> ",
                        i, i);
    }
    page_raw(p, "</span></nav>\n</div>\n</body>\n</html>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    draw_head(p);
    draw_notices(p);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    draw_footer(p);
}

static long post_id(const char *path, const char *query)
{
    return strcmp(path, "/bbs/board.php") == 0 ? query_number(query, "wr_id", 0) : 0;
}

static const struct board_list lists[] = {
    {"list", "/bbs/board.php", "bo_table=deal_domestic", "page", 1, 10, 15, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/bbs/board.php?bo_table=deal_domestic&wr_id=", dealbada_draw_post},
};

const struct board board_dealbada = {
    .name = "dealbada",
    .title = "국내핫딜",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "dealbada",
            .slot_s = 1800,
            .first_id = 200000,
            .flags = DEALS_EMOJI,
            .categories = {"식품/건강", "디지털", "컴퓨터", "의류/잡화", "화장품", "기타"},
        },
    .knobs = {.sold_permille = 400, .notice = 1, .ads = 0, .blind = 1, .dup = 0, .hot = 0},
    .hidden_title = "블라인드 처리된 게시물입니다.",
    .hidden_kind = "blind",
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .draw_gone = dealbada_draw_gone,
    .post_id = post_id,
};
