/* SPDX-License-Identifier: MIT */
/* conn.c - calls keyed by id, events by subscription, over one transport.
 *
 * Every call owns a timer. It is the call's deadline, and once the call has a verdict (lost, refused before it
 * was sent) it is started with 0 to tell it: that is how no callback comes from inside another call of ours.
 *
 * When the transport ends, the pending calls are told a little later (LOSS_GRACE_MS): the process's own last
 * words usually follow its socket by a millisecond, and cdp_conn_set_loss_note() ends the wait.
 *
 * Not here: bytes (transport_ws.c, transport_pipe.c), what a target is (session.c).
 */
#include "cdp/conn.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "cdp/commands.h"
#include "cdp/envelope.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define CHECK_METHODS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECK_METHODS 1
#endif
#endif
#ifndef CHECK_METHODS
#define CHECK_METHODS 0
#endif

enum { LOSS_GRACE_MS = 500 };

enum conn_state { CONN_CONNECTING, CONN_OPEN, CONN_CLOSED };

struct cdp_conn {
    struct loop *loop;
    struct transport *transport;
    const struct cdp_conn_events *events;
    void *ctx;
    enum conn_state state;
    bool freed;   /* by the owner; the memory goes at the end of the turn */
    bool told;    /* on_closed was called */
    bool telling; /* events are being told: subscriptions are only marked */
    int64_t next_id;
    struct map pending; /* id > struct cdp_call */
    struct list calls;  /* the same calls, in the order they were made */
    struct list subscriptions;
    struct loop_timer *loss_timer;
    struct err why;
    char *loss_note;
    struct cdp_conn_stats stats;
};

struct cdp_call {
    struct list link;
    struct cdp_conn *conn;
    int64_t id;
    char *method;
    char *session_id; /* "" for the browser */
    int64_t timeout_ms;
    struct loop_timer *timer;
    struct err *verdict; /* NULL while the reply is awaited */
    cdp_result_fn *done;
    void *ctx;
};

struct cdp_subscription {
    struct list link;
    struct cdp_conn *conn;
    char *session_id; /* NULL: any */
    char *method;
    cdp_event_fn *fn; /* NULL: unsubscribed while events were being told */
    void *ctx;
};

static void conn_tell_loss(struct cdp_conn *conn);

/* The one setter: CONNECTING > OPEN > CLOSED, CONNECTING > CLOSED. */
static void conn_set_state(struct cdp_conn *conn, enum conn_state to)
{
    static const char *const names[] = {"connecting", "open", "closed"};

    check(to > conn->state);
    log_debug("cdp", "connection", "from=%s to=%s", names[conn->state], names[to]);
    conn->state = to;
}

/* ---- calls ------------------------------------------------------------------------------------- */

static void call_free(struct cdp_call *call)
{
    list_remove(&call->link);
    map_del_n(&call->conn->pending, (uint64_t)call->id);
    loop_timer_free(&call->timer);
    mem_free(call->method);
    mem_free(call->session_id);
    mem_free(call->verdict);
    mem_free(call);
}

/* Tells the caller once, with the call already gone. */
static void call_finish(struct cdp_call *call, const struct jval *result, const struct err *err)
{
    cdp_result_fn *done = call->done;
    void *ctx = call->ctx;

    call_free(call);
    if (done)
        done(result, err, ctx);
}

static void call_fail(struct cdp_call *call, const struct err *why)
{
    struct err err = *why;

    err_prefix(&err, "%s", call->method);
    call_finish(call, NULL, &err);
}

void cdp_call_fail(struct cdp_call *call, const struct err *why)
{
    if (call->verdict)
        return;
    call->verdict = mem_new(struct err);
    *call->verdict = *why;
    loop_timer_start(call->timer, 0);
}

static void on_call_timer(void *ctx)
{
    struct cdp_call *call = ctx;
    struct err err;

    if (call->verdict) {
        err = *call->verdict;
    } else {
        err_set(&err, ERR_TIMEOUT, "timed out after %lld ms", (long long)call->timeout_ms);
        log_debug("cdp", "call timed out", "id=%lld method=%s", (long long)call->id, call->method);
    }
    call_fail(call, &err);
}

