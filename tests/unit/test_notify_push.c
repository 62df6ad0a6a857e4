/* SPDX-License-Identifier: MIT */
/* test_notify_push.c - pushes from the outbox to a push service that fails in every way: at least once, under one key. */
#include "base/log.h"
#include "db/store_outbox.h"
#include "notify/push.h"
#include "support/push_service.h"
#include "test_db.h"

#define SECRET "hidden-key-of-the-test"

struct world {
    struct bench *b;
    struct push_service *service;
    struct config config;
    struct push *push;
    struct loop_timer *tick;
    bool (*is_so)(struct world *w);
    int wanted;
    int64_t deadline_ms;
    bool stopped;
    int errors; /* lines of that level */
    char *said; /* all log lines */
};

static struct world w;

#define LITE(test)                                 \
    {                                              \
#test, test, setup_sqlite, end_world, NULL \
    }
#define ON_BOTH(test)                                              \
    {"sqlite_" #test, test, setup_sqlite, end_world, NULL},        \
    {                                                              \
        "postgresql_" #test, test, setup_postgres, end_world, NULL \
    }

/* ---- world ----------------------------------------------------------------------------------- */

static void on_log(enum log_level level, const char *line, void *ctx)
{
    char *more = mem_printf("%s%s\n", w.said ? w.said : "", line);

    (void)ctx;
    mem_free(w.said);
    w.said = more;
    w.errors += level == LOG_ERROR;
}

static void configure(const char *service_name, const char *more)
{
    char *sets[] = {
        mem_printf("push_service=%s", service_name),
        mem_printf("push_url=%s", w.service->url),
        mem_strdup("push_app_id=app"),
        mem_strdup("push_key=" SECRET),
        mem_strdup("push_poll=50ms"),
        mem_strdup("push_backoff=100ms"),
        mem_strdup("push_backoff_max=100ms"),
        mem_strdup("push_timeout=2s"),
        mem_strdup(more ? more : "push_parallel=4"),
    };
    struct err err;

    config_fini(&w.config);
    if (config_load(&w.config, "/dev/null", (const char *const *)sets, ARRAY_LEN(sets), NULL, NULL,
                    &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        mem_free(sets[i]);
}

static void on_tick(void *ctx)
{
    (void)ctx;
    if (w.is_so(&w) || clock_mono_ms() > w.deadline_ms)
        loop_stop(w.b->loop);
    else
        loop_timer_start(w.tick, 5);
}

static void run_until(bool (*is_so)(struct world *), int wanted)
{
    w.is_so = is_so;
    w.wanted = wanted;
    w.deadline_ms = clock_mono_ms() + 20000;
    loop_timer_start(w.tick, 0);
    loop_run(w.b->loop);
    if (!is_so(&w))
        fail_msg("not within 20 s; said:\n%s", w.said ? w.said : "");
}

/* Also behind a test that failed half-way. */
static int end_world(void **state)
{
    log_set_sink(NULL, NULL);
    push_free(&w.push);
    if (w.b)
        store_free(&w.b->store);
    if (w.tick)
        loop_timer_free(&w.tick);
    if (w.service)
        push_service_stop(&w.service);
    config_fini(&w.config);
    mem_free(w.said);
    w = (struct world){0};
    return teardown(state);
}

static bool after_a_while(struct world *at)
{
    return clock_mono_ms() > at->deadline_ms - 20000 + at->wanted;
}

static void start_as(const char *holder)
{
    struct err err;

    if (push_new(w.b->loop, &w.config, w.b->store, holder, &w.push, &err) < 0)
        fail_msg("%s", err.text);
    push_start(w.push);
}

static void start(const char *service_name, const char *more)
{
    configure(service_name, more);
    start_as("engine");
}

static void begin(void **state)
{
    w = (struct world){.b = bench(state)};
    w.service = push_service_start();
    w.tick = loop_timer_new(w.b->loop, on_tick, NULL);
    log_set_sink(on_log, NULL);
}

/* No key in the log, and as many error lines as the test expects. */
static void end(int errors)
{
    log_set_sink(NULL, NULL);
    assert_null(w.said ? strstr(w.said, SECRET) : NULL);
    if (w.errors != errors)
        fail_msg("%d error lines, expected %d:\n%s", w.errors, errors, w.said ? w.said : "");
}

static struct push_counts counts(void)
{
    struct push_counts c;

    push_counts(w.push, &c);
    return c;
}

static bool has_sent(struct world *at)
{
    (void)at;
    return counts().sent >= w.wanted && counts().going == 0;
}

static bool has_given_up(struct world *at)
{
    (void)at;
    return counts().gave_up >= w.wanted && counts().going == 0;
}

static bool hangs(struct world *at)
{
    (void)at;
    return push_service_waiting(w.service) >= w.wanted;
}

static bool was_asked(struct world *at)
{
    (void)at;
    return push_service_requests(w.service) >= w.wanted;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void add_users(int n)
{
    char *sql = mem_printf(
        w.b->is_postgres
            ? "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) SELECT "
              "'00000000-0000-4000-8000-' || lpad(i::text, 12, '0'), to_timestamp(0), now(), now() "
              "FROM generate_series(1, %d) i"
            : "WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < %d) "
              "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) SELECT "
              "'00000000-0000-4000-8000-' || printf('%%012d', i), 0, 0, 0 FROM t",
        n);

    ask(w.b, sql);
    mem_free(sql);
}

#define NOW "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

/* To users 1 to n, one each; n 0: a broadcast. */
static void queue(int n)
{
    char *sql = mem_printf(
        "INSERT INTO push_outbox (kind, app_user_id, headings, contents, created_at, due_at) "
        "SELECT %s, 'h', 'c', %s, %s FROM app_users %s",
        n ? "'alarm', id" : "'broadcast', NULL", w.b->is_postgres ? "now()" : NOW,
        w.b->is_postgres ? "now()" : NOW, n ? "" : "WHERE id = 1");

    ask(w.b, sql);
    mem_free(sql);
    push_wake(w.push);
}

static const char *ends(void)
{
    return ask(w.b, "SELECT count(sent_at), count(gave_up_at), sum(tries), max(last_error) FROM "
                    "push_outbox");
}

/* All requests had one key (of n different ones). */
static int distinct_keys(void)
{
    int n = 0;

    for (int i = 0; i < w.service->n; i++) {
        bool is_new = true;

        for (int k = 0; k < i; k++)
            is_new &= !str_eq(w.service->requests[i].key, w.service->requests[k].key);
        n += is_new;
    }
    return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void every_push_goes_out_once_under_its_key(void **state)
{
    begin(state);
    add_users(20);
    start("onesignal", NULL);
    queue(20);
    run_until(has_sent, 20);

    assert_int_equal(push_service_requests(w.service), 20);
    assert_int_equal(distinct_keys(), 20);
    assert_string_equal(w.service->requests[0].auth, "Basic " SECRET);
    assert_string_equal(ends(), "20|0|20|-\n");
    assert_string_equal(ask(w.b, "SELECT count(*) FROM push_outbox WHERE receipt = 'n-' || "
                                 "push_key AND holder IS NULL"),
                        "20\n");
    end(0);
}

static void a_push_that_failed_goes_out_again_under_the_same_key(void **state)
{
    static const struct {
        enum push_service_trouble trouble;
        int status;
        const char *error;
    } troubles[] = {
        {SERVICE_STATUS, 500, "status 500"},
        {SERVICE_STATUS, 409, "status 409"},
        {SERVICE_CLOSES, 0, "http://127.0.0.1:"},
        {SERVICE_HANGS, 0, "http://127.0.0.1:"},
    };

    begin(state);
    add_users(1);
    start("onesignal", "push_timeout=300ms");
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
        int before = push_service_requests(w.service);

        push_service_set(w.service, troubles[i].trouble, troubles[i].status, 0,
                         troubles[i].trouble == SERVICE_HANGS ? -1 : 1);
        queue(1);
        if (troubles[i].trouble == SERVICE_HANGS) {
            run_until(hangs, 1);
            run_until(after_a_while, 500);
            push_service_set(w.service, SERVICE_FINE, 0, 0, 0);
        }
        run_until(has_sent, (int)i + 1);
        assert_true(push_service_requests(w.service) >= before + 2);
        assert_int_equal(distinct_keys(), i + 1);
        assert_int_equal(push_service_taken(w.service), i + 1);
        if (!strstr(w.said ? w.said : "", troubles[i].error) && troubles[i].status != 409)
            fail_msg("not said: %s in\n%s", troubles[i].error, w.said ? w.said : "");
    }
    end(0);
}

static void a_push_that_the_service_never_takes_is_given_up_at_once(void **state)
{
    begin(state);
    add_users(1);
    start("onesignal", NULL);
    push_service_set(w.service, SERVICE_STATUS, 400, 0, 1);
    queue(1);
    run_until(has_given_up, 1);

    assert_string_equal(ends(), "0|1|1|status 400: told to fail\n");
    assert_int_equal(push_service_requests(w.service), 1);
    end(0);
}

static void a_push_is_given_up_after_so_many_tries(void **state)
{
    begin(state);
    add_users(1);
    start("onesignal", "push_tries=3");
    push_service_set(w.service, SERVICE_STATUS, 409, 0, -1);
    queue(1);
    run_until(has_given_up, 1);

    assert_string_equal(ends(), "0|1|3|status 409: told to fail\n");
    assert_int_equal(push_service_requests(w.service), 3);
    assert_int_equal(counts().retried, 2);
    end(0);
}

/* Ten wait: one is tried, and after the pause that the service asked for all go out. */
static void while_the_service_is_in_trouble_the_others_wait(void **state)
{
    int64_t began;

    begin(state);
    add_users(10);
    push_service_set(w.service, SERVICE_STATUS, 429, 1, -1);
    configure("onesignal", "push_parallel=1");
    start_as("engine");
    began = clock_mono_ms();
    queue(10);
    run_until(was_asked, 1);
    push_service_set(w.service, SERVICE_FINE, 0, 0, 0);
    run_until(has_sent, 10);

    assert_true(clock_mono_ms() - began >= 900);
    assert_string_equal(ends(), "10|0|11|-\n");
    assert_false(counts().is_trouble);
    end(0);
}

static void a_service_that_refuses_us_is_one_error_line_and_no_push_is_lost(void **state)
{
    begin(state);
    add_users(3);
    push_service_set(w.service, SERVICE_STATUS, 403, 0, 2);
    start("onesignal", "push_parallel=1");
    queue(3);
    run_until(was_asked, 2);
    assert_true(counts().is_trouble);
    run_until(has_sent, 3);

    assert_string_equal(ask(w.b, "SELECT count(sent_at) FROM push_outbox"), "3\n");
    assert_non_null(strstr(w.said, "the push service takes pushes again"));
    end(1);
}

static void as_many_requests_as_are_allowed_are_under_way(void **state)
{
    begin(state);
    add_users(10);
    push_service_set(w.service, SERVICE_HANGS, 0, 0, -1);
    start("onesignal", "push_parallel=3");
    queue(10);
    run_until(hangs, 3);
    run_until(after_a_while, 200);
    assert_int_equal(push_service_waiting(w.service), 3);
    push_service_set(w.service, SERVICE_FINE, 0, 0, 0);
    run_until(has_sent, 10);
    assert_int_equal(distinct_keys(), 10);
    end(0);
}

static void a_broadcast_reaches_everybody_in_batches(void **state)
{
    begin(state);
    add_users(4500);
    ask(w.b, "UPDATE app_users SET app_player = 'no player id' WHERE id = 7");
    start("onesignal", NULL);
    push_service_set(w.service, SERVICE_STATUS, 500, 0, 1); /* the first batch goes twice */
    queue(0);
    run_until(has_sent, 3);

    assert_string_equal(ask(w.b, "SELECT count(sent_at) FROM push_outbox"), "1\n");
    assert_int_equal(push_service_requests(w.service), 4);
    assert_int_equal(distinct_keys(), 3);
    assert_int_equal(w.service->requests[0].n_players, 1999);
    assert_string_equal(w.service->requests[1].key, w.service->requests[0].key);
    assert_int_equal(w.service->requests[1].n_players, 1999);
    assert_int_equal(w.service->requests[2].n_players, 2000);
    assert_int_equal(w.service->requests[3].n_players, 500);
    end(0);
}

static void a_player_that_the_service_does_not_know_is_asked_for_once(void **state)
{
    begin(state);
    add_users(2);
    strcpy(w.service->unknown, "00000000-0000-4000-8000-000000000002");
    start("onesignal", NULL);
    queue(2);
    run_until(has_sent, 1);
    run_until(has_given_up, 1);
    assert_int_equal(push_service_requests(w.service), 2);

    queue(2);
    run_until(has_sent, 2);
    run_until(has_given_up, 2);
    assert_int_equal(push_service_requests(w.service), 3);
    assert_int_equal(counts().players_gone, 1);
    assert_string_equal(ask(w.b, "SELECT max(last_error) FROM push_outbox"),
                        "the service does not know this player\n");
    end(0);
}

static void a_webhook_gets_it_signed(void **state)
{
    begin(state);
    add_users(1);
    start("webhook", NULL);
    queue(1);
    run_until(has_sent, 1);

    assert_true(str_starts(w.service->requests[0].auth, "v1,"));
    assert_int_equal(strlen(w.service->requests[0].stamp), 10);
    assert_int_equal(strlen(w.service->requests[0].key), 36);
    end(0);
}

static void without_a_service_pushes_wait_and_grow_old(void **state)
{
    begin(state);
    add_users(1);
    queue(1);
    ask(w.b, "UPDATE push_outbox SET created_at = created_at - 1000000000");
    queue(1);
    start("none", NULL);
    run_until(after_a_while, 300);

    assert_int_equal(push_service_requests(w.service), 0);
    assert_int_equal(counts().expired, 1);
    assert_string_equal(ends(), "0|1|0|too old\n");
    end(0);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void on_stopped(void *ctx)
{
    (void)ctx;
    w.stopped = true;
}

static bool is_stopped(struct world *at)
{
    return at->stopped;
}

static void stopping_waits_for_what_is_under_way_and_takes_no_more(void **state)
{
    begin(state);
    add_users(5);
    push_service_set(w.service, SERVICE_HANGS, 0, 0, -1);
    start("onesignal", "push_parallel=2");
    queue(5);
    run_until(hangs, 2);
    push_stop(w.push, on_stopped, NULL);
    run_until(after_a_while, 100);
    assert_false(w.stopped);
    push_service_set(w.service, SERVICE_FINE, 0, 0, 0);
    run_until(is_stopped, 0);

    assert_string_equal(ask(w.b, "SELECT count(sent_at), sum(tries) FROM push_outbox"), "2|2\n");
    end(0);
}

/* As after SIGKILL: the requests are out, nothing is noted; the engine comes back under its name. */
static void what_was_under_way_at_the_end_goes_out_again_under_its_key(void **state)
{
    begin(state);
    add_users(4);
    push_service_set(w.service, SERVICE_HANGS, 0, 0, -1);
    start("onesignal", NULL);
    queue(4);
    run_until(hangs, 4);
    push_stop(w.push, on_stopped, NULL);
    push_hurry(w.push);
    run_until(is_stopped, 0);
    push_free(&w.push);
    push_service_set(w.service, SERVICE_FINE, 0, 0, 0);
    start_as("engine");
    run_until(has_sent, 4);

    assert_int_equal(push_service_requests(w.service), 8);
    assert_int_equal(distinct_keys(), 4);
    assert_int_equal(push_service_taken(w.service), 4);
    assert_string_equal(ends(), "4|0|8|-\n");
    end(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(every_push_goes_out_once_under_its_key),
        ON_BOTH(a_broadcast_reaches_everybody_in_batches),

        LITE(a_push_that_failed_goes_out_again_under_the_same_key),
        LITE(a_push_that_the_service_never_takes_is_given_up_at_once),
        LITE(a_push_is_given_up_after_so_many_tries),
        LITE(while_the_service_is_in_trouble_the_others_wait),
        LITE(a_service_that_refuses_us_is_one_error_line_and_no_push_is_lost),
        LITE(as_many_requests_as_are_allowed_are_under_way),
        LITE(a_player_that_the_service_does_not_know_is_asked_for_once),
        LITE(a_webhook_gets_it_signed),
        LITE(without_a_service_pushes_wait_and_grow_old),
        LITE(stopping_waits_for_what_is_under_way_and_takes_no_more),
        LITE(what_was_under_way_at_the_end_goes_out_again_under_its_key),
    };

    return cmocka_run_group_tests_name("notify_push", tests, NULL, stop_postgres);
}
