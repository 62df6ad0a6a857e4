/* SPDX-License-Identifier: MIT */
/* page_clien.c - the board clien: div rows with unquoted attributes, counts like "16.7 k",
 * sponsor rows pinned above, and blocked rows without a link.
 *
 * The time drawn is short, the full one stands beside it in span.timestamp.
 */
#include <stdio.h>

#include "boards/clien.h"

static void draw_head(struct page *p)
{
    page_raw(
        p,
        "<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n<title>알뜰구매 "
        "(데모)</title>\n"
        "<link rel=\"stylesheet\" href=\"/service/css/common.css\">\n"
        "<script src=\"/service/js/app/clien.js?v=1\"></script>\n</head>\n<body>\n"
        "<div class=\"nav_container\"><div class=\"navmenu\"><a class=\"menu-group\" "
        "href=\"/service/group/community\">"
        "<span class=\"icon-board\">C</span> <span>모두의광장</span></a></div></div>\n"
        "<input type=hidden id=boardCd value=jirum><input type=hidden id=boardName "
        "value=알뜰구매>\n"
        "<div class=\"content_list\" id=\"div_content\">\n"
        "<div class=\"board_name\"><h2><a href=\"/service/board/jirum\">알뜰구매</a></h2></div>\n"
        "<div class=\"list_content\">\n");
}

