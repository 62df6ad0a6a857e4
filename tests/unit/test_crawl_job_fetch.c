/* SPDX-License-Identifier: MIT */
/* test_crawl_job_fetch.c - a page that is fetched, and the comparison with what Chrome shows; the fakes of test_crawl_job.h. */
#include "unit/test_crawl_job.h"

static void plan(enum render_plan plan)
{
    world.with_render = true;
    world.plan = plan;
}

static void a_fetched_page_is_stored_without_chrome(void **state)
{
    (void)state;
    plan(RENDER_PLAN_FETCH);
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.rendered, 0);
    assert_int_equal(world.fetched, 1);
    assert_int_equal(world.by, LOAD_FETCH);
    assert_int_equal(world.fine, 1);
}

/* What came first is stored; a 304 stands for these rows, and only once they are stored. */
static void nothing_changed_is_no_failure_and_counts_as_the_same(void **state)
{
    (void)state;
    plan(RENDER_PLAN_FETCH);
    world.etag = "\"v1\"";
    world.fail_step = STEP_STORE;
    world.fail_code = ERR_STORE;
    world.fail_times = 1;
    run_job();
    assert_end(ERR_STORE, 1, 0);

    world.ended = 0;
    run_job();
    assert_string_equal(world.conditional, ""); /* those rows were lost */
    assert_end(ERR_OK, 1, 2);

    world.ended = 0;
    world.stored = 0;
    run_job();
    assert_string_equal(world.conditional, "\"v1\"");
    assert_end(ERR_OK, 1, 0);
    assert_int_equal(world.counts.same, 2);
    assert_int_equal(world.rendered, 0);

    world.ended = 0;
    world.etag = "\"v2\"";
    run_job();
    assert_end(ERR_OK, 1, 2);
}

static void a_fetched_page_without_a_list_is_chromes_in_the_same_run(void **state)
{
    static const struct {
        const char *layout, *rows;
        enum step fail_step; /* of the reading */
        bool suspicious;
        const char *why;
    } rows[] = {
        {"null", "", STEP_NONE, false, "drift without Chrome"},
        {"\"plain\"", "", STEP_NONE, false, "empty without Chrome"},
        {"\"plain\"", two_rows, STEP_NATIVE, false, "protocol without Chrome"},
        {"\"plain\"", two_rows, STEP_NONE, true, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tear_down(state);
        set_up(state);
        plan(RENDER_PLAN_FETCH);
        world.fetch_layout = rows[i].layout;
        world.fetch_rows = rows[i].rows;
        world.suspicious = rows[i].suspicious;
        world.fail_step = rows[i].fail_step;
        world.fail_code = ERR_PROTOCOL;
        world.fail_times = 1;
        run_job();
        assert_end(ERR_OK, 1, 2);
        assert_int_equal(world.by, LOAD_CHROME);
        assert_int_equal(world.fetched, 1);
        assert_int_equal(world.rendered, 1);
        assert_int_equal(world.compared, 1);
        assert_int_equal(world.verdict, rows[i].suspicious ? RENDER_EQUAL : RENDER_DIFFERENT);
        assert_string_equal(world.why, rows[i].why);
    }
}

static void a_page_that_chrome_refuses_too_proves_nothing(void **state)
{
    (void)state;
    plan(RENDER_PLAN_FETCH);
    world.fetch_layout = world.layout = "null";
    world.fetch_rows = world.rows = "";
    run_job();
    assert_end(ERR_DRIFT, 1, 0);
    assert_int_equal(world.rendered, 1);
    assert_int_equal(world.compared, 0);
}

static void failures_of_a_fetch_are_not_chromes(void **state)
{
    static const enum err_code codes[] = {ERR_NETWORK, ERR_TIMEOUT};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        tear_down(state);
        set_up(state);
        plan(RENDER_PLAN_FETCH);
        world.config.page_retries = 1;
        world.fail_step = STEP_FETCH;
        world.fail_code = codes[i];
        world.fail_times = 2;
        run_job();
        assert_end(codes[i], 2, 0);
        assert_int_equal(world.rendered, 0);
        assert_int_equal(world.compared, 0);
        assert_int_equal(world.troubles, 2);
    }
    tear_down(state);
    set_up(state);
    plan(RENDER_PLAN_FETCH);
    world.fetch_status = 403;
    run_job();
    assert_end(ERR_BLOCKED, 1, 0);
    assert_int_equal(world.rendered, 0);
    assert_int_equal(world.failed_comparisons, 1);
    assert_int_equal(world.troubles, 1);
}

static void in_mode_fetch_chrome_is_never_asked(void **state)
{
    (void)state;
    plan(RENDER_PLAN_FETCH);
    world.may_ask_chrome = false;
    world.suspicious = true;
    world.fetch_layout = "null";
    world.fetch_rows = "";
    run_job();
    assert_end(ERR_DRIFT, 1, 0);
    assert_int_equal(world.rendered, 0);
}

/* Doubts that nobody can settle cost no deal. */
static void a_doubtful_list_stands_when_chrome_has_no_answer(void **state)
{
    (void)state;
    plan(RENDER_PLAN_FETCH);
    world.suspicious = true;
    world.fail_step = STEP_LEASE;
    world.fail_code = ERR_LAUNCH;
    world.fail_times = 1;
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.by, LOAD_FETCH);
    assert_int_equal(world.compared, 0);

    world.ended = 0;
    world.stored = 0;
    world.fail_times = 1;
    world.fetch_layout = "null";
    world.fetch_rows = "";
    run_job();
    assert_end(ERR_DRIFT, 1, 0);
}

