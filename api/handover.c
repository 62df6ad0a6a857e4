/* SPDX-License-Identifier: MIT */
/* handover.c - see handover.h. Between fork() and exec the child calls only what is safe there: its
 * environment is made before, but for its own number. */
#include "api/handover.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FD = 3, MAX_FDS = 16, PID_CHARS = 20, HIGH_FD = 64 };

static const char PID_NAME[] = "LISTEN_PID=";

/* ---- taking ---------------------------------------------------------------------------------- */

static int64_t number_in_env(const char *name)
{
    const char *text = getenv(name);
    struct err ignored;
    int64_t n;

    return text && str_to_int(text, 0, INT_MAX, &n, &ignored) == 0 ? n : 0;
}

static void take_fd(struct handover_fds *out, int fd, const char *name)
{
    check(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    if (str_eq(name, "ready"))
        out->ready_fd = fd;
    else if (str_eq(name, "admin"))
        out->admin_fd = fd;
    else if (out->public_fd < 0)
        out->public_fd = fd;
}

void handover_take(struct handover_fds *out)
{
    const char *names = getenv("LISTEN_FDNAMES");
    char *copy = mem_strdup(names ? names : "");
    char *rest = copy;
    int64_t n = number_in_env("LISTEN_PID") == getpid() ? number_in_env("LISTEN_FDS") : 0;

    *out = (struct handover_fds){-1, -1, -1};
    for (int i = 0; i < n && i < MAX_FDS; i++) {
        const char *name = str_next(&rest, ':');

        if (fcntl(FIRST_FD + i, F_GETFD) >= 0)
            take_fd(out, FIRST_FD + i, name);
    }
    mem_free(copy);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

void handover_tell_ready(struct handover_fds *fds)
{
    ssize_t ignored;

    if (fds->ready_fd < 0)
        return;
    ignored = write(fds->ready_fd, "1", 1);
    (void)ignored;
    close(fds->ready_fd);
    fds->ready_fd = -1;
}

/* ---- giving ---------------------------------------------------------------------------------- */

struct handover {
    struct loop_io *io;
    struct loop_timer *deadline;
    int read_fd;
    pid_t pid; /* 0: it is on its own */
    handover_fn *done;
    void *ctx;
};

/* What the child is made from. */
struct start {
    char *const *argv;
    char **env;
    char *pid_text; /* in env, behind PID_NAME */
    int fds[3], n;
};

static char **make_env(struct start *start, const char *names)
{
    size_t n = 0, kept = 0;
    char **env;

    while (environ[n])
        n++;
    env = mem_array(n + 4, sizeof(*env));
    for (size_t i = 0; i < n; i++)
        if (!str_starts(environ[i], "LISTEN_"))
            env[kept++] = mem_strdup(environ[i]);
    env[kept++] = mem_printf("LISTEN_FDS=%d", start->n);
    env[kept++] = mem_printf("LISTEN_FDNAMES=%s", names);
    env[kept] = mem_printf("%s%*s", PID_NAME, PID_CHARS, "");
    start->pid_text = env[kept] + strlen(PID_NAME);
    return env;
}

static void free_env(char **env)
{
    for (size_t i = 0; env[i]; i++)
        mem_free(env[i]);
    mem_free(env);
}

static void write_pid(char *out)
{
    char digits[PID_CHARS];
    int n = 0;

    for (unsigned pid = (unsigned)getpid(); pid; pid /= 10)
        digits[n++] = (char)('0' + pid % 10);
    while (n > 0)
        *out++ = digits[--n];
    *out = '\0';
}

__attribute__((noreturn)) static void run_child(struct start *start)
{
    sigset_t none;

    /* Out of the way of each other first. */
    for (int i = 0; i < start->n; i++)
        start->fds[i] = fcntl(start->fds[i], F_DUPFD, HIGH_FD);
    for (int i = 0; i < start->n; i++)
        if (dup2(start->fds[i], FIRST_FD + i) < 0)
            _exit(127);
    close_range((unsigned)(FIRST_FD + start->n), ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    write_pid(start->pid_text);
    execvpe(start->argv[0], start->argv, start->env);
    _exit(127);
}

static pid_t spawn(char *const *argv, const struct handover_fds *fds, int ready_fd)
{
    struct start start = {.argv = argv, .fds = {fds->public_fd, ready_fd}, .n = 2};
    pid_t pid;

    if (fds->admin_fd >= 0)
        start.fds[start.n++] = fds->admin_fd;
    start.env = make_env(&start, fds->admin_fd >= 0 ? "api:ready:admin" : "api:ready");
    pid = fork();
    if (pid == 0)
        run_child(&start);
    free_env(start.env);
    return pid;
}

static void end_child(struct handover *handover)
{
    if (handover->pid <= 0)
        return;
    kill(handover->pid, SIGKILL);
    while (waitpid(handover->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    handover->pid = 0;
}

static void fail(struct handover *handover, const char *why)
{
    pid_t pid = handover->pid;
    struct err err;

    loop_io_free(&handover->io);
    loop_timer_stop(handover->deadline);
    end_child(handover);
    err_set(&err, ERR_INTERNAL, "%s", why);
    handover->done(pid, &err, handover->ctx);
}

static void on_pipe(void *ctx, unsigned events)
{
    struct handover *handover = ctx;
    pid_t pid = handover->pid;
    char byte;
    ssize_t n = read(handover->read_fd, &byte, 1);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != 1) {
        fail(handover, "the new process ended before it served");
        return;
    }
    loop_io_free(&handover->io);
    loop_timer_stop(handover->deadline);
    handover->pid = 0;
    handover->done(pid, NULL, handover->ctx);
}

static void on_deadline(void *ctx)
{
    fail(ctx, "the new process did not get ready in time");
}

int handover_start(struct loop *loop, char *const *argv, const struct handover_fds *fds,
                   int64_t timeout_ms, handover_fn *done, void *ctx, struct handover **out,
                   struct err *err)
{
    struct handover *handover;
    int pipe_fds[2];
    pid_t pid;

    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(err, ERR_INTERNAL, "pipe");
    pid = spawn(argv, fds, pipe_fds[1]);
    close(pipe_fds[1]);
    if (pid < 0) {
        close(pipe_fds[0]);
        return err_sys(err, ERR_INTERNAL, "fork");
    }
    handover = mem_new(struct handover);
    *handover = (struct handover){.read_fd = pipe_fds[0], .pid = pid, .done = done, .ctx = ctx};
    handover->io = loop_io_new(loop, handover->read_fd, on_pipe, handover);
    loop_io_want(handover->io, LOOP_READ);
    handover->deadline = loop_timer_new(loop, on_deadline, handover);
    loop_timer_start(handover->deadline, timeout_ms);
    *out = handover;
    return 0;
}

void handover_free(struct handover **handover_ptr)
{
    struct handover *handover = *handover_ptr;

    if (!handover)
        return;
    loop_io_free(&handover->io);
    loop_timer_free(&handover->deadline);
    end_child(handover);
    close(handover->read_fd);
    mem_free(handover);
    *handover_ptr = NULL;
}
