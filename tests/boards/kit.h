/* SPDX-License-Identifier: MIT */
/* kit.h - what boards with elements of their own for mall, price and shipping share. */
#ifndef BOARDS_KIT_H
#define BOARDS_KIT_H

#include "boards/page.h"

/* One deal in the words such a board has for it; the texts live as long as this. */
struct kit_row {
    const struct deal *deal;
    struct truth_row truth; /* points into the texts below; what a board does not show, it clears */
    char title[800];        /* "[mall] product", or the product alone */
    char path[120];
    char href[200];
    char image[240];
    char when[32];
    const char *shipping;
};

/* Fill in a row. path_format holds one %ld, the post's number; image_format likewise, a path. The
 * truth has the time text as drawn by kit_ago() and no full time. */
void kit_row_init(struct page *, const struct deal *, bool mall_in_title, const char *path_format,
                  const char *image_format, struct kit_row *row_out);

/* The link as it stands, where that is not the path alone. */
void kit_set_href(struct kit_row *, const char *suffix_format, int number);

/* "방금", "3분 전", "5시간 전", or the day by strftime; tight: "3분전". */
void kit_ago(const struct page *, int64_t at, const char *day_format, bool tight, char *text_out,
             size_t size);

/* "1.3k" from a thousand on; *shown_out is the number that a reader can know. */
void kit_count(long n, char *text_out, size_t size, long *shown_out);

/* A page's beginning up to <body>, and links to the other pages with its end. number_format holds
 * one %d. */
void kit_head(struct page *, const char *lang, const char *title);
void kit_pager(struct page *, const char *number_format);

#endif
