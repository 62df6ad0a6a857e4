/* SPDX-License-Identifier: MIT */
/* session.c - one attached target: its commands, its events, its loss.
 *
 * Inspector.targetCrashed comes first and says nothing more; Target.targetCrashed follows with the cause, if
 * target discovery is on. So a loss is told after a short grace, with the best reason that came.
 */
#include "cdp/session.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"

#include <stdio.h>

enum {
    CAUSE_GRACE_MS = 60, /* for Target.targetCrashed after Inspector.targetCrashed */
    LOSS_GRACE_MS = 20,  /* for what the process writes to stderr meanwhile */
    MAX_SUBSCRIPTIONS = 8,
};

enum session_state { SESSION_CREATING, SESSION_LIVE, SESSION_LOSING, SESSION_LOST };

struct cdp_session {
    struct cdp_conn *conn;
    enum session_state state;
    char *context_id; /* NULL: the browser's own context */
    char *target_id;
    char *session_id;
    struct cdp_call *opening; /* the call of the creation under way */
    int64_t timeout_ms;
    cdp_session_fn *done;
    void *done_ctx;
    struct cdp_subscription *subscriptions[MAX_SUBSCRIPTIONS];
    size_t n_subscriptions;
    struct loop_timer *loss_timer;
    bool calls_failed;
    struct err why;
    void (*on_lost)(const struct err *why, void *ctx);
    void *lost_ctx;
};

static void on_context_created(const struct jval *result, const struct err *err, void *ctx);
static void create_target(struct cdp_session *session);
static void on_target_created(const struct jval *result, const struct err *err, void *ctx);
static void on_attached(const struct jval *result, const struct err *err, void *ctx);

/* ---- loss -------------------------------------------------------------------------------------- */

/* The calls' own timers were started before this one is started again, so they are told first. */
static void on_loss_timer(void *ctx)
{
    struct cdp_session *session = ctx;

    if (!session->calls_failed) {
        session->calls_failed = true;
        session->state = SESSION_LOST;
        cdp_conn_fail_session(session->conn, session->session_id, &session->why);
        loop_timer_start(session->loss_timer, 0);
        return;
    }
    if (session->on_lost)
        session->on_lost(&session->why, session->lost_ctx);
}

static void session_lose(struct cdp_session *session, const char *why, int64_t grace_ms)
{
    if (session->state == SESSION_LOST)
        return;
    session->state = SESSION_LOSING;
    err_set(&session->why, ERR_CRASHED, "%s", why);
    log_debug("cdp", "session lost", "session=%.8s why=%s", session->session_id, log_quote(why));
    loop_timer_start(session->loss_timer, grace_ms);
}

static void on_inspector_crashed(const struct jval *params, const char *session_id, void *ctx)
{
    struct cdp_session *session = ctx;

    (void)params;
    (void)session_id;
    if (session->state == SESSION_LIVE)
        session_lose(session, "the page's process is gone", CAUSE_GRACE_MS);
}

static void on_target_crashed(const struct jval *params, const char *session_id, void *ctx)
{
    struct cdp_session *session = ctx;
    char why[160];

    (void)session_id;
    if (!str_eq(jval_get_str(params, "targetId", NULL), session->target_id))
        return;
    snprintf(why, sizeof(why), "the page's process is gone: %s %lld",
             jval_get_str(params, "status", "crashed"),
             (long long)jval_get_int(params, "errorCode", 0));
    session_lose(session, why, LOSS_GRACE_MS);
}

static void on_detached(const struct jval *params, const char *session_id, void *ctx)
{
    struct cdp_session *session = ctx;

    (void)session_id;
    if (session->state == SESSION_LIVE &&
        str_eq(jval_get_str(params, "sessionId", NULL), session->session_id))
        session_lose(session, "the page was closed", LOSS_GRACE_MS);
}

