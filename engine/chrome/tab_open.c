/* SPDX-License-Identifier: MIT */
/* tab_open.c - a tab from its opening to its end, and what its page does on its own meanwhile: documents that replace each
 * other, dialogs, the death of its process. What it is asked to do: tab.c.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/tab_priv.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_DIALOGS = 10,
    DIALOG_MAX_BYTES = 500,
    MAX_REPLACEMENTS = 3, /* cookie gates take one or two */
};

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

static void on_session(struct cdp_session *session, const struct err *err, void *ctx);
static void on_opening_answer(const struct jval *result, const struct err *err, void *ctx);

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
    tab_remember(&tab->loader_id, loader_id);
    tab_remember(&tab->frame_id, jval_get_str(frame, "id", NULL));
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
        tab_op_fail_with(tab, ERR_NETWORK, text);
        return;
    }
    log_debug("tab", "new document, calling again", "url=%s",
              log_quote(jval_get_str(frame, "url", "")));
    tab_op_drop_call(tab);
    tab_take_world(tab);
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
    tab_op_drop_call(tab);
    loop_timer_start(tab->again, TAB_AGAIN_MS);
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
        cdp_session_call(tab->session, "Page.resetNavigationHistory", NULL, TAB_BACKSTOP_MS, NULL,
                         NULL);
    if (tab->dialogs_seen <= MAX_DIALOGS) {
        cdp_session_call(tab->session, "Page.handleJavaScriptDialog",
                         accept ? "{\"accept\":true}" : "{\"accept\":false}", TAB_BACKSTOP_MS, NULL,
                         NULL);
        note_dialog(tab, jval_get_str(params, "message", ""));
        return;
    }
    /* A loop of dialogs ends neither by answers nor by Runtime.terminateExecution (seen). */
    tab->spoiled = true;
    if (tab->op != OP_NONE)
        tab_op_fail_with(tab, ERR_HUNG, "the page opened more than 10 dialogs");
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
    tab_explain(tab, false, &err);
    if (tab->op != OP_NONE)
        tab_op_fail(tab, &err);
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
    tab->timer = loop_timer_new(cdp_conn_loop(conn), tab_on_deadline, tab);
    tab->again = loop_timer_new(cdp_conn_loop(conn), tab_on_again, tab);
    tab->session = (settings->apart ? cdp_session_create_apart : cdp_session_create)(
        conn, settings->timeout_ms, on_session, tab);
    return tab;
}

static void open_call(struct tab *tab, const char *method, const char *members, const char *value)
{
    struct buf params;

    buf_init(&params, TAB_PARAMS_MAX_BYTES);
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

    buf_init(&params, TAB_PARAMS_MAX_BYTES);
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
                  "\"worldName\":\"" TAB_WORLD "\",\"source\":", tab->settings.prelude_js);
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

    tab_explain(tab, false, &err);
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
    tab->vitals =
        vitals_new(session, cdp_conn_loop(browser_conn(tab->browser)), tab_on_silent, tab);
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

int tab_status(const struct tab *tab)
{
    return guard_status(tab->guard);
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
    tab_op_clear(tab);
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
