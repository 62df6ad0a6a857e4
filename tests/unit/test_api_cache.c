/* SPDX-License-Identifier: MIT */
/* test_api_cache.c - kept answers on a real listener, with fills that the test ends when it wants. */
#include "api/cache.h"
#include "api/cache_shared.h"
#include "api/route.h"
#include "base/str.h"
#include "support/http_client.h"
#include "support/redis.h"
#include "support/unit.h"

#include <stdlib.h>

enum { MAX_FILLS = 16, BODY_PADDING = 600, ROOMY = 1 << 20, NODES = 2 };

/* 20 s after the beginning of a minute. */
static const int64_t NOW_MS = INT64_C(1700654420000);

/* One api process each; the tests of one use the first. */
static struct fixture {
    struct loop *loop;
    struct node {
        struct httpd *httpd;
        struct api api;
        struct cache_shared *shared;
    } nodes[NODES];
    struct cache_fill *fills[MAX_FILLS]; /* begun, in this order */
    int n_fills;
    bool by_itself; /* fills end at once, as "body N" */
    struct test_redis *redis;
    struct config config;
} fx;

/* ---- the listener ---------------------------------------------------------------------------- */

static void end_with(int i, const char *text)
{
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_addf(&body, "%s %*s", text, BODY_PADDING, ".");
    cache_fill_done(fx.fills[i], &body);
    fx.fills[i] = NULL;
}

static void fill(struct api *api, const void *arg, struct cache_fill *to)
{
    char text[32];

    assert_non_null(api);
    assert_string_equal(arg, "asked");
    assert_true(fx.n_fills < MAX_FILLS);
    fx.fills[fx.n_fills++] = to;
    snprintf(text, sizeof(text), "body %d", fx.n_fills);
    if (fx.by_itself)
        end_with(fx.n_fills - 1, text);
}

static void on_request(struct httpd_req *req, void *ctx)
{
    struct call *call = arena_new(&req->arena, struct call);
    char arg[] = "asked";
    struct cache_source source = {.subject = str_starts(req->target, "/sites")     ? CACHE_OF_SITES
                                             : str_starts(req->target, "/notices") ? CACHE_OF_NOTICES
                                             : str_starts(req->target, "/program") ? CACHE_OF_PROGRAM
                                                                                   : CACHE_OF_DEALS,
                                  .life = str_starts(req->target, "/minute") ? CACHE_MINUTE
                                                                             : CACHE_GENERATION,
                                  .content_type = "text/plain",
                                  .fill = fill,
                                  .arg = arg,
                                  .arg_bytes = sizeof(arg)};

    *call = (struct call){.req = req, .api = ctx, .style = STYLE_V3};
    cache_respond(call, req->target, &source);
}

static void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    httpd_respond_static(req, status, NULL, 0, text, strlen(text));
}

static void open_node(struct node *node, size_t max_bytes)
{
    const struct httpd_options options = {.listen = "127.0.0.1:0",
                                          .max_connections = 64,
                                          .request_timeout_ms = 10000,
                                          .handler = on_request,
                                          .refuse = on_refusal,
                                          .ctx = &node->api};
    struct err err;

    if (cache_shared_new(fx.loop, &fx.config, &node->shared, &err) < 0 ||
        httpd_new(fx.loop, &options, &node->httpd, &err) < 0)
        fail_msg("%s", err.text);
    node->api.cache = cache_new(max_bytes, node->shared);
}

static int start_with(size_t max_bytes)
{
    fx = (struct fixture){.loop = loop_new(), .by_itself = true};
    clock_fake_set(NOW_MS);
    open_node(&fx.nodes[0], max_bytes);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(ROOMY);
}

static int start_small(void **state)
{
    (void)state;
    return start_with(4 * (2 * (BODY_PADDING + 8) + 600)); /* four bodies */
}

static int start_none(void **state)
{
    (void)state;
    return start_with(0);
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++) {
        httpd_free(&fx.nodes[i].httpd);
        cache_shared_free(&fx.nodes[i].shared);
        cache_free(&fx.nodes[i].api.cache);
    }
    test_redis_free(&fx.redis);
    mem_free(fx.config.redis);
    clock_fake_off();
    loop_free(&fx.loop);
    return 0;
}

static struct cache *cache(void)
{
    return fx.nodes[0].api.cache;
}

/* Events up to this one, and nothing else. */
static void bump(int node, int64_t event_id)
{
    const struct store_changes changes = {.event_id = event_id};

    cache_changed(fx.nodes[node].api.cache, &changes);
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct http_client *send_to(int node, const char *target, const char *headers)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.nodes[node].httpd));
    char *text =
        mem_printf("GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", target, headers);

    http_client_send(client, text);
    mem_free(text);
    return client;
}

