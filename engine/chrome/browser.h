/* SPDX-License-Identifier: MIT */
/* browser.h - one Chrome process tree from start to the last deleted file.
 *
 *   DOWN > SPAWNING > CONNECTING > READY > RETIRING > STOPPING > DOWN | BACKOFF > SPAWNING | DOWN
 *
 * A struct browser is a place for a browser: it is started again and again, one process tree at a time.
 * Whatever ends it, it passes STOPPING, where the tree is killed, reaped and its directory deleted. A launch that
 * failed, or a browser that died before it served a page (browser_did_well), is followed by BACKOFF: 2 s, doubled
 * up to 60 s.
 */
#ifndef CHROME_BROWSER_H
#define CHROME_BROWSER_H

#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"
#include "cdp/conn.h"
#include "chrome/launch.h"

struct browser;

enum browser_state {
    BROWSER_DOWN,
    BROWSER_SPAWNING,
    BROWSER_CONNECTING,
    BROWSER_READY,
    BROWSER_RETIRING,
    BROWSER_STOPPING,
    BROWSER_BACKOFF,
};

/* All come from the loop, never from inside a call. */
struct browser_events {
    void (*on_ready)(void *ctx);
    /* It is gone, or did not start, by itself: ERR_LAUNCH, ERR_BROWSER_EXIT, ERR_NO_ANSWER, ERR_PROTOCOL. Every
     * session of its connection must be freed in this call. */
    void (*on_lost)(const struct err *why, void *ctx);
    /* DOWN again (also after BACKOFF): it may be started. */
    void (*on_down)(void *ctx);
};

/* config and plan are borrowed. */
struct browser *browser_new(struct loop *loop, const struct config *config, const struct launch_plan *plan,
                            const struct browser_events *events, void *ctx);
void browser_free(struct browser **browser); /* only in DOWN or BACKOFF */

void browser_start(struct browser *browser);  /* from DOWN */
void browser_retire(struct browser *browser); /* READY: it gets no new pages; the owner stops it when it is empty */
void browser_stop(struct browser *browser);   /* from any state; every session must be freed before; on_down follows */

void browser_did_well(struct browser *browser); /* a page was served: the back-off starts anew */

enum browser_state browser_state(const struct browser *browser);
const char *browser_state_name(enum browser_state state);
bool browser_is_live(const struct browser *browser); /* has processes */
struct cdp_conn *browser_conn(const struct browser *browser); /* while READY or RETIRING */
pid_t browser_pid(const struct browser *browser);             /* 0: none */
const char *browser_user_agent(const struct browser *browser);
const struct err *browser_last_failure(const struct browser *browser); /* of the latest launch, or NULL */

/* Has V8 told on stderr lately that a page's heap was full? Evidence for ERR_JS_HEAP. */
bool browser_saw_js_oom(const struct browser *browser);
/* Has the kernel killed anything for memory since the browser was started? Evidence for ERR_OOM. */
bool browser_saw_kernel_oom(const struct browser *browser);

#endif
