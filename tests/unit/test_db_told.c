/* SPDX-License-Identifier: MIT */
/* test_db_told.c - of which reports the operator is told, when, by whom: the same on both databases. */
#include "db/store_told.h"
#include "test_db.h"

static const int64_t MINUTE_MS = 60000;

static void on_report(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    (void)is_new;
    b->number = id;
    bench_answer(b, err);
}

static int64_t open_report(struct bench *b, const char *site, const char *kind, int minute)
{
    bench_ask(b);
    store_report_open(b->store, site, kind, "text", NULL, AT + minute * MINUTE_MS, on_report, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    (void)was_open;
    bench_answer(ctx, err);
}

static void close_report(struct bench *b, const char *site, const char *kind, int minute)
{
    bench_ask(b);
    store_report_close(b->store, site, kind, AT + minute * MINUTE_MS, on_closed, b);
    bench_wait(b);
    assert_ok(b);
}

static void on_claimed(const struct store_news_report *reports, int n, const struct err *err,
                       void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s%s %s %s", i ? ", " : "", report_news_name(reports[i].news), reports[i].report.site,
             reports[i].report.kind);
    bench_answer(ctx, err);
}

/* What engine `teller` is to tell of at that minute: open for two minutes, again after a day, claims end
 * after ten minutes. */
static const char *claim(struct bench *b, const char *teller, int minute)
{
    struct store_told_claim asked = {.teller = teller,
                                     .now_ms = AT + minute * MINUTE_MS,
                                     .after_ms = 2 * MINUTE_MS,
                                     .again_ms = 1440 * MINUTE_MS,
                                     .claim_ms = 10 * MINUTE_MS,
                                     .limit = 3};

    *told = '\0';
    bench_ask(b);
    store_told_claim(b->store, &asked, on_claimed, b);
    bench_wait(b);
    assert_ok(b);
    return told;
}

static void mark(struct bench *b, int64_t id, bool over, int minute)
{
    bench_ask(b);
    store_told_mark(b->store, &id, 1, over, AT + minute * MINUTE_MS, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void a_report_is_told_of_when_it_opens_daily_and_when_it_is_over(void **state)
{
    struct bench *b = bench(state);
    int64_t id = open_report(b, "clien", "drift", 0);

    assert_string_equal(claim(b, "a", 1), "");
    assert_string_equal(claim(b, "a", 2), "opened clien drift");
    mark(b, id, false, 3);
    assert_string_equal(claim(b, "a", 4), "");
    assert_string_equal(claim(b, "a", 1442), "");
    assert_string_equal(claim(b, "a", 1443), "again clien drift");
    mark(b, id, false, 1443);
    close_report(b, "clien", "drift", 1500);
    assert_string_equal(claim(b, "a", 1500), "over clien drift");
    mark(b, id, true, 1500);
    assert_string_equal(claim(b, "a", 9000), "");
}

static void what_is_over_before_anybody_was_told_is_never_told_of(void **state)
{
    struct bench *b = bench(state);

    open_report(b, "clien", "drift", 0);
    close_report(b, "clien", "drift", 1);

    assert_string_equal(claim(b, "a", 1000), "");
}

static void one_engine_tells_and_another_when_it_does_not(void **state)
{
    struct bench *b = bench(state);
    int64_t id = open_report(b, "clien", "drift", 0);

    assert_string_equal(claim(b, "a", 5), "opened clien drift");
    assert_string_equal(claim(b, "b", 6), "");
    assert_string_equal(claim(b, "b", 14), "");
    assert_string_equal(claim(b, "b", 15), "opened clien drift");
    mark(b, id, false, 15);
    assert_string_equal(claim(b, "a", 100), "");
}

static void an_engine_that_is_started_again_takes_up_its_own_claims(void **state)
{
    struct bench *b = bench(state);

    open_report(b, "clien", "drift", 0);
    assert_string_equal(claim(b, "a", 5), "opened clien drift");
    assert_string_equal(claim(b, "b", 6), "");
    assert_string_equal(claim(b, "a", 6), "opened clien drift");
    assert_string_equal(claim(b, "b", 15), "");
}

static void what_closes_while_it_is_told_of_is_told_of_as_over_next(void **state)
{
    struct bench *b = bench(state);
    int64_t id = open_report(b, "clien", "drift", 0);

    claim(b, "a", 5);
    close_report(b, "clien", "drift", 6);
    mark(b, id, false, 7);

    assert_string_equal(claim(b, "b", 7), "over clien drift");
}

static void a_report_that_opens_anew_is_told_of_anew(void **state)
{
    struct bench *b = bench(state);
    int64_t id = open_report(b, "clien", "drift", 0);

    claim(b, "a", 5);
    mark(b, id, false, 5);
    close_report(b, "clien", "drift", 6);
    open_report(b, "clien", "drift", 10);

    assert_string_equal(claim(b, "a", 11), "over clien drift");
    mark(b, id, true, 11);
    assert_string_equal(claim(b, "a", 12), "opened clien drift");
}

static void a_claim_takes_the_oldest_first_and_no_more_than_asked_for(void **state)
{
    struct bench *b = bench(state);

    for (int i = 0; i < 5; i++) {
        char site[16];

        snprintf(site, sizeof site, "s%d", i);
        open_report(b, site, "drift", i);
    }

    assert_string_equal(claim(b, "a", 20), "opened s0 drift, opened s1 drift, opened s2 drift");
    assert_string_equal(claim(b, "b", 20), "opened s3 drift, opened s4 drift");
}

static void reports_of_an_engine_that_is_no_more_are_closed(void **state)
{
    struct bench *b = bench(state);

    open_report(b, "@old", "chrome", 0);
    open_report(b, "@new", "chrome", 0);
    open_report(b, "clien", "drift", 0);
    open_report(b, "@new", "chrome", 100);
    bench_ask(b);
    store_told_forget_lost(b->store, AT + 50 * MINUTE_MS, AT + 101 * MINUTE_MS, on_done, b);
    bench_wait(b);
    assert_ok(b);

    assert_string_equal(claim(b, "a", 200), "opened @new chrome, opened clien drift");
}

static void marking_nothing_is_no_error(void **state)
{
    struct bench *b = bench(state);

    bench_ask(b);
    store_told_mark(b->store, NULL, 0, false, AT, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_report_is_told_of_when_it_opens_daily_and_when_it_is_over),
        BOTH(what_is_over_before_anybody_was_told_is_never_told_of),
        BOTH(one_engine_tells_and_another_when_it_does_not),
        BOTH(an_engine_that_is_started_again_takes_up_its_own_claims),
        BOTH(what_closes_while_it_is_told_of_is_told_of_as_over_next),
        BOTH(a_report_that_opens_anew_is_told_of_anew),
        BOTH(a_claim_takes_the_oldest_first_and_no_more_than_asked_for),
        BOTH(reports_of_an_engine_that_is_no_more_are_closed),
        BOTH(marking_nothing_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
