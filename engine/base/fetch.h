/* SPDX-License-Identifier: MIT */
/* fetch.h - one HTTP GET by libcurl on the loop.
 *
 * Bounded in size, time and redirects; http and https only. The callback comes exactly once, later,
 * unless fetch_cancel came first.
 */
#ifndef BASE_FETCH_H
#define BASE_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct fetch;
struct fetch_client; /* shares connections, DNS and cookies */

struct fetch_request {
    const char *url;        /* copied */
    const char *user_agent; /* copied; NULL: "catchdeal/VERSION" */
    int64_t timeout_ms;     /* whole request */
    size_t max_bytes;       /* of the body; more is ERR_PROTOCOL */
    int max_redirects;
};

struct fetch_result {
    long status;             /* HTTP status of the last answer */
    const char *body;        /* NUL added; valid during the callback */
    size_t body_len;
    const char *content_type; /* "" when absent */
    const char *url;          /* after redirects */
};

/* err NULL: an answer came, whatever its status. Otherwise ERR_TIMEOUT, ERR_NETWORK, ERR_PROTOCOL
 * and `result` is NULL. */
typedef void fetch_fn(const struct fetch_result *result, const struct err *err, void *ctx);

struct fetch_client *fetch_client_new(struct loop *loop);
void fetch_client_free(struct fetch_client **client); /* cancels what is under way */

/* *.localhost resolves to loopback without asking DNS (RFC 6761), as in Chrome. */
struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request, fetch_fn *done,
                          void *ctx);
void fetch_cancel(struct fetch **fetch);

#endif
