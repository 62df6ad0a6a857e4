/* SPDX-License-Identifier: MIT */
/* test_db_postgres.c - PostgreSQL only: several engines at once, a server that goes away, and what
 * a write costs.
 */
#include "test_db.h"

enum { ENGINES = 4, SHARED_ROWS = 300 };

/* Emptied, not migrated. */
static int setup_bare(void **state)
{
    struct bench *b;

    if (setup_postgres(state) < 0)
        return -1;
    b = *state;
    if (bench_pg)
        empty_database(b);
    return 0;
}

/* ---- schema ---------------------------------------------------------------------------------- */

static void without_schema_every_call_says_to_migrate(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    reopen(b);
    check_schema(b);
    assert_away(b, "no schema yet: run: catchdeal-engine migrate");
    write_rows(b, &row, 1);
    assert_away(b, "run: catchdeal-engine migrate");
    list_some(b, NULL, 10, 0);
    assert_away(b, "run: catchdeal-engine migrate");

    migrate(b);
    assert_ok(b);
    assert_int_equal(b->applied, schema_version());
    write_row(b, &row);
    assert_counts(b, 1, 0, 0);
}

static void a_schema_that_vanishes_or_is_renewed_is_noticed(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    empty_database(b);
    write_rows(b, &row, 1);
    assert_away(b, "42P01");
    write_rows(b, &row, 1);
    assert_away(b, "run: catchdeal-engine migrate");
    migrate(b);

    write_row(b, &row);
    assert_counts(b, 1, 0, 0);
}

static void an_encoding_without_hangul_is_refused(void **state)
{
    struct bench *b = bench(state);
    char *url = b->url;
    char *database = strstr(url, "/postgres?");

    ask(b, "DROP DATABASE IF EXISTS latin");
    ask(b, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    b->url = mem_printf("%.*s/latin%s", (int)(database - url), url, database + strlen("/postgres"));
    reopen(b);
    migrate(b);
    assert_failed(b, "encoding is LATIN1: create it with ENCODING 'UTF8'");
    ask(b, "CREATE TABLE schema_version (version integer)"); /* made by something else */
    check_schema(b);
    assert_failed(b, "encoding is LATIN1: create it with ENCODING 'UTF8'");
    store_free(&b->store);
    mem_free(b->url);
    b->url = url;
}

struct many {
    struct bench *b;
    int n_left, n_failed;
    int applied;
    struct store_counts sum;
};

static void open_many(struct many *m, struct bench *b)
{
    struct err err;

    *m = (struct many){.b = b};
    for (int i = 0; i < ENGINES; i++)
        assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[i], &err), 0);
}

static void close_many(struct many *m)
{
    for (int i = 0; i < ENGINES; i++)
        store_free(&m->b->others[i]);
}

static void many_answer(struct many *m, const struct err *err)
{
    if (err) {
        fprintf(stderr, "%s\n", err->text);
        m->n_failed++;
    }
    if (--m->n_left == 0)
        loop_stop(m->b->loop);
}

static void many_wait(struct many *m)
{
    loop_run(m->b->loop);
    assert_int_equal(m->n_left, 0);
    assert_int_equal(m->n_failed, 0);
}

static void many_migrated(int applied, int version, const struct err *err, void *ctx)
{
    struct many *m = ctx;

    (void)version;
    m->applied += applied;
    many_answer(m, err);
}

static void engines_that_migrate_together_apply_it_once(void **state)
{
    struct bench *b = bench(state);
    struct many m;

    for (int round = 0; round < 5; round++) {
        open_many(&m, b);
        empty_database(b);
        m.n_left = ENGINES;
        for (int i = 0; i < ENGINES; i++)
            store_migrate(b->others[i], many_migrated, &m);
        many_wait(&m);
        assert_int_equal(m.applied, schema_version());
        close_many(&m);
    }
}

/* ---- several engines ------------------------------------------------------------------------- */

static void many_written(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct many *m = ctx;

    if (counts) {
        m->sum.added += counts->added;
        m->sum.changed += counts->changed;
        m->sum.same += counts->same;
    }
    many_answer(m, err);
}

