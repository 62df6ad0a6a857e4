/* SPDX-License-Identifier: MIT */
/* transport_ws.c - the WebSocket transport: libwebsockets as a client, joined to the loop.
 *
 * lws_write() without LWS_WRITE_NO_FIN makes one frame of whatever length; what the socket does not take
 * at once lws keeps and sends first, so a large command stays one frame. What arrives is put together (joiner.c)
 * up to TRANSPORT_MAX_MESSAGE_BYTES. No extension is offered: deflate on loopback only costs.
 *
 * A wsi may outlive its transport by a turn (lws closes it when it likes). The two are tied by the wsi's opaque
 * pointer, which transport_free() cuts; a callback that finds none ends the wsi.
 *
 * Not here: what the messages mean (envelope.c, conn.c).
 */
#include "cdp/transport.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop_glue.h"
#include "base/str.h"
#include "cdp/joiner.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

enum {
    SEND_CHUNK_BYTES = 64 << 10, /* what lws gives to one send(); its default is 4 KiB */
    HOST_BYTES = 128,
};

struct outgoing {
    struct list link;
    size_t len;
    unsigned char bytes[]; /* LWS_PRE bytes for the frame's head, then the message */
};

enum ws_state { WS_STARTING, WS_CONNECTING, WS_OPEN, WS_ENDED };

struct transport_ws {
    struct transport base;
    struct loop *loop;
    const struct transport_events *events;
    void *ctx;
    char *url;
    enum ws_state state;
    struct lws *wsi;
    bool in_callback;         /* of the wsi */
    struct loop_timer *timer; /* start, then connect deadline, then the report of the end */
    int64_t connect_timeout_ms;
    struct list outgoing;
    size_t outgoing_bytes;
    struct joiner incoming;
    struct err why;
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len);

static const struct lws_protocols protocols[] = {
    {.name = "cdp",
     .callback = on_lws,
     .rx_buffer_size = SEND_CHUNK_BYTES,
     .tx_packet_size = SEND_CHUNK_BYTES},
    {.name = NULL},
};

/* libwebsockets wants one context for the whole process: made by the first transport. */
static struct lws_context *shared_context;

/* ---- the end ----------------------------------------------------------------------------------- */

/* In its own callback a wsi is ended by what that returns. Elsewhere at once: lws's own "later" would wait for the
 * next event of some socket (seen). */
static void cut_wsi(struct transport_ws *ws)
{
    struct lws *wsi = ws->wsi;

    ws->wsi = NULL;
    if (!wsi)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    if (!ws->in_callback)
        lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
}

/* Told from the timer, so that on_closed comes from no other call. The first reason is the one that counts. */
static void end_later(struct transport_ws *ws, enum err_code code, const char *why)
{
    if (ws->state == WS_ENDED)
        return;
    ws->state = WS_ENDED;
    err_set(&ws->why, code, "%s", why);
    cut_wsi(ws);
    loop_timer_start(ws->timer, 0);
}

static void drop_outgoing(struct transport_ws *ws)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &ws->outgoing) {
        list_remove(at);
        mem_free(container_of(at, struct outgoing, link));
    }
    ws->outgoing_bytes = 0;
}

static void ws_close(struct transport *base)
{
    end_later(container_of(base, struct transport_ws, base), ERR_CANCELLED, "closed by us");
}

