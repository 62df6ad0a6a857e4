/* SPDX-License-Identifier: MIT */
/* trim.h - gives back what only a program's start needed. */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

#include <stddef.h>

/* Drop the pages of programs and libraries that nothing has written to, from this process alone: those that are used
 * again come back from the file at their next use, those of relocation and initialisation (most of them) don't.
 * Returns the bytes of mappings that were looked at and given back; 0 where /proc can't be read. To be called
 * once, when everything is set up and before other threads load libraries. Source: madvise(2), MADV_DONTNEED. */
size_t trim_start_pages(void);

#endif
