/* SPDX-License-Identifier: MIT */
/* test_api_notices.c - what operators do over HTTP: notices, pushes to everybody, and their passwords. */
#include "test_api.h"

#include "api/secrets.h"

static const char key_set[] = "jwt_secret=one:0123456789012345678901234567890123456789";

static void start_with_passwords(void)
{
    char push[SECRETS_HASH_BYTES], admin[SECRETS_HASH_BYTES];
    struct arena *arena = &api.b->arena;
    struct err err;

    assert_int_equal(secrets_hash("암호", push, &err), 0);
    assert_int_equal(secrets_hash("admin key", admin, &err), 0);
    api_start((const char *const[]){key_set, "registrations=0",
                                    arena_printf(arena, "push_password_hash=%s", push),
                                    arena_printf(arena, "admin_key_hash=%s", admin), NULL});
}

static void the_right_password_queues_a_push_to_everybody(void **state)
{
    static const char right[] =
        "{\"alarm\":{\"password\":\"암호\",\"headings\":\"머리\",\"contents\":\"글 \\\"1\\\"\"}}";
    struct bench *b = bench(state);

    start_with_passwords();
    send_request("POST /keyword-pushalarms/send-pushalarm", NULL, right);
    expect_status(200);
    assert_string_equal(members_of(jdoc_root(said.doc)), "message pushalarm");
    assert_string_equal(said_text("pushalarm.headings"), "머리");
    assert_string_equal(said_text("pushalarm.contents"), "글 \"1\"");
    send_request("POST /send-pushalarm", NULL, right);
    expect_status(200);
    assert_string_equal(ask(b, "SELECT kind, headings, contents FROM push_outbox"),
                        "broadcast|머리|글 \"1\"\n");
}

static void wrong_passwords_are_refused_and_soon_not_even_looked_at(void **state)
{
    static const char *const wrong[] = {
        "{\"alarm\":{\"password\":\"암\",\"headings\":\"h\",\"contents\":\"c\"}}",
        "{\"alarm\":{\"password\":\"암호 \",\"headings\":\"h\",\"contents\":\"c\"}}",
        "{\"alarm\":{\"password\":\"\",\"headings\":\"h\",\"contents\":\"c\"}}",
        "{\"alarm\":{\"password\":null,\"headings\":\"h\",\"contents\":\"c\"}}",
        "{\"alarm\":{\"headings\":\"h\",\"contents\":\"c\"}}",
        "{\"alarm\":{\"password\":\"암호\"}}",
        "{}",
    };
    struct bench *b = bench(state);

    start_with_passwords();
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(send_request("POST /send-pushalarm", NULL, wrong[i]), 401);
    for (int i = 0; i < 3; i++)
        send_request("POST /send-pushalarm", NULL, wrong[0]);
    expect_status(401);
    send_request("POST /send-pushalarm", NULL, wrong[0]);
    expect_status(429);
    assert_non_null(strstr(said.all, "\r\nRetry-After: 10\r\n"));
    assert_string_equal(ask(b, "SELECT count(*) FROM push_outbox"), "0\n");
}

static void notices_are_written_by_who_has_the_admin_key(void **state)
{
    static const char key[] = "X-Admin-Key: admin key\r\n";
    static const char notice[] = "{\"title\":\"점검\",\"content\":\"<b>내일</b>\"}";
    struct bench *b = bench(state);
    const char *path;

    start_with_passwords();
    assert_int_equal(send_request("POST /v3/notices", NULL, notice), 401);
    assert_int_equal(send_more("POST /v3/notices", NULL, "X-Admin-Key: no\r\n", notice), 401);
    assert_int_equal(send_more("POST /v3/notices", NULL, key, "{\"title\":\"점검\"}"), 400);
    assert_int_equal(send_more("POST /v3/notices", NULL, key, notice), 201);
    path = arena_printf(&b->arena, "DELETE /v3/notices/%lld",
                        (long long)jval_int(said_value("id"), 0));
    clock_fake_advance(61000);

    send_request("GET /notices", NULL, NULL);
    assert_string_equal(members_of(jval_first(jdoc_root(said.doc))),
                        "title category content created_at uid shortDate dateAgo");
    assert_string_equal(said_column("", "title"), "점검");
    assert_string_equal(said_column("", "category"), "일반");
    assert_string_equal(said_column("", "content"), "<b>내일</b>");
    assert_string_equal(said_column("", "created_at"), "2023-11-22T21:00:00.000+09:00");
    assert_string_equal(said_column("", "uid"), "1");
    assert_string_equal(said_column("", "shortDate"), "2023-11-22 21:00:00");
    assert_string_equal(said_column("", "dateAgo"), "1분 전");

    assert_int_equal(send_request(path, NULL, NULL), 401);
    assert_int_equal(send_more(path, NULL, key, NULL), 204);
    assert_int_equal(send_more(path, NULL, key, NULL), 404);
    assert_int_equal(send_more("DELETE /v3/notices/x", NULL, key, NULL), 404);
    send_request("GET /notice.json", NULL, NULL);
    assert_string_equal(said.body, "[]");
}

static void freeing_the_server_with_a_password_in_flight_leaves_nothing(void **state)
{
    struct bench *b = bench(state);
    struct http_client *client;

    start_with_passwords();
    client = http_client_open(b->loop, server_port(api.server));
    http_client_send(client, request_text("POST /send-pushalarm", NULL, NULL,
                                          "{\"alarm\":{\"password\":\"암호\",\"headings\":\"h\","
                                          "\"contents\":\"c\"}}"));
    http_client_turn(b->loop, 1);
    api_stop();
    http_client_wait_closed(client);
    http_client_free(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_BOTH(the_right_password_queues_a_push_to_everybody),
        API_LITE(wrong_passwords_are_refused_and_soon_not_even_looked_at),
        API_BOTH(notices_are_written_by_who_has_the_admin_key),
        API_LITE(freeing_the_server_with_a_password_in_flight_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
