/* SPDX-License-Identifier: MIT */
/* trim.c - see trim.h.
 *
 * A mapping that can't be written to may hold pages that were written to before it was closed (relocations,
 * then mprotect): smaps counts them as Anonymous, and such a mapping is left alone.
 */
#include "base/trim.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
    unsigned long start, end;
    bool is_clean_file;
};

/* "7f00-7f10 r-xp 00000000 08:01 42   /usr/lib/libc.so.6"; false for the lines below it. */
static bool read_mapping(const char *line, struct mapping *out)
{
    char mode[8], file[8] = "";

    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %7s", &out->start, &out->end, mode, file) < 3)
        return false;
    out->is_clean_file = mode[0] == 'r' && mode[1] == '-' && mode[3] == 'p' && file[0] == '/';
    return true;
}

static size_t give_back(const struct mapping *mapping)
{
    size_t len = mapping->end - mapping->start;

    return madvise((void *)mapping->start, len, MADV_DONTNEED) == 0 ? len : 0; /* NOLINT */
}

size_t trim_start_pages(void)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    struct mapping at = {0};
    size_t given = 0;
    char line[512];

    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f)) {
        unsigned long anonymous_kib;

        if (sscanf(line, "Anonymous: %lu kB", &anonymous_kib) == 1) {
            if (at.is_clean_file && anonymous_kib == 0)
                given += give_back(&at);
            at.is_clean_file = false;
        } else {
            struct mapping next;

            if (read_mapping(line, &next))
                at = next;
        }
    }
    fclose(f);
    return given;
}
