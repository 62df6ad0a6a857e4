/* SPDX-License-Identifier: MIT */
/* envelope.h - the outside of a DevTools message: who it is for, and where its payload lies.
 *
 * Only the top level is read; payloads are skipped byte by byte, so that an event that nobody wants
 * costs no parsing. Chrome writes `sessionId` last, so the whole message is walked.
 */
#ifndef CDP_ENVELOPE_H
#define CDP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the message, borrowed from it; at is NULL when the member is absent. Strings come without their
 * quotes, escapes undone by nobody (ids and method names have none). */
struct span {
    char *at;
    size_t len;
};

struct envelope {
    bool has_id;
    int64_t id;
    struct span method;
    struct span session_id;
    struct span params;
    struct span result;
    struct span error;
};

/* -1: not one whole JSON object (cut off, no object, something after it, an unclosed string). Unknown
 * members are skipped, of members that occur twice the last counts. Payloads are not checked. */
int envelope_read(char *bytes, size_t len, struct envelope *out);

bool span_is(const struct span *span, const char *text);

#endif
