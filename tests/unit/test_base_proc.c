/* SPDX-License-Identifier: MIT */
/* test_base_proc.c - children: their end, their stderr, what they get. Trees: test_base_proc_tree.c. */
#include "test_base_proc.h"

/* ---- the end of a child ---------------------------------------------------------------------- */

static void tells_exit_status_once_and_later(void **state)
{
    struct world *w = *state;

    start_shell(w, "exit 42");
    assert_int_equal(w->exits, 0);
    assert_true(proc_is_running(w->proc));

    run(w);

    assert_false(w->end.signalled);
    assert_int_equal(w->end.value, 42);
    assert_int_equal(w->exits, 1);
    assert_false(proc_is_running(w->proc));
    assert_int_equal(proc_tree_size(w->proc), 0);
}

static void tells_the_signal_that_ended_it(void **state)
{
    struct world *w = *state;

    start_shell(w, "kill -SEGV $$");
    run(w);

    assert_true(w->end.signalled);
    assert_int_equal(w->end.value, SIGSEGV);
}

static void kill_ends_it(void **state)
{
    struct world *w = *state;

    start_shell(w, "echo up >&2; exec sleep 1000");
    w->stop_at_line = true;
    run(w);
    proc_kill(w->proc, SIGTERM);
    run(w);

    assert_true(w->end.signalled);
    assert_int_equal(w->end.value, SIGTERM);
    proc_kill(w->proc, SIGTERM);
}

