/* SPDX-License-Identifier: MIT */
/* route.h - which handler a path and method belong to.
 *
 * Every route that answers GET answers HEAD and OPTIONS with it. An unknown path is 404 and another
 * method 405 with Allow, each in the style of its tree.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/params.h"
#include "api/respond.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/httpd.h"
#include "base/netaddr.h"
#include "db/store_users.h"

struct auth;
struct cache;
struct guard;
struct limits;
struct pack;
struct page;
struct secrets;
struct store;
struct stream_hub;

/* What handlers share; no request's identity is ever kept here. */
struct api {
    struct store *store;
    struct cache *cache;
    struct guard *guard;
    struct auth *auth;
    struct secrets *secrets;
    struct page *page;
    struct pack *pack; /* for what is sent once */
    struct limits *registrations, *passwords; /* how often a client may try; registrations NULL: always */
    const struct config *config;
    struct stream_hub *streams;
    struct clock_zone *zone; /* of the times that are shown */
    bool store_is_away;      /* told once in the log, not by each request */
    int n_asked;             /* store calls that have not answered */
};

enum { ROUTE_MAX_ARGS = 2 };

/* One request on its way; it lives in the request's arena. */
struct call {
    struct httpd_req *req;
    struct api *api;
    const struct route *route;
    enum respond_style style;
    struct params params;
    const char *args[ROUTE_MAX_ARGS]; /* the segments that stand for {name}, decoded */
    struct store_who who;             /* of this request alone; user_id 0: nobody is known */
    struct netaddr client;            /* who asks, behind trusted proxies: see guard.h */
    const char *request_id;           /* in the log and, unless it is a shared one, in the answer */
    bool wants_marks;                 /* the list is to show who's bookmarks: see marks.h */
};

typedef void route_fn(struct call *call);

/* Each route stands in README.md and in web/openapi.json as well, which tests compare. Paths are compared
 * whole, with those first that hold no `{name}`, a segment that takes any one that is not empty. */
struct route {
    const char *path;
    route_fn *get, *post, *patch, *del; /* NULL: 405 */
    bool
        marks; /* GET answers the app's deals by cache_respond(): isBookmark is filled in for a token */
};

extern const struct route route_table[];
extern const size_t route_count;

/* Take a whole request and see to its answer. `ctx` is the struct api. */
void route_request(struct httpd_req *req, void *ctx);

/* Refuse a request of which httpd knows more than we do: too large, ambiguous, too late. */
void route_refuse(struct httpd_req *req, int status, const char *text, void *ctx);

#endif
