/* SPDX-License-Identifier: MIT */
/* httpd.c - connections and requests of one libmicrohttpd daemon; see httpd.h.
 *
 * A connection is on httpd->conns from accept to close, ordered by deadline: every deadline is the
 * same span from now, so touching a connection moves it to the end and the first one is always the
 * next due. A request lives until both the library has let go of it (conn is NULL) and the handler
 * has answered (owed is false); whichever comes last frees it. Not here: when MHD_run() is called
 * (loop_mhd.c), what a path means (the handler).
 */
#include "base/httpd.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop_glue.h"
#include "base/str.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Holds the request's head and the answer's: the longest head that is accepted. */
    CONN_MEMORY_BYTES = 16 << 10,
    /* Read beyond the limit of a chunked body, so that its sender gets to see the 413; then it is
       cut. */
    BODY_SLACK_BYTES = 1 << 20,
};

struct httpd {
    struct httpd_options options;
    struct loop *loop;
    struct loop_mhd *glue;
    struct MHD_Daemon *daemon;
    struct loop_timer *guard; /* the first connection's deadline */
    struct list conns;
    struct list cut; /* connections that were shut down and will close */
    struct list requests;
    int port;
    int n_conns;
    bool stopping;
    struct loop_timer *stop_timer;
    httpd_stopped_fn *stopped;
    void *stopped_ctx;
};

struct conn {
    struct list link;
    struct httpd *httpd;
    struct MHD_Connection *mhd;
    struct request *request;
    int fd;
    int64_t due_ms;
    bool is_cut; /* shut down: its end is on the way */
};

struct request {
    struct httpd_req pub;
    struct list link;
    struct httpd *httpd;
    struct conn *conn;             /* NULL: the library has let go */
    struct MHD_Response *response; /* made, not yet handed over */
    size_t body_bytes;
    int64_t began_ms;
    int status;
    bool head_seen;
    bool owed; /* the handler was called and has not answered */
    bool answered;
    bool refusing; /* the refuse callback is running */
    bool suspended;
};

/* ---- connections and their deadlines --------------------------------------------------------- */

static void arm_guard(struct httpd *httpd)
{
    struct conn *first;

    if (list_is_empty(&httpd->conns) || loop_timer_is_armed(httpd->guard))
        return;
    first = container_of(list_first(&httpd->conns), struct conn, link);
    loop_timer_start(httpd->guard, first->due_ms - clock_mono_ms());
}

static void conn_touch(struct conn *conn)
{
    if (conn->is_cut)
        return;
    conn->due_ms = clock_mono_ms() + conn->httpd->options.request_timeout_ms;
    list_move(&conn->httpd->conns, &conn->link);
    arm_guard(conn->httpd);
}

/* The library sees the end of the stream and closes the connection by itself. */
static void conn_cut(struct conn *conn)
{
    shutdown(conn->fd, SHUT_RDWR);
    conn->is_cut = true;
    list_move(&conn->httpd->cut, &conn->link);
}

static void refuse(struct request *request, int status, const char *text)
{
    request->refusing = true;
    request->httpd->options.refuse(&request->pub, status, text, request->httpd->options.ctx);
    check(request->answered);
    request->refusing = false;
}

static void conn_expire(struct conn *conn)
{
    struct request *request = conn->request;

    log_debug("http", "deadline passed", "state=%s",
              request ? request->owed && !request->answered ? "waiting" : "transfer" : "idle");
    if (!request || !request->owed || request->answered) {
        conn_cut(conn);
        return;
    }
    refuse(request, 503, "the request took too long");
    conn_touch(conn);
}

static void on_guard(void *ctx)
{
    struct httpd *httpd = ctx;
    int64_t now_ms = clock_mono_ms();

    while (!list_is_empty(&httpd->conns)) {
        struct conn *conn = container_of(list_first(&httpd->conns), struct conn, link);

        if (conn->due_ms > now_ms)
            break;
        conn_expire(conn);
    }
    arm_guard(httpd);
}

static void finish_stop(void *ctx)
{
    struct httpd *httpd = ctx;
    httpd_stopped_fn *stopped = httpd->stopped;

    httpd->stopped = NULL;
    loop_timer_stop(httpd->stop_timer);
    if (stopped)
        stopped(httpd->stopped_ctx);
}

/* ---- connections come and go ----------------------------------------------------------------- */

