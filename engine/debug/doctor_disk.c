/* SPDX-License-Identifier: MIT */
/* doctor_disk.c - room and medium of the places that the engine writes to: run_dir, the database's folder, the
 * spool; and what waits there. */
#include "base/buf.h"
#include "base/str.h"
#include "crawl/spool.h"
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

/* What waits there is no fault of the machine; that nobody brings it, or that some can't be stored, is told. */
static void check_spool(struct doctor_report *report, const struct config *config)
{
    struct doctor_verdict verdict;
    struct spool_look look;
    char path[PATH_MAX];
    struct buf dir;

    buf_init(&dir, PATH_MAX);
    spool_dir(config, &dir);
    if ((!str_empty(config->spool_dir) || !str_starts(config->database, "sqlite:")) &&
        find_existing(buf_str(&dir), path))
        check_space(report, "spool's room", path);
    spool_look(config, &look);
    if (access(buf_str(&dir), F_OK) == 0 && access(buf_str(&dir), W_OK | X_OK) < 0)
        doctor_say_fail(&verdict, ERR_DISK, "make it writable for the engine's user, or set spool_dir",
                        "%.400s can't be written to: %s", buf_str(&dir), strerror(errno));
    else if (look.bad)
        doctor_say_warn(&verdict, "the log says why, when each was set aside; look into them, then delete them",
                        "%zu files (.bad) in %.400s hold what could not be stored", look.bad,
                        buf_str(&dir));
    else if (look.orphans)
        doctor_say_warn(&verdict, "start the engine: it brings them into the database",
                        "%zu batches wait in %.400s, and no process has them", look.waiting, buf_str(&dir));
    else if (look.waiting)
        doctor_say_ok(&verdict, "%zu batches wait in %.400s for the database", look.waiting,
                      buf_str(&dir));
    else
        doctor_say_ok(&verdict, "nothing waits in %.400s", buf_str(&dir));
    doctor_report_add(report, "spool", &verdict);
    buf_fini(&dir);
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
    check_spool(report, config);
}
