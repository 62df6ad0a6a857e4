/* SPDX-License-Identifier: MIT */
/* regex.h - JavaScript's regular expressions (flag u) by PCRE2.
 *
 * The pattern is read by JavaScript's grammar and written as PCRE2 means the same: \d \w \b are ASCII,
 * \s is JavaScript's, `.` stops at its four line ends, `$` is the very end. What the two would do
 * differently is refused when compiled: groups inside repeated groups, look-behind with groups,
 * properties that only one of them knows, back references.
 */
#ifndef CRAWL_REGEX_H
#define CRAWL_REGEX_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

struct regex;

/* NULL and *why (in the arena) for what is not known here or is none. Free with regex_free(). */
struct regex *regex_compile(struct arena *arena, const char *source, const char **why);
void regex_free(struct regex **regex);

/* As exec(): is there a match in this UTF-8 text, and where? What match[1] ?? match[0] holds is
 * *at, *n (both may be NULL). `*too_costly` is set when the search was given up: then the answer is
 * false and means nothing. */
bool regex_find(struct regex *regex, const char *text, size_t len, size_t *at, size_t *n,
                bool *too_costly);

/* The same, and what match[0] holds. */
bool regex_find_whole(struct regex *regex, const char *text, size_t len, size_t *at, size_t *n,
                      bool *too_costly);

/* RegExp.prototype.source */
const char *regex_source(struct arena *arena, const char *source);

/* The PCRE2 pattern; for tests. NULL as regex_compile(). */
const char *regex_translate(struct arena *arena, const char *source, const char **why);

#endif
