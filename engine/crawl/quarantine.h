/* SPDX-License-Identifier: MIT */
/* quarantine.h - addresses whose pages crash stay away from Chrome for a while.
 *
 * One bad page must decide neither about its site nor about the browser: it is counted by address.
 * Two crashes in a row, and the address is held; when its time is over it gets one try, and the next
 * crash holds it again. The table is bounded: the address that was heard of least lately is forgotten.
 */
#ifndef CRAWL_QUARANTINE_H
#define CRAWL_QUARANTINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { QUARANTINE_CRASHES = 2, QUARANTINE_MAX_URLS = 1024 };

struct quarantine;

struct quarantine *quarantine_new(int64_t hold_ms); /* 0: nothing is ever held */
void quarantine_free(struct quarantine **quarantine);

/* In all of these quarantine may be NULL: nothing is counted or held. */

/* The page ended so. Only crashes count: oom, js-heap, memory-thrash, renderer-crash. The caller sees
 * to it that it was this page: the end of a browser with several pages is none of theirs. */
void quarantine_note(struct quarantine *quarantine, const char *url, const struct err *why);

/* The page worked: it is forgotten. */
void quarantine_clear(struct quarantine *quarantine, const char *url);

/* true: held; err is the last crash's code, and a text that begins with "quarantined". */
bool quarantine_holds(const struct quarantine *quarantine, const char *url, struct err *err);

#endif
