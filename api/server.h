/* SPDX-License-Identifier: MIT */
/* server.h - the running API: public listener, operator's listener, store; start and ordered end.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"

struct server;

/* Listens when it returns 0. The database is not needed for that: it is asked once in the
 * background, and what is wrong with it (away, or a schema that needs a migration) is told in the
 * log. */
MUST_CHECK int server_new(struct loop *loop, const struct config *config, struct server **out,
                          struct err *err);
int server_port(const struct server *server);
int server_admin_port(const struct server *server); /* 0: there is none */

/* The listening sockets, to be given to another process; -1: there is none. */
int server_listen_fd(const struct server *server);
int server_admin_listen_fd(const struct server *server);

/* Another process serves the operator's listener from now on. Before server_stop(). */
void server_hand_over(struct server *server);

/* Accept no more, finish what runs; `stopped` comes once, at the latest after deadline_ms. */
typedef void server_stopped_fn(void *ctx);
void server_stop(struct server *server, int64_t deadline_ms, server_stopped_fn *stopped, void *ctx);
void server_free(struct server **server);

#endif
