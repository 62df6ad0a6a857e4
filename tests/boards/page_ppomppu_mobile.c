/* SPDX-License-Identifier: MIT */
/* page_ppomppu_mobile.c - the mobile list: li.none-border rows, widgets of the same class, and
 * sponsor rows that only a script draws.
 *
 * How the real mobile list marks an ended deal is not known; the one account there is reads a
 * style on a span directly inside span.cont, so that is what is drawn.
 */
#include <stdio.h>

#include "boards/ppomppu.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"ko\">\n<head>\n"
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=euc-kr\" />\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1.0\" />\n"
    "<title>뽐뿌게시판 (데모)</title>\n"
    "<link rel=\"stylesheet\" type=\"text/css\" href=\"/new/css/common.css?v=1\" />\n"
    "<script type=\"text/javascript\" src=\"/js/common.js?v=1\"></script>\n"
    "</head>\n<body>\n<div class=\"wrap\">\n<div class=\"ct\">\n"
    "<nav role=\"navigation\" aria-label=\"게시판 메뉴\"><h3><ul class=\"bbs-breadcrumb\">\n"
    "<li><a href=\"javascript:;\" class=\"top_sel_btn\" rel=\"#board-cate\">데모</a></li>\n"
    "<li><a href=\"bbs_list.php?id=ppomppu\" class=\"top_sel_btn\">뽐뿌게시판</a>\n"
    "<ul style=\"display:none\"><li data-value=\"1\">기타</li><li "
    "data-value=\"4\">컴퓨터</li></ul></li>\n"
    "</ul></h3></nav>\n<div class=\"bbs ppomppu\">\n";

static const char *const sponsor_script =
    "<script type=\"text/javascript\">\n"
    "(function () {\n"
    "  var thumb = window.localStorage && localStorage.getItem('bbs_list_thumb_on') !== 'off';\n"
    "  var rows = bizPartner.map(function (b) {\n"
    "    return '<li class=\"none-border bbs_list_thumbnail new_sk\"><a href=\"' + b.url + '\" "
    "class=\"list_b_01n\">' +\n"
    "      (thumb ? '<div class=\"thmb_N\"><img src=\"' + b.img + '\"></div>' : '') +\n"
    "      '<div class=\"thmb_N2\"><ul><li class=\"title\"><span class=\"cont\">' + b.title + "
    "'</span></li>' +\n"
    "      '<li class=\"names\">비즈파트너</li></ul></div></a></li>';\n"
    "  });\n"
    "  document.getElementById('biz_partner').innerHTML = rows.join('');\n"
    "})();\n</script>\n";

static void draw_notices(struct page *p)
{
    int i;

    page_raw(p, "<div class=\"bbsTop bbsTop_notice \" id=\"bbs_notice\"><ul></ul></div>"
                "<div class=\"bbsTop bbsTop_inform \" id=\"bbs_inform\"><ul>");
    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(p,
                    "<li class=\"hybrid-skin-li-notice1\" style=\"\"><span class=\"board_notice "
                    "type2\">알림</span>"
                    "<a class=\"noeffect\" href=\"/new/bbs_view.php?id=notice&no=%d\"><span "
                    "class=\"text-black\">",
                    1060 + i);
        ppomppu_text(p, title);
        page_raw(p, "</span></a></li>\n");
        truth_add_excluded(p->truth, "notice", title);
    }
    page_raw(p, "</ul></div>\n");
}

static void draw_title(struct page *p, const struct deal *d)
{
    char title[800];

    page_raw(p, "                <li class=\"title\">\n                    <span class=\"cont\" "
                "style=\"\">");
    if (d->hot)
        page_raw(p, "<img src=\"/images/icon_pop_12.png\" class=\"newhot\"> ");
    deal_title(d, title, sizeof(title));
    if (d->mall_tagged) {
        page_printf(p, "<span class=\"subject_preface\">[");
        ppomppu_text(p, d->mall);
        page_printf(p, "]</span>%s", d->mall_tight ? "" : " ");
    }
    if (d->sold_out)
        page_raw(p, "<span style=\"color:#ACACAC;text-decoration:line-through\">");
    ppomppu_text(p, d->mall_tagged ? d->name : title);
    page_printf(p, "%s</span>", d->sold_out ? "</span>" : "");
    if (d->comment)
        page_printf(p, "<span class=\"rp\">%ld</span>", d->comment);
    page_raw(p, "                </li>\n");
}

/* Of 2020 only what the first CatchDeal read is known: the fourth element, "[views / likes]". */
static void draw_counts_2020(struct page *p, const struct deal *d, const char *when)
{
    page_printf(p,
                "                <li class=\"exp\"><time class=\"\">%s</time> <small "
                "class=\"ty\"> | </small> <span class=\"ty\">조회/추천</span> <span>[%ld / "
                "%ld]</span></li>\n",
                when, d->view, d->like);
}

