/* SPDX-License-Identifier: MIT */
/* purge.c - begin in the ledger, one kind after the other in batches until a batch is empty, end in the ledger.
 *
 * Steps: purge_start -> on_start -> on_begun -> next_batch -> on_batch -> (pause) -> next_batch ... -> finish
 * -> on_ended. A dry run has one count of each kind in place of the batches.
 */
#include "crawl/purge.h"
#include "base/buf.h"
#include "base/log.h"
#include "db/store_cost.h"

struct purge {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct ledger *ledger;
    bool dry_run, cancelled;
    purge_fn *done;
    void *ctx;
    struct loop_timer *pause;
    struct store_run run;
    struct purge_counts counts;
    enum store_purge_what what; /* under way */
    struct buf detail;
    struct err end;
    bool has_ended;
};

static void next_batch(void *ctx);
static void finish(struct purge *purge);

static int64_t keep_ms(const struct config *config, enum store_purge_what what)
{
    switch (what) {
    case STORE_PURGE_MARKS:
    case STORE_PURGE_PUSH_ROWS:
        return config->keep_bookmarks;
    case STORE_PURGE_DEALS:
        return config->keep_deals;
    case STORE_PURGE_EVENTS:
        return config->keep_events;
    case STORE_PURGE_PUSHES:
        return config->keep_pushes;
    case STORE_PURGE_SESSIONS:
        return 0; /* they carry their end */
    case STORE_PURGE_RUNS:
        return config->keep_runs;
    case STORE_PURGE_REPORTS:
        return config->keep_reports;
    case STORE_PURGE_FIELDS:
        return config->keep_field_stats;
    case STORE_PURGE_COUNT:
        break;
    }
    check(false);
    return 0;
}

static void on_batch(int64_t n, const struct err *err, void *ctx)
{
    struct purge *purge = ctx;

    if (err) {
        purge->end = *err;
        finish(purge);
        return;
    }
    purge->counts.rows[purge->what] += n;
    if (n == 0 || purge->dry_run)
        purge->what++;
    loop_timer_start(purge->pause, n && !purge->dry_run ? PURGE_PAUSE_MS : 0);
}

static void next_batch(void *ctx)
{
    struct purge *purge = ctx;
    int64_t now_ms = purge->run.started_at_ms;
    struct store_purge batch = {
        .what = purge->what,
        .marks_before_ms = now_ms - purge->config->keep_bookmarks,
        .limit = PURGE_BATCH,
        .dry_run = purge->dry_run,
    };

    if (purge->cancelled)
        err_set(&purge->end, ERR_CANCELLED, "cancelled");
    if (purge->cancelled || purge->what == STORE_PURGE_COUNT) {
        finish(purge);
        return;
    }
    batch.before_ms = now_ms - keep_ms(purge->config, purge->what);
    store_purge(purge->store, &batch, on_batch, purge);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct purge *purge = ctx;

    if (err) {
        purge->end = *err;
        err_prefix(&purge->end, "ledger");
        finish(purge);
        return;
    }
    purge->run.id = run_id;
    next_batch(purge);
}

static void on_start(void *ctx)
{
    struct purge *purge = ctx;

    if (purge->ledger)
        store_run_begin(purge->store, &purge->run, on_begun, purge);
    else
        next_batch(purge);
}

struct purge *purge_start(struct loop *loop, const struct config *config, struct store *store,
                          struct ledger *ledger, int64_t due_at_ms, bool dry_run, purge_fn *done,
                          void *ctx)
{
    struct purge *purge = mem_new(struct purge);

    purge->loop = loop;
    purge->config = config;
    purge->store = store;
    purge->ledger = dry_run ? NULL : ledger;
    purge->dry_run = dry_run;
    purge->done = done;
    purge->ctx = ctx;
    purge->run = (struct store_run){
        .site = STORE_NO_SITE,
        .kind = RUN_PURGE,
        .due_at_ms = due_at_ms,
        .started_at_ms = clock_wall_ms(),
    };
    buf_init(&purge->detail, BUF_MAX_DEFAULT);
    purge->pause = loop_timer_new(loop, next_batch, purge);
    loop_defer(loop, on_start, purge);
    return purge;
}

void purge_cancel(struct purge *purge)
{
    purge->cancelled = true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_ended(const struct err *err, void *ctx)
{
    struct purge *purge = ctx;

    if (err && purge->end.code == ERR_OK) {
        purge->end = *err;
        err_prefix(&purge->end, "ledger");
    }
    LOG_AT(purge->end.code == ERR_OK ? LOG_INFO : LOG_WARN, "purge", "ended",
           "reason=%s rows=%d ms=%lld %s", err_reason(purge->end.code), purge->run.rows_seen,
           (long long)(purge->run.ended_at_ms - purge->run.started_at_ms), buf_str(&purge->detail));
    purge->has_ended = true;
    purge->done(&purge->counts, purge->end.code == ERR_OK ? NULL : &purge->end, purge->ctx);
}

static void on_nothing_noted(void *ctx)
{
    on_ended(NULL, ctx);
}

static void finish(struct purge *purge)
{
    struct store_run *run = &purge->run;

    for (int i = 0; i < STORE_PURGE_COUNT; i++) {
        buf_addf(&purge->detail, "%s%s=%lld", i ? " " : "", store_purge_name(i),
                 (long long)purge->counts.rows[i]);
        run->rows_seen += (int)purge->counts.rows[i];
    }
    if (purge->end.code != ERR_OK)
        buf_addf(&purge->detail, ": %s", purge->end.text);
    run->ended_at_ms = clock_wall_ms();
    run->reason = err_reason(purge->end.code);
    run->detail = buf_str(&purge->detail);
    if (purge->ledger)
        ledger_end(purge->ledger, run, on_ended, purge);
    else
        loop_defer(purge->loop, on_nothing_noted, purge);
}

void purge_free(struct purge **purge)
{
    if (!*purge)
        return;
    check((*purge)->has_ended);
    loop_timer_free(&(*purge)->pause);
    buf_fini(&(*purge)->detail);
    mem_free(*purge);
    *purge = NULL;
}
