/* SPDX-License-Identifier: MIT */
/* negotiate.c - see negotiate.h. */
#include "api/negotiate.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGEST_BYTES = 12 };

/* ";q=0", "; Q=0.000": not acceptable. */
static bool is_weight_zero(const char *params, size_t len)
{
    size_t at = 0;

    while (at < len && strchr("; \t", params[at]))
        at++;
    if (len - at < 3 || strncasecmp(params + at, "q=0", 3) != 0)
        return false;
    for (at += 3; at < len && strchr(".0", params[at]); at++)
        ;
    return at == len || strchr("; \t", params[at]);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Accept-Encoding: gzip, unless it is there with q=0 (RFC 9110 section 12.5.3). */
bool negotiate_takes_gzip(const char *accept_encoding)
{
    const char *at = accept_encoding;

    while (at && *at) {
        size_t name_len, len;

        while (*at == ',' || is_blank(*at))
            at++;
        name_len = 0;
        while (at[name_len] && at[name_len] != ',' && at[name_len] != ';' &&
               !is_blank(at[name_len]))
            name_len++;
        len = name_len;
        while (at[len] && at[len] != ',')
            len++;
        if (name_len == strlen("gzip") && strncasecmp(at, "gzip", name_len) == 0)
            return !is_weight_zero(at + name_len, len - name_len);
        at += len;
    }
    return false;
}

void negotiate_etag(const void *bytes, size_t len, char etag[NEGOTIATE_ETAG_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    check(EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) == 1);
    check(digest_len >= DIGEST_BYTES);
    str_hex(digest, DIGEST_BYTES, etag);
}

/* If-None-Match is a list of quoted tags, weak ones too, or * (RFC 9110 section 13.1.2). */
bool negotiate_names(const char *if_none_match, const char *etag)
{
    char quoted[128];

    if (!if_none_match)
        return false;
    snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
    return str_eq(if_none_match, "*") || strstr(if_none_match, quoted);
}

bool negotiate_gzip(struct httpd_req *req)
{
    return negotiate_takes_gzip(httpd_header(req, "Accept-Encoding"));
}

bool negotiate_matches(struct httpd_req *req, const char *etag)
{
    return negotiate_names(httpd_header(req, "If-None-Match"), etag);
}
