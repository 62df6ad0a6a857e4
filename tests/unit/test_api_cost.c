/* SPDX-License-Identifier: MIT */
/* test_api_cost.c - every method of every route, aliases too, asked at 10 and at 10,000 rows of everything: the same
 * number of statements. A route whose handler has no row in `costs` fails the test. And what happens when the database
 * has more to do than it gets done.
 */
#include "test_api.h"

#include "api/bookmarks.h"
#include "api/deals.h"
#include "api/deals_app.h"
#include "api/feeds.h"
#include "api/keywords.h"
#include "api/notices.h"
#include "api/openapi.h"
#include "api/page.h"
#include "api/secrets.h"
#include "api/sites.h"
#include "api/stream.h"
#include "api/tokens.h"
#include "api/users.h"

enum {
    FEW = 10,
    MANY = 10000,
    TRIES = 4,
    PASSWORD_MS = 10000, /* until one more may be tried */
};

#define PRODUCT(id) "{\"product\":{\"id\":\"" id "\"}}"
#define ALARM(keyword) "{\"alarm\":{\"keywordTitle\":\"" keyword "\"}}"
#define PUSH "{\"alarm\":{\"password\":\"admin key\",\"headings\":\"h\",\"contents\":\"c\"}}"
#define RAMEN "%EB%9D%BC%EB%A9%B4" /* 라면 */
#define ADMIN "X-Admin-Key: admin key\r\n"

enum asker { NOBODY, ALICE, SESSION, OPERATOR };

/* statuses: what the tries may answer. postgres, lite: statements at most; SQLite's are a transaction's, and the
 * schema's version before each question. A search that fills its page early needs one less than its most. */
static const struct cost {
    route_fn *handler;
    enum asker asker;
    const char *rest; /* of the target */
    const char *body;
    const char *statuses;
    int postgres, lite;
} costs[] = {
    {deals_app_list, NOBODY, "?size=100", NULL, "200", 1, 3},
    {deals_app_list, NOBODY, "?page=2&size=3&time=2023-11-22+21:00:00", NULL, "200", 1, 3},
    {deals_app_list, ALICE, "?size=100", NULL, "200", 2,
     6}, /* the list, and what is marked of it */
    {deals_app_rank, NOBODY, "", NULL, "200", 1, 3},
    {deals_app_rank, ALICE, "", NULL, "200", 2, 6},
    {deals_app_platform, NOBODY, "?web=%EB%BD%90%EB%BF%8C", NULL, "200", 2, 3},
    {deals_app_platform, ALICE, "?name=%EB%BD%90%EB%BF%8C", NULL, "200", 3, 6},
    {deals_app_search, NOBODY, "?word=" RAMEN, NULL, "200", 2, 4},
    {deals_app_search, NOBODY, "?word=%EB%9D%BC", NULL, "200", 2, 4},
    {deals_app_search, ALICE, "?word=" RAMEN, NULL, "200", 3, 7},
    {users_register, NOBODY, "", "{\"auth\":{\"appPlayerId\":\"alice\"}}", "200", 1, 5},
    {users_show, ALICE, "", NULL, "200", 1, 3},
    {bookmarks_list, ALICE, "", NULL, "200", 1, 3},
    {bookmarks_add, ALICE, "", PRODUCT("bulk_3"), "200 403", 1, 6},
    {bookmarks_remove, ALICE, "", PRODUCT("none"), "400", 1, 6},
    {bookmarks_toggle, ALICE, "", PRODUCT("none"), "400", 1, 7},
    {keywords_push_list, ALICE, "", NULL, "200", 1, 3},
    {keywords_add, ALICE, "", ALARM("w"), "200 403", 1, 6},
    {keywords_remove, ALICE, "", ALARM("no"), "403", 1, 6},
    {keywords_toggle, ALICE, "", ALARM("t"), "200", 1, 9},
    {keywords_status, ALICE, "", NULL, "200", 1, 3},
    {keywords_config, ALICE, "", "{\"userConfig\":{\"maxPushCount\":3}}", "200", 1, 5},
    {notices_send_push, OPERATOR, "", PUSH, "200", 1, 6},
    {notices_list, NOBODY, "", NULL, "200", 1, 3},
    {notices_add, OPERATOR, "", "{\"title\":\"t\",\"content\":\"c\"}", "201", 2,
     7}, /* and the watch looks */
    {notices_remove, OPERATOR, "", NULL, "404", 2, 5},
    {deals_v3_list, NOBODY, "?limit=100", NULL, "200", 3,
     5}, /* the list, and also_on of all of it */
    {deals_v3_list, NOBODY, "?q=" RAMEN, NULL, "200", 3, 5},
    {deals_v3_list, NOBODY, "?site=bulk&min_score=1&sold_out=false&since=2020-01-01T00:00:00Z",
     NULL, "200", 3, 5},
    {deals_v3_one, NOBODY, "", NULL, "200", 3, 7}, /* the deal, also_on, its history */
    {sites_list, NOBODY, "", NULL, "200", 1, 3},
    {feeds_atom, NOBODY, "?limit=100", NULL, "200", 2, 3},
    {feeds_rss, NOBODY, "?limit=100&q=" RAMEN, NULL, "200", 2, 4},
    {feeds_json, NOBODY, "?limit=100", NULL, "200", 2, 3},
    {tokens_begin, NOBODY, "", "{\"player_id\":\"bob\"}", "201", 1, 8},
    {tokens_refresh, NOBODY, "", "{\"refresh_token\":\"never given\"}", "401", 1, 7},
    {tokens_end, SESSION, "", NULL, "204 401", 1, 7},
    {openapi_document, NOBODY, "", NULL, "200", 0, 0},
    {page_index, NOBODY, "", NULL, "200", 0, 0},
    {page_file, NOBODY, "", NULL, "200", 0, 0},
    {page_icon, NOBODY, "", NULL, "200", 0, 0},
    {stream_v3, NOBODY, "", NULL, "200", 0, 0}, /* all clients share what the process reads */
};

