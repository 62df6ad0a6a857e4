/* SPDX-License-Identifier: MIT */
/* suggest.h - which selector would read a board that has changed?
 *
 * The posts that were read last are still on the page. Where their values stand now, in most of
 * them, is where the field is now: so selectors are made from the elements that hold known values,
 * tried on all known posts, and ranked by how many of their values they reproduce; the simplest
 * first among equals. Works on a kept document, without Chrome.
 */
#ifndef CRAWL_SUGGEST_H
#define CRAWL_SUGGEST_H

#include "base/buf.h"
#include "crawl/html.h"
#include "crawl/site.h"
#include "db/store.h"

struct suggest;

struct suggest_input {
    const struct site *site;
    const struct site_layout *layout; /* of the site */
    const char *html;                 /* UTF-8 */
    size_t len;
    const char *url;
    const struct deal_row *known; /* the posts of the layout as they were read last; borrowed */
    int n_known;
    int64_t now_ms; /* of the page: against which "14:03" is understood */
};

struct suggestion {
    const char *css;     /* as a site file has it: "td.hit", "a.title @href" */
    bool without_match;  /* the field's `match` has to go */
    const char *without; /* the field's new `without`; NULL: as it is */
    int agree; /* known posts whose value it gives (a count that has grown is near, and counts) */
    int of;    /* known posts on the page that had a value; of rows: known posts on the page */
    int wrong; /* posts that get another value, or one that they had not */
    int many;  /* rows in which it finds several elements */
    double score; /* what they are ranked by */
};

/* 0, or -1: ERR_PROTOCOL (no page), ERR_SITE (a rule that only Chrome knows). */
MUST_CHECK int suggest_new(const struct suggest_input *input, struct suggest **out,
                           struct err *err);
void suggest_free(struct suggest **suggest);

/* Known posts that the page shows. With fewer than 3 nothing can be suggested. */
int suggest_posts(const struct suggest *suggest);

/* Do the layout's rows hold the known posts? If not, `selector` becomes their rows for all that is
 * asked later. */
bool suggest_rows_are_found(const struct suggest *suggest);
MUST_CHECK int suggest_use_rows(struct suggest *suggest, const char *selector, struct err *err);

/* Selectors of the rows, best first; returns how many, at most max. Texts live as long as suggest. */
int suggest_rows(struct suggest *suggest, struct suggestion *out, int max);

/* Selectors of a field of the layout. */
int suggest_field(struct suggest *suggest, const char *field, struct suggestion *out, int max);

/* How well the rules of the site's file do for a field, on the known posts. */
struct suggestion suggest_as_is(struct suggest *suggest, const char *field);

/* Does a rule that does so need another selector? Not known where no post had a value. */
bool suggest_is_broken(const struct suggestion *as_is);

/* The row of the n-th known post that the page shows; NULL: there are fewer. *key_out: whose. */
const struct html_node *suggest_row(const struct suggest *suggest, int n, const char **key_out);

/* The markup of an element, indented, for people; at most max_lines lines. */
void suggest_write_row(const struct html_node *element, int max_lines, struct buf *out);

#endif
