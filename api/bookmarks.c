/* SPDX-License-Identifier: MIT */
/* bookmarks.c - see bookmarks.h. */
#include "api/bookmarks.h"
#include "api/away.h"
#include "api/body.h"
#include "api/deal_json.h"
#include "api/users.h"

enum { BODY_MAX_BYTES = 4 << 20, PRODUCT_ID_MAX_BYTES = 500 };

/* ---- the list -------------------------------------------------------------------------------- */

void bookmarks_add_limit(struct buf *body, bool has_more)
{
    if (has_more)
        buf_addf(body, ",\"limit\":%d,\"hasMore\":true", STORE_USER_LIST_MAX);
}

static void on_list(const struct store_user_deals *list, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    if (!users_answered(call, list->is_known, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_addf(&body, "{\"userId\":%lld,\"bookmark\":[", (long long)list->user_id);
    for (int i = 0; i < list->n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_user(&body, &list->deals[i].deal, NULL, true, i + 1, now_ms);
    }
    buf_addc(&body, ']');
    bookmarks_add_limit(&body, list->has_more);
    buf_addc(&body, '}');
    respond_private(call->req, 200, STORE_USER_LIST_MAX, &body);
}

void bookmarks_list(struct call *call)
{
    if (users_require(call) && away_call_may_ask(call))
        store_mark_list(call->api->store, &call->who, on_list, call);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void refuse(struct call *call, enum store_edited done)
{
    static const char *const texts[] = {[STORE_EDITED_ALREADY] = "이미 북마크가 존재합니다.",
                                        [STORE_EDITED_ABSENT] = "북마크가 존재하지 않습니다.",
                                        [STORE_EDITED_FULL] =
                                            "북마크는 1,000개까지 저장할 수 있습니다.",
                                        [STORE_EDITED_UNKNOWN] = "유효하지 않은 product id입니다."};

    respond_error(call->req, call->style, done == STORE_EDITED_UNKNOWN ? 400 : 403, texts[done],
                  NULL);
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
    buf_addf(&body,
             "{\"message\":\"북마크가 "
             "%s되었습니다.\",\"bookMark\":{\"userId\":%lld,\"hitProductTitle\":",
             answer->done == STORE_EDITED_ADDED ? "생성" : "삭제", (long long)call->who.user_id);
    buf_add_json(&body, answer->title);
    buf_adds(&body, "}}");
    respond_private(call->req, 200, 0, &body);
}

static void edit(struct call *call, enum store_edit what)
{
    struct body_field id = {.name = "id", .kind = BODY_TEXT, .max_bytes = PRODUCT_ID_MAX_BYTES};
    struct httpd_req *req = call->req;
    struct err err;

    if (!users_require(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, "product", &id, 1, &err) < 0)
        respond_error(req, call->style, 400,
                      "요청 본문은 {\"product\":{\"id\":\"...\"}} 형식이어야 합니다.", NULL);
    else if (away_call_may_ask(call))
        store_mark_edit(call->api->store, &call->who, what, id.text, clock_wall_ms(), on_edited,
                        call);
}

void bookmarks_add(struct call *call)
{
    edit(call, STORE_ADD);
}

void bookmarks_remove(struct call *call)
{
    edit(call, STORE_REMOVE);
}

void bookmarks_toggle(struct call *call)
{
    edit(call, STORE_TOGGLE);
}
