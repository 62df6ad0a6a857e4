/* SPDX-License-Identifier: MIT */
/* test_chrome_caps.c - a real Chrome in a cage: what goes beyond its caps dies alone, and says of what.
 *
 * The same tests on each rung of the memory cap that this machine has.
 */
#include "test_chrome.h"

#include "base/clock.h"
#include "chrome/cage.h"

#include <malloc.h>

#define WAIT_FOR_EVER "() => new Promise(() => 0)"

enum { MIB = 1 << 20, ENGINE_GROWTH_MAX = 8 * MIB };

static struct pool_stats stats_of(const struct world *w)
{
    struct pool_stats stats;

    pool_stats(w->pool, &stats);
    return stats;
}

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Of the engine, that is of this process: not its RSS, which under a sanitizer holds what was freed. */
static int64_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return (int64_t)__sanitizer_get_current_allocated_bytes();
    return (int64_t)mallinfo2().uordblks;
}

static bool has_rung(enum cage_rung rung)
{
    struct cage_survey survey;

    cage_detect(NULL, &survey);
    return rung == CAGE_PSS || survey.rung == rung;
}

static void ask_for_url(struct world *w, int n, const char *path)
{
    char *url = mem_printf("http://127.0.0.1:%d%s", w->port, path);
    struct lease_request request = {
        .site = "test", .url = url, .wait_ms = WAIT_MS, .hold_ms = HOLD_MS};

    ask_as(w, n, &request);
    mem_free(url);
    await_grant(w, n);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static int told_peak_mib(const char *text)
{
    const char *at = strstr(text, "; peak ");

    return at ? atoi(at + strlen("; peak ")) : -1;
}

/* Holder 0 works on a page while holder 1's takes 50 MB a second. */
static void assert_only_the_hog_dies(struct world *w, enum cage_rung rung)
{
    struct holder *hog = &w->holders[1];
    int64_t heap_before;
    int ops;

    ask_for_url(w, 0, "/plain");
    ask_for_url(w, 1, "/eat");
    assert_tab_works(w, 0);
    heap_before = heap_bytes();
    assert_int_equal(go(w, 1, "/eat"), ERR_OK);
    ops = hog->ops;
    ask(w, 1, WAIT_FOR_EVER, NULL, HOLD_MS);
    await_op(hog, ops);

    if (hog->op_err.code != ERR_OOM)
        fail_msg("%s: %s", err_reason(hog->op_err.code), hog->op_err.text);
    assert_in_range(told_peak_mib(hog->op_err.text), 220, rung == CAGE_PSS ? 2000 : 256);
    assert_non_null(strstr(hog->op_err.text, " of 256 MiB; page http://127.0.0.1:"));
    assert_non_null(strstr(hog->op_err.text, "/eat"));
    assert_true(heap_bytes() - heap_before < ENGINE_GROWTH_MAX);
    if (hog->lease)
        await_loss(w, 1);
    assert_int_equal(hog->lost_err.code, ERR_OOM);
    assert_int_equal(call(w, 0, "() => document.title", NULL, PAGE_MS), ERR_OK);
    assert_string_equal(w->holders[0].value, "plain");
    assert_tab_works(w, 0);
    take(w, 1);
    assert_tab_works(w, 1);

    assert_int_equal(stats_of(w).browsers_started, 1);
    assert_int_equal(stats_of(w).ends[ERR_OOM], 1);
    assert_int_equal(stats_of(w).tabs_crashed, 1);
    assert_int_equal(w->holders[0].losses, 0);
    pool_return(&w->holders[0].lease, true);
    pool_return(&w->holders[1].lease, true);
}

static void hog_under(struct world *w, enum cage_rung rung)
{
    char *set = NULL;

    if (!has_rung(rung))
        skip_because("a rung that this machine does not have");
    set = mem_printf("memory_cap_rung=%s", cage_rung_name(rung));
    make_pool(w, set, "worker_memory=256M", "worker_memory_soft=0");
    mem_free(set);
    assert_string_equal(stats_of(w).rung, cage_rung_name(rung));
    assert_only_the_hog_dies(w, rung);
}

static void only_the_page_that_eats_memory_dies_on_cgroup_v2(void **state)
{
    hog_under(*state, CAGE_V2);
}

static void only_the_page_that_eats_memory_dies_on_cgroup_v1(void **state)
{
    hog_under(*state, CAGE_V1);
}

static void only_the_page_that_eats_memory_dies_on_sampled_pss(void **state)
{
    hog_under(*state, CAGE_PSS);
}

static void the_lease_s_cost_comes_from_the_cage(void **state)
{
    struct world *w = *state;
    struct lease_cost cost;

    make_pool(w);
    take(w, 0);
    assert_int_equal(go(w, 0, "/fat"), ERR_OK);
    while (stats_of(w).peak_worker_bytes < 150LL * MIB)
        turn(w, 20);
    turn(w, 500);
    lease_cost(w->holders[0].lease, &cost);

    assert_in_range(cost.peak_pss_bytes, 150LL * MIB, 400LL * MIB);
    assert_in_range(cost.gb_ms, 500 / 10, 10000);
    assert_true(cost.cpu_ms > 0);
    pool_return(&w->holders[0].lease, true);
}

static void caps_nothing_where_it_is_told_so(void **state)
{
    struct world *w = *state;

    make_pool(w, "memory_cap_rung=none", "worker_memory=64M", "worker_pids=10",
              "worker_memory_soft=0");
    take(w, 0);
    assert_int_equal(go(w, 0, "/fat"), ERR_OK);
    while (stats_of(w).peak_worker_bytes < 150LL * MIB)
        turn(w, 20);
    assert_int_equal(call(w, 0, "() => document.title", NULL, PAGE_MS), ERR_OK);

    assert_string_equal(w->holders[0].value, "fat");
    assert_string_equal(stats_of(w).rung, "none");
    pool_return(&w->holders[0].lease, true);
}

/* ---- launches under caps --------------------------------------------------------------------------- */

static void assert_refused(struct world *w, enum err_code code, const char *words)
{
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (!w->holders[0].answered)
        loop_run(w->loop);

    assert_null(w->holders[0].lease);
    if (w->holders[0].grant_err.code != code || !strstr(w->holders[0].grant_err.text, words))
        fail_msg("%s: %s", err_reason(w->holders[0].grant_err.code), w->holders[0].grant_err.text);
    assert_int_equal(stats_of(w).ends[code], 1);
}

static void a_cap_too_small_for_chrome_is_named(void **state)
{
    struct world *w = *state;

    if (has_rung(CAGE_V1) + has_rung(CAGE_V2) == 0)
        skip_because("no group caps memory here");
    make_pool(w, "worker_memory=24M", "launch_timeout=5s");
    assert_refused(w, ERR_LAUNCH, "worker_memory of 24 MiB is too small");
}

static void too_few_processes_for_chrome_are_named(void **state)
{
    struct world *w = *state;

    if (has_rung(CAGE_V1) + has_rung(CAGE_V2) == 0)
        skip_because("no group caps processes here");
    make_pool(w, "worker_pids=12", "launch_timeout=5s");
    assert_refused(w, ERR_PIDS, "worker_pids of 12 is too small");
}

/* Enough for the browser and a page or two. */
static void pages_that_get_no_process_end_for_that_reason(void **state)
{
    struct world *w = *state;
    const int last = MAX_HOLDERS - 1;

    if (has_rung(CAGE_V1) + has_rung(CAGE_V2) == 0)
        skip_because("no group caps processes here");
    make_pool(w, "worker_pids=55", "tabs_per_browser=4", "launch_timeout=20s");
    for (int i = 0; i < MAX_HOLDERS; i++) {
        ask_for(w, i, 2000, HOLD_MS);
        while (!w->holders[i].answered)
            loop_run(w->loop);
    }
    /* A try to open the tab may go on for longer than a wait: it counts when it ends. */
    for (int again = 0; again < 10 && !w->holders[last].lease && !stats_of(w).ends[ERR_PIDS];
         again++) {
        ask_for(w, last, 2000, HOLD_MS);
        while (!w->holders[last].answered)
            loop_run(w->loop);
    }

    /* What the last one was told depends on how fast the machine was; why tabs ended does not. */
    assert_true(stats_of(w).ends[ERR_PIDS] > 0);
    assert_int_equal(stats_of(w).ends[ERR_CRASHED] + stats_of(w).ends[ERR_BROWSER_EXIT], 0);
    assert_true(stats_of(w).browsers_started < 6); /* no tight loop */
    for (int i = 0; i < MAX_HOLDERS; i++)
        pool_return(&w->holders[i].lease, true);
}

static void names_the_rung_that_cannot_be_had(void **state)
{
    static const char *const sets[] = {"memory_cap_rung=cgroup-v2"};
    struct world *w = *state;
    struct err err;

    if (has_rung(CAGE_V2))
        skip_because("this machine has cgroup-v2");
    if (try_pool(w, sets, 1, &err))
        fail_msg("the pool was made");
    if (strstr(err.text, "no Chrome found") || strstr(err.text, "which is missing"))
        skip_because("no Chrome, or not its user");

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "memory_cap_rung = cgroup-v2: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(only_the_page_that_eats_memory_dies_on_cgroup_v2),
        CHROME_TEST(only_the_page_that_eats_memory_dies_on_cgroup_v1),
        CHROME_TEST(only_the_page_that_eats_memory_dies_on_sampled_pss),
        CHROME_TEST(the_lease_s_cost_comes_from_the_cage),
        CHROME_TEST(caps_nothing_where_it_is_told_so),
        CHROME_TEST(a_cap_too_small_for_chrome_is_named),
        CHROME_TEST(too_few_processes_for_chrome_are_named),
        CHROME_TEST(pages_that_get_no_process_end_for_that_reason),
        CHROME_TEST(names_the_rung_that_cannot_be_had),
    };

    if (getenv("TEST_ONLY"))
        cmocka_set_test_filter(getenv("TEST_ONLY"));
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
