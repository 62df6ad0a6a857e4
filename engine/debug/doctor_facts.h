/* SPDX-License-Identifier: MIT */
/* doctor_facts.h - reading what the kernel tells about itself, and judging it. Text and numbers in,
 * verdict out: nothing here touches the machine.
 *
 * Sources: proc(5), proc_pid_mountinfo(5), cgroups(7), Documentation/accounting/psi.rst,
 * adjtimex(2).
 */
#ifndef DEBUG_DOCTOR_FACTS_H
#define DEBUG_DOCTOR_FACTS_H

#include "chrome/cage.h"
#include "debug/doctor_report.h"

#include <stdint.h>

enum { DOCTOR_UNKNOWN = -1 };

/* ---- /proc/self/mountinfo, /proc/self/cgroup ------------------------------------------------- */

struct doctor_mount {
    char root[512];  /* what of the file system is mounted */
    char point[512]; /* where */
    char fstype[32];
    char source[256];  /* "/dev/mmcblk0p2" */
    char options[512]; /* of the superblock: the controllers of a v1 hierarchy */
};

/* The mount that an absolute path without links lies in: the last of the deepest. */
bool doctor_mount_of(const char *mountinfo, const char *path, struct doctor_mount *out);

/* The first mount of this type; `option` NULL, or one of its superblock's options. */
bool doctor_mount_of_type(const char *mountinfo, const char *fstype, const char *option,
                          struct doctor_mount *out);

/* Our group below the hierarchy of a v1 controller, or of v2 (NULL). */
bool doctor_own_group(const char *cgroup, const char *controller, char *out, size_t size);

/* The directory of that group as this process sees it; false when it lies outside what is mounted.
 */
bool doctor_group_dir(const struct doctor_mount *mount, const char *group, char *out, size_t size);

/* Does a device path ("/dev/mmcblk0p2", "../../devices/.../mmcblk0/mmcblk0p2") name an SD or eMMC
 * card? */
bool doctor_is_card(const char *device);

/* ---- single numbers -------------------------------------------------------------------------- */

/* "Key:   123 kB" of /proc/meminfo in bytes; DOCTOR_UNKNOWN. */
int64_t doctor_meminfo_bytes(const char *meminfo, const char *key);

/* "max" or a number: INT64_MAX or that; DOCTOR_UNKNOWN for anything else. */
int64_t doctor_limit(const char *text);

/* 156 of "Mozilla/5.0 ... HeadlessChrome/156.0.0.0 Safari/537.36"; DOCTOR_UNKNOWN. */
int doctor_chrome_major(const char *user_agent);

/* By /proc/PID/status: does a seccomp filter stand between the process and the kernel? */
bool doctor_is_confined(const char *status);

/* Does a file of this name hold Hangul glyphs? By known families; false means not known. */
bool doctor_font_has_hangul(const char *file);

/* ---- verdicts -------------------------------------------------------------------------------- */

/* wanted: memory_cap_rung. */
void doctor_judge_cap(const char *wanted, const struct cage_survey *survey,
                      struct doctor_verdict *out);

/* May all browsers together take more than there is? most_bytes: what they may take, 0: no cap. */
void doctor_judge_budget(int64_t total_bytes, int64_t most_bytes, struct doctor_verdict *out);

void doctor_judge_memory(int64_t total_bytes, int64_t available_bytes, struct doctor_verdict *out);

/* /proc/swaps */
void doctor_judge_swap(const char *swaps, struct doctor_verdict *out);

/* /proc/pressure/memory; NULL: it can't be read. */
void doctor_judge_pressure(const char *pressure, struct doctor_verdict *out);

struct doctor_shm {
    bool exists, is_writable; /* for Chrome's user */
    bool is_avoided;          /* by --disable-dev-shm-usage */
    int64_t size_bytes, free_bytes;
};
void doctor_judge_shm(const struct doctor_shm *shm, struct doctor_verdict *out);

/* Processes and threads: RLIMIT_NPROC (of Chrome's user), what the tightest group has left and
 * allows; INT64_MAX is no limit. */
void doctor_judge_tasks(int64_t user_limit, int64_t group_room, int64_t group_max,
                        struct doctor_verdict *out);

/* RLIMIT_NOFILE */
void doctor_judge_files(int64_t soft, int64_t hard, struct doctor_verdict *out);

/* inodes 0: the file system does not count them (btrfs). */
struct doctor_space {
    const char *path;
    int64_t free_bytes; /* DOCTOR_UNKNOWN: nor bytes (procfs) */
    int64_t inodes, free_inodes;
};
void doctor_judge_space(const struct doctor_space *space, struct doctor_verdict *out);

struct doctor_medium {
    const char *path;
    const char *fstype; /* as mountinfo has it */
    bool is_memory, is_network, is_card;
    bool keeps; /* the database lies here; false: browser profiles */
};
void doctor_judge_medium(const struct doctor_medium *medium, struct doctor_verdict *out);

struct doctor_clock {
    int64_t wall_ms;
    int ntp_state;          /* adjtimex()'s answer; DOCTOR_UNKNOWN: it failed */
    bool is_unsynchronised; /* STA_UNSYNC */
    int64_t max_error_us;
};
void doctor_judge_clock(const struct doctor_clock *clock, struct doctor_verdict *out);

/* How far the wall clock ran away from the monotonic one while the doctor looked. */
void doctor_judge_step(int64_t step_ms, int64_t watched_ms, struct doctor_verdict *out);

/* The major version in a user agent against chrome/tested_versions.def. */
void doctor_judge_version(const char *user_agent, struct doctor_verdict *out);

/* What to do about a Chrome that did not start, by what it said. */
const char *doctor_launch_advice(const char *text);

#endif
