/* SPDX-License-Identifier: MIT */
/* test_boards_pages.h - pages of the demo boards as text: for test_boards_pages.c and test_boards_posts.c. */
#ifndef TEST_BOARDS_PAGES_H
#define TEST_BOARDS_PAGES_H

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boards/board.h"
#include "boards/world.h"

#define NOON 1795316700LL /* 2026-11-22T12:05:00+09:00 */

/* How a deal's row begins in the markup of each list; rows that are no deals begin so too where
 * the real board does it, and those are counted in others. */
static const struct list_shape {
    const char *board, *list, *row;
    size_t others;
} shapes[] = {
    {"ppomppu", "list-mobile", "<li class=\"none-border",
     4}, /* 3 of social, 1 in the sponsors' script */
    {"ppomppu", "list-desktop", "<tr align=\"center\" class=\"baseList bbs_new1", 6},
    {"clien", "list", "data-board-sn=", 0},
    {"ruliweb", "list", "<tr class=\"table_body blocktarget\">", 0},
    {"dealbada", "list", "<td class=\"td_date\">", 1}, /* the notice */
    {"lazy", "list", "<li class=\"deal", 0},
    {"xhr-votes", "list", "<li class=\"deal", 0},
    {"quasarzone", "list", "<div class=\"v2-list-row v2-list-row--hotdeal", 1}, /* the partner's */
    {"arca", "list", "<div class=\"vrow hybrid\">", 0},
    {"zod", "list", "<div class=\"app-list-title ", 1}, /* the duplicate */
    {"fmkorea", "list", "<li class=\"li  li_best2_pop0", 0},
    {"coolenjoy", "list", "id=\"abcd\"", 0},
    {"damoang", "list", "<a class=\"post-row\"", 0},
    {"eomisae", "list", "<div class=\"card_el n_ntc clear\">", 1}, /* the duplicate */
    {"ppomppu-foreign", "list", "<tr align=\"center\" class=\"baseList bbs_new1", 5},
    {"dealabs", "list", "<article id=", 1}, /* the duplicate */
    {"slickdeals", "list", "{\"id\":", 1},  /* the duplicate; drawn by a script */
};

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text; text = strstr(text + 1, part))
        count++;
    return count;
}

/* bytes read as charset, strictly; NULL where they are not in it. */
static inline char *decode(const struct out *bytes, const char *charset)
{
    iconv_t conv = iconv_open("UTF-8", charset);
    size_t left = bytes->len, room = bytes->len * 3 + 1;
    char *text = malloc(room), *to = text, *in = bytes->data;

    assert_true(conv != (iconv_t)-1);
    assert_non_null(text);
    if (iconv(conv, &in, &left, &to, &room) == (size_t)-1) {
        free(text);
        text = NULL;
    } else {
        *to = '\0';
    }
    iconv_close(conv);
    return text;
}

static inline void draw(struct world *w, const struct board *b, const struct board_list *list, int number,
                 struct answer *a)
{
    struct out target = {0};
    char *mark;
    struct request r = {.host = "demo.localhost:1", .query = "", .cookie = ""};

    *a = (struct answer){0};
    board_list_target(list, number, &target);
    mark = strchr(target.data, '?');
    if (mark) {
        *mark = '\0';
        r.query = mark + 1;
    }
    r.path = target.data;
    board_answer(w, b, &r, a);
    assert_int_equal(a->status, strcmp(b->name, "challenge") == 0 ? 430 : 200);
    assert_true(a->is_list);
    out_fini(&target);
}

static inline struct world *frozen_world(void)
{
    static struct world w;

    world_init(&w, 7);
    w.frozen = true;
    world_set_now(&w, NOON);
    return &w;
}

static inline const struct board_list *find_list(const struct board *b, const char *name)
{
    size_t i;

    for (i = 0; i < b->list_count; i++)
        if (strcmp(b->lists[i].name, name) == 0)
            return &b->lists[i];
    fail_msg("no list %s", name);
    return NULL;
}

static inline void each_page(struct world *w, void (*look)(const struct board *, const struct board_list *,
                                                    int, struct answer *))
{
    size_t i, k;
    int number;

    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);

        for (k = 0; k < b->list_count; k++)
            for (number = b->lists[k].first; number < b->lists[k].first + b->lists[k].pages;
                 number++) {
                struct answer a;

                draw(w, b, &b->lists[k], number, &a);
                look(b, &b->lists[k], number, &a);
                answer_fini(&a);
            }
    }
}

static inline void look_at_encoding(const struct board *b, const struct board_list *list, int number,
                             struct answer *a)
{
    char *text = decode(&a->body, b->cp949 ? "CP949" : "UTF-8");

    if (!text)
        fail_msg("%s %s page %d does not decode", b->name, list->name, number);
    assert_true(b->hostile || strstr(text, b->cp949 ? "charset=" : "charset=\"utf-8\""));
    free(text);
}

static inline int ask(struct world *w, const char *board, const char *path, const char *query,
               const char *cookie, struct answer *a)
{
    struct request r = {.host = "demo.localhost:1", .path = path, .query = query, .cookie = cookie};

    *a = (struct answer){0};
    board_answer(w, boards_find(board), &r, a);
    return a->status;
}

#endif