static void call_send(struct cdp_call *call, const char *params)
{
    struct cdp_conn *conn = call->conn;
    struct buf message;

    buf_init(&message, TRANSPORT_MAX_MESSAGE_BYTES);
    buf_addf(&message, "{\"id\":%lld,\"method\":\"%s\"", (long long)call->id, call->method);
    if (params) {
        buf_adds(&message, ",\"params\":");
        buf_adds(&message, params);
    }
    if (*call->session_id) {
        buf_adds(&message, ",\"sessionId\":");
        buf_add_json(&message, call->session_id);
    }
    buf_addc(&message, '}');
    if (buf_overflowed(&message)) {
        cdp_call_fail(call, &(struct err){ERR_PROTOCOL, "the command is over 64 MiB"});
    } else {
        log_trace("cdp", "send", "id=%lld method=%s session=%.8s bytes=%zu", (long long)call->id,
                  call->method, call->session_id, message.len);
        conn->transport->ops->send(conn->transport, message.data, message.len);
        conn->stats.sent++;
    }
    buf_fini(&message);
}

struct cdp_call *cdp_call(struct cdp_conn *conn, const char *session_id, const char *method,
                          const char *params, int64_t timeout_ms, cdp_result_fn *done, void *ctx)
{
    struct cdp_call *call = mem_new(struct cdp_call);

    check(!CHECK_METHODS || cdp_command_is_known(method));
    check(!conn->freed);
    call->conn = conn;
    call->id = ++conn->next_id;
    call->method = mem_strdup(method);
    call->session_id = mem_strdup(session_id ? session_id : "");
    call->timeout_ms = timeout_ms;
    call->done = done;
    call->ctx = ctx;
    call->timer = loop_timer_new(conn->loop, on_call_timer, call);
    list_init(&call->link);
    list_append(&conn->calls, &call->link);
    map_put_n(&conn->pending, (uint64_t)call->id, call);
    loop_timer_start(call->timer, timeout_ms);
    if (conn->state == CONN_CLOSED)
        cdp_call_fail(call, &conn->why);
    else
        call_send(call, params);
    return call;
}

void cdp_call_cancel(struct cdp_call *call)
{
    call_free(call);
}

void cdp_conn_fail_session(struct cdp_conn *conn, const char *session_id, const struct err *why)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &conn->calls) {
        struct cdp_call *call = container_of(at, struct cdp_call, link);

        if (str_eq(call->session_id, session_id))
            cdp_call_fail(call, why);
    }
}

/* ---- what arrives ------------------------------------------------------------------------------ */

static void conn_bad_message(struct cdp_conn *conn, size_t len, const char *why)
{
    conn->stats.bad_messages++;
    log_warn("cdp", "message dropped", "bytes=%zu why=%s", len, log_quote(why));
}

/* Chrome's own words stay whole in the text: tab.c tells a page that went away by them. */
static void refusal(const struct jval *error, struct err *out)
{
    const char *data = jval_get_str(error, "data", NULL);

    err_set(out, ERR_PROTOCOL, "%s%s%s",
            jval_get_str(error, "message", "refused without a message"), data ? ": " : "",
            data ? data : "");
}

static void on_reply(struct cdp_conn *conn, struct envelope *envelope, size_t len)
{
    struct cdp_call *call = map_get_n(&conn->pending, (uint64_t)envelope->id);
    struct span *payload = envelope->error.at ? &envelope->error : &envelope->result;
    struct jdoc *doc = NULL;
    struct err err;

    if (!call || call->verdict) {
        log_debug("cdp", "reply to nobody", "id=%lld bytes=%zu", (long long)envelope->id, len);
        return;
    }
    if (!payload->at) {
        err_set(&err, ERR_PROTOCOL, "the reply has neither result nor error");
        call_fail(call, &err);
        return;
    }
    if (jdoc_parse(payload->at, payload->len, &doc, &err) < 0) {
        conn_bad_message(conn, len, err.text);
        call_fail(call, &err);
        return;
    }
    if (envelope->error.at) {
        refusal(jdoc_root(doc), &err);
        call_fail(call, &err);
    } else {
        call_finish(call, jdoc_root(doc), NULL);
    }
    jdoc_free(&doc);
}

static bool subscription_wants(const struct cdp_subscription *sub, const struct envelope *envelope)
{
    if (!sub->fn || !span_is(&envelope->method, sub->method))
        return false;
    if (!sub->session_id)
        return true;
    return envelope->session_id.at ? span_is(&envelope->session_id, sub->session_id)
                                   : *sub->session_id == '\0';
}

static bool event_is_wanted(const struct cdp_conn *conn, const struct envelope *envelope)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &conn->subscriptions)
        if (subscription_wants(container_of(at, struct cdp_subscription, link), envelope))
            return true;
    return false;
}

