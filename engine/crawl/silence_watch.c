/* SPDX-License-Identifier: MIT */
/* silence_watch.c - report "blocked" by this run's end, then ask how long the board has been silent.
 *
 * Steps: on_blocked_noted -> on_hours -> on_runs -> on_silence_noted -> done.
 */
#include "crawl/silence_watch.h"

#include "base/log.h"
#include "base/str.h"
#include "crawl/silence.h"

#include <stdio.h>
#include <string.h>

#define WEEK_MS ((int64_t)7 * 24 * 3600 * 1000)

enum { RUNS = 200, MAX_DUE = 2000 };

struct watch {
    struct crawl_env env;
    const struct site *site;
    struct store_run ended; /* texts are in the arena */
    struct arena arena;
    struct store_hour *hours;
    int n_hours;
    char text[200];
    struct loop_timer *wake;
    silence_watch_fn *done;
    void *ctx;
};

static void on_finish(void *ctx);
static void on_opened(int64_t id, bool is_new, const struct err *err, void *ctx);
static void on_blocked_over(bool was_open, const struct err *err, void *ctx);
static void ask_hours(struct watch *w, const struct err *err);
static void on_hours(const struct store_hour *hours, int n, const struct err *err, void *ctx);
static void on_runs(const struct store_run *runs, int n, const struct err *err, void *ctx);
static void on_silence(int64_t id, bool is_new, const struct err *err, void *ctx);
static void on_silence_over(bool was_open, const struct err *err, void *ctx);

int64_t silence_period_ms(const struct cron *cron, const struct clock_zone *zone, int64_t now_ms)
{
    int64_t widest_ms = 0, at_ms = now_ms;

    for (int i = 0; i < MAX_DUE && at_ms < now_ms + WEEK_MS; i++) {
        int64_t next_ms = cron_next(cron, zone, at_ms);

        if (next_ms == CLOCK_NONE)
            break;
        if (i > 0 && next_ms - at_ms > widest_ms)
            widest_ms = next_ms - at_ms;
        at_ms = next_ms;
    }
    return widest_ms;
}

static void warn_store(const struct watch *w, const struct err *err)
{
    if (err)
        log_warn("silence", "the store", "site=%s text=%s", w->site->id, log_quote(err->text));
}

static void end(struct watch *w)
{
    loop_timer_start(w->wake, 0);
}

static void on_finish(void *ctx)
{
    struct watch *w = ctx;
    silence_watch_fn *done = w->done;
    void *done_ctx = w->ctx;

    loop_timer_free(&w->wake);
    arena_fini(&w->arena);
    mem_free(w);
    done(done_ctx);
}

/* For the next call: what is written is the run's. */
static struct store *store(struct watch *w)
{
    const struct store_fence fence = {w->site->id, w->ended.kind, w->ended.lease};

    return store_under(w->env.store, &fence);
}

/* ---- blocked --------------------------------------------------------------------------------- */

static bool is_blocked(const struct store_run *run)
{
    return str_eq(run->reason, "blocked") || str_eq(run->reason, "rate-limited") ||
           str_eq(run->reason, "robots");
}

void silence_watch(const struct crawl_env *env, const struct site *site,
                   const struct store_run *ended, silence_watch_fn *done, void *ctx)
{
    struct watch *w = mem_new(struct watch);
    int64_t now_ms = clock_wall_ms();

    w->env = *env;
    w->site = site;
    w->done = done;
    w->ctx = ctx;
    arena_init(&w->arena);
    w->ended = *ended;
    w->ended.reason = arena_strdup(&w->arena, ended->reason);
    w->ended.detail = arena_strdup(&w->arena, ended->detail);
    w->wake = loop_timer_new(env->loop, on_finish, w);
    if (!env->store || str_starts(ended->reason, "store-"))
        end(w);
    else if (is_blocked(ended))
        store_report_open(store(w), site->id, "blocked",
                          w->ended.detail ? w->ended.detail : w->ended.reason, NULL, now_ms,
                          on_opened, w);
    else if (str_eq(ended->reason, "ok"))
        store_report_close(store(w), site->id, "blocked", now_ms, on_blocked_over, w);
    else
        ask_hours(w, NULL);
}

