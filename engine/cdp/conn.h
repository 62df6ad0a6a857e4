/* SPDX-License-Identifier: MIT */
/* conn.h - one DevTools connection to a browser: commands with deadlines, events by subscription.
 *
 * States: CONNECTING > OPEN > CLOSED. Pending calls are keyed by id on the connection, since an error
 * reply may lack its sessionId. When the connection closes, every pending call fails once with the reason.
 * Messages that are not for us (unknown id, event without a subscriber, dead session) are dropped.
 *
 * Source: the DevTools protocol's JSON-RPC form with flat sessions (Target.attachToTarget flatten:true).
 */
#ifndef CDP_CONN_H
#define CDP_CONN_H

#include "base/err.h"
#include "base/jdoc.h"
#include "base/loop.h"
#include "cdp/transport.h"

struct cdp_conn;
struct cdp_call;
struct cdp_subscription;

struct cdp_conn_events {
    void (*on_open)(void *ctx);
    void (*on_closed)(const struct err *why, void *ctx); /* once, after all pending calls failed */
};

struct cdp_conn *cdp_conn_new_ws(struct loop *loop, const char *ws_url, int64_t connect_timeout_ms,
                                 const struct cdp_conn_events *events, void *ctx);
/* The descriptors as in transport_pipe_new(); on_open comes in the next turn, there being no handshake. */
struct cdp_conn *cdp_conn_new_pipe(struct loop *loop, int read_fd, int write_fd,
                                   const struct cdp_conn_events *events, void *ctx);
void cdp_conn_close(struct cdp_conn *conn);

/* Give the connection up for this reason, which the pending calls then hear (the process has ended, it does not
 * answer any more). on_closed follows, later. */
void cdp_conn_lose(struct cdp_conn *conn, const struct err *why);

bool cdp_conn_is_open(const struct cdp_conn *conn);
struct loop *cdp_conn_loop(const struct cdp_conn *conn);
/* No callback after this, pending calls included. Its sessions and subscriptions must be freed before. */
void cdp_conn_free(struct cdp_conn **conn);

/* What the process said last ("browser exited with 1: <stderr>"): added to the reason of a loss. Pending calls
 * are failed 100 ms after the connection was lost, or as soon as this note is there. */
void cdp_conn_set_loss_note(struct cdp_conn *conn, const char *note);

/* result: the "result" object, borrowed for the call; NULL when err is set:
 *   ERR_TIMEOUT       no reply in time (the reply is dropped when it comes)
 *   ERR_PROTOCOL      Chrome refused: text is its message; err_text of "-32000" kinds as sent
 *   ERR_BROWSER_EXIT  the connection was lost (ERR_CANCELLED: closed by us; ERR_PROTOCOL: for a broken
 *                     message; ERR_NETWORK, ERR_TIMEOUT: it was never open)
 *   ERR_CRASHED       the session's target crashed or detached (sessions only)            */
typedef void cdp_result_fn(const struct jval *result, const struct err *err, void *ctx);

/* Send {"id":n,"method":..,"params":..,"sessionId":..}. session NULL: the browser itself. `params` is a JSON
 * object as text (NULL: none), copied. Never calls back before it returns. The call is owned by the
 * connection; the pointer is good for cdp_call_cancel until the callback came. */
struct cdp_call *cdp_call(struct cdp_conn *conn, const char *session_id, const char *method,
                          const char *params, int64_t timeout_ms, cdp_result_fn *done, void *ctx);
void cdp_call_cancel(struct cdp_call *call);

/* Fail one call, later, with this reason; a reply that comes meanwhile is dropped. */
void cdp_call_fail(struct cdp_call *call, const struct err *why);

/* Fail every pending call of the session, later, with this reason (crash, detach). */
void cdp_conn_fail_session(struct cdp_conn *conn, const char *session_id, const struct err *why);

/* params: the event's object, borrowed. session_id "" for the browser. */
typedef void cdp_event_fn(const struct jval *params, const char *session_id, void *ctx);

/* session_id NULL: events of the browser itself and of every session. Several subscribers of one method are
 * all called. */
struct cdp_subscription *cdp_subscribe(struct cdp_conn *conn, const char *session_id,
                                       const char *method, cdp_event_fn *fn, void *ctx);
void cdp_unsubscribe(struct cdp_subscription **subscription);

struct cdp_conn_stats {
    int pending;
    long long sent, received, dropped_events, bad_messages;
};
void cdp_conn_stats(const struct cdp_conn *conn, struct cdp_conn_stats *out);

#endif
