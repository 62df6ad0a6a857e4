/* SPDX-License-Identifier: MIT */
/* test_base_proc_tree.c - trees of children, and what is left behind of them (nothing). */
#include "test_base_proc.h"

/* ---- trees ----------------------------------------------------------------------------------- */

static const char three_generations[] =
    "sh -c 'sleep 1000 & echo $! >&2; setsid sleep 1000 & echo $! >&2; wait' & echo $! >&2; wait";

/* Runs the loop until `n` lines have come. */
static void run_until_lines(struct world *w, int n)
{
    w->stop_at_line = true;
    for (int i = 0; i < n; i++)
        run(w);
    w->stop_at_line = false;
}

static void pids_of_lines(struct world *w, pid_t *pids, int n)
{
    char *text = mem_strdup(buf_str(&w->lines));
    char *rest = text;

    for (int i = 0; i < n; i++)
        pids[i] = (pid_t)atoi(str_next(&rest, '|'));
    mem_free(text);
}

static void run_until_line_count(struct world *w, int n)
{
    for (;;) {
        int have = 0;

        for (const char *c = buf_str(&w->lines); *c; c++)
            have += *c == '|';
        if (have >= n)
            return;
        run_until_lines(w, 1);
    }
}

static void kill_tree_reaches_grandchildren_in_sessions_of_their_own(void **state)
{
    struct world *w = *state;
    pid_t pids[3];

    start_shell(w, three_generations);
    run_until_line_count(w, 3);
    pids_of_lines(w, pids, 3);
    assert_true(proc_tree_size(w->proc) >= 4);
    proc_kill_tree(w->proc, SIGKILL);
    run(w);

    for (int i = 0; i < 3; i++)
        assert_true(dies(pids[i]));
    assert_int_equal(proc_tree_size(w->proc), 0);
}

static void tree_of_a_dead_child_is_still_known(void **state)
{
    struct world *w = *state;
    pid_t pids[3];

    start_shell(w, three_generations);
    run_until_line_count(w, 3);
    pids_of_lines(w, pids, 3);
    assert_true(proc_tree_size(w->proc) >= 4);
    proc_kill(w->proc, SIGKILL);
    run(w);
    assert_int_equal(proc_tree_size(w->proc), 3);
    proc_kill_tree(w->proc, SIGKILL);

    for (int i = 0; i < 3; i++)
        assert_true(dies(pids[i]));
}

static void on_orphan_check(void *ctx)
{
    struct world *w = ctx;

    loop_stop(w->loop);
}

static void orphans_come_to_us_and_are_reaped(void **state)
{
    struct world *w = *state;
    struct loop_timer *tick = loop_timer_new(w->loop, on_orphan_check, w);
    struct proc_stat st;
    pid_t orphan;

    start_shell(w, "sleep 1000 & echo $! >&2");
    run(w);
    pids_of_lines(w, &orphan, 1);
    assert_true(proc_stat_read(orphan, &st));
    assert_int_equal(st.ppid, getpid());
    kill(orphan, SIGKILL);

    for (int i = 0; i < 500 && proc_stat_read(orphan, &st); i++) {
        loop_timer_start(tick, 5);
        loop_run(w->loop);
    }
    assert_false(proc_stat_read(orphan, &st));
    loop_timer_free(&tick);
}

static void reaping_orphans_does_not_steal_the_end_of_children(void **state)
{
    struct world *w = *state;

    /* Dead orphans before, beside and after the end of the child itself. */
    start_shell(w, "for i in 1 2 3 4 5 6 7 8 9; do (true &) ; done; (sleep 0.01 &) ; exit 11");
    run(w);

    assert_int_equal(w->exits, 1);
    assert_int_equal(w->end.value, 11);
}

static void count_exit(const struct proc_end *end, void *ctx)
{
    int *sum = ctx;

    *sum += end->value;
}

static void children_that_end_together_all_keep_their_end(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "exit 5", NULL};
    struct world *w = *state;
    struct proc_spec spec = {.argv = argv, .on_exit = count_exit};
    struct proc *others[3];
    struct err err;
    int sum = 0;

    spec.ctx = &sum;
    for (int i = 0; i < 3; i++)
        assert_int_equal(proc_spawn(w->loop, &spec, &others[i], &err), 0);
    start_shell(w, "exit 6");
    /* All are zombies before the loop looks at the first. */
    for (int i = 0; i < 3; i++)
        assert_true(dies(proc_pid(others[i])));
    assert_true(dies(proc_pid(w->proc)));
    while (w->exits == 0 || sum < 15)
        run(w);

    assert_int_equal(w->end.value, 6);
    assert_int_equal(sum, 15);
    for (int i = 0; i < 3; i++)
        proc_free(&others[i]);
}

/* The leader of a session starts one more in a group of its own and ends: neither parent nor group
 * tell whose that is. */
