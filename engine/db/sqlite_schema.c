/* SPDX-License-Identifier: MIT */
/* sqlite_schema.c - which schema a SQLite file has, and bringing it up to date. */
#include "db/schema.h"
#include "db/sqlite_conn.h"

int sqlite_schema_version(struct sqlite_conn *conn, int *version_out)
{
    sqlite3_stmt *stmt;
    int rc;

    *version_out = 0;
    if (sqlite_prepare(conn, SQL_HAS_SCHEMA, &stmt) < 0)
        return -1;
    rc = sqlite_step(conn, stmt);
    sqlite3_reset(stmt);
    if (rc <= 0)
        return rc;
    if (sqlite_prepare(conn, SQL_VERSION, &stmt) < 0 || sqlite_step(conn, stmt) < 0)
        return -1;
    *version_out = sqlite3_column_int(stmt, 0);
    sqlite3_reset(stmt);
    return 0;
}

static int note_step(struct sqlite_conn *conn, const struct schema_step *step)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, SQL_MIGRATED, &stmt) < 0)
        return -1;
    sqlite_bind_int(stmt, 1, step->version);
    sqlite_bind_str(stmt, 2, step->name);
    return sqlite_step(conn, stmt);
}

/* The version is read again inside the transaction: another engine may have been first. */
static int apply_next(struct sqlite_conn *conn)
{
    struct store_op *op = conn->op;
    const struct schema_step *step;

    if (sqlite_run(conn, SQL_BEGIN) < 0 || sqlite_schema_version(conn, &op->version) < 0)
        return -1;
    step = schema_step(op->version + 1);
    if (!step)
        return sqlite_run(conn, SQL_COMMIT);
    if (sqlite_exec(conn, step->sqlite_sql) < 0 || note_step(conn, step) < 0 ||
        sqlite_commit(conn) < 0)
        return err_prefix(&op->err, "migration %04d_%s", step->version, step->name);
    op->version = step->version;
    op->applied++;
    return 0;
}

int sqlite_schema_migrate(struct sqlite_conn *conn)
{
    do {
        if (apply_next(conn) < 0)
            return -1;
    } while (conn->op->version < schema_version());
    return 0;
}
