/* SPDX-License-Identifier: MIT */
/* test_base_loop_pg.c - statements, losses and deadlines against a real PostgreSQL. */
#include "base/loop_pg.h"
#include "base/buf.h"
#include "base/str.h"
#include "support/pg.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000, SHORT_MS = 150 };

struct world {
    struct loop *loop;
    struct loop_pg *pg;
    struct buf seen; /* first value of each result, or "!" and the error's text; ';' after each */
    int left;        /* answers until the loop stops */
    bool free_in_callback;
};

static struct test_pg *server;
static const char *why_not;

static int start_server(void **state)
{
    (void)state;
    server = test_pg_start(&why_not);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    test_pg_free(&server);
    return 0;
}

static void world_init(struct world *w, const char *url, int64_t timeout_ms)
{
    *w = (struct world){.loop = loop_new()};
    w->pg = loop_pg_new(w->loop, url, timeout_ms);
    buf_init(&w->seen, BUF_MAX_DEFAULT);
}

static void world_fini(struct world *w)
{
    loop_pg_free(&w->pg);
    loop_free(&w->loop);
    buf_fini(&w->seen);
}

static void on_result(const void *result, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    assert_true(!result == !!err);
    if (err)
        buf_addf(&w->seen, "!%s", err->text);
    else if (PQntuples(result))
        buf_adds(&w->seen, PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
    buf_addc(&w->seen, ';');
    if (w->free_in_callback)
        loop_pg_free(&w->pg);
    if (--w->left == 0)
        loop_stop(w->loop);
}

static void query(struct world *w, const char *sql)
{
    loop_pg_query(w->pg, sql, NULL, 0, on_result, w);
}

static void run_answers(struct world *w, int answers)
{
    w->left = answers;
    loop_run(w->loop);
}

#define NEED_SERVER() \
    if (!server)      \
    skip_because(why_not)

static void runs_statements_in_the_order_they_were_queued(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "SELECT 1");
    query(&w, "SELECT 2");
    query(&w, "CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (3); SELECT i FROM t");
    assert_int_equal(loop_pg_pending(w.pg), 3);
    assert_string_equal(buf_str(&w.seen), "");

    run_answers(&w, 3);

    assert_string_equal(buf_str(&w.seen), "1;2;3;");
    assert_true(loop_pg_is_connected(w.pg));
    assert_int_equal(loop_pg_pending(w.pg), 0);
    world_fini(&w);
}

static void passes_parameters_as_text_and_null_as_null(void **state)
{
    const char *const params[] = {"한글 'quoted'", NULL};
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);

    loop_pg_query(w.pg, "SELECT $1::text", params, 1, on_result, &w);
    loop_pg_query(w.pg, "SELECT $1::text", params + 1, 1, on_result, &w);
    run_answers(&w, 2);

    assert_string_equal(buf_str(&w.seen), "한글 'quoted';NULL;");
    world_fini(&w);
}

static void failing_statement_gives_sqlstate_and_the_next_one_runs(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "SELECT * FROM nowhere");
    query(&w, "SELECT 5");

    run_answers(&w, 2);

    assert_string_equal(buf_str(&w.seen),
                        "!postgresql: 42P01: relation \"nowhere\" does not exist;5;");
    world_fini(&w);
}

static void keep(struct world *w, const char *sql, const char *param)
{
    loop_pg_query_kept(w->pg, sql, &param, 1, on_result, w);
}

static void kept_statement_is_prepared_once_for_its_text(void **state)
{
    uint64_t sent;
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    sent = loop_pg_statements();

    keep(&w, "SELECT $1::int + 1", "1");
    keep(&w, "SELECT $1::int + 2", "1");
    keep(&w, "SELECT $1::int + 1", "7");
    query(&w, "SELECT string_agg(statement, '|' ORDER BY statement) FROM pg_prepared_statements");
    run_answers(&w, 4);

    assert_string_equal(buf_str(&w.seen), "2;3;8;SELECT $1::int + 1|SELECT $1::int + 2;");
    assert_int_equal(loop_pg_statements() - sent, 4);
    world_fini(&w);
}

static void kept_statement_that_fails_tells_its_own_error(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);

    keep(&w, "SELECT nothing FROM nowhere WHERE 1 = $1::int", "1");
    keep(&w, "SELECT 1 / $1::int", "0");
    keep(&w, "SELECT 1 / $1::int", "1");
    run_answers(&w, 3);

    assert_string_equal(buf_str(&w.seen),
                        "!postgresql: 42P01: relation \"nowhere\" does not exist;"
                        "!postgresql: 22012: division by zero;1;");
    world_fini(&w);
}