static void draw_notices(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(
            p,
            "<div class=\"list_item notice\"><div class=\"list_symph\"><span>공지</span></div>\n"
            " <div class=\"list_title\"><a class=\"list_subject\" href=\"/service/board/rule/%d\">",
            10963221 + i);
        page_text(p, title);
        page_raw(p, "</a></div>\n <div class=\"list_author\"><span class=\"nickname\"><img "
                    "src=\"/image/admin.gif\" alt=\"관리자\"></span></div>\n"
                    " <div class=\"list_hit\"><span class=\"hit\">226.2 k</span></div>\n"
                    " <div class=\"list_time\"><span class=\"time popover\">07-12<span "
                    "class=\"timestamp\">2017-07-12 14:54:03</span></span></div>"
                    "</div>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
}

/* Pinned promotions: rows like any other, but without data-board-sn. The last one repeats an
 * ordinary row of the page (struct world_knobs.dup). */
static void draw_sponsor(struct page *p, long id, const char *title, const char *kind)
{
    page_raw(
        p,
        "<div class=\"list_item symph_row jirum\" data-role=\"list-row\">"
        "<div class=\"list_title\"><span class=\"list_subject\" data-role=\"cut-string\" title=\"");
    page_text(p, title);
    page_printf(p, "\"><a href=\"/service/board/jirum/%ld\" data-role=\"list-title-text\">", id);
    page_text(p, title);
    page_raw(
        p,
        "</a></span></div><div class=\"list_hit\"><span class=\"hit\">31.2 k</span></div></div>\n");
    truth_add_excluded(p->truth, kind, title);
}

static void draw_sponsors(struct page *p, const struct deal *deals, size_t count)
{
    char title[800];
    int i;

    page_raw(p, "<div class=\"contents_jirum notice\">\n");
    for (i = 0; i < p->knobs.ads; i++)
        draw_sponsor(p, 19000000 + i, words_pick(&words_ads, (unsigned)i), "ad");
    if (p->first && count > 3 && !deals[3].hidden) {
        deal_title(&deals[3], title, sizeof(title));
        draw_sponsor(p, deals[3].id, title, "best-duplicate");
    }
    page_raw(p, "</div>\n<div class=\"hongbo\" id=\"hongboInfoList\"><!-- XHR --></div>\n");
}

static void draw_blocked(struct page *p, const struct deal *d)
{
    page_printf(
        p,
        "<div class=\"list_item blocked\"><div class=\"list_symph\"><button class=\"button_info\" "
        "onclick=\"ui.singoActionReason('%ld','')\"></button><div class=\"singo_comments\" "
        "id=\"singoReason_%ld\">-</div></div>\n"
        " <div class=\"list_title\"><span class=\"list_subject\">%s</span></div></div>\n",
        d->id, d->id, d->name);
}

static void draw_reply(struct page *p, const struct deal *d, const char *query)
{
    if (d->comment)
        page_printf(p,
                    "   <a class=\"list_reply reply_symph\" "
                    "href=\"/service/board/jirum/%ld?%s#comment-point\" title=\"댓글%ld개\">"
                    "<span class=\"rSymph05\">%ld</span><strong class=\"color_red\" "
                    "data-role=\"recentCmCount\"></strong></a>",
                    d->id, query, d->comment, d->comment);
}

/* In 2020 the comments stood beside the subject, the likes were shown at 0 as well, and a category
 * was told by its name. */
static void draw_title(struct page *p, const struct deal *d, const char *title)
{
    const char *category = p->rule.categories[d->kind];
    bool old = page_epoch(p, 2020);
    char query[64];

    snprintf(query, sizeof(query), "od=T31&po=%d&category=0&groupCd=", p->number);
    page_raw(p, " <div class=\"list_title\" data-role=\"list-title\"><span class=\"list_subject\" "
                "data-role=\"cut-string\" title=\"");
    page_text(p, title);
    page_printf(p,
                "\">\n   <a href=\"/service/board/jirum/%ld?%s\" data-role=\"list-title-text\"> ",
                d->id, query);
    page_text(p, title);
    page_raw(p, " </a>\n");
    if (!old)
        draw_reply(p, d, query);
    page_raw(p, "</span>\n");
    if (old)
        draw_reply(p, d, query);
    page_raw(p, "  <div class=\"keyword\"><span class=\"view_symph\">");
    if (d->like || old)
        page_printf(p, "<span class=\"list_votes\"><i class=\"fa fa-heart\"></i> %ld</span>",
                    d->like);
    page_printf(p,
                "</span><a href=\"/service/board/jirum?category=%s\" "
                "class=\"icon_keyword\">%s</a>%s</div></div>\n",
                old ? category : "1000236", category,
                d->sold_out ? "<span class=\"icon_info\">품절</span>" : "");
}

static void image_path(const struct deal *d, char *path, size_t size)
{
    snprintf(path, size, "/web/api/file/F01/%ld/thumb.jpg?w=350&h=500", d->id % 10000000);
}

static void draw_thumb(struct page *p, const struct deal *d)
{
    char path[96], address[200];

    if (!d->has_image)
        return;
    image_path(d, path, sizeof(path));
    page_raw(p, " <div class=\"list_img\"><div class=\"list_image\"><a "
                "class=\"list_thumbnail\"><img ");
    snprintf(address, sizeof(address), "http://%s%s", p->request->host, path);
    page_image(p, address);
    page_printf(p,
                " onerror=\"this.src='/service/image/jirum_noimage.png'\"></a><div "
                "class=\"popover_thumbnail\"><img src=\"http://%s",
                p->request->host);
    page_text(p, path);
    page_raw(p, "\"><div class=\"list_preview\"><pre>");
    page_text(p, d->product);
    page_raw(p, " 가격이 괜찮아 보여 올립니다. (9,999원/무료)</pre></div></div></div></div>\n");
}

static void draw_author(struct page *p, const struct deal *d)
{
    if (d->id % 5 == 0)
        page_printf(p,
                    " <div class=\"list_author\"><span class=\"nickname\"><img "
                    "src=\"/image/nick/%ld.gif\" alt=\"%s\"></span></div>\n",
                    d->id % 100, d->nick);
    else
        page_printf(p,
                    " <div class=\"list_author\"><span class=\"nickname\"><span "
                    "title=\"%s\">%s</span></span></div>\n",
                    d->nick, d->nick);
}

/* "16.7 k" from ten thousand on; shown_out is the number that a reader can know. */
static void format_views(long views, char *text, size_t size, long *shown_out)
{
    if (views < 10000)
        snprintf(text, size, "%ld", views);
    else
        snprintf(text, size, "%ld.%ld k", views / 1000, views % 1000 / 100);
    *shown_out = views < 10000 ? views : views / 100 * 100;
}

static void add_truth(struct page *p, const struct deal *d, const char *title, const char *when,
                      long views)
{
    char path[64], href[128], image[256], image_tail[96];
    struct truth_row row = {
        .title = title,
        .path = path,
        .href = href,
        .view = views,
        .dislike = -1,
        .time_text = when,
        .posted_at = d->posted_at,
        .image = d->has_image ? image : NULL,
        .category = p->rule.categories[d->kind],
    };

    snprintf(path, sizeof(path), "/service/board/jirum/%ld", d->id);
    snprintf(href, sizeof(href), "%s?od=T31&po=%d&category=0&groupCd=", path, p->number);
    image_path(d, image_tail, sizeof(image_tail));
    snprintf(image, sizeof(image), "http://%s%s", p->request->host, image_tail);
    page_add_deal(p, d, &row);
}

static void draw_row(struct page *p, const struct deal *d)
{
    char title[800], when[16], full[32], hits[32];
    long shown;

    deal_title(d, title, sizeof(title));
    page_short_time(p, d->posted_at, "%H:%M", "%m-%d", when, sizeof(when));
    page_time(d->posted_at, "%Y-%m-%d %H:%M:%S", full, sizeof(full));
    format_views(d->view, hits, sizeof(hits), &shown);
    add_truth(p, d, title, when, shown);
    if (d->hidden) {
        draw_blocked(p, d);
        return;
    }
    page_printf(p,
                "<div class=\"list_item symph_row jirum  %s\" data-role=\"list-row\" "
                "data-author-id=user%ld data-board-sn=%ld data-comment-count=%ld>\n"
                " <span class=\"list_stare\" style=\"display: none;\"></span><div "
                "class=\"list_symph view_symph\"><em class=\"none\">%ld</em></div>\n",
                d->sold_out ? "sold_out" : "", d->id % 9973, d->id, d->comment, d->like);
    draw_title(p, d, title);
    draw_thumb(p, d);
    draw_author(p, d);
    page_printf(p,
                " <div class=\"list_hit\"><span class=\"hit\">%s</span></div>\n"
                " <div class=\"list_time\"><span class=\"time popover\">%s<span "
                "class=\"timestamp\">%s</span></span></div></div>\n",
                hits, when, full);
}

/* The pager is script: no link leads to page 2. */
static void draw_footer(struct page *p)
{
    int i;

    page_raw(p, "</div></div>\n<div class=\"board-pagination\"><div class=\"board-nav-area\">");
    for (i = 0; i < p->list->pages; i++)
        page_printf(p,
                    "<a class=\"board-nav-page\" onclick=\"paging.getBoard('direct',%d)\">%d</a>",
                    i, i + 1);
    page_raw(p, "</div></div>\n</div>\n<script>\nvar paging = {getBoard: function (kind, n) { "
                "location.href = '/service/board/jirum?&od=T31&category=0&po=' + n; }};\n"
                "</script>\n</body>\n</html>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    draw_head(p);
    draw_notices(p);
    draw_sponsors(p, deals, count);
    page_raw(p, "<div class=\"contents_jirum\">\n");
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i]);
    page_rows_end(p);
    draw_footer(p);
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/service/board/jirum/");
}

static const struct board_list lists[] = {
    {"list", "/service/board/jirum", NULL, "po", 0, 10, 30, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/service/board/jirum/", clien_draw_post},
};

const struct board board_clien = {
    .name = "clien",
    .title = "알뜰구매",
    .content_type = "text/html;charset=UTF-8",
    .rule =
        {
            .board = "clien",
            .slot_s = 1200,
            .first_id = 18000000,
            .flags = DEALS_EMOJI,
            .categories = {"상품정보", "상품정보", "상품정보", "해외구매정보", "상품정보",
                           "이벤트"},
        },
    .knobs = {.sold_permille = 400, .notice = 2, .ads = 1, .blind = 1, .dup = 0, .hot = 0},
    .hidden_title = "관리자 삭제된 게시물입니다.",
    .hidden_kind = "blocked",
    .looks = "epoch=2020",
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .draw_gone = clien_draw_gone,
    .post_id = post_id,
};
