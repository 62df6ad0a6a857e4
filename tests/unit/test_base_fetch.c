/* SPDX-License-Identifier: MIT */
/* test_base_fetch.c - requests to a small server of our own. Private networks: test_base_fetch_private.c. */
#include "unit/test_base_fetch.h"

static void gives_status_type_body_and_url_later(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://127.0.0.1:%d/hello", w->port);

    start(w, "127.0.0.1", "/hello");
    assert_string_equal(buf_str(&w->seen), "");
    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "200 " TYPE " hi;");
    assert_string_equal(buf_str(&w->url), url);
    mem_free(url);
}

static void an_error_status_is_an_answer(void **state)
{
    get(*state, "/nothing");

    assert_string_equal(buf_str(&((struct world *)*state)->seen), "404 " TYPE " nothing here;");
}

static void gives_the_validators_and_takes_them_back(void **state)
{
    struct world *w = *state;

    get(w, "/tagged");
    assert_string_equal(buf_str(&w->etag), "\"v1\"");
    assert_string_equal(buf_str(&w->last_modified), "");
    w->give_etag = "\"v1\"";
    get(w, "/tagged");
    w->give_etag = "\"v0\"";
    get(w, "/tagged");
    assert_string_equal(buf_str(&w->seen),
                        "200 " TYPE " whole;304 " TYPE " ;200 " TYPE " whole;");

    buf_clear(&w->seen);
    w->give_etag = NULL;
    get(w, "/dated");
    assert_string_equal(buf_str(&w->last_modified), DATE);
    w->give_last_modified = DATE;
    get(w, "/dated");
    assert_string_equal(buf_str(&w->seen), "200 " TYPE " whole;304 " TYPE " ;");
}

/* A server could have put a header of its choice into our next request. */
static void a_validator_with_a_line_end_is_not_sent(void **state)
{
    struct world *w = *state;

    w->give_etag = "\"v1\"\r\nAccept-Language: xx";
    w->language = "ko";
    get(w, "/language");
    assert_string_equal(buf_str(&w->seen), "200 " TYPE " ko;");
}

static void says_how_long_the_server_wants_to_be_left_alone(void **state)
{
    struct world *w = *state;

    get(w, "/busy");
    assert_int_equal(w->retry_after_ms, 7000);
    get(w, "/hello");
    assert_int_equal(w->retry_after_ms, RETRY_AFTER_NONE);
}

static void many_at_once_all_come(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 20; i++)
        start(w, "127.0.0.1", "/bytes/5000");
    loop_run(w->loop);

    assert_int_equal(w->left, 0);
    assert_int_equal(w->seen.len, 20 * (5000 + strlen("200 " TYPE " ;")));
}

static void follows_redirects_up_to_the_limit(void **state)
{
    struct world *w = *state;

    get(w, "/moved");
    assert_true(str_ends(buf_str(&w->url), "/hello"));
    get(w, "/round");

    assert_string_equal(buf_str(&w->seen), "200 " TYPE " hi;!network;");
}

static void leaves_http_never(void **state)
{
    struct world *w = *state;
    struct fetch_request file = standard("file:///etc/passwd");

    get(w, "/to-file");
    fetch_start(w->client, &file, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "!protocol;!protocol;");
}

static void too_large_a_body_is_refused_with_the_limit(void **state)
{
    struct world *w = *state;

    get(w, "/bytes/100000");
    assert_null(strchr(buf_str(&w->seen), '!'));
    get(w, "/bytes/100001");

    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_true(str_ends(w->err.text, "/bytes/100001: larger than 100000 bytes"));
}

/* A port of loopback that accepts and never says a word, or (listening false) refuses. */
static int mute_port(bool listening, int *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    if (listening)
        assert_int_equal(listen(fd, 1), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void get_with_timeout(struct world *w, int port, int64_t timeout_ms)
{
    char *url = mem_printf("http://127.0.0.1:%d/", port);
    struct fetch_request request = standard(url);

    request.timeout_ms = timeout_ms;
    request.private_origin = url;
    fetch_start(w->client, &request, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);
    assert_true(str_starts(w->err.text, url));
    mem_free(url);
}

static void silence_ends_at_the_timeout(void **state)
{
    struct world *w = *state;
    int port;
    int fd = mute_port(true, &port);

    get_with_timeout(w, port, 100);

    assert_string_equal(buf_str(&w->seen), "!timeout;");
    close(fd);
}

static void refused_connection_is_a_network_error(void **state)
{
    struct world *w = *state;
    int port;
    int fd = mute_port(false, &port);

    get_with_timeout(w, port, 20000);

    assert_string_equal(buf_str(&w->seen), "!network;");
    close(fd);
}

static void broken_url_is_told_later(void **state)
{
    struct world *w = *state;
    struct fetch_request request = standard("http://[broken/");

    fetch_start(w->client, &request, on_fetched, w);
    assert_string_equal(buf_str(&w->seen), "");
    w->left = 1;
    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "!protocol;");
}

static void names_under_localhost_are_loopback(void **state)
{
    struct world *w = *state;
    char *want = mem_printf("200 " TYPE " spa.localhost:%d;", w->port);

    start(w, "spa.localhost", "/host");
    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), want);
    mem_free(want);
}

