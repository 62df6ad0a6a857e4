/* SPDX-License-Identifier: MIT */
/* truth.h - what a person would read off a page: its deals, and the rows that are none.
 *
 * Filled by the same code that draws the page, row by row, in the order of the page.
 */
#ifndef BOARDS_TRUTH_H
#define BOARDS_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/out.h"

/* Zero-initialised is empty. */
struct truth {
    struct out post;  /* of a post page: a JSON object, or empty where it is gone */
    const char *gone; /* deleted, blind; NULL: it is there */
    struct out deals; /* JSON objects, comma between */
    struct out excluded;
    size_t deal_count;
    size_t excluded_count;
};

/* One row of a page that is a deal. Texts are as the page shows them, blanks collapsed. NULL: the
 * page has no such thing. */
struct truth_row {
    long key;
    const char *title;
    const char *path; /* of the post, only the parameters that identify it */
    const char *href; /* the link as it stands in the page */
    long view; /* -1: not shown */
    long comment, like;
    long dislike; /* -1: not shown */
    bool sold_out;
    const char *image; /* absolute */
    int64_t posted_at; /* 0: the page has no full timestamp */
    const char *time_text;
    const char *mall, *category, *price_text; /* only where they have an element of their own */
    const char *list_no;
    bool pinned, best, truncated;
};

/* What a post page shows. NULL: no such thing, or no element of its own. */
struct truth_post {
    long key;
    const char *title;
    const char *path;         /* only the parameters that identify it */
    const char *redirect_url; /* where the link to the shop leads in the end */
    const char *href;         /* that link as it stands in the page */
    const char *image;        /* absolute */
    int64_t posted_at;        /* 0: not to be known */
    long view, comment, like;
    long dislike; /* -1: not shown */
    bool sold_out;
    const char *mall, *category, *price_text;
};

/* host is the origin that paths belong to, as "NAME.localhost:PORT". */
void truth_add_deal(struct truth *, const char *host, const struct truth_row *);

/* kind: notice, ad, widget, best-duplicate, duplicate, blocked, blind. */
void truth_add_excluded(struct truth *, const char *kind, const char *title);

/* The whole document: {"board","path","now","deals":[...],"excluded":[...]}. */
void truth_write(const struct truth *, const char *board, const char *path, int64_t now,
                 struct out *json);

/* The post of a post page. */
void truth_set_post(struct truth *, const char *host, const struct truth_post *);

/* The document of a post page: {"board","path","now","post":{...}|null,"gone":null|"deleted"}. */
void truth_write_post(const struct truth *, const char *board, const char *path, int64_t now,
                      struct out *json);

void truth_fini(struct truth *);

#endif
