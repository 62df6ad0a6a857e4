/* SPDX-License-Identifier: MIT */
/* clock.h - monotonic and wall time, time zones, RFC 3339.
 *
 * Everything that depends on "now" asks here, so that a test can set the time (clock_fake_*). Wall
 * times are milliseconds since 1970 UTC in int64_t (`_ms`), database times seconds (`_s`).
 * Zones are read from the system's tz database (RFC 8536) without touching TZ or tzset(), so that
 * many zones live side by side.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_RFC3339_BYTES 40
#define CLOCK_NONE INT64_MIN /* "no time known" wherever a time is optional */

int64_t clock_mono_ms(void); /* never goes back */
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void);

/* Tests: both clocks stand still and move only by clock_fake_advance. clock_fake_off restores. */
void clock_fake_set(int64_t wall_ms);
void clock_fake_advance(int64_t ms);
void clock_fake_off(void);

struct clock_civil {
    int year;     /* 2026 */
    int month;    /* 1..12 */
    int day;      /* 1..31 */
    int hour;     /* 0..23 */
    int minute;   /* 0..59 */
    int second;   /* 0..59 */
    int weekday;  /* 0 = Sunday */
    int offset_s; /* east of UTC, filled by clock_to_local */
};

struct clock_zone;

/* `name` as in the tz database ("Asia/Seoul", "UTC"). The zone lives until clock_zone_free. */
MUST_CHECK int clock_zone_new(const char *name, struct clock_zone **out, struct err *err);
void clock_zone_free(struct clock_zone **zone);
const char *clock_zone_name(const struct clock_zone *zone);

/* zone NULL means UTC in all of these. */
void clock_to_local(const struct clock_zone *zone, int64_t wall_ms, struct clock_civil *out);

/* The moment of a local time. A time that a DST jump skips gives the moment of the jump; one that
 * occurs twice gives the first. `weekday` and `offset_s` are ignored; day and month may overflow
 * (day 32 is the first of the next month). */
int64_t clock_from_local(const struct clock_zone *zone, const struct clock_civil *civil);

/* "2026-11-22T13:05:00.123Z" */
void clock_format_utc_ms(int64_t wall_ms, char out[CLOCK_RFC3339_BYTES]);
/* "2026-11-22T22:05:00+09:00" */
void clock_format_local(const struct clock_zone *zone, int64_t wall_ms,
                        char out[CLOCK_RFC3339_BYTES]);
/* RFC 3339 with offset or Z, fraction allowed; nothing may follow. */
MUST_CHECK int clock_parse_rfc3339(const char *s, int64_t *wall_ms_out, struct err *err);

#endif
