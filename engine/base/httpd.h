/* SPDX-License-Identifier: MIT */
/* httpd.h - one HTTP/1.1 listener on the loop (libmicrohttpd): sockets, limits, deadlines.
 *
 * Used by the API's public listener and by base/admin_http. It knows no paths: it hands over whole
 * requests and takes answers, now or later.
 *
 * Refused before the handler sees them: Content-Length beside Transfer-Encoding, either of them or
 * Host twice, a transfer encoding other than chunked (400), a body over body_max_bytes (413; a
 * chunked one that goes on for another MiB is cut off). The library itself answers a broken request
 * line or header 400, and a head over 16 KiB 414 or 431. One deadline guards each connection: from
 * accept, from each request line and from each answer on, request_timeout_ms may pass until the
 * next of these. Then a request that waits for its handler is answered 503, and anything else (slow
 * head, slow body, slow reader, idle) is cut off.
 */
#ifndef BASE_HTTPD_H
#define BASE_HTTPD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct httpd;

/* Borrowed by the handler until it answers. `arena` is freed with the request, or by httpd_free().
 */
struct httpd_req {
    const char *method;
    const char *target; /* as it stood in the request line, not decoded */
    struct arena arena;
};

struct httpd_header {
    const char *name;
    const char *value;
};

/* A whole request is there: answer it exactly once with httpd_respond(), now or later. */
typedef void httpd_handler_fn(struct httpd_req *req, void *ctx);
/* Answer `req` with `status` and `text` in the form that suits it, before returning. */
typedef void httpd_refuse_fn(struct httpd_req *req, int status, const char *text, void *ctx);
typedef void httpd_stopped_fn(void *ctx);

struct httpd_options {
    const char *listen;  /* ADDRESS:PORT; [::1]:PORT for IPv6; port 0: any free one */
    int max_connections; /* more wait in the kernel's queue until one ends */
    int64_t request_timeout_ms;
    size_t body_max_bytes;
    httpd_handler_fn *handler;
    httpd_refuse_fn *refuse;
    void *ctx;
};

/* Listens when it returns 0. Errors: ERR_CONFIG for a bad address, ERR_INTERNAL with the system's
 * text when it can't be bound. */
MUST_CHECK int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
                         struct err *err);
int httpd_port(const struct httpd *httpd);
int httpd_connections(const struct httpd *httpd);

/* The answer. `body` is emptied; headers are copied. A client that has gone, or was answered 503 by
 * the deadline, is no error: the answer is dropped. The request must not be touched afterwards. */
void httpd_respond(struct httpd_req *req, int status, const struct httpd_header *headers,
                   size_t n_headers, struct buf *body);

/* The same with bytes that outlive the listener. */
void httpd_respond_static(struct httpd_req *req, int status, const struct httpd_header *headers,
                          size_t n_headers, const void *bytes, size_t len);

/* Accept no more, cut idle connections, let running requests end; `stopped` comes once, when the
 * last connection is gone or deadline_ms has passed. Not after httpd_free(). */
void httpd_stop(struct httpd *httpd, int64_t deadline_ms, httpd_stopped_fn *stopped, void *ctx);

/* Ends everything at once. What would still answer a request must have been cancelled before. */
void httpd_free(struct httpd **httpd);

#endif
