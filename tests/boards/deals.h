/* SPDX-License-Identifier: MIT */
/* deals.h - the generator: which deal a board has in a slot of time, and what it looks like now.
 *
 * Time is cut into slots of a board's own length; a slot holds one post or none (a post deleted
 * long ago, which leaves a gap in the numbering). Everything about a deal follows from (seed,
 * board, slot); its counters and whether it is sold out follow from its age as well and only grow.
 * Nothing is stored, so any moment of any board can be asked for in any order.
 *
 * Times are seconds since 1970; days are those of Asia/Seoul (UTC+9, no summer time).
 */
#ifndef BOARDS_DEALS_H
#define BOARDS_DEALS_H

#include <stdbool.h>
#include <stdint.h>

#include "boards/words.h"

/* Numbering starts with the slot of 2015-01-01 KST; a clock before it has no deals. */
#define DEALS_FIRST_S 1420038000LL

enum {
    DEALS_PLAIN_TEXT = 0,
    DEALS_EMOJI = 1, /* some titles carry emoji: the board's encoding has them */
    DEALS_UHC = 2,   /* some titles need cp949 beyond KS X 1001 */
};

/* How the deals of one board come about. */
struct deal_rule {
    const char *board;
    int slot_s;        /* length of a slot, seconds: at most one deal is posted in it */
    long first_id;     /* post number of the slot at DEALS_FIRST_S */
    int sold_permille; /* of all deals, those that end one day */
    int hidden_every;  /* each so many slots one is blinded or blocked; 0: never */
    unsigned flags;    /* DEALS_* */
    const char *categories[KIND_COUNT];
};

struct deal {
    long slot;
    long id;
    int64_t posted_at;
    char mall[64];     /* without brackets; empty: none */
    bool mall_tagged;  /* boards with an element for the mall use it; else it is part of the text */
    bool mall_tight;   /* no space between "[mall]" and the name */
    char product[512]; /* what is sold, no mall and no price */
    char name[640];    /* the title without "[mall]": product, price and shipping */
    char price[48];    /* "12,900원"; empty: none told */
    enum product_kind kind;
    char nick[64];
    long view, comment, like, dislike;
    bool sold_out;
    bool hidden;    /* blinded by readers or removed by a moderator; the row remains */
    bool pinned;    /* by hand: a hot or best row (world_pinned) */
    bool cut;       /* the list cut the title (struct world_look) */
    bool duplicate; /* the same row once more (knob dup); set by the list, not by the generator */
    bool has_image;
    char link[400]; /* where it is sold (shops.h); empty: the post has no link */
    bool hot;       /* so many views that boards decorate it */
};

/* The deal of a slot as it looks at now. False: the slot is empty or still to come. */
bool deal_make(const struct deal_rule *, uint64_t seed, long slot, int64_t now, struct deal *out);

/* The slot that now falls into, and the slot of a post number. */
long deal_slot_at(const struct deal_rule *, int64_t now);
long deal_slot_of_id(const struct deal_rule *, long id);

/* "[mall] name" as one line of text, as most boards show it. */
void deal_title(const struct deal *, char *title_out, size_t size);

/* Replace the title (an edit by hand): a leading "[...]" becomes the mall. */
void deal_set_title(struct deal *, const char *title);

/* A number that depends on nothing but its arguments. */
uint64_t deal_random(uint64_t seed, const char *board, long slot, const char *salt);

#endif
