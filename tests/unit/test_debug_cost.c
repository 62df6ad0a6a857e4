/* SPDX-License-Identifier: MIT */
/* test_debug_cost.c - the ledger's hours as a bill. */
#include "debug/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const int64_t HOUR = 3600000;
#define NOW INT64_C(1764547200000) /* 2025-12-01T00:00:00Z */

static const struct cost_prices prices = {.gb_second = 0.01, .box_hour = 0.1, .currency = "USD"};

/* Ten hours ago, in Seoul 30 November 23:00, and an hour later 1 December. */
static const struct store_cost rows[] = {
    {"clien", "crawl", NOW - 10 * HOUR, 2, 4, 1, 10, 8000, 20000, 9000, 1},
    {"clien", "alive", NOW - 10 * HOUR, 1, 1, 0, 0, 2000, 5000, 1000, 1},
    {"zod", "crawl", NOW - 9 * HOUR, 1, 2, 0, 4, 30000, 75000, 1000, 1},
};

static void assert_bill(enum cost_by by, const char *expected)
{
    struct clock_zone *zone;
    struct cost_bill bill;
    struct buf got;
    struct err err;

    assert_int_equal(clock_zone_new("Asia/Seoul", &zone, &err), 0);
    cost_bill(&bill, rows, ARRAY_LEN(rows), by, zone, NOW);
    buf_init(&got, BUF_MAX_DEFAULT);
    for (int i = 0; i < bill.n; i++)
        buf_addf(&got, "%s: %lld pages %lld gb_ms\n", bill.lines[i].key,
                 (long long)bill.lines[i].pages, (long long)bill.lines[i].gb_ms);
    assert_string_equal(buf_str(&got), expected);
    assert_int_equal(bill.total.gb_ms, 100000);
    assert_int_equal(bill.span_ms, 10 * HOUR);
    buf_fini(&got);
    cost_bill_fini(&bill);
    clock_zone_free(&zone);
}

static void sums_by_site_job_and_day(void **state)
{
    (void)state;
    assert_bill(COST_BY_SITE, "zod: 2 pages 75000 gb_ms\nclien: 5 pages 25000 gb_ms\n");
    assert_bill(COST_BY_JOB, "zod crawl: 2 pages 75000 gb_ms\nclien crawl: 4 pages 20000 gb_ms\n"
                             "clien alive: 1 pages 5000 gb_ms\n");
    assert_bill(COST_BY_DAY, "2025-11-30: 5 pages 25000 gb_ms\n2025-12-01: 2 pages 75000 gb_ms\n");
}

static const char *printed_with(const struct cost_prices *by, const struct store_cost *some, int n,
                                bool json)
{
    static char text[4000];
    struct cost_bill bill;
    struct buf out;

    cost_bill(&bill, some, n, COST_BY_SITE, NULL, NOW);
    buf_init(&out, sizeof text - 1);
    cost_print(&bill, by, json, &out);
    strcpy(text, buf_str(&out));
    buf_fini(&out);
    cost_bill_fini(&bill);
    return text;
}

static const char *printed(const struct store_cost *some, int n, bool json)
{
    return printed_with(&prices, some, n, json);
}

/* 100 GB-seconds in ten hours at 0.01: 1.00, and 72 times that in a month of thirty days. */
static void tells_what_a_month_of_it_costs(void **state)
{
    const char *text = printed(rows, ARRAY_LEN(rows), false);

    (void)state;
    assert_non_null(strstr(text, "72.00 USD billed by GB-seconds"));
    assert_non_null(strstr(text, "72.00 USD on a box"));
    assert_null(strstr(text, "budget"));
    text = printed(rows, ARRAY_LEN(rows), true);
    assert_non_null(strstr(
        text, "\"total\":{\"key\":\"total\",\"runs\":4,\"pages\":7,\"pages_failed\":1,\"new\":14,"
              "\"gb_seconds\":100.000,\"cpu_seconds\":40.000,\"busy_seconds\":11.000,"
              "\"price\":1.000000,\"month\":72.000000}"));
}

static void says_when_a_month_of_it_is_more_than_the_budget(void **state)
{
    struct cost_prices tight = prices;

    (void)state;
    tight.budget_month = 36;
    assert_non_null(strstr(printed_with(&tight, rows, ARRAY_LEN(rows), false),
                           "budget_month is 36.00 USD: 200 % of it by GB-seconds, TOO MUCH."));
    assert_non_null(
        strstr(printed_with(&tight, rows, ARRAY_LEN(rows), true), "\"budget_month\":36.0000"));
    tight.budget_month = 144;
    assert_non_null(
        strstr(printed_with(&tight, rows, ARRAY_LEN(rows), false), " 50 % of it by GB-seconds.\n"));
}

static void an_empty_ledger_costs_nothing(void **state)
{
    (void)state;
    assert_non_null(strstr(printed(NULL, 0, false), "0.00 USD billed by GB-seconds"));
    assert_non_null(strstr(printed(NULL, 0, true), "\"lines\":[]"));
}

static void a_price_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"", "a", "1x", "-1", "inf", "nan"};
    struct cost_prices out;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct config config = {.price_gb_second = (char *)bad[i], .price_box_hour = (char *)"1"};

        assert_int_equal(cost_prices_of(&config, &out, &err), -1);
        assert_non_null(strstr(err.text, "price_gb_second: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_by_site_job_and_day),
        cmocka_unit_test(tells_what_a_month_of_it_costs),
        cmocka_unit_test(says_when_a_month_of_it_is_more_than_the_budget),
        cmocka_unit_test(an_empty_ledger_costs_nothing),
        cmocka_unit_test(a_price_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
