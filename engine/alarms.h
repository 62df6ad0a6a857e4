/* SPDX-License-Identifier: MIT */
/* alarms.h - keyword alarms in the service: a pass soon after deals have changed, and the job that tells
 * users together.
 *
 * Off while alarm_schedule is empty. A digest is a run with a row in the ledger: in rows_seen the titles that it
 * matched, in rows_added what it put into push lists, the rest in detail. What arrives in between has no row; its
 * figures are in the metrics, and in the log where something was found.
 */
#ifndef ALARMS_H
#define ALARMS_H

#include "crawl/env.h"
#include "notify/alarm.h"
#include "notify/push.h"

enum {
    ALARMS_SETTLE_MS = 1000, /* a crawl commits page by page: so long is waited for the next one */
    ALARMS_RETRY_MS = 30000  /* after a pass that failed */
};

struct alarms;

/* env, with a store, and push, which is woken when pushes are queued, are borrowed. */
struct alarms *alarms_new(const struct crawl_env *env, struct push *push);
void alarms_free(struct alarms **alarms); /* after store_free(), stopped if it was ever followed */

/* Watch the deals if the configuration says so now; after start and reload. */
void alarms_follow(struct alarms *alarms);

/* Begin no pass any more. done once, when none is under way. */
typedef void alarms_fn(void *ctx);
void alarms_stop(struct alarms *alarms, alarms_fn *done, void *ctx);

/* The job: done comes once, later, also after cancel; what was returned is gone then. */
struct alarms_run;
struct alarms_run *alarms_run(struct alarms *alarms, int64_t due_at_ms, alarms_fn *done, void *ctx);
void alarms_run_cancel(struct alarms_run *run);

void alarms_metrics(const struct alarms *alarms, struct buf *out);

#endif
