/* SPDX-License-Identifier: MIT */
/* selfcheck.h - the job kind selfcheck: a page of our own (selfcheck.html) from end to end: served on loopback,
 * rendered in a tab of the pool, read by rules (selfcheck.conf), compared value by value with what it says.
 *
 * It needs no board and no network, so what fails is this machine or this program. Its row in the ledger has the
 * site "-"; nothing else is stored.
 */
#ifndef CRAWL_SELFCHECK_H
#define CRAWL_SELFCHECK_H

#include "crawl/env.h"

#define RUN_SELFCHECK "selfcheck"

struct selfcheck;

/* Later, once. err NULL: all was read as it should be. Else ERR_LAUNCH and whatever else ends a page, ERR_INTERNAL: it
 * was read otherwise, and the text says what; ERR_CANCELLED. run: its row, borrowed for the call. selfcheck_free()
 * may be called from it. */
typedef void selfcheck_fn(const struct store_run *run, const struct err *err, void *ctx);

/* env is borrowed. Without a store nothing is noted; a store that is away fails no check. */
struct selfcheck *selfcheck_start(const struct crawl_env *env, int64_t due_at_ms,
                                  selfcheck_fn *done, void *ctx);
void selfcheck_cancel(struct selfcheck *self);
void selfcheck_free(struct selfcheck **self); /* only when it has ended */

#endif
