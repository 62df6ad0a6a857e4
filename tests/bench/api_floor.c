/* SPDX-License-Identifier: MIT */
/* api_floor.c - the least that an HTTP server can do: epoll, no parser, the same bytes for everybody.
 *
 *     bench-api_floor --answer FILE --port-file FILE
 *
 * Whatever ends with an empty line is answered by FILE, head and body as they stand there. It is the
 * measure for catchdeal-api's cached list: what lies above it is parsing, routing and the cache. One thread,
 * one read and one send for each request.
 */
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
#include <unistd.h>

enum { MAX_ANSWER_BYTES = 1 << 20, REQUEST_BYTES = 8192, BACKLOG = 1024 };

static char *answer;
static size_t answer_len;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "api_floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_answer(const char *path)
{
    FILE *f = fopen(path, "re");

    if (!f)
        die(path);
    answer = mem_alloc(MAX_ANSWER_BYTES);
    answer_len = fread(answer, 1, MAX_ANSWER_BYTES, f);
    fclose(f);
}

static int listen_on_loopback(int *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        die("listen");
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void write_port(const char *path, int port)
{
    char *draft = mem_printf("%s.draft", path);
    FILE *f = fopen(draft, "we");

    if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 || rename(draft, path) != 0)
        die(path);
    mem_free(draft);
}

static void accept_one(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    int one = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll");
}

/* Requests of the load come in one piece, and answers fit into the socket's buffer. */
static void serve_one(int fd)
{
    char request[REQUEST_BYTES];
    ssize_t got = recv(fd, request, sizeof(request), 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got < 4 || memcmp(request + got - 4, "\r\n\r\n", 4) != 0 ||
        send(fd, answer, answer_len, MSG_NOSIGNAL) != (ssize_t)answer_len)
        close(fd);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"answer", required_argument, NULL, 'a'},
                                          {"port-file", required_argument, NULL, 'p'},
                                          {NULL, 0, NULL, 0}};
    const char *answer_file = NULL, *port_file = NULL;
    struct epoll_event events[256];
    int c, listener, port, epoll;

    while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0) {
        if (c == 'a')
            answer_file = optarg;
        else if (c == 'p')
            port_file = optarg;
    }
    if (!answer_file || !port_file) {
        fprintf(stderr, "usage: api_floor --answer FILE --port-file FILE\n");
        return 2;
    }
    read_answer(answer_file);
    listener = listen_on_loopback(&port);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    events[0] = (struct epoll_event){.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]) < 0)
        die("epoll");
    write_port(port_file, port);
    for (;;) {
        int n = epoll_wait(epoll, events, ARRAY_LEN(events), -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_one(epoll, listener);
            else
                serve_one(events[i].data.fd);
        }
    }
}
