/* SPDX-License-Identifier: MIT */
/* cage_v2.c - cages as cgroup v2 leaves (Documentation/admin-guide/cgroup-v2.rst).
 *
 * A group gives controllers to the groups below it by its cgroup.subtree_control, but only while no
 * process is in it (the root is exempt). So an engine that is in its group PARENT moves to
 * PARENT/catchdeal-engine:
 *
 *   PARENT/                      the service's group, which systemd has delegated (Delegate=yes)
 *     catchdeal-engine/          the engine
 *     catchdeal-cages-1f2e3d4c/  the yard
 *       worker-1/                a cage
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/cage_rung.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENGINE_LEAF "/catchdeal-engine"

enum { WORDS_BYTES = 512, STAT_BYTES = 8192 };

/* ---- can it be had? -------------------------------------------------------------------------- */

static bool file_has_word(const char *dir, const char *file, const char *word)
{
    char words[WORDS_BYTES];

    return cage_read(dir, file, words, sizeof(words)) && cage_has_word(words, word);
}

/* The root has no type, and it alone may hold processes and controllers at the same time. */
static bool is_root_group(const char *dir)
{
    char text[64];

    return !cage_read(dir, "cgroup.type", text, sizeof(text));
}

static int count_strangers(const char *dir)
{
    char *path = mem_printf("%s/cgroup.procs", dir);
    FILE *file = fopen(path, "re");
    int pid, n = 0;

    mem_free(path);
    while (file && fscanf(file, "%d", &pid) == 1)
        n += pid != getpid();
    if (file)
        fclose(file);
    return n;
}

/* Memory can be given to groups below: it is already, or nobody but us has to move away for it. */
static bool can_give_memory(const char *dir, char text[CAGE_TEXT_BYTES])
{
    int strangers;

    if (is_root_group(dir) || file_has_word(dir, "cgroup.subtree_control", "memory"))
        return true;
    strangers = count_strangers(dir);
    if (strangers > 0)
        snprintf(text, CAGE_TEXT_BYTES,
                 "%d other processes are in our group %.120s, so it can't give its controllers on: "
                 "start the engine by "
                 "systemd with Delegate=yes, or by hand with: systemd-run --scope -p Delegate=yes "
                 "catchdeal-engine ...",
                 strangers, dir);
    return strangers == 0;
}

static bool look_at(const char *dir, char text[CAGE_TEXT_BYTES])
{
    char words[WORDS_BYTES] = "";

    cage_read(dir, "cgroup.controllers", words, sizeof(words));
    if (!cage_has_word(words, "memory")) {
        snprintf(text, CAGE_TEXT_BYTES,
                 "the group %.120s has no memory controller (cgroup.controllers: \"%.100s\"): it "
                 "serves cgroup v1, is not "
                 "delegated, or the kernel needs cgroup_enable=memory",
                 dir, str_trim(words));
        return false;
    }
    if (access(dir, W_OK | X_OK) < 0 || !cage_has(dir, "cgroup.subtree_control") ||
        !cage_has(dir, "cgroup.procs")) {
        snprintf(text, CAGE_TEXT_BYTES,
                 "the group %.120s may not be written by user %u: start the engine by systemd with "
                 "Delegate=yes",
                 dir, (unsigned)geteuid());
        return false;
    }
    return can_give_memory(dir, text);
}

static bool v2_look(struct cage_yard *yard, char text[CAGE_TEXT_BYTES])
{
    char *dir = cage_own_group(&yard->kernel, NULL, text);

    if (!dir)
        return false;
    /* An engine that has moved already, before its exec. */
    if (str_ends(dir, ENGINE_LEAF))
        dir[strlen(dir) - strlen(ENGINE_LEAF)] = '\0';
    if (!look_at(dir, text)) {
        mem_free(dir);
        return false;
    }
    yard->roots[0].parent = dir;
    yard->n_roots = 1;
    yard->has_pids = file_has_word(dir, "cgroup.controllers", "pids");
    snprintf(text, CAGE_TEXT_BYTES, "memory%s, counted and killed by the kernel, below %.200s",
             yard->has_pids ? " and processes" : " only (no pids controller there)", dir);
    return true;
}

/* ---- making the parent fit ------------------------------------------------------------------- */

static int give_controllers(const struct cage_yard *yard, const char *dir, struct err *err)
{
    return cage_write(dir, "cgroup.subtree_control", yard->has_pids ? "+memory +pids" : "+memory",
                      err);
}

static int move_to_leaf(struct cage_yard *yard, const char *parent, struct err *err)
{
    char *leaf = mem_printf("%s" ENGINE_LEAF, parent);
    int rc = 0;

    if (yard->kernel.make_group(leaf) < 0 && errno != EEXIST)
        rc = err_sys(err, ERR_LAUNCH, "%s", leaf);
    if (rc == 0)
        rc = cage_write(leaf, "cgroup.procs", "0", err);
    if (rc == 0)
        log_debug("chrome", "moved to a leaf of our group", "group=%s", log_quote(leaf));
    mem_free(leaf);
    return rc;
}

