/* SPDX-License-Identifier: MIT */
/* sqlite_conn.c - opening, deadlines, prepared statements and clear errors of a SQLite file.
 *
 * The engine writes and the api reads the same file from two processes: WAL lets them. A connection
 * that met damage, or whose file was removed or replaced, is closed, and the next operation opens
 * anew.
 */
#include "db/sqlite_conn.h"
#include "base/str.h"
#include "db/fold.h"
#include "db/schema.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_STEPS = 10000, LOCK_POLL_MS = 5 };

static const char *const sql_texts[] = {
#define SQL(name, text) text,
#include "db/sqlite_sql.def"
#undef SQL
};

/* ---- deadlines ------------------------------------------------------------------------------- */

int64_t sqlite_now_ms(void)
{
    struct timespec ts;

    check(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool must_stop(const struct sqlite_conn *conn)
{
    return conn->op &&
           (atomic_load(&conn->op->cancelled) || sqlite_now_ms() >= conn->op->deadline_mono_ms);
}

static int on_progress(void *ctx)
{
    return must_stop(ctx);
}

/* Another process holds the lock: 1 tries again, 0 gives up with SQLITE_BUSY. */
static int on_busy(void *ctx, int tries)
{
    struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};

    (void)tries;
    if (must_stop(ctx))
        return 0;
    nanosleep(&pause, NULL);
    return 1;
}

/* ---- counting -------------------------------------------------------------------------------- */

static atomic_uint_fast64_t n_statements;

uint64_t sqlite_statements(void)
{
    return atomic_load(&n_statements);
}

static int on_statement(unsigned event, void *ctx, void *stmt, void *text)
{
    (void)event;
    (void)ctx;
    (void)stmt;
    (void)text;
    atomic_fetch_add(&n_statements, 1);
    return 0;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const char *hint_of(int code)
{
    switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return " (another process kept it locked until the deadline)";
    case SQLITE_INTERRUPT:
        return " (the deadline passed)";
    case SQLITE_READONLY:
        return " (the file and its folder must be writable for this user)";
    case SQLITE_CANTOPEN:
        return " (the folder must exist and be accessible for this user)";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return " (the file is damaged: restore a copy, or move it away and a new one is made)";
    case SQLITE_FULL:
        return " (no space left on its disk)";
    default:
        return "";
    }
}

/* It speaks of the file, its disk and its locks, not of what was to be written. */
static bool code_is_away(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
        return false;
    default:
        return true;
    }
}

static bool code_breaks_connection(int code)
{
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_IOERR ||
           code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

int sqlite_fail(struct sqlite_conn *conn, const char *doing)
{
    int code = sqlite3_errcode(conn->db) & 0xff;

    if (code_breaks_connection(code))
        conn->is_broken = true;
    return err_set(&conn->op->err, code_is_away(code) ? ERR_STORE_AWAY : ERR_STORE,
                   "sqlite %s: %s: %s%s", conn->path, doing, sqlite3_errmsg(conn->db),
                   hint_of(code));
}

/* ---- statements ------------------------------------------------------------------------------ */

int sqlite_prepare(struct sqlite_conn *conn, enum sqlite_sql which, sqlite3_stmt **out)
{
    sqlite3_stmt **stmt = &conn->statements[which];

    if (!*stmt && sqlite3_prepare_v3(conn->db, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                     stmt, NULL) != SQLITE_OK)
        return sqlite_fail(conn, "prepare");
    sqlite3_reset(*stmt);
    sqlite3_clear_bindings(*stmt);
    *out = *stmt;
    return 0;
}

int sqlite_step(struct sqlite_conn *conn, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(stmt);
        return 0;
    }
    sqlite_fail(conn, "step");
    sqlite3_reset(stmt);
    return -1;
}

int sqlite_run(struct sqlite_conn *conn, enum sqlite_sql which)
{
    sqlite3_stmt *stmt;

    if (sqlite_prepare(conn, which, &stmt) < 0 || sqlite_step(conn, stmt) < 0)
        return -1;
    sqlite3_reset(stmt);
    return 0;
}

int sqlite_exec(struct sqlite_conn *conn, const char *sql)
{
    if (sqlite3_exec(conn->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(conn, "exec");
    return 0;
}

/* Whoever asked was told that it failed when the deadline has passed: then it must not be stored.
 */
int sqlite_commit(struct sqlite_conn *conn)
{
    if (must_stop(conn))
        return err_set(&conn->op->err, ERR_STORE_AWAY,
                       "sqlite %s: the deadline passed before the commit", conn->path);
    return sqlite_run(conn, SQL_COMMIT);
}

void sqlite_bind_str(sqlite3_stmt *stmt, int at, const char *s)
{
    check(sqlite3_bind_text(stmt, at, s, -1, SQLITE_STATIC) == SQLITE_OK);
}

void sqlite_bind_int(sqlite3_stmt *stmt, int at, int64_t n)
{
    /* CLOCK_NONE is the same value. */
    int rc = n == DEAL_UNKNOWN ? sqlite3_bind_null(stmt, at) : sqlite3_bind_int64(stmt, at, n);

    check(rc == SQLITE_OK);
}

/* ---- opening and closing --------------------------------------------------------------------- */

void sqlite_conn_close(struct sqlite_conn *conn)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(conn->statements[i]);
        conn->statements[i] = NULL;
    }
    for (int i = 0; i < ASK_COUNT; i++) {
        sqlite3_finalize(conn->asked[i]);
        conn->asked[i] = NULL;
    }
    check(sqlite3_close(conn->db) == SQLITE_OK);
    conn->db = NULL;
    conn->is_broken = false;
}

/* The folder that must be there before the last one of `folder` is made. NULL: no such one may be
 * made, for what would stand directly in "/" is a slip in the path. */
