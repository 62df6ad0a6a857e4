/* SPDX-License-Identifier: MIT */
/* httpd_priv.h - what the parts of httpd share: httpd.c requests, httpd_conn.c connections,
 * httpd_answer.c what is sent, httpd_listen.c sockets.
 */
#ifndef BASE_HTTPD_PRIV_H
#define BASE_HTTPD_PRIV_H

#include "base/httpd.h"
#include "base/list.h"

#include <microhttpd.h>
#include <netinet/in.h>

struct httpd {
    struct httpd_options options;
    struct loop *loop;
    struct loop_mhd *glue;
    struct MHD_Daemon *daemon;
    struct loop_timer *guard; /* the first connection's deadline */
    struct list conns;  /* with a request under way, by deadline */
    struct list idle;   /* without one, by deadline: the first has been idle longest */
    struct list cut;    /* connections that were shut down and will close */
    struct list silent; /* connections whose stream has nothing to send: they have no deadline */
    struct list requests;
    int port;
    int listen_fd;
    int n_conns;
    int n_cut;
    int n_streams;
    struct httpd_stats stats;
    bool stopping;
    bool drained; /* and whoever becomes idle now is cut */
    int64_t guard_due_ms;
    struct loop_timer *drain_timer;
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
    bool has_address;
    struct netaddr address;
    char peer[INET6_ADDRSTRLEN];
};

struct head_line {
    const char *name, *value;
};

struct request {
    struct httpd_req pub;
    struct head_line *lines; /* of its head; the texts go with conn */
    int n_lines;
    struct list link;
    struct httpd *httpd;
    struct conn *conn;             /* NULL: the library has let go */
    struct MHD_Response *response; /* made, not yet handed over */
    struct httpd_stream *stream;   /* the answer has no end */
    struct buf body;               /* of the request, as far as it came */
    size_t body_bytes;
    uint64_t answer_bytes;
    int64_t began_us;
    const char *extra_name, *extra_value; /* header of the answer, or NULL */
    int status;
    bool head_seen;
    bool owed; /* the handler was called and has not answered */
    bool answered;
    bool refusing; /* the refuse callback is running */
    bool suspended;
    struct httpd_answer *shared; /* whose response it is, until that is handed over */
};

/* httpd.c */
void httpd_refuse(struct request *request, int status, const char *text);
int64_t httpd_request_let_go(struct request *request); /* the library has; returns now, mono us */
void httpd_request_free(struct request *request);

/* httpd_head.c: list the header lines, refuse what can be read in two ways (RFC 9112 section 6.3) or is too long. */
void httpd_check_head(struct request *request, const char *version, struct MHD_Connection *mhd);

/* httpd_conn.c */
struct conn *httpd_first_conn(const struct list *conns); /* or NULL */
void httpd_conn_touch(struct conn *conn);  /* its deadline begins anew */
void httpd_conn_touch_at(struct conn *conn, int64_t now_ms); /* the same, by a clock that was just read */
void httpd_conn_silent(struct conn *conn); /* it has none until touched */
void httpd_conn_cut(struct conn *conn);
void httpd_on_guard(void *httpd);          /* of the timer */
void httpd_on_connection(void *httpd, struct MHD_Connection *mhd, void **socket_ctx,
                         enum MHD_ConnectionNotificationCode code);

/* httpd_answer.c */
enum MHD_Result httpd_hand_over(struct request *request, struct MHD_Connection *mhd);
void httpd_stream_closed(struct httpd_stream *stream); /* its connection has let go */

/* httpd_listen.c: a listening socket and its port, or -1. */
MUST_CHECK int httpd_open_listener(const struct httpd_options *options, int *port_out,
                                   struct err *err);

#endif
