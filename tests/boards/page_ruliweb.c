/* SPDX-License-Identifier: MIT */
/* page_ruliweb.c - the board ruliweb, plain view: titles cut by the server, "[종료]" outside the
 * title's link, and best rows on top that repeat ordinary ones with older view counts.
 */
#include <stdio.h>
#include <string.h>

#include "boards/ruliweb.h"

enum { BEST_BEHIND_MIN = 8, BEST_BEHIND_SPAN = 106 };

const char ruliweb_sold_mark[] =
    "<span style=\"background-color: #ff4444; color: white; padding: 2px 6px; border-radius: 3px; "
    "font-size: 11px; font-weight: bold; margin-right: 5px;\">[종료]</span>";

void ruliweb_draw_head(struct page *p)
{
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"ko\" dir=\"ltr\">\n\n<head>\n\t\t<title>핫딜예판 "
                "유저 핫딜 (데모)</title>\n"
                "\t<meta name=\"viewport\" content=\"width=1159\"/>\n\t<meta charset=\"utf-8\">\n"
                "\t<link rel=\"stylesheet\" href=\"/assets/css/style.min.css?version=1\"/>\n"
                "\t<script src=\"/js/common.js\"></script>\n</head>\n<body>\n"
                "<div id=\"board_list\" class=\"row\">\n<div>\n"
                "<div class=\"board_top\"><ul><li><a "
                "href=\"/market/board/1020?cate=2\">게임S/W</a></li></ul></div>\n"
                "<div class=\"board_main theme_default theme_white\" >\n"
                "                    <table class=\"board_list_table\">\n                <thead>\n"
                "                <tr class=\"table_head\"><th class=\"id\">ID</th><th "
                "class=\"divsn\">구분</th><th class=\"subject\">제목</th>"
                "<th class=\"writer\">글쓴이</th><th class=\"recomd\">추천</th><th "
                "class=\"hit\">조회</th><th class=\"time\">날짜</th></tr>\n"
                "                </thead>\n                <tbody>\n");
}

static void draw_category(struct page *p, const char *cell_class, const char *name, int number)
{
    page_printf(
        p,
        "        <td class=\"%s\">\n            <a href=\"http://%s/market/board/1020?&cate=%d\" "
        "tabindex=\"-1\">%s</a>\n        </td>\n",
        cell_class, p->request->host, number, name);
}

/* Notices and best rows share this cell: the title strong, the reply count a link within the link.
 */
static void draw_inside_subject(struct page *p, long id, const char *title, bool sold_out,
                                long comments)
{
    page_printf(p,
                "        <td class=\"subject\">\n            %s<a class=\"subject_link deco\" "
                "href=\"http://%s/market/board/1020/read/%ld?\" tabindex=\"-1\">\n"
                "                <strong>",
                sold_out ? ruliweb_sold_mark : "", p->request->host, id);
    page_text(p, title);
    page_raw(p, "</strong>\n                <i class=\"icon-picture\"></i>");
    if (comments)
        page_printf(p,
                    "    <a class=\"num_reply\" href=\"http://%s/market/board/1020/read/%ld?#cmt\" "
                    "target=\"_self\"> (%ld)</a>",
                    p->request->host, id, comments);
    page_raw(p, "    </a>\n        </td>\n");
}

static void draw_writer(struct page *p, long id, const char *nick)
{
    page_printf(p,
                "        <td class=\"writer text_over\">\n            <input class=\"member_srl\" "
                "type=\"hidden\" value=\"%ld\">\n"
                "            <a href=\"javascript:;\" onclick=\"app.getMemberContextMenu(this, '', "
                "'%ld', '')\" tabindex=\"-1\">\n"
                "                %s            </a>\n        </td>\n",
                id % 100000, id % 100000, nick);
}

