/* SPDX-License-Identifier: MIT */
/* route.c - the table of paths, and what happens off it. */
#include "api/route.h"
#include "api/bookmarks.h"
#include "api/deals.h"
#include "api/deals_app.h"
#include "api/feeds.h"
#include "api/guard.h"
#include "api/keywords.h"
#include "api/marks.h"
#include "api/notices.h"
#include "api/openapi.h"
#include "api/page.h"
#include "api/sites.h"
#include "api/tokens.h"
#include "api/users.h"
#include "api/stream.h"
#include "base/str.h"

#include <string.h>

const struct route route_table[] = {
    /* the app's contract, with the aliases that shipped apps call */
    {"/hit-products", .get = deals_app_list, .marks = true},
    {"/hit-products/index", .get = deals_app_list, .marks = true},
    {"/hit-products/condition", .get = deals_app_list, .marks = true},
    {"/hit_products", .get = deals_app_list, .marks = true},
    {"/hit_products/index", .get = deals_app_list, .marks = true},
    {"/hit_products/condition", .get = deals_app_list, .marks = true},
    {"/hit-products/rank", .get = deals_app_rank, .marks = true},
    {"/hit_products/rank", .get = deals_app_rank, .marks = true},
    {"/hit-products/platform", .get = deals_app_platform, .marks = true},
    {"/hit_products/platform", .get = deals_app_platform, .marks = true},
    {"/hit-products/web_products_list", .get = deals_app_platform, .marks = true},
    {"/hit_products/web_products_list", .get = deals_app_platform, .marks = true},
    {"/hit-products/web-products-list", .get = deals_app_platform, .marks = true},
    {"/hit_products/web-products-list", .get = deals_app_platform, .marks = true},
    {"/hit-products/search", .get = deals_app_search, .marks = true},
    {"/hit_products/search", .get = deals_app_search, .marks = true},
    {"/auth-user", .get = users_show, .post = users_register},
    {"/auth_user", .post = users_register},
    {"/apis/test", .get = users_show},
    {"/bookmarks", .get = bookmarks_list, .post = bookmarks_add, .del = bookmarks_remove},
    {"/bookmarks/combine", .post = bookmarks_toggle},
    {"/book_mark_combine", .post = bookmarks_toggle},
    {"/bookmark-combine", .post = bookmarks_toggle},
    {"/book_mark_create", .post = bookmarks_add},
    {"/bookmark-create", .post = bookmarks_add},
    {"/book_mark_destroy", .del = bookmarks_remove},
    {"/bookmark-destroy", .del = bookmarks_remove},
    {"/book_mark_list", .get = bookmarks_list},
    {"/bookmark-list", .get = bookmarks_list},
    {"/bookmark-product-list", .get = bookmarks_list},
    {"/keyword-pushalarms",
     .get = keywords_push_list, .post = keywords_add, .del = keywords_remove},
    {"/keyword-pushalarms/combine", .post = keywords_toggle},
    {"/keyword-pushalarms/user-status", .get = keywords_status},
    {"/keyword-pushalarms/user-config", .patch = keywords_config},
    {"/keyword-pushalarms/send-pushalarm", .post = notices_send_push},
    {"/keyword-pushalarm-list", .get = keywords_push_list},
    {"/keyword-combine", .post = keywords_toggle},
    {"/keyword-create", .post = keywords_add},
    {"/keyword-destroy", .del = keywords_remove},
    {"/keyword-user-status", .get = keywords_status},
    {"/keyword-config", .patch = keywords_config},
    {"/send-pushalarm", .post = notices_send_push},
    {"/notices", .get = notices_list},
    {"/notice.json", .get = notices_list},
    /* version 3 */
    {"/v3/deals", .get = deals_v3_list},
    {"/v3/deals/{product_id}", .get = deals_v3_one},
    {"/v3/sites", .get = sites_list},
    {"/feeds/atom.xml", .get = feeds_atom},
    {"/feeds/rss.xml", .get = feeds_rss},
    {"/feeds/feed.json", .get = feeds_json},
    {"/openapi.json", .get = openapi_document},
    {"/v3/tokens", .post = tokens_begin, .del = tokens_end},
    {"/v3/tokens/refresh", .post = tokens_refresh},
    {"/v3/notices", .post = notices_add},
    {"/v3/notices/{id}", .del = notices_remove},
    {"/v3/stream", .get = stream_v3},
    /* the web page */
    {"/", .get = page_index},
    {"/web/{file}", .get = page_file},
    {"/favicon.svg", .get = page_icon},
};

const size_t route_count = ARRAY_LEN(route_table);

/* ---- paths ----------------------------------------------------------------------------------- */