/* What stands for {name} in paths. */
static const char *argument_of(const char *path)
{
    return str_starts(path, "/v3/deals/") ? "bulk_3"
           : str_starts(path, "/web/")    ? "main.js"
                                          : "999999";
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* 1 to n, in the database's words. */
static const char *numbers(struct bench *b, int n)
{
    return arena_printf(
        &b->arena,
        b->is_postgres
            ? "generate_series(1, %d) n (i)"
            : "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
              "SELECT i FROM n) n",
        n);
}

/* n deals with one shop's product, a board more with the same, all marked by and told to alice; n notices, n runs, and
 * n things that happened to one deal. By SQL, since it is much. */
static void fill_to(struct bench *b, int n)
{
    const char *now = b->is_postgres ? "timestamptz '2023-11-22 12:00:00+00'" : "1700654400000";
    const char *no = b->is_postgres ? "false" : "0";
    const char *more = b->is_postgres ? ", last_change" : ", title_fold";
    const char *value = b->is_postgres ? ", 0" : ", '라면' || i";
    const char *of_alice =
        "FROM app_users u, deals d WHERE u.app_player = 'alice' ON CONFLICT DO NOTHING";
    struct arena *arena = &b->arena;

    ask(b,
        arena_printf(
            arena,
            "INSERT INTO deals (site, website, post_key, product_id, title, url, shop_key, score, "
            "is_sold_out, sort_at, created_at, updated_at%s) SELECT CASE WHEN i %% 5 = 0 THEN "
            "'other' ELSE "
            "'bulk' END, '뽐뿌', 'k' || i, 'bulk_' || i, '라면 ' || i, 'https://b.example/', "
            "'shop/' || (i / 3), "
            "i %% 100, %s, %s, %s, %s%s FROM %s WHERE i > (SELECT count(*) FROM deals)",
            more, no, now, now, now, value, numbers(b, n)));
    ask(b, arena_printf(
               arena,
               "INSERT INTO book_marks (app_user_id, deal_id, created_at) SELECT u.id, d.id, %s %s",
               now, of_alice));
    ask(b,
        arena_printf(
            arena,
            "INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, created_at) "
            "SELECT u.id, d.id, 'w', %s %s",
            now, of_alice));
    ask(b, arena_printf(arena,
                        "INSERT INTO notices (title, category, content, created_at) SELECT 't', "
                        "'c', 'n', %s FROM %s",
                        now, numbers(b, n)));
    ask(b, arena_printf(arena,
                        "INSERT INTO runs (engine, site, kind, started_at, ended_at, reason) "
                        "SELECT 'e', 'bulk', 'crawl', "
                        "%s, %s, 'ok' FROM %s",
                        now, now, numbers(b, n)));
    ask(b, arena_printf(arena,
                        "INSERT INTO deal_events (deal_id, kind, at) SELECT d.id, 'sold_out', %s "
                        "FROM deals d, %s WHERE "
                        "d.product_id = 'bulk_3'",
                        now, numbers(b, n)));
}

/* ---- asking ---------------------------------------------------------------------------------- */

static const char *alice;

static void start_uncached(void)
{
    char hash[SECRETS_HASH_BYTES];
    struct arena *arena = &api.b->arena;
    struct err err;

    assert_int_equal(secrets_hash("admin key", hash, &err), 0);
    api_start((const char *const[]){"jwt_secret=one:0123456789012345678901234567890123456789",
                                    "registrations=0", "api_cache=0",
                                    arena_printf(arena, "push_password_hash=%s", hash),
                                    arena_printf(arena, "admin_key_hash=%s", hash), NULL});
}

static const char *token_for(const struct cost *cost)
{
    if (cost->asker != SESSION)
        return cost->asker == ALICE ? alice : NULL;
    send_request("POST /v3/tokens", NULL, "{\"player_id\":\"carol\"}");
    expect_status(201);
    return arena_strdup(&api.b->arena, said_text("access_token"));
}

/* Streams have no end: the first message is all. */
static void open_stream(const char *request)
{
    struct http_client *client = http_client_open(api.b->loop, server_port(api.server));

    http_client_send(client, request_text(request, NULL, NULL, NULL));
    http_client_wait(client, "\nid: ");
    http_client_free(&client);
    http_client_turn(api.b->loop, 1);
}

static void send_cost(const struct cost *cost, const char *request, const char *token)
{
    char status[8];

    if (cost->handler == stream_v3) {
        open_stream(request);
        return;
    }
    if (cost->asker == OPERATOR)
        clock_fake_advance(PASSWORD_MS);
    send_more(request, token, cost->asker == OPERATOR ? ADMIN : NULL, cost->body);
    snprintf(status, sizeof(status), "%d", said.status);
    if (!strstr(cost->statuses, status))
        fail_msg("%s: %s", request, said.all);
}

static int most_of(const struct cost *cost)
{
    return api.b->is_postgres ? cost->postgres : cost->lite;
}

/* The watch asks in between as well, so one that seems to cost more is asked again. */
static void expect_cost(const struct cost *cost, const char *request, int rows)
{
    int least = INT32_MAX;

    for (int i = 0; i < TRIES && least > most_of(cost); i++) {
        const char *token = token_for(cost);
        uint64_t before = store_statements();
        int n;

        send_cost(cost, request, token);
        n = (int)(store_statements() - before);
        least = n < least ? n : least;
    }
    if (least > most_of(cost))
        fail_msg("%s at %d rows: %d statements, expected at most %d", request, rows, least,
                 most_of(cost));
}

/* ---- every route ----------------------------------------------------------------------------- */

static const char *request_of(const char *method, const char *path, const char *rest)
{
    size_t len = strcspn(path, "{");
    const char *argument = path[len] ? argument_of(path) : "";

    return arena_printf(&api.b->arena, "%s %.*s%s%s", method, (int)len, path, argument, rest);
}

static void ask_method(const char *path, const char *method, route_fn *handler, int rows)
{
    bool is_known = false;

    for (size_t i = 0; handler && i < ARRAY_LEN(costs); i++) {
        if (costs[i].handler != handler)
            continue;
        is_known = true;
        expect_cost(&costs[i], request_of(method, path, costs[i].rest), rows);
    }
    if (handler && !is_known)
        fail_msg("%s %s has no row in costs[]", method, path);
}

static void ask_all_routes(int rows)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];

        ask_method(route->path, "GET", route->get, rows);
        ask_method(route->path, "POST", route->post, rows);
        ask_method(route->path, "PATCH", route->patch, rows);
        ask_method(route->path, "DELETE", route->del, rows);
    }
}

