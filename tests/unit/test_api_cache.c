/* SPDX-License-Identifier: MIT */
/* test_api_cache.c - what one process keeps, for how long, and in which form it is given. */
#include "test_api_cache.h"

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
    assert_true(cache_stats(cache())->bytes <= 4 * (BODY_PADDING + 8 + 600));
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
