/* SPDX-License-Identifier: MIT */
/* silence.c - the rate of each hour of the week, and how unlikely the time since the last deal is.
 *
 * Four weeks give an hour of the week four samples, so each rate leans on that of its hour of the
 * day, and that on the mean. Deals come in bursts: the spread of the hours around their rates makes
 * all the rest less certain.
 */
#include "crawl/silence.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DOWN_SLACK_MS ((int64_t)10 * 60 * 1000)

enum { HOURS_OF_DAY = 24, HOURS_OF_WEEK = 168, DOWN_PERIODS = 3, MAX_SPREAD = 10 };

/* It is asked after each run, several hundred times a week. */
static const double CHANCE = 1e-4;

/* How many samples of its own outweigh what a rate leans on. */
static const double LEAN = 3;

struct rates {
    double hour[HOURS_OF_WEEK];
    double spread; /* variance over mean: 1 for a Poisson process */
};

struct learning {
    int64_t from_ms, to_ms; /* whole hours */
    const struct silence_input *in;
};

const char *silence_name(enum silence_state state)
{
    static const char *const names[] = {
        [SILENCE_UNKNOWN] = "unknown", [SILENCE_LIVELY] = "lively", [SILENCE_QUIET] = "quiet",
        [SILENCE_BLOCKED] = "blocked", [SILENCE_DRIFT] = "drift",   [SILENCE_FAILING] = "failing",
        [SILENCE_DOWN] = "down",
    };

    return names[state];
}

/* ---- rates ---- */

static int hour_of_week(const struct clock_zone *zone, int64_t at_ms)
{
    struct clock_civil civil;

    clock_to_local(zone, at_ms, &civil);
    return civil.weekday * HOURS_OF_DAY + civil.hour;
}

/* Deals of the hour that begins at hour_ms; *at walks along the ascending hours. */
static int deals_in(const struct silence_input *in, int64_t hour_ms, int *at)
{
    while (*at < in->n_hours && in->hours[*at].hour_ms < hour_ms)
        (*at)++;
    return *at < in->n_hours && in->hours[*at].hour_ms == hour_ms ? in->hours[*at].n : 0;
}

static void add_hours(const struct learning *l, double sum[HOURS_OF_WEEK], double n[HOURS_OF_WEEK])
{
    int at = 0;

    for (int64_t hour = l->from_ms; hour < l->to_ms; hour += HOUR_MS) {
        int w = hour_of_week(l->in->zone, hour);

        sum[w] += deals_in(l->in, hour, &at);
        n[w]++;
    }
}

static double leaning(double sum, double n, double on)
{
    return (sum + LEAN * on) / (n + LEAN);
}

static double spread_of(const struct learning *l, const struct rates *rates)
{
    double squares = 0, sum = 0;
    int at = 0;

    for (int64_t hour = l->from_ms; hour < l->to_ms; hour += HOUR_MS) {
        double rate = rates->hour[hour_of_week(l->in->zone, hour)];
        double off = deals_in(l->in, hour, &at) - rate;

        squares += off * off;
        sum += rate;
    }
    return sum > 0 ? fmin(fmax(squares / sum, 1), MAX_SPREAD) : 1;
}

static void learn(const struct learning *l, struct rates *rates)
{
    double sum[HOURS_OF_WEEK] = {0}, n[HOURS_OF_WEEK] = {0};
    double day_sum[HOURS_OF_DAY] = {0}, day_n[HOURS_OF_DAY] = {0};
    double all = 0, hours = 0;

    add_hours(l, sum, n);
    for (int w = 0; w < HOURS_OF_WEEK; w++) {
        day_sum[w % HOURS_OF_DAY] += sum[w];
        day_n[w % HOURS_OF_DAY] += n[w];
        all += sum[w];
        hours += n[w];
    }
    for (int w = 0; w < HOURS_OF_WEEK; w++) {
        int d = w % HOURS_OF_DAY;
        double daily = leaning(day_sum[d], day_n[d], all / hours);

        rates->hour[w] = leaning(sum[w], n[w], daily);
    }
    rates->spread = spread_of(l, rates);
}

