/* SPDX-License-Identifier: MIT */
/* job.c - the life of one page, in the order in which it happens.
 *
 * Every step ends in job_fail() or in the next step; job_fail() decides between another attempt
 * and the end, and job_end() is the one exit. job_set_state() is the only writer of job->state.
 * Promise: at the exit the lease and the ticket are given back and no callback of theirs is under
 * way.
 */
#include "crawl/job.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/tab.h"
#include "crawl/judge.h"
#include "crawl/quarantine.h"

enum {
    LEASE_WAIT_MS = 15 * 60 * 1000, /* behind other jobs; queueing is no part of page_timeout */
    LEASE_SLACK_MS = 8000,    /* a tab may take 4 s past its deadline to tell a hang from a delay */
    EXTRACT_MARGIN_MS = 1000, /* the in-page program answers so long before its call times out */
    EXTRACT_MIN_MS = 500,
    RETRY_BASE_MS = 500,
    RULES_MAX_BYTES = 1 << 20,
};

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
    enum job_state state;
    int64_t state_since_ms;
    int attempts;
    int64_t deadline_ms; /* monotonic, of this attempt; set when the tab is ours */
    struct polite_ticket *ticket;
    struct lease *lease;
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
static void on_granted(struct lease *lease, const struct err *err, void *ctx);
static void on_lease_lost(const struct err *why, void *ctx);
static void on_navigated(const struct err *err, void *ctx);
static void on_extracted(const struct jval *value, const struct err *err, void *ctx);
static void job_store_rows(struct job *job);
static void on_rows_stored(const struct store_counts *counts, const struct err *err, void *ctx);
static void job_fail(struct job *job, const struct err *err, bool healthy_tab);
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

/* ---- LEASING: a tab -------------------------------------------------------------------------- */

static void on_may_load(const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct lease_request request = {
        .site = job->site->id,
        .url = job->url,
        .wait_ms = LEASE_WAIT_MS,
        .hold_ms = job->env.config->page_timeout + LEASE_SLACK_MS,
    };
    struct lease_events events = {.on_granted = on_granted, .on_lost = on_lease_lost};

    if (err) {
        job_fail(job, err, true);
        return;
    }
    job_set_state(job, JOB_LEASING);
    job->lease = pool_lease(job->env.pool, &request, &events, job);
}

/* Several pages of one browser end with it, and nothing tells which of them it was. */
static bool is_alone_in_browser(const struct job *job)
{
    return job->env.config->tabs_per_browser == 1;
}

/* Only the browser's end or the deadline comes here: while a lease is held the tab is always busy,
 * and a crash of its own ends what it is busy with. */
static void on_lease_lost(const struct err *why, void *ctx)
{
    struct job *job = ctx;

    if (is_alone_in_browser(job))
        quarantine_note(job->env.quarantine, job->url, why);
    job_fail(job, why, false);
}

/* ---- NAVIGATING, SETTLING: the page ---------------------------------------------------------- */

static int64_t time_left_ms(const struct job *job)
{
    int64_t left_ms = job->deadline_ms - clock_mono_ms();

    return left_ms > 1 ? left_ms : 1;
}

static void on_granted(struct lease *lease, const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct tab_page page = {
        .url = job->url,
        .own_origin = job->own_origin,
        .viewport_w = job->site->viewport_width,
        .viewport_h = job->site->viewport_height,
    };

    if (err) {
        job_fail(job, err, true);
        return;
    }
    job_set_state(job, JOB_NAVIGATING);
    job->deadline_ms = clock_mono_ms() + job->env.config->page_timeout;
    page.timeout_ms = time_left_ms(job);
    tab_navigate(lease_tab(lease), &page, on_navigated, job);
}

/* A tab that is not lost itself was taken along by its browser. */
static void note_tab_end(struct job *job, const struct err *err)
{
    if (tab_is_lost(lease_tab(job->lease)) || is_alone_in_browser(job))
        quarantine_note(job->env.quarantine, job->url, err);
}

static void on_navigated(const struct err *err, void *ctx)
{
    struct job *job = ctx;
    int64_t left_ms = time_left_ms(job);
    int64_t extract_ms = left_ms - EXTRACT_MARGIN_MS;
    struct buf args;

    if (err) {
        note_tab_end(job, err);
        job_fail(job, err, err->code == ERR_NETWORK);
        return;
    }
    job_set_state(job, JOB_SETTLING);
    buf_init(&args, RULES_MAX_BYTES);
    buf_addc(&args, '[');
    site_rules_json(job->site, extract_ms > EXTRACT_MIN_MS ? extract_ms : EXTRACT_MIN_MS, &args);
    buf_addc(&args, ']');
    check(!buf_overflowed(&args));
    tab_call(lease_tab(job->lease), extract_program(), buf_str(&args), left_ms, on_extracted, job);
    buf_fini(&args);
}

/* ---- EXTRACTING: rows ------------------------------------------------------------------------ */

/* The page is read: the tab and the board's turn are for others now. */
static void give_back(struct job *job, bool healthy_tab)
{
    struct lease_cost cost;

    if (job->lease) {
        lease_cost(job->lease, &cost);
        job->result.cost.cpu_ms += cost.cpu_ms;
        job->result.cost.gb_ms += cost.gb_ms;
        if (cost.peak_pss_bytes > job->result.cost.peak_pss_bytes)
            job->result.cost.peak_pss_bytes = cost.peak_pss_bytes;
        pool_return(&job->lease, healthy_tab);
    }
    polite_release(&job->ticket);
}

static void on_extracted(const struct jval *value, const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct err why;

    if (err) {
        note_tab_end(job, err);
        job_fail(job, err, false);
        return;
    }
    job_set_state(job, JOB_EXTRACTING);
    quarantine_clear(job->env.quarantine, job->url);
    if (extract_read(job->site, value, clock_wall_ms(), &job->rows, &why) < 0) {
        job_fail(job, &why, true);
        return;
    }
    job->last_status = job->rows->status;
    log_debug("job", "page read",
              "site=%s page=%d layout=%s status=%d rows=%d seen=%d duplicates=%d waited_ms=%lld",
              job->site->id, job->page, job->rows->layout ? job->rows->layout : "none",
              job->rows->status, job->rows->n, job->rows->seen, job->rows->duplicates,
              (long long)job->rows->waited_ms);
    if (judge_page(job->site, job->rows, &why) < 0)
        job_fail(job, &why, true);
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
    };

    job_set_state(job, JOB_STORING);
    give_back(job, true);
    if (!job->env.store) {
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
        job_fail(job, err, true);
        return;
    }
    job->result.counts = *counts;
    job_set_state(job, JOB_DONE);
    job_end(job, JOB_DONE);
}

/* ---- the end, or another attempt ------------------------------------------------------------- */

static void job_fail(struct job *job, const struct err *err, bool healthy_tab)
{
    struct err held;

    give_back(job, healthy_tab);
    if (quarantine_holds(job->env.quarantine, job->url, &held))
        err = &held;
    else if (judge_is_passing(err->code, job->last_status) &&
             job->attempts <= job->env.config->page_retries) {
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
    give_back(job, false);
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
    mem_free(*job);
    *job = NULL;
}
