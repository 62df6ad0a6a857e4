/* SPDX-License-Identifier: MIT */
/* test_chrome_workers.c - several browsers: who is served, when one is replaced, what its other pages notice of it. */
#include "test_chrome.h"

#include "base/clock.h"
#include "chrome/pool_priv.h" /* to let memory become short */

static struct pool_stats stats_of(const struct world *w)
{
    struct pool_stats stats;

    pool_stats(w->pool, &stats);
    return stats;
}

static void take_all(struct world *w, int n)
{
    for (int i = 0; i < n; i++)
        take(w, i);
}

static void give_back_all(struct world *w, int n)
{
    for (int i = 0; i < n; i++)
        pool_return(&w->holders[i].lease, true);
}

/* A page and a tab come and go, each time by the holder n. */
static void serve_pages(struct world *w, int n, int times)
{
    for (int i = 0; i < times; i++) {
        take(w, n);
        assert_tab_works(w, n);
        pool_return(&w->holders[n].lease, true);
    }
}

static void await_recycle(struct world *w, enum pool_recycle reason)
{
    while (stats_of(w).recycles[reason] == 0)
        turn(w, 10);
}

static void await_live(struct world *w, int n)
{
    while (stats_of(w).browsers_live != n)
        turn(w, 10);
}

/* Holder 0 had a page before its browser was retired: it works on, then the browser goes. */
static void assert_finishes_undisturbed(struct world *w)
{
    pid_t old = pool_browser_pid(w->pool);

    assert_int_equal(call(w, 0, "() => document.title", NULL, PAGE_MS), ERR_OK);
    assert_string_equal(w->holders[0].value, "plain");
    take(w, 1); /* in the replacement */
    assert_int_equal(stats_of(w).browsers_live, 2);
    assert_tab_works(w, 1);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    await_live(w, 1);

    assert_int_not_equal(pool_browser_pid(w->pool), old);
    assert_int_equal(w->holders[0].losses, 0);
    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
    assert_int_equal(stats_of(w).browsers_started, 2);
    assert_int_equal(stats_of(w).browsers_lost, 0);
}

/* ---- several ------------------------------------------------------------------------------------- */

static void runs_browsers_side_by_side_when_they_are_needed(void **state)
{
    struct world *w = *state;
    pid_t pids[4];

    make_pool(w, "browsers=2");
    take_all(w, 2);
    assert_int_equal(stats_of(w).browsers_live, 1);
    take(w, 2);
    take(w, 3);

    assert_int_equal(stats_of(w).slots, 4);
    assert_int_equal(stats_of(w).leased, 4);
    assert_int_equal(pool_browser_pids(w->pool, pids, 4), 2);
    assert_int_not_equal(pids[0], pids[1]);
    for (int i = 0; i < 4; i++)
        assert_tab_works(w, i);
    give_back_all(w, 4);
}

static void the_death_of_one_browser_leaves_the_other_s_pages_alone(void **state)
{
    struct world *w = *state;
    pid_t pids[2];

    make_pool(w, "browsers=2", "tabs_per_browser=1");
    take_all(w, 2);
    assert_int_equal(pool_browser_pids(w->pool, pids, 2), 2);
    kill(pids[0], SIGKILL);
    while (!w->holders[0].losses && !w->holders[1].losses)
        loop_run(w->loop);

    assert_int_equal(w->holders[0].losses + w->holders[1].losses, 1);
    assert_int_equal(stats_of(w).ends[ERR_BROWSER_EXIT], 1);
    assert_int_equal(stats_of(w).recycles[RECYCLE_CRASH], 1);
    for (int i = 0; i < 2; i++)
        if (w->holders[i].lease)
            assert_tab_works(w, i);
        else
            assert_int_equal(w->holders[i].lost_err.code, ERR_BROWSER_EXIT);
    take(w, w->holders[0].lease ? 1 : 0);
    give_back_all(w, 2);
}

