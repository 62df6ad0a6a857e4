/* SPDX-License-Identifier: MIT */
/* doctor_judge.c - what numbers mean for the engine; see doctor_facts.h. Each bound has its reason
 * beside it. */
#include "base/clock.h"
#include "base/str.h"
#include "debug/doctor_facts.h"

#include <stdio.h>
#include <string.h>

#define MIB ((int64_t)1 << 20)

static long long mib(int64_t bytes)
{
    return (long long)(bytes / MIB);
}

/* ---- caps ------------------------------------------------------------------------------------ */

/* One that is named and cannot be had stops the start of the pool. */
static void judge_named_cap(enum cage_rung wanted, const struct cage_survey *survey,
                            struct doctor_verdict *out)
{
    if (wanted > survey->rung)
        doctor_say_fail(out, ERR_LAUNCH,
                        "memory_cap_rung = auto in catchdeal.conf, or give the engine that group",
                        "%s can't be had, as memory_cap_rung asks: %s", cage_rung_name(wanted),
                        survey->text[wanted]);
    else
        doctor_say_ok(out, "%s, as memory_cap_rung says%s%s", cage_rung_name(wanted),
                      wanted < survey->rung ? "; this machine gives " : "",
                      wanted < survey->rung ? cage_rung_name(survey->rung) : "");
}

static void judge_strongest_cap(const struct cage_survey *survey, struct doctor_verdict *out)
{
    if (survey->rung == CAGE_PSS)
        doctor_say_warn(
            out, "delegate a group to the engine (systemd: Delegate=yes), or start it as root",
            "%s: %s; not cgroup-v2: %s; not cgroup-v1: %s", cage_rung_name(CAGE_PSS),
            survey->text[CAGE_PSS], survey->text[CAGE_V2], survey->text[CAGE_V1]);
    else if (survey->rung == CAGE_V1)
        doctor_say_ok(out, "%s: %s; not cgroup-v2: %s", cage_rung_name(CAGE_V1),
                      survey->text[CAGE_V1], survey->text[CAGE_V2]);
    else
        doctor_say_ok(out, "%s: %s", cage_rung_name(survey->rung), survey->text[survey->rung]);
}

void doctor_judge_cap(const char *wanted, const struct cage_survey *survey,
                      struct doctor_verdict *out)
{
    for (int rung = 0; rung < CAGE_RUNGS; rung++)
        if (str_eq(wanted, cage_rung_name((enum cage_rung)rung))) {
            judge_named_cap((enum cage_rung)rung, survey, out);
            return;
        }
    if (str_eq(wanted, "none"))
        doctor_say_warn(out, "memory_cap_rung = auto in catchdeal.conf",
                        "none, by memory_cap_rung: one page may take all memory");
    else
        judge_strongest_cap(survey, out);
}

void doctor_judge_budget(int64_t total_bytes, int64_t most_bytes, struct doctor_verdict *out)
{
    static const char advice[] =
        "set memory_budget to what is to spare, or fewer browsers, or a smaller worker_memory";

    if (most_bytes == 0)
        doctor_say_warn(out, advice, "no cap: worker_memory = 0");
    else if (total_bytes > 0 && most_bytes > total_bytes)
        doctor_say_warn(out, advice, "all browsers together may take %lld MiB of %lld",
                        mib(most_bytes), mib(total_bytes));
    else
        doctor_say_ok(out, "all browsers together may take %lld MiB", mib(most_bytes));
}

/* ---- memory ---------------------------------------------------------------------------------- */

enum {
    BROWSER_MIB = 256,
    COMFORT_MIB = 512
}; /* one headless-shell with a page; with room to breathe (seen) */

void doctor_judge_memory(int64_t total_bytes, int64_t available_bytes, struct doctor_verdict *out)
{
    static const char advice[] =
        "a browser with one page takes about 200 MiB: end other programs, or set "
        "tabs_per_browser = 1";

    if (available_bytes < 0)
        doctor_say_warn(out, "mount /proc, then look again",
                        "unknown: /proc/meminfo can't be read");
    else if (available_bytes < BROWSER_MIB * MIB)
        doctor_say_fail(out, ERR_LAUNCH, advice,
                        "%lld MiB available of %lld: too little for one browser",
                        mib(available_bytes), mib(total_bytes));
    else if (available_bytes < COMFORT_MIB * MIB)
        doctor_say_warn(out, advice, "%lld MiB available of %lld", mib(available_bytes),
                        mib(total_bytes));
    else
        doctor_say_ok(out, "%lld MiB available of %lld", mib(available_bytes), mib(total_bytes));
}

