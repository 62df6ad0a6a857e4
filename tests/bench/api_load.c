/* SPDX-License-Identifier: MIT */
/* api_load.c - many keep-alive connections that ask one HTTP server as fast as it answers.
 *
 *     bench-api_load --port PORT --requests FILE [--connections N] [--seconds N] [--header LINE]... [--spin]
 *
 * FILE holds a request a line, `METHOD PATH [BODY]`; the connections take them in turn, from the top
 * again at the end. Each connection sends its next request when the last answer is whole (a closed loop,
 * no pipelining). The last line of stdout is `key=value` pairs; see README.md. Exit code 0 when there were
 * answers and none was broken, whatever their status.
 *
 * --spin: the load polls and never sleeps. A server that is fast enough to keep the load busy has nobody to wake, and a
 * slower one would pay for a wake-up with each answer: so none does.
 *
 * Understands Content-Length, and 204 and 304 without one; no chunked answers.
 */
#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 20000,
    MAX_HEADERS = 16,
    HEAD_BYTES = 4096,
    SCRATCH_BYTES = 256 << 10,
    SLOTS_US = 1 << 20, /* latencies, a slot per microsecond; longer ones fall into the last */
    WAIT_MS = 100,
};

struct options {
    int port, connections;
    double seconds;
    bool spin; /* never sleep, so that no server pays for waking us */
    const char *file;
    const char *headers[MAX_HEADERS];
    int n_headers;
};

struct request {
    char *bytes;
    size_t len;
};

struct conn {
    int fd;
    int64_t sent_ns;
    char head[HEAD_BYTES];
    size_t head_len;
    bool in_body;
    int64_t body_left;
};

struct load {
    struct options options;
    struct request *requests;
    size_t n_requests, next;
    struct conn *conns;
    int epoll;
    bool over; /* no new requests */
    int in_flight;
    int64_t answers, bytes, broken, reopened, by_class[6];
    uint32_t *slots;
    char *scratch;
};

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "api_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void add_request(struct load *load, const char *line)
{
    const char *path = strchr(line, ' ');
    const char *body = path ? strchr(path + 1, ' ') : NULL;
    size_t path_len = body ? (size_t)(body - path - 1) : strlen(path ? path + 1 : "");
    struct request *request = &load->requests[load->n_requests++];
    char *headers = mem_strdup("");

    if (!path) {
        fprintf(stderr, "api_load: expected METHOD PATH [BODY], got: %s\n", line);
        exit(2);
    }
    for (int i = 0; i < load->options.n_headers; i++) {
        char *more = mem_printf("%s%s\r\n", headers, load->options.headers[i]);

        mem_free(headers);
        headers = more;
    }
    if (body) {
        char *more = mem_printf("%sContent-Type: application/json\r\nContent-Length: %zu\r\n",
                                headers, strlen(body + 1));

        mem_free(headers);
        headers = more;
    }
    request->bytes = mem_printf("%.*s %.*s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n%s",
                                (int)(path - line), line, (int)path_len, path + 1, headers,
                                body ? body + 1 : "");
    request->len = strlen(request->bytes);
    mem_free(headers);
}

