/* SPDX-License-Identifier: MIT */
/* tab.c - one page: navigation, calls into its isolated world, deadlines.
 *
 * One operation at a time, each with at most one DevTools call under way (tab->call). tab->timer is the
 * operation's deadline, tab->again the pause before a call is tried in a new document.
 *
 * A document goes away under a call in many ways (reload, location.href, meta refresh, a cookie gate), and Chrome
 * tells it in many ways: an error to the call, or none and only Page.frameNavigated. Both start the call again.
 *
 * Not here: how a tab is opened and what its page does on its own (tab_open.c), who uses it (pool.c), what the function
 * does (crawl/extract).
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/tab_priv.h"

#include <stdio.h>
#include <string.h>

enum {
    PROBE_MS = 1000,      /* a page whose script yields answers sooner */
    TERMINATED_MS = 2000, /* and after its script was ended, too */
};

static void navigate_set_viewport(struct tab *tab);
static void on_viewport_set(const struct jval *result, const struct err *err, void *ctx);
static void navigate_go(struct tab *tab);
static void on_navigate_answer(const struct jval *result, const struct err *err, void *ctx);
static void on_probe_after_abort(const struct jval *result, const struct err *err, void *ctx);
static void on_world(const struct jval *result, const struct err *err, void *ctx);
static void on_call_answer(const struct jval *result, const struct err *err, void *ctx);
static void op_probe(struct tab *tab);
static void on_probe(const struct jval *result, const struct err *err, void *ctx);
static void on_probe_after_end(const struct jval *result, const struct err *err, void *ctx);
static void on_browser_probe(const struct jval *result, const struct err *err, void *ctx);

/* ---- operations: begin and end ------------------------------------------------------------------ */

static void op_begin(struct tab *tab, enum tab_op op, int64_t timeout_ms, void *ctx)
{
    check(tab->op == OP_NONE);
    tab->op = op;
    tab->op_ctx = ctx;
    tab->timeout_ms = timeout_ms;
    tab->deadline_ms = clock_mono_ms() + timeout_ms;
    loop_timer_start(tab->timer, timeout_ms);
    vitals_watch(tab->vitals, timeout_ms / 3 < tab->settings.heartbeat_ms
                                  ? timeout_ms / 3
                                  : tab->settings.heartbeat_ms);
}

void tab_op_drop_call(struct tab *tab)
{
    if (tab->call)
        cdp_call_cancel(tab->call);
    tab->call = NULL;
    loop_timer_stop(tab->again);
}

void tab_op_clear(struct tab *tab)
{
    tab_op_drop_call(tab);
    vitals_rest(tab->vitals);
    loop_timer_stop(tab->timer);
    tab->op = OP_NONE;
    tab->on_done = NULL;
    tab->on_value = NULL;
    mem_free(tab->url);
    mem_free(tab->arguments);
    tab->url = tab->arguments = NULL;
}

/* Must be the last thing that its caller does: the callback may free the tab. */
static void op_finish(struct tab *tab, const struct jval *value, const struct err *err)
{
    tab_done_fn *on_done = tab->on_done;
    tab_value_fn *on_value = tab->on_value;
    void *ctx = tab->op_ctx;

    check(tab->op != OP_NONE);
    tab->last_failure = err ? err->code : ERR_OK;
    tab_op_clear(tab);
    if (on_value)
        on_value(value, err, ctx);
    else
        on_done(err, ctx);
}

/* What Chrome says of an end is only half of it ("killed", by whom?): the evidence decides, once. */
void tab_explain(struct tab *tab, bool silent, struct err *err)
{
    struct browser_end end = {.since = &tab->began, .url = tab->page_url, .silent = silent};

    switch (err->code) {
    case ERR_CRASHED:
        if (tab->crash.code == ERR_OK) {
            browser_explain(tab->browser, &end, err);
            tab->crash = *err;
        }
        *err = tab->crash;
        return;
    case ERR_BROWSER_EXIT:
    case ERR_HUNG:
    case ERR_NO_ANSWER:
        browser_explain(tab->browser, &end, err);
        return;
    default:
        return;
    }
}

void tab_op_fail(struct tab *tab, const struct err *why)
{
    struct err err = *why;

    tab_explain(tab, false, &err);
    op_finish(tab, NULL, &err);
}

