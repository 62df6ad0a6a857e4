/* SPDX-License-Identifier: MIT */
/* drift_watch.c - what a run's pages are judged by, and what is kept of them.
 *
 * Loading:  on_history -> on_states -> done.    Ending: next_step() until no step is left -> done.
 */
#include "crawl/drift_watch.h"

#include "base/log.h"
#include "base/str.h"
#include "crawl/drift.h"
#include "crawl/drift_keep.h"
#include "crawl/drift_posts.h"
#include "crawl/judge.h"

#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define POSTS_MAX_BYTES ((size_t)1 << 20)

static const char GOOD_AT[] = "drift.good-page";

/* One layout of the site. */
struct seen {
    const char *name;
    struct store_fields *history; /* good runs, newest first */
    int n_history;
    struct drift_posts posts;
    struct store_fields good, bad; /* of this run; rows 0: none */
    bool posts_changed;
};

struct drift_watch {
    struct crawl_env env;
    const struct site *site;
    struct arena arena;
    struct seen *seen;   /* site->n_layouts */
    int64_t accepted_ms; /* what was before is no history: the operator said so */
    int64_t good_page_ms;
    bool is_loaded;
    bool was_good, was_drift;
    bool asks_again, asked_again; /* for the document of a page that drifts */
    struct err drift;             /* the first of this run */
    char *evidence;               /* its folder */
    int64_t run_id;
    struct store_fence fence;
    size_t step;
    struct loop_timer *wake;
    drift_watch_fn *done;
    void *ctx;
};

static void on_wake(void *ctx);
static void on_history(const struct store_fields *runs, int n, const struct err *err, void *ctx);
static void on_states(const struct store_state *states, int n, const struct err *err, void *ctx);
static void next_step(struct drift_watch *w);

struct drift_watch *drift_watch_new(const struct crawl_env *env, const struct site *site)
{
    struct drift_watch *w = mem_new(struct drift_watch);

    w->env = *env;
    w->site = site;
    w->accepted_ms = w->good_page_ms = CLOCK_NONE;
    arena_init(&w->arena);
    w->seen = arena_array(&w->arena, struct seen, site->n_layouts);
    for (size_t i = 0; i < site->n_layouts; i++) {
        w->seen[i].name = site->layouts[i].name;
        drift_posts_init(&w->seen[i].posts);
    }
    w->wake = loop_timer_new(env->loop, on_wake, w);
    return w;
}

void drift_watch_free(struct drift_watch **watch)
{
    struct drift_watch *w = *watch;

    if (!w)
        return;
    check(!w->done);
    for (size_t i = 0; i < w->site->n_layouts; i++)
        drift_posts_fini(&w->seen[i].posts);
    loop_timer_free(&w->wake);
    mem_free(w->evidence);
    arena_fini(&w->arena);
    mem_free(w);
    *watch = NULL;
}

static struct seen *seen_named(struct drift_watch *w, const char *layout)
{
    for (size_t i = 0; i < w->site->n_layouts; i++)
        if (str_eq(w->seen[i].name, layout))
            return &w->seen[i];
    return NULL;
}

static void finish(struct drift_watch *w)
{
    drift_watch_fn *done = w->done;

    w->done = NULL;
    done(w->ctx);
}

static void on_wake(void *ctx)
{
    finish(ctx);
}

static void warn_store(const struct drift_watch *w, const struct err *err)
{
    if (err)
        log_warn("drift", "the store", "site=%s text=%s", w->site->id, log_quote(err->text));
}

/* ---- loading --------------------------------------------------------------------------------- */

void drift_watch_load(struct drift_watch *w, drift_watch_fn *done, void *ctx)
{
    w->done = done;
    w->ctx = ctx;
    if (w->env.store)
        store_fields_recent(w->env.store, w->site->id, NULL, true, DRIFT_RUNS, on_history, w);
    else
        loop_timer_start(w->wake, 0);
}

static struct store_fields copy_run(struct arena *arena, const struct store_fields *run)
{
    struct store_fields copy = *run;
    struct store_field *fields = arena_array(arena, struct store_field, (size_t)run->n_fields + 1);