/* Deals that the time from one moment to another would usually bring. */
static double expected_in(const struct rates *rates, const struct clock_zone *zone, int64_t from_ms,
                          int64_t to_ms)
{
    double sum = 0;

    while (from_ms < to_ms) {
        int64_t next_ms = (from_ms / HOUR_MS + 1) * HOUR_MS;
        int64_t until_ms = next_ms < to_ms ? next_ms : to_ms;

        sum += rates->hour[hour_of_week(zone, from_ms)] * (double)(until_ms - from_ms) / HOUR_MS;
        from_ms = until_ms;
    }
    return sum;
}

/* ---- runs ---- */

static bool tells_nothing(const struct store_run *run)
{
    return str_eq(run->reason, "running") || str_eq(run->reason, "cancelled") ||
           str_eq(run->reason, "engine-lost");
}

static const struct store_run *last_run(const struct silence_input *in)
{
    for (int i = 0; i < in->n_runs; i++)
        if (!tells_nothing(&in->runs[i]))
            return &in->runs[i];
    return NULL;
}

static int64_t last_good_end_ms(const struct silence_input *in)
{
    for (int i = 0; i < in->n_runs; i++)
        if (str_eq(in->runs[i].reason, "ok"))
            return in->runs[i].ended_at_ms;
    return CLOCK_NONE;
}

static bool is_down(const struct silence_input *in)
{
    int64_t newest_ms = in->n_runs ? in->runs[0].started_at_ms : CLOCK_NONE;

    return in->period_ms > 0 && newest_ms != CLOCK_NONE &&
           in->now_ms - newest_ms > DOWN_PERIODS * in->period_ms + DOWN_SLACK_MS;
}

static enum silence_state state_by_runs(const struct silence_input *in)
{
    const struct store_run *last = last_run(in);
    const char *reason = last ? last->reason : "ok";

    if (is_down(in))
        return SILENCE_DOWN;
    if (str_eq(reason, "blocked") || str_eq(reason, "rate-limited") || str_eq(reason, "robots"))
        return SILENCE_BLOCKED;
    if (str_eq(reason, "drift") || str_eq(reason, "empty"))
        return SILENCE_DRIFT;
    return str_eq(reason, "ok") ? SILENCE_LIVELY : SILENCE_FAILING;
}

/* ---- the verdict ---- */

static int64_t last_deal_end_ms(const struct silence_input *in)
{
    for (int i = in->n_hours - 1; i >= 0; i--)
        if (in->hours[i].n > 0)
            return in->hours[i].hour_ms + HOUR_MS < in->now_ms ? in->hours[i].hour_ms + HOUR_MS
                                                               : in->now_ms;
    return CLOCK_NONE;
}

/* Learned until the last deal only: a silence must not teach that silence is usual. */
static bool find_learning(const struct silence_input *in, int64_t last_ms, struct learning *out)
{
    int64_t oldest_ms = in->now_ms - SILENCE_LEARN_MS;
    int64_t deals = 0;

    for (int i = 0; i < in->n_hours; i++)
        deals += in->hours[i].hour_ms >= oldest_ms ? in->hours[i].n : 0;
    if (last_ms == CLOCK_NONE || deals < SILENCE_DEALS_MIN)
        return false;
    out->in = in;
    out->from_ms = in->hours[0].hour_ms;
    if (out->from_ms < oldest_ms)
        out->from_ms = (oldest_ms / HOUR_MS + 1) * HOUR_MS;
    out->to_ms = last_ms / HOUR_MS * HOUR_MS;
    return out->to_ms - out->from_ms >= SILENCE_HISTORY_MIN_MS;
}

void silence_judge(const struct silence_input *in, struct silence_verdict *out)
{
    int64_t seen_ms = last_good_end_ms(in);
    struct learning learning;
    struct rates rates;

    *out = (struct silence_verdict){
        .state = state_by_runs(in), .last_deal_ms = last_deal_end_ms(in), .chance = 1};
    if (!find_learning(in, out->last_deal_ms, &learning) || seen_ms == CLOCK_NONE) {
        if (out->state == SILENCE_LIVELY)
            out->state = SILENCE_UNKNOWN;
        return;
    }
    learn(&learning, &rates);
    out->expected = expected_in(&rates, in->zone, out->last_deal_ms, seen_ms);
    out->chance = exp(-out->expected / rates.spread);
    if (out->state == SILENCE_LIVELY && out->chance < CHANCE)
        out->state = SILENCE_QUIET;
}
