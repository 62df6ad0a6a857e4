/* SPDX-License-Identifier: MIT */
/* proc_child.c - what happens between fork and exec.
 *
 * Between the two only async-signal-safe calls are made and no memory is taken: another thread may
 * have held any lock at the moment of the fork. Everything is prepared before. The child tells a
 * failed step through a close-on-exec pipe; exec closes it, which tells success.
 */
#include "base/proc_child.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_CHILD_FD = 16, /* numbers of descriptors that a child may be given */
    PARKED_FD = 64,    /* where descriptors wait while the low numbers are put in place */
    EXEC_MS = 10000,
    KILLED_MS = 200, /* one that hangs in the kernel is reaped later, as an orphan */
    KILLED_STEP_MS = 5,
};

enum step {
    STEP_CGROUP,
    STEP_GROUP,
    STEP_FDS,
    STEP_CORE_LIMIT,
    STEP_FILE_LIMIT,
    STEP_USER,
    STEP_DEATH_SIGNAL,
    STEP_PARENT,
    STEP_CWD,
    STEP_EXEC,
};

static const char *const step_names[] = {
    "cgroup.procs",   "setpgid",          "descriptors",     "RLIMIT_CORE", "RLIMIT_NOFILE",
    "change of user", "PR_SET_PDEATHSIG", "parent has gone", "chdir",       "exec",
};

struct failure {
    enum step step;
    int error;
};

struct child {
    const struct proc_spec *spec;
    int fds[MAX_CHILD_FD]; /* ours for each of the child's, -1: none */
    int report_fd;
    pid_t parent;
};

/* ---- in the child ---------------------------------------------------------------------------- */

static void child_failed(const struct child *child, enum step step)
{
    struct failure failure = {.step = step, .error = errno};
    ssize_t ignored = write(child->report_fd, &failure, sizeof(failure));

    (void)ignored;
    _exit(127);
}

static void child_must(const struct child *child, bool worked, enum step step)
{
    if (!worked)
        child_failed(child, step);
}

static int park(const struct child *child, int fd)
{
    int parked = fcntl(fd, F_DUPFD_CLOEXEC, PARKED_FD);

    /* A limit below PARKED_FD is told so. */
    if (parked < 0 && errno == EINVAL)
        errno = EMFILE;
    child_must(child, parked >= 0, STEP_FDS);
    return parked;
}

/* Descriptors may be mapped crosswise (ours 4 to 3, ours 3 to 4), so all are parked out of the way
 * before any is put in its place. */
static void child_map_fds(struct child *child)
{
    child->report_fd = park(child, child->report_fd);
    for (int i = 0; i < MAX_CHILD_FD; i++)
        if (child->fds[i] >= 0)
            child->fds[i] = park(child, child->fds[i]);
    for (int i = 0; i < MAX_CHILD_FD; i++)
        if (child->fds[i] >= 0)
            child_must(child, dup2(child->fds[i], i) == i, STEP_FDS);
        else
            close(i);
    if (child->report_fd > MAX_CHILD_FD)
        child_must(child, close_range(MAX_CHILD_FD, (unsigned)child->report_fd - 1, 0) == 0,
                   STEP_FDS);
    child_must(child, close_range((unsigned)child->report_fd + 1, ~0u, 0) == 0, STEP_FDS);
}

/* "0" is the writer itself, in either version of cgroups. */
static void child_enter_cgroups(const struct child *child)
{
    const struct proc_spec *spec = child->spec;

    for (int i = 0; i < spec->n_cgroup_procs_fds; i++)
        child_must(child, write(spec->cgroup_procs_fds[i], "0", 1) == 1, STEP_CGROUP);
}

static void child_limit(const struct child *child, int resource, long long value, enum step step)
{
    struct rlimit limit;

    child_must(child, getrlimit(resource, &limit) == 0, step);
    limit.rlim_cur = (rlim_t)value;
    if (resource == RLIMIT_CORE || limit.rlim_cur > limit.rlim_max)
        limit.rlim_max = limit.rlim_cur;
    child_must(child, setrlimit(resource, &limit) == 0, step);
}

/* The calls of the kernel: glibc's wrappers signal other threads, which the child does not have. */
static void child_drop_user(const struct child *child)
{
    const struct proc_spec *spec = child->spec;

    child_must(child, syscall(SYS_setgroups, 0, NULL) == 0, STEP_USER);
    child_must(child, syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) == 0, STEP_USER);
    child_must(child, syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) == 0, STEP_USER);
}

