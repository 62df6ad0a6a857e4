/* SPDX-License-Identifier: MIT */
/* test_crawl_quarantine.c - which addresses are kept from Chrome, and for how long. */
#include "crawl/quarantine.h"
#include "base/clock.h"
#include "base/log.h"
#include "support/unit.h"

enum { HOLD_MS = 6 * 3600 * 1000 };

#define URL "http://a.example/list?page=1"

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static int setup(void **state)
{
    clock_fake_set(1800000000000);
    log_set_sink(quiet, NULL);
    *state = quarantine_new(HOLD_MS);
    return 0;
}

static int teardown(void **state)
{
    struct quarantine *q = *state;

    quarantine_free(&q);
    log_set_sink(NULL, NULL);
    clock_fake_off();
    return 0;
}

static void crash(struct quarantine *q, const char *url, enum err_code code)
{
    struct err why;

    err_set(&why, code, "peak 250 of 256 MiB");
    quarantine_note(q, url, &why);
}

static bool holds(const struct quarantine *q, const char *url)
{
    struct err ignored;

    return quarantine_holds(q, url, &ignored);
}

static void holds_an_address_after_its_second_crash(void **state)
{
    struct err err;

    crash(*state, URL, ERR_OOM);
    assert_false(holds(*state, URL));
    crash(*state, URL, ERR_OOM);

    assert_true(quarantine_holds(*state, URL, &err));
    assert_int_equal(err.code, ERR_OOM);
    assert_string_equal(
        err.text,
        "quarantined for 360 more minutes after 2 crashes, the last: peak 250 of 256 MiB");
}

static void leaves_the_site_s_other_addresses_alone(void **state)
{
    crash(*state, URL, ERR_CRASHED);
    crash(*state, "http://a.example/list?page=2", ERR_CRASHED);

    assert_false(holds(*state, URL));
    assert_false(holds(*state, "http://a.example/list?page=2"));
}

static void counts_only_the_page_s_own_crashes(void **state)
{
    static const enum err_code others[] = {ERR_TIMEOUT,   ERR_NETWORK, ERR_BROWSER_EXIT,
                                           ERR_NO_ANSWER, ERR_DRIFT,   ERR_CANCELLED,
                                           ERR_LAUNCH,    ERR_HUNG};
    static const enum err_code crashes[] = {ERR_OOM, ERR_JS_HEAP, ERR_MEMORY_THRASH, ERR_CRASHED};

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        crash(*state, URL, others[i]);
    assert_false(holds(*state, URL));

    for (size_t i = 0; i < ARRAY_LEN(crashes); i++) {
        const char *url = err_reason(crashes[i]);

        crash(*state, url, crashes[i]);
        crash(*state, url, crashes[i]);
        assert_true(holds(*state, url));
    }
}

static void a_page_that_works_is_forgotten(void **state)
{
    crash(*state, URL, ERR_CRASHED);
    quarantine_clear(*state, URL);
    crash(*state, URL, ERR_CRASHED);

    assert_false(holds(*state, URL));
}

static void gives_one_try_when_the_time_is_over(void **state)
{
    crash(*state, URL, ERR_OOM);
    crash(*state, URL, ERR_OOM);
    clock_fake_advance(HOLD_MS - 1);
    assert_true(holds(*state, URL));
    clock_fake_advance(1);
    assert_false(holds(*state, URL));

    crash(*state, URL, ERR_OOM);
    assert_true(holds(*state, URL));
}

static void crashes_long_apart_are_no_series(void **state)
{
    crash(*state, URL, ERR_OOM);
    clock_fake_advance(2LL * HOLD_MS + 1);
    crash(*state, URL, ERR_OOM);

    assert_false(holds(*state, URL));
}

static void the_table_is_bounded_and_forgets_the_oldest(void **state)
{
    char url[64];

    crash(*state, URL, ERR_OOM);
    crash(*state, URL, ERR_OOM);
    for (int i = 0; i < QUARANTINE_MAX_URLS - 1; i++) {
        snprintf(url, sizeof(url), "http://b.example/%d", i);
        crash(*state, url, ERR_OOM);
    }
    assert_true(holds(*state, URL));
    crash(*state, "http://c.example/", ERR_OOM);

    assert_false(holds(*state, URL));
    crash(*state, "http://b.example/0", ERR_OOM);
    assert_true(holds(*state, "http://b.example/0"));
}

static void holds_nothing_where_it_is_switched_off(void **state)
{
    struct quarantine *off = quarantine_new(0);

    (void)state;
    crash(off, URL, ERR_OOM);
    crash(off, URL, ERR_OOM);
    assert_false(holds(off, URL));
    quarantine_free(&off);

    crash(NULL, URL, ERR_OOM);
    assert_false(holds(NULL, URL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(holds_an_address_after_its_second_crash),
        TEST(leaves_the_site_s_other_addresses_alone),
        TEST(counts_only_the_page_s_own_crashes),
        TEST(a_page_that_works_is_forgotten),
        TEST(gives_one_try_when_the_time_is_over),
        TEST(crashes_long_apart_are_no_series),
        TEST(the_table_is_bounded_and_forgets_the_oldest),
        TEST(holds_nothing_where_it_is_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
