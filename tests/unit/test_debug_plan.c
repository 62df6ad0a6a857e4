/* SPDX-License-Identifier: MIT */
/* test_debug_plan.c - schedules played on made-up boxes. */
#include "debug/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const int64_t MINUTE = 60000, HOUR = 3600000, MIB = 1 << 20;
#define FROM INT64_C(1764547200000) /* 2025-12-01T00:00:00Z */

static struct cron crons[4];

static struct plan_line line(int i, const char *site, const char *text, int64_t duration_ms)
{
    struct err err;

    assert_int_equal(cron_parse(&crons[i], text, &err), 0);
    return (struct plan_line){.site = site,
                              .kind = "crawl",
                              .cron = &crons[i],
                              .duration_ms = duration_ms,
                              .gb_ms = 1000,
                              .peak_bytes = 300 * MIB,
                              .needs_chrome = true};
}

static struct plan play(struct plan_line *lines, int n, const struct plan_box *box)
{
    struct plan plan;
    struct err err;

    assert_int_equal(plan_play(&plan, lines, n, box, FROM, 24 * HOUR, &err), 0);
    return plan;
}

static void runs_that_find_a_free_tab_do_not_wait(void **state)
{
    struct plan_line lines[] = {line(0, "a", "0 * * * *", 30000),
                                line(1, "b", "30 * * * *", 90000)};
    struct plan_box box = {1, 1, 400 * MIB};
    struct plan plan = play(lines, 2, &box);

    (void)state;
    assert_int_equal(plan.runs, 47); /* what is due at the very beginning is over */
    assert_int_equal(plan.wait_max_ms, 0);
    assert_int_equal(plan.overlaps, 0);
    assert_int_equal(plan.gb_ms, 47000);
    assert_int_equal(plan.busy_ms, 23 * 30000 + 24 * 90000);
    assert_int_equal(plan.busiest_minute_ms, FROM + 30 * MINUTE);
    assert_int_equal(plan.busiest_ms, MINUTE);
    assert_int_equal(plan.memory_max_bytes, 300 * MIB);
    assert_true(plan_fits(&plan, &box));
}

static void runs_due_together_wait_for_the_only_tab_and_not_for_one_of_two(void **state)
{
    struct plan_line lines[] = {line(0, "a", "0 * * * *", 100000),
                                line(1, "b", "0 * * * *", 100000)};
    struct plan_box one = {1, 1, 0}, two = {2, 1, 500 * MIB};
    struct plan plan = play(lines, 2, &one);

    (void)state;
    assert_int_equal(plan.wait_max_ms, 100000);
    assert_int_equal(plan.waited_ms, 23 * 100000);
    assert_int_equal(lines[0].waited_ms, 0);
    assert_false(plan_fits(&plan, &one));
    lines[0] = line(0, "a", "0 * * * *", 100000);
    lines[1] = line(1, "b", "0 * * * *", 100000);
    plan = play(lines, 2, &two);
    assert_int_equal(plan.wait_max_ms, 0);
    assert_int_equal(plan.tabs_max, 2);
    assert_int_equal(plan.memory_max_bytes, 600 * MIB);
    assert_false(plan_fits(&plan, &two)); /* two browsers are more memory than there is */
}

static void a_run_longer_than_its_period_overlaps_itself(void **state)
{
    struct plan_line lines[] = {line(0, "a", "* * * * *", 90000)};
    struct plan_box box = {1, 2, 0};
    struct plan plan = play(lines, 1, &box);

    (void)state;
    assert_int_equal(plan.runs, 720);
    assert_int_equal(plan.overlaps, 719);
    assert_false(plan_fits(&plan, &box));
}

static void a_run_without_chrome_holds_no_tab(void **state)
{
    struct plan_line lines[] = {line(0, "a", "0 * * * *", 100000),
                                line(1, "b", "0 * * * *", 100000)};
    struct plan_box box = {1, 1, 0};
    struct plan plan;

    (void)state;
    lines[1].needs_chrome = false;
    plan = play(lines, 2, &box);
    assert_int_equal(plan.wait_max_ms, 0);
    assert_int_equal(plan.tabs_max, 1);
}

static void lines_take_what_the_ledger_measured_or_what_is_next_to_it(void **state)
{
    static const struct store_cost rows[] = {
        {"a", "crawl", FROM, 2, 2, 0, 0, 0, 4000, 20000, 100},
        {"a", "crawl", FROM + 1, 2, 2, 0, 0, 0, 8000, 40000, 300},
        {"b", "crawl", FROM, 1, 1, 0, 0, 0, 0, 5000, 0},
        {"-", "purge", FROM, 100, 0, 0, 0, 0, 0, 900000000, 0},
    };
    struct plan_line lines[] = {line(0, "a", "0 * * * *", 0), line(1, "b", "0 * * * *", 0),
                                line(2, "c", "0 * * * *", 0)};

    (void)state;
    lines[2].kind = "alive";
    assert_true(plan_measure(lines, 3, rows, 4));
    assert_int_equal(lines[0].duration_ms, 15000);
    assert_int_equal(lines[0].gb_ms, 3000);
    assert_int_equal(lines[0].peak_bytes, 300);
    assert_true(lines[0].is_measured && lines[0].needs_chrome);
    assert_true(lines[1].is_measured && !lines[1].needs_chrome);
    assert_false(lines[2].is_measured);
    assert_int_equal(lines[2].duration_ms, 13000);
    assert_false(plan_measure(lines, 3, NULL, 0));
}

static void too_many_runs_are_refused(void **state)
{
    struct plan_line lines[] = {line(0, "a", "@every 1s", 1)};
    struct plan_box box = {1, 1, 0};
    struct plan plan;
    struct err err;

    (void)state;
    assert_int_equal(plan_play(&plan, lines, 1, &box, FROM, 31 * 24 * HOUR, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_find_a_free_tab_do_not_wait),
        cmocka_unit_test(runs_due_together_wait_for_the_only_tab_and_not_for_one_of_two),
        cmocka_unit_test(a_run_longer_than_its_period_overlaps_itself),
        cmocka_unit_test(a_run_without_chrome_holds_no_tab),
        cmocka_unit_test(lines_take_what_the_ledger_measured_or_what_is_next_to_it),
        cmocka_unit_test(too_many_runs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
