/* SPDX-License-Identifier: MIT */
/* server.c - see server.h.
 *
 * The configuration must outlive the server. Order of the end: listeners stop, then the store (no
 * callback comes any more), then the requests that were still waiting for it are freed with their
 * listeners.
 */
#include "api/server.h"
#include "api/auth.h"
#include "api/cache.h"
#include "api/cache_shared.h"
#include "api/feeds.h"
#include "api/guard.h"
#include "api/limits.h"
#include "api/ops.h"
#include "api/pack.h"
#include "api/page.h"
#include "api/route.h"
#include "api/secrets.h"
#include "api/stream.h"
#include "base/httpd.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store_watch.h"

enum { REQUEST_BODY_MAX_BYTES = 64 << 10, PASSWORDS_PER_MINUTE = 6, PASSWORDS_BURST = 10, DRAIN_MS = 1000, QUICK_LEVEL = 1 };

struct server {
    struct api api;
    struct httpd *httpd;
    struct ops *ops; /* NULL: there is no operator's listener */
    struct store_watch *watch;
    struct cache_shared *shared;
};

static void on_store_checked(const struct err *err, void *ctx)
{
    struct server *server = ctx;

    if (!err) {
        log_info("api", "database ready", "kind=%s", store_kind(server->api.store));
        return;
    }
    server->api.store_is_away = true;
    log_warn("api", "database not ready, answering 503", "error=%s", log_quote(err->text));
}

/* While nobody can tell whether something has changed, nothing that is kept counts as fresh. */
static void on_changed(const struct store_changes *changes, const struct err *err, void *ctx)
{
    struct server *server = ctx;

    cache_set_away(server->api.cache, err != NULL);
    if (err)
        return;
    log_debug("api", "database changed", "event=%lld counters=%lld runs=%lld notices=%lld", (long long)changes->event_id,
              (long long)changes->counters, (long long)changes->runs, (long long)changes->notices);
    cache_changed(server->api.cache, changes);
    stream_hub_news(server->api.streams, changes->event_id);
}

static int listen_public(struct server *server, struct loop *loop, const struct config *config,
                         struct err *err)
{
    const struct httpd_options options = {.listen = config->api_listen,
                                          .reuse_port = config->api_reuse_port,
                                          .max_connections = (int)config->api_connections,
                                          .request_timeout_ms = config->api_request_timeout,
                                          .idle_timeout_ms = config->api_idle_timeout,
                                          .drain_ms = DRAIN_MS,
                                          .body_max_bytes = REQUEST_BODY_MAX_BYTES,
                                          .handler = route_request,
                                          .refuse = route_refuse,
                                          .seen = guard_seen,
                                          .ctx = &server->api};

    if (httpd_new(loop, &options, &server->httpd, err) < 0)
        return err_prefix(err, "api_listen");
    return 0;
}

static int listen_admin(struct server *server, struct loop *loop, const struct config *config,
                        struct err *err)
{
    if (str_empty(config->api_admin_listen))
        return 0;
    if (ops_new(loop, config->api_admin_listen, &server->api, server->httpd, &server->ops, err) < 0)
        return err_prefix(err, "api_admin_listen");
    return 0;
}

static int set_up_users(struct server *server, struct loop *loop, const struct config *config,
                        struct err *err)
{
    struct api *api = &server->api;
    int64_t registrations = config->registrations;

    if (secrets_accept("push_password_hash", config->push_password_hash, err) < 0 ||
        secrets_accept("admin_key_hash", config->admin_key_hash, err) < 0 ||
        feeds_accept(config->api_public_url, err) < 0 ||
        page_new(config, &api->page, err) < 0 || auth_new(config, &api->auth, err) < 0)
        return -1;
    api->config = config;
    api->secrets = secrets_new(loop);
    if (registrations)
        api->registrations = limits_new((double)registrations / 60, (int)registrations);
    api->passwords = limits_new(PASSWORDS_PER_MINUTE / 60.0, PASSWORDS_BURST);
    return 0;
}

/* Streams must leave connections for everybody else. */
static int streams_at_most(const struct config *config)
{
    int64_t room = config->api_connections * 3 / 4;

    return (int)(config->api_streams < room ? config->api_streams : room);
}

static int open_all(struct server *server, struct loop *loop, const struct config *config,
                    struct err *err)
{
    if (clock_zone_new(config->api_timezone, &server->api.zone, err) < 0)
        return err_prefix(err, "api_timezone");
    if (store_open(loop, config->database, config->database_timeout, &server->api.store, err) < 0)
        return err_prefix(err, "database");
    store_set_reader(server->api.store); /* the engine makes and changes the database */
    store_set_pool(server->api.store, (int)config->api_database_connections,
                   (int)config->api_database_calls);
    if (set_up_users(server, loop, config, err) < 0 ||
        guard_new(config, &server->api.guard, err) < 0)
        return -1;
    if (listen_public(server, loop, config, err) < 0 || listen_admin(server, loop, config, err) < 0)
        return -1;
    if (cache_shared_new(loop, config, &server->shared, err) < 0)
        return err_prefix(err, "redis");
    server->api.pack = pack_new(QUICK_LEVEL);
    server->api.cache = cache_new((size_t)config->api_cache, server->shared);
    store_check(server->api.store, on_store_checked, server);
    server->api.streams = stream_hub_new(loop, &server->api, streams_at_most(config),
                                         (int)config->api_stream_events);
    server->watch = store_watch_new(loop, server->api.store, config->database,
                                    config->database_timeout, on_changed, server);
    return 0;
}

int server_new(struct loop *loop, const struct config *config, struct server **out, struct err *err)
{
    struct server *server = mem_new(struct server);

    if (open_all(server, loop, config, err) < 0) {
        server_free(&server);
        return -1;
    }
    *out = server;
    return 0;
}

int server_port(const struct server *server)
{
    return httpd_port(server->httpd);
}

int server_admin_port(const struct server *server)
{
    return server->ops ? ops_port(server->ops) : 0;
}

int server_listen_fd(const struct server *server)
{
    return httpd_listen_fd(server->httpd);
}

int server_admin_listen_fd(const struct server *server)
{
    return server->ops ? ops_listen_fd(server->ops) : -1;
}

void server_hand_over(struct server *server)
{
    if (server->ops)
        ops_hand_over(server->ops);
}

void server_stop(struct server *server, int64_t deadline_ms, server_stopped_fn *stopped, void *ctx)
{
    if (server->ops)
        ops_set_ending(server->ops);
    httpd_stop(server->httpd, deadline_ms, stopped, ctx);
}

void server_free(struct server **server_ptr)
{
    struct server *server = *server_ptr;

    if (!server)
        return;
    store_free(&server->api.store);
    ops_free(&server->ops);
    secrets_free(&server->api.secrets);
    store_watch_free(&server->watch);
    httpd_free(&server->httpd);
    stream_hub_free(&server->api.streams);
    cache_shared_free(&server->shared);
    cache_free(&server->api.cache);
    pack_free(&server->api.pack);
    guard_free(&server->api.guard);
    page_free(&server->api.page);
    auth_free(&server->api.auth);
    limits_free(&server->api.registrations);
    limits_free(&server->api.passwords);
    clock_zone_free(&server->api.zone);
    mem_free(server);
    *server_ptr = NULL;
}