/* As behind a pooler that gives each statement another connection. */
static void kept_statement_that_got_lost_runs_all_the_same(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);

    keep(&w, "SELECT $1::int + 1", "1");
    query(&w, "DEALLOCATE ALL");
    keep(&w, "SELECT $1::int + 1", "2");
    keep(&w, "SELECT $1::int + 1", "3");
    query(&w, "SELECT count(*) FROM pg_prepared_statements");
    run_answers(&w, 5);

    assert_string_equal(buf_str(&w.seen), "2;;3;4;0;");
    world_fini(&w);
}

static void kept_statement_whose_columns_changed_runs_all_the_same(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (3)");

    keep(&w, "SELECT * FROM t WHERE i = $1::int", "3");
    query(&w, "ALTER TABLE t ADD COLUMN j int");
    keep(&w, "SELECT * FROM t WHERE i = $1::int", "3");
    run_answers(&w, 4);

    assert_string_equal(buf_str(&w.seen), ";3;;3;");
    world_fini(&w);
}

static void runs_session_sql_once_before_the_first_statement(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    loop_pg_set_session_sql(w.pg, "SET TIME ZONE 'Asia/Seoul'; SET work_mem = '2MB'");
    query(&w, "SHOW TIME ZONE");
    query(&w, "SHOW work_mem");

    run_answers(&w, 2);

    assert_string_equal(buf_str(&w.seen), "Asia/Seoul;2MB;");
    world_fini(&w);
}

static void failing_session_sql_fails_what_waits(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    loop_pg_set_session_sql(w.pg, "SET nothing_like_this = 1");
    query(&w, "SELECT 1");

    run_answers(&w, 1);

    assert_true(str_starts(buf_str(&w.seen), "!postgresql: 42704: unrecognized"));
    assert_false(loop_pg_is_connected(w.pg));
    world_fini(&w);
}

static void moves_a_large_parameter_and_result(void **state)
{
    size_t bytes = (size_t)12 << 20;
    char *large = mem_alloc(bytes + 1);
    const char *params[] = {large};
    struct world w;

    (void)state;
    NEED_SERVER();
    memset(large, 'x', bytes);
    large[bytes] = '\0';
    world_init(&w, test_pg_url(server), TIMEOUT_MS);

    loop_pg_query(w.pg, "SELECT $1::text", params, 1, on_result, &w);
    run_answers(&w, 1);

    assert_int_equal(w.seen.len, bytes + 1);
    world_fini(&w);
    mem_free(large);
}

static void statement_past_its_deadline_fails_and_the_next_one_gets_its_own_answer(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), SHORT_MS);
    query(&w, "SELECT pg_sleep(30), 1");
    run_answers(&w, 1);
    query(&w, "SELECT 7");
    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "!postgresql: statement: timed out after 150 ms;7;");
    world_fini(&w);
}

static void frozen_server_costs_no_more_than_the_deadline(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), SHORT_MS);
    test_pg_pause(server);
    query(&w, "SELECT 1");
    query(&w, "SELECT 2");

    run_answers(&w, 2);
    test_pg_resume(server);

    assert_string_equal(buf_str(&w.seen), "!postgresql: connecting: timed out after 150 ms;"
                                          "!postgresql: connecting: timed out after 150 ms;");
    world_fini(&w);
}

static void loss_fails_what_waits_and_next_use_connects_again(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "SELECT 1");
    run_answers(&w, 1);

    query(&w, "SELECT pg_terminate_backend(pg_backend_pid())");
    query(&w, "SELECT 2");
    run_answers(&w, 2);
    assert_true(str_starts(buf_str(&w.seen), "1;!postgresql: "));
    assert_non_null(strstr(buf_str(&w.seen), "terminating connection"));
    buf_clear(&w.seen);
    query(&w, "SELECT 3");
    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "3;");
    world_fini(&w);
}

static void server_that_went_and_came_back_is_used_again(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "SELECT 1");
    run_answers(&w, 1);

    test_pg_stop(server);
    query(&w, "SELECT 2");
    run_answers(&w, 1);
    query(&w, "SELECT 3");
    run_answers(&w, 1);
    test_pg_again(server);
    assert_false(loop_pg_is_connected(w.pg));
    buf_clear(&w.seen);
    query(&w, "SELECT 4");
    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "4;");
    world_fini(&w);
}