static void a_budget_for_one_browser_starts_no_second(void **state)
{
    struct world *w = *state;

    make_pool(w, "browsers=3", "tabs_per_browser=1", "memory_budget=500M", "worker_memory=400M");
    take(w, 0);
    ask_for(w, 1, 300, HOLD_MS);
    while (!w->holders[1].answered)
        loop_run(w->loop);

    assert_int_equal(w->holders[1].grant_err.code, ERR_TIMEOUT);
    assert_int_equal(stats_of(w).browsers_most, 1);
    assert_int_equal(stats_of(w).slots, 1);
    assert_int_equal(stats_of(w).browsers_started, 1);
    pool_return(&w->holders[0].lease, true);
}

static void serves_sites_in_turn(void **state)
{
    static const struct lease_request a = {.site = "a", .wait_ms = WAIT_MS, .hold_ms = HOLD_MS};
    static const struct lease_request b = {.site = "b", .wait_ms = WAIT_MS, .hold_ms = HOLD_MS};
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    ask_as(w, 0, &a);
    await_grant(w, 0);
    ask_as(w, 1, &a);
    ask_as(w, 2, &a);
    ask_as(w, 3, &b);
    for (int i = 0; i < 4; i++) {
        int holder = i == 0 ? 0 : i == 1 ? 1 : i == 2 ? 3 : 2;

        await_grant(w, holder);
        assert_int_equal(w->holders[holder].grant_order, i + 1);
        pool_return(&w->holders[holder].lease, true);
    }
}

/* ---- replaced ------------------------------------------------------------------------------------ */

static void replaces_a_browser_after_its_pages(void **state)
{
    struct world *w = *state;

    make_pool(w, "pages_per_browser=2");
    take(w, 0);
    assert_tab_works(w, 0);
    serve_pages(w, 1, 2);
    await_recycle(w, RECYCLE_PAGES);

    assert_finishes_undisturbed(w);
    assert_int_equal(stats_of(w).recycles[RECYCLE_PAGES], 1);
}

static void replaces_a_browser_at_its_age(void **state)
{
    struct world *w = *state;

    make_pool(w, "browser_age=1s");
    take(w, 0);
    assert_tab_works(w, 0);
    await_recycle(w, RECYCLE_AGE);

    /* The replacement ages, too: only the first part of what the others do. */
    assert_tab_works(w, 0);
    take(w, 1);
    assert_tab_works(w, 1);
    give_back_all(w, 2);
    assert_int_equal(w->holders[0].losses + w->holders[1].losses, 0);
}

static void replaces_a_browser_over_its_soft_cap_only_after_its_pages(void **state)
{
    struct world *w = *state;

    make_pool(w, "worker_memory_soft=150M");
    take_all(w, 2);
    assert_tab_works(w, 0);
    go(w, 1, "/fat");
    await_recycle(w, RECYCLE_MEMORY);
    pool_return(&w->holders[1].lease, true);

    assert_finishes_undisturbed(w);
    assert_true(stats_of(w).peak_worker_bytes > 150 << 20);
}

static void replaces_a_browser_in_which_pages_keep_failing(void **state)
{
    struct world *w = *state;

    make_pool(w);
    for (int i = 0; i < 5; i++) {
        take(w, 0);
        assert_int_equal(go_for(w, 0, "/silent", 100), ERR_TIMEOUT);
        pool_return(&w->holders[0].lease, false);
    }
    await_recycle(w, RECYCLE_FAILING);

    serve_pages(w, 0, 1);
    assert_int_equal(stats_of(w).ends[ERR_TIMEOUT], 5);
    assert_int_equal(stats_of(w).browsers_started, 2);
}

