/* SPDX-License-Identifier: MIT */
/* hours.h - the hours of the day in which somebody may be disturbed: "10:00-23:00".
 *
 * The last minute is one of them: at 23:00:59 a push still comes. "22:00-06:00" lies around midnight; an empty text
 * is the whole day. A DST jump moves the clock that is compared, nothing else.
 */
#ifndef NOTIFY_HOURS_H
#define NOTIFY_HOURS_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

struct hours {
    int from_minute, to_minute; /* of the day */
};

/* ERR_CONFIG says what was expected. */
MUST_CHECK int hours_parse(const char *text, struct hours *out, struct err *err);

/* zone NULL: UTC. */
bool hours_contain(const struct hours *hours, const struct clock_zone *zone, int64_t at_ms);

#endif
