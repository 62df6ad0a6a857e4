/* SPDX-License-Identifier: MIT */
/* store.c - the front of both databases: URL, dispatch, deadlines, and "no callback after free".
 *
 * Every call becomes a struct store_op (store_vtable.h). It is on the store's list for as long as
 * its callback is owed; when the deadline passes or the store is freed first, it is cut loose: its
 * callback is settled, and the backend gives it back whenever it can.
 */
#include "db/store_vtable.h"
#include "base/loop_pg.h"
#include "base/str.h"
#include "db/sqlite_conn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct store {
    struct loop *loop;
    const struct store_vtable *vtable;
    void *backend;
    struct list ops;
    int64_t timeout_ms;
    bool is_reader;
    char *engine;
    struct store_fence fence; /* of the next call; its texts are whoever's gave it */
    int n_ops, max_ops; /* max_ops 0: no limit */
};

/* The backend's own deadline comes a tenth earlier, because it can say what it was waiting for. */
static int64_t backend_timeout_ms(int64_t timeout_ms)
{
    return timeout_ms - timeout_ms / 10;
}

static char *host_name(void)
{
    char name[256] = "";

    if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
        snprintf(name, sizeof(name), "localhost");
    return mem_strdup(name);
}

static const struct store_vtable *vtable_of_url(const char *url, const char **rest_out)
{
    *rest_out = url;
    if (str_starts(url, "postgresql://") || str_starts(url, "postgres://"))
        return &store_postgres_vtable;
    if (!str_starts(url, "sqlite:"))
        return NULL;
    *rest_out = url + strlen("sqlite:");
    /* SQLite's own ":memory:" would be another database for each connection. */
    return **rest_out && **rest_out != ':' ? &store_sqlite_vtable : NULL;
}

int store_open(struct loop *loop, const char *url, int64_t timeout_ms, struct store **out,
               struct err *err)
{
    const char *rest;
    const struct store_vtable *vtable = vtable_of_url(url, &rest);
    struct store *store;

    check(timeout_ms > 0);
    *out = NULL;
    /* The text must not repeat the url: it may hold a password. */
    if (!vtable)
        return err_set(err, ERR_CONFIG,
                       "database: expected sqlite:PATH or postgresql://USER@HOST/DATABASE");
    store = mem_new(struct store);
    store->loop = loop;
    store->vtable = vtable;
    store->timeout_ms = timeout_ms;
    store->engine = host_name();
    list_init(&store->ops);
    store->backend = vtable->open(loop, rest, backend_timeout_ms(timeout_ms));
    *out = store;
    return 0;
}

/* Nobody waits for it any more. */
static void op_cut_loose(struct store_op *op)
{
    list_remove(&op->link);
    loop_timer_free(&op->deadline);
    op->store->n_ops--;
    op->store = NULL;
    atomic_store(&op->cancelled, true);
}

void store_free(struct store **store_ptr)
{
    struct store *store = *store_ptr;
    struct list *at, *next;

    if (!store)
        return;
    *store_ptr = NULL;
    LIST_FOREACH (at, next, &store->ops)
        op_cut_loose(container_of(at, struct store_op, link));
    store->vtable->close(store->backend);
    mem_free(store->engine);
    mem_free(store);
}

const char *store_verdict_name(enum store_verdict verdict)
{
    static const char *const names[] = {[ALIVE_UNKNOWN] = "unknown",
                                        [ALIVE_HERE] = "here",
                                        [ALIVE_ABSENT] = "absent",
                                        [ALIVE_GONE_MARK] = "gone"};

    return names[verdict];
}

const char *store_kind(const struct store *store)
{
    return store->vtable->kind;
}

uint64_t store_statements(void)
{
    return sqlite_statements() + loop_pg_statements();
}

void store_set_reader(struct store *store)
{
    store->is_reader = true;
}

void store_set_pool(struct store *store, int connections, int max_calls)
{
    check(connections >= 1 && connections <= STORE_CONNECTIONS_MAX && max_calls >= 1);
    store->max_ops = max_calls;
    if (store->vtable->set_connections)
        store->vtable->set_connections(store->backend, connections);
}

