/* SPDX-License-Identifier: MIT */
/* cage_v1.c - cages as cgroup v1 groups, one in the hierarchy of memory and, where they are mounted,
 * one each in those of cpuacct and pids (Documentation/admin-guide/cgroup-v1/memory.rst, pids.rst, cpuacct.rst).
 */
#include "base/str.h"
#include "chrome/cage_rung.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY, STAT_BYTES = 8192 };

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

/* Returns its number. */
static int add_root(struct cage_yard *yard, char *parent)
{
    yard->roots[yard->n_roots].parent = parent;
    return yard->n_roots++;
}

/* pids comes last: see cage_group_open_yard. */
static bool v1_look(struct cage_yard *yard, char text[CAGE_TEXT_BYTES])
{
    char why_no_pids[CAGE_TEXT_BYTES] = "", ignored[CAGE_TEXT_BYTES];
    char *memory = writable_group(&yard->kernel, "memory", text);
    char *cpu, *pids;

    if (!memory)
        return false;
    cpu = writable_group(&yard->kernel, "cpuacct", ignored);
    pids = writable_group(&yard->kernel, "pids", why_no_pids);
    yard->n_roots = 0;
    add_root(yard, memory);
    yard->cpu_root = cpu ? add_root(yard, cpu) : -1;
    yard->pids_root = pids ? add_root(yard, pids) : -1;
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
    if (caps->pids && cage->yard->has_pids &&
        cage_write_number(cage->dirs[cage->yard->pids_root], "pids.max", caps->pids, err) < 0)
        return -1;
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_stat(struct cage *cage, struct cage_sample *out)
{
    char text[STAT_BYTES];

    out->anon_bytes = out->refaults = CAGE_UNKNOWN;
    if (!cage_look(cage, FILE_STAT, MEMORY, "memory.stat", text, sizeof(text)))
        return;
    out->anon_bytes = cage_number_of(text, "rss");
    out->refaults = cage_sum(cage_number_of(text, "workingset_refault_file"),
                             cage_number_of(text, "workingset_refault_anon"));
    if (out->refaults == CAGE_UNKNOWN) /* before 5.9 */
        out->refaults = cage_number_of(text, "workingset_refault");
}

static void read_pids(struct cage *cage, struct cage_sample *out)
{
    int root = cage->yard->pids_root;
    char text[128];

    out->pids = cage_look_number(cage, FILE_PIDS, root, "pids.current");
    out->pids_denied = cage_look(cage, FILE_PIDS_EVENTS, root, "pids.events", text, sizeof(text))
                           ? cage_number_of(text, "max")
                           : CAGE_UNKNOWN;
}

static int v1_sample(struct cage *cage, struct cage_sample *out, struct err *err)
{
    char text[256];

    out->current_bytes = cage_look_number(cage, FILE_CURRENT, MEMORY, "memory.usage_in_bytes");
    if (out->current_bytes == CAGE_UNKNOWN)
        return err_set(err, ERR_INTERNAL, "%s: memory.usage_in_bytes can't be read", cage->name);
    out->peak_bytes = cage_look_number(cage, FILE_PEAK, MEMORY, "memory.max_usage_in_bytes");
    read_stat(cage, out);
    /* memory.failcnt stays 0 (seen); the line is there since 4.13. */
    out->oom_kills = cage_look(cage, FILE_EVENTS, MEMORY, "memory.oom_control", text, sizeof(text))
                         ? cage_number_of(text, "oom_kill")
                         : CAGE_UNKNOWN;
    out->high_events = CAGE_UNKNOWN;
    out->stall_ms = CAGE_UNKNOWN;
    read_pids(cage, out);
    return 0;
}

static int64_t v1_cpu_us(struct cage *cage)
{
    int64_t ns = cage_look_number(cage, FILE_CPU, cage->yard->cpu_root, "cpuacct.usage");

    return ns == CAGE_UNKNOWN ? CAGE_UNKNOWN : ns / 1000;
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
    .cpu_us = v1_cpu_us,
    .kill = v1_kill,
};
