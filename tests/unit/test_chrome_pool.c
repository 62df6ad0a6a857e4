/* SPDX-License-Identifier: MIT */
/* test_chrome_pool.c - leases and browsers with the real Chrome: killed, not starting, idle, stopped, left behind. */
#include "test_chrome.h"

#include <sys/wait.h>

/* ---- the browser dies ------------------------------------------------------------------------------ */

static void fails_the_call_when_the_browser_is_killed_and_starts_another(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;
    int ops;

    make_pool(w);
    take(w, 0);
    take(w, 1);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    turn(w, 50);
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGKILL);
    await_op(&w->holders[0], ops);
    await_loss(w, 0);
    await_loss(w, 1);
    await_down(w);

    assert_int_equal(count_left(w), 0);
    assert_int_equal(w->holders[0].op_err.code, ERR_BROWSER_EXIT);
    assert_non_null(strstr(w->holders[0].op_err.text, "killed by signal 9"));
    assert_int_equal(w->holders[0].losses, 1);
    assert_int_equal(w->holders[1].losses, 1);
    assert_int_equal(w->holders[1].lost_err.code, ERR_BROWSER_EXIT);
    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 2);
    assert_int_equal(stats.browsers_lost, 1);
}

static void survives_a_browser_killed_while_it_starts(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    w->stop_at_log = "to=connecting";
    loop_run(w->loop);
    w->stop_at_log = NULL;
    kill(pool_browser_pid(w->pool), SIGKILL);
    while (!w->holders[0].answered)
        loop_run(w->loop);

    assert_null(w->holders[0].lease);
    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    take(w, 0); /* after the back-off of 2 s */
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_chrome_that_does_not_start(void **state)
{
    struct world *w = *state;

    make_pool(w, "chrome=/bin/sleep");
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (!w->holders[0].answered)
        loop_run(w->loop);
    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[0].grant_err.text, "exited with status 1"));
    assert_non_null(strstr(w->holders[0].grant_err.text, "unrecognized option"));

    /* In the back-off the reason stays the same, and nothing is tried. */
    ask_for(w, 1, 200, HOLD_MS);
    while (!w->holders[1].answered)
        loop_run(w->loop);
    assert_int_equal(w->holders[1].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[1].grant_err.text, "unrecognized option"));
}

/* A copy of this program, where Chrome's user can run it; what it plays is in its name. */
static char *make_impostor(struct world *w, const char *part)
{
    char *path = mem_printf("%s/%s", w->run_dir, part);
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char piece[65536];
    ssize_t n;

    assert_true(from >= 0 && to >= 0);
    while ((n = read(from, piece, sizeof(piece))) > 0)
        assert_int_equal(write(to, piece, (size_t)n), n);
    close(from);
    close(to);
    return path;
}

__attribute__((noreturn)) static void be_an_impostor(const char *program)
{
    static const char line[] =
        "[0101/000000.0:ERROR:flood.cc(1)] the same again and again and again\n";
    ssize_t ignored;

    for (;;) {
        if (str_ends(program, "flood"))
            ignored = write(STDERR_FILENO, line, sizeof(line) - 1);
        else
            ignored = pause();
        (void)ignored;
    }
}

static void assert_does_not_start(struct world *w, const char *part, const char *words)
{
    char *program = make_impostor(w, part);
    char *set = mem_printf("chrome=%s", program);
    const char *const sets[] = {set, "launch_timeout=1s"};
    bool made = make_pool_with(w, sets, ARRAY_LEN(sets));

    mem_free(set);
    if (made)
        ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (made && !w->holders[0].answered)
        loop_run(w->loop);
    unlink(program);
    mem_free(program);
    if (!made)
        skip();

    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[0].grant_err.text, "no DevTools address within 1000 ms"));
    assert_non_null(strstr(w->holders[0].grant_err.text, words));
}

static void reports_a_chrome_that_says_nothing(void **state)
{
    assert_does_not_start(*state, "silent", "it said: nothing");
}

static void is_not_held_up_by_a_chrome_that_floods_stderr(void **state)
{
    assert_does_not_start(*state, "flood", "again and again");
}

static void refuses_a_wrapper_script(void **state)
{
    static const char *const sets[] = {"chrome=/usr/bin/ldd"};
    struct world *w = *state;
    struct err err;

    assert_false(try_pool(w, sets, 1, &err));

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "chrome = /usr/bin/ldd: this is a wrapper script"));
}

static void names_the_user_that_is_missing(void **state)
{
    static const char *const sets[] = {"chrome_user=catchdeal-nobody"};
    struct world *w = *state;
    struct err err;

    if (geteuid() != 0)
        skip_because("only root runs Chrome as another user");
    if (try_pool(w, sets, 1, &err))
        fail_msg("the pool was made");
    if (strstr(err.text, "no Chrome found"))
        skip_because("no Chrome found");

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "useradd --system --no-create-home catchdeal-nobody"));
}

