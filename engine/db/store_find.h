/* SPDX-License-Identifier: MIT */
/* store_find.h - lists of deals by what they are and by words of their titles, and the week's best.
 *
 * Newest first, like store_list(), and by the same keyset, so that a list with filters goes on where it
 * ended. A call looks at STORE_FIND_LOOKS deals at most: a page of a filter that fits seldom may
 * hold less than was asked for, or nothing, and still have a place to go on from.
 *
 * Words: two letters and more are found by an index of each two neighbouring letters; a single one by
 * looking at titles. Case, white space and the form of Unicode don't count (db/fold.h).
 */
#ifndef DB_STORE_FIND_H
#define DB_STORE_FIND_H

#include "db/store.h"

enum { STORE_FIND_LOOKS = 20000, STORE_WORD_MAX_CHARS = 100 };

struct store_find {
    int limit;              /* 1..100 */
    int64_t before_sort_ms; /* strictly older than (before_sort_ms, before_id); CLOCK_NONE: from the newest */
    int64_t before_id;
    int64_t since_ms;       /* sort_at at least; CLOCK_NONE: all */
    const char *site;       /* NULL: all */
    const char *website;    /* the board's shown name; NULL: all */
    const char *word;       /* NULL or nothing but white space: all; cut after STORE_WORD_MAX_CHARS */
    const char *product_id; /* this deal alone: of the others only with_also_on counts */
    int64_t min_score;      /* DEAL_UNKNOWN: all; else deals whose score is known and that high */
    int64_t sold_out;       /* 1 or 0; DEAL_UNKNOWN: all */
    bool by_score;          /* highest score first; without pages, word and filters but since_ms */
    bool with_also_on;      /* one statement more */
};

struct store_page {
    const struct deal *deals;
    int n;
    bool has_more;
    int64_t next_sort_ms, next_id; /* where to go on, when there is more */
};

/* page is NULL exactly when err is not; borrowed for the call. At most 4 statements, whatever the
 * number of deals. */
typedef void store_page_fn(const struct store_page *page, const struct err *err, void *ctx);
void store_find(struct store *store, const struct store_find *find, store_page_fn *done, void *ctx);

#endif
