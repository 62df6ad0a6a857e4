/* SPDX-License-Identifier: MIT */
/* test_api_auth.c - tokens and their keys, registration's rules, hashed passwords, the
 * JSON of bodies.
 */
#include "test_api.h"

#include "api/auth.h"
#include "api/body.h"
#include "api/secrets.h"

#include <jwt.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const int64_t NOW_S = API_NOW / 1000;

/* ---- tokens of every kind -------------------------------------------------------------------- */

struct made {
    const char *secret, *kid;
    jwt_alg_t alg;
    const char *grants; /* JSON */
};

static const char *make(const struct made *made)
{
    static char texts[8][1024];
    static int at;
    jwt_t *jwt;
    char *text;

    at = (at + 1) % 8;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_grants_json(jwt, made->grants), 0);
    if (made->kid)
        assert_int_equal(jwt_add_header(jwt, "kid", made->kid), 0);
    if (made->alg != JWT_ALG_NONE)
        assert_int_equal(jwt_set_alg(jwt, made->alg, (const unsigned char *)made->secret,
                                     (int)strlen(made->secret)),
                         0);
    text = jwt_encode_str(jwt);
    assert_non_null(text);
    snprintf(texts[at], sizeof(texts[at]), "%s", text);
    free(text);
    jwt_free(jwt);
    return texts[at];
}

static struct auth *new_auth(struct config *config, const char *keys)
{
    struct auth *auth;
    struct err err;

    *config = (struct config){.database = (char *)"sqlite:/nonexistent/deals.db",
                              .jwt_secret = (char *)keys,
                              .jwt_secret_file = (char *)"",
                              .app_key_sha256 = (char *)"",
                              .legacy_token_life = INT64_C(180) * 86400000,
                              .access_token_life = 900000};
    if (auth_new(config, &auth, &err) < 0)
        fail_msg("%s", err.text);
    return auth;
}

static void only_tokens_that_we_signed_and_that_live_are_good(void **state)
{
    static const struct {
        struct made made;
        enum auth_verdict verdict;
        int64_t user_id, version, session_id;
    } rows[] = {
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1700654401}"},
         AUTH_GOOD,
         5,
         0,
         0},
        {{SECRET_B, "b", JWT_ALG_HS256,
          "{\"app_user_id\":6,\"exp\":1900000000,\"ver\":2,\"sid\":9}"},
         AUTH_GOOD,
         6,
         2,
         9},
        /* without kid: the original's */
        {{SECRET_A, NULL, JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_GOOD,
         5,
         0,
         0},
        {{SECRET_B, NULL, JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_GOOD,
         5,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1700654400}"},
         AUTH_EXPIRED,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5}"}, AUTH_EXPIRED, 0, 0, 0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":\"1900000000\"}"},
         AUTH_EXPIRED,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"exp\":1900000000}"}, AUTH_BAD, 0, 0, 0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":0,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":-5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":\"5\",\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000,\"sid\":-1}"},
         AUTH_BAD,
         0,
         0,
         0},
        /* Read as 0, these would make a session's token one without a session, which no log-out ends. */
#define SIGNED(claims) {{SECRET_A, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000," claims "}"}, AUTH_BAD, 0, 0, 0}
        SIGNED("\"sid\":\"9\""),
        SIGNED("\"sid\":\"\""),
        SIGNED("\"sid\":9.0"),
        SIGNED("\"sid\":null"),
        SIGNED("\"sid\":true"),
        SIGNED("\"sid\":[9]"),
        SIGNED("\"ver\":\"2\""),
        SIGNED("\"ver\":-1"),
        SIGNED("\"ver\":{}"),
