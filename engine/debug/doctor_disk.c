/* SPDX-License-Identifier: MIT */
/* doctor_disk.c - room and medium of the two places that the engine writes to: run_dir and the
 * database's folder. */
#include "base/str.h"
#include "debug/doctor_checks.h"
#include "debug/doctor_facts.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { TEXT_BYTES = 65536 };

/* The path itself or the nearest folder above it that exists, without links. */
static bool find_existing(const char *path, char out[PATH_MAX])
{
    char *at = mem_strdup(path);
    char *slash;

    while (!realpath(at, out)) {
        slash = strrchr(at, '/');
        if (!slash && str_eq(at, "."))
            break;
        if (!slash)
            snprintf(at, strlen(at) + 1, "."); /* never longer than a name */
        else if (slash == at)
            at[1] = '\0';
        else
            *slash = '\0';
    }
    mem_free(at);
    return *out != '\0';
}

/* ---- room ------------------------------------------------------------------------------------ */

static void check_space(struct doctor_report *report, const char *name, const char *path)
{
    struct doctor_space space = {.path = path};
    struct doctor_verdict verdict;
    struct statvfs fs;

    if (statvfs(path, &fs) < 0) {
        doctor_say_fail(&verdict, ERR_DISK, "choose another place", "%.256s: %s", path,
                        strerror(errno));
    } else {
        space.free_bytes =
            fs.f_blocks ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : DOCTOR_UNKNOWN;
        space.inodes = (int64_t)fs.f_files;
        space.free_inodes = (int64_t)fs.f_favail;
        doctor_judge_space(&space, &verdict);
    }
    doctor_report_add(report, name, &verdict);
}

/* ---- medium ---------------------------------------------------------------------------------- */

static bool is_card(dev_t device, const char *source)
{
    char link[64], target[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(device), minor(device));
    n = readlink(link, target, sizeof(target) - 1);
    target[n < 0 ? 0 : n] = '\0';
    return doctor_is_card(target) || doctor_is_card(source);
}

static bool is_network(unsigned long type)
{
    return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == SMB2_SUPER_MAGIC ||
           type == CIFS_SUPER_MAGIC || type == CEPH_SUPER_MAGIC || type == AFS_SUPER_MAGIC;
}

static void check_medium(struct doctor_report *report, const char *name, const char *path,
                         bool keeps)
{
    char *mountinfo = mem_alloc(TEXT_BYTES);
    struct doctor_mount mount = {.fstype = "unknown"};
    struct doctor_medium medium = {.path = path, .fstype = mount.fstype, .keeps = keeps};
    struct doctor_verdict verdict;
    struct statfs fs;
    struct stat st;

    doctor_read("/proc/self/mountinfo", mountinfo, TEXT_BYTES);
    doctor_mount_of(mountinfo, path, &mount);
    if (statfs(path, &fs) == 0 && stat(path, &st) == 0) {
        unsigned long type = (unsigned long)fs.f_type & 0xffffffff;

        medium.is_memory = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
        medium.is_network = is_network(type);
        medium.is_card = is_card(st.st_dev, mount.source);
    }
    doctor_judge_medium(&medium, &verdict);
    doctor_report_add(report, name, &verdict);
    mem_free(mountinfo);
}

/* ---- both places ----------------------------------------------------------------------------- */

/* As launch.c chooses it; whether it is fit for Chrome is told by the check of run_dir. */
static const char *run_dir_of(const struct config *config)
{
    if (!str_empty(config->run_dir))
        return config->run_dir;
    return str_empty(getenv("TMPDIR")) ? "/tmp" : getenv("TMPDIR");
}

void doctor_check_disk(struct doctor_report *report, const struct config *config)
{
    bool is_file = str_starts(config->database, "sqlite:");
    char path[PATH_MAX];

    if (find_existing(run_dir_of(config), path)) {
        check_space(report, "profiles' room", path);
        check_medium(report, "profiles' medium", path, false);
    }
    if (is_file && find_existing(config->database + strlen("sqlite:"), path)) {
        check_space(report, "data's room", path);
        check_medium(report, "data's medium", path, true);
    }
}