void doctor_judge_swap(const char *swaps, struct doctor_verdict *out)
{
    char device[256];
    long long size_kib, used_kib, total_kib = 0, total_used_kib = 0;
    bool on_card = false;

    for (const char *line = strchr(swaps, '\n'); line && *++line; line = strchr(line, '\n')) {
        if (sscanf(line, "%255s %*s %lld %lld", device, &size_kib, &used_kib) != 3)
            continue;
        total_kib += size_kib;
        total_used_kib += used_kib;
        on_card = on_card || doctor_is_card(device);
    }
    if (!total_kib)
        doctor_say_ok(out, "none");
    else if (on_card)
        doctor_say_warn(
            out, "use zram instead (apt-get install zram-tools), and swapoff the card",
            "%lld MiB, %lld used, on a memory card: it wears, and everything waits for it",
            total_kib / 1024, total_used_kib / 1024);
    else
        doctor_say_ok(out, "%lld MiB, %lld used", total_kib / 1024, total_used_kib / 1024);
}

void doctor_judge_pressure(const char *pressure, struct doctor_verdict *out)
{
    double some;

    if (!pressure || sscanf(pressure, "some avg10=%lf", &some) != 1)
        doctor_say_warn(out,
                        "boot the kernel with psi=1 (Raspberry Pi: in /boot/firmware/cmdline.txt)",
                        "the kernel does not measure it: only free memory tells when to hold back");
    else if (some >= 10)
        doctor_say_warn(out,
                        "end what takes the memory (ps aux --sort=-rss), or give the machine more",
                        "tasks waited for memory %.0f %% of the last 10 s", some);
    else
        doctor_say_ok(out, "measured: tasks waited for memory %.1f %% of the last 10 s", some);
}

/* Chrome aborts without it, and tabs crash when it is full. 64 MiB is what containers get by
 * default. */
