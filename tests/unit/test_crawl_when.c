/* SPDX-License-Identifier: MIT */
/* test_crawl_when.c - the times of BOARDS.md B.7, year and day boundaries, and what is no time. */
#include "crawl/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *text;
    enum when_kind kind;
    const char *expected; /* RFC 3339 */
};

static struct clock_zone *seoul;

static int open_zone(void **state)
{
    struct err err;

    (void)state;
    return clock_zone_new("Asia/Seoul", &seoul, &err);
}

static int close_zone(void **state)
{
    (void)state;
    clock_zone_free(&seoul);
    return 0;
}

static int64_t at(const char *rfc3339)
{
    struct err err;
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339(rfc3339, &ms, &err), 0);
    return ms;
}

static void expect_all(const struct sample *samples, size_t n, const char *now)
{
    for (size_t i = 0; i < n; i++) {
        int64_t ms;
        enum when_kind kind = when_parse(samples[i].text, at(now), seoul, &ms);
        int64_t expected = samples[i].expected ? at(samples[i].expected) : CLOCK_NONE;

        if (kind != samples[i].kind || ms != expected)
            fail_msg("\"%s\": kind %d, moment %lld; expected kind %d, %lld (%s)", samples[i].text,
                     kind, (long long)ms, samples[i].kind, (long long)expected,
                     samples[i].expected ? samples[i].expected : "none");
    }
}
#define EXPECT_ALL(samples, now) expect_all(samples, ARRAY_LEN(samples), now)

