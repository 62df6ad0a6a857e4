/* SPDX-License-Identifier: MIT */
/* test_api_tokens.c - /v3/tokens: short access tokens, refresh tokens that are used once, revocation. */
#include "test_api.h"

#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct pair {
    const char *access, *refresh;
};

static struct pair said_pair(void)
{
    return (struct pair){arena_strdup(&api.b->arena, said_text("access_token")),
                         arena_strdup(&api.b->arena, said_text("refresh_token"))};
}

static const char *refresh_body(struct pair pair)
{
    return arena_printf(&api.b->arena, "{\"refresh_token\":\"%s\"}", pair.refresh);
}

static struct pair begin_session(void)
{
    assert_int_equal(send_request("POST /v3/tokens", NULL, "{\"player_id\":\"p\"}"), 201);
    return said_pair();
}

static void access_tokens_are_short_and_refreshed(void **state)
{
    struct pair first, second;

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, "access_token_life=60s",
                                    "refresh_token_life=10m", NULL});
    first = begin_session();
    assert_string_equal(
        members_of(jdoc_root(said.doc)),
        "access_token token_type expires_in refresh_token refresh_expires_in user_id");
    assert_int_equal(jval_int(said_value("expires_in"), 0), 60);
    assert_int_equal(jval_int(said_value("refresh_expires_in"), 0), 600);
    assert_non_null(strstr(said.all, "\r\nCache-Control: no-store\r\n"));
    assert_int_equal(send_request("GET /bookmarks", first.access, NULL), 200);
    clock_fake_advance(60000);
    assert_int_equal(send_request("GET /bookmarks", first.access, NULL), 401);

    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(first)), 200);
    second = said_pair();
    assert_string_not_equal(first.refresh, second.refresh);
    assert_int_equal(send_request("GET /bookmarks", second.access, NULL), 200);
    clock_fake_advance(600000);
    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(second)), 401);
}

static void a_refresh_token_that_is_used_twice_ends_its_session(void **state)
{
    struct pair first, second;

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, NULL});
    first = begin_session();
    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(first)), 200);
    second = said_pair();
    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(first)), 401);
    assert_non_null(strstr(said.all, "\r\nWWW-Authenticate: Bearer\r\n"));
    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(second)), 401);
    assert_int_equal(send_request("GET /bookmarks", second.access, NULL), 401);
}

static void tokens_are_revoked_at_once(void **state)
{
    struct pair one, two;
    const char *legacy;

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, NULL});
    one = begin_session();
    two = begin_session();
    legacy = token_of("p");
    assert_int_equal(send_request("DELETE /v3/tokens", one.access, NULL), 204);
    assert_int_equal(send_request("GET /bookmarks", one.access, NULL), 401);
    assert_int_equal(send_request("POST /v3/tokens/refresh", NULL, refresh_body(one)), 401);
    assert_int_equal(send_request("GET /bookmarks", two.access, NULL), 200);

    assert_int_equal(send_request("DELETE /v3/tokens", legacy, NULL), 400);
    assert_int_equal(send_request("DELETE /v3/tokens?all=maybe", legacy, NULL), 400);
    assert_int_equal(send_request("DELETE /v3/tokens?al=true", legacy, NULL), 400);
    assert_int_equal(send_request("DELETE /v3/tokens?all=true", NULL, NULL), 401);
    assert_int_equal(send_request("DELETE /v3/tokens?all=true", legacy, NULL), 204);
    assert_int_equal(send_request("GET /bookmarks", legacy, NULL), 401);
    assert_int_equal(send_request("GET /bookmarks", two.access, NULL), 401);
    assert_int_equal(send_request("GET /hit-products", legacy, NULL), 200);
    legacy = token_of("p");
    assert_int_equal(send_request("GET /bookmarks", legacy, NULL), 200);
}

static void wrong_bodies_of_v3_say_what_was_expected(void **state)
{
    static const struct {
        const char *request, *body, *part;
    } rows[] = {
        {"POST /v3/tokens", NULL, "expected a JSON object as the request's body"},
        {"POST /v3/tokens", "[]", "expected a JSON object"},
        {"POST /v3/tokens", "{}", "player_id: is missing"},
        {"POST /v3/tokens", "{\"player_id\":5}", "player_id: expected a string"},
        {"POST /v3/tokens", "{\"player_id\":\" \"}", "player_id: is empty"},
        {"POST /v3/tokens", "{\"player_id\":\"a b\"}", "player_id: holds a blank"},
        {"POST /v3/tokens", "{\"player_id\":\"a\\u0001\"}", "control characters"},
        {"POST /v3/tokens", "{\"player_id\":\"\xff\"}", "the body is not UTF-8"},
        {"POST /v3/tokens", "{\"a\":[[[[[[[[[]]]]]]]]]}", "nested deeper than 8"},
        {"POST /v3/tokens/refresh", "{\"refresh_token\":null}", "refresh_token: is missing"},
        {"POST /v3/tokens/refresh", "{\"refresh_token\":\"x\"", "\"status\":400"},
    };

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, NULL});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send_request(rows[i].request, NULL, rows[i].body);
        if (said.status != 400 || !strstr(said.body, rows[i].part))
            fail_msg("%s %s: %s", rows[i].request, rows[i].body, said.all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_BOTH(access_tokens_are_short_and_refreshed),
        API_LITE(a_refresh_token_that_is_used_twice_ends_its_session),
        API_BOTH(tokens_are_revoked_at_once),
        API_LITE(wrong_bodies_of_v3_say_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
