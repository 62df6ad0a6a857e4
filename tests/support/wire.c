/* SPDX-License-Identifier: MIT */
/* wire.c - see wire.h. A thread copies; what is silent is read and dropped. */
#include "support/wire.h"
#include "base/mem.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 32, STEP_MS = 20, CHUNK_BYTES = 16384 };

struct pair {
    int fds[2]; /* -1: closed */
};

struct wire {
    char dir[40];
    char *url, *server_dir;
    int listen_fd;
    struct pair pairs[MAX_CONNECTIONS]; /* the thread's */
    atomic_int n;
    atomic_int n_silent; /* the first ones */
    atomic_bool is_ending;
    pthread_t thread;
};

static struct sockaddr_un address_in(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    check((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", dir) <
          sizeof(address.sun_path));
    return address;
}

static void close_pair(struct pair *pair)
{
    for (int i = 0; i < 2; i++)
        if (pair->fds[i] >= 0)
            close(pair->fds[i]);
    pair->fds[0] = pair->fds[1] = -1;
}

static void take_connection(struct wire *wire)
{
    const struct sockaddr_un address = address_in(wire->server_dir);
    struct pair *pair = &wire->pairs[wire->n];

    check(wire->n < MAX_CONNECTIONS);
    pair->fds[0] = accept4(wire->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    pair->fds[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(pair->fds[0] >= 0 && pair->fds[1] >= 0);
    if (connect(pair->fds[1], (const struct sockaddr *)&address, sizeof(address)) < 0)
        close_pair(pair);
    wire->n++;
}

/* The end of one side is the end of both, unless nobody is to hear of it. */
static void copy(struct pair *pair, int from, bool is_silent)
{
    char bytes[CHUNK_BYTES];
    ssize_t n = recv(pair->fds[from], bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n > 0 && is_silent)
        return;
    if (n <= 0 || send(pair->fds[!from], bytes, (size_t)n, MSG_NOSIGNAL) != n)
        close_pair(pair);
}

static void *run(void *ctx)
{
    struct wire *wire = ctx;

    while (!wire->is_ending) {
        struct pollfd polled[1 + 2 * MAX_CONNECTIONS] = {{.fd = wire->listen_fd, .events = POLLIN}};
        int n = wire->n;

        for (int i = 0; i < n; i++)
            for (int side = 0; side < 2; side++)
                polled[1 + 2 * i + side] =
                    (struct pollfd){.fd = wire->pairs[i].fds[side], .events = POLLIN};
        if (poll(polled, (nfds_t)(1 + 2 * n), STEP_MS) <= 0)
            continue;
        for (int i = 0; i < n; i++)
            for (int side = 0; side < 2; side++)
                if (polled[1 + 2 * i + side].revents && wire->pairs[i].fds[side] >= 0)
                    copy(&wire->pairs[i], side, i < wire->n_silent);
        if (polled[0].revents)
            take_connection(wire);
    }
    return NULL;
}

static char *server_dir_of(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    char *dir = NULL;

    check(options);
    for (const PQconninfoOption *at = options; at->keyword; at++)
        if (strcmp(at->keyword, "host") == 0 && at->val)
            dir = mem_strdup(at->val);
    PQconninfoFree(options);
    check(dir);
    return dir;
}

struct wire *wire_new(const char *url)
{
    struct wire *wire = mem_new(struct wire);
    struct sockaddr_un address;
    const char *at;

    strcpy(wire->dir, "/tmp/catchdeal-wire-XXXXXX");
    check(mkdtemp(wire->dir));
    wire->server_dir = server_dir_of(url);
    at = strstr(url, wire->server_dir);
    check(at);
    wire->url =
        mem_printf("%.*s%s%s", (int)(at - url), url, wire->dir, at + strlen(wire->server_dir));
    address = address_in(wire->dir);
    wire->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(wire->listen_fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    check(listen(wire->listen_fd, MAX_CONNECTIONS) == 0);
    check(pthread_create(&wire->thread, NULL, run, wire) == 0);
    return wire;
}

void wire_free(struct wire **wire_ptr)
{
    struct wire *wire = *wire_ptr;
    struct sockaddr_un address;

    if (!wire)
        return;
    wire->is_ending = true;
    pthread_join(wire->thread, NULL);
    for (int i = 0; i < wire->n; i++)
        close_pair(&wire->pairs[i]);
    close(wire->listen_fd);
    address = address_in(wire->dir);
    unlink(address.sun_path);
    rmdir(wire->dir);
    mem_free(wire->url);
    mem_free(wire->server_dir);
    mem_free(wire);
    *wire_ptr = NULL;
}

const char *wire_url(const struct wire *wire)
{
    return wire->url;
}

void wire_silence(struct wire *wire)
{
    wire->n_silent = wire->n;
}

int wire_connections(struct wire *wire)
{
    return wire->n;
}