static void reads_full_times_in_the_boards_zone(void **state)
{
    static const struct sample samples[] = {
        {"26.02.01 19:33:06", WHEN_EXACT, "2026-02-01T19:33:06+09:00"},
        {"2026-04-18 11:19:27", WHEN_EXACT, "2026-04-18T11:19:27+09:00"},
        {"등록일 2026-07-04 21:10", WHEN_EXACT, "2026-07-04T21:10:00+09:00"},
        {"2026.08.04 (00:56:00)", WHEN_EXACT, "2026-08-04T00:56:00+09:00"},
        {"2026.02.04 12:12", WHEN_EXACT, "2026-02-04T12:12:00+09:00"},
        {"2026. 2. 4. 오후 1:05", WHEN_EXACT, "2026-02-04T13:05:00+09:00"},
        {"2026년 11월 2일 오전 12:05", WHEN_EXACT, "2026-11-02T00:05:00+09:00"},
        {"2024/02/29 23:59", WHEN_EXACT, "2024-02-29T23:59:00+09:00"},
        {"2026-04-13T07:36:58", WHEN_EXACT, "2026-04-13T07:36:58+09:00"},
        {"00년 11월 22일 13:05", WHEN_EXACT, "2000-11-22T13:05:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void trusts_an_offset_over_the_zone(void **state)
{
    static const struct sample samples[] = {
        {"2026-07-03T10:00:00Z", WHEN_EXACT, "2026-07-03T19:00:00+09:00"},
        {"2026-07-03T10:00:00.000Z", WHEN_EXACT, "2026-07-03T19:00:00+09:00"},
        {"2026-11-22T13:05:00+09:00", WHEN_EXACT, "2026-11-22T04:05:00Z"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void reads_a_time_of_day_as_today(void **state)
{
    static const struct sample samples[] = {
        {"12:01:07", WHEN_EXACT, "2026-11-22T12:01:07+09:00"},
        {"9:05", WHEN_EXACT, "2026-11-22T09:05:00+09:00"},
        {"날짜 11:21", WHEN_EXACT, "2026-11-22T11:21:00+09:00"},
        {"오늘 00:00", WHEN_EXACT, "2026-11-22T00:00:00+09:00"},
        {"어제 23:10", WHEN_EXACT, "2026-11-21T23:10:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void reads_a_time_still_to_come_as_yesterday(void **state)
{
    static const struct sample samples[] = {
        {"23:58:10", WHEN_EXACT, "2025-12-31T23:58:10+09:00"},
        {"00:01", WHEN_EXACT, "2026-01-01T00:01:00+09:00"},
        /* the board's clock may be a little ahead of ours */
        {"00:05", WHEN_EXACT, "2026-01-01T00:05:00+09:00"},
        {"00:09", WHEN_EXACT, "2025-12-31T00:09:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-01-01T00:02:00+09:00");
}

static void uses_the_zones_day_not_utcs(void **state)
{
    static const struct sample samples[] = {
        {"00:30", WHEN_EXACT, "2026-07-02T15:30:00Z"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-07-02T16:00:00Z");
}

static void gives_a_day_without_a_time_as_coarse(void **state)
{
    static const struct sample samples[] = {
        {"26/07/03", WHEN_DAY, "2026-07-03T00:00:00+09:00"},
        {"26-07-03", WHEN_DAY, "2026-07-03T00:00:00+09:00"},
        {"13/10/24", WHEN_DAY, "2013-10-24T00:00:00+09:00"},
        {"2026.08.14", WHEN_DAY, "2026-08-14T00:00:00+09:00"},
        {"26.09.07", WHEN_DAY, "2026-09-07T00:00:00+09:00"},
        {"07-08", WHEN_DAY, "2026-07-08T00:00:00+09:00"},
        {"오늘", WHEN_DAY, "2026-11-22T00:00:00+09:00"},
        {"2일전", WHEN_DAY, "2026-11-20T00:00:00+09:00"},
        {"03-11", WHEN_DAY, "2026-03-11T00:00:00+09:00"},
        {"12.24", WHEN_DAY, "2025-12-24T00:00:00+09:00"},
        {"07/08", WHEN_DAY, "2026-07-08T00:00:00+09:00"},
        {"3월 1일", WHEN_DAY, "2026-03-01T00:00:00+09:00"},
        {"어제", WHEN_DAY, "2026-11-21T00:00:00+09:00"},
        {"3일 전", WHEN_DAY, "2026-11-19T00:00:00+09:00"},
        {"2주 전", WHEN_DAY, "2026-11-08T00:00:00+09:00"},
        {"11-22 오후", WHEN_DAY, "2026-11-22T00:00:00+09:00"},   /* half a day is no time */
        {"3일 전 23:09", WHEN_DAY, "2026-11-19T00:00:00+09:00"}, /* boards count in 24 hours */
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void takes_the_latest_year_that_is_not_to_come(void **state)
{
    static const struct sample samples[] = {
        {"12-31", WHEN_DAY, "2025-12-31T00:00:00+09:00"},
        {"01-02", WHEN_DAY, "2026-01-02T00:00:00+09:00"},
        /* the board's midnight may be before ours */
        {"01-03", WHEN_DAY, "2026-01-03T00:00:00+09:00"},
        {"01-04", WHEN_DAY, "2025-01-04T00:00:00+09:00"},
        {"12-31 23:59", WHEN_EXACT, "2025-12-31T23:59:00+09:00"},
        {"02-29", WHEN_DAY, "2024-02-29T00:00:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-01-02T00:10:00+09:00");
}

static void reads_next_years_first_day_from_a_board_that_is_ahead(void **state)
{
    static const struct sample samples[] = {
        {"01-01", WHEN_DAY, "2027-01-01T00:00:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-12-31T23:59:30+09:00");
}

static void counts_back_from_now(void **state)
{
    static const struct sample samples[] = {
        {"3분 전", WHEN_AGO, "2026-11-22T13:02:00+09:00"},
        {"13분전", WHEN_AGO, "2026-11-22T12:52:00+09:00"},
        {"2시간 전", WHEN_AGO, "2026-11-22T11:05:00+09:00"},
        {"14시간전", WHEN_AGO, "2026-11-21T23:05:00+09:00"},
        {"30초 전", WHEN_AGO, "2026-11-22T13:04:30+09:00"},
        {"방금", WHEN_AGO, "2026-11-22T13:05:00+09:00"},
        {"방금 전", WHEN_AGO, "2026-11-22T13:05:00+09:00"},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void finds_no_time_where_there_is_none(void **state)
{
    static const struct sample samples[] = {
        {NULL, WHEN_NONE, NULL},
        {"", WHEN_NONE, NULL},
        {" ", WHEN_NONE, NULL},
        {"-", WHEN_NONE, NULL},
        {"5,234", WHEN_NONE, NULL},
        {"16.7 k", WHEN_NONE, NULL},
        {"3 - 0", WHEN_NONE, NULL},
        {"12:61", WHEN_NONE, NULL},
        {"24:00", WHEN_NONE, NULL},
        {"13-40", WHEN_NONE, NULL},
        {"2026-02-30", WHEN_NONE, NULL},
        {"2025.02.29 10:00", WHEN_NONE, NULL},
        {"2026.13.01", WHEN_NONE, NULL},
        {"00-00", WHEN_NONE, NULL},
        {"1:2", WHEN_NONE, NULL},
        {"12:30:99", WHEN_NONE, NULL},
        {"20260703", WHEN_NONE, NULL},
        {"3분", WHEN_NONE, NULL},
        {"3,000원 10:30", WHEN_NONE, NULL},
        {"10:30 11:30", WHEN_NONE, NULL},
        {"99999999분 전", WHEN_NONE, NULL},
        {"날짜", WHEN_NONE, NULL},
        {"0000-11-22T13:05:00Z", WHEN_NONE, NULL},
        {"0001-01-01T00:00:00+23:59", WHEN_NONE, NULL}, /* in UTC before the year 1 */
        {"9999-12-31T23:59:59-23:59", WHEN_NONE, NULL},
        {"0000.11.22 13:05", WHEN_NONE, NULL},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T13:05:00+09:00");
}

static void reads_english_dates_and_unix_seconds(void **state)
{
    static const struct sample samples[] = {
        {"1795316700", WHEN_EXACT, "2026-11-22T12:05:00+09:00"},
        {"Nov 22, 2026 1:05 PM", WHEN_EXACT, "2026-11-22T13:05:00+09:00"},
        {"November 22 2026, 12:30 a.m.", WHEN_EXACT, "2026-11-22T00:30:00+09:00"},
        {"Posted on 22 Nov 2026 - 14:05", WHEN_EXACT, "2026-11-22T14:05:00+09:00"},
        {"22. November 2026 08:00", WHEN_EXACT, "2026-11-22T08:00:00+09:00"},
        {"Sept. 3, 2026 09:04 AM", WHEN_EXACT, "2026-09-03T09:04:00+09:00"},
        {"Dec 24 18:00", WHEN_EXACT, "2025-12-24T18:00:00+09:00"},
        {"Nov 22", WHEN_DAY, "2026-11-22T00:00:00+09:00"},
        {"by Marcus at 11:00", WHEN_EXACT, "2026-11-22T11:00:00+09:00"},
        {"179531670", WHEN_NONE, NULL},
        {"17953167000", WHEN_NONE, NULL},
        {"0795316700", WHEN_NONE, NULL},
        {"Feb 30, 2026", WHEN_NONE, NULL},
        {"3 hours ago", WHEN_NONE, NULL},
        {"Nov", WHEN_NONE, NULL},
        {"May 2026", WHEN_NONE, NULL},
    };

    (void)state;
    EXPECT_ALL(samples, "2026-11-22T15:00:00+09:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_english_dates_and_unix_seconds),
        cmocka_unit_test(reads_full_times_in_the_boards_zone),
        cmocka_unit_test(trusts_an_offset_over_the_zone),
        cmocka_unit_test(reads_a_time_of_day_as_today),
        cmocka_unit_test(reads_a_time_still_to_come_as_yesterday),
        cmocka_unit_test(uses_the_zones_day_not_utcs),
        cmocka_unit_test(gives_a_day_without_a_time_as_coarse),
        cmocka_unit_test(takes_the_latest_year_that_is_not_to_come),
        cmocka_unit_test(reads_next_years_first_day_from_a_board_that_is_ahead),
        cmocka_unit_test(counts_back_from_now),
        cmocka_unit_test(finds_no_time_where_there_is_none),
    };

    return cmocka_run_group_tests(tests, open_zone, close_zone);
}