static bool is_placeholder(const char *segment, size_t len)
{
    return len > 2 && segment[0] == '{' && segment[len - 1] == '}';
}

/* Segment by segment; what stands for a placeholder goes to call->args. */
static bool path_fits(struct call *call, const char *pattern)
{
    const char *path = call->params.path;
    int n_args = 0;

    for (;;) {
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");

        if (is_placeholder(pattern, want)) {
            if (have == 0)
                return false;
            check(n_args < ROUTE_MAX_ARGS);
            call->args[n_args++] = arena_strndup(&call->req->arena, path, have);
        } else if (want != have || strncmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
        if (!*pattern || !*path)
            return *pattern == *path;
        pattern++;
        path++;
    }
}

static bool has_placeholder(const struct route *route)
{
    return strchr(route->path, '{') != NULL;
}

static const struct route *find(struct call *call)
{
    for (size_t i = 0; i < route_count; i++)
        if (strcmp(route_table[i].path, call->params.path) == 0 && !has_placeholder(&route_table[i]))
            return &route_table[i];
    for (size_t i = 0; i < route_count; i++)
        if (has_placeholder(&route_table[i]) && path_fits(call, route_table[i].path))
            return &route_table[i];
    return NULL;
}

/* ---- methods --------------------------------------------------------------------------------- */

static route_fn *handler_of(const struct route *route, const char *method)
{
    const struct {
        const char *method;
        route_fn *fn;
    } handlers[] = {
        {"GET", route->get},     {"HEAD", route->get},   {"POST", route->post},
        {"PATCH", route->patch}, {"DELETE", route->del},
    };

    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        if (str_eq(handlers[i].method, method))
            return handlers[i].fn;
    return NULL;
}

/* The value of Allow. */
static const char *methods_of(struct call *call)
{
    const struct route *route = call->route;

    return arena_printf(&call->req->arena, "%s%s%s%sOPTIONS", route->get ? "GET, HEAD, " : "",
                        route->post ? "POST, " : "", route->patch ? "PATCH, " : "",
                        route->del ? "DELETE, " : "");
}

static void refuse_method(struct call *call)
{
    const char *methods = methods_of(call);
    const char *app = arena_printf(&call->req->arena, "이 주소는 %s 요청만 받습니다.", methods);
    const char *v3 = arena_printf(&call->req->arena, "this path takes %s", methods);

    respond_wrong_method(call->req, call->style, methods, call->style == STYLE_V3 ? v3 : app);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void refuse_call(struct call *call, int status, const char *app_text, const char *v3_text)
{
    respond_error(call->req, call->style, status, call->style == STYLE_V3 ? v3_text : app_text,
                  NULL);
}

/* For what is refused before any path is looked at, in the language of the app's errors. */
static const char *app_refusal_text(int status)
{
    switch (status) {
    case 400:
        return "요청의 형식이 올바르지 않습니다.";
    case 413:
        return "요청 본문이 너무 큽니다.";
    case 503:
        return "처리 시간이 초과되었습니다. 잠시 후 다시 시도해 주세요.";
    default:
        return "요청을 처리할 수 없습니다.";
    }
}

static void handle(struct call *call, route_fn *handler)
{
    if (call->route->marks && handler == call->route->get)
        marks_begin(call);
    handler(call);
}

void route_request(struct httpd_req *req, void *ctx)
{
    struct call *call = arena_new(&req->arena, struct call);
    route_fn *handler;
    struct err err;

    call->req = req;
    call->api = ctx;
    call->style = respond_style_of(req->target);
    guard_begin(call);
    if (!guard_admit(call))
        return;
    if (params_parse(&call->params, &req->arena, req->target, &err) < 0) {
        refuse_call(call, 400,
                    "주소를 읽을 수 없습니다. % 표기와 UTF-8, 매개변수의 수를 확인하세요.",
                    err.text);
        return;
    }
    call->style = respond_style_of(call->params.path);
    call->route = find(call);
    if (!call->route) {
        refuse_call(call, 404, "없는 주소입니다.", "there is nothing at this path; see /v3/deals");
        return;
    }
    handler = handler_of(call->route, req->method);
    if (str_eq(req->method, "OPTIONS"))
        respond_options(req, call->style, methods_of(call));
    else if (!handler)
        refuse_method(call);
    else
        handle(call, handler);
}

void route_refuse(struct httpd_req *req, int status, const char *text, void *ctx)
{
    enum respond_style style = respond_style_of(req->target);

    /* Refused before its handler; otherwise it has begun already. */
    if (!req->user) {
        struct call *call = arena_new(&req->arena, struct call);

        call->req = req;
        call->api = ctx;
        guard_begin(call);
    }
    respond_error(req, style, status, style == STYLE_V3 ? text : app_refusal_text(status), NULL);
}
