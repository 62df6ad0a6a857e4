/* SPDX-License-Identifier: MIT */
/* run.h - one run: (site, kind, due time), its pages one after the other, its row in the ledger.
 *
 *     crawl     the list pages, then the posts that [post] asks for
 *     refresh   list pages further down: deals that are known are updated, none is added
 *     alive     posts of known deals: are they still there?
 *     post      the post at `url`, to look at; for a run without a store
 *
 * Pages are stored as they finish, so a late failure loses nothing. A page that fails does not end
 * the run; the run's reason is then the first failure's. What ends it early: the store is away,
 * another engine has taken it over, robots.txt forbids, the board blocks or limits us (more requests would be rude), no layout fits,
 * Chrome cannot start, cancellation. A run never touches another site's.
 */
#ifndef CRAWL_RUN_H
#define CRAWL_RUN_H

#include "crawl/env.h"
#include "crawl/job.h"
#include "crawl/posts.h"
#include "crawl/site.h"

struct run;

#define RUN_CRAWL "crawl"
#define RUN_REFRESH "refresh"
#define RUN_ALIVE "alive"
#define RUN_POST "post"

struct run_request {
    const struct site *site; /* borrowed for the run's life */
    const char *kind;        /* RUN_...; static */
    int64_t due_at_ms;
    int64_t lease; /* number of the lease under which it writes (store_lease.h); 0: none */
    int page_from, page_to; /* as the board numbers them */
    const char *url; /* instead of the site's list pages: this one page; copied; NULL: none */
    bool list_only;  /* of a crawl: no posts */
};

/* The pages that a run of this kind reads unless it is told others; from > to: none. */
struct site_pages run_pages(const struct site *site, const char *kind);

struct run_events {
    /* Each page that was read, also one that is refused (err set). May be NULL. */
    void (*on_page)(struct run *run, int page, const struct job_result *result,
                    const struct err *err, void *ctx);
    /* Each post that was visited, as in posts.h. May be NULL. */
    void (*on_post)(struct run *run, const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx);
    /* Once, last, when the ledger's row is written; the run may be freed here. err NULL: ok. */
    void (*on_end)(struct run *run, const struct store_run *summary, const struct err *err,
                   void *ctx);
};

struct run *run_start(const struct crawl_env *env, const struct run_request *request,
                      const struct run_events *events, void *ctx);
void run_cancel(struct run *run); /* on_end follows with ERR_CANCELLED */
void run_lost(struct run *run);   /* another engine has it: on_end follows with ERR_LEASE_LOST */
void run_free(struct run **run);  /* in on_end or after it */

const struct site *run_site(const struct run *run);

#endif
