/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_cron.c - schedule lines: the next due moment is after, due, the first, and always
 * found in time.
 *
 * Input: a byte that picks the zone, four that pick the moment, the line.
 */
#include "fuzz.h"
#include "crawl/cron.h"

#include <string.h>

enum { HEAD_BYTES = 5, MAX_STEP_DIGITS = 4 };

static struct clock_zone *zone_of(uint8_t pick)
{
    /* Half-hour DST, a day that was skipped, changes at midnight, winter as the exception. */
    static const char *const names[] = {
        "UTC",          "Asia/Seoul",     "America/New_York", "Australia/Lord_Howe",
        "Pacific/Apia", "America/Havana", "Europe/Dublin",    "Africa/Casablanca"};
    static struct clock_zone *zones[ARRAY_LEN(names)];
    size_t i = pick % ARRAY_LEN(names);
    struct err err;

    if (!zones[i])
        check(clock_zone_new(names[i], &zones[i], &err) == 0);
    return zones[i];
}

/* A moment of the years 1970 to 2106. */
static int64_t moment_of(const uint8_t *data)
{
    return (int64_t)(((uint32_t)data[0] << 24) | data[1] << 16 | data[2] << 8 | data[3]) * 1000;
}

static size_t longest_number(const char *line)
{
    size_t longest = 0;

    for (; *line; line++)
        if (strspn(line, "0123456789") > longest)
            longest = strspn(line, "0123456789");
    return longest;
}

static void check_due(const struct cron *cron, const struct clock_zone *zone, int64_t at)
{
    struct clock_civil c, before;
    bool day, weekday;

    clock_to_local(zone, at, &c);
    clock_to_local(zone, at - 1, &before);
    check(at % 1000 == 0);
    if (before.offset_s != c.offset_s) /* a skipped time is due at the jump */
        return;
    check(c.second == 0);
    check(cron->minutes >> c.minute & 1 && cron->hours >> c.hour & 1 &&
          cron->months >> c.month & 1);
    day = cron->days >> c.day & 1;
    weekday = cron->weekdays >> c.weekday & 1;
    check(cron->any_day || cron->any_weekday ? day && weekday : day || weekday);
}

static void check_next(const struct cron *cron, const struct clock_zone *zone, int64_t after)
{
    int64_t next = cron_next(cron, zone, after);

    if (next == CLOCK_NONE) {
        check(!cron->every_ms);
        return;
    }
    check(next > after);
    check(cron_next(cron, zone, next - 1) == next);
    check(cron_next(cron, zone, after + (next - after) / 2) == next);
    if (cron->every_ms)
        check(next - after <= cron->every_ms && next % cron->every_ms == 0);
    else
        check_due(cron, zone, next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cron cron;
    struct err err;
    char *line;

    if (size < HEAD_BYTES)
        return 0;
    line = fuzz_text(data + HEAD_BYTES, size - HEAD_BYTES);
    if (cron_parse(&cron, line, &err) == 0) {
        check(cron.every_ms ||
              (cron.minutes && cron.hours && cron.days && cron.months && cron.weekdays));
        check(*line == '@' || longest_number(line) <= MAX_STEP_DIGITS);
        check_next(&cron, zone_of(data[0]), moment_of(data + 1));
    } else {
        check(err.code == ERR_CONFIG && *err.text);
    }
    mem_free(line);
    return 0;
}
