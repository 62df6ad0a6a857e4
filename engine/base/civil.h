/* SPDX-License-Identifier: MIT */
/* civil.h - days and seconds of the proleptic Gregorian calendar, and a zone's offset. Used by
 * clock.c and zone.c.
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include "base/clock.h"

int64_t civil_floor_div(int64_t a, int64_t b); /* b > 0 */

/* Days since 1970-01-01; month and day may overflow. */
int64_t civil_days(int64_t year, int64_t month, int64_t day);

/* Seconds since 1970, without any zone: all of *out but offset_s is set. */
void civil_of_seconds(int64_t seconds, struct clock_civil *out);
int64_t civil_to_seconds(const struct clock_civil *civil);

/* Seconds east of UTC at that moment; zone NULL is UTC. */
int32_t zone_offset_at(const struct clock_zone *zone, int64_t seconds);

#endif
