/* SPDX-License-Identifier: MIT */
/* css.h - CSS selectors compiled, and matched against the tree of html.h as querySelector() would.
 *
 * Known: type, *, .class, #id, [attribute] with = ~= |= ^= $= *= and the flag i; the combinators
 * blank > + ~; lists; :is() :where() :not() :has() :scope :root :empty; :first-child :last-child
 * :only-child :nth-child() :nth-last-child() (with `of`), and the same -of-type (without `of`). All
 * else is refused when compiled, also what some browser may know.
 *
 * As in browsers: names of HTML elements and attributes, and the values of some attributes, are
 * compared without case; classes and ids too on pages in quirks mode.
 */
#ifndef CRAWL_CSS_H
#define CRAWL_CSS_H

#include "crawl/html.h"

struct css; /* a compiled selector list; lives in its arena */

/* Compile; NULL and *why (static text) for what is not known here or is no selector. `n_has` counts
 * the :has() of all selectors that are used on one page: it starts at 0. */
const struct css *css_compile(struct arena *arena, const char *selector, uint32_t *n_has,
                              const char **why);

/* Matching on one page. */
struct css_page {
    const struct html_doc *doc;
    unsigned char *has_known; /* answers of :has(), two bits each, by selector and element */
    uint32_t n_has;
    int64_t steps_left; /* of work; when none are left nothing matches any more */
};

/* n_has: as css_compile() left it. The memory is the document's. */
void css_page_init(struct css_page *page, struct html_doc *doc, uint32_t n_has);
static inline bool css_page_is_exhausted(const struct css_page *page)
{
    return page->steps_left <= 0;
}

/* element.matches(selector) */
bool css_matches(struct css_page *page, const struct css *css, const struct html_node *element);

/* querySelectorAll(), one after the other: the next element behind `after` (NULL: from the start) that
 * matches, inside `scope`; scope NULL: document.querySelectorAll(). */
const struct html_node *css_next(struct css_page *page, const struct css *css,
                                 const struct html_node *scope, const struct html_node *after);

#endif
