/* SPDX-License-Identifier: MIT */
/* service_reload.c - configuration and sites anew, while runs go on.
 *
 * A run reads the site that it began with to its end: each load is a generation, which stays until no
 * run of it or of an older one is left (a run may hold a text of any generation since its own).
 */
#include "alarms.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/render.h"
#include "notify/push_way.h"
#include "notify/tell.h"
#include "service_priv.h"

/* ---- generations ----------------------------------------------------------------------------- */

void generation_add(struct service *service, const struct sites *borrowed, struct sites *own,
                    struct config *replaced)
{
    struct generation *generation = mem_new(struct generation);
    struct generation *last = generation_now(service);

    generation->number = last ? last->number + 1 : 1;
    if (own) {
        generation->own = *own;
        *own = (struct sites){0};
    }
    generation->sites = borrowed ? borrowed : &generation->own;
    if (replaced) {
        generation->replaced = *replaced;
        *replaced = (struct config){0};
    }
    list_init(&generation->link);
    list_append(&service->generations, &generation->link);
}

struct generation *generation_now(const struct service *service)
{
    return list_is_empty(&service->generations)
               ? NULL
               : container_of(service->generations.prev, struct generation, link);
}

static struct generation *oldest(const struct service *service)
{
    return container_of(service->generations.next, struct generation, link);
}

static void generation_free(struct generation *generation)
{
    list_remove(&generation->link);
    sites_free(&generation->own);
    config_fini(&generation->replaced);
    mem_free(generation);
}

void generations_sweep(struct service *service)
{
    while (oldest(service) != generation_now(service) && !oldest(service)->runs)
        generation_free(oldest(service));
    /* Only older ones used what the oldest took the place of. */
    config_fini(&oldest(service)->replaced);
}

void generations_free(struct service *service)
{
    while (!list_is_empty(&service->generations))
        generation_free(oldest(service));
}

/* ---- checking -------------------------------------------------------------------------------- */

/* What was loaded, and is not in force yet. */
struct fresh {
    struct config config;
    struct sites sites;
    struct buf *answer;
};

static void on_problem(const char *message, void *ctx)
{
    struct fresh *fresh = ctx;

    buf_addf(fresh->answer, "%s\n", message);
}

/* What only a start takes up must be right as well: else that start would fail. */
static int check_ways(struct loop *loop, const struct config *config, struct err *err)
{
    struct push_account *account;
    struct teller *teller;

    if (push_account_new(config, &account, err) < 0)
        return -1;
    push_account_free(&account);
    if (teller_new(loop, config, &teller, err) < 0)
        return -1;
    teller_free(&teller);
    return 0;
}

static int check_keys(const struct service *service, struct fresh *fresh)
{
    struct err err;

    if (service_check_config(&fresh->config, &err) == 0 &&
        check_ways(service->env->loop, &fresh->config, &err) == 0)
        return 0;
    if (fresh->config.path)
        err_prefix(&err, "%s", fresh->config.path);
    on_problem(err.text, fresh);
    return -1;
}

static int load_fresh(const struct service *service, struct fresh *fresh)
{
    const struct service_source *source = service->source;
    struct err err; /* told by on_problem */

    if (config_load(&fresh->config, source->path, source->sets, source->n_sets, on_problem, fresh,
                    &err) < 0 ||
        check_keys(service, fresh) < 0 ||
        sites_load(&fresh->config, on_problem, fresh, &fresh->sites, &err) < 0)
        return -1;
    return fresh->sites.broken ? -1 : 0;
}

static int refuse(struct service *service, struct fresh *fresh)
{
    service->refused_reloads++;
    log_error("service", "reload refused, nothing has changed", "text=%s",
              log_quote(buf_str(fresh->answer)));
    buf_adds(fresh->answer, "reload refused: nothing has changed\n");
    sites_free(&fresh->sites);
    config_fini(&fresh->config);
    return -1;
}

/* ---- taking over ----------------------------------------------------------------------------- */

