/* SPDX-License-Identifier: MIT */
/* test_crawl_schedule.c - when runs start, on a clock that the test moves. */
#include "crawl/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct heard {
    struct loop *loop;
    int n;
    int64_t due_ms[8];
};

static int64_t at(const char *rfc3339)
{
    struct err err;
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339(rfc3339, &ms, &err), 0);
    return ms;
}

static void on_due(struct schedule_entry *entry, int64_t due_at_ms, void *ctx)
{
    struct heard *heard = ctx;

    (void)entry;
    heard->due_ms[heard->n++] = due_at_ms;
}

static void on_enough(void *ctx)
{
    loop_stop(ctx);
}

/* Let the loop run until its timers that are due have fired. */
static void turn(struct loop *loop)
{
    struct loop_timer *enough = loop_timer_new(loop, on_enough, loop);

    loop_timer_start(enough, 20);
    loop_run(loop);
    loop_timer_free(&enough);
}

static struct cron hourly_at_40(void)
{
    struct cron cron;
    struct err err;

    assert_int_equal(cron_parse(&cron, "40 * * * *", &err), 0);
    return cron;
}

static void run_with(const char *now, int64_t last_due_ms, int64_t advance_ms, int expected,
                     const char *expected_due)
{
    struct heard heard = {.loop = loop_new()};
    struct cron cron = hourly_at_40();
    struct schedule *schedule;

    clock_fake_set(at(now));
    schedule = schedule_new(heard.loop, on_due, &heard);
    schedule_add(schedule, "a", "crawl", &cron, NULL, last_due_ms, NULL);
    clock_fake_advance(advance_ms);
    schedule_start(schedule);
    turn(heard.loop);

    assert_int_equal(heard.n, expected);
    if (expected)
        assert_int_equal(heard.due_ms[0], at(expected_due));
    schedule_free(&schedule);
    loop_free(&heard.loop);
    clock_fake_off();
}

static void starts_a_run_when_it_is_due_and_not_before(void **state)
{
    (void)state;
    run_with("2026-11-22T13:39:00Z", CLOCK_NONE, 0, 0, NULL);
    run_with("2026-11-22T13:39:00Z", CLOCK_NONE, 60000, 1, "2026-11-22T13:40:00Z");
}

static void makes_up_once_for_runs_missed_while_down(void **state)
{
    (void)state;
    run_with("2026-11-22T13:39:00Z", at("2026-11-22T09:40:00Z"), 0, 1, "2026-11-22T12:40:00Z");
    run_with("2026-11-22T13:39:00Z", at("2026-11-22T12:40:00Z"), 0, 0, NULL);
    run_with("2026-11-22T13:39:00Z", at("2024-01-01T00:00:00Z"), 0, 1, "2026-11-22T12:40:00Z");
}

static void a_clock_that_jumps_ahead_gives_one_run(void **state)
{
    (void)state;
    run_with("2026-11-22T13:39:00Z", CLOCK_NONE, (int64_t)5 * 3600 * 1000, 1,
             "2026-11-22T17:40:00Z");
}

static void counts_a_due_time_while_the_run_is_still_going(void **state)
{
    struct heard heard = {.loop = loop_new()};
    struct cron cron = hourly_at_40();
    struct schedule *schedule;
    struct schedule_entry *entry;

    (void)state;
    clock_fake_set(at("2026-11-22T13:39:59Z"));
    schedule = schedule_new(heard.loop, on_due, &heard);
    entry = schedule_add(schedule, "a", "crawl", &cron, NULL, CLOCK_NONE, NULL);
    for (int i = 0; i < 3; i++) {
        clock_fake_advance(i ? 3600000 : 1000);
        schedule_start(schedule); /* looks again at once */
        turn(heard.loop);
        if (i == 1)
            schedule_finished(entry);
    }

    assert_int_equal(heard.n, 2);
    assert_int_equal(schedule_entry_overlaps(entry), 1);
    schedule_free(&schedule);
    loop_free(&heard.loop);
    clock_fake_off();
}

static void a_clock_set_back_does_not_wait_for_the_old_time(void **state)
{
    struct heard heard = {.loop = loop_new()};
    struct cron cron = hourly_at_40();
    struct schedule *schedule;
    struct schedule_entry *late, *soon;

    (void)state;
    clock_fake_set(at("2026-11-22T13:41:00Z"));
    schedule = schedule_new(heard.loop, on_due, &heard);
    late = schedule_add(schedule, "a", "crawl", &cron, NULL, CLOCK_NONE, NULL);
    clock_fake_set(at("2026-11-22T08:00:00Z"));
    /* Something missed makes the schedule look at once. */
    soon = schedule_add(schedule, "b", "crawl", &cron, NULL, at("2026-11-22T06:40:00Z"), NULL);
    schedule_start(schedule);
    turn(heard.loop);

    assert_int_equal(schedule_entry_next_ms(late), at("2026-11-22T08:40:00Z"));
    assert_int_equal(schedule_entry_next_ms(soon), at("2026-11-22T08:40:00Z"));
    assert_int_equal(heard.n, 1);
    schedule_free(&schedule);
    loop_free(&heard.loop);
    clock_fake_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_a_run_when_it_is_due_and_not_before),
        cmocka_unit_test(makes_up_once_for_runs_missed_while_down),
        cmocka_unit_test(a_clock_that_jumps_ahead_gives_one_run),
        cmocka_unit_test(counts_a_due_time_while_the_run_is_still_going),
        cmocka_unit_test(a_clock_set_back_does_not_wait_for_the_old_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
