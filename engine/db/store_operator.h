/* SPDX-License-Identifier: MIT */
/* store_operator.h - what the operator asks and does about the app's users, whoever they are, and about
 * notices. store_users.h is for a user who asks for himself.
 *
 * As there: a callback comes once, later; err is ERR_STORE and everything else is then empty. What it gets
 * is borrowed for the call.
 */
#ifndef DB_STORE_OPERATOR_H
#define DB_STORE_OPERATOR_H

#include "db/store_users.h"

enum { STORE_ACCOUNTS_MAX = 1000 };

struct store_account {
    int64_t id;
    const char *player;
    int64_t version; /* of the tokens; with it this user can be asked for by struct store_who */
    bool alarm_status;
    int64_t max_push_count;
    const char *zone, *hours, *way; /* NULL: as the configuration says */
    int64_t created_at_ms, last_token_at_ms;
    int64_t n_keywords, n_marks, n_told, n_sessions;
};
typedef void store_accounts_fn(const struct store_account *accounts, int n, const struct err *err,
                               void *ctx);
/* In the order of their ids, behind after_id; limit 1..STORE_ACCOUNTS_MAX: fewer are the last. */
void store_accounts(struct store *store, int64_t after_id, int limit, store_accounts_fn *done,
                    void *ctx);
/* One, or none. player NULL: the one with that id. */
void store_account_find(struct store *store, int64_t id, const char *player,
                        store_accounts_fn *done, void *ctx);

/* DEAL_UNKNOWN and NULL: as it is. "": as the configuration says, from now on. */
struct store_account_edit {
    int64_t id;
    int64_t alarm_status, max_push_count;
    const char *zone, *hours, *way;
    int64_t now_ms;
};
/* id 0: there is no such user. */
void store_account_edit(struct store *store, const struct store_account_edit *edit,
                        store_id_fn *done, void *ctx);
/* Everything of his goes too: keywords, bookmarks, push list, tokens, pushes that wait. */
void store_account_remove(struct store *store, int64_t id, store_id_fn *done, void *ctx);
/* No token that he was given is good any more. */
void store_account_revoke(struct store *store, int64_t id, store_id_fn *done, void *ctx);

struct store_word_count {
    const char *title;
    int64_t users;
};
typedef void store_word_counts_fn(const struct store_word_count *words, int n,
                                  const struct err *err, void *ctx);
/* Most users first. */
void store_word_counts(struct store *store, int limit, store_word_counts_fn *done, void *ctx);

/* Texts that are NULL stay as they are. id 0: there is no such notice. */
void store_notice_edit(struct store *store, const struct store_notice *notice, store_id_fn *done,
                       void *ctx);

#endif