/* Each engine writes the rows at the same moment, in another order and with counters of its own. */
static void write_by_all(struct many *m, const struct deal_row *rows, bool own_counters)
{
    struct deal_row own[SHARED_ROWS];
    struct store_batch batch = {.rows = own, .n = SHARED_ROWS, .at_ms = AT};

    m->n_left = ENGINES;
    m->sum = (struct store_counts){0};
    for (int engine = 0; engine < ENGINES; engine++) {
        for (int i = 0; i < SHARED_ROWS; i++) {
            own[i] = rows[(i * 7 + engine * 31) % SHARED_ROWS];
            if (own_counters)
                own[i].view = engine;
        }
        store_write(m->b->others[engine], &batch, many_written, m);
    }
    many_wait(m);
}

static void make_shared_rows(struct deal_row *rows, int round)
{
    static char keys[SHARED_ROWS][24];

    for (int i = 0; i < SHARED_ROWS; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", 1000 * (round + 1) + i);
        rows[i] = row_of(i % 3 ? "clien" : "ruliweb", keys[i]);
    }
}

static void engines_that_write_the_same_deals_neither_double_nor_deadlock(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[SHARED_ROWS];
    struct many m;

    open_many(&m, b);
    for (int round = 0; round < 20; round++) {
        make_shared_rows(rows, round);
        write_by_all(&m, rows, round % 2);
        assert_int_equal(m.sum.added, SHARED_ROWS);
        assert_int_equal(m.sum.changed, 0);
        assert_int_equal(m.sum.same, SHARED_ROWS * (ENGINES - 1));
    }
    close_many(&m);

    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM deals")), 20 * SHARED_ROWS);
    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM deal_events")), 20 * SHARED_ROWS);
}

static void engines_that_see_the_same_change_note_it_once(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[SHARED_ROWS];
    struct many m;

    make_shared_rows(rows, 0);
    write_rows(b, rows, SHARED_ROWS);
    open_many(&m, b);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < SHARED_ROWS; i++) {
            rows[i].sold_out = !rows[i].sold_out;
            rows[i].price_e2 = round;
        }
        write_by_all(&m, rows, true);
        assert_int_equal(m.sum.changed, SHARED_ROWS);
        assert_int_equal(m.sum.same, SHARED_ROWS * (ENGINES - 1));
    }
    close_many(&m);

    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM deal_events WHERE kind <> 'created'")),
                     2 * 10 * SHARED_ROWS);
}

static int64_t begin_run_of(struct bench *b, const char *engine)
{
    struct store_run run = {.site = "clien", .kind = "crawl", .due_at_ms = AT, .started_at_ms = AT};

    reopen(b);
    store_set_engine(b->store, engine);
    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static void an_engine_closes_only_its_own_lost_runs(void **state)
{
    struct bench *b = bench(state);

    begin_run_of(b, "box1");
    begin_run_of(b, "box2");
    bench_ask(b);
    store_runs_recover(b->store, AT + 1, on_done, b);
    bench_wait(b);
    assert_ok(b);

    assert_string_equal(ask(b, "SELECT engine, reason FROM runs ORDER BY id"),
                        "box1|running\nbox2|engine-lost\n");
}

static const char sessions[] =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'catchdeal'";

/* Until the server has ended the sessions of all stores; they report their statistics before. */
static void close_and_wait(struct bench *b)
{
    int64_t deadline = clock_mono_ms() + 5000;

    store_free(&b->store);
    loop_free(&b->loop);
    b->loop = loop_new();
    while (strcmp(ask(b, sessions), "0\n") != 0)
        assert_true(clock_mono_ms() < deadline);
}

/* ---- what a write costs ---------------------------------------------------------------------- */

static void rows_that_did_not_change_are_not_touched(void **state)
{
    static const char traces[] = "SELECT id, ctid, xmin, xmax FROM deals ORDER BY id";
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("clien", "7")};
    const char *before;

    rows[0].view = 7;
    write_rows(b, rows, 3);
    before = ask(b, traces);
    write_rows(b, rows, 3);
    assert_counts(b, 0, 0, 3);
    assert_string_equal(ask(b, traces), before);

    rows[1].view = 8;
    write_rows(b, rows, 3);
    assert_counts(b, 0, 0, 3);
    assert_string_not_equal(ask(b, traces), before);
    assert_string_equal(ask(b, "SELECT count(DISTINCT xmin::text) FROM deals"), "2\n");
}

