/* SPDX-License-Identifier: MIT */
/* cage_v1.c - cages as cgroup v1 groups, one in the hierarchy of memory and, where it is mounted,
 * one in that of pids (Documentation/admin-guide/cgroup-v1/memory.rst, pids.rst).
 */
#include "base/str.h"
#include "chrome/cage_rung.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY, PIDS, STAT_BYTES = 8192 };

/* ---- can it be had? -------------------------------------------------------------------------- */

static char *writable_group(const struct cage_kernel *kernel, const char *controller,
                            char text[CAGE_TEXT_BYTES])
{
    char *dir = cage_own_group(kernel, controller, text);

    if (dir && access(dir, W_OK | X_OK) < 0) {
        snprintf(text, CAGE_TEXT_BYTES, "the group %.200s may not be written by user %u", dir,
                 (unsigned)geteuid());
        mem_free(dir);
        return NULL;
    }
    return dir;
}

static bool v1_look(struct cage_yard *yard, char text[CAGE_TEXT_BYTES])
{
    char why_no_pids[CAGE_TEXT_BYTES] = "";
    char *memory = writable_group(&yard->kernel, "memory", text);
    char *pids;

    if (!memory)
        return false;
    pids = writable_group(&yard->kernel, "pids", why_no_pids);
    yard->roots[MEMORY].parent = memory;
    yard->roots[PIDS].parent = pids;
    yard->n_roots = pids ? 2 : 1;
    yard->has_pids = pids != NULL;
    snprintf(
        text, CAGE_TEXT_BYTES,
        "memory%s, counted and killed by the kernel, below %.120s; no pressure figures%s%.120s",
        pids ? " and processes" : " only", memory, pids ? "" : "; ", why_no_pids);
    return true;
}

static int v1_prepare(struct cage_yard *yard, struct err *err)
{
    (void)yard;
    (void)err;
    return 0;
}

/* ---- caps ------------------------------------------------------------------------------------ */

/* memsw is memory and swap together, and may not be below the limit. A kernel that does not account for
 * swap lacks it: then nothing is swapped out while there is another way. */
static int forbid_swap(const char *dir, int64_t hard_bytes, struct err *err)
{
    if (cage_has(dir, "memory.memsw.limit_in_bytes"))
        return cage_write_number(dir, "memory.memsw.limit_in_bytes", hard_bytes, err);
    if (cage_has(dir, "memory.swappiness"))
        return cage_write(dir, "memory.swappiness", "0", err);
    return 0;
}

static int v1_write_caps(struct cage *cage, struct err *err)
{
    const struct cage_caps *caps = &cage->caps;
    const char *dir = cage->dirs[MEMORY];

    if (caps->hard_bytes &&
        cage_write_number(dir, "memory.limit_in_bytes", caps->hard_bytes, err) < 0)
        return -1;
    if (caps->hard_bytes && forbid_swap(dir, caps->hard_bytes, err) < 0)
        return -1;
    if (caps->high_bytes &&
        cage_write_number(dir, "memory.soft_limit_in_bytes", caps->high_bytes, err) < 0)
        return -1;
    if (caps->pids && cage->dirs[PIDS] &&
        cage_write_number(cage->dirs[PIDS], "pids.max", caps->pids, err) < 0)
        return -1;
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_stat(const char *dir, struct cage_sample *out)
{
    char text[STAT_BYTES];

    out->anon_bytes = out->refaults = CAGE_UNKNOWN;
    if (!cage_read(dir, "memory.stat", text, sizeof(text)))
        return;
    out->anon_bytes = cage_number_of(text, "rss");
    out->refaults = cage_sum(cage_number_of(text, "workingset_refault_file"),
                             cage_number_of(text, "workingset_refault_anon"));
    if (out->refaults == CAGE_UNKNOWN) /* before 5.9 */
        out->refaults = cage_number_of(text, "workingset_refault");
}

static void read_pids(const char *dir, struct cage_sample *out)
{
    char text[128];

    out->pids = out->pids_denied = CAGE_UNKNOWN;
    if (!dir)
        return;
    out->pids = cage_read_number(dir, "pids.current");
    if (cage_read(dir, "pids.events", text, sizeof(text)))
        out->pids_denied = cage_number_of(text, "max");
}

static int v1_sample(struct cage *cage, struct cage_sample *out, struct err *err)
{
    const char *dir = cage->dirs[MEMORY];
    char text[256];

    out->current_bytes = dir ? cage_read_number(dir, "memory.usage_in_bytes") : CAGE_UNKNOWN;
    if (out->current_bytes == CAGE_UNKNOWN)
        return err_set(err, ERR_INTERNAL, "%s: memory.usage_in_bytes can't be read", cage->name);
    out->peak_bytes = cage_read_number(dir, "memory.max_usage_in_bytes");
    read_stat(dir, out);
    /* memory.failcnt stays 0 (seen); the line is there since 4.13. */
    out->oom_kills = cage_read(dir, "memory.oom_control", text, sizeof(text))
                         ? cage_number_of(text, "oom_kill")
                         : CAGE_UNKNOWN;
    out->high_events = CAGE_UNKNOWN;
    out->stall_ms = CAGE_UNKNOWN;
    read_pids(cage->dirs[PIDS], out);
    return 0;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* By the pids hierarchy first: it stops the forks. */
static void v1_kill(struct cage *cage)
{
    for (int i = CAGE_MAX_ROOTS - 1; i >= 0; i--)
        if (cage->dirs[i])
            cage_group_kill(&cage->yard->kernel, cage->dirs[i]);
}

const struct cage_ops cage_v1 = {
    .rung = CAGE_V1,
    .look = v1_look,
    .prepare = v1_prepare,
    .write_caps = v1_write_caps,
    .sample = v1_sample,
    .kill = v1_kill,
};
