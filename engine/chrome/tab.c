/* SPDX-License-Identifier: MIT */
/* tab.c - one page: navigation, calls into its isolated world, and what pages do meanwhile.
 *
 * One operation at a time, each with at most one DevTools call under way (tab->call). tab->timer is the
 * operation's deadline, tab->again the pause before a call is tried in a new document.
 *
 * A document goes away under a call in many ways (reload, location.href, meta refresh, a cookie gate), and Chrome
 * tells it in many ways: an error to the call, or none and only Page.frameNavigated. Both start the call again.
 *
 * Not here: who uses the tab (pool.c), what the function does (crawl/extract).
 */
#include "chrome/tab.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cdp/session.h"
#include "chrome/browser.h"
#include "chrome/guard.h"
#include "chrome/vitals.h"

#include <stdio.h>
#include <string.h>

enum {
    AGAIN_MS = 25,        /* between a document that went and the look for the next one */
    BACKSTOP_MS = 30000,  /* on top of a DevTools call's time: our own timer is the deadline */
    PROBE_MS = 1000,      /* a page whose script yields answers sooner */
    TERMINATED_MS = 2000, /* and after its script was ended, too */
    MAX_DIALOGS = 10,
    DIALOG_MAX_BYTES = 500,
    MAX_REPLACEMENTS = 3, /* cookie gates take one or two */
    PARAMS_MAX_BYTES = 16 << 20,
};

#define WORLD "catchdeal"

/* A service worker would answer, or not, for the next pages of its site. The page hears that it may
 * not have one. */
static const char no_service_worker[] =
    "if (globalThis.ServiceWorkerContainer) ServiceWorkerContainer.prototype.register = async "
    "function () {"
    " throw new DOMException('Service workers are disabled', 'SecurityError') }";

enum opening {
    OPEN_DOWNLOADS,
    OPEN_PAGE,
    OPEN_GUARD,
    OPEN_NO_WORKER,
    OPEN_PRELUDE,
    OPEN_USER_AGENT
};

enum tab_op { OP_NONE, OP_NAVIGATE, OP_CALL, OP_COLLECT };

struct tab {
    struct browser *browser;
    struct cdp_session *session;
    const struct tab_events *events;
    void *ctx;
    struct tab_settings settings;
    int opening; /* the next step of enum opening */
    struct cdp_subscription *navigated;
    struct cdp_subscription *dialogs;
    struct guard *guard;   /* when the session is there */
    struct vitals *vitals; /* likewise */
    char *frame_id;        /* of the main frame */
    char *loader_id;       /* of the document that it shows */
    int viewport_w, viewport_h;
    int dialogs_seen;           /* of the page */
    char *dialog;               /* the text of its first one; NULL: none came */
    bool tell_dialog;           /* struct tab_page */
    int replacements;           /* of the page by itself */
    char *page_url;             /* asked for last */
    struct cage_sample began;   /* when it was */
    enum err_code last_failure; /* of the latest operation */
    struct err crash;           /* the verdict on its end; code ERR_OK: it lives */
    bool spoiled;
    bool freed;

    enum tab_op op;
    struct loop_timer *timer;
    struct loop_timer *again;
    struct cdp_call *call;
    tab_done_fn *on_done;
    tab_value_fn *on_value;
    void *op_ctx;
    int64_t deadline_ms;
    int64_t timeout_ms; /* as given, for the text */
    char *url;
    int want_w, want_h;
    char *arguments;     /* JSON array */
    char *function;      /* called last; kept, since the next call is nearly always of the same */
    char *function_json; /* as it is sent */
};

static void on_session(struct cdp_session *session, const struct err *err, void *ctx);
static void on_opening_answer(const struct jval *result, const struct err *err, void *ctx);
static void navigate_set_viewport(struct tab *tab);
static void on_viewport_set(const struct jval *result, const struct err *err, void *ctx);
static void navigate_go(struct tab *tab);
static void on_navigate_answer(const struct jval *result, const struct err *err, void *ctx);
static void on_probe_after_abort(const struct jval *result, const struct err *err, void *ctx);
static void call_take_world(struct tab *tab);
static void on_world(const struct jval *result, const struct err *err, void *ctx);
static void on_call_answer(const struct jval *result, const struct err *err, void *ctx);
static void on_silent(void *ctx);
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

