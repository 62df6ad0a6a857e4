/* SPDX-License-Identifier: MIT */
/* test_crawl_cron.c - schedule lines: what is due when, and what is refused with which words. */
#include "crawl/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int64_t at(const char *rfc3339)
{
    struct err err;
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339(rfc3339, &ms, &err), 0);
    return ms;
}

static void assert_next(const char *line, const char *zone_name, const char *after,
                        const char *expected)
{
    struct cron cron;
    struct clock_zone *zone;
    struct err err;
    char got[CLOCK_RFC3339_BYTES] = "none";
    int64_t next;

    assert_int_equal(clock_zone_new(zone_name, &zone, &err), 0);
    if (cron_parse(&cron, line, &err) < 0)
        fail_msg("%s: %s", line, err.text);
    next = cron_next(&cron, zone, at(after));
    if (next != CLOCK_NONE)
        clock_format_local(zone, next, got);
    clock_zone_free(&zone);
    if (strcmp(got, expected) != 0)
        fail_msg("%s in %s after %s: expected %s, got %s", line, zone_name, after, expected, got);
}

static void finds_the_next_due_minute(void **state)
{
    static const char *const rows[][4] = {
        {"40 * * * *", "Asia/Seoul", "2026-11-22T13:39:59+09:00", "2026-11-22T13:40:00+09:00"},
        {"40 * * * *", "Asia/Seoul", "2026-11-22T13:40:00+09:00", "2026-11-22T14:40:00+09:00"},
        {"*/15 * * * *", "UTC", "2026-11-22T13:40:00Z", "2026-11-22T13:45:00+00:00"},
        {"0 10-23 * * *", "Asia/Seoul", "2026-11-22T23:30:00+09:00", "2026-11-23T10:00:00+09:00"},
        {"5,35 9 * * mon-fri", "Asia/Seoul", "2026-11-20T09:35:00+09:00",
         "2026-11-23T09:05:00+09:00"},
        {"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00+00:00"},
        {"0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", "none"},
        {"0 0 1 jan *", "Asia/Seoul", "2026-11-22T00:00:00+09:00", "2027-01-01T00:00:00+09:00"},
        {"0 0 13 * 5", "UTC", "2026-11-02T00:00:00Z", "2026-11-06T00:00:00+00:00"},
        {"0 0 * * 7", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00+00:00"},
        {"59 23 31 12 *", "Asia/Seoul", "2026-12-31T23:59:00+09:00", "2027-12-31T23:59:00+09:00"},
        {"@hourly", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T14:00:00+00:00"},
        {"@daily", "Asia/Seoul", "2026-11-22T13:00:00+09:00", "2026-11-23T00:00:00+09:00"},
        {"@every 15m", "UTC", "2026-11-22T13:01:00Z", "2026-11-22T13:15:00+00:00"},
        {"@every 10s", "UTC", "2026-11-22T13:01:01Z", "2026-11-22T13:01:10+00:00"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_next(rows[i][0], rows[i][1], rows[i][2], rows[i][3]);
}

static void runs_a_skipped_local_time_at_the_jump_and_a_doubled_one_once(void **state)
{
    (void)state;
    assert_next("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T03:00:00+02:00");
    assert_next("30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T02:30:00+02:00");
    assert_next("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T02:30:00+02:00");
    assert_next("30 2 * * *", "Europe/Berlin", "2027-10-31T00:30:00Z", "2027-11-01T02:30:00+01:00");
}

static void refuses_broken_lines_and_says_what_was_expected(void **state)
{
    static const char *const rows[][2] = {
        {"*/5 * * *", "\"*/5 * * *\": expected 5 fields, got 4"},
        {"* * * * * *", "expected 5 fields, got 6"},
        {"", "expected 5 fields, got 0"},
        {"60 * * * *", "field 1 (minute): \"60\": expected 0 to 59"},
        {"* 24 * * *", "field 2 (hour): \"24\": expected 0 to 23"},
        {"* * 0 * *", "field 3 (day of month): \"0\": expected 1 to 31"},
        {"* * * 13 *", "field 4 (month): \"13\": expected 1 to 12"},
        {"* * * * 8", "field 5 (day of week): \"8\": expected 0 to 7"},
        {"5-1 * * * *", "\"5-1\""},
        {"*/0 * * * *", "\"*/0\""},
        {"1, * * * *", "field 1"},
        {"*/4294967297 * * * *", "\"*/4294967297\""}, /* 1, cut to 32 bits */
        {"a * * * *", "\"a\""},
        {"@often", "expected @every TIME"},
        {"@every 5", "@every: \"5\": expected a time with its unit"},
        {"@every 10ms", "expected at least 1s"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cron cron;
        struct err err;

        assert_int_equal(cron_parse(&cron, rows[i][0], &err), -1);
        if (!strstr(err.text, rows[i][1]))
            fail_msg("%s: expected \"%s\" in \"%s\"", rows[i][0], rows[i][1], err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_next_due_minute),
        cmocka_unit_test(runs_a_skipped_local_time_at_the_jump_and_a_doubled_one_once),
        cmocka_unit_test(refuses_broken_lines_and_says_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
