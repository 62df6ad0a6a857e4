/* SPDX-License-Identifier: MIT */
/* keywords.c - see keywords.h. */
#include "api/keywords.h"
#include "api/away.h"
#include "api/body.h"
#include "api/bookmarks.h"
#include "api/deal_json.h"
#include "api/users.h"

enum { BODY_MAX_BYTES = 4 << 20, KEYWORD_MAX_BYTES = 300 };

/* ---- keywords -------------------------------------------------------------------------------- */

static void refuse(struct call *call, enum store_edited done)
{
    static const char *const texts[] = {[STORE_EDITED_ALREADY] = "이미 키워드가 존재합니다.",
                                        [STORE_EDITED_ABSENT] = "키워드가 존재하지 않습니다.",
                                        [STORE_EDITED_FULL] =
                                            "키워드는 100개까지 등록할 수 있습니다."};

    respond_error(call->req, call->style, 403, texts[done], NULL);
}

static void add_message(struct buf *body, const struct store_edit_answer *answer)
{
    struct buf text;

    if (answer->done == STORE_EDITED_REMOVED) {
        buf_add_json(body, "키워드가 삭제되었습니다.");
        return;
    }
    buf_init(&text, BODY_MAX_BYTES);
    buf_addf(&text, "'%s' 키워드가 생성되었습니다.", answer->title);
    buf_add_json(body, buf_str(&text));
    buf_fini(&text);
}

static void on_edited(const struct store_edit_answer *answer, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    struct buf body;

    if (!users_answered(call, answer->is_known, err))
        return;
    if (answer->done != STORE_EDITED_ADDED && answer->done != STORE_EDITED_REMOVED) {
        refuse(call, answer->done);
        return;
    }
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"message\":");
    add_message(&body, answer);
    buf_addf(&body,
             ",\"keyword\":{\"userId\":%lld,\"keywordTitle\":", (long long)call->who.user_id);
    buf_add_json(&body, answer->title);
    buf_adds(&body, "}}");
    respond_private(call->req, 200, 0, &body);
}

static void edit(struct call *call, enum store_edit what)
{
    struct body_field title = {
        .name = "keywordTitle", .kind = BODY_TEXT, .max_bytes = KEYWORD_MAX_BYTES};
    struct httpd_req *req = call->req;
    struct err err;

    if (!users_require(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, "alarm", &title, 1, &err) < 0)
        respond_error(
            req, call->style, 400,
            "요청 본문은 {\"alarm\":{\"keywordTitle\":\"...\"}} 형식이어야 합니다. 키워드는 "
            "비어 있지 않아야 하고 100자까지입니다.",
            NULL);
    else if (away_call_may_ask(call))
        store_word_edit(call->api->store, &call->who, what, title.text, clock_wall_ms(), on_edited,
                        call);
}

void keywords_add(struct call *call)
{
    edit(call, STORE_ADD);
}

void keywords_remove(struct call *call)
{
    edit(call, STORE_REMOVE);
}

void keywords_toggle(struct call *call)
{
    edit(call, STORE_TOGGLE);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void add_settings(struct buf *body, const struct store_settings *settings)
{
    buf_addf(body, "\"alarmStatus\":%s,\"maxPushCount\":%lld",
             settings->alarm_status ? "true" : "false", (long long)settings->max_push_count);
}

static void on_status(const struct store_settings *settings, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    struct buf body;

    if (!users_answered(call, settings->is_known, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"userId\":%lld,\"userInfo\":{", (long long)settings->user_id);
    add_settings(&body, settings);
    buf_adds(&body, ",\"keywordList\":[");
    for (int i = 0; i < settings->n_keywords; i++) {
        if (i)
            buf_addc(&body, ',');
        buf_add_json(&body, settings->keywords[i]);
    }
    buf_adds(&body, "]}}");
    respond_private(call->req, 200, STORE_WORDS_MAX, &body);
}

void keywords_status(struct call *call)
{
    if (users_require(call) && away_call_may_ask(call))
        store_settings_get(call->api->store, &call->who, on_status, call);
}

static void on_configured(const struct store_settings *settings, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    struct buf body;

    if (!users_answered(call, settings->is_known, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"user\":{\"userId\":%lld,", (long long)settings->user_id);
    add_settings(&body, settings);
    buf_adds(&body, "}}");
    respond_private(call->req, 200, 0, &body);
}

void keywords_config(struct call *call)
{
    struct body_field fields[] = {
        {.name = "alarmStatus", .kind = BODY_FLAG, .is_optional = true},
        {.name = "maxPushCount", .kind = BODY_INT, .is_optional = true},
    };
    const struct body_field *alarm = &fields[0], *most = &fields[1];
    struct httpd_req *req = call->req;
    struct err err;

    if (!users_require(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, "userConfig", fields, ARRAY_LEN(fields),
                  &err) < 0)
        respond_error(req, call->style, 400,
                      "요청 본문은 {\"userConfig\":{\"alarmStatus\":true,\"maxPushCount\":3}} "
                      "형식이어야 합니다.",
                      NULL);
    else if (most->is_there && (most->number < 0 || most->number > INT32_MAX))
        respond_error(req, call->style, 400, "maxPushCount는 0 이상 2147483647 이하여야 합니다.",
                      NULL);
    else if (away_call_may_ask(call))
        store_settings_set(
            call->api->store, &call->who, alarm->is_there ? alarm->number : DEAL_UNKNOWN,
            most->is_there ? most->number : DEAL_UNKNOWN, clock_wall_ms(), on_configured, call);
}

/* ---- what the user was told of --------------------------------------------------------------- */

static void on_push_list(const struct store_user_deals *list, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    if (!users_answered(call, list->is_known, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"userId\":%lld,\"pushList\":[", (long long)list->user_id);
    for (int i = 0; i < list->n; i++) {
        const struct store_user_deal *deal = &list->deals[i];

        if (i)
            buf_addc(&body, ',');
        deal_json_user(&body, &deal->deal, deal->keyword, deal->is_marked, i + 1, now_ms);
    }
    buf_addc(&body, ']');
    bookmarks_add_limit(&body, list->has_more);
    buf_addc(&body, '}');
    respond_private(call->req, 200, STORE_USER_LIST_MAX, &body);
}

void keywords_push_list(struct call *call)
{
    if (users_require(call) && away_call_may_ask(call))
        store_push_list(call->api->store, &call->who, on_push_list, call);
}
