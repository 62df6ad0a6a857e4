/* SPDX-License-Identifier: MIT */
/* test_base_httpd_room.c - more clients than places, names of headers, and an end that drains. */
#include "base/httpd.h"
#include "base/str.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { PLACES = 20, CROWD = 60, IDLE_MS = 400, DRAIN_MS = 300 };

static struct fixture {
    struct loop *loop;
    struct httpd *httpd;
    struct httpd_req *held;
    struct http_client *crowd[CROWD];
    int n_stopped;
    struct httpd_seen seen;
} fx;

static void say(struct httpd_req *req, int status, const char *text)
{
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_adds(&body, text);
    httpd_respond(req, status, NULL, 0, &body);
}

static void on_request(struct httpd_req *req, void *ctx)
{
    const char *lines = httpd_header_lines(req, "X-Forwarded-For");

    (void)ctx;
    req->user = &fx;
    httpd_add_header(req, "X-Request-Id", "first");
    httpd_add_header(req, "X-Request-Id", "second");
    if (str_starts(req->target, "/later"))
        fx.held = req;
    else
        say(req, 200, arena_printf(&req->arena, "[%s]", lines ? lines : "none"));
}

static void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    say(req, status, text);
}

static void on_seen(const struct httpd_seen *seen, void *ctx)
{
    (void)ctx;
    fx.seen = *seen;
}

static int start(void **state)
{
    const struct httpd_options options = {.listen = "127.0.0.1:0",
                                          .max_connections = PLACES,
                                          .request_timeout_ms = 5000,
                                          .idle_timeout_ms = IDLE_MS,
                                          .drain_ms = DRAIN_MS,
                                          .body_max_bytes = 1000,
                                          .handler = on_request,
                                          .refuse = on_refusal,
                                          .seen = on_seen};
    struct err err;

    (void)state;
    fx = (struct fixture){.loop = loop_new()};
    return httpd_new(fx.loop, &options, &fx.httpd, &err);
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < CROWD && fx.crowd[i]; i++)
        http_client_free(&fx.crowd[i]);
    httpd_free(&fx.httpd);
    loop_free(&fx.loop);
    return 0;
}

static void gather(const char *each_sends)
{
    for (int i = 0; i < CROWD; i++) {
        fx.crowd[i] = http_client_open(fx.loop, httpd_port(fx.httpd));
        http_client_send(fx.crowd[i], each_sends);
        http_client_turn(fx.loop, 2);
    }
}

static int count_open(void)
{
    int n = 0;

    http_client_turn(fx.loop, 50);
    for (int i = 0; i < CROWD; i++)
        n += !fx.crowd[i]->closed;
    return n;
}

static void newcomers_take_the_places_of_the_longest_idle(void **state)
{
    char *answer;

    (void)state;
    gather("");
    answer = http_client_ask(fx.loop, httpd_port(fx.httpd), "GET /x");

    assert_non_null(strstr(answer, "200 OK"));
    assert_true(httpd_connections(fx.httpd) <= PLACES + 1);
    assert_true(count_open() <= PLACES);
    assert_true(fx.crowd[0]->closed);
    assert_false(fx.crowd[CROWD - 1]->closed);
    assert_true(httpd_stats(fx.httpd)->cut_for_room >= CROWD - PLACES);
    mem_free(answer);
}

static void slow_senders_make_room_when_nobody_is_idle(void **state)
{
    char *answer;

    (void)state;
    gather("POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\nbegin");
    answer = http_client_ask(fx.loop, httpd_port(fx.httpd), "GET /x");

    assert_non_null(strstr(answer, "200 OK"));
    assert_true(count_open() <= PLACES);
    mem_free(answer);
}

