/* SPDX-License-Identifier: MIT */
/* str.h - text helpers: UTF-8, numbers with units, trimming, splitting. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_empty(const char *s); /* NULL or "" */

/* Length in bytes of the UTF-8 character at s (RFC 3629: no surrogates, no overlong forms, at most
 * U+10FFFF); 0 when these bytes are none. len > 0. */
size_t str_utf8_len(const char *s, size_t len);
bool str_utf8_valid(const char *s, size_t len);
size_t str_utf8_count(const char *s); /* characters; a broken byte counts as one */

/* How many bytes of s to keep, at most max_bytes, so that it does not end inside a character. */
size_t str_cut_utf8(const char *s, size_t max_bytes);

/* Columns that a terminal gives the text: Hangul, CJK and emoji take two. */
size_t str_columns(const char *s);

/* Cut leading and trailing ASCII white space in place; returns s advanced. */
char *str_trim(char *s);

/* The next piece of *rest up to `sep` (cut out in place, trimmed), or NULL at the end. */
char *str_next(char **rest, char sep);

/* Whole-string parsers: 0 and *out set, or -1 with "expected ..." in err (code as given). */
MUST_CHECK int str_to_int(const char *s, int64_t min, int64_t max, int64_t *out, struct err *err);
MUST_CHECK int str_to_bool(const char *s, bool *out,
                           struct err *err); /* yes no true false on off 1 0 */
MUST_CHECK int str_to_duration_ms(
    const char *s, int64_t *out,
    struct err *err); /* 250ms 2s 5m 1h 2d; a bare number is refused unless 0 */
MUST_CHECK int str_to_bytes(const char *s, int64_t *out,
                            struct err *err); /* 512K 64M 1G, 1024-based; bare = bytes */

/* The member of `names` (n of them) that is nearest to `word` by edit distance, or NULL when none
 * is near: for "did you mean". */
const char *str_nearest(const char *word, const char *const *names, size_t n);

/* The value of what is known to be a whole number: digits, with a minus or without. */
int64_t str_int_of(const char *s);

/* As sprintf with %lld does, without its cost. Returns the end, where a NUL stands; out has STR_INT_BYTES. */
#define STR_INT_BYTES 24
char *str_put_int(char *out, int64_t n);

/* Lower-case hex of n bytes into out[2n + 1]. */
void str_hex(const void *bytes, size_t n, char *out);

#endif
