/* SPDX-License-Identifier: MIT */
/* charset.h - a page's bytes as UTF-8, by the rules of browsers.
 *
 * Which charset: a byte order mark, else the HTTP header, else the page's own meta element, else
 * UTF-8. (Browsers guess where nothing is told; boards tell.) Names as in the WHATWG Encoding
 * Standard: EUC-KR and its aliases mean Windows code page 949, ISO-8859-1 means windows-1252.
 * Conversion is iconv's; what can't be read becomes U+FFFD, one for each piece that the standard's
 * decoders take for one error.
 */
#ifndef CRAWL_CHARSET_H
#define CRAWL_CHARSET_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct charset {
    const char *name;  /* in lower case as the standard writes it: "euc-kr" */
    const char *iconv; /* what iconv calls it */
};

/* By label ("ks_c_5601-1987", " UTF8 "); NULL when there is no such charset, or it is not known
 * here. cp949, ms949 and uhc are known beyond the standard: servers say them. */
const struct charset *charset_by_label(const char *label, size_t len);

/* Of a page. NULL and err (ERR_PROTOCOL) when the page names one that only browsers know. */
const struct charset *charset_of_page(const char *bytes, size_t len, const char *content_type,
                                      struct err *err);

/* Append as UTF-8; a byte order mark at the beginning is left out. */
void charset_decode(const struct charset *charset, const char *bytes, size_t len, struct buf *out);

/* For the query of an address, which browsers write in the page's charset (URL Standard,
 * "percent-encode after encoding"). NULL where that is UTF-8: its own and UTF-16's pages. */
struct charset_encoder;
struct charset_encoder *charset_encoder_new(const struct charset *charset);
void charset_encoder_free(struct charset_encoder **encoder);
/* The bytes of one UTF-8 character, at most 8; 0 when the charset lacks it. */
size_t charset_encode_char(struct charset_encoder *encoder, const char *utf8, size_t len,
                           char out[8]);

#endif
