/* SPDX-License-Identifier: MIT */
/* job.c - the life of one page, in the order in which it happens.
 *
 * Every step ends in job_fail() or in the next step; job_fail() decides between another attempt
 * and the end, and job_end() is the one exit. job_set_state() is the only writer of job->state.
 * Promise: at the exit the load and the ticket are given back and no callback of theirs is under
 * way. Not here: how a page is loaded and read (load.h).
 */
#include "crawl/job.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/judge.h"
#include "crawl/load.h"
#include "crawl/quarantine.h"

enum { RETRY_BASE_MS = 500 };

enum job_state {
    JOB_QUEUED,
    JOB_LEASING,
    JOB_NAVIGATING,
    JOB_SETTLING,
    JOB_EXTRACTING,
    JOB_STORING,
    JOB_WAITING_RETRY,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATES
};

static const char *const state_names[JOB_STATES] = {
    "QUEUED",  "LEASING",       "NAVIGATING", "SETTLING", "EXTRACTING",
    "STORING", "WAITING_RETRY", "DONE",       "FAILED",   "CANCELLED",
};

#define TO(state) (1u << JOB_##state)
#define TO_FAILURE (TO(WAITING_RETRY) | TO(FAILED) | TO(CANCELLED))
static const unsigned allowed_moves[JOB_STATES] = {
    [JOB_QUEUED] = TO(LEASING) | TO_FAILURE,          [JOB_LEASING] = TO(NAVIGATING) | TO_FAILURE,
    [JOB_NAVIGATING] = TO(SETTLING) | TO_FAILURE,     [JOB_SETTLING] = TO(EXTRACTING) | TO_FAILURE,
    [JOB_EXTRACTING] = TO(STORING) | TO_FAILURE,      [JOB_STORING] = TO(DONE) | TO(FAILED),
    [JOB_WAITING_RETRY] = TO(QUEUED) | TO(CANCELLED),
};

struct job {
    struct crawl_env env;
    const struct site *site;
    char *url;
    char *own_origin;
    int page;
    int64_t run_id;
    int64_t min_delay_ms;
    bool update_only;
    enum site_what what;
    char *key;
    const struct job_judge *judge;
    void *judge_ctx;
    enum job_state state;
    int64_t state_since_ms;
    int attempts;
    struct polite_ticket *ticket;
    struct load *load;
    struct row_set *rows;
    int last_status; /* of the page, 0: never came so far */
    struct job_result result;
    struct loop_timer *wake; /* begins an attempt, or tells of the cancellation */
    struct err end;
    job_fn *done;
    void *ctx;
};

static void on_wake(void *ctx);
static void job_queue(struct job *job);
static void on_may_load(const struct err *err, void *ctx);
static void on_stage(enum load_stage stage, void *ctx);
static void on_loaded(struct load_answer *answer, const struct err *err, void *ctx);
static void job_store_rows(struct job *job);
static void on_rows_stored(const struct store_counts *counts, const struct err *err, void *ctx);
static void job_fail(struct job *job, const struct err *err);
static void job_end(struct job *job, enum job_state state);

static void job_set_state(struct job *job, enum job_state state)
{
    int64_t now_ms = clock_mono_ms();

    check(allowed_moves[job->state] & 1u << state);
    log_debug("job", "state", "site=%s page=%d from=%s to=%s after_ms=%lld", job->site->id,
              job->page, state_names[job->state], state_names[state],
              (long long)(now_ms - job->state_since_ms));
    job->state = state;
    job->state_since_ms = now_ms;
}

const char *job_state_name(const struct job *job)
{
    return state_names[job->state];
}

struct job *job_start(const struct crawl_env *env, const struct job_request *request, job_fn *done,
                      void *ctx)
{
    struct job *job = mem_new(struct job);

    job->env = *env;
    job->site = request->site;
    job->url = mem_strdup(request->url);
    job->own_origin = mem_strdup(request->own_origin);
    job->page = request->page;
    job->run_id = request->run_id;
    job->min_delay_ms = request->min_delay_ms;
    job->update_only = request->update_only;
    job->what = request->what;
    job->key = mem_strdup(request->key);
    job->judge = request->what == SITE_LIST ? request->judge : NULL;
    job->judge_ctx = request->judge_ctx;
    job->done = done;
    job->ctx = ctx;
    job->state_since_ms = clock_mono_ms();
    job->wake = loop_timer_new(env->loop, on_wake, job);
    loop_timer_start(job->wake, 0);
    return job;
}

/* ---- QUEUED: the board's turn ---------------------------------------------------------------- */

static void on_wake(void *ctx)
{
    struct job *job = ctx;

    if (job->state == JOB_CANCELLED)
        job_end(job, JOB_CANCELLED);
    else
        job_queue(job);
}

static void job_queue(struct job *job)
{
    struct polite_request request = {
        .url = job->url,
        .min_delay_ms = job->min_delay_ms,
        .obey_robots = job->site->obey_robots,
        .own_origin = job->own_origin,
    };

    if (job->state == JOB_WAITING_RETRY)
        job_set_state(job, JOB_QUEUED);
    if (quarantine_holds(job->env.quarantine, job->url, &job->end)) {
        job_set_state(job, JOB_FAILED);
        job_end(job, JOB_FAILED);
        return;
    }
    job->attempts++;
    job->ticket = polite_ask(job->env.polite, &request, on_may_load, job);
}

/* ---- LEASING, NAVIGATING, SETTLING: the page ------------------------------------------------- */

