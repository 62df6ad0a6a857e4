/* SPDX-License-Identifier: MIT */
/* fetch.h - one HTTP request by libcurl on the loop.
 *
 * Bounded in size, time and redirects; http and https only. The callback comes exactly once, later,
 * unless fetch_cancel came first.
 *
 * Private networks (base/netaddr.h) are closed: each connection's resolved address is judged before
 * it is made, and once more before a request goes out on it, so neither redirects nor names that
 * lead there get through, nor does a connection that another request had left open.
 */
#ifndef BASE_FETCH_H
#define BASE_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/retry_after.h"

struct fetch;
struct fetch_client; /* shares connections, DNS and cookies */

struct fetch_request {
    const char *url;        /* copied */
    const char *user_agent; /* copied; NULL: "catchdeal/VERSION" */
    const char *accept_language; /* NULL: not sent */
    /* Validators of an earlier answer to the same URL, as it gave them; NULL: none. With one of them
     * the answer may be 304 and empty. */
    const char *etag, *last_modified;
    int64_t timeout_ms;     /* whole request */
    size_t max_bytes;       /* of the body; more is ERR_PROTOCOL */
    int max_redirects;
    const char *private_origin; /* copied; "http://host[:port]" that may be at a private address;
                                   NULL: none */

    /* For services that the operator names himself, such as the push service and webhooks: */
    bool allow_private; /* any address will do, not only public ones */
    bool hide_path;     /* errors name the origin only: the path or the query is a secret */
    const char *method; /* copied; NULL: GET, or POST where there is a body */
    const char *body;   /* copied, of body_len bytes; NULL: none. Name its type in `headers` */
    size_t body_len;
    /* Copied: "Name: value" each, the last one NULL; NULL: none. None has a line end in it. */
    const char *const *headers;
    /* With a body or headers max_redirects is 0: what was meant for one server goes to no other. */
};

struct fetch_result {
    long status;      /* HTTP status of the last answer */
    const char *body; /* NUL added; valid during the callback */
    size_t body_len;
    const char *content_type; /* "" when absent */
    const char *url;          /* after redirects */
    const char *etag, *last_modified; /* of the last answer, as they came; NULL: absent */
    int64_t retry_after_ms;           /* base/retry_after.h; RETRY_AFTER_NONE: absent */
};

/* err NULL: an answer came, whatever its status. Otherwise ERR_TIMEOUT, ERR_NETWORK, ERR_PROTOCOL
 * and `result` is NULL. "refused: 10.0.0.1 is a private address (private)" is ERR_NETWORK. */
typedef void fetch_fn(const struct fetch_result *result, const struct err *err, void *ctx);

struct fetch_client *fetch_client_new(struct loop *loop);
void fetch_client_free(struct fetch_client **client); /* cancels what is under way */

/* *.localhost resolves to loopback without asking DNS (RFC 6761), as in Chrome. */
struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          fetch_fn *done, void *ctx);
void fetch_cancel(struct fetch **fetch);

#endif