static void user_agent_is_ours_or_the_given_one(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://127.0.0.1:%d/agent", w->port);
    struct fetch_request request = standard(url);

    request.user_agent = "test/1";
    request.private_origin = url;
    fetch_start(w->client, &request, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);
    get(w, "/agent");

    assert_true(str_starts(buf_str(&w->seen), "200 " TYPE " test/1;200 " TYPE " catchdeal/"));
    mem_free(url);
}

static void packed_bodies_are_unpacked(void **state)
{
    struct world *w = *state;

    get(w, "/packed");

    assert_string_equal(buf_str(&w->seen), "200  packed;");
}

static void give(struct world *w, const struct fetch_request *request)
{
    buf_clear(&w->seen);
    fetch_start(w->client, request, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);
}

static void a_body_is_posted_with_the_given_headers(void **state)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-Mark: m", NULL};
    struct world *w = *state;
    char *url = mem_printf("%s/echo", w->origin);
    char *large = mem_alloc(UPLOAD_MAX);
    struct fetch_request request = {.url = url,
                                    .timeout_ms = 20000,
                                    .max_bytes = 1000,
                                    .allow_private = true,
                                    .body = "{\"a\":1}",
                                    .body_len = 7,
                                    .headers = headers};

    give(w, &request);
    assert_string_equal(buf_str(&w->seen),
                        "200 " TYPE " POST application/json m - 7 {\"a\":1};");

    request.method = "PUT";
    memset(large, 'x', UPLOAD_MAX);
    request.body = large;
    request.body_len = UPLOAD_MAX;
    give(w, &request);
    assert_string_equal(buf_str(&w->seen), "200 " TYPE
                        " PUT application/json m - 200000 xxxxxxxxxxxxxxxxxxxx;");
    mem_free(large);
    mem_free(url);
}

static void an_address_that_is_a_secret_is_told_by_its_origin_only(void **state)
{
    struct world *w = *state;
    int port;
    int fd = mute_port(false, &port);
    char *url = mem_printf("http://127.0.0.1:%d/secret?token=secret", port);
    char *told = mem_printf("http://127.0.0.1:%d: ", port);
    struct fetch_request request = standard(url);

    request.hide_path = true;
    request.allow_private = true;
    give(w, &request);
    assert_true(str_starts(w->err.text, told));
    assert_null(strstr(w->err.text, "secret"));

    request.url = "http://[secret/";
    give(w, &request);
    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_null(strstr(w->err.text, "secret"));
    close(fd);
    mem_free(told);
    mem_free(url);
}

static void cookies_last_in_one_client_and_stay_in_it(void **state)
{
    struct world *w = *state;

    get(w, "/set");
    get(w, "/cookie");
    fetch_client_free(&w->client);
    w->client = fetch_client_new(w->loop);
    get(w, "/cookie");

    assert_string_equal(buf_str(&w->seen), "200 " TYPE " ;200 " TYPE " seen=yes;200 " TYPE " -;");
}

static void cancelled_fetch_does_not_call_back(void **state)
{
    struct world *w = *state;
    struct fetch *first;

    start(w, "127.0.0.1", "/hello");
    first = w->fetch;
    start(w, "127.0.0.1", "/agent");
    fetch_cancel(&first);
    assert_null(first);
    w->left = 1;
    loop_run(w->loop);

    assert_true(str_starts(buf_str(&w->seen), "200 " TYPE " catchdeal/"));
    assert_null(strstr(buf_str(&w->seen), " hi;"));
}

static void may_be_cancelled_in_its_callback(void **state)
{
    struct world *w = *state;

    w->cancel = true;
    get(w, "/hello");

    assert_null(w->fetch);
    assert_string_equal(buf_str(&w->seen), "200 " TYPE " hi;");
}

static void client_may_be_freed_in_a_callback(void **state)
{
    struct world *w = *state;

    w->free_client = true;
    start(w, "127.0.0.1", "/hello");
    start(w, "127.0.0.1", "/hello");
    w->left = 1;
    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "200 " TYPE " hi;");
    assert_null(w->client);
}

#define FETCH_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCH_TEST(gives_status_type_body_and_url_later),
        FETCH_TEST(an_error_status_is_an_answer),
        FETCH_TEST(gives_the_validators_and_takes_them_back),
        FETCH_TEST(a_validator_with_a_line_end_is_not_sent),
        FETCH_TEST(says_how_long_the_server_wants_to_be_left_alone),
        FETCH_TEST(many_at_once_all_come),
        FETCH_TEST(follows_redirects_up_to_the_limit),
        FETCH_TEST(leaves_http_never),
        FETCH_TEST(too_large_a_body_is_refused_with_the_limit),
        FETCH_TEST(silence_ends_at_the_timeout),
        FETCH_TEST(refused_connection_is_a_network_error),
        FETCH_TEST(broken_url_is_told_later),
        FETCH_TEST(names_under_localhost_are_loopback),
        FETCH_TEST(user_agent_is_ours_or_the_given_one),
        FETCH_TEST(packed_bodies_are_unpacked),
        FETCH_TEST(a_body_is_posted_with_the_given_headers),
        FETCH_TEST(an_address_that_is_a_secret_is_told_by_its_origin_only),
        FETCH_TEST(cookies_last_in_one_client_and_stay_in_it),
        FETCH_TEST(cancelled_fetch_does_not_call_back),
        FETCH_TEST(may_be_cancelled_in_its_callback),
        FETCH_TEST(client_may_be_freed_in_a_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
