/* SPDX-License-Identifier: MIT */
/* tab.h - one page in a browser: go there, run a function in its isolated world, read the answer.
 *
 * A tab is lent by pool.h and does one thing at a time. Every operation has a deadline and its callback comes
 * exactly once, never after tab_cancel() or the lease's end.
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
 *   ERR_NETWORK    Chrome's net::ERR_... (DNS, TLS, refused, reset, redirect loop); text holds it
 *   ERR_TIMEOUT    no commit in time
 *   ERR_CRASHED, ERR_OOM, ERR_JS_HEAP, ERR_BROWSER_EXIT   the page or the browser is gone
 * viewport_w/h: 0 keeps the tab's default. */
struct tab_page {
    const char *url;
    int viewport_w, viewport_h;
    int64_t timeout_ms;
};
typedef void tab_done_fn(const struct err *err, void *ctx);
void tab_navigate(struct tab *tab, const struct tab_page *page, tab_done_fn *done, void *ctx);

/* Call an async function (source text of a function expression) with `args_json` (a JSON array as text, one
 * element per argument) in the isolated world of the page that the tab shows, and give back its JSON value.
 * When the page replaces itself meanwhile (a reload, a redirect by script), the call starts again in the new
 * page until the deadline. value is borrowed for the call.
 *   ERR_TIMEOUT    the function did not settle; a script that does not yield is ended
 *                  (Runtime.terminateExecution) and reported as ERR_HUNG
 *   ERR_PROTOCOL   it threw: text holds the exception
 *   and the reasons of tab_navigate */
typedef void tab_value_fn(const struct jval *value, const struct err *err, void *ctx);
void tab_call(struct tab *tab, const char *function, const char *args_json, int64_t timeout_ms,
              tab_value_fn *done, void *ctx);

/* Forget the operation under way; its callback does not come. */
void tab_cancel(struct tab *tab);

#endif
