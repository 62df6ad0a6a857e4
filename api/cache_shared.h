/* SPDX-License-Identifier: MIT */
/* cache_shared.h - finished answers that several api processes share: Redis, where one is configured.
 *
 * It is a help and never a need: while Redis is away, slow or full, bodies are made as without it. The
 * name of an answer holds what its bytes depend on: the database, this program's version and settings,
 * the state of the database that is in it, the minute where it shows ages, and the cache's own key. So nothing
 * has to be deleted; answers expire, and what was made before a change is not found after it. (A
 * database that is restored from a copy counts anew: then answers of before may be found
 * for two minutes.)
 * Whoever can write to that Redis can write what clients see.
 */
#ifndef API_CACHE_SHARED_H
#define API_CACHE_SHARED_H

#include "api/negotiate.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"

struct cache_shared;

/* *out is NULL where no Redis is configured. */
MUST_CHECK int cache_shared_new(struct loop *loop, const struct config *config,
                                struct cache_shared **out, struct err *err);
void cache_shared_free(struct cache_shared **shared); /* no callback comes after it */

bool cache_shared_is_ready(const struct cache_shared *shared); /* NULL: it is not */

/* state: of the database (store_watch.h), as text. minute: of made_ms, or -1 where it doesn't count. In the arena. */
const char *cache_shared_name(const struct cache_shared *shared, struct arena *arena,
                              const char *key, const char *state, int64_t minute);

struct cache_shared_answer {
    const char *body; /* borrowed; NUL behind it */
    size_t len;
    int64_t made_ms;
    char etag[NEGOTIATE_ETAG_BYTES]; /* of the body, as negotiate_etag() made it */
};

/* answer is borrowed for the call; NULL: not there, or nobody can tell. The arena lives until then. */
typedef void cache_shared_fn(const struct cache_shared_answer *answer, void *ctx);
void cache_shared_get(struct cache_shared *shared, struct arena *arena, const char *name,
                      cache_shared_fn *done, void *ctx);
void cache_shared_put(struct cache_shared *shared, const char *name,
                      const struct cache_shared_answer *answer);

/* What is in a value as Redis gave it (a NUL behind it); false: it is none of ours, or not whole. */
bool cache_shared_read(const char *value, size_t len, struct cache_shared_answer *out);

#endif
