/* SPDX-License-Identifier: MIT */
/* doctor_trial.c - one throw-away page in a pool of its own, as the engine would have it: launch,
 * cap and tab are the engine's code.
 *
 *     pool > lease > about:blank > its user agent > look at the page's process > stop > stopped
 *
 * Whatever happens, the way leads over on_stopped, where the browser is gone with its directory;
 * lines are added there, so that a browser which dies half-way is told as what it is.
 */
#include "base/clock.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "chrome/pool.h"
#include "chrome/tab.h"
#include "crawl/extract.h"
#include "debug/doctor_checks.h"
#include "debug/doctor_facts.h"

#include <stdio.h>
#include <string.h>

enum {
    LEASE_SLACK_MS = 5000, /* beyond launch_timeout: a tab has to be opened, too */
    HOLD_MS = 30000,
    ANSWER_TIMEOUT_MS = 10000,
    LOOK_EVERY_MS = 50,
    LOOKS_MAX = 40,
    COMMAND_BYTES = 4096,
    STATUS_BYTES = 8192,
};

struct doctor_trial {
    struct loop *loop;
    const struct config *config;
    struct doctor_report *report;
    loop_fn *done;
    void *ctx;
    struct pool *pool;
    struct lease *lease;
    struct loop_timer *look;
    int looks;
    int64_t started_at_ms;
    int64_t granted_ms; /* after the start; 0: there was no tab */
    struct pool_stats stats;
    char agent[256];
    int pages, confined; /* processes that render, and those of them behind a filter */
    bool failed, cancelled, stopping;
    struct err err;
};

static void on_granted(struct lease *lease, const struct err *err, void *ctx);
static void on_lease_lost(const struct err *why, void *ctx);
static void on_page(const struct err *err, void *ctx);
static void on_agent(const struct jval *value, const struct err *err, void *ctx);
static void on_look(void *ctx);
static void on_stopped(void *ctx);

static void note_failure(struct doctor_trial *trial, const struct err *why)
{
    if (trial->failed)
        return;
    trial->failed = true;
    trial->err = *why;
}

static void begin(void *ctx)
{
    static const struct lease_events events = {on_granted, on_lease_lost};
    struct doctor_trial *trial = ctx;
    struct pool_settings settings = {.config = trial->config, .prelude_js = extract_prelude()};
    struct lease_request request = {
        .site = "doctor",
        .wait_ms = trial->config->launch_timeout + LEASE_SLACK_MS,
        .hold_ms = HOLD_MS,
    };

    if (!trial->cancelled && pool_new(trial->loop, &settings, &trial->pool, &trial->err) < 0)
        trial->failed = true;
    if (!trial->pool) {
        on_stopped(trial);
        return;
    }
    trial->started_at_ms = clock_mono_ms();
    trial->lease = pool_lease(trial->pool, &request, &events, trial);
}

struct doctor_trial *doctor_trial_start(struct loop *loop, const struct config *config,
                                        struct doctor_report *report, loop_fn *done, void *ctx)
{
    struct doctor_trial *trial = mem_new(struct doctor_trial);

    trial->loop = loop;
    trial->config = config;
    trial->report = report;
    trial->done = done;
    trial->ctx = ctx;
    trial->look = loop_timer_new(loop, on_look, trial);
    loop_defer(loop, begin, trial);
    return trial;
}

/* ---- it runs --------------------------------------------------------------------------------- */

static void stop(struct doctor_trial *trial, const struct err *why)
{
    if (why)
        note_failure(trial, why);
    loop_timer_stop(trial->look);
    if (trial->lease)
        pool_return(&trial->lease, !why);
    if (trial->stopping)
        return;
    trial->stopping = true;
    pool_stats(trial->pool, &trial->stats);
    pool_stop(trial->pool, on_stopped, trial);
}

static void on_granted(struct lease *lease, const struct err *err, void *ctx)
{
    static const struct tab_page blank = {.url = "about:blank", .timeout_ms = ANSWER_TIMEOUT_MS};
    struct doctor_trial *trial = ctx;

    if (err) {
        trial->lease = NULL;
        stop(trial, err);
        return;
    }
    trial->granted_ms = clock_mono_ms() - trial->started_at_ms + 1;
    tab_navigate(lease_tab(lease), &blank, on_page, trial);
}

static void on_lease_lost(const struct err *why, void *ctx)
{
    struct doctor_trial *trial = ctx;

    trial->lease = NULL;
    stop(trial, why);
}

static void on_page(const struct err *err, void *ctx)
{
    struct doctor_trial *trial = ctx;

    if (err)
        stop(trial, err);
    else
        tab_call(lease_tab(trial->lease), "async () => navigator.userAgent", "[]",
                 ANSWER_TIMEOUT_MS, on_agent, trial);
}

static void on_agent(const struct jval *value, const struct err *err, void *ctx)
{
    struct doctor_trial *trial = ctx;

    if (err) {
        stop(trial, err);
        return;
    }
    snprintf(trial->agent, sizeof(trial->agent), "%s", jval_str(value, ""));
    loop_timer_start(trial->look, 0);
}

