/* SPDX-License-Identifier: MIT */
/* memory.h - what a browser's process tree costs over time: CPU, memory, memory times time.
 *
 * Reading the memory of a Chrome tree takes 10 to 20 ms of CPU (seen: the kernel walks page tables for
 * smaps_rollup), finding its members in /proc 5 ms, their CPU time alone 0.3 ms. So CPU is read whenever somebody
 * asks, memory and members by a timer: every 250 ms, but never so often that it takes more than 2 % of a core.
 */
#ifndef CHROME_MEMORY_H
#define CHROME_MEMORY_H

#include "base/loop.h"

#include <stdint.h>
#include <sys/types.h>

struct meter;

/* Since the reading before: both are what is to be shared among the leases that were held meanwhile. */
struct meter_reading {
    int64_t cpu_ms;
    int64_t gb_ms;     /* GiB times milliseconds */
    int64_t pss_bytes; /* at the last look */
};

/* `due`: called by the timer, from the loop, when memory was looked at; it then calls meter_read. */
struct meter *meter_new(struct loop *loop, loop_fn *due, void *ctx);
void meter_free(struct meter **meter);

void meter_start(struct meter *meter, pid_t root); /* a new tree: everything from 0 */
void meter_stop(struct meter *meter);              /* keeps what is not read yet */

/* Looks at memory are only made while somebody is interested. */
void meter_watch(struct meter *meter, bool on);

void meter_read(struct meter *meter, struct meter_reading *out);

/* How many processes the kernel has killed for memory since it was booted (/proc/vmstat oom_kill); -1 unknown. */
int64_t memory_oom_kills(void);

#endif
