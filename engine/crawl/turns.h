/* SPDX-License-Identifier: MIT */
/* turns.h - whose turn it is at a host, when several programs share a database: engines, and commands beside
 * them.
 *
 * A turn is asked for before a page is, and given back behind it with the pause that it wants and with what the
 * host answered; so one page at a time, delays and back-off hold over all of them. What is held is renewed; that
 * of a program that died runs out. While the database is away everybody has the turn, and is polite alone.
 */
#ifndef CRAWL_TURNS_H
#define CRAWL_TURNS_H

#include "base/loop.h"
#include "db/store_lease.h"

#include <stdbool.h>

struct turns;
struct turn; /* of one host */

/* store: shared (store_is_shared()), borrowed. ttl_ms: how long a turn is held without being renewed. */
struct turns *turns_new(struct loop *loop, struct store *store, int64_t ttl_ms);
void turns_free(struct turns **turns); /* after store_free(), and after each turn_free() */

/* answer: what the host's row says; number 0 and wait_ms: not ours, ask again after that. Comes once for each
 * turn_ask(), later. host: copied. */
typedef void turn_fn(const struct store_turn *answer, void *ctx);
struct turn *turn_new(struct turns *turns, const char *host, turn_fn *answer, void *ctx);
void turn_free(struct turn **turn); /* what is held is given back */

/* Not while it is asked for or held. */
void turn_ask(struct turn *turn, int64_t min_delay_ms);
bool turn_is_asked(const struct turn *turn);
bool turn_is_held(const struct turn *turn);

/* It is held. end->turn is filled in here; texts are copied. */
void turn_give(struct turn *turn, const struct store_turn_end *end);

#endif
