/* SPDX-License-Identifier: MIT */
/* process.c - see process.h. */
#include "api/process.h"
#include "base/log.h"
#include "base/str.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Beside the clients': listeners, database, log, libraries, and connections that are being cut. */
enum { OTHER_FDS = 192 };

void process_make_room(struct config *config)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)config->api_connections + OTHER_FDS;

    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= needed)
        return;
    config->api_connections =
        limit.rlim_cur > OTHER_FDS + 8 ? (int64_t)(limit.rlim_cur - OTHER_FDS) : 8;
    log_warn("api", "fewer connections than api_connections: raise LimitNOFILE",
             "connections=%lld fds=%llu", (long long)config->api_connections,
             (unsigned long long)limit.rlim_max);
}

void process_warn_of_root(void)
{
    if (geteuid() == 0)
        log_warn("api", "runs as root, which nothing here needs: see scripts/systemd", "uid=%d",
                 (int)geteuid());
}

void process_address(int fd, char *out, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    memset(&address, 0, sizeof(address));
    check(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    if (address.ss_family == AF_UNIX) {
        snprintf(out, size, "%s", ((const struct sockaddr_un *)&address)->sun_path);
        return;
    }
    check(getnameinfo((const struct sockaddr *)&address, len, host, sizeof(host), port,
                      sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0);
    snprintf(out, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

void process_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (len < 2 || len >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, len);
    if (*path == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        log_debug("api", "systemd not told", "state=%s", log_quote(state));
    close(fd);
}