static void on_may_load(const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct load_events events = {.on_stage = on_stage, .on_done = on_loaded};
    struct load_request request = {
        .site = job->site,
        .url = job->url,
        .own_origin = job->own_origin,
        .what = job->what,
        .by = LOAD_CHROME,
        .want_html = job->judge && job->judge->wants_html(job->judge_ctx),
    };

    if (err) {
        job_fail(job, err);
        return;
    }
    job_set_state(job, JOB_LEASING);
    job->load = load_start(&job->env, &request, &events, job);
}

static void on_stage(enum load_stage stage, void *ctx)
{
    static const enum job_state states[] = {
        [LOAD_NAVIGATING] = JOB_NAVIGATING,
        [LOAD_SETTLING] = JOB_SETTLING,
        [LOAD_EXTRACTING] = JOB_EXTRACTING,
    };

    job_set_state(ctx, states[stage]);
}

/* ---- EXTRACTING: rows ------------------------------------------------------------------------ */

static void add_cost(struct job *job, const struct lease_cost *cost)
{
    struct lease_cost *sum = &job->result.cost;

    sum->cpu_ms += cost->cpu_ms;
    sum->gb_ms += cost->gb_ms;
    if (cost->peak_pss_bytes > sum->peak_pss_bytes)
        sum->peak_pss_bytes = cost->peak_pss_bytes;
}

/* The page is read, or given up: the tab and the board's turn are for others now. */
static void give_back(struct job *job)
{
    struct lease_cost cost = {0};

    load_free(&job->load, &cost);
    add_cost(job, &cost);
    polite_release(&job->ticket);
}

static int job_judge(struct job *job, struct err *err)
{
    return job->judge ? job->judge->page(job->judge_ctx, job->rows, err)
                      : judge_page(job->site, job->rows, err);
}

static void on_loaded(struct load_answer *answer, const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct err why;

    if (err) {
        why = *err; /* of the load, which goes */
        job_fail(job, &why);
        return;
    }
    job->rows = answer->rows;
    answer->rows = NULL;
    job->last_status = job->rows->status;
    if (job_judge(job, &why) < 0)
        job_fail(job, &why);
    else
        job_store_rows(job);
}

/* ---- STORING --------------------------------------------------------------------------------- */

static void job_store_rows(struct job *job)
{
    struct store_batch batch = {
        .rows = job->rows->rows,
        .n = job->rows->n,
        .run_id = job->run_id,
        .at_ms = clock_wall_ms(),
        .update_only = job->update_only,
        .from_post = job->what == SITE_POST,
    };

    if (batch.from_post && batch.n > 0) {
        job->rows->rows[0].key = job->key;
        batch.n = !job->rows->rows[0].gone; /* its end is for whoever asked to judge */
    }

    job_set_state(job, JOB_STORING);
    give_back(job);
    if (!job->env.store || (batch.from_post && batch.n == 0)) {
        job_set_state(job, JOB_DONE);
        job_end(job, JOB_DONE);
        return;
    }
    store_write(job->env.store, &batch, on_rows_stored, job);
}

static void on_rows_stored(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct job *job = ctx;

    if (err) {
        job_fail(job, err);
        return;
    }
    job->result.counts = *counts;
    job_set_state(job, JOB_DONE);
    job_end(job, JOB_DONE);
}

/* ---- the end, or another attempt ------------------------------------------------------------- */

static bool job_may_pass(struct job *job, const struct err *err)
{
    if (err->code == ERR_DRIFT && job->judge)
        return job->judge->asks_again(job->judge_ctx);
    return judge_is_passing(err->code, job->last_status) &&
           job->attempts <= job->env.config->page_retries;
}

static void job_fail(struct job *job, const struct err *err)
{
    struct err held;

    give_back(job);
    if (quarantine_holds(job->env.quarantine, job->url, &held))
        err = &held;
    else if (job_may_pass(job, err)) {
        int64_t wait_ms = RETRY_BASE_MS << (job->attempts - 1);

        log_warn("job", "trying again", "site=%s page=%d attempt=%d wait_ms=%lld reason=%s text=%s",
                 job->site->id, job->page, job->attempts, (long long)wait_ms, err_reason(err->code),
                 log_quote(err->text));
        row_set_free(&job->rows);
        job_set_state(job, JOB_WAITING_RETRY);
        loop_timer_start(job->wake, wait_ms);
        return;
    }
    job->end = *err;
    job_set_state(job, JOB_FAILED);
    job_end(job, JOB_FAILED);
}

static void job_end(struct job *job, enum job_state state)
{
    job->result.page = job->rows;
    job->result.attempts = job->attempts;
    job->done(&job->result, state == JOB_DONE ? NULL : &job->end, job->ctx);
}

void job_cancel(struct job *job)
{
    if (job->state >= JOB_STORING && job->state != JOB_WAITING_RETRY)
        return;
    give_back(job);
    err_set(&job->end, ERR_CANCELLED, "cancelled in state %s", job_state_name(job));
    job_set_state(job, JOB_CANCELLED);
    loop_timer_start(job->wake, 0);
}

void job_free(struct job **job)
{
    if (!*job)
        return;
    check((*job)->state >= JOB_DONE);
    loop_timer_free(&(*job)->wake);
    row_set_free(&(*job)->rows);
    mem_free((*job)->url);
    mem_free((*job)->own_origin);
    mem_free((*job)->key);
    mem_free(*job);
    *job = NULL;
}
