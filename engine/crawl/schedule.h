/* SPDX-License-Identifier: MIT */
/* schedule.h - tells when a (site, kind) is due.
 *
 * Each entry has its own cron line and zone; entries never wait for each other. While an entry's
 * run is still going, a due time that comes is counted as an overlap, not doubled. A due time that
 * was missed (the engine was down, the box asleep, the entry paused) is made up for once: with the
 * latest missed due time. A clock that is set back by up to an hour repeats no due time; one that is
 * set back further was wrong before: the plan begins anew from what it says now.
 */
#ifndef CRAWL_SCHEDULE_H
#define CRAWL_SCHEDULE_H

#include "base/loop.h"
#include "crawl/cron.h"

struct schedule;
struct schedule_entry;

/* Due now. The entry counts as running until schedule_finished(). */
typedef void schedule_due_fn(struct schedule_entry *entry, int64_t due_at_ms, void *ctx);

struct schedule *schedule_new(struct loop *loop, schedule_due_fn *due, void *ctx);
void schedule_free(struct schedule **schedule);

/* Each planned run begins up to so much later than it is due, a little different each time, so that
 * not everything begins in the same second; at most a quarter of the time to the next. Runs that are
 * made up for begin at once. Holds for due times that are reckoned from now on. */
void schedule_set_jitter(struct schedule *schedule, int64_t jitter_ms);

/* name, kind: copied. cron: copied; NULL: never due by itself. zone: borrowed. owner: handed back by
 * schedule_entry_owner(). last_due_ms: the ledger's latest due time of this entry, or CLOCK_NONE when
 * it never ran (then nothing is made up for). */
struct schedule_entry *schedule_add(struct schedule *schedule, const char *name, const char *kind,
                                    const struct cron *cron, const struct clock_zone *zone,
                                    int64_t last_due_ms, void *owner);
/* Follow another line from now on. What was missed by the old one stays missed until it is made up
 * for. */
void schedule_change(struct schedule_entry *entry, const struct cron *cron,
                     const struct clock_zone *zone);
/* Not from within `due`. */
void schedule_remove(struct schedule_entry **entry);

/* Begin to call `due`; no entry is due before. Stop: none is any more. Look: at once, instead of when
 * the next is due. */
void schedule_start(struct schedule *schedule);
void schedule_stop(struct schedule *schedule);
void schedule_look(struct schedule *schedule);

/* The run has ended. */
void schedule_finished(struct schedule_entry *entry);

/* A run beside the plan begins now. False: one is going, which is counted as an overlap. */
MUST_CHECK bool schedule_begin(struct schedule_entry *entry);

/* A paused entry is never due; when the pause ends, what it missed is made up for. */
void schedule_pause(struct schedule_entry *entry, bool paused);

void *schedule_entry_owner(const struct schedule_entry *entry);
int64_t schedule_entry_next_ms(const struct schedule_entry *entry); /* CLOCK_NONE: never */
long long schedule_entry_overlaps(const struct schedule_entry *entry);
bool schedule_entry_is_paused(const struct schedule_entry *entry);
bool schedule_entry_is_late(const struct schedule_entry *entry); /* missed, to be made up for */

/* The latest due moment in (after_ms, now_ms], or CLOCK_NONE. */
int64_t schedule_latest_due(const struct cron *cron, const struct clock_zone *zone,
                            int64_t after_ms, int64_t now_ms);

#endif
