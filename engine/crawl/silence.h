/* SPDX-License-Identifier: MIT */
/* silence.h - has a board gone quiet, or is it only night?
 *
 * Learned from the hours in which its deals came: how many are usual at this hour of the week. A
 * board is silent when the deals expected since its last one are so many that none of them is beyond
 * chance. Hours in which it was not looked at (the engine was down, the board blocked us, its pages
 * could not be read) count for nothing: those have reasons of their own.
 *
 * Pure; who asks at the end of a run: drift_watch.c.
 */
#ifndef CRAWL_SILENCE_H
#define CRAWL_SILENCE_H

#include "base/buf.h"
#include "base/clock.h"
#include "db/store.h"

/* Of the past four weeks at most; without two whole days and 20 deals there is no verdict. */
#define SILENCE_LEARN_MS ((int64_t)28 * 24 * 3600 * 1000)
#define SILENCE_HISTORY_MIN_MS ((int64_t)48 * 3600 * 1000)
enum { SILENCE_DEALS_MIN = 20 };

enum silence_state {
    SILENCE_UNKNOWN, /* too little is known of the board */
    SILENCE_LIVELY,
    SILENCE_QUIET,   /* no deal for longer than chance allows, though its pages were read well */
    SILENCE_BLOCKED, /* its last runs ended as blocked, rate-limited or robots */
    SILENCE_DRIFT,   /* as drift or empty */
    SILENCE_FAILING, /* for another reason: network, Chrome, database */
    SILENCE_DOWN,    /* no run has ended since long before the last one that was due */
};

struct silence_input {
    int64_t now_ms;
    const struct store_hour *hours; /* store_arrivals(), ascending */
    int n_hours;
    const struct store_run *runs; /* store_runs_recent(), newest first, crawl runs of the site */
    int n_runs;
    int64_t period_ms;             /* between two runs that are due; 0: the site has no schedule */
    const struct clock_zone *zone; /* whose hours of the week count */
};

struct silence_verdict {
    enum silence_state state;
    int64_t last_deal_ms; /* end of the hour of the newest deal, at most now; CLOCK_NONE: none */
    double expected;      /* deals since then, by the usual rates */
    double chance;        /* of none of them, 0 to 1; 1 when unknown */
};

void silence_judge(const struct silence_input *input, struct silence_verdict *out);

const char *silence_name(enum silence_state state); /* "quiet" */

#endif
