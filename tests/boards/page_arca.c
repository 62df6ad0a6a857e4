/* SPDX-License-Identifier: MIT */
/* page_arca.c - the board arca: rows of two halves that are links of their own, times in UTC,
 * pictures with an expiring signature, shop links behind a warning page.
 */
#include <stdio.h>

#include "boards/kit.h"
#include "boards/post.h"

enum { KST_AHEAD_S = 9 * 3600, LIST_NO_BEHIND = 120000, SIGNED_FOR_S = 1200 };

static void utc(int64_t at, char *text, size_t size)
{
    page_time(at - KST_AHEAD_S, "%Y-%m-%dT%H:%M:%S.000Z", text, size);
}

static void draw_head_row(struct page *p)
{
    page_raw(p,
             "<div class=\"board-category\"><span class=\"item\"><a href=\"/b/hotdeal?"
             "category=food\">식품</a></span></div>\n<div class=\"list-table hybrid\">\n"
             "<div class=\"vrow column head d-none\"><div class=\"vrow-inner\"><div "
             "class=\"vrow-top\"><span class=\"vcol col-id\">번호</span><span class=\"vcol "
             "col-title\">제목</span></div><div class=\"vrow-bottom\"><span class=\"vcol "
             "col-view\">조회수</span><span class=\"vcol col-rate\">추천</span></div></div></div>"
             "\n");
}

static void draw_column(struct page *p, long id, const char *label, const char *title,
                        const char *kind)
{
    page_printf(p,
                "<a class=\"vrow column notice notice-service\" href=\"/b/hotdeal/%ld?p=1\">"
                "<div class=\"vrow-inner\"><div class=\"vrow-top\"><span class=\"vcol "
                "col-id\"><b>%s</b></span>\n<span class=\"vcol col-title\"><b> ",
                id, label);
    page_text(p, title);
    page_raw(p, " </b></span></div><div class=\"vrow-bottom\"><span class=\"vcol col-time\"><time "
                "datetime=\"2020-08-18T12:17:31.000Z\" data-format=\"Q\">2020.08.18</time></span>"
                "<span class=\"vcol col-view\">53034043</span><span class=\"vcol col-rate\">&nbsp;"
                "</span></div></div></a>\n");
    truth_add_excluded(p->truth, kind, title);
}

static void draw_title(struct page *p, const struct kit_row *row)
{
    const struct deal *d = row->deal;

    page_printf(p,
                "<div class=\"vrow-top deal%s\">\n<span class=\"vcol col-id\"> <span>%ld</span> "
                "</span>\n<span class=\"vcol col-title\"><span class=\"badges\">\n",
                d->sold_out ? " deal-close" : "", d->id - LIST_NO_BEHIND);
    if (d->mall[0]) {
        page_raw(p, "<span class=\"deal-store\">");
        page_text(p, d->mall);
        page_raw(p, "</span>\n&nbsp;\n");
    }
    page_printf(p,
                "<a class=\"badge\" href=\"/b/hotdeal?category=x\">%s</a></span>\n"
                "<a class=\"title hybrid-title\" href=\"%s\">\n\n<span class=\"media-icon "
                "ion-ios-photos-outline\"></span>\n\n",
                p->rule.categories[d->kind], row->href);
    page_text(p, row->title);
    page_raw(p, "\n<span class=\"info\">");
    if (d->comment)
        page_printf(p, "<span class=\"comment-count\">[%ld]</span>", d->comment);
    page_raw(p, "</span></a></span>\n</div>\n");
}

static void draw_meta(struct page *p, const struct kit_row *row)
{
    const struct deal *d = row->deal;
    char full[40];

    utc(d->posted_at, full, sizeof(full));
    page_printf(p,
                "<a class=\"title hybrid-bottom\" href=\"%s\"><div class=\"vrow-bottom deal%s\">\n",
                row->href, d->sold_out ? " deal-close" : "");
    if (d->price[0])
        page_printf(p, "<span class=\"deal-price\">%s\n</span>\n", d->price);
    page_printf(p,
                "<img src=\"/static/shipping.svg\" width=\"16\" alt=\"\">\n<span "
                "class=\"deal-delivery\">%s\n</span>\n&nbsp;\n<span class=\"vcol "
                "col-author\"><span class=\"user-info \"><span data-filter=\"%s\">%s</span><span "
                "class=\"user-icon\" title=\"계정\"></span></span></span>\n<span class=\"vcol "
                "col-time\">\n <time datetime=\"%s\" data-format=\"q\">%s</time>\n</span>\n"
                "<span class=\"vcol col-view\">%ld</span><span class=\"vcol col-rate\">%ld</span>\n"
                "</div></a>\n",
                row->shipping, d->nick, d->nick, full, row->when, d->view, d->like);
}

