/* SPDX-License-Identifier: MIT */
/* test_crawl_job.c - a page's life against fakes of the gate, the pool, the tab, the fetch and the store (test_crawl_job.h).
 *
 * Without Chrome: test_crawl_job_fetch.c.
 */
#include "unit/test_crawl_job.h"

static void stores_the_rows_of_a_good_page(void **state)
{
    (void)state;
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.unhealthy, 0);
}

static void gives_everything_back_wherever_it_fails(void **state)
{
    static const struct {
        enum step step;
        enum err_code code;
    } rows[] = {
        {STEP_ASK, ERR_ROBOTS},    {STEP_LEASE, ERR_LAUNCH}, {STEP_LOST, ERR_HUNG},
        {STEP_NAVIGATE, ERR_HUNG}, {STEP_CALL, ERR_HUNG},    {STEP_STORE, ERR_STORE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tear_down(state);
        set_up(state);
        world.fail_step = rows[i].step;
        world.fail_code = rows[i].code;
        world.fail_times = 1;
        run_job();
        assert_end(rows[i].code, 1, 0);
    }
}

static void tries_again_after_a_crash_and_throws_the_tab_away(void **state)
{
    (void)state;
    world.fail_step = STEP_CALL;
    world.fail_code = ERR_CRASHED;
    world.fail_times = 1;
    run_job();
    assert_end(ERR_OK, 2, 2);
    assert_int_equal(world.unhealthy, 1);
}

static void leaves_an_address_alone_that_crashed_twice(void **state)
{
    (void)state;
    world.quarantine = quarantine_new(3600000);
    world.tab_lost = true;
    world.fail_step = STEP_CALL;
    world.fail_code = ERR_OOM;
    world.fail_times = 3;
    run_job();
    assert_end(ERR_OOM, 2, 0); /* a third try was left */
    assert_non_null(strstr(world.end.text, "quarantined for 60 more minutes"));

    world.fail_times = 0;
    world.ended = 0;
    run_job();
    assert_end(ERR_OOM, 0, 0);
    quarantine_free(&world.quarantine);
}

/* Another page may have brought the browser down: two such ends, and no address is held. */
static void a_browser_s_end_is_not_put_down_to_one_of_its_pages(void **state)
{
    static const enum step steps[] = {STEP_LEASE, STEP_LOST, STEP_NAVIGATE, STEP_CALL};
    static const enum err_code codes[] = {ERR_OOM, ERR_MEMORY_THRASH};
    struct err held;

    (void)state;
    world.quarantine = quarantine_new(3600000);
    world.config.page_retries = 1;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        world.fail_step = steps[i];
        world.fail_code = codes[i % ARRAY_LEN(codes)];
        world.fail_times = 2;
        world.ended = 0;
        run_job();
        assert_end(world.fail_code, 2, 0);
        assert_false(
            quarantine_holds(world.quarantine, "http://a.localhost/list?page=1", &held));
    }
    quarantine_free(&world.quarantine);
}

static void a_browser_s_end_is_put_down_to_its_only_page(void **state)
{
    (void)state;
    world.quarantine = quarantine_new(3600000);
    world.config.tabs_per_browser = 1;
    world.fail_step = STEP_LOST;
    world.fail_code = ERR_OOM;
    world.fail_times = 3;
    run_job();
    assert_end(ERR_OOM, 2, 0);
    assert_non_null(strstr(world.end.text, "quarantined"));
    quarantine_free(&world.quarantine);
}

static void gives_up_after_the_retries(void **state)
{
    (void)state;
    world.config.page_retries = 1;
    world.fail_step = STEP_LOST;
    world.fail_code = ERR_BROWSER_EXIT;
    world.fail_times = 100;
    run_job();
    assert_end(ERR_BROWSER_EXIT, 2, 0);
}

static void keeps_the_tab_after_a_network_error(void **state)
{
    (void)state;
    world.config.page_retries = 0;
    world.fail_step = STEP_NAVIGATE;
    world.fail_code = ERR_NETWORK;
    world.fail_times = 1;
    run_job();
    assert_end(ERR_NETWORK, 1, 0);
    assert_int_equal(world.unhealthy, 0);
}

static void refuses_a_drifted_page_without_trying_again(void **state)
{
    (void)state;
    world.layout = "null";
    world.rows = "";
    run_job();
    assert_end(ERR_DRIFT, 1, 0);
    assert_int_equal(world.unhealthy, 0);
}

/* A challenge that reloads itself until the deadline. */
static void a_page_that_did_not_end_is_what_its_status_says(void **state)
{
    (void)state;
    world.fail_step = STEP_CALL;
    world.fail_code = ERR_TIMEOUT;
    world.fail_times = 1;
    world.tab_status = 403;
    run_job();
    assert_end(ERR_BLOCKED, 1, 0);
    assert_int_equal(world.unhealthy, 1);
    assert_int_equal(world.troubles, 1);

    world.ended = 0;
    world.fail_times = 1;
    world.tab_status = 200;
    run_job();
    assert_end(ERR_OK, 2, 2);
}

static void never_stores_rows_of_an_error_page(void **state)
{
    (void)state;
    world.status = 403;
    run_job();
    assert_end(ERR_BLOCKED, 1, 0);
}

static void cancelling_ends_it_once_with_everything_back(void **state)
{
    (void)state;
    world.silent = true;
    world.cancel_when_called = true;
    run_job();
    assert_end(ERR_CANCELLED, 1, 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(stores_the_rows_of_a_good_page),
        EACH(gives_everything_back_wherever_it_fails),
        EACH(tries_again_after_a_crash_and_throws_the_tab_away),
        EACH(leaves_an_address_alone_that_crashed_twice),
        EACH(a_browser_s_end_is_not_put_down_to_one_of_its_pages),
        EACH(a_browser_s_end_is_put_down_to_its_only_page),
        EACH(gives_up_after_the_retries),
        EACH(keeps_the_tab_after_a_network_error),
        EACH(refuses_a_drifted_page_without_trying_again),
        EACH(a_page_that_did_not_end_is_what_its_status_says),
        EACH(never_stores_rows_of_an_error_page),
        EACH(cancelling_ends_it_once_with_everything_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
