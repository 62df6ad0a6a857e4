/* SPDX-License-Identifier: MIT */
/* alarms.c - see alarms.h. What a pass does: notify/alarm.c. */
#include "alarms.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store_cost.h"
#include "db/store_watch.h"

#include <stdlib.h>

struct alarms {
    const struct crawl_env *env;
    struct alarm *alarm;
    struct push *push;
    struct store_watch *watch; /* NULL: never followed */
    int64_t event_id;          /* the newest that was told of */
    struct loop_timer *settle;
    struct alarm_pass *arrived; /* under way */
    bool again;                 /* something came meanwhile */
    bool stopping;
    alarms_fn *stopped;
    void *stopped_ctx;
};

struct alarms *alarms_new(const struct crawl_env *env, struct push *push)
{
    struct alarms *alarms = mem_new(struct alarms);

    alarms->env = env;
    alarms->push = push;
    alarms->alarm = alarm_new(env->loop, env->config, env->store);
    return alarms;
}

void alarms_free(struct alarms **alarms_ptr)
{
    struct alarms *alarms = *alarms_ptr;

    if (!alarms)
        return;
    *alarms_ptr = NULL;
    store_watch_free(&alarms->watch);
    loop_timer_free(&alarms->settle);
    alarm_free(&alarms->alarm);
    mem_free(alarms);
}

static bool is_on(const struct alarms *alarms)
{
    return !str_empty(alarms->env->config->alarm_schedule);
}

/* ---- what arrives ---------------------------------------------------------------------------- */

static void on_arrived(const struct alarm_counts *counts, const struct err *err, void *ctx)
{
    struct alarms *alarms = ctx;

    if (counts->pushes > 0)
        push_wake(alarms->push);
    alarms->arrived = NULL;
    if (alarms->stopping)
        alarms->stopped(alarms->stopped_ctx);
    else if (err)
        loop_timer_start(alarms->settle, ALARMS_RETRY_MS);
    else if (alarms->again)
        loop_timer_start(alarms->settle, ALARMS_SETTLE_MS);
    alarms->again = false;
}

static void on_settled(void *ctx)
{
    struct alarms *alarms = ctx;

    if (!alarms->stopping && is_on(alarms))
        alarms->arrived = alarm_pass(alarms->alarm, ALARM_ARRIVED, on_arrived, alarms);
}

/* Engines hear of the same commits at the same moment: the one that waits less finds more to do. */
static int64_t settle_ms(void)
{
    return ALARMS_SETTLE_MS / 2 + rand() % ALARMS_SETTLE_MS;
}

static void on_changed(const struct store_changes *changes, const struct err *err, void *ctx)
{
    struct alarms *alarms = ctx;

    if (err || alarms->stopping || changes->event_id == alarms->event_id)
        return;
    alarms->event_id = changes->event_id;
    if (alarms->arrived)
        alarms->again = true;
    else if (!loop_timer_is_armed(alarms->settle))
        loop_timer_start(alarms->settle, settle_ms());
}

void alarms_follow(struct alarms *alarms)
{
    const struct crawl_env *env = alarms->env;

    if (alarms->watch || !is_on(alarms))
        return;
    alarms->settle = loop_timer_new(env->loop, on_settled, alarms);
    alarms->watch = store_watch_new(env->loop, env->store, env->config->database,
                                    env->config->database_timeout, on_changed, alarms);
}

static void on_nothing_to_stop(void *ctx)
{
    struct alarms *alarms = ctx;

    alarms->stopped(alarms->stopped_ctx);
}

void alarms_stop(struct alarms *alarms, alarms_fn *done, void *ctx)
{
    check(!alarms->stopping);
    alarms->stopping = true;
    alarms->stopped = done;
    alarms->stopped_ctx = ctx;
    if (alarms->settle)
        loop_timer_stop(alarms->settle);
    if (alarms->arrived)
        alarm_cancel(alarms->arrived);
    else
        loop_defer(alarms->env->loop, on_nothing_to_stop, alarms);
}

/* ---- the job --------------------------------------------------------------------------------- */

struct alarms_run {
    struct alarms *alarms;
    struct store_run run; /* of the ledger */
    struct alarm_pass *pass;
    bool cancelled;
    alarms_fn *done;
    void *ctx;
};

static void on_noted(const struct err *err, void *ctx)
{
    struct alarms_run *run = ctx;

    (void)err; /* kept by the ledger, which logs it */
    run->done(run->ctx);
    mem_free(run);
}

static void end(struct alarms_run *run, const struct alarm_counts *counts, const struct err *err)
{
    char *detail =
        mem_printf("titles=%lld found=%lld pushes=%lld waits=%lld%s%s", (long long)counts->titles,
                   (long long)counts->found, (long long)counts->pushes, (long long)counts->waits,
                   err ? ": " : "", err ? err->text : "");

    run->run.rows_seen = (int)counts->titles;
    run->run.counts.added = (int)counts->found;
    run->run.ended_at_ms = clock_wall_ms();
    run->run.reason = err_reason(err ? err->code : ERR_OK);
    run->run.detail = detail;
    ledger_end(run->alarms->env->ledger, &run->run, on_noted, run);
    mem_free(detail);
}

static void on_digest(const struct alarm_counts *counts, const struct err *err, void *ctx)
{
    struct alarms_run *run = ctx;

    if (counts->pushes > 0)
        push_wake(run->alarms->push);
    end(run, counts, err);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct alarms_run *run = ctx;
    struct alarm_counts none = {0};
    struct err failed;

    if (err) {
        failed = *err;
        err_prefix(&failed, "ledger");
        log_warn("alarm", "digest not begun", "text=%s", log_quote(failed.text));
        end(run, &none, &failed);
        return;
    }
    run->run.id = run_id;
    run->pass = alarm_pass(run->alarms->alarm, ALARM_DIGEST, on_digest, run);
    if (run->cancelled)
        alarm_cancel(run->pass);
}

struct alarms_run *alarms_run(struct alarms *alarms, int64_t due_at_ms, alarms_fn *done, void *ctx)
{
    struct alarms_run *run = mem_new(struct alarms_run);

    run->alarms = alarms;
    run->done = done;
    run->ctx = ctx;
    run->run = (struct store_run){.site = STORE_NO_SITE,
                                  .kind = RUN_ALARM,
                                  .due_at_ms = due_at_ms,
                                  .started_at_ms = clock_wall_ms()};
    store_run_begin(alarms->env->store, &run->run, on_begun, run);
    return run;
}

void alarms_run_cancel(struct alarms_run *run)
{
    run->cancelled = true;
    if (run->pass)
        alarm_cancel(run->pass);
}

void alarms_metrics(const struct alarms *alarms, struct buf *out)
{
    alarm_metrics(alarms->alarm, out);
}
