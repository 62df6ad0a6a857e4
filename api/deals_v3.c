/* SPDX-License-Identifier: MIT */
/* deals_v3.c - /v3/deals by cursor and filters, and one deal with its history. */
#include "api/cursor.h"
#include "api/deal_json.h"
#include "api/deals.h"
#include "api/fill.h"
#include "api/filters.h"
#include "base/str.h"
#include "db/store_sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_LIMIT = 20,
    MAX_LIMIT = 100,
    HISTORY_MAX = 200,
    ID_MAX_BYTES = 500,
    BODY_MAX_BYTES = 4 << 20,
};

struct v3_list {
    int64_t limit;
    struct filters filters;
    struct cursor cursor;
    bool has_cursor;
};

static void on_list_rows(const struct store_page *page, const struct err *err, void *ctx);
static void on_deal_row(const struct store_page *page, const struct err *err, void *ctx);
static void on_deal_events(const struct store_event *events, int n, const struct err *err, void *ctx);

/* ---- the list -------------------------------------------------------------------------------- */

static int read_params(struct call *call, struct v3_list *list, struct err *err)
{
    static const char *const known[] = {"limit", "cursor", FILTERS_NAMES};
    struct params *params = &call->params;
    const char *cursor_text = params_get(params, "cursor");

    if (params_only(params, known, ARRAY_LEN(known), err) < 0 ||
        params_int(params, "limit", 1, MAX_LIMIT, &list->limit, err) < 0 ||
        filters_parse(&list->filters, params, &call->req->arena, call->api->zone, err) < 0)
        return -1;
    list->has_cursor = cursor_text != NULL;
    if (cursor_text && !cursor_parse(cursor_text, &list->cursor))
        return params_wrong(params, "cursor", "the next_cursor of an earlier answer, unchanged",
                            err);
    return 0;
}

static void fill_list(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct v3_list *list = arg;
    struct store_find find = filters_find(&list->filters, (int)list->limit);

    (void)api;
    find.with_also_on = true;
    if (list->has_cursor) {
        find.before_sort_ms = list->cursor.sort_at_ms;
        find.before_id = list->cursor.id;
    }
    fill_by_find(fill, &find, list, on_list_rows);
}

void deals_v3_list(struct call *call)
{
    struct v3_list list = {.limit = DEFAULT_LIMIT};
    /* Views and likes change without an event. */
    const struct cache_source source = {.subject = CACHE_OF_DEALS,
                                        .life = CACHE_MINUTE,
                                        .content_type = RESPOND_JSON,
                                        .fill = fill_list,
                                        .arg = &list,
                                        .arg_bytes = sizeof(list)};
    struct err err;

    if (read_params(call, &list, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    cache_respond(call,
                  arena_printf(&call->req->arena, "v3?limit=%lld&from=%lld,%lld&%s",
                               (long long)list.limit,
                               list.has_cursor ? (long long)list.cursor.sort_at_ms : -1,
                               list.has_cursor ? (long long)list.cursor.id : -1,
                               filters_key(&list.filters, &call->req->arena)),
                  &source);
}

static void add_next(struct buf *body, const struct store_page *page)
{
    char text[CURSOR_CHARS + 1];

    if (page->has_more) {
        cursor_format(&(struct cursor){page->next_sort_ms, page->next_id}, text);
        buf_addf(body, "],\"next_cursor\":\"%s\",\"has_more\":true}", text);
    } else {
        buf_adds(body, "],\"next_cursor\":null,\"has_more\":false}");
    }
}

static void on_list_rows(const struct store_page *page, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"data\":[");
    for (int i = 0; i < page->n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_v3(&body, &page->deals[i], cache_fill_api(filling->fill)->zone);
    }
    add_next(&body, page);
    cache_fill_done(filling->fill, &body);
}

/* ---- one deal -------------------------------------------------------------------------------- */

struct one {
    char product_id[ID_MAX_BYTES + 1];
};

static void fill_one(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct one *one = arg;
    const struct store_find find = {.limit = 1,
                                    .before_sort_ms = CLOCK_NONE,
                                    .since_ms = CLOCK_NONE,
                                    .product_id = one->product_id,
                                    .with_also_on = true};

    (void)api;
    fill_by_find(fill, &find, one, on_deal_row);
}

void deals_v3_one(struct call *call)
{
    struct one one;
    const struct cache_source source = {.subject = CACHE_OF_DEALS,
                                        .life = CACHE_MINUTE,
                                        .content_type = RESPOND_JSON,
                                        .fill = fill_one,
                                        .arg = &one,
                                        .arg_bytes = sizeof(one)};
    struct err err;

    if (params_only(&call->params, NULL, 0, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    memset(&one, 0, sizeof(one));
    snprintf(one.product_id, sizeof(one.product_id), "%.*s",
             (int)str_cut_utf8(call->args[0], ID_MAX_BYTES), call->args[0]);
    cache_respond(call, arena_printf(&call->req->arena, "v3/deal/%s", one.product_id), &source);
}

static void on_deal_row(const struct store_page *page, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    struct cache_fill *fill = filling->fill;
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    if (page->n == 0) {
        cache_fill_refused(fill, 404, "없는 상품입니다.", "no deal has this product_id");
        return;
    }
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"data\":");
    deal_json_v3(&body, page->deals, cache_fill_api(fill)->zone);
    filling = fill_begin(fill, arena_strdup(cache_fill_arena(fill), buf_str(&body)));
    buf_fini(&body);
    if (filling)
        store_deal_events(cache_fill_api(fill)->store, page->deals->id, HISTORY_MAX, on_deal_events,
                          filling);
}

/* "1290000 KRW" of the event is 12900 KRW. */
static void add_price(struct buf *body, const char *value)
{
    char *unit;
    long long e2 = strtoll(value, &unit, 10);
    unsigned long long size = e2 < 0 ? -(unsigned long long)e2 : (unsigned long long)e2;
    char text[100];

    if (size % 100)
        snprintf(text, sizeof(text), "%s%llu.%02llu%.20s", e2 < 0 ? "-" : "", size / 100, size % 100, unit);
    else
        snprintf(text, sizeof(text), "%s%llu%.20s", e2 < 0 ? "-" : "", size / 100, unit);
    buf_add_json(body, text);
}

static void add_value(struct buf *body, const char *name, const struct store_event *event,
                      const char *value)
{
    buf_addf(body, ",\"%s\":", name);
    if (value && str_eq(event->kind, "price"))
        add_price(body, value);
    else
        buf_add_json(body, value);
}

static void add_event(struct buf *body, const struct store_event *event, const struct clock_zone *zone)
{
    char at[CLOCK_RFC3339_BYTES];

    clock_format_local(zone, event->at_ms, at);
    buf_addf(body, "{\"at\":\"%s\",\"kind\":", at);
    buf_add_json(body, event->kind);
    add_value(body, "old", event, event->old_value);
    add_value(body, "new", event, event->new_value);
    buf_addc(body, '}');
}

static void on_deal_events(const struct store_event *events, int n, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, filling->asked);
    buf_adds(&body, ",\"history\":[");
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        add_event(&body, &events[i], cache_fill_api(filling->fill)->zone);
    }
    buf_adds(&body, "]}");
    cache_fill_done(filling->fill, &body);
}
