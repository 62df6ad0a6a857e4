/* SPDX-License-Identifier: MIT */
/* store_postgres.c - PostgreSQL behind store.h: a few connections, each with its schema judged once,
 * then one statement for each operation.
 *
 * The least busy connection takes an operation; they connect when they are first needed, so quiet
 * times need one. With one connection (the engine's) operations run in the order they came.
 */
#include "base/str.h"
#include "db/postgres_conn.h"
#include "db/schema.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static const char version_sql[] = "SELECT coalesce(max(version), 0), "
                                  "current_setting('server_encoding') FROM schema_version";

static void op_judge_schema(struct store_op *op);
static void on_version(const void *result, const struct err *err, void *ctx);
static void op_run(struct store_op *op);

struct pool {
    struct postgres_store conns[STORE_CONNECTIONS_MAX];
    int n;
    struct loop *loop;
    char *url, *session_sql;
    int64_t timeout_ms;
};

static void conn_open(struct pool *pool, struct postgres_store *conn)
{
    list_init(&conn->ops);
    conn->pg = loop_pg_new(pool->loop, pool->url, pool->timeout_ms);
    loop_pg_set_session_sql(conn->pg, pool->session_sql);
}

/* The server gives up a statement that nobody waits for any more, by itself, and what a frozen program
 * has left open. */
static void *postgres_open(struct loop *loop, const char *url, int64_t timeout_ms)
{
    struct pool *pool = mem_new(struct pool);

    *pool = (struct pool){
        .n = 1, .loop = loop, .url = mem_strdup(url), .timeout_ms = timeout_ms};
    pool->session_sql =
        mem_printf("SET TimeZone = 'UTC'; SET jit = off; SET statement_timeout = %lld; "
                   "SET idle_in_transaction_session_timeout = %lld",
                   (long long)timeout_ms, (long long)timeout_ms);
    conn_open(pool, &pool->conns[0]);
    return pool;
}

static void postgres_set_connections(void *backend, int n)
{
    struct pool *pool = backend;

    while (pool->n < n)
        conn_open(pool, &pool->conns[pool->n++]);
}

static void postgres_close(void *backend)
{
    struct pool *pool = backend;
    struct list *at, *next;

    for (int i = 0; i < pool->n; i++)
        loop_pg_free(&pool->conns[i].pg);
    for (int i = 0; i < pool->n; i++)
        LIST_FOREACH (at, next, &pool->conns[i].ops)
            postgres_finish(container_of(at, struct store_op, backend_link), NULL);
    mem_free(pool->url);
    mem_free(pool->session_sql);
    mem_free(pool);
}

/* What lease_hold() raises. */
static bool is_lease_lost(const struct err *err)
{
    return strstr(err->text, " CD001: ");
}

/* After any error the schema is judged anew: somebody may have changed it under this connection. */
void postgres_finish(struct store_op *op, const struct err *err)
{
    struct postgres_store *store = op->backend;

    if (err) {
        op->err = *err;
        if (is_lease_lost(err))
            op->err.code = ERR_LEASE_LOST;
        else
            store->is_schema_good = false;
    }
    list_remove(&op->backend_link);
    store->n_ops--;
    store_op_finish(op); /* may free the store, and this backend with it */
}

const char *postgres_number(struct store_op *op, int64_t n)
{
    return n == DEAL_UNKNOWN ? NULL : arena_printf(&op->arena, "%lld", (long long)n);
}

int64_t postgres_field(const void *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? DEAL_UNKNOWN
                                            : str_int_of(PQgetvalue(result, row, column));
}

/* ---- an operation's way ---------------------------------------------------------------------- */

/* Among equals one that stands, and of these the first. */
static struct postgres_store *least_busy(struct pool *pool)
{
    struct postgres_store *best = &pool->conns[0];

    for (int i = 1; i < pool->n; i++) {
        struct postgres_store *conn = &pool->conns[i];

        if (conn->n_ops < best->n_ops ||
            (conn->n_ops == best->n_ops && loop_pg_is_connected(conn->pg) &&
             !loop_pg_is_connected(best->pg)))
            best = conn;
    }
    return best;
}

static void postgres_start(void *backend, struct store_op *op)
{
    struct postgres_store *store = least_busy(backend);

    op->backend = store;
    list_append(&store->ops, &op->backend_link);
    store->n_ops++;
    if (!loop_pg_is_connected(store->pg))
        store->is_schema_good = false;
    if (store->is_schema_good && op->kind != STORE_CHECK && op->kind != STORE_MIGRATE)
        op_run(op);
    else
        op_judge_schema(op);
}

static void op_judge_schema(struct store_op *op)
{
    struct postgres_store *store = op->backend;

    loop_pg_query(store->pg, version_sql, NULL, 0, on_version, op);
}

/* "undefined table" (SQLSTATE 42P01) only says that there is no schema yet. */
static bool is_no_table(const struct err *err)
{
    return err && strstr(err->text, " 42P01: ");
}

/* Titles are Korean: an encoding that can't hold them must show at once, not at the first deal. */
static int encoding_accept(const void *result, struct err *err)
{
    const char *encoding = PQgetvalue(result, 0, 1);

    if (str_eq(encoding, "UTF8"))
        return 0;
    return err_set(err, ERR_STORE,
                   "postgresql: the database's encoding is %s: create it with ENCODING 'UTF8'",
                   encoding);
}

