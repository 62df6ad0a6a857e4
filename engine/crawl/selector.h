/* SPDX-License-Identifier: MIT */
/* selector.h - a cheap look at a CSS selector or a regular expression, to catch slips when a file
 * is loaded.
 *
 * Only Chrome knows whether a selector is valid (extract.js asks it, and reports by rule). What is
 * refused here is refused by every browser: unbalanced brackets and quotes, nothing between two
 * commas or combinators, a combinator at an end, a '.', '#' or ':' without a name.
 */
#ifndef CRAWL_SELECTOR_H
#define CRAWL_SELECTOR_H

/* NULL when nothing is wrong, else what was expected (static text). */
const char *selector_problem(const char *css);

/* The same for a JavaScript regular expression with at most `max_groups` capturing groups. */
const char *regex_problem(const char *regex, int max_groups);

#endif
