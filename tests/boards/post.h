/* SPDX-License-Identifier: MIT */
/* post.h - one post page being drawn, from the same record as its row in the list.
 *
 * A board says in its table (struct board_post) where its posts are and who draws them. The drawing
 * function gets a struct post whose `shown` already holds the truth as the record has it: title
 * whole, time to the second, counters, picture, the shop's address. It draws that, sets how the
 * link is wrapped, and clears in `shown` what its page does not show (as in shown.mall = NULL).
 * /_truth?path= of the post then answers with it.
 */
#ifndef BOARDS_POST_H
#define BOARDS_POST_H

#include "boards/page.h"

struct post {
    struct deal deal;
    char title[800]; /* "[mall] name (price/shipping)", never cut */
    char image[240]; /* the picture in the text, absolute; empty: none */
    char href[1600]; /* the link to the shop as it stands in the page; empty: none */
    char path[160];  /* as /_truth tells it */
    struct truth_post shown;
};

/* How the shop's address is hidden in a link. */
enum post_wrap { POST_WRAP_RAW, POST_WRAP_URL, POST_WRAP_BASE64 };

/* Why there is no post: what struct board's draw_gone is told. */
enum post_gone {
    POST_DELETED, /* or never written */
    POST_BLIND,   /* hidden by readers or a moderator */
};

/* Fill in a post from its record. target is the address up to the number. */
void post_init(struct page *, const struct deal *, const char *target, struct post *post_out);

/* The link as prefix + wrapped address + suffix; nothing where the deal has none. The default is
 * the address itself. */
void post_set_link(struct post *, const char *prefix, enum post_wrap, const char *suffix);

/* The picture, by its path on the board; nothing where the deal has none. */
void post_set_image(struct page *, struct post *, const char *path);

/* A few sentences about the deal as paragraphs, the same words on every board, with an address in
 * plain text and one link that does not lead to the shop. */
void post_draw_text(struct page *, const struct post *);

/* The plainest post page: for boards that are about their lists. */
void post_draw_plain(struct page *, struct post *);

/* The answer of boards without a form of their own: 404. */
void post_draw_gone(struct page *, struct answer *, int gone);

/* 200 with alert() and a step back, as ppomppu says that a post is gone. */
void post_draw_gone_alert(struct page *, struct answer *, int gone);

#endif