static void kills_a_browser_that_misses_its_heartbeat(void **state)
{
    static const struct lease_request request = {
        .site = "test", .url = "http://test.invalid/page", .wait_ms = WAIT_MS, .hold_ms = HOLD_MS};
    struct world *w = *state;

    make_pool(w, "heartbeat=300ms");
    ask_as(w, 0, &request);
    await_grant(w, 0);
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGSTOP);
    await_loss(w, 0);

    assert_int_equal(w->holders[0].lost_err.code, ERR_NO_ANSWER);
    assert_non_null(strstr(w->holders[0].lost_err.text, "did not answer for 300 ms"));
    assert_non_null(strstr(w->holders[0].lost_err.text, "http://test.invalid/page"));
    while (count_left(w) > 0)
        turn(w, 10);
    serve_pages(w, 0, 1);
    assert_int_equal(stats_of(w).recycles[RECYCLE_NO_ANSWER], 1);
    assert_int_equal(stats_of(w).ends[ERR_NO_ANSWER], 1);
}

/* The program by a name of its own, that can be made to mean another file. */
static char *link_program(struct world *w, const char *target)
{
    char *path = mem_printf("%s/chromium-headless-shell", w->run_dir);
    char *fresh = mem_printf("%s.new", path);

    assert_int_equal(symlink(target, fresh), 0);
    assert_int_equal(rename(fresh, path), 0);
    mem_free(fresh);
    return path;
}

static void replaces_a_browser_whose_program_was_upgraded(void **state)
{
    static const char real[] = "/usr/lib/chromium/chromium-headless-shell";
    struct world *w = *state;
    char *path = NULL, *set;

    if (access(real, X_OK) < 0)
        skip_because("no chromium-headless-shell of Debian");
    path = link_program(w, real);
    set = mem_printf("chrome=%s", path);
    make_pool(w, set, "heartbeat=100ms");
    mem_free(set);
    take(w, 0);
    assert_tab_works(w, 0);
    mem_free(link_program(w, "/bin/true"));
    await_recycle(w, RECYCLE_UPGRADE);
    mem_free(link_program(w, real));

    assert_finishes_undisturbed(w);
    unlink(path);
    mem_free(path);
}

static int signal_service(struct world *w, const char *type, int signum)
{
    int n = 0;

    see_processes(w);
    for (size_t i = 0; i < w->seen.n; i++) {
        char path[64], text[16384];
        FILE *file;
        size_t len;

        snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)w->seen.members[i].pid);
        file = fopen(path, "re");
        len = file ? fread(text, 1, sizeof(text), file) : 0;
        if (file)
            fclose(file);
        n += len > 0 && memmem(text, len, type, strlen(type)) &&
             kill(w->seen.members[i].pid, signum) == 0;
    }
    return n;
}

static void replaces_a_browser_whose_network_service_is_frozen(void **state)
{
    struct world *w = *state;

    make_pool(w);
    serve_pages(w, 0, 1);
    if (signal_service(w, "NetworkService", SIGSTOP) == 0)
        skip_because("this Chrome has no process for the network");
    while (stats_of(w).recycles[RECYCLE_FAILING] == 0) {
        take(w, 0);
        assert_int_not_equal(go_for(w, 0, "/plain", 200), ERR_OK);
        pool_return(&w->holders[0].lease, false);
        turn(w, 1);
    }

    serve_pages(w, 0, 1);
    while (count_left(w) > 0)
        turn(w, 10);
    assert_int_equal(stats_of(w).browsers_started, 2);
}

static void stops_browsers_in_every_state(void **state)
{
    struct world *w = *state;

    make_pool(w, "browsers=3", "tabs_per_browser=1", "pages_per_browser=1");
    take(w, 0);
    serve_pages(w, 1, 1); /* that one ends now */
    take(w, 1);
    w->stop_at_log = "to=spawning";
    ask_for(w, 2, WAIT_MS, HOLD_MS);
    loop_run(w->loop);
    w->stop_at_log = NULL;
    assert_true(stats_of(w).browsers_live >= 3);
    stop_pool(w);

    assert_int_equal(w->holders[0].losses + w->holders[1].losses, 2);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CANCELLED);
    assert_int_equal(w->holders[2].grant_err.code, ERR_CANCELLED);
}

