/* SPDX-License-Identifier: MIT */
/* httpd_conn.c - connections of a listener: how they come and go, their deadlines, and who makes room.
 *
 * A connection is on httpd->idle without a request and on httpd->conns with one, each ordered by
 * deadline: within a list every deadline is the same span from now, so touching a connection moves it
 * to the end and the first one is always the next due. One whose stream has nothing to send is on
 * httpd->silent, one that was shut down on httpd->cut.
 */
#include "base/clock.h"
#include "base/httpd_priv.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* Looked at for one that may be cut, when none is idle. */
enum { MAX_CANDIDATES = 64 };

/* ---- connections and their deadlines --------------------------------------------------------- */

struct conn *httpd_first_conn(const struct list *conns)
{
    return list_is_empty(conns) ? NULL : container_of(list_first(conns), struct conn, link);
}

static void arm_guard(struct httpd *httpd)
{
    struct conn *busy = httpd_first_conn(&httpd->conns), *idle = httpd_first_conn(&httpd->idle);
    int64_t due_ms;

    if (!busy && !idle)
        return;
    due_ms = !idle || (busy && busy->due_ms < idle->due_ms) ? busy->due_ms : idle->due_ms;
    /* An armed timer may be early, never late: each new deadline of a list is its last. */
    if (loop_timer_is_armed(httpd->guard) && httpd->guard_due_ms <= due_ms)
        return;
    httpd->guard_due_ms = due_ms;
    loop_timer_start(httpd->guard, due_ms - clock_mono_ms());
}

void httpd_conn_touch_at(struct conn *conn, int64_t now_ms)
{
    struct httpd *httpd = conn->httpd;

    if (conn->is_cut)
        return;
    conn->due_ms = now_ms + (conn->request ? httpd->options.request_timeout_ms
                                                    : httpd->options.idle_timeout_ms);
    list_move(conn->request ? &httpd->conns : &httpd->idle, &conn->link);
    arm_guard(httpd);
}

void httpd_conn_touch(struct conn *conn)
{
    httpd_conn_touch_at(conn, clock_mono_ms());
}

void httpd_conn_silent(struct conn *conn)
{
    if (!conn->is_cut)
        list_move(&conn->httpd->silent, &conn->link);
}

/* The library sees the end of the stream and closes the connection by itself. */
void httpd_conn_cut(struct conn *conn)
{
    if (conn->is_cut)
        return;
    shutdown(conn->fd, SHUT_RDWR);
    conn->is_cut = true;
    conn->httpd->n_cut++;
    list_move(&conn->httpd->cut, &conn->link);
}

static bool waits_for_handler(const struct conn *conn)
{
    return conn->request && conn->request->owed && !conn->request->answered;
}

/* Who makes room: the longest idle one, else the one that has been sending or reading longest. */
static struct conn *least_needed(struct httpd *httpd, const struct conn *newcomer)
{
    struct conn *idle = httpd_first_conn(&httpd->idle);
    struct list *at, *next;
    int n = 0;

    if (idle && idle != newcomer)
        return idle;
    LIST_FOREACH (at, next, &httpd->conns) {
        struct conn *conn = container_of(at, struct conn, link);

        if (!waits_for_handler(conn) && !conn->request->stream)
            return conn;
        if (++n == MAX_CANDIDATES)
            break;
    }
    return NULL;
}

static void make_room(struct httpd *httpd, const struct conn *newcomer)
{
    struct conn *victim;

    if (httpd->n_conns - httpd->n_cut <= httpd->options.max_connections)
        return;
    victim = least_needed(httpd, newcomer);
    if (!victim)
        return;
    httpd->stats.cut_for_room++;
    httpd_conn_cut(victim);
}

static void conn_expire(struct conn *conn)
{
    log_debug("http", "deadline passed", "state=%s",
              !conn->request ? "idle" : waits_for_handler(conn) ? "waiting" : "transfer");
    if (waits_for_handler(conn)) {
        httpd_refuse(conn->request, 503, "the request took too long");
        httpd_conn_touch(conn);
        return;
    }
    conn->httpd->stats.cut_late++;
    httpd_conn_cut(conn);
}

static void expire_due(struct list *conns, int64_t now_ms)
{
    struct conn *conn;

    while ((conn = httpd_first_conn(conns)) && conn->due_ms <= now_ms)
        conn_expire(conn);
}

void httpd_on_guard(void *ctx)
{
    struct httpd *httpd = ctx;
    int64_t now_ms = clock_mono_ms();

    expire_due(&httpd->idle, now_ms);
    expire_due(&httpd->conns, now_ms);
    arm_guard(httpd);
}

/* ---- they come and go ------------------------------------------------------------------------ */

static void note_peer(struct conn *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const void *address = NULL;

    conn->has_address = info && info->client_addr &&
                        netaddr_from_sockaddr(info->client_addr, &conn->address);
    if (info && info->client_addr && info->client_addr->sa_family == AF_INET)
        address = &((const struct sockaddr_in *)info->client_addr)->sin_addr;
    else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6)
        address = &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr;
    if (address)
        inet_ntop(info->client_addr->sa_family, address, conn->peer, sizeof(conn->peer));
}

static void conn_opened(struct httpd *httpd, struct MHD_Connection *mhd, void **conn_out)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *conn = mem_new(struct conn);

    check(info);
    *conn = (struct conn){.httpd = httpd, .mhd = mhd, .fd = info->connect_fd};
    list_init(&conn->link);
    note_peer(conn);
    httpd->n_conns++;
    httpd->stats.accepted++;
    httpd_conn_touch(conn);
    make_room(httpd, conn);
    *conn_out = conn;
}

static void conn_closed(struct conn *conn)
{
    struct httpd *httpd = conn->httpd;

    /* The library does not report the end of a request that it refused by itself. */
    if (conn->request)
        httpd_request_let_go(conn->request);
    list_remove(&conn->link);
    httpd->n_cut -= conn->is_cut;
    mem_free(conn);
    /* The timer, so that `stopped` comes from the loop and may free the listener. */
    if (--httpd->n_conns == 0 && httpd->stopped)
        loop_timer_start(httpd->stop_timer, 0);
}

void httpd_on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        conn_opened(ctx, mhd, socket_ctx);
    else
        conn_closed(*socket_ctx);
}