static void may_be_freed_in_its_callback_and_the_others_do_not_come(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    w.free_in_callback = true;
    query(&w, "SELECT 1");
    query(&w, "SELECT 2");

    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "1;");
    world_fini(&w);
}

static void may_be_freed_in_the_callback_of_a_failed_connect(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, "postgresql:///x?host=/nonexistent", TIMEOUT_MS);
    w.free_in_callback = true;
    query(&w, "SELECT 1");
    query(&w, "SELECT 2");

    run_answers(&w, 1);

    assert_true(str_starts(buf_str(&w.seen), "!postgresql: connection to server on socket"));
    world_fini(&w);
}

static void bad_url_is_told_later_and_without_its_password(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, "postgresql://me:s3cret@[host/name", TIMEOUT_MS);
    query(&w, "SELECT 1");
    assert_string_equal(buf_str(&w.seen), "");

    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen),
                        "!postgresql: bad URL, expected postgresql://user@host/name;");
    world_fini(&w);
}

/* A port of loopback that refuses as long as the descriptor is open. */
static int closed_port(int *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void refused_connection_does_not_tell_the_password(void **state)
{
    struct world w;
    char *url;
    int port, fd;

    (void)state;
    fd = closed_port(&port);
    url = mem_printf("postgresql://me:s3cret@127.0.0.1:%d/x", port);
    world_init(&w, url, TIMEOUT_MS);
    query(&w, "SELECT 1");

    run_answers(&w, 1);

    assert_true(str_starts(buf_str(&w.seen), "!postgresql: connection to server at"));
    assert_null(strstr(buf_str(&w.seen), "s3cret"));
    world_fini(&w);
    mem_free(url);
    close(fd);
}

static void replace(char **text, const char *what, const char *with)
{
    char *at = strstr(*text, what);
    char *changed = mem_printf("%.*s%s%s", (int)(at - *text), *text, with, at + strlen(what));

    mem_free(*text);
    *text = changed;
}

static void tries_the_next_address_while_connecting(void **state)
{
    struct world w;
    char *url;
    int port, fd;

    (void)state;
    NEED_SERVER();
    fd = closed_port(&port);
    url = mem_printf("%s&port=%d,5432", test_pg_url(server), port);
    replace(&url, "host=", "host=127.0.0.1,");
    world_init(&w, url, TIMEOUT_MS);
    query(&w, "SELECT 9");

    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "9;");
    world_fini(&w);
    mem_free(url);
    close(fd);
}

static void copy_is_refused(void **state)
{
    struct world w;

    (void)state;
    NEED_SERVER();
    world_init(&w, test_pg_url(server), TIMEOUT_MS);
    query(&w, "COPY (SELECT 1) TO STDOUT");

    run_answers(&w, 1);

    assert_string_equal(buf_str(&w.seen), "!postgresql: COPY is not supported here;");
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_statements_in_the_order_they_were_queued),
        cmocka_unit_test(passes_parameters_as_text_and_null_as_null),
        cmocka_unit_test(failing_statement_gives_sqlstate_and_the_next_one_runs),
        cmocka_unit_test(kept_statement_is_prepared_once_for_its_text),
        cmocka_unit_test(kept_statement_that_fails_tells_its_own_error),
        cmocka_unit_test(kept_statement_that_got_lost_runs_all_the_same),
        cmocka_unit_test(kept_statement_whose_columns_changed_runs_all_the_same),
        cmocka_unit_test(runs_session_sql_once_before_the_first_statement),
        cmocka_unit_test(failing_session_sql_fails_what_waits),
        cmocka_unit_test(moves_a_large_parameter_and_result),
        cmocka_unit_test(statement_past_its_deadline_fails_and_the_next_one_gets_its_own_answer),
        cmocka_unit_test(frozen_server_costs_no_more_than_the_deadline),
        cmocka_unit_test(loss_fails_what_waits_and_next_use_connects_again),
        cmocka_unit_test(server_that_went_and_came_back_is_used_again),
        cmocka_unit_test(may_be_freed_in_its_callback_and_the_others_do_not_come),
        cmocka_unit_test(may_be_freed_in_the_callback_of_a_failed_connect),
        cmocka_unit_test(bad_url_is_told_later_and_without_its_password),
        cmocka_unit_test(refused_connection_does_not_tell_the_password),
        cmocka_unit_test(tries_the_next_address_while_connecting),
        cmocka_unit_test(copy_is_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
