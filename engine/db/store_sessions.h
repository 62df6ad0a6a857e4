/* SPDX-License-Identifier: MIT */
/* store_sessions.h - does a connection to PostgreSQL keep its session?
 *
 * Behind a pooler in transaction mode it does not: each statement may be another session's. What this program
 * sets at the beginning of a session (time zone, time limits), the statements that it has prepared, and LISTEN
 * are then lost. Correctness hangs on none of them: writes, leases and turns are one statement each.
 */
#ifndef DB_STORE_SESSIONS_H
#define DB_STORE_SESSIONS_H

#include "db/store.h"

struct store_sessions;

/* Two stores of one PostgreSQL, with no other call under way. keeps is false when `store` was seen with two
 * sessions. done once, later; then, or before, free it. Takes half a second. */
typedef void store_sessions_fn(bool keeps, const struct err *err, void *ctx);
struct store_sessions *store_sessions_probe(struct loop *loop, struct store *store,
                                            struct store *other, store_sessions_fn *done, void *ctx);
void store_sessions_free(struct store_sessions **probe); /* after store_free() of both */

#endif