static void op_drop_call(struct tab *tab)
{
    if (tab->call)
        cdp_call_cancel(tab->call);
    tab->call = NULL;
    loop_timer_stop(tab->again);
}

static void op_clear(struct tab *tab)
{
    op_drop_call(tab);
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
    op_clear(tab);
    if (on_value)
        on_value(value, err, ctx);
    else
        on_done(err, ctx);
}

/* What Chrome says of an end is only half of it ("killed", by whom?): the evidence decides, once. */
static void explain(struct tab *tab, bool silent, struct err *err)
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

static void op_fail(struct tab *tab, const struct err *why)
{
    struct err err = *why;

    explain(tab, false, &err);
    op_finish(tab, NULL, &err);
}

static void op_fail_with(struct tab *tab, enum err_code code, const char *text)
{
    struct err err;

    err_set(&err, code, "%s", text);
    explain(tab, false, &err);
    op_finish(tab, NULL, &err);
}

/* Nothing at all came since the page was asked for. */
static void op_fail_silent(struct tab *tab, enum err_code code, const char *text)
{
    struct err err;

    err_set(&err, code, "%s", text);
    explain(tab, true, &err);
    op_finish(tab, NULL, &err);
}

static int64_t op_left_ms(const struct tab *tab)
{
    int64_t left_ms = tab->deadline_ms - clock_mono_ms();

    return (left_ms > 0 ? left_ms : 0) + BACKSTOP_MS;
}

static void op_call(struct tab *tab, const char *method, const char *params, cdp_result_fn *done)
{
    check(!tab->call);
    tab->call = cdp_session_call(tab->session, method, params, op_left_ms(tab), done, tab);
}

void tab_cancel(struct tab *tab)
{
    op_clear(tab);
}

static void remember(char **kept, const char *text)
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
    remember(&tab->page_url, page->url);
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
        op_fail(tab, err);
        return;
    }
    tab->viewport_w = tab->want_w;
    tab->viewport_h = tab->want_h;
    navigate_go(tab);
}

static void navigate_go(struct tab *tab)
{
    struct buf params;

    buf_init(&params, PARAMS_MAX_BYTES);
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
        op_fail(tab, err);
        return;
    }
    remember(&tab->frame_id, jval_get_str(result, "frameId", NULL));
    remember(&tab->loader_id, jval_get_str(result, "loaderId", NULL));
    if (jval_get_bool(result, "isDownload", false)) {
        op_fail_with(tab, ERR_NETWORK, "the address is a download, not a page");
    } else if (!str_empty(error_text) && guard_refusal(tab->guard)) {
        op_fail_with(tab, ERR_NETWORK, guard_refusal(tab->guard));
    } else if (str_eq(error_text, "net::ERR_ABORTED")) {
        tab->call = cdp_session_call(tab->session, "Runtime.evaluate", "{\"expression\":\"0\"}",
                                     PROBE_MS, on_probe_after_abort, tab);
    } else if (!str_empty(error_text)) {
        snprintf(text, sizeof(text), "%s (%.400s)", error_text, tab->url);
        op_fail_with(tab, ERR_NETWORK, text);
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
        op_fail(tab, err);
        return;
    }
    snprintf(text, sizeof(text), "net::ERR_ABORTED (%.400s)", tab->url);
    op_fail_with(tab, ERR_NETWORK, text);
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
    remember(&tab->function, function);
    mem_free(tab->function_json);
    spread = mem_printf(
        "function (args, dialog) { return (%s\n).apply(this, args.concat([dialog])); }", function);
    buf_init(&json, PARAMS_MAX_BYTES);
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
    call_take_world(tab);
}