static void on_opened(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct watch *w = ctx;

    warn_store(w, err);
    if (is_new)
        log_error("silence", "the board blocks us", "site=%s report=%lld reason=%s text=%s",
                  w->site->id, (long long)id, w->ended.reason,
                  log_quote(w->ended.detail ? w->ended.detail : ""));
    ask_hours(w, err);
}

static void on_blocked_over(bool was_open, const struct err *err, void *ctx)
{
    struct watch *w = ctx;

    warn_store(w, err);
    if (was_open)
        log_info("silence", "the board lets us in again", "site=%s", w->site->id);
    ask_hours(w, err);
}

/* ---- quiet ----------------------------------------------------------------------------------- */

/* err: of the step before; a store that failed once is not asked again. */
static void ask_hours(struct watch *w, const struct err *err)
{
    if (err)
        end(w);
    else
        store_arrivals(w->env.store, w->site->id, clock_wall_ms() - SILENCE_LEARN_MS, on_hours, w);
}

static void on_hours(const struct store_hour *hours, int n, const struct err *err, void *ctx)
{
    struct watch *w = ctx;

    warn_store(w, err);
    if (err) {
        end(w);
        return;
    }
    w->hours = arena_array(&w->arena, struct store_hour, (size_t)n + 1);
    if (n)
        memcpy(w->hours, hours, (size_t)n * sizeof *hours);
    w->n_hours = n;
    store_runs_recent(w->env.store, w->site->id, RUNS, on_runs, w);
}

static void tell_silence(struct watch *w, const struct silence_verdict *verdict)
{
    char at[CLOCK_RFC3339_BYTES];

    clock_format_local(w->site->zone, verdict->last_deal_ms, at);
    snprintf(w->text, sizeof w->text,
             "no new deal since %s, where %.0f are usual (chance of none: 1 in %.0f)", at,
             verdict->expected, 1 / (verdict->chance > 1e-9 ? verdict->chance : 1e-9));
}

/* This run first, whatever its row says by now, then the crawls before it. */
static void on_runs(const struct store_run *runs, int n, const struct err *err, void *ctx)
{
    struct watch *w = ctx;
    struct store_run *crawls = arena_array(&w->arena, struct store_run, (size_t)n + 1);
    struct silence_input in = {.now_ms = clock_wall_ms(),
                               .hours = w->hours,
                               .n_hours = w->n_hours,
                               .runs = crawls,
                               .zone = w->site->zone};
    struct silence_verdict verdict;

    warn_store(w, err);
    if (err) {
        end(w);
        return;
    }
    crawls[in.n_runs++] = w->ended;
    for (int i = 0; i < n; i++)
        if (runs[i].id != w->ended.id && str_eq(runs[i].kind, "crawl"))
            crawls[in.n_runs++] = runs[i];
    silence_judge(&in, &verdict);
    if (verdict.state == SILENCE_QUIET) {
        tell_silence(w, &verdict);
        store_report_open(store(w), w->site->id, "silence", w->text, NULL, in.now_ms,
                          on_silence, w);
    } else if (verdict.state == SILENCE_LIVELY) {
        store_report_close(store(w), w->site->id, "silence", in.now_ms, on_silence_over, w);
    } else {
        end(w);
    }
}

static void on_silence(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct watch *w = ctx;

    warn_store(w, err);
    if (is_new)
        log_error("silence", "the board has gone quiet", "site=%s report=%lld text=%s", w->site->id,
                  (long long)id, log_quote(w->text));
    end(w);
}

static void on_silence_over(bool was_open, const struct err *err, void *ctx)
{
    struct watch *w = ctx;

    warn_store(w, err);
    if (was_open)
        log_info("silence", "the board has new deals again", "site=%s", w->site->id);
    end(w);
}
