/* SPDX-License-Identifier: MIT */
/* job.c - the life of one page, in the order in which it happens.
 *
 * Every step ends in job_fail() or in the next step; job_fail() decides between another attempt
 * and the end, and job_end() is the one exit. job_set_state() is the only writer of job->state.
 * Promise: at the exit the load and the ticket are given back and no callback of theirs is under
 * way. Not here: how a page is loaded and read (load.h), when Chrome has a part in it (job_ways.c).
 */
#include "crawl/job_priv.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/fetcher.h"
#include "crawl/judge.h"
#include "crawl/quarantine.h"
#include "crawl/spool.h"

enum { RETRY_BASE_MS = 500 };

static const char *const state_names[JOB_STATES] = {
    "QUEUED",        "LEASING",   "NAVIGATING", "SETTLING", "EXTRACTING", "STORING",
    "WAITING_RETRY", "COMPARING", "DONE",       "FAILED",   "CANCELLED",
};

#define TO(state) (1u << JOB_##state)
#define TO_FAILURE (TO(WAITING_RETRY) | TO(FAILED) | TO(CANCELLED))
static const unsigned allowed_moves[JOB_STATES] = {
    [JOB_QUEUED] = TO(LEASING) | TO(NAVIGATING) | TO(STORING) | TO_FAILURE,
    [JOB_LEASING] = TO(NAVIGATING) | TO(QUEUED) | TO(STORING) | TO_FAILURE,
    [JOB_NAVIGATING] = TO(SETTLING) | TO(EXTRACTING) | TO(STORING) | TO_FAILURE,
    [JOB_SETTLING] = TO(EXTRACTING) | TO(STORING) | TO_FAILURE,
    [JOB_EXTRACTING] = TO(STORING) | TO(QUEUED) | TO_FAILURE,
    [JOB_STORING] = TO(DONE) | TO(FAILED) | TO(COMPARING),
    [JOB_WAITING_RETRY] = TO(QUEUED) | TO(CANCELLED),
    [JOB_COMPARING] = TO(DONE),
};

static void on_wake(void *ctx);
static void job_queue(struct job *job);
static void on_stage(enum load_stage stage, void *ctx);
static void on_loaded(struct load_answer *answer, const struct err *err, void *ctx);
static void on_rows_stored(const struct store_counts *counts, const struct err *err, void *ctx);
static void on_rows_kept(const struct store_counts *counts, bool spooled, const struct err *err,
                         void *ctx);
static void job_stored(struct job *job);
static void job_fail(struct job *job, const struct err *err);

void job_set_state(struct job *job, enum job_state state)
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
    job->fence = request->fence;
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

    if (job->state >= JOB_DONE)
        job_end(job, job->state);
    else
        job_queue(job);
}

void job_ask_turn(struct job *job, polite_fn *done)
{
    struct polite_request request = {
        .url = job->url,
        .min_delay_ms = job->min_delay_ms,
        .obey_robots = job->site->obey_robots,
        .own_origin = job->own_origin,
    };

    job->ticket = polite_ask(job->env.polite, &request, done, job);
}

/* Which way this attempt goes. */
static int choose_way(struct job *job, struct err *err)
{
    if (job->env.render && !job->doubted && !job->without_chrome &&
        render_plan(job->env.render, job->site, job->what, &job->plan, err) < 0)
        return -1;
    job->by = job->plan == RENDER_PLAN_FETCH && !job->doubted ? LOAD_FETCH : LOAD_CHROME;
    if (job->by == LOAD_FETCH || !quarantine_holds(job->env.quarantine, job->url, err))
        return 0;
    return job_do_without_chrome(job) ? 0 : -1;
}

static void job_queue(struct job *job)
{
    if (job->state == JOB_WAITING_RETRY)
        job_set_state(job, JOB_QUEUED);
    if (choose_way(job, &job->end) < 0) {
        job_set_state(job, JOB_FAILED);
        job_end(job, JOB_FAILED);
        return;
    }
    job->attempts++;
    job_ask_turn(job, job_on_may_load);
}

/* ---- LEASING, NAVIGATING, SETTLING: the page ------------------------------------------------- */

