/* SPDX-License-Identifier: MIT */
/* fakechrome.h - a DevTools server for tests: its connection, by WebSocket or by pipe. README.md has the rest.
 *
 * It speaks RFC 6455 by hand instead of by a library, for two reasons: a test can send what a library refuses to
 * (half a frame, 4 KiB fragments, garbage), and our client's frames are looked at bit by bit (one frame a
 * command, masked, no extension). One connection at a time. It answers nothing by itself; play.h lets a script answer.
 */
#ifndef FAKECHROME_H
#define FAKECHROME_H

#include "base/jdoc.h"
#include "base/loop.h"

#define FAKECHROME_PATH "/devtools/browser/fa4ec402-0000-4000-8000-fa4ec4020000"

struct fakechrome;

enum fakechrome_link { FAKECHROME_WS, FAKECHROME_PIPE };

struct fake_command {
    int64_t id;
    const char *method;
    const char *session_id; /* "" for the browser */
    const struct jval *params;
    const char *text; /* as received */
    size_t len;
};

typedef void fake_command_fn(struct fakechrome *fake, const struct fake_command *command,
                             void *ctx);

/* Each may be NULL. None may free the fake. */
struct fakechrome_events {
    /* WebSocket: the client's HTTP request is there, to be answered by fakechrome_accept() or _refuse(), now or later.
     * NULL: it is accepted. */
    void (*on_handshake)(struct fakechrome *fake, void *ctx);
    void (*on_open)(struct fakechrome *fake, void *ctx);
    fake_command_fn *on_command;
    void (*on_gone)(struct fakechrome *fake, void *ctx); /* whoever ended the connection */
};

/* Listens, if it is a WebSocket. `events` is borrowed. */
struct fakechrome *fakechrome_new(struct loop *loop, enum fakechrome_link link,
                                  const struct fakechrome_events *events, void *ctx);
void fakechrome_free(struct fakechrome **fake); /* no callback after this */

/* WebSocket: ws://127.0.0.1:PORT/devtools/browser/ID */
const char *fakechrome_url(const struct fakechrome *fake);
int fakechrome_port(const struct fakechrome *fake);
void fakechrome_accept(struct fakechrome *fake);
void fakechrome_refuse(struct fakechrome *fake, int http_status); /* and hangs up */

/* Pipe: a new connection; on_open comes in this call. Attach takes the ends that Chrome is born with; open makes them
 * itself and gives the client's, which the caller owns. */
void fakechrome_attach_pipe(struct fakechrome *fake, int read_fd, int write_fd);
void fakechrome_open_pipe(struct fakechrome *fake, int *client_read_fd, int *client_write_fd);

/* One message. */
void fakechrome_send(struct fakechrome *fake, const char *text);
void fakechrome_sendf(struct fakechrome *fake, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* One message in pieces: frames of `piece_bytes` each, or writes of at most that into a pipe. 0: whole. */
void fakechrome_send_pieces(struct fakechrome *fake, const char *bytes, size_t len,
                            size_t piece_bytes);
/* Bytes as they are: no frame around them, no NUL behind. */
void fakechrome_send_raw(struct fakechrome *fake, const void *bytes, size_t len);
/* The first `part` bytes of a message; its frame, or the missing NUL, says that there is more. */
void fakechrome_send_part(struct fakechrome *fake, const char *bytes, size_t len, size_t part);
/* A pipe has no pings: an empty message stands for one. */
void fakechrome_ping(struct fakechrome *fake);
/* Write now what waits, as far as the other side takes it. */
void fakechrome_flush(struct fakechrome *fake);
/* The connection is closed once everything was sent. */
void fakechrome_hang_up(struct fakechrome *fake);

/* What came so far. */
int fakechrome_commands(const struct fakechrome *fake);
int fakechrome_pongs(const struct fakechrome *fake);
int fakechrome_bad_frames(
    const struct fakechrome *fake); /* not masked, fragments, other than text; no JSON */
bool fakechrome_was_offered_extensions(const struct fakechrome *fake);
bool fakechrome_is_connected(const struct fakechrome *fake);

#endif
