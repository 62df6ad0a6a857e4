/* SPDX-License-Identifier: MIT */
/* test_api_busy.c - a database that has more to do than it gets done: over HTTP, at once and without harm to others. */
#include "test_api.h"

enum { CALLS = 4, CLIENTS = 12, AT_ONCE_MS = 1000 };

static const char *lists_of(int i)
{
    return arena_printf(&api.b->arena, "GET /v3/deals?limit=%d", i + 1);
}

static struct http_client *send_only(const char *request)
{
    struct http_client *client = http_client_open(api.b->loop, server_port(api.server));

    http_client_send(client, request_text(request, NULL, "Connection: close\r\n", NULL));
    return client;
}

/* Somebody holds the table; the pool has room for CALLS questions, and one more is none of a pool. */
static void more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait(void **state)
{
    struct bench *b = bench(state);
    struct http_client *clients[CLIENTS];
    struct deal_row row = row_of("a", "1");
    PGconn *holder = PQconnectdb(b->url);
    int n_refused = 0;

    write_row(b, &row);
    api_start((const char *const[]){"jwt_secret=one:0123456789012345678901234567890123456789",
                                    "api_database_connections=2", "api_database_calls=4", NULL});
    http_client_turn(b->loop, AT_ONCE_MS / 2); /* until it knows where the database is */
    send_request("GET /hit-products", NULL, NULL);
    expect_status(200);
    PQclear(PQexec(holder, "BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE"));
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = send_only(lists_of(i));
    http_client_turn(b->loop, AT_ONCE_MS);

    for (int i = 0; i < CLIENTS; i++) {
        if (!clients[i]->closed)
            continue;
        n_refused++;
        hear(mem_strdup(buf_str(&clients[i]->in)));
        expect_status(503);
        assert_non_null(strstr(said.all, "\r\nRetry-After: "));
        assert_non_null(strstr(said.all, "application/problem+json"));
    }
    assert_int_equal(n_refused, CLIENTS - CALLS);
    /* What needs no database, and what is kept, is served; and the database is not taken for away. */
    assert_int_equal(send_request("GET /openapi.json", NULL, NULL), 200);
    assert_int_equal(send_request("GET /hit-products", NULL, NULL), 200);
    assert_null(strstr(said.all, "\r\nAge: "));
    send_request("POST /auth-user", NULL, "{\"auth\":{\"appPlayerId\":\"a\"}}");
    expect_status(503);
    assert_string_equal(members_of(jdoc_root(said.doc)), "errors");

    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    for (int i = 0; i < CLIENTS; i++) {
        const char *answer = http_client_wait_closed(clients[i]);

        assert_true(str_starts(answer, "HTTP/1.1 200 ") || str_starts(answer, "HTTP/1.1 503 "));
        n_refused -= str_starts(answer, "HTTP/1.1 503 ");
        http_client_free(&clients[i]);
    }
    assert_int_equal(n_refused, 0); /* those that waited were answered */
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(send_request(lists_of(i), NULL, NULL), 200);
    assert_int_equal(api.n_warnings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait",
         more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait, api_setup_postgres, api_teardown, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