void doctor_judge_shm(const struct doctor_shm *shm, struct doctor_verdict *out)
{
    static const char mount[] =
        "mount -t tmpfs -o mode=1777 shm /dev/shm, or put --disable-dev-shm-usage with its "
        "reason into chrome-flags.conf";

    if (shm->is_avoided)
        doctor_say_ok(out, "not used: chrome-flags.conf has --disable-dev-shm-usage");
    else if (!shm->exists)
        doctor_say_fail(out, ERR_LAUNCH, mount, "not there");
    else if (!shm->is_writable)
        doctor_say_fail(out, ERR_LAUNCH, "chmod 1777 /dev/shm", "Chrome's user can't write to it");
    else if (shm->size_bytes <= 64 * MIB || shm->free_bytes < 32 * MIB)
        doctor_say_warn(
            out, "give it more: docker run --shm-size=256m, or mount -o remount,size=256m /dev/shm",
            "%lld MiB, %lld free: pages with much to draw crash", mib(shm->size_bytes),
            mib(shm->free_bytes));
    else
        doctor_say_ok(out, "%lld MiB, %lld free", mib(shm->size_bytes), mib(shm->free_bytes));
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* A headless-shell with two tabs has 9 processes with about 70 threads (seen). */
enum { TASKS_NEEDED = 150, TASKS_COMFORT = 600, FILES_NEEDED = 256, FILES_COMFORT = 1024 };

static void add_limit(char *text, size_t size, const char *what, int64_t limit)
{
    size_t len = strlen(text);

    if (limit != INT64_MAX)
        snprintf(text + len, size - len, "%s%s %lld", len ? ", " : "", what, (long long)limit);
}

void doctor_judge_tasks(int64_t user_limit, int64_t group_room, int64_t group_max,
                        struct doctor_verdict *out)
{
    static const char advice[] =
        "raise ulimit -u (LimitNPROC=), and pids.max of the group (systemd: TasksMax=, docker: "
        "--pids-limit)";
    int64_t room = user_limit < group_room ? user_limit : group_room;
    char text[256] = "";

    add_limit(text, sizeof(text), "RLIMIT_NPROC", user_limit);
    add_limit(text, sizeof(text), "pids.max of the group", group_max);
    add_limit(text, sizeof(text), "left in the group", group_room);
    if (room < TASKS_NEEDED)
        doctor_say_fail(out, ERR_PIDS, advice, "%s: a browser needs %d processes and threads", text,
                        TASKS_NEEDED);
    else if (room < TASKS_COMFORT)
        doctor_say_warn(out, advice, "%s: a browser takes up to %d processes and threads", text,
                        TASKS_NEEDED);
    else
        doctor_say_ok(out, "%s", *text ? text : "no limit");
}

void doctor_judge_files(int64_t soft, int64_t hard, struct doctor_verdict *out)
{
    static const char advice[] = "raise ulimit -n to 4096 (systemd: LimitNOFILE=4096)";
    char text[128] = "";

    add_limit(text, sizeof(text), "RLIMIT_NOFILE", soft);
    add_limit(text, sizeof(text), "may be raised to", hard);
    if (soft < FILES_NEEDED)
        doctor_say_fail(out, ERR_FDS, advice, "%s: the engine and a browser need %d each", text,
                        FILES_NEEDED);
    else if (soft < FILES_COMFORT)
        doctor_say_warn(out, advice, "%s", text);
    else
        doctor_say_ok(out, "%s", *text ? text : "no limit");
}

/* ---- disk ------------------------------------------------------------------------------------ */

/* A profile takes 2 MiB and 90 files (seen); 180 MB an hour were seen with programs that did not
 * delete theirs. Logs, database and failures want room as well. */
enum {
    SPACE_NEEDED_MIB = 64,
    SPACE_COMFORT_MIB = 512,
    INODES_NEEDED = 2000,
    INODES_COMFORT = 20000
};

void doctor_judge_space(const struct doctor_space *space, struct doctor_verdict *out)
{
    static const char advice[] =
        "free some, or choose another place: run_dir for profiles, database for deals";
    bool counts = space->inodes > 0;
    char text[400];

    if (space->free_bytes == DOCTOR_UNKNOWN) {
        doctor_say_ok(out, "the file system does not tell (%.256s)", space->path);
        return;
    }
    snprintf(text, sizeof(text), "%lld MiB free", mib(space->free_bytes));
    if (counts)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %lld inodes free",
                 (long long)space->free_inodes);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), " (%.256s)", space->path);
    if (space->free_bytes < SPACE_NEEDED_MIB * MIB ||
        (counts && space->free_inodes < INODES_NEEDED))
        doctor_say_fail(out, ERR_DISK, advice, "%s", text);
    else if (space->free_bytes < SPACE_COMFORT_MIB * MIB ||
             (counts && space->free_inodes < INODES_COMFORT))
        doctor_say_warn(out, advice, "%s", text);
    else
        doctor_say_ok(out, "%s", text);
}

static void judge_profiles_medium(const struct doctor_medium *m, struct doctor_verdict *out)
{
    if (m->is_network)
        doctor_say_warn(out, "set run_dir to a local directory",
                        "%s on a network (%s): profiles are slow there", m->path, m->fstype);
    else if (m->is_card)
        doctor_say_warn(out,
                        "set run_dir to a directory in memory, such as /dev/shm or a tmpfs on /tmp",
                        "%s on a memory card (%s): each browser writes a profile, which wears it",
                        m->path, m->fstype);
    else
        doctor_say_ok(out, "%s %s (%s)", m->path, m->is_memory ? "in memory" : "on disk",
                      m->fstype);
}

static void judge_data_medium(const struct doctor_medium *m, struct doctor_verdict *out)
{
    if (m->is_network)
        doctor_say_warn(out, "set database to a local file, or to PostgreSQL",
                        "%s on a network (%s): SQLite's locks do not hold there", m->path,
                        m->fstype);
    else if (m->is_memory)
        doctor_say_warn(out, "set database to a file on disk",
                        "%s in memory (%s): deals are lost at the next boot", m->path, m->fstype);
    else
        doctor_say_ok(out, "%s %s (%s)", m->path, m->is_card ? "on a memory card" : "on disk",
                      m->fstype);
}

void doctor_judge_medium(const struct doctor_medium *medium, struct doctor_verdict *out)
{
    if (medium->keeps)
        judge_data_medium(medium, out);
    else
        judge_profiles_medium(medium, out);
}

/* ---- time ------------------------------------------------------------------------------------ */

enum { YEAR_FIRST = 2026, YEAR_LAST = 2100, NTP_ERROR_STATE = 5, STEP_TOLERATED_MS = 500 };

