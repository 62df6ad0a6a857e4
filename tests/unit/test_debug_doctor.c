/* SPDX-License-Identifier: MIT */
/* test_debug_doctor.c - what the doctor reads from the kernel, what it makes of it, and how it
 * tells. */
#include "base/jdoc.h"
#include "debug/doctor_facts.h"
#include "support/unit.h"

#define GIB ((int64_t)1 << 30)
#define MIB ((int64_t)1 << 20)

/* A Raspberry Pi with a USB stick whose label has a blank, and a container's mounts. */
static const char mountinfo[] =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "27 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw,discard\n"
    "28 27 0:25 / /tmp rw,nosuid - tmpfs tmpfs rw,size=1024k\n"
    "29 27 8:1 / /mnt/my\\040stick rw - vfat /dev/sda1 rw\n"
    "30 27 0:40 / /data rw - nfs4 server:/export rw,vers=4.2\n"
    "31 30 8:17 / /data rw - xfs /dev/sdb1 rw\n"
    "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "a line that is none\n";

/* ---- reading --------------------------------------------------------------------------------- */

static void finds_the_deepest_mount_and_the_last_of_those(void **state)
{
    struct doctor_mount mount;

    (void)state;
    assert_true(doctor_mount_of(mountinfo, "/tmp/x", &mount));
    assert_string_equal(mount.fstype, "tmpfs");
    assert_true(doctor_mount_of(mountinfo, "/tmpx", &mount));
    assert_string_equal(mount.source, "/dev/mmcblk0p2");
    assert_true(doctor_mount_of(mountinfo, "/data/deals.db", &mount));
    assert_string_equal(mount.fstype, "xfs");
    assert_true(doctor_mount_of(mountinfo, "/mnt/my stick/deals", &mount));
    assert_string_equal(mount.point, "/mnt/my stick");
    assert_false(doctor_mount_of("", "/tmp", &mount));
}

static void tells_cards_from_disks(void **state)
{
    (void)state;
    assert_true(doctor_is_card("/dev/mmcblk0p2"));
    assert_true(
        doctor_is_card("../../devices/platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:0001/"
                       "block/mmcblk0/mmcblk0p2"));
    assert_false(doctor_is_card("/dev/sda1"));
    assert_false(doctor_is_card("../../devices/pci0000:00/nvme0/nvme0n1/nvme0n1p1"));
    assert_false(doctor_is_card(""));
}

static void finds_our_group_in_either_version(void **state)
{
    static const char cgroup[] =
        "9:name=systemd:/\n8:pids,misc:/a/b\n4:memory:/docker/abc/engine\n0::/user\n";
    struct doctor_mount mount;
    char group[128], dir[128];

    (void)state;
    assert_true(doctor_own_group(cgroup, "pids", group, sizeof(group)));
    assert_string_equal(group, "/a/b");
    assert_true(doctor_own_group(cgroup, NULL, group, sizeof(group)));
    assert_string_equal(group, "/user");
    assert_false(doctor_own_group(cgroup, "mem", group, sizeof(group)));

    assert_true(doctor_mount_of_type(mountinfo, "cgroup", "memory", &mount));
    assert_true(doctor_own_group(cgroup, "memory", group, sizeof(group)));
    assert_true(doctor_group_dir(&mount, group, dir, sizeof(dir)));
    assert_string_equal(dir, "/sys/fs/cgroup/memory/engine");
    assert_false(doctor_group_dir(&mount, "/docker/abcd", dir, sizeof(dir)));
    assert_true(doctor_mount_of_type(mountinfo, "cgroup2", NULL, &mount));
    assert_true(doctor_group_dir(&mount, "/", dir, sizeof(dir)));
    assert_string_equal(dir, "/sys/fs/cgroup/unified");
    assert_false(doctor_mount_of_type(mountinfo, "cgroup", "mem", &mount));
}

static void refuses_names_that_do_not_fit(void **state)
{
    char small[4];

    (void)state;
    assert_false(doctor_own_group("0::/a/long/path\n", NULL, small, sizeof(small)));
}

static void reads_numbers_of_the_kernel(void **state)
{
    static const char meminfo[] =
        "MemTotal:       24684084 kB\nMemAvailable:   1024 kB\nMemAvail: 7 kB\n";

    (void)state;
    assert_int_equal(doctor_meminfo_bytes(meminfo, "MemAvailable"), 1024 * 1024);
    assert_int_equal(doctor_meminfo_bytes(meminfo, "MemFree"), DOCTOR_UNKNOWN);
    assert_int_equal(doctor_limit("max\n"), INT64_MAX);
    assert_int_equal(doctor_limit("512\n"), 512);
    assert_int_equal(doctor_limit("-1\n"), DOCTOR_UNKNOWN);
    assert_int_equal(doctor_limit(""), DOCTOR_UNKNOWN);
    assert_true(doctor_is_confined("Name:\tchrome\nSeccomp:\t2\nSeccomp_filters:\t3\n"));
    assert_false(doctor_is_confined("Name:\tchrome\nSeccomp:\t0\nSeccomp_filters:\t2\n"));
    assert_false(doctor_is_confined("Name:\tchrome\n"));
}

