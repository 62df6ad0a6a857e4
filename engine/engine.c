/* SPDX-License-Identifier: MIT */
/* engine.c - the parts and their order. Not here: what runs when (service.c). */
#include "engine.h"
#include "alarms.h"
#include "alerting.h"
#include "base/admin_http.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/proc.h"
#include "base/str.h"
#include "cdp/transport.h"
#include "crawl/extract.h"
#include "crawl/fetcher.h"
#include "crawl/idle_cost.h"
#include "crawl/render.h"
#include "crawl/spool.h"
#include "db/store_lease.h"
#include "gen/version.h"
#include "notify/push.h"
#include "service.h"

#include <unistd.h>

struct engine {
    const struct config *config;
    const struct sites *sites;
    struct crawl_env env;
    struct admin_http *admin;
    struct service *service;     /* NULL: not serving */
    struct alerting *alerting;   /* likewise */
    struct alarms *alarms;       /* as service */
    struct push *push;           /* likewise */
    struct turns *turns;         /* NULL: the database is nobody else's */
    struct idle_cost *idle_cost; /* NULL: no browsers, or nothing is stored */
    struct loop_timer *patience; /* how long runs may finish after engine_stop */
    bool stopping, push_stopping;
    engine_fn *start_done, *serve_done, *stop_done;
    void *start_ctx, *serve_ctx, *stop_ctx;
};

/* ---- building -------------------------------------------------------------------------------- */

static char *user_agent(const struct config *config)
{
    if (str_empty(config->user_agent_contact))
        return mem_printf("catchdeal/%s", CATCHDEAL_VERSION);
    return mem_printf("catchdeal/%s (+%s)", CATCHDEAL_VERSION, config->user_agent_contact);
}

/* Is there a site that is fetched, or may have been proven to need no more? */
static bool may_do_without_chrome(const struct engine *engine)
{
    enum site_render mode;

    for (size_t i = 0; i < engine->sites->n; i++) {
        if (!site_render_from(engine->config->render, &mode))
            mode = engine->sites->items[i]->render_mode;
        if (mode != SITE_RENDER_CHROME)
            return true;
    }
    return false;
}

static int build_pool(struct engine *engine, struct err *err)
{
    struct pool_settings settings = {.config = engine->config, .prelude_js = extract_prelude()};
    char **hosts;
    int rc;

    sites_block_hosts(engine->sites, &hosts, &settings.n_block_hosts);
    settings.block_hosts = (const char *const *)hosts;
    rc = pool_new(engine->env.loop, &settings, &engine->env.pool, err);
    sites_free_hosts(&hosts, settings.n_block_hosts);
    if (rc == 0 || err->code != ERR_LAUNCH || !may_do_without_chrome(engine))
        return rc;
    log_warn("engine", "Chrome cannot be started: only what is read without it goes on", "text=%s",
             log_quote(err->text));
    engine->env.no_pool = *err;
    return 0;
}

/* A command is not the service: what it has under way is not what a dead service left. */
static void name_engine(struct store *store, const struct config *config, enum engine_use use)
{
    char host[256] = "";
    char *name;

    if (gethostname(host, sizeof(host) - 1) < 0)
        host[0] = '\0';
    name = mem_strdup(str_empty(config->engine_name) ? host : config->engine_name);
    if (use == ENGINE_COMMAND) {
        char *command = mem_printf("%s/%d", name, (int)getpid());

        mem_free(name);
        name = command;
    }
    store_set_engine(store, name);
    mem_free(name);
}

static int build_store(struct engine *engine, enum engine_use use, struct err *err)
{
    struct crawl_env *env = &engine->env;

    if (use == ENGINE_DRY)
        return 0;
    if (store_open(env->loop, env->config->database, env->config->database_timeout, &env->store,
                   err) < 0)
        return err_prefix(err, "database");
    name_engine(env->store, env->config, use);
    if (store_is_shared(env->store)) {
        if (store_open(env->loop, env->config->database, env->config->database_timeout,
                       &env->shared, err) < 0)
            return err_prefix(err, "database");
        name_engine(env->shared, env->config, use);
        engine->turns = turns_new(env->loop, env->shared, env->config->lease);
    }
    env->ledger = ledger_new(env->loop, env->store);
    env->spool = spool_new(env->loop, env->store, env->config);
    ledger_set_spool(env->ledger, env->spool);
    return 0;
}

