/* SPDX-License-Identifier: MIT */
/* run.c - begin in the ledger, page after page, end in the ledger.
 *
 * Steps: run_start -> on_begun -> next_page -> on_page_done -> next_page ... -> finish -> on_ended. Without a
 * store (dry run) the two ledger steps are left out.
 */
#include "crawl/run.h"
#include "base/buf.h"
#include "base/log.h"

enum { URL_MAX_BYTES = 8192 };

struct run {
    struct crawl_env env;
    const struct site *site;
    struct run_events events;
    void *ctx;
    char *url;
    int page_to;
    int page; /* the next, or the one under way */
    struct job *job;
    struct store_run ledger;
    struct err end;
    bool cancelled;
    struct loop_timer *wake; /* starts, and ends, outside the callers' calls */
};

static void on_start(void *ctx);
static void on_begun(int64_t run_id, const struct err *err, void *ctx);
static void next_page(struct run *run);
static void on_page_done(const struct job_result *result, const struct err *err, void *ctx);
static void finish(struct run *run);
static void log_end(const struct run *run)
{
    const struct store_run *l = &run->ledger;
    enum log_level level = run->end.code == ERR_OK ? LOG_INFO : LOG_WARN;

    LOG_AT(level, "run", "ended",
           "site=%s kind=%s reason=%s pages=%d failed=%d rows=%d new=%d changed=%d same=%d ms=%lld cpu_ms=%lld "
           "peak_mib=%lld%s%s",
           run->site->id, l->kind, l->reason, l->pages, l->pages_failed, l->rows_seen, l->counts.added,
           l->counts.changed, l->counts.same, (long long)(l->ended_at_ms - l->started_at_ms), (long long)l->cpu_ms,
           (long long)(l->peak_pss_bytes >> 20), l->detail ? " text=" : "", l->detail ? log_quote(l->detail) : "");
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
    check(!(*run)->job);
    loop_timer_free(&(*run)->wake);
    mem_free((*run)->url);
    mem_free(*run);
    *run = NULL;
}

const struct site *run_site(const struct run *run)
{
    return run->site;
}
