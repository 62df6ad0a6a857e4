/* SPDX-License-Identifier: MIT */
/* loop_pg.h - one PostgreSQL connection on the loop.
 *
 * Connects by itself on first use and again after a loss; statements queue and run one at a time.
 * Each statement has a deadline (connecting included): past it the connection is dropped and its
 * callback gets ERR_STORE_AWAY, as for a server that can't be reached or is not able to work; what it refuses is ERR_STORE. Source: libpq chapter 34, PQconnectStart/PQconnectPoll,
 * PQsendQueryParams, PQsendPrepare, PQconsumeInput, PQnotifies.
 */
#ifndef BASE_LOOP_PG_H
#define BASE_LOOP_PG_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct loop_pg;

/* result: PGresult *, borrowed for the call; NULL on error. err holds SQLSTATE and the server's
 * text without secrets. */
typedef void loop_pg_fn(const void *result, const struct err *err, void *ctx);

struct loop_pg *loop_pg_new(struct loop *loop, const char *url, int64_t timeout_ms);

/* Called (if set) when a connection was made, before the first statement: return SQL to run first,
 * or NULL. */
void loop_pg_set_session_sql(struct loop_pg *pg, const char *sql);

/* Queue one statement ($1.. are text parameters, NULL = SQL NULL; all copied). With n_params = 0
 * several statements separated by ';' may be given (simple protocol, one transaction). */
void loop_pg_query(struct loop_pg *pg, const char *sql, const char *const *params, int n_params,
                   loop_pg_fn *done, void *ctx);

/* The same for a statement whose text comes again and again: each connection prepares it once, which
 * spares the server most of a short statement's cost. Of one connection 64 texts are kept; more, and
 * all behind a pooler that gives each statement another connection, run as by loop_pg_query().
 * The server may plan it without a look at the parameters (see plan_cache_mode), so a LIMIT had
 * better be a literal. n_params is not 0. */
void loop_pg_query_kept(struct loop_pg *pg, const char *sql, const char *const *params,
                        int n_params, loop_pg_fn *done, void *ctx);

/* Hear the notifications of `channel` (a plain lower-case name; NOTIFY) while a connection stands;
 * takes the place of the session's SQL. `heard` says "look at the database": something was told, or
 * the connection was lost while no statement ran, and what is told until the next one stands is not
 * heard. Any number of notifications may be one call. Statements connect again, not this. */
void loop_pg_listen(struct loop_pg *pg, const char *channel, loop_fn *heard, void *ctx);

bool loop_pg_is_connected(const struct loop_pg *pg);
int loop_pg_pending(const struct loop_pg *pg);

/* Statements that this program has sent, on all connections. */
uint64_t loop_pg_statements(void);

/* Drops the connection; waiting callbacks do not come. */
void loop_pg_free(struct loop_pg **pg);

#endif
