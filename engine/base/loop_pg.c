/* SPDX-License-Identifier: MIT */
/* loop_pg.c - libpq's asynchronous side on our loop.
 *
 *     AWAY > CONNECTING > SESSION > READY > (lost, timed out) AWAY
 *
 * One statement runs at a time; the others wait in the order they came. All have the same time
 * limit, so the first in line is always the first to run out of time and one timer serves all.
 * Known limit: libpq looks host names up without our loop, so a name that DNS is slow to answer
 * blocks; sockets, addresses and names of /etc/hosts do not.
 */
#include "base/loop_pg.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_MAX = 64, NAME_BYTES = 24 };

enum pg_state { PG_AWAY, PG_CONNECTING, PG_SESSION, PG_READY };

struct statement {
    struct list link;
    char *sql;
    char **params;
    int n_params;
    uint64_t hash; /* of a text to be kept; 0: it is not */
    int64_t deadline_ms;
    loop_pg_fn *done;
    void *ctx;
};

struct loop_pg {
    struct loop *loop;
    char *url;
    char *session_sql;
    int64_t timeout_ms;
    enum pg_state state;
    PGconn *conn;
    struct loop_io *io;
    struct loop_timer *kick;     /* "look what is to be done", in the next turn */
    struct loop_timer *deadline; /* of the first statement */
    struct list waiting;         /* the first of them runs when `running` */
    bool running;
    uint64_t kept[KEPT_MAX]; /* texts that this connection has prepared */
    int n_kept;
    bool preparing;   /* what runs prepares the first statement, which comes next */
    bool keeps_none;  /* what was prepared got lost once: a pooler, or another schema */
    PGresult *result; /* last of the running statement, or NULL */
    struct loop_timer *hear; /* calls `heard` in the next turn; NULL: nobody listens */
    bool busy;        /* a callback runs: one that frees us only marks it */
    bool freed;
};

static void on_kick(void *ctx);
static void on_socket(void *ctx, unsigned events);
static void on_deadline(void *ctx);

/* ---- statements ------------------------------------------------------------------------------ */

static struct statement *first_of(struct list *head)
{
    return container_of(list_first(head), struct statement, link);
}

static void statement_free(struct statement *s)
{
    list_remove(&s->link);
    for (int i = 0; i < s->n_params; i++)
        mem_free(s->params[i]);
    mem_free(s->params);
    mem_free(s->sql);
    mem_free(s);
}

static void arm_deadline(struct loop_pg *pg)
{
    if (list_is_empty(&pg->waiting))
        loop_timer_stop(pg->deadline);
    else
        loop_timer_start(pg->deadline, first_of(&pg->waiting)->deadline_ms - clock_mono_ms());
}

static void pg_destroy(struct loop_pg *pg);

