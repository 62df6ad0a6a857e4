/* SPDX-License-Identifier: MIT */
/* filters.h - the parameters by which /v3/deals and the feeds choose deals. */
#ifndef API_FILTERS_H
#define API_FILTERS_H

#include "api/params.h"
#include "db/store_find.h"

enum { FILTERS_SITE_MAX = 64, FILTERS_WEBSITE_MAX = 100, FILTERS_WORD_MAX = 4 * STORE_WORD_MAX_CHARS };

/* No pointers: a cache's fill keeps a copy. */
struct filters {
    char site[FILTERS_SITE_MAX + 1];       /* "": all */
    char website[FILTERS_WEBSITE_MAX + 1]; /* "": all */
    char word[FILTERS_WORD_MAX + 1];       /* of `q`, folded; "": all */
    int64_t min_score, sold_out;           /* DEAL_UNKNOWN: all */
    int64_t since_ms;                      /* CLOCK_NONE: all */
};

#define FILTERS_NAMES "site", "website", "q", "min_score", "sold_out", "since"

MUST_CHECK int filters_parse(struct filters *filters, struct params *params, struct arena *arena,
                             const struct clock_zone *zone, struct err *err);

/* All that decides which deals are chosen, unambiguous: part of a cache's key. */
const char *filters_key(const struct filters *filters, struct arena *arena);

/* The same as a query, "?site=ppomppu&q=..."; "" when there is none. */
const char *filters_query(const struct filters *filters, struct arena *arena);

/* Strings are borrowed from filters. */
struct store_find filters_find(const struct filters *filters, int limit);

#endif