/* ---- stopped and continued --------------------------------------------------------------------------- */

static void time_in_which_the_engine_stood_still_is_no_leak(void **state)
{
    enum { STOOD_STILL_MS = 600000 };
    struct world *w = *state;

    clock_fake_set(0);
    make_pool(w);
    take(w, 0);
    assert_tab_works(w, 0);
    clock_fake_advance(STOOD_STILL_MS);
    take(w, 1);
    turn(w, 50);

    assert_int_equal(stats_of(w).slot_leaks, 0);
    assert_int_equal(w->holders[0].losses, 0);
    assert_tab_works(w, 0);
    give_back_all(w, 2);
    stop_pool(w);
    clock_fake_off();
}

/* ---- held back ------------------------------------------------------------------------------------- */

static void holds_pages_back_while_memory_is_short(void **state)
{
    static const struct pressure_limits limits = {.proc_dir = "/proc",
                                                  .min_free_bytes = 64LL << 30};
    char why[PRESSURE_TEXT_BYTES];
    struct world *w = *state;

    if (!pressure_is_high(&limits, why))
        skip_because("this machine has more memory than can be asked for");
    make_pool(w, "min_free_memory=64G");
    ask_for(w, 0, 400, HOLD_MS);
    turn(w, 50);
    assert_true(stats_of(w).held_back);
    while (!w->holders[0].answered)
        loop_run(w->loop);

    assert_int_equal(w->holders[0].grant_err.code, ERR_TIMEOUT);
    assert_non_null(strstr(w->holders[0].grant_err.text, "min_free_memory is 65536"));
    assert_int_equal(stats_of(w).browsers_started, 0);
}

static void ends_unused_browsers_while_memory_is_short(void **state)
{
    struct world *w = *state;
    int64_t enough;

    make_pool(w, "browsers=2", "tabs_per_browser=1", "idle_exit=1h");
    take_all(w, 2);
    assert_int_equal(stats_of(w).browsers_live, 2);
    assert_tab_works(w, 0);
    pool_return(&w->holders[1].lease, true);
    turn(w, 300); /* longer than between two looks */
    enough = w->pool->pressure.min_free_bytes;
    w->pool->pressure.min_free_bytes = INT64_MAX;
    ask_for(w, 1, WAIT_MS, HOLD_MS);
    await_live(w, 1);

    assert_int_equal(stats_of(w).recycles[RECYCLE_IDLE], 1);
    assert_int_equal(w->holders[0].losses, 0);
    assert_tab_works(w, 0);
    assert_false(w->holders[1].answered);
    w->pool->pressure.min_free_bytes = enough;
    await_grant(w, 1);
    assert_tab_works(w, 1);
    give_back_all(w, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(runs_browsers_side_by_side_when_they_are_needed),
        CHROME_TEST(the_death_of_one_browser_leaves_the_other_s_pages_alone),
        CHROME_TEST(a_budget_for_one_browser_starts_no_second),
        CHROME_TEST(serves_sites_in_turn),
        CHROME_TEST(replaces_a_browser_after_its_pages),
        CHROME_TEST(replaces_a_browser_at_its_age),
        CHROME_TEST(replaces_a_browser_over_its_soft_cap_only_after_its_pages),
        CHROME_TEST(replaces_a_browser_in_which_pages_keep_failing),
        CHROME_TEST(kills_a_browser_that_misses_its_heartbeat),
        CHROME_TEST(replaces_a_browser_whose_program_was_upgraded),
        CHROME_TEST(replaces_a_browser_whose_network_service_is_frozen),
        CHROME_TEST(stops_browsers_in_every_state),
        CHROME_TEST(time_in_which_the_engine_stood_still_is_no_leak),
        CHROME_TEST(holds_pages_back_while_memory_is_short),
        CHROME_TEST(ends_unused_browsers_while_memory_is_short),
    };

    if (getenv("TEST_ONLY"))
        cmocka_set_test_filter(getenv("TEST_ONLY"));
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