static void draw_counts(struct page *p, const struct deal *d, const char *when)
{
    if (page_epoch(p, 2020)) {
        draw_counts_2020(p, d, when);
        return;
    }
    page_printf(
        p,
        "                <li class=\"exp\">\n                    <time class=\"\">%s</time>\n"
        "                    <small class=\"ty\"> | </small>\n"
        "                    <span class=\"rec_view\">\n"
        "                        <span class=\"view\"><img src=\"/images/icon_view.png\" "
        "alt=\"조회수\">%ld</span>\n",
        when, d->view);
    if (d->like)
        page_printf(p,
                    "                        <span class=\"recs blue\"><img "
                    "src=\"/images/m_icon_like_blue_new.png\" "
                    "alt=\"추천\">%ld</span>\n",
                    d->like);
    page_raw(p, "                    </span>\n                    <span class=\"ty\"></span>\n     "
                "           </li>\n");
}

static void draw_thumb(struct page *p, const struct deal *d)
{
    char address[200] = "/new/asset/images/no_img.gif";

    page_raw(p, "        <div class=\"thmb_N\"><img ");
    if (d->has_image)
        snprintf(address, sizeof(address), "//%s/zboard/data/_thumb/ppomppu/%ld/small_%ld.jpg",
                 p->request->host, d->id % 10, d->id);
    page_image(p, address);
    page_raw(p, " onerror=\"this.src='/new/asset/images/no_img.gif'\" border=\"0\"></div>\n");
}

static void add_truth(struct page *p, const struct deal *d, bool pinned, const char *when)
{
    char title[800], path[96], href[120], image[200];
    struct truth_row row = {
        .title = title,
        .path = path,
        .href = href,
        .view = d->view,
        .dislike = -1,
        .time_text = when,
        .image = d->has_image ? image : NULL,
        .mall = d->mall_tagged ? d->mall : NULL,
        .category = p->rule.categories[d->kind],
        .pinned = pinned,
    };

    deal_title(d, title, sizeof(title));
    snprintf(path, sizeof(path), "/new/bbs_view.php?id=ppomppu&no=%ld", d->id);
    snprintf(href, sizeof(href), "%s&page=%d", path, p->number);
    snprintf(image, sizeof(image), "http://%s/zboard/data/_thumb/ppomppu/%ld/small_%ld.jpg",
             p->request->host, d->id % 10, d->id);
    page_add_deal(p, d, &row);
}

static void draw_row(struct page *p, const struct deal *d, bool pinned)
{
    char when[16];

    page_short_time(p, d->posted_at, "%H:%M:%S", "%y-%m-%d", when, sizeof(when));
    page_printf(
        p,
        "<li class=\"none-border bbs_list_thumbnail new_sk %s\" style=\"\">\n"
        "    <a href=\"/new/bbs_view.php?id=ppomppu&no=%ld&page=%d\" class=\"list_b_01n\">\n",
        pinned ? " hotpop_bg_color" : "", d->id, p->number);
    draw_thumb(p, d);
    page_raw(p, "        <div class=\"thmb_N2\">\n            <ul>\n");
    draw_title(p, d);
    draw_counts(p, d, when);
    page_printf(p,
                "                <li class=\"names\">[%s] %s</li>\n            </ul>\n        "
                "</div>\n    </a>\n</li>\n",
                p->rule.categories[d->kind], d->nick);
    add_truth(p, d, pinned, when);
}

/* Shop sellers of the board pmarket: same inner markup, but a div instead of the li. */
static void draw_ads(struct page *p)
{
    int i;

    page_raw(p, "<ul class=\"bbsList_new\">");
    for (i = 0; i < p->knobs.ads; i++) {
        const char *title = words_pick(&words_ads, (unsigned)i);
        long id = ppomppu_widget_id(p, "pmarket", i);

        page_printf(p,
                    "<div class=\"none-border bbs_list_thumbnail new_sk\">\n"
                    "    <a href=\"/new/bbs_list.php?id=pmarket&&no=%ld\" class=\"list_b_01n\">\n"
                    "        <div class=\"thmb_N\"><img src=\"%s\" "
                    "onerror=\"this.src='/new/asset/images/no_img.gif'\"></div>\n"
                    "        <div class=\"thmb_N2\"><ul><li class=\"title\"><img class=\"mark\" "
                    "src=\"/images/m_shopping_ppom.png\">"
                    "<span class=\"cont\">",
                    id, i % 3 ? "/zboard/data/_thumb/pmarket/1/small.jpg" : "");
        ppomppu_text(p, title);
        page_printf(
            p,
            "</span><span class=\"rp\">%d</span></li>\n"
            "            <li class=\"exp\"><span class=\"ty\">가전</span><small class=\"ty\"> | "
            "</small>"
            "<time class=\"\">09:59:34</time></li>\n"
            "            <li class=\"names\">%s <span class=\"rec_view\"><span class=\"view\">"
            "<img src=\"/images/icon_view.png\" alt=\"조회수\">%d</span></span></li></ul></div>\n  "
            "  </a>\n</div>\n",
            1 + i * 70, words_pick(&words_shops, (unsigned)i), 1423 + 320 * i);
        truth_add_excluded(p->truth, "ad", title);
    }
    page_raw(p, "</ul>\n");
}

