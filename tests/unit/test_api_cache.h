/* SPDX-License-Identifier: MIT */
/* test_api_cache.h - kept answers on real listeners, with fills that the test ends when it wants; for test_api_cache.c and
 * test_api_cache_shared.c. */
#ifndef TEST_API_CACHE_H
#define TEST_API_CACHE_H

#include "api/cache.h"
#include "api/cache_shared.h"
#include "api/route.h"
#include "base/str.h"
#include "support/http_client.h"
#include "support/redis.h"
#include "support/unit.h"

#include <stdlib.h>

enum { MAX_FILLS = 16, BODY_PADDING = 600, ROOMY = 1 << 20, NODES = 2 };

/* 20 s after the beginning of a minute. */
static const int64_t NOW_MS = INT64_C(1700654420000);

/* One api process each; the tests of one use the first. */
static struct fixture {
    struct loop *loop;
    struct node {
        struct httpd *httpd;
        struct api api;
        struct cache_shared *shared;
    } nodes[NODES];
    struct cache_fill *fills[MAX_FILLS]; /* begun, in this order */
    int n_fills;
    bool by_itself; /* fills end at once, as "body N" */
    struct test_redis *redis;
    struct config config;
} fx;

/* ---- the listener ---------------------------------------------------------------------------- */

static inline void end_with(int i, const char *text)
{
    struct buf body;

    buf_init(&body, BUF_MAX_DEFAULT);
    buf_addf(&body, "%s %*s", text, BODY_PADDING, ".");
    cache_fill_done(fx.fills[i], &body);
    fx.fills[i] = NULL;
}

static inline void fill(struct api *api, const void *arg, struct cache_fill *to)
{
    char text[32];

    assert_non_null(api);
    assert_string_equal(arg, "asked");
    assert_true(fx.n_fills < MAX_FILLS);
    fx.fills[fx.n_fills++] = to;
    snprintf(text, sizeof(text), "body %d", fx.n_fills);
    if (fx.by_itself)
        end_with(fx.n_fills - 1, text);
}

static inline void on_request(struct httpd_req *req, void *ctx)
{
    struct call *call = arena_new(&req->arena, struct call);
    char arg[] = "asked";
    struct cache_source source = {.subject = str_starts(req->target, "/sites")     ? CACHE_OF_SITES
                                             : str_starts(req->target, "/notices") ? CACHE_OF_NOTICES
                                             : str_starts(req->target, "/program") ? CACHE_OF_PROGRAM
                                                                                   : CACHE_OF_DEALS,
                                  .life = str_starts(req->target, "/minute") ? CACHE_MINUTE
                                                                             : CACHE_GENERATION,
                                  .content_type = "text/plain",
                                  .fill = fill,
                                  .arg = arg,
                                  .arg_bytes = sizeof(arg)};

    *call = (struct call){.req = req, .api = ctx, .style = STYLE_V3};
    cache_respond(call, req->target, &source);
}

static inline void on_refusal(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    httpd_respond_static(req, status, NULL, 0, text, strlen(text));
}

static inline void open_node(struct node *node, size_t max_bytes)
{
    const struct httpd_options options = {.listen = "127.0.0.1:0",
                                          .max_connections = 64,
                                          .request_timeout_ms = 10000,
                                          .handler = on_request,
                                          .refuse = on_refusal,
                                          .ctx = &node->api};
    struct err err;

    if (cache_shared_new(fx.loop, &fx.config, &node->shared, &err) < 0 ||
        httpd_new(fx.loop, &options, &node->httpd, &err) < 0)
        fail_msg("%s", err.text);
    node->api.cache = cache_new(max_bytes, node->shared);
}

static inline int start_with(size_t max_bytes)
{
    fx = (struct fixture){.loop = loop_new(), .by_itself = true};
    clock_fake_set(NOW_MS);
    open_node(&fx.nodes[0], max_bytes);
    return 0;
}

static inline int start(void **state)
{
    (void)state;
    return start_with(ROOMY);
}

static inline int start_small(void **state)
{
    (void)state;
    return start_with(4 * (BODY_PADDING + 8 + 600)); /* four bodies */
}

static inline int start_none(void **state)
{
    (void)state;
    return start_with(0);
}

static inline int stop(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++) {
        httpd_free(&fx.nodes[i].httpd);
        cache_shared_free(&fx.nodes[i].shared);
        cache_free(&fx.nodes[i].api.cache);
    }
    test_redis_free(&fx.redis);
    mem_free(fx.config.redis);
    clock_fake_off();
    loop_free(&fx.loop);
    return 0;
}

static inline struct cache *cache(void)
{
    return fx.nodes[0].api.cache;
}

/* Events up to this one, and nothing else. */
static inline void bump(int node, int64_t event_id)
{
    const struct store_changes changes = {.event_id = event_id};

    cache_changed(fx.nodes[node].api.cache, &changes);
}

/* ---- requests -------------------------------------------------------------------------------- */

static inline struct http_client *send_to(int node, const char *target, const char *headers)
{
    struct http_client *client = http_client_open(fx.loop, httpd_port(fx.nodes[node].httpd));
    char *text =
        mem_printf("GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", target, headers);

    http_client_send(client, text);
    mem_free(text);
    return client;
}

/* The whole answer, until the next one. */
static inline const char *answer_of(struct http_client *client)
{
    static char text[8192];

    snprintf(text, sizeof(text), "%s", http_client_wait_closed(client));
    http_client_free(&client);
    return text;
}

static inline const char *get_with(const char *target, const char *headers)
{
    return answer_of(send_to(0, target, headers));
}

static inline const char *get(const char *target)
{
    return get_with(target, "");
}

#define assert_has(text, part)                        \
    do {                                              \
        const char *has_ = (text);                    \
        if (!strstr(has_, part))                      \
            fail_msg("no \"%s\" in: %s", part, has_); \
    } while (0)

static inline void wait_fills(int n)
{
    for (int i = 0; i < 500 && fx.n_fills < n; i++)
        http_client_turn(fx.loop, 2);
    assert_int_equal(fx.n_fills, n);
}

static inline void fail_fill(int i)
{
    struct err err;

    err_set(&err, ERR_STORE, "away");
    cache_fill_failed(fx.fills[i], &err);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, stop)

#endif
