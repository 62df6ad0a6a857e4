/* SPDX-License-Identifier: MIT */
/* selfcheck.c - begin in the ledger, load, compare, end in the ledger.
 *
 * Steps: selfcheck_start -> on_start -> on_begun -> load_page -> on_loaded -> finish -> on_ended.
 */
#include "crawl/selfcheck.h"
#include "base/httpd.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/load.h"
#include "db/store_cost.h"
#include "gen/selfcheck_conf.h"
#include "gen/selfcheck_html.h"

#include <stdio.h>
#include <string.h>

enum { CONNECTIONS = 16, REQUEST_MS = 10000 };

struct selfcheck {
    struct crawl_env env;
    struct site *site;
    struct httpd *httpd;
    char *origin;
    struct load *load;
    selfcheck_fn *done;
    void *ctx;
    struct store_run run;
    struct err end;
    bool is_loading, cancelled, has_ended;
};

static void finish(struct selfcheck *self);

/* ---- the page -------------------------------------------------------------------------------- */

static void on_request(struct httpd_req *req, void *ctx)
{
    static const struct httpd_header html = {"Content-Type", "text/html"};

    (void)ctx;
    if (str_eq(req->target, "/"))
        httpd_respond_static(req, 200, &html, 1, selfcheck_html, strlen(selfcheck_html));
    else
        httpd_respond_static(req, 404, NULL, 0, "", 0);
}

static void on_refused(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    httpd_respond_static(req, status, NULL, 0, text, strlen(text));
}

static int serve(struct selfcheck *self, struct err *err)
{
    struct httpd_options options = {
        .listen = "127.0.0.1:0",
        .max_connections = CONNECTIONS,
        .request_timeout_ms = REQUEST_MS,
        .handler = on_request,
        .refuse = on_refused,
    };

    if (httpd_new(self->env.loop, &options, &self->httpd, err) < 0)
        return err_prefix(err, "the built-in page cannot be served");
    self->origin = mem_printf("http://127.0.0.1:%d", httpd_port(self->httpd));
    return 0;
}

/* ---- what must come of it -------------------------------------------------------------------- */

#define MINUTE INT64_C(60000)

/* 2026-11-22T00:00:00Z */
static const int64_t day_ms = INT64_C(1795305600000);

static const struct {
    const char *key, *title, *path, *image;
    int64_t posted_at_ms, comment;
    bool sold_out;
} expected[] = {
    {"3", "[가게] 무선 이어폰 12,900원", "/post/3", "/picture/3.png", 785 * MINUTE, 7, false},
    {"2", "<b>A & B</b> \"모니터\" 🙂", "/post/2", "/picture/2.png", 720 * MINUTE + 30000, 0,
     true},
    {"1", "라면 40개", "/post/1", "/picture/1.png", -1000, 1234, false},
};

static int expect_text(const char *what, const char *key, const char *got, const char *wanted,
                       struct err *err)
{
    if (str_eq(got, wanted))
        return 0;
    return err_set(err, ERR_INTERNAL, "%s of row %s was read as \"%.100s\", not \"%s\"", what, key,
                   got ? got : "nothing", wanted);
}

static int expect_number(const char *what, const char *key, int64_t got, int64_t wanted,
                         struct err *err)
{
    if (got == wanted)
        return 0;
    return err_set(err, ERR_INTERNAL, "%s of row %s was read as %lld, not %lld", what, key,
                   (long long)got, (long long)wanted);
}

static int expect_link(const struct selfcheck *self, const char *what, const char *key,
                       const char *got, const char *path, struct err *err)
{
    char *wanted = mem_printf("%s%s", self->origin, path);
    int rc = expect_text(what, key, got, wanted, err);

    mem_free(wanted);
    return rc;
}

static int compare_row(const struct selfcheck *self, const struct deal_row *row, size_t i,
                       struct err *err)
{
    const char *key = expected[i].key;

    if (expect_text("key", key, row->key, key, err) < 0 ||
        expect_text("title", key, row->title, expected[i].title, err) < 0 ||
        expect_link(self, "url", key, row->url, expected[i].path, err) < 0 ||
        expect_link(self, "image", key, row->image_url, expected[i].image, err) < 0 ||
        expect_number("posted_at", key, row->posted_at_ms, day_ms + expected[i].posted_at_ms, err) <
            0 ||
        expect_number("comment", key, row->comment, expected[i].comment, err) < 0)
        return -1;
    return expect_number("sold_out", key, row->sold_out, expected[i].sold_out, err);
}

