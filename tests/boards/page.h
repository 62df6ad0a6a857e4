/* SPDX-License-Identifier: MIT */
/* page.h - one page being drawn, and what drawing needs on every board. */
#ifndef BOARDS_PAGE_H
#define BOARDS_PAGE_H

#include "boards/board.h"

/* A page has no more deals than the longest list plus repeated and pinned rows. */
#define PAGE_DEALS_MAX 112

struct page {
    struct world *world;
    const struct board *board;
    const struct board_list *list; /* NULL: no list page */
    const struct request *request;
    struct deal_rule rule;    /* the board's, knobs applied */
    struct world_knobs knobs; /* likewise */
    struct world_look look;   /* by control, then by the page's own query */
    int64_t now;              /* one moment for the whole page */
    int number;               /* as in the address */
    bool first;               /* the list's first page */
    struct out *html;
    struct truth *truth;
    int status;                /* of the answer; 0: 200 */
    size_t rows_from, rows_to; /* the part of html between page_rows_begin and page_rows_end */
};

/* The deals of the page newest first, PAGE_DEALS_MAX of room; with knob dup the top rows stand
 * twice, the copy behind the original and flagged; a hidden deal has the board's words for it as
 * its title. Returns how many. */
size_t page_deals(struct page *, struct deal *out);

/* Around the rows of a list, so that look.client_rendered can leave them to a script: what is
 * between must be whole elements, siblings of each other. */
void page_rows_begin(struct page *);
void page_rows_end(struct page *);

/* Is the board to look as it did in that year? */
bool page_epoch(const struct page *, int year);

/* Attributes of a list's picture: src, or with look.thumb lazy a placeholder and data-original. */
void page_image(struct page *, const char *address);

/* Cut a title behind so many characters and add "..."; false where it is short enough. */
bool page_cut(char *title, size_t chars);

/* Board local time by strftime. */
void page_time(int64_t at, const char *format, char *text_out, size_t size);

/* Is at on the same calendar day as the page? */
bool page_is_today(const struct page *, int64_t at);

/* The deal's time as the board writes it: one form today, another before. */
void page_short_time(const struct page *, int64_t at, const char *today, const char *before,
                     char *text_out, size_t size);

/* Literal markup; text with HTML escapes; formatted markup. */
void page_raw(struct page *, const char *markup);
void page_text(struct page *, const char *text);
void page_printf(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add the row to the truth: as a deal, or as excluded where it is hidden or a duplicate. Counters,
 * key and state come from the deal; the rest is as the caller set it. */
void page_add_deal(struct page *, const struct deal *, struct truth_row *);

/* The value of a key in a query string, decoded; false where it is absent. */
bool query_value(const char *query, const char *key, struct out *value);
long query_number(const char *query, const char *key, long otherwise);

/* Does the query hold exactly the pair "key=value"? */
bool query_holds(const char *query, const char *pair);

/* The number that follows prefix when it starts text and nothing follows the digits; else 0. */
long path_number(const char *text, const char *prefix);

#endif
