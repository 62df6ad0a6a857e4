/* SPDX-License-Identifier: MIT */
/* run.c - begin in the ledger, page after page, end in the ledger.
 *
 * Steps: run_start -> on_begun -> on_history_loaded -> next_page -> on_page_done -> next_page ... ->
 * start_posts -> on_posts_end -> finish -> on_drift_noted -> on_silence_noted -> on_ended. Without a
 * store (dry run) the two ledger steps are left out. Not here: the posts (posts.c).
 */
#include "crawl/run.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "base/url.h"
#include "crawl/drift_watch.h"
#include "crawl/render.h"
#include "crawl/silence_watch.h"

enum { URL_MAX_BYTES = 8192 };

struct run {
    struct crawl_env env;
    const struct site *site;
    struct run_events events;
    void *ctx;
    char *url;
    int page_to;
    int page; /* the next, or the one under way */
    bool list_only;
    struct job *job;
    struct visits visits; /* the posts of the list pages */
    struct posts *posts;
    struct drift_watch *drift;
    struct store_run ledger;
    struct err end;
    bool cancelled;
    int spooled; /* pages whose rows went to disk */
    struct loop_timer *wake; /* starts, and ends, outside the callers' calls */
};

static void on_start(void *ctx);
static void on_render_known(void *ctx);
static void begin(struct run *run);
static void on_begun(int64_t run_id, const struct err *err, void *ctx);
static void on_history_loaded(void *ctx);
static void next_page(struct run *run);
static void on_page_done(const struct job_result *result, const struct err *err, void *ctx);
static void start_posts(struct run *run);
static void on_post(const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx);
static void on_posts_end(const struct err *err, void *ctx);
static void finish(struct run *run);
static void on_drift_noted(void *ctx);
static void on_silence_noted(void *ctx);
static void on_ended(const struct err *err, void *ctx);

struct site_pages run_pages(const struct site *site, const char *kind)
{
    if (str_eq(kind, RUN_CRAWL))
        return site->pages;
    return str_eq(kind, RUN_REFRESH) ? site->refresh_pages : (struct site_pages){1, 0};
}

static bool is_kind(const struct run *run, const char *kind)
{
    return str_eq(run->ledger.kind, kind);
}

struct run *run_start(const struct crawl_env *env, const struct run_request *request,
                      const struct run_events *events, void *ctx)
{
    struct run *run = mem_new(struct run);

    run->env = *env;
    run->site = request->site;
    run->events = *events;
    run->ctx = ctx;
    run->url = mem_strdup(request->url);
    run->page = request->page_from;
    run->page_to = request->url ? request->page_from : request->page_to;
    run->list_only = request->list_only;
    visits_init(&run->visits, run->site);
    if (str_eq(request->kind, RUN_POST)) {
        const struct store_due post = {.key = "", .url = request->url};

        run->page_to = run->page - 1;
        visits_add_due(&run->visits, &post, 1);
    }
    run->ledger = (struct store_run){
        .site = request->site->id,
        .kind = request->kind,
        .lease = request->lease,
        .due_at_ms = request->due_at_ms,
        .started_at_ms = clock_wall_ms(),
    };
    run->drift = drift_watch_new(env, request->site);
    run->wake = loop_timer_new(env->loop, on_start, run);
    loop_timer_start(run->wake, 0);
    return run;
}

static void on_start(void *ctx)
{
    struct run *run = ctx;

    log_info("run", "begins", "site=%s kind=%s pages=%d-%d", run->site->id, run->ledger.kind,
             run->page, run->page_to);
    if (run->env.render)
        render_open(run->env.render, run->site, on_render_known, run);
    else
        begin(run);
}

static void on_render_known(void *ctx)
{
    begin(ctx);
}

static void begin(struct run *run)
{
    if (run->env.store)
        store_run_begin(run->env.store, &run->ledger, on_begun, run);
    else
        drift_watch_load(run->drift, on_history_loaded, run);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct run *run = ctx;

    /* Its whole row is written when the database is back. */
    if (err && !(err->code == ERR_STORE_AWAY && run->env.spool)) {
        run->end = *err;
        err_prefix(&run->end, "ledger");
        finish(run);
        return;
    }
    run->ledger.id = run_id;
    drift_watch_load(run->drift, on_history_loaded, run);
}