/* The whole answer, until the next one. */
static const char *answer_of(struct http_client *client)
{
    static char text[8192];

    snprintf(text, sizeof(text), "%s", http_client_wait_closed(client));
    http_client_free(&client);
    return text;
}

static const char *get_with(const char *target, const char *headers)
{
    return answer_of(send_to(0, target, headers));
}

static const char *get(const char *target)
{
    return get_with(target, "");
}

#define assert_has(text, part)                        \
    do {                                              \
        const char *has_ = (text);                    \
        if (!strstr(has_, part))                      \
            fail_msg("no \"%s\" in: %s", part, has_); \
    } while (0)

static void wait_fills(int n)
{
    for (int i = 0; i < 500 && fx.n_fills < n; i++)
        http_client_turn(fx.loop, 2);
    assert_int_equal(fx.n_fills, n);
}

static void fail_fill(int i)
{
    struct err err;

    err_set(&err, ERR_STORE, "away");
    cache_fill_failed(fx.fills[i], &err);
}

/* ---- one process ----------------------------------------------------------------------------- */

static void what_is_kept_is_given_again_until_the_deals_change(void **state)
{
    (void)state;
    assert_has(get("/a"), "body 1 ");
    assert_has(get("/a"), "body 1 ");
    assert_has(get("/b"), "body 2 ");
    assert_int_equal(cache_stats(cache())->hits, 1);
    bump(0, 1);
    assert_has(get("/a"), "body 3 ");
    assert_has(get("/a"), "body 3 ");
    assert_int_equal(cache_stats(cache())->misses, 3);
    assert_int_equal(cache_stats(cache())->entries, 2);
}

static void an_answer_ends_with_what_it_is_made_from_and_with_nothing_else(void **state)
{
    static const char *const targets[] = {"/program", "/deals", "/sites", "/notices"};
    static const struct {
        struct store_changes changes;
        const char *filled; /* of the targets, in their order */
    } rows[] = {{{.event_id = 0}, "0111"},
                {{.event_id = 0}, "0000"},
                {{.event_id = 1}, "0110"},
                {{.event_id = 1, .counters = 1}, "0110"},
                {{.event_id = 1, .counters = 1, .runs = 1}, "0010"},
                {{.event_id = 1, .counters = 1, .runs = 1, .notices = 1}, "0001"},
                {{.event_id = 0, .counters = 0, .runs = 0, .notices = 0}, "0111"}};

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(targets); k++)
        get(targets[k]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char filled[ARRAY_LEN(targets) + 1] = "";

        fx.n_fills = 0;
        cache_changed(cache(), &rows[i].changes);
        for (size_t k = 0; k < ARRAY_LEN(targets); k++) {
            int before = fx.n_fills;

            get(targets[k]);
            filled[k] = fx.n_fills > before ? '1' : '0';
        }
        assert_string_equal(filled, rows[i].filled);
    }
    /* The program's own is never stale. */
    cache_set_away(cache(), true);
    assert_null(strstr(get("/program"), "\r\nAge: "));
    cache_forget(cache(), CACHE_OF_NOTICES);
    cache_set_away(cache(), false);
    fx.n_fills = 0;
    get("/notices");
    get("/sites");
    assert_int_equal(fx.n_fills, 1);
}

static void ages_end_with_their_minute_and_the_rest_does_not(void **state)
{
    (void)state;
    assert_has(get("/minute"), "body 1 ");
    assert_has(get("/other"), "body 2 ");
    clock_fake_advance(39999);
    assert_has(get("/minute"), "body 1 ");
    clock_fake_advance(1);
    assert_has(get("/minute"), "body 3 ");
    assert_has(get("/other"), "body 2 ");
}

static void equal_requests_share_one_fill(void **state)
{
    struct http_client *clients[3];

    (void)state;
    fx.by_itself = false;
    for (int i = 0; i < 3; i++)
        clients[i] = send_to(0, "/a", "");
    wait_fills(1);
    http_client_turn(fx.loop, 50);
    end_with(0, "one for all");

    for (int i = 0; i < 3; i++)
        assert_has(answer_of(clients[i]), "one for all ");
    assert_int_equal(fx.n_fills, 1);
    assert_int_equal(cache_stats(cache())->joined, 2);
}