static void request_free(struct request *request)
{
    if (request->response)
        MHD_destroy_response(request->response);
    list_remove(&request->link);
    arena_fini(&request->pub.arena);
    mem_free(request);
}

static void request_let_go(struct request *request)
{
    struct conn *conn = request->conn;

    log_debug("http", "request", "method=%s target=%s status=%d ms=%lld",
              log_quote(request->pub.method), log_quote(request->pub.target), request->status,
              (long long)(clock_mono_ms() - request->began_ms));
    conn->request = NULL;
    request->conn = NULL;
    if (!request->owed)
        request_free(request);
}

static void conn_opened(struct httpd *httpd, struct MHD_Connection *mhd, void **conn_out)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *conn = mem_new(struct conn);

    check(info);
    *conn = (struct conn){.httpd = httpd, .mhd = mhd, .fd = info->connect_fd};
    list_init(&conn->link);
    httpd->n_conns++;
    conn_touch(conn);
    *conn_out = conn;
}

static void conn_closed(struct conn *conn)
{
    struct httpd *httpd = conn->httpd;

    /* The library does not report the end of a request that it refused by itself. */
    if (conn->request)
        request_let_go(conn->request);
    list_remove(&conn->link);
    mem_free(conn);
    /* The timer, so that `stopped` comes from the loop and may free the listener. */
    if (--httpd->n_conns == 0 && httpd->stopped)
        loop_timer_start(httpd->stop_timer, 0);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        conn_opened(ctx, mhd, socket_ctx);
    else
        conn_closed(*socket_ctx);
}

/* ---- a request's life ------------------------------------------------------------------------ */

/* The request line is there, nothing behind it is parsed yet. */
static void *on_request_line(void *ctx, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *conn = info->socket_context;
    struct request *request = mem_new(struct request);

    if (conn->request)
        request_let_go(conn->request);
    *request = (struct request){.httpd = ctx, .conn = conn, .began_ms = clock_mono_ms()};
    arena_init(&request->pub.arena);
    request->pub.method = "";
    request->pub.target = arena_strdup(&request->pub.arena, target);
    list_init(&request->link);
    list_append(&conn->httpd->requests, &request->link);
    conn->request = request;
    conn_touch(conn);
    return request;
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *request_ctx;
    struct conn *conn;

    (void)ctx;
    (void)mhd;
    (void)code;
    if (!request)
        return;
    conn = request->conn;
    request_let_go(request);
    *request_ctx = NULL;
    conn_touch(conn);
}

struct framing {
    int lengths, encodings, hosts;
    bool unknown_encoding;
    int64_t length;
};

static enum MHD_Result count_framing(void *ctx, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct framing *framing = ctx;

    (void)kind;
    if (strcasecmp(name, "Content-Length") == 0) {
        struct err ignored;

        framing->lengths++;
        if (str_to_int(value ? value : "", 0, INT64_MAX, &framing->length, &ignored) < 0)
            framing->lengths = 2;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->encodings++;
        framing->unknown_encoding = !value || strcasecmp(value, "chunked") != 0;
    } else if (strcasecmp(name, "Host") == 0) {
        framing->hosts++;
    }
    return MHD_YES;
}

/* What a proxy in front might read in another way (RFC 9112 section 6.3) is not read at all. */
static void check_head(struct request *request, struct MHD_Connection *mhd)
{
    struct framing framing = {0};

    MHD_get_connection_values(mhd, MHD_HEADER_KIND, count_framing, &framing);
    if (framing.lengths > 1 || framing.encodings > 1 || (framing.lengths && framing.encodings))
        refuse(request, 400, "the length of the body is ambiguous");
    else if (framing.unknown_encoding)
        refuse(request, 400, "Transfer-Encoding: expected chunked");
    else if (framing.hosts > 1)
        refuse(request, 400, "Host: expected once");
    else if (framing.length > (int64_t)request->httpd->options.body_max_bytes)
        refuse(request, 413, "the body is too large");
}

static enum MHD_Result hand_over(struct request *request, struct MHD_Connection *mhd)
{
    struct MHD_Response *response = request->response;
    enum MHD_Result rc;

    request->response = NULL;
    if (request->httpd->stopping)
        check(MHD_add_response_header(response, "Connection", "close") == MHD_YES);
    rc = MHD_queue_response(mhd, (unsigned)request->status, response);
    MHD_destroy_response(response);
    return rc;
}

