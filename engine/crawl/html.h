/* SPDX-License-Identifier: MIT */
/* html.h - the tree of an HTML page as a browser without stylesheets would hold it.
 *
 * Gumbo builds it (only html.c knows that). Where gumbo and browsers part, the tree is the browser's:
 * the content of `noscript` is text, as with scripting on; the content of `template` is not in the
 * tree. Comments are left out, since nothing here reads them.
 *
 * The tree is bounded: html_parse() refuses elements nested more than HTML_MAX_DEPTH deep (there
 * Chrome, too, changes the tree), and pages whose tree would take too much time or memory.
 */
#ifndef CRAWL_HTML_H
#define CRAWL_HTML_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTML_MAX_DEPTH 512

struct html_attr {
    const char *name; /* of an HTML element: in lower case; "xlink:href" where it has a prefix */
    const char *value;
    bool has_namespace; /* no selector finds it */
};

struct html_node {
    const char *name; /* local name, of HTML elements in lower case; NULL: a text node */
    bool is_html;     /* false: an element of SVG or MathML */

    const char *text; /* of a text node */
    size_t text_len;
    bool joins; /* with the text node before it, for a browser, it is one */

    struct html_attr *attrs;
    size_t n_attrs;

    struct html_node *parent; /* NULL: the document's element */
    struct html_node *first, *last, *next, *prev;

    uint32_t order;      /* in the document, elements only, from 0 */
    uint32_t nth;        /* among the elements of its parent, from 1 */
    uint32_t n_children; /* elements */
};

struct html_doc {
    struct arena arena;
    struct html_node *root; /* <html> */
    bool is_quirks;         /* classes and ids are compared without case */
    uint32_t n_elements;
    size_t outer_length; /* of the document element, `outerHTML.length` in JavaScript */
};

/* Parse UTF-8 text. 0, or -1 with ERR_PROTOCOL and *out NULL. */
MUST_CHECK int html_parse(const char *text, size_t len, struct html_doc **out, struct err *err);
void html_free(struct html_doc **doc);

/* getAttribute(): NULL when there is none. `name` in lower case for HTML elements. */
const char *html_attr(const struct html_node *element, const char *name);

/* The next node inside `within` in document order; begin with node = within. NULL: no more. */
struct html_node *html_next(const struct html_node *node, const struct html_node *within);
/* The same, elements only. */
struct html_node *html_next_element(const struct html_node *node, const struct html_node *within);

/* The next and the former sibling that is an element. */
struct html_node *html_sibling_after(const struct html_node *node);
struct html_node *html_sibling_before(const struct html_node *node);

/* An HTML element of that name? */
bool html_is(const struct html_node *node, const char *name);

#endif
