/* SPDX-License-Identifier: MIT */
/* httpd_listen.c - the socket that a listener accepts from: opened here, or handed over. */
#include "base/httpd_priv.h"
#include "base/str.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int bind_listener(const struct addrinfo *addr, const struct httpd_options *options,
                         struct err *err)
{
    const int on = 1;
    int fd = socket(addr->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (options->reuse_port)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    /* [::] is that address, not every IPv4 one as well. */
    if (addr->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, addr->ai_addr, addr->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_sys(err, ERR_INTERNAL, "listen on %s", options->listen);
    close(fd);
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof(bound);
    char service[16];

    check(getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0);
    if (bound.ss_family == AF_UNIX)
        return 0;
    check(getnameinfo((struct sockaddr *)&bound, bound_len, NULL, 0, service, sizeof(service),
                      NI_NUMERICSERV) == 0);
    return atoi(service);
}

/* A socket that somebody else opened, and handed over by its number. */
static int adopt_listener(const char *listen_text, struct err *err)
{
    int listening = 0;
    socklen_t len = sizeof(listening);
    int64_t fd;

    if (str_to_int(listen_text + strlen("fd:"), 3, 1 << 20, &fd, err) < 0)
        return err_set(err, ERR_CONFIG, "\"%s\": expected fd:N with a file descriptor from 3",
                       listen_text);
    if (getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a socket that listens", listen_text);
    check(fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0);
    check(fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) | O_NONBLOCK) == 0);
    return (int)fd;
}

static int open_listener(const struct httpd_options *options, struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[64];
    const char *port = NULL;
    int fd;

    if (split_listen(options->listen, host, sizeof(host), &port, err) < 0)
        return -1;
    /* glibc takes "*" for the wildcard address. */
    if (str_eq(host, "*") || getaddrinfo(host, port, &hints, &found) != 0)
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected a numeric address (0.0.0.0 is every IPv4 one)",
                       options->listen);
    fd = bind_listener(found, options, err);
    freeaddrinfo(found);
    return fd;
}

int httpd_open_listener(const struct httpd_options *options, int *port_out, struct err *err)
{
    int fd = str_starts(options->listen, "fd:") ? adopt_listener(options->listen, err)
                                                     : open_listener(options, err);

    if (fd >= 0)
        *port_out = port_of(fd);
    return fd;
}
