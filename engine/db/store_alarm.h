/* SPDX-License-Identifier: MIT */
/* store_alarm.h - what keyword alarms are decided from, and their decisions.
 *
 * Whoever decides reads first (titles, or who waits) and gets the step at which that was read. A decision names
 * it, and is written as a whole, in one transaction, when no other decision was written since; else it is refused,
 * nothing of it is written, and all is to be read again. So each event is decided once, and each deal that a user
 * waits for is told once, by however many engines, whenever they die.
 *
 * As in store.h: a callback comes once, later; err is ERR_STORE and everything else is then empty. What it gets is
 * borrowed for the call.
 */
#ifndef DB_STORE_ALARM_H
#define DB_STORE_ALARM_H

#include "db/store.h"

/* ---- titles ---------------------------------------------------------------------------------- */

/* A title that a deal has got: new, edited, completed, or back from the dead. In the order of the events. */
struct store_alarm_title {
    int64_t event_id, deal_id;
    const char *title;
};
struct store_alarm_titles {
    int64_t step;
    int64_t after_event_id; /* the cursor: everything up to here is decided */
    int64_t last_event_id;  /* looked at; after_event_id when there was none */
    int n_events;           /* looked at, most of them without a title */
    int64_t edits;          /* moves with every keyword that comes or goes */
    const struct store_alarm_title *titles;
    int n;
};
typedef void store_alarm_titles_fn(const struct store_alarm_titles *titles, const struct err *err,
                                   void *ctx);
/* Of at most `events` (1..10000) events behind the cursor. Deals that are deleted, or have a sort_at before since_ms,
 * give none. */
void store_alarm_titles(struct store *store, int events, int64_t since_ms,
                        store_alarm_titles_fn *done, void *ctx);

struct store_alarm_word {
    int64_t id, user_id;
    const char *title;
};
/* Keywords with an id greater than after_id, ascending; limit or fewer, then these were the last. A keyword that was
 * committed before the first of these calls comes, and every edit after it moves `edits` beyond what that call answered. */
typedef void store_alarm_words_fn(const struct store_alarm_word *words, int n, int64_t edits,
                                  const struct err *err, void *ctx);
void store_alarm_words(struct store *store, int64_t after_id, int limit, store_alarm_words_fn *done,
                       void *ctx);

struct store_alarm_hit {
    int64_t deal_id, word_id;
};
struct store_alarm_found {
    int64_t step;
    int64_t event_id;                   /* everything up to here is decided by this */
    const struct store_alarm_hit *hits; /* of several hits of a user and deal the first counts */
    size_t n;
    int64_t now_ms;
};
/* accepted: false when refused. n: rows or pushes that were written. */
typedef void store_alarm_decided_fn(bool accepted, int64_t n, const struct err *err, void *ctx);
/* Into the push lists, once per user and deal. They wait to be told, unless the user's alarms are off or
 * max_push_count is 0. */
void store_alarm_found(struct store *store, const struct store_alarm_found *found,
                       store_alarm_decided_fn *done, void *ctx);

/* ---- telling --------------------------------------------------------------------------------- */

#define STORE_ALARM_DIGEST "digest"
#define STORE_ALARM_AT_ONCE "at-once"

struct store_alarm_group {
    const char *keyword;
    int64_t deals;
};
/* A user for whom deals wait. */
struct store_alarm_waiting {
    int64_t user_id;
    bool alarm_status;
    int64_t max_push_count;
    const char *way;
    const char *zone, *hours;               /* NULL: the user chose none */
    int64_t pushes;                         /* that were queued since pushes_since_ms */
    const struct store_alarm_group *groups; /* most deals first */
    int n_groups;
};
struct store_alarm_who {
    int64_t after_user_id;
    int limit; /* users */
    const char *default_way;
    const char *only_way; /* NULL: both */
    int64_t pushes_since_ms;
};
/* Ascending; fewer than limit: these were the last. */
typedef void store_alarm_waiting_fn(const struct store_alarm_waiting *users, int n, int64_t step,
                                    const struct err *err, void *ctx);
void store_alarm_waiting(struct store *store, const struct store_alarm_who *who,
                         store_alarm_waiting_fn *done, void *ctx);

struct store_alarm_push {
    int64_t user_id;
    const char *headings, *contents;
};
struct store_alarm_told {
    int64_t step;
    const int64_t *user_ids; /* for whom nothing waits any more, pushed or not */
    size_t n_users;
    const struct store_alarm_push *pushes; /* into push_outbox, due now */
    size_t n_pushes;
    int64_t now_ms;
};
void store_alarm_told(struct store *store, const struct store_alarm_told *told,
                      store_alarm_decided_fn *done, void *ctx);

#endif