    for (int i = 0; i < run->n_fields; i++) {
        fields[i] = run->fields[i];
        fields[i].name = arena_strdup(arena, run->fields[i].name);
    }
    copy.site = arena_strdup(arena, run->site);
    copy.layout = arena_strdup(arena, run->layout);
    copy.fields = fields;
    return copy;
}

static void on_history(const struct store_fields *runs, int n, const struct err *err, void *ctx)
{
    struct drift_watch *w = ctx;

    warn_store(w, err);
    for (int i = 0; !err && i < n; i++) {
        struct seen *seen = seen_named(w, runs[i].layout);

        if (!seen || seen->n_history == DRIFT_RUNS)
            continue;
        if (!seen->history)
            seen->history = arena_array(&w->arena, struct store_fields, DRIFT_RUNS);
        seen->history[seen->n_history++] = copy_run(&w->arena, &runs[i]);
    }
    store_state_get(w->env.store, w->site->id, on_states, w);
}

/* The history is newest first. */
static void forget_before(struct drift_watch *w, int64_t at_ms)
{
    for (size_t i = 0; i < w->site->n_layouts; i++) {
        struct seen *seen = &w->seen[i];

        while (seen->n_history > 0 && seen->history[seen->n_history - 1].at_ms < at_ms)
            seen->n_history--;
    }
}

