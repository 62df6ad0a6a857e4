/* SPDX-License-Identifier: MIT */
/* cage_group.c - groups as directories: made, locked, entered, emptied, removed, swept; see
 * cage_rung.h. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/cage_rung.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define YARD_PREFIX "catchdeal-cages-"

enum {
    MAX_TRIES = 20,       /* to make a directory that nobody sweeps at once */
    MAX_KILL_ROUNDS = 64, /* where forks can't be stopped, a bomb may win a few */
    SWEEP_WAIT_MS = 2000,
    SWEEP_STEP_MS = 10,
};

/* ---- files ----------------------------------------------------------------------------------- */

static int open_in(const char *dir, const char *file, int flags)
{
    char *path = mem_printf("%s/%s", dir, file);
    int fd = open(path, flags | O_CLOEXEC);
    int saved = errno;

    mem_free(path);
    errno = saved;
    return fd;
}

bool cage_read(const char *dir, const char *file, char *text, size_t size)
{
    int fd = open_in(dir, file, O_RDONLY);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return n >= 0;
}

bool cage_has(const char *dir, const char *file)
{
    char *path = mem_printf("%s/%s", dir, file);
    bool has = access(path, W_OK) == 0;

    mem_free(path);
    return has;
}

int cage_write(const char *dir, const char *file, const char *text, struct err *err)
{
    int fd = open_in(dir, file, O_WRONLY | O_TRUNC);
    ssize_t n;
    int saved;

    if (fd < 0)
        return err_sys(err, ERR_LAUNCH, "%s/%s", dir, file);
    n = write(fd, text, strlen(text));
    saved = errno;
    close(fd);
    errno = saved;
    return n == (ssize_t)strlen(text) ? 0
                                      : err_sys(err, ERR_LAUNCH, "%s/%s: \"%s\"", dir, file, text);
}

int cage_write_number(const char *dir, const char *file, int64_t number, struct err *err)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    return cage_write(dir, file, text, err);
}

static int64_t number_in(const char *text)
{
    long long number;
    char *end;

    if (str_starts(text, "max"))
        return INT64_MAX;
    number = strtoll(text, &end, 10);
    return end == text ? CAGE_UNKNOWN : number;
}

bool cage_look(struct cage *cage, enum cage_file file, int root, const char *name, char *text,
               size_t size)
{
    int *fd = &cage->file_fds[file];
    ssize_t n;

    if (root < 0 || !cage->dirs[root])
        return false;
    if (*fd < 0)
        *fd = open_in(cage->dirs[root], name, O_RDONLY);
    if (*fd < 0)
        return false;
    n = pread(*fd, text, size - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

int64_t cage_look_number(struct cage *cage, enum cage_file file, int root, const char *name)
{
    char text[64];

    return cage_look(cage, file, root, name, text, sizeof(text)) ? number_in(text) : CAGE_UNKNOWN;
}

int64_t cage_number_of(const char *text, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = text; line && *line;
         line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return strtoll(line + len, NULL, 10);
    return CAGE_UNKNOWN;
}

int64_t cage_sum(int64_t a, int64_t b)
{
    if (a == CAGE_UNKNOWN)
        return b;
    return b == CAGE_UNKNOWN ? a : a + b;
}

bool cage_has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at += len)
        if ((at == text || at[-1] == ' ') && (!at[len] || strchr(" \n", at[len])))
            return true;
    return false;
}

/* ---- emptying -------------------------------------------------------------------------------- */

/* The last two parts of the path: no other group of this machine ends in a yard's random name and
 * these. */
static const char *tail_of(const char *dir)
{
    const char *last = strrchr(dir, '/');

    check(last);
    while (last > dir && last[-1] != '/')
        last--;
    return last;
}

static bool is_inside(const struct cage_kernel *kernel, pid_t pid, const char *dir)
{
    char *proc = mem_printf("%s/%d", kernel->proc_dir, (int)pid);
    char text[4096];
    const char *tail = tail_of(dir);
    bool inside = cage_read(proc, "cgroup", text, sizeof(text)) && strstr(text, tail) &&
                  strchr("/\n", strstr(text, tail)[strlen(tail)]);

    mem_free(proc);
    return inside;
}

