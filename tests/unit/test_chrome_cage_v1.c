/* SPDX-License-Identifier: MIT */
/* test_chrome_cage_v1.c - cages of cgroup v1, the sweep of dead ones, and whose fault an end was. */
#include "test_chrome_cage.h"

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
