/* SPDX-License-Identifier: MIT */
/* page_ppomppu_desktop.c - the desktop list: tr.baseList rows in a table of old markup, among
 * widget rows of the same class, pinned notices with dates of years ago, and scripts between rows.
 */
#include <stdio.h>

#include "boards/ppomppu.h"

enum { ADS_MAX = 3 };

static const char head[] =
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
    "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"ko\">\n<head>\n"
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=euc-kr\" />\n"
    "<title>뽐뿌게시판 (데모)</title>\n"
    "<script type=\"text/javascript\" src=\"/js/common.js?v=1\"></script>\n"
    "<link rel=stylesheet href=/zboard/style.css type=text/css>\n"
    "</head>\n<body topmargin=0 leftmargin=0>\n"
    "<table cellpadding=0 cellspacing=0 width=900 border=0><tr><td colspan=11 height=5>\n"
    "<div class=\"navcontainer\"><ul id=\"navlist\"><li><a id=current href=zboard.php?id=ppomppu "
    "onfocus='blur()'><b>전체</b></a></li>"
    "<li><a  href=zboard.php?id=ppomppu&category=1 onfocus='blur()' "
    ">기타</a></li></ul></div></td></tr></table>\n"
    "<table id=revolution_main_table border=0 cellspacing=0 cellpadding=0 width=900 "
    "class=\"info_bg bbs_new1 bid_ppomppu \" >\n"
    "    <colgroup>\n\t<col width=60></col><col width=3></col>\t\t<!--<col width=20></col><col "
    "width=3></col>-->\t</colgroup>\n"
    "<form method=post name=list action=list_all.php>\n<input type=hidden name=page value=1>\n"
    "<input type=hidden name=id value=ppomppu>\n<input type=hidden name=selected>\n\n"
    "<tr>\n\t<td colspan=\"11\" class=\"title_bg_02\"></td>\n</tr>\n"
    "<tr align=center valign=middle class='title_bg' style='height:27px;'>\n"
    "\t<td class='list_tspace'><nobr>&nbsp;&nbsp;<font class=title_text>번호&nbsp;</nobr></td>"
    "<td class='list_tspace'><font class=title_text>제목</td>\n</tr>\n";

static void draw_notice(struct page *p, int i)
{
    const char *title = words_pick(&words_notices, (unsigned)i);

    page_printf(
        p,
        "<tr align=\"center\" id=page_show_noti_%d class=\"baseNotice\" style=\"\">\n"
        "        <td class=\"baseList-space baseList-numb\" colspan=\"2\"><span "
        "id=\"notice_con\">공지</span></td>\n"
        "            <td class=\"baseList-space\" align=\"left\"><a class=\"baseList-title\" "
        "href=\"view.php?id=regulation&page=1&divpage=202&no=%d\">",
        i + 1, 6 + i);
    ppomppu_text(p, title);
    page_printf(
        p,
        "</a></td>\n    <td colspan=2 class='list_vspace' align=\"left\"><div class='list_name'>"
        "<nobr class='list_vspace'><a class='baseList-name' href=#><span class=list_name><i "
        "class=\"nlevel lvP\"></i>"
        "관리자%d</span></a></nobr></div></td>    <td class=\"baseList-space\" colspan=\"2\"  "
        "title=\"%s\" >"
        "<time class=\"baseList-time\">%s</time></td>\n"
        "    <td class=\"baseList-space baseList-rec\" colspan=\"2\">0</td>"
        "    <td class=\"baseList-space baseList-views\" colspan=\"2\">6812949</td></tr>\n\n",
        3 + i, i ? "24.11.14 10:02:11" : "13.10.24 13:24:54", i ? "24/11/14" : "13/10/24");
    truth_add_excluded(p->truth, "notice", title);
}

static void draw_thumb(struct page *p, const struct deal *d, const char *day)
{
    char address[200];

    page_printf(
        p,
        "    <a class=\"baseList-thumb\" href=\"view.php?id=%s&page=%d&divpage=114&&no=%ld\" "
        "tooltip=P_img://%s/zboard/data3/m_%ld.jpeg><img ",
        ppomppu_id(p), p->number, d->id, p->request->host, d->id);
    if (d->has_image)
        snprintf(address, sizeof(address), "//%s/zboard/data/_thumb/ppomppu/%ld/small_%ld.jpg?t=%s",
                 p->request->host, d->id % 10, d->id, day);
    else
        snprintf(address, sizeof(address), "//%s/www/img/noimage/noimage_60x50.jpg",
                 p->request->host);
    page_image(p, address);
    page_printf(p,
                " onFocus=\"blur()\" "
                "onerror=\"this.src='//%s/www/img/noimage/noimage_60x50.jpg'\"></a>\n",
                p->request->host);
}