static void on_target_destroyed(const struct jval *params, const char *session_id, void *ctx)
{
    struct cdp_session *session = ctx;

    (void)session_id;
    if (session->state == SESSION_LIVE &&
        str_eq(jval_get_str(params, "targetId", NULL), session->target_id))
        session_lose(session, "the page was closed", LOSS_GRACE_MS);
}

/* ---- creation ---------------------------------------------------------------------------------- */

static void keep(struct cdp_session *session, struct cdp_subscription *subscription)
{
    check(session->n_subscriptions < MAX_SUBSCRIPTIONS);
    session->subscriptions[session->n_subscriptions++] = subscription;
}

static void creation_failed(struct cdp_session *session, const struct err *err)
{
    if ((session->target_id || session->context_id) && cdp_conn_is_open(session->conn))
        cdp_session_close(session, session->timeout_ms, NULL, NULL);
    session->done(session, err, session->done_ctx);
}

static struct cdp_session *session_make(struct cdp_conn *conn, int64_t timeout_ms,
                                        cdp_session_fn *done, void *ctx)
{
    struct cdp_session *session = mem_new(struct cdp_session);

    session->conn = conn;
    session->state = SESSION_CREATING;
    session->timeout_ms = timeout_ms;
    session->done = done;
    session->done_ctx = ctx;
    return session;
}

struct cdp_session *cdp_session_create(struct cdp_conn *conn, int64_t timeout_ms,
                                       cdp_session_fn *done, void *ctx)
{
    struct cdp_session *session = session_make(conn, timeout_ms, done, ctx);

    create_target(session);
    return session;
}

struct cdp_session *cdp_session_create_apart(struct cdp_conn *conn, int64_t timeout_ms,
                                             cdp_session_fn *done, void *ctx)
{
    struct cdp_session *session = session_make(conn, timeout_ms, done, ctx);

    session->opening = cdp_call(conn, NULL, "Target.createBrowserContext", NULL, timeout_ms,
                                on_context_created, session);
    return session;
}

static void on_context_created(const struct jval *result, const struct err *err, void *ctx)
{
    struct cdp_session *session = ctx;
    struct err bad;

    session->opening = NULL;
    if (!err && str_empty(jval_get_str(result, "browserContextId", NULL))) {
        err_set(&bad, ERR_PROTOCOL, "Target.createBrowserContext: no id in the reply");
        err = &bad;
    }
    if (err) {
        creation_failed(session, err);
        return;
    }
    session->context_id = mem_strdup(jval_get_str(result, "browserContextId", NULL));
    create_target(session);
}

static void create_target(struct cdp_session *session)
{
    struct buf params;

    buf_init(&params, 4096);
    buf_adds(&params, "{\"url\":\"about:blank\"");
    if (session->context_id) {
        buf_adds(&params, ",\"browserContextId\":");
        buf_add_json(&params, session->context_id);
    }
    buf_addc(&params, '}');
    session->opening = cdp_call(session->conn, NULL, "Target.createTarget", buf_str(&params),
                                session->timeout_ms, on_target_created, session);
    buf_fini(&params);
}

static void on_target_created(const struct jval *result, const struct err *err, void *ctx)
{
    struct cdp_session *session = ctx;
    struct buf params;
    struct err bad;

    session->opening = NULL;
    if (!err && str_empty(jval_get_str(result, "targetId", NULL))) {
        err_set(&bad, ERR_PROTOCOL, "Target.createTarget: no targetId in the reply");
        err = &bad;
    }
    if (err) {
        creation_failed(session, err);
        return;
    }
    session->target_id = mem_strdup(jval_get_str(result, "targetId", NULL));
    buf_init(&params, 4096);
    buf_adds(&params, "{\"targetId\":");
    buf_add_json(&params, session->target_id);
    buf_adds(&params, ",\"flatten\":true}");
    session->opening = cdp_call(session->conn, NULL, "Target.attachToTarget", buf_str(&params),
                                session->timeout_ms, on_attached, session);
    buf_fini(&params);
}

