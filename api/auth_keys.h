/* SPDX-License-Identifier: MIT */
/* auth_keys.h - the keys that sign tokens; see auth.h, which alone includes this. */
#ifndef API_AUTH_KEYS_H
#define API_AUTH_KEYS_H

#include "base/config.h"
#include "base/err.h"

enum { AUTH_KEYS_MAX = 16, AUTH_KID_MAX_BYTES = 64, AUTH_SECRET_MIN_BYTES = 32 };

struct auth_key {
    char *kid;
    char *secret;
    size_t len;
};

struct auth_keys;

MUST_CHECK int auth_keys_new(const struct config *config, struct auth_keys **out, struct err *err);
void auth_keys_free(struct auth_keys **keys);

/* The text of a secret file, or of jwt_secret with commas between: "KID:SECRET" or "SECRET", '#'
 * begins a line that is none. `where` begins the messages. */
MUST_CHECK int auth_keys_parse(struct auth_keys *keys, const char *text, const char *where,
                               struct err *err);

/* While there is none, the file that another process may have made meanwhile is looked for. */
const struct auth_key *auth_keys_at(struct auth_keys *keys, size_t i); /* NULL past the last */
const struct auth_key *auth_keys_find(struct auth_keys *keys, const char *kid);
/* The first one; made and kept when there is none. NULL: err says why not. */
const struct auth_key *auth_keys_signing(struct auth_keys *keys, struct err *err);

#endif
