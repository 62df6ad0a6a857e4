/* SPDX-License-Identifier: MIT */
/* test_crawl_job.h - what test_crawl_job.c and test_crawl_job_fetch.c stand on: fakes of the gate, the pool, the tab, the fetch,
 * native.c, render.c and the store's front, which take their places at link time.
 *
 * Each step can be told to fail so many times; whatever fails, what was lent must be back at the end. */
#ifndef TEST_CRAWL_JOB_H
#define TEST_CRAWL_JOB_H

#include "crawl/job.h"
#include "crawl/spool.h"
#include "base/log.h"
#include "chrome/tab.h"
#include "crawl/fetcher.h"
#include "crawl/native.h"
#include "crawl/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum step {
    STEP_NONE,
    STEP_ASK,
    STEP_LEASE,
    STEP_LOST,
    STEP_NAVIGATE,
    STEP_CALL,
    STEP_STORE,
    STEP_FETCH,
    STEP_NATIVE
};

static const char site_text[] =
    "[site]\nname = A\nid_prefix = a\ntimezone = UTC\nenabled = yes\n"
    "[list]\nurl = http://a.localhost/list?page={page}\npages = 1-2\nmin_rows = 2\n"
    "[layout plain]\nmatch = ul\nrows = li\n"
    "[plain.key]\ncss = a @href\nrequired = yes\n"
    "[plain.title]\ncss = a\nrequired = yes\n"
    "[plain.url]\ntype = url\ncss = a\nrequired = yes\n"
    "[pace]\nmin_delay = 0\n[schedule]\ncrawl = 40 * * * *\n";

/* What the in-page program answers: status, layout and rows are put in. */
static const char answer_form[] =
    "{\"status\":%d,\"url\":\"http://a/\",\"title\":\"t\",\"layout\":%s,\"ready\":true,"
    "\"waited_ms\":1,\"seen\":%d,\"rows\":[%s],\"skipped\":{},\"fields\":{},"
    "\"html_length\":10,\"text_head\":\"\"}";
static const char two_rows[] = "{\"key\":\"1\",\"title\":\"one\",\"url\":\"http://a/1\"},"
                               "{\"key\":\"2\",\"title\":\"two\",\"url\":\"http://a/2\"}";

/* ---- the world ------------------------------------------------------------------------------- */

static struct world {
    struct loop *loop;
    struct config config;
    struct site *site;
    struct quarantine *quarantine;
    enum step fail_step;
    enum err_code fail_code;
    int fail_times;
    bool silent;   /* the tab never answers */
    bool tab_lost; /* it crashed itself */
    int status;
    const char *layout, *rows;

    int tickets, leases, unhealthy, stored, ended, attempts;
    struct err end;
    bool cancel_when_called;
    struct job *job;

    /* how pages are read */
    bool with_render;
    enum render_plan plan;
    bool may_ask_chrome, may_fetch, suspicious;
    int fetch_status;
    const char *fetch_layout, *fetch_rows;
    const char *etag; /* of the fetched page */
    struct fetcher *fetcher;
    char conditional[64]; /* the validator that was sent last, "" */
    int rendered, fetched, compared, failed_comparisons;
    enum render_verdict verdict;
    char why[RENDER_WHY_BYTES];
    int fine, troubles;
    int64_t retry_after_ms; /* told with the last trouble */
    enum load_by by;
    struct store_counts counts;
    bool cancel_when_fetched;
    int tab_status;
    bool no_pool; /* Chrome is not installed */
} world;

struct polite_ticket {
    polite_fn *done;
    void *ctx;
    bool released;
};

struct lease {
    struct lease_events events;
    void *ctx;
    bool returned;
};

static inline bool fails(enum step step, struct err *err)
{
    if (world.fail_step != step || world.fail_times == 0)
        return false;
    world.fail_times--;
    err_set(err, world.fail_code, "told to fail");
    return true;
}

static inline void answer_ask(void *ctx)
{
    struct polite_ticket *ticket = ctx;
    struct err err;

    if (!ticket->released)
        ticket->done(fails(STEP_ASK, &err) ? &err : NULL, ticket->ctx);
}

