/* SPDX-License-Identifier: MIT */
/* console_socket.c - the socket's place in the file system, and who may talk.
 *
 * Linux: unix(7). Until listen() nobody can connect, so the mode is right before anybody does.
 */
#include "admin/console.h"
#include "admin/console_priv.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *console_path_of(const struct config *config)
{
    static const char sqlite[] = "sqlite:";
    const char *file = config->database + strlen(sqlite);
    const char *slash;

    if (str_eq(config->admin_socket, "none"))
        return NULL;
    if (!str_empty(config->admin_socket))
        return mem_strdup(config->admin_socket);
    if (!str_starts(config->database, sqlite))
        return mem_strdup("var/engine.sock");
    slash = strrchr(file, '/');
    return mem_printf("%.*sengine.sock", slash ? (int)(slash - file) + 1 : 0, file);
}

static int set_path(struct sockaddr_un *address, const char *path, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return err_set(err, ERR_CONFIG, "%s: expected a path of at most %zu bytes", path,
                       sizeof(address->sun_path) - 1);
    memcpy(address->sun_path, path, strlen(path) + 1);
    return 0;
}

static int make_folders(const char *path, struct err *err)
{
    char *copy = mem_strdup(path);
    int rc = 0;

    for (char *slash = strchr(copy + 1, '/'); rc == 0 && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            rc = err_sys(err, ERR_CONFIG, "make the folder %s", copy);
        *slash = '/';
    }
    mem_free(copy);
    return rc;
}

static int new_socket(struct err *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? err_sys(err, ERR_INTERNAL, "socket") : fd;
}

/* Take a dead process's socket out of the way; a living one's stays. */
static int clear_place(const struct sockaddr_un *address, struct err *err)
{
    struct stat st;
    int fd, rc, why;

    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : err_sys(err, ERR_CONFIG, "%s", address->sun_path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_CONFIG, "%s: expected a socket there, or nothing",
                       address->sun_path);
    fd = new_socket(err);
    if (fd < 0)
        return -1;
    rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    why = errno;
    close(fd);
    if (rc == 0 || why == EAGAIN)
        return err_set(err, ERR_CONFIG, "%s: another process serves there", address->sun_path);
    if (why != ECONNREFUSED && why != ENOENT) {
        errno = why;
        return err_sys(err, ERR_CONFIG, "%s", address->sun_path);
    }
    unlink(address->sun_path);
    return 0;
}

int console_listen(const char *path, struct err *err)
{
    struct sockaddr_un address;
    int fd;

    if (set_path(&address, path, err) < 0 || make_folders(path, err) < 0 ||
        clear_place(&address, err) < 0)
        return -1;
    fd = new_socket(err);
    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        chmod(path, 0600) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_sys(err, ERR_CONFIG, "%s", path);
    close(fd);
    return -1;
}

bool console_may_talk(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid();
}
