/* SPDX-License-Identifier: MIT */
/* watch.h - tells when the engine has committed something, wherever it runs.
 *
 * The database is asked for its newest event twice a second: one look at the end of an index. A
 * database that is away is asked all the same, and what happened meanwhile is told when it is back.
 */
#ifndef API_WATCH_H
#define API_WATCH_H

#include "base/loop.h"
#include "db/store.h"

struct watch;

/* event_id: the newest one. Comes at the first answer, and whenever it has moved since. */
typedef void watch_fn(int64_t event_id, void *ctx);

struct watch *watch_new(struct loop *loop, struct store *store, watch_fn *changed, void *ctx);
void watch_free(struct watch **watch); /* after store_free() */

#endif
