/* SPDX-License-Identifier: MIT */
/* test_crawl_silence.c - a quiet night, a dead board, a blocked one and an engine that was off. */
#include "crawl/silence.h"

#include "base/str.h"
#include "support/unit.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)
enum { WEEKS = 4, HOURS = WEEKS * 168 };

static struct clock_zone *seoul;

/* Monday 2026-11-23 00:00 in Seoul, behind four weeks of deals and before a day of them. */
static int64_t monday_ms(void)
{
    struct err err;
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339("2026-11-23T00:00:00+09:00", &ms, &err), 0);
    return ms;
}

struct board {
    struct store_hour hours[HOURS + 24];
    int n;
};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16 & 0x7fff;
}

/* Deals by day, nearly none between 2 and 7; until `until_ms`. */
static void fill(struct board *b, int64_t until_ms, int by_day, unsigned seed)
{
    int64_t start_ms = monday_ms() - (int64_t)HOURS * HOUR_MS;

    b->n = 0;
    for (int i = 0; i < HOURS + 24; i++) {
        int64_t hour_ms = start_ms + i * HOUR_MS;
        int hour = i % 24, n = 0;
        int most = hour >= 2 && hour < 7 ? 1 : 2 * by_day + 1;

        if (hour >= 2 && hour < 7)
            n = next_random(&seed) % 20 == 0;
        else
            n = (int)next_random(&seed) % most;
        if (n > 0 && hour_ms < until_ms)
            b->hours[b->n++] = (struct store_hour){hour_ms, n};
    }
}

static struct silence_verdict judge(const struct board *b, int64_t now_ms, const char *reason,
                                    int64_t last_run_ms)
{
    const struct store_run runs[] = {
        {.reason = reason, .started_at_ms = last_run_ms - 1000, .ended_at_ms = last_run_ms},
        {.reason = "ok",
         .started_at_ms = last_run_ms - HOUR_MS,
         .ended_at_ms = last_run_ms - HOUR_MS},
    };
    const struct silence_input in = {.now_ms = now_ms,
                                     .hours = b->hours,
                                     .n_hours = b->n,
                                     .runs = runs,
                                     .n_runs = 2,
                                     .period_ms = HOUR_MS,
                                     .zone = seoul};
    struct silence_verdict verdict;

    silence_judge(&in, &verdict);
    return verdict;
}

static void tells_quiet_blocked_drift_and_down_apart(void **state)
{
    const struct {
        int deals_stopped_h, now_h, last_run_h; /* after that Monday's midnight, negative: before */
        const char *reason;
        enum silence_state expected;
    } rows[] = {
        {0, 0, 0, "ok", SILENCE_LIVELY},
        {2, 7, 7, "ok", SILENCE_LIVELY},    /* a night */
        {-24, 12, 12, "ok", SILENCE_QUIET}, /* a day and a half */
        {-24, 12, 12, "blocked", SILENCE_BLOCKED},
        {-24, 12, 12, "rate-limited", SILENCE_BLOCKED},
        {-24, 12, 12, "robots", SILENCE_BLOCKED},
        {-24, 12, 12, "drift", SILENCE_DRIFT},
        {-24, 12, 12, "empty", SILENCE_DRIFT},
        {-24, 12, 12, "network", SILENCE_FAILING},
        {-24, 12, 12, "launch-failed", SILENCE_FAILING},
        {-24, 12, 12, "running", SILENCE_QUIET}, /* the one before was good */
        {-24, 12, -24, "ok", SILENCE_DOWN},      /* nobody looked */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct board b;
        struct silence_verdict v;

        fill(&b, monday_ms() + rows[i].deals_stopped_h * HOUR_MS, 3, 7);
        v = judge(&b, monday_ms() + rows[i].now_h * HOUR_MS, rows[i].reason,
                  monday_ms() + rows[i].last_run_h * HOUR_MS);
        if (v.state != rows[i].expected)
            fail_msg("row %zu: expected %s, got %s (%.1f expected, chance %.4f)", i,
                     silence_name(rows[i].expected), silence_name(v.state), v.expected, v.chance);
    }
}

static void needs_history_before_it_judges(void **state)
{
    struct board b;

    (void)state;
    fill(&b, monday_ms(), 3, 7);
    b.n = 10;
    assert_int_equal(judge(&b, monday_ms(), "ok", monday_ms()).state, SILENCE_UNKNOWN);
    b.n = 0;
    assert_int_equal(judge(&b, monday_ms(), "ok", monday_ms()).state, SILENCE_UNKNOWN);
    assert_true(judge(&b, monday_ms(), "ok", monday_ms()).last_deal_ms == CLOCK_NONE);
}

/* Each hour of the last week, looked at with the deals that had come by then, on a busy and on a slow
 * board. */
static void no_hour_of_a_living_board_is_silence(void **state)
{
    (void)state;
    for (int by_day = 1; by_day <= 6; by_day += 5) {
        for (unsigned seed = 1; seed <= 5; seed++) {
            for (int64_t now_ms = monday_ms() - 7 * DAY_MS; now_ms < monday_ms();
                 now_ms += HOUR_MS) {
                struct board b;
                struct silence_verdict v;

                fill(&b, now_ms, by_day, seed);
                v = judge(&b, now_ms, "ok", now_ms);
                if (v.state != SILENCE_LIVELY)
                    fail_msg("by_day %d seed %u: %s, %.1f expected, chance %.5f", by_day, seed,
                             silence_name(v.state), v.expected, v.chance);
            }
        }
    }
}

/* How long a board may be dead before it is noticed: half a day at three deals an hour. */
static void a_dead_board_is_noticed_within_half_a_day(void **state)
{
    struct board b;
    int hours = 0;

    (void)state;
    fill(&b, monday_ms() + -16 * HOUR_MS, 3, 7); /* dead from 8 in the morning */
    while (
        judge(&b, monday_ms() + (hours - 16) * HOUR_MS, "ok", monday_ms() + (hours - 16) * HOUR_MS)
                .state != SILENCE_QUIET &&
        hours < 48)
        hours++;
    assert_in_range(hours, 1, 12);
}

static int make_zone(void **state)
{
    struct err err;

    (void)state;
    return clock_zone_new("Asia/Seoul", &seoul, &err);
}

static int drop_zone(void **state)
{
    (void)state;
    clock_zone_free(&seoul);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_quiet_blocked_drift_and_down_apart),
        cmocka_unit_test(needs_history_before_it_judges),
        cmocka_unit_test(no_hour_of_a_living_board_is_silence),
        cmocka_unit_test(a_dead_board_is_noticed_within_half_a_day),
    };

    return cmocka_run_group_tests(tests, make_zone, drop_zone);
}
