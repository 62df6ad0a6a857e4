/* SPDX-License-Identifier: MIT */
/* pressure.c - two files of /proc against two limits; see pressure.h. */
#include "chrome/pressure.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind `prefix` in the first line that begins with it; false: there is none. */
static bool read_number(const char *dir, const char *name, const char *prefix, double *out)
{
    char *path = mem_printf("%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    char line[160], *end;
    bool found = false;

    mem_free(path);
    while (file && !found && fgets(line, sizeof(line), file)) {
        if (!str_starts(line, prefix))
            continue;
        *out = strtod(line + strlen(prefix), &end);
        found = end != line + strlen(prefix);
    }
    if (file)
        fclose(file);
    return found;
}

bool pressure_is_high(const struct pressure_limits *limits, char why[PRESSURE_TEXT_BYTES])
{
    double free_kib, stall_percent;

    if (limits->min_free_bytes &&
        read_number(limits->proc_dir, "meminfo", "MemAvailable:", &free_kib) &&
        free_kib * 1024 < (double)limits->min_free_bytes) {
        snprintf(why, PRESSURE_TEXT_BYTES, "%.0f MiB of memory available, min_free_memory is %lld",
                 free_kib / 1024, (long long)(limits->min_free_bytes >> 20));
        return true;
    }
    if (limits->max_stall_percent &&
        read_number(limits->proc_dir, "pressure/memory", "full avg10=", &stall_percent) &&
        stall_percent > (double)limits->max_stall_percent) {
        snprintf(why, PRESSURE_TEXT_BYTES,
                 "stalled for memory for %.0f %% of 10 s, max_memory_pressure is %lld",
                 stall_percent, (long long)limits->max_stall_percent);
        return true;
    }
    return false;
}
