/* SPDX-License-Identifier: MIT */
/* service.c - from a due time to a run, and from a run's end to an idle line.
 *
 * Not here: whose a due run is (service_claim.c), which lines there are (service_lines.c), jobs that
 * belong to no site (service_jobs.c),
 * when a line is due (crawl/schedule.c), reload, pause and what is shown (service_*.c).
 */
#include "service.h"
#include "alerting.h"
#include "alarms.h"
#include "base/log.h"
#include "crawl/lease.h"
#include "service_priv.h"

/* ---- state ----------------------------------------------------------------------------------- */

static const char *const state_names[] = {"IDLE", "CLAIMING", "RUNNING"};

const char *line_state_name(const struct line *line)
{
    static const char *const words[] = {"idle", "claiming", "running"};

    return words[line->state];
}

static void line_set_state(struct line *line, enum line_state state)
{
    static const bool allowed[][3] = {
        [LINE_IDLE] = {[LINE_CLAIMING] = true},
        [LINE_CLAIMING] = {[LINE_RUNNING] = true, [LINE_IDLE] = true},
        [LINE_RUNNING] = {[LINE_IDLE] = true},
    };

    check(allowed[line->state][state]);
    log_debug("service", "line", "site=%s kind=%s state=%s->%s", line_site(line), line->kind,
              state_names[line->state], state_names[state]);
    line->state = state;
    line->since_ms = clock_wall_ms();
}

/* ---- the end of a run ------------------------------------------------------------------------ */

static void tell_stopped(void *ctx)
{
    struct service *service = ctx;

    service->stop_done(NULL, service->stop_ctx);
}

static void line_is_idle(struct line *line)
{
    struct service *service = line->service;

    line_give_back(line);
    line_set_state(line, LINE_IDLE);
    line->by_hand = false;
    list_remove(&line->busy);
    schedule_finished(line->entry);
    line->generation->runs--;
    line->generation = NULL;
    if (line->is_gone)
        line_free(line);
    generations_sweep(service);
    if (service->stopping && list_is_empty(&service->busy))
        tell_stopped(service);
}

static void on_run_end(struct run *run, const struct store_run *summary, const struct err *err,
                       void *ctx)
{
    struct line *line = ctx;

    (void)err; /* run.c has logged it; the ledger has it */
    alerting_run_ended(line->service->alerting, summary);
    run_free(&run);
    line->run = NULL;
    line_is_idle(line);
}

static void on_job_end(void *ctx)
{
    struct line *line = ctx;

    line->running_job = NULL;
    line_is_idle(line);
}

/* ---- due, claim, start ----------------------------------------------------------------------- */

static void start_run(struct line *line)
{
    struct site_pages pages = run_pages(line->site, line->kind);
    struct run_events events = {.on_end = on_run_end};
    struct run_request request = {
        .site = line->site,
        .kind = line->kind,
        .due_at_ms = line->due_at_ms,
        .lease = line->lease,
        .page_from = pages.from,
        .page_to = pages.to,
    };

    line->run = run_start(line->service->env, &request, &events, line);
}

static void line_start(struct line *line)
{
    line_set_state(line, LINE_RUNNING);
    line->runs++;
    if (line->site)
        start_run(line);
    else
        line->running_job = line->job->start(line->service, line->due_at_ms, on_job_end, line);
}

void line_claimed(struct line *line, bool is_ours)
{
    if (is_ours && !line->service->stopping)
        line_start(line);
    else
        line_is_idle(line);
}

void line_begin_claim(struct line *line, int64_t due_at_ms)
{
    line->due_at_ms = due_at_ms;
    line_set_state(line, LINE_CLAIMING);
    list_append(&line->service->busy, &line->busy);
    line->generation = generation_now(line->service);
    line->generation->runs++;
}

void line_due(struct line *line, int64_t due_at_ms)
{
    line_begin_claim(line, due_at_ms);
    line_claim(line);
}

static void on_due(struct schedule_entry *entry, int64_t due_at_ms, void *ctx)
{
    (void)ctx;
    line_due(schedule_entry_owner(entry), due_at_ms);
}

int service_run(struct service *service, const char *what, const char *kind, struct buf *answer,
                struct err *err)
{
    struct line *line;

    if (service_check_names(service, what, kind, err) < 0)
        return -1;
    line = service_next_line(service, NULL, what, kind);
    if (!kind && line->site)
        line = service_next_line(service, NULL, what, RUN_CRAWL);
    if (!line || !line->entry || service->stopping)
        return err_set(err, ERR_USAGE, "%s: not now, the engine is %s", what,
                       service->stopping ? "stopping" : "still setting it up");
    if (!schedule_begin(line->entry))
        return err_set(err, ERR_USAGE, "%s %s: is going already, which counts as an overlap (%lld)",
                       what, line->kind, schedule_entry_overlaps(line->entry));
    log_info("service", "begun by hand", "site=%s kind=%s", line_site(line), line->kind);
    buf_addf(answer, "%s %s: begun\n", what, line->kind);
    line->by_hand = true;
    line_due(line, clock_wall_ms());
    return 0;
}

