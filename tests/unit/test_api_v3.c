/* SPDX-License-Identifier: MIT */
/* test_api_v3.c - search, rank, filters, one deal, boards, feeds and the OpenAPI document, served in this process
 * over SQLite and PostgreSQL.
 */
#include "api/route.h"
#include "api/server.h"
#include "api/xml.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/str.h"
#include "support/http_client.h"
#include "support/pg.h"
#include "support/unit.h"

#include "gen/openapi_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* 2023-11-22 21:00:00 in Seoul */
static const int64_t NOW_MS = 1700654400000;

static struct fixture {
    char dir[64];
    char *database;
    struct loop *loop;
    struct config config;
    struct store *store; /* the engine's */
    struct server *server;
    struct arena arena;
} fx;

static struct test_pg *pg; /* one for the program */
static const char *pg_missing = "";

/* ---- set up ---------------------------------------------------------------------------------- */

static void on_written(const struct store_counts *counts, const struct err *err, void *ctx)
{
    (void)counts;
    if (err)
        fprintf(stderr, "%s\n", err->text);
    *(bool *)ctx = !err;
    loop_stop(fx.loop);
}

static void write_rows(const struct deal_row *rows, int n, int64_t at_ms)
{
    bool is_good = false;

    store_write(fx.store, &(struct store_batch){.rows = rows, .n = n, .at_ms = at_ms}, on_written, &is_good);
    loop_run(fx.loop);
    assert_true(is_good);
}

static struct deal_row row_of(int i, const char *title)
{
    static const char *const sites[] = {"clien", "ppomppu"};
    static const char *const websites[] = {"클리앙", "뽐뿌"};

    return (struct deal_row){.site = sites[i % 2],
                             .website = websites[i % 2],
                             .key = arena_printf(&fx.arena, "%d", 1000 + i),
                             .product_id = arena_printf(&fx.arena, "deal_%d", i),
                             .title = title,
                             .url = arena_printf(&fx.arena, "https://board.example/?a=%d&b=<%d>", i, i),
                             .price_e2 = i == 3 ? 1290000 : DEAL_UNKNOWN,
                             .currency = i == 3 ? "KRW" : NULL,
                             .posted_at_ms = NOW_MS - i * 3600000LL,
                             .view = i,
                             .comment = DEAL_UNKNOWN,
                             .like = DEAL_UNKNOWN,
                             .score = i,
                             .sold_out = i == 4};
}

static const char *const titles[] = {"[11번가] 라면 40개", "LG 그램 <b>&amp; \"싸게\"]]>", "신라 면세점 적립", "라 면 사리",
                                     "만두 \x01\xef\xbf\xbf 끝", "배추"};

static void fill_some(void)
{
    struct deal_row rows[ARRAY_LEN(titles)];

    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        rows[i] = row_of((int)i, titles[i]);
    write_rows(rows, ARRAY_LEN(titles), NOW_MS);
}

static void on_migrated(int applied, int version, const struct err *err, void *ctx)
{
    (void)applied;
    (void)version;
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text);
    loop_stop(fx.loop);
}

static void on_config_error(const char *message, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "%s\n", message);
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)ctx;
    if (level >= LOG_WARN)
        fprintf(stderr, "%s\n", line);
}

