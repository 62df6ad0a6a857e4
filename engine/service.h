/* SPDX-License-Identifier: MIT */
/* service.h - what runs when: the lines of the schedule, the runs that they start, and the operator's
 * hand on both.
 *
 * A line is a (site, kind), or a job that belongs to no site (service_jobs.c), whether it has a
 * schedule or not. None waits for another. A due run goes through a claim, which says whether it is
 * ours, and is then started:
 *
 *     line   IDLE > CLAIMING > RUNNING > IDLE
 *            CLAIMING > IDLE                     not ours, or stopping
 *
 * Names: `what` is a site, or the kind of a job without one ("purge"); NULL is everything. `kind` NULL
 * is every kind of it (service_run: crawl). Answers are text for people, in whole lines.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "crawl/env.h"
#include "crawl/sites.h"

struct alarms;
struct alerting;
struct service;

typedef void service_fn(const struct err *err, void *ctx);

/* Where the configuration came from, for a reload. Borrowed for the service's life. */
struct service_source {
    struct config *config; /* the one that everybody reads; changed by a reload */
    const char *path;      /* as for config_load() */
    const char *const *sets;
    size_t n_sets;
};

/* Keys of the configuration whose form only the parts above base/ know: cron lines, zone, render. */
MUST_CHECK int service_check_config(const struct config *config, struct err *err);

/* Borrowed for the service's life: env (with a store), sites, alarms. The configuration has been checked. */
struct service *service_new(const struct crawl_env *env, const struct sites *sites,
                            const struct service_source *source, struct alarms *alarms);
void service_set_alerting(struct service *service, struct alerting *alerting); /* borrowed */
void service_free(struct service **service); /* nothing may be running */

/* Close what a dead engine left in the ledger, make up for what was missed, follow the schedule. done
 * once, unless service_stop comes before: err is ERR_STORE. */
void service_start(struct service *service, service_fn *done, void *ctx);

/* Start nothing any more. done once, when the last run has ended. */
void service_stop(struct service *service, service_fn *done, void *ctx);
void service_cancel(struct service *service); /* what is running; each ends soon after */

size_t service_busy(const struct service *service); /* lines that are not idle */

/* ---- the operator's hand ---------------------------------------------------------------------- */

/* Begin a run now, beside the plan; one that is going already is counted as an overlap. -1: there is no
 * such line, or it is going (ERR_USAGE). */
MUST_CHECK int service_run(struct service *service, const char *what, const char *kind,
                           struct buf *answer, struct err *err);

/* A paused line is not begun by the plan; what it missed is made up for once, when it is resumed. Runs
 * that are going end as they would. Noted in the database, so it outlives this engine: it holds for
 * this engine's name alone. */
MUST_CHECK int service_pause(struct service *service, bool paused, const char *what,
                             const char *kind, struct buf *answer, struct err *err);
bool service_is_paused(const struct service *service); /* all of it */

/* Read configuration and sites anew. All is checked before anything changes: -1, and the answer holds
 * every problem with file, line and key; nothing has changed. Runs that are going keep what they
 * began with; lines keep what they missed. */
MUST_CHECK int service_reload(struct service *service, struct buf *answer);

/* ---- looking ---------------------------------------------------------------------------------- */

void service_list(const struct service *service, bool json, struct buf *out);
void service_summary(const struct service *service, struct buf *out); /* one line */
void service_metrics(const struct service *service, struct buf *out);

/* Of the configuration alone, without a service: jobs that belong to no site, as lines of `schedule`. */
void service_print_jobs(const struct config *config, struct buf *out);

#endif
