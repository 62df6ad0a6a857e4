/* SPDX-License-Identifier: MIT */
/* test_base_proc.h - one child, and what came of it: for test_base_proc.c and test_base_proc_tree.c. */
#ifndef TEST_BASE_PROC_H
#define TEST_BASE_PROC_H

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

static inline void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static inline void on_line(const char *line, void *ctx)
{
    struct world *w = ctx;

    buf_addf(&w->lines, "%s|", line);
    if (w->free_at_line)
        proc_free(&w->proc);
    if (w->stop_at_line)
        loop_stop(w->loop);
}

static inline void on_exit_of(const struct proc_end *end, void *ctx)
{
    struct world *w = ctx;

    w->end = *end;
    w->exits++;
    if (w->free_at_exit)
        proc_free(&w->proc);
    loop_stop(w->loop);
}

static inline int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    buf_init(&w->lines, BUF_MAX_DEFAULT);
    proc_init(w->loop);
    *state = w;
    return 0;
}

static inline int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Every test ends by looking for what it left. */
static inline int world_end(void **state)
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

static inline struct proc_spec spec_of(struct world *w, const char *const *argv)
{
    return (struct proc_spec){.argv = argv, .on_stderr = on_line, .on_exit = on_exit_of, .ctx = w};
}

static inline void start(struct world *w, const struct proc_spec *spec)
{
    struct err err;

    if (proc_spawn(w->loop, spec, &w->proc, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void start_shell(struct world *w, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct proc_spec spec = spec_of(w, argv);

    start(w, &spec);
}

static inline void run(struct world *w)
{
    loop_timer_start(w->limit, LIMIT_MS);
    loop_run(w->loop);
    loop_timer_stop(w->limit);
}

static inline bool is_alive(pid_t pid)
{
    struct proc_stat st;

    return proc_stat_read(pid, &st) && st.state != 'Z' && st.state != 'X';
}

/* For what ends without telling us: killed processes of somebody else's. */
static inline bool dies(pid_t pid)
{
    for (int i = 0; i < 2000 && is_alive(pid); i++)
        poll(NULL, 0, 5);
    return !is_alive(pid);
}

#endif
