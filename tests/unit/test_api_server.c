/* SPDX-License-Identifier: MIT */
/* test_api_server.c - the whole API in this process: real sockets, a SQLite file, made-up deals. */
#include "api/page.h"
#include "api/route.h"
#include "api/server.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { DEALS = 150, SITES = 3 };

/* 2023-11-22 21:00:00 in Seoul; deal i was posted i minutes before that. */
static const int64_t NOW_MS = 1700654400000;

static struct fixture {
    char dir[64];
    char database[128];
    struct loop *loop;
    struct config config;
    struct server *server;
    int n_complaints; /* log lines of level warn or error */
    int n_stopped;
} fx;

static void on_log(enum log_level level, const char *line, void *ctx)
{
    (void)ctx;
    (void)line;
    fx.n_complaints += level >= LOG_WARN;
}

static void on_config_error(const char *message, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "%s\n", message);
}

static void start_server(const char *database)
{
    char *config_path = mem_printf("%s/catchdeal.conf", fx.dir);
    char *set_database = mem_printf("database=%s", database);
    const char *sets[] = {set_database, "api_listen=127.0.0.1:0", "api_admin_listen=127.0.0.1:0",
                          "database_timeout=1s"};
    FILE *f = fopen(config_path, "we");
    struct err err = {0};

    assert_non_null(f);
    fclose(f);
    if (config_load(&fx.config, config_path, sets, ARRAY_LEN(sets), on_config_error, NULL, &err) <
            0 ||
        server_new(fx.loop, &fx.config, &fx.server, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(config_path);
    mem_free(set_database);
}

static int start_bare(void **state)
{
    (void)state;
    fx = (struct fixture){.dir = "/tmp/test_api_server.XXXXXX"};
    if (!mkdtemp(fx.dir))
        return -1;
    fx.loop = loop_new();
    snprintf(fx.database, sizeof(fx.database), "sqlite:%s/deals.db", fx.dir);
    clock_fake_set(NOW_MS);
    log_set_sink(on_log, NULL);
    return 0;
}

static int stop(void **state)
{
    char *command = mem_printf("rm -r '%s'", fx.dir);
    int rc;

    (void)state;
    server_free(&fx.server);
    loop_free(&fx.loop);
    config_fini(&fx.config);
    clock_fake_off();
    log_set_sink(NULL, NULL);
    rc = system(command);
    mem_free(command);
    return rc;
}

static void on_written(const struct store_counts *counts, const struct err *err, void *ctx)
{
    if (err)
        fprintf(stderr, "%s\n", err->text);
    *(int *)ctx = err ? -1 : counts->added;
    loop_stop(fx.loop);
}

static struct deal_row *make_rows(struct arena *arena)
{
    static const char *const sites[SITES] = {"clien", "ppomppu", "ruliweb"};
    static const char *const websites[SITES] = {"클리앙", "뽐뿌", "루리웹"};
    struct deal_row *rows = arena_array(arena, struct deal_row, DEALS);

    for (int i = 0; i < DEALS; i++)
        rows[i] = (struct deal_row){.site = sites[i / 2 % SITES],
                                    .website = websites[i / 2 % SITES],
                                    .key = arena_printf(arena, "%d", 1000 + i),
                                    .product_id = arena_printf(arena, "deal_%d", i),
                                    .title = arena_printf(arena, "핫딜 %d", i),
                                    .url = arena_printf(arena, "https://board.example/%d", i),
                                    .price_e2 = DEAL_UNKNOWN,
                                    /* Pairs share a moment, so that order needs the id as well. */
                                    .posted_at_ms = NOW_MS - i / 2 * 2 * 60000LL,
                                    .view = i,
                                    .comment = DEAL_UNKNOWN,
                                    .like = DEAL_UNKNOWN,
                                    .score = DEAL_UNKNOWN};
    return rows;
}

static void write_batch(const char *database, const struct store_batch *batch)
{
    struct store *store;
    struct err err;
    int added = -1;

    if (store_open(fx.loop, database, 5000, &store, &err) < 0)
        fail_msg("%s", err.text);
    store_write(store, batch, on_written, &added);
    loop_run(fx.loop);
    store_free(&store);
    assert_int_equal(added, batch->n);
}

static void fill(const char *database)
{
    struct store_batch batch = {.n = DEALS, .at_ms = NOW_MS};
    struct arena arena;

    arena_init(&arena);
    batch.rows = make_rows(&arena);
    write_batch(database, &batch);
    arena_fini(&arena);
}

static int start(void **state)
{
    if (start_bare(state) < 0)
        return -1;
    fill(fx.database);
    start_server(fx.database);
    return 0;
}

static char *ask(const char *method_and_target)
{
    return http_client_ask(fx.loop, server_port(fx.server), method_and_target);
}

static int status_of(const char *answer)
{
    return str_starts(answer, "HTTP/1.1 ") ? atoi(answer + 9) : -1;
}

static char *body_of(char *answer)
{
    char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* The document of a 200 answer; jdoc_free. */
static struct jdoc *ask_json(const char *target)
{
    char *request = mem_printf("GET %s", target);
    char *answer = ask(request);
    struct jdoc *doc = NULL;
    struct err err;

    if (status_of(answer) != 200)
        fail_msg("%s: %s", target, answer);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "\r\nCache-Control: no-cache\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    if (jdoc_parse(body_of(answer), strlen(body_of(answer)), &doc, &err) < 0)
        fail_msg("%s: %s", target, err.text);
    mem_free(request);
    mem_free(answer);
    return doc;
}

/* ---- the app's list -------------------------------------------------------------------------- */

/* Of two posted in the same moment the one that was stored later comes first: 1 0 3 2 5 4 ... */
static int deal_at_place(int place)
{
    return place ^ 1;
}

static void assert_app_page(const char *target, int page, int size, int first, int n)
{
    struct jdoc *doc = ask_json(target);
    const struct jval *root = jdoc_root(doc);
    const struct jval *deal = jval_first(jval_get(root, "data"));

    assert_int_equal(jval_get_int(root, "pageNumber", -1), page);
    assert_int_equal(jval_get_int(root, "sizeOfPage", -1), size);
    assert_int_equal(jval_count(jval_get(root, "data")), n);
    for (int i = 0; i < n; i++, deal = jval_next(deal)) {
        char id[32];

        snprintf(id, sizeof(id), "deal_%d", deal_at_place(first + i));
        assert_int_equal(jval_get_int(deal, "order", -1), i + 1);
        assert_string_equal(jval_get_str(deal, "productId", ""), id);
    }
    jdoc_free(&doc);
}

static void app_list_pages_newest_first(void **state)
{
    (void)state;
    assert_app_page("/hit-products", 1, 20, 0, 20);
    assert_app_page("/hit-products?page=1&size=20", 1, 20, 0, 20);
    assert_app_page("/hit-products?page=2", 2, 20, 20, 20);
    assert_app_page("/hit-products?page=8", 8, 20, 140, 10);
    assert_app_page("/hit-products?page=9", 9, 20, 160, 0);
    assert_app_page("/hit-products?page=3&size=7", 3, 7, 14, 7);
    assert_app_page("/hit-products?size=1000", 1, 100, 0, 100);
    assert_app_page("/hit-products?page=&size=&time=", 1, 20, 0, 20);
    assert_app_page("/hit-products?page=2&unknown=1", 2, 20, 20, 20);
}

static void time_bounds_the_list_and_is_answered_in_seoul(void **state)
{
    static const struct {
        const char *target;
        const char *time;
        int first;
    } rows[] = {{"/hit-products", "2023-11-22 21:00:00", 0},
                {"/hit-products?time=2023-11-22+20:50:00", "2023-11-22 20:50:00", 10},
                {"/hit-products?time=2023-11-22T20:50:00", "2023-11-22 20:50:00", 10},
                {"/hit-products?time=2023-11-22%2020:50:01", "2023-11-22 20:50:01", 10},
                {"/hit-products?time=2023-11-22T11:50:00Z", "2023-11-22 20:50:00", 10},
                {"/hit-products?time=2030-01-01+00:00:00", "2030-01-01 00:00:00", 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct jdoc *doc = ask_json(rows[i].target);

        assert_string_equal(jval_get_str(jdoc_root(doc), "time", ""), rows[i].time);
        assert_app_page(rows[i].target, 1, 20, rows[i].first, 20);
        jdoc_free(&doc);
    }
}

/* Times are told in seconds, and an engine's clock may be ahead of ours. */
static void a_deal_of_this_very_second_is_in_the_list(void **state)
{
    static const struct {
        const char *target, *time;
        int n;
    } rows[] = {{"/hit-products", "2023-11-22 21:00:05", 2},
                {"/hit-products?time=2023-11-22+21:00:05", "2023-11-22 21:00:05", 2},
                {"/hit-products?time=2023-11-22+21:00:00", "2023-11-22 21:00:00", 1},
                {"/hit-products?time=2023-11-22+20:59:59", "2023-11-22 20:59:59", 0}};
    struct arena arena;
    struct deal_row *deals;

    (void)state;
    arena_init(&arena);
    deals = make_rows(&arena);
    deals[0].posted_at_ms = deals[1].posted_at_ms = CLOCK_NONE;
    write_batch(fx.database, &(struct store_batch){.rows = &deals[0], .n = 1, .at_ms = NOW_MS + 600});
    write_batch(fx.database, &(struct store_batch){.rows = &deals[1], .n = 1, .at_ms = NOW_MS + 5300});
    arena_fini(&arena);
    clock_fake_set(NOW_MS + 700);
    start_server(fx.database);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct jdoc *doc = ask_json(rows[i].target);

        assert_string_equal(jval_get_str(jdoc_root(doc), "time", ""), rows[i].time);
        assert_int_equal(jval_count(jval_get(jdoc_root(doc), "data")), rows[i].n);
        jdoc_free(&doc);
    }
}

static void aliases_give_the_same_bytes(void **state)
{
    static const char *const aliases[] = {"/hit-products/index",     "/hit-products/condition",
                                          "/hit_products",           "/hit_products/index",
                                          "/hit_products/condition", "/hit-products/"};
    char *expected = ask("GET /hit-products?page=2&size=3");

    (void)state;
    assert_int_equal(status_of(expected), 200);
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        char *request = mem_printf("GET %s?page=2&size=3", aliases[i]);
        char *answer = ask(request);

        assert_string_equal(body_of(answer), body_of(expected));
        mem_free(request);
        mem_free(answer);
    }
    mem_free(expected);
}

/* ---- /v3/deals ------------------------------------------------------------------------------- */

/* Walks the list to its end; every deal must come once, in order. */
static void assert_walk(const char *site, int limit, int expected)
{
    char *cursor = mem_strdup("");
    int seen = 0;
    int64_t last_view = -1;
    bool more = true;

    while (more) {
        char *target = mem_printf("/v3/deals?limit=%d%s%s%s%s", limit, site ? "&site=" : "",
                                  site ? site : "", *cursor ? "&cursor=" : "", cursor);
        struct jdoc *doc = ask_json(target);
        const struct jval *root = jdoc_root(doc);
        const struct jval *deal = jval_first(jval_get(root, "data"));

        for (; deal; deal = jval_next(deal), seen++) {
            int64_t view = jval_get_int(deal, "view", -1);

            if (!site)
                assert_int_equal(view, deal_at_place(seen));
            else
                assert_string_equal(jval_get_str(deal, "site", ""), site);
            assert_int_not_equal(view, last_view);
            last_view = view;
        }
        more = jval_get_bool(root, "has_more", false);
        assert_int_equal(more, !jval_is_null(jval_get(root, "next_cursor")));
        mem_free(cursor);
        cursor = mem_strdup(jval_get_str(root, "next_cursor", ""));
        jdoc_free(&doc);
        mem_free(target);
    }
    mem_free(cursor);
    assert_int_equal(seen, expected);
}

static void cursor_walks_every_deal_once(void **state)
{
    (void)state;
    assert_walk(NULL, 100, DEALS);
    assert_walk(NULL, 7, DEALS);
    assert_walk(NULL, 75, DEALS);
    assert_walk("ppomppu", 10, DEALS / SITES);
    assert_walk("no-such-board", 10, 0);
}

/* ---- what is wrong is said ------------------------------------------------------------------- */

static void bad_requests_say_what_was_expected(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *part;
    } rows[] = {
        {"/hit-products?page=0", 400, "{\"errors\":[\"page는 1 이상의 정수여야 합니다.\"]}"},
        {"/hit-products?page=x", 400, "{\"errors\":[\"page"},
        {"/hit-products?size=0", 400, "{\"errors\":[\"size는 1 이상의 정수여야 합니다."},
        {"/hit-products?size=-1", 400, "{\"errors\":[\"size"},
        {"/hit-products?time=yesterday", 400, "{\"errors\":[\"time"},
        {"/hit-products?page=102", 400, "GET /v3/deals의 cursor를 사용하세요."},
        {"/hit-products?page=102", 400, "use GET /v3/deals with its cursor"},
        {"/hit-products?page=22&size=100", 400, "/v3/deals"},
        {"/hit-products?page=99999999999999999999", 400, "{\"errors\":[\"page"},
        {"/hit-products?x=%ff", 400, "{\"errors\":[\"주소를 읽을 수 없습니다."},
        {"/hit-products%zz", 400, "{\"errors\":[\"주소를 읽을 수 없습니다."},
        {"/hit-products%00", 400, "{\"errors\":[\"주소를 읽을 수 없습니다."},
        {"/v3/deals%00", 400, "\"detail\":\"the address holds a NUL byte\""},
        {"/no-such", 404, "{\"errors\":["},
        {"/hit-products/none", 404, "{\"errors\":["},
        {"/v3", 404, "\"status\":404"},
        {"/v3/none", 404, "\"title\":\"Not Found\""},
        {"/v3/deals?limit=0", 400, "limit: \\\"0\\\": expected a whole number from 1 to 100"},
        {"/v3/deals?limit=101", 400, "\"parameter\":\"limit\""},
        {"/v3/deals?page=1", 400, "page: unknown parameter, expected limit, cursor, site"},
        {"/v3/deals?limit=1&limit=2", 400, "given more than once"},
        {"/v3/deals?site=", 400, "\"parameter\":\"site\""},
        {"/v3/deals?site=../etc", 400, "the name of a board"},
        {"/v3/deals?cursor=", 400, "\"parameter\":\"cursor\""},
        {"/v3/deals?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAA", 400,
         "the next_cursor of an earlier answer"},
        {"/v3/deals?limit=%zz", 400, "\"status\":400"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *request = mem_printf("GET %s", rows[i].target);
        char *answer = ask(request);
        bool v3 = str_starts(rows[i].target, "/v3");

        if (status_of(answer) != rows[i].status || !strstr(body_of(answer), rows[i].part))
            fail_msg("%s: %s", rows[i].target, answer);
        assert_int_equal(v3,
                         strstr(answer, "\r\nContent-Type: application/problem+json\r\n") != NULL);
        mem_free(request);
        mem_free(answer);
    }
}

/* Offset 2,000 is the last that is served; there is nothing there, but it is no error. */
static void the_last_numbered_page_is_served(void **state)
{
    (void)state;
    assert_app_page("/hit-products?page=101", 101, 20, 0, 0);
    assert_app_page("/hit-products?page=21&size=100", 21, 100, 0, 0);
}

static void every_route_takes_the_methods_of_its_table_and_names_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        const struct {
            const char *method;
            bool is_taken;
        } rows[] = {{"GET", route->get},       {"HEAD", route->get},   {"OPTIONS", true},
                    {"POST", route->post},     {"PATCH", route->patch}, {"DELETE", route->del},
                    {"TRACE", false},          {"PUT", false},          {"get", false}};

        /* The stream's GET has no end: test_api_stream.c. */
        for (size_t k = str_eq(route->path, "/v3/stream"); k < ARRAY_LEN(rows); k++) {
            char *request = mem_printf("%s %s", rows[k].method, route->path);
            char *answer = ask(request);
            int status = status_of(answer);

            if ((status == 405) == rows[k].is_taken || (k == 2 && status != 204))
                fail_msg("%s: %s", request, answer);
            if (status == 405 || k == 2) {
                assert_non_null(strstr(answer, "\r\nAllow: "));
                assert_int_equal(strstr(answer, "GET, HEAD, ") != NULL, route->get != NULL);
                assert_int_equal(strstr(answer, "POST, ") != NULL, route->post != NULL);
            }
            if (k == 1 && route->get)
                assert_string_equal(body_of(answer), "");
            mem_free(request);
            mem_free(answer);
        }
    }
}

