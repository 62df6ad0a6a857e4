/* SPDX-License-Identifier: MIT */
/* validators.c - ETag and Last-Modified of a board's pages, and whether a client has the page. */
#include "boards/validators.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t hash(uint64_t h, const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
    return h;
}

void http_date(int64_t at, char *text, size_t size)
{
    time_t when = (time_t)at;
    struct tm tm;

    gmtime_r(&when, &tm);
    strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

void validators_of(struct validators *v, const char *host, const char *path, const char *query,
                   const char *body, size_t len, struct validator *out)
{
    const uint64_t start = 0xcbf29ce484222325ULL;
    uint64_t address = hash(start, host, strlen(host)), content = hash(start, body, len);
    int64_t now = (int64_t)time(NULL);
    size_t i;

    address = hash(hash(address, path, strlen(path)), query, strlen(query));
    i = address % VALIDATORS_PAGES;
    if (v->pages[i].address != address || v->pages[i].body != content) {
        /* Two changes in one second get two dates. */
        if (v->pages[i].address == address && v->pages[i].changed_at >= now)
            now = v->pages[i].changed_at + 1;
        v->pages[i].address = address;
        v->pages[i].body = content;
        v->pages[i].changed_at = now;
    }
    out->changed_at = v->pages[i].changed_at;
    snprintf(out->etag, sizeof(out->etag), "\"%016llx\"", (unsigned long long)content);
    http_date(out->changed_at, out->last_modified, sizeof(out->last_modified));
}

bool validator_matches(const struct validator *v, const char *if_none_match,
                       const char *if_modified_since)
{
    struct tm tm = {0};
    const char *rest;

    if (if_none_match[0])
        return strcmp(if_none_match, "*") == 0 || strstr(if_none_match, v->etag) != NULL;
    rest =
        if_modified_since[0] ? strptime(if_modified_since, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    return rest && timegm(&tm) >= v->changed_at;
}
