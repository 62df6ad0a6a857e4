/* SPDX-License-Identifier: MIT */
/* pool_priv.h - what the files of the pool share. Only for pool*.c.
 *
 *   pool.c         the turn: who is served, which browser starts or ends; statistics; start and stop
 *   pool_lease.c   leases: waiting, held, lost; what they cost
 *   pool_slot.c    slots and their tabs
 *   pool_worker.c  browsers: their news, why one is replaced, how it is ended
 *
 * Events only note what happened and ask for a turn; what is to be done is decided in the turn.
 */
#ifndef CHROME_POOL_PRIV_H
#define CHROME_POOL_PRIV_H

#include "base/list.h"
#include "chrome/breaker.h"
#include "chrome/browser.h"
#include "chrome/cage.h"
#include "chrome/memory.h"
#include "chrome/pool.h"
#include "chrome/pressure.h"
#include "chrome/tab.h"
#include "chrome/waiters.h"

enum slot_state { SLOT_IDLE, SLOT_LEASED, SLOT_DYING, SLOT_STATES };

/* The right to one tab. Dying are those that cannot be lent just now: a tab is being opened, cleaned or parked. */
struct slot {
    struct list link; /* of pool->slots_in[state] */
    struct pool *pool;
    enum slot_state state;
    int64_t state_since_ms;
    struct worker *worker; /* whose tab it is; NULL: no tab */
    struct tab *tab;
    struct lease *lease;
    int pages;   /* of this tab */
    bool parked; /* shows about:blank */
};

/* A place for a browser. */
struct worker {
    struct list link; /* of pool->workers_in[state] */
    struct pool *pool;
    int number; /* for the log */
    struct browser *browser;
    struct meter *meter;
    struct loop_timer *idle_exit;
    char *user_agent; /* with the operator's contact; NULL: Chrome's own */
    /* Of the browser that is in it now: */
    int64_t ready_at_ms; /* 0: did not come up yet */
    int64_t now_bytes;   /* at the last look */
    struct lease_cost unclaimed; /* while no tab of it was held: the next lease's, or the pool's at its end */
    int n_tabs;
    int pages;  /* that came to an end */
    int served; /* of these, in good health */
    int tabs_crashed;
    int failures_in_a_row; /* pages that timed out or hung */
    bool upgraded;         /* the program on disk is another one */
    struct err last_crash; /* of a tab */
};

enum lease_state { LEASE_WAITING, LEASE_HELD, LEASE_ENDED };

struct lease {
    struct waiter waiter;
    struct pool *pool;
    enum lease_state state;
    struct slot *slot;
    char *site;
    char *url; /* may be NULL */
    struct loop_timer *timer;
    int64_t wait_ms, hold_ms;
    struct lease_events events;
    void *ctx;
    struct lease_cost cost;
};

struct pool {
    struct loop *loop;
    const struct config *config;
    char *prelude_js;
    struct launch_plan *plan;
    struct cage_yard *yard;
    bool capped; /* false: memory_cap_rung = none */
    struct worker *workers;
    size_t n_workers;
    struct list workers_in[BROWSER_STATES];
    int most_active; /* browsers that may take pages */
    struct slot *slots;
    size_t n_slots;
    struct list slots_in[SLOT_STATES];
    struct waiters waiters;
    struct breaker breaker;
    struct err no_tab; /* why the latest tab did not open; code ERR_OK: it did */
    int early_deaths;  /* browsers in a row that served no page */
    struct pressure_limits pressure;
    int64_t pressure_at_ms; /* it was looked at */
    bool held_back;
    int64_t checked_at_ms;   /* the slots were looked over; 0: not yet */
    struct loop_timer *turn; /* of 0 ms */
    struct loop_timer *tick; /* what no event tells: age, pressure, pauses that are over */
    struct loop_timer *park;
    bool stopping;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
    struct lease_cost unclaimed; /* of browsers that are gone, after their last lease */
    struct pool_stats stats;
};

void pool_ask_turn(struct pool *pool);

/* ---- pool_lease.c ------------------------------------------------------------------------------- */

void lease_grant(struct lease *lease, struct slot *slot);
/* The slot is taken from its holder, its tab thrown away. */
void lease_lose(struct lease *lease, const struct err *why);
/* Only those that wait now: a callback may ask again. */
void pool_refuse_waiters(struct pool *pool, const struct err *why);

/* What was spent since the last reading is shared by those that held a tab of this browser meanwhile: called before
 * every change of who they are. */
void worker_settle_costs(struct worker *worker);
void worker_drop_costs(struct worker *worker); /* the browser is gone: what nobody claimed is the pool's */

/* ---- pool_slot.c -------------------------------------------------------------------------------- */

void slot_set_state(struct slot *slot, enum slot_state to);
void slot_open_tab(struct slot *slot, struct worker *worker); /* of an idle slot without one */
void slot_drop_tab(struct slot *slot);                        /* no-op without one */
void slot_drop_spoiled(struct slot *slot);                    /* that nobody holds */
void slot_take_back(struct slot *slot, bool healthy);         /* the lease has let go of it */
void slot_park(struct slot *slot);                            /* leaves its page for about:blank */
void pool_count_end(struct pool *pool, enum err_code code);
void pool_check_slots(struct pool *pool);
size_t slot_count(const struct pool *pool, enum slot_state state);

/* ---- pool_worker.c ------------------------------------------------------------------------------ */

void worker_init(struct worker *worker, struct pool *pool, int number,
                 const struct browser_settings *settings);
void worker_fini(struct worker *worker);
size_t worker_count(const struct pool *pool, enum browser_state state);
bool worker_has_leases(const struct worker *worker);
void worker_watch(struct worker *worker); /* metered while a page of it may work */

/* Which rule says that it is to be replaced; RECYCLE_REASONS: none. */
enum pool_recycle worker_retire_reason(const struct worker *worker);
void worker_retire(struct worker *worker, enum pool_recycle reason); /* no-op unless READY */
void worker_stop(struct worker *worker,
                 const struct err *why); /* its tabs go first, holders hear why */

#endif