/* ---- start and stop -------------------------------------------------------------------------- */

struct service *service_new(const struct crawl_env *env, const struct sites *sites,
                            const struct service_source *source, struct alarms *alarms)
{
    struct service *service = mem_new(struct service);
    struct err err;

    check(env->store);
    service->env = env;
    service->source = source;
    service->alarms = alarms;
    list_init(&service->generations);
    list_init(&service->lines);
    list_init(&service->busy);
    check(clock_zone_new(env->config->timezone, &service->zone, &err) == 0);
    service->schedule = schedule_new(env->loop, on_due, service);
    schedule_set_jitter(service->schedule, env->config->schedule_jitter);
    generation_add(service, sites, NULL, NULL);
    service_claims_init(service);
    return service;
}

void service_set_alerting(struct service *service, struct alerting *alerting)
{
    service->alerting = alerting;
}

void service_free(struct service **service_ptr)
{
    struct service *service = *service_ptr;
    struct line *line, *next;

    if (!service)
        return;
    *service_ptr = NULL;
    service->asking = NULL;
    service_claims_free(service);
    LINES_FOREACH (line, next, service)
        line_free(line);
    generations_free(service);
    schedule_free(&service->schedule);
    clock_zone_free(&service->zone);
    mem_free(service);
}

static void start_failed(struct service *service, const struct err *err)
{
    service->start_done(err, service->start_ctx);
}

static void add_entry(struct line *line, int64_t last_due_ms)
{
    struct cron cron;

    line->entry =
        schedule_add(line->service->schedule, line_site(line), line->kind,
                     line_cron(line, &cron) ? &cron : NULL, line_zone(line), last_due_ms, line);
    if (line->is_paused)
        schedule_pause(line->entry, true);
}

/* A line that a reload added does not wait for a store that is away: it has nothing to make up for. */
static void on_last_due(int64_t last_due_ms, const struct err *err, void *ctx)
{
    struct service *service = ctx;
    struct line *line = service->asking;

    service->asking = NULL;
    if (service->stopping)
        return;
    if (err && !service->started) {
        start_failed(service, err);
        return;
    }
    if (err)
        log_warn("service", "when it was last due is not known", "site=%s kind=%s text=%s",
                 line_site(line), line->kind, log_quote(err->text));
    if (line->is_gone)
        line_free(line);
    else
        add_entry(line, err ? CLOCK_NONE : last_due_ms);
    service_set_up_lines(service);
}

static struct line *line_without_entry(struct service *service)
{
    struct line *line, *next;

    LINES_FOREACH (line, next, service)
        if (!line->entry)
            return line;
    return NULL;
}

void service_set_up_lines(struct service *service)
{
    struct line *line = line_without_entry(service);

    if (service->asking)
        return;
    if (line) {
        service->asking = line;
        store_last_due(service->env->store, line_site(line), line->kind, on_last_due, service);
        return;
    }
    if (service->started)
        return;
    service->started = true;
    alarms_follow(service->alarms);
    service->started_at_ms = clock_wall_ms();
    if (service->leases)
        leases_start(service->leases);
    schedule_start(service->schedule);
    service->start_done(NULL, service->start_ctx);
}

static void on_pauses_loaded(const struct err *err, void *ctx)
{
    struct service *service = ctx;

    if (service->stopping)
        return;
    if (err)
        start_failed(service, err);
    else
        service_set_up_lines(service);
}

static void on_recovered(const struct err *err, void *ctx)
{
    struct service *service = ctx;

    if (service->stopping)
        return;
    if (err)
        start_failed(service, err);
    else
        service_load_pauses(service, on_pauses_loaded);
}

void service_start(struct service *service, service_fn *done, void *ctx)
{
    service->start_done = done;
    service->start_ctx = ctx;
    service_set_lines(service, generation_now(service)->sites);
    store_runs_recover(service->env->store, clock_wall_ms(), on_recovered, service);
}

void service_stop(struct service *service, service_fn *done, void *ctx)
{
    check(!service->stopping);
    service->stopping = true;
    service->stop_done = done;
    service->stop_ctx = ctx;
    schedule_stop(service->schedule);
    if (service->leases)
        leases_stop(service->leases);
    if (list_is_empty(&service->busy))
        loop_defer(service->env->loop, tell_stopped, service);
}

void line_cancel(struct line *line, bool is_lost)
{
    if (line->run && is_lost)
        run_lost(line->run);
    else if (line->run)
        run_cancel(line->run);
    else if (line->running_job)
        line->job->cancel(line->running_job);
}

void service_cancel(struct service *service)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &service->busy)
        line_cancel(container_of(at, struct line, busy), false);
}

size_t service_busy(const struct service *service)
{
    return list_count(&service->busy);
}
