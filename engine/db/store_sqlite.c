/* SPDX-License-Identifier: MIT */
/* store_sqlite.c - SQLite behind store.h: carries operations to the worker thread and back.
 *
 * The connections belong to the worker thread's works, which run one at a time and in order; the
 * loop's thread never touches them. Reading has a connection of its own, so that a list neither
 * creates the file nor migrates it; a program that only reads deals, but writes the app's users, has a
 * third one (guest).
 */
#include "db/ask_priv.h"
#include "db/sqlite_conn.h"

struct sqlite_store {
    struct loop *loop;
    char *path;
    struct sqlite_conn writer, reader, guest;
};

static void *sqlite_open(struct loop *loop, const char *rest, int64_t timeout_ms)
{
    struct sqlite_store *store = mem_new(struct sqlite_store);

    (void)timeout_ms; /* each operation brings its own */
    store->loop = loop;
    store->path = mem_strdup(rest);
    store->writer.path = store->reader.path = store->guest.path = store->path;
    store->guest.may_write = true;
    store->writer.may_create = true;
    return store;
}

static int run_op(struct sqlite_conn *conn, struct store_op *op)
{
    switch (op->kind) {
    case STORE_WRITE:
        return sqlite_write(conn, op);
    case STORE_RUN_BEGIN:
        return sqlite_run_begin(conn, op);
    case STORE_RUN_END:
        return sqlite_run_end(conn, op);
    case STORE_RUNS_RECOVER:
        return sqlite_runs_recover(conn, op);
    case STORE_LAST_DUE:
        return sqlite_last_due(conn, op);
    case STORE_LIST:
        return sqlite_list(conn, op);
    case STORE_FIND:
        return sqlite_find(conn, op);
    case STORE_KNOWN:
        return sqlite_known(conn, op);
    case STORE_ALIVE_DUE:
        return sqlite_alive_due(conn, op);
    case STORE_ALIVE_WRITE:
        return sqlite_alive_write(conn, op);
    case STORE_FIELDS_WRITE:
        return sqlite_fields_write(conn, op);
    case STORE_FIELDS_RECENT:
        return sqlite_fields_recent(conn, op);
    case STORE_STATE_GET:
        return sqlite_state_get(conn, op);
    case STORE_STATE_SET:
        return sqlite_state_set(conn, op);
    case STORE_REPORT_OPEN:
        return sqlite_report_open(conn, op);
    case STORE_REPORT_CLOSE:
        return sqlite_report_close(conn, op);
    case STORE_REPORTS:
        return sqlite_reports(conn, op);
    case STORE_RUNS_RECENT:
        return sqlite_runs_recent(conn, op);
    case STORE_ARRIVALS:
        return sqlite_arrivals(conn, op);
    case STORE_EVENTS:
        return sqlite_events(conn, op);
    case STORE_ASK:
        return sqlite_ask(conn, op);
    case STORE_MIGRATE:
    case STORE_CHECK:
        return 0; /* entering the connection has done it */
    case STORE_OP_KINDS:
        break;
    }
    check(false);
}

static struct sqlite_conn *conn_for(struct sqlite_store *store, const struct store_op *op)
{
    bool writes = op->kind == STORE_ASK && ask_table[op->ask].writes;

    if (op->is_reader)
        return writes ? &store->guest : &store->reader;
    return op->kind == STORE_LIST || op->kind == STORE_FIND ? &store->reader : &store->writer;
}

/* On the worker thread. */
static void work_op(void *ctx)
{
    struct store_op *op = ctx;
    struct sqlite_store *store = op->backend;
    struct sqlite_conn *conn = conn_for(store, op);

    if (sqlite_conn_enter(conn, op) < 0 || run_op(conn, op) < 0)
        check(op->err.code != ERR_OK);
    sqlite_conn_leave(conn);
}

static void sqlite_start(void *backend, struct store_op *op)
{
    struct sqlite_store *store = backend;

    op->backend = store;
    op->deadline_mono_ms = sqlite_now_ms() + op->timeout_ms;
    loop_work(store->loop, work_op, store_op_finish, op);
}

/* On the worker thread, behind the last operation. */
static void work_close(void *ctx)
{
    struct sqlite_store *store = ctx;

    /* The reader first: the last connection to go folds the WAL into the file, and may write. */
    sqlite_conn_close(&store->reader);
    sqlite_conn_close(&store->guest);
    sqlite_conn_close(&store->writer);
}

static void on_closed(void *ctx)
{
    struct sqlite_store *store = ctx;

    mem_free(store->path);
    mem_free(store);
}

static void sqlite_close(void *backend)
{
    struct sqlite_store *store = backend;

    loop_work(store->loop, work_close, on_closed, store);
}

const struct store_vtable store_sqlite_vtable = {
    .kind = "sqlite",
    .open = sqlite_open,
    .start = sqlite_start,
    .close = sqlite_close,
};