static void a_fill_that_began_before_a_change_answers_nobody_who_came_after(void **state)
{
    struct http_client *before, *after, *after_too;

    (void)state;
    fx.by_itself = false;
    before = send_to(0, "/a", "");
    wait_fills(1);
    bump(0, 1);
    after = send_to(0, "/a", "");
    after_too = send_to(0, "/a", "");
    http_client_turn(fx.loop, 50);
    end_with(0, "old");
    assert_has(answer_of(before), "old ");
    wait_fills(2);
    end_with(1, "new");

    assert_has(answer_of(after), "new ");
    assert_has(answer_of(after_too), "new ");
    assert_has(get("/a"), "new ");
    assert_int_equal(fx.n_fills, 2);
}

static void the_least_recently_used_make_room(void **state)
{
    char target[16];

    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(target, sizeof(target), "/%d", i);
        get(target);
    }
    get("/0");
    get("/4");

    assert_int_equal(cache_stats(cache())->evicted, 1);
    assert_true(cache_stats(cache())->bytes <= 4 * (2 * (BODY_PADDING + 8) + 600));
    assert_has(get("/0"), "body 1 ");
    assert_has(get("/1"), "body 6 ");
}

static void without_memory_nothing_is_kept_and_all_are_answered(void **state)
{
    (void)state;
    assert_has(get("/a"), "body 1 ");
    assert_has(get("/a"), "body 2 ");
    assert_int_equal(cache_stats(cache())->bytes, 0);
    assert_int_equal(cache_stats(cache())->entries, 0);
}

/* The value of the answer's ETag, quotes included. */
static const char *etag_of(const char *answer)
{
    static char etag[100];
    const char *at = strstr(answer, "\r\nETag: ");

    assert_non_null(at);
    at += strlen("\r\nETag: ");
    snprintf(etag, sizeof(etag), "%.*s", (int)strcspn(at, "\r"), at);
    return etag;
}

static void assert_condition(const char *value, bool takes_gzip, int status)
{
    char *headers =
        mem_printf("If-None-Match: %s\r\n%s", value, takes_gzip ? "Accept-Encoding: gzip\r\n" : "");
    const char *answer = get_with("/a", headers);

    if (atoi(answer + strlen("HTTP/1.1 ")) != status)
        fail_msg("%s gave %s", headers, answer);
    if (status == 304)
        assert_string_equal(strstr(answer, "\r\n\r\n") + 4, "");
    mem_free(headers);
}

static void known_bytes_are_not_sent_again_plain_and_compressed(void **state)
{
    char plain[100], packed[100], list[300], weak[110];

    (void)state;
    snprintf(plain, sizeof(plain), "%s", etag_of(get("/a")));
    snprintf(packed, sizeof(packed), "%s", etag_of(get_with("/a", "Accept-Encoding: gzip\r\n")));
    snprintf(list, sizeof(list), "\"x\", %s", plain);
    snprintf(weak, sizeof(weak), "W/%s", plain);

    assert_string_not_equal(plain, packed);
    assert_condition(plain, false, 304);
    assert_condition(list, false, 304);
    assert_condition(weak, false, 304);
    assert_condition("*", false, 304);
    assert_condition(packed, true, 304);
    assert_condition(packed, false, 200);
    assert_condition(plain, true, 200);
    assert_condition("\"x\"", false, 200);
    bump(0, 1);
    assert_condition(plain, false, 200);
    assert_int_equal(fx.n_fills, 2);
}

