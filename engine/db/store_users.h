/* SPDX-License-Identifier: MIT */
/* store_users.h - the app's users in the same database: bookmarks, keywords, what they were told of,
 * their tokens; notices, and pushes to everybody.
 *
 * Written by the api; the engine makes the tables. As in store.h: a callback comes once, later; err is
 * ERR_STORE and everything else is then empty. Each call is one statement of PostgreSQL, and on SQLite
 * one transaction of a constant number of statements, however many rows there are.
 *
 * Who asks is part of every question (struct store_who): it is answered for nobody else, and a user
 * that is gone, or whose token was revoked, is told by is_known = false.
 */
#ifndef DB_STORE_USERS_H
#define DB_STORE_USERS_H

#include "db/store.h"

enum {
    STORE_MARKS_MAX = 1000,   /* bookmarks of a user */
    STORE_WORDS_MAX = 100,    /* keywords of a user */
    STORE_SESSIONS_MAX = 20,  /* refresh tokens of a user: a new one ends the oldest */
    STORE_USER_LIST_MAX = 100 /* deals, notices that a list answers */
};

/* What a token says. */
struct store_who {
    int64_t user_id;
    int64_t version;    /* of the user's tokens; revoking all of them raises it */
    int64_t session_id; /* of /v3's tokens; 0: none */
};

/* ---- users and tokens ------------------------------------------------------------------------ */

struct store_user {
    bool is_known;
    int64_t id;
    const char *player;
    int64_t last_token_at_ms;
};
typedef void store_user_fn(const struct store_user *user, const struct err *err, void *ctx);
void store_user_get(struct store *store, const struct store_who *who, store_user_fn *done,
                    void *ctx);

/* who: what the new token is to say; user_id 0: refused. */
typedef void store_token_fn(const struct store_who *who, const struct err *err, void *ctx);

/* The user of that player, made when there is none. */
void store_user_register(struct store *store, const char *player, int64_t now_ms,
                         store_token_fn *done, void *ctx);

/* The same with a session. `hash` stands for its refresh token, and is never given out twice. */
void store_session_begin(struct store *store, const char *player, const char *hash, int64_t now_ms,
                         int64_t expires_ms, store_token_fn *done, void *ctx);
/* `next` takes the place of `hash`. Refused: unknown, too old, or replaced before; the last also ends
 * the session, since two know a token that one was given. */
void store_session_refresh(struct store *store, const char *hash, const char *next, int64_t now_ms,
                           int64_t expires_ms, store_token_fn *done, void *ctx);
/* End the session, or all of the user and every token that was given out. Doing so again is no
 * error. */
typedef void store_ended_fn(bool is_known, const struct err *err, void *ctx);
void store_session_end(struct store *store, const struct store_who *who, bool all,
                       store_ended_fn *done, void *ctx);

/* ---- bookmarks and keywords ------------------------------------------------------------------ */

enum store_edit { STORE_ADD, STORE_REMOVE, STORE_TOGGLE };
enum store_edited {
    STORE_EDITED_ADDED,
    STORE_EDITED_REMOVED,
    STORE_EDITED_ALREADY, /* it was there */
    STORE_EDITED_ABSENT,  /* it was not there */
    STORE_EDITED_FULL,    /* the user has as many as may be */
    STORE_EDITED_UNKNOWN  /* no such deal */
};
/* title: the deal's, or the keyword. */
struct store_edit_answer {
    bool is_known;
    enum store_edited done;
    const char *title;
};
typedef void store_edit_fn(const struct store_edit_answer *answer, const struct err *err,
                           void *ctx);
void store_mark_edit(struct store *store, const struct store_who *who, enum store_edit edit,
                     const char *product_id, int64_t now_ms, store_edit_fn *done, void *ctx);
void store_word_edit(struct store *store, const struct store_who *who, enum store_edit edit,
                     const char *title, int64_t now_ms, store_edit_fn *done, void *ctx);

/* Which of these deals the user has bookmarks on, in no promised order. At most 1,000. */
struct store_marked {
    bool is_known;
    const char *const *product_ids;
    int n;
};
typedef void store_marked_fn(const struct store_marked *marked, const struct err *err, void *ctx);
void store_marked(struct store *store, const struct store_who *who, const char *const *product_ids,
                  int n, store_marked_fn *done, void *ctx);

struct store_settings {
    bool is_known;
    int64_t user_id;
    bool alarm_status;
    int64_t max_push_count;
    const char *const *keywords; /* oldest first; not of store_settings_set() */
    int n_keywords;
};
typedef void store_settings_fn(const struct store_settings *settings, const struct err *err,
                               void *ctx);
void store_settings_get(struct store *store, const struct store_who *who, store_settings_fn *done,
                        void *ctx);
/* DEAL_UNKNOWN: as it is. alarm_status 0 or 1; max_push_count at most INT32_MAX. */
void store_settings_set(struct store *store, const struct store_who *who, int64_t alarm_status,
                        int64_t max_push_count, int64_t now_ms, store_settings_fn *done, void *ctx);

/* ---- lists of deals -------------------------------------------------------------------------- */

/* Of a deal only what the app's lists show is filled in: product_id, title, counts, score, posted_at,
 * sort_at, addresses, image, sold out, deleted, title changed. */
struct store_user_deal {
    struct deal deal;
    const char *keyword; /* of the push list */
    bool is_marked;      /* by this user */
};
struct store_user_deals {
    bool is_known;
    int64_t user_id;
    const struct store_user_deal *deals;
    int n;
    bool has_more; /* than STORE_USER_LIST_MAX */
};
typedef void store_user_deals_fn(const struct store_user_deals *list, const struct err *err,
                                 void *ctx);
/* The user's last bookmarks, in the order in which they were made. */
void store_mark_list(struct store *store, const struct store_who *who, store_user_deals_fn *done,
                     void *ctx);
/* What the user was last told of, newest deal first. */
void store_push_list(struct store *store, const struct store_who *who, store_user_deals_fn *done,
                     void *ctx);

/* ---- notices, pushes to everybody ------------------------------------------------------------ */

struct store_notice {
    int64_t id;
    const char *title, *category, *content;
    int64_t created_at_ms;
};
typedef void store_notices_fn(const struct store_notice *notices, int n, bool has_more,
                              const struct err *err, void *ctx);
void store_notices(struct store *store, store_notices_fn *done, void *ctx); /* newest first */

/* id 0: there is none. */
typedef void store_id_fn(int64_t id, const struct err *err, void *ctx);
void store_notice_add(struct store *store, const struct store_notice *notice, store_id_fn *done,
                      void *ctx);
void store_notice_remove(struct store *store, int64_t id, store_id_fn *done, void *ctx);

/* Queue a push to every user in push_outbox. The same text again within a minute is a slip of the
 * finger, and is_new false. */
typedef void store_broadcast_fn(bool is_new, const struct err *err, void *ctx);
void store_broadcast(struct store *store, const char *headings, const char *contents,
                     int64_t now_ms, store_broadcast_fn *done, void *ctx);

#endif
