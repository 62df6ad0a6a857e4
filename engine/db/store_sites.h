/* SPDX-License-Identifier: MIT */
/* store_sites.h - how the boards are doing, and what happened to a deal. One statement each. */
#ifndef DB_STORE_SITES_H
#define DB_STORE_SITES_H

#include "db/store.h"

/* A board that has a deal or a run. */
struct store_site {
    const char *site;
    const char *website;                          /* NULL: it has no deal */
    const char *newest_product_id, *newest_title; /* likewise */
    int64_t newest_at_ms;                         /* its sort_at; CLOCK_NONE likewise */
    int64_t n_recent;                             /* deals since recent_since_ms */
    const char *run_kind, *run_reason;            /* of the last run that began; NULL: none */
    int64_t run_started_ms, run_ended_ms;         /* CLOCK_NONE: none, or it runs */
    int64_t run_rows, run_added, run_pages, run_pages_failed;
    int64_t fresh_at_ms; /* end of the last crawl that went well, among the last 1,000 runs; or CLOCK_NONE */
};
typedef void store_sites_fn(const struct store_site *sites, int n, const struct err *err, void *ctx);
void store_sites(struct store *store, int64_t recent_since_ms, store_sites_fn *done, void *ctx);

struct store_event {
    const char *kind, *old_value, *new_value; /* store.h: Events; values may be NULL */
    int64_t at_ms;
};
/* Newest first. */
typedef void store_events_fn(const struct store_event *events, int n, const struct err *err, void *ctx);
void store_deal_events(struct store *store, int64_t deal_id, int limit, store_events_fn *done, void *ctx);

#endif
