/* SPDX-License-Identifier: MIT */
/* store_vtable.h - between store.c and the two databases behind it. Nobody else includes this.
 *
 * An operation is one call of store.h on its way: deep copies of what was asked, room for the
 * answer. The front makes it, hands it to the backend's start(), and gets it back by
 * store_op_finish(): exactly once, on the loop's thread, never from inside start(). The front alone
 * knows the callback, the deadline timer and whether anybody still waits; the backend only sees
 * `cancelled`.
 */
#ifndef DB_STORE_VTABLE_H
#define DB_STORE_VTABLE_H

#include "base/list.h"
#include "db/store.h"

#include <stdatomic.h>

enum store_op_kind {
    STORE_MIGRATE,
    STORE_CHECK,
    STORE_WRITE,
    STORE_RUN_BEGIN,
    STORE_RUN_END,
    STORE_RUNS_RECOVER,
    STORE_LAST_DUE,
    STORE_LIST,
    STORE_OP_KINDS
};

union store_callback {
    store_done_fn *done;
    store_migrate_fn *migrate;
    store_write_fn *write;
    store_run_fn *run;
    store_time_fn *time;
    store_deals_fn *deals;
};

struct store_op {
    enum store_op_kind kind;
    struct arena arena; /* copies and answer */

    /* the front's */
    struct list link;    /* of the store's operations that somebody waits for */
    struct store *store; /* NULL: nobody waits any more */
    struct loop_timer *deadline;
    union store_callback callback;
    void *ctx;
    atomic_bool cancelled;

    /* the backend's */
    void *backend;
    struct list backend_link;

    int64_t deadline_mono_ms;

    /* asked */
    int64_t timeout_ms; /* of the backend: a little less than the front's, whose text says less */
    bool is_reader;     /* never make, migrate or change a database */
    const char *engine; /* whose runs these are */
    struct store_batch batch; /* rows sorted: see store_op.c */
    struct store_run run;
    struct store_query query; /* both bounds as one: before_sort_ms, before_id */
    const char *site, *run_kind;
    int64_t at_ms;

    /* answer: err.code is ERR_OK, or what went wrong */
    struct err err;
    int applied, version;
    struct store_counts counts;
    int64_t number; /* run id, or a time */
    struct deal *deals;
    int n_deals;
};

struct store_vtable {
    const char *kind;
    /* rest: the url behind its scheme for SQLite, the whole url for PostgreSQL. Cannot fail:
     * nothing is connected yet. */
    void *(*open)(struct loop *loop, const char *rest, int64_t timeout_ms);
    void (*start)(void *backend, struct store_op *op);
    /* All operations are cancelled already; they are finished now or later. */
    void (*close)(void *backend);
};

extern const struct store_vtable store_sqlite_vtable;
extern const struct store_vtable store_postgres_vtable;

void store_op_finish(void *op); /* a loop_fn */

/* ---- store_op.c: copies ---------------------------------------------------------------------- */

struct store_op *store_op_new(enum store_op_kind kind);
void store_op_free(struct store_op **op);

/* sort_at of a deal that is first seen at at_ms. */
int64_t store_op_sort_at(const struct deal_row *row, int64_t at_ms);

/* Bytes that are not UTF-8 become U+FFFD. NULL gives NULL. */
char *store_op_text(struct store_op *op, const char *s);

/* On bad data the operation's err is set, and it must be finished without a backend. */
void store_op_take_batch(struct store_op *op, const struct store_batch *batch);
void store_op_take_run(struct store_op *op, const struct store_run *run);
void store_op_take_query(struct store_op *op, const struct store_query *query);

#endif
