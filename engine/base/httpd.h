/* SPDX-License-Identifier: MIT */
/* httpd.h - one HTTP/1.1 listener on the loop (libmicrohttpd): sockets, limits, deadlines.
 *
 * Used by the API's public listener and by base/admin_http. It knows no paths: it hands over whole
 * requests and takes answers, now or later.
 *
 * Refused before the handler sees them: Content-Length beside Transfer-Encoding, either of them or
 * Host twice, a transfer encoding other than chunked, a header's name that is no token (400), a body
 * over body_max_bytes (413; a chunked one that goes on for another MiB is cut off). The library itself
 * answers a broken request line or header 400, and a head over 6.5 KiB 414 or 431. One deadline guards
 * each connection: without a request line (new, or idle after an answer) idle_timeout_ms may pass;
 * from each request line and from each answer on, request_timeout_ms may pass until the next of these.
 * Then a request that waits for its handler is answered 503, and anything else (slow head, slow body,
 * slow reader, idle) is cut off.
 *
 * With max_connections of them, whoever comes takes the place of the one that has been idle longest,
 * else of the one that has been sending its request or reading its answer longest. Requests that
 * wait for their handler and streams keep their places; when there are no others, newcomers wait in
 * the kernel's queue.
 */
#ifndef BASE_HTTPD_H
#define BASE_HTTPD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/netaddr.h"

#include <stdbool.h>
#include <stdint.h>

struct httpd;

/* Borrowed by the handler until it answers. `arena` is freed with the request, or by httpd_free().
 */
struct httpd_req {
    const char *method;
    const char *target; /* as it stood in the request line, not decoded */
    const char *body;   /* whole, NUL added; "" when there is none */
    size_t body_len;
    struct arena arena;
    void *user; /* the handler's own, given to `seen`; NULL at first */
};

/* The value of the request's first header of that name (case does not count), or NULL. Copied into
 * the request's arena. Only before the answer, and only while the client is there: look when the
 * handler is called. */
const char *httpd_header(struct httpd_req *req, const char *name);

/* The numeric address of who connected ("192.0.2.7", "2001:db8::1"), likewise; "" when unknown. */
const char *httpd_peer(struct httpd_req *req);
const struct netaddr *httpd_peer_address(const struct httpd_req *req); /* NULL: no address */

/* All lines of that header, joined by commas in their order, or NULL; likewise. */
const char *httpd_header_lines(struct httpd_req *req, const char *name);

/* One header more for this request's answer, whoever gives it; only the last call counts. Not given
 * with a shared answer (httpd_respond_answer). Copied. */
void httpd_add_header(struct httpd_req *req, const char *name, const char *value);

struct httpd_header {
    const char *name;
    const char *value;
};

/* A whole request is there: answer it exactly once with httpd_respond(), now or later. */
typedef void httpd_handler_fn(struct httpd_req *req, void *ctx);
/* Answer `req` with `status` and `text` in the form that suits it, before returning. */
typedef void httpd_refuse_fn(struct httpd_req *req, int status, const char *text, void *ctx);
typedef void httpd_stopped_fn(void *ctx);

/* One request that was answered, or whose client left. Borrowed for the call. */
struct httpd_seen {
    const char *method, *target, *peer;
    int status; /* 0: nobody was left to answer */
    bool is_stream;
    int64_t took_us;     /* from the request line to the last byte of the answer */
    uint64_t body_bytes; /* of the answer */
    void *user;          /* the handler's */
};

typedef void httpd_seen_fn(const struct httpd_seen *seen, void *ctx);

struct httpd_options {
    const char *listen;  /* ADDRESS:PORT; [::1]:PORT for IPv6; port 0: any free one; fd:N: a listening
                            socket that this process was given (sd_listen_fds(3)) and that is ours
                            now */
    bool reuse_port;     /* SO_REUSEPORT: several processes on one address */
    int max_connections; /* about: a few more while others are being cut */
    int64_t request_timeout_ms;
    int64_t idle_timeout_ms; /* 0: request_timeout_ms */
    int64_t drain_ms;        /* see httpd_stop() */
    size_t body_max_bytes;
    httpd_handler_fn *handler;
    httpd_refuse_fn *refuse;
    httpd_seen_fn *seen; /* may be NULL */
    void *ctx;
};

/* Listens when it returns 0. Errors: ERR_CONFIG for a bad address, ERR_INTERNAL with the system's
 * text when it can't be bound. */