/* Reads the file that stands beside the code; the tests run from the repository's folder. */
static void every_route_is_in_the_readme(void **state)
{
    char text[32768];
    FILE *f = fopen("api/README.md", "re");
    size_t len;

    (void)state;
    assert_non_null(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[len] = '\0';
    for (size_t i = 0; i < route_count; i++) {
        char *quoted = mem_printf("`%s`", route_table[i].path);

        if (!strstr(text, quoted))
            fail_msg("api/README.md lacks %s", quoted);
        mem_free(quoted);
    }
}

/* ---- the page -------------------------------------------------------------------------------- */

static int page_with_hosts(const char *hosts, struct page **page, struct err *err)
{
    const struct config config = {.page_image_hosts = (char *)hosts};

    return page_new(&config, page, err);
}

static void pictures_come_only_from_hosts_that_are_hosts(void **state)
{
    static const char *const good[] = {"", " , ", "img.example", "*.img.example, cdn.example:8080"};
    static const char *const wrong[] = {"*",         "https://img.example", "img.example/a", "img.example; script-src *",
                                        "'self'",    "a.example b.example", "img.example:",  "img.example:123456",
                                        "IMG.example", "*.",                "img.example\r\nX: y"};
    struct page *page = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (page_with_hosts(good[i], &page, &err) < 0)
            fail_msg("%s: %s", good[i], err.text);
        page_free(&page);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (page_with_hosts(wrong[i], &page, &err) == 0)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, "page_image_hosts"));
    }
}

