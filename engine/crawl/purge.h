/* SPDX-License-Identifier: MIT */
/* purge.h - the job kind purge: what has been kept as long as the configuration says (keep_*) goes.
 *
 * Small batches with a pause after each, so that crawls and the app write in between; readers never wait. It
 * needs no page, no host and no Chrome, and runs beside everything else. Its row in the ledger has the site
 * "-", in rows_seen how many rows went, and in detail how many of what.
 */
#ifndef CRAWL_PURGE_H
#define CRAWL_PURGE_H

#include "base/config.h"
#include "crawl/ledger.h"
#include "db/store_purge.h"

#define RUN_PURGE "purge"

enum { PURGE_BATCH = 200, PURGE_PAUSE_MS = 50 };

struct purge;

struct purge_counts {
    int64_t rows[STORE_PURGE_COUNT];
};

/* Later, once. err: ERR_STORE, or ERR_CANCELLED; counts are what went until then. purge_free() may be
 * called from it. */
typedef void purge_fn(const struct purge_counts *counts, const struct err *err, void *ctx);

/* All borrowed. ledger NULL: nothing is noted there, as for a dry run, which only counts. */
struct purge *purge_start(struct loop *loop, const struct config *config, struct store *store,
                          struct ledger *ledger, int64_t due_at_ms, bool dry_run, purge_fn *done,
                          void *ctx);
void purge_cancel(struct purge *purge); /* after the batch that is under way */
void purge_free(struct purge **purge);  /* only when it has ended */

#endif
