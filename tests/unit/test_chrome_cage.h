/* SPDX-License-Identifier: MIT */
/* test_chrome_cage.h - directories that mimic the kernel's: the files of a new group are there, what is written is
 * kept, and a group that lists a process is not removed. */
#ifndef TEST_CHROME_CAGE_H
#define TEST_CHROME_CAGE_H

#include "chrome/cage.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1024LL * 1024)

struct world {
    char dir[64];
    char *proc;    /* mimics /proc */
    char *service; /* the engine's own group: v2, or the memory hierarchy of v1 */
    char *pids;    /* v1 */
    char *cpu;     /* v1, cpuacct */
    struct cage_settings settings;
    struct cage_yard *yard;
    struct cage *cage;
    struct cage_sample sample;
    struct err err;
};

static const struct cage_caps caps = {
    .hard_bytes = 256 * MIB, .high_bytes = 252 * MIB, .pids = 200};

/* ---- the mimic ------------------------------------------------------------------------------- */

static inline void put(const char *dir, const char *file, const char *text)
{
    char *path = mem_printf("%s/%s", dir, file);
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    mem_free(path);
}

static inline bool exists(const char *dir, const char *file)
{
    char *path = mem_printf("%s/%s", dir, file);
    bool is = access(path, F_OK) == 0;

    mem_free(path);
    return is;
}

static inline void drop(const char *dir, const char *file)
{
    char *path = mem_printf("%s/%s", dir, file);

    assert_int_equal(unlink(path), 0);
    mem_free(path);
}

/* One of four static buffers in turn; "" when it can't be read. */
static inline const char *get(const char *dir, const char *file)
{
    static char texts[4][256];
    static int turn;
    char *text = texts[turn++ % 4];
    char *path = mem_printf("%s/%s", dir, file);
    FILE *f = fopen(path, "re");

    text[f ? fread(text, 1, sizeof(texts[0]) - 1, f) : 0] = '\0';
    if (f)
        fclose(f);
    mem_free(path);
    return text;
}

static const char *const v2_files[][2] = {
    {"cgroup.controllers", "cpu memory pids\n"},
    {"cgroup.subtree_control", ""},
    {"cgroup.type", "domain\n"},
    {"cgroup.procs", ""},
    {"cgroup.kill", ""},
    {"memory.high", "max\n"},
    {"memory.max", "max\n"},
    {"memory.swap.max", "max\n"},
    {"memory.oom.group", "1\n"},
    {"memory.current", "0\n"},
    {"pids.max", "max\n"},
};

static const char *const v1_files[][2] = {
    {"cgroup.procs", ""},
    {"memory.limit_in_bytes", "9223372036854771712\n"},
    {"memory.memsw.limit_in_bytes", "9223372036854771712\n"},
    {"memory.soft_limit_in_bytes", "9223372036854771712\n"},
    {"memory.swappiness", "60\n"},
    {"memory.usage_in_bytes", "0\n"},
};

static const char *const v1_cpu_files[][2] = {
    {"cgroup.procs", ""},
    {"cpuacct.usage", "0\n"},
};

static const char *const v1_pids_files[][2] = {
    {"cgroup.procs", ""},
    {"pids.max", "max\n"},
    {"pids.current", "0\n"},
};

#define PUT_ALL(dir, files)                              \
    do {                                                 \
        for (size_t i_ = 0; i_ < ARRAY_LEN(files); i_++) \
            put(dir, (files)[i_][0], (files)[i_][1]);    \
    } while (0)

static inline int mimic_make(const char *path)
{
    if (mkdir(path, 0755) < 0)
        return -1;
    if (strstr(path, "/v2/"))
        PUT_ALL(path, v2_files);
    else if (strstr(path, "/memory/"))
        PUT_ALL(path, v1_files);
    else if (strstr(path, "/cpuacct/"))
        PUT_ALL(path, v1_cpu_files);
    else
        PUT_ALL(path, v1_pids_files);
    return 0;
}