struct polite_ticket *polite_ask(struct polite *polite, const struct polite_request *request,
                                 polite_fn *done, void *ctx)
{
    struct polite_ticket *ticket = mem_new(struct polite_ticket);

    (void)polite;
    assert_true(request->obey_robots);
    assert_string_equal(request->own_origin, "http://a.localhost");
    ticket->done = done;
    ticket->ctx = ctx;
    world.tickets++;
    loop_defer(world.loop, answer_ask, ticket);
    return ticket;
}

void polite_release(struct polite_ticket **ticket)
{
    if (!*ticket)
        return;
    (*ticket)->released = true;
    world.tickets--;
    loop_defer(world.loop, mem_free, *ticket);
    *ticket = NULL;
}

void polite_tell_fine(struct polite_ticket *ticket)
{
    assert_non_null(ticket);
    world.fine++;
}

void polite_tell_trouble(struct polite_ticket *ticket, const struct err *why, int64_t retry_after)
{
    assert_non_null(ticket);
    assert_non_null(why);
    world.retry_after_ms = retry_after;
    world.troubles++;
}

static inline void answer_lease(void *ctx)
{
    struct lease *lease = ctx;
    struct err err;

    if (lease->returned)
        return;
    if (fails(STEP_LEASE, &err))
        lease->events.on_granted(NULL, &err, lease->ctx);
    else
        lease->events.on_granted(lease, NULL, lease->ctx);
}

struct lease *pool_lease(struct pool *pool, const struct lease_request *request,
                         const struct lease_events *events, void *ctx)
{
    struct lease *lease = mem_new(struct lease);

    (void)pool;
    assert_true(request->hold_ms > world.config.page_timeout);
    lease->events = *events;
    lease->ctx = ctx;
    world.leases++;
    world.rendered++;
    loop_defer(world.loop, answer_lease, lease);
    return lease;
}

void pool_return(struct lease **lease, bool healthy)
{
    (*lease)->returned = true;
    world.leases--;
    world.unhealthy += !healthy;
    loop_defer(world.loop, mem_free, *lease);
    *lease = NULL;
}

void lease_cost(const struct lease *lease, struct lease_cost *out)
{
    (void)lease;
    *out = (struct lease_cost){.cpu_ms = 5, .peak_pss_bytes = 7};
}

struct tab *lease_tab(struct lease *lease)
{
    return (struct tab *)lease;
}

bool tab_is_lost(const struct tab *tab)
{
    assert_false(((const struct lease *)tab)->returned);
    return world.tab_lost;
}

int tab_status(const struct tab *tab)
{
    assert_false(((const struct lease *)tab)->returned);
    return world.tab_status;
}

int64_t tab_retry_after_ms(const struct tab *tab)
{
    assert_false(((const struct lease *)tab)->returned);
    return 7000;
}

struct tab_wait {
    struct lease *lease;
    tab_done_fn *done;
    tab_value_fn *value;
    void *ctx;
};

static inline void answer_navigate(void *ctx)
{
    struct tab_wait *wait = ctx;
    struct err err;

    if (fails(STEP_LOST, &err))
        wait->lease->events.on_lost(&err, wait->lease->ctx);
    else
        wait->done(fails(STEP_NAVIGATE, &err) ? &err : NULL, wait->ctx);
    mem_free(wait);
}

void tab_navigate(struct tab *tab, const struct tab_page *page, tab_done_fn *done, void *ctx)
{
    struct tab_wait *wait = mem_new(struct tab_wait);

    assert_string_equal(page->url, "http://a.localhost/list?page=1");
    assert_string_equal(page->own_origin, "http://a.localhost");
    *wait = (struct tab_wait){.lease = (struct lease *)tab, .done = done, .ctx = ctx};
    loop_defer(world.loop, answer_navigate, wait);
}

static inline void answer_call(void *ctx)
{
    struct tab_wait *wait = ctx;
    struct jdoc *doc;
    struct err err;
    char *text = mem_printf(answer_form, world.status, world.layout, 2, world.rows);

    if (fails(STEP_CALL, &err)) {
        wait->value(NULL, &err, wait->ctx);
    } else {
        assert_int_equal(jdoc_parse(text, strlen(text), &doc, &err), 0);
        wait->value(jdoc_root(doc), NULL, wait->ctx);
        jdoc_free(&doc);
    }
    mem_free(text);
    mem_free(wait);
}

