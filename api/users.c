/* SPDX-License-Identifier: MIT */
/* users.c - see users.h. */
#include "api/users.h"
#include "api/auth.h"
#include "api/away.h"
#include "api/body.h"
#include "api/limits.h"
#include "base/log.h"
#include "base/str.h"

enum { PLAYER_MAX_BYTES = 200, ANSWER_MAX_BYTES = 64 << 10 };

static const char unknown_player[] = "유효하지 않은 Player ID입니다. (Invalid Player Id)";

/* ---- who asks -------------------------------------------------------------------------------- */

static void refuse_token(struct call *call, enum auth_verdict verdict)
{
    static const char *const app[] = {
        [AUTH_NONE] = "인증이 필요합니다. Authorization 헤더에 토큰을 보내 주세요.",
        [AUTH_EXPIRED] = "토큰이 만료되었습니다. 다시 발급받아 주세요.",
        [AUTH_BAD] = "유효하지 않은 토큰입니다. 다시 발급받아 주세요."};
    static const char *const v3[] = {
        [AUTH_NONE] = "a token is needed: Authorization: Bearer TOKEN; see POST /v3/tokens",
        [AUTH_EXPIRED] = "the token has expired: see POST /v3/tokens/refresh",
        [AUTH_BAD] = "the token is not good: see POST /v3/tokens"};

    respond_unknown(call->req, call->style, call->style == STYLE_V3 ? v3[verdict] : app[verdict]);
}

bool users_require(struct call *call)
{
    enum auth_verdict verdict = auth_read(call->api->auth, httpd_header(call->req, "Authorization"),
                                          clock_wall_ms(), &call->who);

    if (verdict != AUTH_GOOD)
        refuse_token(call, verdict);
    return verdict == AUTH_GOOD;
}

bool users_answered(struct call *call, bool is_known, const struct err *err)
{
    if (!away_call_answered(call, err))
        return false;
    if (!is_known)
        refuse_token(call, AUTH_BAD);
    return is_known;
}

/* ---- registration ---------------------------------------------------------------------------- */

bool users_may_try(struct call *call, struct limits *limits)
{
    int wait_s = limits ? limits_take(limits, &call->client, clock_mono_ms()) : 0;

    if (wait_s)
        respond_too_often(call->req, call->style, wait_s);
    return wait_s == 0;
}

bool users_may_register(struct call *call)
{
    if (!users_may_try(call, call->api->registrations))
        return false;
    if (auth_app_key_fits(call->api->auth, httpd_header(call->req, "X-App-Key")))
        return true;
    respond_unknown(call->req, call->style,
                    call->style == STYLE_V3
                        ? "the header X-App-Key is missing or wrong"
                        : "앱 인증에 실패했습니다. 앱을 업데이트해 주세요. (X-App-Key)");
    return false;
}

bool users_is_player(const char *player)
{
    size_t len = 0;

    for (; player[len]; len++)
        if ((unsigned char)player[len] <= ' ' || player[len] == 0x7f)
            return false;
    return len > 0 && len <= PLAYER_MAX_BYTES;
}

static void on_registered(const struct store_who *who, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    const char *token;
    struct buf body;
    struct err no_key;

    if (!away_call_answered(call, err))
        return;
    token = auth_token(call->api->auth, &call->req->arena, who, clock_wall_ms(), &no_key);
    if (!token) {
        log_error("api", "no token can be given", "error=%s", log_quote(no_key.text));
        respond_error(call->req, call->style, 503, "지금은 토큰을 발급할 수 없습니다.", NULL);
        return;
    }
    buf_init(&body, ANSWER_MAX_BYTES);
    buf_adds(&body, "{\"token\":");
    buf_add_json(&body, token);
    buf_addc(&body, '}');
    respond_private(call->req, 200, 0, &body);
}

void users_register(struct call *call)
{
    struct body_field player = {
        .name = "appPlayerId", .kind = BODY_TEXT, .max_bytes = PLAYER_MAX_BYTES};
    struct httpd_req *req = call->req;
    struct err err;

    if (!users_may_register(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, "auth", &player, 1, &err) < 0 ||
        !users_is_player(player.text)) {
        respond_unknown(req, call->style, unknown_player);
        return;
    }
    if (away_call_may_ask(call))
        store_user_register(call->api->store, player.text, clock_wall_ms(), on_registered, call);
}

/* ---- the user -------------------------------------------------------------------------------- */

/* As Rails writes a time: 2020-03-01T12:00:00.000+09:00 */
static void on_user(const struct store_user *user, const struct err *err, void *ctx)
{
    struct call *call = ctx;
    struct buf body;

    if (!users_answered(call, user->is_known, err))
        return;
    buf_init(&body, ANSWER_MAX_BYTES);
    buf_addf(
        &body,
        "{\"message\":\"토큰이 인증되었습니다.\",\"user\":{\"appPlayerId\":%lld,\"appPlayer\":",
        (long long)user->id);
    buf_add_json(&body, user->player);
    buf_adds(&body, ",\"lastTokenGetDate\":");
    respond_add_time(&body, call->api->zone, user->last_token_at_ms);
    buf_adds(&body, "}}");
    respond_private(call->req, 200, 0, &body);
}

void users_show(struct call *call)
{
    if (users_require(call) && away_call_may_ask(call))
        store_user_get(call->api->store, &call->who, on_user, call);
}
