/* SPDX-License-Identifier: MIT */
/* push.h - sends the pushes that wait (db/store_outbox.h) by the service that push_service names (push_way.h).
 *
 * Looks when the next one is due, at least every push_poll, and at once after push_wake(). Each row's attempt is counted in
 * the database before the request goes out, under the row's key, and its end is written after the answer: whenever
 * the engine dies, the push goes out again under the same key, and a receiver that honours the key tells it once.
 *
 *     a push   taken > [players read] > asked > answer > end written
 *     trouble  of the service (no answer, 5xx, 429, or it refuses us): one push at a time, after a pause that grows;
 *              the others wait and lose none of their tries. The first answer that is none ends it.
 */
#ifndef NOTIFY_PUSH_H
#define NOTIFY_PUSH_H

#include "base/buf.h"
#include "base/config.h"
#include "db/store.h"

struct push;

/* holder: the engine's name, copied; it has no rows but its own. config and store: borrowed. ERR_CONFIG. */
MUST_CHECK int push_new(struct loop *loop, const struct config *config, struct store *store,
                        const char *holder, struct push **out, struct err *err);
void push_start(struct push *push);
void push_wake(struct push *push); /* somebody has written rows. NULL: nothing */

/* Take nothing any more; done once, later, when what is under way has ended: after push_timeout and a call of the
 * database at most. */
typedef void push_fn(void *ctx);
void push_stop(struct push *push, push_fn *done, void *ctx);
/* After push_stop(): end the requests that are under way. The next engine sends those pushes again, under the same key. */
void push_hurry(struct push *push);
/* Before store_free(), and with no turn of the loop between the two. */
void push_free(struct push **push);

struct push_counts {
    int64_t sent, retried, gave_up; /* ends of attempts; of a broadcast each batch is one */
    int64_t expired, players_gone;
    int going;       /* under way */
    bool is_trouble; /* of the service, now */
};
void push_counts(const struct push *push, struct push_counts *out);
/* Why the service takes no pushes; NULL: it does. Valid until the next turn. */
const char *push_trouble(const struct push *push);
void push_metrics(const struct push *push, struct buf *out);

#endif