static void dispatch(struct request *request)
{
    request->owed = true;
    request->httpd->options.handler(&request->pub, request->httpd->options.ctx);
}

/* A refusal before the end of the body: the rest is not read, so the connection can't be used
 * again. */
static enum MHD_Result hand_over_early(struct request *request, struct MHD_Connection *mhd)
{
    if (!request->httpd->stopping)
        check(MHD_add_response_header(request->response, "Connection", "close") == MHD_YES);
    return hand_over(request, mhd);
}

/* The library calls this when the head is there, for each piece of the body, at the end of the
 * body, and again after MHD_resume_connection(). */
static enum MHD_Result on_progress(void *ctx, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *data_bytes, void **request_ctx)
{
    struct request *request = *request_ctx;

    (void)ctx;
    (void)url;
    (void)version;
    (void)data;
    if (!request->head_seen) {
        request->head_seen = true;
        request->pub.method = arena_strdup(&request->pub.arena, method);
        check_head(request, mhd);
        return request->response ? hand_over_early(request, mhd) : MHD_YES;
    }
    if (*data_bytes) {
        request->body_bytes += *data_bytes;
        *data_bytes = 0;
        return request->body_bytes <= request->httpd->options.body_max_bytes + BODY_SLACK_BYTES
                   ? MHD_YES
                   : MHD_NO;
    }
    if (!request->owed && !request->answered) {
        if (request->body_bytes > request->httpd->options.body_max_bytes)
            refuse(request, 413, "the body is too large");
        else
            dispatch(request);
    }
    if (request->response)
        return hand_over(request, mhd);
    request->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void answer(struct request *request, int status, const struct httpd_header *headers,
                   size_t n_headers, struct MHD_Response *response)
{
    for (size_t i = 0; i < n_headers; i++)
        check(MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES);
    request->response = response;
    request->status = status;
    request->answered = true;
    if (request->suspended) {
        request->suspended = false;
        conn_touch(request->conn);
        MHD_resume_connection(request->conn->mhd);
        loop_mhd_kick(request->httpd->glue);
    }
}

/* Does anybody still wait for this answer? Otherwise the request is done with. */
static bool request_settle(struct request *request)
{
    if (request->refusing)
        return true;
    check(request->owed);
    request->owed = false;
    if (!request->conn) {
        request_free(request);
        return false;
    }
    return !request->answered;
}

void httpd_respond(struct httpd_req *req, int status, const struct httpd_header *headers,
                   size_t n_headers, struct buf *body)
{
    struct request *request = container_of(req, struct request, pub);
    size_t len = body->len;

    check(!buf_overflowed(body));
    if (!request_settle(request)) {
        buf_fini(body);
        return;
    }
    answer(request, status, headers, n_headers,
           MHD_create_response_from_buffer_with_free_callback(len, buf_take(body), mem_free));
}

void httpd_respond_static(struct httpd_req *req, int status, const struct httpd_header *headers,
                          size_t n_headers, const void *bytes, size_t len)
{
    struct request *request = container_of(req, struct request, pub);

    if (!request_settle(request))
        return;
    /* The library's parameter lacks the const; the bytes are only read (MHD_RESPMEM_PERSISTENT). */
    answer(request, status, headers, n_headers,
           MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes, MHD_RESPMEM_PERSISTENT));
}

/* ---- listening ------------------------------------------------------------------------------- */

static int split_listen(const char *listen, char *host, size_t host_bytes, const char **port,
                        struct err *err)
{
    const char *colon = strrchr(listen, ':');
    const char *from = listen;
    size_t len;
    int64_t ignored;

    if (!colon || str_to_int(colon + 1, 0, 65535, &ignored, err) < 0)
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected ADDRESS:PORT like 127.0.0.1:8080 or [::1]:8080", listen);
    len = (size_t)(colon - listen);
    if (len > 2 && *from == '[' && colon[-1] == ']') {
        from++;
        len -= 2;
    } else if (memchr(from, ':', len)) {
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected an IPv6 address in brackets like [::1]:8080", listen);
    }
    snprintf(host, host_bytes, "%.*s", (int)len, from);
    *port = colon + 1;
    return 0;
}

