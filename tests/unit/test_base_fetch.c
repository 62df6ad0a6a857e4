/* SPDX-License-Identifier: MIT */
/* test_base_fetch.c - requests to a small server of our own. */
#include "base/fetch.h"
#include "base/str.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATE "Fri, 01 Jan 2027 00:00:00 GMT"

struct world {
    struct loop *loop;
    struct fetch_client *client;
    struct MHD_Daemon *server; /* on a thread of its own */
    int port;
    struct fetch *fetch;
    struct buf seen; /* "STATUS TYPE BODY;" or "!reason;" */
    struct buf url;
    struct buf etag, last_modified; /* of the last answer, "" when absent */
    int64_t retry_after_ms;
    const char *give_etag, *give_last_modified, *language;
    struct err err;
    int left;
    bool free_client;
    bool cancel;
    int canary_requests; /* what reached /canary, whoever asked */
    char *canary;        /* "http://127.0.0.1:PORT/canary" */
    char *origin;        /* "http://127.0.0.1:PORT" */
    char *own;           /* the origin that may be private, NULL: none */
};

enum { UPLOAD_MAX = 200000 };

struct upload { /* of a request that has a body */
    struct buf body;
};

/* ---- server ---------------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *body,
                              const char *header, const char *value)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc;

    MHD_add_response_header(response, "Content-Type", "text/plain; charset=euc-kr");
    if (header)
        MHD_add_response_header(response, header, value);
    rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value ? value : "-";
}

/* Answers "METHOD TYPE X-MARK EXPECT LENGTH BODY", of the body at most the first bytes. */
static enum MHD_Result on_echo(struct MHD_Connection *connection, const char *method,
                               const char *bytes, size_t *n, void **request)
{
    struct upload *upload = *request;
    enum MHD_Result rc;
    char *text;

    if (!upload) {
        *request = upload = mem_new(struct upload);
        buf_init(&upload->body, UPLOAD_MAX);
        return MHD_YES;
    }
    if (*n > 0) {
        buf_add(&upload->body, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    text = mem_printf("%s %s %s %s %zu %.20s", method, header_of(connection, "Content-Type"),
                      header_of(connection, "X-Mark"), header_of(connection, "Expect"),
                      upload->body.len, buf_str(&upload->body));
    rc = answer(connection, 200, text, NULL, NULL);
    mem_free(text);
    return rc;
}

static void on_over(void *ctx, struct MHD_Connection *connection, void **request,
                    enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *request;

    (void)ctx, (void)connection, (void)code;
    if (upload)
        buf_fini(&upload->body);
    mem_free(upload);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct world *w = ctx;

    (void)version;
    if (str_eq(url, "/echo"))
        return on_echo(connection, method, upload, upload_size, request);
    if (str_eq(url, "/hello"))
        return answer(connection, 200, "hi", NULL, NULL);
    if (str_eq(url, "/agent"))
        return answer(connection, 200, header_of(connection, "User-Agent"), NULL, NULL);
    if (str_eq(url, "/language"))
        return answer(connection, 200, header_of(connection, "Accept-Language"), NULL, NULL);
    if (str_eq(url, "/tagged"))
        return str_eq(header_of(connection, "If-None-Match"), "\"v1\"")
                   ? answer(connection, 304, "", "ETag", "\"v1\"")
                   : answer(connection, 200, "whole", "ETag", "\"v1\"");
    if (str_eq(url, "/dated"))
        return str_eq(header_of(connection, "If-Modified-Since"), DATE)
                   ? answer(connection, 304, "", NULL, NULL)
                   : answer(connection, 200, "whole", "Last-Modified", DATE);
    if (str_eq(url, "/busy"))
        return answer(connection, 503, "", "Retry-After", "7");
    if (str_eq(url, "/host"))
        return answer(connection, 200, header_of(connection, "Host"), NULL, NULL);
    if (str_eq(url, "/moved"))
        return answer(connection, 302, "", "Location", "/hello");
    if (str_eq(url, "/canary")) {
        w->canary_requests++;
        return answer(connection, 200, "sung", NULL, NULL);
    }
    if (str_eq(url, "/to-canary"))
        return answer(connection, 302, "", "Location", w->canary);
    if (str_eq(url, "/round"))
        return answer(connection, 302, "", "Location", "/round");
    if (str_eq(url, "/to-file"))
        return answer(connection, 302, "", "Location", "file:///etc/passwd");
    if (str_eq(url, "/set"))
        return answer(connection, 200, "", "Set-Cookie", "seen=yes; Path=/");
    if (str_eq(url, "/cookie"))
        return answer(connection, 200, header_of(connection, "Cookie"), NULL, NULL);
    /* gzip of "packed" */
    if (str_eq(url, "/packed")) {
        static const unsigned char gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                           0x03, 0x2b, 0x48, 0x4c, 0xce, 0x4e, 0x4d, 0x01, 0x00,
                                           0x10, 0xb4, 0xf6, 0x21, 0x06, 0x00, 0x00, 0x00};
        struct MHD_Response *response = MHD_create_response_from_buffer(
            sizeof(gz), (void *)(uintptr_t)gz, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result rc;

        MHD_add_response_header(response, "Content-Encoding", "gzip");
        rc = MHD_queue_response(connection, 200, response);
        MHD_destroy_response(response);
        return rc;
    }
    if (str_starts(url, "/bytes/")) {
        size_t n = (size_t)atoi(url + 7);
        char *body = mem_alloc(n + 1);
        enum MHD_Result rc;

        memset(body, 'x', n);
        body[n] = '\0';
        rc = answer(connection, 200, body, NULL, NULL);
        mem_free(body);
        return rc;
    }
    return answer(connection, 404, "nothing here", NULL, NULL);
}

/* ---- world ----------------------------------------------------------------------------------- */

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, w,
                                 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
                                 on_over, NULL, MHD_OPTION_END);
    assert_non_null(w->server);
    w->port = MHD_get_daemon_info(w->server, MHD_DAEMON_INFO_BIND_PORT)->port;
    w->canary = mem_printf("http://127.0.0.1:%d/canary", w->port);
    w->origin = mem_printf("http://127.0.0.1:%d", w->port);
    w->own = w->origin;
    w->loop = loop_new();
    w->client = fetch_client_new(w->loop);
    buf_init(&w->seen, BUF_MAX_DEFAULT);
    buf_init(&w->url, 1000);
    buf_init(&w->etag, 1000);
    buf_init(&w->last_modified, 1000);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;

    fetch_client_free(&w->client);
    loop_free(&w->loop);
    MHD_stop_daemon(w->server);
    buf_fini(&w->seen);
    buf_fini(&w->url);
    buf_fini(&w->etag);
    buf_fini(&w->last_modified);
    mem_free(w->canary);
    mem_free(w->origin);
    mem_free(w);
    return 0;
}