static void draw_counts(struct page *p, long likes, long views, const char *when)
{
    page_printf(p, "        <td class=\"recomd\" %s>",
                likes >= 5 ? "style=\"color: #ef618f;font-weight: bold;\"" : "");
    if (page_epoch(p, 2020))
        page_printf(p, "<span>%ld</span>", likes);
    else if (likes)
        page_printf(p, "%ld", likes);
    page_printf(p,
                "</td>\n        <td class=\"hit\" >\n            %ld        </td>\n        <td "
                "class=\"time\">\n            %s        </td>\n    </tr>\n",
                views, when);
}

void ruliweb_draw_notices(struct page *p)
{
    int i;

    for (i = 0; i < p->knobs.notice; i++) {
        const char *title = words_pick(&words_notices, (unsigned)i);

        page_printf(p,
                    "    <tr class=\"table_body notice inside\">\n        <td class=\"id\">\n      "
                    "      %d        </td>\n",
                    38542 + 3001 * i);
        draw_category(p, "divsn", "<strong>공지</strong>", 99);
        draw_inside_subject(p, 38542 + 3001 * i, title, false, 4 * i);
        draw_writer(p, 7, "핫딜관리자");
        draw_counts(p, 13, 27518 * (i + 1), "2026.01.30");
        truth_add_excluded(p->truth, "notice", title);
    }
}

/* The most watched deals of the page, once each; returns how many. */
static size_t most_watched(const struct deal *deals, size_t count, size_t want,
                           const struct deal **best)
{
    size_t found = 0, i, j;

    while (found < want && found < count) {
        const struct deal *top = NULL;

        for (i = 0; i < count; i++) {
            for (j = 0; j < found && best[j] != &deals[i]; j++)
                ;
            if (j == found && (!top || deals[i].view > top->view))
                top = &deals[i];
        }
        best[found++] = top;
    }
    return found;
}

/* Best rows are cached by the board: fewer views than the row below, a sold-out mark that comes
 * late. */
void ruliweb_draw_best(struct page *p, const struct deal *deals, size_t count)
{
    const struct deal *best[8];
    size_t i, found = most_watched(deals, count, p->first ? (size_t)p->knobs.dup : 0, best);
    struct deal pinned[4];

    for (i = 0; p->first && i < 4 && world_pinned(p->world, &p->rule, p->now, (int)i, &pinned[i]);
         i++)
        best[found++] = &pinned[i];
    for (i = 0; i < found; i++) {
        const struct deal *d = best[i];
        long behind =
            BEST_BEHIND_MIN +
            (long)(deal_random(p->world->seed, "best", d->slot, "behind") % BEST_BEHIND_SPAN);
        char title[800], when[16];

        deal_title(d, title, sizeof(title));
        page_cut(title, RULIWEB_TITLE_MAX_CHARS);
        page_short_time(p, d->posted_at, "%H:%M", "%Y.%m.%d", when, sizeof(when));
        page_raw(p, "    <tr class=\"table_body best inside blocktarget\">\n        <td "
                    "class=\"id\">\n\n        </td>\n");
        draw_category(p, "divsn", "<strong>BEST</strong>", 31);
        draw_inside_subject(p, d->id, title, d->sold_out && i % 2, d->comment);
        draw_writer(p, d->id, "");
        draw_counts(p, d->like, d->view > behind ? d->view - behind : 1, when);
        truth_add_excluded(p->truth, "best-duplicate", title);
    }
}

static void draw_subject(struct page *p, const struct deal *d, const char *title)
{
    page_printf(p,
                "        <td class=\"subject\">\n            <div class=\"relative\">\n            "
                "                    %s"
                "<a class=\"subject_link deco\" "
                "href=\"http://%s/market/board/1020/read/%ld?%s\">\n                    ",
                d->sold_out ? ruliweb_sold_mark : "", p->request->host, d->id,
                p->first ? "" : "page=");
    page_text(p, title);
    page_printf(p, "                    %s", d->has_image ? "<i class=\"icon-picture\"></i>" : "");
    if (d->comment && page_epoch(p, 2020))
        page_printf(p, "    <span class=\"num_reply\">(<span class=\"num\">%ld</span>)</span>",
                    d->comment);
    else if (d->comment)
        page_printf(
            p,
            "    <span class=\"num_reply\" data-href=\"http://%s/market/board/1020/read/%ld?#cmt\" "
            "target=\"_self\"> (%ld)</span>",
            p->request->host, d->id, d->comment);
    page_raw(p, "    </a>\n            </div>\n        </td>\n");
}

