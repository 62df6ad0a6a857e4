/* SPDX-License-Identifier: MIT */
/* loop_redis.h - one connection to Redis on the loop, for what may be lost: a cache.
 *
 * It connects by itself, and again after a loss, with growing pauses. Commands are sent at once or
 * fail at once: none waits for a connection. Each has a deadline (connecting as well); past it the
 * connection is dropped, since the next answer could not be told from this one's. hiredis (C library)
 * looks host names up without our loop, as libpq does.
 */
#ifndef BASE_LOOP_REDIS_H
#define BASE_LOOP_REDIS_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct loop_redis;

/* bytes: a string, status or number, borrowed for the call; NULL for nil, and on error. err
 * (ERR_STORE): not connected, lost, too late, or Redis's own words. */
typedef void loop_redis_fn(const char *bytes, size_t len, const struct err *err, void *ctx);

/* url: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], %-escapes decoded, or
 * unix:/PATH for a socket (database 0, no password). ERR_CONFIG for another
 * form; the text never holds the password. The log tells when Redis goes and when it is back. */
MUST_CHECK int loop_redis_new(struct loop *loop, const char *url, int64_t timeout_ms,
                              struct loop_redis **out, struct err *err);
bool loop_redis_is_ready(const struct loop_redis *redis);
int loop_redis_pending(const struct loop_redis *redis);

/* One command, its words as they are; copied. */
void loop_redis_command(struct loop_redis *redis, const char **words, const size_t *lens, int n,
                        loop_redis_fn *done, void *ctx);

/* Waiting callbacks do not come. */
void loop_redis_free(struct loop_redis **redis);

#endif
