/* SPDX-License-Identifier: MIT */
/* drift_watch.h - the judge at work: one for each run of a site.
 *
 *     load     what the store knows: the good runs of each layout, the posts as they were read last
 *     judge    page after page, in place of judge_page()
 *     end      the run's counts go to the store; a drift is reported once, with its evidence, and
 *              closed when a run is good again
 *
 * Without a store (dry run) there is no history and nothing is kept: the contract alone decides.
 * What the store can't tell or take is logged; no run fails for it.
 */
#ifndef CRAWL_DRIFT_WATCH_H
#define CRAWL_DRIFT_WATCH_H

#include "crawl/env.h"
#include "crawl/job.h"
#include "crawl/site.h"

struct drift_watch;

/* Names of the store's states: the posts of a layout (drift_posts.h), with its name behind, and since
 * when the operator takes the board as it is. */
#define DRIFT_STATE_POSTS "drift.posts."
#define DRIFT_STATE_ACCEPTED "drift.accepted"

typedef void drift_watch_fn(void *ctx);

/* env and site are borrowed for its life. */
struct drift_watch *drift_watch_new(const struct crawl_env *env, const struct site *site);
/* Not while load or end is under way. */
void drift_watch_free(struct drift_watch **watch);

/* done comes once, later, also without a store. */
void drift_watch_load(struct drift_watch *watch, drift_watch_fn *done, void *ctx);

/* For job_request, with the watch as judge_ctx.
 *   page        judge_page(), and then what drift.h says. 0: the page may be stored, and counts as
 *               good. -1: as judge_page(), or ERR_DRIFT with the first finding: ERR_EMPTY becomes
 *               ERR_DRIFT where a field explains it, or where this layout had rows before; ERR_TIMEOUT
 *               instead of ERR_DRIFT while the document is still loading
 *   wants_html  once a day, to know later what the page was; and when asking again
 *   asks_again  once in a run a page that drifts is read a second time, with its document: that
 *               confirms the verdict and gives the evidence */
extern const struct job_judge drift_watch_judge;

/* The run is over. run_id: of the ledger; 0: nothing is kept. fence: under which all is written; its texts live
 * as long as the watch. done comes once, later. */
void drift_watch_end(struct drift_watch *watch, int64_t run_id, const struct store_fence *fence,
                     drift_watch_fn *done, void *ctx);

#endif
