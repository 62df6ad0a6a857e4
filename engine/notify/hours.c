/* SPDX-License-Identifier: MIT */
/* hours.c - see hours.h. */
#include "notify/hours.h"

#include <ctype.h>

enum { LAST_MINUTE = 24 * 60 - 1 };

/* "9:30", "09:30"; NULL: it is none. */
static const char *parse_minute(const char *s, int *out)
{
    int hour = 0, digits = 0;

    for (; isdigit((unsigned char)*s) && digits < 2; digits++)
        hour = hour * 10 + (*s++ - '0');
    if (!digits || hour > 23 || *s++ != ':')
        return NULL;
    if (s[0] < '0' || s[0] > '5' || !isdigit((unsigned char)s[1]))
        return NULL;
    *out = hour * 60 + (s[0] - '0') * 10 + (s[1] - '0');
    return s + 2;
}

int hours_parse(const char *text, struct hours *out, struct err *err)
{
    const char *s = text;

    *out = (struct hours){0, LAST_MINUTE};
    if (!*text)
        return 0;
    s = parse_minute(s, &out->from_minute);
    if (s && *s == '-')
        s = parse_minute(s + 1, &out->to_minute);
    else
        s = NULL;
    if (s && !*s)
        return 0;
    return err_set(err, ERR_CONFIG, "\"%.40s\": expected hours like 10:00-23:00", text);
}

bool hours_contain(const struct hours *hours, const struct clock_zone *zone, int64_t at_ms)
{
    struct clock_civil local;
    int minute;

    clock_to_local(zone, at_ms, &local);
    minute = local.hour * 60 + local.minute;
    if (hours->from_minute <= hours->to_minute)
        return minute >= hours->from_minute && minute <= hours->to_minute;
    return minute >= hours->from_minute || minute <= hours->to_minute;
}
