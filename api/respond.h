/* SPDX-License-Identifier: MIT */
/* respond.h - answers: JSON with the headers that each one carries, and errors in the style of the
 * path.
 *
 * Each function answers the request (once) and must be the last to touch it.
 */
#ifndef API_RESPOND_H
#define API_RESPOND_H

#include "base/httpd.h"

/* Whose error bodies a path has: the app's {"errors": [text]}, or problem+json (RFC 9457) under /v3 and for
 * feeds and /openapi.json, which pages of any origin may read (Access-Control-Allow-Origin: *). */
enum respond_style { STYLE_APP, STYLE_V3 };

enum respond_style respond_style_of(const char *target);

void respond_json(struct httpd_req *req, struct buf *body);

#define RESPOND_JSON "application/json; charset=utf-8"

/* For one user alone: nobody keeps it. status 200 or 201. list_limit: how many the list in it has at
 * most, told as X-List-Limit; 0: it is no such list. */
void respond_private(struct httpd_req *req, int status, int list_limit, struct buf *body);

/* A time as Rails writes it, in quotes: "2020-03-01T12:00:00.000+09:00" */
struct clock_zone;
void respond_add_time(struct buf *body, const struct clock_zone *zone, int64_t at_ms);

/* 204 */
void respond_nothing(struct httpd_req *req);

/* The headers of an answer that may be kept and asked for again by its ETag; room for
 * RESPOND_MAX_HEADERS. Returns how many. */
enum { RESPOND_MAX_HEADERS = 12 };
size_t respond_cached_headers(struct httpd_header *headers, enum respond_style style,
                              const char *content_type);

/* 503: the database is away, and nothing is kept. */
void respond_away(struct httpd_req *req, enum respond_style style);

/* `parameter`: the query parameter that is at fault, or NULL. Status 503 carries Retry-After. */
void respond_error(struct httpd_req *req, enum respond_style style, int status, const char *text,
                   const char *parameter);

/* 401: who asks is not known; with the header that it must have (RFC 9110 section 11.6.1). */
void respond_unknown(struct httpd_req *req, enum respond_style style, const char *text);

/* 429 */
void respond_too_often(struct httpd_req *req, enum respond_style style, int wait_s);

/* 405 with Allow. */
void respond_wrong_method(struct httpd_req *req, enum respond_style style, const char *methods,
                          const char *text);

/* 204 with Allow; for /v3 and feeds also what a browser asks before a request from another origin. */
void respond_options(struct httpd_req *req, enum respond_style style, const char *methods);

#endif
