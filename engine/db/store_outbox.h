/* SPDX-License-Identifier: MIT */
/* store_outbox.h - the pushes that wait (table push_outbox), taken and answered by whoever sends them.
 *
 * Whoever decides on a push writes its row in the transaction of that decision: kind (STORE_PUSH_*),
 * app_user_id, headings, contents, created_at, due_at; push_key is made by the database where it is not given (a UUID).
 * From then on the row is sent at least once, always under that key, unless it is given up:
 *
 *     waiting (due_at in the future or not yet looked at) -> taken (due_at moved ahead, tries counted)
 *         -> sent | waiting again, later | given up
 *
 * Several senders: a row is taken by one (FOR UPDATE SKIP LOCKED; SQLite has one engine). A sender that died or froze
 * loses its rows when their due_at comes; what it has sent by then counts, however late it says so.
 * The engines' clocks are compared with due_at: clocks that differ by more than hold_ms make a push go out twice,
 * under the same key.
 *
 * As in store.h: a callback comes once, later; err is ERR_STORE.
 */
#ifndef DB_STORE_OUTBOX_H
#define DB_STORE_OUTBOX_H

#include "db/store.h"

#define STORE_PUSH_ALARM "alarm"         /* to app_user_id, of his keywords */
#define STORE_PUSH_BROADCAST "broadcast" /* to every user */

/* When the next row is due, in ms after now_ms; negative: overdue for so long; CLOCK_NONE: none waits.
 * One read. */
typedef void store_outbox_next_fn(int64_t in_ms, const struct err *err, void *ctx);
void store_outbox_next(struct store *store, int64_t now_ms, store_outbox_next_fn *done, void *ctx);

/* Borrowed for the callback. */
struct store_push {
    int64_t id;
    const char *kind, *key;
    int64_t tries; /* this one included; of a broadcast those of this batch */
    const char *headings, *contents;
    const char *player; /* NULL: a broadcast; or the user's player id is gone (is_gone) */
    bool is_gone;
    int64_t created_at_ms;
    int64_t cursor, batch_to; /* of a broadcast: to the users behind cursor, up to batch_to */
};

struct store_outbox_take {
    const char *holder; /* the engine's name */
    int64_t now_ms;
    int64_t hold_ms; /* for so long nobody else takes them: longer than an attempt lasts */
    int limit;       /* rows, 1..100 */
    int batch;       /* users of a broadcast's batch */
};
typedef void store_outbox_take_fn(const struct store_push *pushes, int n, const struct err *err,
                                  void *ctx);
void store_outbox_take(struct store *store, const struct store_outbox_take *take,
                       store_outbox_take_fn *done, void *ctx);

/* What this engine's name held when it died is due now: nobody else lives under it. */
void store_outbox_recover(struct store *store, const char *holder, int64_t now_ms,
                          store_done_fn *done, void *ctx);

/* The player ids of a broadcast's batch, without those that are gone. */
typedef void store_outbox_players_fn(const char *const *players, int n, const struct err *err,
                                     void *ctx);
void store_outbox_players(struct store *store, int64_t cursor, int64_t batch_to,
                          store_outbox_players_fn *done, void *ctx);

enum store_push_end {
    STORE_PUSH_SENT,    /* of a broadcast: this batch */
    STORE_PUSH_RETRY,   /* at due_at_ms */
    STORE_PUSH_GAVE_UP, /* a broadcast as a whole */
};
struct store_outbox_end {
    const struct store_push *push; /* as it was taken: id, kind, tries, batch_to count */
    const char *holder;
    enum store_push_end end;
    int64_t now_ms, due_at_ms;
    const char *error;       /* NULL: none. Kept with the row */
    const char *receipt;     /* NULL: none */
    const char *const *gone; /* player ids that the service doesn't know */
    int n_gone;
};
/* applied: false when somebody else has taken the row since, or it is gone with its user: then only
 * what was sent is noted. */
typedef void store_outbox_end_fn(bool applied, const struct err *err, void *ctx);
void store_outbox_end(struct store *store, const struct store_outbox_end *end,
                      store_outbox_end_fn *done, void *ctx);

/* Give up what was written before before_ms and is still not sent: nobody wants last week's deals.
 * At most 1,000 a call. */
typedef void store_outbox_expire_fn(int64_t n, const struct err *err, void *ctx);
void store_outbox_expire(struct store *store, int64_t before_ms, int64_t now_ms,
                         store_outbox_expire_fn *done, void *ctx);

#endif
