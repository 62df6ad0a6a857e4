/* SPDX-License-Identifier: MIT */
/* test_chrome_cage.c - cages on directories that mimic the kernel's, and whose fault an end was.
 *
 * The mimic makes the files of a new group as the kernel does, keeps what is written, and refuses
 * to remove a group that lists a process. The same against the real kernel:
 * test_chrome_cage_real.c.
 */
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

static void put(const char *dir, const char *file, const char *text)
{
    char *path = mem_printf("%s/%s", dir, file);
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    mem_free(path);
}

static bool exists(const char *dir, const char *file)
{
    char *path = mem_printf("%s/%s", dir, file);
    bool is = access(path, F_OK) == 0;

    mem_free(path);
    return is;
}

static void drop(const char *dir, const char *file)
{
    char *path = mem_printf("%s/%s", dir, file);

    assert_int_equal(unlink(path), 0);
    mem_free(path);
}

/* One of four static buffers in turn; "" when it can't be read. */
static const char *get(const char *dir, const char *file)
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

static int mimic_make(const char *path)
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

static int forget_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* The files of a group go with it; groups in it and processes don't. */
static int mimic_remove(const char *path)
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

static int is_yard(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    return kind == FTW_DP && strstr(path, "catchdeal-cages-") ? 1 : 0;
}

static int mimic_refuse(const char *path)
{
    (void)path;
    errno = EPERM;
    return -1;
}

static void say_where(struct world *w, const char *cgroup, const char *mountinfo)
{
    put(w->proc, "self/cgroup", cgroup);
    put(w->proc, "self/mountinfo", mountinfo);
}

static char *make_dir(struct world *w, const char *name)
{
    char *dir = mem_printf("%s/%s", w->dir, name);

    assert_int_equal(mkdir(dir, 0755), 0);
    return dir;
}

static void make_dirs(struct world *w, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(make_dir(w, names[i]));
}

static int world_make(void **state)
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
static int v2_make(void **state)
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
static int v1_make(void **state)
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

static int world_end(void **state)
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

