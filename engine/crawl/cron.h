/* SPDX-License-Identifier: MIT */
/* cron.h - when a schedule line is due.
 *
 * Five fields (minute hour day-of-month month day-of-week) with lists, ranges, steps and names
 * (mon, jan); Sunday is 0 and 7; day-of-month and day-of-week are joined by OR when both are
 * restricted, as in cron(5). "@hourly @daily @weekly @monthly @yearly" and "@every 15m" (counted
 * from midnight UTC of 1970). Local times that a DST jump skips are due at the jump; repeated ones
 * are due once (the first).
 */
#ifndef CRAWL_CRON_H
#define CRAWL_CRON_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct cron {
    uint64_t minutes; /* bit 0..59 */
    uint32_t hours;   /* bit 0..23 */
    uint32_t days;    /* bit 1..31 */
    uint16_t months;  /* bit 1..12 */
    uint8_t weekdays; /* bit 0..6 */
    bool any_day;     /* day-of-month is a star */
    bool any_weekday;
    int64_t every_ms; /* "@every", else 0 */
};

/* Error: `"5 * * *": expected 5 fields, got 4`, `field 2 (hour): "24": expected 0 to 23`. */
MUST_CHECK int cron_parse(struct cron *cron, const char *text, struct err *err);

/* The first due moment strictly after `after_ms`, or CLOCK_NONE when there is none within 5 years
 * (30 February). zone NULL is UTC. */
int64_t cron_next(const struct cron *cron, const struct clock_zone *zone, int64_t after_ms);

#endif
