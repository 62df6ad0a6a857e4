/* SPDX-License-Identifier: MIT */
/* memory.h - what a browser's process tree costs over time: CPU, memory, memory times time.
 *
 * Both are what the browser's cage says (cage.h). A group of the kernel is read in 0.02 ms, its CPU time in 0.001 ms;
 * on the rung sampled-pss the kernel walks page tables for smaps_rollup, 10 to 20 ms of CPU for a Chrome (seen), and
 * there the look also keeps the cap. Where the cage does not count CPU time, it is added up over the members, which
 * takes 0.3 ms; finding these in /proc takes 5 ms. So CPU is read whenever somebody asks, memory and members by a timer,
 * every 250 ms while the browser works (2 s while it idles) but never so often that it takes more than 2 % of a core,
 * members of a group every 5 s.
 */
#ifndef CHROME_MEMORY_H
#define CHROME_MEMORY_H

#include "base/loop.h"
#include "chrome/cage.h"

#include <stdint.h>
#include <sys/types.h>

struct meter;

/* Since the reading before: both are what is to be shared among the leases that were held meanwhile. */
struct meter_reading {
    int64_t cpu_ms;
    int64_t gb_ms;     /* GiB times milliseconds */
    int64_t pss_bytes; /* at the last look; a group's count where there is one */
};

/* `due`: called by the timer, from the loop, when memory was looked at; it then calls meter_read. */
struct meter *meter_new(struct loop *loop, loop_fn *due, void *ctx);
void meter_free(struct meter **meter);

/* A new tree: everything from 0; call it when the tree starts. The cage is borrowed until meter_stop; hard_bytes is its cap, 0: none. */
void meter_start(struct meter *meter, pid_t root, struct cage *cage, int64_t hard_bytes);
void meter_stop(struct meter *meter); /* keeps what is not read yet */

/* Something is under way: look often. */
void meter_watch(struct meter *meter, bool on);

void meter_look(struct meter *meter); /* now: something has just become different */

void meter_read(struct meter *meter, struct meter_reading *out);

/* Of the tree that is or was metered last, as of the last look. */
int64_t meter_anon_bytes(const struct meter *meter); /* can only be freed by ending processes */
int64_t meter_peak_bytes(const struct meter *meter);

/* How many processes the kernel has killed for memory since it was booted (/proc/vmstat oom_kill); -1 unknown. */
int64_t memory_oom_kills(void);

#endif
