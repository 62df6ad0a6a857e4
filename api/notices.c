/* SPDX-License-Identifier: MIT */
/* notices.c - see notices.h. */
#include "api/notices.h"
#include "api/away.h"
#include "api/body.h"
#include "api/date_ago.h"
#include "api/fill.h"
#include "api/secrets.h"
#include "api/users.h"
#include "base/log.h"
#include "base/str.h"

#include <string.h>

enum {
    BODY_MAX_BYTES = 8 << 20,
    TITLE_MAX_BYTES = 500,
    CONTENT_MAX_BYTES = 32 << 10,
    PUSH_MAX_BYTES = 2000,
};

#define LIST_LIMIT "100"
_Static_assert(STORE_USER_LIST_MAX == 100, "what LIST_LIMIT tells");

/* ---- the list -------------------------------------------------------------------------------- */

static void add_notice(struct buf *body, const struct store_notice *notice, int uid,
                       const struct clock_zone *zone, int64_t now_ms)
{
    struct clock_civil c;

    clock_to_local(zone, notice->created_at_ms, &c);
    buf_adds(body, "{\"title\":");
    buf_add_json(body, notice->title);
    buf_adds(body, ",\"category\":");
    buf_add_json(body, notice->category);
    buf_adds(body, ",\"content\":");
    buf_add_json(body, notice->content);
    buf_adds(body, ",\"created_at\":");
    respond_add_time(body, zone, notice->created_at_ms);
    buf_addf(body, ",\"uid\":%d,\"shortDate\":\"%04d-%02d-%02d %02d:%02d:%02d\",\"dateAgo\":\"",
             uid, c.year, c.month, c.day, c.hour, c.minute, c.second);
    date_ago_add(body, notice->created_at_ms, now_ms);
    buf_adds(body, "\"}");
}

/* has_more: an array has no place for it; X-List-Limit tells. */
static void on_notices(const struct store_notice *notices, int n, bool has_more,
                       const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    (void)has_more;
    if (!fill_answered(filling, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addc(&body, '[');
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        add_notice(&body, &notices[i], i + 1, cache_fill_api(filling->fill)->zone, now_ms);
    }
    buf_addc(&body, ']');
    cache_fill_done(filling->fill, &body);
}

static void fill_notices(struct api *api, const void *arg, struct cache_fill *fill)
{
    struct filling *filling = fill_begin(fill, arg);

    if (filling)
        store_notices(api->store, on_notices, filling);
}

void notices_list(struct call *call)
{
    const struct cache_source source = {.subject = CACHE_OF_NOTICES,
                                        .life = CACHE_MINUTE,
                                        .content_type = RESPOND_JSON,
                                        .list_limit = LIST_LIMIT,
                                        .fill = fill_notices};

    cache_respond(call, "notices", &source);
}

/* ---- operators ------------------------------------------------------------------------------- */

/* What waits while the password is looked at. */
struct guarded {
    struct call *call;
    struct store_notice notice;
    int64_t notice_id;
    const char *headings, *contents;
};

static void refuse_password(struct call *call)
{
    respond_unknown(call->req, call->style,
                    call->style == STYLE_V3 ? "the header X-Admin-Key is missing or wrong"
                                            : "유효하지 않은 password 혹은 body입니다.");
}

/* Each try costs some 20 ms of CPU time, and tells whoever guesses a little. */
static bool may_try(struct call *call)
{
    return users_may_try(call, call->api->passwords);
}

static void ask_admin(struct guarded *guarded, secrets_fn *done)
{
    struct call *call = guarded->call;
    const char *key = httpd_header(call->req, "X-Admin-Key");

    if (!key)
        refuse_password(call);
    else if (may_try(call))
        secrets_ask(call->api->secrets, call->api->config->admin_key_hash, key, done, guarded);
}

/* The password was looked at; the database may be asked. */
static bool is_let_in(struct call *call, bool fits)
{
    if (!fits) {
        log_warn("api", "wrong password or admin key", "path=%s", log_quote(call->params.path));
        refuse_password(call);
        return false;
    }
    return away_call_may_ask(call);
}

static void on_added(int64_t id, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    struct buf body;

    if (!away_call_answered(call, err))
        return;
    cache_forget(call->api->cache, CACHE_OF_NOTICES);
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"id\":%lld}", (long long)id);
    respond_private(call->req, 201, 0, &body);
}

