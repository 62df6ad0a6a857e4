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

/* ---- one entry that a test plays with ---- */

struct play {
    struct heard heard;
    struct schedule *schedule;
    struct schedule_entry *entry;
    struct clock_zone *zone;
};

static struct cron cron_of(const char *text)
{
    struct cron cron;
    struct err err;

    assert_int_equal(cron_parse(&cron, text, &err), 0);
    return cron;
}

static void begin(struct play *play, const char *now, const char *cron_text, const char *zone)
{
    struct cron cron = cron_of(cron_text);
    struct err err;

    *play = (struct play){.heard = {.loop = loop_new()}};
    clock_fake_set(at(now));
    assert_int_equal(clock_zone_new(zone, &play->zone, &err), 0);
    play->schedule = schedule_new(play->heard.loop, on_due, &play->heard);
    play->entry = schedule_add(play->schedule, "a", "crawl", &cron, play->zone, CLOCK_NONE, NULL);
}

static void look(struct play *play, const char *now)
{
    clock_fake_set(at(now));
    schedule_start(play->schedule);
    schedule_look(play->schedule);
    turn(play->heard.loop);
}

static void look_and_end(struct play *play, const char *now)
{
    look(play, now);
    schedule_finished(play->entry);
}

static void end(struct play *play)
{
    schedule_free(&play->schedule);
    loop_free(&play->heard.loop);
    clock_zone_free(&play->zone);
    clock_fake_off();
}

static void counts_a_due_time_while_the_run_is_still_going(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-11-22T13:39:59Z", "40 * * * *", "UTC");
    look(&play, "2026-11-22T13:40:00Z");
    look_and_end(&play, "2026-11-22T14:40:00Z");
    look(&play, "2026-11-22T15:40:00Z");

    assert_int_equal(play.heard.n, 2);
    assert_int_equal(play.heard.due_ms[1], at("2026-11-22T15:40:00Z"));
    assert_int_equal(schedule_entry_overlaps(play.entry), 1);
    end(&play);
}

static void a_run_beside_the_plan_is_refused_and_counted_while_one_is_going(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-11-22T13:39:59Z", "40 * * * *", "UTC");
    assert_true(schedule_begin(play.entry));
    assert_false(schedule_begin(play.entry));
    look(&play, "2026-11-22T13:40:00Z");
    assert_int_equal(play.heard.n, 0);
    schedule_finished(play.entry);
    look(&play, "2026-11-22T14:40:00Z");

    assert_int_equal(play.heard.n, 1);
    assert_int_equal(schedule_entry_overlaps(play.entry), 2);
    end(&play);
}

static void what_a_pause_held_back_is_made_up_for_once_when_it_ends(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-11-22T13:39:00Z", "40 * * * *", "UTC");
    schedule_pause(play.entry, true);
    look(&play, "2026-11-22T13:40:00Z");
    look(&play, "2026-11-22T14:40:00Z");
    look(&play, "2026-11-22T15:41:00Z");
    assert_int_equal(play.heard.n, 0);
    assert_true(schedule_entry_is_late(play.entry));

    schedule_pause(play.entry, false);
    look_and_end(&play, "2026-11-22T15:42:00Z");
    look_and_end(&play, "2026-11-22T16:40:00Z");

    assert_int_equal(play.heard.n, 2);
    assert_int_equal(play.heard.due_ms[0], at("2026-11-22T15:40:00Z"));
    assert_int_equal(play.heard.due_ms[1], at("2026-11-22T16:40:00Z"));
    assert_int_equal(schedule_entry_overlaps(play.entry), 0);
    end(&play);
}

static void a_pause_that_missed_nothing_ends_without_a_run(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-11-22T13:41:00Z", "40 * * * *", "UTC");
    schedule_pause(play.entry, true);
    look(&play, "2026-11-22T14:00:00Z");
    schedule_pause(play.entry, false);
    look(&play, "2026-11-22T14:01:00Z");

    assert_int_equal(play.heard.n, 0);
    end(&play);
}

static void a_clock_set_back_a_little_repeats_no_due_time(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-11-22T13:39:00Z", "40 * * * *", "UTC");
    look_and_end(&play, "2026-11-22T13:40:01Z");
    look_and_end(&play, "2026-11-22T13:39:58Z");
    look_and_end(&play, "2026-11-22T13:40:02Z");
    look_and_end(&play, "2026-11-22T12:59:00Z");
    look_and_end(&play, "2026-11-22T13:40:02Z");
    assert_int_equal(play.heard.n, 1);
    look_and_end(&play, "2026-11-22T14:40:00Z");

    assert_int_equal(play.heard.n, 2);
    assert_int_equal(play.heard.due_ms[1], at("2026-11-22T14:40:00Z"));
    end(&play);
}

static void a_clock_that_was_wrong_by_years_does_not_stop_the_plan(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2031-05-01T00:00:00Z", "40 * * * *", "UTC");
    look_and_end(&play, "2031-05-01T00:40:00Z");
    look_and_end(&play, "2026-11-22T13:39:00Z");
    look_and_end(&play, "2026-11-22T13:40:00Z");
    look_and_end(&play, "2031-05-01T00:00:00Z"); /* and wrong again: five years are one run */
    look_and_end(&play, "2026-11-22T14:39:00Z");
    look_and_end(&play, "2026-11-22T14:40:00Z");

    assert_int_equal(play.heard.n, 4);
    assert_int_equal(play.heard.due_ms[1], at("2026-11-22T13:40:00Z"));
    assert_int_equal(play.heard.due_ms[2], at("2031-04-30T23:40:00Z"));
    assert_int_equal(play.heard.due_ms[3], at("2026-11-22T14:40:00Z"));
    end(&play);
}

