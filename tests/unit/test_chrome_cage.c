/* SPDX-License-Identifier: MIT */
/* test_chrome_cage.c - which cage is taken, and cages of cgroup v2, on directories that mimic the kernel's.
 *
 * The same against the real kernel: test_chrome_cage_real.c.
 */
#include "test_chrome_cage.h"

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
    };

    log_set_sink(no_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
