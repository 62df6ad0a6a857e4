/* SPDX-License-Identifier: MIT */
/* test_db.h - the bench of the database tests: a store on an empty database, synchronous calls that
 * keep what the callback brought, and a second, plain connection that looks into the tables.
 *
 * Every call checks the asynchronous contract: no callback before the starting call returns, and
 * exactly one. PostgreSQL is one throw-away server for the program, emptied for each test.
 */
#ifndef TEST_DB_H
#define TEST_DB_H

#include "base/buf.h"
#include "base/str.h"
#include "db/schema.h"
#include "db/store.h"
#include "support/pg.h"
#include "support/unit.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>

#define UNUSED_OK __attribute__((unused))

enum { BENCH_TIMEOUT_MS = 20000 };

struct bench {
    bool is_postgres;
    struct loop *loop;
    char dir[64]; /* of the SQLite file */
    char *url;
    struct store *store;
    struct store *others[4]; /* more engines; freed with the bench */

    /* what the last answer brought */
    bool is_waiting;
    int n_answers;
    struct err err;
    struct store_counts counts;
    int applied, version;
    int64_t number;
    struct arena arena;
    struct deal deals[100];
    int n_deals;
};

/* ---- waiting --------------------------------------------------------------------------------- */

static void bench_answer(struct bench *b, const struct err *err)
{
    b->n_answers++;
    if (err)
        b->err = *err;
    if (b->is_waiting)
        loop_stop(b->loop);
}

static void bench_ask(struct bench *b)
{
    b->n_answers = 0;
    err_clear(&b->err);
}

/* The answer must not have come yet, and comes once. */
static void bench_wait(struct bench *b)
{
    assert_int_equal(b->n_answers, 0);
    b->is_waiting = true;
    loop_run(b->loop);
    b->is_waiting = false;
    assert_int_equal(b->n_answers, 1);
}

UNUSED_OK static void assert_ok(const struct bench *b)
{
    if (b->err.code != ERR_OK)
        fail_msg("unexpected: %s", b->err.text);
}

/* The error is the store's and its text holds `part`. */
UNUSED_OK static void assert_failed(const struct bench *b, const char *part)
{
    assert_true(b->err.code == ERR_STORE || b->err.code == ERR_STORE_AWAY);
    if (!strstr(b->err.text, part))
        fail_msg("expected \"%s\" in: %s", part, b->err.text);
}

/* The same may be given again later, or never. */
UNUSED_OK static void assert_away(const struct bench *b, const char *part)
{
    assert_failed(b, part);
    assert_int_equal(b->err.code, ERR_STORE_AWAY);
}

UNUSED_OK static void assert_refused(const struct bench *b, const char *part)
{
    assert_failed(b, part);
    assert_int_equal(b->err.code, ERR_STORE);
}

/* ---- calls ----------------------------------------------------------------------------------- */

UNUSED_OK static void on_done(const struct err *err, void *ctx)
{
    bench_answer(ctx, err);
}

UNUSED_OK static void on_written(const struct store_counts *counts, const struct err *err,
                                 void *ctx)
{
    struct bench *b = ctx;

    assert_true(!counts == !!err);
    b->counts = counts ? *counts : (struct store_counts){-1, -1, -1, -1};
    bench_answer(b, err);
}

UNUSED_OK static void on_number(int64_t number, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    b->number = number;
    bench_answer(b, err);
}

UNUSED_OK static void on_migrated(int applied, int version, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    b->applied = applied;
    b->version = version;
    bench_answer(b, err);
}

static void keep_texts(struct bench *b, const char **const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *texts[i] = arena_strdup(&b->arena, *texts[i]);
}

static void keep_twins(struct bench *b, struct deal *deal)
{
    struct deal_twin *twins = arena_array(&b->arena, struct deal_twin, STORE_TWINS_MAX);

    for (int i = 0; i < deal->n_also_on; i++) {
        const char **texts[] = {&twins[i].site, &twins[i].website, &twins[i].product_id,
                                &twins[i].title, &twins[i].url};

        twins[i] = deal->also_on[i];
        keep_texts(b, texts, ARRAY_LEN(texts));
    }
    deal->also_on = twins;
}

static void keep_deal(struct bench *b, const struct deal *deal)
{
    struct deal *to = &b->deals[b->n_deals++];
    const char **texts[] = {&to->row.site,         &to->row.website,   &to->row.key,
                            &to->row.product_id,   &to->row.title,     &to->row.url,
                            &to->row.redirect_url, &to->row.image_url, &to->row.mall,
                            &to->row.category,     &to->row.currency,  &to->row.shop_key};

    *to = *deal;
    keep_texts(b, texts, ARRAY_LEN(texts));
    keep_twins(b, to);
}

