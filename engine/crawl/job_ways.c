/* SPDX-License-Identifier: MIT */
/* job_ways.c - the same page by the other way: Chrome asked about what was fetched, what Chrome has
 * shown fetched to be compared, and what is done when Chrome cannot be had.
 *
 * Whatever comes of it, the page loses no deal: what one way has read and the judge has passed is
 * stored.
 */
#include "base/log.h"
#include "crawl/job_priv.h"
#include "crawl/judge.h"
#include "crawl/quarantine.h"

#include <stdio.h>

/* A comparison is due, and Chrome cannot be had: what is proven stays so for now. */
bool job_do_without_chrome(struct job *job)
{
    if (job->plan != RENDER_PLAN_COMPARE || job->doubted ||
        !render_may_fetch(job->env.render, job->site, job->what))
        return false;
    log_warn("job", "fetched, since Chrome cannot be had", "site=%s page=%d", job->site->id,
             job->page);
    job->without_chrome = true;
    job->plan = RENDER_PLAN_FETCH;
    job->by = LOAD_FETCH;
    return true;
}

/* ---- when Chrome must look, or cannot ---------------------------------------------------------- */

/* By the rules run natively, or at all: too large, in a charset that only Chrome knows. */
bool job_cannot_read(const struct err *err)
{
    return err->code == ERR_PROTOCOL || err->code == ERR_SITE;
}

/* A fetched page that shows no list, or less of one, may be one that a script draws. */
bool job_doubts(struct job *job, const struct err *verdict, char why[RENDER_WHY_BYTES])
{
    struct err held;

    if (job->by != LOAD_FETCH || job->without_chrome ||
        !render_may_ask_chrome(job->env.render, job->site) ||
        quarantine_holds(job->env.quarantine, job->url, &held))
        return false;
    if (!verdict)
        return render_suspects(job->env.render, job->site, job->what, job->rows, why);
    snprintf(why, RENDER_WHY_BYTES, "%s without Chrome", err_reason(verdict->code));
    return judge_may_be_drawn(verdict->code) || job_cannot_read(verdict);
}

void job_ask_chrome(struct job *job, const struct err *verdict, const char *why)
{
    log_info("job", "Chrome is asked about a fetched page", "site=%s page=%d why=%s", job->site->id,
             job->page, log_quote(why));
    job->doubted = true;
    job->doubt = verdict ? *verdict : (struct err){.code = ERR_OK};
    job->fetched = job->rows;
    job->rows = NULL;
    job->by = LOAD_CHROME;
    job_give_back(job);
    job_set_state(job, JOB_QUEUED);
    job_ask_turn(job, job_on_may_load);
}

/* Chrome has shown the page that was doubted. */
void job_settle_doubt(struct job *job)
{
    char why[RENDER_WHY_BYTES];
    enum render_verdict verdict = RENDER_DIFFERENT;

    if (job->doubt.code == ERR_OK)
        verdict = render_compare(job->fetched, job->rows, why);
    else
        snprintf(why, sizeof(why), "%s without Chrome", err_reason(job->doubt.code));
    /* A post that is gone shows no row to compare, and often says so by a script. */
    if (job->rows->n > 0)
        render_tell_compared(job->env.render, job->site, job->what, job->rows, verdict, why);
    row_set_free(&job->fetched);
    job->doubted = false;
    job->plan = RENDER_PLAN_CHROME; /* this page needs no second comparison */
}

/* Chrome has no answer about the page that was doubted: what was fetched stands. */
bool job_fall_back(struct job *job, const struct err *err)
{
    if (!job->doubted)
        return false;
    log_info("job", "Chrome has no answer: the fetched page stands", "site=%s page=%d reason=%s",
             job->site->id, job->page, err_reason(err->code));
    job_give_back(job);
    row_set_free(&job->rows);
    job->rows = job->fetched;
    job->fetched = NULL;
    job->doubted = false;
    job->by = LOAD_FETCH;
    if (job->doubt.code == ERR_OK) {
        job_store_rows(job);
        return true;
    }
    job->end = job->doubt;
    job_set_state(job, JOB_FAILED);
    job_end(job, JOB_FAILED);
    return true;
}

/* ---- COMPARING: the same page without Chrome ---------------------------------------------------- */

static void end_comparing(struct job *job)
{
    job_give_back(job);
    job_set_state(job, JOB_DONE);
    job_end(job, JOB_DONE);
}

static void on_may_compare(const struct err *err, void *ctx);
static void on_compared(struct load_answer *answer, const struct err *err, void *ctx);

/* Rows are compared: a post that is gone has none, and often says so by a script. */
bool job_wants_comparison(const struct job *job)
{
    return job->plan == RENDER_PLAN_COMPARE && job->by == LOAD_CHROME && job->rows->n > 0 &&
           job->rows->status < 400;
}

void job_compare(struct job *job)
{
    job_set_state(job, JOB_COMPARING);
    job_ask_turn(job, on_may_compare);
}

static void on_may_compare(const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct load_events events = {.on_done = on_compared};
    struct load_request request = {
        .site = job->site,
        .url = job->url,
        .own_origin = job->own_origin,
        .what = job->what,
        .by = LOAD_FETCH,
    };

    if (err) {
        render_tell_failed(job->env.render, job->site, job->what, err);
        end_comparing(job);
        return;
    }
    job->load = load_start(&job->env, &request, &events, job);
}

static void on_compared(struct load_answer *answer, const struct err *err, void *ctx)
{
    struct job *job = ctx;
    struct render *render = job->env.render;
    enum render_verdict verdict;
    char why[RENDER_WHY_BYTES];
    struct err refusal;

    if (err && job_cannot_read(err)) {
        snprintf(why, sizeof(why), "%s without Chrome", err_reason(err->code));
        render_tell_compared(render, job->site, job->what, job->rows, RENDER_DIFFERENT, why);
    } else if (err) {
        job_tell_host(job, NULL, err, answer->retry_after_ms);
        render_tell_failed(render, job->site, job->what, err);
    } else if (judge_page(job->site, answer->rows, &refusal) == 0) {
        polite_tell_fine(job->ticket);
        job_name_post(job, answer->rows);
        verdict = render_compare(job->rows, answer->rows, why);
        render_tell_compared(render, job->site, job->what, job->rows, verdict, why);
    } else {
        job_tell_host(job, answer->rows, &refusal, answer->retry_after_ms);
        snprintf(why, sizeof(why), "%s without Chrome", err_reason(refusal.code));
        if (judge_may_be_drawn(refusal.code))
            render_tell_compared(render, job->site, job->what, job->rows, RENDER_DIFFERENT, why);
        else
            render_tell_failed(render, job->site, job->what, &refusal);
    }
    end_comparing(job);
}
