/* SPDX-License-Identifier: MIT */
/* test_api_users.c - the app's contract for users over HTTP, on SQLite and on PostgreSQL: bookmarks,
 * keywords, push list; whose data is shown, and what each answer costs.
 */
#include "test_api.h"

static const char key_set[] = "jwt_secret=one:0123456789012345678901234567890123456789";

static void start_plain(void)
{
    static const char *const sets[] = {key_set, "registrations=0", NULL};

    api_start(sets);
}

/* "2020": its views; posted i minutes before now. */
static void write_deals(struct bench *b, int n)
{
    for (int i = 0; i < n; i++) {
        struct deal_row row = row_of("clien", arena_printf(&b->arena, "%d", i));

        row.posted_at_ms = API_NOW - i * INT64_C(60000);
        row.view = 10 + i;
        write_row(b, &row);
    }
}

static void tell_user(struct bench *b, const char *player, const char *key, const char *keyword)
{
    ask(b,
        arena_printf(&b->arena,
                     "INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, "
                     "created_at) SELECT u.id, d.id, '%s', d.created_at FROM deals d, app_users u "
                     "WHERE d.post_key = '%s' AND u.app_player = '%s'",
                     keyword, key, player));
}

static const char *mark_body(const char *product_id)
{
    return arena_printf(&api.b->arena, "{\"product\":{\"id\":\"%s\"}}", product_id);
}

static long long user_id_of(const char *player)
{
    return atoll(
        ask(api.b, arena_printf(&api.b->arena, "SELECT id FROM app_users WHERE app_player = '%s'",
                                player)));
}

/* ---- the contract ---------------------------------------------------------------------------- */