static void call_take_world(struct tab *tab)
{
    struct buf params;

    buf_init(&params, PARAMS_MAX_BYTES);
    buf_adds(&params, "{\"frameId\":");
    buf_add_json(&params, tab->frame_id);
    buf_adds(&params, ",\"worldName\":\"" WORLD "\"}");
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
        op_fail(tab, err);
        return;
    }
    log_debug("tab", "document went away, calling again", "why=%s", log_quote(err->text));
    loop_timer_start(tab->again, AGAIN_MS);
}

static void on_again(void *ctx)
{
    call_take_world(ctx);
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
    buf_init(&params, PARAMS_MAX_BYTES);
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
        op_fail(tab, &err_thrown);
    } else {
        op_finish(tab, jval_path(result, "result.value"), NULL);
    }
}

/* ---- the deadline: slow, or hung? ---------------------------------------------------------------- */

static void on_op_deadline(void *ctx)
{
    struct tab *tab = ctx;
    char text[96];

    op_drop_call(tab);
    if (tab->op == OP_COLLECT) {
        snprintf(text, sizeof(text), "no answer within %lld ms", (long long)tab->timeout_ms);
        op_fail_with(tab, ERR_TIMEOUT, text);
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
        op_fail(tab, err);
        return;
    }
    snprintf(text, sizeof(text), "%s within %lld ms",
             tab->op == OP_NAVIGATE ? "the page did not begin to load"
                                    : "the page did not get ready",
             (long long)tab->timeout_ms);
    op_fail_with(tab, ERR_TIMEOUT, text);
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
        op_fail(tab, err);
    } else {
        tab->spoiled = true; /* its timers may start the next such script under the next page */
        op_fail_with(tab, ERR_HUNG, "the page's script did not yield and was ended");
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
        op_fail(tab, err);
}

static void on_silent(void *ctx)
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
        op_fail(tab, err);
    else
        op_finish(tab, NULL, NULL);
}

void tab_collect_garbage(struct tab *tab, int64_t timeout_ms, tab_done_fn *done, void *ctx)
{
    op_begin(tab, OP_COLLECT, timeout_ms, ctx);
    tab->on_done = done;
    op_call(tab, "HeapProfiler.collectGarbage", NULL, on_collected);
}

/* ---- what the page does on its own --------------------------------------------------------------- */

static void on_frame_navigated(const struct jval *params, const char *session_id, void *ctx)
{
    struct tab *tab = ctx;
    const struct jval *frame = jval_get(params, "frame");
    const char *loader_id = jval_get_str(frame, "loaderId", "");
    const char *unreachable = jval_get_str(frame, "unreachableUrl", NULL);
    char text[640];

    (void)session_id;
    if (jval_get(frame, "parentId") || str_eq(loader_id, tab->loader_id))
        return;
    remember(&tab->loader_id, loader_id);
    remember(&tab->frame_id, jval_get_str(frame, "id", NULL));
    /* One that goes on and on may overtake the next page that the tab is sent to (seen). */
    if (++tab->replacements > MAX_REPLACEMENTS)
        tab->spoiled = true;
    if (tab->op != OP_CALL || clock_mono_ms() >= tab->deadline_ms)
        return;
    if (unreachable) {
        if (guard_refusal(tab->guard))
            snprintf(text, sizeof(text), "the page went on to %s", guard_refusal(tab->guard));
        else
            snprintf(text, sizeof(text), "the page went on to %.400s, which cannot be reached",
                     unreachable);
        op_fail_with(tab, ERR_NETWORK, text);
        return;
    }
    log_debug("tab", "new document, calling again", "url=%s",
              log_quote(jval_get_str(frame, "url", "")));
    op_drop_call(tab);
    call_take_world(tab);
}

/* The first one counts: pages say why, and go. */
static void note_dialog(struct tab *tab, const char *text)
{
    if (tab->dialog)
        return;
    tab->dialog = mem_strndup(text, str_cut_utf8(text, DIALOG_MAX_BYTES));
    if (!tab->tell_dialog || tab->op != OP_CALL || clock_mono_ms() >= tab->deadline_ms)
        return;
    log_debug("tab", "a dialog, calling again", "text=%s", log_quote(tab->dialog));
    op_drop_call(tab);
    loop_timer_start(tab->again, AGAIN_MS);
}