static void on_states(const struct store_state *states, int n, const struct err *err, void *ctx)
{
    struct drift_watch *w = ctx;

    warn_store(w, err);
    for (int i = 0; !err && i < n; i++) {
        const struct store_state *state = &states[i];
        struct seen *seen = str_starts(state->name, DRIFT_STATE_POSTS)
                                ? seen_named(w, state->name + strlen(DRIFT_STATE_POSTS))
                                : NULL;

        if (seen)
            drift_posts_read(&seen->posts, state->value);
        else if (str_eq(state->name, DRIFT_STATE_ACCEPTED))
            w->accepted_ms = state->at_ms;
        else if (str_eq(state->name, GOOD_AT))
            w->good_page_ms = state->at_ms;
    }
    if (w->accepted_ms != CLOCK_NONE)
        forget_before(w, w->accepted_ms);
    w->is_loaded = !err;
    finish(w);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool asks_again(void *ctx)
{
    struct drift_watch *w = ctx;
    bool asks = w->asks_again;

    w->asks_again = false;
    w->asked_again = w->asked_again || asks;
    return asks;
}

static bool is_good_page_due(const struct drift_watch *w)
{
    return w->is_loaded &&
           (w->good_page_ms == CLOCK_NONE || clock_wall_ms() - w->good_page_ms > DAY_MS);
}

static bool wants_html(void *ctx)
{
    const struct drift_watch *w = ctx;

    return w->asked_again || is_good_page_due(w);
}

static void add_counts(struct drift_watch *w, struct store_fields *sum, const struct row_set *page)
{
    struct store_field *now =
        arena_array(&w->arena, struct store_field, (size_t)page->n_fields + 1);
    int n = drift_counts(page, now);
    struct store_field *fields;

    for (int i = 0; i < n; i++)
        now[i].name = arena_strdup(&w->arena, now[i].name);
    fields = (struct store_field *)(uintptr_t)sum->fields;
    for (int i = 0; fields && i < n && i < sum->n_fields; i++) {
        fields[i].matched += now[i].matched;
        fields[i].valued += now[i].valued;
        fields[i].many += now[i].many;
        fields[i].same += now[i].same;
    }
    if (!fields) {
        sum->fields = now;
        sum->n_fields = n;
    }
    sum->rows += drift_rows_read(page);
}

static void keep_good_page(struct drift_watch *w, const struct row_set *page)
{
    struct buf dir;

    if (!page->html || !w->env.store)
        return;
    buf_init(&dir, BUF_MAX_DEFAULT);
    drift_keep_dir(w->env.config, &dir);
    drift_keep_good(buf_str(&dir), w->site->id, page->layout, page->html);
    buf_fini(&dir);
    w->good_page_ms = clock_wall_ms();
}

/* The same page was judged once more: it may have been fetched, and rendered then. */
static void forget_drift(struct drift_watch *w)
{
    if (w->evidence)
        drift_keep_remove(w->evidence);
    mem_free(w->evidence);
    w->evidence = NULL;
    w->was_drift = false;
    for (size_t i = 0; i < w->site->n_layouts; i++)
        w->seen[i].bad = (struct store_fields){0};
}

static void note_good(struct drift_watch *w, struct seen *seen, const struct row_set *page)
{
    forget_drift(w);
    w->was_good = true;
    add_counts(w, &seen->good, page);
    drift_posts_add(&seen->posts, page->rows, page->n);
    seen->posts_changed = true;
    if (is_good_page_due(w))
        keep_good_page(w, page);
}

static void keep_failure(struct drift_watch *w, const struct row_set *page,
                         const struct drift_report *report)
{
    struct buf dir;

    buf_init(&dir, BUF_MAX_DEFAULT);
    drift_keep_dir(w->env.config, &dir);
    w->evidence =
        drift_keep_failure(buf_str(&dir), w->site, page, report, w->drift.text, clock_wall_ms());
    buf_fini(&dir);
}

/* A drift ends the run, so the last one explains it; with the document, if there is one by now. */
static void note_drift(struct drift_watch *w, struct seen *seen, const struct row_set *page,
                       const struct drift_report *report, const struct err *why)
{
    if (!page->html && !w->asked_again && w->env.store) {
        w->asks_again = true;
        return;
    }
    forget_drift(w);
    w->was_drift = true;
    w->drift = *why;
    if (seen)
        add_counts(w, &seen->bad, page);
    if (w->env.store)
        keep_failure(w, page, report);
}

static void say(const struct row_set *page, const struct drift_report *report, struct err *err)
{
    err_set(err, ERR_DRIFT, "%s: %s", page->url, report->findings[0].text);
    for (int i = 1; i < report->n; i++)
        log_warn("drift", "also", "url=%s text=%s", log_quote(page->url),
                 log_quote(report->findings[i].text));
}

/* The half of a page is no evidence. */
static void say_unfinished(const struct row_set *page, const struct drift_report *report,
                           struct err *err)
{
    err_set(err, ERR_TIMEOUT, "%s: still loading after %lld ms, and so far %s", page->url,
            (long long)page->waited_ms, report->findings[0].text);
}

/* Does a finding say more than "too few rows"? Without a history an empty list may just be empty. */
static bool explains(const struct seen *seen, const struct drift_report *report)
{
    for (int i = 0; i < report->n; i++)
        if (report->findings[i].field || seen->n_history >= DRIFT_RUNS_MIN)
            return true;
    return false;
}

static int judge(void *ctx, const struct row_set *page, struct err *err)
{
    struct drift_watch *w = ctx;
    struct seen *seen = page->layout ? seen_named(w, page->layout) : NULL;
    struct drift_input in = {.site = w->site, .page = page};
    struct drift_report report = {0};
    int result = judge_page(w->site, page, err);
    bool is_list = result == 0 || err->code == ERR_EMPTY;

    if (seen && is_list) {
        in.history = seen->history;
        in.n_history = seen->n_history;
        in.known = seen->posts.rows;
        in.n_known = seen->posts.n;
        if (drift_judge(&in, &report) > 0 && (result == 0 || explains(seen, &report))) {
            if (page->unfinished)
                say_unfinished(page, &report, err);
            else
                say(page, &report, err);
            result = -1;
        }
    }
    if (result == 0 && seen)
        note_good(w, seen, page);
    else if (result < 0 && err->code == ERR_DRIFT)
        note_drift(w, seen, page, &report, err);
    drift_report_fini(&report);
    return result;
}

const struct job_judge drift_watch_judge = {
    .page = judge, .wants_html = wants_html, .asks_again = asks_again};

/* ---- the end --------------------------------------------------------------------------------- */

/* A store that failed once is not asked again. */
static void after_step(struct drift_watch *w, const struct err *err)
{
    warn_store(w, err);
    if (err)
        finish(w);
    else
        next_step(w);
}

static void on_step(const struct err *err, void *ctx)
{
    after_step(ctx, err);
}

static void on_report(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct drift_watch *w = ctx;

    if (!err && is_new)
        log_error("drift", "the board has changed", "site=%s report=%lld evidence=%s text=%s",
                  w->site->id, (long long)id, log_quote(w->evidence ? w->evidence : ""),
                  log_quote(w->drift.text));
    after_step(w, err);
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    struct drift_watch *w = ctx;

    if (!err && was_open)
        log_info("drift", "the board is read well again", "site=%s", w->site->id);
    after_step(w, err);
}

/* For the next call: what is written is the run's. */
static struct store *store(struct drift_watch *w)
{
    return store_under(w->env.store, &w->fence);
}

static bool write_fields(struct drift_watch *w, const char *layout, struct store_fields *fields,
                         bool is_good)
{
    if (!fields->fields)
        return false;
    fields->run_id = w->run_id;
    fields->site = w->site->id;
    fields->layout = layout;
    fields->at_ms = clock_wall_ms();
    fields->is_good = is_good;
    store_fields_write(store(w), fields, on_step, w);
    return true;
}

/* After a drift the posts of the good pages before it are kept all the same: they were read well. */
static bool write_posts(struct drift_watch *w, const struct seen *seen)
{
    struct buf text;
    char *name;

    if (!seen->posts_changed)
        return false;
    name = mem_printf("%s%s", DRIFT_STATE_POSTS, seen->name);
    buf_init(&text, POSTS_MAX_BYTES);
    drift_posts_write(&seen->posts, &text);
    store_state_set(store(w), w->site->id, name, buf_overflowed(&text) ? NULL : buf_str(&text),
                    clock_wall_ms(), on_step, w);
    buf_fini(&text);
    mem_free(name);
    return true;
}

static bool write_good_at(struct drift_watch *w)
{
    char at[CLOCK_RFC3339_BYTES];

    if (w->good_page_ms == CLOCK_NONE)
        return false;
    clock_format_utc_ms(w->good_page_ms, at);
    store_state_set(store(w), w->site->id, GOOD_AT, at, w->good_page_ms, on_step, w);
    return true;
}

static bool write_report(struct drift_watch *w)
{
    if (w->was_drift)
        store_report_open(store(w), w->site->id, "drift", w->drift.text, w->evidence,
                          clock_wall_ms(), on_report, w);
    else if (w->was_good)
        store_report_close(store(w), w->site->id, "drift", clock_wall_ms(), on_closed, w);
    return w->was_drift || w->was_good;
}

/* Three steps for each layout, then two for all. False: nothing to do in this one. */
static bool do_step(struct drift_watch *w, size_t step)
{
    size_t n = w->site->n_layouts;
    struct seen *seen = step < 3 * n ? &w->seen[step / 3] : NULL;

    if (seen && step % 3 == 0)
        return write_fields(w, seen->name, &seen->good, true);
    if (seen && step % 3 == 1)
        return write_fields(w, seen->name, &seen->bad, false);
    if (seen)
        return write_posts(w, seen);
    return step == 3 * n ? write_good_at(w) : write_report(w);
}

static void next_step(struct drift_watch *w)
{
    size_t steps = 3 * w->site->n_layouts + 2;

    while (w->step < steps)
        if (do_step(w, w->step++))
            return;
    loop_timer_start(w->wake, 0);
}

void drift_watch_end(struct drift_watch *w, int64_t run_id, const struct store_fence *fence,
                     drift_watch_fn *done, void *ctx)
{
    w->done = done;
    w->ctx = ctx;
    w->run_id = run_id;
    w->fence = *fence;
    w->step = 0;
    if (w->env.store && run_id && w->is_loaded)
        next_step(w);
    else
        loop_timer_start(w->wake, 0);
}
