/* SPDX-License-Identifier: MIT */
/* sqlite_conn.h - one connection to the SQLite file, and what runs on it. Inside db/ only.
 *
 * All of this runs on the loop's worker thread, one operation at a time. An operation takes hold of
 * the connection by sqlite_conn_enter() and lets go by sqlite_conn_leave(); in between, waiting for
 * locks and long statements end at the operation's deadline or when it is cancelled.
 */
#ifndef DB_SQLITE_CONN_H
#define DB_SQLITE_CONN_H

#include "db/store_vtable.h"

#include <sqlite3.h>
#include <sys/types.h>

enum sqlite_sql {
#define SQL(name, text) SQL_##name,
#include "db/sqlite_sql.def"
#undef SQL
    SQL_COUNT
};

struct sqlite_conn {
    const char *path; /* borrowed */
    bool may_create;  /* the engine's: makes the file and migrates it */
    bool may_write;   /* a guest's: the app's rows, in a file that the engine made */
    sqlite3 *db;      /* NULL: closed */
    dev_t device;     /* of the file that is open, to notice that another took its place */
    ino_t inode;
    sqlite3_stmt *statements[SQL_COUNT];
    sqlite3_stmt *asked[ASK_COUNT]; /* see sqlite_ask.c */
    struct store_op *op; /* whose turn it is */
    bool is_broken;      /* to be closed on leave */
};

/* Statements that this program has begun, on all connections. Any thread. */
uint64_t sqlite_statements(void);

/* CLOCK_MONOTONIC; clock_mono_ms() belongs to the loop's thread and stands still in tests. */
int64_t sqlite_now_ms(void);

/* Opens what is not open, judges or makes the schema. op->applied and op->version are set. */
MUST_CHECK int sqlite_conn_enter(struct sqlite_conn *conn, struct store_op *op);
/* Rolls back what was left open. */
void sqlite_conn_leave(struct sqlite_conn *conn);
void sqlite_conn_close(struct sqlite_conn *conn);

/* 0 when the statement is ready, its old values cleared. */
MUST_CHECK int sqlite_prepare(struct sqlite_conn *conn, enum sqlite_sql which, sqlite3_stmt **out);
/* 1 a row, 0 the end, -1 op->err is set. */
MUST_CHECK int sqlite_step(struct sqlite_conn *conn, sqlite3_stmt *stmt);
/* Prepare, step once without parameters, reset. */
MUST_CHECK int sqlite_run(struct sqlite_conn *conn, enum sqlite_sql which);
MUST_CHECK int sqlite_exec(struct sqlite_conn *conn, const char *sql);
MUST_CHECK int sqlite_commit(struct sqlite_conn *conn);
/* op->err from the connection's last error, with how to mend it. Returns -1. */
int sqlite_fail(struct sqlite_conn *conn, const char *doing);

/* NULL and the unknown number bind as SQL NULL. Text must live until the statement is reset. */
void sqlite_bind_str(sqlite3_stmt *stmt, int at, const char *s);
void sqlite_bind_int(sqlite3_stmt *stmt, int at, int64_t n);

/* The column's value, and on to the next one. Text is copied into the operation's arena. */
const char *sqlite_read_str(struct store_op *op, sqlite3_stmt *stmt, int *column);
int64_t sqlite_read_int(sqlite3_stmt *stmt, int *column);

/* Columns in the order of DEAL_COLUMNS. Returns the number of the one after them. */
int sqlite_read_deal(struct store_op *op, sqlite3_stmt *stmt, struct deal *out);

/* The schema's version, 0 for none. */
MUST_CHECK int sqlite_schema_version(struct sqlite_conn *conn, int *version_out);
MUST_CHECK int sqlite_schema_migrate(struct sqlite_conn *conn); /* sets op->applied, op->version */

/* The operations, on an entered connection. */
MUST_CHECK int sqlite_write(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_run_begin(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_run_end(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_runs_recover(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_last_due(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_also_on(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_find(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_events(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_list(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_known(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_alive_due(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_alive_write(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_fields_write(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_fields_recent(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_state_get(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_state_set(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_report_open(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_report_close(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_reports(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_runs_recent(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_ask(struct sqlite_conn *conn, struct store_op *op);
MUST_CHECK int sqlite_arrivals(struct sqlite_conn *conn, struct store_op *op);

#endif