static void start_server(void)
{
    char *config_path = mem_printf("%s/catchdeal.conf", fx.dir);
    char *set_database = mem_printf("database=%s", fx.database);
    const char *sets[] = {set_database, "api_listen=127.0.0.1:0", "api_admin_listen="};
    FILE *f = fopen(config_path, "we");
    struct err err = {0};

    assert_non_null(f);
    fclose(f);
    if (config_load(&fx.config, config_path, sets, ARRAY_LEN(sets), on_config_error, NULL, &err) < 0 ||
        server_new(fx.loop, &fx.config, &fx.server, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(config_path);
    mem_free(set_database);
}

static void start(char *database)
{
    struct err err;

    strcpy(fx.dir, "/tmp/test_api_v3.XXXXXX");
    assert_non_null(mkdtemp(fx.dir));
    fx.database = database ? database : mem_printf("sqlite:%s/deals.db", fx.dir);
    fx.loop = loop_new();
    arena_init(&fx.arena);
    clock_fake_set(NOW_MS);
    log_set_sink(quiet, NULL);
    if (store_open(fx.loop, fx.database, 20000, &fx.store, &err) < 0)
        fail_msg("%s", err.text);
    store_migrate(fx.store, on_migrated, NULL);
    loop_run(fx.loop);
    start_server();
}

static int start_sqlite(void **state)
{
    (void)state;
    fx = (struct fixture){0};
    start(NULL);
    return 0;
}

static int start_postgres(void **state)
{
    static int n;
    char *url;

    (void)state;
    fx = (struct fixture){0};
    if (!pg && !*pg_missing)
        pg = test_pg_start(&pg_missing);
    if (!pg)
        return 0;
    /* A schema of its own for each test. */
    url = mem_printf("psql -qX '%s' -c 'CREATE SCHEMA t%d' >/dev/null", test_pg_url(pg), ++n);
    if (system(url) != 0)
        fail_msg("%s", url);
    mem_free(url);
    start(mem_printf("%s%coptions=-csearch_path%%3Dt%d", test_pg_url(pg),
                     strchr(test_pg_url(pg), '?') ? '&' : '?', n));
    return 0;
}

static int stop(void **state)
{
    char *command = mem_printf("rm -rf '%s'", fx.dir);

    (void)state;
    if (fx.loop) {
        store_free(&fx.store);
        server_free(&fx.server);
        loop_free(&fx.loop);
        config_fini(&fx.config);
        arena_fini(&fx.arena);
        clock_fake_off();
        log_set_sink(NULL, NULL);
        assert_int_equal(system(command), 0);
    }
    mem_free(command);
    mem_free(fx.database);
    return 0;
}

static int stop_pg(void **state)
{
    (void)state;
    test_pg_free(&pg);
    return 0;
}

static void need_database(void)
{
    if (!fx.loop)
        skip_because(pg_missing);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Valid until the test ends. */
static char *ask(const char *method_and_target)
{
    char *answer = http_client_ask(fx.loop, server_port(fx.server), method_and_target);
    char *copy = arena_strdup(&fx.arena, answer);

    mem_free(answer);
    return copy;
}

/* With headers more, each ended by \r\n. */
static char *ask_with(const char *method_and_target, const char *headers)
{
    struct http_client *client = http_client_open(fx.loop, server_port(fx.server));
    char *request = arena_printf(&fx.arena, "%s HTTP/1.1\r\nHost: deals.example\r\nConnection: close\r\n%s\r\n",
                                 method_and_target, headers);
    char *answer;

    http_client_send(client, request);
    answer = arena_strdup(&fx.arena, http_client_wait_closed(client));
    http_client_free(&client);
    return answer;
}

static void assert_has(const char *answer, const char *part)
{
    if (!strstr(answer, part))
        fail_msg("expected %s in:\n%s", part, answer);
}

static void assert_hasnt(const char *answer, const char *part)
{
    if (strstr(answer, part))
        fail_msg("unexpected %s in:\n%s", part, answer);
}

static char *get(const char *target)
{
    char *answer = ask(arena_printf(&fx.arena, "GET %s", target));

    assert_has(answer, "HTTP/1.1 200 ");
    return strstr(answer, "\r\n\r\n") + 4;
}

/* The numbers in `"NAME":"deal_N"`, in order: "0 3 ". */
static const char *ids(const char *target, const char *name)
{
    const char *body = get(target);
    const char *mark = arena_printf(&fx.arena, "\"%s\":\"deal_", name);
    const char *found = "";

    for (const char *at = body; (at = strstr(at, mark)); at++)
        found = arena_printf(&fx.arena, "%s%d ", found, atoi(at + strlen(mark)));
    return found;
}

/* ---- the app's lists ------------------------------------------------------------------------- */

#define RAMEN "%EB%9D%BC%EB%A9%B4" /* 라면 */

static void the_app_searches_by_two_syllables_and_ignores_spaces(void **state)
{
    (void)state;
    need_database();
    fill_some();

    assert_string_equal(ids("/hit-products/search?word=" RAMEN, "productId"), "0 2 3 ");
    assert_string_equal(ids("/hit_products/search?word=%EB%9D%BC+%EB%A9%B4", "productId"), "0 2 3 ");
    assert_string_equal(ids("/hit-products/search?word=lG%EA%B7%B8%EB%9E%A8", "productId"), "1 ");
    assert_string_equal(ids("/hit-products/search?word=%EB%A9%B4", "productId"), "0 2 3 ");
    assert_string_equal(ids("/hit-products/search?word=none", "productId"), "");
    assert_string_equal(ids("/hit-products/search", "productId"), "0 1 2 3 4 5 ");
    assert_has(ask("GET /hit-products/search?word=none"), "\r\n\r\n{\"data\":[]}");
    assert_has(ask("GET /hit-products/search?word=none"), "\r\nX-List-Limit: 100\r\n");
}

static void the_app_ranks_the_last_week_by_score_and_shows_one_board(void **state)
{
    static const char *const boards[] = {"/hit-products/platform?name=", "/hit_products/platform?web=",
                                         "/hit-products/web_products_list?web=",
                                         "/hit_products/web_products_list?web=",
                                         "/hit-products/web-products-list?web=",
                                         "/hit_products/web-products-list?name=&web="};
    struct deal_row old;

    (void)state;
    need_database();
    fill_some();
    old = row_of(200, "오래된 것");
    write_rows(&old, 1, NOW_MS);

    assert_string_equal(ids("/hit-products/rank", "productId"), "5 4 3 2 1 0 ");
    assert_string_equal(ids("/hit_products/rank", "productId"), "5 4 3 2 1 0 ");
    for (size_t i = 0; i < ARRAY_LEN(boards); i++)
        assert_string_equal(ids(arena_printf(&fx.arena, "%s%%EB%%BD%%90%%EB%%BF%%8C", boards[i]), "productId"),
                            "1 3 5 ");
    assert_string_equal(ids("/hit-products/platform?name=none", "productId"), "");
    assert_has(ask("GET /hit-products/platform"), "HTTP/1.1 400 ");
}

/* ---- /v3 ------------------------------------------------------------------------------------- */

static void v3_filters_hold_and_the_cursor_goes_on_within_them(void **state)
{
    const char *body, *cursor;

    (void)state;
    need_database();
    fill_some();

    assert_string_equal(ids("/v3/deals?q=" RAMEN "&site=clien", "product_id"), "0 2 ");
    assert_string_equal(ids("/v3/deals?website=%EB%BD%90%EB%BF%8C", "product_id"), "1 3 5 ");
    assert_string_equal(ids("/v3/deals?min_score=4", "product_id"), "4 5 ");
    assert_string_equal(ids("/v3/deals?sold_out=true", "product_id"), "4 ");
    assert_string_equal(ids("/v3/deals?sold_out=false&min_score=3", "product_id"), "3 5 ");
    assert_string_equal(ids("/v3/deals?since=2023-11-22T11:00:00Z", "product_id"), "0 1 ");
    assert_string_equal(ids("/v3/deals?since=2023-11-22T20:00:00%2B09:00", "product_id"), "0 1 ");
    body = get("/v3/deals?q=" RAMEN "&limit=2");
    assert_has(body, "\"has_more\":true}");
    cursor = arena_strndup(&fx.arena, strstr(body, "next_cursor\":\"") + 14, 28);
    assert_string_equal(ids(arena_printf(&fx.arena, "/v3/deals?q=%s&limit=2&cursor=%s", RAMEN, cursor), "product_id"),
                        "3 ");
}

static void v3_says_which_parameter_is_wrong(void **state)
{
    static const struct {
        const char *target, *parameter;
    } rows[] = {{"/v3/deals?q=", "q"},           {"/v3/deals?q=+%20", "q"},       {"/v3/deals?min_score=x", "min_score"},
                {"/v3/deals?sold_out=1", "sold_out"}, {"/v3/deals?since=now", "since"},
                {"/v3/deals?since=9999-12-31T23:59:59-23:59", "since"}, {"/v3/deals?website=", "website"},
                {"/v3/sites?x=1", "x"},          {"/v3/deals/deal_1?x=1", "x"},   {"/feeds/atom.xml?cursor=x", "cursor"},
                {"/feeds/rss.xml?limit=0", "limit"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *answer = ask(arena_printf(&fx.arena, "GET %s", rows[i].target));

        assert_has(answer, "HTTP/1.1 400 ");
        assert_has(answer, "\r\nContent-Type: application/problem+json\r\n");
        assert_has(answer, "\r\nAccess-Control-Allow-Origin: *\r\n");
        assert_has(answer, arena_printf(&fx.arena, "\"parameter\":\"%s\"", rows[i].parameter));
    }
}

static void one_deal_tells_its_history(void **state)
{
    struct deal_row row;
    char *body;

    (void)state;
    need_database();
    fill_some();
    row = row_of(3, "라면 사리 50개");
    row.price_e2 = 999;
    row.currency = "USD";
    row.sold_out = true;
    write_rows(&row, 1, NOW_MS + 60000);

    body = get("/v3/deals/deal_3");
    assert_has(body, "{\"data\":{\"product_id\":\"deal_3\",");
    assert_has(body, "\"price\":9.99,\"currency\":\"USD\"");
    assert_has(body, "\"history\":[{\"at\":\"2023-11-22T21:01:00+09:00\",\"kind\":\"sold_out\",\"old\":null,\"new\":null},"
                     "{\"at\":\"2023-11-22T21:01:00+09:00\",\"kind\":\"price\",\"old\":\"12900 KRW\",\"new\":\"9.99 USD\"},"
                     "{\"at\":\"2023-11-22T21:01:00+09:00\",\"kind\":\"title\",\"old\":\"라 면 사리\",\"new\":\"라면 사리 50개\"},");
    assert_has(ask("GET /v3/deals/deal_99"), "HTTP/1.1 404 ");
    assert_has(ask("GET /v3/deals/deal_99"), "\"status\":404,\"detail\":\"no deal has this product_id\"");
    assert_has(ask("GET /v3/deals/%2e%2e%2fetc"), "HTTP/1.1 404 ");
}

static void boards_tell_how_they_are(void **state)
{
    (void)state;
    need_database();
    fill_some();

    assert_has(get("/v3/sites"),
               "{\"data\":[{\"site\":\"clien\",\"website\":\"클리앙\",\"fresh_at\":null,\"deals_24h\":3,\"newest_deal\":"
               "{\"product_id\":\"deal_0\",\"title\":\"[11번가] 라면 40개\",\"at\":\"2023-11-22T21:00:00+09:00\"},"
               "\"last_run\":null},");
}

/* ---- feeds ----------------------------------------------------------------------------------- */

static void feeds_escape_what_boards_write(void **state)
{
    char *atom, *rss, *json;

    (void)state;
    fill_some();
    atom = get("/feeds/atom.xml");
    rss = get("/feeds/rss.xml?q=" RAMEN);
    json = get("/feeds/feed.json?site=clien");

    assert_has(atom, "<title>LG 그램 &lt;b&gt;&amp;amp; &quot;싸게&quot;]]&gt;</title>");
    assert_has(atom, "<link rel=\"alternate\" href=\"https://board.example/?a=1&amp;b=&lt;1&gt;\"/>");
    assert_has(atom, "<title>[품절] 만두  끝</title>");
    assert_has(atom, "<id>tag:catchdeal,2019:deal_1</id>");
    assert_int_equal(http_client_count(atom, "<entry>"), 6);
    assert_int_equal(http_client_count(rss, "<item>"), 3);
    assert_has(rss, "<pubDate>Wed, 22 Nov 2023 12:00:00 +0000</pubDate>");
    assert_has(rss, "뽐뿌 · 12900 KRW");
    assert_has(rss, "/feeds/rss.xml?q=" RAMEN "\"/>");
    assert_int_equal(http_client_count(json, "\"date_published\""), 3);
}

static void feeds_are_called_as_the_client_calls_us_if_that_is_a_name(void **state)
{
    (void)state;
    fill_some();

    assert_has(ask_with("GET /feeds/feed.json", ""), "\"feed_url\":\"http://deals.example/feeds/feed.json\"");
    assert_has(ask("GET /feeds/feed.json"), "\"feed_url\":\"http://");
}

static void xml_takes_no_control_characters_and_no_broken_bytes(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    xml_add(&out, "a\x01\t\n\x1f<&>\"'\xef\xbf\xbe\xff\xed\xa0\x80z");
    assert_string_equal(buf_str(&out), "a\t\n&lt;&amp;&gt;&quot;&#39;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
    buf_fini(&out);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void other_origins_may_read_v3_and_feeds_alone(void **state)
{
    static const char *const open[] = {"/v3/deals", "/v3/sites", "/v3/deals/deal_1", "/feeds/atom.xml",
                                       "/feeds/rss.xml", "/feeds/feed.json", "/openapi.json"};
    static const char *const closed[] = {"/hit-products", "/hit-products/rank", "/"};

    (void)state;
    fill_some();
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        char *answer = ask(arena_printf(&fx.arena, "GET %s", open[i]));
        char *preflight = ask_with(arena_printf(&fx.arena, "OPTIONS %s", open[i]),
                                   "Origin: https://other.example\r\nAccess-Control-Request-Method: GET\r\n");

        assert_has(answer, "\r\nAccess-Control-Allow-Origin: *\r\n");
        assert_has(preflight, "HTTP/1.1 204 ");
        assert_has(preflight, "\r\nAccess-Control-Allow-Origin: *\r\n");
        assert_has(preflight, "\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n");
        assert_has(preflight, "\r\nAccess-Control-Max-Age: ");
    }
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        assert_hasnt(ask(arena_printf(&fx.arena, "GET %s", closed[i])), "Access-Control");
}

static void what_a_client_has_is_not_sent_again(void **state)
{
    static const char *const targets[] = {"/v3/deals?limit=2", "/v3/sites", "/v3/deals/deal_1", "/feeds/atom.xml",
                                          "/feeds/rss.xml", "/feeds/feed.json", "/openapi.json", "/hit-products/rank"};

    (void)state;
    fill_some();
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        char *request = arena_printf(&fx.arena, "GET %s", targets[i]);
        char *first = ask_with(request, "");
        char *etag = strstr(first, "\r\nETag: \"");
        uint64_t before = store_statements();
        char *length = strstr(first, "\r\nContent-Length: ");
        char *again, *head;

        assert_non_null(etag);
        etag = arena_strndup(&fx.arena, etag + 8, strcspn(etag + 8, "\r"));
        again = ask_with(request, arena_printf(&fx.arena, "If-None-Match: %s\r\n", etag));
        assert_has(again, "HTTP/1.1 304 ");
        assert_has(again, etag);
        assert_true(str_ends(again, "\r\n\r\n"));
        /* Of what is not sent: any other would be a lie (RFC 9110 section 8.6). */
        assert_non_null(length);
        assert_has(again, arena_strndup(&fx.arena, length, strcspn(length + 2, "\r") + 4));
        for (int k = 0; k < 10; k++)
            ask_with(request, arena_printf(&fx.arena, "If-None-Match: %s\r\n", etag));
        assert_has(first, "\r\nCache-Control: ");
        assert_has(first, "\r\nVary: Accept-Encoding");
        head = ask_with(arena_printf(&fx.arena, "HEAD %s", targets[i]), "");
        assert_has(head, "HTTP/1.1 200 ");
        assert_has(head, etag);
        assert_true(str_ends(head, "\r\n\r\n"));
        /* The watch may ask for the newest event meanwhile. */
        assert_in_range(store_statements() - before, 0, 6);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

static const struct jval *member(const struct jval *object, const char *name)
{
    for (const struct jval *at = jval_first(object); at; at = jval_next(at))
        if (str_eq(jval_name(at), name))
            return at;
    return NULL;
}

static void the_document_has_every_route_and_no_other(void **state)
{
    char *bytes = mem_strdup(openapi_json);
    struct jdoc *doc;
    const struct jval *paths, *items;
    struct err err;
    size_t n = 0;

    (void)state;
    if (jdoc_parse(bytes, sizeof(openapi_json) - 1, &doc, &err) < 0)
        fail_msg("%s", err.text);
    paths = jval_get(jdoc_root(doc), "paths");
    items = jval_path(jdoc_root(doc), "components.pathItems");
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        const struct jval *item = member(paths, route->path);
        const char *same = item ? jval_get_str(item, "$ref", NULL) : NULL;

        if (!item)
            fail_msg("api/web/openapi.json lacks the path %s", route->path);
        if (same)
            item = member(items, same + strlen("#/components/pathItems/"));
        if (!item || !member(item, "get") != !route->get || !member(item, "post") != !route->post ||
            !member(item, "patch") != !route->patch || !member(item, "delete") != !route->del)
            fail_msg("api/web/openapi.json has other methods at %s than route_table", route->path);
    }
    for (const struct jval *at = jval_first(paths); at; at = jval_next(at))
        n++;
    if (n != route_count)
        fail_msg("api/web/openapi.json has %zu paths and route_table %zu", n, route_count);
    jdoc_free(&doc);
    mem_free(bytes);
}

/* One test over both databases. */
#define BOTH(test)                                                  \
    {"sqlite_" #test, test, start_sqlite, stop, NULL},              \
    {                                                               \
        "postgresql_" #test, test, start_postgres, stop, NULL       \
    }
#define SQLITE(test) cmocka_unit_test_setup_teardown(test, start_sqlite, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(the_app_searches_by_two_syllables_and_ignores_spaces),
        BOTH(the_app_ranks_the_last_week_by_score_and_shows_one_board),
        BOTH(v3_filters_hold_and_the_cursor_goes_on_within_them),
        SQLITE(v3_says_which_parameter_is_wrong),
        BOTH(one_deal_tells_its_history),
        BOTH(boards_tell_how_they_are),
        SQLITE(feeds_escape_what_boards_write),
        SQLITE(feeds_are_called_as_the_client_calls_us_if_that_is_a_name),
        cmocka_unit_test(xml_takes_no_control_characters_and_no_broken_bytes),
        SQLITE(other_origins_may_read_v3_and_feeds_alone),
        SQLITE(what_a_client_has_is_not_sent_again),
        cmocka_unit_test(the_document_has_every_route_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, stop_pg);
}
