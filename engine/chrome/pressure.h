/* SPDX-License-Identifier: MIT */
/* pressure.h - has the machine memory left for another page?
 *
 * Source of truth: /proc/pressure/memory (Documentation/accounting/psi.rst) and MemAvailable of
 * /proc/meminfo. What the machine does not tell holds nobody back.
 */
#ifndef CHROME_PRESSURE_H
#define CHROME_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pressure_limits {
    const char *proc_dir;   /* "/proc" */
    int64_t min_free_bytes; /* 0: not looked at */
    int64_t
        max_stall_percent; /* of the last 10 s, in which nothing ran for want of memory; 0: not looked at */
};

enum { PRESSURE_TEXT_BYTES = 128 };

/* true: too little is left; why says so in words. */
bool pressure_is_high(const struct pressure_limits *limits, char why[PRESSURE_TEXT_BYTES]);

#endif