static const char *parent_of(struct arena *arena, const char *folder)
{
    const char *slash = strrchr(folder, '/');

    if (!slash)
        return ".";
    return slash == folder ? NULL : arena_printf(arena, "%.*s", (int)(slash - folder), folder);
}

/* At most the last folder of the path is made: a wrong path shall not become a tree of folders. */
static int make_folder(struct sqlite_conn *conn)
{
    struct store_op *op = conn->op;
    const char *slash = strrchr(conn->path, '/');
    const char *folder, *parent;

    if (!slash || slash == conn->path)
        return 0;
    folder = arena_printf(&op->arena, "%.*s", (int)(slash - conn->path), conn->path);
    if (access(folder, F_OK) == 0)
        return 0;
    parent = parent_of(&op->arena, folder);
    if (!parent || access(parent, F_OK) < 0)
        return err_set(&op->err, ERR_STORE_AWAY, "sqlite %s: there is no folder %s%s", conn->path,
                       parent ? parent : folder,
                       parent ? " (only the last folder of the path is made)" : "");
    if (mkdir(folder, 0777) == 0 || errno == EEXIST)
        return 0;
    return err_set(&op->err, ERR_STORE_AWAY, "sqlite %s: cannot make the folder %s: %s", conn->path,
                   folder, strerror(errno));
}

static int file_there(struct sqlite_conn *conn)
{
    if (access(conn->path, F_OK) == 0)
        return 0;
    return err_set(&conn->op->err, ERR_STORE_AWAY,
                   "sqlite %s: %s (catchdeal-engine makes it when it first runs)", conn->path,
                   errno == ENOENT ? "there is no database yet" : strerror(errno));
}

/* deal_fold(text) of migration 0004. */
static void sql_fold(sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    struct arena arena;

    (void)n;
    if (!text || !str_utf8_valid(text, strlen(text))) /* written by another program */
        return;
    arena_init(&arena);
    sqlite3_result_text(context, fold_text(&arena, text), -1, SQLITE_TRANSIENT);
    arena_fini(&arena);
}

static int open_file(struct sqlite_conn *conn)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

    if ((conn->may_create ? make_folder(conn) : file_there(conn)) < 0)
        return -1;
    if (conn->may_create)
        flags |= SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(conn->path, &conn->db, flags, NULL) != SQLITE_OK) {
        sqlite_fail(conn, "open");
        conn->is_broken = true;
        return -1;
    }
    sqlite3_busy_handler(conn->db, on_busy, conn);
    sqlite3_progress_handler(conn->db, PROGRESS_STEPS, on_progress, conn);
    sqlite3_extended_result_codes(conn->db, 1);
    check(sqlite3_create_function(conn->db, "deal_fold", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                  sql_fold, NULL, NULL) == SQLITE_OK);
    sqlite3_trace_v2(conn->db, SQLITE_TRACE_STMT, on_statement, NULL);
    return 0;
}

/* Two programs that start together both switch to WAL; SQLite answers one of them with SQLITE_BUSY
 * and does not ask the busy handler. */
static int set_pragmas(struct sqlite_conn *conn)
{
    static const char common[] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;";
    const char *sql = conn->may_create  ? "PRAGMA journal_mode = WAL;"
                      : conn->may_write ? "PRAGMA query_only = OFF;"
                                        : "PRAGMA query_only = ON;";
    int rc;

    do {
        rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    } while ((rc & 0xff) == SQLITE_BUSY && on_busy(conn, 0));
    return rc == SQLITE_OK ? sqlite_exec(conn, common) : sqlite_fail(conn, sql);
}

static void remember_file(struct sqlite_conn *conn)
{
    struct stat st;

    if (stat(conn->path, &st) < 0) {
        conn->is_broken = true;
        return;
    }
    conn->device = st.st_dev;
    conn->inode = st.st_ino;
}

static bool file_was_replaced(const struct sqlite_conn *conn)
{
    struct stat st;

    return stat(conn->path, &st) < 0 || st.st_dev != conn->device || st.st_ino != conn->inode;
}

static int ensure_open(struct sqlite_conn *conn)
{
    if (conn->db && file_was_replaced(conn))
        sqlite_conn_close(conn);
    if (conn->db)
        return 0;
    if (open_file(conn) < 0)
        return -1;
    if (set_pragmas(conn) < 0) {
        conn->is_broken = true;
        return -1;
    }
    remember_file(conn);
    return 0;
}

static int ensure_schema(struct sqlite_conn *conn)
{
    struct store_op *op = conn->op;

    if (sqlite_schema_version(conn, &op->version) < 0)
        return -1;
    if (conn->may_create && op->version < schema_version() && sqlite_schema_migrate(conn) < 0)
        return -1;
    if (schema_accept(op->version, &op->err) < 0)
        return err_prefix(&op->err, "sqlite %s", conn->path);
    return 0;
}

int sqlite_conn_enter(struct sqlite_conn *conn, struct store_op *op)
{
    conn->op = op;
    if (must_stop(conn))
        return err_set(&op->err, ERR_STORE_AWAY, "sqlite %s: the deadline passed in the queue",
                       conn->path);
    if (ensure_open(conn) < 0)
        return -1;
    return ensure_schema(conn);
}

void sqlite_conn_leave(struct sqlite_conn *conn)
{
    conn->op = NULL;
    if (!conn->db)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_reset(conn->statements[i]);
    for (int i = 0; i < ASK_COUNT; i++)
        sqlite3_reset(conn->asked[i]);
    if (!sqlite3_get_autocommit(conn->db) &&
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        conn->is_broken = true;
    if (conn->is_broken)
        sqlite_conn_close(conn);
}