static void every_route_sends_as_many_statements_at_10_as_at_10000_rows(void **state)
{
    static const int sizes[] = {FEW, MANY};
    struct bench *b = bench(state);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        start_uncached();
        alice = token_of("alice");
        fill_to(b, sizes[i]);
        /* What a connection costs once, and a stream that reads what happened. */
        send_request("GET /hit-products", alice, NULL);
        ask_all_routes(sizes[i]);
        api_stop();
    }
}

/* Whatever there is, a list has its limit and says so. */
static void lists_without_pages_end_at_100_of_10000_and_say_so(void **state)
{
    static const struct {
        const char *request, *list;
    } rows[] = {{"GET /bookmarks", "bookmark"},
                {"GET /keyword-pushalarms", "pushList"},
                {"GET /notices", ""},
                {"GET /hit-products/rank", "data"},
                {"GET /hit-products/platform?web=%EB%BD%90%EB%BF%8C", "data"},
                {"GET /hit-products/search?word=" RAMEN, "data"}};
    struct bench *b = bench(state);

    start_uncached();
    alice = token_of("alice");
    fill_to(b, MANY);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        send_request(rows[i].request, alice, NULL);
        expect_status(200);
        assert_int_equal(jval_count(*rows[i].list ? said_value(rows[i].list) : jdoc_root(said.doc)),
                         100);
        assert_non_null(strstr(said.all, "\r\nX-List-Limit: 100\r\n"));
    }
    send_request("GET /bookmarks", alice, NULL);
    assert_string_equal(members_of(jdoc_root(said.doc)), "userId bookmark limit hasMore");
    assert_int_equal(jval_int(said_value("limit"), 0), 100);
    send_request("GET /keyword-pushalarms", alice, NULL);
    assert_true(jval_bool(said_value("hasMore"), false));
}