void tab_op_fail_with(struct tab *tab, enum err_code code, const char *text)
{
    struct err err;

    err_set(&err, code, "%s", text);
    tab_explain(tab, false, &err);
    op_finish(tab, NULL, &err);
}

/* Nothing at all came since the page was asked for. */
static void op_fail_silent(struct tab *tab, enum err_code code, const char *text)
{
    struct err err;

    err_set(&err, code, "%s", text);
    tab_explain(tab, true, &err);
    op_finish(tab, NULL, &err);
}

static int64_t op_left_ms(const struct tab *tab)
{
    int64_t left_ms = tab->deadline_ms - clock_mono_ms();

    return (left_ms > 0 ? left_ms : 0) + TAB_BACKSTOP_MS;
}

static void op_call(struct tab *tab, const char *method, const char *params, cdp_result_fn *done)
{
    check(!tab->call);
    tab->call = cdp_session_call(tab->session, method, params, op_left_ms(tab), done, tab);
}

void tab_cancel(struct tab *tab)
{
    tab_op_clear(tab);
}

void tab_remember(char **kept, const char *text)
{
    if (!text)
        return;
    mem_free(*kept);
    *kept = mem_strdup(text);
}

/* ---- navigation -------------------------------------------------------------------------------- */

void tab_navigate(struct tab *tab, const struct tab_page *page, tab_done_fn *done, void *ctx)
{
    op_begin(tab, OP_NAVIGATE, page->timeout_ms, ctx);
    tab->on_done = done;
    tab->url = mem_strdup(page->url);
    tab->want_w = page->viewport_w;
    tab->want_h = page->viewport_h;
    tab->dialogs_seen = 0;
    mem_free(tab->dialog);
    tab->dialog = NULL;
    tab->tell_dialog = page->tell_dialog;
    tab->replacements = 0;
    guard_begin(tab->guard, page->own_origin);
    tab_remember(&tab->page_url, page->url);
    browser_mark(tab->browser, &tab->began);
    if (tab->want_w != tab->viewport_w || tab->want_h != tab->viewport_h)
        navigate_set_viewport(tab);
    else
        navigate_go(tab);
}

static void navigate_set_viewport(struct tab *tab)
{
    char params[128];

    if (!tab->want_w || !tab->want_h) {
        op_call(tab, "Emulation.clearDeviceMetricsOverride", NULL, on_viewport_set);
        return;
    }
    snprintf(params, sizeof(params),
             "{\"width\":%d,\"height\":%d,\"deviceScaleFactor\":1,\"mobile\":false}", tab->want_w,
             tab->want_h);
    op_call(tab, "Emulation.setDeviceMetricsOverride", params, on_viewport_set);
}

static void on_viewport_set(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    (void)result;
    tab->call = NULL;
    if (err) {
        tab_op_fail(tab, err);
        return;
    }
    tab->viewport_w = tab->want_w;
    tab->viewport_h = tab->want_h;
    navigate_go(tab);
}

static void navigate_go(struct tab *tab)
{
    struct buf params;

    buf_init(&params, TAB_PARAMS_MAX_BYTES);
    buf_adds(&params, "{\"url\":");
    buf_add_json(&params, tab->url);
    buf_addc(&params, '}');
    op_call(tab, "Page.navigate", buf_str(&params), on_navigate_answer);
    buf_fini(&params);
}

static void on_navigate_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;
    const char *error_text = jval_get_str(result, "errorText", NULL);
    char text[640];

    tab->call = NULL;
    if (err) {
        tab_op_fail(tab, err);
        return;
    }
    tab_remember(&tab->frame_id, jval_get_str(result, "frameId", NULL));
    tab_remember(&tab->loader_id, jval_get_str(result, "loaderId", NULL));
    if (jval_get_bool(result, "isDownload", false)) {
        tab_op_fail_with(tab, ERR_NETWORK, "the address is a download, not a page");
    } else if (!str_empty(error_text) && guard_refusal(tab->guard)) {
        tab_op_fail_with(tab, ERR_NETWORK, guard_refusal(tab->guard));
    } else if (str_eq(error_text, "net::ERR_ABORTED")) {
        tab->call = cdp_session_call(tab->session, "Runtime.evaluate", "{\"expression\":\"0\"}",
                                     PROBE_MS, on_probe_after_abort, tab);
    } else if (!str_empty(error_text)) {
        snprintf(text, sizeof(text), "%s (%.400s)", error_text, tab->url);
        tab_op_fail_with(tab, ERR_NETWORK, text);
    } else {
        op_finish(tab, NULL, NULL);
    }
}

