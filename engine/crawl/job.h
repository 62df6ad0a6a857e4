/* SPDX-License-Identifier: MIT */
/* job.h - one page, a list or a post: asked for politely, rendered or fetched, read, stored; tried
 * again where that can help.
 *
 *     QUEUED > LEASING > NAVIGATING > SETTLING > EXTRACTING > STORING > DONE
 *     any of them > WAITING_RETRY > QUEUED, or FAILED, or CANCELLED
 *
 * render.h says which way. A fetched page is never LEASING or SETTLING. One that Chrome must look at
 * is QUEUED again, in the same job; and where the two ways are to be compared, the page that Chrome
 * rendered is stored first, then fetched in state COMPARING, which ends in DONE whatever comes.
 *
 * Whatever fails, a job ends in one place: its callback comes once, with tab, ticket and timers
 * given back. A page that could be read is an answer even when it is refused as a whole (drift,
 * empty): `page` is there to look at, and nothing of it was stored. An address whose page crashed
 * twice in a row is not tried again for a while (quarantine.h): the job ends with the crash's reason.
 */
#ifndef CRAWL_JOB_H
#define CRAWL_JOB_H

#include "crawl/env.h"
#include "crawl/extract.h"
#include "crawl/load.h"
#include "crawl/site.h"

struct job;

/* Who judges list pages by more than judge.h does. */
struct job_judge {
    /* As judge_page(). */
    int (*page)(void *ctx, const struct row_set *page, struct err *err);
    bool (*wants_html)(void *ctx); /* of the next page */
    bool (*asks_again)(void *ctx); /* for the page that was just refused as drift */
};

struct job_request {
    const struct site *site; /* borrowed for the job's life */
    const char *url;         /* absolute, copied */
    const char *own_origin;  /* the site's own: may be at a private address; NULL: none; copied */
    int page;                /* the board's number, for messages */
    int64_t run_id;          /* of the ledger, 0: none */
    struct store_fence fence; /* under which its rows are stored; texts live as long as the job */
    int64_t min_delay_ms;
    bool update_only; /* refresh: unknown deals are not inserted */
    enum site_what what;
    const char *key;               /* SITE_POST: of the deal; copied */
    const struct job_judge *judge; /* NULL: judge_page() alone */
    void *judge_ctx;
};

/* Of a post the page is an answer also when it proves that the post is gone (judge_post); stored is
 * what a post that is there tells. */
struct job_result {
    /* NULL when the page could not be read; borrowed for the call. It has no rows when nothing changed
     * (not_modified): counts.same are those of then. */
    const struct row_set *page;
    enum load_by by;            /* it was read; without a page: tried last */
    struct store_counts counts; /* zero without a store, and of what was spooled */
    bool spooled;               /* the database is away: the rows are on disk (spool.h) */
    struct lease_cost cost;     /* of all attempts */
    int attempts;
};

/* err NULL: done. result is never NULL; what it points to lives until job_free. */
typedef void job_fn(const struct job_result *result, const struct err *err, void *ctx);

struct job *job_start(const struct crawl_env *env, const struct job_request *request, job_fn *done,
                      void *ctx);

/* End it soon: the callback comes later with ERR_CANCELLED, or with the outcome when the rows are
 * already on their way to the store. */
void job_cancel(struct job *job);

/* In the callback or after it; NULL is accepted. */
void job_free(struct job **job);

const char *job_state_name(const struct job *job);

#endif