static int build(struct engine *engine, enum engine_use use, struct err *err)
{
    struct crawl_env *env = &engine->env;
    struct polite_settings polite;
    char *agent;

    if (service_check_config(env->config, err) < 0 || build_store(engine, use, err) < 0)
        return -1;
    if (build_pool(engine, err) < 0)
        return -1;
    agent = user_agent(env->config);
    polite = (struct polite_settings){
        .user_agent = agent,
        .backoff_ms = env->config->host_backoff,
        .backoff_max_ms = env->config->host_backoff_max,
        .open_after = (int)env->config->host_failures,
        .turns = engine->turns,
    };
    env->polite = polite_new(env->loop, &polite);
    env->fetcher = fetcher_new(env->loop, agent);
    mem_free(agent);
    env->render = render_new(env->loop, env->config, env->store);
    env->quarantine = quarantine_new(env->config->quarantine);
    if (env->pool && env->store)
        engine->idle_cost = idle_cost_new(env);
    return 0;
}

static void on_patience_over(void *ctx);

int engine_new(const struct config *config, const struct sites *sites, enum engine_use use,
               struct engine **out, struct err *err)
{
    struct engine *engine = mem_new(struct engine);

    engine->config = config;
    engine->sites = sites;
    engine->env.config = config;
    engine->env.loop = loop_new();
    proc_init(engine->env.loop);
    engine->patience = loop_timer_new(engine->env.loop, on_patience_over, engine);
    *out = engine;
    if (build(engine, use, err) == 0)
        return 0;
    engine_free(out);
    return -1;
}

const struct crawl_env *engine_env(const struct engine *engine)
{
    return &engine->env;
}

struct service *engine_service(const struct engine *engine)
{
    return engine->service;
}

struct loop *engine_loop(const struct engine *engine)
{
    return engine->env.loop;
}

/* ---- start ----------------------------------------------------------------------------------- */

/* Gone again in the meantime: what is left on disk follows by itself. */
static void on_replayed(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    (void)err;
    engine->start_done(NULL, engine->start_ctx);
}

/* What an engine that died had read comes before anything new. */
static void on_checked(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    if (err)
        engine->start_done(err, engine->start_ctx);
    else
        spool_replay(engine->env.spool, on_replayed, engine);
}

static void on_no_store(void *ctx)
{
    struct engine *engine = ctx;

    engine->start_done(NULL, engine->start_ctx);
}

void engine_start(struct engine *engine, engine_fn *done, void *ctx)
{
    engine->start_done = done;
    engine->start_ctx = ctx;
    if (engine->env.store)
        store_check(engine->env.store, on_checked, engine);
    else
        loop_defer(engine->env.loop, on_no_store, engine);
}

/* ---- serving --------------------------------------------------------------------------------- */

static int on_live(struct buf *body, void *ctx)
{
    (void)ctx;
    buf_adds(body, "ok\n");
    return 200;
}

static int on_metrics(struct buf *body, void *ctx)
{
    const struct engine *engine = ctx;

    if (engine->env.pool)
        pool_metrics(engine->env.pool, body);
    polite_metrics(engine->env.polite, body);
    spool_metrics(engine->env.spool, body);
    service_metrics(engine->service, body);
    alarms_metrics(engine->alarms, body);
    push_metrics(engine->push, body);
    alerting_metrics(engine->alerting, body);
    return 200;
}

static int open_admin(struct engine *engine, struct err *err)
{
    if (str_empty(engine->config->engine_listen))
        return 0;
    if (admin_http_new(engine->env.loop, engine->config->engine_listen, &engine->admin, err) < 0)
        return err_prefix(err, "engine_listen");
    admin_http_route(engine->admin, "/live", "text/plain; charset=utf-8", on_live, engine);
    admin_http_route(engine->admin, "/metrics", METRICS_CONTENT_TYPE, on_metrics, engine);
    return 0;
}

static void on_service_started(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    if (!err) {
        push_start(engine->push);
        log_info("engine", "serving", "sites=%zu database=%s live=%s", engine->sites->n,
                 store_kind(engine->env.store),
                 engine->admin ? engine->config->engine_listen : "none");
    }
    engine->serve_done(err, engine->serve_ctx);
}

struct late_error {
    struct engine *engine;
    struct err err;
};

static void on_late_error(void *ctx)
{
    struct late_error *late = ctx;

    late->engine->serve_done(&late->err, late->engine->serve_ctx);
    mem_free(late);
}

static void fail_later(struct engine *engine, const struct err *err)
{
    struct late_error *late = mem_new(struct late_error);

    *late = (struct late_error){.engine = engine, .err = *err};
    loop_defer(engine->env.loop, on_late_error, late);
}

