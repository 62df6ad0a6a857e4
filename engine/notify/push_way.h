/* SPDX-License-Identifier: MIT */
/* push_way.h - how a push is put to a service, and what the service's answer means: OneSignal (onesignal.c) or a webhook
 * of the operator's own (webhook.c).
 *
 * Pure: no sockets and no database; push.c has both.
 */
#ifndef NOTIFY_PUSH_WAY_H
#define NOTIFY_PUSH_WAY_H

#include "base/arena.h"
#include "base/config.h"
#include "base/fetch.h"
#include "notify/signature.h"

#include <stdbool.h>

/* Most player ids in one message, as OneSignal allows. */
enum { PUSH_PLAYERS_MAX = 2000 };

struct push_message {
    const char *key;  /* a UUID: the same message again has the same one */
    const char *kind; /* STORE_PUSH_* */
    const char *headings, *contents;
    const char *const *players; /* 1 to PUSH_PLAYERS_MAX */
    int n_players;
    int64_t created_at_ms;
};

struct push_post {
    const char *body;
    size_t body_len;
    const char *headers[8]; /* for base/fetch.h */
};

enum push_verdict {
    PUSH_TAKEN,  /* it goes out */
    PUSH_NOBODY, /* understood, but none of these players can be reached */
    PUSH_LATER,  /* not now; the same again may work */
    PUSH_NEVER,  /* the same again is in vain */
};

struct push_answer {
    enum push_verdict verdict;
    /* Of PUSH_LATER: it is the service, or what it thinks of us, not this message. Any other would end alike. */
    bool is_trouble;
    bool is_refusal;        /* trouble that ends when the operator mends key, address or account */
    int64_t retry_after_ms; /* or RETRY_AFTER_NONE */
    const char *text;       /* why, for people; "" when taken */
    const char *receipt;    /* the service's name of the message; NULL: none */
    const char **gone;      /* players that the service does not know */
    int n_gone;
};

struct push_account;

/* One service's words. */
struct push_way {
    const char *name; /* push_service's value */
    /* Could this be a player of that service? One that is not would spoil the message for all. */
    bool (*takes)(const char *player);
    void (*post)(const struct push_account *account, const struct push_message *message,
                 int64_t now_ms, struct arena *arena, struct push_post *out);
    /* An answer of 2xx or 4xx whose verdict its status has set; the body may say better. */
    void (*read)(long status, char *body, size_t len, struct arena *arena,
                 struct push_answer *answer);
};
extern const struct push_way push_onesignal, push_webhook;

struct push_account {
    const struct push_way *way;
    char *url, *app_id;
    char *key;                      /* OneSignal's; NULL: none */
    struct signature_key signature; /* the webhook's; len 0: not signed */
};

/* By push_service and its keys. *out is NULL when it is none. ERR_CONFIG. */
MUST_CHECK int push_account_new(const struct config *config, struct push_account **out,
                                struct err *err);
void push_account_free(struct push_account **account);

/* What an answer means; result NULL: there was none, because of err. Texts live as long as the arena. */
void push_answer_read(const struct push_account *account, const struct fetch_result *result,
                      const struct err *err, struct arena *arena, struct push_answer *out);

/* The key of a broadcast's batch, made from the broadcast's and where the batch ends. */
enum { PUSH_KEY_BYTES = 37 };
void push_batch_key(const char *key, int64_t batch_to, char out[PUSH_KEY_BYTES]);

/* Names and values for the ways' bodies. */
void push_add_players(struct buf *body, const struct push_message *message);

#endif
