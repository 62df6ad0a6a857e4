/* SPDX-License-Identifier: MIT */
/* service_claim.c - whose a due run is.
 *
 * An engine that is alone with its database (SQLite) has every one. On PostgreSQL engines divide them by leases
 * (crawl/lease.h), each as far as it has room: of a kind of sites' runs so many as it has tabs, of jobs without
 * a site one. So a line may also begin that was not due here: what another engine told of, or left.
 */
#include "base/str.h"
#include "crawl/lease.h"
#include "crawl/spool.h"
#include "service_priv.h"

static bool is_shared(const struct line *line)
{
    return line->service->leases && !(line->job && line->job->each_engine);
}

/* ---- for crawl/lease.h ----------------------------------------------------------------------- */

static struct line *find_line(struct service *service, const char *site, const char *kind)
{
    struct line *line, *next;

    LINES_FOREACH (line, next, service)
        if (is_shared(line) && !line->is_gone && str_eq(line_site(line), site) &&
            str_eq(line->kind, kind))
            return line;
    return NULL;
}

static bool may_begin(const struct line *line)
{
    return is_shared(line) && line->entry && !line->is_gone &&
           (!line->is_paused || line->by_hand) && line->state != LINE_RUNNING;
}

static int running(struct service *service, const char *kind)
{
    struct line *line, *next;
    int n = 0;

    LINES_FOREACH (line, next, service)
        n += line->state == LINE_RUNNING && str_eq(line->kind, kind);
    return n;
}

static void on_offer(struct lease_offer *offer, void *ctx)
{
    static const char *const kinds[] = {RUN_CRAWL, RUN_REFRESH, RUN_ALIVE};
    struct service *service = ctx;
    const struct config *config = service->env->config;
    int slots = (int)(config->browsers * config->tabs_per_browser);
    struct spool_stats spooled = {.waiting = 0};
    struct line *line, *next;

    /* What was read while the database was away comes first: it may be the very run that looks unfinished. */
    if (service->env->spool)
        spool_stats(service->env->spool, &spooled);
    if (spooled.waiting)
        return;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        lease_offer_room(offer, kinds[i], slots - running(service, kinds[i]));
    LINES_FOREACH (line, next, service)
        if (may_begin(line)) {
            lease_offer_line(offer, line_site(line), line->kind);
            if (line->job)
                lease_offer_room(offer, line->kind, 1);
        }
}

static bool on_granted(const struct store_lease *lease, void *ctx)
{
    struct service *service = ctx;
    struct line *line = find_line(service, lease->site, lease->kind);

    if (!line || service->stopping || !may_begin(line))
        return false;
    if (line->state == LINE_IDLE) {
        if (!schedule_begin(line->entry))
            return false;
        line_begin_claim(line, lease->due_at_ms);
    }
    line->due_at_ms = lease->due_at_ms;
    line->lease = lease->number;
    line_claimed(line, true);
    return true;
}

static void on_refused(const char *site, const char *kind, void *ctx)
{
    struct line *line, *next;
    struct service *service = ctx;

    LINES_FOREACH (line, next, service) /* also one that is gone meanwhile */
        if (line->state == LINE_CLAIMING && is_shared(line) && str_eq(line_site(line), site) &&
            str_eq(line->kind, kind)) {
            line_claimed(line, false);
            return;
        }
}

static void on_lost(const char *site, const char *kind, void *ctx)
{
    struct line *line, *next;
    struct service *service = ctx;

    LINES_FOREACH (line, next, service)
        if (line->state == LINE_RUNNING && line->lease && str_eq(line_site(line), site) &&
            str_eq(line->kind, kind))
            line_cancel(line, true);
}

/* ---- for service.c --------------------------------------------------------------------------- */

void service_claims_init(struct service *service)
{
    static const struct leases_events events = {on_offer, on_granted, on_refused, on_lost};
    const struct crawl_env *env = service->env;

    if (env->shared)
        service->leases = leases_new(env->loop, env->shared, env->config->lease, &events, service);
}

void service_claims_free(struct service *service)
{
    leases_free(&service->leases);
}

static void on_sole_engine(void *ctx)
{
    line_claimed(ctx, true);
}

void line_claim(struct line *line)
{
    struct service *service = line->service;

    line->lease = 0;
    if (is_shared(line))
        leases_due(service->leases, line_site(line), line->kind, line->due_at_ms);
    else
        loop_defer(service->env->loop, on_sole_engine, line);
}

void line_give_back(struct line *line)
{
    if (line->state == LINE_RUNNING && is_shared(line))
        leases_ended(line->service->leases, line_site(line), line->kind, line->lease);
    line->lease = 0;
}
