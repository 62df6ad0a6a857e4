/* SPDX-License-Identifier: MIT */
/* test_base_httpd_answers.c - what a handler is told of a request, shared answers, streams, handed-over sockets. */
#include "base/httpd.h"
#include "base/str.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { TIMEOUT_MS = 300, PENDING_MAX_BYTES = 1 << 20 };

static struct fixture {
    struct loop *loop;
    struct httpd *httpd;
    struct httpd_answer *shared;
    struct httpd_stream *streams[4];
    int n_streams, n_closed;
    int n_seen;
    char last_seen[256];
} fx;

static void on_closed(void *ctx)
{
    (void)ctx;
    fx.n_closed++;
}

static void tell_request(struct httpd_req *req)
{
    const struct httpd_header headers[] = {{"Content-Type", "text/plain"}};
    const char *word = httpd_header(req, "x-WORD");
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_addf(&body, "word=%s missing=%s peer=%s body=%zu:%s", word ? word : "-",
               httpd_header(req, "X-Other") ? "no" : "yes", httpd_peer(req), req->body_len, req->body);
    httpd_respond(req, 200, headers, 1, &body);
}

static void on_request(struct httpd_req *req, void *ctx)
{
    const struct httpd_header headers[] = {{"Content-Type", "text/event-stream"}};

    (void)ctx;
    if (str_starts(req->target, "/shared"))
        httpd_respond_answer(req, fx.shared);
    else if (str_starts(req->target, "/stream"))
        fx.streams[fx.n_streams++] =
            httpd_respond_stream(req, 200, headers, 1, PENDING_MAX_BYTES, on_closed, NULL);
    else
        tell_request(req);
}

static void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    httpd_respond_static(req, status, NULL, 0, text, strlen(text));
}

static void on_seen(const struct httpd_seen *seen, void *ctx)
{
    (void)ctx;
    fx.n_seen++;
    snprintf(fx.last_seen, sizeof(fx.last_seen), "%s %s %d %s %llu", seen->method, seen->target,
             seen->status, seen->peer, (unsigned long long)seen->body_bytes);
}

static struct httpd_options options_for(const char *listen)
{
    return (struct httpd_options){.listen = listen,
                                  .max_connections = 64,
                                  .request_timeout_ms = TIMEOUT_MS,
                                  .body_max_bytes = 64 << 10,
                                  .handler = on_request,
                                  .refuse = on_refusal,
                                  .seen = on_seen};
}

static void make_shared(const char *text)
{
    const struct httpd_header headers[] = {{"Content-Type", "text/plain"}, {"ETag", "\"1\""}};
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_adds(&body, text);
    fx.shared = httpd_answer_new(200, headers, 2, &body);
}

static int start(void **state)
{
    const struct httpd_options options = options_for("127.0.0.1:0");
    struct err err;

    (void)state;
    fx = (struct fixture){.loop = loop_new()};
    make_shared("[the same for all]");
    return httpd_new(fx.loop, &options, &fx.httpd, &err);
}

static int stop(void **state)
{
    (void)state;
    httpd_free(&fx.httpd);
    assert_int_equal(fx.n_closed, fx.n_streams);
    httpd_answer_unref(&fx.shared);
    loop_free(&fx.loop);
    return 0;
}

static struct http_client *connect_and_send(const char *bytes)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.httpd));

    http_client_send(client, bytes);
    return client;
}

static struct http_client *open_stream(void)
{
    int before = fx.n_streams;
    struct http_client *client = connect_and_send("GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");

    for (int i = 0; i < 1000 && fx.n_streams == before; i++)
        http_client_turn(fx.loop, 1);
    assert_non_null(fx.streams[before]);
    return client;
}

static bool send_text(struct httpd_stream *stream, const char *text)
{
    struct httpd_bytes *bytes = httpd_bytes_new(text, strlen(text));
    bool is_queued = httpd_stream_send(stream, bytes);

    httpd_bytes_unref(&bytes);
    return is_queued;
}

static void handler_gets_headers_body_and_peer(void **state)
{
    struct http_client *client =
        connect_and_send("POST /x HTTP/1.1\r\nHost: t\r\nX-Word: one\r\nContent-Length: 5\r\n\r\nhello");

    (void)state;
    http_client_wait(client, "word=one missing=yes peer=127.0.0.1 body=5:hello");
    http_client_free(&client);
}

static void chunked_body_comes_in_one_piece(void **state)
{
    struct http_client *client = connect_and_send(
        "POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");

    (void)state;
    http_client_wait(client, "body=5:abcde");
    http_client_free(&client);
}

static void every_request_is_seen_once_with_its_size(void **state)
{
    char *answer = http_client_ask(fx.loop, httpd_port(fx.httpd), "GET /shared?a=1");

    (void)state;
    mem_free(answer);
    for (int i = 0; i < 100 && !fx.n_seen; i++)
        http_client_turn(fx.loop, 1);
    assert_int_equal(fx.n_seen, 1);
    assert_string_equal(fx.last_seen, "GET /shared?a=1 200 127.0.0.1 18");
}