static void open_yard(struct world *w)
{
    if (cage_yard_open(&w->settings, &w->yard, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static const char *make_cage(struct world *w)
{
    open_yard(w);
    if (cage_new(w->yard, &caps, &w->cage, &w->err) < 0)
        fail_msg("%s", w->err.text);
    return cage_name(w->cage);
}

static void sample(struct world *w)
{
    if (cage_sample(w->cage, &w->sample, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static void end_cage(struct world *w)
{
    assert_int_equal(cage_remove(w->cage, &w->err), 0);
    cage_free(&w->cage);
}

/* ---- which rung ------------------------------------------------------------------------------ */

static void v2_is_taken_where_the_group_is_delegated(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;

    cage_detect(&w->settings.kernel, &survey);

    assert_int_equal(survey.rung, CAGE_V2);
    assert_non_null(strstr(survey.text[CAGE_V2], w->service));
    assert_string_equal(get(w->service, "cgroup.subtree_control"), "");
    assert_false(exists(w->service, "catchdeal-engine"));
}

static void says_what_to_do_where_others_are_in_the_group(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;

    put(w->service, "cgroup.procs", "1\n2\n");

    cage_detect(&w->settings.kernel, &survey);

    assert_int_equal(survey.rung, CAGE_PSS);
    assert_non_null(strstr(survey.text[CAGE_V2], "2 other processes"));
    assert_non_null(strstr(survey.text[CAGE_V2], "Delegate=yes"));
    assert_non_null(strstr(survey.text[CAGE_V1], "no cgroup v1 hierarchy with memory"));
    assert_non_null(strstr(survey.text[CAGE_PSS], "sampled"));
}

static void says_that_memory_belongs_to_v1(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;

    put(w->service, "cgroup.controllers", "\n");

    cage_detect(&w->settings.kernel, &survey);

    assert_non_null(strstr(survey.text[CAGE_V2], "no memory controller"));
}

static void says_that_v2_is_not_mounted(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;

    put(w->proc, "self/mountinfo", "25 30 0:23 / /sys rw - sysfs sysfs rw\n");

    cage_detect(&w->settings.kernel, &survey);

    assert_string_equal(survey.text[CAGE_V2], "cgroup v2 is not mounted");
}

static void finds_the_group_in_a_container_that_sees_only_its_own(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;
    char *mountinfo =
        mem_printf("35 25 0:30 /docker/1234 %s rw - cgroup2 cgroup2 rw\n", w->service);

    say_where(w, "0::/docker/1234\n", mountinfo);
    mem_free(mountinfo);

    cage_detect(&w->settings.kernel, &survey);

    assert_int_equal(survey.rung, CAGE_V2);
}

static void refuses_a_group_outside_of_what_is_mounted(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;

    put(w->proc, "self/mountinfo",
        "35 25 0:30 /docker/1234 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");

    cage_detect(&w->settings.kernel, &survey);

    assert_non_null(
        strstr(survey.text[CAGE_V2], "lies outside of what is mounted at /sys/fs/cgroup"));
}

static void mount_points_with_blanks_are_read(void **state)
{
    struct world *w = *state;
    struct cage_survey survey;
    char *odd = mem_printf("%s/v2/a b", w->dir);
    char *mountinfo = mem_printf("35 25 0:30 / %s/v2/a\\040b rw - cgroup2 cgroup2 rw\n", w->dir);

    assert_int_equal(mimic_make(odd), 0);
    say_where(w, "0::/\n", mountinfo);
    mem_free(mountinfo);
    mem_free(odd);

    cage_detect(&w->settings.kernel, &survey);

    assert_int_equal(survey.rung, CAGE_V2);
}

static void a_weaker_rung_is_taken_with_the_reason_kept(void **state)
{
    struct world *w = *state;

    w->settings.weakest = CAGE_PSS;
    w->settings.kernel.make_group = mimic_refuse;

    open_yard(w);

    assert_int_equal(cage_yard_rung(w->yard), CAGE_PSS);
    assert_int_equal(cage_yard_survey(w->yard)->rung, CAGE_PSS);
    assert_non_null(strstr(cage_yard_survey(w->yard)->text[CAGE_V2], "Operation not permitted"));
}

static void a_rung_that_is_demanded_fails_rather_than_falls_back(void **state)
{
    struct world *w = *state;

    w->settings.kernel.make_group = mimic_refuse;

    assert_int_equal(cage_yard_open(&w->settings, &w->yard, &w->err), -1);

    assert_int_equal(w->err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->err.text, "cgroup-v2"));
    assert_non_null(strstr(w->err.text, "Operation not permitted"));
}

/* ---- v2 -------------------------------------------------------------------------------------- */

static void the_engine_moves_to_a_leaf_before_it_gives_controllers_on(void **state)
{
    struct world *w = *state;
    char *yard;

    open_yard(w);
    assert_int_equal(cage_new(w->yard, &caps, &w->cage, &w->err), 0);
    yard = mem_strndup(cage_name(w->cage), strlen(cage_name(w->cage)) - strlen("/worker-2"));

    assert_string_equal(get(w->service, "catchdeal-engine/cgroup.procs"), "0");
    assert_string_equal(get(w->service, "cgroup.subtree_control"), "+memory +pids");
    assert_string_equal(get(yard, "cgroup.subtree_control"), "+memory +pids");

    mem_free(yard);
    end_cage(w);
}

static void an_engine_in_its_leaf_uses_the_group_above(void **state)
{
    struct world *w = *state;
    char *leaf = mem_printf("%s/catchdeal-engine", w->service);

    assert_int_equal(mimic_make(leaf), 0);
    put(w->service, "cgroup.procs", "");
    put(w->service, "cgroup.subtree_control", "memory pids\n");
    put(w->proc, "self/cgroup", "0::/system.slice/catchdeal.service/catchdeal-engine\n");

    make_cage(w);

    assert_string_equal(get(leaf, "cgroup.procs"), "");
    assert_true(str_starts(cage_name(w->cage), w->service));
    assert_null(strstr(cage_name(w->cage), "catchdeal-engine"));
    end_cage(w);
    mem_free(leaf);
}

static void v2_caps_are_written(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);
    int fds[CAGE_MAX_FDS];

    assert_string_equal(get(group, "memory.max"), "268435456");
    assert_string_equal(get(group, "memory.high"), "264241152");
    assert_string_equal(get(group, "memory.swap.max"), "0");
    assert_string_equal(get(group, "memory.oom.group"), "0");
    assert_string_equal(get(group, "pids.max"), "200");
    assert_int_equal(cage_procs_fds(w->cage, fds), 1);
    assert_int_equal(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_WRONLY);

    end_cage(w);
}

static void v2_counters_are_read(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);

    put(group, "memory.current", "180355072\n");
    put(group, "memory.peak", "268435456\n");
    put(group, "memory.stat",
        "anon 104857600\nfile 70000000\nanon_thp 0\nworkingset_refault_anon "
        "2\nworkingset_refault_file 40\n");
    put(group, "memory.events",
        "low 0\nhigh 999\nmax 999\noom 999\noom_kill 999\noom_group_kill 0\n");
    put(group, "memory.events.local",
        "low 0\nhigh 17\nmax 31\noom 3\noom_kill 2\noom_group_kill 0\n");
    put(group, "memory.pressure",
        "some avg10=9.00 avg60=0.00 avg300=0.00 total=7654321\nfull avg10=1.00 avg60=0.00 "
        "avg300=0.00 "
        "total=1234567\n");
    put(group, "pids.current", "57\n");
    put(group, "pids.events", "max 4\n");
    put(group, "cpu.stat", "usage_usec 7000000\nuser_usec 5000000\nsystem_usec 2000000\n");
    sample(w);

    assert_int_equal(cage_cpu_us(w->cage), 7000000);
    assert_int_equal(w->sample.current_bytes, 180355072);
    assert_int_equal(w->sample.peak_bytes, 268435456);
    assert_int_equal(w->sample.anon_bytes, 104857600);
    assert_int_equal(w->sample.refaults, 42);
    assert_int_equal(w->sample.oom_kills, 2);
    assert_int_equal(w->sample.high_events, 17);
    assert_int_equal(w->sample.stall_ms, 1234);
    assert_int_equal(w->sample.pids, 57);
    assert_int_equal(w->sample.pids_denied, 4);
    end_cage(w);
}

static void what_the_kernel_does_not_tell_is_unknown_and_the_peak_is_kept_by_us(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);

    put(group, "memory.current", "300\n");
    sample(w);
    put(group, "memory.current", "200\n");
    sample(w);

    assert_int_equal(w->sample.current_bytes, 200);
    assert_int_equal(w->sample.peak_bytes, 300);
    assert_int_equal(w->sample.anon_bytes, CAGE_UNKNOWN);
    assert_int_equal(w->sample.oom_kills, CAGE_UNKNOWN);
    assert_int_equal(w->sample.stall_ms, CAGE_UNKNOWN);
    assert_int_equal(w->sample.refaults, CAGE_UNKNOWN);
    assert_int_equal(w->sample.pids_denied, CAGE_UNKNOWN);
    assert_int_equal(cage_cpu_us(w->cage), CAGE_UNKNOWN);
    end_cage(w);
}

static void v2_kills_by_one_write(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);

    cage_kill(w->cage);

    assert_string_equal(get(group, "cgroup.kill"), "1");
    end_cage(w);
}

static void before_5_14_forks_are_stopped_and_strangers_spared(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);

    drop(group, "cgroup.kill");
    put(group, "cgroup.procs",
        "1\n"); /* not in this group, says /proc/1/cgroup, which is not there */

    cage_kill(w->cage);

    assert_string_equal(get(group, "pids.max"), "0");
    put(group, "cgroup.procs", "");
    end_cage(w);
}

