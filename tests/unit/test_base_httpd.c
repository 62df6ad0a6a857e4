/* SPDX-License-Identifier: MIT */
/* test_base_httpd.c - the listener against good, slow, broken and vanishing clients. */
#include "base/httpd.h"
#include "base/str.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { TIMEOUT_MS = 300, BODY_MAX_BYTES = 64 << 10 };

static struct fixture {
    struct loop *loop;
    struct httpd *httpd;
    struct httpd_req *held[8]; /* targets that start with /later */
    int n_held;
    int n_handled;
    int n_stopped;
} fx;

static void say(struct httpd_req *req, int status, const char *text)
{
    const struct httpd_header headers[] = {{"Content-Type", "text/plain"}};
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_adds(&body, text);
    httpd_respond(req, status, headers, 1, &body);
}

static void on_request(struct httpd_req *req, void *ctx)
{
    (void)ctx;
    fx.n_handled++;
    if (str_starts(req->target, "/later"))
        fx.held[fx.n_held++] = req;
    else
        say(req, 200, arena_printf(&req->arena, "[%s %s]", req->method, req->target));
}

static void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    say(req, status, arena_printf(&req->arena, "refused: %s", text));
}

static void on_stopped(void *ctx)
{
    (void)ctx;
    fx.n_stopped++;
    loop_stop(fx.loop);
}

static int start(void **state)
{
    const struct httpd_options options = {.listen = "127.0.0.1:0",
                                          .max_connections = 64,
                                          .request_timeout_ms = TIMEOUT_MS,
                                          .body_max_bytes = BODY_MAX_BYTES,
                                          .handler = on_request,
                                          .refuse = on_refusal};
    struct err err;

    (void)state;
    fx = (struct fixture){.loop = loop_new()};
    return httpd_new(fx.loop, &options, &fx.httpd, &err);
}

static int stop(void **state)
{
    (void)state;
    httpd_free(&fx.httpd);
    loop_free(&fx.loop);
    return 0;
}

static struct http_client *connect_and_send(const char *bytes)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.httpd));

    http_client_send(client, bytes);
    return client;
}

static void wait_held(int n)
{
    for (int i = 0; i < 1000 && fx.n_held < n; i++)
        http_client_turn(fx.loop, 1);
    assert_int_equal(fx.n_held, n);
}

/* Everything that comes back for `bytes`, up to the server's close, begins with `head`. */
static void assert_refused(const char *bytes, const char *head)
{
    struct http_client *client = connect_and_send(bytes);
    const char *got = http_client_wait_closed(client);

    if (strncmp(got, head, strlen(head)) != 0)
        fail_msg("expected %s, got: %s", head, got);
    assert_int_equal(fx.n_handled, 0);
    http_client_free(&client);
}

static void keeps_the_connection_and_answers_pipelined_requests_in_order(void **state)
{
    struct http_client *client =
        connect_and_send("GET /a HTTP/1.1\r\nHost: t\r\n\r\nGET /later HTTP/1.1\r\nHost: t\r\n\r\n"
                         "HEAD /c HTTP/1.1\r\nHost: t\r\n\r\nGET /d HTTP/1.1\r\nHost: t\r\n\r\n");
    const char *got;

    (void)state;
    wait_held(1);
    assert_int_equal(fx.n_handled, 2);
    say(fx.held[0], 200, "[later]");
    got = http_client_wait(client, "[GET /d]");

    assert_int_equal(http_client_count(got, "HTTP/1.1 200 OK"), 4);
    assert_true(strstr(got, "[GET /a]") < strstr(got, "[later]"));
    assert_null(strstr(got, "[HEAD /c]"));
    assert_false(client->closed);
    http_client_free(&client);
}

