/* SPDX-License-Identifier: MIT */
/* deals.c - see deals.h. Each answer is one or two statements of the store. */
#include "api/deals.h"
#include "api/away.h"
#include "api/cache.h"
#include "api/cursor.h"
#include "api/deal_json.h"
#include "base/str.h"
#include "db/store.h"

#include <stdio.h>
#include <string.h>

enum {
    DEFAULT_SIZE = 20,
    MAX_SIZE = 100,
    MAX_OFFSET = 2000,
    MAX_PAGE = 1000000,
    SITE_MAX_BYTES = 64,
    BODY_MAX_BYTES = 4 << 20,
};

struct app_list {
    int64_t page, size;
    int64_t until_ms;
};

struct v3_list {
    int64_t limit;
    char site[SITE_MAX_BYTES + 1]; /* "": all */
    struct cursor cursor;
    bool has_cursor;
};

static void on_app_rows(const struct deal *deals, int n, const struct err *err, void *ctx);
static void on_v3_rows(const struct deal *deals, int n, const struct err *err, void *ctx);

/* A fill on its way, with what was asked. */
struct filling {
    struct cache_fill *fill;
    const void *asked;
};

static void ask_store(struct cache_fill *fill, const struct store_query *query, const void *asked,
                      store_deals_fn *done)
{
    struct api *api = cache_fill_api(fill);
    struct filling *filling = arena_new(cache_fill_arena(fill), struct filling);
    struct err err;

    if (!away_may_ask(api)) {
        err_set(&err, ERR_STORE, "the database is away");
        cache_fill_failed(fill, &err);
        return;
    }
    *filling = (struct filling){.fill = fill, .asked = asked};
    store_list(api->store, query, done, filling);
}

/* True when the rows are there; otherwise the fill is over. */
static bool store_answered(struct cache_fill *fill, const struct err *err)
{
    away_answered(cache_fill_api(fill), err);
    if (err)
        cache_fill_failed(fill, err);
    return !err;
}

/* ---- the app's list -------------------------------------------------------------------------- */

static const char *check_app_params(struct call *call, struct app_list *list)
{
    struct params *params = &call->params;
    struct err err;

    /* "page=" and the like come from apps with an empty setting. */
    for (size_t i = 0; i < params->n; i++)
        if (!*params->items[i].value)
            params->items[i].name = "";
    if (params_int(params, "page", 1, MAX_PAGE, &list->page, &err) < 0)
        return "page는 1 이상의 정수여야 합니다.";
    if (params_int(params, "size", 1, MAX_PAGE, &list->size, &err) < 0)
        return "size는 1 이상의 정수여야 합니다. 100보다 크면 100으로 봅니다.";
    if (params_time(params, "time", call->api->zone, &list->until_ms, &err) < 0)
        return "time은 2020-03-01 12:00:00 형식이어야 합니다.";
    if (list->size > MAX_SIZE)
        list->size = MAX_SIZE;
    if ((list->page - 1) * list->size > MAX_OFFSET)
        return "2,000번째 이후의 상품은 page로 볼 수 없습니다. GET /v3/deals의 cursor를 "
               "사용하세요. (Numbered pages end at the 2,000th deal: use GET /v3/deals with its "
               "cursor.)";
    return NULL;
}

static void fill_app_list(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct app_list *list = arg;
    struct store_query query = {.before_sort_ms = CLOCK_NONE};

    (void)api;
    query.limit = (int)list->size;
    query.offset = (int)((list->page - 1) * list->size);
    query.until_ms = list->until_ms;
    ask_store(fill, &query, list, on_app_rows);
}

void deals_app_list(struct call *call)
{
    struct app_list list = {.page = 1, .size = DEFAULT_SIZE, .until_ms = CLOCK_NONE};
    struct cache_source source = {.life = CACHE_MINUTE,
                                  .content_type = RESPOND_JSON,
                                  .fill = fill_app_list,
                                  .arg = &list,
                                  .arg_bytes = sizeof(list)};
    const char *problem = check_app_params(call, &list);
    const char *key;

    if (problem) {
        respond_error(call->req, call->style, 400, problem, NULL);
        return;
    }
    key = arena_printf(&call->req->arena, "app?page=%lld&size=%lld&time=%lld", (long long)list.page,
                       (long long)list.size, (long long)list.until_ms);
    /* Whole seconds, as they are answered: the app sends this moment back for its next pages. */
    if (list.until_ms == CLOCK_NONE)
        list.until_ms = clock_wall_ms() / 1000 * 1000;
    cache_respond(call, key, &source);
}