static void removal_is_refused_while_something_lives_and_works_later(void **state)
{
    struct world *w = *state;
    char *group = mem_strdup(make_cage(w));

    put(group, "cgroup.procs", "4711\n");
    assert_int_equal(cage_remove(w->cage, &w->err), -1);
    assert_non_null(strstr(w->err.text, "busy"));
    put(group, "cgroup.procs", "");
    assert_int_equal(cage_remove(w->cage, &w->err), 0);

    assert_int_equal(access(group, F_OK), -1);
    assert_int_equal(cage_remove(w->cage, &w->err), 0);
    assert_int_equal(cage_sample(w->cage, &w->sample, &w->err), -1);
    assert_int_equal(cage_cpu_us(w->cage), CAGE_UNKNOWN);
    mem_free(group);
}

static int mimic_make_without_limit(const char *path)
{
    if (mimic_make(path) < 0)
        return -1;
    drop(path, "memory.max");
    return 0;
}

static void a_cap_that_is_refused_leaves_no_group(void **state)
{
    struct world *w = *state;

    w->settings.kernel.make_group = mimic_make_without_limit;

    assert_int_equal(cage_yard_open(&w->settings, &w->yard, &w->err), -1);

    assert_non_null(strstr(w->err.text, "memory.max: No such file"));
    assert_int_equal(nftw(w->dir, is_yard, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void no_caps_leave_the_files_alone(void **state)
{
    struct world *w = *state;
    struct cage_caps none = {0};

    open_yard(w);
    assert_int_equal(cage_new(w->yard, &none, &w->cage, &w->err), 0);

    assert_string_equal(get(cage_name(w->cage), "memory.max"), "max\n");
    assert_string_equal(get(cage_name(w->cage), "pids.max"), "max\n");
    end_cage(w);
}

/* ---- v1 -------------------------------------------------------------------------------------- */

static void v1_caps_are_written_in_each_hierarchy(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);
    char *pids = mem_printf("%s%s", w->pids, strstr(group, "/catchdeal-cages-"));
    int fds[CAGE_MAX_FDS];

    assert_true(str_starts(group, w->service));
    assert_string_equal(get(group, "memory.limit_in_bytes"), "268435456");
    assert_string_equal(get(group, "memory.memsw.limit_in_bytes"), "268435456");
    assert_string_equal(get(group, "memory.soft_limit_in_bytes"), "264241152");
    assert_string_equal(get(pids, "pids.max"), "200");
    assert_int_equal(cage_procs_fds(w->cage, fds), 3);

    mem_free(pids);
    end_cage(w);
}

static void v1_counters_are_read(void **state)
{
    struct world *w = *state;
    const char *group = make_cage(w);
    char *cpu = mem_printf("%s%s", w->cpu, strstr(group, "/catchdeal-cages-"));
    char *pids = mem_printf("%s%s", w->pids, strstr(group, "/catchdeal-cages-"));

    put(group, "memory.usage_in_bytes", "180355072\n");
    put(group, "memory.max_usage_in_bytes", "268435456\n");
    put(group, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    put(group, "memory.stat",
        "cache 70000000\nrss 104857600\nrss_huge 0\nworkingset_refault_anon "
        "2\nworkingset_refault_file 40\n"
        "total_rss 999\n");
    put(pids, "pids.current", "57\n");
    put(pids, "pids.events", "max 4\n");
    sample(w);

    assert_int_equal(w->sample.current_bytes, 180355072);
    assert_int_equal(w->sample.peak_bytes, 268435456);
    assert_int_equal(w->sample.anon_bytes, 104857600);
    assert_int_equal(w->sample.refaults, 42);
    assert_int_equal(w->sample.oom_kills, 3);
    assert_int_equal(w->sample.stall_ms, CAGE_UNKNOWN);
    assert_int_equal(w->sample.pids, 57);
    assert_int_equal(w->sample.pids_denied, 4);
    assert_int_equal(cage_cpu_us(w->cage), 0);
    put(cpu, "cpuacct.usage", "7000000999\n");
    assert_int_equal(cage_cpu_us(w->cage), 7000000);
    mem_free(cpu);
    mem_free(pids);
    end_cage(w);
}

static void v1_without_pids_still_caps_memory(void **state)
{
    struct world *w = *state;
    char *mountinfo = mem_printf("35 31 0:32 / %s/memory rw - cgroup cgroup rw,memory\n", w->dir);
    int fds[CAGE_MAX_FDS];

    put(w->proc, "self/mountinfo", mountinfo);
    mem_free(mountinfo);

    make_cage(w);

    assert_int_equal(cage_procs_fds(w->cage, fds), 1);
    assert_non_null(
        strstr(cage_yard_survey(w->yard)->text[CAGE_V1], "cgroup v1 pids is not mounted"));
    sample(w);
    assert_int_equal(w->sample.pids, CAGE_UNKNOWN);
    assert_int_equal(cage_cpu_us(w->cage), CAGE_UNKNOWN);
    end_cage(w);
}

static int mimic_make_without_memsw(const char *path)
{
    if (mimic_make(path) < 0)
        return -1;
    if (strstr(path, "/memory/"))
        drop(path, "memory.memsw.limit_in_bytes");
    return 0;
}

static void v1_without_swap_accounting_avoids_swap(void **state)
{
    struct world *w = *state;

    w->settings.kernel.make_group = mimic_make_without_memsw;
    make_cage(w);

    assert_string_equal(get(cage_name(w->cage), "memory.swappiness"), "0");
    end_cage(w);
}

/* ---- sweeping -------------------------------------------------------------------------------- */

static void groups_of_dead_engines_are_swept_and_those_of_living_ones_spared(void **state)
{
    struct world *w = *state;
    struct cage_yard *other;
    char *dead = mem_printf("%s/catchdeal-cages-00000000", w->service);
    char *worker = mem_printf("%s/worker-7", dead);

    make_cage(w);
    assert_int_equal(mimic_make(dead), 0);
    assert_int_equal(mimic_make(worker), 0);

    assert_int_equal(cage_yard_open(&w->settings, &other, &w->err), 0);

    assert_int_equal(cage_yard_swept(other), 1);
    assert_int_equal(access(dead, F_OK), -1);
    assert_int_equal(access(cage_name(w->cage), F_OK), 0);
    cage_yard_close(&other);
    assert_int_equal(access(cage_name(w->cage), F_OK), 0);
    end_cage(w);
    mem_free(worker);
    mem_free(dead);
}

static void a_closed_yard_leaves_nothing(void **state)
{
    struct world *w = *state;

    make_cage(w);
    end_cage(w);
    cage_yard_close(&w->yard);

    assert_int_equal(nftw(w->dir, is_yard, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- whose fault it was ---------------------------------------------------------------------- */

static const struct cage_sample start = {
    .at_ms = 1000, .current_bytes = 100 * MIB, .oom_kills = 5, .refaults = 10000, .stall_ms = 300};

static struct cage_sample after_ms(int64_t ms)
{
    struct cage_sample after = start;

    after.at_ms += ms;
    return after;
}

static enum err_code blame(const struct cage_sample *after, struct cage_end end)
{
    return cage_blame(&start, after, &end, 256 * MIB);
}

static void a_kill_that_was_counted_is_oom(void **state)
{
    struct cage_sample after = after_ms(500);

    (void)state;
    after.oom_kills = 6;

    assert_int_equal(blame(&after, (struct cage_end){.crash_status = "killed"}), ERR_OOM);
    assert_int_equal(blame(&after, (struct cage_end){.crash_status = ""}), ERR_OOM);
    assert_int_equal(blame(&after, (struct cage_end){.browser_killed = true}), ERR_OOM);
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OOM);
}

static void a_crash_of_another_kind_is_no_oom_even_when_something_was_killed(void **state)
{
    struct cage_sample after = after_ms(500);

    (void)state;
    after.oom_kills = 6;

    assert_int_equal(blame(&after, (struct cage_end){.crash_status = "crashed"}), ERR_OK);
    assert_int_equal(blame(&after, (struct cage_end){.crash_status = "oom"}), ERR_OK);
    assert_int_equal(blame(&after, (struct cage_end){0}), ERR_OK);
}

static void a_kill_that_was_not_counted_is_no_oom(void **state)
{
    struct cage_sample after = after_ms(500);

    (void)state;
    assert_int_equal(blame(&after, (struct cage_end){.crash_status = "killed"}), ERR_OK);
    after.oom_kills = CAGE_UNKNOWN;
    assert_int_equal(blame(&after, (struct cage_end){.crash_status = "killed"}), ERR_OK);
}

static void silence_under_pressure_is_thrash(void **state)
{
    struct cage_sample after = after_ms(10000);

    (void)state;
    after.stall_ms += 1999;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
    after.stall_ms += 1;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_MEMORY_THRASH);
    assert_int_equal(blame(&after, (struct cage_end){.silent = false}), ERR_OK);
}

static void without_pressure_figures_refaults_at_the_cap_tell_thrash(void **state)
{
    struct cage_sample after = after_ms(10000);

    (void)state;
    after.stall_ms = CAGE_UNKNOWN;
    after.current_bytes = 250 * MIB;
    after.refaults += 4999;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
    after.refaults += 1;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_MEMORY_THRASH);
    after.current_bytes = 200 * MIB;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
}

static void silence_alone_is_not_blamed_on_memory(void **state)
{
    struct cage_sample after = after_ms(10000);

    (void)state;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
    after.stall_ms = after.refaults = after.oom_kills = CAGE_UNKNOWN;
    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
}

static void nothing_is_said_of_a_moment(void **state)
{
    struct cage_sample after = after_ms(900);

    (void)state;
    after.stall_ms += 900;

    assert_int_equal(blame(&after, (struct cage_end){.silent = true}), ERR_OK);
}

static void no_log(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

#define ON_V2(f) cmocka_unit_test_setup_teardown(f, v2_make, world_end)
#define ON_V1(f) cmocka_unit_test_setup_teardown(f, v1_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_V2(v2_is_taken_where_the_group_is_delegated),
        ON_V2(says_what_to_do_where_others_are_in_the_group),
        ON_V2(says_that_memory_belongs_to_v1),
        ON_V2(says_that_v2_is_not_mounted),
        ON_V2(finds_the_group_in_a_container_that_sees_only_its_own),
        ON_V2(refuses_a_group_outside_of_what_is_mounted),
        ON_V2(mount_points_with_blanks_are_read),
        ON_V2(a_weaker_rung_is_taken_with_the_reason_kept),
        ON_V2(a_rung_that_is_demanded_fails_rather_than_falls_back),
        ON_V2(the_engine_moves_to_a_leaf_before_it_gives_controllers_on),
        ON_V2(an_engine_in_its_leaf_uses_the_group_above),
        ON_V2(v2_caps_are_written),
        ON_V2(v2_counters_are_read),
        ON_V2(what_the_kernel_does_not_tell_is_unknown_and_the_peak_is_kept_by_us),
        ON_V2(v2_kills_by_one_write),
        ON_V2(before_5_14_forks_are_stopped_and_strangers_spared),
        ON_V2(removal_is_refused_while_something_lives_and_works_later),
        ON_V2(a_cap_that_is_refused_leaves_no_group),
        ON_V2(no_caps_leave_the_files_alone),
        ON_V1(v1_caps_are_written_in_each_hierarchy),
        ON_V1(v1_counters_are_read),
        ON_V1(v1_without_pids_still_caps_memory),
        ON_V1(v1_without_swap_accounting_avoids_swap),
        ON_V2(groups_of_dead_engines_are_swept_and_those_of_living_ones_spared),
        ON_V2(a_closed_yard_leaves_nothing),
        ON_V1(a_closed_yard_leaves_nothing),
        cmocka_unit_test(a_kill_that_was_counted_is_oom),
        cmocka_unit_test(a_crash_of_another_kind_is_no_oom_even_when_something_was_killed),
        cmocka_unit_test(a_kill_that_was_not_counted_is_no_oom),
        cmocka_unit_test(silence_under_pressure_is_thrash),
        cmocka_unit_test(without_pressure_figures_refaults_at_the_cap_tell_thrash),
        cmocka_unit_test(silence_alone_is_not_blamed_on_memory),
        cmocka_unit_test(nothing_is_said_of_a_moment),
    };

    log_set_sink(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
