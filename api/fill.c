/* SPDX-License-Identifier: MIT */
/* fill.c - see fill.h. */
#include "api/fill.h"
#include "api/away.h"

struct filling *fill_begin(struct cache_fill *fill, const void *asked)
{
    struct filling *filling = arena_new(cache_fill_arena(fill), struct filling);
    struct err err;

    if (!away_may_ask(cache_fill_api(fill))) {
        err_set(&err, ERR_STORE, "the database is away");
        cache_fill_failed(fill, &err);
        return NULL;
    }
    *filling = (struct filling){.fill = fill, .asked = asked};
    return filling;
}

bool fill_answered(struct filling *filling, const struct err *err)
{
    away_answered(cache_fill_api(filling->fill), err);
    if (err)
        cache_fill_failed(filling->fill, err);
    return !err;
}

void fill_by_find(struct cache_fill *fill, const struct store_find *find, const void *asked, store_page_fn *done)
{
    struct filling *filling = fill_begin(fill, asked);

    if (filling)
        store_find(cache_fill_api(fill)->store, find, done, filling);
}
