/* SPDX-License-Identifier: MIT */
/* tab.h - one page in a browser: go there, run a function in its isolated world, read the answer.
 *
 * A tab is lent by pool.h and does one thing at a time. Every operation has a deadline and its callback comes
 * exactly once, never after tab_cancel() or the lease's end.
 *
 * What a page does on its own is dealt with here: dialogs are dismissed, service workers refused. Private networks
 * are closed (guard.h). (Windows: browser.c; downloads: denied.)
 *
 * CDP: Page.navigate, Page.createIsolatedWorld, Runtime.callFunctionOn, Page.addScriptToEvaluateOnNewDocument.
 */
#ifndef CHROME_TAB_H
#define CHROME_TAB_H

#include "base/err.h"
#include "base/jdoc.h"

struct tab;

/* Load `url` (absolute http or https, UTF-8, copied) in the main frame; done when the document was committed
 * (its script and rows may still come):
 *   ERR_NETWORK    Chrome's net::ERR_... (DNS, TLS, refused, reset, redirect loop); text holds it, or why the
 *                  guard refused: "http://10.0.0.1/: refused: 10.0.0.1 is a private address (private)"
 *   ERR_TIMEOUT    no commit in time
 *   ERR_CRASHED, ERR_OOM, ERR_JS_HEAP, ERR_BROWSER_EXIT   the page or the browser is gone
 * viewport_w/h: 0 keeps the tab's default. */
struct tab_page {
    const char *url;
    const char *own_origin; /* "http://host[:port]" that may be at a private address; NULL: none */
    int viewport_w, viewport_h;
    bool tell_dialog; /* the page's first dialog starts a tab_call under way again, to tell it */
    int64_t timeout_ms;
};
typedef void tab_done_fn(const struct err *err, void *ctx);
void tab_navigate(struct tab *tab, const struct tab_page *page, tab_done_fn *done, void *ctx);

/* Call an async function (source text of a function expression) with `args_json` (a JSON array as text, one
 * element per argument) in the isolated world of the page that the tab shows, and give back its JSON value.
 * Behind the arguments comes one more: the text of the first dialog since tab_navigate (500 bytes at most), or null.
 * When the page replaces itself meanwhile (a reload, a redirect by script), the call starts again in the new
 * page until the deadline. value is borrowed for the call.
 *   ERR_TIMEOUT    the function did not settle
 *   ERR_HUNG       a script of the page does not yield; it is ended (Runtime.terminateExecution). Also: more than
 *                  10 dialogs. To tell this from ERR_TIMEOUT takes up to 4 s after the deadline.
 *   ERR_NO_ANSWER  neither the page nor the browser answers, or the browser not for this page (vitals.h), which is
 *                  known by two thirds of the time
 *   ERR_PROTOCOL   it threw: text holds the exception
 *   and the reasons of tab_navigate */
typedef void tab_value_fn(const struct jval *value, const struct err *err, void *ctx);
void tab_call(struct tab *tab, const char *function, const char *args_json, int64_t timeout_ms,
              tab_value_fn *done, void *ctx);

/* Of the page that was loaded last: its HTTP status (0: no answer came), and how long its server wants to be left
 * alone (base/retry_after.h). */
int tab_status(const struct tab *tab);
int64_t tab_retry_after_ms(const struct tab *tab);

/* Forget the operation under way; its callback does not come. */
void tab_cancel(struct tab *tab);

/* ---- for pool.c --------------------------------------------------------------------------------- */

struct browser;

struct tab_events {
    /* Once, later: the tab may be used, or err; then it is to be freed. */
    void (*on_opened)(struct tab *tab, const struct err *err, void *ctx);
    /* Its page is gone for good (crash, closed), told after the operation under way has failed. */
    void (*on_lost)(struct tab *tab, const struct err *why, void *ctx);
};

struct tab_settings {
    /* Borrowed while the tab is being opened. Chrome runs it as soon as the page has a script of its own, an inline
     * handler included; in a page without any it does not run (seen), and has nothing to guard against. */
    const char *prelude_js;
    const char *user_agent; /* NULL: Chrome's own */
    int64_t timeout_ms;     /* of each step of the opening */
    int64_t
        heartbeat_ms; /* how often, at most, the browser is asked for a sign of life for the page */
    bool apart;       /* in a browser context of its own, which ends with the tab */
};

struct tab *tab_open(struct browser *browser, const struct tab_settings *settings,
                     const struct tab_events *events, void *ctx);

/* Free the memory that the page's script has let go of: Chrome itself waits long. */
void tab_collect_garbage(struct tab *tab, int64_t timeout_ms, tab_done_fn *done, void *ctx);

/* It cannot be trusted with another page: lost, hung, too many dialogs, a page that replaced itself again and again. */
bool tab_is_spoiled(const struct tab *tab);
bool tab_is_lost(const struct tab *tab);
enum err_code tab_last_failure(
    const struct tab *tab); /* of its latest operation; ERR_OK: it worked */

/* Ask Chrome to close the target; `done` as in cdp_session_close, may be NULL and may come after tab_free. */
void tab_close_target(struct tab *tab, int64_t timeout_ms,
                      void (*done)(const struct jval *, const struct err *, void *), void *ctx);
void tab_free(struct tab **tab); /* no callback after this */

#endif