static void on_add_let_in(bool fits, void *ctx)
{
    struct guarded *guarded = ctx;

    if (is_let_in(guarded->call, fits))
        store_notice_add(guarded->call->api->store, &guarded->notice, on_added, guarded->call);
}

void notices_add(struct call *call)
{
    struct body_field fields[] = {
        {.name = "title", .kind = BODY_TEXT, .max_bytes = TITLE_MAX_BYTES},
        {.name = "content", .kind = BODY_TEXT, .max_bytes = CONTENT_MAX_BYTES},
        {.name = "category", .kind = BODY_TEXT, .max_bytes = TITLE_MAX_BYTES, .is_optional = true},
    };
    struct guarded *guarded = arena_new(&call->req->arena, struct guarded);
    struct httpd_req *req = call->req;
    struct err err;

    if (body_read(&req->arena, req->body, req->body_len, NULL, fields, ARRAY_LEN(fields), &err) <
        0) {
        respond_error(req, call->style, 400, err.text, NULL);
        return;
    }
    *guarded = (struct guarded){.call = call,
                                .notice = {.title = fields[0].text,
                                           .content = fields[1].text,
                                           .category = fields[2].is_there ? fields[2].text : "일반",
                                           .created_at_ms = clock_wall_ms()}};
    ask_admin(guarded, on_add_let_in);
}

static void on_removed(int64_t id, const struct err *err, void *ctx)
{
    struct call *call = ctx;

    if (!away_call_answered(call, err))
        return;
    cache_forget(call->api->cache, CACHE_OF_NOTICES);
    if (id)
        respond_nothing(call->req);
    else
        respond_error(call->req, call->style, 404, "there is no such notice", NULL);
}

static void on_remove_let_in(bool fits, void *ctx)
{
    struct guarded *guarded = ctx;

    if (is_let_in(guarded->call, fits))
        store_notice_remove(guarded->call->api->store, guarded->notice_id, on_removed,
                            guarded->call);
}

void notices_remove(struct call *call)
{
    struct guarded *guarded = arena_new(&call->req->arena, struct guarded);
    struct err err;

    guarded->call = call;
    if (str_to_int(call->args[0], 1, INT64_MAX, &guarded->notice_id, &err) < 0)
        respond_error(call->req, call->style, 404, "there is no such notice", NULL);
    else
        ask_admin(guarded, on_remove_let_in);
}

/* ---- pushes to everybody --------------------------------------------------------------------- */

static void on_queued(bool is_new, const struct err *err, void *ctx)
{
    struct guarded *guarded = ctx;
    struct buf body;

    if (!away_call_answered(guarded->call, err))
        return;
    if (is_new)
        log_info("api", "push to everybody queued", "headings=%s", log_quote(guarded->headings));
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"message\":\"%s\",\"pushalarm\":{\"headings\":",
             is_new ? "모든 유저에게 푸쉬알람을 전송합니다."
                    : "같은 푸쉬알람이 1분 안에 이미 접수되어 다시 보내지 않습니다.");
    buf_add_json(&body, guarded->headings);
    buf_adds(&body, ",\"contents\":");
    buf_add_json(&body, guarded->contents);
    buf_adds(&body, "}}");
    respond_private(guarded->call->req, 200, 0, &body);
}

static void on_push_let_in(bool fits, void *ctx)
{
    struct guarded *guarded = ctx;

    if (is_let_in(guarded->call, fits))
        store_broadcast(guarded->call->api->store, guarded->headings, guarded->contents,
                        clock_wall_ms(), on_queued, guarded);
}

void notices_send_push(struct call *call)
{
    struct body_field fields[] = {
        {.name = "password", .kind = BODY_TEXT, .max_bytes = SECRETS_MAX_BYTES},
        {.name = "headings", .kind = BODY_TEXT, .max_bytes = PUSH_MAX_BYTES},
        {.name = "contents", .kind = BODY_TEXT, .max_bytes = PUSH_MAX_BYTES},
    };
    struct guarded *guarded = arena_new(&call->req->arena, struct guarded);
    struct httpd_req *req = call->req;
    struct err err;

    if (!may_try(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, "alarm", fields, ARRAY_LEN(fields), &err) <
        0) {
        refuse_password(call);
        return;
    }
    *guarded =
        (struct guarded){.call = call, .headings = fields[1].text, .contents = fields[2].text};
    secrets_ask(call->api->secrets, call->api->config->push_password_hash, fields[0].text,
                on_push_let_in, guarded);
}
