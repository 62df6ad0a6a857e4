/* SPDX-License-Identifier: MIT */
/* service.h - what runs when: the lines of the schedule, and the runs that they start.
 *
 * A line is a (site, kind), or a job that belongs to no site (service_jobs.c). Each has its own cron
 * line; none waits for another. A due run goes through a claim, which says whether it is ours, and is
 * then started:
 *
 *     line   IDLE > CLAIMING > RUNNING > IDLE
 *            CLAIMING > IDLE                     not ours, or stopping
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "crawl/env.h"
#include "crawl/sites.h"

struct service;

typedef void service_fn(const struct err *err, void *ctx);

/* Keys of the configuration that the schedule is made of: cron lines and the zone. */
MUST_CHECK int service_check_config(const struct config *config, struct err *err);

/* Borrowed for the service's life: env (with a store), sites. The configuration has been checked. */
struct service *service_new(const struct crawl_env *env, const struct sites *sites);
void service_free(struct service **service); /* nothing may be running */

/* Close what a dead engine left in the ledger, make up for what was missed, follow the schedule. done
 * once, unless service_stop comes before: err is ERR_STORE. */
void service_start(struct service *service, service_fn *done, void *ctx);

/* Start nothing any more. done once, when the last run has ended. */
void service_stop(struct service *service, service_fn *done, void *ctx);
void service_cancel(struct service *service); /* what is running; each ends soon after */

size_t service_busy(const struct service *service); /* lines that are not idle */

#endif
