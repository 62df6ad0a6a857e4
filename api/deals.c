/* SPDX-License-Identifier: MIT */
/* deals.c - see deals.h. Each answer is one or two statements of the store. */
#include "api/deals.h"
#include "api/cursor.h"
#include "api/deal_json.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store.h"

#include <string.h>

enum {
    DEFAULT_SIZE = 20,
    MAX_SIZE = 100,
    MAX_OFFSET = 2000,
    MAX_PAGE = 1000000,
    BODY_MAX_BYTES = 4 << 20,
};

struct app_list {
    struct call *call;
    int64_t page, size;
    int64_t until_ms;
};

struct v3_list {
    struct call *call;
    int64_t limit;
};

static void on_app_rows(const struct deal *deals, int n, const struct err *err, void *ctx);
static void on_v3_rows(const struct deal *deals, int n, const struct err *err, void *ctx);

static void respond_away(struct call *call)
{
    respond_error(call->req, call->style, 503,
                  call->style == STYLE_V3
                      ? "the database does not answer; try again later"
                      : "데이터베이스가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
                  NULL);
}

/* While the database is away, one request at a time finds out whether it is back; the others are
 * answered at once instead of each waiting for a timeout. */
static void ask_store(struct call *call, const struct store_query *query, store_deals_fn *done,
                      void *ctx)
{
    struct api *api = call->api;

    if (api->store_is_away && api->n_asked > 0) {
        respond_away(call);
        return;
    }
    api->n_asked++;
    store_list(api->store, query, done, ctx);
}

/* True when the rows are there; otherwise the call is answered. The log tells when the database
 * goes and when it is back, not each request in between. */
static bool store_answered(struct call *call, const struct err *err)
{
    struct api *api = call->api;

    api->n_asked--;
    if (err && !api->store_is_away)
        log_error("api", "database away, answering 503", "error=%s", log_quote(err->text));
    else if (err)
        log_debug("api", "database still away", "error=%s", log_quote(err->text));
    if (!err && api->store_is_away)
        log_info("api", "database back", "kind=%s", store_kind(api->store));
    api->store_is_away = err;
    if (err)
        respond_away(call);
    return !err;
}

/* ---- the app's list -------------------------------------------------------------------------- */

static const char *check_app_params(struct app_list *list)
{
    struct params *params = &list->call->params;
    struct err err;

    /* "page=" and the like come from apps with an empty setting. */
    for (size_t i = 0; i < params->n; i++)
        if (!*params->items[i].value)
            params->items[i].name = "";
    if (params_int(params, "page", 1, MAX_PAGE, &list->page, &err) < 0)
        return "page는 1 이상의 정수여야 합니다.";
    if (params_int(params, "size", 1, MAX_PAGE, &list->size, &err) < 0)
        return "size는 1 이상의 정수여야 합니다. 100보다 크면 100으로 봅니다.";
    if (params_time(params, "time", list->call->api->zone, &list->until_ms, &err) < 0)
        return "time은 2020-03-01 12:00:00 형식이어야 합니다.";
    if (list->size > MAX_SIZE)
        list->size = MAX_SIZE;
    if ((list->page - 1) * list->size > MAX_OFFSET)
        return "2,000번째 이후의 상품은 page로 볼 수 없습니다. GET /v3/deals의 cursor를 "
               "사용하세요. (Numbered pages end at the 2,000th deal: use GET /v3/deals with its "
               "cursor.)";
    return NULL;
}

void deals_app_list(struct call *call)
{
    struct app_list *list = arena_new(&call->req->arena, struct app_list);
    struct store_query query = {.before_sort_ms = CLOCK_NONE};
    const char *problem;

    /* Whole seconds, as they are answered: the app sends this moment back for its next pages. */
    *list = (struct app_list){
        .call = call, .page = 1, .size = DEFAULT_SIZE, .until_ms = clock_wall_ms() / 1000 * 1000};
    problem = check_app_params(list);
    if (problem) {
        respond_error(call->req, call->style, 400, problem, NULL);
        return;
    }
    query.limit = (int)list->size;
    query.offset = (int)((list->page - 1) * list->size);
    query.until_ms = list->until_ms;
    ask_store(call, &query, on_app_rows, list);
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
    const struct app_list *list = ctx;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    if (!store_answered(list->call, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"pageNumber\":%lld,\"sizeOfPage\":%lld,\"time\":", (long long)list->page,
             (long long)list->size);
    add_local_time(&body, list->call->api->zone, list->until_ms);
    buf_adds(&body, ",\"data\":[");
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_app(&body, &deals[i], i + 1, now_ms);
    }
    buf_adds(&body, "]}");
    respond_json(list->call->req, &body);
}

/* ---- /v3/deals ------------------------------------------------------------------------------- */

static bool is_site_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= 64 && !name[len];
}

static int read_v3_params(struct call *call, int64_t *limit, struct store_query *query,
                          struct err *err)
{
    static const char *const known[] = {"limit", "cursor", "site"};
    struct params *params = &call->params;
    const char *cursor_text = params_get(params, "cursor");
    struct cursor cursor;

    if (params_only(params, known, ARRAY_LEN(known), err) < 0 ||
        params_int(params, "limit", 1, MAX_SIZE, limit, err) < 0)
        return -1;
    query->site = params_get(params, "site");
    if (query->site && !is_site_name(query->site))
        return params_wrong(params, "site", "the name of a board like ppomppu", err);
    if (!cursor_text)
        return 0;
    if (!cursor_parse(cursor_text, &cursor))
        return params_wrong(params, "cursor", "the next_cursor of an earlier answer, unchanged",
                            err);
    query->before_sort_ms = cursor.sort_at_ms;
    query->before_id = cursor.id;
    return 0;
}

void deals_v3_list(struct call *call)
{
    struct v3_list *list = arena_new(&call->req->arena, struct v3_list);
    struct store_query query = {
        .until_ms = CLOCK_NONE, .before_sort_ms = CLOCK_NONE, .with_also_on = true};
    struct err err;

    *list = (struct v3_list){.call = call, .limit = DEFAULT_SIZE};
    if (read_v3_params(call, &list->limit, &query, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    /* One more than is shown tells whether there is more. */
    query.limit = (int)list->limit + 1;
    ask_store(call, &query, on_v3_rows, list);
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
    const struct v3_list *list = ctx;
    int shown = n > list->limit ? (int)list->limit : n;
    struct buf body;

    if (!store_answered(list->call, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"data\":[");
    for (int i = 0; i < shown; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_v3(&body, &deals[i], list->call->api->zone);
    }
    add_next(&body, shown ? &deals[shown - 1] : NULL, n > shown);
    respond_json(list->call->req, &body);
}