static void head_carries_the_length_of_get(void **state)
{
    char *answer = http_client_ask(fx.loop, httpd_port(fx.httpd), "HEAD /x");

    (void)state;
    assert_non_null(strstr(answer, "Content-Length: 9\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    mem_free(answer);
}

static void body_is_taken_in_up_to_the_limit(void **state)
{
    char *body = mem_alloc(BODY_MAX_BYTES + 1);
    char *request;
    struct http_client *client;

    (void)state;
    memset(body, 'x', BODY_MAX_BYTES);
    body[BODY_MAX_BYTES] = '\0';
    request = mem_printf("POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s"
                         "GET /after HTTP/1.1\r\nHost: t\r\n\r\n",
                         BODY_MAX_BYTES, body);
    client = connect_and_send(request);

    http_client_wait(client, "[POST /p]");
    http_client_wait(client, "[GET /after]");

    http_client_free(&client);
    mem_free(request);
    mem_free(body);
}

static void larger_bodies_are_413(void **state)
{
    char *chunk = mem_alloc(BODY_MAX_BYTES + 2);
    char *request;
    struct http_client *client;

    (void)state;
    assert_refused("POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\n\r\nxxx",
                   "HTTP/1.1 413 ");
    memset(chunk, 'x', BODY_MAX_BYTES + 1);
    chunk[BODY_MAX_BYTES + 1] = '\0';
    request = mem_printf("POST /p HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "10001\r\n%s\r\n0\r\n\r\n",
                         chunk);
    client = connect_and_send(request);

    http_client_wait(client, "HTTP/1.1 413 ");

    assert_int_equal(fx.n_handled, 0);
    http_client_free(&client);
    mem_free(request);
    mem_free(chunk);
}

static void an_endless_chunked_body_is_cut(void **state)
{
    struct http_client *client =
        connect_and_send("POST /p HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    char *chunk = mem_alloc(7 + 0x10000 + 3);
    int n;

    (void)state;
    memset(chunk, 'x', 7 + 0x10000);
    memcpy(chunk, "10000\r\n", 7);
    memcpy(chunk + 7 + 0x10000, "\r\n", 3);
    for (n = 0; n < 1000 && !client->closed; n++) {
        http_client_send(client, chunk);
        http_client_turn(fx.loop, 0);
    }

    assert_true(client->closed);
    assert_int_equal(fx.n_handled, 0);
    http_client_free(&client);
    mem_free(chunk);
}

static void ambiguous_lengths_are_400_and_end_the_connection(void **state)
{
    (void)state;
    assert_refused(
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
        "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 400 ");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n",
                   "HTTP/1.1 400 ");
    assert_refused(
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nxxxx",
        "HTTP/1.1 400 ");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4, 4\r\n\r\nxxxx",
                   "HTTP/1.1 400 ");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -4\r\n\r\n", "HTTP/1.1 400 ");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
                   "HTTP/1.1 4");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n",
                   "HTTP/1.1 400 ");
    assert_refused("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
                   "Transfer-Encoding: identity\r\n\r\n",
                   "HTTP/1.1 400 ");
}

/* The library would refuse it as well, with its head twice and as HTML. */
static void a_missing_host_is_refused_as_everything_else_is(void **state)
{
    static const char *const heads[] = {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "GET / HTTP/1.2\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct http_client *client = connect_and_send(heads[i]);
        const char *got = http_client_wait_closed(client);

        assert_int_equal(http_client_count(got, "HTTP/1.1 400 "), 1);
        assert_non_null(strstr(got, "Host: expected once"));
        assert_int_equal(fx.n_handled, 0);
        http_client_free(&client);
    }
}

static void broken_heads_are_400(void **state)
{
    (void)state;
    assert_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 ");
    assert_refused("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ");
    assert_refused("GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n", "HTTP/1.1 400 ");
}

static void a_huge_header_is_431_and_a_huge_target_414(void **state)
{
    char *long_text = mem_alloc(100001);
    char *request;

    (void)state;
    memset(long_text, 'x', 100000);
    long_text[100000] = '\0';
    request = mem_printf("GET / HTTP/1.1\r\nHost: t\r\nX-Long: %s\r\n\r\n", long_text);
    assert_refused(request, "HTTP/1.1 431 ");
    mem_free(request);
    request = mem_printf("GET /%s HTTP/1.1\r\nHost: t\r\n\r\n", long_text);
    assert_refused(request, "HTTP/1.1 414 ");
    mem_free(request);
    mem_free(long_text);
}

/* As behind a proxy, and with cookies of other services of the same domain. */
static void the_head_of_a_browser_is_taken(void **state)
{
    char *cookies = mem_alloc(2001);
    struct http_client *client;
    char *request;

    (void)state;
    memset(cookies, 'c', 2000);
    cookies[2000] = '\0';
    request = mem_printf("GET / HTTP/1.1\r\nHost: t\r\nCookie: a=%s\r\n", cookies);
    for (int i = 0; i < 16; i++) {
        char *more = mem_printf("%sSec-Fetch-%d: %.60s\r\n", request, i, cookies);

        mem_free(request);
        request = more;
    }
    client = connect_and_send(request);
    http_client_send(client, "\r\n");
    assert_int_equal(strncmp(http_client_wait(client, "[GET /]"), "HTTP/1.1 200 ", 13), 0);
    http_client_free(&client);
    mem_free(request);
    mem_free(cookies);
}

