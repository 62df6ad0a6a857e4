/* SPDX-License-Identifier: MIT */
/* fill.h - a cache's fill that asks the store, whose database may be away.
 *
 * While it is away, one fill at a time finds out whether it is back; the others fail at once instead of
 * each waiting for a timeout.
 */
#ifndef API_FILL_H
#define API_FILL_H

#include "api/cache.h"
#include "db/store_find.h"

/* What a handler keeps while the store is asked; in the fill's arena. */
struct filling {
    struct cache_fill *fill;
    const void *asked; /* the fill's copy of the handler's arg */
};

/* NULL: the database is away and the fill is over. Otherwise ask the store, and give its answer to
 * fill_answered(). */
MUST_CHECK struct filling *fill_begin(struct cache_fill *fill, const void *asked);
/* False: the fill is over. */
MUST_CHECK bool fill_answered(struct filling *filling, const struct err *err);

/* The commonest: one store_find(). */
void fill_by_find(struct cache_fill *fill, const struct store_find *find, const void *asked, store_page_fn *done);

#endif
