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

void route_request(struct httpd_req *req, void *ctx)
{
    struct call *call = arena_new(&req->arena, struct call);
    const struct route *route;
    struct err err;

    call->req = req;
    call->api = ctx;
    call->style = respond_style_of(req->target);
    if (params_parse(&call->params, &req->arena, req->target, &err) < 0) {
        refuse_call(call, 400,
                    "주소를 읽을 수 없습니다. % 표기와 UTF-8, 매개변수의 수를 확인하세요.",
                    err.text);
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
    enum respond_style style = respond_style_of(req->target);

    (void)ctx;
    respond_error(req, style, status, style == STYLE_V3 ? text : app_refusal_text(status), NULL);
}