static void shared_answer_outlives_its_maker_while_it_is_sent(void **state)
{
    struct http_client *client;
    const char *got;

    (void)state;
    client = connect_and_send("GET /shared HTTP/1.1\r\nHost: t\r\n\r\nHEAD /shared HTTP/1.1\r\nHost: t\r\n\r\n"
                              "GET /shared HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_turn(fx.loop, 1);
    httpd_answer_unref(&fx.shared);
    make_shared("[another]");
    got = http_client_wait(client, "HTTP/1.1 200");

    assert_non_null(got);
    http_client_turn(fx.loop, 20);
    assert_int_equal(http_client_count(buf_str(&client->in), "ETag: \"1\""), 3);
    http_client_free(&client);
}

static void shared_answer_says_close_when_the_listener_ends(void **state)
{
    struct http_client *client = connect_and_send("GET /shared HTTP/1.1\r\nHost: t\r\n");

    (void)state;
    http_client_turn(fx.loop, 10);
    httpd_stop(fx.httpd, 5000, on_closed, NULL);
    http_client_send(client, "\r\n");
    http_client_wait(client, "Connection: close");
    http_client_wait_closed(client);
    http_client_turn(fx.loop, 5);
    fx.n_streams += fx.n_closed; /* the listener's own end was counted there */
    http_client_free(&client);
}

static void stream_sends_in_order_and_has_no_deadline_while_idle(void **state)
{
    struct http_client *client = open_stream();
    const char *got;

    (void)state;
    assert_true(send_text(fx.streams[0], "<one>"));
    assert_true(send_text(fx.streams[0], "<two>"));
    http_client_wait(client, "<two>");
    http_client_turn(fx.loop, 2 * TIMEOUT_MS);
    assert_false(client->closed);
    assert_true(send_text(fx.streams[0], "<three>"));
    http_client_wait(client, "<three>");
    assert_int_equal(httpd_stream_pending(fx.streams[0]), 0);
    httpd_stream_end(fx.streams[0]);
    got = http_client_wait(client, "\r\n0\r\n\r\n");

    assert_true(strstr(got, "<one>") < strstr(got, "<two>"));
    assert_non_null(strstr(got, "Transfer-Encoding: chunked"));
    assert_int_equal(fx.n_closed, 1);
    assert_int_equal(httpd_streams(fx.httpd), 0);
    http_client_free(&client);
}

static void stream_is_bounded_and_its_slow_reader_cut(void **state)
{
    struct http_client *client = open_stream();
    char *block = mem_alloc(64 << 10);
    bool is_queued = true;

    (void)state;
    memset(block, 'x', (64 << 10) - 1);
    block[(64 << 10) - 1] = '\0';
    loop_io_want(client->io, 0); /* reads nothing from here on */
    for (int i = 0; i < 1000 && is_queued && !fx.n_closed; i++) {
        is_queued = send_text(fx.streams[0], block);
        http_client_turn(fx.loop, 1);
    }
    assert_false(is_queued);
    http_client_turn(fx.loop, 2 * TIMEOUT_MS);

    assert_int_equal(fx.n_closed, 1);
    mem_free(block);
    http_client_free(&client);
}

static void client_that_left_is_noticed_by_sending(void **state)
{
    struct http_client *client = open_stream();

    (void)state;
    http_client_turn(fx.loop, 5);
    http_client_free(&client);
    for (int i = 0; i < 50 && !fx.n_closed; i++) {
        send_text(fx.streams[0], ":\n\n");
        http_client_turn(fx.loop, 5);
    }
    assert_int_equal(fx.n_closed, 1);
    assert_int_equal(httpd_connections(fx.httpd), 0);
}

static void stop_ends_streams(void **state)
{
    struct http_client *client = open_stream();

    (void)state;
    send_text(fx.streams[0], "<last>");
    httpd_stop(fx.httpd, 5000, on_closed, NULL);
    http_client_wait(client, "<last>");
    http_client_wait_closed(client);
    http_client_turn(fx.loop, 5);
    assert_int_equal(fx.n_closed, 2);
    fx.n_closed = fx.n_streams;
    http_client_free(&client);
}

static void listens_on_a_socket_that_was_handed_over(void **state)
{
    char listen_text[32];
    struct httpd_options options;
    struct httpd *second;
    struct err err;
    char *answer;
    int port = httpd_port(fx.httpd);

    (void)state;
    snprintf(listen_text, sizeof(listen_text), "fd:%d", dup(httpd_listen_fd(fx.httpd)));
    options = options_for(listen_text);
    assert_int_equal(httpd_new(fx.loop, &options, &second, &err), 0);
    assert_int_equal(httpd_port(second), port);
    httpd_free(&fx.httpd);
    fx.httpd = second;
    answer = http_client_ask(fx.loop, port, "GET /shared");

    assert_non_null(strstr(answer, "[the same for all]"));
    mem_free(answer);
}

static void what_is_no_listening_socket_is_refused(void **state)
{
    const char *const wrong[] = {"fd:", "fd:2", "fd:x", "fd:999"};
    struct httpd *httpd;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct httpd_options options = options_for(wrong[i]);

        assert_int_equal(httpd_new(fx.loop, &options, &httpd, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handler_gets_headers_body_and_peer),
        TEST(chunked_body_comes_in_one_piece),
        TEST(every_request_is_seen_once_with_its_size),
        TEST(shared_answer_outlives_its_maker_while_it_is_sent),
        TEST(shared_answer_says_close_when_the_listener_ends),
        TEST(stream_sends_in_order_and_has_no_deadline_while_idle),
        TEST(stream_is_bounded_and_its_slow_reader_cut),
        TEST(client_that_left_is_noticed_by_sending),
        TEST(stop_ends_streams),
        TEST(listens_on_a_socket_that_was_handed_over),
        TEST(what_is_no_listening_socket_is_refused),
    };

    return cmocka_run_group_tests_name("base/httpd answers", tests, NULL, NULL);
}
