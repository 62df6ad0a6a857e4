/* SPDX-License-Identifier: MIT */
/* sites.c - see sites.h. What went wrong in a run is told by its reason alone: details are the operator's. */
#include "api/sites.h"
#include "api/fill.h"
#include "base/str.h"
#include "db/store_sites.h"

enum { BODY_MAX_BYTES = 4 << 20 };
#define DAY_MS INT64_C(86400000)

static void on_sites(const struct store_site *sites, int n, const struct err *err, void *ctx);

static void fill_sites(struct api *api, const void *arg, struct cache_fill *fill)
{
    struct filling *filling = fill_begin(fill, arg);

    if (filling)
        store_sites(api->store, clock_wall_ms() - DAY_MS, on_sites, filling);
}

void sites_list(struct call *call)
{
    /* The minute: what the last 24 hours are moves on. */
    const struct cache_source source = {
        .subject = CACHE_OF_SITES, .life = CACHE_MINUTE, .content_type = RESPOND_JSON, .fill = fill_sites};
    struct err err;

    if (params_only(&call->params, NULL, 0, &err) < 0)
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
    else
        cache_respond(call, "v3/sites", &source);
}

static void add_text(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, "\"%s\":", name);
    buf_add_json(out, value);
    buf_addc(out, ',');
}

static void add_number(struct buf *out, const char *name, int64_t value)
{
    buf_addf(out, "\"%s\":%lld,", name, value == DEAL_UNKNOWN ? 0 : (long long)value);
}

static void add_time(struct buf *out, const char *name, int64_t at_ms, const struct clock_zone *zone)
{
    char text[CLOCK_RFC3339_BYTES];

    if (at_ms != CLOCK_NONE)
        clock_format_local(zone, at_ms, text);
    buf_addf(out, at_ms == CLOCK_NONE ? "\"%s\":null" : "\"%s\":\"%s\"", name, text);
}

static void add_site(struct buf *out, const struct store_site *site, const struct clock_zone *zone)
{
    buf_addc(out, '{');
    add_text(out, "site", site->site);
    add_text(out, "website", site->website);
    add_time(out, "fresh_at", site->fresh_at_ms, zone);
    buf_addc(out, ',');
    add_number(out, "deals_24h", site->n_recent);
    if (site->newest_product_id) {
        buf_adds(out, "\"newest_deal\":{");
        add_text(out, "product_id", site->newest_product_id);
        add_text(out, "title", site->newest_title);
        add_time(out, "at", site->newest_at_ms, zone);
        buf_adds(out, "},");
    } else {
        buf_adds(out, "\"newest_deal\":null,");
    }
    if (!site->run_reason) {
        buf_adds(out, "\"last_run\":null}");
        return;
    }
    buf_adds(out, "\"last_run\":{");
    add_text(out, "kind", site->run_kind);
    add_text(out, "reason", site->run_reason);
    add_number(out, "rows", site->run_rows);
    add_number(out, "added", site->run_added);
    add_number(out, "pages", site->run_pages);
    add_number(out, "pages_failed", site->run_pages_failed);
    add_time(out, "started_at", site->run_started_ms, zone);
    buf_addc(out, ',');
    add_time(out, "ended_at", site->run_ended_ms, zone);
    buf_adds(out, "}}");
}

static void on_sites(const struct store_site *sites, int n, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_adds(&body, "{\"data\":[");
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&body, ',');
        add_site(&body, &sites[i], cache_fill_api(filling->fill)->zone);
    }
    buf_adds(&body, "]}");
    cache_fill_done(filling->fill, &body);
}
