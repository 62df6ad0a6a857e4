/* SPDX-License-Identifier: MIT */
/* route.c - the table of paths, and what happens off it. */
#include "api/route.h"
#include "api/deals.h"
#include "api/page.h"
#include "base/str.h"

const struct route route_table[] = {
    /* the app's contract, with the aliases that shipped apps call */
    {"/hit-products", deals_app_list},
    {"/hit-products/index", deals_app_list},
    {"/hit-products/condition", deals_app_list},
    {"/hit_products", deals_app_list},
    {"/hit_products/index", deals_app_list},
    {"/hit_products/condition", deals_app_list},
    /* version 3 */
    {"/v3/deals", deals_v3_list},
    /* the web page */
    {"/", page_index},
    {"/app.js", page_script},
    {"/style.css", page_style},
    {"/favicon.svg", page_icon},
};

const size_t route_count = ARRAY_LEN(route_table);

static const struct route *find(const char *path)
{
    for (size_t i = 0; i < route_count; i++)
        if (str_eq(route_table[i].path, path))
            return &route_table[i];
    return NULL;
}

static void refuse_call(struct call *call, int status, const char *app_text, const char *v3_text)
{
    respond_error(call->req, call->style, status, call->style == STYLE_V3 ? v3_text : app_text,
                  NULL);
}

void route_request(struct httpd_req *req, void *ctx)
{
    struct call *call = arena_new(&req->arena, struct call);
    const struct route *route;
    struct err err;

    call->req = req;
    call->api = ctx;
    call->style = respond_style_of(req->target);
    if (params_parse(&call->params, &req->arena, req->target, &err) < 0) {
        respond_error(req, call->style, 400, err.text, NULL);
        return;
    }
    call->style = respond_style_of(call->params.path);
    route = find(call->params.path);
    if (!route)
        refuse_call(call, 404, "없는 주소입니다.", "there is nothing at this path; see /v3/deals");
    else if (str_eq(req->method, "OPTIONS"))
        respond_options(req);
    else if (!str_eq(req->method, "GET") && !str_eq(req->method, "HEAD"))
        refuse_call(call, 405, "이 주소는 GET 요청만 받습니다.",
                    "this path takes GET, HEAD and OPTIONS");
    else
        route->fn(call);
}

void route_refuse(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    respond_error(req, respond_style_of(req->target), status, text, NULL);
}
