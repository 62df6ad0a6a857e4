/* SPDX-License-Identifier: MIT */
/* doctor_system.c - what the machine gives: memory, limits, fonts, time. Gathers; doctor_judge.c
 * judges. */
#include "base/clock.h"
#include "base/str.h"
#include "chrome/cage.h"
#include "chrome/flags.h"
#include "debug/doctor_checks.h"
#include "debug/doctor_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum { TEXT_BYTES = 65536, FONT_DEPTH = 4 };

bool doctor_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 0;

    text[0] = '\0';
    if (fd < 0)
        return false;
    while (len + 1 < size && (n = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return n >= 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void check_cage(struct doctor_report *report, const struct config *config)
{
    struct doctor_verdict verdict;
    struct cage_survey survey;

    cage_detect(NULL, &survey);
    doctor_judge_cap(config->memory_cap_rung, &survey, &verdict);
    doctor_report_add(report, "memory cap", &verdict);
}

/* What the configuration lets all browsers take; 0: without bound. */
static int64_t most_bytes(const struct config *config)
{
    int64_t each = config->worker_memory * config->browsers;

    if (config->worker_memory == 0 || str_eq(config->memory_cap_rung, "none"))
        return 0;
    if (config->memory_budget > 0 && config->memory_budget < each)
        return config->memory_budget > config->worker_memory ? config->memory_budget
                                                             : config->worker_memory;
    return each;
}

static void check_memory(struct doctor_report *report, const struct config *config,
                         char text[TEXT_BYTES])
{
    struct doctor_verdict verdict;

    doctor_read("/proc/meminfo", text, TEXT_BYTES);
    doctor_judge_memory(doctor_meminfo_bytes(text, "MemTotal"),
                        doctor_meminfo_bytes(text, "MemAvailable"), &verdict);
    doctor_report_add(report, "memory", &verdict);
    doctor_judge_budget(doctor_meminfo_bytes(text, "MemTotal"), most_bytes(config), &verdict);
    doctor_report_add(report, "memory budget", &verdict);
    doctor_read("/proc/swaps", text, TEXT_BYTES);
    doctor_judge_swap(text, &verdict);
    doctor_report_add(report, "swap", &verdict);
    doctor_judge_pressure(doctor_read("/proc/pressure/memory", text, TEXT_BYTES) ? text : NULL,
                          &verdict);
    doctor_report_add(report, "memory pressure", &verdict);
}

static bool flags_avoid_shm(const struct config *config)
{
    struct flags *flags;
    struct err ignored; /* told by the check of the switches */
    bool found = false;

    if (flags_load(config->chrome_flags, &flags, &ignored) < 0)
        return false;
    for (size_t i = 0; i < flags_count(flags); i++)
        found = found || str_eq(flags_at(flags, i), "--disable-dev-shm-usage");
    flags_free(&flags);
    return found;
}

static void check_shm(struct doctor_report *report, const struct config *config)
{
    struct doctor_shm shm = {.is_avoided = flags_avoid_shm(config)};
    struct doctor_verdict verdict;
    struct statvfs fs;
    struct stat st;

    if (stat("/dev/shm", &st) == 0 && statvfs("/dev/shm", &fs) == 0) {
        shm.exists = true;
        shm.is_writable =
            (st.st_mode & S_IWOTH) || (geteuid() != 0 && access("/dev/shm", W_OK | X_OK) == 0);
        shm.size_bytes = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
        shm.free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    }
    doctor_judge_shm(&shm, &verdict);
    doctor_report_add(report, "/dev/shm", &verdict);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static int64_t rlimit_number(rlim_t limit)
{
    return limit == RLIM_INFINITY || limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

static int64_t group_number(const char *dir, const char *file)
{
    char path[PATH_MAX + 32], text[64];

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    return doctor_read(path, text, sizeof(text)) ? doctor_limit(text) : DOCTOR_UNKNOWN;
}

/* A limit of any group above ours holds for us, too. */
static void tightest_group(char *dir, const char *top, int64_t *room_out, int64_t *max_out)
{
    *room_out = *max_out = INT64_MAX;
    while (strlen(dir) >= strlen(top)) {
        int64_t max = group_number(dir, "pids.max"), current = group_number(dir, "pids.current");
        char *slash = strrchr(dir, '/');

        if (max != DOCTOR_UNKNOWN && max != INT64_MAX && current >= 0 &&
            max - current < *room_out) {
            *room_out = max - current;
            *max_out = max;
        }
        if (!slash)
            return;
        *slash = '\0';
    }
}

static void find_group_limits(char text[TEXT_BYTES], int64_t *room_out, int64_t *max_out)
{
    struct doctor_mount mount;
    char group[PATH_MAX], dir[PATH_MAX];
    const char *controller = "pids";
    bool mounted;

    *room_out = *max_out = INT64_MAX;
    doctor_read("/proc/self/mountinfo", text, TEXT_BYTES);
    mounted = doctor_mount_of_type(text, "cgroup", controller, &mount);
    if (!mounted) {
        controller = NULL;
        mounted = doctor_mount_of_type(text, "cgroup2", NULL, &mount);
    }
    doctor_read("/proc/self/cgroup", text, TEXT_BYTES);
    if (mounted && doctor_own_group(text, controller, group, sizeof(group)) &&
        doctor_group_dir(&mount, group, dir, sizeof(dir)))
        tightest_group(dir, mount.point, room_out, max_out);
}

static void check_limits(struct doctor_report *report, char text[TEXT_BYTES])
{
    struct doctor_verdict verdict;
    struct rlimit limit;
    int64_t room, max;

    find_group_limits(text, &room, &max);
    check(getrlimit(RLIMIT_NPROC, &limit) == 0);
    doctor_judge_tasks(rlimit_number(limit.rlim_cur), room, max, &verdict);
    doctor_report_add(report, "processes", &verdict);
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    doctor_judge_files(rlimit_number(limit.rlim_cur), rlimit_number(limit.rlim_max), &verdict);
    doctor_report_add(report, "open files", &verdict);
}

/* ---- fonts ----------------------------------------------------------------------------------- */

static bool find_hangul(const char *dir, int depth, char found[PATH_MAX])
{
    DIR *d = depth > FONT_DEPTH ? NULL : opendir(dir);
    struct dirent *entry;
    bool is_found = false;
    char path[PATH_MAX];

    while (d && !is_found && (entry = readdir(d))) {
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
            continue;
        if (doctor_font_has_hangul(entry->d_name)) {
            snprintf(found, PATH_MAX, "%s", path);
            is_found = true;
        } else if (entry->d_type != DT_REG) {
            is_found = find_hangul(path, depth + 1, found); /* not a folder: opendir says so */
        }
    }
    if (d)
        closedir(d);
    return is_found;
}

static void check_fonts(struct doctor_report *report)
{
    static const char *const folders[] = {"/usr/share/fonts", "/usr/local/share/fonts",
                                          "/usr/share/X11/fonts"};
    struct doctor_verdict verdict;
    char found[PATH_MAX];
    bool is_found = false;

    for (size_t i = 0; i < ARRAY_LEN(folders) && !is_found; i++)
        is_found = find_hangul(folders[i], 0, found);
    if (is_found)
        doctor_say_ok(&verdict, "Hangul by %.400s", found);
    else
        doctor_say_warn(&verdict,
                        "apt-get install fonts-noto-cjk (or fonts-nanum, which is smaller)",
                        "no known font with Hangul: screenshots show boxes; what is read is right "
                        "nevertheless");
    doctor_report_add(report, "fonts", &verdict);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void check_clock(struct doctor_report *report)
{
    struct timex ntp = {.modes = 0};
    struct doctor_clock clock = {.wall_ms = clock_wall_ms()};
    struct doctor_verdict verdict;

    clock.ntp_state = adjtimex(&ntp);
    clock.is_unsynchronised = ntp.status & STA_UNSYNC;
    clock.max_error_us = ntp.maxerror;
    doctor_judge_clock(&clock, &verdict);
    doctor_report_add(report, "clock", &verdict);
}

static void check_zones(struct doctor_report *report, const struct config *config)
{
    const char *const names[] = {"Asia/Seoul", config->timezone, config->api_timezone};
    struct doctor_verdict verdict;
    struct clock_zone *zone;
    struct err err;

    doctor_say_ok(&verdict, "%s, %s", config->timezone, config->api_timezone);
    for (size_t i = 0; i < ARRAY_LEN(names) && verdict.level == DOCTOR_OK; i++) {
        if (clock_zone_new(names[i], &zone, &err) < 0)
            doctor_say_fail(&verdict, ERR_CONFIG,
                            "apt-get install tzdata, and look at timezone and api_timezone",
                            "%.400s", err.text);
        else
            clock_zone_free(&zone);
    }
    doctor_report_add(report, "time zones", &verdict);
}

void doctor_check_system(struct doctor_report *report, const struct config *config)
{
    char *text = mem_alloc(TEXT_BYTES);

    check_cage(report, config);
    check_memory(report, config, text);
    check_shm(report, config);
    check_limits(report, text);
    check_fonts(report);
    check_clock(report);
    check_zones(report, config);
    mem_free(text);
}
