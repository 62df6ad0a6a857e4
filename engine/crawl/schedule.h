/* SPDX-License-Identifier: MIT */
/* schedule.h - tells when a (site, kind) is due.
 *
 * Each entry has its own cron line and zone; entries never wait for each other. While an entry's
 * run is still going, a due time that comes is counted as an overlap, not doubled. A due time that
 * was missed (the engine was down, the box asleep) is made up for once: with the latest missed due
 * time.
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

/* name, kind: copied. zone: borrowed. owner: handed back by schedule_entry_owner(). last_due_ms:
 * the ledger's latest due time of this entry, or CLOCK_NONE when it never ran (then nothing is
 * made up for). */
struct schedule_entry *schedule_add(struct schedule *schedule, const char *name, const char *kind,
                                    const struct cron *cron, const struct clock_zone *zone,
                                    int64_t last_due_ms, void *owner);

/* Begin to call `due`; no entry is due before. Stop: none is any more. */
void schedule_start(struct schedule *schedule);
void schedule_stop(struct schedule *schedule);

void schedule_finished(struct schedule_entry *entry);

void *schedule_entry_owner(const struct schedule_entry *entry);
int64_t schedule_entry_next_ms(const struct schedule_entry *entry);
long long schedule_entry_overlaps(const struct schedule_entry *entry);

/* The latest due moment in (after_ms, now_ms], or CLOCK_NONE. */
int64_t schedule_latest_due(const struct cron *cron, const struct clock_zone *zone,
                            int64_t after_ms, int64_t now_ms);

#endif
