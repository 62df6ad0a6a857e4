/* SPDX-License-Identifier: MIT */
/* test_db_pool.c - a store of several PostgreSQL connections, and calls that are too many. */
#include "test_db.h"

enum { CONNECTIONS = 3, CALLS = 8, MORE = 2 };

struct crowd {
    struct loop *loop;
    int n_ok, n_busy, n_failed;
    int stop_at; /* answers */
};

static void on_crowd_deals(const struct deal *deals, int n, const struct err *err, void *ctx)
{
    struct crowd *crowd = ctx;

    (void)deals;
    (void)n;
    crowd->n_ok += !err;
    crowd->n_busy += err && err->code == ERR_BUSY;
    crowd->n_failed += err && err->code != ERR_BUSY;
    if (crowd->n_ok + crowd->n_busy + crowd->n_failed == crowd->stop_at)
        loop_stop(crowd->loop);
}

static void ask_for_lists(struct bench *b, struct crowd *crowd, int n)
{
    struct store_query query = query_of(NULL, 10, 0);

    for (int i = 0; i < n; i++)
        store_list(b->store, &query, on_crowd_deals, crowd);
}

static void turn_until(struct crowd *crowd, int answers)
{
    crowd->stop_at = answers;
    loop_run(crowd->loop);
}

static void on_tick(void *ctx)
{
    loop_stop(ctx);
}

/* The loop turns until the database shows `expected` in answer to `sql`. */
static void turn_until_shown(struct bench *b, const char *sql, const char *expected)
{
    struct loop_timer *tick = loop_timer_new(b->loop, on_tick, b->loop);
    const char *got = "";

    for (int i = 0; i < 400 && !str_eq(got, expected); i++) {
        loop_timer_start(tick, 20);
        loop_run(b->loop);
        got = ask(b, sql);
    }
    loop_timer_free(&tick);
    assert_string_equal(got, expected);
}

static void do_sql(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);

    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static void statements_run_side_by_side_and_too_many_are_refused_at_once(void **state)
{
    struct bench *b = bench(state);
    PGconn *other = PQconnectdb(b->url);
    struct crowd crowd = {.loop = b->loop};

    reopen(b);
    store_set_pool(b->store, CONNECTIONS, CALLS);
    do_sql(other, "BEGIN");
    do_sql(other, "LOCK TABLE deals IN ACCESS EXCLUSIVE MODE");

    ask_for_lists(b, &crowd, CALLS + MORE);
    turn_until(&crowd, MORE);
    assert_int_equal(crowd.n_busy, MORE);
    assert_int_equal(store_calls(b->store), CALLS);
    turn_until_shown(b, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                        "application_name = 'catchdeal'",
                     "3\n");
    do_sql(other, "COMMIT");
    turn_until(&crowd, CALLS + MORE);

    assert_int_equal(crowd.n_ok, CALLS);
    assert_int_equal(crowd.n_failed, 0);
    assert_int_equal(store_calls(b->store), 0);
    list_all(b);
    PQfinish(other);
}

static void one_after_the_other_needs_one_connection(void **state)
{
    struct bench *b = bench(state);

    reopen(b);
    store_set_pool(b->store, CONNECTIONS, CALLS);
    for (int i = 0; i < 5; i++)
        list_all(b);

    assert_string_equal(
        ask(b, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'catchdeal'"),
        "1\n");
}

/* Connections that were lost are made anew, and a store that is freed meanwhile keeps quiet. */
static void lost_connections_come_back_and_free_ends_all(void **state)
{
    struct bench *b = bench(state);
    struct crowd crowd = {.loop = b->loop};

    reopen(b);
    store_set_pool(b->store, CONNECTIONS, CALLS);
    ask_for_lists(b, &crowd, CALLS);
    turn_until(&crowd, CALLS);
    assert_int_equal(crowd.n_ok, CALLS);
    ask(b, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
           "application_name = 'catchdeal'");
    crowd = (struct crowd){.loop = b->loop};
    ask_for_lists(b, &crowd, CALLS);
    turn_until(&crowd, CALLS);
    crowd = (struct crowd){.loop = b->loop};
    ask_for_lists(b, &crowd, CALLS);
    turn_until(&crowd, CALLS);
    assert_int_equal(crowd.n_ok, CALLS);

    ask_for_lists(b, &crowd, CALLS);
    store_free(&b->store);
    open_store(b);
    list_all(b);
    assert_int_equal(crowd.n_ok, CALLS);
}

static void sqlite_refuses_too_many_as_well(void **state)
{
    struct bench *b = bench(state);
    struct crowd crowd = {.loop = b->loop};

    store_set_pool(b->store, CONNECTIONS, CALLS);
    ask_for_lists(b, &crowd, CALLS + MORE);
    turn_until(&crowd, CALLS + MORE);

    assert_int_equal(crowd.n_ok, CALLS);
    assert_int_equal(crowd.n_busy, MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            statements_run_side_by_side_and_too_many_are_refused_at_once, setup_postgres, teardown),
        cmocka_unit_test_setup_teardown(one_after_the_other_needs_one_connection, setup_postgres,
                                        teardown),
        cmocka_unit_test_setup_teardown(lost_connections_come_back_and_free_ends_all,
                                        setup_postgres, teardown),
        cmocka_unit_test_setup_teardown(sqlite_refuses_too_many_as_well, setup_sqlite, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
