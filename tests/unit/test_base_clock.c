/* SPDX-License-Identifier: MIT */
/* test_base_clock.c - zones across DST both ways and past the table's end, RFC 3339, fake time.
 *
 * Expected values come from GNU date, e.g. TZ=Europe/Berlin date -d @1774746000.
 */
#include "base/clock.h"
#include "base/str.h"
#include "support/unit.h"

struct zone_case {
    const char *zone;
    const char *utc;
    const char *local;
};

static struct clock_zone *zone_of(const char *name)
{
    struct clock_zone *zone;
    struct err err;

    if (clock_zone_new(name, &zone, &err) < 0)
        fail_msg("%s", err.text);
    return zone;
}

static int64_t moment(const char *text)
{
    int64_t ms;
    struct err err;

    if (clock_parse_rfc3339(text, &ms, &err) < 0)
        fail_msg("%s", err.text);
    return ms;
}

static struct clock_civil civil(int year, int month, int day, int hour, int minute)
{
    return (struct clock_civil){
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute};
}

static void assert_from_local(const char *zone_name, struct clock_civil c, const char *utc)
{
    struct clock_zone *zone = zone_of(zone_name);
    char got[CLOCK_RFC3339_BYTES];

    clock_format_utc_ms(clock_from_local(zone, &c), got);
    assert_string_equal(got, utc);
    clock_zone_free(&zone);
}

/* ---- to local -------------------------------------------------------------------------------- */

static const struct zone_case zone_cases[] = {
    {"UTC", "2026-11-22T13:05:00Z", "2026-11-22T13:05:00+00:00"},
    {"Asia/Seoul", "2026-11-22T13:05:00Z", "2026-11-22T22:05:00+09:00"},
    {"Asia/Seoul", "2026-12-31T15:00:00Z", "2027-01-01T00:00:00+09:00"},
    /* Korea had DST in 1988. */
    {"Asia/Seoul", "1988-07-01T00:00:00Z", "1988-07-01T10:00:00+10:00"},
    {"Asia/Seoul", "2100-06-01T00:00:00Z", "2100-06-01T09:00:00+09:00"},
    {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"},
    {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"},
    {"Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"},
    {"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"},
    {"Europe/Berlin", "2100-03-28T00:59:59Z", "2100-03-28T01:59:59+01:00"},
    {"Europe/Berlin", "2100-03-28T01:00:00Z", "2100-03-28T03:00:00+02:00"},
    {"Europe/Berlin", "2100-10-31T00:59:59Z", "2100-10-31T02:59:59+02:00"},
    {"Europe/Berlin", "2100-10-31T01:00:00Z", "2100-10-31T02:00:00+01:00"},
    {"America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59-05:00"},
    {"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00-04:00"},
    {"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59:59-04:00"},
    {"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00-05:00"},
    {"America/New_York", "2100-03-14T07:00:00Z", "2100-03-14T03:00:00-04:00"},
    {"America/New_York", "2100-11-07T06:00:00Z", "2100-11-07T01:00:00-05:00"},
    /* South of the equator DST spans the new year. */
    {"Australia/Sydney", "2100-01-01T00:00:00Z", "2100-01-01T11:00:00+11:00"},
    {"Australia/Sydney", "2100-07-01T00:00:00Z", "2100-07-01T10:00:00+10:00"},
    /* Ireland's rule calls winter the exception. */
    {"Europe/Dublin", "2100-01-01T00:00:00Z", "2100-01-01T00:00:00+00:00"},
    {"Europe/Dublin", "2100-07-01T00:00:00Z", "2100-07-01T01:00:00+01:00"},
    {"Asia/Kathmandu", "2100-01-01T00:00:00Z", "2100-01-01T05:45:00+05:45"},
    {"America/St_Johns", "2100-01-01T00:00:00Z", "2099-12-31T20:30:00-03:30"},
    {"Asia/Seoul", "1900-01-01T00:00:00Z", "1900-01-01T08:27:52+08:27"},
};

static void shows_local_time_in_every_zone(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(zone_cases); i++) {
        struct clock_zone *zone = zone_of(zone_cases[i].zone);
        char got[CLOCK_RFC3339_BYTES];

        clock_format_local(zone, moment(zone_cases[i].utc), got);
        assert_string_equal(got, zone_cases[i].local);
        clock_zone_free(&zone);
    }
}

static void local_times_lead_back_to_their_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(zone_cases); i++) {
        struct clock_zone *zone = zone_of(zone_cases[i].zone);
        int64_t ms = moment(zone_cases[i].utc);
        struct clock_civil c;
        int64_t back;

        clock_to_local(zone, ms, &c);
        back = clock_from_local(zone, &c);
        /* In the hour that comes twice the first is given. */
        assert_true(back == ms || back == ms - 3600000);
        clock_zone_free(&zone);
    }
}

