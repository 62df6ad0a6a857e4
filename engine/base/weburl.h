/* SPDX-License-Identifier: MIT */
/* weburl.h - addresses as browsers read them (WHATWG URL Standard), http and https only.
 *
 * url.h reads addresses by RFC 3986, as libcurl does; what stands in a page's `href` follows other
 * rules: backslashes, blanks, tabs inside, Hangul, numbers as hosts, "//host", "?x". Every text here
 * lives in the caller's arena.
 */
#ifndef BASE_WEBURL_H
#define BASE_WEBURL_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct weburl {
    const char *scheme;   /* "http" or "https" */
    const char *userinfo; /* "user:password", "user", or "" */
    const char *host;     /* as it is written out: IDNA ASCII, IPv6 in brackets */
    const char *port;     /* "" where it is the scheme's own */
    const char *path;     /* begins with '/' */
    const char *query;    /* without '?'; NULL: none */
    const char *fragment; /* without '#'; NULL: none */
};

/* One UTF-8 character in the charset of the page, at most 8 bytes; 0: the charset lacks it. */
typedef size_t weburl_encode_fn(void *ctx, const char *utf8, size_t len, char out[8]);

/* What `text` (UTF-8) means on a page at `base` (NULL: it must be absolute), as `a.href` gives it.
 * `encode` writes the query's characters outside ASCII; NULL: as UTF-8, as `new URL()` does. False
 * where a browser refuses it, and for every other scheme. */
MUST_CHECK bool weburl_parse(struct arena *arena, const char *text, const struct weburl *base,
                             weburl_encode_fn *encode, void *ctx, struct weburl *out);

const char *weburl_href(struct arena *arena, const struct weburl *url);

/* "host" or "host:port", as `location.host`. */
const char *weburl_host(struct arena *arena, const struct weburl *url);

/* As `url.protocol = 'https:'`. */
void weburl_make_https(struct weburl *url);

/* Leave only the parameters named, in the order of the names, as URLSearchParams writes them. */
void weburl_keep_query(struct arena *arena, struct weburl *url, const char *const *names, size_t n);

#endif