static void draw_title(struct page *p, const struct deal *d)
{
    page_printf(p,
                "                    <div class=\"baseList-box\">\n                        <div "
                "class=\"baseList-cover\">\n"
                "                        %s <a class='baseList-title%s' "
                "href=\"view.php?id=%s&page=%d&divpage=114&no=%ld\"  ><span>",
                d->hot ? "<img src=\"/images/menu/pop_icon2.jpg\" class=\"icons_vertical\"> " : "",
                d->sold_out ? " end2" : "", ppomppu_id(p), p->number, d->id);
    if (d->mall_tagged) {
        page_raw(p, "<em class=\"baseList-head subject_preface\">[");
        ppomppu_text(p, d->mall);
        page_raw(p, "]</em>");
        ppomppu_text(p, d->name);
    } else {
        char title[800];

        deal_title(d, title, sizeof(title));
        ppomppu_text(p, title);
    }
    page_raw(p, "</span></a>");
    if (d->comment)
        page_printf(p,
                    "<span class=\"baseList-c\" "
                    "onclick='win_comment(\"?id=%s&page=%d&divpage=114&no=%ld\");'>%ld</span>",
                    ppomppu_id(p), p->number, d->id, d->comment);
    page_printf(p,
                "%s\n                        </div>\n                        <small "
                "class=\"baseList-small\">[%s]</small>\n"
                "                    </div>    </td>\n",
                d->sold_out
                    ? " <img src=/zboard/skin/DQ_Revolution_BBS_New1/end_icon.PNG align=absmiddle>"
                    : "",
                p->rule.categories[d->kind]);
}

static void draw_nick(struct page *p, const struct deal *d)
{
    page_raw(p, "        <td class='baseList-space' colspan=2 align=\"left\"><div "
                "class='list_name'><nobr class='list_name'>"
                "<a class='baseList-name' href=# onClick=\"return false\">");
    if (d->id % 4 == 0)
        page_printf(p, "<img src='/images/icon_nick/%ld.gif' alt=\"%s\">", d->id % 50, d->nick);
    else
        page_printf(p, "<span class=\"baseList-name\"><i class=\"nlevel lv%ld\"></i>%s</span>",
                    d->id % 6 + 1, d->nick);
    page_raw(p, "</a></nobr></div></td>");
}

static void draw_counts(struct page *p, const struct deal *d, const char *when)
{
    char full[32];

    page_time(d->posted_at, "%y.%m.%d %H:%M:%S", full, sizeof(full));
    page_printf(p,
                "    <td class='baseList-space' colspan=2  title=\"%s\" ><time "
                "class=\"baseList-time\">%s</time></td>"
                "    <td class='baseList-space baseList-rec' colspan=2>",
                full, when);
    if (d->like || d->dislike)
        page_printf(p, "%ld - %ld", d->like, d->dislike);
    page_printf(p, "</td>    <td class='baseList-space baseList-views' colspan=2>%ld</td></tr>\n\n",
                d->view);
}

/* The desktop puts no space between the mall and the name, whatever the mobile view does. */
static void text_of_title(const struct deal *d, char *title, size_t size)
{
    if (d->mall_tagged)
        snprintf(title, size, "[%s]%s", d->mall, d->name);
    else
        deal_title(d, title, size);
}

static void add_truth(struct page *p, const struct deal *d, bool pinned, const char *when,
                      const char *day)
{
    char title[800], path[96], href[120], image[200];
    struct truth_row row = {
        .title = title,
        .path = path,
        .href = href,
        .view = d->view,
        .dislike = d->dislike,
        .time_text = when,
        .image = d->has_image ? image : NULL,
        .posted_at = d->posted_at,
        .mall = d->mall_tagged ? d->mall : NULL,
        .category = p->rule.categories[d->kind],
        .pinned = pinned,
    };

    text_of_title(d, title, sizeof(title));
    snprintf(path, sizeof(path), "/zboard/view.php?id=%s&no=%ld", ppomppu_id(p), d->id);
    snprintf(href, sizeof(href), "/zboard/view.php?id=%s&page=%d&divpage=114&no=%ld", ppomppu_id(p),
             p->number, d->id);
    snprintf(image, sizeof(image), "http://%s/zboard/data/_thumb/ppomppu/%ld/small_%ld.jpg?t=%s",
             p->request->host, d->id % 10, d->id, day);
    page_add_deal(p, d, &row);
}

static void draw_row(struct page *p, const struct deal *d, bool pinned)
{
    char when[16], day[16];

    page_short_time(p, d->posted_at, "%H:%M:%S", "%y/%m/%d", when, sizeof(when));
    page_time(d->posted_at, "%Y%m%d", day, sizeof(day));
    page_printf(p,
                "<tr align=\"center\" class=\"baseList bbs_new1 %s\" >\n"
                "    <td class=\"baseList-space baseList-numb\" colspan=\"2\">%ld</td>\n"
                "                    <td align=\"left\" class=\"baseList-space title\">\n",
                pinned ? " hotpop_bg_color" : "", d->id);
    draw_thumb(p, d, day);
    draw_title(p, d);
    draw_nick(p, d);
    draw_counts(p, d, when);
    add_truth(p, d, pinned, when, day);
}