UNUSED_OK static void on_deals(const struct deal *deals, int n, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    b->n_deals = 0;
    for (int i = 0; i < n; i++)
        keep_deal(b, &deals[i]);
    bench_answer(b, err);
}

UNUSED_OK static void migrate(struct bench *b)
{
    bench_ask(b);
    store_migrate(b->store, on_migrated, b);
    bench_wait(b);
}

UNUSED_OK static void check_schema(struct bench *b)
{
    bench_ask(b);
    store_check(b->store, on_done, b);
    bench_wait(b);
}

UNUSED_OK static void write_batch(struct bench *b, const struct store_batch *batch)
{
    bench_ask(b);
    store_write(b->store, batch, on_written, b);
    bench_wait(b);
}

/* `at` for tests that do not care. */
#define AT INT64_C(1764000000000)

UNUSED_OK static void write_rows(struct bench *b, const struct deal_row *rows, int n)
{
    write_batch(b, &(struct store_batch){.rows = rows, .n = n, .at_ms = AT});
}

UNUSED_OK static void write_row(struct bench *b, const struct deal_row *row)
{
    write_rows(b, row, 1);
    assert_ok(b);
}

UNUSED_OK static void list_query(struct bench *b, const struct store_query *query)
{
    bench_ask(b);
    store_list(b->store, query, on_deals, b);
    bench_wait(b);
}

UNUSED_OK static struct store_query query_of(const char *site, int limit, int offset)
{
    return (struct store_query){.site = site,
                                .limit = limit,
                                .offset = offset,
                                .until_ms = CLOCK_NONE,
                                .before_sort_ms = CLOCK_NONE};
}

UNUSED_OK static void list_some(struct bench *b, const char *site, int limit, int offset)
{
    struct store_query query = query_of(site, limit, offset);

    list_query(b, &query);
}

UNUSED_OK static void list_all(struct bench *b)
{
    list_some(b, NULL, 100, 0);
    assert_ok(b);
}

UNUSED_OK static void assert_counts(const struct bench *b, int added, int changed, int same)
{
    assert_ok(b);
    if (b->counts.added != added || b->counts.changed != changed || b->counts.same != same)
        fail_msg("expected %d new, %d changed, %d same; got %d, %d, %d (and %d filled)", added,
                 changed, same, b->counts.added, b->counts.changed, b->counts.same,
                 b->counts.filled);
}

UNUSED_OK static void assert_filled(const struct bench *b, int filled)
{
    assert_counts(b, 0, 0, 0);
    assert_int_equal(b->counts.filled, filled);
}

/* ---- an answer as text ----------------------------------------------------------------------- */

UNUSED_OK static char told[100000];

