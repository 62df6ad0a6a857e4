/* SPDX-License-Identifier: MIT */
/* browser.h - one Chrome process tree from start to the last deleted file.
 *
 *   DOWN > SPAWNING > CONNECTING > READY > RETIRING > STOPPING > DOWN
 *
 * A struct browser is a place for a browser: it is started again and again, one process tree at a time, each in a
 * cage of its own. Whatever ends it, it passes STOPPING, where the tree is killed, reaped, its group and its directory
 * are removed. How long to wait before the next start is the pool's matter (breaker.h).
 */
#ifndef CHROME_BROWSER_H
#define CHROME_BROWSER_H

#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"
#include "cdp/conn.h"
#include "chrome/blame.h"
#include "chrome/launch.h"

struct browser;

enum browser_state {
    BROWSER_DOWN,
    BROWSER_SPAWNING,
    BROWSER_CONNECTING,
    BROWSER_READY,
    BROWSER_RETIRING,
    BROWSER_STOPPING,
    BROWSER_STATES
};

struct browser_events {
    /* Within the call that moves it, and only for the owner's lists. */
    void (*on_state)(enum browser_state to, void *ctx);
    /* It has processes, and a cage; on_gone when the last process has ended, before the cage goes. Both are for
     * whoever counts what it costs, and come whatever else happens to it. */
    void (*on_spawned)(void *ctx);
    void (*on_gone)(void *ctx);
    /* The others come from the loop, never from inside a call. */
    void (*on_ready)(void *ctx);
    /* It is gone, or did not start, by itself: ERR_LAUNCH, ERR_PIDS, ERR_FDS, ERR_DISK (not started), ERR_OOM,
     * ERR_MEMORY_THRASH, ERR_BROWSER_EXIT, ERR_NO_ANSWER, ERR_PROTOCOL. Every session of its connection must be freed
     * in this call. */
    void (*on_lost)(const struct err *why, void *ctx);
    void (*on_answered)(void *ctx); /* a heartbeat */
    /* DOWN again: it may be started. */
    void (*on_down)(void *ctx);
};

/* All borrowed. */
struct browser_settings {
    const struct config *config;
    const struct launch_plan *plan;
    struct cage_yard *yard;
    struct cage_caps caps;
};

struct browser *browser_new(struct loop *loop, const struct browser_settings *settings,
                            const struct browser_events *events, void *ctx);
void browser_free(struct browser **browser); /* only in DOWN */

void browser_start(struct browser *browser); /* from DOWN */
void browser_retire(
    struct browser *browser); /* READY: it gets no new pages; the owner stops it when it is empty */
void browser_stop(
    struct browser
        *browser); /* from any state; every session must be freed before; on_down follows */

enum browser_state browser_state(const struct browser *browser);
const char *browser_state_name(enum browser_state state);
bool browser_is_live(const struct browser *browser);          /* has processes */
struct cdp_conn *browser_conn(const struct browser *browser); /* while READY or RETIRING */
pid_t browser_pid(const struct browser *browser);             /* 0: none */
const char *browser_user_agent(const struct browser *browser);
struct cage *browser_cage(const struct browser *browser); /* while it has processes, else NULL */
bool browser_is_upgraded(
    const struct browser *browser); /* the program on disk is not the one that runs */

/* ---- whose fault it was ------------------------------------------------------------------------- */

/* As in blame.h. */
void browser_mark(const struct browser *browser, struct cage_sample *out);
void browser_explain(struct browser *browser, const struct browser_end *end, struct err *err);

#endif