static void a_year_ends_and_the_plan_goes_on(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "2026-12-31T14:30:00Z", "*/30 * * * *", "Asia/Seoul"); /* 23:30 there */
    look_and_end(&play, "2026-12-31T15:00:00Z");
    look_and_end(&play, "2026-12-31T15:30:00Z");
    assert_int_equal(play.heard.n, 2);
    assert_int_equal(play.heard.due_ms[0], at("2027-01-01T00:00:00+09:00"));
    assert_int_equal(play.heard.due_ms[1], at("2027-01-01T00:30:00+09:00"));
    end(&play);

    begin(&play, "2027-12-31T23:59:59Z", "0 0 29 2 *", "UTC");
    assert_int_equal(schedule_entry_next_ms(play.entry), at("2028-02-29T00:00:00Z"));
    look_and_end(&play, "2028-02-29T00:00:00Z");
    assert_int_equal(play.heard.n, 1);
    assert_int_equal(schedule_entry_next_ms(play.entry), at("2032-02-29T00:00:00Z"));
    end(&play);
}

static void daylight_saving_skips_and_repeats_no_daily_run(void **state)
{
    struct play play;

    (void)state;
    /* Berlin: 02:30 is not on 2026-03-29, and twice on 2026-10-25. */
    begin(&play, "2026-03-28T12:00:00Z", "30 2 * * *", "Europe/Berlin");
    look_and_end(&play, "2026-03-29T01:00:00Z");
    look_and_end(&play, "2026-03-29T01:30:00Z");
    look_and_end(&play, "2026-03-30T00:30:00Z");
    assert_int_equal(play.heard.n, 2);
    assert_int_equal(play.heard.due_ms[0], at("2026-03-29T01:00:00Z"));
    assert_int_equal(play.heard.due_ms[1], at("2026-03-30T00:30:00Z"));
    look_and_end(&play, "2026-10-24T23:59:00Z"); /* made up for, once */
    assert_int_equal(play.heard.n, 3);
    look_and_end(&play, "2026-10-25T00:30:00Z");
    look_and_end(&play, "2026-10-25T01:30:00Z");
    assert_int_equal(play.heard.n, 4);
    look_and_end(&play, "2026-10-26T01:30:00Z");
    assert_int_equal(play.heard.n, 5);
    end(&play);
}

static void a_rare_run_is_made_up_for_however_long_the_engine_was_down(void **state)
{
    struct play play;
    struct cron monthly = cron_of("0 3 1 * *");

    (void)state;
    begin(&play, "2026-11-22T13:41:00Z", "40 * * * *", "UTC");
    schedule_add(play.schedule, "b", "purge", &monthly, NULL, at("2026-09-01T03:00:00Z"), NULL);
    look(&play, "2026-11-22T13:41:01Z");

    assert_int_equal(play.heard.n, 1);
    assert_int_equal(play.heard.due_ms[0], at("2026-11-01T03:00:00Z"));
    end(&play);
}

static void another_line_holds_from_when_it_is_given(void **state)
{
    struct play play;
    struct cron daily = cron_of("0 0 * * *");

    (void)state;
    begin(&play, "2026-11-22T13:39:00Z", "40 * * * *", "UTC");
    schedule_change(play.entry, &daily, NULL);
    look(&play, "2026-11-22T13:41:00Z");
    assert_int_equal(play.heard.n, 0);
    schedule_change(play.entry, NULL, NULL);
    look(&play, "2026-11-23T00:01:00Z");

    assert_int_equal(play.heard.n, 0);
    assert_int_equal(schedule_entry_next_ms(play.entry), CLOCK_NONE);
    end(&play);
}

static void jitter_begins_later_and_never_beyond_a_quarter_of_the_period(void **state)
{
    struct play play;
    struct cron each_minute = cron_of("* * * * *");

    (void)state;
    begin(&play, "2026-11-22T13:00:30Z", "0 0 1 1 *", "UTC");
    schedule_set_jitter(play.schedule, 3600 * 1000);
    schedule_change(play.entry, &each_minute, NULL);
    for (int i = 0; i < 4; i++) {
        char text[CLOCK_RFC3339_BYTES];

        clock_format_utc_ms(at("2026-11-22T13:01:15Z") + i * 60000, text);
        look_and_end(&play, text);
    }

    assert_int_equal(play.heard.n, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(play.heard.due_ms[i], at("2026-11-22T13:01:00Z") + i * 60000);
    end(&play);
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
        cmocka_unit_test(a_run_beside_the_plan_is_refused_and_counted_while_one_is_going),
        cmocka_unit_test(what_a_pause_held_back_is_made_up_for_once_when_it_ends),
        cmocka_unit_test(a_pause_that_missed_nothing_ends_without_a_run),
        cmocka_unit_test(a_clock_set_back_a_little_repeats_no_due_time),
        cmocka_unit_test(a_clock_that_was_wrong_by_years_does_not_stop_the_plan),
        cmocka_unit_test(a_year_ends_and_the_plan_goes_on),
        cmocka_unit_test(daylight_saving_skips_and_repeats_no_daily_run),
        cmocka_unit_test(a_rare_run_is_made_up_for_however_long_the_engine_was_down),
        cmocka_unit_test(another_line_holds_from_when_it_is_given),
        cmocka_unit_test(jitter_begins_later_and_never_beyond_a_quarter_of_the_period),
        cmocka_unit_test(a_clock_set_back_does_not_wait_for_the_old_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
