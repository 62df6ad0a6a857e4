/* SPDX-License-Identifier: MIT */
/* env.h - what every job and run works with; owned by whoever built the parts, borrowed by all.
 */
#ifndef CRAWL_ENV_H
#define CRAWL_ENV_H

#include "base/config.h"
#include "base/loop.h"
#include "chrome/pool.h"
#include "crawl/ledger.h"
#include "crawl/polite.h"
#include "crawl/quarantine.h"
#include "db/store.h"

struct fetcher;
struct render;
struct spool;

struct crawl_env {
    struct loop *loop;
    const struct config *config;
    struct pool *pool; /* NULL: Chrome cannot be started here, because of no_pool */
    struct err no_pool;
    struct store *store;   /* NULL: nothing is stored (dry run) */
    struct store *shared;  /* a second connection, for leases and turns; NULL: no other engine can be there */
    struct ledger *ledger; /* NULL exactly when store is */
    struct spool *spool;   /* likewise: what a run writes goes by it */
    struct polite *polite;
    struct quarantine *quarantine; /* NULL: nothing is held */
    struct fetcher *fetcher;       /* NULL exactly when render is */
    struct render *render;         /* NULL: every page is Chrome's */
};

#endif
