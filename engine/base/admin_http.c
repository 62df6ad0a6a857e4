/* SPDX-License-Identifier: MIT */
/* admin_http.c - the operator's listener: a short list of paths, each filled on the spot. */
#include "base/admin_http.h"
#include "base/httpd.h"
#include "base/str.h"

#include <string.h>

enum { MAX_ROUTES = 8, MAX_CONNECTIONS = 32, REQUEST_TIMEOUT_MS = 10000 };

struct admin_route {
    const char *path;
    const char *content_type;
    admin_http_fn *fn;
    admin_http_later_fn *later; /* in place of fn */
    void *ctx;
};

struct admin_http {
    struct httpd *httpd;
    struct admin_route routes[MAX_ROUTES];
    size_t n_routes;
};

static const char TEXT[] = "text/plain; charset=utf-8";

static void respond(struct httpd_req *req, int status, const char *content_type, struct buf *body)
{
    const struct httpd_header headers[] = {{"Content-Type", content_type},
                                           {"Cache-Control", "no-store"},
                                           {"X-Content-Type-Options", "nosniff"},
                                           {"Allow", "GET, HEAD"}};

    httpd_respond(req, status, headers, status == 405 ? 4 : 3, body);
}

struct admin_answer {
    struct httpd_req *req;
};

void admin_http_answer(struct admin_answer *answer, int status, const char *text)
{
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_addf(&body, "%s\n", text);
    respond(answer->req, status, TEXT, &body);
}

static void answer_later(const struct admin_route *route, struct httpd_req *req)
{
    struct admin_answer *answer = arena_new(&req->arena, struct admin_answer);

    answer->req = req;
    route->later(answer, route->ctx);
}

static void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    struct buf body;

    (void)ctx;
    buf_init(&body, BUF_MAX_DEFAULT);
    buf_addf(&body, "%s\n", text);
    respond(req, status, TEXT, &body);
}

static const struct admin_route *find_route(const struct admin_http *http, const char *target)
{
    size_t len = strcspn(target, "?");

    for (size_t i = 0; i < http->n_routes; i++)
        if (strlen(http->routes[i].path) == len && memcmp(http->routes[i].path, target, len) == 0)
            return &http->routes[i];
    return NULL;
}

static void on_request(struct httpd_req *req, void *ctx)
{
    const struct admin_http *http = ctx;
    const struct admin_route *route = find_route(http, req->target);
    struct buf body;
    int status;

    buf_init(&body, BUF_MAX_DEFAULT);
    if (!route) {
        status = 404;
        buf_adds(&body, "not found; known:");
        for (size_t i = 0; i < http->n_routes; i++)
            buf_addf(&body, " %s", http->routes[i].path);
        buf_addc(&body, '\n');
    } else if (!str_eq(req->method, "GET") && !str_eq(req->method, "HEAD")) {
        status = 405;
        buf_adds(&body, "only GET and HEAD\n");
    } else if (route->later) {
        answer_later(route, req);
        return;
    } else {
        status = route->fn(&body, route->ctx);
    }
    respond(req, status, route && status != 405 ? route->content_type : TEXT, &body);
}

/* Answers while the loop turns: that is all it says. */
static int live(struct buf *body, void *ctx)
{
    (void)ctx;
    buf_adds(body, "ok\n");
    return 200;
}

int admin_http_new(struct loop *loop, const char *listen, struct admin_http **out, struct err *err)
{
    struct admin_http *http = mem_new(struct admin_http);
    const struct httpd_options options = {.listen = listen,
                                          .max_connections = MAX_CONNECTIONS,
                                          .request_timeout_ms = REQUEST_TIMEOUT_MS,
                                          .handler = on_request,
                                          .refuse = on_refusal,
                                          .ctx = http};

    if (httpd_new(loop, &options, &http->httpd, err) < 0) {
        mem_free(http);
        return -1;
    }
    admin_http_route(http, "/live", TEXT, live, NULL);
    *out = http;
    return 0;
}

void admin_http_route(struct admin_http *http, const char *path, const char *content_type,
                      admin_http_fn *fn, void *ctx)
{
    check(http->n_routes < MAX_ROUTES);
    http->routes[http->n_routes++] = (struct admin_route){
        .path = path, .content_type = content_type, .fn = fn, .ctx = ctx};
}

void admin_http_route_later(struct admin_http *http, const char *path, admin_http_later_fn *fn,
                            void *ctx)
{
    check(http->n_routes < MAX_ROUTES);
    http->routes[http->n_routes++] =
        (struct admin_route){.path = path, .content_type = TEXT, .later = fn, .ctx = ctx};
}

void admin_http_stop(struct admin_http *http)
{
    httpd_stop(http->httpd, REQUEST_TIMEOUT_MS, NULL, NULL);
}

int admin_http_listen_fd(const struct admin_http *http)
{
    return httpd_listen_fd(http->httpd);
}

int admin_http_port(const struct admin_http *http)
{
    return httpd_port(http->httpd);
}

void admin_http_free(struct admin_http **http)
{
    if (!*http)
        return;
    httpd_free(&(*http)->httpd);
    mem_free(*http);
    *http = NULL;
}
