/* SPDX-License-Identifier: MIT */
/* transport.h - moves whole DevTools messages; what carries them is behind a small vtable.
 *
 * transport_ws.c (WebSocket, RFC 6455) is the default; transport_pipe.c (Chrome's fds 3 and 4, NUL-terminated
 * messages) is the second one behind the same table: no port that other users of the machine could attach to.
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
    /* Queue a message; on a WebSocket it leaves as ONE frame (Chrome refuses fragments). Copied. More than
     * TRANSPORT_MAX_MESSAGE_BYTES waiting ends the transport with ERR_PROTOCOL. */
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

/* Our ends of --remote-debugging-pipe: read_fd is written by Chrome's fd 4, write_fd (a socket, see socketpair(2)) is
 * read by its fd 3. They must differ, belong to the transport from now on and are closed by its end. There is no
 * handshake: on_open comes in the next turn. */
struct transport *transport_pipe_new(struct loop *loop, int read_fd, int write_fd,
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