static void weekday_and_offset_are_filled(void **state)
{
    struct clock_zone *zone = zone_of("Asia/Seoul");
    struct clock_civil c;

    (void)state;
    clock_to_local(zone, moment("2026-11-22T16:00:00Z"), &c);

    assert_int_equal(c.weekday, 1);
    assert_int_equal(c.offset_s, 9 * 3600);
    clock_to_local(NULL, moment("1969-12-31T23:59:59Z"), &c);
    assert_int_equal(c.weekday, 3);
    assert_int_equal(c.year, 1969);
    assert_string_equal(clock_zone_name(zone), "Asia/Seoul");
    assert_string_equal(clock_zone_name(NULL), "UTC");
    clock_zone_free(&zone);
    clock_zone_free(&zone);
}

/* ---- from local ------------------------------------------------------------------------------ */

static void skipped_time_gives_the_moment_of_the_jump(void **state)
{
    (void)state;
    assert_from_local("Europe/Berlin", civil(2026, 3, 29, 2, 30), "2026-03-29T01:00:00.000Z");
    assert_from_local("Europe/Berlin", civil(2026, 3, 29, 2, 0), "2026-03-29T01:00:00.000Z");
    assert_from_local("Europe/Berlin", civil(2026, 3, 29, 1, 59), "2026-03-29T00:59:00.000Z");
    assert_from_local("Europe/Berlin", civil(2026, 3, 29, 3, 0), "2026-03-29T01:00:00.000Z");
    assert_from_local("America/New_York", civil(2026, 3, 8, 2, 59), "2026-03-08T07:00:00.000Z");
    assert_from_local("America/New_York", civil(2100, 3, 14, 2, 1), "2100-03-14T07:00:00.000Z");
}

static void time_that_comes_twice_gives_the_first(void **state)
{
    (void)state;
    assert_from_local("Europe/Berlin", civil(2026, 10, 25, 2, 30), "2026-10-25T00:30:00.000Z");
    assert_from_local("Europe/Berlin", civil(2026, 10, 25, 3, 0), "2026-10-25T02:00:00.000Z");
    assert_from_local("America/New_York", civil(2026, 11, 1, 1, 0), "2026-11-01T05:00:00.000Z");
    assert_from_local("America/New_York", civil(2026, 11, 1, 2, 0), "2026-11-01T07:00:00.000Z");
}

static void days_and_months_overflow(void **state)
{
    (void)state;
    assert_from_local("UTC", civil(2026, 11, 31, 0, 0), "2026-12-01T00:00:00.000Z");
    assert_from_local("UTC", civil(2026, 13, 1, 0, 0), "2027-01-01T00:00:00.000Z");
    assert_from_local("UTC", civil(2026, 0, 1, 0, 0), "2025-12-01T00:00:00.000Z");
    assert_from_local("UTC", civil(2026, 3, 0, 0, 0), "2026-02-28T00:00:00.000Z");
    assert_from_local("UTC", civil(2028, 3, 0, 0, 0), "2028-02-29T00:00:00.000Z");
    assert_from_local("UTC", civil(2100, 3, 0, 0, 0), "2100-02-28T00:00:00.000Z");
}

