/* SPDX-License-Identifier: MIT */
/* page_ppomppu_old.c - the desktop list of ppomppu in 2020 (tr.list0, tr.list1) and in 2023
 * (tr.common-list0, tr.common-list1): a table within each row, so that a selector of plain tr
 * finds two of them, and an HTML comment between cells.
 *
 * Of 2023 only the name of the rows is known; the cells are those of 2020.
 */
#include <stdio.h>

#include "boards/ppomppu.h"

static const char head[] =
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<html>\n<head>\n"
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=euc-kr\">\n"
    "<title>뽐뿌게시판 (데모)</title>\n</head>\n<body topmargin=0 leftmargin=0>\n"
    "<table id=revolution_main_table border=0 cellspacing=0 cellpadding=0 width=900>\n"
    "<form method=post name=list action=list_all.php>\n"
    "<tr align=center class='title_bg'><td colspan=2>번호</td><td colspan=2>분류</td>"
    "<td colspan=2>글쓴이</td><td>제목</td><td colspan=2>등록일</td><td colspan=2>추천</td>"
    "<td colspan=2>조회</td></tr>\n";

static void draw_notice(struct page *p, int i)
{
    const char *title = words_pick(&words_notices, (unsigned)i);

    page_printf(p,
                "<tr align=center class=\"list_notice\"><td class=\"eng list_vspace\" "
                "colspan=2><img src=\"/zboard/skin/notice.gif\"></td><td colspan=2></td><td "
                "colspan=2>관리자</td><td align=left class=\"list_vspace\"><a "
                "href=\"view.php?id=regulation&no=%d\"><font class=\"list_title\">",
                6 + i);
    ppomppu_text(p, title);
    page_raw(p, "</font></a></td><td nowrap class=\"eng list_vspace\" colspan=2 title=\"13.10.24 "
                "13:24:54\">13/10/24</td><td colspan=2></td><td nowrap class=\"eng list_vspace\" "
                "colspan=2>6812949</td></tr>\n");
    truth_add_excluded(p->truth, "notice", title);
}

static void image_path(const struct deal *d, char *path, size_t size)
{
    char day[16];

    page_time(d->posted_at, "%Y%m%d", day, sizeof(day));
    snprintf(path, size, "/zboard/data/_thumb/ppomppu/%ld/small_%ld.jpg?t=%s", d->id % 10, d->id,
             day);
}

static void draw_subject(struct page *p, const struct deal *d, const char *title)
{
    char path[96];

    image_path(d, path, sizeof(path));
    page_printf(p,
                "    <td align=\"left\" class=\"list_vspace\"><table border=0 cellpadding=0 "
                "cellspacing=0 width=\"100%%\"><tr>\n"
                "        <td align=\"right\" width=75><a "
                "href=\"view.php?id=ppomppu&page=%d&divpage=60&&no=%ld\" onfocus=\"blur()\"><img ",
                p->number, d->id);
    if (d->has_image)
        page_printf(p, "src=\"//%s%s\"", p->request->host, path);
    else
        page_printf(p, "src=\"//%s/www/img/noimage/noimage_60x50.jpg\"", p->request->host);
    page_printf(p,
                " width=60 height=50 border=0 class=\"thumb_border\"></a></td>\n"
                "        <td valign=middle> <a "
                "href=\"view.php?id=ppomppu&page=%d&divpage=60&no=%ld\"><font %s>",
                p->number, d->id, d->sold_out ? "color=#ACACAC" : "class=list_title");
    ppomppu_text(p, title);
    page_raw(p, "</font></a>&nbsp;");
    if (d->comment)
        page_printf(p,
                    "<span class=\"list_comment2\"> <span style='cursor:pointer;' "
                    "onclick='win_comment(\"popup_comment.php?id=ppomppu&no=%ld\");'>%ld</span> "
                    "</span>",
                    d->id, d->comment);
    page_printf(p, "%s</td></tr></table></td>\n",
                d->sold_out ? "&nbsp;<img src=/zboard/skin/DQ_Revolution_BBS/end_icon.PNG>" : "");
}

static void add_truth(struct page *p, const struct deal *d, const char *title, const char *when)
{
    char path[96], href[120], image[200], image_tail[96];
    struct truth_row row = {
        .title = title,
        .path = path,
        .href = href,
        .view = d->view,
        .dislike = d->dislike,
        .time_text = when,
        .image = d->has_image ? image : NULL,
        .posted_at = d->posted_at,
        .category = p->rule.categories[d->kind],
    };

    snprintf(path, sizeof(path), "/zboard/view.php?id=ppomppu&no=%ld", d->id);
    snprintf(href, sizeof(href), "/zboard/view.php?id=ppomppu&page=%d&divpage=60&no=%ld", p->number,
             d->id);
    image_path(d, image_tail, sizeof(image_tail));
    snprintf(image, sizeof(image), "http://%s%s", p->request->host, image_tail);
    page_add_deal(p, d, &row);
}

static void draw_row(struct page *p, const struct deal *d, size_t i)
{
    char title[800], when[16], full[32];

    deal_title(d, title, sizeof(title));
    page_short_time(p, d->posted_at, "%H:%M:%S", "%y/%m/%d", when, sizeof(when));
    page_time(d->posted_at, "%y.%m.%d %H:%M:%S", full, sizeof(full));
    page_printf(p,
                "<tr align=\"center\" class=\"%s%d\" "
                "onMouseOver=\"this.style.backgroundColor='#F5F5F5'\" valign=middle>\n"
                "    <td class=\"eng list_vspace\" colspan=2> %ld </td>\n"
                "    <td class=\"han4 list_vspace\" nowrap colspan=2><nobr class=\"han4 "
                "list_vspace\">%s</nobr></td><!--<td nowrap colspan=2><input type=checkbox "
                "name=cart value=\"%ld\"></td>-->\n"
                "    <td colspan=2 class=\"list_vspace\" align=left><div class=\"list_name\"><nobr "
                "class=\"list_name\">&nbsp;<a href=# onclick=\"return false\"><span "
                "class=\"list_name\">%s</span></a></nobr></div></td>\n",
                page_epoch(p, 2023) ? "common-list" : "list", (int)(i % 2), d->id,
                p->rule.categories[d->kind], d->id, d->nick);
    draw_subject(p, d, title);
    page_printf(p,
                "    <td nowrap class=\"eng list_vspace\" colspan=2 title=\"%s\"><nobr class=\"eng "
                "list_vspace\">%s</nobr></td>\n    <td nowrap class=\"eng list_vspace\" colspan=2>",
                full, when);
    if (d->like || d->dislike)
        page_printf(p, "%ld - %ld", d->like, d->dislike);
    page_printf(p,
                "</td>\n    <td nowrap class=\"eng list_vspace\" colspan=2>%ld</td>\n</tr>\n"
                "<tr><td colspan=13 class=\"line_separator\" height=1></td></tr>\n",
                d->view);
    add_truth(p, d, title, when);
}

void ppomppu_draw_desktop_old(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);
    int k;

    page_raw(p, head);
    for (k = 0; k < p->knobs.notice; k++)
        draw_notice(p, k);
    page_rows_begin(p);
    for (i = 0; i < count; i++)
        draw_row(p, &deals[i], i);
    page_rows_end(p);
    page_raw(p, "</form>\n</table>\n</body>\n</html>\n");
}