/* %T the token; what the app sends, in the order in which it does, and what it is told. */
static void the_contract_step_by_step(void **state)
{
    static const struct {
        const char *request;
        bool with_token;
        const char *body;
        int status;
        const char *members; /* of the answer, in order */
        const char *part;
    } rows[] = {
        {"GET /auth-user", true, NULL, 200, "message user", "\"appPlayer\":\"p-1\""},
        {"GET /apis/test", true, NULL, 200, "message user",
         "\"lastTokenGetDate\":\"2023-11-22T21:00:00.000+09:00\""},
        {"GET /auth-user", false, NULL, 401, "errors", ""},
        {"POST /auth_user", false, "{\"auth\":{\"appPlayerId\":\"p-1\"}}", 200, "token", ""},
        {"POST /auth-user", false, "{\"auth\":{\"appPlayerId\":\"\"}}", 401, "errors",
         "Invalid Player Id"},
        {"POST /auth-user", false, "{\"auth\":{\"appPlayerId\":null}}", 401, "errors", ""},
        {"POST /auth-user", false, "{\"auth\":{\"appPlayerId\":7}}", 401, "errors", ""},
        {"POST /auth-user", false, "{\"auth\":{}}", 401, "errors", ""},
        {"POST /auth-user", false, "{}", 401, "errors", ""},
        {"POST /auth-user", false, "{\"auth\":", 401, "errors", ""},
        {"POST /auth-user", false, NULL, 401, "errors", ""},
        /* bookmarks */
        {"GET /bookmarks", true, NULL, 200, "userId bookmark", "\"bookmark\":[]"},
        {"POST /bookmarks", true, "{\"product\":{\"id\":\"clien_1\"}}", 200, "message bookMark",
         "\"hitProductTitle\":\"[11번가] 라면 40개\""},
        {"POST /bookmarks", true, "{\"product\":{\"id\":\"clien_1\"}}", 403, "errors", ""},
        {"POST /bookmarks", true, "{\"product\":{\"id\":\"clien_99\"}}", 400, "errors", ""},
        {"POST /bookmarks", true, "{\"product\":{}}", 400, "errors", ""},
        {"POST /bookmarks", true, "[]", 400, "errors", ""},
        {"POST /bookmarks", true, "", 400, "errors", ""},
        {"POST /bookmarks", false, "{\"product\":{\"id\":\"clien_1\"}}", 401, "errors", ""},
        {"GET /book_mark_list", true, NULL, 200, "userId bookmark", "\"productId\":\"clien_1\""},
        {"GET /bookmark-list", true, NULL, 200, "userId bookmark", "\"isBookmark\":true}]"},
        {"GET /bookmark-product-list", true, NULL, 200, "userId bookmark", "\"order\":1,"},
        {"DELETE /bookmarks", true, "{\"product\":{\"id\":\"clien_1\"}}", 200, "message bookMark",
         ""},
        {"DELETE /bookmarks", true, "{\"product\":{\"id\":\"clien_1\"}}", 403, "errors", ""},
        {"DELETE /bookmarks", true, "{\"product\":{\"id\":\"clien_99\"}}", 400, "errors", ""},
        {"POST /book_mark_create", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "생성"},
        {"DELETE /book_mark_destroy", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "삭제"},
        {"POST /bookmark-create", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "생성"},
        {"DELETE /bookmark-destroy", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "삭제"},
        {"POST /bookmarks/combine", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "생성"},
        {"POST /book_mark_combine", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "삭제"},
        {"POST /bookmark-combine", true, "{\"product\":{\"id\":\"clien_2\"}}", 200,
         "message bookMark", "생성"},
        {"POST /bookmarks/combine", true, "{\"product\":{\"id\":\"clien_99\"}}", 400, "errors", ""},
        /* keywords */
        {"GET /keyword-pushalarms/user-status", true, NULL, 200, "userId userInfo",
         "\"userInfo\":{\"alarmStatus\":true,\"maxPushCount\":1,\"keywordList\":[]}"},
        {"POST /keyword-pushalarms", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 200,
         "message keyword", "\"keywordTitle\":\"라면\""},
        {"POST /keyword-pushalarms", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 403, "errors",
         ""},
        {"POST /keyword-pushalarms", true, "{\"alarm\":{\"keywordTitle\":\" \\u3000\"}}", 400,
         "errors", ""},
        {"POST /keyword-pushalarms", true, "{\"alarm\":{\"keywordTitle\":5}}", 400, "errors", ""},
        {"POST /keyword-create", true, "{\"alarm\":{\"keywordTitle\":\"a\\\"b\"}}", 200,
         "message keyword", "'a\\\"b'"},
        {"GET /keyword-user-status", true, NULL, 200, "userId userInfo",
         "\"keywordList\":[\"라면\",\"a\\\"b\"]"},
        {"DELETE /keyword-pushalarms", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 200,
         "message keyword", ""},
        {"DELETE /keyword-destroy", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 403, "errors",
         ""},
        {"POST /keyword-combine", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 200,
         "message keyword", "생성"},
        {"POST /keyword-pushalarms/combine", true, "{\"alarm\":{\"keywordTitle\":\"라면\"}}", 200,
         "message keyword", "삭제"},
        {"GET /keyword-user-status", false, NULL, 401, "errors", ""},
        /* settings */
        {"PATCH /keyword-pushalarms/user-config", true,
         "{\"userConfig\":{\"alarmStatus\":false,\"maxPushCount\":3}}", 200, "user",
         "\"alarmStatus\":false,\"maxPushCount\":3}"},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"maxPushCount\":\"5\"}}", 200, "user",
         "\"alarmStatus\":false,\"maxPushCount\":5}"},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"alarmStatus\":true}}", 200, "user",
         "\"alarmStatus\":true,\"maxPushCount\":5}"},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"maxPushCount\":-1}}", 400, "errors",
         ""},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"maxPushCount\":1e300}}", 400, "errors",
         ""},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"maxPushCount\":true}}", 400, "errors",
         ""},
        {"PATCH /keyword-config", true, "{\"userConfig\":{\"alarmStatus\":\"yes\"}}", 400, "errors",
         ""},
        {"PATCH /keyword-config", true, "{\"userConfig\":[]}", 400, "errors", ""},
        {"GET /keyword-user-status", true, NULL, 200, "userId userInfo",
         "\"alarmStatus\":true,\"maxPushCount\":5,"},
        /* push list, notices, pushes to everybody */
        {"GET /keyword-pushalarms", true, NULL, 200, "userId pushList",
         "\"order\":1,\"keywordTitle\":\"라면\",\"productId\":\"clien_3\""},
        {"GET /keyword-pushalarm-list", true, NULL, 200, "userId pushList", ""},
        {"GET /keyword-pushalarms", false, NULL, 401, "errors", ""},
        {"GET /notices", false, NULL, 200, "", "[]"},
        {"GET /notice.json", false, NULL, 200, "", "[]"},
        {"POST /send-pushalarm", true,
         "{\"alarm\":{\"password\":\"x\",\"headings\":\"h\",\"contents\":\"c\"}}", 401, "errors",
         ""},
    };
    struct bench *b = bench(state);
    const char *token;

    start_plain();
    write_deals(b, 5);
    token = token_of("p-1");
    tell_user(b, "p-1", "3", "라면");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send_request(rows[i].request, rows[i].with_token ? token : NULL, rows[i].body);
        if (said.status != rows[i].status || !said.doc || !strstr(said.body, rows[i].part))
            fail_msg("row %zu %s %s: %s", i, rows[i].request, rows[i].body, said.all);
        if (jval_is_object(jdoc_root(said.doc)))
            assert_string_equal(members_of(jdoc_root(said.doc)), rows[i].members);
        if (rows[i].status >= 400)
            assert_true(jval_is_string(jval_first(said_value("errors"))));
    }
}

