/* SPDX-License-Identifier: MIT */
/* posts.c - choose, then for each post: a job, the proof into the store, the next.
 *
 * Steps: posts_start -> on_start -> on_known or on_due -> next_post -> on_visited -> on_noted ->
 * next_post ... -> finish.
 */
#include "crawl/posts.h"
#include "base/log.h"
#include "crawl/judge.h"
#include "crawl/spool.h"

/* Posts older than this are purged soon, or forgotten: nobody looks whether they are still there. */
static const int64_t ALIVE_WINDOW_MS = (int64_t)30 * 24 * 3600 * 1000;

struct posts {
    struct crawl_env env;
    const struct site *site;
    char *own_origin;
    int64_t run_id;
    struct store_fence fence;
    int64_t min_delay_ms;
    struct posts_events events;
    void *ctx;
    struct visits visits;
    bool is_alive, chosen;
    struct job *job;
    const struct visit *visit; /* the job's */
    struct job_result result;
    struct err failure; /* of the visit; code ERR_OK: none */
    enum store_verdict verdict;
    int visited, failed;
    struct err first_failure;
    struct err end;
    bool cancelled;
    struct loop_timer *wake; /* begins, outside the caller's call */
};

static void on_start(void *ctx);
static void on_known(const struct store_known *known, int n, const struct err *err, void *ctx);
static void on_due(const struct store_due *due, int n, const struct err *err, void *ctx);
static void next_post(struct posts *posts);
static void on_visited(const struct job_result *result, const struct err *err, void *ctx);
static void on_noted(const struct store_counts *counts, const struct err *err, void *ctx);
static void on_kept(const struct store_counts *counts, bool spooled, const struct err *err,
                    void *ctx);
static void end_post(struct posts *posts);
static void finish(struct posts *posts, const struct err *err);

struct posts *posts_start(const struct crawl_env *env, const struct posts_request *request,
                          const struct posts_events *events, void *ctx)
{
    struct posts *posts = mem_new(struct posts);

    check(request->site->post && (request->visits || env->store));
    posts->env = *env;
    posts->site = request->site;
    posts->own_origin = mem_strdup(request->own_origin);
    posts->run_id = request->run_id;
    posts->fence = request->fence;
    posts->min_delay_ms = request->min_delay_ms;
    posts->events = *events;
    posts->ctx = ctx;
    posts->is_alive = !request->visits;
    posts->chosen = request->chosen;
    if (posts->is_alive) {
        visits_init(&posts->visits, posts->site);
    } else {
        posts->visits = *request->visits;
        *request->visits = (struct visits){0};
    }
    posts->wake = loop_timer_new(env->loop, on_start, posts);
    loop_timer_start(posts->wake, 0);
    return posts;
}

/* ---- which ----------------------------------------------------------------------------------- */

static void ask_what_is_due(struct posts *posts)
{
    int64_t now_ms = clock_wall_ms();
    struct store_alive_query query = {
        .site = posts->site->id,
        .limit = posts->site->gone_max,
        .not_after_ms = now_ms - posts->site->gone_distance_ms,
        .since_ms = now_ms - ALIVE_WINDOW_MS,
        .deleted_too = true,
    };

    if (query.limit > 0)
        store_alive_due(posts->env.store, &query, on_due, posts);
    else
        finish(posts, NULL);
}

static void on_start(void *ctx)
{
    struct posts *posts = ctx;
    struct arena arena;

    if (posts->is_alive) {
        ask_what_is_due(posts);
        return;
    }
    if (posts->chosen) {
        next_post(posts);
        return;
    }
    if (!posts->env.store || posts->visits.n == 0) {
        visits_choose(&posts->visits, NULL, 0);
        next_post(posts);
        return;
    }
    arena_init(&arena);
    store_known(posts->env.store, posts->site->id, visits_keys(&posts->visits, &arena),
                (int)posts->visits.n, on_known, posts);
    arena_fini(&arena);
}

/* Which posts were read already is not known while the database is away: the next run, which finds the
 * spooled rows, visits them. */
static void on_known(const struct store_known *known, int n, const struct err *err, void *ctx)
{
    struct posts *posts = ctx;

    if (err && err->code == ERR_STORE_AWAY && posts->env.spool) {
        log_info("posts", "left to the next run, for the database is away", "site=%s posts=%zu",
                 posts->site->id, posts->visits.n);
        finish(posts, NULL);
        return;
    }
    if (err) {
        finish(posts, err);
        return;
    }
    visits_choose(&posts->visits, known, n);
    next_post(posts);
}

static void on_due(const struct store_due *due, int n, const struct err *err, void *ctx)
{
    struct posts *posts = ctx;

    if (err) {
        finish(posts, err);
        return;
    }
    visits_add_due(&posts->visits, due, n);
    next_post(posts);
}

/* ---- one after the other --------------------------------------------------------------------- */

