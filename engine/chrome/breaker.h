/* SPDX-License-Identifier: MIT */
/* breaker.h - when a browser may be started again after starts that failed.
 *
 * After each failure there is a pause, doubled up to a maximum. After `open_after` failures in a row
 * the breaker is open: whoever wants a browser is told the last reason at once, instead of waiting
 * for what does not come. Starts are still tried, one after each pause; the first that succeeds
 * closes it.
 */
#ifndef CHROME_BREAKER_H
#define CHROME_BREAKER_H

#include "base/backoff.h"
#include "base/err.h"

#include <stdbool.h>

struct breaker {
    struct backoff pauses;
    int open_after;
    int failures; /* in a row */
    bool open;
    int64_t retry_at_ms; /* monotonic; 0: at once */
    struct err last;     /* the reason of the latest failure; code ERR_OK: none since a success */
};

void breaker_init(struct breaker *breaker, int64_t pause_ms, int64_t pause_max_ms, int open_after);

/* A start failed. Logs: an error when this opens it, else a warning. */
void breaker_failed(struct breaker *breaker, const struct err *why);

/* A browser is up: the breaker closes, leases are served. The pause stays what it was until
 * breaker_reset(), for browsers that come up and die again at once. */
void breaker_succeeded(struct breaker *breaker);

/* A browser has served a page: the pauses begin anew. */
void breaker_reset(struct breaker *breaker);

int64_t breaker_wait_ms(const struct breaker *breaker);          /* until the next start; 0: now */
const struct err *breaker_reason(const struct breaker *breaker); /* NULL: none */

#endif