static void on_history_loaded(void *ctx)
{
    struct run *run = ctx;

    if (is_kind(run, RUN_REFRESH) && run->page > run->page_to) {
        err_set(&run->end, ERR_SITE, "%s: expected [list] refresh_pages", run->site->path);
        finish(run);
        return;
    }
    next_page(run);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool is_mapped(const struct run *run)
{
    return run->url || config_origin_of(run->env.config, run->site->id);
}

static struct store_fence fence_of(const struct run *run)
{
    return (struct store_fence){run->site->id, run->ledger.kind, run->ledger.lease};
}

static int64_t min_delay_ms(const struct run *run)
{
    return is_mapped(run) ? run->env.config->origin_min_delay : run->site->min_delay_ms;
}

static void page_url(const struct run *run, struct buf *out)
{
    const char *origin = config_origin_of(run->env.config, run->site->id);

    if (run->url)
        buf_adds(out, run->url);
    else
        site_list_url(run->site, run->page, origin, out);
}

static void next_page(struct run *run)
{
    struct job_request request = {
        .site = run->site,
        .page = run->page,
        .run_id = run->ledger.id,
        .fence = fence_of(run),
        .min_delay_ms = min_delay_ms(run),
        .update_only = is_kind(run, RUN_REFRESH),
        .judge = &drift_watch_judge,
        .judge_ctx = run->drift,
    };
    struct url_parts parts;
    struct buf url;
    struct err ignored;

    if (run->cancelled && run->end.code == ERR_OK)
        err_set(&run->end, ERR_CANCELLED, "cancelled");
    if (run->cancelled || run->page > run->page_to) {
        start_posts(run);
        return;
    }
    buf_init(&url, URL_MAX_BYTES);
    page_url(run, &url);
    request.url = buf_str(&url);
    /* The operator's own words, never a page's. A URL that is none is told by the job. */
    if (url_split(request.url, &parts, &ignored) == 0)
        request.own_origin = parts.origin;
    run->job = job_start(&run->env, &request, on_page_done, run);
    url_parts_fini(&parts);
    buf_fini(&url);
}

static void count_page(struct run *run, const struct job_result *result, const struct err *err)
{
    struct store_run *ledger = &run->ledger;

    ledger->pages++;
    ledger->pages_failed += err != NULL;
    run->spooled += result->spooled;
    ledger->counts.added += result->counts.added;
    ledger->counts.changed += result->counts.changed;
    ledger->counts.filled += result->counts.filled;
    ledger->cpu_ms += result->cost.cpu_ms;
    ledger->gb_ms += result->cost.gb_ms;
    if (result->cost.peak_pss_bytes > ledger->peak_pss_bytes)
        ledger->peak_pss_bytes = result->cost.peak_pss_bytes;
    if (result->page)
        ledger->bytes += result->page->html_bytes;
}

/* A post is no row of a list, and the same again says nothing of one. */
static void count_rows(struct run *run, const struct job_result *result)
{
    run->ledger.counts.same += result->counts.same;
    if (result->page)
        run->ledger.rows_seen += result->page->seen;
}

/* Would the next page of this run be as hopeless, or as unwelcome, as this one? */
static bool ends_run(enum err_code code)
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
    case ERR_DRIFT:
    case ERR_CANCELLED:
    case ERR_DISK:
        return true;
    default:
        return false;
    }
}

/* The first failure is the run's reason; that it is another engine's now says more than any. */
static bool counts_more(const struct run *run, const struct err *err)
{
    return err && (run->end.code == ERR_OK || err->code == ERR_LEASE_LOST);
}

static void on_page_done(const struct job_result *result, const struct err *err, void *ctx)
{
    struct run *run = ctx;

    count_page(run, result, err);
    count_rows(run, result);
    if (!err && result->page)
        visits_add_page(&run->visits, result->page);
    if (counts_more(run, err)) {
        run->end = *err;
        err_prefix(&run->end, "site %s: page %d", run->site->id, run->page);
    }
    if (err)
        log_warn("run", "page failed", "site=%s page=%d attempts=%d reason=%s text=%s",
                 run->site->id, run->page, result->attempts, err_reason(err->code),
                 log_quote(err->text));
    if (run->events.on_page)
        run->events.on_page(run, run->page, result, err, run->ctx);
    /* The job owns err: nothing of it after job_free(). */
    run->page = err && ends_run(err->code) ? run->page_to + 1 : run->page + 1;
    job_free(&run->job);
    next_page(run);
}

void run_cancel(struct run *run)
{
    if (run->cancelled)
        return;
    run->cancelled = true;
    if (run->job)
        job_cancel(run->job);
    if (run->posts)
        posts_cancel(run->posts);
}

void run_lost(struct run *run)
{
    err_set(&run->end, ERR_LEASE_LOST, "site %s: another engine has taken the run over", run->site->id);
    run_cancel(run);
}

/* ---- posts ----------------------------------------------------------------------------------- */

/* What ended the pages early would end the posts as well. */
static bool has_posts_to_visit(const struct run *run)
{
    const struct site *site = run->site;

    if (run->cancelled || ends_run(run->end.code))
        return false;
    if (is_kind(run, RUN_ALIVE) || is_kind(run, RUN_POST))
        return true;
    return is_kind(run, RUN_CRAWL) && !run->list_only && site->post &&
           site->post_when != SITE_POST_NEVER && run->visits.n > 0;
}

