/* SPDX-License-Identifier: MIT */
/* store_watch.h - tells within a second when something has happened that lists show, whichever program wrote it.
 *
 * PostgreSQL: a connection of its own listens (NOTIFY is in the schema's triggers), so that a commit
 * is known at once; and it asks twice a second, since a broken network tells nothing. An answer that is
 * late is asked for on a second connection as well, and who answers first is kept: a listener that was lost
 * without a word costs no more than that.
 * SQLite: the file's change counter (PRAGMA data_version) is looked at four times a second.
 * A database that is away is tried again, and what happened meanwhile is told when it is back.
 */
#ifndef DB_STORE_WATCH_H
#define DB_STORE_WATCH_H

#include "db/store.h"

struct store_watch;

/* Where the database is. Each number moves with the commit of what it counts, never before, and names what
 * was read after it was told, in every process. A database restored from a copy counts anew. */
struct store_changes {
    int64_t event_id; /* of the newest deal event, 0 for none */
    int64_t counters; /* views, likes, scores, which are no events, have moved; deals are gone */
    int64_t runs;     /* runs began or ended */
    int64_t notices;  /* were added, edited, removed */
};

/* err NULL: where the database is; comes at the first answer, whenever one of the numbers has moved, and at
 * the first answer after an error. Otherwise changes is NULL and the database can't be asked; comes once
 * until it can again. */
typedef void store_watch_fn(const struct store_changes *changes, const struct err *err, void *ctx);

/* `store` and `url` are of the same database; timeout_ms as for store_open(). */
struct store_watch *store_watch_new(struct loop *loop, struct store *store, const char *url,
                                    int64_t timeout_ms, store_watch_fn *changed, void *ctx);
void store_watch_free(struct store_watch **watch); /* after store_free() */

#endif