static void refuses_a_run_dir_that_chrome_cannot_enter(void **state)
{
    const char *sets[1];
    struct world *w = *state;
    struct err err;
    char *closed = NULL, *set;

    if (geteuid() != 0)
        skip_because("only root runs Chrome as another user");
    closed = mem_printf("%s/closed", w->run_dir);
    set = mem_printf("run_dir=%s", closed);
    sets[0] = set;
    assert_int_equal(mkdir(closed, 0700), 0);
    if (try_pool(w, sets, 1, &err))
        fail_msg("the pool was made");
    rmdir(closed);
    mem_free(closed);
    mem_free(set);
    if (strstr(err.text, "no Chrome found") || strstr(err.text, "which is missing"))
        skip_because("no Chrome, or not its user");

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "cannot enter"));
}

/* ---- leases ---------------------------------------------------------------------------------------- */

static void lends_to_waiters_in_their_order(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w);
    for (int i = 0; i < 4; i++)
        ask_for(w, i, WAIT_MS, HOLD_MS);
    await_grant(w, 0);
    await_grant(w, 1);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.leased, 2);
    assert_int_equal(stats.waiting, 2);
    assert_false(w->holders[2].answered || w->holders[3].answered);

    pool_return(&w->holders[1].lease, true);
    await_grant(w, 2);
    assert_false(w->holders[3].answered);
    pool_return(&w->holders[0].lease, true);
    await_grant(w, 3);
    assert_int_equal(w->holders[2].grant_order, 3);

    for (int i = 2; i < 4; i++)
        pool_return(&w->holders[i].lease, true);
}

static void a_waiter_hears_when_no_tab_came_in_time(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    ask_for(w, 1, 200, HOLD_MS);
    while (!w->holders[1].answered)
        loop_run(w->loop);

    assert_int_equal(w->holders[1].grant_err.code, ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void takes_the_tab_back_when_the_lease_runs_out(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    ask_for(w, 0, WAIT_MS, 200);
    await_grant(w, 0);
    await_loss(w, 0);

    assert_int_equal(w->holders[0].lost_err.code, ERR_TIMEOUT);
    take(w, 1);
    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
}

static void does_not_call_a_waiter_that_gave_up(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    pool_return(&w->holders[0].lease, true);
    take(w, 1);
    assert_tab_works(w, 1);

    assert_false(w->holders[0].answered);
    pool_return(&w->holders[1].lease, true);
}

static void an_operation_that_is_cancelled_does_not_call_back(void **state)
{
    struct world *w = *state;
    int ops;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => 'x'", NULL, PAGE_MS);
    tab_cancel(lease_tab(w->holders[0].lease));
    turn(w, 150);

    assert_int_equal(w->holders[0].ops, ops);
    assert_tab_works(w, 0);
    ask(w, 0, "() => 'x'", NULL, PAGE_MS);
    pool_return(&w->holders[0].lease, true); /* with the operation under way */
    ops = w->holders[0].ops;
    turn(w, 150);
    assert_int_equal(w->holders[0].ops, ops);
}

static void ends_a_browser_that_nobody_uses(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w, "idle_exit=1s");
    take(w, 0);
    assert_tab_works(w, 0);
    see_processes(w);
    pool_return(&w->holders[0].lease, true);
    await_down(w);
    assert_int_equal(count_left(w), 0);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 2);
    assert_int_equal(stats.browsers_lost, 0);
}

static void leaves_an_idle_page_for_a_blank_one(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/list");
    pool_return(&w->holders[0].lease, true);
    turn(w, 2600);
    take(w, 0);
    call(w, 0, "() => location.href", NULL, PAGE_MS);

    assert_string_equal(w->holders[0].value, "about:blank");
    pool_return(&w->holders[0].lease, true);
}

static void replaces_a_tab_that_its_page_spoils_after_the_lease(void **state)
{
    static const char later[] =
        "() => { setTimeout(() => { for (;;) alert(1) }, 100); return 'x' }";
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/plain");
    assert_int_equal(call(w, 0, later, NULL, PAGE_MS), ERR_OK);
    pool_return(&w->holders[0].lease, true);
    turn(w, 1000); /* its page is not left for a blank one yet */
    ask_for(w, 1, 900, HOLD_MS);
    await_grant(w, 1);

    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_int_equal(stats.ends[ERR_CANCELLED], 1);
}

static void tells_holders_and_waiters_when_the_pool_is_stopped(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/plain");
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    ask_for(w, 1, WAIT_MS, HOLD_MS);
    stop_pool(w);

    assert_int_equal(w->holders[0].losses, 1);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CANCELLED);
    assert_int_equal(w->holders[1].grant_err.code, ERR_CANCELLED);
}

static void stops_while_the_browser_starts(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    w->stop_at_log = "to=spawning";
    loop_run(w->loop);
    w->stop_at_log = NULL;
    stop_pool(w);

    assert_int_equal(w->holders[0].grant_err.code, ERR_CANCELLED);
}

