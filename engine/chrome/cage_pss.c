/* SPDX-License-Identifier: MIT */
/* cage_pss.c - the cage without any group: we look at the tree now and then, and kill by ourselves.
 *
 * What the kernel does under a cap is imitated: the fattest process dies, and the browser lives on
 * when that was a renderer. Between two looks a page may go past the cap, and a process that leaves
 * the tree leaves the cage.
 */
#include "base/log.h"
#include "base/proc.h"
#include "chrome/cage_rung.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROLLUP_BYTES = 2048 };

static bool pss_look(struct cage_yard *yard, char text[CAGE_TEXT_BYTES])
{
    yard->n_roots = 0;
    yard->has_pids = false;
    snprintf(text, CAGE_TEXT_BYTES,
             "memory of each process tree sampled by the engine, which kills what is above the "
             "cap; a page that "
             "allocates fast may go past it between two looks; no cap on processes");
    return true;
}

static int pss_prepare(struct cage_yard *yard, struct err *err)
{
    (void)yard;
    (void)err;
    return 0;
}

static int pss_write_caps(struct cage *cage, struct err *err)
{
    (void)err;
    cage->name = mem_strdup("no process");
    return 0;
}

/* ---- looking --------------------------------------------------------------------------------- */

struct share {
    int64_t pss_bytes;
    int64_t anon_bytes; /* its proportional part; kernels before 5.4 do not tell */
};

static int64_t kib_of(const char *text, const char *key)
{
    const char *line = strstr(text, key);
    long long kib;

    return line && sscanf(line + strlen(key), "%lld kB", &kib) == 1 ? kib * 1024 : CAGE_UNKNOWN;
}

static void measure(const struct cage *cage, pid_t pid, struct share *out)
{
    char *dir = mem_printf("%s/%d", cage->yard->kernel.proc_dir, (int)pid);
    char text[ROLLUP_BYTES];

    *out = (struct share){0};
    if (cage_read(dir, "smaps_rollup", text, sizeof(text))) {
        out->pss_bytes = cage_sum(0, kib_of(text, "\nPss:"));
        out->anon_bytes = cage_sum(0, kib_of(text, "\nPss_Anon:"));
    }
    mem_free(dir);
}

/* The sum; `fattest` (may be NULL) is the member with the largest share, the root only when alone.
 */
static void look(struct cage *cage, struct share *sum, struct proc_stat *fattest)
{
    int64_t most_bytes = -1;

    *sum = (struct share){0};
    proc_tree_refresh(&cage->tree);
    for (size_t i = 0; i < cage->tree.n; i++) {
        const struct proc_stat *member = &cage->tree.members[i];
        struct share share;

        measure(cage, member->pid, &share);
        sum->pss_bytes += share.pss_bytes;
        sum->anon_bytes += share.anon_bytes;
        if (member->pid == cage->tree.root && cage->tree.n > 1)
            continue;
        if (fattest && share.pss_bytes > most_bytes) {
            most_bytes = share.pss_bytes;
            *fattest = *member;
        }
    }
    if (sum->pss_bytes > cage->peak_bytes)
        cage->peak_bytes = sum->pss_bytes;
}

static int pss_sample(struct cage *cage, struct cage_sample *out, struct err *err)
{
    struct share sum;

    if (!cage->has_tree)
        return err_set(err, ERR_INTERNAL, "the cage's root is not known yet");
    look(cage, &sum, NULL);
    out->current_bytes = sum.pss_bytes;
    out->anon_bytes = sum.anon_bytes;
    out->peak_bytes = cage->peak_bytes;
    out->oom_kills = cage->oom_kills;
    out->high_events = out->refaults = out->stall_ms = out->pids_denied = CAGE_UNKNOWN;
    out->pids = (int64_t)cage->tree.n;
    return 0;
}

/* ---- killing --------------------------------------------------------------------------------- */

static bool kill_one(const struct proc_stat *victim)
{
    int pidfd = (int)syscall(SYS_pidfd_open, victim->pid, 0);
    struct proc_stat now;
    bool killed;

    if (pidfd < 0)
        return false;
    /* Held by the descriptor, the number can't pass to another process between look and signal. */
    killed = proc_stat_read(victim->pid, &now) && now.start_ticks == victim->start_ticks &&
             syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
    close(pidfd);
    return killed;
}

static pid_t pss_enforce(struct cage *cage)
{
    struct proc_stat fattest = {0};
    struct share sum;

    if (!cage->has_tree || !cage->caps.hard_bytes)
        return 0;
    look(cage, &sum, &fattest);
    if (sum.pss_bytes <= cage->caps.hard_bytes || !fattest.pid || !kill_one(&fattest))
        return 0;
    cage->oom_kills++;
    log_warn("chrome", "killed for its memory", "pid=%d tree=%lldM cap=%lldM", (int)fattest.pid,
             (long long)(sum.pss_bytes >> 20), (long long)(cage->caps.hard_bytes >> 20));
    return fattest.pid;
}

static void pss_kill(struct cage *cage)
{
    if (cage->has_tree)
        proc_tree_signal(&cage->tree, SIGKILL);
}

const struct cage_ops cage_pss = {
    .rung = CAGE_PSS,
    .look = pss_look,
    .prepare = pss_prepare,
    .write_caps = pss_write_caps,
    .sample = pss_sample,
    .enforce = pss_enforce,
    .kill = pss_kill,
};
