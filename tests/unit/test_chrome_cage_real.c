/* SPDX-License-Identifier: MIT */
/* test_chrome_cage_real.c - cages against the real kernel, the same tests on each rung that this
 * machine has.
 *
 * tests/vm/run runs this program in a virtual machine whose kernel has its controllers on cgroup
 * v2. A hog (tests/support/hog.h) stands for Chrome. Every test ends by looking for groups and
 * processes that are left.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "chrome/cage.h"
#include "support/hog.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024LL * 1024)

enum { LIMIT_MS = 30000, LOOK_MS = 10, CAP_MIB = 64, CHILD_WAS_KILLED = 42, BOMB_DEPTH = 6 };

struct world {
    enum cage_rung rung;
    struct loop *loop;
    struct loop_timer *limit;
    struct loop_timer *look;
    bool (*until)(struct world *w); /* looked at every LOOK_MS; NULL: until the child ends */
    struct cage_yard *yard;
    struct cage *cage;
    char *group; /* of the cage; NULL without groups */
    struct proc *proc;
    struct proc_end end;
    bool ended;
    char line[128]; /* the last of the child's stderr */
    struct cage_sample before, now;
    struct err err;
};

/* ---- the world ------------------------------------------------------------------------------- */

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_look(void *ctx)
{
    struct world *w = ctx;

    cage_enforce(w->cage);
    if (w->until && w->until(w))
        loop_stop(w->loop);
    else
        loop_timer_start(w->look, LOOK_MS);
}

static void on_line(const char *line, void *ctx)
{
    struct world *w = ctx;

    snprintf(w->line, sizeof(w->line), "%s", line);
}

static void on_exit_of(const struct proc_end *end, void *ctx)
{
    struct world *w = ctx;

    w->end = *end;
    w->ended = true;
    loop_stop(w->loop);
}

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    w->rung = *(const enum cage_rung *)*state;
    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    w->look = loop_timer_new(w->loop, on_look, w);
    proc_init(w->loop);
    *state = w;
    return 0;
}

static void run(struct world *w, bool (*until)(struct world *w))
{
    w->until = until;
    loop_timer_start(w->limit, LIMIT_MS);
    loop_timer_start(w->look, 0);
    loop_run(w->loop);
    loop_timer_stop(w->look);
    loop_timer_stop(w->limit);
}

static bool is_removed(struct world *w)
{
    return cage_remove(w->cage, &w->err) == 0;
}

/* What a pool does at the end of a worker; then nothing may be left. */
static int world_end(void **state)
{
    struct world *w = *state;
    siginfo_t info = {0};
    int rc = 0;

    if (w->cage) {
        cage_kill(w->cage);
        proc_free(&w->proc);
        run(w, is_removed);
        if (w->group && access(w->group, F_OK) == 0)
            rc = -1;
    }
    cage_free(&w->cage);
    cage_yard_close(&w->yard);
    proc_free(&w->proc);
    proc_fini();
    loop_timer_free(&w->look);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    mem_free(w->group);
    mem_free(w);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        rc = -1;
    return rc;
}