/* Chrome ends a navigation so when the server sends no document, but also when the page's process dies under it, and
 * tells of the death 20 ms later (seen). A page that lives answers at once. */
static void on_probe_after_abort(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;
    char text[640];

    (void)result;
    tab->call = NULL;
    if (err && err->code != ERR_TIMEOUT && err->code != ERR_PROTOCOL) {
        tab_op_fail(tab, err);
        return;
    }
    snprintf(text, sizeof(text), "net::ERR_ABORTED (%.400s)", tab->url);
    tab_op_fail_with(tab, ERR_NETWORK, text);
}

/* ---- a call in the page's isolated world --------------------------------------------------------- */

/* DevTools wants each argument as {"value": ...}; the elements of our array are found by a JSON reader, which keeps
 * nothing of their text, so the array goes as one value and is spread in the page, the dialog behind it. */
static void take_function(struct tab *tab, const char *function)
{
    struct buf json;
    char *spread;

    if (str_eq(tab->function, function))
        return;
    tab_remember(&tab->function, function);
    mem_free(tab->function_json);
    spread = mem_printf(
        "function (args, dialog) { return (%s\n).apply(this, args.concat([dialog])); }", function);
    buf_init(&json, TAB_PARAMS_MAX_BYTES);
    buf_add_json(&json, spread);
    mem_free(spread);
    check(!buf_overflowed(&json));
    tab->function_json = mem_strdup(buf_str(&json));
    buf_fini(&json);
}

void tab_call(struct tab *tab, const char *function, const char *args_json, int64_t timeout_ms,
              tab_value_fn *done, void *ctx)
{
    op_begin(tab, OP_CALL, timeout_ms, ctx);
    tab->on_value = done;
    take_function(tab, function);
    tab->arguments = mem_strdup(args_json ? args_json : "[]");
    tab_take_world(tab);
}

void tab_take_world(struct tab *tab)
{
    struct buf params;

    buf_init(&params, TAB_PARAMS_MAX_BYTES);
    buf_adds(&params, "{\"frameId\":");
    buf_add_json(&params, tab->frame_id);
    buf_adds(&params, ",\"worldName\":\"" TAB_WORLD "\"}");
    op_call(tab, "Page.createIsolatedWorld", buf_str(&params), on_world);
    buf_fini(&params);
}

/* Chrome's words for "the document that you mean is no longer there". */
static bool document_went(const struct err *err)
{
    static const char *const words[] = {
        "Execution context was destroyed",       "Cannot find context with specified id",
        "Inspected target navigated or closed",  "Promise was collected",
        "No frame for given id found",           "Frame with the given id was not found",
        "Cannot find default execution context",
    };

    for (size_t i = 0; err->code == ERR_PROTOCOL && i < ARRAY_LEN(words); i++)
        if (strstr(err->text, words[i]))
            return true;
    return false;
}

static void call_failed(struct tab *tab, const struct err *err)
{
    if (!document_went(err)) {
        tab_op_fail(tab, err);
        return;
    }
    log_debug("tab", "document went away, calling again", "why=%s", log_quote(err->text));
    loop_timer_start(tab->again, TAB_AGAIN_MS);
}

void tab_on_again(void *ctx)
{
    tab_take_world(ctx);
}

static void on_world(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;
    struct buf params;

    tab->call = NULL;
    if (err) {
        call_failed(tab, err);
        return;
    }
    buf_init(&params, TAB_PARAMS_MAX_BYTES);
    buf_addf(&params,
             "{\"executionContextId\":%lld,\"awaitPromise\":true,\"returnByValue\":true,"
             "\"functionDeclaration\":",
             (long long)jval_get_int(result, "executionContextId", 0));
    buf_adds(&params, tab->function_json);
    buf_adds(&params, ",\"arguments\":[{\"value\":");
    buf_adds(&params, tab->arguments);
    buf_adds(&params, "},{\"value\":");
    buf_add_json(&params, tab->dialog);
    buf_adds(&params, "}]");
    buf_addc(&params, '}');
    op_call(tab, "Runtime.callFunctionOn", buf_str(&params), on_call_answer);
    buf_fini(&params);
}