static void reads_versions(void **state)
{
    (void)state;
    assert_int_equal(
        doctor_chrome_major("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
                            "(KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"),
        156);
    assert_int_equal(doctor_chrome_major("Chrome/99"), 99);
    assert_int_equal(doctor_chrome_major("Lightpanda"), DOCTOR_UNKNOWN);
    assert_int_equal(doctor_chrome_major("Chrome/x"), DOCTOR_UNKNOWN);
}

static void knows_fonts_with_hangul_by_name(void **state)
{
    (void)state;
    assert_true(doctor_font_has_hangul("NotoSansCJK-Regular.ttc"));
    assert_true(doctor_font_has_hangul("NanumGothic.ttf"));
    assert_true(doctor_font_has_hangul("batang.ttf"));
    assert_false(doctor_font_has_hangul("NanumGothic.txt"));
    assert_false(doctor_font_has_hangul("DejaVuSans.ttf"));
    assert_false(doctor_font_has_hangul("NotoSans-Regular.ttf"));
}

/* ---- judging --------------------------------------------------------------------------------- */

static void expect_level(const struct doctor_verdict *verdict, enum doctor_level level,
                         enum err_code code)
{
    assert_int_equal(verdict->level, level);
    assert_int_equal(verdict->code, code);
    assert_int_equal(verdict->advice[0] == '\0', level == DOCTOR_OK);
}

