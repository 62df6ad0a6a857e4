/* SPDX-License-Identifier: MIT */
/* test_base_loop_redis.c - commands, losses and deadlines against a real Redis. */
#include "base/loop_redis.h"
#include "base/buf.h"
#include "base/str.h"
#include "support/redis.h"
#include "support/unit.h"

#include <stdlib.h>

enum { TIMEOUT_MS = 2000, SHORT_MS = 150, WAIT_MS = 10000 };

static struct world {
    struct test_redis *server;
    struct loop *loop;
    struct loop_redis *redis;
    struct buf said; /* each answer, "-" for nil, "!" and the text of an error; ';' after each */
    int n_answers;
    bool free_in_callback;
} w;

static int begin(const char *password)
{
    w = (struct world){.loop = loop_new()};
    buf_init(&w.said, BUF_MAX_DEFAULT);
    w.server = test_redis_start(password);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return begin(NULL);
}

static int start_guarded(void **state)
{
    (void)state;
    return begin("open sesame");
}

static int stop(void **state)
{
    (void)state;
    loop_redis_free(&w.redis);
    test_redis_free(&w.server);
    loop_free(&w.loop);
    buf_fini(&w.said);
    return 0;
}

static void open_redis(const char *who, const char *path, int64_t timeout_ms)
{
    struct err err;
    char url[200];

    if (!w.server)
        skip_because("redis-server is not installed");
    snprintf(url, sizeof(url), "redis://%s127.0.0.1:%d%s", who, test_redis_port(w.server), path);
    if (loop_redis_new(w.loop, url, timeout_ms, &w.redis, &err) < 0)
        fail_msg("%s", err.text);
}

static void stop_loop(void *ctx)
{
    loop_stop(ctx);
}

static void turn(int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w.loop, stop_loop, w.loop);

    loop_timer_start(timer, ms);
    loop_run(w.loop);
    loop_timer_free(&timer);
}

static void wait_ready(bool is_ready)
{
    for (int i = 0; i < WAIT_MS / 10 && loop_redis_is_ready(w.redis) != is_ready; i++)
        turn(10);
    assert_int_equal(loop_redis_is_ready(w.redis), is_ready);
}

static void on_answer(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    assert_ptr_equal(ctx, &w);
    assert_true(!err || !bytes);
    if (err)
        buf_addf(&w.said, "!%s", err->text);
    else if (bytes)
        buf_add(&w.said, bytes, len);
    else
        buf_addc(&w.said, '-');
    buf_addc(&w.said, ';');
    w.n_answers++;
    if (w.free_in_callback)
        loop_redis_free(&w.redis);
}

static void command(const char *first, const char *second, const char *third)
{
    const char *words[] = {first, second, third};
    size_t lens[3] = {0};
    int n = 0;

    for (; n < 3 && words[n]; n++)
        lens[n] = strlen(words[n]);
    loop_redis_command(w.redis, words, lens, n, on_answer, &w);
}

static const char *wait_said(int n)
{
    for (int i = 0; i < WAIT_MS / 10 && w.n_answers < n; i++)
        turn(10);
    assert_int_equal(w.n_answers, n);
    return buf_str(&w.said);
}

static void commands_are_answered_in_order(void **state)
{
    (void)state;
    open_redis("", "/3", TIMEOUT_MS);
    wait_ready(true);

    command("SET", "a", "뽐뿌\r\n1");
    command("GET", "a", NULL);
    command("GET", "b", NULL);
    command("INCR", "n", NULL);
    command("INCR", "a", NULL);
    assert_int_equal(w.n_answers, 0);

    assert_string_equal(wait_said(5),
                        "OK;뽐뿌\r\n1;-;1;!redis: ERR value is not an integer or out of range;");
    assert_true(loop_redis_is_ready(w.redis));
}

static void without_a_connection_commands_fail_at_once_and_later_work(void **state)
{
    (void)state;
    if (w.server)
        test_redis_stop(w.server);
    open_redis("", "", TIMEOUT_MS);

    command("GET", "a", NULL);
    assert_int_equal(w.n_answers, 0);
    turn(300);
    assert_int_equal(w.n_answers, 1);
    assert_true(str_starts(buf_str(&w.said), "!redis: "));
    test_redis_again(w.server);
    wait_ready(true);
    command("PING", NULL, NULL);
    assert_non_null(strstr(wait_said(2), ";PONG;"));
}

static void a_server_that_dies_fails_what_was_asked_and_is_found_again(void **state)
{
    (void)state;
    open_redis("", "", TIMEOUT_MS);
    wait_ready(true);
    test_redis_pause(w.server);
    command("GET", "a", NULL);
    command("GET", "b", NULL);
    turn(20);
    test_redis_stop(w.server);

    assert_non_null(strstr(wait_said(2), "!redis: "));
    wait_ready(false);
    test_redis_again(w.server);
    wait_ready(true);
}

static void a_server_that_hangs_costs_its_deadline_once(void **state)
{
    (void)state;
    open_redis("", "", SHORT_MS);
    wait_ready(true);
    test_redis_pause(w.server);
    command("GET", "a", NULL);

    assert_string_equal(wait_said(1), "!redis: no answer in time;");
    assert_false(loop_redis_is_ready(w.redis));
    command("GET", "a", NULL);
    turn(20);
    assert_int_equal(w.n_answers, 2);
    test_redis_resume(w.server);
    wait_ready(true);
}

static void a_password_lets_in_and_a_wrong_one_does_not(void **state)
{
    (void)state;
    open_redis(":open%20sesame@", "/1", TIMEOUT_MS);
    wait_ready(true);
    command("PING", NULL, NULL);
    assert_string_equal(wait_said(1), "PONG;");
    loop_redis_free(&w.redis);
    open_redis(":wrong@", "/1", TIMEOUT_MS);
    turn(300);
    assert_false(loop_redis_is_ready(w.redis));
    command("PING", NULL, NULL);
    assert_non_null(strstr(wait_said(2), "!redis: redis: NOAUTH"));
}

static void it_may_be_freed_in_a_callback(void **state)
{
    (void)state;
    open_redis("", "", TIMEOUT_MS);
    wait_ready(true);
    w.free_in_callback = true;
    command("PING", NULL, NULL);
    command("PING", NULL, NULL);
    command("PING", NULL, NULL);
    turn(100);

    assert_int_equal(w.n_answers, 1);
    assert_null(w.redis);
}

static void a_bad_address_is_refused_without_its_password(void **state)
{
    static const char *const bad[] = {"",
                                      "rediss://h",
                                      "redis://",
                                      "unix:relative",
                                      "redis://u:secret@h:port",
                                      "redis://u:secret@h:0",
                                      "redis://u:secret@h/x",
                                      "http://u:secret@h"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(loop_redis_new(w.loop, bad[i], TIMEOUT_MS, &w.redis, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_null(strstr(err.text, "secret"));
    }
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commands_are_answered_in_order, start),
        TEST(without_a_connection_commands_fail_at_once_and_later_work, start),
        TEST(a_server_that_dies_fails_what_was_asked_and_is_found_again, start),
        TEST(a_server_that_hangs_costs_its_deadline_once, start),
        TEST(a_password_lets_in_and_a_wrong_one_does_not, start_guarded),
        TEST(it_may_be_freed_in_a_callback, start),
        TEST(a_bad_address_is_refused_without_its_password, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