static void sample(struct world *w, struct cage_sample *out)
{
    if (cage_sample(w->cage, out, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static const struct cage_caps standard_caps = {.hard_bytes = CAP_MIB * MIB};

/* The yard on the rung of the test, or the reason why it can't be had here. */
static void need_yard(struct world *w)
{
    struct cage_settings settings = {.strongest = w->rung, .weakest = w->rung};
    struct cage_survey survey;
    struct err err;

    if (cage_yard_open(&settings, &w->yard, &err) == 0)
        return;
    cage_detect(NULL, &survey);
    if (survey.rung == w->rung)
        fail_msg("%s was detected, but: %s", cage_rung_name(w->rung), err.text);
    skip_because(err.text);
}

static void start_hog(struct world *w, const struct cage_caps *caps, const char *const *hog)
{
    const char *argv[8] = {"/proc/self/exe", "hog"};
    struct proc_spec spec = {.argv = argv, .on_stderr = on_line, .on_exit = on_exit_of, .ctx = w};
    char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    assert_true(n > 0);
    self[n] = '\0';
    argv[0] = self;
    for (int i = 0; hog[i]; i++)
        argv[i + 2] = hog[i];
    if (cage_new(w->yard, caps, &w->cage, &w->err) < 0)
        fail_msg("%s", w->err.text);
    spec.n_cgroup_procs_fds = cage_procs_fds(w->cage, spec.cgroup_procs_fds);
    if (spec.n_cgroup_procs_fds)
        w->group = mem_strdup(cage_name(w->cage));
    if (proc_spawn(w->loop, &spec, &w->proc, &w->err) < 0)
        fail_msg("%s", w->err.text);
    cage_set_root(w->cage, proc_pid(w->proc));
    sample(w, &w->before);
}

#define HOG(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- memory ---------------------------------------------------------------------------------- */

static void a_hog_over_the_cap_is_killed_and_counted_with_its_peak(void **state)
{
    struct world *w = *state;
    struct cage_end end = {.browser_killed = true};

    need_yard(w);
    start_hog(w, &standard_caps, HOG("memory", "400", "5"));
    run(w, NULL);
    sample(w, &w->now);

    assert_true(w->end.signalled);
    assert_int_equal(w->end.value, SIGKILL);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 1);
    assert_in_range(w->now.peak_bytes, (CAP_MIB - 4) * MIB,
                    w->rung == CAGE_PSS ? 400 * MIB : CAP_MIB * MIB);
    assert_int_equal(cage_blame(&w->before, &w->now, &end, standard_caps.hard_bytes), ERR_OOM);
    /* Of one that has ended as well; v1 may lack the controller. */
    if (cage_yard_rung(w->yard) == CAGE_V2 || cage_cpu_us(w->cage) != CAGE_UNKNOWN)
        assert_true(cage_cpu_us(w->cage) > 1000);
}

static void the_fattest_process_dies_and_the_first_lives(void **state)
{
    struct world *w = *state;

    need_yard(w);
    start_hog(w, &standard_caps, HOG("child", "400", "5"));
    run(w, NULL);
    sample(w, &w->now);

    assert_false(w->end.signalled);
    assert_int_equal(w->end.value, CHILD_WAS_KILLED);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 1);
}

/* The kernel slows down what is above memory.high; right below memory.max that is no way out for a
 * hog. */
static void a_hog_reaches_the_kill_through_the_high_mark(void **state)
{
    struct world *w = *state;
    struct cage_caps caps = {.hard_bytes = CAP_MIB * MIB,
                             .high_bytes = cage_high_for(CAP_MIB * MIB)};

    need_yard(w);
    start_hog(w, &caps, HOG("memory", "400", "5"));
    run(w, NULL);
    sample(w, &w->now);

    assert_int_equal(w->end.value, SIGKILL);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 1);
    print_message("killed after %lld ms, %lld times slowed down, %lld ms without progress\n",
                  (long long)(w->now.at_ms - w->before.at_ms), (long long)w->now.high_events,
                  (long long)w->now.stall_ms);
}

static bool ended_or_4_s_passed(struct world *w)
{
    sample(w, &w->now);
    return w->ended || w->now.at_ms - w->before.at_ms >= 4000;
}

/* Why high_bytes stands just below hard_bytes: here the hog neither goes on nor dies. */
static void far_above_the_high_mark_a_hog_is_slowed_down_and_not_killed(void **state)
{
    struct world *w = *state;
    struct cage_caps caps = {.hard_bytes = CAP_MIB * MIB, .high_bytes = CAP_MIB * MIB / 2};
    struct cage_end end = {.silent = true};

    need_yard(w);
    start_hog(w, &caps, HOG("memory", "400", "5"));
    run(w, ended_or_4_s_passed);

    print_message("%lld MiB after %lld ms, %lld times slowed down, %lld ms without progress\n",
                  (long long)(w->now.current_bytes / MIB),
                  (long long)(w->now.at_ms - w->before.at_ms), (long long)w->now.high_events,
                  (long long)w->now.stall_ms);
    assert_false(w->ended);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 0);
    assert_int_equal(cage_blame(&w->before, &w->now, &end, caps.hard_bytes), ERR_MEMORY_THRASH);
}

static bool has_40_mib(struct world *w)
{
    sample(w, &w->now);
    return w->now.current_bytes >= 40 * MIB;
}