/* Handlers of ours must not run in the child, and what we ignore it shall not. */
static void child_reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void child_run(struct child *child)
{
    const struct proc_spec *spec = child->spec;

    child_enter_cgroups(child);
    child_must(child, setpgid(0, 0) == 0, STEP_GROUP);
    child_reset_signals();
    child_map_fds(child);
    child_limit(child, RLIMIT_CORE, spec->rlimit_core_bytes, STEP_CORE_LIMIT);
    if (spec->rlimit_nofile)
        child_limit(child, RLIMIT_NOFILE, spec->rlimit_nofile, STEP_FILE_LIMIT);
    if (spec->drop_user)
        child_drop_user(child);
    /* After the change of user, which clears it. */
    child_must(child, prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, STEP_DEATH_SIGNAL);
    /* A parent that died before that sends no signal any more. */
    child_must(child, getppid() == child->parent, STEP_PARENT);
    if (spec->cwd)
        child_must(child, chdir(spec->cwd) == 0, STEP_CWD);
    execve(spec->argv[0], (char *const *)spec->argv,
           spec->env ? (char *const *)spec->env : environ);
    child_failed(child, STEP_EXEC);
    _exit(127);
}

/* ---- in the parent --------------------------------------------------------------------------- */

/* No handler of ours may run in the child before it has reset them. */
static pid_t fork_quietly(struct child *child)
{
    sigset_t all, before;
    pid_t pid;
    int saved;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(child);
    saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

/* false: not in time. A write of a pipe's end and its closing both make it readable. */
static bool await_report(int report_fd, int64_t timeout_ms)
{
    struct pollfd report = {.fd = report_fd, .events = POLLIN};
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    int64_t left_ms;
    int rc;

    do {
        left_ms = deadline_ms - clock_mono_ms();
        rc = poll(&report, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

static int give_up(const struct proc_spec *spec, pid_t pid, int64_t timeout_ms, struct err *err)
{
    kill(pid, SIGKILL);
    for (int ms = 0; ms < KILLED_MS && waitpid(pid, NULL, WNOHANG) == 0; ms += KILLED_STEP_MS)
        poll(NULL, 0, KILLED_STEP_MS);
    return err_set(err, ERR_LAUNCH, "%s: did not begin to run within %lld ms", spec->argv[0],
                   (long long)timeout_ms);
}

static int wait_for_exec(const struct proc_spec *spec, pid_t pid, int report_fd, struct err *err)
{
    int64_t timeout_ms = spec->exec_timeout_ms ? spec->exec_timeout_ms : EXEC_MS;
    struct failure failure;
    ssize_t n;

    if (!await_report(report_fd, timeout_ms))
        return give_up(spec, pid, timeout_ms, err);
    do
        n = read(report_fd, &failure, sizeof(failure));
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(failure))
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    errno = failure.error;
    return err_sys(err, ERR_LAUNCH, "%s: %s", spec->argv[0],
                   failure.step == STEP_CWD ? spec->cwd : step_names[failure.step]);
}

static void plan_fds(struct child *child, int null_fd, int stderr_fd)
{
    const struct proc_spec *spec = child->spec;

    for (int i = 0; i < MAX_CHILD_FD; i++)
        child->fds[i] = i < 2 ? null_fd : i == 2 ? stderr_fd : -1;
    for (int i = 0; i < spec->n_fd_map; i++) {
        check(spec->fd_map[i][1] >= 0 && spec->fd_map[i][1] < MAX_CHILD_FD);
        child->fds[spec->fd_map[i][1]] = spec->fd_map[i][0];
    }
}

pid_t proc_child_start(const struct proc_spec *spec, int stderr_fd, struct err *err)
{
    struct child child = {.spec = spec, .parent = getpid()};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int report[2] = {-1, -1};
    pid_t pid = -1;

    if (null_fd < 0 || pipe2(report, O_CLOEXEC) < 0) {
        err_sys(err, ERR_LAUNCH, "%s: descriptors", spec->argv[0]);
    } else {
        plan_fds(&child, null_fd, stderr_fd);
        child.report_fd = report[1];
        pid = fork_quietly(&child);
        if (pid < 0)
            err_sys(err, ERR_LAUNCH, "%s: fork", spec->argv[0]);
    }
    if (null_fd >= 0)
        close(null_fd);
    if (report[1] >= 0)
        close(report[1]);
    if (pid > 0 && wait_for_exec(spec, pid, report[0], err) < 0)
        pid = -1;
    if (report[0] >= 0)
        close(report[0]);
    return pid;
}