static void the_page_needs_nothing_from_outside(void **state)
{
    static const struct {
        const char *request;
        const char *type;
    } rows[] = {{"GET /", "text/html; charset=utf-8"},
                {"GET /web/early.js", "text/javascript; charset=utf-8"},
                {"GET /web/main.js", "text/javascript; charset=utf-8"},
                {"GET /web/words.js", "text/javascript; charset=utf-8"},
                {"GET /web/dom.js", "text/javascript; charset=utf-8"},
                {"GET /web/deal.js", "text/javascript; charset=utf-8"},
                {"GET /web/feed.js", "text/javascript; charset=utf-8"},
                {"GET /web/server.js", "text/javascript; charset=utf-8"},
                {"GET /web/live.js", "text/javascript; charset=utf-8"},
                {"GET /web/keys.js", "text/javascript; charset=utf-8"},
                {"GET /web/prefs.js", "text/javascript; charset=utf-8"},
                {"GET /web/style.css", "text/css; charset=utf-8"},
                {"GET /favicon.svg", "image/svg+xml"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *answer = ask(rows[i].request);
        char *type = mem_printf("\r\nContent-Type: %s\r\n", rows[i].type);
        const char *body = body_of(answer);

        assert_non_null(strstr(answer, type));
        assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'; "));
        assert_null(strstr(answer, "unsafe"));
        /* The only address in it is the name of the SVG namespace. */
        assert_int_equal(http_client_count(body, "://"),
                         http_client_count(body, "http://www.w3.org/2000/svg"));
        assert_null(strstr(body, "innerHTML"));
        assert_null(strstr(body, " style="));
        mem_free(type);
        mem_free(answer);
    }
}

/* ---- clients and databases that go away ------------------------------------------------------ */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct http_client *client = http_client_open(fx.loop, server_port(fx.server));
    const char *got;

    (void)state;
    http_client_send(client,
                     "GET /v3/deals?limit=1 HTTP/1.1\r\nHost: t\r\n\r\n"
                     "GET /none HTTP/1.1\r\nHost: t\r\n\r\n"
                     "GET /hit-products?size=1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    got = http_client_wait_closed(client);

    assert_int_equal(http_client_count(got, "HTTP/1.1 "), 3);
    assert_true(strstr(got, "next_cursor") < strstr(got, "errors"));
    assert_true(strstr(got, "errors") < strstr(got, "pageNumber"));
    http_client_free(&client);
}

static void clients_that_leave_while_the_store_works_do_no_harm(void **state)
{
    char *answer;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct http_client *client = http_client_open(fx.loop, server_port(fx.server));

        http_client_send(client, "GET /v3/deals?limit=100 HTTP/1.1\r\nHost: t\r\n\r\n");
        if (i % 2)
            http_client_turn(fx.loop, 1);
        http_client_free(&client);
    }
    answer = ask("GET /v3/deals?limit=1");

    assert_int_equal(status_of(answer), 200);
    mem_free(answer);
}