static void deals_in_lists_of_users_have_the_apps_shape(void **state)
{
    static const char common[] = "productId title view comment like score dateAgo imageUrl "
                                 "isSoldOut isDeleted isTitleChanged url shortUrl isBookmark";
    struct bench *b = bench(state);
    const char *token;

    start_plain();
    write_deals(b, 3);
    token = token_of("p");
    tell_user(b, "p", "2", "라면");
    tell_user(b, "p", "1", "40개");
    send_request("POST /bookmarks", token, mark_body("clien_2"));
    send_request("POST /bookmarks", token, mark_body("clien_0"));

    send_request("GET /bookmarks", token, NULL);
    assert_string_equal(members_of(jval_first(said_value("bookmark"))),
                        arena_printf(&b->arena, "order %s", common));
    assert_int_equal(jval_int(said_value("userId"), 0), user_id_of("p"));
    assert_string_equal(said_column("bookmark", "productId"), "clien_2 clien_0");
    assert_string_equal(said_column("bookmark", "order"), "1 2");
    assert_string_equal(said_column("bookmark", "view"), "12 10");
    assert_string_equal(said_column("bookmark", "comment"), "0 0");
    assert_string_equal(said_column("bookmark", "dateAgo"), "2분 전 방금 전");
    assert_string_equal(said_column("bookmark", "imageUrl"), "null null");
    assert_non_null(strstr(said.all, "\r\nX-List-Limit: 100\r\n"));
    assert_non_null(strstr(said.all, "\r\nCache-Control: no-store\r\n"));

    send_request("GET /keyword-pushalarms", token, NULL);
    assert_string_equal(members_of(jval_first(said_value("pushList"))),
                        arena_printf(&b->arena, "order keywordTitle %s", common));
    assert_string_equal(said_column("pushList", "productId"), "clien_1 clien_2");
    assert_string_equal(said_column("pushList", "keywordTitle"), "40개 라면");
    assert_string_equal(said_column("pushList", "isBookmark"), "false true");
}

/* ---- whose data ------------------------------------------------------------------------------ */

/* The original kept the token of the first request for as long as the process lived, so that one user
 * saw another's data (fault 8). */
