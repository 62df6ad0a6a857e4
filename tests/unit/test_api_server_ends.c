/* SPDX-License-Identifier: MIT */
/* test_api_server_ends.c - the page, and clients and databases that go away. */
#include "test_api_server.h"

#include "api/feeds.h"
#include "api/page.h"

#include <sys/stat.h>

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

static void addresses_in_feeds_begin_with_an_address(void **state)
{
    static const char *const good[] = {"", "https://deals.example", "https://deals.example/", "http://[::1]:8080/deals"};
    static const char *const wrong[] = {"deals.example", "javascript:1", "ftp://deals.example", "https://", "https://deals.example/?a", "https://deals.example/#a"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (feeds_accept(good[i], &err) < 0)
            fail_msg("%s: %s", good[i], err.text);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (feeds_accept(wrong[i], &err) == 0)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, "api_public_url"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_page_needs_nothing_from_outside),
        TEST_BARE(pictures_come_only_from_hosts_that_are_hosts),
        TEST_BARE(addresses_in_feeds_begin_with_an_address),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(clients_that_leave_while_the_store_works_do_no_harm),
        TEST(freeing_the_server_with_requests_in_flight_leaves_nothing),
        TEST(stop_finishes_what_runs),
        TEST_BARE(a_database_that_is_away_is_503_until_it_is_back),
        TEST_BARE(the_page_and_live_do_not_need_the_database),
        TEST_BARE(an_address_that_can_not_be_bound_is_named),
    };

    return cmocka_run_group_tests_name("api/server_ends", tests, NULL, NULL);
}
