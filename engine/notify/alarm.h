/* SPDX-License-Identifier: MIT */
/* alarm.h - keyword alarms: new titles are matched, users are told.
 *
 * A pass matches every title behind the cursor (db/store_alarm.h) against all keywords, puts what was found
 * into the push lists, and then queues pushes in push_outbox: at ALARM_ARRIVED for users who want each at once, at
 * ALARM_DIGEST for all. Passes of an engine come one after the other; engines may do so side by side, for each
 * decision counts once, and who comes second reads again what is left.
 *
 * A keyword finds the titles that are matched after it was added; a title is matched within seconds of its
 * commit. It stays in memory until keywords change. What a user waits for outside of his hours, or beyond
 * max_push_count, waits in the database (digest.h).
 */
#ifndef NOTIFY_ALARM_H
#define NOTIFY_ALARM_H

#include "base/buf.h"
#include "base/config.h"
#include "db/store.h"

#define RUN_ALARM "alarm" /* the job's kind */

enum {
    ALARM_EVENTS = 1000, /* of a batch */
    ALARM_HITS = 20000,  /* a batch ends behind the title that goes beyond */
    ALARM_WORDS = 10000, /* keywords of a read */
    ALARM_USERS = 500    /* of a read of those who wait */
};

struct alarm;
struct alarm_pass;

/* alarm_way, alarm_hours, timezone. */
MUST_CHECK int alarm_check_config(const struct config *config, struct err *err);

/* All borrowed; the configuration has been checked. */
struct alarm *alarm_new(struct loop *loop, const struct config *config, struct store *store);
void alarm_free(struct alarm **alarm); /* no pass may be waiting or under way */
/* From the next pass on. */
void alarm_set_config(struct alarm *alarm, const struct config *config);

struct alarm_counts {
    int64_t titles;  /* matched */
    int64_t found;   /* rows of push lists */
    int64_t pushes;  /* queued */
    int64_t waits;   /* users who are not told now (only of those who were looked at) */
    int64_t refused; /* decisions that another engine was faster with */
};

enum alarm_what { ALARM_ARRIVED, ALARM_DIGEST };

/* Once, later. err: the store's, or ERR_CANCELLED; counts are what was done until then. The pass is gone after it. */
typedef void alarm_fn(const struct alarm_counts *counts, const struct err *err, void *ctx);
struct alarm_pass *alarm_pass(struct alarm *alarm, enum alarm_what what, alarm_fn *done, void *ctx);
void alarm_cancel(struct alarm_pass *pass); /* after the call that is under way */

void alarm_metrics(const struct alarm *alarm, struct buf *out);

#endif
