/* SPDX-License-Identifier: MIT */
/* test_notify_push_way.c - what is said to push services, and what their answers mean. */
#include "base/str.h"
#include "notify/push_way.h"
#include "support/unit.h"

#define KEY "11111111-2222-4333-8444-555555555555"
#define ALICE "aaaaaaaa-0000-4000-8000-000000000001"
#define BOB "aaaaaaaa-0000-4000-8000-000000000002"

static const char *const players[] = {ALICE, BOB};

static struct push_message message(void)
{
    return (struct push_message){.key = KEY,
                                 .kind = "alarm",
                                 .headings = "캐치딜",
                                 .contents = "\"라면\" 외 2건",
                                 .players = players,
                                 .n_players = 2,
                                 .created_at_ms = INT64_C(1764000000123)};
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void onesignal_is_asked_as_the_original_did_with_a_key(void **state)
{
    char url[] = "https://onesignal.example/", app[] = "app-1", key[] = "hidden",
         newer[] = "os_v2_app_x";
    struct push_account account = {.way = &push_onesignal, .url = url, .app_id = app, .key = key};
    struct push_message m = message();
    struct push_post post;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    push_onesignal.post(&account, &m, 0, &arena, &post);
    assert_string_equal(
        post.body, "{\"app_id\":\"app-1\",\"idempotency_key\":\"" KEY "\","
                   "\"include_player_ids\":[\"" ALICE "\",\"" BOB "\"],"
                   "\"headings\":{\"en\":\"캐치딜\",\"ko\":\"캐치딜\"},"
                   "\"contents\":{\"en\":\"\\\"라면\\\" 외 2건\",\"ko\":\"\\\"라면\\\" 외 2건\"}}");
    assert_int_equal(post.body_len, strlen(post.body));
    assert_string_equal(post.headers[0], "Content-Type: application/json; charset=utf-8");
    assert_string_equal(post.headers[1], "Authorization: Basic hidden");
    assert_null(post.headers[2]);

    account.key = newer;
    push_onesignal.post(&account, &m, 0, &arena, &post);
    assert_string_equal(post.headers[1], "Authorization: Key os_v2_app_x");
    arena_fini(&arena);
}

static void a_webhook_is_signed_over_what_is_sent(void **state)
{
    char url[] = "https://hooks.example/", signature[SIGNATURE_TEXT_BYTES];
    struct push_account account = {.way = &push_webhook, .url = url};
    struct push_message m = message();
    struct push_post post;
    struct arena arena;
    struct err err;

    (void)state;
    arena_init(&arena);
    assert_int_equal(signature_key_from("push_key", "0123456789abcdef", &account.signature, &err),
                     0);
    push_webhook.post(&account, &m, INT64_C(1764000300999), &arena, &post);
    assert_string_equal(post.body,
                        "{\"type\":\"push.alarm\",\"timestamp\":\"2025-11-24T16:00:00.123Z\","
                        "\"data\":{\"players\":[\"" ALICE "\",\"" BOB "\"],\"headings\":\"캐치딜\","
                        "\"contents\":\"\\\"라면\\\" 외 2건\"}}");
    assert_string_equal(post.headers[1], "webhook-id: " KEY);
    assert_string_equal(post.headers[2], "webhook-timestamp: 1764000300");
    signature_make(&account.signature, KEY, 1764000300, post.body, post.body_len, signature);
    assert_true(str_starts(post.headers[3], "webhook-signature: v1,"));
    assert_true(str_ends(post.headers[3], signature));
    assert_null(post.headers[4]);

    account.signature.len = 0;
    push_webhook.post(&account, &m, 0, &arena, &post);
    assert_null(post.headers[3]);
    arena_fini(&arena);
}

/* One that is none would make OneSignal refuse a whole batch. */
static void only_uuids_are_onesignals_players(void **state)
{
    (void)state;
    assert_true(push_onesignal.takes(ALICE));
    assert_true(push_onesignal.takes("AAAAAAAA-0000-4000-8000-00000000000F"));
    assert_false(push_onesignal.takes(""));
    assert_false(push_onesignal.takes("player"));
    assert_false(push_onesignal.takes(ALICE "0"));
    assert_false(push_onesignal.takes("aaaaaaaa-0000-4000-8000-00000000000"));
    assert_false(push_onesignal.takes("aaaaaaaa-0000-4000-8000-00000000000g"));
    assert_false(push_onesignal.takes("aaaaaaaa00000-4000-8000-000000000001"));
    assert_true(push_webhook.takes("player"));
}

static void a_batch_has_a_key_of_its_own_that_stays(void **state)
{
    char one[PUSH_KEY_BYTES], again[PUSH_KEY_BYTES], other[PUSH_KEY_BYTES];

    (void)state;
    push_batch_key(KEY, 2000, one);
    push_batch_key(KEY, 2000, again);
    push_batch_key(KEY, 4000, other);
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
    assert_true(push_onesignal.takes(one));
    assert_int_equal(one[14], '8');
}

/* ---- what is answered ------------------------------------------------------------------------ */

static const char *const verdicts[] = {[PUSH_TAKEN] = "taken",
                                       [PUSH_NOBODY] = "nobody",
                                       [PUSH_LATER] = "later",
                                       [PUSH_NEVER] = "never"};

/* "VERDICT[ trouble|refusal][ gone N][ =RECEIPT][: TEXT]" */
static const char *read_as(const struct push_way *way, long status, const char *body)
{
    static char told[1000];
    struct push_account account = {.way = way};
    struct fetch_result result = {.status = status,
                                  .body = body,
                                  .body_len = strlen(body),
                                  .retry_after_ms = RETRY_AFTER_NONE};
    struct push_answer a;
    struct arena arena;

    arena_init(&arena);
    push_answer_read(&account, &result, NULL, &arena, &a);
    assert_int_equal(a.retry_after_ms, RETRY_AFTER_NONE);
    snprintf(told, sizeof(told), "%s%s", verdicts[a.verdict],
             a.is_refusal   ? " refusal"
             : a.is_trouble ? " trouble"
                            : "");
    if (a.n_gone)
        snprintf(told + strlen(told), 100, " gone %s..%d", a.gone[0], a.n_gone);
    if (a.receipt)
        snprintf(told + strlen(told), 100, " =%s", a.receipt);
    if (*a.text)
        snprintf(told + strlen(told), 400, ": %s", a.text);
    arena_fini(&arena);
    return told;
}

static void onesignals_answers_are_understood(void **state)
{
    static const struct {
        long status;
        const char *body, *want;
    } cases[] = {
        {200, "{\"id\":\"n1\",\"recipients\":1,\"external_id\":null}", "taken =n1"},
        {200, "{\"id\":\"n1\",\"errors\":{\"invalid_player_ids\":[\"x\",\"y\"]}}",
         "taken gone x..2 =n1"},
        {200,
         "{\"id\":\"\",\"recipients\":0,\"errors\":[\"All included players are not subscribed\"]}",
         "nobody: status 200: All included players are not subscribed"},
        {200, "{\"id\":\"\",\"errors\":{\"invalid_player_ids\":[\"x\"]}}",
         "nobody gone x..1: the service does not know this player"},
        {200, "{\"errors\":{\"invalid_player_ids\":[1,null]}}", "nobody: nobody was told"},
        {200, "<html>", "later trouble: status 200, but no answer of OneSignal's"},
        {200, "[]", "later trouble: status 200, but no answer of OneSignal's"},
        {202, "", "later trouble: status 202, but no answer of OneSignal's"},
        {400, "{\"errors\":[\"Message is empty\",\"and more\"]}",
         "never: status 400: Message is empty; and more"},
        {400, "{\"errors\":{\"invalid_player_ids\":[\"x\"]}}", "later gone x..1: status 400"},
        {400, "{\"errors\":[\"app_id not found.\"]}",
         "later refusal: status 400: app_id not found."},
        {400, "", "never: status 400"},
        {403, "{\"errors\":[\"Access denied.\"]}", "later refusal: status 403: Access denied."},
        {401, "", "later refusal: status 401"},
        {404, "gone", "later refusal: status 404"},
        {409, "{}", "later: status 409"},
        {413, "", "never: status 413"},
        {429, "{\"errors\":[\"API rate limit exceeded\"]}",
         "later trouble: status 429: API rate limit exceeded"},
        {302, "", "later refusal: status 302"},
        {500, "{\"id\":\"n1\"}", "later trouble: status 500"},
        {503, "", "later trouble: status 503"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(read_as(&push_onesignal, cases[i].status, cases[i].body),
                            cases[i].want);
}

static void any_2xx_of_a_webhook_is_taken(void **state)
{
    (void)state;
    assert_string_equal(read_as(&push_webhook, 200, "ok"), "taken");
    assert_string_equal(read_as(&push_webhook, 204, ""), "taken");
    assert_string_equal(read_as(&push_webhook, 400, "{}"), "never: status 400");
    assert_string_equal(read_as(&push_webhook, 410, ""), "later refusal: status 410");
    assert_string_equal(read_as(&push_webhook, 502, ""), "later trouble: status 502");
}

static void no_answer_is_the_services_trouble(void **state)
{
    struct push_account account = {.way = &push_onesignal};
    struct push_answer a;
    struct arena arena;
    struct err err;

    (void)state;
    err_set(&err, ERR_TIMEOUT, "https://onesignal.example: timed out");
    arena_init(&arena);
    push_answer_read(&account, NULL, &err, &arena, &a);
    assert_int_equal(a.verdict, PUSH_LATER);
    assert_true(a.is_trouble && !a.is_refusal);
    assert_int_equal(a.retry_after_ms, RETRY_AFTER_NONE);
    assert_string_equal(a.text, err.text);
    arena_fini(&arena);
}

/* Found by fuzzing: the copy ended at the NUL, and its length did not. */
static void an_answer_with_nul_in_it_is_none(void **state)
{
    struct push_account account = {.way = &push_onesignal};
    static const char body[] = "{\"id\":\0\"n1\",\"recipients\":1111111111111111111111111111}";
    struct fetch_result result = {.status = 200, .body = body, .body_len = sizeof(body) - 1};
    struct push_answer a;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    push_answer_read(&account, &result, NULL, &arena, &a);
    assert_int_equal(a.verdict, PUSH_LATER);
    arena_fini(&arena);
}

/* A long text of theirs is cut, and not inside a character. */
static void a_long_reason_is_cut(void **state)
{
    struct buf body;
    const char *told;

    (void)state;
    buf_init(&body, 100000);
    buf_adds(&body, "{\"errors\":[\"");
    for (int i = 0; i < 1000; i++)
        buf_adds(&body, "가");
    buf_adds(&body, "\"]}");
    told = read_as(&push_onesignal, 400, buf_str(&body));
    assert_int_equal(strlen(told), strlen("never: status 400: ") + 300);
    assert_true(str_utf8_valid(told, strlen(told)));
    buf_fini(&body);
}

/* ---- the account ----------------------------------------------------------------------------- */

/* "WAY URL" or the error. */
static const char *account_of(const char *const *sets, size_t n)
{
    static char told[1000];
    struct push_account *account = NULL;
    struct config config;
    struct err err;

    assert_int_equal(config_load(&config, "/dev/null", sets, n, NULL, NULL, &err), 0);
    if (push_account_new(&config, &account, &err) < 0) {
        assert_int_equal(err.code, ERR_CONFIG);
        assert_null(account);
        snprintf(told, sizeof(told), "%s", err.text);
    } else if (account) {
        snprintf(told, sizeof(told), "%s %s%s", account->way->name, account->url,
                 account->signature.len ? " signed" : "");
    } else {
        strcpy(told, "none");
    }
    push_account_free(&account);
    config_fini(&config);
    return told;
}

#define ACCOUNT(...)                               \
    account_of((const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void the_configuration_says_which_service(void **state)
{
    (void)state;
    assert_string_equal(ACCOUNT("push_service=none"), "none");
    assert_string_equal(ACCOUNT("push_service=smoke"),
                        "push_service: \"smoke\": expected none, onesignal or webhook");
    assert_string_equal(ACCOUNT("push_service=onesignal", "push_app_id=a", "push_key=k"),
                        "onesignal https://onesignal.com/api/v1/notifications");
    assert_string_equal(ACCOUNT("push_service=onesignal", "push_key=k"),
                        "push_service: onesignal needs push_app_id, and push_key_file or push_key");
    assert_string_equal(ACCOUNT("push_service=webhook", "push_url=http://127.0.0.1:9/x"),
                        "webhook http://127.0.0.1:9/x");
    assert_string_equal(ACCOUNT("push_service=webhook", "push_url=http://127.0.0.1:9/x",
                                "push_key=0123456789abcdef"),
                        "webhook http://127.0.0.1:9/x signed");
    assert_string_equal(ACCOUNT("push_service=webhook"),
                        "push_url: expected an http or https address");
    assert_string_equal(ACCOUNT("push_service=webhook", "push_url=ftp://secret.example/secret"),
                        "push_url: expected an http or https address");
    assert_non_null(
        strstr(ACCOUNT("push_service=webhook", "push_url=http://a.example/", "push_key=short"),
               "push_key: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(onesignal_is_asked_as_the_original_did_with_a_key),
        cmocka_unit_test(a_webhook_is_signed_over_what_is_sent),
        cmocka_unit_test(only_uuids_are_onesignals_players),
        cmocka_unit_test(a_batch_has_a_key_of_its_own_that_stays),
        cmocka_unit_test(onesignals_answers_are_understood),
        cmocka_unit_test(any_2xx_of_a_webhook_is_taken),
        cmocka_unit_test(no_answer_is_the_services_trouble),
        cmocka_unit_test(an_answer_with_nul_in_it_is_none),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(the_configuration_says_which_service),
    };

    return cmocka_run_group_tests_name("notify_push_way", tests, NULL, NULL);
}