/* ---- fetching ---------------------------------------------------------------------------------- */

struct fetch {
    fetch_fn *done;
    void *ctx;
    bool cancelled;
};

struct fetch_client *fetch_client_new(struct loop *loop)
{
    (void)loop;
    return (struct fetch_client *)&world;
}

void fetch_client_free(struct fetch_client **client)
{
    *client = NULL;
}

static inline void answer_fetch(void *ctx)
{
    struct fetch *fetch = ctx;
    bool not_modified = *world.conditional && world.etag && !strcmp(world.conditional, world.etag);
    struct fetch_result result = {
        .status = not_modified ? 304 : world.fetch_status,
        .body = "",
        .content_type = "text/html",
        .url = "http://a.localhost/list?page=1",
        .etag = world.etag,
        .retry_after_ms = RETRY_AFTER_NONE,
    };
    struct err err;

    if (fetch->cancelled)
        mem_free(fetch);
    else {
        fetch_fn *done = fetch->done;
        void *done_ctx = fetch->ctx;

        mem_free(fetch);
        if (fails(STEP_FETCH, &err))
            done(NULL, &err, done_ctx);
        else
            done(&result, NULL, done_ctx);
    }
}

static inline void cancel_job(void *ctx);

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          fetch_fn *done, void *ctx)
{
    struct fetch *fetch = mem_new(struct fetch);

    (void)client;
    assert_string_equal(request->private_origin, "http://a.localhost");
    assert_string_equal(request->user_agent, "catchdeal-test");
    assert_int_equal(world.tickets, 1);
    world.fetched++;
    snprintf(world.conditional, sizeof(world.conditional), "%s",
             request->etag ? request->etag : "");
    *fetch = (struct fetch){done, ctx, false};
    if (world.cancel_when_fetched)
        loop_defer(world.loop, cancel_job, NULL);
    loop_defer(world.loop, answer_fetch, fetch);
    return fetch;
}

void fetch_cancel(struct fetch **fetch)
{
    (*fetch)->cancelled = true;
    *fetch = NULL;
}

int native_extract(const struct site *site, const struct site_layout *layouts, size_t n_layouts,
                   const struct native_page *page, struct buf *json_out, struct err *err)
{
    (void)site, (void)layouts, (void)n_layouts;
    if (fails(STEP_NATIVE, err))
        return -1;
    buf_addf(json_out, answer_form, page->status, world.fetch_layout, 2, world.fetch_rows);
    return 0;
}

/* ---- which way ------------------------------------------------------------------------------- */

int render_plan(struct render *render, const struct site *site, enum site_what what,
                enum render_plan *out, struct err *err)
{
    (void)render, (void)site, (void)err;
    assert_int_equal(what, SITE_LIST);
    *out = world.plan;
    return 0;
}

bool render_suspects(const struct render *render, const struct site *site, enum site_what what,
                     const struct row_set *fetched, char why[RENDER_WHY_BYTES])
{
    (void)render, (void)site, (void)what, (void)fetched;
    strcpy(why, "fewer rows");
    return world.suspicious;
}

bool render_may_ask_chrome(const struct render *render, const struct site *site)
{
    (void)render, (void)site;
    return world.may_ask_chrome;
}

bool render_may_fetch(const struct render *render, const struct site *site, enum site_what what)
{
    (void)render, (void)site, (void)what;
    return world.may_fetch;
}

void render_tell_compared(struct render *render, const struct site *site, enum site_what what,
                          const struct row_set *shown, enum render_verdict verdict,
                          const char *why)
{
    (void)render, (void)site, (void)what;
    assert_true(shown->n > 0);
    world.compared++;
    world.verdict = verdict;
    snprintf(world.why, sizeof(world.why), "%s", why);
}

void render_tell_failed(struct render *render, const struct site *site, enum site_what what,
                        const struct err *why)
{
    (void)render, (void)site, (void)what, (void)why;
    world.failed_comparisons++;
}

static inline void cancel_job(void *ctx)
{
    (void)ctx;
    job_cancel(world.job);
}