static void on_fetched(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    assert_true(!result == !!err);
    if (result) {
        buf_addf(&w->seen, "%ld %s %s;", result->status, result->content_type, result->body);
        assert_int_equal(strlen(result->body), result->body_len);
        buf_clear(&w->url);
        buf_adds(&w->url, result->url);
        buf_clear(&w->etag);
        buf_adds(&w->etag, result->etag ? result->etag : "");
        buf_clear(&w->last_modified);
        buf_adds(&w->last_modified, result->last_modified ? result->last_modified : "");
        w->retry_after_ms = result->retry_after_ms;
    } else {
        buf_addf(&w->seen, "!%s;", err_reason(err->code));
        w->err = *err;
    }
    if (w->cancel)
        fetch_cancel(&w->fetch);
    if (w->free_client)
        fetch_client_free(&w->client);
    if (--w->left == 0)
        loop_stop(w->loop);
}

static struct fetch_request standard(const char *url)
{
    return (struct fetch_request){
        .url = url, .timeout_ms = 20000, .max_bytes = 100000, .max_redirects = 3};
}

static void start(struct world *w, const char *host, const char *path)
{
    char *url = mem_printf("http://%s:%d%s", host, w->port, path);
    char *own = mem_printf("http://%s:%d", host, w->port);
    struct fetch_request request = standard(url);

    request.private_origin = w->own ? own : NULL;
    request.etag = w->give_etag;
    request.last_modified = w->give_last_modified;
    request.accept_language = w->language;
    w->fetch = fetch_start(w->client, &request, on_fetched, w);
    w->left++;
    mem_free(own);
    mem_free(url);
}

