/* SPDX-License-Identifier: MIT */
/* proc_tree.h - which processes belong to a child of ours, by reading /proc. Used by proc.c.
 *
 * A process belongs to the tree when it is the root; when it was seen to belong and still lives;
 * when it is in the process group or session of one that was seen; or when it descends from any of
 * these. Groups and sessions hold what was reparented to us before it was seen. Processes are told
 * apart by pid and start time, since pids are used again.
 */
#ifndef BASE_PROC_TREE_H
#define BASE_PROC_TREE_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of /proc/PID/stat (proc(5)). */
struct proc_stat {
    pid_t pid;
    pid_t ppid;
    pid_t pgrp;
    pid_t session;
    char state;           /* 'Z' is a zombie, 'X' dead */
    uint64_t start_ticks; /* since boot */
    uint64_t cpu_ticks;   /* user + system, of itself and of the children it has reaped */
};

bool proc_stat_read(pid_t pid, struct proc_stat *out); /* false: there is no such process */

/* Every process of the machine; the caller frees with mem_free. */
size_t proc_stat_read_all(struct proc_stat **out);

struct proc_tree {
    pid_t root;
    struct proc_stat *members; /* as of the last refresh: those that live, zombies left out */
    size_t n;
};

void proc_tree_init(struct proc_tree *tree, pid_t root);
void proc_tree_fini(struct proc_tree *tree);

/* Look again. Members of the last time count as seen. Returns how many live. */
size_t proc_tree_refresh(struct proc_tree *tree);

/* Refresh, then signal every member, each only if it is still the process that was seen. SIGKILL is
 * repeated for what was forked meanwhile. */
void proc_tree_signal(struct proc_tree *tree, int signum);

struct proc_usage;
void proc_tree_measure(const struct proc_tree *tree, struct proc_usage *out);

#endif