MUST_CHECK int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
                         struct err *err);
int httpd_port(const struct httpd *httpd);
int httpd_connections(const struct httpd *httpd);

struct httpd_stats {
    uint64_t accepted;
    uint64_t cut_for_room; /* to make room for others */
    uint64_t cut_late;     /* at their deadline */
};
const struct httpd_stats *httpd_stats(const struct httpd *httpd);
int httpd_listen_fd(const struct httpd *httpd); /* to be handed over; stays ours; -1 after httpd_stop() */

/* The answer. `body` is emptied; headers are copied. A client that has gone, or was answered 503 by
 * the deadline, is no error: the answer is dropped. The request must not be touched afterwards. */
void httpd_respond(struct httpd_req *req, int status, const struct httpd_header *headers,
                   size_t n_headers, struct buf *body);

/* The same with bytes that outlive the listener. */
void httpd_respond_static(struct httpd_req *req, int status, const struct httpd_header *headers,
                          size_t n_headers, const void *bytes, size_t len);

/* ---- answers that are made once and given often ---------------------------------------------- */

/* Status, headers and bytes; counted references. A body may be given to any number of requests, and
 * stays as long as one of them is being sent. */
struct httpd_answer;

struct httpd_answer *httpd_answer_new(int status, const struct httpd_header *headers,
                                      size_t n_headers, struct buf *body);
const char *httpd_answer_bytes(const struct httpd_answer *answer, size_t *len); /* live as long as it does */
struct httpd_answer *httpd_answer_ref(struct httpd_answer *answer);
void httpd_answer_unref(struct httpd_answer **answer);
void httpd_respond_answer(struct httpd_req *req, struct httpd_answer *answer);
/* 304 with the headers of the answer that the client has already, its length too, and no body. */
void httpd_respond_not_modified(struct httpd_req *req, struct httpd_answer *answer);

/* ---- answers without an end (server-sent events) --------------------------------------------- */

/* Bytes that several streams send; counted references. */
struct httpd_bytes;

struct httpd_bytes *httpd_bytes_new(const void *bytes, size_t len); /* copied */
struct httpd_bytes *httpd_bytes_ref(struct httpd_bytes *bytes);
void httpd_bytes_unref(struct httpd_bytes **bytes);

struct httpd_stream;

/* The stream is over: its client left or read too slowly, or it was ended. Comes once, from the
 * loop, not from httpd_respond_stream() or httpd_stream_send(); the stream is
 * gone after it. httpd_free() ends those that are left, with this call. */
typedef void httpd_stream_closed_fn(void *ctx);

/* Begin an answer of unknown length (chunked). NULL: nobody is there any more, and `closed` does not
 * come. An idle stream has no deadline; one that has bytes waiting must read some of them within
 * request_timeout_ms. A client that left is noticed at the next send. httpd_stop() ends all streams. */
struct httpd_stream *httpd_respond_stream(struct httpd_req *req, int status,
                                          const struct httpd_header *headers, size_t n_headers,
                                          size_t max_pending_bytes, httpd_stream_closed_fn *closed,
                                          void *ctx);

/* Called, with the stream's ctx, when all that was queued has been handed to the connection: it may
 * send and end, and nothing else. */
typedef void httpd_stream_drained_fn(void *ctx);
void httpd_stream_on_drained(struct httpd_stream *stream, httpd_stream_drained_fn *drained);

/* Queue bytes; false when more than max_pending_bytes would wait (nothing is queued then). */
bool httpd_stream_send(struct httpd_stream *stream, struct httpd_bytes *bytes);
/* Has the client closed its side? An idle stream is not told by itself. */
bool httpd_stream_is_left(const struct httpd_stream *stream);
size_t httpd_stream_pending(const struct httpd_stream *stream);
/* What is queued is still sent; then the connection closes. */
void httpd_stream_end(struct httpd_stream *stream);
int httpd_streams(const struct httpd *httpd);

/* Accept no more, let running requests end, each with its connection. For drain_ms connections may
 * still send one request more (its client could not know) and streams go on; then the idle ones are
 * cut and the streams end. `stopped` comes once, when the last connection is gone or deadline_ms has
 * passed. Not after httpd_free(). */
void httpd_stop(struct httpd *httpd, int64_t deadline_ms, httpd_stopped_fn *stopped, void *ctx);

/* Ends everything at once. What would still answer a request must have been cancelled before. */
void httpd_free(struct httpd **httpd);

#endif
