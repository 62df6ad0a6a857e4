/* SPDX-License-Identifier: MIT */
/* idle_cost.h - what browsers cost while no page held them, in the ledger beside the runs.
 *
 * A browser's start and its waits between pages are charged to the page that it waited for (chrome/pool.h).
 * What is left, from the last page until idle_exit ends it, is no run's doing but the bill's all the same:
 * a row of the ledger with site "-" and kind "idle", every ten minutes and at the engine's end. So the
 * rows of the ledger add up to what all browsers took, and a wrong idle_exit shows in `cost --by job`.
 */
#ifndef CRAWL_IDLE_COST_H
#define CRAWL_IDLE_COST_H

#include "crawl/env.h"

#define RUN_IDLE "idle"

struct idle_cost;

/* env: borrowed, with a pool and a store. */
struct idle_cost *idle_cost_new(const struct crawl_env *env);
void idle_cost_free(struct idle_cost **idle); /* a pending `done` does not come */

/* Write what there is now. done once, later, whether the store took it or not. Once, at the end. */
void idle_cost_write(struct idle_cost *idle, loop_fn *done, void *ctx);

#endif
