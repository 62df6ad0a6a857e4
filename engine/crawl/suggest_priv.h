/* SPDX-License-Identifier: MIT */
/* suggest_priv.h - what the files of suggest share. */
#ifndef CRAWL_SUGGEST_PRIV_H
#define CRAWL_SUGGEST_PRIV_H

#include "base/map.h"
#include "crawl/native_priv.h"
#include "crawl/suggest.h"

/* A known post and where it stands. */
struct suggest_post {
    const struct deal_row *known;
    const struct html_node *row;
};

struct suggest {
    struct suggest_input in;
    struct arena arena;         /* what suggestions point to */
    struct arena scratch;       /* values of one trial */
    struct site_layout *layout; /* a copy, whose rows suggest_use_rows() may replace */
    struct native_rules rules;
    struct html_doc *doc;
    struct native_run run;
    struct map known; /* key to struct deal_row */
    uint32_t n_has;   /* :has() in all selectors so far */
    int *owner;       /* by element's order: which known post (from 1) it belongs to; -1 several */
    struct suggest_post *posts;
    int n_posts;
    const struct html_node **others; /* rows of posts that are not known */
    int n_others;
    bool rows_are_found;
};

/* A selector to be tried, its cost in simplicity, and for how many posts it was made. */
struct suggest_form {
    const char *css; /* without the attribute; "": the row itself */
    const char *attribute;
    double cost;
    int made;
};

struct suggest_forms {
    struct suggest *suggest;
    struct map seen; /* "css @attribute" to struct suggest_form */
    struct suggest_form **items;
    int n, cap;
};

void suggest_forms_init(struct suggest_forms *forms, struct suggest *suggest);
void suggest_forms_fini(struct suggest_forms *forms);

/* All that find `element` inside `row`; row NULL: in the document. Each at most once a call. */
void suggest_forms_of(struct suggest_forms *forms, const struct html_node *element,
                      const struct html_node *row, const char *attribute);
/* The file's own selector, for what was wrapped (its steps loosened), renamed (a class that the page
 * does not know replaced by each that the posts' rows have), or moved (its first steps left out). */
void suggest_forms_of_old(struct suggest_forms *forms, const char *selector, const char *attribute);
void suggest_forms_add(struct suggest_forms *forms, const char *css, const char *attribute,
                       double cost);

/* Those made for most posts first, at most max stay. */
void suggest_forms_cut(struct suggest_forms *forms, int max);

enum suggest_fit { FIT_NONE, FIT_AGREE, FIT_NEAR, FIT_WRONG };
/* How a value that a rule gives fits a post that was read before; FIT_NONE: both have none. */
enum suggest_fit suggest_fits(const struct suggest *suggest, const char *field, const char *raw,
                              const struct deal_row *known);

/* NULL: not known here. */
const struct css *suggest_compile(struct suggest *suggest, const char *selector);

const struct native_field *suggest_rule(const struct suggest *suggest, const char *field);

/* Best first: by score, then by their own order. */
void suggest_sort(struct suggestion *items, int n);

#endif
