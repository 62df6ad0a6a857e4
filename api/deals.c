/* SPDX-License-Identifier: MIT */
/* deals.c - the app's numbered list; see deals.h. One statement of the store. */
#include "api/deals.h"
#include "api/deal_json.h"
#include "api/fill.h"
#include "base/str.h"
#include "db/store.h"

#include <stdio.h>
#include <string.h>

#define MAX_PAGE_TEXT "1000000"

enum {
    DEFAULT_SIZE = 20,
    MAX_SIZE = 100,
    MAX_OFFSET = 2000,
    MAX_PAGE = 1000000,
    BODY_MAX_BYTES = 4 << 20,
    SECOND_MS = 1000,
};

struct app_list {
    int64_t page, size;
    int64_t until_ms;     /* asked for; from the fill on a whole second, now if none was */
    bool is_until_asked;
};

static void on_app_rows(const struct deal *deals, int n, const struct err *err, void *ctx);

/* ---- the app's list -------------------------------------------------------------------------- */

/* A whole number of as many digits as MAX_PAGE or more: too far or too many, but no other word. */
static bool is_huge(const char *value)
{
    const char *first = value + strspn(value, "0");
    size_t n = strspn(first, "0123456789");

    return n >= strlen(MAX_PAGE_TEXT) && !first[n];
}

static const char *check_app_params(struct call *call, struct app_list *list)
{
    struct params *params = &call->params;
    struct err err;

    /* "page=" and the like come from apps with an empty setting. */
    for (size_t i = 0; i < params->n; i++) {
        struct param *param = &params->items[i];

        if (!*param->value)
            param->name = "";
        else if ((str_eq(param->name, "page") || str_eq(param->name, "size")) && is_huge(param->value))
            param->value = MAX_PAGE_TEXT;
    }
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

static int64_t whole_second(int64_t ms)
{
    return ms - (ms % SECOND_MS + SECOND_MS) % SECOND_MS;
}

static void fill_app_list(struct api *api, const void *arg, struct cache_fill *fill)
{
    struct app_list *list = arena_new(cache_fill_arena(fill), struct app_list);
    struct store_query query = {.before_sort_ms = CLOCK_NONE};
    struct filling *filling;

    *list = *(const struct app_list *)arg;
    /* The app sends this moment back for its next pages. */
    list->until_ms = whole_second(list->is_until_asked ? list->until_ms : clock_wall_ms());
    filling = fill_begin(fill, list);
    if (!filling)
        return;
    query.limit = (int)list->size;
    query.offset = (int)((list->page - 1) * list->size);
    /* The answer tells whole seconds, so the bound takes its second whole; and where none was asked for, a deal
     * that is as new as now, by the engine's clock, must not wait for the next fill. */
    query.until_ms = list->is_until_asked ? list->until_ms + SECOND_MS - 1 : CLOCK_NONE;
    store_list(api->store, &query, on_app_rows, filling);
}

static const char *key_of(struct call *call, const struct app_list *list)
{
    static const char form[] = "app?page=&size=&time=";
    char key[sizeof(form) + 3 * STR_INT_BYTES];
    char *at = str_put_int(stpcpy(key, "app?page="), list->page);

    at = str_put_int(stpcpy(at, "&size="), list->size);
    str_put_int(stpcpy(at, "&time="), list->is_until_asked ? whole_second(list->until_ms) : -1);
    return arena_strdup(&call->req->arena, key);
}

void deals_app_list(struct call *call)
{
    struct app_list list = {.page = 1, .size = DEFAULT_SIZE, .until_ms = CLOCK_NONE};
    struct cache_source source = {.subject = CACHE_OF_DEALS,
                                  .life = CACHE_MINUTE,
                                  .content_type = RESPOND_JSON,
                                  .fill = fill_app_list,
                                  .arg = &list,
                                  .arg_bytes = sizeof(list)};
    const char *problem = check_app_params(call, &list);

    if (problem) {
        respond_error(call->req, call->style, 400, problem, NULL);
        return;
    }
    list.is_until_asked = list.until_ms != CLOCK_NONE;
    cache_respond(call, key_of(call, &list), &source);
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
    struct filling *filling = ctx;
    const struct app_list *list = filling->asked;
    int64_t now_ms = clock_wall_ms(), until_ms = list->until_ms;
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    if (!list->is_until_asked && n && deals[0].sort_at_ms > until_ms)
        until_ms = whole_second(deals[0].sort_at_ms);
    buf_init(&body, BODY_MAX_BYTES);
    buf_want(&body, 64 + (size_t)n * DEAL_JSON_BYTES);
    buf_addf(&body, "{\"pageNumber\":%lld,\"sizeOfPage\":%lld,\"time\":", (long long)list->page,
             (long long)list->size);
    add_local_time(&body, cache_fill_api(filling->fill)->zone, until_ms);
    buf_adds(&body, ",\"data\":[");
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_app(&body, &deals[i], i + 1, now_ms);
    }
    buf_adds(&body, "]}");
    cache_fill_done(filling->fill, &body);
}