static void a_slow_head_is_cut_although_it_trickles(void **state)
{
    struct http_client *client = connect_and_send("GET / HT");
    int i;

    (void)state;
    for (i = 0; i < 200 && !client->closed; i++) {
        http_client_turn(fx.loop, 20);
        http_client_send(client, i < 3 ? "" : i == 3 ? "TP/1.1\r\n" : "X: y\r\n");
    }

    assert_true(client->closed);
    assert_true(i * 20 < 4 * TIMEOUT_MS);
    assert_int_equal(httpd_connections(fx.httpd), 0);
    http_client_free(&client);
}

static void an_idle_connection_is_cut(void **state)
{
    struct http_client *silent = connect_and_send("");
    struct http_client *served = connect_and_send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");

    (void)state;
    http_client_wait(served, "[GET /]");
    http_client_wait_closed(silent);
    http_client_wait_closed(served);

    http_client_free(&silent);
    http_client_free(&served);
}

static void a_late_answer_is_replaced_by_503_and_dropped(void **state)
{
    struct http_client *client = connect_and_send(
        "GET /later HTTP/1.1\r\nHost: t\r\n\r\nGET /next HTTP/1.1\r\nHost: t\r\n\r\n");
    const char *got;

    (void)state;
    http_client_wait(client, "refused: the request took too long");
    got = http_client_wait(client, "[GET /next]");
    say(fx.held[0], 200, "[too late]");
    http_client_turn(fx.loop, 5);

    assert_int_equal(http_client_count(got, "HTTP/1.1 503 "), 1);
    assert_null(strstr(buf_str(&client->in), "[too late]"));
    http_client_free(&client);
}

static void an_answer_for_a_client_that_has_gone_is_dropped(void **state)
{
    struct http_client *client = connect_and_send("GET /later HTTP/1.1\r\nHost: t\r\n\r\n");

    (void)state;
    wait_held(1);
    http_client_free(&client);
    http_client_turn(fx.loop, 5);
    say(fx.held[0], 200, "nobody reads this");
    http_client_turn(fx.loop, 20);

    assert_int_equal(httpd_connections(fx.httpd), 0);
}

static void stop_ends_idle_connections_and_lets_requests_finish(void **state)
{
    struct http_client *idle = connect_and_send("");
    struct http_client *busy = connect_and_send("GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    const char *got;

    (void)state;
    wait_held(1);
    httpd_stop(fx.httpd, 5000, on_stopped, NULL);
    http_client_wait_closed(idle);
    assert_int_equal(fx.n_stopped, 0);
    say(fx.held[0], 200, "[finished]");
    got = http_client_wait_closed(busy);
    if (!fx.n_stopped)
        loop_run(fx.loop);

    assert_non_null(strstr(got, "[finished]"));
    assert_non_null(strstr(got, "Connection: close"));
    assert_int_equal(fx.n_stopped, 1);
    http_client_free(&idle);
    http_client_free(&busy);
}

static void stop_gives_up_at_its_deadline(void **state)
{
    struct http_client *busy = connect_and_send("GET /later HTTP/1.1\r\nHost: t\r\n\r\n");

    (void)state;
    wait_held(1);
    httpd_stop(fx.httpd, 20, on_stopped, NULL);
    loop_run(fx.loop);

    assert_int_equal(fx.n_stopped, 1);
    http_client_free(&busy);
    /* The teardown frees the listener with the request still unanswered. */
}

static void stop_without_connections_is_at_once_but_later(void **state)
{
    (void)state;
    httpd_stop(fx.httpd, 5000, on_stopped, NULL);
    assert_int_equal(fx.n_stopped, 0);
    loop_run(fx.loop);

    assert_int_equal(fx.n_stopped, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_the_connection_and_answers_pipelined_requests_in_order),
        TEST(head_carries_the_length_of_get),
        TEST(body_is_taken_in_up_to_the_limit),
        TEST(larger_bodies_are_413),
        TEST(an_endless_chunked_body_is_cut),
        TEST(ambiguous_lengths_are_400_and_end_the_connection),
        TEST(a_missing_host_is_refused_as_everything_else_is),
        TEST(broken_heads_are_400),
        TEST(a_huge_header_is_431_and_a_huge_target_414),
        TEST(the_head_of_a_browser_is_taken),
        TEST(a_slow_head_is_cut_although_it_trickles),
        TEST(an_idle_connection_is_cut),
        TEST(a_late_answer_is_replaced_by_503_and_dropped),
        TEST(an_answer_for_a_client_that_has_gone_is_dropped),
        TEST(stop_ends_idle_connections_and_lets_requests_finish),
        TEST(stop_gives_up_at_its_deadline),
        TEST(stop_without_connections_is_at_once_but_later),
    };

    return cmocka_run_group_tests_name("base/httpd", tests, NULL, NULL);
}
