/* SPDX-License-Identifier: MIT */
/* job_priv.h - a job's inside, for job.c (its life) and job_ways.c (Chrome or not). */
#ifndef CRAWL_JOB_PRIV_H
#define CRAWL_JOB_PRIV_H

#include "crawl/job.h"
#include "crawl/render.h"

enum job_state {
    JOB_QUEUED,
    JOB_LEASING,
    JOB_NAVIGATING,
    JOB_SETTLING,
    JOB_EXTRACTING,
    JOB_STORING,
    JOB_WAITING_RETRY,
    JOB_COMPARING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATES
};

struct job {
    struct crawl_env env;
    const struct site *site;
    char *url;
    char *own_origin;
    int page;
    int64_t run_id;
    struct store_fence fence;
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
    enum render_plan plan;
    enum load_by by;
    bool without_chrome; /* it does not start, and the site may do without */
    struct row_set *rows;
    char *etag, *last_modified; /* of the fetched rows */
    /* Chrome is asked about a page that was fetched: */
    bool doubted;
    struct row_set *fetched; /* what was read; NULL: nothing */
    struct err doubt;        /* why; code ERR_OK: its rows may be stored all the same */
    int last_status;         /* of the page, 0: never came so far */
    struct job_result result;
    struct loop_timer *wake; /* begins an attempt, or tells of the cancellation */
    struct err end;
    job_fn *done;
    void *ctx;
};

/* job.c */
void job_set_state(struct job *job, enum job_state state);
void job_ask_turn(struct job *job, polite_fn *done);
void job_on_may_load(const struct err *err, void *ctx); /* polite_fn: load it, by job->by */
void job_give_back(struct job *job);                    /* load, tab and turn */
/* How the host answered, for its back-off. A tab that could not be had, or that crashed, says nothing
 * of it. page NULL: err is the load's. */
void job_tell_host(struct job *job, const struct row_set *page, const struct err *err,
                   int64_t retry_after);
void job_name_post(const struct job *job, struct row_set *page); /* its row gets the deal's key */
void job_store_rows(struct job *job);
void job_end(struct job *job, enum job_state state);

/* job_ways.c */

/* A comparison is due, and Chrome cannot be had: true when the page may be fetched; by is LOAD_FETCH
 * then. */
bool job_do_without_chrome(struct job *job);

/* By the rules run natively, or at all: too large, in a charset that only Chrome knows. */
bool job_cannot_read(const struct err *err);

/* A fetched page that shows no list, or less of one, may be one that a script draws. verdict NULL:
 * good. */
bool job_doubts(struct job *job, const struct err *verdict, char why[RENDER_WHY_BYTES]);
void job_ask_chrome(struct job *job, const struct err *verdict, const char *why);
void job_settle_doubt(struct job *job); /* Chrome has shown the page */
/* Chrome has no answer about the page: what was fetched stands. False: nothing was doubted. */
bool job_fall_back(struct job *job, const struct err *err);

bool job_wants_comparison(const struct job *job);
void job_compare(struct job *job); /* the job is STORING, and ends in job_end() */

#endif