int store_calls(const struct store *store)
{
    return store->n_ops;
}

void store_set_engine(struct store *store, const char *name)
{
    mem_free(store->engine);
    store->engine = mem_strdup(name);
}

const char *store_engine(const struct store *store)
{
    return store->engine;
}

void store_set_timeout(struct store *store, int64_t timeout_ms)
{
    check(timeout_ms > 0);
    store->timeout_ms = timeout_ms;
}

struct store *store_under(struct store *store, const struct store_fence *fence)
{
    store->fence = fence ? *fence : (struct store_fence){.number = 0};
    return store;
}

/* ---- an operation's way ---------------------------------------------------------------------- */

/* err: the arrays and numbers of the answer are empty. */
static void op_answer(const struct store_op *op)
{
    const struct err *err = op->err.code == ERR_OK ? NULL : &op->err;
    int n = err ? 0 : op->n_answer;

    switch (op->kind) {
    case STORE_MIGRATE:
        op->callback.migrate(op->applied, op->version, err, op->ctx);
        break;
    case STORE_WRITE:
    case STORE_ALIVE_WRITE:
        op->callback.write(err ? NULL : &op->counts, err, op->ctx);
        break;
    case STORE_RUN_BEGIN:
        op->callback.run(err ? 0 : op->number, err, op->ctx);
        break;
    case STORE_LAST_DUE:
        op->callback.time(err ? CLOCK_NONE : op->number, err, op->ctx);
        break;
    case STORE_LIST:
        op->callback.deals(err ? NULL : op->deals, err ? 0 : op->n_deals, err, op->ctx);
        break;
    case STORE_FIND:
        op->callback.page(err ? NULL : &op->page, err, op->ctx);
        break;
    case STORE_KNOWN:
        op->callback.known(op->answer.known, n, err, op->ctx);
        break;
    case STORE_ALIVE_DUE:
        op->callback.due(op->answer.due, n, err, op->ctx);
        break;
    case STORE_FIELDS_RECENT:
        op->callback.fields(op->answer.fields, n, err, op->ctx);
        break;
    case STORE_STATE_GET:
        op->callback.state(op->answer.states, n, err, op->ctx);
        break;
    case STORE_REPORT_OPEN:
        op->callback.report(err ? 0 : op->number, !err && op->is_so, err, op->ctx);
        break;
    case STORE_REPORT_CLOSE:
        op->callback.closed(!err && op->is_so, err, op->ctx);
        break;
    case STORE_REPORTS:
        op->callback.reports(op->answer.reports, n, err, op->ctx);
        break;
    case STORE_RUNS_RECENT:
        op->callback.runs(op->answer.runs, n, err, op->ctx);
        break;
    case STORE_ARRIVALS:
        op->callback.hours(op->answer.hours, n, err, op->ctx);
        break;
    case STORE_ASK:
        op->callback.table(err ? NULL : &op->table, err, op->ctx);
        break;
    case STORE_EVENTS:
        op->callback.events(op->answer.events, n, err, op->ctx);
        break;
    case STORE_CHECK:
    case STORE_RUN_END:
    case STORE_RUNS_RECOVER:
    case STORE_FIELDS_WRITE:
    case STORE_STATE_SET:
        op->callback.done(err, op->ctx);
        break;
    case STORE_OP_KINDS:
        check(false);
    }
}

void store_op_finish(void *op_ptr)
{
    struct store_op *op = op_ptr;

    if (op->store) {
        op_cut_loose(op);
        op_answer(op); /* may free the store */
    }
    store_op_free(&op);
}

/* The backend still holds the operation, so the answer given here is one of its own. */
static void on_deadline(void *ctx)
{
    struct store_op *op = ctx;
    struct store_op answer = {.kind = op->kind, .callback = op->callback, .ctx = op->ctx};

    err_set(&answer.err, ERR_STORE_AWAY, "%s: no answer within %lld ms", op->store->vtable->kind,
            (long long)op->store->timeout_ms);
    op_cut_loose(op);
    op_answer(&answer);
}

