/* SPDX-License-Identifier: MIT */
/* respond.c - see respond.h. */
#include "api/respond.h"
#include "base/clock.h"
#include "base/str.h"

#include <string.h>

static const char RETRY_AFTER_S[] = "5";

enum { BODY_MAX_BYTES = 4 << 20 };

static bool is_below(const char *target, const char *path)
{
    size_t len = 0;

    while (path[len] && target[len] == path[len])
        len++;
    return !path[len] && (!target[len] || target[len] == '/' || target[len] == '?');
}

enum respond_style respond_style_of(const char *target)
{
    return is_below(target, "/v3") || is_below(target, "/feeds") || is_below(target, "/openapi.json")
               ? STYLE_V3
               : STYLE_APP;
}

/* No cookies are ever used, so any page may read what anybody may. */
static size_t add_open(struct httpd_header *headers, enum respond_style style)
{
    if (style != STYLE_V3)
        return 0;
    headers[0] = (struct httpd_header){"Access-Control-Allow-Origin", "*"};
    headers[1] = (struct httpd_header){"Access-Control-Expose-Headers", "ETag, Age, Retry-After, X-List-Limit, X-Request-Id"};
    return 2;
}

void respond_json(struct httpd_req *req, struct buf *body)
{
    const struct httpd_header headers[] = {{"Content-Type", "application/json; charset=utf-8"},
                                           {"Cache-Control", "no-cache"},
                                           {"X-Content-Type-Options", "nosniff"}};

    httpd_respond(req, 200, headers, ARRAY_LEN(headers), body);
}

size_t respond_cached_headers(struct httpd_header *headers, enum respond_style style,
                              const char *content_type)
{
    size_t n = add_open(headers, style);

    headers[n++] = (struct httpd_header){"Content-Type", content_type};
    headers[n++] = (struct httpd_header){"Cache-Control", "no-cache"};
    headers[n++] = (struct httpd_header){"Vary", "Accept-Encoding, Authorization"};
    headers[n++] = (struct httpd_header){"X-Content-Type-Options", "nosniff"};
    return n;
}

void respond_private(struct httpd_req *req, int status, int list_limit, struct buf *body)
{
    struct httpd_header headers[8] = {{"Content-Type", RESPOND_JSON},
                                      {"Cache-Control", "no-store"},
                                      {"X-Content-Type-Options", "nosniff"}};
    size_t n = 3;

    if (list_limit)
        headers[n++] =
            (struct httpd_header){"X-List-Limit", arena_printf(&req->arena, "%d", list_limit)};
    n += add_open(headers + n, respond_style_of(req->target));
    httpd_respond(req, status, headers, n, body);
}

void respond_add_time(struct buf *body, const struct clock_zone *zone, int64_t at_ms)
{
    struct clock_civil c;
    int offset_min;

    clock_to_local(zone, at_ms, &c);
    offset_min = (c.offset_s < 0 ? -c.offset_s : c.offset_s) / 60;
    buf_addf(body, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d\"", c.year, c.month, c.day,
             c.hour, c.minute, c.second, (int)((at_ms % 1000 + 1000) % 1000),
             c.offset_s < 0 ? '-' : '+', offset_min / 60, offset_min % 60);
}

void respond_nothing(struct httpd_req *req)
{
    struct httpd_header headers[4] = {{"Cache-Control", "no-store"}};
    size_t n = 1 + add_open(headers + 1, respond_style_of(req->target));

    httpd_respond_static(req, 204, headers, n, "", 0);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void add_problem(struct buf *body, int status, const char *text, const char *parameter)
{
    buf_addf(body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
             title_of(status), status);
    buf_add_json(body, text);
    if (parameter) {
        buf_adds(body, ",\"parameter\":");
        buf_add_json(body, parameter);
    }
    buf_addc(body, '}');
}

static void respond_problem(struct httpd_req *req, enum respond_style style, int status,
                            const char *text, const char *parameter,
                            const struct httpd_header *more)
{
    struct httpd_header headers[8] = {{"Content-Type", style == STYLE_V3
                                                           ? "application/problem+json"
                                                           : "application/json; charset=utf-8"},
                                      {"Cache-Control", "no-store"},
                                      {"X-Content-Type-Options", "nosniff"}};
    size_t n = 3;
    struct buf body;

    buf_init(&body, BODY_MAX_BYTES);
    if (style == STYLE_V3) {
        add_problem(&body, status, text, parameter);
    } else {
        buf_adds(&body, "{\"errors\":[");
        buf_add_json(&body, text);
        buf_adds(&body, "]}");
    }
    if (status == 503)
        headers[n++] = (struct httpd_header){"Retry-After", RETRY_AFTER_S};
    if (more)
        headers[n++] = *more;
    n += add_open(headers + n, style);
    httpd_respond(req, status, headers, n, &body);
}

void respond_error(struct httpd_req *req, enum respond_style style, int status, const char *text,
                   const char *parameter)
{
    respond_problem(req, style, status, text, parameter, NULL);
}

void respond_away(struct httpd_req *req, enum respond_style style)
{
    respond_error(req, style, 503,
                  style == STYLE_V3
                      ? "the database does not answer; try again later"
                      : "데이터베이스가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
                  NULL);
}

void respond_wrong_method(struct httpd_req *req, enum respond_style style, const char *methods,
                          const char *text)
{
    const struct httpd_header allow = {"Allow", methods};

    respond_problem(req, style, 405, text, NULL, &allow);
}

void respond_unknown(struct httpd_req *req, enum respond_style style, const char *text)
{
    static const struct httpd_header challenge = {"WWW-Authenticate", "Bearer"};

    respond_problem(req, style, 401, text, NULL, &challenge);
}

void respond_too_often(struct httpd_req *req, enum respond_style style, int wait_s)
{
    const struct httpd_header retry = {"Retry-After", arena_printf(&req->arena, "%d", wait_s)};

    respond_problem(req, style, 429,
                    style == STYLE_V3 ? "too many requests from this address; see Retry-After"
                                      : "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
                    NULL, &retry);
}

void respond_options(struct httpd_req *req, enum respond_style style, const char *methods)
{
    struct httpd_header headers[8] = {{"Allow", methods}};
    size_t n = 1;

    if (style == STYLE_V3) {
        n += add_open(headers + n, style);
        headers[n++] = (struct httpd_header){"Access-Control-Allow-Methods", methods};
        headers[n++] = (struct httpd_header){"Access-Control-Allow-Headers",
                                             "Authorization, Content-Type, If-None-Match, Last-Event-ID, X-App-Key, X-Request-Id"};
        headers[n++] = (struct httpd_header){"Access-Control-Max-Age", "86400"};
    }
    httpd_respond_static(req, 204, headers, n, "", 0);
}