#undef SIGNED
        {{SECRET_A, "a", JWT_ALG_HS512, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{SECRET_A, "a", JWT_ALG_HS384, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{NULL, "a", JWT_ALG_NONE, "{\"app_user_id\":5,\"exp\":1900000000}"}, AUTH_BAD, 0, 0, 0},
        {{SECRET_B, "a", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{SECRET_A, "c", JWT_ALG_HS256, "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
        {{"cccccccccccccccccccccccccccccccc", NULL, JWT_ALG_HS256,
          "{\"app_user_id\":5,\"exp\":1900000000}"},
         AUTH_BAD,
         0,
         0,
         0},
    };
    struct config config;
    struct auth *auth = new_auth(&config, "a:" SECRET_A ",b:" SECRET_B);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_who who;
        enum auth_verdict verdict = auth_read(auth, make(&rows[i].made), NOW_S * 1000, &who);

        if (verdict != rows[i].verdict)
            fail_msg("row %zu: %d", i, verdict);
        assert_int_equal(who.user_id, rows[i].user_id);
        assert_int_equal(who.version, rows[i].version);
        assert_int_equal(who.session_id, rows[i].session_id);
    }
    auth_free(&auth);
}

static void every_change_of_a_token_is_noticed(void **state)
{
    static const struct made made = {SECRET_A, "a", JWT_ALG_HS256,
                                     "{\"app_user_id\":5,\"exp\":1900000000}"};
    static const char *const junk[] = {"a",      ".",           "..",         "...",  "a.b.c",
                                       "Bearer", "Bearer ",     "Basic eDp5", "null", "undefined",
                                       "=.=.=",  "e30.e30.e30", "e30.e30."};
    struct config config;
    struct auth *auth = new_auth(&config, "a:" SECRET_A);
    struct store_who who;
    char token[1024], *huge = mem_alloc(100001);

    (void)state;
    snprintf(token, sizeof(token), "%s", make(&made));
    assert_int_equal(auth_read(auth, token, API_NOW, &who), AUTH_GOOD);
    for (size_t i = 0; token[i]; i++) {
        char was = token[i];

        /* The last character of a part holds bits that count for nothing; base64 readers ignore them. */
        if (token[i + 1] == '.' || !token[i + 1])
            continue;
        token[i] = was == 'A' ? 'B' : 'A';
        if (auth_read(auth, token, API_NOW, &who) != AUTH_BAD || who.user_id)
            fail_msg("character %zu", i);
        token[i] = was;
    }
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        enum auth_verdict verdict = auth_read(auth, junk[i], API_NOW, &who);

        assert_true(verdict == AUTH_BAD || (verdict == AUTH_NONE && str_starts(junk[i], "Bearer")));
    }
    memset(huge, 'a', 100000);
    huge[100000] = '\0';
    assert_int_equal(auth_read(auth, huge, API_NOW, &who), AUTH_BAD);
    assert_int_equal(auth_read(auth, NULL, API_NOW, &who), AUTH_NONE);
    assert_int_equal(auth_read(auth, "", API_NOW, &who), AUTH_NONE);
    mem_free(huge);
    auth_free(&auth);
}

static void a_token_comes_back_as_it_was_given_for_as_long_as_it_lives(void **state)
{
    static const struct {
        struct store_who who;
        int64_t life_ms;
    } rows[] = {{{7, 0, 0}, INT64_C(180) * 86400000},
                {{INT64_C(1) << 52, 3, 0}, INT64_C(180) * 86400000},
                {{7, 0, 12}, 900000},
                {{7, INT32_MAX, 12}, 900000}};
    struct config config;
    struct auth *auth = new_auth(&config, SECRET_A);
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err;
        const char *token = auth_token(auth, &arena, &rows[i].who, API_NOW, &err);
        struct store_who who;

        assert_int_equal(auth_read(auth, token, API_NOW, &who), AUTH_GOOD);
        assert_memory_equal(&who, &rows[i].who, sizeof(who));
        assert_int_equal(auth_read(auth, arena_printf(&arena, "BEARER\t%s", token),
                                   API_NOW + rows[i].life_ms - 1, &who),
                         AUTH_GOOD);
        assert_int_equal(auth_read(auth, token, API_NOW + rows[i].life_ms, &who), AUTH_EXPIRED);
    }
    arena_fini(&arena);
    auth_free(&auth);
}

static void keys_are_changed_by_putting_the_new_one_first(void **state)
{
    struct config config;
    struct auth *before = new_auth(&config, "old:" SECRET_A), *during, *after;
    struct store_who me = {.user_id = 3}, who;
    struct arena arena;
    struct err err;
    const char *old_token, *new_token;

    (void)state;
    arena_init(&arena);
    old_token = auth_token(before, &arena, &me, API_NOW, &err);
    during = new_auth(&config, "new:" SECRET_B ",old:" SECRET_A);
    new_token = auth_token(during, &arena, &me, API_NOW, &err);
    assert_int_equal(auth_read(during, old_token, API_NOW, &who), AUTH_GOOD);
    assert_int_equal(auth_read(during, new_token, API_NOW, &who), AUTH_GOOD);
    after = new_auth(&config, "new:" SECRET_B);
    assert_int_equal(auth_read(after, old_token, API_NOW, &who), AUTH_BAD);
    assert_int_equal(auth_read(after, new_token, API_NOW, &who), AUTH_GOOD);
    assert_int_equal(auth_read(before, new_token, API_NOW, &who), AUTH_BAD);
    auth_free(&before);
    auth_free(&during);
    auth_free(&after);
    arena_fini(&arena);
}