static void on_call_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;
    const struct jval *thrown = jval_get(result, "exceptionDetails");
    struct err err_thrown;

    tab->call = NULL;
    if (err) {
        call_failed(tab, err);
    } else if (thrown) {
        err_set(&err_thrown, ERR_PROTOCOL, "the function threw: %.600s",
                jval_str(jval_path(thrown, "exception.description"),
                         jval_str(jval_path(thrown, "exception.value"),
                                  jval_get_str(thrown, "text", "?"))));
        tab_op_fail(tab, &err_thrown);
    } else {
        op_finish(tab, jval_path(result, "result.value"), NULL);
    }
}

/* ---- the deadline: slow, or hung? ---------------------------------------------------------------- */

void tab_on_deadline(void *ctx)
{
    struct tab *tab = ctx;
    char text[96];

    tab_op_drop_call(tab);
    if (tab->op == OP_COLLECT) {
        snprintf(text, sizeof(text), "no answer within %lld ms", (long long)tab->timeout_ms);
        tab_op_fail_with(tab, ERR_TIMEOUT, text);
        return;
    }
    op_probe(tab);
}

/* While a navigation is under way Chrome keeps commands for the page back (seen), so it is stopped first. */
static void op_probe(struct tab *tab)
{
    if (tab->op == OP_NAVIGATE)
        cdp_session_call(tab->session, "Page.stopLoading", NULL, PROBE_MS, NULL, NULL);
    tab->call = cdp_session_call(tab->session, "Runtime.evaluate", "{\"expression\":\"0\"}",
                                 PROBE_MS, on_probe, tab);
}

static void on_probe(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;
    char text[160];

    (void)result;
    tab->call = NULL;
    if (err && err->code == ERR_TIMEOUT) {
        cdp_session_call(tab->session, "Runtime.terminateExecution", NULL, TERMINATED_MS, NULL,
                         NULL);
        tab->call = cdp_session_call(tab->session, "Runtime.evaluate", "{\"expression\":\"0\"}",
                                     TERMINATED_MS, on_probe_after_end, tab);
        return;
    }
    if (err && err->code != ERR_PROTOCOL) {
        tab_op_fail(tab, err);
        return;
    }
    snprintf(text, sizeof(text), "%s within %lld ms",
             tab->op == OP_NAVIGATE ? "the page did not begin to load"
                                    : "the page did not get ready",
             (long long)tab->timeout_ms);
    tab_op_fail_with(tab, ERR_TIMEOUT, text);
}

static void on_probe_after_end(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    (void)result;
    tab->call = NULL;
    if (err && err->code == ERR_TIMEOUT) {
        tab->spoiled = true;
        tab->call = cdp_call(browser_conn(tab->browser), NULL, "Browser.getVersion", NULL, PROBE_MS,
                             on_browser_probe, tab);
    } else if (err && err->code != ERR_PROTOCOL) {
        tab_op_fail(tab, err);
    } else {
        tab->spoiled = true; /* its timers may start the next such script under the next page */
        tab_op_fail_with(tab, ERR_HUNG, "the page's script did not yield and was ended");
    }
}

static void on_browser_probe(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    (void)result;
    tab->call = NULL;
    if (!err)
        op_fail_silent(tab, ERR_HUNG, "the page's script does not yield and could not be ended");
    else if (err->code == ERR_TIMEOUT)
        op_fail_silent(tab, ERR_NO_ANSWER, "neither the page nor the browser answers");
    else
        tab_op_fail(tab, err);
}

void tab_on_silent(void *ctx)
{
    struct tab *tab = ctx;

    tab->spoiled = true;
    op_fail_silent(tab, ERR_NO_ANSWER,
                   "the browser answers nothing for this page: its network service is frozen, or "
                   "the page is gone");
}

/* ---- memory ------------------------------------------------------------------------------------ */

static void on_collected(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    (void)result;
    tab->call = NULL;
    if (err)
        tab_op_fail(tab, err);
    else
        op_finish(tab, NULL, NULL);
}

void tab_collect_garbage(struct tab *tab, int64_t timeout_ms, tab_done_fn *done, void *ctx)
{
    op_begin(tab, OP_COLLECT, timeout_ms, ctx);
    tab->on_done = done;
    op_call(tab, "HeapProfiler.collectGarbage", NULL, on_collected);
}
