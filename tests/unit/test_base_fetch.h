/* SPDX-License-Identifier: MIT */
/* test_base_fetch.h - a small server, and requests to it: for test_base_fetch.c and test_base_fetch_private.c. */
#ifndef TEST_BASE_FETCH_H
#define TEST_BASE_FETCH_H

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

static inline enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *body,
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

static inline const char *header_of(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value ? value : "-";
}

/* Answers "METHOD TYPE X-MARK EXPECT LENGTH BODY", of the body at most the first bytes. */
static inline enum MHD_Result on_echo(struct MHD_Connection *connection, const char *method,
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

static inline void on_over(void *ctx, struct MHD_Connection *connection, void **request,
                    enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *request;

    (void)ctx, (void)connection, (void)code;
    if (upload)
        buf_fini(&upload->body);
    mem_free(upload);
}

static inline enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
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

static inline int world_make(void **state)
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

static inline int world_end(void **state)
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

static inline void on_fetched(const struct fetch_result *result, const struct err *err, void *ctx)
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

static inline struct fetch_request standard(const char *url)
{
    return (struct fetch_request){
        .url = url, .timeout_ms = 20000, .max_bytes = 100000, .max_redirects = 3};
}

static inline void start(struct world *w, const char *host, const char *path)
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

static inline void get(struct world *w, const char *path)
{
    start(w, "127.0.0.1", path);
    loop_run(w->loop);
}

#define TYPE "text/plain; charset=euc-kr"

#endif