static void kill_inside(const struct cage_kernel *kernel, pid_t pid, const char *dir)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        return;
    /* Held by the descriptor, the number can't pass to another process between look and signal. */
    if (is_inside(kernel, pid, dir))
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    close(pidfd);
}

/* Kills what is listed and was not killed before; returns how many those were. */
static size_t kill_round(const struct cage_kernel *kernel, const char *dir, struct buf *seen)
{
    char *path = mem_printf("%s/cgroup.procs", dir);
    FILE *file = fopen(path, "re");
    size_t fresh = 0;
    int pid;

    mem_free(path);
    while (file && fscanf(file, "%d", &pid) == 1) {
        char word[16];

        snprintf(word, sizeof(word), "%d", pid);
        if (pid <= 0 || pid == getpid() || cage_has_word(buf_str(seen), word))
            continue;
        kill_inside(kernel, pid, dir);
        buf_addf(seen, "%s ", word);
        fresh++;
    }
    if (file)
        fclose(file);
    return fresh;
}

void cage_group_kill(const struct cage_kernel *kernel, const char *dir)
{
    struct buf seen;
    struct err ignored;

    buf_init(&seen, BUF_MAX_DEFAULT);
    if (cage_has(dir, "pids.max") && cage_write(dir, "pids.max", "0", &ignored) < 0)
        log_debug("chrome", "forks go on", "why=%s", log_quote(ignored.text));
    for (int i = 0; i < MAX_KILL_ROUNDS && kill_round(kernel, dir, &seen) > 0; i++)
        ;
    buf_fini(&seen);
}

/* ---- removing -------------------------------------------------------------------------------- */

static int remove_dir(const struct cage_kernel *kernel, const char *dir, struct err *err)
{
    if (kernel->remove_group(dir) == 0 || errno == ENOENT)
        return 0;
    return err_sys(err, ERR_INTERNAL, "%s", dir);
}

/* Every group directly in dir; the first failure is told. */
static int remove_workers(const struct cage_kernel *kernel, const char *dir, struct err *err)
{
    DIR *walk = opendir(dir);
    struct dirent *entry;
    int rc = 0;

    while (walk && (entry = readdir(walk))) {
        char *path;

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        path = mem_printf("%s/%s", dir, entry->d_name);
        cage_group_kill(kernel, path);
        if (remove_dir(kernel, path, err) < 0)
            rc = -1;
        mem_free(path);
    }
    if (walk)
        closedir(walk);
    return rc;
}

/* What was killed a moment ago takes its time to go, more so under a memory cap. */
static int remove_yard(const struct cage_kernel *kernel, const char *dir, int64_t wait_ms,
                       struct err *err)
{
    int64_t deadline_ms = clock_mono_ms() + wait_ms;

    for (;;) {
        if (remove_workers(kernel, dir, err) == 0 && remove_dir(kernel, dir, err) == 0)
            return 0;
        if (clock_mono_ms() >= deadline_ms)
            return -1;
        poll(NULL, 0, SWEEP_STEP_MS);
    }
}

/* ---- sweeping -------------------------------------------------------------------------------- */

static bool sweep_one(const struct cage_kernel *kernel, const char *parent, const char *name)
{
    int fd = open_in(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    char *dir = mem_printf("%s/%s", parent, name);
    bool swept = false;
    struct err err;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        swept = remove_yard(kernel, dir, SWEEP_WAIT_MS, &err) == 0;
        if (!swept)
            log_warn("chrome", "a dead engine's group stays", "why=%s", log_quote(err.text));
    }
    if (fd >= 0)
        close(fd);
    mem_free(dir);
    return swept;
}

static int sweep(const struct cage_kernel *kernel, const char *parent)
{
    DIR *walk = opendir(parent);
    struct dirent *entry;
    int swept = 0;

    while (walk && (entry = readdir(walk)))
        if (str_starts(entry->d_name, YARD_PREFIX))
            swept += sweep_one(kernel, parent, entry->d_name);
    if (walk)
        closedir(walk);
    if (swept > 0)
        log_info("chrome", "swept groups of a dead engine", "parent=%s count=%d", log_quote(parent),
                 swept);
    return swept;
}

/* ---- the yard -------------------------------------------------------------------------------- */

/* Between making and locking, another engine's sweep may take the directory: then the lock fails,
 * or it is on a directory that is no longer there. */