static void kills_a_browser_that_does_not_close(void **state)
{
    struct world *w = *state;

    make_pool(w, "close_timeout=300ms");
    take(w, 0);
    assert_tab_works(w, 0);
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGSTOP);
    pool_return(&w->holders[0].lease, true);
    stop_pool(w);

    assert_int_equal(count_left(w), 0);
}

static void replaces_a_browser_that_does_not_answer(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w, "close_timeout=300ms");
    take(w, 0);
    go(w, 0, "/plain");
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGSTOP);
    assert_int_equal(call(w, 0, "() => 1", NULL, 200), ERR_NO_ANSWER);
    pool_return(&w->holders[0].lease, false);

    take(w, 1); /* its replacement does not wait for its end */
    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 2);
    assert_int_equal(stats.recycles[RECYCLE_NO_ANSWER], 1);
    while (count_left(w) > 0)
        turn(w, 10);
}

/* ---- the engine dies ------------------------------------------------------------------------------- */

/* Another engine, as far as Chrome is concerned: it opens a page, says so, and is killed. */
static int be_an_engine(const char *run_dir)
{
    struct world *w = mem_new(struct world);
    const char *const sets[] = {"tabs_per_browser=1"};

    snprintf(w->run_dir, sizeof(w->run_dir), "%s", run_dir);
    w->loop = loop_new();
    proc_init(w->loop);
    w->holders[0].world = w;
    if (!make_pool_with(w, sets, 1))
        return 3;
    take(w, 0);
    go(w, 0, "about:blank");
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 4;
    for (;;)
        loop_run(w->loop);
}

static pid_t start_engine(struct world *w)
{
    const char *const args[] = {"test_chrome_pool", "--engine", w->run_dir, NULL};
    int ready[2];
    char byte = 0;
    pid_t engine;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    engine = fork();
    if (engine == 0) {
        dup2(ready[1], STDOUT_FILENO);
        execv("/proc/self/exe", (char *const *)args);
        _exit(127);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        fail_msg("the other engine did not come up");
    close(ready[0]);
    return engine;
}

static void no_chrome_survives_a_killed_engine_and_the_next_sweeps(void **state)
{
    struct world *w = *state;
    struct pool *first;
    pid_t engine, browser;
    int tries = 500;

    make_pool(w); /* skips where there is no Chrome */
    engine = start_engine(w);
    browser = find_browser(w->run_dir);
    assert_true(browser > 0);
    proc_tree_init(&w->seen, browser);
    proc_tree_refresh(&w->seen);
    assert_true(w->seen.n > 2);

    kill(engine, SIGKILL);
    waitpid(engine, NULL, 0);
    while (count_left(w) > 0 && tries-- > 0)
        turn(w, 10);

    assert_int_equal(count_left(w), 0);
    first = w->pool;
    w->pool = NULL;
    config_fini(&w->config);
    make_pool(w); /* sweeps; teardown finds run_dir empty */
    pool_free(&first);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(fails_the_call_when_the_browser_is_killed_and_starts_another),
        CHROME_TEST(survives_a_browser_killed_while_it_starts),
        CHROME_TEST(reports_a_chrome_that_does_not_start),
        CHROME_TEST(reports_a_chrome_that_says_nothing),
        CHROME_TEST(is_not_held_up_by_a_chrome_that_floods_stderr),
        CHROME_TEST(refuses_a_wrapper_script),
        CHROME_TEST(names_the_user_that_is_missing),
        CHROME_TEST(refuses_a_run_dir_that_chrome_cannot_enter),
        CHROME_TEST(lends_to_waiters_in_their_order),
        CHROME_TEST(a_waiter_hears_when_no_tab_came_in_time),
        CHROME_TEST(takes_the_tab_back_when_the_lease_runs_out),
        CHROME_TEST(does_not_call_a_waiter_that_gave_up),
        CHROME_TEST(an_operation_that_is_cancelled_does_not_call_back),
        CHROME_TEST(ends_a_browser_that_nobody_uses),
        CHROME_TEST(leaves_an_idle_page_for_a_blank_one),
        CHROME_TEST(replaces_a_tab_that_its_page_spoils_after_the_lease),
        CHROME_TEST(tells_holders_and_waiters_when_the_pool_is_stopped),
        CHROME_TEST(stops_while_the_browser_starts),
        CHROME_TEST(kills_a_browser_that_does_not_close),
        CHROME_TEST(replaces_a_browser_that_does_not_answer),
        CHROME_TEST(no_chrome_survives_a_killed_engine_and_the_next_sweeps),
    };

    if (argc == 3 && str_eq(argv[1], "--engine"))
        return be_an_engine(argv[2]);
    if (argc > 1 && str_starts(argv[1], "--remote-debugging-port"))
        be_an_impostor(argv[0]);
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