static void two_users_on_one_connection_see_each_their_own(void **state)
{
    struct bench *b = bench(state);
    const char *tokens[3] = {0};
    struct http_client *client;
    struct buf requests;
    const char *got, *at;

    start_plain();
    write_deals(b, 2);
    tokens[0] = token_of("a");
    tokens[1] = token_of("b");
    send_request("POST /bookmarks", tokens[0], mark_body("clien_0"));
    send_request("POST /bookmarks", tokens[1], mark_body("clien_1"));

    buf_init(&requests, BUF_MAX_DEFAULT);
    for (int i = 0; i < 30; i++)
        buf_adds(&requests, request_text("GET /bookmarks", tokens[i % 3], NULL, NULL));
    buf_adds(&requests, "GET /none HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    client = http_client_open(b->loop, server_port(api.server));
    http_client_send(client, buf_str(&requests));
    got = at = http_client_wait_closed(client);

    assert_int_equal(http_client_count(got, "HTTP/1.1 "), 31);
    for (int i = 0; i < 30; i++) {
        const char *next = strstr(at + 1, "HTTP/1.1 ");
        const char *one = arena_strndup(&b->arena, at, (size_t)(next - at));

        assert_int_equal(strstr(one, "\"clien_0\"") != NULL, i % 3 == 0);
        assert_int_equal(strstr(one, "\"clien_1\"") != NULL, i % 3 == 1);
        assert_int_equal(strstr(one, "HTTP/1.1 401") != NULL, i % 3 == 2);
        at = next;
    }
    http_client_free(&client);
    buf_fini(&requests);
}

static void many_users_on_many_connections_see_each_their_own(void **state)
{
    enum { USERS = 10, CONNECTIONS = 40 };
    struct bench *b = bench(state);
    struct http_client *clients[CONNECTIONS];
    const char *tokens[USERS];
    long long ids[USERS];

    start_plain();
    write_deals(b, USERS);
    for (int i = 0; i < USERS; i++) {
        const char *player = arena_printf(&b->arena, "user-%d", i);

        tokens[i] = token_of(player);
        ids[i] = user_id_of(player);
        send_request("POST /bookmarks", tokens[i],
                     mark_body(arena_printf(&b->arena, "clien_%d", i)));
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = http_client_open(b->loop, server_port(api.server));
        http_client_send(clients[i],
                         request_text(i % 2 ? "GET /bookmarks" : "GET /hit-products",
                                      tokens[i % USERS], "Connection: close\r\n", NULL));
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        int who = i % USERS;

        hear(mem_strdup(http_client_wait_closed(clients[i])));
        expect_status(200);
        if (i % 2) {
            assert_int_equal(jval_int(said_value("userId"), 0), ids[who]);
            assert_string_equal(said_column("bookmark", "productId"),
                                arena_printf(&b->arena, "clien_%d", who));
        } else {
            const struct jval *deal = jval_first(said_value("data"));

            for (; deal; deal = jval_next(deal))
                assert_int_equal(jval_get_bool(deal, "isBookmark", false),
                                 str_eq(jval_get_str(deal, "productId", ""),
                                        arena_printf(&b->arena, "clien_%d", who)));
        }
        http_client_free(&clients[i]);
    }
}

/* Fault 7: bookmarks were matched N x M in memory. Here by one statement over the list's deals. */
static void lists_show_the_bookmarks_of_who_asks(void **state)
{
    static const char *const lists[] = {"GET /hit-products?size=3", "GET /hit_products?size=3",
                                        "GET /hit-products/condition?size=3",
                                        "GET /hit_products/index?size=3"};
    struct bench *b = bench(state);
    const char *a, *other;

    start_plain();
    write_deals(b, 4);
    a = token_of("a");
    other = token_of("b");
    send_request("POST /bookmarks", a, mark_body("clien_0"));
    send_request("POST /bookmarks", a, mark_body("clien_2"));
    send_request("POST /bookmarks", a, mark_body("clien_3"));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        send_request(lists[i], NULL, NULL);
        assert_string_equal(said_column("data", "isBookmark"), "null null null");
        send_request(lists[i], a, NULL);
        assert_string_equal(said_column("data", "productId"), "clien_0 clien_1 clien_2");
        assert_string_equal(said_column("data", "isBookmark"), "true false true");
        assert_non_null(strstr(said.all, "\r\nCache-Control: private, no-cache\r\n"));
        send_request(lists[i], arena_printf(&b->arena, "bearer  %s", other), NULL);
        assert_string_equal(said_column("data", "isBookmark"), "false false false");
        send_request(lists[i], "garbage", NULL);
        expect_status(200);
        assert_string_equal(said_column("data", "isBookmark"), "null null null");
    }
    send_request("DELETE /bookmarks", a, mark_body("clien_0"));
    send_request(lists[0], a, NULL);
    assert_string_equal(said_column("data", "isBookmark"), "false false true");
    send_request("GET /hit-products?page=9", a, NULL);
    assert_string_equal(said_column("data", "isBookmark"), "");
}

