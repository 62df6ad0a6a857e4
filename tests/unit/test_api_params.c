/* SPDX-License-Identifier: MIT */
/* test_api_params.c - query parameters, good and bad. */
#include "api/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct params params;
static struct clock_zone *seoul;

static int start(void **state)
{
    struct err err;

    (void)state;
    arena_init(&arena);
    return clock_zone_new("Asia/Seoul", &seoul, &err);
}

static int stop(void **state)
{
    (void)state;
    arena_fini(&arena);
    clock_zone_free(&seoul);
    return 0;
}

static void parse(const char *target)
{
    struct err err = {0};

    if (params_parse(&params, &arena, target, &err) < 0)
        fail_msg("%s: %s", target, err.text);
}

static void splits_path_and_decodes_parameters(void **state)
{
    (void)state;
    parse("/v3/deals?site=ppomppu&q=%ED%95%AB+%EB%94%9C&flag&&empty=");

    assert_string_equal(params.path, "/v3/deals");
    assert_int_equal(params.n, 4);
    assert_string_equal(params_get(&params, "site"), "ppomppu");
    assert_string_equal(params_get(&params, "q"), "핫 딜");
    assert_string_equal(params_get(&params, "flag"), "");
    assert_string_equal(params_get(&params, "empty"), "");
    assert_null(params_get(&params, "absent"));
}

static void last_of_repeated_parameters_counts(void **state)
{
    (void)state;
    parse("/?page=1&page=2");

    assert_string_equal(params_get(&params, "page"), "2");
}

static void path_is_decoded_and_loses_one_slash_at_its_end(void **state)
{
    (void)state;
    parse("/hit%2Dproducts/");
    assert_string_equal(params.path, "/hit-products");
    parse("/");
    assert_string_equal(params.path, "/");
    parse("/a+b");
    assert_string_equal(params.path, "/a+b");
}

static void absolute_form_counts_by_its_path(void **state)
{
    (void)state;
    parse("http://deals.example:8080/v3/deals?limit=1");
    assert_string_equal(params.path, "/v3/deals");
    assert_string_equal(params_get(&params, "limit"), "1");
    parse("http://deals.example");
    assert_string_equal(params.path, "/");
}

static void broken_addresses_are_refused(void **state)
{
    static const char *const bad[] = {"/%",      "/%4",     "/%zz",       "/a%00b",
                                      "/?x=%00", "/?x=%ff", "/%ed%a0%80", "/?%f0%28=1"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(params_parse(&params, &arena, bad[i], &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
    }
}

static void too_many_parameters_are_refused(void **state)
{
    char target[256] = "/?";
    struct err err;

    (void)state;
    for (int i = 0; i <= PARAMS_MAX; i++)
        strcat(target, "a=1&");

    assert_int_equal(params_parse(&params, &arena, target, &err), -1);
    assert_string_equal(err.text, "more than 32 parameters");
}

static void whole_numbers_are_checked_against_their_range(void **state)
{
    static const char *const bad[] = {"",    "0",   "101", "abc",
                                      "1.5", "1e3", " 1",  "99999999999999999999"};
    int64_t limit = 20;
    struct err err;

    (void)state;
    parse("/");
    assert_int_equal(params_int(&params, "limit", 1, 100, &limit, &err), 0);
    assert_int_equal(limit, 20);
    parse("/?limit=100");
    assert_int_equal(params_int(&params, "limit", 1, 100, &limit, &err), 0);
    assert_int_equal(limit, 100);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        parse(arena_printf(&arena, "/?limit=%s", *bad[i] == ' ' ? "%201" : bad[i]));
        assert_int_equal(params_int(&params, "limit", 1, 100, &limit, &err), -1);
        assert_string_equal(params.wrong, "limit");
        assert_non_null(strstr(err.text, "expected a whole number from 1 to 100"));
    }
    assert_int_equal(limit, 100);
}

static void unknown_and_doubled_parameters_are_named(void **state)
{
    static const char *const known[] = {"limit", "site"};
    struct err err;

    (void)state;
    parse("/?limit=1&site=a");
    assert_int_equal(params_only(&params, known, 2, &err), 0);
    parse("/?limit=1&sight=a");
    assert_int_equal(params_only(&params, known, 2, &err), -1);
    assert_string_equal(err.text, "sight: unknown parameter, expected limit, site");
    assert_string_equal(params.wrong, "sight");
    parse("/?limit=1&limit=2");
    assert_int_equal(params_only(&params, known, 2, &err), -1);
    assert_string_equal(err.text, "limit: given more than once, expected once");
}

static void times_are_read_in_the_zone_or_with_their_offset(void **state)
{
    /* 2020-03-01 12:00:00 in Seoul is 03:00:00 UTC. */
    static const int64_t noon_ms = 1583031600000;
    static const struct {
        const char *text;
        int64_t plus_ms;
    } good[] = {{"2020-03-01 12:00:00", 0},
                {"2020-03-01+12:00:00", 0},
                {"2020-03-01T12:00:00", 0},
                {"2020-03-01T12:00", 0},
                {"2020-03-01T12:00:00Z", 9 * 3600000},
                {"2020-03-01T12:00:00.500Z", 9 * 3600000 + 500},
                {"2020-03-01T12:00:00%2B09:00", 0},
                {"2020-03-01T12:00:00+09:00", 0},
                {"2020-03-01T12:00:00-05:00", 14 * 3600000},
                {"2020-03-01", -12 * 3600000}};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t at_ms = 0;

        parse(arena_printf(&arena, "/?time=%s", good[i].text));
        if (params_time(&params, "time", seoul, &at_ms, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(at_ms, noon_ms + good[i].plus_ms);
    }
}

static void times_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2020-02-30",
                                      "2020-13-01",
                                      "2020-03-01T24:00:00",
                                      "2020-03-01T12:60",
                                      "2020-03-01T12:00:00X",
                                      "2020-03-01T12:00:00+9",
                                      "1583031600",
                                      "2020-3-1",
                                      "2020-02-30T12:00:00Z",
                                      "2020-03-01T12:00:00Zjunk",
                                      "2020/03/01"};
    int64_t at_ms = 7;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        parse(arena_printf(&arena, "/?time=%s", bad[i]));
        if (params_time(&params, "time", seoul, &at_ms, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(err.text, "expected a time like 2020-03-01 12:00:00"));
    }
    assert_int_equal(at_ms, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(splits_path_and_decodes_parameters),
        TEST(last_of_repeated_parameters_counts),
        TEST(path_is_decoded_and_loses_one_slash_at_its_end),
        TEST(absolute_form_counts_by_its_path),
        TEST(broken_addresses_are_refused),
        TEST(too_many_parameters_are_refused),
        TEST(whole_numbers_are_checked_against_their_range),
        TEST(unknown_and_doubled_parameters_are_named),
        TEST(times_are_read_in_the_zone_or_with_their_offset),
        TEST(times_that_are_none_are_refused),
    };

    return cmocka_run_group_tests_name("api/params", tests, NULL, NULL);
}