static void civil_days_follow_each_other_for_four_centuries(void **state)
{
    struct clock_civil last, now;

    (void)state;
    clock_to_local(NULL, moment("1899-12-31T00:00:00Z"), &last);
    for (int64_t ms = moment("1900-01-01T00:00:00Z"); last.year < 2300; ms += 86400000) {
        clock_to_local(NULL, ms, &now);
        assert_true(clock_from_local(NULL, &now) == ms);
        assert_int_equal(now.weekday, (last.weekday + 1) % 7);
        if (now.day != last.day + 1)
            assert_int_equal(now.day, 1);
        last = now;
    }
}

static void unknown_zone_is_named(void **state)
{
    static const char *const names[] = {"Asia/Soul", "", "../../etc/passwd", "/etc/passwd"};
    struct clock_zone *zone;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(clock_zone_new(names[i], &zone, &err), -1);
        assert_null(zone);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, "expected a time zone like Asia/Seoul"));
    }
    assert_int_equal(clock_zone_new("tzdata.zi", &zone, &err), -1);
    assert_int_equal(clock_zone_new("Asia", &zone, &err), -1);
}

/* ---- RFC 3339 -------------------------------------------------------------------------------- */

static void parses_offsets_fractions_and_leap_seconds(void **state)
{
    (void)state;
    assert_true(moment("1970-01-01T00:00:00Z") == 0);
    assert_true(moment("1970-01-01T09:00:00+09:00") == 0);
    assert_true(moment("1969-12-31T18:30:00-05:30") == 0);
    assert_true(moment("1970-01-01t00:00:00.5z") == 500);
    assert_true(moment("1970-01-01 00:00:00.123456789Z") == 123);
    assert_true(moment("2016-12-31T23:59:60Z") == moment("2017-01-01T00:00:00Z"));
    assert_true(moment("2028-02-29T00:00:00Z") + 86400000 == moment("2028-03-01T00:00:00Z"));
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T13:05:00",
        "2026-11-22T13:05:00Zx",
        "2026-11-22T13:05:00+0900",
        "2026-11-22T13:05:00+09:00 ",
        "2026-11-22T13:05:00.Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T13:60:00Z",
        "2026-13-22T13:05:00Z",
        "2026-02-29T13:05:00Z",
        "2026-11-31T13:05:00Z",
        "2026-11-00T13:05:00Z",
        "2026-11-22T13:05:00+24:00",
        "2026-11-22T13:05:00+09:60",
        "2026-11-22X13:05:00Z",
        " 026-11-22T13:05:00Z",
    };
    int64_t ms;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (clock_parse_rfc3339(bad[i], &ms, &err) == 0)
            fail_msg("accepted \"%s\"", bad[i]);
}

static void formats_milliseconds_before_1970(void **state)
{
    char got[CLOCK_RFC3339_BYTES];

    (void)state;
    clock_format_utc_ms(-1, got);
    assert_string_equal(got, "1969-12-31T23:59:59.999Z");
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void fake_time_moves_only_by_hand(void **state)
{
    int64_t mono;

    (void)state;
    clock_fake_set(5000);
    mono = clock_mono_ms();
    assert_true(clock_wall_ms() == 5000);
    clock_fake_advance(250);
    assert_true(clock_wall_ms() == 5250 && clock_mono_ms() == mono + 250);
    /* Setting the wall clock leaves the monotonic one alone. */
    clock_fake_set(1000);
    assert_true(clock_wall_ms() == 1000 && clock_mono_ms() == mono + 250);
    clock_fake_off();

    assert_true(clock_wall_ms() > moment("2024-01-01T00:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_local_time_in_every_zone),
        cmocka_unit_test(local_times_lead_back_to_their_moment),
        cmocka_unit_test(weekday_and_offset_are_filled),
        cmocka_unit_test(skipped_time_gives_the_moment_of_the_jump),
        cmocka_unit_test(time_that_comes_twice_gives_the_first),
        cmocka_unit_test(days_and_months_overflow),
        cmocka_unit_test(civil_days_follow_each_other_for_four_centuries),
        cmocka_unit_test(unknown_zone_is_named),
        cmocka_unit_test(parses_offsets_fractions_and_leap_seconds),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(formats_milliseconds_before_1970),
        cmocka_unit_test(fake_time_moves_only_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
