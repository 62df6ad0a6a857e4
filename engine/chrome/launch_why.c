/* SPDX-License-Identifier: MIT */
/* launch_why.c - a table of what Chrome, its loader and the kernel say; see launch_why.h.
 *
 * Seen with Chromium 156 and glibc 2.36. The first row whose mark is found counts: a narrow cause stands before the
 * wide one that its line also carries.
 */
#include "chrome/launch_why.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

struct cause {
    const char *mark;
    enum err_code code;
    const char *what;
};

static const struct cause causes[] = {
    {"error while loading shared libraries", ERR_LAUNCH,
     "a shared library is missing: install what its package depends on (ldd shows which are not "
     "found)"},
    {"No usable sandbox", ERR_LAUNCH,
     "its sandbox cannot work: user namespaces are off (sysctl kernel.unprivileged_userns_clone=1, "
     "on Ubuntu "
     "kernel.apparmor_restrict_unprivileged_userns=0), or set chrome_sandbox = no for pages that "
     "you trust"},
    {"Running as root without --no-sandbox", ERR_LAUNCH,
     "it refuses to run as root: name a user with chrome_user"},
    {"Failed to move to new namespace", ERR_LAUNCH,
     "its sandbox cannot work: namespaces are forbidden here (a container needs user namespaces or "
     "the seccomp profile "
     "of Chrome), or set chrome_sandbox = no for pages that you trust"},
    {"Failed to create UserNamespace", ERR_LAUNCH,
     "its sandbox cannot work: user namespaces are used up or forbidden"},
    {"SUID sandbox helper binary was found, but is not configured", ERR_LAUNCH,
     "its sandbox helper lacks owner root and mode 4755, and user namespaces are off"},
    {"/dev/shm", ERR_LAUNCH,
     "/dev/shm is missing, full or closed to it (mount -t tmpfs -o mode=1777,size=256M tmpfs "
     "/dev/shm), or add --disable-dev-shm-usage to chrome-flags.conf"},
    {"No space left on device", ERR_DISK, "the disk is full"},
    {"Disk quota exceeded", ERR_DISK, "the disk quota is used up"},
    {"Read-only file system", ERR_DISK, "the file system is read-only"},
    {"Too many open files", ERR_FDS,
     "too many open files: raise the limit (LimitNOFILE, ulimit -n)"},
    {"pthread_create", ERR_PIDS,
     "no more threads: raise worker_pids, pids.max of the engine's group, or ulimit -u"},
    {"fork: Resource temporarily unavailable", ERR_PIDS,
     "no more processes: raise worker_pids, pids.max of the engine's group, or ulimit -u"},
    {"Resource temporarily unavailable", ERR_PIDS,
     "no more processes or threads: raise worker_pids, pids.max of the engine's group, or ulimit "
     "-u"},
    {"Exec format error", ERR_LAUNCH, "the program is for another kind of machine, or damaged"},
    {"exec: No such file or directory", ERR_LAUNCH,
     "the program, or the loader that it names, is missing (was it removed, or is it for another "
     "libc?)"},
    {"exec: Permission denied", ERR_LAUNCH,
     "the user that Chrome runs as may not execute it, or its file system is mounted noexec"},
    {"Cannot allocate memory", ERR_LAUNCH,
     "no memory for it: worker_memory is too small, or the machine is full"},
};

static const struct cause *find_cause(const char *said)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (strstr(said, causes[i].mark))
            return &causes[i];
    return NULL;
}

enum err_code launch_why_code(const char *said)
{
    const struct cause *cause = find_cause(said);

    return cause && cause->code != ERR_LAUNCH ? cause->code : ERR_OK;
}

static long long free_mib(const char *dir)
{
    struct statvfs fs;

    return statvfs(dir, &fs) < 0 ? -1
                                 : (long long)((unsigned long long)fs.f_bavail * fs.f_frsize >> 20);
}

/* Figures that belong to the cause. */
static void add_figures(const struct cause *cause, const char *run_dir, char out[96])
{
    *out = '\0';
    if (str_eq(cause->mark, "/dev/shm"))
        snprintf(out, 96, " (%lld MiB free)", free_mib("/dev/shm"));
    else if (cause->code == ERR_DISK)
        snprintf(out, 96, " (%.40s: %lld MiB free)", run_dir, free_mib(run_dir));
}

void launch_explain(const char *program, const char *run_dir, const char *said, struct err *err)
{
    const struct cause *cause = find_cause(said);
    char figures[96];

    if (!cause)
        cause = find_cause(err->text);
    if (!cause) {
        err_prefix(err, "%s", program);
        return;
    }
    if (err->code == ERR_LAUNCH || err->code == ERR_OK)
        err->code = cause->code;
    add_figures(cause, run_dir, figures);
    err_prefix(err, "%s: %s%s", program, cause->what, figures);
}
