/* SPDX-License-Identifier: MIT */
/* route.h - which handler a path belongs to.
 *
 * Every route answers GET, and HEAD and OPTIONS with it. An unknown path is 404 and another method
 * 405, each in the style of its tree.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/params.h"
#include "api/respond.h"
#include "base/clock.h"
#include "base/httpd.h"

struct store;

/* What handlers share; no request's identity is ever kept here. */
struct api {
    struct store *store;
    struct clock_zone *zone; /* of the times that are shown */
    bool store_is_away;      /* told once in the log, not by each request */
    int n_asked;             /* store calls that have not answered */
};

/* One request on its way; it lives in the request's arena. */
struct call {
    struct httpd_req *req;
    struct api *api;
    enum respond_style style;
    struct params params;
};

typedef void route_fn(struct call *call);

struct route {
    const char *path;
    route_fn *fn;
};

extern const struct route route_table[];
extern const size_t route_count;

/* Take a whole request and see to its answer. `ctx` is the struct api. */
void route_request(struct httpd_req *req, void *ctx);

/* Refuse a request of which httpd knows more than we do: too large, ambiguous, too late. */
void route_refuse(struct httpd_req *req, int status, const char *text, void *ctx);

#endif
