/* SPDX-License-Identifier: MIT */
/* backoff.c - see backoff.h. */
#include "base/backoff.h"
#include "base/mem.h"

#include <sys/random.h>

void backoff_init(struct backoff *backoff, int64_t base_ms, int64_t max_ms)
{
    check(base_ms > 0 && max_ms >= base_ms);
    *backoff = (struct backoff){.base_ms = base_ms, .max_ms = max_ms, .step_ms = base_ms};
}

static uint64_t random_below(uint64_t n)
{
    uint64_t bits = 0;

    /* Without randomness (a kernel that has just started) the delay is the whole step. */
    if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits))
        return 0;
    return n ? bits % n : 0;
}

static void grow(struct backoff *backoff)
{
    backoff->failures++;
    backoff->step_ms =
        backoff->step_ms > backoff->max_ms / 2 ? backoff->max_ms : backoff->step_ms * 2;
}

int64_t backoff_next_ms(struct backoff *backoff)
{
    int64_t step_ms = backoff->step_ms;

    grow(backoff);
    return step_ms - (int64_t)random_below((uint64_t)step_ms / 4 + 1);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->step_ms = backoff->base_ms;
    backoff->failures = 0;
}

void backoff_adopt(struct backoff *backoff, int failures)
{
    backoff_reset(backoff);
    while (backoff->failures < failures && backoff->step_ms < backoff->max_ms)
        grow(backoff);
    backoff->failures = failures;
}