static int bind_listener(const struct addrinfo *addr, const char *listen_text, struct err *err)
{
    const int on = 1;
    int fd = socket(addr->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* [::] is that address, not every IPv4 one as well. */
    if (addr->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, addr->ai_addr, addr->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_sys(err, ERR_INTERNAL, "listen on %s", listen_text);
    close(fd);
    return -1;
}

static int open_listener(const char *listen_text, int *port_out, struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof(bound);
    char host[64], service[16];
    const char *port = NULL;
    int fd;

    if (split_listen(listen_text, host, sizeof(host), &port, err) < 0)
        return -1;
    /* glibc takes "*" for the wildcard address. */
    if (str_eq(host, "*") || getaddrinfo(host, port, &hints, &found) != 0)
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected a numeric address (0.0.0.0 is every IPv4 one)",
                       listen_text);
    fd = bind_listener(found, listen_text, err);
    freeaddrinfo(found);
    if (fd < 0)
        return -1;
    check(getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0);
    check(getnameinfo((struct sockaddr *)&bound, bound_len, NULL, 0, service, sizeof(service),
                      NI_NUMERICSERV) == 0);
    *port_out = atoi(service);
    return fd;
}

static void on_library_log(void *ctx, const char *fmt, va_list args)
{
    char text[256];

    (void)ctx;
    if (!log_enabled(LOG_DEBUG, "http"))
        return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
    log_debug("http", "library", "text=%s", log_quote(str_trim(text)));
}

static struct MHD_Daemon *start_daemon(struct httpd *httpd, int fd)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_progress, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)httpd->options.max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONN_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, httpd,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, httpd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, httpd, MHD_OPTION_END);
}

int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
              struct err *err)
{
    struct httpd *httpd;
    int port;
    int fd = open_listener(options->listen, &port, err);

    if (fd < 0)
        return -1;
    httpd = mem_new(struct httpd);
    *httpd = (struct httpd){.options = *options, .loop = loop, .port = port};
    list_init(&httpd->conns);
    list_init(&httpd->cut);
    list_init(&httpd->requests);
    httpd->daemon = start_daemon(httpd, fd);
    if (!httpd->daemon) {
        close(fd);
        mem_free(httpd);
        return err_set(err, ERR_INTERNAL, "listen on %s: libmicrohttpd did not start",
                       options->listen);
    }
    httpd->guard = loop_timer_new(loop, on_guard, httpd);
    httpd->stop_timer = loop_timer_new(loop, finish_stop, httpd);
    httpd->glue = loop_mhd_attach(loop, httpd->daemon);
    *out = httpd;
    return 0;
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

int httpd_connections(const struct httpd *httpd)
{
    return httpd->n_conns;
}

/* ---- the end --------------------------------------------------------------------------------- */

void httpd_stop(struct httpd *httpd, int64_t deadline_ms, httpd_stopped_fn *stopped, void *ctx)
{
    struct list *at, *next;
    int fd;

    check(!httpd->stopping);
    httpd->stopping = true;
    httpd->stopped = stopped;
    httpd->stopped_ctx = ctx;
    fd = MHD_quiesce_daemon(httpd->daemon);
    if (fd >= 0)
        close(fd);
    /* What has come in by now is a request that runs. */
    check(MHD_run(httpd->daemon) == MHD_YES);
    LIST_FOREACH (at, next, &httpd->conns) {
        struct conn *conn = container_of(at, struct conn, link);

        if (!conn->request)
            conn_cut(conn);
    }
    loop_mhd_kick(httpd->glue);
    loop_timer_start(httpd->stop_timer, httpd->n_conns ? deadline_ms : 0);
}

/* The library refuses to stop while a connection is suspended. */
static void resume_all(struct httpd *httpd)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &httpd->requests) {
        struct request *request = container_of(at, struct request, link);

        if (request->suspended)
            MHD_resume_connection(request->conn->mhd);
        request->suspended = false;
    }
}

void httpd_free(struct httpd **httpd_ptr)
{
    struct httpd *httpd = *httpd_ptr;

    if (!httpd)
        return;
    *httpd_ptr = NULL;
    httpd->stopped = NULL;
    resume_all(httpd);
    loop_mhd_detach(&httpd->glue);
    MHD_stop_daemon(httpd->daemon);
    check(httpd->n_conns == 0);
    while (!list_is_empty(&httpd->requests))
        request_free(container_of(list_first(&httpd->requests), struct request, link));
    loop_timer_free(&httpd->guard);
    loop_timer_free(&httpd->stop_timer);
    mem_free(httpd);
}