static int version_accept(struct store_op *op, const void *result, struct err *err)
{
    op->version = result ? (int)postgres_field(result, 0, 0) : 0;
    if (result && encoding_accept(result, err) < 0)
        return -1;
    if (op->kind == STORE_MIGRATE && op->version < schema_version())
        return 0;
    if (schema_accept(op->version, err) < 0)
        return err_prefix(err, "postgresql");
    return 0;
}

static void on_version(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    struct postgres_store *store = op->backend;
    struct err refused;

    if (atomic_load(&op->cancelled))
        postgres_finish(op, NULL);
    else if (err && !is_no_table(err))
        postgres_finish(op, err);
    else if (version_accept(op, result, &refused) < 0)
        postgres_finish(op, &refused);
    else if (op->kind == STORE_MIGRATE) {
        postgres_migrate(op);
    } else {
        store->is_schema_good = true;
        op_run(op);
    }
}

static void op_run(struct store_op *op)
{
    switch (op->kind) {
    case STORE_CHECK:
        postgres_finish(op, NULL); /* judging the schema has done it */
        break;
    case STORE_WRITE:
        postgres_write(op);
        break;
    case STORE_RUN_BEGIN:
        postgres_run_begin(op);
        break;
    case STORE_RUN_END:
        postgres_run_end(op);
        break;
    case STORE_RUNS_RECOVER:
        postgres_runs_recover(op);
        break;
    case STORE_LAST_DUE:
        postgres_last_due(op);
        break;
    case STORE_LIST:
        postgres_list(op);
        break;
    case STORE_FIND:
        postgres_find(op);
        break;
    case STORE_KNOWN:
        postgres_known(op);
        break;
    case STORE_ALIVE_DUE:
        postgres_alive_due(op);
        break;
    case STORE_ALIVE_WRITE:
        postgres_alive_write(op);
        break;
    case STORE_FIELDS_WRITE:
        postgres_fields_write(op);
        break;
    case STORE_FIELDS_RECENT:
        postgres_fields_recent(op);
        break;
    case STORE_STATE_GET:
        postgres_state_get(op);
        break;
    case STORE_STATE_SET:
        postgres_state_set(op);
        break;
    case STORE_REPORT_OPEN:
        postgres_report_open(op);
        break;
    case STORE_REPORT_CLOSE:
        postgres_report_close(op);
        break;
    case STORE_REPORTS:
        postgres_reports(op);
        break;
    case STORE_RUNS_RECENT:
        postgres_runs_recent(op);
        break;
    case STORE_ARRIVALS:
        postgres_arrivals(op);
        break;
    case STORE_EVENTS:
        postgres_events(op);
        break;
    case STORE_ASK:
        postgres_ask(op);
        break;
    case STORE_MIGRATE:
    case STORE_OP_KINDS:
        check(false);
    }
}

/* ---- migrations ------------------------------------------------------------------------------ */

static void on_migrated(const void *result, const struct err *err, void *ctx);

/* One transaction (several statements in one message are one). The lock makes engines that start
 * together go one by one; the version is read behind it. */
static char *migration_sql(const struct schema_step *step)
{
    return mem_printf(
        "DO $migrate$ DECLARE found integer := 0; BEGIN "
        "IF current_setting('server_encoding') <> 'UTF8' THEN RAISE 'the database''s encoding is %%: "
        "create it with ENCODING ''UTF8''', current_setting('server_encoding'); END IF; "
        "PERFORM pg_advisory_xact_lock(hashtextextended('catchdeal schema', 0)); "
        "PERFORM set_config('catchdeal.applied', '0', true); "
        "IF to_regclass('schema_version') IS NOT NULL THEN "
        "EXECUTE 'SELECT coalesce(max(version), 0) FROM schema_version' INTO found; END IF; "
        "IF found = %d THEN EXECUTE $step$%s$step$; "
        "EXECUTE 'INSERT INTO schema_version (version, name) VALUES ($1, $2)' USING %d, '%s'; "
        "PERFORM set_config('catchdeal.applied', '1', true); "
        "END IF; END $migrate$; "
        "SELECT max(version), current_setting('catchdeal.applied') FROM schema_version",
        step->version - 1, step->postgres_sql, step->version, step->name);
}

void postgres_migrate(struct store_op *op)
{
    struct postgres_store *store = op->backend;
    const struct schema_step *step = schema_step(op->version + 1);
    char *sql;

    if (!step) {
        postgres_finish(op, NULL);
        return;
    }
    sql = migration_sql(step);
    loop_pg_query(store->pg, sql, NULL, 0, on_migrated, op);
    mem_free(sql);
}

static void on_migrated(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err || atomic_load(&op->cancelled)) {
        postgres_finish(op, err);
        return;
    }
    op->version = (int)postgres_field(result, 0, 0);
    op->applied += (int)postgres_field(result, 0, 1);
    if (op->version > schema_version())
        op_judge_schema(op); /* somebody newer was faster */
    else
        postgres_migrate(op);
}

const struct store_vtable store_postgres_vtable = {
    .kind = "postgresql",
    .open = postgres_open,
    .start = postgres_start,
    .close = postgres_close,
    .set_connections = postgres_set_connections,
};
