/* SPDX-License-Identifier: MIT */
/* store_watch.h - tells when something has happened to the deals, whichever program wrote it.
 *
 * PostgreSQL: a connection of its own listens (NOTIFY is in the schema's trigger), so that a commit
 * is known at once; it is also asked every few seconds, for what a broken network may have swallowed.
 * SQLite: the file's change counter (PRAGMA data_version) is looked at four times a second.
 * A database that is away is tried again, and what happened meanwhile is told when it is back.
 */
#ifndef DB_STORE_WATCH_H
#define DB_STORE_WATCH_H

#include "db/store.h"

struct store_watch;

/* err NULL: event_id is the number of the newest deal event, 0 for none; comes at the first answer,
 * whenever that number has moved, and at the first answer after an error. Counters (views, likes, scores)
 * are no events: that they moved, or that a deal is gone, is told with the number as it was. Otherwise
 * the database can't be asked; comes once until it can again. */
typedef void store_watch_fn(int64_t event_id, const struct err *err, void *ctx);

/* `store` and `url` are of the same database; timeout_ms as for store_open(). */
struct store_watch *store_watch_new(struct loop *loop, struct store *store, const char *url,
                                    int64_t timeout_ms, store_watch_fn *changed, void *ctx);
void store_watch_free(struct store_watch **watch); /* after store_free() */

#endif