static void memory_must_hold_one_browser(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_memory(GIB, 255 * MIB, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_LAUNCH);
    doctor_judge_memory(GIB, 256 * MIB, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_memory(GIB, 512 * MIB, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_memory(DOCTOR_UNKNOWN, DOCTOR_UNKNOWN, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void a_cap_that_is_named_must_be_had(void **state)
{
    struct cage_survey survey = {.rung = CAGE_V1};
    struct doctor_verdict verdict;

    (void)state;
    strcpy(survey.text[CAGE_V2], "no memory controller");
    strcpy(survey.text[CAGE_V1], "counted by the kernel");
    doctor_judge_cap("auto", &survey, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    assert_string_equal(verdict.found,
                        "cgroup-v1: counted by the kernel; not cgroup-v2: no memory controller");
    doctor_judge_cap("cgroup-v2", &survey, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_LAUNCH);
    assert_non_null(strstr(verdict.found, "no memory controller"));
    doctor_judge_cap("sampled-pss", &survey, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_cap("none", &survey, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    survey.rung = CAGE_PSS;
    doctor_judge_cap("auto", &survey, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void browsers_should_not_be_given_more_than_there_is(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_budget(GIB, GIB, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_budget(GIB, GIB + MIB, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_budget(GIB, 0, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void swap_on_a_card_is_warned_about(void **state)
{
    static const char head[] = "Filename\tType\t\tSize\t\tUsed\t\tPriority\n";
    struct doctor_verdict verdict;
    char text[512];

    (void)state;
    doctor_judge_swap(head, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    assert_string_equal(verdict.found, "none");
    doctor_judge_swap("", &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);

    snprintf(text, sizeof(text), "%s/dev/zram0 partition\t1048576\t2048\t100\n", head);
    doctor_judge_swap(text, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    assert_string_equal(verdict.found, "1024 MiB, 2 used");

    strcat(text, "/dev/mmcblk0p3 partition\t102400\t0\t-2\n");
    doctor_judge_swap(text, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    assert_non_null(strstr(verdict.found, "1124 MiB"));
}

static void a_kernel_without_pressure_figures_is_warned_about(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_pressure("some avg10=0.12 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00\n",
                          &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_pressure("some avg10=31.00 avg60=0.00 avg300=0.00 total=5\n", &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_pressure(NULL, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_pressure("", &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void shared_memory_must_be_there_unless_it_is_avoided(void **state)
{
    struct doctor_shm shm = {
        .exists = true, .is_writable = true, .size_bytes = GIB, .free_bytes = GIB};
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_shm(&shm, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    shm.size_bytes = shm.free_bytes = 64 * MIB;
    doctor_judge_shm(&shm, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    shm.is_writable = false;
    doctor_judge_shm(&shm, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_LAUNCH);
    shm.exists = false;
    doctor_judge_shm(&shm, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_LAUNCH);
    shm.is_avoided = true;
    doctor_judge_shm(&shm, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
}

static void the_tightest_limit_on_processes_counts(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_tasks(INT64_MAX, INT64_MAX, INT64_MAX, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    assert_string_equal(verdict.found, "no limit");
    doctor_judge_tasks(4096, 200, 512, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_tasks(100, INT64_MAX, INT64_MAX, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_PIDS);
    doctor_judge_tasks(INT64_MAX, 149, 4096, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_PIDS);
    assert_non_null(strstr(verdict.found, "pids.max of the group 4096, left in the group 149"));
}

static void few_open_files_are_warned_about_and_very_few_refused(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_files(1024, 4096, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_files(512, 4096, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_files(255, 4096, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_FDS);
}

static void disk_runs_out_by_bytes_or_by_inodes(void **state)
{
    struct doctor_space space = {
        .path = "/tmp", .free_bytes = GIB, .inodes = 1000000, .free_inodes = 900000};
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    space.free_inodes = 19999;
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    space.free_inodes = 10;
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_DISK);
    space.inodes = space.free_inodes = 0; /* btrfs counts none */
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    space.free_bytes = DOCTOR_UNKNOWN;
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    space.free_bytes = 10 * MIB;
    doctor_judge_space(&space, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_DISK);
}

static void profiles_and_data_want_different_media(void **state)
{
    struct doctor_medium memory = {.path = "/tmp", .fstype = "tmpfs", .is_memory = true};
    struct doctor_medium card = {.path = "/var", .fstype = "ext4", .is_card = true};
    struct doctor_medium network = {.path = "/mnt", .fstype = "nfs4", .is_network = true};
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_medium(&memory, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_medium(&card, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    memory.keeps = card.keeps = network.keeps = true;
    doctor_judge_medium(&memory, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_medium(&card, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_medium(&network, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void a_clock_must_be_of_this_century_and_should_be_kept(void **state)
{
    struct doctor_clock clock = {.wall_ms = 1795320300000, .ntp_state = 0, .max_error_us = 12000};
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_clock(&clock, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    assert_string_equal(verdict.found, "2026-11-22T04:05:00.000Z, synchronised to 12 ms");
    clock.is_unsynchronised = true;
    doctor_judge_clock(&clock, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    clock.is_unsynchronised = false;
    clock.ntp_state = 5; /* TIME_ERROR */
    doctor_judge_clock(&clock, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    clock.ntp_state = DOCTOR_UNKNOWN;
    doctor_judge_clock(&clock, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    clock.wall_ms = 0; /* a Raspberry Pi before its network is up */
    doctor_judge_clock(&clock, &verdict);
    expect_level(&verdict, DOCTOR_FAIL, ERR_INTERNAL);
}

static void a_wall_clock_that_jumps_is_noticed(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_step(499, 2000, &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_step(3600000, 2000, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    doctor_judge_step(-501, 2000, &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void an_untested_browser_is_warned_about(void **state)
{
    struct doctor_verdict verdict;

    (void)state;
    doctor_judge_version("Mozilla/5.0 HeadlessChrome/156.0.0.0", &verdict);
    expect_level(&verdict, DOCTOR_OK, ERR_OK);
    doctor_judge_version("Chrome/80.0.1.1", &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    assert_non_null(strstr(verdict.found, "older"));
    doctor_judge_version("Chrome/999.0.1.1", &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
    assert_non_null(strstr(verdict.found, "not tested"));
    doctor_judge_version("", &verdict);
    expect_level(&verdict, DOCTOR_WARN, ERR_OK);
}

static void advice_follows_from_what_chrome_said(void **state)
{
    (void)state;
    assert_non_null(strstr(doctor_launch_advice("FATAL: No usable sandbox! If you ..."), "userns"));
    assert_non_null(strstr(doctor_launch_advice("error while loading shared libraries: libnss3.so"),
                           "apt-get"));
    assert_non_null(
        strstr(doctor_launch_advice("Running as root without --no-sandbox"), "chrome_user"));
    assert_non_null(strstr(doctor_launch_advice("something new"), "by hand"));
}

/* ---- telling --------------------------------------------------------------------------------- */

static void fill(struct doctor_report *report, bool json)
{
    struct doctor_verdict verdict;

    doctor_report_init(report, json);
    doctor_say_ok(&verdict, "none");
    doctor_report_add(report, "swap", &verdict);
    doctor_say_fail(&verdict, ERR_STORE, "start it", "\"away\"");
    doctor_report_add(report, "database", &verdict);
    doctor_say_fail(&verdict, ERR_LAUNCH, "install it", "no Chrome");
    doctor_report_add(report, "chrome", &verdict);
    doctor_say_warn(&verdict, "wait", "late");
    doctor_report_add(report, "clock", &verdict);
    doctor_report_end(report);
}

static void advice_stands_below_its_line(void **state)
{
    struct doctor_report report;

    (void)state;
    fill(&report, false);

    assert_string_equal(buf_str(&report.out), "ok    swap              none\n"
                                              "FAIL  database          \"away\"\n"
                                              "      start it\n"
                                              "FAIL  chrome            no Chrome\n"
                                              "      install it\n"
                                              "warn  clock             late\n"
                                              "      wait\n"
                                              "\n"
                                              "not fit: 2 failures, 1 warning\n");
    doctor_report_fini(&report);
}

static void json_is_one_document(void **state)
{
    struct doctor_report report;
    struct jdoc *doc;
    const struct jval *root, *second;
    struct err err;

    (void)state;
    fill(&report, true);

    assert_int_equal(jdoc_parse(report.out.data, report.out.len, &doc, &err), 0);
    root = jdoc_root(doc);
    assert_false(jval_get_bool(root, "fit", true));
    assert_int_equal(jval_get_int(root, "exit_code", 0), 6);
    assert_int_equal(jval_count(jval_get(root, "checks")), 4);
    assert_true(jval_is_null(jval_get(jval_first(jval_get(root, "checks")), "advice")));
    second = jval_next(jval_first(jval_get(root, "checks")));
    assert_string_equal(jval_get_str(second, "found", ""), "\"away\"");
    assert_string_equal(jval_get_str(second, "level", ""), "fail");
    jdoc_free(&doc);
    doctor_report_fini(&report);
}

static void the_worst_failure_gives_the_exit_code(void **state)
{
    static const enum err_code worse_each[] = {ERR_INTERNAL, ERR_SITE, ERR_STORE_AWAY,
                                               ERR_STORE,    ERR_LAUNCH, ERR_FDS,  ERR_PIDS,
                                               ERR_DISK,     ERR_CONFIG};
    struct doctor_report report;
    struct doctor_verdict verdict;

    (void)state;
    doctor_report_init(&report, false);
    doctor_say_warn(&verdict, "wait", "late");
    doctor_report_add(&report, "clock", &verdict);
    assert_int_equal(doctor_report_exit_code(&report), 0);
    for (size_t i = 0; i < ARRAY_LEN(worse_each); i++) {
        doctor_say_fail(&verdict, worse_each[i], "mend it", "broken");
        doctor_report_add(&report, "x", &verdict);
        doctor_say_fail(&verdict, ERR_INTERNAL, "mend it", "broken");
        doctor_report_add(&report, "y", &verdict);
        assert_int_equal(doctor_report_exit_code(&report), err_exit_code(worse_each[i]));
    }
    doctor_report_fini(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_deepest_mount_and_the_last_of_those),
        cmocka_unit_test(tells_cards_from_disks),
        cmocka_unit_test(finds_our_group_in_either_version),
        cmocka_unit_test(refuses_names_that_do_not_fit),
        cmocka_unit_test(reads_numbers_of_the_kernel),
        cmocka_unit_test(reads_versions),
        cmocka_unit_test(knows_fonts_with_hangul_by_name),
        cmocka_unit_test(memory_must_hold_one_browser),
        cmocka_unit_test(a_cap_that_is_named_must_be_had),
        cmocka_unit_test(browsers_should_not_be_given_more_than_there_is),
        cmocka_unit_test(swap_on_a_card_is_warned_about),
        cmocka_unit_test(a_kernel_without_pressure_figures_is_warned_about),
        cmocka_unit_test(shared_memory_must_be_there_unless_it_is_avoided),
        cmocka_unit_test(the_tightest_limit_on_processes_counts),
        cmocka_unit_test(few_open_files_are_warned_about_and_very_few_refused),
        cmocka_unit_test(disk_runs_out_by_bytes_or_by_inodes),
        cmocka_unit_test(profiles_and_data_want_different_media),
        cmocka_unit_test(a_clock_must_be_of_this_century_and_should_be_kept),
        cmocka_unit_test(a_wall_clock_that_jumps_is_noticed),
        cmocka_unit_test(an_untested_browser_is_warned_about),
        cmocka_unit_test(advice_follows_from_what_chrome_said),
        cmocka_unit_test(advice_stands_below_its_line),
        cmocka_unit_test(json_is_one_document),
        cmocka_unit_test(the_worst_failure_gives_the_exit_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
