/* SPDX-License-Identifier: MIT */
/* test_crawl_cron.c - schedule lines: what is due when, and what is refused with which words.
 *
 * Beside a table of cases, made-up lines are compared with a walker that looks at every minute of four
 * years, knows nothing of bit sets, and takes local times from libc.
 */
#include "crawl/cron.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
        /* Each field's ends, and what carries over. */
        {"0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00+00:00"},
        {"59 * * * *", "UTC", "2026-12-31T23:59:00Z", "2027-01-01T00:59:00+00:00"},
        {"* 23 * * *", "UTC", "2026-11-22T23:59:00Z", "2026-11-23T23:00:00+00:00"},
        {"0 12 31 * *", "UTC", "2026-03-31T12:00:00Z", "2026-05-31T12:00:00+00:00"},
        {"0 12 31 4,6 *", "UTC", "2026-03-31T12:00:00Z", "none"},
        {"0 0 * 12 *", "UTC", "2026-12-31T00:00:00Z", "2027-12-01T00:00:00+00:00"},
        {"* * * * *", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T13:01:00+00:00"},
        {"* * * * *", "UTC", "2026-11-22T13:00:59.999Z", "2026-11-22T13:01:00+00:00"},
        {"* * * * *", "Asia/Kolkata", "2026-11-22T13:00:30Z", "2026-11-22T18:31:00+05:30"},
        {"0 0 * * *", "Asia/Kolkata", "2026-11-22T13:00:00Z", "2026-11-23T00:00:00+05:30"},
        /* Lists, ranges, steps. */
        {"0,30 * * * *", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T13:30:00+00:00"},
        {"30,0 * * * *", "UTC", "2026-11-22T13:30:00Z", "2026-11-22T14:00:00+00:00"},
        {"10-12 * * * *", "UTC", "2026-11-22T13:12:00Z", "2026-11-22T14:10:00+00:00"},
        {"10-20/5 * * * *", "UTC", "2026-11-22T13:11:00Z", "2026-11-22T13:15:00+00:00"},
        {"10-20/5 * * * *", "UTC", "2026-11-22T13:20:00Z", "2026-11-22T14:10:00+00:00"},
        {"50/4 * * * *", "UTC", "2026-11-22T13:54:00Z", "2026-11-22T13:58:00+00:00"},
        {"*/7 * * * *", "UTC", "2026-11-22T13:56:00Z", "2026-11-22T14:00:00+00:00"},
        {"*/61 * * * *", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T14:00:00+00:00"},
        {"0 */5 * * *", "UTC", "2026-11-22T20:00:00Z", "2026-11-23T00:00:00+00:00"},
        {"0 1-5/2,22 * * *", "UTC", "2026-11-22T05:00:00Z", "2026-11-22T22:00:00+00:00"},
        {"5-5 * * * *", "UTC", "2026-11-22T13:05:00Z", "2026-11-22T14:05:00+00:00"},
        {"1,1,1 * * * *", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T13:01:00+00:00"},
        {"0 0 */10 * *", "UTC", "2026-11-21T00:00:00Z", "2026-12-01T00:00:00+00:00"},
        {"  5\t*  * * *  ", "UTC", "2026-11-22T13:00:00Z", "2026-11-22T13:05:00+00:00"},
        /* Names. */
        {"0 0 1 FEB *", "UTC", "2026-11-22T00:00:00Z", "2027-02-01T00:00:00+00:00"},
        {"0 0 1 mar-may *", "UTC", "2026-05-01T00:00:00Z", "2027-03-01T00:00:00+00:00"},
        {"0 0 1 jan,Jul *", "UTC", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00+00:00"},
        {"0 9 * * Mon", "UTC", "2026-11-22T00:00:00Z", "2026-11-23T09:00:00+00:00"},
        {"0 9 * * sat,sun", "UTC", "2026-11-23T00:00:00Z", "2026-11-28T09:00:00+00:00"},
        {"0 9 * * tue-thu/2", "UTC", "2026-11-24T09:00:00Z", "2026-11-26T09:00:00+00:00"},
        /* Sunday is 0 and 7; two restricted day fields are alternatives. */
        {"0 0 * * 0", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00+00:00"},
        {"0 0 * * 5-7", "UTC", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00+00:00"},
        {"0 0 13 * 5", "UTC", "2026-11-06T00:00:00Z", "2026-11-13T00:00:00+00:00"},
        {"0 0 15 * mon", "UTC", "2026-11-09T00:00:00Z", "2026-11-15T00:00:00+00:00"},
        {"0 0 15 * *", "UTC", "2026-11-09T00:00:00Z", "2026-11-15T00:00:00+00:00"},
        {"0 0 1-31 * mon", "UTC", "2026-11-10T00:00:00Z", "2026-11-11T00:00:00+00:00"},
        {"0 0 */2 * mon", "UTC", "2026-11-10T00:00:00Z", "2026-11-23T00:00:00+00:00"},
        {"0 0 30 2 mon", "UTC", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00+00:00"},
        /* Leap days and ends of years. */
        {"0 0 29 2 *", "UTC", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00+00:00"},
        {"0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "none"}, /* 2100 is none: 8 years */
        {"0 0 29 * *", "UTC", "2027-01-29T00:00:00Z", "2027-03-29T00:00:00+00:00"},
        {"0 0 29 * *", "UTC", "2028-01-29T00:00:00Z", "2028-02-29T00:00:00+00:00"},
        {"*/5 * * * *", "Asia/Seoul", "2026-12-31T23:55:00+09:00", "2027-01-01T00:00:00+09:00"},
        {"30 8 * * *", "Asia/Seoul", "2026-12-31T23:30:00Z", "2027-01-02T08:30:00+09:00"},
        {"0 0 31 12 *", "Asia/Seoul", "2026-12-31T00:00:00+09:00", "2027-12-31T00:00:00+09:00"},
        /* The shorthands. */
        {"@daily", "UTC", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00+00:00"},
        {"@midnight", "Asia/Seoul", "2026-11-22T13:00:00+09:00", "2026-11-23T00:00:00+09:00"},
        {"@weekly", "UTC", "2026-11-23T00:00:00Z", "2026-11-29T00:00:00+00:00"},
        {"@monthly", "UTC", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00+00:00"},
        {"@yearly", "Asia/Seoul", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00+09:00"},
        {"@annually", "UTC", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00+00:00"},
        {"@every 15m", "UTC", "2026-11-22T13:01:00Z", "2026-11-22T13:15:00+00:00"},
        {"@every 15m", "Asia/Seoul", "2026-11-22T13:15:00+09:00", "2026-11-22T13:30:00+09:00"},
        {"@every 10s", "UTC", "2026-11-22T13:01:01Z", "2026-11-22T13:01:10+00:00"},
        {"@every 1h", "UTC", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00+00:00"},
        /* DST: where an hour is skipped or comes twice, at the jump and once. */
        {"*/30 * * * *", "America/New_York", "2027-03-14T06:30:00Z", "2027-03-14T03:00:00-04:00"},
        {"15 * * * *", "America/New_York", "2027-03-14T06:15:00Z", "2027-03-14T03:00:00-04:00"},
        {"0 2 * * *", "America/New_York", "2027-03-14T00:00:00Z", "2027-03-14T03:00:00-04:00"},
        {"0 3 * * *", "America/New_York", "2027-03-14T00:00:00Z", "2027-03-14T03:00:00-04:00"},
        {"0 2,3 * * *", "America/New_York", "2027-03-14T07:00:00Z", "2027-03-15T02:00:00-04:00"},
        {"0 1 * * *", "America/New_York", "2027-11-07T05:00:00Z", "2027-11-08T01:00:00-05:00"},
        {"0 * * * *", "America/New_York", "2027-11-07T05:00:00Z", "2027-11-07T02:00:00-05:00"},
        {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-04T02:30:00+11:00"},
        {"0 0 * * *", "America/Havana", "2027-03-13T12:00:00Z", "2027-03-14T01:00:00-04:00"},
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

/* ---- against a walker over all minutes -------------------------------------------------------- */

enum { WALK_YEARS_DAYS = 4 * 365 + 1, WALK_MINUTES = WALK_YEARS_DAYS * 1440, N_FIELDS = 5 };

/* A made-up line, and what it means, in the walker's own terms. */
struct made_line {
    char text[200];
    bool has[N_FIELDS][60];
    bool is_star[N_FIELDS];
};

/* The local time of each minute of the four years. What a jump leaves out is `skipped` minutes before it. */
struct walk_minute {
    uint8_t minute, hour, day, month, weekday;
    bool is_repeated;
    uint16_t skipped;
};

static unsigned dice_state = 20261122;

static int dice(int n)
{
    dice_state = dice_state * 1103515245u + 12345u;
    return (int)(dice_state >> 16 & 0x7fff) % n;
}

static void make_field(struct made_line *line, int field, struct buf *text)
{
    static const int lowest[] = {0, 0, 1, 1, 0}, highest[] = {59, 23, 31, 12, 7};
    int min = lowest[field], max = highest[field];
    int items = 1 + (dice(3) == 0) * dice(3);

    line->is_star[field] = dice(field < 2 ? 4 : 2) == 0;
    for (int i = 0; i < items; i++) {
        int from = line->is_star[field] ? min : min + dice(max - min + 1);
        int to = from + dice(max - from + 1);
        int step = dice(3) ? 1 : 1 + dice(max);

        if (i)
            buf_adds(text, ",");
        if (line->is_star[field])
            to = max;
        if (line->is_star[field])
            buf_adds(text, "*");
        else if (dice(2) && step == 1)
            buf_addf(text, "%d", to = from);
        else
            buf_addf(text, "%d-%d", from, to);
        if (step > 1)
            buf_addf(text, "/%d", step);
        for (int v = from; v <= to; v += step)
            line->has[field][field == 4 ? v % 7 : v] = true;
    }
}

static void make_line(struct made_line *line)
{
    struct buf text;

    *line = (struct made_line){0};
    buf_init(&text, sizeof line->text - 1);
    for (int i = 0; i < N_FIELDS; i++) {
        if (i)
            buf_adds(&text, " ");
        make_field(line, i, &text);
    }
    strcpy(line->text, buf_str(&text));
    buf_fini(&text);
}

static struct walk_minute *walk(const char *zone_name, time_t from)
{
    struct walk_minute *minutes = calloc(WALK_MINUTES, sizeof *minutes);
    long long before = 0, latest = 0;

    assert_int_equal(setenv("TZ", zone_name, 1), 0);
    tzset();
    for (int i = 0; i < WALK_MINUTES; i++) {
        time_t at = from + (time_t)i * 60;
        long long local;
        struct tm tm;

        localtime_r(&at, &tm);
        local = (at + tm.tm_gmtoff) / 60;
        minutes[i] = (struct walk_minute){
            .minute = (uint8_t)tm.tm_min,
            .hour = (uint8_t)tm.tm_hour,
            .day = (uint8_t)tm.tm_mday,
            .month = (uint8_t)(tm.tm_mon + 1),
            .weekday = (uint8_t)tm.tm_wday,
            .is_repeated = i && local <= latest,
            .skipped = (uint16_t)(i && local > before + 1 ? local - before - 1 : 0)};
        before = local;
        latest = local > latest ? local : latest;
    }
    unsetenv("TZ");
    tzset();
    return minutes;
}

static bool is_meant(const struct made_line *line, const struct walk_minute *m, int minute,
                     int hour)
{
    bool day = line->has[2][m->day], weekday = line->has[4][m->weekday];

    return line->has[0][minute] && line->has[1][hour] && line->has[3][m->month] &&
           (line->is_star[2] || line->is_star[4] ? day && weekday : day || weekday);
}

/* None of the walked zones skips midnight: what is skipped is of the same day. */
static bool is_due(const struct made_line *line, const struct walk_minute *m)
{
    int at = m->hour * 60 + m->minute;

    if (!m->is_repeated && is_meant(line, m, m->minute, m->hour))
        return true;
    for (int skipped = 1; skipped <= m->skipped; skipped++)
        if (is_meant(line, m, (at - skipped) % 60, (at - skipped) / 60))
            return true;
    return false;
}

static void compare_line(const struct made_line *line, const struct clock_zone *zone,
                         const char *zone_name, const struct walk_minute *minutes, int64_t from_ms)
{
    struct cron cron;
    struct err err;
    int64_t last_ms = from_ms;
    int n_due = 0, n_asked = 0;

    if (cron_parse(&cron, line->text, &err) < 0)
        fail_msg("%s: %s", line->text, err.text);
    for (int i = 1; i < WALK_MINUTES; i++) {
        int64_t at_ms = from_ms + (int64_t)i * 60000, got_ms;
        bool is_near_jump;

        if (!is_due(line, &minutes[i]))
            continue;
        is_near_jump = minutes[i].is_repeated || minutes[i].skipped || minutes[i - 1].is_repeated;
        /* Lines that are due each minute are asked now and then, the others always. */
        if (n_due++ < 400 || is_near_jump || dice(1 + n_due / 400) == 0) {
            int64_t after_ms = last_ms + dice(2) * (int64_t)dice(32767) % (at_ms - last_ms);

            got_ms = cron_next(&cron, zone, after_ms);
            n_asked++;
            if (got_ms != at_ms)
                fail_msg("\"%s\" in %s after %lld: expected %lld, got %lld", line->text, zone_name,
                         (long long)after_ms / 1000, (long long)at_ms / 1000,
                         (long long)got_ms / 1000);
        }
        last_ms = at_ms;
    }
    if (n_asked == 0)
        assert_true(cron_next(&cron, zone, from_ms) == CLOCK_NONE ||
                    cron_next(&cron, zone, from_ms) >= from_ms + (int64_t)WALK_MINUTES * 60000);
}

static void is_due_when_a_walk_over_all_minutes_of_four_years_says_so(void **state)
{
    static const char *const zones[] = {"Asia/Seoul", "UTC", "Europe/Berlin"};
    enum { LINES = 25 };

    (void)state;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        int64_t from_ms =
            at("2025-12-31T12:00:00Z"); /* to the end of 2029, with 29 February 2028 */
        struct walk_minute *minutes = walk(zones[z], (time_t)(from_ms / 1000));
        struct clock_zone *zone;
        struct made_line line;
        struct err err;

        assert_int_equal(clock_zone_new(zones[z], &zone, &err), 0);
        for (int i = 0; i < LINES; i++) {
            make_line(&line);
            compare_line(&line, zone, zones[z], minutes, from_ms);
        }
        clock_zone_free(&zone);
        free(minutes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_next_due_minute),
        cmocka_unit_test(runs_a_skipped_local_time_at_the_jump_and_a_doubled_one_once),
        cmocka_unit_test(is_due_when_a_walk_over_all_minutes_of_four_years_says_so),
        cmocka_unit_test(refuses_broken_lines_and_says_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