static void freeing_the_server_with_requests_in_flight_leaves_nothing(void **state)
{
    struct http_client *client = http_client_open(fx.loop, server_port(fx.server));

    (void)state;
    http_client_send(client, "GET /v3/deals HTTP/1.1\r\nHost: t\r\n\r\n"
                             "GET /v3/deals HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_turn(fx.loop, 0);
    server_free(&fx.server);

    http_client_wait_closed(client);
    http_client_free(&client);
}

static void on_stopped(void *ctx)
{
    (void)ctx;
    fx.n_stopped++;
    loop_stop(fx.loop);
}

static void stop_finishes_what_runs(void **state)
{
    struct http_client *client = http_client_open(fx.loop, server_port(fx.server));
    const char *got;

    (void)state;
    http_client_send(client, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_wait(client, "</html>");
    http_client_send(client, "GET /v3/deals?limit=100 HTTP/1.1\r\nHost: t\r\n\r\n");
    server_stop(fx.server, 5000, on_stopped, NULL);
    got = http_client_wait_closed(client);
    while (!fx.n_stopped)
        loop_run(fx.loop);

    assert_non_null(strstr(got, "\"has_more\":true}"));
    assert_int_equal(fx.n_stopped, 1);
    http_client_free(&client);
}

static void a_database_that_is_away_is_503_until_it_is_back(void **state)
{
    char *blocker = mem_printf("%s/folder", fx.dir);
    char *database = mem_printf("sqlite:%s/deals.db", blocker);
    FILE *f = fopen(blocker, "we");
    char *app, *v3, *back;

    (void)state;
    assert_non_null(f);
    fclose(f);
    start_server(database);
    app = ask("GET /hit-products");
    v3 = ask("GET /v3/deals");
    assert_int_equal(unlink(blocker), 0);
    assert_int_equal(mkdir(blocker, 0700), 0);
    fill(database);
    back = ask("GET /v3/deals");

    assert_int_equal(status_of(app), 503);
    assert_non_null(strstr(app, "\r\nRetry-After: 5\r\n"));
    assert_non_null(strstr(app, "{\"errors\":[\""));
    assert_int_equal(status_of(v3), 503);
    assert_non_null(strstr(v3, "application/problem+json"));
    assert_null(strstr(v3, fx.dir));      /* what exactly is wrong is for the log */
    assert_int_equal(fx.n_complaints, 1); /* told once, not for each request */
    if (status_of(back) != 200)
        fail_msg("%s", back);
    mem_free(app);
    mem_free(v3);
    mem_free(back);
    mem_free(blocker);
    mem_free(database);
}

static void the_page_and_live_do_not_need_the_database(void **state)
{
    char *page, *live;

    (void)state;
    start_server("postgresql://127.0.0.1:1/none");
    page = ask("GET /");
    live = http_client_ask(fx.loop, server_admin_port(fx.server), "GET /live");

    assert_int_equal(status_of(page), 200);
    assert_string_equal(body_of(live), "ok\n");
    mem_free(page);
    mem_free(live);
}

static void an_address_that_can_not_be_bound_is_named(void **state)
{
    const char *sets[] = {"api_listen=203.0.113.1:0", "api_admin_listen="};
    struct err err = {0};

    (void)state;
    assert_int_equal(config_load(&fx.config, "/dev/null", sets, 2, on_config_error, NULL, &err), 0);

    assert_int_equal(server_new(fx.loop, &fx.config, &fx.server, &err), -1);

    assert_true(str_starts(err.text, "api_listen: listen on 203.0.113.1:0: "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TEST_BARE(name) cmocka_unit_test_setup_teardown(name, start_bare, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(app_list_pages_newest_first),
        TEST(time_bounds_the_list_and_is_answered_in_seoul),
        TEST_BARE(a_deal_of_this_very_second_is_in_the_list),
        TEST(aliases_give_the_same_bytes),
        TEST(cursor_walks_every_deal_once),
        TEST(bad_requests_say_what_was_expected),
        TEST(the_last_numbered_page_is_served),
        TEST(every_route_takes_the_methods_of_its_table_and_names_them),
        TEST(every_route_is_in_the_readme),
        TEST(the_page_needs_nothing_from_outside),
        TEST_BARE(pictures_come_only_from_hosts_that_are_hosts),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(clients_that_leave_while_the_store_works_do_no_harm),
        TEST(freeing_the_server_with_requests_in_flight_leaves_nothing),
        TEST(stop_finishes_what_runs),
        TEST_BARE(a_database_that_is_away_is_503_until_it_is_back),
        TEST_BARE(the_page_and_live_do_not_need_the_database),
        TEST_BARE(an_address_that_can_not_be_bound_is_named),
    };

    return cmocka_run_group_tests_name("api/server", tests, NULL, NULL);
}