struct store_op *store_op_begin(struct store *store, enum store_op_kind kind, void *ctx)
{
    struct store_op *op = store_op_new(kind);

    op->store = store;
    op->ctx = ctx;
    op->timeout_ms = backend_timeout_ms(store->timeout_ms);
    op->is_reader = store->is_reader;
    op->engine = store_op_text(op, store->engine);
    store_op_take_fence(op, &store->fence);
    store->fence = (struct store_fence){.number = 0};
    op->deadline = loop_timer_new(store->loop, on_deadline, op);
    list_append(&store->ops, &op->link);
    store->n_ops++;
    return op;
}

static bool op_only_reads(const struct store_op *op)
{
    switch (op->kind) {
    case STORE_CHECK:
    case STORE_LIST:
    case STORE_FIND:
    case STORE_LAST_DUE:
    case STORE_KNOWN:
    case STORE_ALIVE_DUE:
    case STORE_FIELDS_RECENT:
    case STORE_STATE_GET:
    case STORE_REPORTS:
    case STORE_RUNS_RECENT:
    case STORE_ARRIVALS:
    case STORE_EVENTS:
    case STORE_ASK: /* a reader may ask: see ask.h */
        return true;
    default:
        return false;
    }
}

void store_op_start(struct store_op *op)
{
    struct store *store = op->store;

    if (op->is_reader && !op_only_reads(op))
        err_set(&op->err, ERR_STORE, "this program only reads the database");
    if (store->max_ops && store->n_ops > store->max_ops)
        err_set(&op->err, ERR_BUSY, "%s: %d calls wait already", store->vtable->kind,
                store->max_ops);
    if (op->err.code != ERR_OK) {
        loop_defer(store->loop, store_op_finish, op);
        return;
    }
    loop_timer_start(op->deadline, store->timeout_ms);
    store->vtable->start(store->backend, op);
}

/* ---- the calls ------------------------------------------------------------------------------- */

void store_migrate(struct store *store, store_migrate_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_MIGRATE, ctx);

    op->callback.migrate = done;
    store_op_start(op);
}

void store_check(struct store *store, store_done_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_CHECK, ctx);

    op->callback.done = done;
    store_op_start(op);
}

void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done,
                 void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_WRITE, ctx);

    op->callback.write = done;
    store_op_take_batch(op, batch);
    store_op_start(op);
}

void store_run_begin(struct store *store, const struct store_run *run, store_run_fn *done,
                     void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_RUN_BEGIN, ctx);

    op->callback.run = done;
    store_op_take_run(op, run);
    store_op_start(op);
}

void store_run_end(struct store *store, const struct store_run *run, store_done_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_RUN_END, ctx);

    op->callback.done = done;
    store_op_take_run(op, run);
    store_op_start(op);
}

void store_runs_recover(struct store *store, int64_t at_ms, store_done_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_RUNS_RECOVER, ctx);

    op->callback.done = done;
    op->at_ms = at_ms;
    store_op_start(op);
}

void store_last_due(struct store *store, const char *site, const char *kind, store_time_fn *done,
                    void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_LAST_DUE, ctx);

    op->callback.time = done;
    op->site = store_op_text(op, site);
    op->kind_name = store_op_text(op, kind);
    store_op_start(op);
}

void store_list(struct store *store, const struct store_query *query, store_deals_fn *done,
                void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_LIST, ctx);

    op->callback.deals = done;
    store_op_take_query(op, query);
    store_op_start(op);
}

void store_news_read(struct store *store, int64_t after_id, int limit, bool newest,
                     store_news_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_EVENTS, ctx);

    check(limit > 0 && limit <= 1000);
    op->callback.events = done;
    op->number = after_id;
    op->limit = limit;
    op->flag = newest;
    op->query.with_also_on = true;
    store_op_start(op);
}