/* Of a page that Chrome may be asked about its document would be kept as evidence too soon. */
static bool wants_html(const struct job *job)
{
    if (job->by == LOAD_FETCH && render_may_ask_chrome(job->env.render, job->site))
        return false;
    return job->judge && job->judge->wants_html(job->judge_ctx);
}

void job_on_may_load(const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct load_events events = {.on_stage = on_stage, .on_done = on_loaded};
    struct load_request request = {
        .site = job->site,
        .url = job->url,
        .own_origin = job->own_origin,
        .what = job->what,
        .by = job->by,
        .want_html = wants_html(job),
    };

    if (err) {
        job_fail(job, err);
        return;
    }
    /* Whoever visits a post wants its row, and who wants the document wants all of it. */
    request.conditional = job->what == SITE_LIST && !request.want_html;
    job_set_state(job, job->by == LOAD_FETCH ? JOB_NAVIGATING : JOB_LEASING);
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
void job_give_back(struct job *job)
{
    struct lease_cost cost = {0};

    load_free(&job->load, &cost);
    add_cost(job, &cost);
    polite_release(&job->ticket);
}

void job_name_post(const struct job *job, struct row_set *page)
{
    if (job->what == SITE_POST && page->n > 0)
        page->rows[0].key = job->key;
}

static void take_rows(struct job *job, struct load_answer *answer)
{
    row_set_free(&job->rows);
    mem_free(job->etag);
    mem_free(job->last_modified);
    job->rows = answer->rows;
    job->etag = answer->etag;
    job->last_modified = answer->last_modified;
    answer->rows = NULL;
    answer->etag = answer->last_modified = NULL;
    job->last_status = job->rows->status;
    job_name_post(job, job->rows);
}

/* How the host answered, for its back-off. A tab that could not be had, or that crashed, says nothing
 * of it. page NULL: err is the load's. */
void job_tell_host(struct job *job, const struct row_set *page, const struct err *err,
                   int64_t retry_after)
{
    bool was_asked = job->state == JOB_NAVIGATING || job->state == JOB_COMPARING;

    if (page ? judge_is_trouble(page, err) : was_asked && judge_is_trouble(NULL, err))
        polite_tell_trouble(job->ticket, err, retry_after);
    else if (page)
        polite_tell_fine(job->ticket);
}

static int job_judge(struct job *job, struct err *err)
{
    return job->judge && !job->rows->not_modified ? job->judge->page(job->judge_ctx, job->rows, err)
                                                  : judge_page(job->site, job->rows, err);
}

static void judge_loaded(struct job *job, struct load_answer *answer);
static void load_failed(struct job *job, const struct err *err);

static void on_loaded(struct load_answer *answer, const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct err why;

    if (!err) {
        judge_loaded(job, answer);
        return;
    }
    why = *err; /* of the load, which goes */
    job_tell_host(job, NULL, &why, answer->retry_after_ms);
    load_failed(job, &why);
}

static void load_failed(struct job *job, const struct err *err)
{
    char why[RENDER_WHY_BYTES];

    if (job_cannot_read(err) && job_doubts(job, err, why)) {
        job_ask_chrome(job, err, why);
        return;
    }
    if (err->code == ERR_LAUNCH && job_do_without_chrome(job)) {
        job_give_back(job);
        job_set_state(job, JOB_QUEUED);
        job_ask_turn(job, job_on_may_load);
        return;
    }
    if (job->by == LOAD_FETCH)
        render_tell_failed(job->env.render, job->site, job->what, err);
    job_fail(job, err);
}

static void judge_loaded(struct job *job, struct load_answer *answer)
{
    char why[RENDER_WHY_BYTES];
    struct err verdict;
    bool good, doubtful;

    take_rows(job, answer);
    good = judge_page(job->site, job->rows, &verdict) == 0;
    job_tell_host(job, job->rows, good ? NULL : &verdict, answer->retry_after_ms);
    doubtful = job_doubts(job, good ? NULL : &verdict, why);
    /* The other judge remembers what it is shown: not before it is known which page counts. */
    if (!doubtful) {
        good = job_judge(job, &verdict) == 0;
        doubtful = !good && job_doubts(job, &verdict, why);
    }
    if (doubtful) {
        job_ask_chrome(job, good ? NULL : &verdict, why);
    } else if (!good) {
        if (job->by == LOAD_FETCH && !judge_may_be_drawn(verdict.code))
            render_tell_failed(job->env.render, job->site, job->what, &verdict);
        job_fail(job, &verdict);
    } else {
        if (job->doubted)
            job_settle_doubt(job);
        job_store_rows(job);
    }
}

/* ---- STORING --------------------------------------------------------------------------------- */

void job_store_rows(struct job *job)
{
    struct store_batch batch = {
        .rows = job->rows->rows,
        .n = job->rows->n,
        .run_id = job->run_id,
        .at_ms = clock_wall_ms(),
        .update_only = job->update_only,
        .from_post = job->what == SITE_POST,
        .fence = job->fence,
    };

    if (batch.from_post && batch.n > 0)
        batch.n = !job->rows->rows[0].gone; /* its end is for whoever asked to judge */
    job_set_state(job, JOB_STORING);
    job_give_back(job);
    if (job->rows->not_modified)
        job->result.counts.same = job->rows->seen;
    if (!job->env.store || job->rows->not_modified || (batch.from_post && batch.n == 0))
        job_stored(job);
    else if (job->env.spool)
        spool_write(job->env.spool, &batch, on_rows_kept, job);
    else
        store_write(job->env.store, &batch, on_rows_stored, job);
}

/* A 304 may stand for these rows from now on, and for no others; nor for those on disk, which the database
 * may refuse one day. */
static void keep_validators(struct job *job)
{
    struct fetcher_page page = {
        .etag = job->etag,
        .last_modified = job->last_modified,
        .layout = job->rows->layout,
        .rows = job->rows->n,
    };

    if (!job->env.fetcher || job->rows->not_modified)
        return;
    if (job->by == LOAD_FETCH && !job->result.spooled)
        fetcher_keep(job->env.fetcher, job->url, &page);
    else
        fetcher_forget(job->env.fetcher, job->url);
}

static void on_rows_kept(const struct store_counts *counts, bool spooled, const struct err *err,
                         void *ctx)
{
    ((struct job *)ctx)->result.spooled = spooled;
    on_rows_stored(counts, err, ctx);
}

static void on_rows_stored(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct job *job = ctx;

    if (err) {
        job_fail(job, err);
        return;
    }
    job->result.counts = *counts;
    keep_validators(job);
    job_stored(job);
}

static void job_stored(struct job *job)
{
    if (job_wants_comparison(job)) {
        job_compare(job);
        return;
    }
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

    job_give_back(job);
    if (job->by == LOAD_CHROME && quarantine_holds(job->env.quarantine, job->url, &held)) {
        err = &held;
    } else if (job_may_pass(job, err)) {
        int64_t wait_ms = RETRY_BASE_MS << (job->attempts - 1);

        log_warn("job", "trying again", "site=%s page=%d attempt=%d wait_ms=%lld reason=%s text=%s",
                 job->site->id, job->page, job->attempts, (long long)wait_ms, err_reason(err->code),
                 log_quote(err->text));
        row_set_free(&job->rows);
        job_set_state(job, JOB_WAITING_RETRY);
        loop_timer_start(job->wake, wait_ms);
        return;
    }
    if (!job->rows && job_fall_back(job, err))
        return;
    job->end = *err;
    job_set_state(job, JOB_FAILED);
    job_end(job, JOB_FAILED);
}

void job_end(struct job *job, enum job_state state)
{
    job->result.page = job->rows;
    job->result.by = job->by;
    job->result.attempts = job->attempts;
    job->done(&job->result, state == JOB_DONE ? NULL : &job->end, job->ctx);
}

void job_cancel(struct job *job)
{
    if (job->state == JOB_STORING || job->state >= JOB_DONE)
        return;
    job_give_back(job);
    if (job->state == JOB_COMPARING) { /* the page is stored */
        job_set_state(job, JOB_DONE);
        loop_timer_start(job->wake, 0);
        return;
    }
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
    row_set_free(&(*job)->fetched);
    mem_free((*job)->etag);
    mem_free((*job)->last_modified);
    mem_free((*job)->url);
    mem_free((*job)->own_origin);
    mem_free((*job)->key);
    mem_free(*job);
    *job = NULL;
}
