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
#include "db/ask.h"
#include "db/store.h"
#include "db/store_find.h"

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
    STORE_KNOWN,
    STORE_ALIVE_DUE,
    STORE_ALIVE_WRITE,
    STORE_FIELDS_WRITE,
    STORE_FIELDS_RECENT,
    STORE_STATE_GET,
    STORE_STATE_SET,
    STORE_REPORT_OPEN,
    STORE_REPORT_CLOSE,
    STORE_REPORTS,
    STORE_RUNS_RECENT,
    STORE_ARRIVALS,
    STORE_ASK,
    STORE_FIND,
    STORE_EVENTS,
    STORE_OP_KINDS
};

union store_callback {
    store_done_fn *done;
    store_table_fn *table;
    store_migrate_fn *migrate;
    store_write_fn *write;
    store_run_fn *run;
    store_time_fn *time;
    store_deals_fn *deals;
    store_page_fn *page;
    store_known_fn *known;
    store_due_fn *due;
    store_fields_fn *fields;
    store_state_fn *state;
    store_report_fn *report;
    store_closed_fn *closed;
    store_reports_fn *reports;
    store_runs_fn *runs;
    store_hours_fn *hours;
    store_news_fn *events;
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
    struct store_fence fence;
    struct store_batch batch; /* rows sorted: see store_op.c */
    const char **title_stems; /* of the batch's rows: see merge.h */
    struct store_run run;
    struct store_query query; /* both bounds as one: before_sort_ms, before_id */
    struct store_find find;   /* word folded; query has its keyset and with_also_on */
    const char *site, *kind_name;
    int64_t at_ms;
    const char **keys;
    int n_keys;
    struct store_alive_query alive_query;
    struct store_alive_batch alive; /* results sorted like rows */
    struct store_fields fields;
    const char *layout;
    struct store_state state;
    struct store_report report;
    int limit;
    enum ask_id ask;
    const char **params; /* of the question */
    int n_params;
    bool flag; /* of fields_recent: good ones; of reports: open ones; of events: the newest */

    /* answer: err.code is ERR_OK, or what went wrong */
    struct err err;
    int applied, version;
    struct store_counts counts;
    int64_t number; /* run id, a time, or a report's id */
    bool is_so;     /* report opened: new; closed: was open */
    struct deal *deals;
    int n_deals;
    struct store_page page; /* of store_find() */
    union {
        struct store_known *known;
        struct store_due *due;
        struct store_fields *fields;
        struct store_state *states;
        struct store_report *reports;
        struct store_run *runs;
        struct store_hour *hours;
        struct store_news *events;
    } answer;
    int n_answer;
    struct store_table table;
};

struct store_vtable {
    const char *kind;
    /* rest: the url behind its scheme for SQLite, the whole url for PostgreSQL. Cannot fail:
     * nothing is connected yet. */
    void *(*open)(struct loop *loop, const char *rest, int64_t timeout_ms);
    void (*start)(void *backend, struct store_op *op);
    /* All operations are cancelled already; they are finished now or later. */
    void (*close)(void *backend);
    /* How many connections there are; before the first start(). NULL: one is all it takes. */
    void (*set_connections)(void *backend, int n);
};

extern const struct store_vtable store_sqlite_vtable;
extern const struct store_vtable store_postgres_vtable;

void store_op_finish(void *op); /* a loop_fn */

/* store.c, for the calls of store_notes.c. */
struct store_op *store_op_begin(struct store *store, enum store_op_kind kind, void *ctx);
void store_op_start(struct store_op *op);

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
void store_op_take_fence(struct store_op *op, const struct store_fence *fence); /* NULL: none */
void store_op_take_query(struct store_op *op, const struct store_query *query);
void store_op_take_keys(struct store_op *op, const char *site, const char *const *keys, int n);
void store_op_take_alive(struct store_op *op, const struct store_alive_batch *batch);
void store_op_take_fields(struct store_op *op, const struct store_fields *fields);

/* Rows of arrivals at most; how far apart twins are in sort_at at most. */
enum { STORE_HOURS_MAX = 10000 };
#define STORE_TWIN_MS (INT64_C(30) * 24 * 3600 * 1000)

/* sort_at at least this: CLOCK_NONE is the beginning of time. */
int64_t store_op_since(int64_t since_ms);

/* store_find.c: the word's pairs of letters as a JSON array; whether it has any. */
const char *store_op_grams_json(struct store_op *op);
bool store_op_word_has_grams(const struct store_op *op);
/* A deal that fits: of one more than limit it is only noted that there is more. */
void store_op_take_row(struct store_op *op, const struct deal *deal);
void store_op_end_page(struct store_op *op);

/* The listed deals that have a shop_key, as [{"id", "site", "shop", "sort_at"}]; NULL when none has
 * one or nobody asked for also_on. */
const char *store_op_shops_json(struct store_op *op);
/* One twin of a listed deal, after those of the same deal that were added before. */
void store_op_add_twin(struct store_op *op, int64_t deal_id, const struct deal_twin *twin);

/* Room for op->limit events and their deals; for each row the next event, and the deal as read, kept
 * once however many events it has. */
void store_op_events_init(struct store_op *op);
struct store_news *store_op_next_event(struct store_op *op);
struct deal *store_op_event_deal(struct store_op *op, const struct deal *read);

/* A site's, layout's or note's name: 1 to 100 bytes. */
const char *store_op_name(struct store_op *op, const char *what, const char *name);

/* A field of a run as the database answered it, ordered by layout and run; joins to op->answer. */
struct store_field_line {
    const char *layout;
    struct store_field field; /* name NULL: the run has none */
    int64_t run_id, at_ms;
    int rows;
};
void store_op_add_field(struct store_op *op, const struct store_field_line *line);

#endif