static void failing_exec_names_path_and_reason(void **state)
{
    const char *const argv[] = {"/nonexistent/chrome", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    int fds = count_fds();
    struct err err;

    assert_int_equal(proc_spawn(w->loop, &spec, &w->proc, &err), -1);

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_string_equal(err.text, "/nonexistent/chrome: exec: No such file or directory");
    assert_null(w->proc);
    assert_int_equal(count_fds(), fds);
}

static void missing_directory_is_named(void **state)
{
    const char *const argv[] = {"/bin/true", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    struct err err;

    spec.cwd = "/nonexistent/dir";
    assert_int_equal(proc_spawn(w->loop, &spec, &w->proc, &err), -1);

    assert_string_equal(err.text, "/bin/true: /nonexistent/dir: No such file or directory");
}

/* Here by a group's file that takes no more, elsewhere by a file system that does not answer. */
static void one_that_does_not_get_to_exec_is_killed_in_time(void **state)
{
    const char *const argv[] = {"/bin/true", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    int full[2];
    struct err err;

    assert_int_equal(pipe2(full, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(full[1], "x", 1) == 1)
        ;
    assert_int_equal(fcntl(full[1], F_SETFL, 0), 0);
    spec.cgroup_procs_fds[0] = full[1];
    spec.n_cgroup_procs_fds = 1;
    spec.exec_timeout_ms = 100;

    assert_int_equal(proc_spawn(w->loop, &spec, &w->proc, &err), -1);

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_string_equal(err.text, "/bin/true: did not begin to run within 100 ms");
    assert_null(w->proc);
    close(full[0]);
    close(full[1]);
}

/* ---- stderr ---------------------------------------------------------------------------------- */

static void gives_stderr_by_lines_and_the_last_one_without_newline(void **state)
{
    struct world *w = *state;

    start_shell(w, "echo one >&2; echo >&2; echo out; printf three >&2");
    run(w);

    assert_string_equal(buf_str(&w->lines), "one||three|");
    assert_string_equal(proc_stderr_tail(w->proc), "one\n\nthree");
}

static void keeps_only_the_tail_of_stderr(void **state)
{
    const char *const argv[] = {
        "/bin/sh", "-c", "i=0; while [ $i -lt 1000 ]; do echo line $i >&2; i=$((i+1)); done", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);

    spec.stderr_tail_bytes = 100;
    start(w, &spec);
    run(w);

    assert_int_equal(strlen(proc_stderr_tail(w->proc)), 100);
    assert_true(str_ends(proc_stderr_tail(w->proc), "line 998\nline 999\n"));
    assert_true(str_starts(buf_str(&w->lines), "line 0|line 1|"));
}

static void cuts_long_lines(void **state)
{
    struct world *w = *state;

    start_shell(w, "head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2");
    run(w);

    assert_int_equal(strchr(buf_str(&w->lines), '|') - buf_str(&w->lines), 4096);
    assert_true(str_ends(buf_str(&w->lines), "x|end|"));
}

static void end_does_not_wait_for_a_grandchild_that_holds_stderr(void **state)
{
    struct world *w = *state;

    start_shell(w, "sleep 1000 & echo bye >&2; exit 3");
    run(w);

    assert_int_equal(w->end.value, 3);
    assert_string_equal(buf_str(&w->lines), "bye|");
    assert_int_equal(proc_tree_size(w->proc), 1);
}

/* ---- what the child gets --------------------------------------------------------------------- */

static void inherits_only_mapped_descriptors(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "cat <&3 >&2; cat <&4 >&2; ls /proc/self/fd >&2",
                                NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    int a[2], b[2];

    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    assert_int_equal(write(a[1], "A\n", 2), 2);
    assert_int_equal(write(b[1], "B\n", 2), 2);
    close(a[1]);
    close(b[1]);
    /* Crosswise where it matters: the child's number of one is our number of the other. */
    assert_int_equal(dup2(b[0], 3 + 10), 13);
    assert_int_equal(dup2(a[0], 4 + 10), 14);
    spec.fd_map[0][0] = 14;
    spec.fd_map[0][1] = 3;
    spec.fd_map[1][0] = 13;
    spec.fd_map[1][1] = 4;
    spec.n_fd_map = 2;
    start(w, &spec);
    run(w);

    /* 5 is the directory that ls reads. */
    assert_string_equal(buf_str(&w->lines), "A|B|0|1|2|3|4|5|");
    close(a[0]);
    close(b[0]);
    close(13);
    close(14);
}

static void gets_limits_environment_and_directory(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "ulimit -c; ulimit -n; echo $X$HOME; pwd", NULL};
    const char *const env[] = {"X=y", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    int out[2];

    assert_int_equal(pipe(out), 0);
    spec.env = env;
    spec.cwd = "/usr";
    spec.rlimit_nofile = 77;
    spec.fd_map[0][0] = out[1];
    spec.fd_map[0][1] = 2;
    spec.fd_map[1][0] = out[1];
    spec.fd_map[1][1] = 1;
    spec.n_fd_map = 2;
    start(w, &spec);
    close(out[1]);
    run(w);

    char text[100] = "";
    assert_true(read(out[0], text, sizeof(text) - 1) > 0);
    close(out[0]);
    assert_string_equal(text, "0\n77\ny\n/usr\n");
}

static void ignored_signals_are_not_inherited(void **state)
{
    struct world *w = *state;

    signal(SIGPIPE, SIG_IGN);
    start_shell(w, "kill -PIPE $$; exit 0");
    run(w);
    signal(SIGPIPE, SIG_DFL);

    assert_true(w->end.signalled);
    assert_int_equal(w->end.value, SIGPIPE);
}

static void runs_as_another_user_without_its_groups(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "id -u >&2; id -G >&2", NULL};
    struct world *w = *state;
    struct proc_spec spec = spec_of(w, argv);
    struct err err;
    char *want;

    if (geteuid() != 0)
        skip_because("not root: cannot change the user");
    spec.drop_user = true;
    assert_int_equal(proc_find_user("nobody", &spec.uid, &spec.gid, &err), 0);
    start(w, &spec);
    run(w);

    want = mem_printf("%d|%d|", (int)spec.uid, (int)spec.gid);
    assert_string_equal(buf_str(&w->lines), want);
    mem_free(want);
}

static void unknown_user_is_named(void **state)
{
    struct err err;
    uid_t uid;
    gid_t gid;

    (void)state;
    assert_int_equal(proc_find_user("no-such-user", &uid, &gid, &err), -1);
    assert_string_equal(err.text, "\"no-such-user\": expected a system user");
}

#define PROC_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROC_TEST(tells_exit_status_once_and_later),
        PROC_TEST(tells_the_signal_that_ended_it),
        PROC_TEST(kill_ends_it),
        PROC_TEST(failing_exec_names_path_and_reason),
        PROC_TEST(missing_directory_is_named),
        PROC_TEST(one_that_does_not_get_to_exec_is_killed_in_time),
        PROC_TEST(gives_stderr_by_lines_and_the_last_one_without_newline),
        PROC_TEST(keeps_only_the_tail_of_stderr),
        PROC_TEST(cuts_long_lines),
        PROC_TEST(end_does_not_wait_for_a_grandchild_that_holds_stderr),
        PROC_TEST(inherits_only_mapped_descriptors),
        PROC_TEST(gets_limits_environment_and_directory),
        PROC_TEST(ignored_signals_are_not_inherited),
        PROC_TEST(runs_as_another_user_without_its_groups),
        PROC_TEST(unknown_user_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
