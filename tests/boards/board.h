/* SPDX-License-Identifier: MIT */
/* board.h - a board as a table: where its lists are, how its deals come about, who draws it.
 *
 * Adding a board is writing one page_NAME.c that defines a struct board, and naming it in
 * board.c's table. Each board answers at its own origin, NAME.localhost:PORT.
 */
#ifndef BOARDS_BOARD_H
#define BOARDS_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/deals.h"
#include "boards/out.h"
#include "boards/truth.h"
#include "boards/world.h"

struct page;
struct post;

/* What a board sends back. Zero-initialised, then filled; answer_fini in any case. */
struct answer {
    int status;
    const char *content_type;
    struct out body;
    struct truth truth; /* of list and post pages; empty otherwise */
    char location[800]; /* of a redirect; empty: none */
    int delay_ms;       /* the board takes that long by nature */
    bool is_list, is_post;
};

/* One view of a list: ppomppu has two, the others one. */
struct board_list {
    const char *name;  /* file name stem of --write */
    const char *path;  /* without a query */
    const char *query; /* what the query must hold; NULL: nothing */
    const char
        *page_key; /* query key of the page number; "/page/": it is in the path, behind this */
    int first;     /* number of the first page */
    int pages;     /* pages that exist */
    int rows;      /* deals on a page */
    void (*draw)(struct page *);
};

/* One view of a post. Of several, the one whose path the request has draws it. */
struct board_post {
    const char *name;   /* file name stem of --write */
    const char *target; /* its address up to the number, as in "/view.php?id=x&no=" */
    void (*draw)(struct page *, struct post *);
};

struct board {
    const char *name;
    const char *title;
    bool cp949;               /* bytes of its HTML; otherwise UTF-8 */
    const char *content_type; /* of its HTML; without a charset only the meta element tells */
    struct deal_rule rule;
    struct world_knobs knobs; /* what -1 stands for */
    bool outside_demo;        /* quickstart --demo leaves it out; _boards tells */
    bool hostile;             /* shows rows to nobody; _boards tells */
    bool validators;          /* answers carry ETag and Last-Modified */
    const char *hidden_title; /* what a hidden deal's row says; NULL: the board has none */
    const char *hidden_kind;  /* and what truth calls it */
    const char *looks; /* what lists may be asked for: "epoch=2020 view=thumbnail"; or NULL */
    const struct board_list *lists;
    size_t list_count;
    const struct board_post *posts; /* NULL: plain ones at /deal/N (post.h) */
    size_t post_count;
    /* Says that a post is gone: gone is an enum post_gone. NULL: 404. */
    void (*draw_gone)(struct page *, struct answer *, int gone);
    /* The post number in a path of a post page, 0 where it is none. */
    long (*post_id)(const char *path, const char *query);
    /* Draws what is neither list nor post (scripts, API); false: not known either. May be NULL. */
    bool (*extra)(struct page *, struct answer *);
};

/* What a browser asked for. host is the Host header, path and query the two halves of the target
 * (query without "?", "" where there is none), cookie the Cookie header or "". */
struct request {
    const char *host;
    const char *path;
    const char *query;
    const char *cookie;
};

/* page_ppomppu.c ... page_js.c */
extern const struct board board_ppomppu, board_clien, board_ruliweb, board_dealbada;
extern const struct board board_quasarzone, board_arca, board_zod, board_fmkorea, board_coolenjoy;
extern const struct board board_damoang, board_eomisae, board_ppomppu_foreign;
extern const struct board board_dealabs, board_slickdeals;
extern const struct board board_spa, board_infinite, board_lazy, board_xhr_votes, board_cookie_gate;
extern const struct board board_vue_attr, board_textarea_post, board_cf_like, board_dialog;
extern const struct board board_goto, board_js_pager, board_challenge, board_crash;

size_t boards_count(void);
const struct board *boards_at(size_t index);

/* By its name, or by a Host header NAME.localhost[:PORT]; NULL: no such board. */
const struct board *boards_find(const char *name);
const struct board *boards_find_host(const char *host);

/* Draw what was asked for, as of the world's clock. */
void board_answer(struct world *, const struct board *, const struct request *, struct answer *);
void answer_fini(struct answer *);

/* The list that path and query belong to and its page number; NULL: it is no list page. */
const struct board_list *board_match_list(const struct board *, const char *path, const char *query,
                                          int *number_out);

/* The target of a list's page, as in "/market/board/1020?page=2". */
void board_list_target(const struct board_list *, int number, struct out *target);

#endif
