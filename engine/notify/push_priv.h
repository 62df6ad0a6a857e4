/* SPDX-License-Identifier: MIT */
/* push_priv.h - what push.c and push_send.c share. */
#ifndef NOTIFY_PUSH_PRIV_H
#define NOTIFY_PUSH_PRIV_H

#include "base/backoff.h"
#include "base/fetch.h"
#include "base/list.h"
#include "base/loop.h"
#include "db/store_outbox.h"
#include "notify/push.h"
#include "notify/push_way.h"

struct push {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct push_account *account; /* NULL: nobody sends, but what is too old is given up */
    struct fetch_client *client;
    char *holder;
    struct loop_timer *timer; /* the next look */
    bool is_asking;           /* a question to the outbox is under way, */
    bool is_woken;            /* and rows may have come since */
    struct list going;        /* struct sending */
    int n_going;
    int64_t lag_ms;       /* of the one that waits longest, at the last look */
    int64_t expire_at_ms; /* monotonic */
    bool is_store_away;
    bool is_trouble;
    char trouble[500]; /* why, while there is some */
    struct backoff pause;
    int64_t pause_until_ms; /* monotonic; 0: none */
    struct push_counts counts;
    bool is_stopping;
    push_fn *stop_done; /* NULL: it has come */
    void *stop_ctx;
};

/* ---- push.c ---------------------------------------------------------------------------------- */

/* Each answer of the service, and each missing one. */
void push_note_answer(struct push *push, const struct push_answer *answer);
/* Each answer of the database: it is logged when it goes away and when it is back. NULL: it answered. */
void push_note_store(struct push *push, const struct err *err);
void push_maybe_stopped(struct push *push); /* last: push may be gone afterwards */

/* ---- push_send.c ----------------------------------------------------------------------------- */

/* Send one that was taken and write its end; then push_wake(). */
void push_send(struct push *push, const struct store_push *taken);
/* Forget those under way; all = false: but for those that wait for an answer of the database. */
void push_cancel(struct push *push, bool all);

#endif
