/* SPDX-License-Identifier: MIT */
/* ops.c - see ops.h. */
#include "api/ops.h"
#include "api/cache.h"
#include "api/guard.h"
#include "base/admin_http.h"
#include "base/metrics.h"
#include "db/store.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

struct ops {
    struct api *api;
    const struct httpd *httpd;
    struct admin_http *http;
    bool is_ending;
};

/* ---- /ready ---------------------------------------------------------------------------------- */

static void on_checked(const struct err *err, void *ctx)
{
    struct admin_answer *answer = ctx;

    admin_http_answer(answer, err ? 503 : 200, err ? err->text : "ready");
}

static void ready(struct admin_answer *answer, void *ctx)
{
    const struct ops *ops = ctx;

    if (ops->is_ending)
        admin_http_answer(answer, 503, "ending");
    else
        store_check(ops->api->store, on_checked, answer);
}

/* ---- /metrics -------------------------------------------------------------------------------- */

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long size = 0, resident = 0;

    if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static int open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n - 3; /* ".", "..", and the directory itself */
}

static void connection_metrics(const struct httpd *httpd, struct buf *out)
{
    const struct httpd_stats *stats = httpd_stats(httpd);

    metrics_one(out, "api_connections", "gauge", "Connections of clients.",
                httpd_connections(httpd));
    metrics_one(out, "api_streams", "gauge", "Of these: live streams.", httpd_streams(httpd));
    metrics_one(out, "api_connections_total", "counter", "Connections that were accepted.",
                (double)stats->accepted);
    metrics_head(out, "api_connections_cut_total", "counter",
                 "Connections that were cut: at their deadline, or to make room for others.");
    metrics_value(out, "api_connections_cut_total", "reason", "late", (double)stats->cut_late);
    metrics_value(out, "api_connections_cut_total", "reason", "room", (double)stats->cut_for_room);
}

static void cache_metrics(struct cache *cache, struct buf *out)
{
    const struct cache_stats *stats = cache_stats(cache);

    metrics_head(out, "api_cache_total", "counter",
                 "Answers from the cache: hit, miss (a fill began), joined (waited for another's "
                 "fill), stale (given with its Age).");
    metrics_value(out, "api_cache_total", "result", "hit", (double)stats->hits);
    metrics_value(out, "api_cache_total", "result", "miss", (double)stats->misses);
    metrics_value(out, "api_cache_total", "result", "joined", (double)stats->joined);
    metrics_value(out, "api_cache_total", "result", "stale", (double)stats->stale);
    metrics_one(out, "api_cache_evicted_total", "counter", "Answers that made room for others.",
                (double)stats->evicted);
    metrics_one(out, "api_cache_bytes", "gauge", "Memory of the answers that are kept.",
                (double)stats->bytes);
    metrics_one(out, "api_cache_entries", "gauge", "Answers that are kept.", stats->entries);
}

static int metrics(struct buf *out, void *ctx)
{
    const struct ops *ops = ctx;
    const struct api *api = ops->api;

    guard_metrics(api->guard, out);
    connection_metrics(ops->httpd, out);
    cache_metrics(api->cache, out);
    metrics_one(out, "api_database_calls", "gauge", "Questions to the database under way.",
                store_calls(api->store));
    metrics_one(out, "api_database_statements_total", "counter", "Statements that were sent.",
                (double)store_statements());
    metrics_one(out, "api_database_away", "gauge", "1 while the database does not answer.",
                api->store_is_away);
    metrics_one(out, "api_resident_bytes", "gauge", "Memory of this process.", resident_bytes());
    metrics_one(out, "api_open_fds", "gauge", "File descriptors of this process.", open_fds());
    return 200;
}

/* ---- the listener ---------------------------------------------------------------------------- */

int ops_new(struct loop *loop, const char *listen, struct api *api, const struct httpd *httpd,
            struct ops **out, struct err *err)
{
    struct ops *ops = mem_new(struct ops);

    *ops = (struct ops){.api = api, .httpd = httpd};
    if (admin_http_new(loop, listen, &ops->http, err) < 0) {
        mem_free(ops);
        return -1;
    }
    admin_http_route_later(ops->http, "/ready", ready, ops);
    admin_http_route(ops->http, "/metrics", METRICS_CONTENT_TYPE, metrics, ops);
    *out = ops;
    return 0;
}

int ops_port(const struct ops *ops)
{
    return admin_http_port(ops->http);
}

int ops_listen_fd(const struct ops *ops)
{
    return admin_http_listen_fd(ops->http);
}

void ops_set_ending(struct ops *ops)
{
    ops->is_ending = true;
}

void ops_hand_over(struct ops *ops)
{
    admin_http_stop(ops->http);
}

void ops_free(struct ops **ops)
{
    if (!*ops)
        return;
    admin_http_free(&(*ops)->http);
    mem_free(*ops);
    *ops = NULL;
}
