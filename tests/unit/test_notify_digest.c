/* SPDX-License-Identifier: MIT */
/* test_notify_digest.c - hours of the day, and what a user is told of that waits. */
#include "notify/digest.h"
#include "base/clock.h"
#include "support/unit.h"

/* 2026-11-22, a moment of that day in UTC. */
static int64_t at(int hour, int minute)
{
    return INT64_C(1795305600000) + (hour * 60 + minute) * INT64_C(60000);
}

/* ---- hours ----------------------------------------------------------------------------------- */

static struct hours hours_of(const char *text)
{
    struct hours hours;
    struct err err;

    if (hours_parse(text, &hours, &err) < 0)
        fail_msg("%s", err.text);
    return hours;
}

static bool contains(const char *text, int hour, int minute)
{
    struct hours hours = hours_of(text);

    return hours_contain(&hours, NULL, at(hour, minute));
}

static void both_ends_belong_to_the_hours(void **state)
{
    (void)state;
    assert_false(contains("10:00-23:00", 9, 59));
    assert_true(contains("10:00-23:00", 10, 0));
    assert_true(contains("10:00-23:00", 23, 0));
    assert_false(contains("10:00-23:00", 23, 1));
    assert_true(contains("9:30-9:30", 9, 30));
    assert_false(contains("9:30-9:30", 9, 31));
}

static void hours_may_lie_around_midnight_or_be_the_whole_day(void **state)
{
    (void)state;
    assert_true(contains("22:00-06:00", 23, 59));
    assert_true(contains("22:00-06:00", 0, 0));
    assert_true(contains("22:00-06:00", 6, 0));
    assert_false(contains("22:00-06:00", 6, 1));
    assert_false(contains("22:00-06:00", 21, 59));
    for (int hour = 0; hour < 24; hour++)
        assert_true(contains("", hour, 59));
}

static void hours_are_those_of_the_zone(void **state)
{
    struct hours hours = hours_of("10:00-23:00");
    struct clock_zone *seoul;
    struct err err;

    (void)state;
    assert_int_equal(clock_zone_new("Asia/Seoul", &seoul, &err), 0);
    assert_true(hours_contain(&hours, seoul, at(1, 0)));
    assert_true(hours_contain(&hours, seoul, at(14, 0)));
    assert_false(hours_contain(&hours, seoul, at(14, 1)));
    assert_false(hours_contain(&hours, seoul, at(0, 59)));
    clock_zone_free(&seoul);
}

static void what_are_no_hours_is_refused(void **state)
{
    static const char *const wrong[] = {"10",           "10:00",         "10:00-",
                                        "10:00-24:00",  "10:60-23:00",   "-10:00-23:00",
                                        "10:00-23:00x", "10:00 - 23:00", "10.00-23.00",
                                        "100:00-1:00",  "10:0-23:00",    " "};
    struct hours hours;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(hours_parse(wrong[i], &hours, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, "expected hours like 10:00-23:00"));
    }
}

/* ---- what is said ---------------------------------------------------------------------------- */

static struct arena arena;
static struct digest digest;

static const struct store_alarm_group groups[] = {{"라면", 4}, {"커피", 2}, {"쌀", 1}};

static struct store_alarm_waiting user_with(int n_groups, int64_t most)
{
    return (struct store_alarm_waiting){.user_id = 7,
                                        .alarm_status = true,
                                        .max_push_count = most,
                                        .way = STORE_ALARM_DIGEST,
                                        .groups = groups,
                                        .n_groups = n_groups};
}

/* At noon; contents, separated by '|'; "waits", or "" when nothing is said. */
static const char *said_at(const struct store_alarm_waiting *user, int hour)
{
    static char text[2000];
    struct hours hours = hours_of("10:00-23:00");
    size_t len = 0;

    arena_fini(&arena);
    arena_init(&arena);
    digest_make(user, &hours, NULL, at(hour, 0), &arena, &digest);
    text[0] = '\0';
    for (int i = 0; i < digest.n; i++) {
        assert_int_equal(digest.pushes[i].user_id, user->user_id);
        assert_true(*digest.pushes[i].headings);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "|" : "",
                                digest.pushes[i].contents);
    }
    assert_false(digest.waits && digest.n);
    return digest.waits ? "waits" : text;
}

static const char *said(const struct store_alarm_waiting *user)
{
    return said_at(user, 12);
}

#define ONE(word, n) "'" word "' 키워드에 맞는 핫딜이 " #n "개 올라왔습니다."
#define REST(word, others, n) \
    "'" word "' 외 " #others "개 키워드에 맞는 핫딜이 " #n "개 올라왔습니다."

static void one_push_names_one_keyword_and_the_count_of_all(void **state)
{
    struct store_alarm_waiting user = user_with(1, 1);

    (void)state;
    assert_string_equal(said(&user), ONE("라면", 4));
    user = user_with(3, 1);
    assert_string_equal(said(&user), REST("라면", 2, 7));
}

static void more_pushes_name_more_keywords_and_the_last_the_rest(void **state)
{
    struct store_alarm_waiting user = user_with(3, 2);

    (void)state;
    assert_string_equal(said(&user), ONE("라면", 4) "|" REST("커피", 1, 3));
    user = user_with(3, 3);
    assert_string_equal(said(&user), ONE("라면", 4) "|" ONE("커피", 2) "|" ONE("쌀", 1));
    user = user_with(3, INT32_MAX);
    assert_string_equal(said(&user), ONE("라면", 4) "|" ONE("커피", 2) "|" ONE("쌀", 1));
}

static void muted_users_are_told_nothing_and_nothing_waits(void **state)
{
    struct store_alarm_waiting user = user_with(3, 0);

    (void)state;
    assert_string_equal(said(&user), "");
    assert_string_equal(said_at(&user, 3), "");
    user = user_with(3, 1);
    user.alarm_status = false;
    assert_string_equal(said(&user), "");
}

static void in_quiet_hours_all_waits(void **state)
{
    struct store_alarm_waiting user = user_with(3, 1);

    (void)state;
    assert_string_equal(said_at(&user, 9), "waits");
    assert_string_equal(said_at(&user, 10), REST("라면", 2, 7));
}

static void who_is_told_at_once_is_told_so_often_an_hour(void **state)
{
    struct store_alarm_waiting user = user_with(3, 2);

    (void)state;
    user.way = STORE_ALARM_AT_ONCE;
    assert_string_equal(said(&user), ONE("라면", 4) "|" REST("커피", 1, 3));
    user.pushes = 1;
    assert_string_equal(said(&user), REST("라면", 2, 7));
    user.pushes = 2;
    assert_string_equal(said(&user), "waits");
    user.pushes = 99;
    assert_string_equal(said(&user), "waits");
    user.way = STORE_ALARM_DIGEST;
    assert_string_equal(said(&user), ONE("라면", 4) "|" REST("커피", 1, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_belong_to_the_hours),
        cmocka_unit_test(hours_may_lie_around_midnight_or_be_the_whole_day),
        cmocka_unit_test(hours_are_those_of_the_zone),
        cmocka_unit_test(what_are_no_hours_is_refused),
        cmocka_unit_test(one_push_names_one_keyword_and_the_count_of_all),
        cmocka_unit_test(more_pushes_name_more_keywords_and_the_last_the_rest),
        cmocka_unit_test(muted_users_are_told_nothing_and_nothing_waits),
        cmocka_unit_test(in_quiet_hours_all_waits),
        cmocka_unit_test(who_is_told_at_once_is_told_so_often_an_hour),
    };
    int failed;

    arena_init(&arena);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