static void the_list_follows_an_index_whatever_the_query(void **state)
{
    struct bench *b = bench(state);
    struct store_query query = query_of("site3", 20, 0);

    close_and_wait(b);
    open_store(b);
    ask(b, "INSERT INTO deals (site, website, post_key, product_id, title, url, is_sold_out, "
           "sort_at, created_at, updated_at, last_change) SELECT 'site' || i % 5, 'w', i, i, "
           "'title', 'url', false, '2026-01-01'::timestamptz + i * interval '1 minute', now(), "
           "now(), 1 FROM generate_series(1, 20000) i");
    ask(b, "ANALYZE deals");
    ask(b, "SELECT pg_stat_reset()");
    list_some(b, NULL, 20, 0);
    assert_ok(b);
    assert_int_equal(b->n_deals, 20);
    list_some(b, "site3", 20, 0);
    assert_int_equal(b->n_deals, 20);
    query.before_sort_ms = b->deals[19].sort_at_ms;
    query.before_id = b->deals[19].id;
    list_query(b, &query);
    assert_int_equal(b->n_deals, 20);
    close_and_wait(b);

    /* The planner itself looks at an index's end. */
    assert_string_equal(ask(b, "SELECT seq_scan, idx_tup_fetch BETWEEN 60 AND 80 FROM "
                               "pg_stat_user_tables WHERE relname = 'deals'"),
                        "0|t\n");
}

/* Committed transactions of the database since the reset; each statement of a store is one. */
static int transactions_of_list(struct bench *b, int limit)
{
    struct store_query query = query_of(NULL, limit, 0);

    query.with_also_on = true;
    close_and_wait(b);
    open_store(b);
    ask(b, "SELECT pg_stat_reset()");
    list_query(b, &query);
    assert_ok(b);
    assert_int_equal(b->n_deals, limit);
    assert_int_equal(b->deals[0].n_also_on, 1);
    close_and_wait(b);
    return atoi(ask(b, "SELECT xact_commit FROM pg_stat_database "
                       "WHERE datname = current_database()"));
}

static void a_long_list_with_also_on_takes_as_many_statements_as_a_short_one(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[100];
    static char keys[100][16];

    ask(b, "ALTER TABLE deals SET (autovacuum_enabled = off)");
    for (int i = 0; i < 100; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i / 2);
        rows[i] = row_of(i % 2 ? "clien" : "ruliweb", keys[i]);
        rows[i].shop_key = keys[i];
    }
    write_rows(b, rows, 100);

    assert_true(abs(transactions_of_list(b, 100) - transactions_of_list(b, 2)) <= 5);
}

static void twins_are_found_by_an_index(void **state)
{
    struct bench *b = bench(state);
    struct store_query query = query_of("site3", 20, 0);

    query.with_also_on = true;
    close_and_wait(b);
    open_store(b);
    ask(b,
        "INSERT INTO deals (site, website, post_key, product_id, title, url, is_sold_out, "
        "sort_at, created_at, updated_at, last_change, shop_key) SELECT 'site' || i % 5, 'w', i, "
        "i, 'title', 'url', false, '2026-01-01'::timestamptz + i * interval '1 minute', now(), "
        "now(), 1, 's.example/' || i / 5 FROM generate_series(1, 20000) i");
    ask(b, "ANALYZE deals");
    ask(b, "SELECT pg_stat_reset()");
    list_query(b, &query);
    assert_ok(b);
    assert_int_equal(b->deals[0].n_also_on, 4);
    close_and_wait(b);

    assert_string_equal(ask(b, "SELECT seq_scan, idx_tup_fetch < 200 FROM pg_stat_user_tables "
                               "WHERE relname = 'deals'"),
                        "0|t\n");
}

/* ---- a server that goes away ----------------------------------------------------------------- */

static void a_server_that_is_away_is_told_quickly_and_works_when_it_is_back(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    int64_t started;

    write_row(b, &row);
    test_pg_stop(bench_pg);
    started = clock_mono_ms();
    write_rows(b, &row, 1);
    assert_away(b, "postgresql: ");
    list_some(b, NULL, 10, 0);
    assert_away(b, "postgresql: ");
    check_schema(b);
    assert_away(b, "postgresql: ");
    assert_true(clock_mono_ms() - started < BENCH_TIMEOUT_MS / 4);

    test_pg_again(bench_pg);
    row.sold_out = true;
    write_row(b, &row);
    assert_counts(b, 0, 1, 0);
}