static void add_local_time(struct buf *out, const struct clock_zone *zone, int64_t at_ms)
{
    struct clock_civil c;

    clock_to_local(zone, at_ms, &c);
    buf_addf(out, "\"%04d-%02d-%02d %02d:%02d:%02d\"", c.year, c.month, c.day, c.hour, c.minute,
             c.second);
}

static void on_app_rows(const struct deal *deals, int n, const struct err *err, void *ctx)
{
    const struct filling *filling = ctx;
    const struct app_list *list = filling->asked;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    if (!store_answered(filling->fill, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"pageNumber\":%lld,\"sizeOfPage\":%lld,\"time\":", (long long)list->page,
             (long long)list->size);
    add_local_time(&body, cache_fill_api(filling->fill)->zone, list->until_ms);
    buf_adds(&body, ",\"data\":[");
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_app(&body, &deals[i], i + 1, now_ms);
    }
    buf_adds(&body, "]}");
    cache_fill_done(filling->fill, &body);
}

/* ---- /v3/deals ------------------------------------------------------------------------------- */

static bool is_site_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= 64 && !name[len];
}

static int read_v3_params(struct call *call, struct v3_list *list, struct err *err)
{
    static const char *const known[] = {"limit", "cursor", "site"};
    struct params *params = &call->params;
    const char *cursor_text = params_get(params, "cursor");
    const char *site = params_get(params, "site");

    if (params_only(params, known, ARRAY_LEN(known), err) < 0 ||
        params_int(params, "limit", 1, MAX_SIZE, &list->limit, err) < 0)
        return -1;
    if (site && !is_site_name(site))
        return params_wrong(params, "site", "the name of a board like ppomppu", err);
    if (site)
        snprintf(list->site, sizeof(list->site), "%s", site);
    list->has_cursor = cursor_text != NULL;
    if (cursor_text && !cursor_parse(cursor_text, &list->cursor))
        return params_wrong(params, "cursor", "the next_cursor of an earlier answer, unchanged",
                            err);
    return 0;
}

static void fill_v3_list(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct v3_list *list = arg;
    struct store_query query = {
        .until_ms = CLOCK_NONE, .before_sort_ms = CLOCK_NONE, .with_also_on = true};

    (void)api;
    /* One more than is shown tells whether there is more. */
    query.limit = (int)list->limit + 1;
    query.site = *list->site ? list->site : NULL;
    if (list->has_cursor) {
        query.before_sort_ms = list->cursor.sort_at_ms;
        query.before_id = list->cursor.id;
    }
    ask_store(fill, &query, list, on_v3_rows);
}

void deals_v3_list(struct call *call)
{
    struct v3_list list = {.limit = DEFAULT_SIZE};
    /* Views and likes change without an event. */
    struct cache_source source = {.life = CACHE_MINUTE,
                                  .content_type = RESPOND_JSON,
                                  .fill = fill_v3_list,
                                  .arg = &list,
                                  .arg_bytes = sizeof(list)};
    struct err err;

    if (read_v3_params(call, &list, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    cache_respond(call,
                  arena_printf(&call->req->arena, "v3?limit=%lld&site=%s&from=%lld,%lld",
                               (long long)list.limit, list.site,
                               list.has_cursor ? (long long)list.cursor.sort_at_ms : -1,
                               list.has_cursor ? (long long)list.cursor.id : -1),
                  &source);
}

static void add_next(struct buf *body, const struct deal *last, bool has_more)
{
    char text[CURSOR_CHARS + 1];

    if (has_more) {
        cursor_format(&(struct cursor){last->sort_at_ms, last->id}, text);
        buf_addf(body, "],\"next_cursor\":\"%s\",\"has_more\":true}", text);
    } else {
        buf_adds(body, "],\"next_cursor\":null,\"has_more\":false}");
    }
}

static void on_v3_rows(const struct deal *deals, int n, const struct err *err, void *ctx)
{
    const struct filling *filling = ctx;
    const struct v3_list *list = filling->asked;
    int shown = n > list->limit ? (int)list->limit : n;
    struct buf body;

    if (!store_answered(filling->fill, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"data\":[");
    for (int i = 0; i < shown; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_v3(&body, &deals[i], cache_fill_api(filling->fill)->zone);
    }
    add_next(&body, shown ? &deals[shown - 1] : NULL, n > shown);
    cache_fill_done(filling->fill, &body);
}