/* What a zygote forked has its words separated by blanks, others by NULs. */
static bool is_renderer(pid_t pid)
{
    static const char word[] = "--type=renderer";
    char path[64], command[COMMAND_BYTES];

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    memset(command, 0, sizeof(command));
    return doctor_read(path, command, sizeof(command)) &&
           memmem(command, sizeof(command), word, strlen(word)) != NULL;
}

static bool is_confined(pid_t pid)
{
    char path[64], status[STATUS_BYTES];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return doctor_read(path, status, sizeof(status)) && doctor_is_confined(status);
}

static void count_pages_of(struct doctor_trial *trial, pid_t browser)
{
    struct proc_tree tree;

    proc_tree_init(&tree, browser);
    proc_tree_refresh(&tree);
    for (size_t i = 0; i < tree.n; i++) {
        if (!is_renderer(tree.members[i].pid))
            continue;
        trial->pages++;
        trial->confined += is_confined(tree.members[i].pid);
    }
    proc_tree_fini(&tree);
}

/* A page's process puts its filter on a moment after it was started. */
static void on_look(void *ctx)
{
    struct doctor_trial *trial = ctx;
    pid_t pid = pool_browser_pid(trial->pool);
    bool is_settled;

    trial->pages = trial->confined = 0;
    if (pid)
        count_pages_of(trial, pid);
    is_settled = trial->pages > 0 && trial->confined == trial->pages;
    if (is_settled || !trial->config->chrome_sandbox || ++trial->looks >= LOOKS_MAX)
        stop(trial, NULL);
    else
        loop_timer_start(trial->look, LOOK_EVERY_MS);
}

/* ---- it is gone ------------------------------------------------------------------------------ */

static void tell_start(struct doctor_trial *trial)
{
    enum err_code code = trial->granted_ms ? ERR_LAUNCH : trial->err.code;
    struct doctor_verdict verdict;

    if (trial->failed)
        doctor_say_fail(&verdict, code, doctor_launch_advice(trial->err.text), "%s%.700s",
                        trial->granted_ms ? "started, and then: " : "", trial->err.text);
    else
        doctor_say_ok(&verdict, "a page was there after %lld ms; ended, nothing left; cap: %s",
                      (long long)trial->granted_ms, trial->stats.rung);
    doctor_report_add(trial->report, "chrome starts", &verdict);
}

static void tell_sandbox(struct doctor_trial *trial)
{
    struct doctor_verdict verdict;

    if (!trial->config->chrome_sandbox)
        doctor_say_warn(&verdict,
                        "chrome_sandbox = yes in catchdeal.conf, and see whether it starts",
                        "no, by chrome_sandbox = no: only for pages that you trust");
    else if (trial->failed)
        return; /* the start has told */
    else if (!trial->pages)
        doctor_say_warn(
            &verdict,
            "look yourself: grep Seccomp /proc/PID/status of a process with --type=renderer",
            "yes, as far as Chrome tells: it did not refuse; no page's process was seen");
    else if (trial->confined < trial->pages)
        doctor_say_fail(&verdict, ERR_LAUNCH,
                        "use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER), or trusted "
                        "pages only and chrome_sandbox = no",
                        "no: %d of %d page processes run without a seccomp filter, although it is "
                        "asked for",
                        trial->pages - trial->confined, trial->pages);
    else
        doctor_say_ok(&verdict,
                      "yes: Chrome did not refuse, and page processes run behind a seccomp filter");
    doctor_report_add(trial->report, "sandbox", &verdict);
}

static void tell_version(struct doctor_trial *trial)
{
    struct doctor_verdict verdict;

    if (!*trial->agent)
        return;
    doctor_judge_version(trial->agent, &verdict);
    doctor_report_add(trial->report, "chrome version", &verdict);
    if (str_eq(trial->config->chrome_transport, "pipe"))
        doctor_say_ok(&verdict, "pipe: no port that another account could use");
    else
        doctor_say_ok(&verdict, "websocket on 127.0.0.1, a random port: while a browser runs, "
                                "whoever has an account here can use it (chrome_transport = pipe "
                                "has no port)");
    doctor_report_add(trial->report, "DevTools", &verdict);
}

static void on_stopped(void *ctx)
{
    struct doctor_trial *trial = ctx;

    if (!trial->cancelled) {
        tell_start(trial);
        tell_sandbox(trial);
        tell_version(trial);
    }
    trial->done(trial->ctx);
}

void doctor_trial_cancel(struct doctor_trial *trial)
{
    trial->cancelled = true;
    if (trial->pool)
        stop(trial, NULL);
}

void doctor_trial_free(struct doctor_trial **trial_ptr)
{
    struct doctor_trial *trial = *trial_ptr;

    *trial_ptr = NULL;
    if (!trial)
        return;
    pool_free(&trial->pool);
    loop_timer_free(&trial->look);
    mem_free(trial);
}
