/* SPDX-License-Identifier: MIT */
/* store_purge.h - what has been kept long enough goes, one batch a call.
 *
 * A batch is one short transaction, so that writers wait for it no longer than that; readers never wait. Rows
 * that somebody is writing on PostgreSQL are left for later. With a deal go its events; a deal that is
 * bookmarked or in a push list stays as long as that bookmark or row does.
 */
#ifndef DB_STORE_PURGE_H
#define DB_STORE_PURGE_H

#include "db/store.h"

enum store_purge_what {
    STORE_PURGE_MARKS,     /* bookmarks, by when they were made */
    STORE_PURGE_PUSH_ROWS, /* what users were told of */
    STORE_PURGE_DEALS,     /* sorted, and first seen, before */
    STORE_PURGE_EVENTS,
    STORE_PURGE_PUSHES,   /* sent or given up */
    STORE_PURGE_SESSIONS, /* ended before */
    STORE_PURGE_RUNS,     /* not running */
    STORE_PURGE_REPORTS,  /* closed before */
    STORE_PURGE_FIELDS,   /* runs of the field statistics */
    STORE_PURGE_COUNT
};
const char *store_purge_name(enum store_purge_what what); /* "deals" */

struct store_purge {
    enum store_purge_what what;
    int64_t before_ms;
    int64_t marks_before_ms; /* for deals: bookmarks and push rows older than this keep none */
    int limit;               /* rows of a batch, 1..100000; a dry run counts all */
    bool dry_run;            /* count, and change nothing */
};

/* n: rows that went (or would go). A kind is done when a batch answers 0. */
typedef void store_purge_fn(int64_t n, const struct err *err, void *ctx);
void store_purge(struct store *store, const struct store_purge *purge, store_purge_fn *done,
                 void *ctx);

#endif