static int compare(const struct selfcheck *self, const struct row_set *rows, struct err *err)
{
    if (rows->status != 200)
        return err_set(err, ERR_HTTP_STATUS, "the built-in page came with status %d", rows->status);
    if (!rows->ready)
        return err_set(err, ERR_TIMEOUT, "the built-in page was not ready in time");
    if (rows->n != (int)ARRAY_LEN(expected))
        return err_set(err, ERR_INTERNAL, "%d rows were read, not %zu", rows->n,
                       ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        if (compare_row(self, &rows->rows[i], i, err) < 0)
            return -1;
    return 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void count(struct selfcheck *self, const struct load_answer *answer, const struct err *err)
{
    struct store_run *run = &self->run;

    run->pages = 1;
    run->pages_failed = err != NULL;
    run->cpu_ms = answer->cost.cpu_ms;
    run->gb_ms = answer->cost.gb_ms;
    run->peak_pss_bytes = answer->cost.peak_pss_bytes;
    if (answer->rows) {
        run->rows_seen = answer->rows->n;
        run->bytes = answer->rows->html_bytes;
    }
}

static void on_loaded(struct load_answer *answer, const struct err *err, void *ctx)
{
    struct selfcheck *self = ctx;

    self->is_loading = false;
    count(self, answer, err);
    if (err) {
        self->end = *err;
        err_prefix(&self->end, "the built-in page");
    } else if (compare(self, answer->rows, &self->end) < 0) {
        self->run.pages_failed = 1;
    }
    load_free(&self->load, NULL);
    finish(self);
}

static int load_page(struct selfcheck *self, struct err *err)
{
    struct load_events events = {.on_done = on_loaded};
    struct load_request request = {
        .site = self->site, .own_origin = NULL, .what = SITE_LIST, .by = LOAD_CHROME};
    char *url;

    if (self->cancelled)
        return err_set(err, ERR_CANCELLED, "cancelled");
    if (!self->env.pool) {
        *err = self->env.no_pool;
        return -1;
    }
    if (serve(self, err) < 0)
        return -1;
    url = mem_printf("%s/", self->origin);
    request.url = url;
    request.own_origin = self->origin;
    self->is_loading = true;
    self->load = load_start(&self->env, &request, &events, self);
    mem_free(url);
    return 0;
}

/* That the store is away is no fault of what is checked here: ledger.c keeps the row. */
static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct selfcheck *self = ctx;

    self->run.id = err ? 0 : run_id;
    if (load_page(self, &self->end) < 0)
        finish(self);
}

static void on_start(void *ctx)
{
    struct selfcheck *self = ctx;

    if (self->env.store)
        store_run_begin(self->env.store, &self->run, on_begun, self);
    else
        on_begun(0, NULL, self);
}

struct selfcheck *selfcheck_start(const struct crawl_env *env, int64_t due_at_ms,
                                  selfcheck_fn *done, void *ctx)
{
    struct selfcheck *self = mem_new(struct selfcheck);
    struct err err;

    self->env = *env;
    self->done = done;
    self->ctx = ctx;
    self->run = (struct store_run){
        .site = STORE_NO_SITE,
        .kind = RUN_SELFCHECK,
        .due_at_ms = due_at_ms,
        .started_at_ms = clock_wall_ms(),
    };
    check(site_load_text("selfcheck.conf", "selfcheck", selfcheck_conf, NULL, NULL, &self->site,
                         &err) == 0);
    loop_defer(env->loop, on_start, self);
    return self;
}

void selfcheck_cancel(struct selfcheck *self)
{
    if (self->cancelled || self->has_ended)
        return;
    self->cancelled = true;
    if (!self->is_loading)
        return;
    self->is_loading = false;
    load_free(&self->load, NULL);
    err_set(&self->end, ERR_CANCELLED, "cancelled");
    finish(self);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_ended(const struct err *err, void *ctx)
{
    struct selfcheck *self = ctx;
    const struct store_run *run = &self->run;

    (void)err; /* kept by ledger.c, which has said so */
    LOG_AT(self->end.code == ERR_OK ? LOG_INFO : LOG_WARN, "selfcheck", "ended",
           "reason=%s ms=%lld text=%s", run->reason,
           (long long)(run->ended_at_ms - run->started_at_ms), log_quote(self->end.text));
    self->has_ended = true;
    self->done(run, self->end.code == ERR_OK ? NULL : &self->end, self->ctx);
}

static void on_nothing_noted(void *ctx)
{
    on_ended(NULL, ctx);
}

static void finish(struct selfcheck *self)
{
    struct store_run *run = &self->run;

    run->ended_at_ms = clock_wall_ms();
    run->reason = err_reason(self->end.code);
    run->detail = self->end.code == ERR_OK ? NULL : self->end.text;
    if (self->env.ledger)
        ledger_end(self->env.ledger, run, on_ended, self);
    else
        loop_defer(self->env.loop, on_nothing_noted, self);
}

void selfcheck_free(struct selfcheck **self_ptr)
{
    struct selfcheck *self = *self_ptr;

    if (!self)
        return;
    *self_ptr = NULL;
    check(self->has_ended);
    httpd_free(&self->httpd);
    site_free(&self->site);
    mem_free(self->origin);
    mem_free(self);
}
