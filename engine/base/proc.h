/* SPDX-License-Identifier: MIT */
/* proc.h - child processes that cannot outlive us and whose end we always hear of.
 *
 * A child runs in its own process group, with PR_SET_PDEATHSIG = SIGKILL, so that it dies with the
 * engine; the engine is a subreaper, so that orphans of a killed tree come to us and are reaped.
 * Its end is watched by a pidfd on the loop. fork/exec is done without touching the heap in the
 * child.
 *
 * Linux: pidfd_open(2), prctl(2), waitid(2).
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <sys/types.h>

struct proc;

struct proc_end {
    bool signalled; /* else exited */
    int value;      /* exit status, or signal number */
};

struct proc_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is the absolute path of the program */
    const char *const *env;  /* NULL-terminated; NULL: our own */
    const char *cwd;         /* NULL: our own */
    bool drop_user; /* run as uid/gid below (only as root); supplementary groups are dropped */
    uid_t uid;
    gid_t gid;
    int fd_map
        [4][2];   /* {our fd, child's fd} pairs; fd 0..2 default to /dev/null, stderr to our pipe */
    int n_fd_map; /* every other descriptor of ours is closed in the child; child's fd < 16 */
    /* cgroup.procs files open for writing: the child puts itself into these groups first of all,
     * so that nothing of it ever ran outside. */
    int cgroup_procs_fds[3];
    int n_cgroup_procs_fds;
    int64_t exec_timeout_ms;     /* proc_spawn waits so long for the exec, no longer; 0: 10000 */
    long long rlimit_core_bytes; /* usually 0 */
    long long rlimit_nofile;     /* 0: leave */
    size_t stderr_tail_bytes;    /* what is kept of stderr (the last bytes); 0: 16384 */
    /* Each complete line of stderr as it comes, without the newline, cut at 4096 bytes; may be
     * NULL. */
    void (*on_stderr)(const char *line, void *ctx);
    /* Once, from the loop, when the child has ended and was reaped. */
    void (*on_exit)(const struct proc_end *end, void *ctx);
    void *ctx;
};

/* Call once at start: makes us a subreaper and reaps orphans (at SIGCHLD, which is taken).
 * proc_fini waits for children that were freed while running and kills what is still a child of
 * ours and was started after proc_init; call it after the last proc_free and before loop_free. */
void proc_init(struct loop *loop);
void proc_fini(void);

/* Start it. -1: nothing was started (ERR_LAUNCH, ERR_PIDS, ERR_FDS); a failing exec is reported
 * here too, with the path and errno. */
MUST_CHECK int proc_spawn(struct loop *loop, const struct proc_spec *spec, struct proc **out,
                          struct err *err);

pid_t proc_pid(const struct proc *proc);
bool proc_is_running(const struct proc *proc);
const char *proc_stderr_tail(const struct proc *proc);

/* Signal the child, or everything in its group and below it (each descendant found in /proc). */
void proc_kill(struct proc *proc, int signum);
void proc_kill_tree(struct proc *proc, int signum);

/* Descendants of the child that still live, itself included (0: all gone). Each look at the tree
 * (this, proc_tree_usage, proc_kill_tree) also notes who belongs to it, so that processes which
 * daemonise stay known. */
size_t proc_tree_size(struct proc *proc);

/* Forget the child. What lives of its tree is killed; a child that has not ended is reaped in the
 * background. No callback comes any more. */
void proc_free(struct proc **proc);

/* What a tree of processes uses now, by sampling /proc.
 *  pss_bytes  sum of proportional set sizes (smaps_rollup); 0 where it may not be read
 *  cpu_ms     user + system of the living, and of the children that they have reaped */
struct proc_usage {
    int64_t pss_bytes;
    int64_t cpu_ms;
    int processes;
};
void proc_tree_usage(pid_t root, struct proc_usage *out);

/* uid and gid of a system user: -1 when there is none. */
MUST_CHECK int proc_find_user(const char *name, uid_t *uid, gid_t *gid, struct err *err);

#endif