static void next_post(struct posts *posts)
{
    struct job_request request = {
        .site = posts->site,
        .own_origin = posts->own_origin,
        .run_id = posts->run_id,
        .fence = posts->fence,
        .min_delay_ms = posts->min_delay_ms,
        .what = SITE_POST,
    };
    struct err cancelled;

    if (posts->cancelled) {
        err_set(&cancelled, ERR_CANCELLED, "cancelled");
        finish(posts, &cancelled);
        return;
    }
    posts->visit = visits_next(&posts->visits);
    if (!posts->visit) {
        finish(posts, NULL);
        return;
    }
    request.url = posts->visit->url;
    request.key = posts->visit->key;
    request.page = posts->visited + 1;
    posts->job = job_start(&posts->env, &request, on_visited, posts);
}

/* Would the next post of this run be as hopeless, or as unwelcome, as this one? */
static bool ends_posts(enum err_code code)
{
    switch (code) {
    case ERR_STORE:
    case ERR_STORE_AWAY:
    case ERR_LEASE_LOST:
    case ERR_SITE:
    case ERR_LAUNCH:
    case ERR_ROBOTS:
    case ERR_BLOCKED:
    case ERR_RATE_LIMITED:
    case ERR_CANCELLED:
    case ERR_DISK:
        return true;
    default:
        return false;
    }
}

/* A list says by itself that a post is there. */
static bool is_worth_noting(const struct posts *posts)
{
    if (!posts->env.store || ends_posts(posts->failure.code))
        return false;
    return posts->is_alive || posts->verdict == ALIVE_ABSENT || posts->verdict == ALIVE_GONE_MARK;
}

static void on_visited(const struct job_result *result, const struct err *err, void *ctx)
{
    struct posts *posts = ctx;
    struct store_alive_result one = {.key = posts->visit->key};
    struct store_alive_batch batch = {
        .site = posts->site->id,
        .results = &one,
        .n = 1,
        .at_ms = clock_wall_ms(),
        .min_distance_ms = posts->site->gone_distance_ms,
        .run_id = posts->run_id,
        .fence = posts->fence,
    };

    posts->result = *result; /* its page lives as long as the job */
    posts->failure = err ? *err : (struct err){.code = ERR_OK};
    posts->verdict = ALIVE_UNKNOWN;
    if (!err && result->page->not_modified)
        posts->verdict = ALIVE_HERE;
    else if (!err)
        posts->verdict = judge_post(posts->site, result->page, &posts->failure);
    one.verdict = posts->verdict;
    if (!is_worth_noting(posts))
        end_post(posts);
    else if (posts->env.spool)
        spool_alive_write(posts->env.spool, &batch, on_kept, posts);
    else
        store_alive_write(posts->env.store, &batch, on_noted, posts);
}

static void on_kept(const struct store_counts *counts, bool spooled, const struct err *err,
                    void *ctx)
{
    struct posts *posts = ctx;

    posts->result.spooled |= spooled;
    on_noted(counts, err, posts);
}

static void on_noted(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct posts *posts = ctx;

    if (err)
        posts->failure = *err;
    else
        posts->result.counts.changed += counts->changed;
    end_post(posts);
}

static void log_post(const struct posts *posts)
{
    const char *url = log_quote(posts->visit->url);

    if (posts->failure.code != ERR_OK)
        log_warn("posts", "post failed", "site=%s key=%s url=%s reason=%s text=%s", posts->site->id,
                 log_quote(posts->visit->key), url, err_reason(posts->failure.code),
                 log_quote(posts->failure.text));
    else
        log_debug("posts", "post read", "site=%s url=%s verdict=%s", posts->site->id, url,
                  store_verdict_name(posts->verdict));
}

static void end_post(struct posts *posts)
{
    int failed_min = posts->chosen ? 1 : POSTS_MIN_FAILED;
    bool is_last;

    posts->visited++;
    log_post(posts);
    if (posts->failure.code != ERR_OK && posts->failed++ == 0)
        posts->first_failure = posts->failure;
    if (posts->events.on_post)
        posts->events.on_post(posts->visit, &posts->result, posts->verdict,
                              posts->failure.code == ERR_OK ? NULL : &posts->failure, posts->ctx);
    job_free(&posts->job);
    is_last = ends_posts(posts->failure.code);
    if (is_last)
        finish(posts, &posts->failure);
    else if (posts->failed == posts->visited && posts->failed >= failed_min)
        finish(posts, &posts->first_failure);
    else
        next_post(posts);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void finish(struct posts *posts, const struct err *err)
{
    if (err)
        posts->end = *err;
    posts->events.on_end(err ? &posts->end : NULL, posts->ctx);
}

void posts_cancel(struct posts *posts)
{
    if (posts->cancelled)
        return;
    posts->cancelled = true;
    if (posts->job)
        job_cancel(posts->job);
}

void posts_free(struct posts **posts)
{
    if (!*posts)
        return;
    check(!(*posts)->job);
    loop_timer_free(&(*posts)->wake);
    visits_fini(&(*posts)->visits);
    mem_free((*posts)->own_origin);
    mem_free(*posts);
    *posts = NULL;
}
