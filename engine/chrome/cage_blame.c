/* SPDX-License-Identifier: MIT */
/* cage_blame.c - was it memory? From the counters of the cage, never from a guess.
 *
 * A cap that leaves no room for file pages brings no kill and no event, only silence (seen): the
 * code of Chrome is thrown out and read again without end. That is told by the pressure of the
 * group or, where the kernel keeps none, by the rate of pages read again while the group is at its
 * cap.
 */
#include "base/str.h"
#include "chrome/cage.h"

enum {
    STALL_PERCENT = 20, /* of the time; an ordinary page under a sufficient cap has next to none */
    REFAULTS_PER_S = 500, /* a Chrome that starts has 200, one that thrashes 150,000 (seen) */
    NEAR_CAP_PERCENT = 85,
    MIN_WINDOW_MS = 1000, /* below that, rates mean nothing */
};

int64_t cage_oom_kills_since(const struct cage_sample *before, const struct cage_sample *after)
{
    if (before->oom_kills == CAGE_UNKNOWN || after->oom_kills == CAGE_UNKNOWN)
        return 0;
    return after->oom_kills > before->oom_kills ? after->oom_kills - before->oom_kills : 0;
}

static bool both_known(int64_t a, int64_t b)
{
    return a != CAGE_UNKNOWN && b != CAGE_UNKNOWN;
}

static bool stalled(const struct cage_sample *before, const struct cage_sample *after,
                    int64_t window_ms)
{
    return both_known(before->stall_ms, after->stall_ms) &&
           (after->stall_ms - before->stall_ms) * 100 >= window_ms * STALL_PERCENT;
}

static bool refaulted(const struct cage_sample *before, const struct cage_sample *after,
                      int64_t window_ms, int64_t hard_bytes)
{
    if (!both_known(before->refaults, after->refaults) || !hard_bytes)
        return false;
    if (after->current_bytes < hard_bytes / 100 * NEAR_CAP_PERCENT)
        return false;
    return (after->refaults - before->refaults) * 1000 >= window_ms * REFAULTS_PER_S;
}

/* Chrome says "killed" for SIGKILL, and "oom" or "crashed" when V8 or the page gave up by itself.
 * The session's own event says nothing. */
static bool may_be_the_kernel(const struct cage_end *end)
{
    if (end->crash_status)
        return str_empty(end->crash_status) || str_eq(end->crash_status, "killed");
    return end->browser_killed || end->silent;
}

enum err_code cage_blame(const struct cage_sample *before, const struct cage_sample *after,
                         const struct cage_end *end, int64_t hard_bytes)
{
    int64_t window_ms = after->at_ms - before->at_ms;

    if (may_be_the_kernel(end) && cage_oom_kills_since(before, after) > 0)
        return ERR_OOM;
    if (end->crash_status || end->browser_killed || !end->silent || window_ms < MIN_WINDOW_MS)
        return ERR_OK;
    if (stalled(before, after, window_ms) || refaulted(before, after, window_ms, hard_bytes))
        return ERR_MEMORY_THRASH;
    return ERR_OK;
}