/* A row of another board: same class, an icon where the number would be. */
static void draw_widget(struct page *p, const char *board, const char *kind, const char *title,
                        int k)
{
    long id = ppomppu_widget_id(p, board, k);

    page_printf(
        p,
        "        <tr align=\"center\" class=\"baseList bbs_new1\">\n"
        "        <td class=\"baseList-space baseList-numb\" colspan=\"2\"><img "
        "src=\"/images/%s.png?v=2\" alt=\"아이콘\"></td>\n"
        "                <td align=\"left\" class=\"baseList-space title\">\n"
        "            <a class=\"baseList-thumb\" href=\"/zboard/view.php?id=%s&&no=%ld\"><img "
        "src=\"/zboard/data/_thumb/%s/%ld.jpg\"></a>\n"
        "            <div class=\"baseList-box\"><div class=\"baseList-cover\">\n"
        "                 <a class=\"baseList-title\" "
        "href=\"/zboard/view.php?id=%s&&no=%ld\"><span>",
        board, board, id, board, id, board, id);
    ppomppu_text(p, title);
    page_printf(p,
                "</span></a>\n                 <span class=\"baseList-c\" "
                "onclick=\"win_comment('popup_comment.php?id=%s&no=%ld');\">%d</span>\n"
                "                </div></div>\n        </td>\n"
                "        <td class=\"baseList-space\" colspan=\"2\" align=\"left\"><a "
                "class=\"baseList-name\" href=\"#\">"
                "<span class=\"baseList-name\"><i class=\"nlevel lvB\"></i>%s</span></a></td>\n"
                "        <td class=\"baseList-space\" colspan=\"2\"><time "
                "class=\"baseList-time\">09:38:49</time></td>\n"
                "        <td class=\"baseList-space baseList-rec\" colspan=\"2\">%d - 0</td>\n"
                "        <td class=\"baseList-space baseList-views\" colspan=\"2\">%d</td></tr>\n  "
                "      </tr>\n",
                board, id, 5 + 60 * k, words_pick(&words_shops, (unsigned)k), 30 - 4 * k,
                658 + 900 * k);
    truth_add_excluded(p->truth, kind, title);
}

static void draw_widgets(struct page *p)
{
    int i;

    page_raw(p, "    <script>\n    var listRows = "
                "document.querySelectorAll('.list-notice-alarm-tr').length;\n    </script>\n");
    for (i = 0; i < p->knobs.ads && i < ADS_MAX; i++)
        draw_widget(p, "pmarket", "ad", words_pick(&words_ads, (unsigned)i), i);
    page_raw(p,
             "</td></tr>\n        <tr><td colspan=\"11\" height=\"1\">\n        <div "
             "class=\"bridge_area\"><p style=\"border:0;\">"
             "<a href=\"/zboard/zboard.php?id=social\"><strong>쇼핑포럼</strong></a></p></div>\n   "
             "     </td></tr>\n");
    for (i = 0; i < PPOMPPU_SOCIAL_ROWS; i++)
        draw_widget(p, "social", "widget", words_pick(&words_chats, (unsigned)i), i);
}

static void draw_footer(struct page *p)
{
    int i;

    page_raw(p, "</form>\n</table>\n<table border=\"0\" cellpadding=\"0\" cellspacing=\"0\" "
                "width=\"900\" class=\"info_bg\"><tr><td>\n"
                "<div id=\"page_list\">");
    for (i = p->list->first; i < p->list->first + p->list->pages; i++)
        page_printf(p, "<a href='zboard.php?id=%s&page=%d' class=%s>%d</a>", ppomppu_id(p), i,
                    i == p->number ? "page_inert" : "page", i);
    page_raw(p, "</div></td></tr></table>\n</body>\n</html>\n");
}

void ppomppu_draw_desktop(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX], pinned;
    size_t i, count = page_deals(p, deals);
    int k;

    if (page_epoch(p, 2020) || page_epoch(p, 2023)) {
        ppomppu_draw_desktop_old(p);
        return;
    }
    page_raw(p, head);
    for (k = 0; k < p->knobs.notice; k++)
        draw_notice(p, k);
    page_rows_begin(p);
    for (k = 0; p->first && ppomppu_pinned(p, k, &pinned); k++)
        draw_row(p, &pinned, true);
    for (i = 0; i < count; i++) {
        /* Already pinned above: the same deal once more. */
        deals[i].duplicate = deals[i].duplicate || (p->first && deals[i].pinned);
        draw_row(p, &deals[i], false);
    }
    page_rows_end(p);
    draw_widgets(p);
    draw_footer(p);
}