static void read_requests(struct load *load)
{
    FILE *f = fopen(load->options.file, "re");
    char *line = NULL;
    size_t room = 0, capacity = 0;
    ssize_t len;

    if (!f)
        die(load->options.file);
    while ((len = getline(&line, &room, f)) > 0) {
        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        if (!*line)
            continue;
        if (load->n_requests == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            load->requests = mem_realloc(load->requests, capacity * sizeof(*load->requests));
        }
        add_request(load, line);
    }
    free(line);
    fclose(f);
    if (load->n_requests == 0) {
        fprintf(stderr, "api_load: %s holds no request\n", load->options.file);
        exit(2);
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static void conn_send(struct load *load, struct conn *conn)
{
    const struct request *request = &load->requests[load->next++ % load->n_requests];

    conn->head_len = 0;
    conn->in_body = false;
    conn->sent_ns = now_ns();
    load->in_flight++;
    /* Much smaller than any socket's buffer, which is empty now. */
    if (send(conn->fd, request->bytes, request->len, MSG_NOSIGNAL) != (ssize_t)request->len)
        load->broken++;
}

static void conn_open(struct load *load, struct conn *conn)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)load->options.port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    int one = 1;

    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        die("socket");
    if (connect(conn->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        die("epoll");
}

/* The server closed it: between answers that is its right, within one the answer is broken. */
static void conn_reopen(struct load *load, struct conn *conn)
{
    load->in_flight--;
    if (conn->head_len)
        load->broken++;
    else
        load->reopened++;
    close(conn->fd);
    if (load->over)
        return;
    conn_open(load, conn);
    conn_send(load, conn);
}

static void conn_done(struct load *load, struct conn *conn)
{
    int64_t took_us = (now_ns() - conn->sent_ns) / 1000;

    load->slots[took_us < SLOTS_US ? took_us : SLOTS_US - 1]++;
    load->answers++;
    load->in_flight--;
    if (!load->over)
        conn_send(load, conn);
}

/* What the head says of the body; false when it can't be understood. */
static bool read_head(struct load *load, struct conn *conn)
{
    const char *length;
    int status;

    if (sscanf(conn->head, "HTTP/1.1 %d", &status) != 1 || status < 100 || status > 599)
        return false;
    load->by_class[status / 100]++;
    length = strcasestr(conn->head, "\r\nContent-Length:");
    conn->body_left = length ? atoll(length + strlen("\r\nContent-Length:")) : 0;
    return length || status == 204 || status == 304;
}

/* Bytes of the head up to its end are kept; returns how many of `len` belong to it. */
static size_t take_head(struct conn *conn, const char *data, size_t len)
{
    size_t room = sizeof(conn->head) - 1 - conn->head_len;
    size_t n = len < room ? len : room, before = conn->head_len;
    char *end;

    memcpy(conn->head + before, data, n);
    conn->head_len += n;
    conn->head[conn->head_len] = '\0';
    end = strstr(conn->head, "\r\n\r\n");
    if (!end)
        return n;
    conn->in_body = true;
    return (size_t)(end + 4 - conn->head) - before;
}

static void conn_read(struct load *load, struct conn *conn)
{
    ssize_t got = recv(conn->fd, load->scratch, SCRATCH_BYTES, MSG_DONTWAIT);
    size_t used = 0;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        conn_reopen(load, conn);
        return;
    }
    load->bytes += got;
    if (!conn->in_body) {
        used = take_head(conn, load->scratch, (size_t)got);
        if (conn->in_body ? !read_head(load, conn) : conn->head_len == sizeof(conn->head) - 1) {
            fprintf(stderr, "api_load: an answer without Content-Length: %.200s\n", conn->head);
            exit(1);
        }
    }
    if (!conn->in_body)
        return;
    conn->body_left -= got - (ssize_t)used;
    if (conn->body_left < 0)
        load->broken++;
    if (conn->body_left <= 0)
        conn_done(load, conn);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void run(struct load *load)
{
    struct epoll_event events[256];
    int64_t end_ns = now_ns() + (int64_t)(load->options.seconds * 1e9);
    int64_t last_ns = end_ns + INT64_C(10000000000);

    for (int i = 0; i < load->options.connections; i++)
        conn_send(load, &load->conns[i]);
    while (load->in_flight > 0 && now_ns() < last_ns) {
        int n = epoll_wait(load->epoll, events, ARRAY_LEN(events),
                           load->options.spin ? 0 : WAIT_MS);

        load->over = now_ns() >= end_ns;
        for (int i = 0; i < n; i++)
            conn_read(load, events[i].data.ptr);
    }
    load->broken += load->in_flight;
}

static int percentile_us(const struct load *load, double share)
{
    int64_t want = (int64_t)(share * (double)load->answers), seen = 0;

    for (int i = 0; i < SLOTS_US; i++) {
        seen += load->slots[i];
        if (seen > want)
            return i;
    }
    return 0;
}

static void report(const struct load *load, double seconds)
{
    struct timespec cpu;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("answers=%lld seconds=%.3f bytes=%lld p50_us=%d p99_us=%d ok=%lld client_errors=%lld "
           "server_errors=%lld broken=%lld reopened=%lld own_cpu_ms=%lld\n",
           (long long)load->answers, seconds, (long long)load->bytes, percentile_us(load, 0.5),
           percentile_us(load, 0.99), (long long)(load->by_class[2] + load->by_class[3]),
           (long long)load->by_class[4], (long long)load->by_class[5], (long long)load->broken,
           (long long)load->reopened,
           (long long)cpu.tv_sec * 1000 + (long long)cpu.tv_nsec / 1000000);
}

static void read_command_line(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"port", required_argument, NULL, 'p'},
                                          {"requests", required_argument, NULL, 'r'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"header", required_argument, NULL, 'h'},
                                          {"spin", no_argument, NULL, 'b'},
                                          {NULL, 0, NULL, 0}};
    int c;

    *options = (struct options){.connections = 32, .seconds = 2};
    while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0) {
        if (c == 'p')
            options->port = atoi(optarg);
        else if (c == 'r')
            options->file = optarg;
        else if (c == 'c')
            options->connections = atoi(optarg);
        else if (c == 's')
            options->seconds = atof(optarg);
        else if (c == 'b')
            options->spin = true;
        else if (c == 'h' && options->n_headers < MAX_HEADERS)
            options->headers[options->n_headers++] = optarg;
        else
            exit(2);
    }
    if (options->port <= 0 || !options->file || options->connections < 1 ||
        options->connections > MAX_CONNECTIONS || options->seconds <= 0) {
        fprintf(stderr, "usage: api_load --port PORT --requests FILE [--connections N] [--seconds N] "
                        "[--header LINE]... [--spin]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct load load = {0};
    int64_t began_ns;

    read_command_line(&load.options, argc, argv);
    read_requests(&load);
    load.slots = mem_array(SLOTS_US, sizeof(*load.slots));
    load.scratch = mem_alloc(SCRATCH_BYTES);
    load.conns = mem_array((size_t)load.options.connections, sizeof(*load.conns));
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < load.options.connections; i++)
        conn_open(&load, &load.conns[i]);
    began_ns = now_ns();
    run(&load);
    report(&load, (double)(now_ns() - began_ns) / 1e9);
    for (size_t i = 0; i < load.n_requests; i++)
        mem_free(load.requests[i].bytes);
    mem_free(load.requests);
    mem_free(load.conns);
    mem_free(load.scratch);
    mem_free(load.slots);
    return load.answers > 0 && load.broken == 0 ? 0 : 1;
}
