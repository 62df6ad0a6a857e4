/* SPDX-License-Identifier: MIT */
/* alerting.h - what this engine watches on the operator's behalf, and hands to notify/alerts.h:
 *
 *     chrome      it cannot be started: the pool's breaker is open, or there is no pool
 *     memory      pages wait because the machine is short of memory
 *     hosts       boards' hosts whose breaker is open
 *     disk        min_free_disk where the database, the profiles or the spool are
 *     spool       it fills, or what is in it does not go on; spool-bad: files were set aside
 *     budget      budget_month, budget_gb_seconds_day, by the ledger
 *     failing     alert_failures runs of a site and kind in a row
 *     push        the push service takes no pushes
 *     selfcheck   the last one failed
 *     database    away (alerts.c sees it by itself)
 *
 * Drift, blocked and silent boards are reports of the crawl and are told of from the database.
 */
#ifndef ALERTING_H
#define ALERTING_H

#include "crawl/env.h"

struct alerting;

/* env, with a store, is borrowed. engine: its name. ERR_CONFIG names the key that is wrong. */
MUST_CHECK int alerting_new(const struct crawl_env *env, const char *engine, struct alerting **out,
                            struct err *err);
void alerting_free(struct alerting **alerting); /* after store_free() */
void alerting_start(struct alerting *alerting);

/* Keys whose form is looked at before they are used: ERR_CONFIG. */
MUST_CHECK int alerting_check_config(const struct config *config, struct err *err);

/* Borrowed until alerting_free(). NULL, as without this call: nobody sends. */
struct push;
void alerting_watch_push(struct alerting *alerting, const struct push *push);

/* run as the ledger has it. NULL alerting: nothing. */
void alerting_run_ended(struct alerting *alerting, const struct store_run *run);
void alerting_selfcheck_ended(struct alerting *alerting, const struct err *err);

void alerting_metrics(const struct alerting *alerting, struct buf *out);

#endif
