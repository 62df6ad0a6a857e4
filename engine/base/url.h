/* SPDX-License-Identifier: MIT */
/* url.h - the parts of an absolute http(s) URL, by libcurl's parser (RFC 3986).
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/err.h"

#include <stddef.h>

struct url_parts {
    char *origin; /* "http://host[:port]" in lower case, the scheme's standard port left out */
    char *host;   /* without port and brackets */
    char *path;   /* path and query, begins with '/' */
};

/* Errors are ERR_USAGE and name the text and what was expected. Free with url_parts_fini in each
 * case. */
MUST_CHECK int url_split(const char *url, struct url_parts *out, struct err *err);
void url_parts_fini(struct url_parts *parts);

/* Percent escapes undone ('+' stays). Owned by the caller; NULL where a NUL would come out. */
char *url_unescape(const char *text, size_t len);

#endif
