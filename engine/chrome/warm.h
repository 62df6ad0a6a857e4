/* SPDX-License-Identifier: MIT */
/* warm.h - reads Chrome's files into the page cache, in the engine's name.
 *
 * File pages are charged to the group of whoever reads them first: 220 MiB of a Chrome (seen). Read by the engine
 * before the first browser starts, they do not count against any browser's cap.
 */
#ifndef CHROME_WARM_H
#define CHROME_WARM_H

#include <stdint.h>

/* The program and the data beside it. What is cached already costs a few milliseconds, from a disk it may take a
 * second. Returns the bytes that were asked for; 0: nothing could be opened. */
int64_t warm_program(const char *program);

#endif