void tab_call(struct tab *tab, const char *function, const char *args_json, int64_t timeout_ms,
              tab_value_fn *done, void *ctx)
{
    struct tab_wait *wait;

    (void)tab;
    assert_non_null(strstr(function, "async function"));
    assert_int_equal(args_json[0], '[');
    assert_true(timeout_ms > 0 && timeout_ms <= world.config.page_timeout);
    if (world.cancel_when_called)
        loop_defer(world.loop, cancel_job, NULL);
    if (world.silent)
        return;
    wait = mem_new(struct tab_wait);
    *wait = (struct tab_wait){.value = done, .ctx = ctx};
    loop_defer(world.loop, answer_call, wait);
}

static struct {
    store_write_fn *done;
    void *ctx;
    int n;
} write_wait;

static inline void answer_write(void *ctx)
{
    struct store_counts counts = {.added = write_wait.n};
    struct err err;
    bool failed = fails(STEP_STORE, &err);

    (void)ctx;
    world.stored += failed ? 0 : write_wait.n;
    write_wait.done(failed ? NULL : &counts, failed ? &err : NULL, write_wait.ctx);
}

void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done,
                 void *ctx)
{
    (void)store;
    write_wait.done = done;
    write_wait.ctx = ctx;
    write_wait.n = batch->n;
    loop_defer(world.loop, answer_write, NULL);
}

/* env.spool is NULL here: its own test has it. */
void spool_write(struct spool *spool, const struct store_batch *batch, spool_fn *done, void *ctx)
{
    (void)spool;
    (void)batch;
    (void)done;
    (void)ctx;
    fail_msg("there is no spool");
}

/* ---- harness --------------------------------------------------------------------------------- */

static inline void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static inline int set_up(void **state)
{
    struct err err;

    (void)state;
    world =
        (struct world){.loop = loop_new(), .status = 200, .layout = "\"plain\"", .rows = two_rows};
    world.fetch_status = 200;
    world.fetch_layout = "\"plain\"";
    world.fetch_rows = two_rows;
    world.may_ask_chrome = true;
    world.fetcher = fetcher_new(world.loop, "catchdeal-test");
    world.config.page_timeout = 30000;
    world.config.page_retries = 2;
    world.config.tabs_per_browser = 4;
    log_set_sink(quiet, NULL);
    if (site_load_text("a/site.conf", "a", site_text, NULL, NULL, &world.site, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    site_free(&world.site);
    fetcher_free(&world.fetcher);
    loop_free(&world.loop);
    log_set_sink(NULL, NULL);
    return 0;
}

static inline void on_done(const struct job_result *result, const struct err *err, void *ctx)
{
    (void)ctx;
    world.ended++;
    world.attempts = result->attempts;
    world.by = result->by;
    world.counts = result->counts;
    assert_true(err || result->page);
    err_clear(&world.end);
    if (err)
        world.end = *err;
    job_free(&world.job);
    loop_stop(world.loop);
}

static inline void run_job(void)
{
    struct crawl_env env = {
        .loop = world.loop,
        .config = &world.config,
        .pool = world.no_pool ? NULL : (struct pool *)&world,
        .store = (struct store *)&world,
        .quarantine = world.quarantine,
        .fetcher = world.fetcher,
        .render = world.with_render ? (struct render *)&world : NULL,
    };
    struct job_request request = {.site = world.site,
                                  .url = "http://a.localhost/list?page=1",
                                  .own_origin = "http://a.localhost",
                                  .page = 1};

    err_set(&env.no_pool, ERR_LAUNCH, "no Chrome here");
    world.job = job_start(&env, &request, on_done, NULL);
    assert_int_equal(world.ended, 0);
    loop_run(world.loop);
    /* One more turn: a second callback would come now. */
    loop_defer(world.loop, (loop_fn *)loop_stop, world.loop);
    loop_run(world.loop);
}

static inline void assert_end(enum err_code code, int attempts, int stored)
{
    if (world.end.code != code)
        fail_msg("expected %s, got %s: %s", err_reason(code), err_reason(world.end.code),
                 world.end.text);
    assert_int_equal(world.ended, 1);
    assert_int_equal(world.attempts, attempts);
    assert_int_equal(world.stored, stored);
    assert_int_equal(world.tickets, 0);
    assert_int_equal(world.leases, 0);
}

#endif
