/* SPDX-License-Identifier: MIT */
/* profile.c - a browser's directory and its lock; see profile.h.
 *
 * run_dir may be world-writable (/tmp) and Chrome's user may put anything into its directory, so deletion walks
 * by descriptors (openat, unlinkat) and never through a link.
 */
#include "chrome/profile.h"
#include "base/log.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_PREFIX "catchdeal-chrome-"

enum { MAX_DEPTH = 64, MAX_TRIES = 8 };

struct profile {
    char *dir;
    char *user_data;
    char *home;
    char *tmp;
    int lock_fd;
};

/* ---- deleting ---------------------------------------------------------------------------------- */

static int delete_content(int dir_fd, int depth, struct err *err);

static int delete_entry(int dir_fd, const char *name, int depth, struct err *err)
{
    int fd, rc;

    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_sys(err, ERR_DISK, "%s", name);
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, ERR_DISK, "%s", name);
    rc = delete_content(fd, depth + 1, err);
    close(fd);
    if (rc == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = err_sys(err, ERR_DISK, "%s", name);
    return rc < 0 ? err_prefix(err, "in %s", name) : 0;
}

/* Goes on past what cannot be deleted; the first failure is told. */
static int delete_content(int dir_fd, int depth, struct err *err)
{
    int rc = 0, walk_fd;
    DIR *dir;
    struct dirent *entry;
    struct err ignored;

    if (depth > MAX_DEPTH)
        return err_set(err, ERR_DISK, "more than %d levels deep", MAX_DEPTH);
    walk_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    dir = walk_fd < 0 ? NULL : fdopendir(walk_fd);
    if (!dir) {
        rc = err_sys(err, ERR_DISK, "cannot list the directory");
        if (walk_fd >= 0)
            close(walk_fd);
        return rc;
    }
    rewinddir(
        dir); /* the duplicate shares its place with dir_fd, which an earlier try left at the end */
    while ((entry = readdir(dir))) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        if (delete_entry(dir_fd, entry->d_name, depth, rc < 0 ? &ignored : err) < 0)
            rc = -1;
    }
    closedir(dir);
    return rc;
}

static int delete_locked(int fd, const char *path, struct err *err)
{
    if (delete_content(fd, 0, err) < 0)
        return err_prefix(err, "%s", path);
    if (rmdir(path) < 0 && errno != ENOENT)
        return err_sys(err, ERR_DISK, "%s", path);
    return 0;
}

int profile_delete(struct profile *profile, struct err *err)
{
    return delete_locked(profile->lock_fd, profile->dir, err);
}

/* ---- making ------------------------------------------------------------------------------------ */

/* Between mkdtemp() and flock() a sweep of another engine may take the directory: then the lock fails, or it is
 * on a directory that is no longer there. */
static bool lock_is_ours(int fd, const char *path)
{
    struct stat by_fd, by_path;

    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return false;
    return fstat(fd, &by_fd) == 0 && lstat(path, &by_path) == 0 && by_fd.st_ino == by_path.st_ino &&
           by_fd.st_dev == by_path.st_dev;
}