void engine_serve(struct engine *engine, const struct service_source *source, engine_fn *done,
                  void *ctx)
{
    struct err err;

    check(engine->env.store && !engine->service);
    engine->serve_done = done;
    engine->serve_ctx = ctx;
    if (push_new(engine->env.loop, engine->config, engine->env.store,
                 store_engine(engine->env.store), &engine->push, &err) < 0) {
        fail_later(engine, &err);
        return;
    }
    engine->alarms = alarms_new(&engine->env, engine->push);
    engine->service = service_new(&engine->env, engine->sites, source, engine->alarms);
    if (alerting_new(&engine->env, store_engine(engine->env.store), &engine->alerting, &err) < 0) {
        fail_later(engine, &err);
        return;
    }
    service_set_alerting(engine->service, engine->alerting);
    alerting_watch_push(engine->alerting, engine->push);
    alerting_start(engine->alerting);
    if (open_admin(engine, &err) < 0) {
        fail_later(engine, &err);
        return;
    }
    service_start(engine->service, on_service_started, engine);
}

/* ---- shutdown -------------------------------------------------------------------------------- */

/* Neither runs nor pushes are waited for any more. */
static void hurry(struct engine *engine)
{
    if (engine->service && service_busy(engine->service))
        service_cancel(engine->service);
    else if (engine->push_stopping)
        push_hurry(engine->push);
}

static void on_patience_over(void *ctx)
{
    struct engine *engine = ctx;

    log_warn("engine", "what is under way took too long to finish: cancelling",
             "stop_timeout_ms=%lld", (long long)engine->config->stop_timeout);
    hurry(engine);
}

/* The account of the slots: whatever happened, they add up. tests/faults reads it. */
static void log_pool_end(const struct pool *pool)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    log_info("engine", "pool ended",
             "slots=%d idle=%d leased=%d dying=%d leaks=%lld leases=%lld browsers=%lld lost=%lld",
             stats.slots, stats.idle, stats.leased, stats.dying, stats.slot_leaks,
             stats.leases_granted, stats.browsers_started, stats.browsers_lost);
}

static void on_all_stopped(void *ctx)
{
    struct engine *engine = ctx;

    engine->stop_done(NULL, engine->stop_ctx);
}

static void on_pool_stopped(void *ctx)
{
    struct engine *engine = ctx;

    log_pool_end(engine->env.pool);
    if (engine->idle_cost)
        idle_cost_write(engine->idle_cost, on_all_stopped, engine);
    else
        engine->stop_done(NULL, engine->stop_ctx);
}

static void on_drained(void *ctx)
{
    struct engine *engine = ctx;

    if (engine->env.pool)
        pool_stop(engine->env.pool, on_pool_stopped, engine);
    else
        loop_defer(engine->env.loop, on_all_stopped, engine);
}

static void finish_stop(struct engine *engine)
{
    loop_timer_stop(engine->patience);
    if (engine->env.spool)
        spool_drain(engine->env.spool, on_drained, engine);
    else
        on_drained(engine);
}

static void on_push_stopped(void *ctx)
{
    struct engine *engine = ctx;

    engine->push_stopping = false;
    finish_stop(engine);
}

static void on_alarms_stopped(void *ctx)
{
    struct engine *engine = ctx;

    engine->push_stopping = true;
    push_stop(engine->push, on_push_stopped, engine);
    loop_timer_start(engine->patience, engine->config->stop_timeout);
}

static void on_service_stopped(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    (void)err;
    alarms_stop(engine->alarms, on_alarms_stopped, engine);
}

void engine_stop(struct engine *engine, engine_fn *done, void *ctx)
{
    if (engine->stopping) {
        hurry(engine);
        return;
    }
    engine->stopping = true;
    engine->stop_done = done;
    engine->stop_ctx = ctx;
    if (!engine->service) {
        finish_stop(engine);
        return;
    }
    service_stop(engine->service, on_service_stopped, engine);
    if (!service_busy(engine->service))
        return;
    log_info("engine", "stopping: waiting for runs to finish", "runs=%zu",
             service_busy(engine->service));
    loop_timer_start(engine->patience, engine->config->stop_timeout);
}

void engine_free(struct engine **engine_ptr)
{
    struct engine *engine = *engine_ptr;
    struct loop *loop;

    if (!engine)
        return;
    *engine_ptr = NULL;
    loop = engine->env.loop;
    admin_http_free(&engine->admin);
    push_free(&engine->push);
    polite_free(&engine->env.polite); /* gives back the turns that it has */
    store_free(&engine->env.shared);
    service_free(&engine->service);
    turns_free(&engine->turns);
    quarantine_free(&engine->env.quarantine);
    render_free(&engine->env.render);
    fetcher_free(&engine->env.fetcher);
    idle_cost_free(&engine->idle_cost);
    pool_free(&engine->env.pool);
    ledger_free(&engine->env.ledger);
    spool_free(&engine->env.spool);
    store_free(&engine->env.store);
    alarms_free(&engine->alarms);
    alerting_free(&engine->alerting);
    loop_timer_free(&engine->patience);
    transport_ws_shutdown(loop);
    proc_fini();
    loop_free(&loop);
    mem_free(engine);
}
