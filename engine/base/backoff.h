/* SPDX-License-Identifier: MIT */
/* backoff.h - how long to wait before the next try: doubling from a base to a maximum, with jitter.
 *
 * Each delay is drawn from the upper quarter of its step (1.5 s to 2 s for a step of 2 s), so that
 * many waiters do not come back together and no delay is longer than its step.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t base_ms;
    int64_t max_ms;
    int64_t step_ms; /* of the next delay */
    int failures;    /* since the last reset */
};

void backoff_init(struct backoff *backoff, int64_t base_ms, int64_t max_ms);

/* The delay after one more failure. */
int64_t backoff_next_ms(struct backoff *backoff);

void backoff_reset(struct backoff *backoff); /* after a success */

/* As if there had been so many failures since the last success: others have seen them. */
void backoff_adopt(struct backoff *backoff, int failures);

#endif
