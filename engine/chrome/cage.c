/* SPDX-License-Identifier: MIT */
/* cage.c - chooses the rung and keeps the cages of a yard; see cage.h. */
#include "chrome/cage.h"
#include "base/clock.h"
#include "base/log.h"
#include "chrome/cage_rung.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cage_ops *const rungs[CAGE_RUNGS] = {
    [CAGE_PSS] = &cage_pss,
    [CAGE_V1] = &cage_v1,
    [CAGE_V2] = &cage_v2,
};

const char *cage_rung_name(enum cage_rung rung)
{
    static const char *const names[CAGE_RUNGS] = {
        [CAGE_PSS] = "sampled-pss",
        [CAGE_V1] = "cgroup-v1",
        [CAGE_V2] = "cgroup-v2",
    };

    return names[rung];
}

/* ---- the yard -------------------------------------------------------------------------------- */

static int make_group(const char *path)
{
    return mkdir(path, 0755);
}

static struct cage_yard *yard_make(const struct cage_kernel *kernel)
{
    struct cage_yard *yard = mem_new(struct cage_yard);

    yard->kernel = (struct cage_kernel){
        .proc_dir = kernel && kernel->proc_dir ? kernel->proc_dir : "/proc",
        .make_group = kernel && kernel->make_group ? kernel->make_group : make_group,
        .remove_group = kernel && kernel->remove_group ? kernel->remove_group : rmdir,
    };
    for (int i = 0; i < CAGE_MAX_ROOTS; i++)
        yard->roots[i].lock_fd = -1;
    yard->cpu_root = yard->pids_root = -1;
    return yard;
}

static void forget_roots(struct cage_yard *yard)
{
    cage_group_close_yard(yard);
    for (int i = 0; i < CAGE_MAX_ROOTS; i++) {
        mem_free(yard->roots[i].parent);
        yard->roots[i].parent = NULL;
    }
    yard->n_roots = 0;
    yard->cpu_root = yard->pids_root = -1;
}

void cage_yard_close(struct cage_yard **yard_ptr)
{
    struct cage_yard *yard = *yard_ptr;

    *yard_ptr = NULL;
    if (!yard)
        return;
    check(yard->live == 0);
    forget_roots(yard);
    mem_free(yard);
}

void cage_detect(const struct cage_kernel *kernel, struct cage_survey *out)
{
    struct cage_yard *yard = yard_make(kernel);
    int rung = CAGE_V2;

    while (!rungs[rung]->look(yard, yard->survey.text[rung]))
        rung--;
    *out = yard->survey;
    out->rung = (enum cage_rung)rung;
    cage_yard_close(&yard);
}

/* Some refusals only show when a group is made and capped. */
static int try_one(struct cage_yard *yard, struct err *err)
{
    struct cage_caps caps = {
        .hard_bytes = (int64_t)64 << 20, .high_bytes = (int64_t)60 << 20, .pids = 10};
    struct cage *cage;
    int rc;

    if (cage_new(yard, &caps, &cage, err) < 0)
        return -1;
    rc = cage_remove(cage, err);
    cage_free(&cage);
    return rc;
}

static int set_up(struct cage_yard *yard, struct err *err)
{
    if (yard->ops->prepare(yard, err) < 0 || cage_group_open_yard(yard, err) < 0)
        return -1;
    if (yard->ops->equip && yard->ops->equip(yard, yard->roots[0].dir, err) < 0)
        return -1;
    return try_one(yard, err);
}

static bool take_rung(struct cage_yard *yard, enum cage_rung rung)
{
    char *text = yard->survey.text[rung];
    struct err err;

    yard->ops = rungs[rung];
    if (!yard->ops->look(yard, text))
        return false;
    if (set_up(yard, &err) < 0) {
        snprintf(text, CAGE_TEXT_BYTES, "it looked possible, but %.300s", err.text);
        forget_roots(yard);
        return false;
    }
    yard->survey.rung = rung;
    return true;
}