static void use_timeout(struct bench *b, int64_t timeout_ms)
{
    struct err err;

    store_free(&b->store);
    assert_int_equal(store_open(b->loop, b->url, timeout_ms, &b->store, &err), 0);
}

static void a_server_that_freezes_costs_the_deadline_and_no_more(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    int64_t started;

    use_timeout(b, 1000);
    write_row(b, &row);
    test_pg_pause(bench_pg);
    started = clock_mono_ms();
    row.sold_out = true;
    write_rows(b, &row, 1);
    assert_away(b, "postgresql: ");
    assert_in_range(clock_mono_ms() - started, 500, 5000);
    test_pg_resume(bench_pg);
    use_timeout(b, BENCH_TIMEOUT_MS);

    /* The frozen statement may have been done after all: the next crawl just says the same again.
     */
    write_row(b, &row);
    list_all(b);
    assert_int_equal(b->n_deals, 1);
    assert_true(b->deals[0].row.sold_out);
    assert_string_equal(events(b), "5|sold_out|-|-\n");
}

static void a_lock_held_too_long_ends_the_write_but_not_the_store(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    PGconn *other = PQconnectdb(b->url);

    write_row(b, &row);
    use_timeout(b, 500);
    PQclear(PQexec(other, "BEGIN"));
    PQclear(PQexec(other, "SELECT 1 FROM deals FOR UPDATE"));
    row.sold_out = true;
    write_rows(b, &row, 1);
    assert_away(b, "postgresql: ");
    PQfinish(other);
    use_timeout(b, BENCH_TIMEOUT_MS);

    write_row(b, &row);
    assert_string_equal(events(b), "5|sold_out|-|-\n");
}

static void a_wrong_address_is_told_without_the_password(void **state)
{
    struct bench *b = bench(state);
    struct err err;

    store_free(&b->store);
    assert_int_equal(store_open(b->loop, "postgresql://someone:hunter2@/none?host=/nowhere", 2000,
                                &b->store, &err),
                     0);
    check_schema(b);
    assert_away(b, "/nowhere");
    assert_null(strstr(b->err.text, "hunter2"));
}

static void freeing_in_mid_statement_leaves_no_session_behind(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};

    check_schema(b);
    assert_string_equal(ask(b, sessions), "1\n");
    bench_ask(b);
    store_write(b->store, &batch, on_written, b);
    close_and_wait(b);

    assert_int_equal(b->n_answers, 0);
}

#define ON_SCHEMA(test) cmocka_unit_test_setup_teardown(test, setup_postgres, teardown)
#define ON_NOTHING(test) cmocka_unit_test_setup_teardown(test, setup_bare, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_NOTHING(without_schema_every_call_says_to_migrate),
        ON_NOTHING(engines_that_migrate_together_apply_it_once),
        ON_SCHEMA(a_schema_that_vanishes_or_is_renewed_is_noticed),
        ON_SCHEMA(an_encoding_without_hangul_is_refused),
        ON_SCHEMA(engines_that_write_the_same_deals_neither_double_nor_deadlock),
        ON_SCHEMA(engines_that_see_the_same_change_note_it_once),
        ON_SCHEMA(an_engine_closes_only_its_own_lost_runs),
        ON_SCHEMA(rows_that_did_not_change_are_not_touched),
        ON_SCHEMA(the_list_follows_an_index_whatever_the_query),
        ON_SCHEMA(a_long_list_with_also_on_takes_as_many_statements_as_a_short_one),
        ON_SCHEMA(twins_are_found_by_an_index),
        ON_SCHEMA(a_server_that_is_away_is_told_quickly_and_works_when_it_is_back),
        ON_SCHEMA(a_server_that_freezes_costs_the_deadline_and_no_more),
        ON_SCHEMA(a_lock_held_too_long_ends_the_write_but_not_the_store),
        ON_SCHEMA(a_wrong_address_is_told_without_the_password),
        ON_SCHEMA(freeing_in_mid_statement_leaves_no_session_behind),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
