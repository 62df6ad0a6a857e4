/* SPDX-License-Identifier: MIT */
/* validators.h - ETag and Last-Modified of a board's pages, and whether a client has the page. */
#ifndef BOARDS_VALIDATORS_H
#define BOARDS_VALIDATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VALIDATORS_PAGES = 128, VALIDATORS_TEXT = 40 };

/* When the bytes of a page last changed, as far as the server has seen. Zero-initialised: nothing
 * seen. With more pages than there is room, the one that shares a place is forgotten. */
struct validators {
    struct {
        uint64_t address, body;
        int64_t changed_at; /* seconds since 1970, real time */
    } pages[VALIDATORS_PAGES];
};

struct validator {
    char etag[VALIDATORS_TEXT];
    char last_modified[VALIDATORS_TEXT];
    int64_t changed_at;
};

void validators_of(struct validators *, const char *host, const char *path, const char *query,
                   const char *body, size_t len, struct validator *out);

/* Does the client have it? Headers as sent, "" where absent; If-None-Match goes before the date. */
bool validator_matches(const struct validator *, const char *if_none_match,
                       const char *if_modified_since);

/* Seconds since 1970 as an HTTP date. */
void http_date(int64_t at, char *text_out, size_t size);

#endif