static void ws_free(struct transport *base)
{
    struct transport_ws *ws = container_of(base, struct transport_ws, base);

    cut_wsi(ws);
    drop_outgoing(ws);
    loop_timer_free(&ws->timer);
    joiner_fini(&ws->incoming);
    mem_free(ws->url);
    mem_free(ws);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void ws_send(struct transport *base, const char *bytes, size_t len)
{
    struct transport_ws *ws = container_of(base, struct transport_ws, base);
    struct outgoing *message;

    if (ws->state == WS_ENDED)
        return;
    if (len > TRANSPORT_MAX_MESSAGE_BYTES - ws->outgoing_bytes) {
        end_later(ws, ERR_PROTOCOL, "more than 64 MiB of commands wait to be sent");
        return;
    }
    message = mem_alloc(sizeof(*message) + LWS_PRE + len);
    message->len = len;
    memcpy(message->bytes + LWS_PRE, bytes, len);
    list_init(&message->link);
    list_append(&ws->outgoing, &message->link);
    ws->outgoing_bytes += len;
    if (ws->state == WS_OPEN)
        lws_callback_on_writable(ws->wsi);
}

/* One message per writable event: lws allows one lws_write() each. */
static int on_writable(struct transport_ws *ws)
{
    struct list *first = list_first(&ws->outgoing);
    struct outgoing *message;
    int written;

    if (!first)
        return 0;
    message = container_of(first, struct outgoing, link);
    list_remove(first);
    ws->outgoing_bytes -= message->len;
    written = lws_write(ws->wsi, message->bytes + LWS_PRE, message->len, LWS_WRITE_TEXT);
    mem_free(message);
    if (written < 0) {
        end_later(ws, ERR_NETWORK, "sending failed");
        return -1;
    }
    if (!list_is_empty(&ws->outgoing))
        lws_callback_on_writable(ws->wsi);
    return 0;
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* The message is handed over out of its buffer: the receiver may free the transport. */
static int deliver(struct transport_ws *ws, struct lws *wsi)
{
    struct buf message = joiner_take(&ws->incoming);

    ws->events->on_message(message.data, message.len, ws->ctx);
    if (lws_get_opaque_user_data(wsi) != ws) {
        buf_fini(&message);
        return -1;
    }
    joiner_give_back(&ws->incoming, &message);
    return 0;
}

static int on_received(struct transport_ws *ws, struct lws *wsi, const void *bytes, size_t len)
{
    bool is_end = !lws_remaining_packet_payload(wsi) && lws_is_final_fragment(wsi);

    switch (joiner_add(&ws->incoming, bytes, len, is_end)) {
    case JOINER_TOO_LONG:
        end_later(ws, ERR_PROTOCOL, "a message of more than 64 MiB came");
        return -1;
    case JOINER_WHOLE:
        return deliver(ws, wsi);
    case JOINER_MORE:
        break;
    }
    return 0;
}

/* ---- libwebsockets ----------------------------------------------------------------------------- */

static void on_established(struct transport_ws *ws)
{
    ws->state = WS_OPEN;
    loop_timer_stop(ws->timer);
    if (!list_is_empty(&ws->outgoing))
        lws_callback_on_writable(ws->wsi);
    ws->events->on_open(ws->ctx);
}

static void on_connect_failed(struct transport_ws *ws, const char *what, size_t len)
{
    char text[256];

    snprintf(text, sizeof(text), "no connection to %s: %.*s", ws->url, what ? (int)len : 7,
             what ? what : "refused");
    ws->wsi = NULL;
    end_later(ws, ERR_NETWORK, text);
}

static int on_event(struct transport_ws *ws, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connect_failed(ws, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        ws->wsi = NULL;
        end_later(ws, ERR_NETWORK, "the connection was closed by the other side");
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        on_established(ws);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_received(ws, wsi, in, len);
    default:
        return on_writable(ws);
    }
}

static bool is_ours(enum lws_callback_reasons reason)
{
    return reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR || reason == LWS_CALLBACK_CLIENT_CLOSED ||
           reason == LWS_CALLBACK_CLIENT_ESTABLISHED || reason == LWS_CALLBACK_CLIENT_RECEIVE ||
           reason == LWS_CALLBACK_CLIENT_WRITEABLE;
}

/* -1 ends the wsi: because it failed, or because the transport was freed meanwhile. */
static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct transport_ws *ws;
    int rc;

    (void)user;
    if (!is_ours(reason))
        return 0;
    ws = lws_get_opaque_user_data(wsi);
    if (!ws)
        return -1;
    ws->in_callback = true;
    rc = on_event(ws, wsi, reason, in, len);
    if (lws_get_opaque_user_data(wsi) != ws)
        return -1;
    ws->in_callback = false;
    return rc;
}

/* ---- connecting -------------------------------------------------------------------------------- */

/* Splits "ws://HOST:PORT/PATH"; path_out points into url. */
static int split_url(const char *url, char host[HOST_BYTES], int *port_out, const char **path_out)
{
    static const char scheme[] = "ws://";
    const char *at, *colon, *slash;

    if (!str_starts(url, scheme))
        return -1;
    at = url + strlen(scheme);
    slash = strchr(at, '/');
    colon = strchr(at, ':');
    if (!slash || !colon || colon > slash || colon - at >= HOST_BYTES)
        return -1;
    snprintf(host, HOST_BYTES, "%.*s", (int)(colon - at), at);
    *port_out = atoi(colon + 1);
    *path_out = slash;
    return *port_out > 0 && *port_out < 65536 ? 0 : -1;
}

static int open_context(struct transport_ws *ws)
{
    struct err err;

    if (shared_context || loop_lws_attach(ws->loop, protocols, &shared_context, &err) == 0)
        return 0;
    end_later(ws, err.code, err.text);
    return -1;
}

static void ws_connect(struct transport_ws *ws)
{
    char host[HOST_BYTES], host_port[HOST_BYTES + 8];
    struct lws_client_connect_info info = {
        .local_protocol_name = "cdp", .opaque_user_data = ws, .pwsi = &ws->wsi};

    if (open_context(ws) < 0)
        return;
    if (split_url(ws->url, host, &info.port, &info.path) < 0) {
        end_later(ws, ERR_NETWORK, "expected an address ws://HOST:PORT/PATH");
        return;
    }
    snprintf(host_port, sizeof(host_port), "%s:%d", host, info.port);
    info.context = shared_context;
    info.address = host;
    info.host = host_port; /* Chrome refuses a Host that is neither an address nor localhost */
    ws->state = WS_CONNECTING;
    loop_timer_start(ws->timer, ws->connect_timeout_ms);
    if (!lws_client_connect_via_info(&info)) {
        ws->wsi = NULL;
        end_later(ws, ERR_NETWORK, "no connection");
    }
}

static void on_timer(void *ctx)
{
    struct transport_ws *ws = ctx;

    switch (ws->state) {
    case WS_STARTING:
        ws_connect(ws);
        return;
    case WS_CONNECTING:
        end_later(ws, ERR_TIMEOUT, "no WebSocket handshake in time");
        return;
    case WS_ENDED:
        ws->events->on_closed(&ws->why, ws->ctx);
        return;
    case WS_OPEN:
        check(!"no timer runs while the connection is open");
    }
}

static const struct transport_ops ws_ops = {.send = ws_send, .close = ws_close, .free = ws_free};

struct transport *transport_ws_new(struct loop *loop, const char *url, int64_t connect_timeout_ms,
                                   const struct transport_events *events, void *ctx)
{
    struct transport_ws *ws = mem_new(struct transport_ws);

    ws->base.ops = &ws_ops;
    ws->loop = loop;
    ws->events = events;
    ws->ctx = ctx;
    ws->url = mem_strdup(url);
    ws->connect_timeout_ms = connect_timeout_ms;
    list_init(&ws->outgoing);
    joiner_init(&ws->incoming, TRANSPORT_MAX_MESSAGE_BYTES);
    ws->timer = loop_timer_new(loop, on_timer, ws);
    loop_timer_start(ws->timer, 0);
    return &ws->base;
}

void transport_ws_shutdown(struct loop *loop)
{
    if (shared_context)
        loop_lws_detach(loop, &shared_context);
    shared_context = NULL;
}
