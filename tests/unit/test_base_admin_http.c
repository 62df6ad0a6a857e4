/* SPDX-License-Identifier: MIT */
/* test_base_admin_http.c - the operator's listener over real sockets. */
#include "base/admin_http.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct loop *loop;
static struct admin_http *http;

static int start(void **state)
{
    struct err err;

    (void)state;
    loop = loop_new();
    return admin_http_new(loop, "127.0.0.1:0", &http, &err);
}

static int stop(void **state)
{
    (void)state;
    admin_http_free(&http);
    loop_free(&loop);
    return 0;
}

static void assert_answer(const char *request, const char *head, const char *body)
{
    char *answer = http_client_ask(loop, admin_http_port(http), request);

    assert_memory_equal(answer, head, strlen(head));
    assert_non_null(strstr(answer, "\r\n\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n") + 4, body);
    mem_free(answer);
}

static void live_says_ok(void **state)
{
    (void)state;

    assert_answer("GET /live", "HTTP/1.1 200 OK\r\n", "ok\n");
    assert_answer("GET /live?x=1", "HTTP/1.1 200 OK\r\n", "ok\n");
    assert_answer("HEAD /live", "HTTP/1.1 200 OK\r\n", "");
}

static void unknown_path_names_the_known_ones(void **state)
{
    (void)state;

    assert_answer("GET /", "HTTP/1.1 404 Not Found\r\n", "not found; known: /live\n");
    assert_answer("GET /live/x", "HTTP/1.1 404 Not Found\r\n", "not found; known: /live\n");
}

static void other_methods_are_405_with_allow(void **state)
{
    char *answer = http_client_ask(loop, admin_http_port(http), "DELETE /live");

    (void)state;
    assert_non_null(strstr(answer, "HTTP/1.1 405 "));
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    mem_free(answer);
}

static int count_calls(struct buf *body, void *ctx)
{
    buf_addf(body, "call %d\n", ++*(int *)ctx);
    return 503;
}

static void added_route_gives_its_own_status_and_body(void **state)
{
    int calls = 0;
    char *answer;

    (void)state;
    admin_http_route(http, "/ready", "text/plain", count_calls, &calls);
    answer = http_client_ask(loop, admin_http_port(http), "GET /ready");

    assert_non_null(strstr(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "call 1\n"));
    mem_free(answer);
}

static void bad_addresses_say_what_was_expected(void **state)
{
    static const char *const bad[] = {
        "",       "8080",         "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000",
        "::1:80", "localhost:80", "[::1]",     "*:80"};
    struct admin_http *none = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(admin_http_new(loop, bad[i], &none, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, "expected"));
    }
}

static void a_taken_port_is_told(void **state)
{
    struct admin_http *second = NULL;
    char listen[32];
    struct err err;

    (void)state;
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", admin_http_port(http));

    assert_int_equal(admin_http_new(loop, listen, &second, &err), -1);

    assert_int_equal(err.code, ERR_INTERNAL);
    assert_non_null(strstr(err.text, "Address already in use"));
    assert_non_null(strstr(err.text, listen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(live_says_ok, start, stop),
        cmocka_unit_test_setup_teardown(unknown_path_names_the_known_ones, start, stop),
        cmocka_unit_test_setup_teardown(other_methods_are_405_with_allow, start, stop),
        cmocka_unit_test_setup_teardown(added_route_gives_its_own_status_and_body, start, stop),
        cmocka_unit_test_setup_teardown(bad_addresses_say_what_was_expected, start, stop),
        cmocka_unit_test_setup_teardown(a_taken_port_is_told, start, stop),
    };

    return cmocka_run_group_tests_name("base/admin_http", tests, NULL, NULL);
}
