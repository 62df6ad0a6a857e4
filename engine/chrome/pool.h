/* SPDX-License-Identifier: MIT */
/* pool.h - lends Chrome tabs to jobs and keeps the browsers behind them healthy.
 *
 * A lease is the right to use one tab until its deadline. The slot comes back by our own bookkeeping: when
 * the holder returns it, when the deadline passes, or when the browser is lost: then on_lost tells the
 * holder, who must not touch the tab any more (and need not return it).
 * Invariant, checked each turn: idle + leased + dying == slots.
 *
 * Today one browser with N tabs; several browsers, caps and recycling come behind the same calls.
 */
#ifndef CHROME_POOL_H
#define CHROME_POOL_H

#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"

struct pool;
struct lease;
struct tab;

struct pool_settings {
    const struct config *config; /* borrowed for the pool's life; chrome_*, *_timeout, tabs_per_browser */
    const char *prelude_js;      /* run at document start in the isolated world of every page; copied */
    const char *const *block_hosts; /* host patterns ("*.doubleclick.net") that no page may load from: become
                                       resolver rules of the browser; copied */
    size_t n_block_hosts;
};

/* Checks the flags file and finds Chrome and its user; starts no browser yet (the first lease does). */
MUST_CHECK int pool_new(struct loop *loop, const struct pool_settings *settings, struct pool **out,
                        struct err *err);

struct lease_request {
    const char *site;      /* for fairness and the log; copied */
    int64_t wait_ms;       /* how long to wait for a tab (browser start included) */
    int64_t hold_ms;       /* the lease's deadline counts from when it is granted */
};

struct lease_events {
    /* Once, later: the lease with its tab, or err: ERR_LAUNCH, ERR_TIMEOUT (no tab in time), ERR_PIDS ... */
    void (*on_granted)(struct lease *lease, const struct err *err, void *ctx);
    /* At most once, only while the lease is held: the tab or browser is gone, or the deadline passed. */
    void (*on_lost)(const struct err *why, void *ctx);
};

/* request and events are copied. The lease is gone when on_granted came with err, and when on_lost has returned:
 * pool_return() may be called in these, but not later. */
struct lease *pool_lease(struct pool *pool, const struct lease_request *request,
                         const struct lease_events *events, void *ctx);

/* Give back, or stop waiting. `healthy` false: the tab is thrown away (after a crash, a hang). No event
 * after this. */
void pool_return(struct lease **lease, bool healthy);

struct tab *lease_tab(struct lease *lease);

/* What the browser behind the lease cost since it was granted (sampled, shared among its busy tabs). */
struct lease_cost {
    int64_t cpu_ms;
    int64_t peak_pss_bytes; /* of the whole browser */
    int64_t gb_ms;
};
void lease_cost(const struct lease *lease, struct lease_cost *out);

struct pool_stats {
    int slots, idle, leased, dying, waiting;
    int browsers_live;
    long long browsers_started, browsers_lost, tabs_crashed, leases_granted;
    int64_t peak_pss_bytes; /* highest sum over all browsers since the start */
    int64_t cpu_ms;         /* of all browsers, ended ones included */
};
void pool_stats(const struct pool *pool, struct pool_stats *out);

/* The pid of a live browser, 0 when there is none: for tests and doctor. */
int pool_browser_pid(const struct pool *pool);

/* Close every browser: politely, then by force; done once when no process and no directory is left. Waiting
 * and held leases hear ERR_CANCELLED. */
void pool_stop(struct pool *pool, void (*done)(void *ctx), void *ctx);
void pool_free(struct pool **pool); /* after pool_stop's done, or before any lease */

#endif
