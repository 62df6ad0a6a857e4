/* SPDX-License-Identifier: MIT */
/* store_cost.h - the ledger summed up: what the runs of each site and kind cost, hour by hour.
 *
 * Runs that are still going are left out. Hours are of the clock in UTC, so that whoever reads can make
 * days of any zone from them.
 */
#ifndef DB_STORE_COST_H
#define DB_STORE_COST_H

#include "db/store.h"

/* Of runs that belong to no board, as those of purge. */
#define STORE_NO_SITE "-"

struct store_cost {
    const char *site, *kind;
    int64_t hour_ms; /* in which the runs began */
    int64_t runs, pages, pages_failed;
    int64_t added; /* new deals */
    int64_t cpu_ms, gb_ms;
    int64_t busy_ms; /* from begin to end, waits for the host's turn included */
    int64_t peak_pss_bytes;
};

/* Ordered by hour, site, kind; borrowed for the call. */
typedef void store_cost_fn(const struct store_cost *rows, int n, const struct err *err, void *ctx);
void store_cost(struct store *store, int64_t since_ms, store_cost_fn *done, void *ctx);

#endif
