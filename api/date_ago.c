/* SPDX-License-Identifier: MIT */
/* date_ago.c - the rounding of Rails' distance_of_time_in_words, with the original app's Korean
 * words.
 *
 * Its steps, in minutes rounded half up: under 1, to 44 minutes, to 89 "about 1 hour", to 1439
 * hours, to 2519 "1 day", to 43199 days, to 86399 "about" months, under a year months, then years,
 * for which leap days are taken out first.
 */
#include "api/date_ago.h"
#include "base/clock.h"

enum {
    HOUR = 60,
    DAY = 1440,
    MONTH = 43200,
    YEAR = 525600,
    QUARTER_YEAR = 131400,
};

static long long rounded(int64_t minutes, int64_t unit)
{
    return (minutes + unit / 2) / unit;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Leap days between the two; a year counts from its March on at the start, up to its March at the
 * end. */
static int leap_days(int64_t from_ms, int64_t to_ms)
{
    struct clock_civil from, to;
    int n = 0;

    clock_to_local(NULL, from_ms, &from);
    clock_to_local(NULL, to_ms, &to);
    for (int year = from.year + (from.month >= 3); year <= to.year - (to.month < 3); year++)
        n += is_leap(year);
    return n;
}

static void add_years(struct buf *out, int64_t minutes, int64_t from_ms, int64_t to_ms)
{
    int64_t even = minutes - leap_days(from_ms, to_ms) * (int64_t)DAY;
    long long years = even / YEAR;
    int64_t rest = even % YEAR;

    if (rest < QUARTER_YEAR)
        buf_addf(out, "약 %lld년", years);
    else if (rest < 3 * QUARTER_YEAR)
        buf_addf(out, years == 1 ? "%lld년" : "%lld년 이상", years);
    else
        buf_addf(out, "%lld년 이하", years + 1);
}

void date_ago_add(struct buf *out, int64_t then_ms, int64_t now_ms)
{
    int64_t from_ms = then_ms < now_ms ? then_ms : now_ms;
    int64_t to_ms = then_ms < now_ms ? now_ms : then_ms;
    int64_t minutes = (to_ms - from_ms + 30000) / 60000;

    if (minutes == 0)
        buf_adds(out, "방금");
    else if (minutes < 45)
        buf_addf(out, "%lld분", (long long)minutes);
    else if (minutes < 90)
        buf_adds(out, "약 1시간");
    else if (minutes < DAY)
        buf_addf(out, "약 %lld시간", rounded(minutes, HOUR));
    else if (minutes < DAY + 18 * HOUR)
        buf_adds(out, "1일");
    else if (minutes < MONTH)
        buf_addf(out, "%lld일", rounded(minutes, DAY));
    else if (minutes < 2 * MONTH)
        buf_addf(out, "약 %lld달", rounded(minutes, MONTH));
    else if (minutes < YEAR)
        buf_addf(out, "%lld달", rounded(minutes, MONTH));
    else
        add_years(out, minutes, from_ms, to_ms);
    buf_adds(out, " 전");
}