static void wrong_keys_are_named_without_a_word_of_them(void **state)
{
    static const struct {
        const char *keys, *part;
    } rows[] = {
        {"short-secret", "key 1 is shorter than 32 bytes"},
        {"a:" SECRET_A ",b:short-secret", "key 2 is shorter"},
        {"a:" SECRET_A ",a:" SECRET_B, "two keys are called a"},
        {SECRET_A "," SECRET_A, "two keys are called"},
        {"a b:" SECRET_A, "letters, digits"},
        {":" SECRET_A, "letters, digits"},
        {" , ", "there is no key"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config config = {.jwt_secret = (char *)rows[i].keys,
                                .jwt_secret_file = (char *)"",
                                .app_key_sha256 = (char *)"",
                                .database = (char *)""};
        struct auth *auth;
        struct err err;

        assert_int_equal(auth_new(&config, &auth, &err), -1);
        assert_null(auth);
        assert_int_equal(err.code, ERR_CONFIG);
        if (!strstr(err.text, rows[i].part) || strstr(err.text, "aaaa") ||
            strstr(err.text, "short-secret"))
            fail_msg("%s: %s", rows[i].keys, err.text);
    }
}

/* ---- where keys come from -------------------------------------------------------------------- */

static void without_a_key_the_first_token_makes_one_for_the_owner_alone(void **state)
{
    static const char *const none[] = {NULL};
    struct bench *b = bench(state);
    const char *path = arena_printf(&b->arena, "%s/jwt.secret", b->dir), *token;
    struct stat st;

    api_start(none);
    assert_int_equal(send_request("GET /auth-user", "x", NULL), 401);
    assert_int_equal(stat(path, &st), -1); /* nobody has asked for a token */
    token = token_of("p");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(api.n_warnings, 1);
    assert_int_equal(send_request("GET /auth-user", token, NULL), 200);

    api_stop();
    api_start(none);
    assert_int_equal(send_request("GET /auth-user", token, NULL), 200);
    assert_int_equal(api.n_warnings, 1);

    /* A process that began before there was a file finds it. */
    assert_int_equal(unlink(path), 0);
    api_stop();
    api_start(none);
    ask(b, "SELECT 1");
    assert_int_equal(send_request("GET /auth-user", token, NULL), 401);
}

static void no_place_for_a_key_is_503_and_said_in_the_log(void **state)
{
    struct bench *b = bench(state);

    api_start((const char *const[]){NULL});
    assert_int_equal(
        mkdir(arena_printf(&b->arena, "%s/jwt.secret.%d", b->dir, (int)getpid()), 0700), 0);
    assert_int_equal(send_request("POST /auth-user", NULL, "{\"auth\":{\"appPlayerId\":\"p\"}}"),
                     503);
    assert_int_equal(send_request("POST /v3/tokens", NULL, "{\"player_id\":\"p\"}"), 503);
    assert_int_equal(api.n_warnings, 2);
}

static void a_secret_file_is_read_and_a_wrong_one_stops_the_start(void **state)
{
    struct bench *b = bench(state);
    const char *path = arena_printf(&b->arena, "%s/keys", b->dir);
    const char *set = arena_printf(&b->arena, "jwt_secret_file=%s", path);
    FILE *f = fopen(path, "we");
    struct err err;

    fprintf(f, "# keys\n\n  new : " SECRET_B "  \r\nold:" SECRET_A "\n");
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
    api_start((const char *const[]){set, NULL});
    token_of("p");
    assert_int_equal(send_request("GET /auth-user",
                                  make(&(struct made){SECRET_A, "old", JWT_ALG_HS256,
                                                      "{\"app_user_id\":1,\"exp\":1900000000}"}),
                                  NULL),
                     200);
    assert_int_equal(api.n_warnings, 0);
    api_stop();

    assert_int_equal(api_try((const char *const[]){set, "jwt_secret=" SECRET_A, NULL}, &err), -1);
    assert_non_null(strstr(err.text, "choose one"));
    config_fini(&api.config);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(api_try((const char *const[]){set, NULL}, &err), -1);
    assert_non_null(strstr(err.text, "there is no file"));
    config_fini(&api.config);
    assert_int_equal(api_try((const char *const[]){"push_password_hash=secret", NULL}, &err), -1);
    assert_non_null(strstr(err.text, "push_password_hash: expected what catchdeal-api"));
    config_fini(&api.config);
    assert_int_equal(api_try((const char *const[]){"app_key_sha256=ABC", NULL}, &err), -1);
    assert_non_null(strstr(err.text, "64 hexadecimal digits"));
    config_fini(&api.config);
}

/* ---- registration's rules -------------------------------------------------------------------- */

/* Fault 9: any player id got a token for nothing, as fast as one could ask. */
static void tokens_are_given_at_a_rate(void **state)
{
    static const char body[] = "{\"auth\":{\"appPlayerId\":\"p\"}}";

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, "registrations=3", NULL});
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_request("POST /auth-user", NULL, body), 200);
    assert_int_equal(send_request("POST /auth-user", NULL, body), 429);
    assert_non_null(strstr(said.all, "\r\nRetry-After: 20\r\n"));
    assert_string_equal(members_of(jdoc_root(said.doc)), "errors");
    assert_int_equal(send_request("POST /v3/tokens", NULL, "{\"player_id\":\"p\"}"), 429);
    assert_non_null(strstr(said.all, "application/problem+json"));
    assert_int_equal(send_request("GET /hit-products", NULL, NULL), 200);
    clock_fake_advance(20000);
    assert_int_equal(send_request("POST /auth-user", NULL, body), 200);
    assert_int_equal(send_request("POST /auth-user", NULL, body), 429);
}

