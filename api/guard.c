/* SPDX-License-Identifier: MIT */
/* guard.c - see guard.h. */
#include "api/guard.h"
#include "api/client.h"
#include "api/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { CLASSES = 6, ID_MAX_BYTES = 64, PREFIX_BYTES = 4 };

/* Statuses by their first digit; 0: the client had left. */
static const char *const class_names[CLASSES] = {"left", "1xx", "2xx", "3xx", "4xx", "5xx"};

struct tally {
    uint64_t by_class[CLASSES];
    struct metrics_histogram took;
};

struct guard {
    struct client_trust trust;
    struct limits *limits; /* NULL: none */
    struct tally *tallies; /* by route; the last one: no route */
    uint64_t answer_bytes, n_limited;
    char prefix[2 * PREFIX_BYTES + 1]; /* of the ids that we make */
    uint32_t n_ids;
};

int guard_new(const struct config *config, struct guard **out, struct err *err)
{
    struct guard *guard = mem_new(struct guard);
    unsigned char prefix[PREFIX_BYTES];

    *out = guard;
    if (client_trust_parse(config->api_trusted_proxies, &guard->trust, err) < 0)
        return err_prefix(err, "api_trusted_proxies");
    if (config->api_rate)
        guard->limits = limits_new((double)config->api_rate, (int)config->api_burst);
    guard->tallies = mem_array(route_count + 1, sizeof(*guard->tallies));
    check(RAND_bytes(prefix, sizeof(prefix)) == 1);
    str_hex(prefix, sizeof(prefix), guard->prefix);
    return 0;
}

void guard_free(struct guard **guard)
{
    if (!*guard)
        return;
    limits_free(&(*guard)->limits);
    mem_free((*guard)->tallies);
    mem_free(*guard);
    *guard = NULL;
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* A socket without addresses leads from this machine. */
static struct netaddr address_of(struct call *call)
{
    static const struct netaddr loopback = {{[10] = 0xff, 0xff, 127, 0, 0, 1}};
    const struct client_trust *trust = &call->api->guard->trust;
    const struct netaddr *peer = httpd_peer_address(call->req);

    if (!peer)
        peer = &loopback;
    if (!client_is_trusted(trust, peer))
        return *peer;
    return client_of(trust, peer, httpd_header_lines(call->req, "X-Forwarded-For"));
}

static bool is_sane_id(const char *id)
{
    size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return len > 0 && len <= ID_MAX_BYTES && !id[len];
}

static const char *id_of(struct call *call)
{
    struct guard *guard = call->api->guard;
    const char *given = httpd_header(call->req, "X-Request-Id");
    unsigned char number[4];
    char *id;

    if (given && is_sane_id(given))
        return given;
    guard->n_ids++;
    for (int i = 0; i < 4; i++)
        number[i] = (unsigned char)(guard->n_ids >> (24 - 8 * i));
    id = arena_alloc(&call->req->arena, 2 * (PREFIX_BYTES + sizeof(number)) + 1);
    str_hex(number, sizeof(number), stpcpy(id, guard->prefix));
    return id;
}

void guard_begin(struct call *call)
{
    call->req->user = call;
    call->client = address_of(call);
    call->request_id = id_of(call);
    httpd_add_header(call->req, "X-Request-Id", call->request_id);
}

bool guard_admit(struct call *call)
{
    struct guard *guard = call->api->guard;
    int wait_s;

    /* Who is trusted to tell of others asks for itself here: a health check, an operator. */
    if (!guard->limits || client_is_trusted(&guard->trust, &call->client))
        return true;
    wait_s = limits_take(guard->limits, &call->client, clock_mono_ms());
    if (wait_s == 0)
        return true;
    guard->n_limited++;
    respond_too_often(call->req, call->style, wait_s);
    return false;
}

/* ---- what was done --------------------------------------------------------------------------- */

static void write_access(const struct httpd_seen *seen, const struct call *call)
{
    char client[NETADDR_TEXT_BYTES] = "-";

    if (call)
        netaddr_text(&call->client, client);
    log_info("access", "request",
             "method=%s target=%s status=%d bytes=%llu ms=%.3f client=%s route=%s id=%s",
             log_quote(seen->method), log_quote(seen->target), seen->status,
             (unsigned long long)seen->body_bytes, (double)seen->took_us / 1000,
             call ? client : seen->peer, call && call->route ? call->route->path : "-",
             call ? call->request_id : "-");
}

void guard_seen(const struct httpd_seen *seen, void *ctx)
{
    struct guard *guard = ((struct api *)ctx)->guard;
    const struct call *call = seen->user;
    size_t route = call && call->route ? (size_t)(call->route - route_table) : route_count;
    struct tally *tally = &guard->tallies[route];
    int class = seen->status / 100;

    tally->by_class[class > 0 && class < CLASSES ? class : 0]++;
    guard->answer_bytes += seen->body_bytes;
    /* A stream lasts as long as its client likes. */
    if (!seen->is_stream && seen->status)
        metrics_observe(&tally->took, seen->took_us);
    if (log_enabled(LOG_INFO, "access"))
        write_access(seen, call);
}

static const char *name_of(size_t route)
{
    return route < route_count ? route_table[route].path : "none";
}

static bool was_asked(const struct tally *tally)
{
    for (int class = 0; class < CLASSES; class++)
        if (tally->by_class[class])
            return true;
    return false;
}

void guard_metrics(const struct guard *guard, struct buf *out)
{
    metrics_head(out, "api_requests_total", "counter",
                 "Requests by route and class of status; left: the client did not wait.");
    for (size_t route = 0; route <= route_count; route++)
        for (int class = 0; class < CLASSES; class++)
            if (guard->tallies[route].by_class[class])
                metrics_value2(out, "api_requests_total", "route", name_of(route), "class",
                               class_names[class], (double)guard->tallies[route].by_class[class]);
    metrics_head(out, "api_request_seconds", "histogram",
                 "From the request line to the last byte of the answer; streams are left out.");
    for (size_t route = 0; route <= route_count; route++)
        if (was_asked(&guard->tallies[route]))
            metrics_histogram(out, "api_request_seconds", "route", name_of(route),
                              &guard->tallies[route].took);
    metrics_one(out, "api_answer_bytes_total", "counter", "Bytes of the answers' bodies.",
                (double)guard->answer_bytes);
    metrics_one(out, "api_limited_total", "counter", "Requests that were answered 429 by api_rate.",
                (double)guard->n_limited);
    metrics_one(out, "api_limited_clients", "gauge",
                "Clients that have used some of their burst just now.",
                guard->limits ? (double)limits_clients(guard->limits, clock_mono_ms()) : 0);
}
