/* SPDX-License-Identifier: MIT */
/* transport.h - moves whole DevTools messages; what carries them is behind a small vtable.
 *
 * transport_ws.c (WebSocket, RFC 6455) is the default; the pipe (fds 3 and 4, NUL-terminated messages)
 * comes as the second one behind the same table.
 */
#ifndef CDP_TRANSPORT_H
#define CDP_TRANSPORT_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct transport;

struct transport_events {
    void (*on_open)(void *ctx);
    /* One whole message; `bytes` may be modified during the call and has a NUL after `len`. */
    void (*on_message)(char *bytes, size_t len, void *ctx);
    /* Once, last: whatever ended it. ERR_NETWORK (refused, reset), ERR_PROTOCOL (oversized, bad frame),
     * ERR_TIMEOUT (never opened), ERR_CANCELLED (transport_close). */
    void (*on_closed)(const struct err *why, void *ctx);
};

struct transport_ops {
    /* Queue a message; it leaves as ONE frame (Chrome refuses fragments). Copied. */
    void (*send)(struct transport *, const char *bytes, size_t len);
    void (*close)(struct transport *); /* on_closed follows, later */
    void (*free)(struct transport *);  /* no event after this */
};

struct transport {
    const struct transport_ops *ops;
};

#define TRANSPORT_MAX_MESSAGE_BYTES ((size_t)64 << 20)

/* url "ws://127.0.0.1:PORT/devtools/browser/ID". Failing to connect is told by on_closed. */
struct transport *transport_ws_new(struct loop *loop, const char *url, int64_t connect_timeout_ms,
                                   const struct transport_events *events, void *ctx);

/* Drops the shared libwebsockets context; call once before loop_free, when all are freed. */
void transport_ws_shutdown(struct loop *loop);

static inline void transport_free(struct transport **t)
{
    if (*t)
        (*t)->ops->free(*t);
    *t = NULL;
}

#endif