static void on_attached(const struct jval *result, const struct err *err, void *ctx)
{
    struct cdp_session *session = ctx;
    struct cdp_conn *conn = session->conn;
    struct err bad;

    session->opening = NULL;
    if (!err && str_empty(jval_get_str(result, "sessionId", NULL))) {
        err_set(&bad, ERR_PROTOCOL, "Target.attachToTarget: no sessionId in the reply");
        err = &bad;
    }
    if (err) {
        creation_failed(session, err);
        return;
    }
    session->session_id = mem_strdup(jval_get_str(result, "sessionId", NULL));
    session->state = SESSION_LIVE;
    session->loss_timer = loop_timer_new(cdp_conn_loop(conn), on_loss_timer, session);
    keep(session, cdp_subscribe(conn, session->session_id, "Inspector.targetCrashed",
                                on_inspector_crashed, session));
    keep(session, cdp_subscribe(conn, "", "Target.targetCrashed", on_target_crashed, session));
    keep(session, cdp_subscribe(conn, "", "Target.detachedFromTarget", on_detached, session));
    keep(session, cdp_subscribe(conn, "", "Target.targetDestroyed", on_target_destroyed, session));
    session->done(session, NULL, session->done_ctx);
}

/* ---- use --------------------------------------------------------------------------------------- */

void cdp_session_on_lost(struct cdp_session *session, void (*fn)(const struct err *why, void *ctx),
                         void *ctx)
{
    session->on_lost = fn;
    session->lost_ctx = ctx;
}

bool cdp_session_is_lost(const struct cdp_session *session)
{
    return session->state == SESSION_LOST || session->state == SESSION_LOSING;
}

const char *cdp_session_id(const struct cdp_session *session)
{
    return session->session_id;
}

const char *cdp_session_context_id(const struct cdp_session *session)
{
    return session->context_id;
}

const char *cdp_session_target_id(const struct cdp_session *session)
{
    return session->target_id;
}

struct cdp_call *cdp_session_call(struct cdp_session *session, const char *method,
                                  const char *params, int64_t timeout_ms, cdp_result_fn *done,
                                  void *ctx)
{
    struct cdp_call *call;

    check(session->session_id);
    call = cdp_call(session->conn, session->session_id, method, params, timeout_ms, done, ctx);
    /* Chrome does not answer commands to a crashed page at all. */
    if (session->state == SESSION_LOST)
        cdp_call_fail(call, &session->why);
    return call;
}

struct cdp_subscription *cdp_session_subscribe(struct cdp_session *session, const char *method,
                                               cdp_event_fn *fn, void *ctx)
{
    check(session->session_id);
    return cdp_subscribe(session->conn, session->session_id, method, fn, ctx);
}

void cdp_session_close(struct cdp_session *session, int64_t timeout_ms, cdp_result_fn *done,
                       void *ctx)
{
    struct buf params;

    check(session->target_id || session->context_id);
    buf_init(&params, 4096);
    buf_adds(&params, session->context_id ? "{\"browserContextId\":" : "{\"targetId\":");
    buf_add_json(&params, session->context_id ? session->context_id : session->target_id);
    buf_addc(&params, '}');
    cdp_call(session->conn, NULL,
             session->context_id ? "Target.disposeBrowserContext" : "Target.closeTarget",
             buf_str(&params), timeout_ms, done, ctx);
    buf_fini(&params);
}

void cdp_session_free(struct cdp_session **session_ptr)
{
    struct cdp_session *session = *session_ptr;

    if (!session)
        return;
    *session_ptr = NULL;
    if (session->opening)
        cdp_call_cancel(session->opening);
    for (size_t i = 0; i < session->n_subscriptions; i++)
        cdp_unsubscribe(&session->subscriptions[i]);
    loop_timer_free(&session->loss_timer);
    mem_free(session->context_id);
    mem_free(session->target_id);
    mem_free(session->session_id);
    mem_free(session);
}