struct keys {
    struct buf taken, waiting; /* names with ' ' before each */
};

static void on_key(const char *key, bool taken, void *ctx)
{
    struct keys *keys = ctx;

    buf_addf(taken ? &keys->taken : &keys->waiting, " %s", key);
}

/* Parts that keep a copy of a key. */
static void tell_parts(struct service *service)
{
    const struct config *config = service->env->config;
    struct err err;

    if (log_set_levels(str_empty(config->log) ? "info" : config->log, &err) < 0)
        log_warn("service", "log levels stay", "text=%s", log_quote(err.text));
    store_set_timeout(service->env->store, config->database_timeout);
    schedule_set_jitter(service->schedule, config->schedule_jitter);
}

/* Hosts that browsers do not load from are switches of each browser's start. */
static void take_block_hosts(struct service *service, const struct sites *old,
                             const struct sites *now, struct buf *answer)
{
    struct pool *pool = service->env->pool;
    char **were, **are;
    size_t n_were, n_are;
    struct err err;
    bool same;

    sites_block_hosts(old, &were, &n_were);
    sites_block_hosts(now, &are, &n_are);
    same = n_were == n_are;
    for (size_t i = 0; same && i < n_are; i++)
        same = str_eq(were[i], are[i]);
    if (!same && pool) {
        if (pool_set_block_hosts(pool, (const char *const *)are, n_are, &err) == 0)
            buf_adds(answer, "[block] hosts: changed, for browsers that start from now on\n");
        else
            buf_addf(answer, "[block] hosts: waiting for a restart: %s\n", err.text);
    }
    sites_free_hosts(&were, n_were);
    sites_free_hosts(&are, n_are);
}

static void take_over(struct service *service, struct fresh *fresh)
{
    struct keys keys;
    struct lines_change lines;
    struct buf hosts;
    const struct sites *old = generation_now(service)->sites;
    struct generation *now;

    buf_init(&keys.taken, BUF_MAX_DEFAULT);
    buf_init(&keys.waiting, BUF_MAX_DEFAULT);
    config_take(service->source->config, &fresh->config, on_key, &keys);
    generation_add(service, NULL, &fresh->sites, &fresh->config);
    tell_parts(service);
    now = generation_now(service);
    buf_init(&hosts, BUF_MAX_DEFAULT);
    take_block_hosts(service, old, now->sites, &hosts);
    lines = service_set_lines(service, now->sites);
    generations_sweep(service);
    service_set_up_lines(service);
    alarms_follow(service->alarms);
    service->reloads++;
    buf_addf(fresh->answer, "reloaded: generation %d, %zu site%s, %d line%s added, %d removed\n",
             now->number, now->sites->n, now->sites->n == 1 ? "" : "s", lines.added,
             lines.added == 1 ? "" : "s", lines.removed);
    if (keys.taken.len)
        buf_addf(fresh->answer, "changed:%s\n", buf_str(&keys.taken));
    if (keys.waiting.len)
        buf_addf(fresh->answer, "waiting for a restart:%s\n", buf_str(&keys.waiting));
    buf_adds(fresh->answer, buf_str(&hosts));
    buf_fini(&hosts);
    log_info("service", "reloaded",
             "generation=%d sites=%zu added=%d removed=%d changed=%s "
             "waiting_for_restart=%s",
             now->number, now->sites->n, lines.added, lines.removed,
             log_quote(buf_str(&keys.taken)), log_quote(buf_str(&keys.waiting)));
    buf_fini(&keys.taken);
    buf_fini(&keys.waiting);
}

int service_reload(struct service *service, struct buf *answer)
{
    struct fresh fresh = {.answer = answer};

    if (!service->started || service->stopping) {
        buf_adds(answer, service->stopping ? "the engine is stopping\n"
                                           : "the engine is still starting: try again\n");
        return -1;
    }
    if (load_fresh(service, &fresh) < 0)
        return refuse(service, &fresh);
    take_over(service, &fresh);
    return 0;
}
