/* SPDX-License-Identifier: MIT */
/* digest.h - what a user is told of the deals that wait for him, and whether now.
 *
 * max_push_count is how many pushes a user wants at a time: at most so many of a digest, or within an hour where they
 * come at once. Each names one keyword and how many deals there are; where there are more keywords than pushes, the last
 * push speaks for the rest, so that nothing found goes untold. 0, or alarm_status off: none, and nothing waits.
 * Outside of his hours, or when he has had as many as he wants, all waits.
 */
#ifndef NOTIFY_DIGEST_H
#define NOTIFY_DIGEST_H

#include "base/arena.h"
#include "db/store_alarm.h"
#include "notify/hours.h"

enum { DIGEST_AT_ONCE_MS = 3600 * 1000 }; /* "within an hour" */

struct digest {
    bool waits; /* nothing is said now, and nothing forgotten */
    struct store_alarm_push *pushes;
    int n;
};

/* user->pushes: in the last DIGEST_AT_ONCE_MS. Texts are in the arena, or borrowed from user. */
void digest_make(const struct store_alarm_waiting *user, const struct hours *hours,
                 const struct clock_zone *zone, int64_t now_ms, struct arena *arena,
                 struct digest *out);

#endif