void doctor_judge_clock(const struct doctor_clock *clock, struct doctor_verdict *out)
{
    static const char advice[] = "let it be kept: apt-get install systemd-timesyncd (or chrony)";
    char when[CLOCK_RFC3339_BYTES];
    struct clock_civil civil;

    clock_to_local(NULL, clock->wall_ms, &civil);
    clock_format_utc_ms(clock->wall_ms, when);
    if (civil.year < YEAR_FIRST || civil.year > YEAR_LAST)
        doctor_say_fail(out, ERR_INTERNAL, advice,
                        "%s can't be right: certificates and posting times depend on it", when);
    else if (clock->ntp_state == DOCTOR_UNKNOWN)
        doctor_say_warn(out, "allow adjtimex (it is only asked, nothing is set), then look again",
                        "%s; the kernel does not say whether it is synchronised", when);
    else if (clock->is_unsynchronised || clock->ntp_state == NTP_ERROR_STATE)
        doctor_say_warn(out, advice, "%s, not synchronised by NTP", when);
    else
        doctor_say_ok(out, "%s, synchronised to %lld ms", when,
                      (long long)(clock->max_error_us / 1000));
}

void doctor_judge_step(int64_t step_ms, int64_t watched_ms, struct doctor_verdict *out)
{
    if (step_ms > STEP_TOLERATED_MS || step_ms < -STEP_TOLERATED_MS)
        doctor_say_warn(
            out,
            "let NTP slew instead of step (chrony: makestep 1 3), and look at who sets the clock",
            "the wall clock jumped by %lld ms within %lld ms", (long long)step_ms,
            (long long)watched_ms);
    else
        doctor_say_ok(out, "none within %lld ms", (long long)watched_ms);
}

/* ---- Chrome ---------------------------------------------------------------------------------- */

static const struct {
    int major;
    const char *where;
} tested[] = {
#define TESTED(major, where) {major, where},
#include "chrome/tested_versions.def"
#undef TESTED
};

void doctor_judge_version(const char *user_agent, struct doctor_verdict *out)
{
    int major = doctor_chrome_major(user_agent);
    int oldest = tested[0].major, newest = tested[ARRAY_LEN(tested) - 1].major;

    for (size_t i = 0; i < ARRAY_LEN(tested); i++)
        if (tested[i].major == major) {
            doctor_say_ok(out, "%d, tested (%s)", major, tested[i].where);
            return;
        }
    if (major == DOCTOR_UNKNOWN)
        doctor_say_warn(out, "use chromium or Chrome", "\"%.200s\": expected Chrome/NUMBER in it",
                        user_agent);
    else if (major < oldest)
        doctor_say_warn(out, "upgrade it: old browsers also have known holes",
                        "%d, older than the oldest tested, %d", major, oldest);
    else
        doctor_say_warn(out, "it works as a rule; scripts/test tells for sure",
                        "%d, not tested (newest tested: %d)", major, newest);
}

const char *doctor_launch_advice(const char *text)
{
    static const char *const advice[][2] = {
        {"No usable sandbox",
         "allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 (Ubuntu: sysctl -w "
         "kernel.apparmor_restrict_unprivileged_userns=0); chrome_sandbox = no only for pages "
         "that you trust"},
        {"new namespace",
         "allow user namespaces, in a container too (docker: a seccomp profile with clone and "
         "unshare); chrome_sandbox = no only for pages that you trust"},
        {"without --no-sandbox", "set chrome_user to an unprivileged user"},
        {"shared libraries",
         "install the libraries that Chrome needs: apt-get install --reinstall chromium-common"},
        {"/dev/shm", "mount -t tmpfs -o mode=1777 shm /dev/shm"},
        {"No space left", "free disk space or inodes of run_dir"},
        {"Resource temporarily unavailable",
         "raise ulimit -u, and pids.max of the group (systemd: TasksMax=)"},
        {"Too many open files", "raise ulimit -n to 4096 (systemd: LimitNOFILE=4096)"},
        {"ermission denied",
         "Chrome's user must be able to read and start the program, and to write to run_dir"},
        {"within", "the machine is busy or slow: look again, or raise launch_timeout"},
    };

    for (size_t i = 0; i < ARRAY_LEN(advice); i++)
        if (strstr(text, advice[i][0]))
            return advice[i][1];
    return "start the program by hand as Chrome's user, and read what it says";
}