/* All of a proxy's clients come from its address: each has tries of its own, and a header from elsewhere is nobody's. */
static void tries_are_those_of_the_client_behind_a_trusted_proxy(void **state)
{
    static const char body[] = "{\"auth\":{\"appPlayerId\":\"p\"}}";
    static const char one[] = "X-Forwarded-For: 203.0.113.1\r\n", two[] = "X-Forwarded-For: 203.0.113.2\r\n";
    static const char made_up[] = "X-Forwarded-For: 198.51.100.7, 203.0.113.1\r\n";

    (void)bench(state);
    api_start((const char *const[]){"jwt_secret=" SECRET_A, "registrations=2", NULL});
    for (int i = 0; i < 2; i++)
        assert_int_equal(send_more("POST /auth-user", NULL, one, body), 200);
    assert_int_equal(send_more("POST /auth-user", NULL, one, body), 429);
    assert_int_equal(send_more("POST /auth-user", NULL, made_up, body), 429);
    assert_int_equal(send_more("POST /v3/tokens", NULL, two, "{\"player_id\":\"q\"}"), 201);
    api_stop();

    api_start((const char *const[]){"jwt_secret=" SECRET_A, "registrations=2", "api_trusted_proxies=192.0.2.1", NULL});
    for (int i = 0; i < 2; i++)
        assert_int_equal(send_more("POST /auth-user", NULL, i ? two : one, body), 200);
    assert_int_equal(send_more("POST /auth-user", NULL, made_up, body), 429);
}

static void an_app_key_is_needed_where_one_is_set(void **state)
{
    static const char body[] = "{\"auth\":{\"appPlayerId\":\"p\"}}";
    struct bench *b = bench(state);
    char hash[AUTH_HASH_CHARS + 1];

    auth_hash("my app", hash);
    assert_string_equal(hash, "cccdfa68ad0c1b6620aea80c58e1e382155c654b4c8acd87822d3cc59d6b135d");
    api_start((const char *const[]){"jwt_secret=" SECRET_A,
                                    arena_printf(&b->arena, "app_key_sha256=%s", hash), NULL});
    assert_int_equal(send_request("POST /auth-user", NULL, body), 401);
    assert_int_equal(send_more("POST /auth-user", NULL, "X-App-Key: my ap\r\n", body), 401);
    assert_int_equal(send_more("POST /v3/tokens", NULL, "X-App-Key: \r\n", "{\"player_id\":\"p\"}"),
                     401);
    assert_int_equal(send_more("POST /auth-user", NULL, "X-App-Key: my app\r\n", body), 200);
    assert_int_equal(
        send_more("POST /v3/tokens", NULL, "x-app-key: my app\r\n", "{\"player_id\":\"p\"}"), 201);
}

/* ---- passwords, bodies ----------------------------------------------------------------------- */

