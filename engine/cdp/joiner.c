/* SPDX-License-Identifier: MIT */
/* joiner.c - a bounded buffer that is lent out whole; see joiner.h. */
#include "cdp/joiner.h"

enum { KEEP_BYTES = 256 << 10 }; /* a buffer that grew past this is freed after its message */

void joiner_init(struct joiner *joiner, size_t max_bytes)
{
    buf_init(&joiner->incoming, max_bytes);
}

void joiner_fini(struct joiner *joiner)
{
    buf_fini(&joiner->incoming);
}

enum joiner_result joiner_add(struct joiner *joiner, const void *bytes, size_t len, bool is_end)
{
    buf_add(&joiner->incoming, bytes, len);
    if (buf_overflowed(&joiner->incoming))
        return JOINER_TOO_LONG;
    return is_end && joiner->incoming.len > 0 ? JOINER_WHOLE : JOINER_MORE;
}

struct buf joiner_take(struct joiner *joiner)
{
    struct buf message = joiner->incoming;

    buf_init(&joiner->incoming, message.max_bytes);
    return message;
}

void joiner_give_back(struct joiner *joiner, struct buf *message)
{
    check(!joiner->incoming.data);
    if (message->cap <= KEEP_BYTES) {
        buf_clear(message);
        joiner->incoming = *message;
        buf_init(message, message->max_bytes);
    } else {
        buf_fini(message);
    }
}
