/* SPDX-License-Identifier: MIT */
/* plan.h - does a schedule fit a box? Plays it with what runs of each line took so far. Pure.
 *
 * A run that needs Chrome holds one tab from its begin to its end, which is the worse case: in truth it gives
 * the tab back while it waits for the host's turn. Who is due first is served first. What is due while its own
 * last run is still going is left out and counted, as the engine does.
 */
#ifndef DEBUG_PLAN_H
#define DEBUG_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "crawl/cron.h"
#include "debug/cost.h"

struct plan_line {
    const char *site, *kind;
    const struct cron *cron;
    const struct clock_zone *zone;
    /* What one run takes, by the ledger: plan_measure(). */
    int64_t duration_ms, gb_ms, peak_bytes;
    bool is_measured;  /* else reckoned from other sites */
    bool needs_chrome; /* else it holds no tab */
    /* What came of it. */
    int64_t runs, overlaps, waited_ms, wait_max_ms;
    int64_t busy_until_ms;
};

struct plan_box {
    int browsers, tabs_per_browser;
    int64_t memory_bytes; /* for all browsers; 0: no limit */
};

struct plan {
    int64_t runs, overlaps, gb_ms, busy_ms, waited_ms, wait_max_ms;
    int tabs_max; /* in use at the same time */
    int64_t
        memory_max_bytes; /* so many browsers as these tabs need, each at the largest peak measured */
    int64_t busiest_minute_ms; /* its beginning; CLOCK_NONE: nothing is due */
    int64_t busiest_ms;        /* tab time in it */
};

/* Waits beyond this make a plan one that does not fit. */
enum { PLAN_WAIT_MAX_MS = 60000, PLAN_DUES_MAX = 1000000 };

/* Fills in what runs took. A line that never ran takes the mean of its kind's, or of all; false when the
 * ledger has none of any. */
bool plan_measure(struct plan_line *lines, int n, const struct store_cost *rows, int n_rows);

/* ERR_USAGE: more than PLAN_DUES_MAX runs. */
MUST_CHECK int plan_play(struct plan *plan, struct plan_line *lines, int n,
                         const struct plan_box *box, int64_t from_ms, int64_t length_ms,
                         struct err *err);

bool plan_fits(const struct plan *plan, const struct plan_box *box);

#endif