static void session_tells_whose_an_orphan_is(void **state)
{
    struct world *w = *state;
    pid_t pids[2];

    start_shell(w, "setsid bash -c 'trap \"set -m; sleep 1000 & echo \\$! >&2; exit\" USR1; "
                   "echo $$ >&2; while :; do sleep 0.01; done' & wait; sleep 1000");
    run_until_line_count(w, 1);
    pids_of_lines(w, pids, 1);
    assert_true(proc_tree_size(w->proc) >= 2);
    kill(pids[0], SIGUSR1);
    run_until_line_count(w, 2);
    pids_of_lines(w, pids, 2);
    assert_true(dies(pids[0]));
    proc_kill_tree(w->proc, SIGKILL);

    assert_true(dies(pids[1]));
}

static void free_kills_the_tree_and_no_callback_comes(void **state)
{
    struct world *w = *state;
    pid_t pids[3];
    pid_t root;

    start_shell(w, three_generations);
    run_until_line_count(w, 3);
    pids_of_lines(w, pids, 3);
    root = proc_pid(w->proc);
    proc_free(&w->proc);

    proc_fini();
    assert_false(is_alive(root));
    for (int i = 0; i < 3; i++)
        assert_false(is_alive(pids[i]));
    assert_int_equal(w->exits, 0);
}

static void may_be_freed_in_its_exit_callback(void **state)
{
    struct world *w = *state;

    w->free_at_exit = true;
    start_shell(w, "echo x >&2");
    run(w);

    assert_int_equal(w->exits, 1);
    assert_null(w->proc);
}

static void may_be_freed_in_its_line_callback(void **state)
{
    struct world *w = *state;

    w->free_at_line = w->stop_at_line = true;
    start_shell(w, "echo x >&2; echo y >&2; exec sleep 1000");
    run(w);

    assert_string_equal(buf_str(&w->lines), "x|");
    assert_int_equal(w->exits, 0);
}

static void child_dies_with_us_even_when_we_are_killed(void **state)
{
    struct world *w = *state;
    int told[2];
    pid_t us, child = 0;

    assert_int_equal(pipe(told), 0);
    us = fork();
    if (us == 0) {
        const char *const argv[] = {"/bin/sleep", "1000", NULL};
        struct proc_spec spec = {.argv = argv};
        struct loop *loop = loop_new();
        struct proc *proc;
        struct err err;

        /* The copy of the parent's state is not ours: a fresh one. */
        proc_fini();
        proc_init(loop);
        if (proc_spawn(loop, &spec, &proc, &err) == 0) {
            child = proc_pid(proc);
            if (write(told[1], &child, sizeof(child)) < 0)
                _exit(1);
        }
        pause();
        _exit(1);
    }
    assert_int_equal(read(told[0], &child, sizeof(child)), sizeof(child));
    assert_true(is_alive(child));
    kill(us, SIGKILL);
    assert_int_equal(waitpid(us, NULL, 0), us);

    assert_true(dies(child));
    close(told[0]);
    close(told[1]);
    (void)w;
}

/* ---- usage ----------------------------------------------------------------------------------- */

static void usage_covers_the_whole_tree(void **state)
{
    struct world *w = *state;
    struct proc_usage usage;

    start_shell(w,
                "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo up >&2; exec sleep "
                "1000' & wait");
    run_until_line_count(w, 1);
    proc_tree_usage(proc_pid(w->proc), &usage);

    assert_int_equal(usage.processes, 2);
    assert_true(usage.pss_bytes > 100000 && usage.pss_bytes < 100000000);
    assert_true(usage.cpu_ms >= 10 && usage.cpu_ms < 60000);
}

static void usage_of_nobody_is_zero(void **state)
{
    struct proc_usage usage;

    (void)state;
    proc_tree_usage(1 << 22, &usage);
    assert_int_equal(usage.processes, 0);
    assert_int_equal(usage.cpu_ms, 0);
}

#define PROC_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROC_TEST(kill_tree_reaches_grandchildren_in_sessions_of_their_own),
        PROC_TEST(tree_of_a_dead_child_is_still_known),
        PROC_TEST(orphans_come_to_us_and_are_reaped),
        PROC_TEST(reaping_orphans_does_not_steal_the_end_of_children),
        PROC_TEST(children_that_end_together_all_keep_their_end),
        PROC_TEST(session_tells_whose_an_orphan_is),
        PROC_TEST(free_kills_the_tree_and_no_callback_comes),
        PROC_TEST(may_be_freed_in_its_exit_callback),
        PROC_TEST(may_be_freed_in_its_line_callback),
        PROC_TEST(child_dies_with_us_even_when_we_are_killed),
        PROC_TEST(usage_covers_the_whole_tree),
        PROC_TEST(usage_of_nobody_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