static inline int forget_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* The files of a group go with it; groups in it and processes don't. */
static inline int mimic_remove(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -1;
    if (st.st_nlink > 2 || *get(path, "cgroup.procs")) {
        errno = EBUSY;
        return -1;
    }
    return nftw(path, forget_file, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int is_yard(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    return kind == FTW_DP && strstr(path, "catchdeal-cages-") ? 1 : 0;
}

static inline int mimic_refuse(const char *path)
{
    (void)path;
    errno = EPERM;
    return -1;
}

static inline void say_where(struct world *w, const char *cgroup, const char *mountinfo)
{
    put(w->proc, "self/cgroup", cgroup);
    put(w->proc, "self/mountinfo", mountinfo);
}

static inline char *make_dir(struct world *w, const char *name)
{
    char *dir = mem_printf("%s/%s", w->dir, name);

    assert_int_equal(mkdir(dir, 0755), 0);
    return dir;
}

static inline void make_dirs(struct world *w, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(make_dir(w, names[i]));
}

static inline int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    strcpy(w->dir, "/tmp/catchdeal-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->proc = make_dir(w, "proc");
    mem_free(make_dir(w, "proc/self"));
    w->settings = (struct cage_settings){
        .strongest = CAGE_V2,
        .weakest = CAGE_PSS,
        .kernel = {.proc_dir = w->proc, .make_group = mimic_make, .remove_group = mimic_remove},
    };
    *state = w;
    return 0;
}

/* A service that systemd has delegated; only we are in it. */
static inline int v2_make(void **state)
{
    static const char *const dirs[] = {"v2", "v2/system.slice"};
    struct world *w;
    char *cgroup, *mountinfo;

    world_make(state);
    w = *state;
    w->settings.weakest = CAGE_V2;
    make_dirs(w, dirs, ARRAY_LEN(dirs));
    w->service = mem_printf("%s/v2/system.slice/catchdeal.service", w->dir);
    assert_int_equal(mimic_make(w->service), 0);
    cgroup = mem_printf("%d\n", (int)getpid());
    put(w->service, "cgroup.procs", cgroup);
    mem_free(cgroup);
    mountinfo =
        mem_printf("25 30 0:23 / /sys rw - sysfs sysfs rw\n"
                   "35 25 0:30 / %s/v2 rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
                   w->dir);
    say_where(w, "0::/system.slice/catchdeal.service\n", mountinfo);
    mem_free(mountinfo);
    return 0;
}

/* Groups of our own in memory, the root in pids, as on a development machine that was seen. */
static inline int v1_make(void **state)
{
    static const char *const dirs[] = {"memory", "pids", "cpuacct"};
    struct world *w;
    char *mountinfo;

    world_make(state);
    w = *state;
    w->settings.strongest = w->settings.weakest = CAGE_V1;
    make_dirs(w, dirs, ARRAY_LEN(dirs));
    w->service = mem_printf("%s/memory/ours", w->dir);
    assert_int_equal(mimic_make(w->service), 0);
    w->pids = mem_printf("%s/pids", w->dir);
    PUT_ALL(w->pids, v1_pids_files);
    w->cpu = mem_printf("%s/cpuacct", w->dir);
    PUT_ALL(w->cpu, v1_cpu_files);
    mountinfo = mem_printf("35 31 0:32 / %s/memory rw - cgroup cgroup rw,memory\n"
                           "36 31 0:33 / %s/cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                           "39 31 0:36 / %s/pids rw - cgroup cgroup rw,pids\n",
                           w->dir, w->dir, w->dir);
    say_where(w, "9:name=systemd:/\n8:pids:/\n4:memory:/ours\n2:cpu,cpuacct:/\n0::/\n", mountinfo);
    mem_free(mountinfo);
    return 0;
}

static inline int world_end(void **state)
{
    struct world *w = *state;

    cage_free(&w->cage);
    cage_yard_close(&w->yard);
    nftw(w->dir, forget_file, 8, FTW_DEPTH | FTW_PHYS);
    mem_free(w->proc);
    mem_free(w->service);
    mem_free(w->pids);
    mem_free(w->cpu);
    mem_free(w);
    return 0;
}

static inline void open_yard(struct world *w)
{
    if (cage_yard_open(&w->settings, &w->yard, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static inline const char *make_cage(struct world *w)
{
    open_yard(w);
    if (cage_new(w->yard, &caps, &w->cage, &w->err) < 0)
        fail_msg("%s", w->err.text);
    return cage_name(w->cage);
}

static inline void sample(struct world *w)
{
    if (cage_sample(w->cage, &w->sample, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static inline void end_cage(struct world *w)
{
    assert_int_equal(cage_remove(w->cage, &w->err), 0);
    cage_free(&w->cage);
}

#endif
