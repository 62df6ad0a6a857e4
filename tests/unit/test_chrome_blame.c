/* SPDX-License-Identifier: MIT */
/* test_chrome_blame.c - which end a kill by the kernel is put down to. The counters are ours to set. */
#include "chrome/blame.h"
#include "base/clock.h"
#include "chrome/cage_rung.h"
#include "support/unit.h"

static struct cage_sample counters;

static int sample(struct cage *of, struct cage_sample *out, struct err *err)
{
    (void)of;
    (void)err;
    *out = counters;
    out->at_ms = clock_mono_ms();
    return 0;
}

static const struct cage_ops ops = {.rung = CAGE_V2, .sample = sample};
static struct cage_yard yard = {.ops = &ops};
static struct cage cage = {.yard = &yard};

static int setup(void **state)
{
    static const struct cage_caps caps = {.hard_bytes = (int64_t)256 << 20};
    static struct blame blame;

    clock_fake_set(1800000000000);
    counters = (struct cage_sample){
        .refaults = CAGE_UNKNOWN, .stall_ms = CAGE_UNKNOWN, .pids_denied = CAGE_UNKNOWN};
    blame_begin(&blame, CAGE_V2, &caps);
    blame.cage = &cage;
    *state = &blame;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clock_fake_off();
    return 0;
}

static enum err_code explain(struct blame *blame, const struct cage_sample *since, bool silent,
                             enum err_code code, const char *text)
{
    struct browser_end end = {.since = since, .silent = silent};
    struct err err;

    err_set(&err, code, "%s", text);
    blame_explain(blame, &end, "", &err);
    return err.code;
}

static enum err_code killed(struct blame *blame, const struct cage_sample *since)
{
    return explain(blame, since, false, ERR_CRASHED, "the page's process is gone: killed 9");
}

static void a_kill_accounts_for_one_end(void **state)
{
    struct cage_sample began;

    blame_mark(*state, &began);
    counters.oom_kills = 1;

    assert_int_equal(killed(*state, &began), ERR_OOM);
    assert_int_equal(killed(*state, &began), ERR_CRASHED);
}

static void a_silent_end_leaves_the_kill_to_the_crash_that_follows(void **state)
{
    struct cage_sample began;

    blame_mark(*state, &began);
    clock_fake_advance(5000);
    counters.oom_kills = 1;

    assert_int_equal(explain(*state, &began, true, ERR_HUNG, "nothing came"), ERR_HUNG);
    assert_int_equal(killed(*state, &began), ERR_OOM);
}

static void a_silent_end_under_pressure_is_thrash(void **state)
{
    struct cage_sample began;

    counters.stall_ms = 0;
    blame_mark(*state, &began);
    clock_fake_advance(5000);
    counters.stall_ms = 4000;

    assert_int_equal(explain(*state, &began, true, ERR_HUNG, "nothing came"), ERR_MEMORY_THRASH);
}

static void a_kill_before_the_page_began_is_not_the_page_s(void **state)
{
    struct cage_sample began;

    counters.oom_kills = 1; /* nobody's */
    clock_fake_advance(3600 * 1000);
    blame_mark(*state, &began);
    assert_int_equal(killed(*state, &began), ERR_CRASHED);

    counters.oom_kills = 2;
    assert_int_equal(killed(*state, &began), ERR_OOM);
    assert_int_equal(killed(*state, &began), ERR_CRASHED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_kill_accounts_for_one_end),
        TEST(a_silent_end_leaves_the_kill_to_the_crash_that_follows),
        TEST(a_silent_end_under_pressure_is_thrash),
        TEST(a_kill_before_the_page_began_is_not_the_page_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