static void draw_row(struct page *p, const struct deal *d)
{
    char title[800], when[16], path[64], href[160];
    struct truth_row row = {.title = title,
                            .path = path,
                            .href = href,
                            .view = d->view,
                            .dislike = -1,
                            .time_text = when,
                            .category = p->rule.categories[d->kind]};

    deal_title(d, title, sizeof(title));
    row.truncated = page_cut(title, RULIWEB_TITLE_MAX_CHARS);
    page_short_time(p, d->posted_at, "%H:%M", "%Y.%m.%d", when, sizeof(when));
    snprintf(path, sizeof(path), "/market/board/1020/read/%ld", d->id);
    snprintf(href, sizeof(href), "http://%s%s?", p->request->host, path);
    page_printf(p,
                "    <tr class=\"table_body blocktarget\">\n        <td class=\"id\">\n            "
                "%ld        </td>\n",
                d->id);
    draw_category(p, "divsn text_over", row.category, d->kind);
    draw_subject(p, d, title);
    draw_writer(p, d->id, d->nick);
    draw_counts(p, d->like, d->view, when);
    page_add_deal(p, d, &row);
}

void ruliweb_draw_footer(struct page *p)
{
    int i;

    page_raw(p, "                </tbody>\n            </table>\n                    </div>\n"
                "<div class=\"board_bottom\"><div class=\"paging_wrapper\">\n");
    for (i = 1; i <= p->list->pages; i++)
        page_printf(p,
                    "<a href=\"http://%s/market/board/1020?page=%d\" class=\"btn_num%s\" "
                    "tabindex=\"-1\">%d</a>\n",
                    p->request->host, i, i == p->number ? " active" : "", i);
    page_raw(p, "</div></div>\n</div></div>\n</body>\n</html>\n");
}

static bool has_view(const struct page *p, const char *view)
{
    return strcmp(p->look.view, view) == 0;
}

static void draw_list(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    struct page ordinary = *p;
    size_t i, count;

    ordinary.knobs.dup = 0; /* here a repeated row is a best row, drawn apart */
    count = page_deals(&ordinary, deals);
    ruliweb_draw_head(p);
    ruliweb_draw_notices(p);
    ruliweb_draw_best(p, deals, count);
    page_rows_begin(p);
    if (has_view(p, "thumbnail")) {
        ruliweb_draw_cards(p, deals, count);
    } else if (has_view(p, "gallery")) {
        ruliweb_draw_gallery(p, deals, count);
    } else {
        for (i = 0; i < count; i++)
            draw_row(p, &deals[i]);
    }
    if (!has_view(p, "gallery")) /* which leaves the table: its rows are no siblings */
        page_rows_end(p);
    ruliweb_draw_footer(p);
}

static long post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/market/board/1020/read/");
}

static const struct board_list lists[] = {
    {"list", "/market/board/1020", NULL, "page", 1, 10, 28, draw_list},
};

static const struct board_post posts[] = {
    {"post", "/market/board/1020/read/", ruliweb_draw_post},
};

const struct board board_ruliweb = {
    .name = "ruliweb",
    .title = "핫딜예판 유저",
    .content_type = "text/html; charset=utf-8",
    .rule =
        {
            .board = "ruliweb",
            .slot_s = 900,
            .first_id = 20000,
            .flags = DEALS_EMOJI,
            .categories = {"음식", "A/V", "PC/가전", "의류", "생활용품", "상품권"},
        },
    .knobs = {.sold_permille = 150, .notice = 3, .ads = 0, .blind = 0, .dup = 4, .hot = 0},
    .looks = "epoch=2020 view=thumbnail view=gallery",
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .draw_gone = ruliweb_draw_gone,
    .validators = true,
    .post_id = post_id,
};