static void get(struct world *w, const char *path)
{
    start(w, "127.0.0.1", path);
    loop_run(w->loop);
}

#define TYPE "text/plain; charset=euc-kr"

/* ---- tests ----------------------------------------------------------------------------------- */

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

/* ---- private networks ------------------------------------------------------------------------ */

static void assert_refused(struct world *w, const char *url, const char *own)
{
    struct fetch_request request = standard(url);

    buf_clear(&w->seen);
    w->err = (struct err){0};
    request.private_origin = own;
    fetch_start(w->client, &request, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);

    assert_int_equal(w->canary_requests, 0);
    assert_string_equal(buf_str(&w->seen), "!network;");
    if (!strstr(w->err.text, "refused: ") ||
        !strstr(w->err.text, " is a private address (loopback)"))
        fail_msg("%s: %s", url, w->err.text);
}

static void private_addresses_are_refused_however_they_are_written(void **state)
{
    static const char *const hosts[] = {
        "127.0.0.1", "127.1", "0x7f000001", "localhost", "spa.localhost", "[::ffff:127.0.0.1]",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        char *url = mem_printf("http://%s:%d/canary", hosts[i], w->port);

        assert_refused(w, url, NULL);
        mem_free(url);
    }
}

static void own_origin_is_scheme_host_and_port_exactly(void **state)
{
    static const char *const others[] = {"http://127.0.0.1", "http://127.0.0.2:%d",
                                         "https://127.0.0.1:%d", "http://localhost:%d", "nonsense"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char port[16];
        struct buf own;

        snprintf(port, sizeof(port), "%d", w->port);
        buf_init(&own, 100);
        buf_adds(&own, others[i]);
        if (str_ends(others[i], "%d")) {
            own.len -= 2;
            buf_adds(&own, port);
        }
        assert_refused(w, w->canary, buf_str(&own));
        buf_fini(&own);
    }
    get(w, "/canary");
    assert_int_equal(w->canary_requests, 1);
}

/* The first server is at its own origin; where it sends us is not. */
static void redirect_from_the_own_origin_to_another_private_one_is_refused(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://a.localhost:%d/to-canary", w->port);
    char *own = mem_printf("http://a.localhost:%d", w->port);

    assert_refused(w, url, own);
    mem_free(own);
    mem_free(url);
}

static void open_connection_to_a_private_address_is_not_borrowed(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://a.localhost:%d/to-canary", w->port);
    char *own = mem_printf("http://a.localhost:%d", w->port);

    get(w, "/hello"); /* leaves a connection to 127.0.0.1 open */
    assert_refused(w, w->canary, NULL);
    assert_refused(w, url, own);
    mem_free(own);
    mem_free(url);
}

static void client_may_be_freed_with_a_fetch_under_way(void **state)
{
    struct world *w = *state;

    start(w, "127.0.0.1", "/hello");
    fetch_client_free(&w->client);

    assert_string_equal(buf_str(&w->seen), "");
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
        FETCH_TEST(client_may_be_freed_with_a_fetch_under_way),
        FETCH_TEST(private_addresses_are_refused_however_they_are_written),
        FETCH_TEST(own_origin_is_scheme_host_and_port_exactly),
        FETCH_TEST(redirect_from_the_own_origin_to_another_private_one_is_refused),
        FETCH_TEST(open_connection_to_a_private_address_is_not_borrowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
