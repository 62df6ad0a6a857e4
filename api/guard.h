/* SPDX-License-Identifier: MIT */
/* guard.h - what is done around every request: who asks and under which id, may they ask that often,
 * what is counted, and the line in the access log.
 */
#ifndef API_GUARD_H
#define API_GUARD_H

#include "api/route.h"
#include "base/buf.h"

struct guard;

/* Errors: ERR_CONFIG for api_trusted_proxies. */
MUST_CHECK int guard_new(const struct config *config, struct guard **out, struct err *err);
void guard_free(struct guard **guard);

/* The first thing that is done with a request: fills in call->client and call->request_id. */
void guard_begin(struct call *call);

/* false: too often, and the call was answered 429. */
MUST_CHECK bool guard_admit(struct call *call);

/* A httpd_seen_fn; ctx is the struct api. */
void guard_seen(const struct httpd_seen *seen, void *ctx);

/* Requests by route and class of status, how long they took, limits. */
void guard_metrics(const struct guard *guard, struct buf *out);

#endif
