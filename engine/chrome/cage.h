/* SPDX-License-Identifier: MIT */
/* cage.h - what one worker may take of the machine: memory, swap, processes.
 *
 * A cage is made before its worker is started, the worker's first process enters it between fork
 * and exec (struct proc_spec.cgroup_procs_fds), and everything that it forks stays inside. There
 * are three rungs:
 *
 *   cgroup-v2    memory.high, memory.max, memory.swap.max, pids.max; the kernel kills and counts;
 * pressure cgroup-v1    memory.limit_in_bytes, memsw, pids.max; the kernel kills and counts;
 * refaults, no pressure sampled-pss  no group at all: we add up the tree's proportional set sizes
 * and kill its fattest process
 *
 * A yard is where an engine makes its cages: PARENT/catchdeal-cages-XXXXXX/, PARENT being the group
 * that the engine itself is in, so that whatever limits the engine limits its workers too. The
 * engine holds a lock (flock) on the yard's directories as long as it lives: what can be locked
 * belongs to no living engine, and is swept by the next one that opens a yard in the same parent.
 *
 * Source of truth: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux. Not
 * here: when to look, when to retire a worker (the pool); memory times time (memory.h).
 */
#ifndef CHROME_CAGE_H
#define CHROME_CAGE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cage_rung { CAGE_PSS, CAGE_V1, CAGE_V2, CAGE_RUNGS };
enum { CAGE_UNKNOWN = -1 };

const char *cage_rung_name(enum cage_rung rung); /* "cgroup-v2" */

/* The side of the kernel, which a test replaces by a directory that mimics it. All zero: the real
 * one. */
struct cage_kernel {
    const char *proc_dir; /* NULL: /proc; mount points are read from self/mountinfo */
    int (*make_group)(const char *path);   /* NULL: mkdir */
    int (*remove_group)(const char *path); /* NULL: rmdir, which on groups is one step */
};

/* What this process could have, and why not more. */
struct cage_survey {
    enum cage_rung rung;        /* the strongest that can be had */
    char text[CAGE_RUNGS][384]; /* of each rung at or above it: what it gives, or why it can't be
                                   had and what to do */
};

/* Only looks, changes nothing: for doctor. What it says holds for the caller's own group: an engine
 * that systemd starts may be better off than a doctor in a shell. */
void cage_detect(const struct cage_kernel *kernel, struct cage_survey *out);

/* ---- the yard -------------------------------------------------------------------------------- */

struct cage_yard;

struct cage_settings {
    enum cage_rung strongest; /* not stronger than this */
    enum cage_rung weakest;   /* ERR_LAUNCH rather than a weaker one */
    struct cage_kernel kernel;
};

/* Take the strongest rung that works, sweep what dead engines left there (waits up to 2 s for the
 * processes that it kills), and make our own group. On cgroup v2 this may move the engine into a
 * leaf of its group, `catchdeal-engine`, since a group with processes can't give controllers to
 * groups below it. */
MUST_CHECK int cage_yard_open(const struct cage_settings *settings, struct cage_yard **out,
                              struct err *err);

enum cage_rung cage_yard_rung(const struct cage_yard *yard);
const struct cage_survey *cage_yard_survey(const struct cage_yard *yard); /* as it turned out */
int cage_yard_swept(const struct cage_yard *yard); /* groups of dead engines */

/* All cages must be freed before. What is still in the yard falls to the next sweep. */
void cage_yard_close(struct cage_yard **yard);

/* ---- one cage -------------------------------------------------------------------------------- */

struct cage;

/* Each 0 means none. */
struct cage_caps {
    int64_t hard_bytes; /* what goes beyond is killed; swap is not given at all */
    int64_t high_bytes; /* cgroup v2: what goes beyond is slowed down, the more the further beyond.
                           A page that eats memory then hardly reaches hard_bytes: leave it 0 or
                           just below (cage_high_for) unless that is wanted. v1: the soft limit */
    int64_t pids;       /* processes and threads */
};

/* A memory.high that makes the kernel reclaim before it kills, and yet lets a hog run into the kill
 * at once. */
int64_t cage_high_for(int64_t hard_bytes);

/* ERR_LAUNCH, ERR_FDS. */
MUST_CHECK int cage_new(struct cage_yard *yard, const struct cage_caps *caps, struct cage **out,
                        struct err *err);

enum { CAGE_MAX_FDS = 3 };

/* The cgroup.procs files for proc_spec.cgroup_procs_fds; they stay the cage's. Returns how many (0
 * on sampled-pss). */
int cage_procs_fds(const struct cage *cage, int fds[CAGE_MAX_FDS]);

/* The worker's first process, once it was started. sampled-pss knows its tree by it. */
void cage_set_root(struct cage *cage, pid_t root);

const char *cage_name(const struct cage *cage); /* for the log: path of its group, or "pid N" */

/* Counters only grow while the cage lives. CAGE_UNKNOWN: this rung or this kernel does not tell. */
struct cage_sample {
    int64_t at_ms; /* monotonic */
    int64_t
        current_bytes; /* file pages that were first read by the group included; sampled-pss: PSS */
    int64_t anon_bytes;  /* the part that can only be freed by ending processes */
    int64_t peak_bytes;  /* of current_bytes */
    int64_t oom_kills;   /* processes killed for memory */
    int64_t high_events; /* how often it was slowed down */
    int64_t refaults;    /* pages that were thrown out and had to be read again */
    int64_t stall_ms;    /* time in which nothing in the group ran for want of memory (PSI, full) */
    int64_t pids;
    int64_t pids_denied; /* forks refused */
};

/* -1: the group can't be read. On sampled-pss this walks /proc: 10 to 20 ms for a Chrome (seen). */
MUST_CHECK int cage_sample(struct cage *cage, struct cage_sample *out, struct err *err);

/* CPU time of all that ever ran in it, in microseconds; CAGE_UNKNOWN where the kernel does not count it (sampled-pss,
 * v1 without the controller cpuacct). Reading it takes less than a microsecond. */
int64_t cage_cpu_us(struct cage *cage);

/* sampled-pss: looks, and kills the fattest process but the root when the tree is above hard_bytes
 * (the root when it is alone); counted in oom_kills. Returns the pid or 0. On the other rungs the
 * kernel does it: 0. */
pid_t cage_enforce(struct cage *cage);

/* SIGKILL everything inside, fork bombs too. It is not gone yet when this returns. On sampled-pss,
 * where proc_kill_tree knows more, nothing is done beyond the tree below the root. */
void cage_kill(struct cage *cage);

/* Remove the group. -1: something still lives in it (ERR_INTERNAL); try again a little later. */
MUST_CHECK int cage_remove(struct cage *cage, struct err *err);

void cage_free(struct cage **cage);

/* ---- whose fault it was ---------------------------------------------------------------------- */

int64_t cage_oom_kills_since(const struct cage_sample *before,
                             const struct cage_sample *after); /* 0: none */

/* How a page or worker ended, as far as Chrome and our own clocks tell. */
struct cage_end {
    const char *crash_status; /* Target.targetCrashed `status`, Inspector.targetCrashed: ""; NULL:
                                 no crash */
    bool browser_killed;      /* the browser process itself ended by SIGKILL that we did not send */
    bool silent;              /* no progress in the whole time between the samples */
};

/* ERR_OOM, ERR_MEMORY_THRASH, or ERR_OK: memory is not to blame. `before` was taken when the page
 * began or progress was last seen, `after` at the end. hard_bytes: the cap, 0: none. */
enum err_code cage_blame(const struct cage_sample *before, const struct cage_sample *after,
                         const struct cage_end *end, int64_t hard_bytes);

#endif
