/* SPDX-License-Identifier: MIT */
/* doctor_trial.c - one throw-away browser, started as the engine starts it.
 *
 *     start > ready > Browser.getVersion > Target.createTarget > a page's process is looked at > stop > down
 *
 * Whatever happens, the way leads over on_down, where the browser is gone with its directory; lines are added there, so
 * that a browser which dies half-way is told as what it is.
 */
#include "base/clock.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "chrome/browser.h"
#include "debug/doctor_checks.h"
#include "debug/doctor_facts.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_TIMEOUT_MS = 10000,
    LOOK_EVERY_MS = 50,
    LOOKS_MAX = 40,
    COMMAND_BYTES = 4096,
    STATUS_BYTES = 8192
};

struct doctor_trial {
    struct loop *loop;
    const struct config *config;
    struct doctor_report *report;
    loop_fn *done;
    void *ctx;
    struct launch_plan *plan;
    struct browser *browser;
    struct loop_timer *look;
    int looks;
    int64_t started_at_ms;
    int64_t launch_ms; /* 0: it was never ready */
    char product[128];
    int pages, confined; /* processes that render, and those of them behind a filter */
    bool failed, cancelled;
    struct err err;
};

static void on_ready(void *ctx);
static void on_version(const struct jval *result, const struct err *err, void *ctx);
static void on_page(const struct jval *result, const struct err *err, void *ctx);
static void on_look(void *ctx);
static void on_lost(const struct err *why, void *ctx);
static void on_down(void *ctx);

static void begin(void *ctx)
{
    static const struct browser_events events = {on_ready, on_lost, on_down};
    struct doctor_trial *trial = ctx;

    if (trial->cancelled) {
        on_down(trial);
        return;
    }
    if (launch_plan_new(trial->config, NULL, 0, &trial->plan, &trial->err) < 0) {
        trial->failed = true;
        on_down(trial);
        return;
    }
    trial->browser = browser_new(trial->loop, trial->config, trial->plan, &events, trial);
    trial->started_at_ms = clock_mono_ms();
    browser_start(trial->browser);
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

/* ---- it runs ----------------------------------------------------------------------------------- */

static void stop(struct doctor_trial *trial, const struct err *why)
{
    if (why && !trial->failed) {
        trial->failed = true;
        trial->err = *why;
    }
    loop_timer_stop(trial->look);
    browser_stop(trial->browser);
}

static void on_ready(void *ctx)
{
    struct doctor_trial *trial = ctx;

    trial->launch_ms = clock_mono_ms() - trial->started_at_ms;
    cdp_call(browser_conn(trial->browser), NULL, "Browser.getVersion", NULL, ANSWER_TIMEOUT_MS,
             on_version, trial);
}

/* A loss of the browser comes here first; on_lost tells it then. */
static void on_version(const struct jval *result, const struct err *err, void *ctx)
{
    struct doctor_trial *trial = ctx;

    if (browser_state(trial->browser) != BROWSER_READY)
        return;
    if (err) {
        stop(trial, err);
        return;
    }
    snprintf(trial->product, sizeof(trial->product), "%s", jval_get_str(result, "product", ""));
    cdp_call(browser_conn(trial->browser), NULL, "Target.createTarget", "{\"url\":\"about:blank\"}",
             ANSWER_TIMEOUT_MS, on_page, trial);
}

static void on_page(const struct jval *result, const struct err *err, void *ctx)
{
    struct doctor_trial *trial = ctx;

    (void)result;
    if (browser_state(trial->browser) != BROWSER_READY)
        return;
    if (err)
        stop(trial, err);
    else
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

static void count_pages(struct doctor_trial *trial)
{
    struct proc_tree tree;

    trial->pages = trial->confined = 0;
    proc_tree_init(&tree, browser_pid(trial->browser));
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
    bool is_settled;

    count_pages(trial);
    is_settled = trial->pages > 0 && trial->confined == trial->pages;
    if (is_settled || !launch_has_sandbox(trial->plan) || ++trial->looks >= LOOKS_MAX)
        stop(trial, NULL);
    else
        loop_timer_start(trial->look, LOOK_EVERY_MS);
}

/* ---- it is gone -------------------------------------------------------------------------------- */

static void on_lost(const struct err *why, void *ctx)
{
    struct doctor_trial *trial = ctx;

    loop_timer_stop(trial->look);
    if (trial->failed)
        return;
    trial->failed = true;
    trial->err = *why;
}

static void tell_start(struct doctor_trial *trial)
{
    enum err_code code = trial->launch_ms ? ERR_LAUNCH : trial->err.code;
    struct doctor_verdict verdict;

    if (trial->failed)
        doctor_say_fail(&verdict, code, doctor_launch_advice(trial->err.text), "%s%.500s",
                        trial->launch_ms ? "started, and then: " : "", trial->err.text);
    else
        doctor_say_ok(&verdict, "started in %lld ms, ended, nothing left",
                      (long long)trial->launch_ms);
    doctor_report_add(trial->report, "chrome starts", &verdict);
}

static void tell_sandbox(struct doctor_trial *trial)
{
    struct doctor_verdict verdict;

    if (!launch_has_sandbox(trial->plan))
        doctor_say_warn(&verdict,
                        "chrome_sandbox = yes in catchdeal.conf, and see whether it starts",
                        "no, by chrome_sandbox = no: only for pages that you trust");
    else if (trial->failed)
        return; /* the start has told */
    else if (!trial->pages)
        doctor_say_warn(
            &verdict, "look at /proc yourself: grep Seccomp /proc/PID/status of a --type=renderer",
            "yes, as far as Chrome tells: it did not refuse; no page's process was seen");
    else if (trial->confined < trial->pages)
        doctor_say_fail(
            &verdict, ERR_LAUNCH,
            "use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER), or trusted "
            "pages only and chrome_sandbox = no",
            "no: %d of %d page processes run without a seccomp filter, although it is asked for",
            trial->pages - trial->confined, trial->pages);
    else
        doctor_say_ok(&verdict,
                      "yes: Chrome did not refuse, and page processes run behind a seccomp filter");
    doctor_report_add(trial->report, "sandbox", &verdict);
}

static void tell_version(struct doctor_trial *trial)
{
    struct doctor_verdict verdict;

    if (!*trial->product)
        return;
    doctor_judge_version(trial->product, &verdict);
    doctor_report_add(trial->report, "chrome version", &verdict);
    doctor_say_ok(&verdict, "websocket on 127.0.0.1, a random port: while a browser runs, whoever "
                            "has an account here can "
                            "use it");
    doctor_report_add(trial->report, "DevTools", &verdict);
}

static void on_down(void *ctx)
{
    struct doctor_trial *trial = ctx;

    if (!trial->cancelled) {
        tell_start(trial);
        if (trial->plan)
            tell_sandbox(trial);
        tell_version(trial);
    }
    trial->done(trial->ctx);
}

void doctor_trial_cancel(struct doctor_trial *trial)
{
    trial->cancelled = true;
    if (trial->browser)
        stop(trial, NULL);
}

void doctor_trial_free(struct doctor_trial **trial_ptr)
{
    struct doctor_trial *trial = *trial_ptr;

    *trial_ptr = NULL;
    if (!trial)
        return;
    browser_free(&trial->browser);
    launch_plan_free(&trial->plan);
    loop_timer_free(&trial->look);
    mem_free(trial);
}