static void subscription_drop(struct cdp_subscription *sub)
{
    list_remove(&sub->link);
    mem_free(sub->session_id);
    mem_free(sub->method);
    mem_free(sub);
}

/* A subscriber may end itself, others, or the connection. So those that are ended meanwhile only lose their fn
 * and are swept afterwards. */
static void tell_subscribers(struct cdp_conn *conn, const struct envelope *envelope,
                             const struct jval *params)
{
    char session_id[64] = "";
    struct list *at, *next;

    if (envelope->session_id.at && envelope->session_id.len < sizeof(session_id))
        memcpy(session_id, envelope->session_id.at, envelope->session_id.len);
    conn->telling = true;
    for (at = conn->subscriptions.next; at != &conn->subscriptions && !conn->freed; at = at->next) {
        struct cdp_subscription *sub = container_of(at, struct cdp_subscription, link);

        if (subscription_wants(sub, envelope))
            sub->fn(params, session_id, sub->ctx);
    }
    conn->telling = false;
    LIST_FOREACH (at, next, &conn->subscriptions)
        if (!container_of(at, struct cdp_subscription, link)->fn)
            subscription_drop(container_of(at, struct cdp_subscription, link));
}

static void on_event(struct cdp_conn *conn, const struct envelope *envelope, size_t len)
{
    struct jdoc *doc = NULL;
    struct err err;

    if (!event_is_wanted(conn, envelope)) {
        conn->stats.dropped_events++;
        return;
    }
    if (envelope->params.at &&
        jdoc_parse(envelope->params.at, envelope->params.len, &doc, &err) < 0) {
        conn_bad_message(conn, len, err.text);
        return;
    }
    tell_subscribers(conn, envelope, doc ? jdoc_root(doc) : NULL);
    jdoc_free(&doc);
}

static void on_message(char *bytes, size_t len, void *ctx)
{
    struct cdp_conn *conn = ctx;
    struct envelope envelope;

    conn->stats.received++;
    if (envelope_read(bytes, len, &envelope) < 0) {
        conn_bad_message(conn, len, "not one whole JSON object");
        return;
    }
    log_trace("cdp", "receive", "id=%lld method=%.*s session=%.*s bytes=%zu",
              envelope.has_id ? (long long)envelope.id : -1LL, (int)envelope.method.len,
              envelope.method.at ? envelope.method.at : "", envelope.session_id.len < 8 ? 0 : 8,
              envelope.session_id.at ? envelope.session_id.at : "", len);
    if (envelope.has_id)
        on_reply(conn, &envelope, len);
    else if (envelope.method.at)
        on_event(conn, &envelope, len);
    else
        conn_bad_message(conn, len, "neither id nor method");
}

/* ---- opening and losing ------------------------------------------------------------------------ */

static void on_open(void *ctx)
{
    struct cdp_conn *conn = ctx;

    conn_set_state(conn, CONN_OPEN);
    conn->events->on_open(conn->ctx);
}

/* What calls hear: a broken or oversized message is a protocol matter and our own closing a cancellation; any
 * other end means that the browser is gone. */
static void on_closed(const struct err *why, void *ctx)
{
    struct cdp_conn *conn = ctx;

    conn->why = *why;
    if (conn->state == CONN_OPEN && why->code != ERR_PROTOCOL && why->code != ERR_CANCELLED)
        conn->why.code = ERR_BROWSER_EXIT;
    conn_set_state(conn, CONN_CLOSED);
    loop_timer_start(conn->loss_timer,
                     conn->loss_note || why->code == ERR_CANCELLED ? 0 : LOSS_GRACE_MS);
}

static void on_loss_timer(void *ctx)
{
    conn_tell_loss(ctx);
}

static void note_reason(struct cdp_conn *conn)
{
    struct err with_note;

    if (!conn->loss_note)
        return;
    err_set(&with_note, conn->why.code, "%s; %s", conn->why.text, conn->loss_note);
    conn->why = with_note;
}

/* Calls that the callbacks make meanwhile fail by their own timers, so this ends. */
static void conn_tell_loss(struct cdp_conn *conn)
{
    struct list lost;

    note_reason(conn);
    list_init(&lost);
    while (!list_is_empty(&conn->calls))
        list_move(&lost, list_first(&conn->calls));
    while (!list_is_empty(&lost)) {
        struct cdp_call *call = container_of(list_first(&lost), struct cdp_call, link);
        struct err why = call->verdict ? *call->verdict : conn->why;

        call_fail(call, &why);
    }
    if (conn->freed)
        return;
    conn->told = true;
    conn->events->on_closed(&conn->why, conn->ctx);
}