/* A title is no place to change the answer from. */
static void a_title_that_looks_like_an_answer_changes_nothing(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "1");
    const char *token;

    start_plain();
    row.title = "\",\"isBookmark\":null,\"productId\":\"clien_2\\\"isBookmark\":null";
    write_row(b, &row);
    write_deals(b, 1);
    token = token_of("a");
    send_request("POST /bookmarks", token, mark_body("clien_1"));
    send_request("GET /hit-products?time=2099-01-01", token, NULL);
    assert_int_equal(jval_count(said_value("data")), 2);
    for (const struct jval *deal = jval_first(said_value("data")); deal; deal = jval_next(deal)) {
        bool is_it = str_eq(jval_get_str(deal, "productId", ""), "clien_1");

        assert_int_equal(jval_get_bool(deal, "isBookmark", !is_it), is_it);
        if (is_it)
            assert_string_equal(jval_get_str(deal, "title", ""), row.title);
    }
}

/* Fault 6: scores only ever rose, http:// became httpss://, and times were shifted by hand. */
static void a_deal_is_shown_as_the_board_has_it_now(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "1");
    const char *token;

    start_plain();
    row.posted_at_ms = API_NOW - 3 * 3600000;
    row.url = "http://board.example/1?https=http";
    row.redirect_url = "https://shop.example/http://x";
    row.score = row.view = row.like = 500;
    write_row(b, &row);
    row.score = row.view = row.like = 20;
    write_row(b, &row);
    token = token_of("p");
    send_request("POST /bookmarks", token, mark_body("clien_1"));
    for (int i = 0; i < 2; i++) {
        const char *list = i ? "data" : "bookmark";

        send_request(i ? "GET /hit-products" : "GET /bookmarks", token, NULL);
        assert_string_equal(said_column(list, "score"), "20");
        assert_string_equal(said_column(list, "view"), "20");
        assert_string_equal(said_column(list, "like"), "20");
        assert_string_equal(said_column(list, "url"), row.url);
        assert_string_equal(said_column(list, "shortUrl"), row.redirect_url);
        assert_string_equal(said_column(list, "dateAgo"), "약 3시간 전");
    }
    assert_string_equal(said_text("time"), "2023-11-22 21:00:00");
}

/* ---- the database is away -------------------------------------------------------------------- */

static void lists_go_on_without_the_database_and_the_rest_says_503(void **state)
{
    struct bench *b = bench(state);
    const char *token;

    start_plain();
    write_deals(b, 2);
    token = token_of("a");
    send_request("POST /bookmarks", token, mark_body("clien_0"));
    send_request("GET /hit-products", token, NULL);
    assert_string_equal(said_column("data", "isBookmark"), "true false");
    test_pg_stop(bench_pg);

    send_request("GET /hit-products", token, NULL);
    expect_status(200);
    assert_string_equal(said_column("data", "isBookmark"), "null null");
    send_request("GET /bookmarks", token, NULL);
    expect_status(503);
    assert_non_null(strstr(said.all, "\r\nRetry-After: "));
    send_request("POST /auth-user", NULL, "{\"auth\":{\"appPlayerId\":\"a\"}}");
    expect_status(503);
    test_pg_again(bench_pg);

    send_request("GET /hit-products", token, NULL);
    assert_string_equal(said_column("data", "isBookmark"), "true false");
    assert_int_equal(send_request("GET /bookmarks", token, NULL), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_BOTH(the_contract_step_by_step),
        API_BOTH(deals_in_lists_of_users_have_the_apps_shape),
        API_BOTH(two_users_on_one_connection_see_each_their_own),
        API_BOTH(many_users_on_many_connections_see_each_their_own),
        API_BOTH(lists_show_the_bookmarks_of_who_asks),
        API_LITE(a_title_that_looks_like_an_answer_changes_nothing),
        API_BOTH(a_deal_is_shown_as_the_board_has_it_now),
        {"lists_go_on_without_the_database_and_the_rest_says_503",
         lists_go_on_without_the_database_and_the_rest_says_503, api_setup_postgres, api_teardown,
         NULL},
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
