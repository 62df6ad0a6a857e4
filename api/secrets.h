/* SPDX-License-Identifier: MIT */
/* secrets.h - passwords of operators, of which only a hash is kept: crypt(5), made by yescrypt. */
#ifndef API_SECRETS_H
#define API_SECRETS_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>

enum { SECRETS_MAX_BYTES = 256, SECRETS_HASH_BYTES = 384 };

/* A new hash of `password`. ERR_USAGE: empty, or longer than SECRETS_MAX_BYTES. */
MUST_CHECK int secrets_hash(const char *password, char hash[SECRETS_HASH_BYTES], struct err *err);

/* ERR_CONFIG when it is no hash that this system knows; "" is fine: nobody has that password. */
MUST_CHECK int secrets_accept(const char *key, const char *hash, struct err *err);

struct secrets;

struct secrets *secrets_new(struct loop *loop);
void secrets_free(struct secrets **secrets); /* no callback comes any more */

/* Whether `given` is the password behind `hash` (both copied). It takes some 20 ms, on the loop's worker
 * thread, and as long for a wrong one. */
typedef void secrets_fn(bool fits, void *ctx);
void secrets_ask(struct secrets *secrets, const char *hash, const char *given, secrets_fn *done,
                 void *ctx);

#endif
