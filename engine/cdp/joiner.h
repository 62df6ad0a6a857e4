/* SPDX-License-Identifier: MIT */
/* joiner.h - puts a message together out of the pieces in which it arrives (RFC 6455 section 5.4).
 *
 * A message comes out by joiner_take(): its receiver may free the joiner meanwhile. When it did
 * not, it gives the buffer back, so that most messages cost no allocation.
 */
#ifndef CDP_JOINER_H
#define CDP_JOINER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct joiner {
    struct buf incoming;
};

enum joiner_result {
    JOINER_MORE,    /* the message goes on, or was empty, which is no message */
    JOINER_WHOLE,   /* joiner_take() it */
    JOINER_TOO_LONG /* longer than max_bytes: no further piece may be added */
};

void joiner_init(struct joiner *joiner, size_t max_bytes);
void joiner_fini(struct joiner *joiner);

/* is_end: the message ends with this piece. */
MUST_CHECK enum joiner_result joiner_add(struct joiner *joiner, const void *bytes, size_t len,
                                         bool is_end);

/* The message, owned by the caller (buf_fini), with a NUL behind it; the joiner is empty. */
struct buf joiner_take(struct joiner *joiner);

/* The memory of a taken message serves again, unless it grew past 256 KiB; *message is empty
 * afterwards. Between take and this nothing was added. */
void joiner_give_back(struct joiner *joiner, struct buf *message);

#endif