/* A question before leaving is agreed to: it would keep the tab from its next page. */
static void on_dialog(const struct jval *params, const char *session_id, void *ctx)
{
    struct tab *tab = ctx;
    bool accept = str_eq(jval_get_str(params, "type", ""), "beforeunload");

    (void)session_id;
    tab->dialogs_seen++;
    /* "There is no such post", and a step back: to the page before, whoever asked for that one. */
    if (tab->tell_dialog)
        cdp_session_call(tab->session, "Page.resetNavigationHistory", NULL, BACKSTOP_MS, NULL, NULL);
    if (tab->dialogs_seen <= MAX_DIALOGS) {
        cdp_session_call(tab->session, "Page.handleJavaScriptDialog",
                         accept ? "{\"accept\":true}" : "{\"accept\":false}", BACKSTOP_MS, NULL,
                         NULL);
        note_dialog(tab, jval_get_str(params, "message", ""));
        return;
    }
    /* A loop of dialogs ends neither by answers nor by Runtime.terminateExecution (seen). */
    tab->spoiled = true;
    if (tab->op != OP_NONE)
        op_fail_with(tab, ERR_HUNG, "the page opened more than 10 dialogs");
}

static void tab_release(void *ctx)
{
    mem_free(ctx);
}

static void on_session_lost(const struct err *why, void *ctx)
{
    struct tab *tab = ctx;
    struct err err = *why;

    tab->spoiled = true;
    explain(tab, false, &err);
    if (tab->op != OP_NONE)
        op_fail(tab, &err);
    if (!tab->freed)
        tab->events->on_lost(tab, &err, tab->ctx);
}

/* ---- opening and closing ------------------------------------------------------------------------- */

struct tab *tab_open(struct browser *browser, const struct tab_settings *settings,
                     const struct tab_events *events, void *ctx)
{
    struct tab *tab = mem_new(struct tab);
    struct cdp_conn *conn = browser_conn(browser);

    tab->browser = browser;
    tab->settings = *settings;
    browser_mark(browser, &tab->began);
    tab->events = events;
    tab->ctx = ctx;
    tab->timer = loop_timer_new(cdp_conn_loop(conn), on_op_deadline, tab);
    tab->again = loop_timer_new(cdp_conn_loop(conn), on_again, tab);
    tab->session = (settings->apart ? cdp_session_create_apart : cdp_session_create)(
        conn, settings->timeout_ms, on_session, tab);
    return tab;
}

static void open_call(struct tab *tab, const char *method, const char *members, const char *value)
{
    struct buf params;

    buf_init(&params, PARAMS_MAX_BYTES);
    buf_addf(&params, "{%s", members);
    if (value)
        buf_add_json(&params, value);
    buf_addc(&params, '}');
    tab->call = cdp_session_call(tab->session, method, buf_str(&params), tab->settings.timeout_ms,
                                 on_opening_answer, tab);
    buf_fini(&params);
}

/* What browser.c tells the browser once holds for its own context only. */
static void open_deny_downloads(struct tab *tab)
{
    struct buf params;

    buf_init(&params, PARAMS_MAX_BYTES);
    buf_adds(&params, "{\"behavior\":\"deny\",\"browserContextId\":");
    buf_add_json(&params, cdp_session_context_id(tab->session));
    buf_addc(&params, '}');
    tab->call = cdp_call(browser_conn(tab->browser), NULL, "Browser.setDownloadBehavior",
                         buf_str(&params), tab->settings.timeout_ms, on_opening_answer, tab);
    buf_fini(&params);
}

