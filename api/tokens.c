/* SPDX-License-Identifier: MIT */
/* tokens.c - see tokens.h. */
#include "api/tokens.h"
#include "api/auth.h"
#include "api/away.h"
#include "api/body.h"
#include "api/users.h"
#include "base/log.h"
#include "base/str.h"

enum { TEXT_MAX_BYTES = 200, ANSWER_MAX_BYTES = 64 << 10 };

/* A pair on its way: the refresh token is told once, when the database has its hash. */
struct pair {
    struct call *call;
    int64_t now_ms;
    char refresh[AUTH_REFRESH_CHARS + 1];
};

static int64_t refresh_expires_ms(const struct pair *pair)
{
    return pair->now_ms + pair->call->api->config->refresh_token_life;
}

static struct pair *pair_new(struct call *call, char hash[AUTH_HASH_CHARS + 1])
{
    struct pair *pair = arena_new(&call->req->arena, struct pair);

    pair->call = call;
    pair->now_ms = clock_wall_ms();
    auth_refresh_make(pair->refresh);
    auth_hash(pair->refresh, hash);
    return pair;
}

static void respond_pair(struct pair *pair, const struct store_who *who, int status)
{
    struct call *call = pair->call;
    const struct config *config = call->api->config;
    struct err err;
    const char *access = auth_token(call->api->auth, &call->req->arena, who, pair->now_ms, &err);
    struct buf body;

    if (!access) {
        log_error("api", "no token can be given", "error=%s", log_quote(err.text));
        respond_error(call->req, call->style, 503, "no token can be given now", NULL);
        return;
    }
    buf_init(&body, ANSWER_MAX_BYTES);
    buf_addf(&body, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%lld,",
             access, (long long)(config->access_token_life / 1000));
    buf_addf(&body, "\"refresh_token\":\"%s\",\"refresh_expires_in\":%lld,\"user_id\":%lld}",
             pair->refresh, (long long)(config->refresh_token_life / 1000),
             (long long)who->user_id);
    respond_private(call->req, status, 0, &body);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void on_begun(const struct store_who *who, const struct err *err, void *ctx)
{
    struct pair *pair = ctx;

    if (away_call_answered(pair->call, err))
        respond_pair(pair, who, 201);
}

void tokens_begin(struct call *call)
{
    struct body_field player = {
        .name = "player_id", .kind = BODY_TEXT, .max_bytes = TEXT_MAX_BYTES};
    struct httpd_req *req = call->req;
    char hash[AUTH_HASH_CHARS + 1];
    struct pair *pair;
    struct err err;

    if (!users_may_register(call))
        return;
    if (body_read(&req->arena, req->body, req->body_len, NULL, &player, 1, &err) < 0) {
        respond_error(req, call->style, 400, err.text, NULL);
        return;
    }
    if (!users_is_player(player.text)) {
        respond_error(req, call->style, 400, "player_id: holds a blank", NULL);
        return;
    }
    if (!away_call_may_ask(call))
        return;
    pair = pair_new(call, hash);
    store_session_begin(call->api->store, player.text, hash, pair->now_ms, refresh_expires_ms(pair),
                        on_begun, pair);
}

/* ---- refreshing ------------------------------------------------------------------------------ */

static void on_refreshed(const struct store_who *who, const struct err *err, void *ctx)
{
    struct pair *pair = ctx;
    struct call *call = pair->call;

    if (!away_call_answered(call, err))
        return;
    if (who->user_id)
        respond_pair(pair, who, 200);
    else
        respond_unknown(call->req, call->style,
                        "the refresh token is not good: unknown, expired, revoked, or used before; "
                        "see POST /v3/tokens");
}

void tokens_refresh(struct call *call)
{
    struct body_field shown = {
        .name = "refresh_token", .kind = BODY_TEXT, .max_bytes = TEXT_MAX_BYTES};
    struct httpd_req *req = call->req;
    char old[AUTH_HASH_CHARS + 1], hash[AUTH_HASH_CHARS + 1];
    struct pair *pair;
    struct err err;

    if (body_read(&req->arena, req->body, req->body_len, NULL, &shown, 1, &err) < 0) {
        respond_error(req, call->style, 400, err.text, NULL);
        return;
    }
    if (!away_call_may_ask(call))
        return;
    auth_hash(shown.text, old);
    pair = pair_new(call, hash);
    store_session_refresh(call->api->store, old, hash, pair->now_ms, refresh_expires_ms(pair),
                          on_refreshed, pair);
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void on_ended(bool is_known, const struct err *err, void *ctx)
{
    struct call *call = ctx;

    if (users_answered(call, is_known, err))
        respond_nothing(call->req);
}

void tokens_end(struct call *call)
{
    static const char *const known[] = {"all"};
    const char *text = params_get(&call->params, "all");
    bool all = str_eq(text, "true");
    struct err err;

    if (params_only(&call->params, known, ARRAY_LEN(known), &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    if (text && !all && !str_eq(text, "false")) {
        params_wrong(&call->params, "all", "true or false", &err);
        respond_error(call->req, call->style, 400, err.text, "all");
        return;
    }
    if (!users_require(call))
        return;
    if (!call->who.session_id && !all)
        respond_error(call->req, call->style, 400,
                      "a token of POST /auth-user has no session; ?all=true ends all tokens", NULL);
    else if (away_call_may_ask(call))
        store_session_end(call->api->store, &call->who, all, on_ended, call);
}
