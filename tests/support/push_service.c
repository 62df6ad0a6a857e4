/* SPDX-License-Identifier: MIT */
/* push_service.c - see push_service.h; each connection has a thread of its own, so that one may hang. */
#include "support/push_service.h"
#include "base/buf.h"
#include "base/jdoc.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct upload {
    struct buf body;
};

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value ? value : "";
}

static void keep(char *to, size_t room, const char *text)
{
    snprintf(to, room, "%s", text);
}

/* Key and number of players, by either form. */
static void read_body(struct push_request *request, const struct buf *body)
{
    char *copy = mem_strndup(buf_str(body), body->len);
    struct jdoc *doc;
    struct err err;

    if (jdoc_parse(copy, body->len, &doc, &err) == 0) {
        const struct jval *root = jdoc_root(doc);
        const struct jval *players = jval_get(root, "include_player_ids");

        if (!players)
            players = jval_path(root, "data.players");
        request->n_players = (int)jval_count(players);
        if (!*request->key)
            keep(request->key, sizeof(request->key), jval_get_str(root, "idempotency_key", ""));
        jdoc_free(&doc);
    }
    mem_free(copy);
}

static bool is_repetition(const struct push_service *service, const char *key)
{
    for (int i = 0; i < service->n; i++)
        if (service->requests[i].was_taken && str_eq(service->requests[i].key, key))
            return true;
    return false;
}

/* What this request is to meet. */
static enum push_service_trouble next_trouble(struct push_service *service)
{
    enum push_service_trouble trouble = service->trouble;

    if (service->left > 0 && --service->left == 0)
        service->trouble = SERVICE_FINE;
    return trouble;
}

static void take(struct push_service *service, struct push_request *request)
{
    if (is_repetition(service, request->key))
        return;
    request->was_taken = true;
    service->n_taken++;
}

/* ---- answers --------------------------------------------------------------------------------- */

static enum MHD_Result give(struct MHD_Connection *connection, unsigned status, const char *body,
                            int retry_after)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc;
    char text[20];

    if (retry_after) {
        snprintf(text, sizeof(text), "%d", retry_after);
        MHD_add_response_header(response, "Retry-After", text);
    }
    rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

static ssize_t break_off(void *ctx, uint64_t at, char *out, size_t room)
{
    (void)ctx, (void)room;
    if (at > 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    memcpy(out, "{\"id", 4);
    return 4;
}

static enum MHD_Result give_half(struct MHD_Connection *connection)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(1000, 100, break_off, NULL, NULL);
    enum MHD_Result rc = MHD_queue_response(connection, 200, response);

    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result answer(struct push_service *service, struct MHD_Connection *connection,
                              const struct buf *body)
{
    enum push_service_trouble trouble;
    struct push_request *request;
    char text[300];

    pthread_mutex_lock(&service->lock);
    check(service->n < PUSH_REQUESTS_MAX);
    request = &service->requests[service->n];
    request->body = mem_strndup(buf_str(body), body->len);
    keep(request->key, sizeof(request->key), header_of(connection, "webhook-id"));
    keep(request->stamp, sizeof(request->stamp), header_of(connection, "webhook-timestamp"));
    keep(request->auth, sizeof(request->auth), header_of(connection, "webhook-signature"));
    if (!*request->auth)
        keep(request->auth, sizeof(request->auth), header_of(connection, "Authorization"));
    read_body(request, body);
    trouble = next_trouble(service);
    if (trouble == SERVICE_FINE || trouble == SERVICE_CLOSES)
        take(service, request);
    service->n++;
    if (trouble == SERVICE_HANGS) {
        service->n_waiting++;
        while (service->trouble == SERVICE_HANGS && !service->ends)
            pthread_cond_wait(&service->released, &service->lock);
        service->n_waiting--;
        take(service, request); /* whether somebody still waits for the answer or not */
    }
    if (*service->unknown && strstr(request->body, service->unknown))
        snprintf(text, sizeof(text), "{\"id\":\"%s\",\"errors\":{\"invalid_player_ids\":[\"%s\"]}}",
                 request->n_players > 1 ? request->key : "", service->unknown);
    else
        snprintf(text, sizeof(text), "{\"id\":\"n-%s\",\"recipients\":%d}", request->key,
                 request->n_players);
    pthread_mutex_unlock(&service->lock);
    if (trouble == SERVICE_CLOSES)
        return give_half(connection);
    if (trouble == SERVICE_STATUS)
        return give(connection, (unsigned)service->status, "{\"errors\":[\"told to fail\"]}",
                    service->retry_after);
    return give(connection, 200, text, 0);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **state)
{
    struct upload *upload = *state;

    (void)url, (void)version;
    if (!upload) {
        *state = upload = mem_new(struct upload);
        buf_init(&upload->body, 1 << 20);
        return MHD_YES;
    }
    if (*n > 0) {
        buf_add(&upload->body, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    if (!str_eq(method, "POST"))
        return give(connection, 405, "", 0);
    return answer(ctx, connection, &upload->body);
}

static void on_over(void *ctx, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *state;

    (void)ctx, (void)connection, (void)code;
    if (upload)
        buf_fini(&upload->body);
    mem_free(upload);
}

/* ---- face ------------------------------------------------------------------------------------ */

struct push_service *push_service_start(void)
{
    struct push_service *service = mem_new(struct push_service);
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_mutex_init(&service->lock, NULL);
    pthread_cond_init(&service->released, NULL);
    service->server =
        MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
                         NULL, on_request, service, MHD_OPTION_SOCK_ADDR, &address,
                         MHD_OPTION_NOTIFY_COMPLETED, on_over, NULL, MHD_OPTION_END);
    check(service->server);
    service->port = MHD_get_daemon_info(service->server, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(service->url, sizeof(service->url), "http://127.0.0.1:%d/api/v1/notifications",
             service->port);
    return service;
}

void push_service_stop(struct push_service **service_ptr)
{
    struct push_service *service = *service_ptr;

    pthread_mutex_lock(&service->lock);
    service->ends = true;
    pthread_cond_broadcast(&service->released);
    pthread_mutex_unlock(&service->lock);
    MHD_stop_daemon(service->server);
    for (int i = 0; i < service->n; i++)
        mem_free(service->requests[i].body);
    pthread_cond_destroy(&service->released);
    pthread_mutex_destroy(&service->lock);
    mem_free(service);
    *service_ptr = NULL;
}

void push_service_set(struct push_service *service, enum push_service_trouble trouble, int status,
                      int retry_after, int times)
{
    pthread_mutex_lock(&service->lock);
    service->trouble = trouble;
    service->status = status;
    service->retry_after = retry_after;
    service->left = times;
    pthread_cond_broadcast(&service->released);
    pthread_mutex_unlock(&service->lock);
}

static int read_count(struct push_service *service, const int *count)
{
    int n;

    pthread_mutex_lock(&service->lock);
    n = *count;
    pthread_mutex_unlock(&service->lock);
    return n;
}

int push_service_requests(struct push_service *service)
{
    return read_count(service, &service->n);
}

int push_service_taken(struct push_service *service)
{
    return read_count(service, &service->n_taken);
}

int push_service_waiting(struct push_service *service)
{
    return read_count(service, &service->n_waiting);
}
