/* SPDX-License-Identifier: MIT */
/* css_priv.h - the compiled form, shared by css_parse.c and css_match.c.
 *
 * A complex selector is held from right to left: `subject` is the last compound, and each compound
 * points to the one at its left with the combinator between them.
 */
#ifndef CRAWL_CSS_PRIV_H
#define CRAWL_CSS_PRIV_H

#include "crawl/css.h"

enum css_combinator {
    CSS_NONE, /* nothing at the left */
    CSS_DESCENDANT,
    CSS_CHILD,
    CSS_NEXT,      /* + */
    CSS_SUBSEQUENT /* ~ */
};

enum css_kind {
    CSS_ANY, /* `*` */
    CSS_TYPE,
    CSS_CLASS,
    CSS_ID,
    CSS_ATTRIBUTE,
    CSS_IS, /* and :where() */
    CSS_NOT,
    CSS_HAS,
    CSS_SCOPE,
    CSS_ANCHOR, /* what a relative selector inside :has() begins with */
    CSS_ROOT,
    CSS_EMPTY,
    CSS_NTH_CHILD,
    CSS_NTH_LAST_CHILD,
    CSS_NTH_OF_TYPE,
    CSS_NTH_LAST_OF_TYPE
};

struct css_simple {
    enum css_kind kind;
    const struct css_simple *next; /* of the same compound */
    const char *name;              /* type, class, id or attribute as written */
    const char *lower;             /* the same in lower case */
    const char *value;             /* of an attribute; NULL: it need only be there */
    char op;                       /* = ~ | ^ $ * */
    bool without_case;             /* flag i, or an attribute whose values have no case */
    bool has_flag;                 /* i was written: it holds for foreign elements too */
    int a, b;                      /* an + b */
    const struct css *list;        /* of :is(), :not(), :has(), "of" */
    uint32_t has_index;
};

struct css_compound {
    const struct css_simple *simples;
    enum css_combinator combinator; /* to the left */
    const struct css_compound *left;
};

struct css {
    const struct css_compound *subject;
    const struct css *next; /* of the list */
    /* Of a relative selector: what leads from the anchor, and whether its subject is a child or
     * sibling of the anchor itself, nothing deeper. */
    enum css_combinator leading;
    bool is_one_step;
};

#endif