/* One step after the other; what is not set is passed over. */
static void open_next(struct tab *tab)
{
    if (tab->opening == OPEN_DOWNLOADS && !tab->settings.apart)
        tab->opening++;
    if (tab->opening == OPEN_PRELUDE && !tab->settings.prelude_js)
        tab->opening++;
    if (tab->opening == OPEN_USER_AGENT && !tab->settings.user_agent)
        tab->opening++;
    switch (tab->opening++) {
    case OPEN_DOWNLOADS:
        open_deny_downloads(tab);
        return;
    case OPEN_PAGE:
        open_call(tab, "Page.enable", "", NULL);
        return;
    case OPEN_GUARD:
        open_call(tab, "Fetch.enable", GUARD_FETCH_ENABLE, NULL);
        return;
    case OPEN_NO_WORKER:
        open_call(tab, "Page.addScriptToEvaluateOnNewDocument", "\"source\":", no_service_worker);
        return;
    case OPEN_PRELUDE:
        open_call(tab, "Page.addScriptToEvaluateOnNewDocument",
                  "\"worldName\":\"" WORLD "\",\"source\":", tab->settings.prelude_js);
        return;
    case OPEN_USER_AGENT:
        open_call(tab, "Emulation.setUserAgentOverride",
                  "\"userAgent\":", tab->settings.user_agent);
        return;
    default:
        tab->events->on_opened(tab, NULL, tab->ctx);
        return;
    }
}

static void open_failed(struct tab *tab, const struct err *why)
{
    struct err err = *why;

    explain(tab, false, &err);
    tab->spoiled = true;
    tab->events->on_opened(tab, &err, tab->ctx);
}

static void on_session(struct cdp_session *session, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    if (err) {
        open_failed(tab, err);
        return;
    }
    tab->frame_id = mem_strdup(cdp_session_target_id(session)); /* the same for the main frame */
    cdp_session_on_lost(session, on_session_lost, tab);
    tab->navigated = cdp_session_subscribe(session, "Page.frameNavigated", on_frame_navigated, tab);
    tab->dialogs = cdp_session_subscribe(session, "Page.javascriptDialogOpening", on_dialog, tab);
    tab->guard = guard_new(session, cdp_conn_loop(browser_conn(tab->browser)));
    tab->vitals = vitals_new(session, cdp_conn_loop(browser_conn(tab->browser)), on_silent, tab);
    open_next(tab);
}

static void on_opening_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct tab *tab = ctx;

    (void)result;
    tab->call = NULL;
    if (err)
        open_failed(tab, err);
    else
        open_next(tab);
}

int64_t tab_retry_after_ms(const struct tab *tab)
{
    return guard_retry_after_ms(tab->guard);
}

bool tab_is_spoiled(const struct tab *tab)
{
    return tab->spoiled || cdp_session_is_lost(tab->session);
}

bool tab_is_lost(const struct tab *tab)
{
    return cdp_session_is_lost(tab->session);
}

enum err_code tab_last_failure(const struct tab *tab)
{
    return tab->last_failure;
}

void tab_close_target(struct tab *tab, int64_t timeout_ms, cdp_result_fn *done, void *ctx)
{
    if (cdp_session_target_id(tab->session))
        cdp_session_close(tab->session, timeout_ms, done, ctx);
}

void tab_free(struct tab **tab_ptr)
{
    struct tab *tab = *tab_ptr;
    struct loop *loop;

    *tab_ptr = NULL;
    if (!tab)
        return;
    loop = cdp_conn_loop(browser_conn(tab->browser));
    op_clear(tab);
    cdp_unsubscribe(&tab->navigated);
    cdp_unsubscribe(&tab->dialogs);
    guard_free(&tab->guard);
    vitals_free(&tab->vitals);
    cdp_session_free(&tab->session);
    loop_timer_free(&tab->timer);
    loop_timer_free(&tab->again);
    mem_free(tab->function);
    mem_free(tab->function_json);
    mem_free(tab->page_url);
    mem_free(tab->dialog);
    mem_free(tab->frame_id);
    mem_free(tab->loader_id);
    tab->freed = true;
    loop_defer(loop, tab_release, tab);
}