static int make_locked_dir(const char *run_dir, struct profile *profile, struct err *err)
{
    for (int try = 0; try < MAX_TRIES; try++) {
        profile->dir = mem_printf("%s/" NAME_PREFIX "XXXXXX", run_dir);
        if (!mkdtemp(profile->dir))
            return err_sys(err, ERR_LAUNCH, "run_dir %s: no directory can be made in it", run_dir);
        profile->lock_fd = open(profile->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (profile->lock_fd >= 0 && lock_is_ours(profile->lock_fd, profile->dir))
            return 0;
        if (profile->lock_fd < 0 && errno != ENOENT) {
            err_sys(err, ERR_LAUNCH, "%s", profile->dir);
            rmdir(
                profile->dir); /* it is empty still; without a descriptor it could not be locked */
            return -1;
        }
        if (profile->lock_fd >= 0)
            close(profile->lock_fd);
        profile->lock_fd = -1;
        mem_free(profile->dir);
        profile->dir = NULL;
    }
    return err_set(err, ERR_LAUNCH, "run_dir %s: directories made in it disappear at once",
                   run_dir);
}

static int make_subdir(struct profile *profile, const char *name, uid_t uid, gid_t gid, char **out,
                       struct err *err)
{
    *out = mem_printf("%s/%s", profile->dir, name);
    if (mkdirat(profile->lock_fd, name, 0700) < 0)
        return err_sys(err, ERR_LAUNCH, "%s", *out);
    if (geteuid() == 0 && fchownat(profile->lock_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, ERR_LAUNCH, "%s", *out);
    return 0;
}

static int fill(struct profile *profile, uid_t uid, gid_t gid, struct err *err)
{
    if (make_subdir(profile, "profile", uid, gid, &profile->user_data, err) < 0 ||
        make_subdir(profile, "home", uid, gid, &profile->home, err) < 0 ||
        make_subdir(profile, "tmp", uid, gid, &profile->tmp, err) < 0)
        return -1;
    if (geteuid() == 0 && fchown(profile->lock_fd, uid, gid) < 0)
        return err_sys(err, ERR_LAUNCH, "%s", profile->dir);
    return 0;
}

int profile_new(const char *run_dir, uid_t uid, gid_t gid, struct profile **out, struct err *err)
{
    struct profile *profile = mem_new(struct profile);
    struct err ignored;

    profile->lock_fd = -1;
    if (make_locked_dir(run_dir, profile, err) < 0) {
        profile_free(&profile);
        return -1;
    }
    if (fill(profile, uid, gid, err) < 0) {
        if (profile_delete(profile, &ignored) < 0)
            log_warn("chrome", "directory left", "why=%s", log_quote(ignored.text));
        profile_free(&profile);
        return -1;
    }
    *out = profile;
    return 0;
}

void profile_free(struct profile **profile_ptr)
{
    struct profile *profile = *profile_ptr;

    *profile_ptr = NULL;
    if (!profile)
        return;
    if (profile->lock_fd >= 0)
        close(profile->lock_fd);
    mem_free(profile->dir);
    mem_free(profile->user_data);
    mem_free(profile->home);
    mem_free(profile->tmp);
    mem_free(profile);
}

const char *profile_dir(const struct profile *profile)
{
    return profile->dir;
}

const char *profile_user_data(const struct profile *profile)
{
    return profile->user_data;
}

const char *profile_home(const struct profile *profile)
{
    return profile->home;
}

const char *profile_tmp(const struct profile *profile)
{
    return profile->tmp;
}

/* ---- sweeping ---------------------------------------------------------------------------------- */

static bool may_sweep(int fd, uid_t uid)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || (st.st_uid != uid && st.st_uid != geteuid()))
        return false;
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool sweep_one(const char *run_dir, const char *name, uid_t uid)
{
    char *path = mem_printf("%s/%s", run_dir, name);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool swept = false;
    struct err err;

    if (fd >= 0 && may_sweep(fd, uid)) {
        swept = delete_locked(fd, path, &err) == 0;
        if (!swept)
            log_warn("chrome", "left directory stays", "why=%s", log_quote(err.text));
    }
    if (fd >= 0)
        close(fd);
    mem_free(path);
    return swept;
}

int profile_sweep(const char *run_dir, uid_t uid)
{
    DIR *dir = opendir(run_dir);
    struct dirent *entry;
    int swept = 0;

    while (dir && (entry = readdir(dir)))
        if (str_starts(entry->d_name, NAME_PREFIX))
            swept += sweep_one(run_dir, entry->d_name, uid);
    if (dir)
        closedir(dir);
    if (swept > 0)
        log_info("chrome", "swept what a dead engine left", "dir=%s count=%d", log_quote(run_dir),
                 swept);
    return swept;
}
