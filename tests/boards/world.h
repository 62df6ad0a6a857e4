/* SPDX-License-Identifier: MIT */
/* world.h - what all boards share: the seed, the clock, the knobs, and deals edited by hand.
 *
 * Not thread-safe; serve.c holds one lock around every use.
 */
#ifndef BOARDS_WORLD_H
#define BOARDS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/deals.h"

#define WORLD_TITLE_MAX_BYTES 400

/* Knobs of how boards look; -1 leaves a knob to the board's own default (board.h). */
struct world_knobs {
    int sold_permille; /* deals that end one day */
    int notice;        /* notice rows, 0 .. 3 */
    int ads;           /* advertising rows, 0 .. 6 */
    int blind;         /* blinded or blocked rows on an average page, 0 .. 5 */
    int dup;           /* rows repeated, 0 .. 4 */
    int hot;           /* older posts pinned on top, 0 .. 2 */
};

/* How a board draws its pages until told otherwise; all zero: as the board is today. A page's own
 * query may say epoch= and view= as well. */
enum world_thumb { THUMB_REAL, THUMB_NONE, THUMB_LAZY, THUMB_BROKEN };

struct world_look {
    char board[32];
    int epoch;     /* 2020, 2023: the layout of that year, where the board has it */
    char view[16]; /* ruliweb: thumbnail, gallery */
    enum world_thumb thumb;
    bool client_rendered; /* rows come as JSON and are drawn by a script */
    int shift;            /* rows by which pages behind the first are late: deals posted between */
    int truncate;         /* lists cut titles behind so many characters and add "..."; 0: never */
};

enum { WORLD_LOOKS_MAX = 64 };

struct world_edit; /* one deal changed by hand, see world_edit_deal */

struct world {
    uint64_t seed;
    struct world_knobs knobs;
    bool frozen;
    int64_t clock_at;         /* board time, seconds since 1970, when it was last set ... */
    int64_t clock_mono;       /* ... and the monotonic seconds of that moment */
    bool more_fails;          /* board infinite: the next page-3 chunk fails once (page_js.c) */
    struct world_edit *edits; /* in the order in which they apply */
    struct world_look looks[WORLD_LOOKS_MAX];
};

void world_init(struct world *, uint64_t seed);
void world_fini(struct world *);

/* Board time now: the moment it was set to, plus what has passed since unless frozen. */
int64_t world_now(const struct world *);
void world_set_now(struct world *, int64_t now);

/* "2026-11-22T13:05:00+09:00" (or Z) to seconds; false where it is no RFC 3339 time. A blank
 * stands for the plus that a query string lost. */
bool world_parse_time(const char *text, int64_t *seconds_out);

/* What happens to one deal at a moment; NULL, or below zero: nothing. */
struct world_change {
    int64_t at; /* board time; 0: now and ever before */
    const char *title, *price, *link;
    int sold;    /* 1 ended, 0 (again) on sale */
    int deleted; /* it vanishes from lists and has no post; 0: back again */
    int hidden;  /* blinded, see struct board.hidden_title */
    int pinned;  /* among the hot or best rows of a board that has such */
    int image;   /* with or without a picture */
    long view, comment, like;
};

/* A change of nothing, to set the fields of. */
struct world_change world_no_change(void);

/* Change one deal of a board for good, as of change->at. Later calls win over earlier ones of the
 * same moment. */
void world_change_deal(struct world *, const char *board, long id, const struct world_change *);

/* The same for the commonest cases: NULL title, sold < 0: as it was. */
void world_edit_deal(struct world *, const char *board, long id, const char *title, int sold,
                     bool deleted);

/* Forget all edits of a board. */
void world_forget_edits(struct world *, const char *board);

/* The k-th deal pinned by hand as of now; false: there are no more. */
bool world_pinned(const struct world *, const struct deal_rule *, int64_t now, int k,
                  struct deal *out);

/* How a board looks: to read, or to change. */
const struct world_look *world_look(const struct world *, const char *board);
struct world_look *world_look_of(struct world *, const char *board);

/* The deal of a slot as of now, edits applied; false: none, deleted, or still to come. */
bool world_deal(const struct world *, const struct deal_rule *, int64_t now, long slot,
                struct deal *out);

/* Up to count deals from slot downwards, after skipping skip of them; returns how many there were.
 */
size_t world_deals_from(const struct world *, const struct deal_rule *, int64_t now, long slot,
                        size_t skip, size_t count, struct deal *out);

#endif