static void draw_row(struct page *p, const struct deal *d)
{
    struct kit_row row;
    char list_no[24], image[160];

    kit_row_init(p, d, false, "/b/hotdeal/%ld", "/20261122sac/%ld.png?expires=", &row);
    kit_set_href(&row, "?p=%d", p->number);
    kit_ago(p, d->posted_at, "%Y.%m.%d", true, row.when, sizeof(row.when));
    snprintf(image, sizeof(image), "//%s/20261122sac/%ld.png?expires=%lld&key=k%ld&type=list",
             p->request->host, d->id, (long long)(p->now / SIGNED_FOR_S + 2) * SIGNED_FOR_S,
             d->id % 9973);
    snprintf(row.image, sizeof(row.image), "http:%s", image);
    snprintf(list_no, sizeof(list_no), "%ld", d->id - LIST_NO_BEHIND);
    row.truth.posted_at = d->posted_at;
    row.truth.list_no = list_no;
    page_add_deal(p, d, &row.truth);
    page_raw(p, "<div class=\"vrow hybrid\">\n<div class=\"vrow-inner\">\n");
    draw_title(p, &row);
    draw_meta(p, &row);
    page_raw(p, "</div>\n");
    if (d->has_image) {
        page_printf(p,
                    "<a class=\"title preview-image\" href=\"%s\"><div class=\"vrow-preview\">"
                    "<img src=\"",
                    row.href);
        page_text(p, image);
        page_raw(p, "\" loading=\"lazy\" alt=\"\"></div></a>\n");
    }
    page_raw(p, "</div>\n");
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t k, count = page_deals(p, deals);
    int i;

    kit_head(p, "ko", "핫딜 채널 (데모)");
    draw_head_row(p);
    for (i = 0; i < p->knobs.ads; i++)
        draw_column(p, 174768 + i, "광고", words_pick(&words_ads, (unsigned)i), "ad");
    for (i = 0; i < p->knobs.notice; i++)
        draw_column(p, 2 + i, "공지", words_pick(&words_notices, (unsigned)i), "notice");
    page_rows_begin(p);
    for (k = 0; k < count; k++)
        draw_row(p, &deals[k]);
    page_rows_end(p);
    page_raw(p, "</div>\n");
    kit_pager(p, "/b/hotdeal?p=%d");
}

static void draw_option(struct page *p, const char *name, const char *value)
{
    page_printf(p, "<tr><th>%s</th><td>", name);
    page_text(p, value);
    page_raw(p, "</td></tr>\n");
}

static void draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char full[40], text[40];

    post_set_link(post, "https://unsafelink.com/", POST_WRAP_RAW, "");
    utc(d->posted_at, full, sizeof(full));
    page_time(d->posted_at, "%Y-%m-%d %H:%M:%S", text, sizeof(text));
    kit_head(p, "ko", "핫딜 채널 (데모)");
    page_printf(p,
                "<article class=\"article-wrapper\"><div class=\"article-head\"><div "
                "class=\"title-row\"><div class=\"title\"><span class=\"badge badge-success "
                "category-badge\">%s</span> ",
                post->shown.category);
    page_text(p, post->title);
    page_printf(p,
                "</div></div>\n<div class=\"article-info\"><span class=\"head\">추천</span><span "
                "class=\"body rate\">%ld</span><span class=\"head\">댓글</span><span class=\"body "
                "comment\">%ld</span><span class=\"head\">조회수</span><span class=\"body "
                "view\">%ld</span><span class=\"head\">작성일</span><span class=\"body date\">"
                "<time datetime=\"%s\">%s</time></span></div></div>\n"
                "<table class=\"article-options%s\">\n",
                d->like, d->comment, d->view, full, text, d->sold_out ? " deal-close" : "");
    if (post->href[0]) {
        page_raw(p, "<tr><th>링크</th><td><a class=\"external\" rel=\"nofollow\" href=\"");
        page_text(p, post->href);
        page_raw(p, "\">");
        page_text(p, d->link);
        page_raw(p, "</a></td></tr>\n");
    }
    if (d->mall[0])
        draw_option(p, "쇼핑몰", d->mall);
    draw_option(p, "상품명", d->product);
    if (d->price[0])
        page_printf(p,
                    "<tr><th>가격</th><td><exchange data-currency=\"KRW\" data-value=\"%s\">%s"
                    "</exchange></td></tr>\n",
                    d->price, d->price);
    post->shown.price_text = d->price[0] ? d->price : NULL;
    page_raw(p, "</table>\n<div class=\"article-body\"><div class=\"fr-view article-content\">");
    if (post->image[0])
        page_printf(p, "<p><img src=\"%s\" loading=\"lazy\"></p>\n", post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></div></article>\n</body></html>\n");
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/b/hotdeal/");
}

static const struct board_list lists[] = {
    {"list", "/b/hotdeal", NULL, "p", 1, 3, 25, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/b/hotdeal/", draw_post},
};

const struct board board_arca = {
    .name = "arca",
    .title = "핫딜 채널",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "arca",
            .slot_s = 900,
            .first_id = 170000,
            .flags = DEALS_EMOJI,
            .categories = {"식품", "전자제품", "PC/하드웨어", "의류", "생활용품", "기타"},
        },
    .knobs = {.sold_permille = 150, .notice = 2, .ads = 1, .blind = 0, .dup = 0, .hot = 0},
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .post_id = post_id,
};
