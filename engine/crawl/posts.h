/* SPDX-License-Identifier: MIT */
/* posts.h - the posts that a run visits, one after the other.
 *
 *     of a crawl   the posts of its list pages that [post] asks for; the rows are stored already
 *     alive        the deals that were checked least recently: is their post still there?
 *
 * What a post proves of itself is written as it comes. A post that fails ends nothing, unless the
 * next one would fail as well: the board blocks or limits us, robots.txt forbids, the store or
 * Chrome is away, or the first POSTS_MIN_FAILED posts all failed.
 */
#ifndef CRAWL_POSTS_H
#define CRAWL_POSTS_H

#include "crawl/env.h"
#include "crawl/job.h"
#include "crawl/site.h"
#include "crawl/visits.h"

enum { POSTS_MIN_FAILED = 3 };

struct posts;

struct posts_request {
    const struct site *site; /* borrowed; with site->post */
    const char *own_origin;  /* as in job.h; copied; NULL: none */
    int64_t run_id;
    struct store_fence fence; /* as in job.h */
    int64_t min_delay_ms;
    /* Rows to choose from: taken. NULL: an alive run, which needs a store. */
    struct visits *visits;
    bool chosen; /* visit all of them, whatever the store knows; one that fails ends them */
};

struct posts_events {
    /* Each post. result and err as in job.h; its counts hold what the proof changed, too. May be
     * NULL. */
    void (*on_post)(const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx);
    /* Once, last; the posts may be freed here. err NULL: none, or some failed for reasons of their
     * own. */
    void (*on_end)(const struct err *err, void *ctx);
};

struct posts *posts_start(const struct crawl_env *env, const struct posts_request *request,
                          const struct posts_events *events, void *ctx);
void posts_cancel(struct posts *posts); /* on_end follows with ERR_CANCELLED */
void posts_free(struct posts **posts);  /* in on_end or after it; NULL is accepted */

#endif