static void hashes_are_salted_and_of_a_strong_kind_only(void **state)
{
    char one[SECRETS_HASH_BYTES], two[SECRETS_HASH_BYTES], *longer = mem_alloc(300);
    struct err err;

    (void)state;
    assert_int_equal(secrets_hash("password", one, &err), 0);
    assert_int_equal(secrets_hash("password", two, &err), 0);
    assert_true(str_starts(one, "$y$"));
    assert_string_not_equal(one, two);
    assert_int_equal(secrets_hash("", one, &err), -1);
    memset(longer, 'x', 299);
    longer[299] = '\0';
    assert_int_equal(secrets_hash(longer, one, &err), -1);
    mem_free(longer);
    assert_int_equal(secrets_accept("k", "", &err), 0);
    assert_int_equal(secrets_accept("k", two, &err), 0);
    assert_int_equal(secrets_accept("k", "plain", &err), -1);
    assert_int_equal(secrets_accept("k", "abJnggxhB/yWI", &err), -1);                 /* DES */
    assert_int_equal(secrets_accept("k", "$1$abc$BXBqpb9BZcZhXLgbee.0s/", &err), -1); /* MD5 */
}

static void fields_are_read_typed_or_refused(void **state)
{
    static const struct {
        const char *json;
        int rc;
        const char *text;
        int64_t flag, number; /* -7: absent */
    } rows[] = {
        {"{\"o\":{\"t\":\"x\",\"f\":true,\"n\":3}}", 0, "x", 1, 3},
        {"{\"o\":{\"t\":\"x\",\"f\":false,\"n\":-3.9}}", 0, "x", 0, -3},
        {"{\"o\":{\"t\":\"x\",\"n\":\"12\"}}", 0, "x", -7, 12},
        {"{\"o\":{\"t\":\"x\",\"n\":1e400}}", 0, "x", -7, INT64_MAX},
        {"{\"o\":{\"t\":\"x\",\"n\":-1e30}}", 0, "x", -7, INT64_MIN},
        {"{\"o\":{\"t\":\"x\",\"f\":null,\"n\":null}}", 0, "x", -7, -7},
        {"{\"o\":{\"t\":\"\\ud55c\\uae00\"}}", 0, "한글", -7, -7},
        {"{\"o\":{\"t\":\"a\\u0000b\"}}", 0,
         "a\xef\xbf\xbd"
         "b",
         -7, -7},
        {"{\"o\":{\"t\":\"line\\nline\"}}", 0, "line\nline", -7, -7},
        {"{\"o\":{\"t\":\"x\",\"n\":\"12a\"}}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"x\",\"n\":[]}}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"x\",\"n\":true}}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"x\",\"f\":1}}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"12345678901\"}}", -1, NULL, 0, 0},
        {"{\"o\":{\"T\":\"x\"}}", -1, NULL, 0, 0},
        {"{\"o\":\"x\"}", -1, NULL, 0, 0},
        {"{\"t\":\"x\"}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"x\"}} {}", -1, NULL, 0, 0},
        {"{\"o\":{\"t\":\"\xed\xa0\x80\"}}", -1, NULL, 0, 0},
        {"nul", -1, NULL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body_field fields[] = {
            {.name = "t", .kind = BODY_TEXT, .max_bytes = 10},
            {.name = "f", .kind = BODY_FLAG, .is_optional = true, .number = -7},
            {.name = "n", .kind = BODY_INT, .is_optional = true, .number = -7}};
        struct arena arena;
        struct err err = {0};
        int rc;

        arena_init(&arena);
        rc = body_read(&arena, rows[i].json, strlen(rows[i].json), "o", fields, 3, &err);
        if (rc != rows[i].rc)
            fail_msg("%s: %s", rows[i].json, err.text);
        if (rc == 0) {
            assert_string_equal(fields[0].text, rows[i].text);
            assert_true(fields[1].number == rows[i].flag && fields[2].number == rows[i].number);
        } else {
            assert_int_equal(err.code, ERR_USAGE);
        }
        arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_tokens_that_we_signed_and_that_live_are_good),
        cmocka_unit_test(every_change_of_a_token_is_noticed),
        cmocka_unit_test(a_token_comes_back_as_it_was_given_for_as_long_as_it_lives),
        cmocka_unit_test(keys_are_changed_by_putting_the_new_one_first),
        cmocka_unit_test(wrong_keys_are_named_without_a_word_of_them),
        API_LITE(without_a_key_the_first_token_makes_one_for_the_owner_alone),
        API_LITE(no_place_for_a_key_is_503_and_said_in_the_log),
        API_LITE(a_secret_file_is_read_and_a_wrong_one_stops_the_start),
        API_LITE(tokens_are_given_at_a_rate),
        API_LITE(tries_are_those_of_the_client_behind_a_trusted_proxy),
        API_LITE(an_app_key_is_needed_where_one_is_set),
        cmocka_unit_test(hashes_are_salted_and_of_a_strong_kind_only),
        cmocka_unit_test(fields_are_read_typed_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
