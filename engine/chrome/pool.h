/* SPDX-License-Identifier: MIT */
/* pool.h - lends Chrome tabs to jobs and keeps the browsers behind them healthy.
 *
 * A lease is the right to use one tab until its deadline. The slot comes back by our own bookkeeping: when
 * the holder returns it, when the deadline passes, or when the browser is lost: then on_lost tells the
 * holder, who must not touch the tab any more (and need not return it).
 * Invariant, checked each turn over all browsers: idle + leased + dying == slots.
 *
 * There are `browsers` times `tabs_per_browser` slots. A slot is bound to a browser by its tab; a browser that
 * retires keeps the slots of the pages that it finishes, its replacement gets the others meanwhile.
 */
#ifndef CHROME_POOL_H
#define CHROME_POOL_H

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"

#include <sys/types.h>

struct pool;
struct lease;
struct tab;

struct pool_settings {
    const struct config
        *config; /* borrowed for the pool's life; the keys of the group "Engine: Chrome" */
    const char *prelude_js; /* run at document start in the isolated world of every page; copied */
    const char *const
        *block_hosts; /* host patterns ("*.doubleclick.net") that no page may load from: become
                                       resolver rules of the browser; copied */
    size_t n_block_hosts;
};

/* Checks the flags file, finds Chrome and its user, takes the memory cap's rung, sweeps what dead engines left,
 * reads Chrome's files into the page cache; starts no browser yet (the first lease does). */
MUST_CHECK int pool_new(struct loop *loop, const struct pool_settings *settings, struct pool **out,
                        struct err *err);

/* Other hosts, for browsers that start from now on. ERR_CONFIG: the flags file is broken by now; all stays. */
MUST_CHECK int pool_set_block_hosts(struct pool *pool, const char *const *block_hosts,
                                    size_t n_block_hosts, struct err *err);

struct lease_request {
    const char *site; /* for fairness and the log; copied */
    const char *url;  /* what will be loaded, for the texts of errors; copied; may be NULL */
    int64_t wait_ms;  /* how long to wait for a tab (browser start included) */
    int64_t hold_ms;  /* the lease's deadline counts from when it is granted */
};

struct lease_events {
    /* Once, later: the lease with its tab, or err: ERR_LAUNCH, ERR_TIMEOUT (no tab in time), ERR_PIDS ... */
    void (*on_granted)(struct lease *lease, const struct err *err, void *ctx);
    /* At most once, only while the lease is held: the tab or browser is gone, or the deadline passed. The code is
     * from evidence (counters of the kernel, Chrome's events, its stderr); the text names peak memory and URL. */
    void (*on_lost)(const struct err *why, void *ctx);
};

/* request and events are copied. The lease is gone when on_granted came with err, and when on_lost has returned:
 * pool_return() may be called in these, but not later. Waiters are served site by site in turn, and first come first
 * served within a site. */
struct lease *pool_lease(struct pool *pool, const struct lease_request *request,
                         const struct lease_events *events, void *ctx);

/* Give back, or stop waiting. `healthy` false: the tab is thrown away (after a crash, a hang). No event
 * after this. */
void pool_return(struct lease **lease, bool healthy);

struct tab *lease_tab(struct lease *lease);

/* What the browser behind the lease cost since it was granted, shared among its busy tabs, and before that while
 * nobody held a tab of it: its start, and its wait for this page. Memory is what the browser's cage counts (file pages
 * that it read first included), PSS on the rung sampled-pss. */
struct lease_cost {
    int64_t cpu_ms;
    int64_t peak_pss_bytes; /* of the whole browser */
    int64_t gb_ms;
};
void lease_cost(const struct lease *lease, struct lease_cost *out);

/* What no lease was charged with, because none came any more: browsers that idled until idle_exit, and their ends. Each
 * call takes what came since the last one; of browsers that live nothing. */
void pool_take_unclaimed(struct pool *pool, struct lease_cost *out);

/* Why a browser was ended or replaced. */
enum pool_recycle {
    RECYCLE_PAGES,  /* pages_per_browser */
    RECYCLE_AGE,    /* browser_age */
    RECYCLE_MEMORY, /* worker_memory_soft */
    RECYCLE_CRASH,  /* it died, or too many of its tabs did */
    RECYCLE_NO_ANSWER, /* missed its heartbeat, gave no sign of life for a page, or did not close a tab in time */
    RECYCLE_FAILING, /* several pages in a row timed out or hung in it */
    RECYCLE_UPGRADE, /* the program on disk is another one now */
    RECYCLE_IDLE,    /* unused for idle_exit */
    RECYCLE_REASONS
};
const char *pool_recycle_name(enum pool_recycle reason); /* "no-answer" */

struct pool_stats {
    int slots, idle, leased, dying, waiting;
    int browsers_live;
    long long browsers_started, browsers_lost, tabs_crashed, leases_granted;
    int64_t peak_pss_bytes; /* highest sum over all browsers since the start */
    int64_t cpu_ms;         /* of all browsers, ended ones included */

    const char *rung;          /* of the memory cap: "cgroup-v1", "none"; static */
    int browsers_most;         /* that may be live, retiring ones included */
    int64_t peak_worker_bytes; /* highest of any one browser since the start */
    int64_t
        peak_worker_anon_bytes; /* of it, what only ending processes frees: file pages left out */
    /* Slots that were on no list, on a wrong one, or stayed longer than their deadline: each is logged as an error
     * and mended. Stays 0. */
    long long slot_leaks;
    long long recycles[RECYCLE_REASONS];
    long long ends
        [ERR_COUNT]; /* tabs and browsers that ended otherwise than by plan, by reason (enum err_code);
                                  failed launches included */
    bool breaker_open;   /* pages fail at once: Chrome does not start */
    int launch_failures; /* in a row */
    const struct err *launch_trouble; /* of the last of them, the pool's; NULL: the last start was fine */
    bool held_back;      /* for want of memory: pages that wait do not begin */
};
void pool_stats(const struct pool *pool, struct pool_stats *out);

/* The same in the Prometheus text format. */
void pool_metrics(const struct pool *pool, struct buf *out);

/* The pid of a live browser, 0 when there is none: for tests and doctor. */
int pool_browser_pid(const struct pool *pool);
/* Of all live browsers: up to n of them into out; returns how many there are. */
size_t pool_browser_pids(const struct pool *pool, pid_t *out, size_t n);

/* Close every browser: politely, then by force; done once when no process, no directory and no group is left.
 * Waiting and held leases hear ERR_CANCELLED. */
void pool_stop(struct pool *pool, void (*done)(void *ctx), void *ctx);
void pool_free(struct pool **pool); /* after pool_stop's done, or before any lease */

#endif