static void a_request_that_waits_keeps_its_place(void **state)
{
    struct http_client *patient = http_client_open(fx.loop, httpd_port(fx.httpd));

    (void)state;
    http_client_send(patient, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    for (int i = 0; i < 1000 && !fx.held; i++)
        http_client_turn(fx.loop, 1);
    gather("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_false(patient->closed);
    say(fx.held, 200, "[at last]");

    http_client_wait(patient, "[at last]");
    assert_ptr_equal(fx.seen.user, &fx);
    assert_int_equal(fx.seen.status, 200);
    assert_true(fx.seen.took_us > 0);
    http_client_free(&patient);
}

static void idle_connections_end_before_requests_would(void **state)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.httpd));

    (void)state;
    http_client_send(client, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_wait(client, "[none]");
    assert_false(client->closed);
    http_client_turn(fx.loop, IDLE_MS + 150);

    assert_true(client->closed);
    assert_int_equal(httpd_stats(fx.httpd)->cut_late, 1);
    http_client_free(&client);
}

static void lines_of_a_header_are_joined_and_one_is_added(void **state)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.httpd));
    const char *got;

    (void)state;
    http_client_send(client, "GET / HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: a, b\r\nX-Other: z\r\n"
                             "x-forwarded-for: c\r\n\r\n");
    got = http_client_wait(client, "]");

    assert_non_null(strstr(got, "[a, b,c]"));
    assert_non_null(strstr(got, "X-Request-Id: second\r\n"));
    assert_null(strstr(got, "first"));
    http_client_free(&client);
}

static void a_name_that_is_no_token_is_refused(void **state)
{
    static const char *const lines[] = {"Transfer-Encoding : chunked", "Content-Length\t: 5",
                                        "X(y): 1", "X\"y: 1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct http_client *client = http_client_open(fx.loop, httpd_port(fx.httpd));
        char *bytes =
            mem_printf("POST / HTTP/1.1\r\nHost: t\r\n%s\r\n\r\n0\r\n\r\nGET /smuggled "
                       "HTTP/1.1\r\nHost: t\r\n\r\n",
                       lines[i]);
        const char *got;

        http_client_send(client, bytes);
        got = http_client_wait_closed(client);
        if (!str_starts(got, "HTTP/1.1 400") || http_client_count(got, "HTTP/1.1") != 1)
            fail_msg("%s: %s", lines[i], got);
        http_client_free(&client);
        mem_free(bytes);
    }
}

static void on_stopped(void *ctx)
{
    (void)ctx;
    fx.n_stopped++;
}

/* Its client could not know: the connection was open a moment ago. */
static void an_end_that_drains_answers_what_comes_on_open_connections(void **state)
{
    struct http_client *busy = http_client_open(fx.loop, httpd_port(fx.httpd));
    struct http_client *idle = http_client_open(fx.loop, httpd_port(fx.httpd));
    const char *got;

    (void)state;
    http_client_send(busy, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_wait(busy, "[none]");
    http_client_turn(fx.loop, 20);
    httpd_stop(fx.httpd, 5000, on_stopped, NULL);
    http_client_turn(fx.loop, 50);
    assert_false(busy->closed);
    http_client_send(busy, "GET /b HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: b\r\n\r\n");
    got = http_client_wait_closed(busy);
    assert_non_null(strstr(got, "[b]"));
    assert_non_null(strstr(got, "Connection: close"));
    assert_false(idle->closed);
    assert_int_equal(fx.n_stopped, 0);
    http_client_turn(fx.loop, DRAIN_MS + 150);

    assert_true(idle->closed);
    assert_int_equal(fx.n_stopped, 1);
    http_client_free(&busy);
    http_client_free(&idle);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(newcomers_take_the_places_of_the_longest_idle),
        WITH_SERVER(slow_senders_make_room_when_nobody_is_idle),
        WITH_SERVER(a_request_that_waits_keeps_its_place),
        WITH_SERVER(idle_connections_end_before_requests_would),
        WITH_SERVER(lines_of_a_header_are_joined_and_one_is_added),
        WITH_SERVER(a_name_that_is_no_token_is_refused),
        WITH_SERVER(an_end_that_drains_answers_what_comes_on_open_connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