static void start_posts(struct run *run)
{
    struct posts_events events = {.on_post = on_post, .on_end = on_posts_end};
    struct posts_request request = {
        .site = run->site,
        .run_id = run->ledger.id,
        .fence = fence_of(run),
        .min_delay_ms = min_delay_ms(run),
        .visits = is_kind(run, RUN_ALIVE) ? NULL : &run->visits,
        .chosen = is_kind(run, RUN_POST),
    };
    struct url_parts parts;
    struct buf url;
    struct err ignored;

    if (has_posts_to_visit(run) && (!run->site->post || (!request.visits && !run->env.store)))
        err_set(&run->end, ERR_SITE, "%s: expected [post], and for alive checks a database",
                run->site->path);
    if (!has_posts_to_visit(run)) {
        finish(run);
        return;
    }
    run->page = run->site->pages.from;
    buf_init(&url, URL_MAX_BYTES);
    page_url(run, &url);
    if (url_split(buf_str(&url), &parts, &ignored) == 0)
        request.own_origin = parts.origin;
    run->posts = posts_start(&run->env, &request, &events, run);
    url_parts_fini(&parts);
    buf_fini(&url);
}

static void on_post(const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx)
{
    struct run *run = ctx;

    count_page(run, result, err);
    if (run->events.on_post)
        run->events.on_post(run, visit, result, verdict, err, run->ctx);
}

static void on_posts_end(const struct err *err, void *ctx)
{
    struct run *run = ctx;

    if (counts_more(run, err)) {
        run->end = *err;
        err_prefix(&run->end, "site %s: posts", run->site->id);
    }
    posts_free(&run->posts);
    finish(run);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Nothing more can be noted of it, or may be. */
static bool store_failed(const struct run *run)
{
    return run->end.code == ERR_STORE || run->end.code == ERR_STORE_AWAY ||
           run->end.code == ERR_LEASE_LOST;
}

static void finish(struct run *run)
{
    struct store_run *ledger = &run->ledger;
    struct store_fence fence = fence_of(run);

    ledger->ended_at_ms = clock_wall_ms();
    ledger->reason = err_reason(run->end.code);
    ledger->detail = run->end.code == ERR_OK ? NULL : run->end.text;
    /* A store that is away is not asked a dozen times. */
    drift_watch_end(run->drift, store_failed(run) ? 0 : ledger->id, &fence, on_drift_noted, run);
}

static bool brings_deals(const struct run *run)
{
    return is_kind(run, RUN_CRAWL) && !run->url && run->ledger.id && !store_failed(run) &&
           run->end.code != ERR_CANCELLED;
}

static void on_drift_noted(void *ctx)
{
    struct run *run = ctx;

    if (brings_deals(run))
        silence_watch(&run->env, run->site, &run->ledger, on_silence_noted, run);
    else
        on_silence_noted(run);
}

static void on_silence_noted(void *ctx)
{
    struct run *run = ctx;

    if (run->env.ledger)
        ledger_end(run->env.ledger, &run->ledger, on_ended, run);
    else
        on_ended(NULL, run);
}

static void log_end(const struct run *run)
{
    const struct store_run *l = &run->ledger;
    enum log_level level = run->end.code == ERR_OK ? LOG_INFO : LOG_WARN;

    LOG_AT(
        level, "run", "ended",
        "site=%s kind=%s reason=%s pages=%d failed=%d rows=%d new=%d changed=%d filled=%d same=%d "
        "ms=%lld "
        "cpu_ms=%lld "
        "peak_mib=%lld spooled=%d%s%s",
        run->site->id, l->kind, l->reason, l->pages, l->pages_failed, l->rows_seen, l->counts.added,
        l->counts.changed, l->counts.filled, l->counts.same,
        (long long)(l->ended_at_ms - l->started_at_ms), (long long)l->cpu_ms,
        (long long)(l->peak_pss_bytes >> 20), run->spooled, l->detail ? " text=" : "",
        l->detail ? log_quote(l->detail) : "");
}

static void on_ended(const struct err *err, void *ctx)
{
    struct run *run = ctx;

    if (err && run->end.code == ERR_OK) {
        run->end = *err;
        err_prefix(&run->end, "ledger");
        run->ledger.reason = err_reason(run->end.code);
        run->ledger.detail = run->end.text;
    }
    log_end(run);
    run->events.on_end(run, &run->ledger, run->end.code == ERR_OK ? NULL : &run->end, run->ctx);
}

void run_free(struct run **run)
{
    if (!*run)
        return;
    check(!(*run)->job && !(*run)->posts);
    visits_fini(&(*run)->visits);
    loop_timer_free(&(*run)->wake);
    drift_watch_free(&(*run)->drift);
    mem_free((*run)->url);
    mem_free(*run);
    *run = NULL;
}

const struct site *run_site(const struct run *run)
{
    return run->site;
}