int cage_yard_open(const struct cage_settings *settings, struct cage_yard **out, struct err *err)
{
    struct cage_yard *yard = yard_make(&settings->kernel);
    int rung = (int)settings->strongest;

    check(settings->weakest <= settings->strongest);
    while (rung >= (int)settings->weakest && !take_rung(yard, (enum cage_rung)rung)) {
        log_info("chrome", "memory cap not available", "rung=%s why=%s",
                 cage_rung_name((enum cage_rung)rung), log_quote(yard->survey.text[rung]));
        rung--;
    }
    if (rung < (int)settings->weakest) {
        err_set(err, ERR_LAUNCH, "no memory cap of the kind asked for: %s: %s",
                cage_rung_name(settings->strongest), yard->survey.text[settings->strongest]);
        cage_yard_close(&yard);
        return -1;
    }
    if (rung == CAGE_PSS && settings->strongest == CAGE_PSS)
        log_info("chrome", "memory is sampled, as asked for", "rung=%s",
                 cage_rung_name(yard->ops->rung));
    else if (rung == CAGE_PSS)
        log_warn("chrome", "memory is capped by sampling only", "what=%s",
                 log_quote(yard->survey.text[rung]));
    else
        log_info("chrome", "memory cap", "rung=%s what=%s", cage_rung_name(yard->ops->rung),
                 log_quote(yard->survey.text[rung]));
    *out = yard;
    return 0;
}

enum cage_rung cage_yard_rung(const struct cage_yard *yard)
{
    return yard->ops->rung;
}

const struct cage_survey *cage_yard_survey(const struct cage_yard *yard)
{
    return &yard->survey;
}

int cage_yard_swept(const struct cage_yard *yard)
{
    return yard->swept;
}

/* ---- one cage -------------------------------------------------------------------------------- */

int64_t cage_high_for(int64_t hard_bytes)
{
    return hard_bytes - hard_bytes / 64;
}

int cage_new(struct cage_yard *yard, const struct cage_caps *caps, struct cage **out,
             struct err *err)
{
    struct cage *cage = mem_new(struct cage);
    struct err ignored;

    check(!caps->high_bytes || !caps->hard_bytes || caps->high_bytes <= caps->hard_bytes);
    cage->yard = yard;
    cage->caps = *caps;
    for (int i = 0; i < CAGE_MAX_ROOTS; i++)
        cage->procs_fds[i] = -1;
    for (int i = 0; i < CAGE_FILES; i++)
        cage->file_fds[i] = -1;
    yard->live++;
    if ((yard->n_roots && cage_group_make(cage, err) < 0) || yard->ops->write_caps(cage, err) < 0) {
        if (cage_remove(cage, &ignored) < 0)
            log_warn("chrome", "a group stays", "why=%s", log_quote(ignored.text));
        cage_free(&cage);
        return -1;
    }
    *out = cage;
    return 0;
}

int cage_procs_fds(const struct cage *cage, int fds[CAGE_MAX_FDS])
{
    for (int i = 0; i < cage->yard->n_roots; i++)
        fds[i] = cage->procs_fds[i];
    return cage->yard->n_roots;
}

void cage_set_root(struct cage *cage, pid_t root)
{
    if (cage->yard->ops->rung != CAGE_PSS)
        return;
    check(!cage->has_tree);
    proc_tree_init(&cage->tree, root);
    cage->has_tree = true;
    mem_free(cage->name);
    cage->name = mem_printf("pid %d", (int)root);
}

const char *cage_name(const struct cage *cage)
{
    return cage->name;
}

int cage_sample(struct cage *cage, struct cage_sample *out, struct err *err)
{
    *out = (struct cage_sample){.at_ms = clock_mono_ms()};
    if (cage->yard->ops->sample(cage, out, err) < 0)
        return -1;
    if (out->current_bytes > cage->peak_bytes)
        cage->peak_bytes = out->current_bytes;
    if (out->peak_bytes < cage->peak_bytes)
        out->peak_bytes = cage->peak_bytes;
    return 0;
}

int64_t cage_cpu_us(struct cage *cage)
{
    return cage->yard->ops->cpu_us ? cage->yard->ops->cpu_us(cage) : CAGE_UNKNOWN;
}

pid_t cage_enforce(struct cage *cage)
{
    return cage->yard->ops->enforce ? cage->yard->ops->enforce(cage) : 0;
}

void cage_kill(struct cage *cage)
{
    cage->yard->ops->kill(cage);
}

int cage_remove(struct cage *cage, struct err *err)
{
    return cage_group_remove(cage, err);
}

void cage_free(struct cage **cage_ptr)
{
    struct cage *cage = *cage_ptr;

    *cage_ptr = NULL;
    if (!cage)
        return;
    for (int i = 0; i < CAGE_MAX_ROOTS; i++) {
        if (cage->procs_fds[i] >= 0)
            close(cage->procs_fds[i]);
        mem_free(cage->dirs[i]);
    }
    cage_close_files(cage);
    if (cage->has_tree)
        proc_tree_fini(&cage->tree);
    cage->yard->live--;
    mem_free(cage->name);
    mem_free(cage);
}