/* ---- too much at once --------------------------------------------------------------------------- */

enum { CALLS = 4, CLIENTS = 12, AT_ONCE_MS = 1000 };

static const char *lists_of(int i)
{
    return arena_printf(&api.b->arena, "GET /v3/deals?limit=%d", i + 1);
}

static struct http_client *send_only(const char *request)
{
    struct http_client *client = http_client_open(api.b->loop, server_port(api.server));

    http_client_send(client, request_text(request, NULL, "Connection: close\r\n", NULL));
    return client;
}

/* Somebody holds the table; the pool has room for CALLS questions, and one more is none of a pool. */
static void more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait(void **state)
{
    struct bench *b = bench(state);
    struct http_client *clients[CLIENTS];
    struct deal_row row = row_of("a", "1");
    PGconn *holder = PQconnectdb(b->url);
    int n_refused = 0;

    write_row(b, &row);
    api_start((const char *const[]){"jwt_secret=one:0123456789012345678901234567890123456789",
                                    "api_database_connections=2", "api_database_calls=4", NULL});
    http_client_turn(b->loop, AT_ONCE_MS / 2); /* until it knows where the database is */
    send_request("GET /hit-products", NULL, NULL);
    expect_status(200);
    PQclear(PQexec(holder, "BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE"));
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = send_only(lists_of(i));
    http_client_turn(b->loop, AT_ONCE_MS);

    for (int i = 0; i < CLIENTS; i++) {
        if (!clients[i]->closed)
            continue;
        n_refused++;
        hear(mem_strdup(buf_str(&clients[i]->in)));
        expect_status(503);
        assert_non_null(strstr(said.all, "\r\nRetry-After: "));
        assert_non_null(strstr(said.all, "application/problem+json"));
    }
    assert_int_equal(n_refused, CLIENTS - CALLS);
    /* What needs no database, and what is kept, is served; and the database is not taken for away. */
    assert_int_equal(send_request("GET /openapi.json", NULL, NULL), 200);
    assert_int_equal(send_request("GET /hit-products", NULL, NULL), 200);
    assert_null(strstr(said.all, "\r\nAge: "));
    send_request("POST /auth-user", NULL, "{\"auth\":{\"appPlayerId\":\"a\"}}");
    expect_status(503);
    assert_string_equal(members_of(jdoc_root(said.doc)), "errors");

    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    for (int i = 0; i < CLIENTS; i++) {
        const char *answer = http_client_wait_closed(clients[i]);

        assert_true(str_starts(answer, "HTTP/1.1 200 ") || str_starts(answer, "HTTP/1.1 503 "));
        n_refused -= str_starts(answer, "HTTP/1.1 503 ");
        http_client_free(&clients[i]);
    }
    assert_int_equal(n_refused, 0); /* those that waited were answered */
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(send_request(lists_of(i), NULL, NULL), 200);
    assert_int_equal(api.n_warnings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_BOTH(every_route_sends_as_many_statements_at_10_as_at_10000_rows),
        API_LITE(lists_without_pages_end_at_100_of_10000_and_say_so),
        {"more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait",
         more_questions_than_the_pool_takes_are_503_at_once_and_the_others_wait, api_setup_postgres,
         api_teardown, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