/* Posts of the neighbouring forum: the very class of deal rows. */
static void draw_social(struct page *p)
{
    int i;

    page_raw(p, "<ul class=\"bbsList_new\" style=\"margin-top:15px;\">\n"
                "<li class=\"top_name\"><a "
                "href=\"/new/bbs_list.php?id=social\"><span>쇼핑포럼</span></a></li>\n");
    for (i = 0; i < PPOMPPU_SOCIAL_ROWS; i++) {
        const char *title = words_pick(&words_chats, (unsigned)i);
        long id = ppomppu_widget_id(p, "social", i);

        page_printf(
            p,
            "<li class=\"none-border bbs_list_thumbnail new_sk \" style=\"%s\">\n"
            "    <a href=\"/new/bbs_view.php?id=social&no=%ld\" class=\"list_b_01n\">\n"
            "        <div class=\"thmb_N\"><img src=\"/zboard/data3/social/%ld.jpg\"></div>\n"
            "        <div class=\"thmb_N2\"><ul><li class=\"title\"><span class=\"cont\" "
            "style=\"\">",
            i ? "" : "border-top:1px solid #ccc;", id, id);
        ppomppu_text(p, title);
        page_printf(p,
                    "</span><span class=\"rp\">%d</span></li>\n"
                    "            <li class=\"exp\"><time class=\"\">17:04:20</time><small "
                    "class=\"ty\"> | </small>"
                    "<span class=\"rec_view\"><span class=\"view\"><img "
                    "src=\"/images/icon_view.png\" alt=\"조회수\">%d</span>"
                    "</span><span class=\"ty\"></span></li>\n"
                    "            <li class=\"names\">[기타] %s</li></ul></div>\n    </a>\n</li>\n",
                    2 + 31 * i, 3044 + 9000 * i, words_pick(&words_nick_tails, (unsigned)i));
        truth_add_excluded(p->truth, "widget", title);
    }
    page_raw(p, "</ul>\n");
}

/* Sponsors reach the page as data and are drawn by the script. */
static void draw_sponsors(struct page *p)
{
    int i, count = p->knobs.ads < 2 ? p->knobs.ads : 2;

    page_raw(p, "<ul class=\"bbsList_new\" id=\"biz_partner\"></ul>\n<script "
                "type=\"text/javascript\">\nvar bizPartner = [");
    for (i = 0; i < count; i++) {
        char title[64];

        snprintf(title, sizeof(title), "[비즈파트너] 이번 주 제휴 특가 %d", i + 1);
        page_raw(p, i ? "," : "");
        page_printf(p,
                    "{\"url\": \"/new/bbs_list.php?id=pmarket&no=%ld\", \"img\": "
                    "\"/images/biz.png\", \"title\": ",
                    ppomppu_widget_id(p, "pmarket", 50 + i));
        out_json(p->html, title);
        page_raw(p, "}");
        truth_add_excluded(p->truth, "ad", title);
    }
    page_raw(p, "];\n</script>\n");
    page_raw(p, sponsor_script);
}

static void draw_footer(struct page *p)
{
    page_printf(p,
                "<div id=\"paging_menu\" class=\"writing-space\"><div class=\"paging-numb\">"
                "<a href=\"javascript:;\" class=\"prev off\"></a><span class=\"paging-box\">"
                "<input type=\"number\" id=\"cur_page\" class=\"paging-current\" value=\"%d\" "
                "maxlength=\"6\">"
                "<span class=\"paging-total\">/ %d</span></span><a href=\"javascript:;\" "
                "class=\"next\"></a></div></div>\n"
                "</div>\n<footer class=\"site-footer \"><ul><li><a "
                "href=\"/new/bbs_list.php?id=notice\">공지</a></li></ul>"
                "</footer>\n</div></div>\n</body>\n</html>\n",
                p->number, p->list->pages);
}

void ppomppu_draw_mobile(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX], pinned;
    size_t i, count = page_deals(p, deals);
    int k;

    page_raw(p, head);
    draw_notices(p);
    page_raw(p, page_epoch(p, 2020) ? "<ul class=\"bbsList\" >\n\n"
                                    : "<ul class=\"bbsList_new\" >\n\n");
    page_rows_begin(p);
    for (k = 0; p->first && ppomppu_pinned(p, k, &pinned); k++)
        draw_row(p, &pinned, true);
    for (i = 0; i < count; i++) {
        /* Already pinned above: the same deal once more. */
        deals[i].duplicate = deals[i].duplicate || (p->first && deals[i].pinned);
        draw_row(p, &deals[i], false);
    }
    page_rows_end(p);
    page_raw(p, "<div class=\"add_btn\"><img src=\"/images/icon-angle-down.png\" "
                "alt=\"더보기버튼\"></div>\n</ul>\n");
    draw_ads(p);
    draw_social(p);
    draw_sponsors(p);
    draw_footer(p);
}
