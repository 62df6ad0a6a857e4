/* SPDX-License-Identifier: MIT */
/* breaker.c - failures in a row, and the pauses between them; see breaker.h. */
#include "chrome/breaker.h"
#include "base/clock.h"
#include "base/log.h"

void breaker_init(struct breaker *breaker, int64_t pause_ms, int64_t pause_max_ms, int open_after)
{
    *breaker = (struct breaker){.open_after = open_after};
    backoff_init(&breaker->pauses, pause_ms, pause_max_ms < pause_ms ? pause_ms : pause_max_ms);
}

void breaker_failed(struct breaker *breaker, const struct err *why)
{
    int64_t pause_ms = backoff_next_ms(&breaker->pauses);

    breaker->failures++;
    breaker->last = *why;
    breaker->retry_at_ms = clock_mono_ms() + pause_ms;
    if (breaker->failures >= breaker->open_after && !breaker->open) {
        breaker->open = true;
        log_error("pool", "Chrome does not start: pages fail until it does",
                  "failures=%d reason=%s why=%s", breaker->failures, err_reason(why->code),
                  log_quote(why->text));
        return;
    }
    log_warn("pool", "backing off", "pause_ms=%lld failures=%d", (long long)pause_ms,
             breaker->failures);
}

void breaker_succeeded(struct breaker *breaker)
{
    if (breaker->open)
        log_info("pool", "Chrome starts again", "failures=%d", breaker->failures);
    breaker->open = false;
    breaker->failures = 0;
    breaker->retry_at_ms = 0;
    breaker->last = (struct err){.code = ERR_OK};
}

void breaker_reset(struct breaker *breaker)
{
    backoff_reset(&breaker->pauses);
}

int64_t breaker_wait_ms(const struct breaker *breaker)
{
    int64_t left_ms = breaker->retry_at_ms - clock_mono_ms();

    return breaker->retry_at_ms && left_ms > 0 ? left_ms : 0;
}

const struct err *breaker_reason(const struct breaker *breaker)
{
    return breaker->last.code == ERR_OK ? NULL : &breaker->last;
}
