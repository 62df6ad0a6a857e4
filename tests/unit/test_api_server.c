/* SPDX-License-Identifier: MIT */
/* test_api_server.c - lists, walks by cursor, and what is said of wrong requests. */
#include "test_api_server.h"

#include "api/route.h"

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
    assert_app_page("/hit-products?size=99999999999999999999", 1, 100, 0, 100);
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
        {"/hit-products?page=1000001", 400, "use GET /v3/deals with its cursor"},
        {"/hit-products?page=99999999999999999999", 400, "use GET /v3/deals with its cursor"},
        {"/hit-products?page=9999999x", 400, "page는 1 이상의 정수여야 합니다."},
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
    };

    return cmocka_run_group_tests_name("api/server", tests, NULL, NULL);
}
