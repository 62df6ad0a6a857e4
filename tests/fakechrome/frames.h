/* SPDX-License-Identifier: MIT */
/* frames.h - WebSocket frames and handshake as bytes, from the server's side (RFC 6455). */
#ifndef FAKECHROME_FRAMES_H
#define FAKECHROME_FRAMES_H

#include "base/buf.h"

#include <stdint.h>

enum { OP_MORE = 0, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, FRAME_FIN = 0x80 };

struct frame {
    unsigned first; /* FRAME_FIN and the opcode */
    bool masked;
    char *payload; /* unmasked, a NUL behind it; owned by the caller (mem_free) */
    size_t len;
};

void frame_add_head(struct buf *out, unsigned first, uint64_t len);
void frame_add(struct buf *out, unsigned first, const void *bytes, size_t len);

/* Takes one whole frame off the front; false: more bytes are needed. */
bool frame_take(struct buf *in, struct frame *out);

/* The answer to a request with this key. */
void frame_add_handshake(struct buf *out, const char *key, size_t key_len);

#endif
