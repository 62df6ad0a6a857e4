/* SPDX-License-Identifier: MIT */
/* ledger.h - sees to it that each run's row gets its end, also when the store was away then.
 *
 * An end that can't be written goes to the spool (spool.h), behind the run's rows. Without a spool, or when
 * that can't take it, it is kept in memory and written as soon as the store answers again. At most
 * LEDGER_MAX_KEPT are; what comes beyond is lost, which the log tells.
 */
#ifndef CRAWL_LEDGER_H
#define CRAWL_LEDGER_H

#include "base/loop.h"
#include "db/store.h"

enum { LEDGER_MAX_KEPT = 256 };

struct ledger;

/* store is borrowed. */
struct ledger *ledger_new(struct loop *loop, struct store *store);
void ledger_free(struct ledger **ledger); /* kept ends are lost, which is logged */
struct spool;
void ledger_set_spool(struct ledger *ledger, struct spool *spool); /* borrowed */

/* Complete the run's row. done once, later: err when it is kept in memory for later. A run whose begin failed
 * (id 0) gets its whole row then. run->kind and run->reason are static text. */
void ledger_end(struct ledger *ledger, const struct store_run *run, store_done_fn *done, void *ctx);

int ledger_kept(const struct ledger *ledger);

#endif