static void a_rendered_page_is_stored_and_then_compared(void **state)
{
    (void)state;
    plan(RENDER_PLAN_COMPARE);
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.by, LOAD_CHROME);
    assert_int_equal(world.verdict, RENDER_EQUAL);
    assert_int_equal(world.compared, 1);
    assert_int_equal(world.fine, 2);

    world.ended = 0;
    world.fetch_rows = "{\"key\":\"1\",\"title\":\"other\",\"url\":\"http://a/1\"},"
                       "{\"key\":\"2\",\"title\":\"two\",\"url\":\"http://a/2\"}";
    run_job();
    assert_int_equal(world.verdict, RENDER_DIFFERENT);
    assert_string_equal(world.why, "row 1: title");

    world.ended = 0;
    world.fetch_layout = "null";
    world.fetch_rows = "";
    run_job();
    assert_int_equal(world.compared, 3);
    assert_string_equal(world.why, "drift without Chrome");
    assert_int_equal(world.stored, 6);
}

static void a_comparison_that_fails_is_no_failure_of_the_page(void **state)
{
    static const struct {
        enum step step;
        enum err_code code;
        int status;
    } rows[] = {
        {STEP_FETCH, ERR_NETWORK, 200},
        {STEP_FETCH, ERR_TIMEOUT, 200},
        {STEP_NONE, ERR_OK, 403},
        {STEP_NONE, ERR_OK, 503},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tear_down(state);
        set_up(state);
        plan(RENDER_PLAN_COMPARE);
        world.fail_step = rows[i].step;
        world.fail_code = rows[i].code;
        world.fail_times = 1;
        world.fetch_status = rows[i].status;
        run_job();
        assert_end(ERR_OK, 1, 2);
        assert_int_equal(world.compared, 0);
        assert_int_equal(world.failed_comparisons, 1);
        assert_int_equal(world.troubles, 1);
    }
}

static void cancelling_a_comparison_leaves_the_page_done(void **state)
{
    (void)state;
    plan(RENDER_PLAN_COMPARE);
    world.cancel_when_fetched = true;
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.compared, 0);
}

/* What is proven stays so when Chrome cannot be asked; what is not needs Chrome. */
static void a_due_comparison_is_left_out_when_chrome_does_not_start(void **state)
{
    (void)state;
    plan(RENDER_PLAN_COMPARE);
    world.fail_step = STEP_LEASE;
    world.fail_code = ERR_LAUNCH;
    world.fail_times = 2;
    run_job();
    assert_end(ERR_LAUNCH, 1, 0);

    world.ended = 0;
    world.may_fetch = true;
    run_job();
    assert_end(ERR_OK, 1, 2);
    assert_int_equal(world.by, LOAD_FETCH);
    assert_int_equal(world.compared, 0);
}

static void without_a_pool_pages_are_fetched_or_fail(void **state)
{
    (void)state;
    world.no_pool = true;
    run_job();
    assert_end(ERR_LAUNCH, 1, 0);
    assert_string_equal(world.end.text, "no Chrome here");

    world.ended = 0;
    plan(RENDER_PLAN_FETCH);
    world.suspicious = true; /* and nobody to ask */
    run_job();
    assert_end(ERR_OK, 1, 2);
}

static void tells_the_gate_what_the_host_answered_and_not_what_chrome_did(void **state)
{
    static const struct {
        enum step step;
        enum err_code code;
        int status, fine, troubles;
    } rows[] = {
        {STEP_NONE, ERR_OK, 200, 1, 0},        {STEP_NONE, ERR_OK, 404, 1, 0},
        {STEP_NONE, ERR_OK, 429, 0, 1},        {STEP_NONE, ERR_OK, 500, 0, 1},
        {STEP_NAVIGATE, ERR_NETWORK, 0, 0, 1}, {STEP_NAVIGATE, ERR_TIMEOUT, 0, 0, 1},
        {STEP_NAVIGATE, ERR_CRASHED, 0, 0, 0}, {STEP_LEASE, ERR_TIMEOUT, 0, 0, 0},
        {STEP_CALL, ERR_TIMEOUT, 0, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tear_down(state);
        set_up(state);
        world.config.page_retries = 0;
        world.fail_step = rows[i].step;
        world.fail_code = rows[i].code;
        world.fail_times = 1;
        world.status = rows[i].status;
        run_job();
        if (world.fine != rows[i].fine || world.troubles != rows[i].troubles)
            fail_msg("row %zu: fine %d, troubles %d", i, world.fine, world.troubles);
        if (rows[i].troubles)
            assert_int_equal(world.retry_after_ms, rows[i].status ? 7000 : RETRY_AFTER_NONE);
    }
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(a_fetched_page_is_stored_without_chrome),
        EACH(nothing_changed_is_no_failure_and_counts_as_the_same),
        EACH(a_fetched_page_without_a_list_is_chromes_in_the_same_run),
        EACH(a_page_that_chrome_refuses_too_proves_nothing),
        EACH(failures_of_a_fetch_are_not_chromes),
        EACH(in_mode_fetch_chrome_is_never_asked),
        EACH(a_doubtful_list_stands_when_chrome_has_no_answer),
        EACH(a_rendered_page_is_stored_and_then_compared),
        EACH(a_comparison_that_fails_is_no_failure_of_the_page),
        EACH(cancelling_a_comparison_leaves_the_page_done),
        EACH(a_due_comparison_is_left_out_when_chrome_does_not_start),
        EACH(without_a_pool_pages_are_fetched_or_fail),
        EACH(tells_the_gate_what_the_host_answered_and_not_what_chrome_did),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