void cdp_conn_set_loss_note(struct cdp_conn *conn, const char *note)
{
    mem_free(conn->loss_note);
    conn->loss_note = mem_strdup(note);
    if (conn->state == CONN_CLOSED && !conn->told && loop_timer_is_armed(conn->loss_timer))
        loop_timer_start(conn->loss_timer, 0);
}

void cdp_conn_lose(struct cdp_conn *conn, const struct err *why)
{
    if (conn->state == CONN_CLOSED)
        return;
    transport_free(&conn->transport);
    conn->why = *why;
    conn_set_state(conn, CONN_CLOSED);
    loop_timer_start(conn->loss_timer, 0);
}

void cdp_conn_close(struct cdp_conn *conn)
{
    if (conn->state != CONN_CLOSED)
        conn->transport->ops->close(conn->transport);
}

bool cdp_conn_is_open(const struct cdp_conn *conn)
{
    return conn->state == CONN_OPEN;
}

struct loop *cdp_conn_loop(const struct cdp_conn *conn)
{
    return conn->loop;
}

static const struct transport_events from_transport = {on_open, on_message, on_closed};

static struct cdp_conn *conn_new(struct loop *loop, const struct cdp_conn_events *events, void *ctx)
{
    struct cdp_conn *conn = mem_new(struct cdp_conn);

    conn->loop = loop;
    conn->events = events;
    conn->ctx = ctx;
    conn->state = CONN_CONNECTING;
    map_init(&conn->pending);
    list_init(&conn->calls);
    list_init(&conn->subscriptions);
    conn->loss_timer = loop_timer_new(loop, on_loss_timer, conn);
    return conn;
}

struct cdp_conn *cdp_conn_new_ws(struct loop *loop, const char *ws_url, int64_t connect_timeout_ms,
                                 const struct cdp_conn_events *events, void *ctx)
{
    struct cdp_conn *conn = conn_new(loop, events, ctx);

    conn->transport = transport_ws_new(loop, ws_url, connect_timeout_ms, &from_transport, conn);
    return conn;
}

struct cdp_conn *cdp_conn_new_pipe(struct loop *loop, int read_fd, int write_fd,
                                   const struct cdp_conn_events *events, void *ctx)
{
    struct cdp_conn *conn = conn_new(loop, events, ctx);

    conn->transport = transport_pipe_new(loop, read_fd, write_fd, &from_transport, conn);
    return conn;
}

static void conn_release(void *ctx)
{
    struct cdp_conn *conn = ctx;

    check(list_is_empty(&conn->subscriptions));
    check(map_count(&conn->pending) == 0);
    map_fini(&conn->pending);
    mem_free(conn->loss_note);
    mem_free(conn);
}

/* Calls are dropped even when conn_tell_loss() has them on its own list, hence the walk over the map. */
void cdp_conn_free(struct cdp_conn **conn_ptr)
{
    struct cdp_conn *conn = *conn_ptr;
    struct map_entry *entry;
    size_t at = 0;

    if (!conn)
        return;
    *conn_ptr = NULL;
    conn->freed = true;
    while ((entry = map_next(&conn->pending, &at)))
        call_free(entry->value);
    transport_free(&conn->transport);
    loop_timer_free(&conn->loss_timer);
    loop_defer(conn->loop, conn_release, conn);
}

/* ---- subscriptions ----------------------------------------------------------------------------- */

struct cdp_subscription *cdp_subscribe(struct cdp_conn *conn, const char *session_id,
                                       const char *method, cdp_event_fn *fn, void *ctx)
{
    struct cdp_subscription *sub = mem_new(struct cdp_subscription);

    check(!CHECK_METHODS || cdp_event_is_known(method));
    sub->conn = conn;
    sub->session_id = mem_strdup(session_id);
    sub->method = mem_strdup(method);
    sub->fn = fn;
    sub->ctx = ctx;
    list_init(&sub->link);
    list_append(&conn->subscriptions, &sub->link);
    return sub;
}

void cdp_unsubscribe(struct cdp_subscription **subscription)
{
    struct cdp_subscription *sub = *subscription;

    *subscription = NULL;
    if (!sub)
        return;
    if (sub->conn->telling)
        sub->fn = NULL;
    else
        subscription_drop(sub);
}

void cdp_conn_stats(const struct cdp_conn *conn, struct cdp_conn_stats *out)
{
    *out = conn->stats;
    out->pending = (int)map_count(&conn->pending);
}
