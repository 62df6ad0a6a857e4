/* SPDX-License-Identifier: MIT */
/* engine.c - the parts, their order, and the runs that the schedule starts. */
#include "engine.h"
#include "base/admin_http.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/proc.h"
#include "base/str.h"
#include "cdp/transport.h"
#include "crawl/extract.h"
#include "crawl/fetcher.h"
#include "crawl/purge.h"
#include "crawl/render.h"
#include "crawl/run.h"
#include "crawl/schedule.h"
#include "db/store_cost.h"
#include "gen/version.h"

#include <unistd.h>

/* A site and kind under the schedule, and its run while there is one. */
struct line {
    struct list link; /* of engine->running while run or purge is set */
    struct engine *engine;
    const struct site *site; /* NULL: purge, which belongs to none */
    const char *kind;
    struct schedule_entry *entry;
    struct run *run;
    struct purge *purge;
};

struct engine {
    const struct config *config;
    const struct sites *sites;
    struct crawl_env env;
    struct admin_http *admin;
    struct schedule *schedule;
    struct clock_zone *zone; /* of purge_schedule */
    struct line *lines;
    size_t n_lines;   /* set up so far */
    size_t next_kind; /* of each site each kind: what is looked at next */
    struct list running;
    struct loop_timer *patience; /* how long runs may finish after engine_stop */
    bool stopping;
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

/* Keys whose form only crawl/ knows. */
static int check_config(const struct config *config, struct clock_zone **zone, struct err *err)
{
    enum site_render mode;
    struct cron cron;

    if (!str_empty(config->schedule_override) &&
        cron_parse(&cron, config->schedule_override, err) < 0)
        return err_prefix(err, "schedule_override");
    if (!str_empty(config->purge_schedule) && cron_parse(&cron, config->purge_schedule, err) < 0)
        return err_prefix(err, "purge_schedule");
    if (!str_empty(config->render) && !site_render_from(config->render, &mode))
        return err_set(err, ERR_CONFIG, "render: \"%s\": expected auto, chrome or fetch",
                       config->render);
    return clock_zone_new(config->timezone, zone, err) < 0 ? err_prefix(err, "timezone") : 0;
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
    env->ledger = ledger_new(env->loop, env->store);
    return 0;
}

static int build(struct engine *engine, enum engine_use use, struct err *err)
{
    struct crawl_env *env = &engine->env;
    struct polite_settings polite;
    char *agent;

    if (check_config(env->config, &engine->zone, err) < 0 || build_store(engine, use, err) < 0)
        return -1;
    if (build_pool(engine, err) < 0)
        return -1;
    agent = user_agent(env->config);
    polite = (struct polite_settings){
        .user_agent = agent,
        .backoff_ms = env->config->host_backoff,
        .backoff_max_ms = env->config->host_backoff_max,
        .open_after = (int)env->config->host_failures,
    };
    env->polite = polite_new(env->loop, &polite);
    env->fetcher = fetcher_new(env->loop, agent);
    mem_free(agent);
    env->render = render_new(env->loop, env->config, env->store);
    env->quarantine = quarantine_new(env->config->quarantine);
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
    list_init(&engine->running);
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

struct loop *engine_loop(const struct engine *engine)
{
    return engine->env.loop;
}

/* ---- start ----------------------------------------------------------------------------------- */

static void on_checked(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    engine->start_done(err, engine->start_ctx);
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

/* ---- the schedule's runs --------------------------------------------------------------------- */

static void finish_stop(struct engine *engine);

static const char *line_site(const struct line *line)
{
    return line->site ? line->site->id : STORE_NO_SITE;
}

static void line_ended(struct line *line)
{
    struct engine *engine = line->engine;

    list_remove(&line->link);
    schedule_finished(line->entry);
    if (engine->stopping && list_is_empty(&engine->running))
        finish_stop(engine);
}

static void on_run_end(struct run *run, const struct store_run *summary, const struct err *err,
                       void *ctx)
{
    struct line *line = ctx;

    (void)summary;
    (void)err; /* run.c has logged it; the ledger has it */
    run_free(&run);
    line->run = NULL;
    line_ended(line);
}

static void on_purged(const struct purge_counts *counts, const struct err *err, void *ctx)
{
    struct line *line = ctx;

    (void)counts;
    (void)err; /* as for runs */
    purge_free(&line->purge);
    line_ended(line);
}

static void purge_now(struct engine *engine, struct line *line, int64_t due_at_ms)
{
    const struct crawl_env *env = &engine->env;

    list_append(&engine->running, &line->link);
    line->purge = purge_start(env->loop, env->config, env->store, env->ledger, due_at_ms, false,
                              on_purged, line);
}

static void on_due(struct schedule_entry *entry, int64_t due_at_ms, void *ctx)
{
    struct engine *engine = ctx;
    struct line *line = schedule_entry_owner(entry);
    struct run_events events = {.on_end = on_run_end};
    struct run_request request = {
        .site = line->site, .kind = line->kind, .due_at_ms = due_at_ms};

    if (!line->site) {
        purge_now(engine, line, due_at_ms);
        return;
    }
    request.page_from = run_pages(line->site, line->kind).from;
    request.page_to = run_pages(line->site, line->kind).to;
    list_append(&engine->running, &line->link);
    line->run = run_start(&engine->env, &request, &events, line);
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

static const char *const kinds[] = {RUN_CRAWL, RUN_REFRESH, RUN_ALIVE};

/* The cron line of a site and kind: its own, unless the configuration replaces all crawls'. False:
 * never by itself. */
static bool site_cron(const struct engine *engine, const struct site *site, const char *kind,
                      struct cron *out)
{
    const char *override = engine->config->schedule_override;
    struct err err;

    if (str_eq(kind, RUN_REFRESH)) {
        *out = site->refresh;
        return site->refresh_text != NULL;
    }
    if (str_eq(kind, RUN_ALIVE)) {
        *out = site->alive;
        return site->alive_text != NULL;
    }
    *out = site->crawl;
    return str_empty(override) ? site->crawl_text != NULL : cron_parse(out, override, &err) == 0;
}

/* Whose line is it, and in which zone? Purge's is the configuration's. */
static bool line_cron(const struct engine *engine, const struct line *line, struct cron *out)
{
    struct err ignored;

    if (line->site)
        return site_cron(engine, line->site, line->kind, out);
    return !str_empty(engine->config->purge_schedule) &&
           cron_parse(out, engine->config->purge_schedule, &ignored) == 0;
}

static void set_up_next_line(struct engine *engine);

static void on_last_due(int64_t last_due_ms, const struct err *err, void *ctx)
{
    struct engine *engine = ctx;
    struct line *line = &engine->lines[engine->n_lines];
    struct cron cron;

    if (engine->stopping)
        return;
    if (err) {
        engine->serve_done(err, engine->serve_ctx);
        return;
    }
    check(line_cron(engine, line, &cron));
    line->entry = schedule_add(engine->schedule, line_site(line), line->kind, &cron,
                               line->site ? line->site->zone : engine->zone, last_due_ms, line);
    engine->n_lines++;
    set_up_next_line(engine);
}

/* Once, after all sites. */
static bool take_purge(struct engine *engine, struct line *line)
{
    struct cron cron;

    *line = (struct line){.engine = engine, .kind = RUN_PURGE};
    list_init(&line->link);
    return engine->next_kind++ == engine->sites->n * ARRAY_LEN(kinds) &&
           line_cron(engine, line, &cron);
}

/* The next line that has a schedule; false: that was all. */
static bool next_scheduled(struct engine *engine, struct line *line)
{
    struct cron cron;

    while (engine->next_kind < engine->sites->n * ARRAY_LEN(kinds)) {
        const struct site *site = engine->sites->items[engine->next_kind / ARRAY_LEN(kinds)];
        const char *kind = kinds[engine->next_kind++ % ARRAY_LEN(kinds)];

        if (site_cron(engine, site, kind, &cron)) {
            *line = (struct line){.engine = engine, .site = site, .kind = kind};
            list_init(&line->link);
            return true;
        }
        if (str_eq(kind, RUN_CRAWL))
            log_warn("engine", "site has no schedule", "site=%s", site->id);
    }
    return take_purge(engine, line);
}

static void set_up_next_line(struct engine *engine)
{
    struct line *line = &engine->lines[engine->n_lines];

    if (next_scheduled(engine, line)) {
        store_last_due(engine->env.store, line_site(line), line->kind, on_last_due, engine);
        return;
    }
    schedule_start(engine->schedule);
    log_info("engine", "serving", "sites=%zu database=%s live=%s", engine->sites->n,
             store_kind(engine->env.store), engine->admin ? engine->config->engine_listen : "none");
    engine->serve_done(NULL, engine->serve_ctx);
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

static void on_recovered(const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    if (engine->stopping)
        return;
    if (err)
        engine->serve_done(err, engine->serve_ctx);
    else
        set_up_next_line(engine);
}

void engine_serve(struct engine *engine, engine_fn *done, void *ctx)
{
    struct late_error *late;
    struct err err;

    check(engine->env.store && !engine->schedule);
    engine->serve_done = done;
    engine->serve_ctx = ctx;
    if (open_admin(engine, &err) < 0) {
        late = mem_new(struct late_error);
        *late = (struct late_error){.engine = engine, .err = err};
        loop_defer(engine->env.loop, on_late_error, late);
        return;
    }
    engine->schedule = schedule_new(engine->env.loop, on_due, engine);
    engine->lines = mem_array(engine->sites->n * ARRAY_LEN(kinds) + 2, sizeof(*engine->lines));
    store_runs_recover(engine->env.store, clock_wall_ms(), on_recovered, engine);
}

/* ---- shutdown -------------------------------------------------------------------------------- */

static void cancel_runs(struct engine *engine)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &engine->running) {
        struct line *line = container_of(at, struct line, link);

        if (line->run)
            run_cancel(line->run);
        else
            purge_cancel(line->purge);
    }
}

static void on_patience_over(void *ctx)
{
    log_warn("engine", "runs took too long to finish: cancelling", "stop_timeout_ms=%lld",
             (long long)((struct engine *)ctx)->config->stop_timeout);
    cancel_runs(ctx);
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

static void on_pool_stopped(void *ctx)
{
    struct engine *engine = ctx;

    log_pool_end(engine->env.pool);
    engine->stop_done(NULL, engine->stop_ctx);
}

static void on_no_pool(void *ctx)
{
    struct engine *engine = ctx;

    engine->stop_done(NULL, engine->stop_ctx);
}

static void finish_stop(struct engine *engine)
{
    loop_timer_stop(engine->patience);
    if (engine->env.pool)
        pool_stop(engine->env.pool, on_pool_stopped, engine);
    else
        loop_defer(engine->env.loop, on_no_pool, engine);
}

void engine_stop(struct engine *engine, engine_fn *done, void *ctx)
{
    if (engine->stopping) {
        cancel_runs(engine);
        return;
    }
    engine->stopping = true;
    engine->stop_done = done;
    engine->stop_ctx = ctx;
    if (engine->schedule)
        schedule_stop(engine->schedule);
    if (list_is_empty(&engine->running)) {
        finish_stop(engine);
        return;
    }
    log_info("engine", "stopping: waiting for runs to finish", "runs=%zu",
             list_count(&engine->running));
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
    schedule_free(&engine->schedule);
    mem_free(engine->lines);
    clock_zone_free(&engine->zone);
    polite_free(&engine->env.polite);
    quarantine_free(&engine->env.quarantine);
    render_free(&engine->env.render);
    fetcher_free(&engine->env.fetcher);
    pool_free(&engine->env.pool);
    ledger_free(&engine->env.ledger);
    store_free(&engine->env.store);
    loop_timer_free(&engine->patience);
    transport_ws_shutdown(loop);
    proc_fini();
    loop_free(&loop);
    mem_free(engine);
}
