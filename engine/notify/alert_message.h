/* SPDX-License-Identifier: MIT */
/* alert_message.h - what the operator is told: reports as a mail and as JSON. Pure.
 */
#ifndef NOTIFY_ALERT_MESSAGE_H
#define NOTIFY_ALERT_MESSAGE_H

#include "base/arena.h"
#include "base/clock.h"
#include "db/store_told.h"

/* Texts live in the arena that was given. */
struct alert_message {
    const char
        *id; /* the same for the same news of the same reports: receivers can tell a repetition */
    const char *subject;
    const char *body; /* for people */
    const char *
        json; /* for programs: {"type", "timestamp", "text", "data": {"engine", "reports": [...]}} */
};

/* What a report is about that an engine keeps about itself ("@NAME"), or about a board. */
#define ALERT_ENGINE_MARK '@'

/* n at least 1. zone: of the times that people read. Of many reports the first are told with all their texts, and
 * the others with a line each. */
void alert_message_make(const struct store_news_report *reports, int n, const char *engine,
                        const struct clock_zone *zone, int64_t now_ms, struct arena *arena,
                        struct alert_message *out);

/* `alert --test`: that messages come through. */
void alert_message_test(const char *engine, int64_t now_ms, struct arena *arena,
                        struct alert_message *out);

#endif
