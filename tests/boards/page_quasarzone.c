/* SPDX-License-Identifier: MIT */
/* page_quasarzone.c - the board quasarzone: 700 kB a page, pictures as backgrounds, times counted
 * back, posts whose text a script copies out of a textarea. The rows are those of 2026-09 (v2); with
 * epoch=2025 the table of before (v1).
 */
#include <stdio.h>

#include "boards/kit.h"
#include "boards/post.h"

/* What makes the page as heavy as the real one: pictures of a gallery below the list. */
enum { LAZY_IMAGES = 300, V1_EPOCH = 2025, LAZY_TEXT_BYTES = 2000 };

static bool is_v1(const struct page *p)
{
    return page_epoch(p, V1_EPOCH);
}

static void draw_notices(struct page *p)
{
    int i;

    page_raw(p, "<div class=\"l-title\"><a href=\"/bbs/qb_saleinfo\"><h2>핫딜 게시판</h2></a>\n"
                "<div class=\"all-notice-wrap active\"><ul>\n");
    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(p,
                    "<li><div class=\"title-unit\"><span class=\"label\">공지</span> <a "
                    "href=\"/bbs/qb_saleinfo/views/%d\" class=\"subject-link\">",
                    194816 + i);
        page_text(p, title);
        page_raw(p, "</a></div><div class=\"normal-unit\"><p>48.8k</p></div></li>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
    page_raw(p, "</ul></div></div>\n");
}

static void draw_partner(struct page *p, int k)
{
    const char *title = words_pick(&words_ads, (unsigned)k);

    page_printf(p,
                "<div class=\"v2-list-row v2-list-row--hotdeal v2-partner-row\" "
                "data-qc-id=\"%d\"><a href=\"/bbs/qb_partnersaleinfo/views/%d\" "
                "class=\"subject-link\">",
                5000 + k, 5000 + k);
    page_text(p, title);
    page_raw(p, "</a></div>\n");
    truth_add_excluded(p->truth, "ad", title);
}

/* The board writes its own sign before what people type. */
static void draw_price(struct page *p, const struct deal *d)
{
    page_text(p, d->price[0] ? d->price : "0원");
}

static void draw_v1(struct page *p, const struct kit_row *row, const char *views)
{
    const struct deal *d = row->deal;

    page_printf(p,
                "<tr>\n<td>\n%s<span class=\"num num tp%ld\"> %ld </span>\n</td>\n<td>\n<div "
                "class=\"market-info-list\"><div class=\"thumb-wrap\">\n",
                d->like > 8 ? "<img src=\"/images/tangerine.png\" class=\"tangerine_icon\">" : "",
                d->like % 5, d->like);
    if (d->has_image)
        page_printf(p,
                    "<a href=\"%s\" class=\"thumb\"><span class=\"img-background-wrap lazy\" "
                    "style=\"background-image: url(%s)\"></span><img id=\"maxImg%ld\" "
                    "class=\"maxImg\" src=\"%s\" alt=\"존\"></a>",
                    row->href, row->image, d->id, row->image);
    page_printf(p,
                "</div>\n<div class=\"market-info-list-cont\"><p class=\"tit\"> <span "
                "class=\"label%s\">%s</span>\n <a href=\"%s\" class=\"subject-link \">%s <span "
                "class=\"ellipsis-with-reply-cnt\">",
                d->sold_out ? " done" : (d->hot ? " mint" : ""),
                d->sold_out ? "종료" : (d->hot ? "인기" : "진행중"), row->href,
                d->hidden ? "<i class=\"fa fa-lock\"></i>" : "");
    page_text(p, row->title);
    page_raw(p, "</span>");
    if (d->comment)
        page_printf(p,
                    "<span class=\"board-list-comment\"><span class=\"ctn-count\">%ld</span>"
                    "</span>",
                    d->comment);
    page_printf(p,
                "</a></p>\n<div class=\"market-info-sub\"><p><span class=\"category\">%s</span> "
                "<span>가격 <span class=\"text-orange\"> ￦ ",
                p->rule.categories[d->kind]);
    draw_price(p, d);
    page_printf(p,
                " (KRW)</span></span> <span class=\"brand\"> <img src=\"/store/%ld.png\" "
                "alt=\"존\"> </span> <span>배송비 %s</span></p>\n<p><span class=\"user-nick-wrap "
                "nick\" data-nick=\"%s\">%s</span> <span class=\"count\">\n%s\n</span> <span "
                "class=\"date\">\n%s\n</span></p></div>\n</div></div>\n</td>\n</tr>\n",
                d->id % 40, row->shipping, d->nick, d->nick, views, row->when);
}

static void draw_v2(struct page *p, const struct kit_row *row, const char *views)
{
    const struct deal *d = row->deal;

    page_printf(p, "<div class=\"v2-list-row v2-list-row--hotdeal%s\" data-qc-id=\"%ld\"",
                d->sold_out ? " is-done" : "", d->id);
    if (d->has_image)
        page_printf(p, " data-preview=\"%s\"", row->image);
    page_printf(p, ">\n<span class=\"v2-list-row__num\">%ld</span>\n", d->like);
    if (d->has_image)
        page_printf(p,
                    "<a href=\"%s\" class=\"v2-list-row__thumb\" style=\"background-image: "
                    "url('%s')\"></a>\n",
                    row->href, row->image);
    page_printf(
        p,
        "<div class=\"v2-list-row__line1\"><span class=\"v2-badge\">%s</span>%s<span "
        "class=\"v2-badge\">%s</span> <p class=\"tit\"><a href=\"%s\"\n class=\"subject-link "
        "\">",
        d->sold_out ? "종료" : "진행중", d->hidden ? "<i class=\"fa fa-lock\"></i>" : "",
        p->rule.categories[d->kind], row->href);
    page_text(p, row->title);
    page_raw(p, "</a>");
    if (d->comment)
        page_printf(p, " <span class=\"ctn-count\">%ld</span>", d->comment);
    page_raw(p, "</p></div>\n<div class=\"v2-list-row__price-group\"><span "
                "class=\"v2-list-row__price\">￦");
    draw_price(p, d);
    page_printf(p,
                "</span> <span class=\"v2-list-row__ship\"><img src=\"/store/%ld.png\" "
                "alt=\"존\"></span> <span class=\"v2-list-row__ship\">배송비 %s</span></div>\n"
                "<div class=\"v2-list-row__meta\"><span class=\"user-nick-wrap\" "
                "data-nick=\"%s\">%s</span> <span class=\"qc-count-hit\">%s</span> <span "
                "class=\"v2-list-row__time\">%s</span></div>\n</div>\n",
                d->id % 40, row->shipping, d->nick, d->nick, views, row->when);
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    char views[24];

    kit_row_init(p, d, true, "/bbs/qb_saleinfo/views/%ld", "/editor/thumb_%ld.png?", &row);
    kit_count(d->view, views, sizeof(views), &row.truth.view);
    page_add_deal(p, d, &row.truth);
    (is_v1(p) ? draw_v1 : draw_v2)(p, &row, views);
}

static void draw_gallery(struct page *p)
{
    struct out drawing = {0};
    int i;

    for (i = 0; i < LAZY_TEXT_BYTES / 12; i++)
        out_printf(&drawing, "M%02d,%02dL%02d,%02d", i % 97, i % 89, i % 83, i % 79);
    page_raw(p, "<div class=\"gallery\">\n");
    for (i = 0; i < LAZY_IMAGES; i++) {
        page_printf(p,
                    "<figure class=\"gallery-item\"><span class=\"img-background-wrap lazy\" "
                    "style=\"background-image: url(/gallery/%d.png?)\"></span><img "
                    "loading=\"lazy\" class=\"maxImg\" src=\"/gallery/%d.png?\" alt=\"존\"><svg "
                    "viewBox=\"0 0 99 99\"><path d=\"",
                    i, i);
        page_raw(p, out_text(&drawing));
        page_raw(p, "\"/></svg></figure>\n");
    }
    page_raw(p, "</div>\n");
    out_fini(&drawing);
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t k, count = page_deals(p, deals);
    int i;

    kit_head(p, "ko", "핫딜 게시판 (데모)");
    draw_notices(p);
    page_raw(p, is_v1(p)
                    ? "<div class=\"market-type-list market-info-type-list relative\">\n<table>"
                      "<thead><tr><th>추천</th><th>제목</th></tr></thead>\n<tbody>\n"
                    : "<div class=\"v2-list\">\n");
    for (i = 0; i < p->knobs.ads && !is_v1(p); i++)
        draw_partner(p, i);
    page_rows_begin(p);
    for (k = 0; k < count; k++)
        draw_row(p, &deals[k]);
    page_rows_end(p);
    page_raw(p, is_v1(p) ? "</tbody></table>\n</div>\n" : "</div>\n");
    draw_gallery(p);
    kit_pager(p, "/bbs/qb_saleinfo?page=%d");
}

static void draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    struct page inner = *p;
    struct out text = {0};
    char at[32];

    post_set_link(post, "javascript:goToLink('", POST_WRAP_BASE64, "')");
    page_time(d->posted_at, "%Y.%m.%d %H:%M", at, sizeof(at));
    post->shown.posted_at = d->posted_at / 60 * 60;
    post->shown.price_text = d->price[0] ? d->price : NULL;
    inner.html = &text;
    if (post->image[0])
        page_printf(&inner, "<p><img src=\"%s\"></p>\n", post->image);
    post_draw_text(&inner, post);
    kit_head(p, "ko", "핫딜 (데모)");
    page_printf(p,
                "<div class=\"common-view-area\"><dl><dt><h1 class=\"title\"><span "
                "class=\"label%s\">%s</span> ",
                d->sold_out ? " done" : "", d->sold_out ? "종료" : "진행중");
    page_text(p, post->title);
    page_printf(p,
                "</h1><div class=\"util-area\"><p class=\"left\"><span class=\"user-nick-wrap\" "
                "data-nick=\"%s\">%s</span></p><p class=\"right\"><span class=\"count\"><em "
                "class=\"view\">%ld</em> <em class=\"reply\">%ld</em> <em class=\"like\">%ld</em>"
                "</span> <span class=\"date\">%s</span></p></div></dt></dl>\n"
                "<table class=\"market-info-view-table\">\n",
                d->nick, d->nick, d->view, d->comment, d->like, at);
    if (post->href[0]) {
        page_raw(p, "<tr><th>링크</th><td><a href=\"");
        page_text(p, post->href);
        page_raw(p, "\">");
        page_text(p, d->link);
        page_raw(p, "</a></td></tr>\n");
    }
    if (d->price[0])
        page_printf(
            p, "<tr><th>가격</th><td><span class=\"text-orange\">￦ %s (KRW)</span></td></tr>\n",
            d->price);
    page_raw(p, "</table>\n<div id=\"new_contents\" class=\"note-editor\"></div>\n<textarea "
                "id=\"org_contents\" style=\"display:none\">");
    page_text(p, out_text(&text));
    page_raw(p,
             "</textarea>\n</div>\n<script>\nfunction goToLink(to) { location.href = '/link?link=' "
             "+ to; }\ndocument.getElementById('new_contents').innerHTML = "
             "document.getElementById('org_contents').value;\n</script>\n</body></html>\n");
    out_fini(&text);
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/bbs/qb_saleinfo/views/");
}

static const struct board_list lists[] = {
    {"list", "/bbs/qb_saleinfo", NULL, "page", 1, 3, 30, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/bbs/qb_saleinfo/views/", draw_post},
};

const struct board board_quasarzone = {
    .name = "quasarzone",
    .title = "핫딜 게시판",
    .content_type = "text/html; charset=UTF-8",
    .rule =
        {
            .board = "quasarzone",
            .slot_s = 1800,
            .first_id = 1800000,
            .flags = DEALS_EMOJI,
            .categories = {"생활/식품", "가전/TV", "PC/하드웨어", "패션/의류", "생활/식품", "기타"},
        },
    .knobs = {.sold_permille = 300, .notice = 1, .ads = 1, .blind = 1, .dup = 0, .hot = 0},
    .hidden_title = "블라인드 처리된 글입니다.",
    .hidden_kind = "blind",
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
