/* SPDX-License-Identifier: MIT */
/* auth.h - who asks: tokens (JWT, HS256 and nothing else), the keys that sign them, registration's rules.
 *
 * A token is proof of a signature and a time; whether its user is still there, and whether it was
 * revoked, the same statement says that answers the request (db/store_users.h). The claims:
 *
 *     legacy   {app_user_id, exp}; ver, once the user has revoked tokens. Lives legacy_token_life.
 *     /v3      {app_user_id, exp, sid}; ver likewise. Lives access_token_life, and ends with its
 *              session: a refresh token, which is no JWT but 32 random bytes of which SHA-256 is kept.
 *
 * Keys: "KID:SECRET" or "SECRET" (its kid is made from it), one a line in jwt_secret_file, or in
 * jwt_secret separated by commas. The first one signs, all of them verify; a token without kid is
 * tried with each. Where neither is set, the first token makes a key and keeps it in the file
 * jwt.secret beside the SQLite database, else in var/.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "db/store_users.h"

struct auth;

/* ERR_CONFIG: a file that can't be read, a key that is too short (32 bytes) or given twice, a hash of
 * unknown form. config must outlive it. */
MUST_CHECK int auth_new(const struct config *config, struct auth **out, struct err *err);
void auth_free(struct auth **auth);

enum auth_verdict {
    AUTH_GOOD,
    AUTH_NONE,    /* there is no token */
    AUTH_EXPIRED, /* it was good once */
    AUTH_BAD,
};

/* The value of Authorization: "TOKEN" or "Bearer TOKEN" (case does not count); NULL: none. *who is set
 * when good, else all zero. */
enum auth_verdict auth_read(struct auth *auth, const char *header, int64_t now_ms,
                            struct store_who *who);

/* A token for `who`, legacy when it has no session. NULL: there is no key and none could be kept; err
 * (ERR_CONFIG) says why. */
const char *auth_token(struct auth *auth, struct arena *arena, const struct store_who *who,
                       int64_t now_ms, struct err *err);

/* ---- refresh tokens -------------------------------------------------------------------------- */

enum { AUTH_REFRESH_CHARS = 43, AUTH_HASH_CHARS = 64 };

void auth_refresh_make(char token[AUTH_REFRESH_CHARS + 1]);
/* What the store keeps of it. */
void auth_hash(const char *text, char hash[AUTH_HASH_CHARS + 1]);

/* ---- the app's own key ----------------------------------------------------------------------- */

/* Whether the value of X-App-Key (or NULL) lets its sender register: always, unless app_key_sha256 is
 * set. In constant time. */
bool auth_app_key_fits(const struct auth *auth, const char *given);

#endif