UNUSED_OK PRINTF_LIKE(1, 2) static void tell(const char *fmt, ...)
{
    size_t len = strlen(told);
    va_list args;

    va_start(args, fmt);
    vsnprintf(told + len, sizeof(told) - len, fmt, args);
    va_end(args);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A deal of which only the necessary is known. Keys are short: the texts are kept in a ring. */
UNUSED_OK static struct deal_row row_of(const char *site, const char *key)
{
    static char ids[4096][48], urls[4096][80];
    static int at;

    at = (at + 1) % 4096;
    snprintf(ids[at], sizeof(ids[at]), "%s_%s", site, key);
    snprintf(urls[at], sizeof(urls[at]), "https://%s.example/%s", site, key);
    return (struct deal_row){.site = site,
                             .website = "뽐뿌",
                             .key = key,
                             .product_id = ids[at],
                             .title = "[11번가] 라면 40개",
                             .url = urls[at],
                             .price_e2 = DEAL_UNKNOWN,
                             .posted_at_ms = CLOCK_NONE,
                             .view = DEAL_UNKNOWN,
                             .comment = DEAL_UNKNOWN,
                             .like = DEAL_UNKNOWN,
                             .score = DEAL_UNKNOWN};
}

/* ---- looking into the tables ----------------------------------------------------------------- */

/* The program's deal_fold(), for statements that are only explained. */
UNUSED_OK static void same_text(sqlite3_context *context, int n, sqlite3_value **values)
{
    assert_int_equal(n, 1);
    sqlite3_result_value(context, values[0]);
}

UNUSED_OK static void ask_sqlite(const char *url, const char *sql, struct buf *out)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int rc;

    assert_int_equal(sqlite3_open(url + strlen("sqlite:"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    sqlite3_create_function(db, "deal_fold", 1, SQLITE_UTF8, NULL, same_text, NULL, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const char *text = (const char *)sqlite3_column_text(stmt, i);

            buf_addf(out, "%s%s", i ? "|" : "", text ? text : "-");
        }
        buf_addc(out, '\n');
    }
    if (rc != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

UNUSED_OK static void ask_postgres(const char *url, const char *sql, struct buf *out)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *result;

    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < PQnfields(result); i++)
            buf_addf(out, "%s%s", i ? "|" : "",
                     PQgetisnull(result, row, i) ? "-" : PQgetvalue(result, row, i));
        buf_addc(out, '\n');
    }
    PQclear(result);
    PQfinish(conn);
}

/* The answer as lines of a|b|c; "-" is NULL. Valid until the test ends. */
UNUSED_OK static const char *ask(struct bench *b, const char *sql)
{
    struct buf out;
    const char *text;

    buf_init(&out, BUF_MAX_DEFAULT);
    if (b->is_postgres)
        ask_postgres(b->url, sql, &out);
    else
        ask_sqlite(b->url, sql, &out);
    text = arena_strdup(&b->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

UNUSED_OK static const char *events(struct bench *b)
{
    return ask(b, "SELECT post_key, kind, old_value, new_value FROM deal_events e "
                  "JOIN deals d ON d.id = e.deal_id WHERE kind <> 'created' ORDER BY e.id");
}

/* ---- set up and tear down -------------------------------------------------------------------- */

UNUSED_OK static void open_store(struct bench *b)
{
    struct err err;

    if (store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->store, &err) < 0)
        fail_msg("%s", err.text);
}

UNUSED_OK static void reopen(struct bench *b)
{
    store_free(&b->store);
    open_store(b);
}

static struct bench *bench_new(void **state)
{
    struct bench *b = mem_new(struct bench);

    b->loop = loop_new();
    arena_init(&b->arena);
    *state = b;
    return b;
}

UNUSED_OK static int setup_sqlite(void **state)
{
    struct bench *b = bench_new(state);

    strcpy(b->dir, "/tmp/catchdeal-db-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    b->url = mem_printf("sqlite:%s/deals.db", b->dir);
    open_store(b);
    migrate(b);
    assert_ok(b);
    return 0;
}

/* One server for the program, started by the first test that wants it. */
static struct test_pg *bench_pg;
static const char *bench_pg_missing = "";

static void empty_database(struct bench *b)
{
    struct buf out;

    buf_init(&out, 1000);
    ask_postgres(b->url, "DROP SCHEMA public CASCADE", &out);
    ask_postgres(b->url, "CREATE SCHEMA public", &out);
    buf_fini(&out);
}

/* Without a server the test is made all the same, and skips itself: see bench(). */
UNUSED_OK static int setup_postgres(void **state)
{
    struct bench *b = bench_new(state);

    b->is_postgres = true;
    if (!bench_pg && !*bench_pg_missing)
        bench_pg = test_pg_start(&bench_pg_missing);
    if (!bench_pg)
        return 0;
    b->url = mem_strdup(test_pg_url(bench_pg));
    empty_database(b);
    open_store(b);
    migrate(b);
    assert_ok(b);
    assert_int_equal(b->applied, schema_version());
    return 0;
}

UNUSED_OK static int stop_postgres(void **state)
{
    (void)state;
    test_pg_free(&bench_pg);
    return 0;
}

/* The test's bench; skips the test when there is no database for it. */
UNUSED_OK static struct bench *bench(void **state)
{
    struct bench *b = *state;

    if (b->is_postgres && !bench_pg)
        skip_because(bench_pg_missing);
    return b;
}

UNUSED_OK static int teardown(void **state)
{
    struct bench *b = *state;

    store_free(&b->store);
    for (size_t i = 0; i < ARRAY_LEN(b->others); i++)
        store_free(&b->others[i]);
    loop_free(&b->loop); /* runs what is left, so that a late callback or a leak shows */
    if (*b->dir) {
        char *command = mem_printf("rm -rf '%s'", b->dir);

        assert_int_equal(system(command), 0);
        mem_free(command);
    }
    arena_fini(&b->arena);
    mem_free(b->url);
    mem_free(b);
    return 0;
}

/* One scenario on both databases. */
#define BOTH(test)                                                \
    {"sqlite_" #test, test, setup_sqlite, teardown, NULL},        \
    {                                                             \
        "postgresql_" #test, test, setup_postgres, teardown, NULL \
    }

#endif
