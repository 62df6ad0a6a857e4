/* SPDX-License-Identifier: MIT */
/* out.h - a growing text, and the ways a page writes into it (plain, HTML, JSON, cp949).
 *
 * Stands alone on purpose: the boards judge the engine, so they share no encoder with it.
 */
#ifndef BOARDS_OUT_H
#define BOARDS_OUT_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised is empty. data is NUL-terminated as soon as something was written. */
struct out {
    char *data;
    size_t len;
    size_t cap;
};

void out_fini(struct out *);
void out_mem(struct out *, const void *bytes, size_t len);
void out_str(struct out *, const char *text);
void out_printf(struct out *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text so far; "" where nothing was written. Borrowed until the next write. */
const char *out_text(const struct out *);

/* text with & < > " escaped. raw_amp leaves an & that stands before a blank as it is, which is
 * valid HTML and what careless boards send. */
void out_html(struct out *, const char *text, bool raw_amp);

/* text as a JSON string with its quotes; "</" is written "<\/" so that it may stand in a script. */
void out_json(struct out *, const char *text);

/* A JSON string, or null where text is NULL. */
void out_json_or_null(struct out *, const char *text);

/* utf8 as cp949 bytes. What cp949 lacks (emoji) becomes a numeric character reference, as on the
 * real board. */
void out_cp949(struct out *, const char *utf8, size_t len);

/* %XX and + decoded; a broken escape is kept as it stands. */
void out_url_decoded(struct out *, const char *text, size_t len);

/* text percent-encoded as a query value. */
void out_url_encoded(struct out *, const char *text);

/* bytes as base64 with padding. */
void out_base64(struct out *, const char *bytes, size_t len);

/* What base64 text of len characters stands for; ends at the first character that is none. */
void out_base64_decoded(struct out *, const char *text, size_t len);

/* n with a comma at every third digit. */
void out_grouped(struct out *, long n);

#endif
