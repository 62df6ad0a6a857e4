/* SPDX-License-Identifier: MIT */
/* utf8.h - UTF-8 read as browsers and JavaScript do.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"

#include <stdint.h>

/* Append; what is not UTF-8 becomes U+FFFD, one for each "maximal subpart" (Unicode 3.9), as the
 * WHATWG decoder does. */
void utf8_add_lossy(struct buf *out, const char *bytes, size_t len);

/* Append one character. */
void utf8_add(struct buf *out, uint32_t c);

/* The character at s, and its length; s is valid UTF-8, len > 0. */
uint32_t utf8_char(const char *s, size_t len, size_t *n_out);

/* How long valid UTF-8 text is in UTF-16 code units: JavaScript's `length`. */
size_t utf8_utf16_len(const char *s, size_t len);

/* JavaScript's \s, which is also what its trim() takes off. */
bool utf8_is_js_space(uint32_t c);

/* Append with runs of \s as one blank and none at the ends: `text.replace(/\s+/g, ' ').trim()`. */
void utf8_add_collapsed(struct buf *out, const char *s, size_t len);

#endif
