/* SPDX-License-Identifier: MIT */
/* proc_tree.c - walks /proc for the members of a tree; see proc_tree.h for who is one. */
#include "base/proc_tree.h"
#include "base/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STAT_BYTES = 1024, ROLLUP_BYTES = 2048, MAX_KILL_ROUNDS = 8 };

/* ---- /proc/PID/stat -------------------------------------------------------------------------- */

/* false: not there, or not to be read. The text is cut at size - 1. */
static bool read_proc_file(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, size - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return true;
}

bool proc_stat_read(pid_t pid, struct proc_stat *out)
{
    char text[STAT_BYTES];
    unsigned long long utime, stime, start;
    long long cutime, cstime;
    const char *rest;

    if (!read_proc_file(pid, "stat", text, sizeof(text)))
        return false;
    /* The name in parentheses may hold anything, parentheses included. */
    rest = strrchr(text, ')');
    *out = (struct proc_stat){.pid = pid};
    if (!rest || sscanf(rest + 1,
                        " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld %*d %*d %*d "
                        "%*d %llu",
                        &out->state, &out->ppid, &out->pgrp, &out->session, &utime, &stime, &cutime,
                        &cstime, &start) != 9)
        return false;
    out->start_ticks = start;
    out->cpu_ticks = utime + stime + (uint64_t)cutime + (uint64_t)cstime;
    return true;
}

size_t proc_stat_read_all(struct proc_stat **out)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    size_t cap = 256;
    size_t n = 0;

    *out = mem_alloc(cap * sizeof(**out));
    while (dir && (entry = readdir(dir))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        if (n == cap) {
            cap *= 2;
            *out = mem_realloc(*out, cap * sizeof(**out));
        }
        if (proc_stat_read((pid_t)atoi(entry->d_name), &(*out)[n]))
            n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* ---- membership ------------------------------------------------------------------------------ */

void proc_tree_init(struct proc_tree *tree, pid_t root)
{
    *tree = (struct proc_tree){.root = root};
    tree->members = mem_array(1, sizeof(*tree->members));
    if (proc_stat_read(root, &tree->members[0]))
        tree->n = 1;
}

void proc_tree_fini(struct proc_tree *tree)
{
    mem_free(tree->members);
    *tree = (struct proc_tree){0};
}

static int by_pid(const void *a, const void *b)
{
    pid_t x = ((const struct proc_stat *)a)->pid;
    pid_t y = ((const struct proc_stat *)b)->pid;

    return (x > y) - (x < y);
}

/* Groups and sessions that we are in ourselves prove nothing. */
struct ours {
    pid_t pgrp;
    pid_t session;
};

static bool is_kin(const struct proc_stat *p, const struct proc_stat *member, struct ours ours)
{
    if (p->pid == member->pid)
        return p->start_ticks == member->start_ticks;
    if (p->pgrp == member->pgrp && p->pgrp != ours.pgrp && p->pgrp > 1)
        return true;
    return p->session == member->session && p->session != ours.session && p->session > 1;
}

static bool belongs_by_itself(const struct proc_tree *tree, const struct proc_stat *p,
                              struct ours ours)
{
    for (size_t i = 0; i < tree->n; i++)
        if (is_kin(p, &tree->members[i], ours))
            return true;
    return false;
}

/* Mark the children of marked ones until nothing changes; `all` is sorted by pid. */
static void spread(const struct proc_stat *all, size_t n, bool *in)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < n; i++) {
            struct proc_stat key = {.pid = all[i].ppid};
            const struct proc_stat *parent;

            if (in[i])
                continue;
            parent = bsearch(&key, all, n, sizeof(*all), by_pid);
            if (parent && in[parent - all])
                in[i] = changed = true;
        }
    }
}

size_t proc_tree_refresh(struct proc_tree *tree)
{
    struct ours ours = {.pgrp = getpgrp(), .session = getsid(0)};
    struct proc_stat *all;
    size_t n;
    size_t kept = 0;
    bool *in;

    /* Once empty it stays so: from here on the root's number may name a stranger. */
    if (!tree->n)
        return 0;
    n = proc_stat_read_all(&all);
    qsort(all, n, sizeof(*all), by_pid);
    in = mem_array(n + 1, sizeof(*in));
    for (size_t i = 0; i < n; i++)
        in[i] = belongs_by_itself(tree, &all[i], ours);
    spread(all, n, in);
    for (size_t i = 0; i < n; i++)
        if (in[i] && all[i].pid != getpid() && all[i].state != 'Z' && all[i].state != 'X')
            all[kept++] = all[i];
    mem_free(in);
    mem_free(tree->members);
    tree->members = all;
    tree->n = kept;
    return kept;
}

static void signal_one(const struct proc_stat *member, int signum)
{
    struct proc_stat now;
    int pidfd = (int)syscall(SYS_pidfd_open, member->pid, 0);

    if (pidfd < 0)
        return;
    /* Held by the descriptor, the number can't pass to another process between look and signal. */
    if (proc_stat_read(member->pid, &now) && now.start_ticks == member->start_ticks)
        syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0);
    close(pidfd);
}

static bool has_member(const struct proc_stat *members, size_t n, const struct proc_stat *p)
{
    for (size_t i = 0; i < n; i++)
        if (members[i].pid == p->pid && members[i].start_ticks == p->start_ticks)
            return true;
    return false;
}

void proc_tree_signal(struct proc_tree *tree, int signum)
{
    struct proc_stat *done = NULL;
    size_t n_done = 0;

    for (int round = 0; round < (signum == SIGKILL ? MAX_KILL_ROUNDS : 1); round++) {
        size_t fresh = 0;

        proc_tree_refresh(tree);
        for (size_t i = 0; i < tree->n; i++)
            if (!has_member(done, n_done, &tree->members[i])) {
                signal_one(&tree->members[i], signum);
                fresh++;
            }
        if (!fresh)
            break;
        done = mem_realloc(done, (tree->n + 1) * sizeof(*done));
        memcpy(done, tree->members, tree->n * sizeof(*done));
        n_done = tree->n;
    }
    mem_free(done);
}

/* ---- usage ----------------------------------------------------------------------------------- */

static int64_t pss_bytes_of(pid_t pid)
{
    char text[ROLLUP_BYTES];
    const char *line;
    long long kib;

    if (!read_proc_file(pid, "smaps_rollup", text, sizeof(text)))
        return 0;
    line = strstr(text, "\nPss:");
    return line && sscanf(line, "\nPss: %lld kB", &kib) == 1 ? kib * 1024 : 0;
}

void proc_tree_measure(const struct proc_tree *tree, struct proc_usage *out)
{
    uint64_t ticks = 0;

    *out = (struct proc_usage){.processes = (int)tree->n};
    for (size_t i = 0; i < tree->n; i++) {
        out->pss_bytes += pss_bytes_of(tree->members[i].pid);
        ticks += tree->members[i].cpu_ticks;
    }
    out->cpu_ms = (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}