/* Give the statement its end. false: the callback has freed pg. */
static bool finish(struct loop_pg *pg, struct statement *s, const PGresult *result,
                   const struct err *err)
{
    loop_pg_fn *done = s->done;
    void *ctx = s->ctx;

    statement_free(s);
    pg->busy = true;
    done(result, err, ctx);
    pg->busy = false;
    if (!pg->freed)
        return true;
    pg_destroy(pg);
    return false;
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* libpq's texts have several lines and end with a newline. */
static void add_one_line(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++)
        if (*text != '\n' && *text != '\t')
            out[n++] = *text;
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static void error_of_conn(const struct loop_pg *pg, struct err *err)
{
    char text[512];

    add_one_line(text, sizeof(text), PQerrorMessage(pg->conn));
    err_set(err, ERR_STORE_AWAY, "postgresql: %s", *text ? text : "connection lost");
}

/* Classes of SQLSTATE that speak of the server and its state, not of the statement or its data. */
static bool is_away(const char *state)
{
    static const char *const classes[] = {
        "08", /* connection */
        "25", /* a standby, or read-only; a transaction that waited too long */
        "40", /* deadlock, serialization */
        "53", /* no room, no memory, too many connections */
        "55", /* a lock was not to be had */
        "57", /* shutting down, starting up, cancelled */
        "58", /* its files */
    };

    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (str_starts(state, classes[i]))
            return true;
    return str_eq(state, "42P01") || str_eq(state, "42501"); /* being restored: no table, no grant */
}

static void error_of_result(const PGresult *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char text[512];

    add_one_line(text, sizeof(text), primary ? primary : PQresultErrorMessage(result));
    err_set(err, !state || is_away(state) ? ERR_STORE_AWAY : ERR_STORE, "postgresql: %s: %s",
            state ? state : "no SQLSTATE", text);
}

static void on_notice(void *ctx, const PGresult *result)
{
    char text[512];

    (void)ctx;
    add_one_line(text, sizeof(text), PQresultErrorMessage(result));
    log_debug("pg", "notice", "text=%s", log_quote(text));
}

/* ---- connection ------------------------------------------------------------------------------ */

static void drop_connection(struct loop_pg *pg)
{
    loop_io_free(&pg->io);
    PQclear(pg->result);
    pg->result = NULL;
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->state = PG_AWAY;
    pg->running = false;
    pg->preparing = false;
    pg->n_kept = 0;
}

/* A connection that is lost while it only listens has no statement to tell it. */
static void tell_idle_loss(struct loop_pg *pg)
{
    if (pg->hear && pg->state == PG_READY && list_is_empty(&pg->waiting))
        loop_timer_start(pg->hear, 0);
}

/* Every statement that waits now fails; those that their callbacks add try anew. */
static void fail_all(struct loop_pg *pg, const struct err *err)
{
    struct list failed;
    bool alive = true;

    tell_idle_loss(pg);
    drop_connection(pg);
    log_debug("pg", "connection failed", "error=%s", log_quote(err->text));
    list_init(&failed);
    while (!list_is_empty(&pg->waiting))
        list_move(&failed, list_first(&pg->waiting));
    while (!list_is_empty(&failed))
        if (alive)
            alive = finish(pg, first_of(&failed), NULL, err);
        else
            statement_free(first_of(&failed));
    if (alive)
        arm_deadline(pg);
}

static void watch(struct loop_pg *pg, unsigned events)
{
    if (!pg->io)
        pg->io = loop_io_new(pg->loop, PQsocket(pg->conn), on_socket, pg);
    loop_io_want(pg->io, events);
}

/* The text of a URL that can't be parsed may hold its password, and libpq repeats it. */
static bool url_is_sound(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    PQconninfoFree(options);
    return options != NULL;
}

static void start_connecting(struct loop_pg *pg)
{
    const char *const names[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const values[] = {pg->url, "catchdeal", "UTF8", NULL};
    struct err err;

    if (!url_is_sound(pg->url)) {
        err_set(&err, ERR_STORE, "postgresql: bad URL, expected postgresql://user@host/name");
        fail_all(pg, &err);
        return;
    }
    pg->conn = PQconnectStartParams(names, values, 1);
    check(pg->conn);
    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        error_of_conn(pg, &err);
        fail_all(pg, &err);
        return;
    }
    PQsetNoticeReceiver(pg->conn, on_notice, NULL);
    pg->state = PG_CONNECTING;
    watch(pg, LOOP_WRITE);
}

static void send_next(struct loop_pg *pg);

static void connected(struct loop_pg *pg)
{
    struct err err;

    log_debug("pg", "connected", "server=%d", PQserverVersion(pg->conn));
    pg->state = PG_READY;
    if (PQsetnonblocking(pg->conn, 1) < 0) {
        error_of_conn(pg, &err);
        fail_all(pg, &err);
    } else if (pg->session_sql) {
        pg->state = PG_SESSION;
        send_next(pg);
    } else {
        send_next(pg);
    }
}

static void go_on_connecting(struct loop_pg *pg)
{
    struct err err;

    /* libpq may close its socket and open another with the same number (next address, TLS refused):
     * a watcher that lives through that would never fire again. */
    loop_io_free(&pg->io);
    switch (PQconnectPoll(pg->conn)) {
    case PGRES_POLLING_READING:
        watch(pg, LOOP_READ);
        break;
    case PGRES_POLLING_OK:
        watch(pg, LOOP_READ);
        connected(pg);
        break;
    case PGRES_POLLING_FAILED:
        error_of_conn(pg, &err);
        fail_all(pg, &err);
        break;
    default:
        watch(pg, LOOP_WRITE);
        break;
    }
}

/* ---- running a statement --------------------------------------------------------------------- */

static void flush_out(struct loop_pg *pg)
{
    struct err err;
    int left = PQflush(pg->conn);

    if (left >= 0) {
        loop_io_want(pg->io, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
        return;
    }
    error_of_conn(pg, &err);
    fail_all(pg, &err);
}

static uint64_t n_statements;

uint64_t loop_pg_statements(void)
{
    return n_statements;
}

static bool is_kept(const struct loop_pg *pg, uint64_t hash)
{
    for (int i = 0; i < pg->n_kept; i++)
        if (pg->kept[i] == hash)
            return true;
    return false;
}

/* By its text, so that whoever else prepared the name behind a pooler meant the same. */
static void name_of(const struct statement *s, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "cd_%016llx", (unsigned long long)s->hash);
}

static int send_statement(struct loop_pg *pg, const struct statement *s)
{
    const char *const *params = (const char *const *)s->params;
    char name[NAME_BYTES];

    name_of(s, name);
    pg->preparing =
        s->hash && !pg->keeps_none && !is_kept(pg, s->hash) && pg->n_kept < KEPT_MAX;
    if (pg->preparing)
        return PQsendPrepare(pg->conn, name, s->sql, 0, NULL);
    n_statements++;
    if (!s->n_params)
        return PQsendQuery(pg->conn, s->sql);
    if (s->hash && !pg->keeps_none && is_kept(pg, s->hash))
        return PQsendQueryPrepared(pg->conn, name, s->n_params, params, NULL, NULL, 0);
    return PQsendQueryParams(pg->conn, s->sql, s->n_params, NULL, params, NULL, NULL, 0);
}

static bool is_sqlstate(const PGresult *result, const char *state)
{
    const char *found = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    return found && str_eq(found, state);
}

/* Is the first statement to be sent (again)? It was prepared, or could not be, or what was prepared is
 * gone (26000, 42P05: a pooler) or outdated (0A000): nothing has been done in its name then. */
static bool goes_on(struct loop_pg *pg, const PGresult *result, bool failed)
{
    struct statement *s;
    bool was_preparing = pg->preparing;

    pg->preparing = false;
    if (pg->state != PG_READY || PQstatus(pg->conn) == CONNECTION_BAD)
        return false;
    s = first_of(&pg->waiting);
    if (was_preparing && !failed) {
        pg->kept[pg->n_kept++] = s->hash;
        return true;
    }
    if (!failed || !s->hash)
        return false;
    s->hash = 0;
    if (is_sqlstate(result, "26000") || is_sqlstate(result, "42P05") || is_sqlstate(result, "0A000")) {
        log_debug("pg", "statements are not kept any more", "sqlstate=%s",
                  PQresultErrorField(result, PG_DIAG_SQLSTATE));
        pg->keeps_none = true;
        return true;
    }
    return was_preparing;
}

static void send_next(struct loop_pg *pg)
{
    struct err err;
    int sent;

    if (pg->running || (pg->state != PG_SESSION && list_is_empty(&pg->waiting)))
        return;
    sent = pg->state == PG_SESSION ? PQsendQuery(pg->conn, pg->session_sql)
                                   : send_statement(pg, first_of(&pg->waiting));
    if (!sent) {
        error_of_conn(pg, &err);
        fail_all(pg, &err);
        return;
    }
    pg->running = true;
    flush_out(pg);
}

static bool is_failure(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

/* What was told stands between results, and behind the last one. */
static void take_notifications(struct loop_pg *pg)
{
    PGnotify *told;

    while ((told = PQnotifies(pg->conn))) {
        PQfreemem(told);
        if (pg->hear)
            loop_timer_start(pg->hear, 0);
    }
}

/* The server has sent all results of the running statement; the last one counts. */
static void statement_done(struct loop_pg *pg)
{
    PGresult *result = pg->result;
    bool was_session = pg->state == PG_SESSION;
    struct err err = {0};
    bool failed;

    take_notifications(pg);
    pg->result = NULL;
    pg->running = false;
    failed = !result || is_failure(result);
    if (goes_on(pg, result, failed)) {
        PQclear(result);
        send_next(pg);
        return;
    }
    if (failed && result)
        error_of_result(result, &err);
    else if (failed)
        error_of_conn(pg, &err);
    if (failed && (was_session || PQstatus(pg->conn) == CONNECTION_BAD)) {
        fail_all(pg, &err);
    } else if (was_session) {
        pg->state = PG_READY;
        send_next(pg);
    } else if (finish(pg, first_of(&pg->waiting), failed ? NULL : result, failed ? &err : NULL)) {
        arm_deadline(pg);
        send_next(pg);
    }
    PQclear(result);
}

/* COPY would need a conversation that nobody here holds. */
static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static void take_results(struct loop_pg *pg)
{
    struct err err;

    if (!PQconsumeInput(pg->conn)) {
        error_of_conn(pg, &err);
        fail_all(pg, &err);
        return;
    }
    take_notifications(pg);
    while (pg->running && !PQisBusy(pg->conn)) {
        PGresult *result = PQgetResult(pg->conn);

        if (!result) {
            statement_done(pg);
            return;
        }
        PQclear(pg->result);
        pg->result = result;
        if (is_copy(result)) {
            err_set(&err, ERR_STORE, "postgresql: COPY is not supported here");
            fail_all(pg, &err);
            return;
        }
    }
}

static void on_socket(void *ctx, unsigned events)
{
    struct loop_pg *pg = ctx;

    if (pg->state == PG_CONNECTING) {
        go_on_connecting(pg);
        return;
    }
    /* Each of the two may end in a callback that frees pg; what is readable is so in the next turn.
     */
    if (events & LOOP_WRITE)
        flush_out(pg);
    else
        take_results(pg);
}

/* ---- face ------------------------------------------------------------------------------------ */

static void on_kick(void *ctx)
{
    struct loop_pg *pg = ctx;

    if (list_is_empty(&pg->waiting))
        return;
    if (pg->state == PG_AWAY)
        start_connecting(pg);
    else if (pg->state == PG_READY)
        send_next(pg);
}

static void on_deadline(void *ctx)
{
    struct loop_pg *pg = ctx;
    struct err err;

    if (list_is_empty(&pg->waiting))
        return;
    if (first_of(&pg->waiting)->deadline_ms > clock_mono_ms()) {
        arm_deadline(pg);
        return;
    }
    err_set(&err, ERR_STORE_AWAY, "postgresql: %s: timed out after %lld ms",
            pg->state == PG_READY ? "statement" : "connecting", (long long)pg->timeout_ms);
    /* The answer to this statement must not be taken for another's. */
    if (pg->running || pg->state == PG_CONNECTING)
        drop_connection(pg);
    if (finish(pg, first_of(&pg->waiting), NULL, &err)) {
        arm_deadline(pg);
        loop_timer_start(pg->kick, 0);
    }
}

struct loop_pg *loop_pg_new(struct loop *loop, const char *url, int64_t timeout_ms)
{
    struct loop_pg *pg = mem_new(struct loop_pg);

    check(timeout_ms > 0);
    *pg = (struct loop_pg){.loop = loop, .url = mem_strdup(url), .timeout_ms = timeout_ms};
    list_init(&pg->waiting);
    pg->kick = loop_timer_new(loop, on_kick, pg);
    pg->deadline = loop_timer_new(loop, on_deadline, pg);
    return pg;
}

void loop_pg_set_session_sql(struct loop_pg *pg, const char *sql)
{
    mem_free(pg->session_sql);
    pg->session_sql = mem_strdup(sql);
}

static void queue(struct loop_pg *pg, const char *sql, uint64_t hash, const char *const *params,
                  int n_params, loop_pg_fn *done, void *ctx)
{
    struct statement *s = mem_new(struct statement);

    *s = (struct statement){
        .sql = mem_strdup(sql), .hash = hash, .n_params = n_params, .done = done, .ctx = ctx};
    s->params = mem_array((size_t)n_params + 1, sizeof(*s->params));
    for (int i = 0; i < n_params; i++)
        s->params[i] = mem_strdup(params[i]);
    s->deadline_ms = clock_mono_ms() + pg->timeout_ms;
    list_init(&s->link);
    list_append(&pg->waiting, &s->link);
    if (!loop_timer_is_armed(pg->deadline))
        arm_deadline(pg);
    loop_timer_start(pg->kick, 0);
}

void loop_pg_query(struct loop_pg *pg, const char *sql, const char *const *params, int n_params,
                   loop_pg_fn *done, void *ctx)
{
    queue(pg, sql, 0, params, n_params, done, ctx);
}

/* FNV-1a; 0 stands for "not kept". */
static uint64_t hash_of(const char *sql)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

void loop_pg_query_kept(struct loop_pg *pg, const char *sql, const char *const *params,
                        int n_params, loop_pg_fn *done, void *ctx)
{
    check(n_params > 0);
    queue(pg, sql, hash_of(sql), params, n_params, done, ctx);
}

void loop_pg_listen(struct loop_pg *pg, const char *channel, loop_fn *heard, void *ctx)
{
    char *sql = mem_printf("LISTEN %s", channel);

    check(!pg->hear && pg->state == PG_AWAY);
    loop_pg_set_session_sql(pg, sql);
    mem_free(sql);
    pg->hear = loop_timer_new(pg->loop, heard, ctx);
}

bool loop_pg_is_connected(const struct loop_pg *pg)
{
    return pg->state == PG_READY && PQstatus(pg->conn) == CONNECTION_OK;
}

int loop_pg_pending(const struct loop_pg *pg)
{
    return (int)list_count(&pg->waiting);
}

static void pg_destroy(struct loop_pg *pg)
{
    drop_connection(pg);
    while (!list_is_empty(&pg->waiting))
        statement_free(first_of(&pg->waiting));
    loop_timer_free(&pg->kick);
    if (pg->hear)
        loop_timer_free(&pg->hear);
    loop_timer_free(&pg->deadline);
    mem_free(pg->session_sql);
    mem_free(pg->url);
    mem_free(pg);
}

void loop_pg_free(struct loop_pg **pg_ptr)
{
    struct loop_pg *pg = *pg_ptr;

    *pg_ptr = NULL;
    if (!pg)
        return;
    if (pg->busy)
        pg->freed = true;
    else
        pg_destroy(pg);
}
