/* SPDX-License-Identifier: MIT */
/* test_base_proc.c - children, their trees, and what is left behind (nothing). */
#include "base/proc.h"
#include "base/buf.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 20000 };

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    struct proc *proc;
    struct buf lines; /* of stderr, each with '|' after it */
    struct proc_end end;
    int exits;
    bool stop_at_line;
    bool free_at_line;
    bool free_at_exit;
};

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_line(const char *line, void *ctx)
{
    struct world *w = ctx;

    buf_addf(&w->lines, "%s|", line);
    if (w->free_at_line)
        proc_free(&w->proc);
    if (w->stop_at_line)
        loop_stop(w->loop);
}

static void on_exit_of(const struct proc_end *end, void *ctx)
{
    struct world *w = ctx;

    w->end = *end;
    w->exits++;
    if (w->free_at_exit)
        proc_free(&w->proc);
    loop_stop(w->loop);
}

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    buf_init(&w->lines, BUF_MAX_DEFAULT);
    proc_init(w->loop);
    *state = w;
    return 0;
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Every test ends by looking for what it left. */
static int world_end(void **state)
{
    struct world *w = *state;
    siginfo_t info = {0};

    proc_free(&w->proc);
    proc_fini();
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    buf_fini(&w->lines);
    mem_free(w);
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD ? 0 : -1;
}

static struct proc_spec spec_of(struct world *w, const char *const *argv)
{
    return (struct proc_spec){.argv = argv, .on_stderr = on_line, .on_exit = on_exit_of, .ctx = w};
}

static void start(struct world *w, const struct proc_spec *spec)
{
    struct err err;

    if (proc_spawn(w->loop, spec, &w->proc, &err) < 0)
        fail_msg("%s", err.text);
}

static void start_shell(struct world *w, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct proc_spec spec = spec_of(w, argv);

    start(w, &spec);
}

static void run(struct world *w)
{
    loop_timer_start(w->limit, LIMIT_MS);
    loop_run(w->loop);
    loop_timer_stop(w->limit);
}

static bool is_alive(pid_t pid)
{
    struct proc_stat st;

    return proc_stat_read(pid, &st) && st.state != 'Z' && st.state != 'X';
}

/* For what ends without telling us: killed processes of somebody else's. */
static bool dies(pid_t pid)
{
    for (int i = 0; i < 2000 && is_alive(pid); i++)
        poll(NULL, 0, 5);
    return !is_alive(pid);
}

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
