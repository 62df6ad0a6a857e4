/* SPDX-License-Identifier: MIT */
/* test_api_cache_shared.c - what processes share by Redis. */
#include "test_api_cache.h"

static int start_shared(void **state)
{
    (void)state;
    fx = (struct fixture){.loop = loop_new(), .by_itself = true};
    clock_fake_set(NOW_MS);
    fx.redis = test_redis_start(NULL);
    if (!fx.redis)
        return 0;
    fx.config.redis = mem_printf("redis://127.0.0.1:%d", test_redis_port(fx.redis));
    fx.config.redis_timeout = 150;
    return 0;
}

static void open_both(void)
{
    static char database[] = "sqlite:x", empty[] = "";

    if (!fx.redis)
        skip_because("redis-server is not installed");
    fx.config.database = database;
    fx.config.api_timezone = fx.config.api_public_url = empty;
    for (int i = 0; i < NODES; i++) {
        open_node(&fx.nodes[i], ROOMY);
        bump(i, 7);
    }
}

static void wait_shared(bool is_ready)
{
    /* The clock that the deadlines ask stands still; the loop's timers don't. */
    for (int i = 0; i < 1000 && (cache_shared_is_ready(fx.nodes[0].shared) != is_ready ||
                                 cache_shared_is_ready(fx.nodes[1].shared) != is_ready);
         i++)
        http_client_turn(fx.loop, 10);
    assert_int_equal(cache_shared_is_ready(fx.nodes[1].shared), is_ready);
}

static const char *get_from(int node, const char *target)
{
    return answer_of(send_to(node, target, ""));
}

/* The line, up to its end. */
static void etag_of(const char *answer, char out[64])
{
    const char *line = strstr(answer, "ETag: ");

    assert_non_null(line);
    snprintf(out, 64, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static void what_one_process_has_made_the_other_takes(void **state)
{
    char made[64], taken[64];

    (void)state;
    open_both();
    wait_shared(true);
    assert_has(get_from(0, "/a"), "body 1 ");
    etag_of(get_from(0, "/a"), made);
    http_client_turn(fx.loop, 50);
    etag_of(get_from(1, "/a"), taken);
    assert_string_equal(taken, made);
    assert_has(get_from(1, "/a"), "body 1 ");
    assert_int_equal(cache_stats(fx.nodes[1].api.cache)->shared, 1);
    assert_has(get_from(1, "/a"), "body 1 ");

    /* After a commit neither what the other made before nor its own. */
    bump(1, 8);
    assert_has(get_from(1, "/a"), "body 2 ");
    http_client_turn(fx.loop, 50);
    bump(0, 8);
    assert_has(get_from(0, "/a"), "body 2 ");
    assert_has(get_from(0, "/minute"), "body 3 ");
    http_client_turn(fx.loop, 50);
    clock_fake_advance(60000);
    assert_has(get_from(1, "/minute"), "body 4 ");
    assert_int_equal(fx.n_fills, 4);
}

/* Views and likes move without an event, but not without their number. */
static void what_is_shared_is_of_the_same_events_and_counters(void **state)
{
    struct store_changes changes = {.event_id = 7, .counters = 1};

    (void)state;
    open_both();
    wait_shared(true);
    assert_has(get_from(0, "/a"), "body 1 ");
    http_client_turn(fx.loop, 50);
    cache_changed(fx.nodes[0].api.cache, &changes);
    assert_has(get_from(0, "/a"), "body 2 ");
    http_client_turn(fx.loop, 50);
    /* The other was not told yet, then it was. */
    assert_has(get_from(1, "/a"), "body 1 ");
    cache_changed(fx.nodes[1].api.cache, &changes);
    assert_has(get_from(1, "/a"), "body 2 ");
    assert_int_equal(fx.n_fills, 2);
}

/* Its own change has no number yet: an answer of before must not come back by Redis. */
static void what_this_process_changed_is_not_taken_from_others_until_it_is_told(void **state)
{
    struct store_changes changes = {.event_id = 7, .notices = 1};

    (void)state;
    open_both();
    wait_shared(true);
    assert_has(get_from(1, "/notices"), "body 1 ");
    http_client_turn(fx.loop, 50);
    cache_forget(cache(), CACHE_OF_NOTICES);
    assert_has(get_from(0, "/notices"), "body 2 ");
    http_client_turn(fx.loop, 50);
    for (int i = 0; i < NODES; i++)
        cache_changed(fx.nodes[i].api.cache, &changes);
    clock_fake_advance(2000);
    assert_has(get_from(0, "/notices"), "body 3 ");
    http_client_turn(fx.loop, 50);
    assert_has(get_from(1, "/notices"), "body 3 ");
}

static void redis_that_stops_or_hangs_costs_time_and_nothing_else(void **state)
{
    (void)state;
    open_both();
    wait_shared(true);
    assert_has(get_from(0, "/a"), "body 1 ");
    clock_fake_off();
    test_redis_pause(fx.redis);
    assert_has(get_from(1, "/a"), "body 2 ");
    assert_has(get_from(1, "/b"), "body 3 ");
    test_redis_resume(fx.redis);
    wait_shared(true);
    test_redis_stop(fx.redis);
    assert_has(get_from(0, "/c"), "body 4 ");
    assert_has(get_from(1, "/c"), "body 5 ");
    assert_has(get_from(0, "/c"), "body 4 ");
    test_redis_again(fx.redis);
    wait_shared(true);
    assert_has(get_from(0, "/d"), "body 6 ");
    http_client_turn(fx.loop, 50);
    assert_has(get_from(1, "/d"), "body 6 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_one_process_has_made_the_other_takes, start_shared),
        TEST(what_is_shared_is_of_the_same_events_and_counters, start_shared),
        TEST(what_this_process_changed_is_not_taken_from_others_until_it_is_told, start_shared),
        TEST(redis_that_stops_or_hangs_costs_time_and_nothing_else, start_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