static int v2_prepare(struct cage_yard *yard, struct err *err)
{
    const char *parent = yard->roots[0].parent;

    if (!is_root_group(parent) && !file_has_word(parent, "cgroup.subtree_control", "memory") &&
        move_to_leaf(yard, parent, err) < 0)
        return -1;
    return give_controllers(yard, parent, err);
}

/* ---- caps ------------------------------------------------------------------------------------ */

static int v2_write_caps(struct cage *cage, struct err *err)
{
    const struct cage_caps *caps = &cage->caps;
    const char *dir = cage->dirs[0];

    if (caps->high_bytes && cage_write_number(dir, "memory.high", caps->high_bytes, err) < 0)
        return -1;
    if (caps->hard_bytes && cage_write_number(dir, "memory.max", caps->hard_bytes, err) < 0)
        return -1;
    /* A kernel without swap has no such file. */
    if (caps->hard_bytes && cage_has(dir, "memory.swap.max") &&
        cage_write(dir, "memory.swap.max", "0", err) < 0)
        return -1;
    /* One renderer shall die, not the browser with it. */
    if (cage_has(dir, "memory.oom.group") && cage_write(dir, "memory.oom.group", "0", err) < 0)
        return -1;
    if (caps->pids && cage->yard->has_pids &&
        cage_write_number(dir, "pids.max", caps->pids, err) < 0)
        return -1;
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* "full avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS" (Documentation/accounting/psi.rst) */
static int64_t stall_ms_of(struct cage *cage)
{
    char text[512];
    const char *full, *total;

    if (!cage_look(cage, FILE_PRESSURE, 0, "memory.pressure", text, sizeof(text)))
        return CAGE_UNKNOWN;
    full = strstr(text, "full ");
    total = full ? strstr(full, "total=") : NULL;
    return total ? strtoll(total + strlen("total="), NULL, 10) / 1000 : CAGE_UNKNOWN;
}

/* Events of the group itself; the kernel tells them apart since 5.2, and a leaf has no others. */
static void read_events(struct cage *cage, struct cage_sample *out)
{
    char text[512];

    out->oom_kills = out->high_events = CAGE_UNKNOWN;
    if (!cage_look(cage, FILE_EVENTS, 0, "memory.events.local", text, sizeof(text)) &&
        !cage_look(cage, FILE_EVENTS, 0, "memory.events", text, sizeof(text)))
        return;
    out->oom_kills = cage_number_of(text, "oom_kill");
    out->high_events = cage_number_of(text, "high");
}

static void read_stat(struct cage *cage, struct cage_sample *out)
{
    char text[STAT_BYTES];

    out->anon_bytes = out->refaults = CAGE_UNKNOWN;
    if (!cage_look(cage, FILE_STAT, 0, "memory.stat", text, sizeof(text)))
        return;
    out->anon_bytes = cage_number_of(text, "anon");
    out->refaults = cage_sum(cage_number_of(text, "workingset_refault_file"),
                             cage_number_of(text, "workingset_refault_anon"));
    if (out->refaults == CAGE_UNKNOWN) /* before 5.9 */
        out->refaults = cage_number_of(text, "workingset_refault");
}

static int v2_sample(struct cage *cage, struct cage_sample *out, struct err *err)
{
    char text[128];

    out->current_bytes = cage_look_number(cage, FILE_CURRENT, 0, "memory.current");
    if (out->current_bytes == CAGE_UNKNOWN)
        return err_set(err, ERR_INTERNAL, "%s: memory.current can't be read", cage->name);
    out->peak_bytes = cage_look_number(cage, FILE_PEAK, 0, "memory.peak"); /* since 5.19 */
    read_stat(cage, out);
    read_events(cage, out);
    out->stall_ms = stall_ms_of(cage);
    out->pids = cage_look_number(cage, FILE_PIDS, 0, "pids.current");
    out->pids_denied = cage_look(cage, FILE_PIDS_EVENTS, 0, "pids.events", text, sizeof(text))
                           ? cage_number_of(text, "max")
                           : CAGE_UNKNOWN;
    return 0;
}

/* Counted in each group, the controller cpu or not. */
static int64_t v2_cpu_us(struct cage *cage)
{
    char text[1024];

    return cage_look(cage, FILE_CPU, 0, "cpu.stat", text, sizeof(text))
               ? cage_number_of(text, "usage_usec")
               : CAGE_UNKNOWN;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void v2_kill(struct cage *cage)
{
    const char *dir = cage->dirs[0];
    struct err err;

    if (!dir)
        return;
    /* Since 5.14; one write, which no fork escapes. */
    if (cage_has(dir, "cgroup.kill") && cage_write(dir, "cgroup.kill", "1", &err) == 0)
        return;
    cage_group_kill(&cage->yard->kernel, dir);
}

const struct cage_ops cage_v2 = {
    .rung = CAGE_V2,
    .look = v2_look,
    .prepare = v2_prepare,
    .equip = give_controllers,
    .write_caps = v2_write_caps,
    .sample = v2_sample,
    .cpu_us = v2_cpu_us,
    .kill = v2_kill,
};
