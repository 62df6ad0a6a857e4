/* SPDX-License-Identifier: MIT */
/* fakechrome.h - a scripted DevTools server for tests, on the same loop as what is tested.
 *
 * It speaks RFC 6455 by hand instead of by a library, for two reasons: a test can send what a library refuses to
 * (half a frame, 4 KiB fragments, garbage), and our client's frames are looked at bit by bit (one frame a
 * command, masked, no extension). One connection at a time. It answers nothing by itself but pings.
 */
#ifndef FAKECHROME_H
#define FAKECHROME_H

#include "base/jdoc.h"
#include "base/loop.h"

struct fakechrome;

struct fake_command {
    int64_t id;
    const char *method;
    const char *session_id; /* "" for the browser */
    const struct jval *params;
    const char *text; /* as received */
    size_t len;
};

typedef void fake_command_fn(struct fakechrome *fake, const struct fake_command *command, void *ctx);

struct fakechrome *fakechrome_new(struct loop *loop, fake_command_fn *on_command, void *ctx);
void fakechrome_free(struct fakechrome **fake);
const char *fakechrome_url(const struct fakechrome *fake); /* ws://127.0.0.1:PORT/devtools/browser/fake */

void fakechrome_refuse_handshake(struct fakechrome *fake); /* answers 403 */
void fakechrome_stay_silent(struct fakechrome *fake);      /* accepts, and answers nothing at all */

/* One text frame with the whole message. */
void fakechrome_send(struct fakechrome *fake, const char *text);
void fakechrome_sendf(struct fakechrome *fake, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The message in frames of `piece_bytes` each. */
void fakechrome_send_pieces(struct fakechrome *fake, const char *bytes, size_t len, size_t piece_bytes);
/* Bytes as they are: no frame around them. */
void fakechrome_send_raw(struct fakechrome *fake, const void *bytes, size_t len);
void fakechrome_ping(struct fakechrome *fake);
/* The socket is closed once everything was sent. */
void fakechrome_hang_up(struct fakechrome *fake);

/* What came so far. */
int fakechrome_commands(const struct fakechrome *fake);
int fakechrome_pongs(const struct fakechrome *fake);
int fakechrome_bad_frames(const struct fakechrome *fake); /* not masked, fragments, other than text */
bool fakechrome_was_offered_extensions(const struct fakechrome *fake);
bool fakechrome_is_connected(const struct fakechrome *fake);

#endif