static void below_the_cap_nothing_is_killed(void **state)
{
    struct world *w = *state;
    struct cage_end end = {.silent = true};

    need_yard(w);
    start_hog(w, &standard_caps, HOG("memory", "40", "1"));
    run(w, has_40_mib);

    assert_false(w->ended);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 0);
    assert_in_range(w->now.anon_bytes, 30 * MIB, CAP_MIB * MIB);
    assert_true(w->now.peak_bytes >= w->now.current_bytes);
    assert_int_equal(cage_blame(&w->before, &w->now, &end, standard_caps.hard_bytes), ERR_OK);
}

static bool thrashed_for_2_s(struct world *w)
{
    if (!str_eq(w->line, "written"))
        return false;
    if (w->now.at_ms == 0)
        sample(w, &w->before);
    sample(w, &w->now);
    return w->now.at_ms - w->before.at_ms >= 2000;
}

static void file_pages_that_do_not_fit_are_told_as_thrash(void **state)
{
    struct world *w = *state;
    struct cage_caps caps = {.hard_bytes = 32 * MIB};
    struct cage_end end = {.silent = true};
    char path[] = "/var/tmp/catchdeal-hog-XXXXXX";
    int fd;

    if (w->rung == CAGE_PSS)
        skip_because("sampled-pss does not see file pages thrash");
    need_yard(w);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    start_hog(w, &caps, HOG("file", path, "96"));
    run(w, thrashed_for_2_s);
    unlink(path);

    assert_false(w->ended);
    assert_int_equal(cage_oom_kills_since(&w->before, &w->now), 0);
    print_message(
        "refaults per second %lld, without progress %lld ms of %lld\n",
        (long long)((w->now.refaults - w->before.refaults) * 1000 /
                    (w->now.at_ms - w->before.at_ms)),
        w->now.stall_ms == CAGE_UNKNOWN ? -1 : (long long)(w->now.stall_ms - w->before.stall_ms),
        (long long)(w->now.at_ms - w->before.at_ms));
    assert_int_equal(cage_blame(&w->before, &w->now, &end, caps.hard_bytes), ERR_MEMORY_THRASH);
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool has_a_line(struct world *w)
{
    return w->line[0];
}

static void forks_beyond_the_cap_are_refused_and_counted(void **state)
{
    struct world *w = *state;
    struct cage_caps caps = {.pids = 12};

    need_yard(w);
    if (w->rung == CAGE_PSS)
        skip_because("sampled-pss has no cap on processes");
    start_hog(w, &caps, HOG("forks", "40"));
    if (w->before.pids == CAGE_UNKNOWN)
        skip_because("no pids controller here");
    run(w, has_a_line);
    sample(w, &w->now);

    assert_true(str_starts(w->line, "refused "));
    assert_in_range(atoi(w->line + strlen("refused ")), 40 - 12 + 1, 40);
    assert_in_range(w->now.pids, 2, 12);
    assert_true(w->now.pids_denied > w->before.pids_denied);
}

/* Of this run of this program: the last word of the command line is our pid. */
static size_t count_bombs(void)
{
    struct proc_stat *all;
    size_t n = proc_stat_read_all(&all);
    size_t bombs = 0;

    for (size_t i = 0; i < n; i++) {
        char path[64], text[512] = "", wanted[32];
        ssize_t len, tail = snprintf(wanted, sizeof(wanted), "%d", (int)getpid()) + 1;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)all[i].pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        len = fd < 0 ? 0 : read(fd, text, sizeof(text));
        if (fd >= 0)
            close(fd);
        bombs += len > tail && memcmp(text + len - tail, wanted, (size_t)tail) == 0;
    }
    mem_free(all);
    return bombs;
}

/* All at their last depth: the many that have gone by then do not count. */
static bool bomb_went_off(struct world *w)
{
    sample(w, &w->now);
    return w->now.pids >= 1 << BOMB_DEPTH && count_bombs() >= 1 << BOMB_DEPTH;
}

static void killing_takes_a_fork_bomb_with_lost_children(void **state)
{
    struct world *w = *state;
    /* The last rung can't see a process that left its session and lost its parent before any look.
     */
    const char *sessions = w->rung == CAGE_PSS ? "0" : "1";
    char tag[16];

    snprintf(tag, sizeof(tag), "%d", (int)getpid());
    need_yard(w);
    start_hog(w, &(struct cage_caps){.pids = 300}, HOG("bomb", "6", sessions, tag));
    if (w->before.pids == CAGE_UNKNOWN)
        skip_because("no pids controller here");
    run(w, bomb_went_off);
    cage_kill(w->cage);
    run(w, is_removed);

    for (int i = 0; i < 400 && count_bombs() > 0; i++)
        poll(NULL, 0, 5);
    assert_int_equal(count_bombs(), 0);
}

