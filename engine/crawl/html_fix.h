/* SPDX-License-Identifier: MIT */
/* html_fix.h - what a page's text needs so that gumbo (of 2015) builds from it the tree of today's
 * browsers.
 */
#ifndef CRAWL_HTML_FIX_H
#define CRAWL_HTML_FIX_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Gumbo replaces control characters and noncharacters by U+FFFD; browsers keep them. They pass through
 * it as characters of private use: the text with these (mem_free() it; *len is its length), or NULL
 * when nothing is to be replaced. */
char *html_fix_characters(const char *text, size_t *len);
uint32_t html_fix_stood_for(uint32_t c); /* the way back */

/* Decide quirks mode by the HTML standard and write the doctype, in its place, so that gumbo decides
 * the same. */
void html_fix_doctype(char *text, size_t len);

/* Give elements that gumbo has other rules for the name of one of the same length whose rules fit;
 * `noscript` above all, since gumbo parses as if scripting were off. -1 and ERR_PROTOCOL for what
 * no other name helps: tags in `select` that browsers differ about. */
MUST_CHECK int html_fix_elements(char *text, size_t len, struct err *err);
/* `tag` stands in the text as it was before, behind '<': the name, if the element was renamed; else
 * NULL. */
const char *html_fix_name_before(const char *tag);

#endif
