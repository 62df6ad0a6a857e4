/* SPDX-License-Identifier: MIT */
/* away.c - see away.h. */
#include "api/away.h"
#include "base/log.h"
#include "db/store.h"

bool away_may_ask(struct api *api)
{
    if (api->store_is_away && api->n_asked > 0)
        return false;
    api->n_asked++;
    return true;
}

void away_answered(struct api *api, const struct err *err)
{
    api->n_asked--;
    if (err && err->code == ERR_BUSY)
        return; /* it is there, and has enough to do */
    if (err && !api->store_is_away)
        log_error("api", "database away", "error=%s", log_quote(err->text));
    else if (err)
        log_debug("api", "database still away", "error=%s", log_quote(err->text));
    if (!err && api->store_is_away)
        log_info("api", "database back", "kind=%s", store_kind(api->store));
    api->store_is_away = err;
}

bool away_call_may_ask(struct call *call)
{
    if (away_may_ask(call->api))
        return true;
    respond_away(call->req, call->style);
    return false;
}

bool away_call_answered(struct call *call, const struct err *err)
{
    away_answered(call->api, err);
    if (!err)
        return true;
    respond_away(call->req, call->style);
    return false;
}