/* ---- a dead engine --------------------------------------------------------------------------- */

static void enter(const struct cage *cage)
{
    int fds[CAGE_MAX_FDS];
    int n = cage_procs_fds(cage, fds);

    for (int i = 0; i < n; i++)
        if (write(fds[i], "0", 1) != 1)
            _exit(1);
}

/* An engine with a worker that is not bound to it. The worker tells its pid when it is inside and holds the
 * engine's descriptors no longer, the lock among them; a program that is executed loses them, too. */
__attribute__((noreturn)) static void be_an_engine(enum cage_rung rung, int tell_fd)
{
    struct cage_settings settings = {.strongest = rung, .weakest = rung};
    struct cage_yard *yard;
    struct cage *cage;
    struct err err;
    pid_t worker;

    if (cage_yard_open(&settings, &yard, &err) < 0 ||
        cage_new(yard, &standard_caps, &cage, &err) < 0)
        _exit(1);
    worker = fork();
    if (worker == 0) {
        worker = getpid();
        enter(cage);
        if (dup2(tell_fd, STDIN_FILENO) < 0 || close_range(3, ~0u, 0) < 0 ||
            write(STDIN_FILENO, &worker, sizeof(worker)) != (ssize_t)sizeof(worker))
            _exit(1);
    }
    for (;;)
        pause();
}

static void what_a_killed_engine_left_is_swept_by_the_next(void **state)
{
    struct world *w = *state;
    pid_t engine, worker = 0;
    int tell[2];
    int status = 0;

    need_yard(w);
    cage_yard_close(&w->yard);
    assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
    engine = fork();
    if (engine == 0)
        be_an_engine(w->rung, tell[1]);
    close(tell[1]);
    assert_int_equal(read(tell[0], &worker, sizeof(worker)), sizeof(worker));
    close(tell[0]);
    kill(engine, SIGKILL);
    assert_int_equal(waitpid(engine, NULL, 0), engine);
    assert_int_equal(kill(worker, 0), 0);

    need_yard(w);

    assert_true(cage_yard_swept(w->yard) >= 1);
    /* Its parent being dead, it is ours (subreaper). */
    assert_int_equal(waitpid(worker, &status, 0), worker);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void no_log(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static enum cage_rung rungs[] = {CAGE_PSS, CAGE_V1, CAGE_V2};

#define ON(f, rung)                                                        \
    {                                                                      \
        .name = #f "_on_" #rung, .test_func = f, .setup_func = world_make, \
        .teardown_func = world_end, .initial_state = &rungs[rung]          \
    }
#define ON_EACH(f) ON(f, CAGE_V2), ON(f, CAGE_V1), ON(f, CAGE_PSS)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ON_EACH(a_hog_over_the_cap_is_killed_and_counted_with_its_peak),
        ON_EACH(the_fattest_process_dies_and_the_first_lives),
        ON(a_hog_reaches_the_kill_through_the_high_mark, CAGE_V2),
        ON(a_hog_reaches_the_kill_through_the_high_mark, CAGE_V1),
        ON(far_above_the_high_mark_a_hog_is_slowed_down_and_not_killed, CAGE_V2),
        ON_EACH(below_the_cap_nothing_is_killed),
        ON(file_pages_that_do_not_fit_are_told_as_thrash, CAGE_V2),
        ON(file_pages_that_do_not_fit_are_told_as_thrash, CAGE_V1),
        ON(forks_beyond_the_cap_are_refused_and_counted, CAGE_V2),
        ON(forks_beyond_the_cap_are_refused_and_counted, CAGE_V1),
        ON_EACH(killing_takes_a_fork_bomb_with_lost_children),
        ON(what_a_killed_engine_left_is_swept_by_the_next, CAGE_V2),
        ON(what_a_killed_engine_left_is_swept_by_the_next, CAGE_V1),
    };

    hog_main(argc, argv);
    if (argc > 1) /* a pattern of names, for tests/vm/run */
        cmocka_set_test_filter(argv[1]);
    log_set_sink(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