static bool lock_is_ours(int fd, const char *path)
{
    struct stat by_fd, by_path;

    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return false;
    return fstat(fd, &by_fd) == 0 && lstat(path, &by_path) == 0 && by_fd.st_ino == by_path.st_ino;
}

static int make_locked_dir(struct cage_yard *yard, struct cage_root *root, const char *name,
                           struct err *err)
{
    root->dir = mem_printf("%s/%s", root->parent, name);
    if (yard->kernel.make_group(root->dir) < 0) {
        err_sys(err, ERR_LAUNCH, "%s", root->dir);
        mem_free(root->dir);
        root->dir = NULL;
        return -1;
    }
    root->lock_fd = open_in(root->parent, name, O_RDONLY | O_DIRECTORY);
    if (root->lock_fd >= 0 && lock_is_ours(root->lock_fd, root->dir))
        return 0;
    return err_set(err, ERR_LAUNCH, "%s: disappeared at once", root->dir);
}

static int make_dirs(struct cage_yard *yard, struct err *err)
{
    char name[sizeof(YARD_PREFIX) + 8] = YARD_PREFIX;
    unsigned char random[4];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return err_sys(err, ERR_LAUNCH, "getrandom");
    str_hex(random, sizeof(random), name + strlen(name));
    for (int i = 0; i < yard->n_roots; i++)
        if (make_locked_dir(yard, &yard->roots[i], name, err) < 0) {
            cage_group_close_yard(yard);
            return -1;
        }
    return 0;
}

int cage_group_open_yard(struct cage_yard *yard, struct err *err)
{
    /* The pids hierarchy of v1 comes last, and first here: it stops the forks. */
    for (int i = yard->n_roots - 1; i >= 0; i--)
        yard->swept += sweep(&yard->kernel, yard->roots[i].parent);
    for (int i = 0; i < MAX_TRIES; i++)
        if (make_dirs(yard, err) == 0)
            return 0;
    return -1;
}

void cage_group_close_yard(struct cage_yard *yard)
{
    struct err err;

    for (int i = 0; i < yard->n_roots; i++) {
        struct cage_root *root = &yard->roots[i];

        if (root->dir && remove_yard(&yard->kernel, root->dir, 0, &err) < 0)
            log_warn("chrome", "a group stays", "why=%s", log_quote(err.text));
        if (root->lock_fd >= 0)
            close(root->lock_fd);
        root->lock_fd = -1;
        mem_free(root->dir);
        root->dir = NULL;
    }
}

/* ---- one cage -------------------------------------------------------------------------------- */

int cage_group_make(struct cage *cage, struct err *err)
{
    struct cage_yard *yard = cage->yard;
    int id = ++yard->next_id;

    for (int i = 0; i < yard->n_roots; i++) {
        char *dir = mem_printf("%s/worker-%d", yard->roots[i].dir, id);

        if (yard->kernel.make_group(dir) < 0) {
            err_sys(err, ERR_LAUNCH, "%s", dir);
            mem_free(dir);
            return -1;
        }
        cage->dirs[i] = dir;
        cage->procs_fds[i] = open_in(dir, "cgroup.procs", O_WRONLY);
        if (cage->procs_fds[i] < 0)
            return err_sys(err, ERR_LAUNCH, "%s/cgroup.procs", dir);
    }
    cage->name = mem_strdup(cage->dirs[0]);
    return 0;
}

void cage_close_files(struct cage *cage)
{
    for (int i = 0; i < CAGE_FILES; i++) {
        if (cage->file_fds[i] >= 0)
            close(cage->file_fds[i]);
        cage->file_fds[i] = -1;
    }
}

int cage_group_remove(struct cage *cage, struct err *err)
{
    int rc = 0;

    cage_close_files(cage);
    for (int i = 0; i < cage->yard->n_roots; i++) {
        if (cage->procs_fds[i] >= 0)
            close(cage->procs_fds[i]);
        cage->procs_fds[i] = -1;
        if (cage->dirs[i] && remove_dir(&cage->yard->kernel, cage->dirs[i], err) == 0) {
            mem_free(cage->dirs[i]);
            cage->dirs[i] = NULL;
        }
        if (cage->dirs[i])
            rc = -1;
    }
    return rc;
}
