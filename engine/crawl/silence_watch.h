/* SPDX-License-Identifier: MIT */
/* silence_watch.h - after a run: is the board blocked, has it gone quiet, is it back?
 *
 * Opens and closes the reports "blocked" and "silence" of the site, each told once in the log. Asked
 * of crawl runs only: they alone bring new deals.
 */
#ifndef CRAWL_SILENCE_WATCH_H
#define CRAWL_SILENCE_WATCH_H

#include "crawl/env.h"
#include "crawl/site.h"

typedef void silence_watch_fn(void *ctx);

/* ended: the run, complete with reason and end, whose row may still say "running"; copied as far as
 * needed. done comes once, later, also without a store. Nothing to free. */
void silence_watch(const struct crawl_env *env, const struct site *site,
                   const struct store_run *ended, silence_watch_fn *done, void *ctx);

/* Milliseconds between two moments that are due, at the widest of the next week; 0: there are none. */
int64_t silence_period_ms(const struct cron *cron, const struct clock_zone *zone, int64_t now_ms);

#endif
