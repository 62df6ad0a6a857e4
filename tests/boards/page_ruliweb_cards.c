/* SPDX-License-Identifier: MIT */
/* page_ruliweb_cards.c - ruliweb's list as cards: the thumbnail view (a card in each row, links
 * nested in a link, which browsers take apart) and the gallery (cards without a table).
 */
#include <stdio.h>

#include "boards/ruliweb.h"

static void draw_thumb_link(struct page *p, const struct deal *d)
{
    page_printf(p,
                "<a class=\"thumbnail col_12\" "
                "href=\"http://%s/market/board/1020/read/%ld?view=%s&page=%d\" "
                "style=\"background-image: ",
                p->request->host, d->id, p->look.view, p->number);
    if (d->has_image)
        page_printf(p, "url(http://%s/thumb/%ld.avif), url(http://%s/thumb/%ld.webp);\"></a>\n",
                    p->request->host, d->id, p->request->host, d->id);
    else
        page_printf(p, "url(http://%s/img/ruliweb_thumbnail_empty.png);\"></a>\n",
                    p->request->host);
}

static void draw_title(struct page *p, const struct deal *d, const char *title)
{
    const char *host = p->request->host;

    page_printf(p,
                "<a href=\"http://%s/market/board/1020/read/%ld?view=%s&page=%d\">\n"
                "<div class=\"title_wrapper subject relative\">\n    [%s]\n    %s<a "
                "class=\"subject_link deco\" "
                "href=\"http://%s/market/board/1020/read/%ld?view=%s&page=%d\">",
                host, d->id, p->look.view, p->number, p->rule.categories[d->kind],
                d->sold_out ? ruliweb_sold_mark : "", host, d->id, p->look.view, p->number);
    page_text(p, title);
    page_raw(p, "</a>\n");
    if (d->comment)
        page_printf(p,
                    "    <a href=\"http://%s/market/board/1020/read/%ld?view=%s&page=%d#cmt\" "
                    "target=\"_self\"><span class=\"num_reply\">(%ld)</span></a>",
                    host, d->id, p->look.view, p->number, d->comment);
    page_raw(p, "</div>\n</a>\n");
}

static void draw_info(struct page *p, const struct deal *d, const char *when)
{
    page_printf(p,
                "<div class=\"article_info\">\n<div class=\"nick col\"><a href=\"javascript:;\" "
                "tabindex=\"-1\">%s</a> <span>&nbsp;|&nbsp;</span></div>\n"
                "<span class=\"recomd\"> 추천 <strong>%ld</strong></span> "
                "<span>&nbsp;|&nbsp;</span>\n<span class=\"hit\"> 조회 <strong>%ld</strong></span> "
                "<span>&nbsp;|&nbsp;</span>\n<span class=\"time\"> 날짜 %s</span>\n</div>\n",
                d->nick, d->like, d->view, when);
}

static void draw_card(struct page *p, const struct deal *d)
{
    char title[800], when[16], path[64], href[200], image[160];
    struct truth_row row = {.title = title,
                            .path = path,
                            .href = href,
                            .view = d->view,
                            .dislike = -1,
                            .time_text = when,
                            .image = d->has_image ? image : NULL,
                            .category = p->rule.categories[d->kind]};

    deal_title(d, title, sizeof(title));
    row.truncated = page_cut(title, RULIWEB_TITLE_MAX_CHARS);
    page_short_time(p, d->posted_at, "%H:%M", "%Y.%m.%d", when, sizeof(when));
    snprintf(path, sizeof(path), "/market/board/1020/read/%ld", d->id);
    snprintf(href, sizeof(href), "http://%s%s?view=%s&page=%d", p->request->host, path,
             p->look.view, p->number);
    snprintf(image, sizeof(image), "http://%s/thumb/%ld.avif", p->request->host, d->id);
    page_printf(p,
                "<div class=\"article_wrapper border_box\">\n<div class=\"article col_12\">\n"
                "<input class=\"member_srl\" type=\"hidden\" value=\"%ld\">\n<input "
                "type=\"hidden\" name=\"article_id\" class=\"info_article_id\" value=\"%ld\" />\n"
                "<div class=\"thumbnail_wrapper col_3\">\n",
                d->id % 100000, d->id);
    draw_thumb_link(p, d);
    page_raw(p, "</div>\n<div class=\"col_9 text_wrapper\">\n");
    draw_title(p, d, title);
    draw_info(p, d, when);
    page_raw(p, "</div>\n</div>\n</div>\n");
    page_add_deal(p, d, &row);
}

/* One notice is drawn once more as an ordinary card, with the category of notices. */
static void draw_notice_card(struct page *p)
{
    const char *title = words_pick(&words_notices, 0);

    page_printf(p,
                "<tr class=\"table_body normal blocktarget\">\n<td colspan=\"7\">\n<div "
                "class=\"article_wrapper border_box\"><div class=\"article col_12\"><input "
                "type=\"hidden\" name=\"article_id\" class=\"info_article_id\" value=\"38542\" />\n"
                "<div class=\"col_9 text_wrapper\"><a "
                "href=\"http://%s/market/board/1020/read/38542?view=thumbnail\"><div "
                "class=\"title_wrapper subject relative\">[공지]\n<a class=\"subject_link deco\" "
                "href=\"http://%s/market/board/1020/read/38542?view=thumbnail\">",
                p->request->host, p->request->host);
    page_text(p, title);
    page_raw(p, "</a></div></a></div></div></div></td></tr>\n");
    truth_add_excluded(p->truth, "notice", title);
}

void ruliweb_draw_cards(struct page *p, const struct deal *deals, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        page_raw(p, "<tr class=\"table_body normal blocktarget\">\n<td colspan=\"7\">\n");
        draw_card(p, &deals[i]);
        page_raw(p, "</td>\n</tr>\n");
        if (i == 4 && p->knobs.notice)
            draw_notice_card(p);
    }
}

void ruliweb_draw_gallery(struct page *p, const struct deal *deals, size_t count)
{
    size_t i;

    page_raw(p, "</tbody></table>\n<div class=\"board_list_gallery row\">\n");
    for (i = 0; i < count; i++) {
        page_raw(p, "<div class=\"flex_item gallery_item\">\n");
        draw_card(p, &deals[i]);
        page_raw(p, "</div>\n");
    }
    page_raw(p, "</div>\n<table><tbody>\n");
}