static void gzip_is_sent_to_those_who_take_it(void **state)
{
    static const struct {
        const char *value;
        bool is_taken;
    } rows[] = {{"gzip", true},          {"GZip", true},
                {"br, gzip", true},      {"br;q=1,gzip;q=0.5", true},
                {"gzip;q=0.001", true},  {"gzip ; q=1", true},
                {"gzip;q=0", false},     {"gzip; q=0.000", false},
                {"gzip;Q=0, br", false}, {"x-gzip-y", false},
                {"br", false},           {"", false},
                {"gzipped", false},      {",,gzip", true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *headers = mem_printf("Accept-Encoding: %s\r\n", rows[i].value);
        const char *answer = get_with("/a", headers);

        if (!strstr(answer, "\r\nContent-Encoding: gzip\r\n") == rows[i].is_taken)
            fail_msg("%s: %s", headers, answer);
        assert_has(answer, "\r\nVary: Accept-Encoding");
        mem_free(headers);
    }
    assert_int_equal(fx.n_fills, 1);
}

static void a_failed_fill_gives_what_was_kept_with_its_age(void **state)
{
    struct http_client *client, *other;
    const char *answer;

    (void)state;
    assert_has(get("/a"), "body 1 ");
    fx.by_itself = false;
    bump(0, 1);
    clock_fake_advance(125000);
    client = send_to(0, "/a", "");
    other = send_to(0, "/b", "");
    wait_fills(3);
    fail_fill(1);
    fail_fill(2);

    answer = answer_of(client);
    assert_has(answer, "HTTP/1.1 200 ");
    assert_has(answer, "\r\nAge: 125\r\n");
    assert_has(answer, "body 1 ");
    answer = answer_of(other);
    assert_has(answer, "HTTP/1.1 503 ");
    assert_has(answer, "\r\nRetry-After: ");
    assert_int_equal(cache_stats(cache())->stale, 1);
}

static void while_the_database_is_away_what_is_kept_is_given_at_once(void **state)
{
    const char *answer;

    (void)state;
    assert_has(get("/a"), "body 1 ");
    fx.by_itself = false;
    cache_set_away(cache(), true);
    clock_fake_advance(3000);
    answer = get("/a"); /* the fill behind it is still under way */
    assert_has(answer, "\r\nAge: 3\r\n");
    assert_has(answer, "body 1 ");
    wait_fills(2);
    assert_has(get("/a"), "\r\nAge: 3\r\n");
    assert_int_equal(fx.n_fills, 2);
    end_with(1, "newer"); /* it was not away for everybody */
    assert_has(get("/a"), "newer ");
    fx.by_itself = true;
    cache_set_away(cache(), false);
    bump(0, 2);
    answer = get("/a");

    assert_has(answer, "body 3 ");
    assert_null(strstr(answer, "\r\nAge: "));
}

static void a_refusal_goes_to_all_who_wait_and_is_not_kept(void **state)
{
    struct http_client *one, *two;

    (void)state;
    fx.by_itself = false;
    one = send_to(0, "/a", "");
    two = send_to(0, "/a", "");
    wait_fills(1);
    http_client_turn(fx.loop, 50);
    cache_fill_refused(fx.fills[0], 404, "없음", "no such deal");

    assert_has(answer_of(one), "HTTP/1.1 404 ");
    assert_has(answer_of(two), "no such deal");
    assert_int_equal(cache_stats(cache())->entries, 0);
}

static void clients_that_leave_during_a_fill_do_no_harm(void **state)
{
    struct http_client *leaver, *late_leaver, *stayer;

    (void)state;
    fx.by_itself = false;
    leaver = send_to(0, "/a", "Accept-Encoding: gzip\r\n");
    wait_fills(1);
    stayer = send_to(0, "/a", "");
    http_client_turn(fx.loop, 30);
    bump(0, 1);
    late_leaver = send_to(0, "/a", "");
    http_client_turn(fx.loop, 30);
    http_client_free(&leaver);
    http_client_free(&late_leaver);
    http_client_turn(fx.loop, 30);
    end_with(0, "still");

    assert_has(answer_of(stayer), "still ");
    wait_fills(2);
    end_with(1, "and again");
    assert_has(get("/a"), "and again ");
}

static void what_is_being_filled_at_the_end_is_dropped(void **state)
{
    struct http_client *client;

    (void)state;
    fx.by_itself = false;
    client = send_to(0, "/a", "");
    wait_fills(1);
    http_client_free(&client);
}

/* ---- processes that share by Redis ----------------------------------------------------------- */

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

static void what_one_process_has_made_the_other_takes(void **state)
{
    (void)state;
    open_both();
    wait_shared(true);
    assert_has(get_from(0, "/a"), "body 1 ");
    http_client_turn(fx.loop, 50);
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

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_is_given_again_until_the_deals_change, start),
        TEST(an_answer_ends_with_what_it_is_made_from_and_with_nothing_else, start),
        TEST(ages_end_with_their_minute_and_the_rest_does_not, start),
        TEST(equal_requests_share_one_fill, start),
        TEST(a_fill_that_began_before_a_change_answers_nobody_who_came_after, start),
        TEST(the_least_recently_used_make_room, start_small),
        TEST(without_memory_nothing_is_kept_and_all_are_answered, start_none),
        TEST(known_bytes_are_not_sent_again_plain_and_compressed, start),
        TEST(gzip_is_sent_to_those_who_take_it, start),
        TEST(a_failed_fill_gives_what_was_kept_with_its_age, start),
        TEST(while_the_database_is_away_what_is_kept_is_given_at_once, start),
        TEST(a_refusal_goes_to_all_who_wait_and_is_not_kept, start),
        TEST(clients_that_leave_during_a_fill_do_no_harm, start),
        TEST(what_is_being_filled_at_the_end_is_dropped, start),
        TEST(what_one_process_has_made_the_other_takes, start_shared),
        TEST(what_is_shared_is_of_the_same_events_and_counters, start_shared),
        TEST(what_this_process_changed_is_not_taken_from_others_until_it_is_told, start_shared),
        TEST(redis_that_stops_or_hangs_costs_time_and_nothing_else, start_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
