/* SPDX-License-Identifier: MIT */
/* service_jobs.c - the jobs of the schedule that belong to no site.
 *
 * A new one: a row of the table, its cron key in config.def, and what starts and cancels it.
 */
#include "alerting.h"
#include "alarms.h"
#include "crawl/purge.h"
#include "crawl/selfcheck.h"
#include "service_priv.h"

/* ---- purge ----------------------------------------------------------------------------------- */

struct purge_job {
    struct purge *purge;
    service_job_fn *done;
    void *ctx;
};

static void on_purged(const struct purge_counts *counts, const struct err *err, void *ctx)
{
    struct purge_job *job = ctx;

    (void)counts;
    (void)err; /* purge.c has logged it; the ledger has it */
    purge_free(&job->purge);
    job->done(job->ctx);
    mem_free(job);
}

static void *start_purge(struct service *service, int64_t due_at_ms, service_job_fn *done,
                         void *ctx)
{
    const struct crawl_env *env = service->env;
    struct purge_job *job = mem_new(struct purge_job);

    job->done = done;
    job->ctx = ctx;
    job->purge = purge_start(env->loop, env->config, env->store, env->ledger, due_at_ms, false,
                             on_purged, job);
    return job;
}

static void cancel_purge(void *job)
{
    purge_cancel(((struct purge_job *)job)->purge);
}

/* ---- alarm ----------------------------------------------------------------------------------- */

static void *start_alarm(struct service *service, int64_t due_at_ms, service_job_fn *done,
                         void *ctx)
{
    return alarms_run(service->alarms, due_at_ms, done, ctx);
}

static void cancel_alarm(void *job)
{
    alarms_run_cancel(job);
}

/* ---- selfcheck ------------------------------------------------------------------------------- */

struct selfcheck_job {
    struct service *service;
    struct selfcheck *check;
    service_job_fn *done;
    void *ctx;
};

static void on_selfchecked(const struct store_run *run, const struct err *err, void *ctx)
{
    struct selfcheck_job *job = ctx;

    (void)run; /* the ledger has it */
    alerting_selfcheck_ended(job->service->alerting, err);
    selfcheck_free(&job->check);
    job->done(job->ctx);
    mem_free(job);
}

static void *start_selfcheck(struct service *service, int64_t due_at_ms, service_job_fn *done,
                             void *ctx)
{
    struct selfcheck_job *job = mem_new(struct selfcheck_job);

    job->service = service;
    job->done = done;
    job->ctx = ctx;
    job->check = selfcheck_start(service->env, due_at_ms, on_selfchecked, job);
    return job;
}

static void cancel_selfcheck(void *job)
{
    selfcheck_cancel(((struct selfcheck_job *)job)->check);
}

/* ---- all ------------------------------------------------------------------------------------- */

#define CRON_KEY(name) .key = #name, .cron = offsetof(struct config, name)

const struct service_job service_jobs[] = {
    {.kind = RUN_PURGE, CRON_KEY(purge_schedule), .start = start_purge, .cancel = cancel_purge},
    {.kind = RUN_ALARM, CRON_KEY(alarm_schedule), .start = start_alarm, .cancel = cancel_alarm},
    {.kind = RUN_SELFCHECK,
     CRON_KEY(selfcheck_schedule),
     .start = start_selfcheck,
     .cancel = cancel_selfcheck,
     .each_engine = true},
};
const size_t service_n_jobs = ARRAY_LEN(service_jobs);
