/* SPDX-License-Identifier: MIT */
/* browser.c - the life of one Chrome process tree; see browser.h for the states.
 *
 * Two timers do all waiting. `step` means, by state: SPAWNING look for the endpoint, READY and RETIRING heartbeat,
 * STOPPING look whether all is gone. `deadline`: of the launch, then of the polite close.
 *
 * Death is heard of twice, by the process and by the connection, in any order. Both lead to browser_lose(), which
 * goes through the connection, so that pending calls hear it before the owner does.
 *
 * Not here: how it is started (launch.c), pages (tab.c), who uses it (pool.c).
 */
#include "chrome/browser.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/launch_why.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    ENDPOINT_POLL_MS = 15,
    GONE_POLL_MS = 20,
    STUBBORN_MS = 5000,    /* killed and still there: warned about, and then every so often */
    FDS_DELETE_TRIES = 80, /* a minute */
    GROUP_TRIES = 250,     /* of GONE_POLL_MS each, to remove the cage; then the next sweep does */
    TAIL_SHOWN_BYTES = 400,
};

static const int delete_delays_ms[] = {200, 400, 800};

struct browser {
    struct loop *loop;
    struct browser_settings settings;
    const struct config *config;
    const struct browser_events *events;
    void *ctx;
    enum browser_state state;
    struct loop_timer *step;
    struct loop_timer *deadline;
    struct launch_stamp stamp; /* of the program that runs */
    struct profile *profile;
    struct cage *cage;
    struct proc *proc;
    struct cdp_conn *conn;
    struct cdp_subscription *popups;
    int setups_pending; /* answers awaited in CONNECTING */
    char *user_agent;
    int64_t started_at_ms;
    int64_t killed_at_ms; /* 0: not yet */
    struct blame blame;
    size_t delete_tries, group_tries;
    bool told_gone;
};

static void on_step(void *ctx);
static void browser_spawn(struct browser *browser);
static void browser_look_for_endpoint(struct browser *browser);
static void on_conn_open(void *ctx);
static void on_setup_answer(const struct jval *result, const struct err *err, void *ctx);
static void on_conn_closed(const struct err *why, void *ctx);
static void on_exit(const struct proc_end *end, void *ctx);
static void browser_look_whether_gone(struct browser *browser);

/* ---- states ------------------------------------------------------------------------------------ */

const char *browser_state_name(enum browser_state state)
{
    static const char *const names[] = {"down",  "spawning", "connecting",
                                        "ready", "retiring", "stopping"};

    return names[state];
}

static void browser_set_state(struct browser *browser, enum browser_state to)
{
#define TO(state) (1u << BROWSER_##state)
    static const unsigned allowed[] = {
        [BROWSER_DOWN] = TO(SPAWNING),
        [BROWSER_SPAWNING] = TO(CONNECTING) | TO(STOPPING),
        [BROWSER_CONNECTING] = TO(READY) | TO(STOPPING),
        [BROWSER_READY] = TO(RETIRING) | TO(STOPPING),
        [BROWSER_RETIRING] = TO(STOPPING),
        [BROWSER_STOPPING] = TO(DOWN),
    };
#undef TO

    check(allowed[browser->state] & (1u << to));
    log_debug("browser", "state", "from=%s to=%s pid=%d", browser_state_name(browser->state),
              browser_state_name(to), (int)browser_pid(browser));
    browser->state = to;
    browser->events->on_state(to, browser->ctx);
}

enum browser_state browser_state(const struct browser *browser)
{
    return browser->state;
}

/* ---- start ------------------------------------------------------------------------------------- */

/* What the process said last, on one line. */
static void last_words(const struct browser *browser, char out[TAIL_SHOWN_BYTES + 16])
{
    const char *tail = browser->proc ? proc_stderr_tail(browser->proc) : "";
    size_t len = strlen(tail);
    size_t n = 0;

    if (len > TAIL_SHOWN_BYTES)
        tail += len - TAIL_SHOWN_BYTES;
    for (; *tail; tail++)
        out[n++] = *tail == '\n' || *tail == '\r' ? ' ' : *tail;
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    if (n == 0)
        snprintf(out, TAIL_SHOWN_BYTES + 16, "nothing");
}

static void browser_kill(struct browser *browser)
{
    if (browser->cage)
        cage_kill(browser->cage);
    if (browser->proc)
        proc_kill_tree(browser->proc, SIGKILL);
    if (!browser->killed_at_ms)
        browser->killed_at_ms = clock_mono_ms();
}

/* It failed by itself; the owner hears it, then all is cleared away. */
static void browser_failed(struct browser *browser, const struct err *why)
{
    struct err told = *why;

    log_warn("browser", "lost", "pid=%d state=%s reason=%s why=%s", (int)browser_pid(browser),
             browser_state_name(browser->state), err_reason(why->code), log_quote(why->text));
    browser_set_state(browser, BROWSER_STOPPING);
    browser_kill(browser);
    loop_timer_stop(browser->deadline);
    loop_timer_start(browser->step, 0);
    browser->events->on_lost(&told, browser->ctx);
}

static void launch_failed(struct browser *browser, enum err_code code, const char *what)
{
    const struct launch_plan *plan = browser->settings.plan;
    const char *said = browser->proc ? proc_stderr_tail(browser->proc) : "";
    char words[TAIL_SHOWN_BYTES + 16];
    struct err err;

    last_words(browser, words);
    err_set(&err, code, "%s; it said: %s", what, words);
    blame_launch(&browser->blame, &err);
    launch_explain(launch_program(plan), launch_run_dir(plan), said, &err);
    err_prefix(&err, "Chrome did not start");
    browser_failed(browser, &err);
}

static void on_deadline(void *ctx)
{
    struct browser *browser = ctx;
    char what[96];

    if (browser->state == BROWSER_STOPPING) {
        log_debug("browser", "did not close in time, killed", "pid=%d", (int)browser_pid(browser));
        browser_kill(browser);
        loop_timer_start(browser->step, 0);
        return;
    }
    check(browser->state == BROWSER_SPAWNING || browser->state == BROWSER_CONNECTING);
    snprintf(what, sizeof(what), "%s within %lld ms",
             browser->state == BROWSER_SPAWNING ? "no DevTools address" : "no DevTools answer",
             (long long)browser->config->launch_timeout);
    launch_failed(browser, ERR_LAUNCH, what);
}

void browser_start(struct browser *browser)
{
    browser_set_state(browser, BROWSER_SPAWNING);
    browser->started_at_ms = clock_mono_ms();
    browser->killed_at_ms = 0;
    blame_begin(&browser->blame, cage_yard_rung(browser->settings.yard), &browser->settings.caps);
    browser->delete_tries = browser->group_tries = 0;
    browser->told_gone = false;
    browser->setups_pending = 0;
    loop_timer_start(browser->deadline, browser->config->launch_timeout);
    loop_timer_start(browser->step, 0);
}

static void on_stderr(const char *line, void *ctx)
{
    struct browser *browser = ctx;

    blame_take_line(&browser->blame, line);
    log_debug("chrome", "stderr", "line=%s", log_quote(line));
}

static const struct cdp_conn_events conn_events = {on_conn_open, on_conn_closed};

static int browser_try_spawn(struct browser *browser, struct launched *out, struct err *err)
{
    static const struct launch_events events = {on_stderr, on_exit};
    const struct browser_settings *settings = &browser->settings;

    if (launch_make_profile(settings->plan, &browser->profile, err) < 0 ||
        cage_new(settings->yard, &settings->caps, &browser->cage, err) < 0)
        return -1;
    browser->blame.cage = browser->cage;
    browser->stamp = launch_stamp(settings->plan);
    if (launch_spawn(settings->plan, browser->loop, browser->profile, browser->cage, &events,
                     browser, out, err) < 0)
        return -1;
    browser->proc = out->proc;
    browser->events->on_spawned(browser->ctx);
    return 0;
}

static void browser_spawn(struct browser *browser)
{
    const struct launch_plan *plan = browser->settings.plan;
    struct launched made;
    struct err err;

    if (browser_try_spawn(browser, &made, &err) < 0) {
        launch_explain(launch_program(plan), launch_run_dir(plan), "", &err);
        err_prefix(&err, "Chrome did not start");
        browser_failed(browser, &err);
        return;
    }
    blame_mark(&browser->blame, &browser->blame.steady);
    if (!launch_uses_pipe(plan)) {
        loop_timer_start(browser->step, ENDPOINT_POLL_MS);
        return;
    }
    browser_set_state(browser, BROWSER_CONNECTING);
    browser->conn = cdp_conn_new_pipe(browser->loop, made.pipe_read_fd, made.pipe_write_fd,
                                      &conn_events, browser);
}

static void browser_look_for_endpoint(struct browser *browser)
{
    struct buf url;

    buf_init(&url, 512);
    if (launch_read_endpoint(browser->profile, &url)) {
        browser_set_state(browser, BROWSER_CONNECTING);
        browser->conn = cdp_conn_new_ws(browser->loop, buf_str(&url),
                                        browser->config->launch_timeout, &conn_events, browser);
    } else {
        loop_timer_start(browser->step, ENDPOINT_POLL_MS);
    }
    buf_fini(&url);
}

/* ---- connected: the three things that hold for the whole browser ------------------------------- */

/* A window that a page opened; nobody asked for it. */
static void on_target_created(const struct jval *params, const char *session_id, void *ctx)
{
    struct browser *browser = ctx;
    const struct jval *info = jval_get(params, "targetInfo");
    const char *target_id = jval_get_str(info, "targetId", "");
    struct buf close;

    (void)session_id;
    if (str_empty(jval_get_str(info, "openerId", "")) || str_empty(target_id))
        return;
    log_debug("browser", "popup closed", "target=%.8s", target_id);
    buf_init(&close, 4096);
    buf_adds(&close, "{\"targetId\":");
    buf_add_json(&close, target_id);
    buf_addc(&close, '}');
    cdp_call(browser->conn, "", "Target.closeTarget", buf_str(&close),
             browser->config->close_timeout, NULL, NULL);
    buf_fini(&close);
}

static void set_up(struct browser *browser, const char *method, const char *params)
{
    browser->setups_pending++;
    cdp_call(browser->conn, NULL, method, params, browser->config->launch_timeout, on_setup_answer,
             browser);
}

static void on_conn_open(void *ctx)
{
    struct browser *browser = ctx;

    if (browser->state != BROWSER_CONNECTING)
        return;
    browser->popups =
        cdp_subscribe(browser->conn, "", "Target.targetCreated", on_target_created, browser);
    set_up(browser, "Browser.getVersion", NULL);
    set_up(browser, "Browser.setDownloadBehavior", "{\"behavior\":\"deny\"}");
    set_up(browser, "Target.setDiscoverTargets",
           "{\"discover\":true,\"filter\":[{\"type\":\"page\"}]}");
}

static void browser_is_ready(struct browser *browser)
{
    loop_timer_stop(browser->deadline);
    browser_set_state(browser, BROWSER_READY);
    blame_mark(&browser->blame, &browser->blame.steady);
    loop_timer_start(browser->step, browser->config->heartbeat);
    log_info("browser", "ready", "pid=%d launch_ms=%lld sandbox=%s", (int)browser_pid(browser),
             (long long)(clock_mono_ms() - browser->started_at_ms),
             launch_has_sandbox(browser->settings.plan) ? "yes" : "no");
    browser->events->on_ready(browser->ctx);
}

/* Only Browser.getVersion has an answer with members. */
static void on_setup_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct browser *browser = ctx;
    const char *user_agent = jval_get_str(result, "userAgent", NULL);

    if (browser->state != BROWSER_CONNECTING)
        return;
    if (err) {
        launch_failed(browser, err->code == ERR_BROWSER_EXIT ? ERR_LAUNCH : err->code, err->text);
        return;
    }
    if (user_agent) {
        mem_free(browser->user_agent);
        browser->user_agent = mem_strdup(user_agent);
    }
    if (--browser->setups_pending == 0)
        browser_is_ready(browser);
}

/* ---- in use ------------------------------------------------------------------------------------ */

static void browser_lose(struct browser *browser, const struct err *why)
{
    cdp_conn_lose(browser->conn, why);
}

static void on_heartbeat_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct browser *browser = ctx;
    struct browser_end end = {.silent = true};
    struct err why;

    (void)result;
    if (browser->state != BROWSER_READY && browser->state != BROWSER_RETIRING)
        return;
    if (!err) {
        blame_mark(&browser->blame, &browser->blame.steady);
        loop_timer_start(browser->step, browser->config->heartbeat);
        browser->events->on_answered(browser->ctx);
    } else if (err->code == ERR_TIMEOUT) {
        err_set(&why, ERR_NO_ANSWER, "the browser did not answer for %lld ms",
                (long long)browser->config->heartbeat);
        browser_explain(browser, &end, &why);
        browser_lose(browser, &why);
    }
}

static void browser_send_heartbeat(struct browser *browser)
{
    cdp_call(browser->conn, NULL, "Browser.getVersion", NULL, browser->config->heartbeat,
             on_heartbeat_answer, browser);
}

void browser_retire(struct browser *browser)
{
    if (browser->state == BROWSER_READY)
        browser_set_state(browser, BROWSER_RETIRING);
}

/* ---- whose fault it was ------------------------------------------------------------------------- */

void browser_mark(const struct browser *browser, struct cage_sample *out)
{
    blame_mark(&browser->blame, out);
}

void browser_explain(struct browser *browser, const struct browser_end *end, struct err *err)
{
    char words[TAIL_SHOWN_BYTES + 16];

    last_words(browser, words);
    blame_explain(&browser->blame, end, words, err);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void on_conn_closed(const struct err *why, void *ctx)
{
    struct browser *browser = ctx;
    struct browser_end end = {0};
    struct err err;

    switch (browser->state) {
    case BROWSER_CONNECTING:
        launch_failed(browser, ERR_LAUNCH, why->text);
        return;
    case BROWSER_READY:
    case BROWSER_RETIRING:
        err = *why;
        browser_explain(browser, &end, &err);
        browser_failed(browser, &err);
        return;
    default:
        return;
    }
}

static void on_exit(const struct proc_end *end, void *ctx)
{
    struct browser *browser = ctx;
    char words[TAIL_SHOWN_BYTES + 16], what[64], note[sizeof(words) + sizeof(what) + 16];
    struct err err;

    snprintf(what, sizeof(what), "the browser %s %d",
             end->signalled ? "was killed by signal" : "exited with status", end->value);
    last_words(browser, words);
    snprintf(note, sizeof(note), "%s; it said: %s", what, words);
    switch (browser->state) {
    case BROWSER_SPAWNING:
        launch_failed(browser, ERR_LAUNCH, what);
        return;
    case BROWSER_CONNECTING:
    case BROWSER_READY:
    case BROWSER_RETIRING:
        blame_exit(&browser->blame,
                   end->signalled && end->value == SIGKILL && !browser->killed_at_ms, words);
        cdp_conn_set_loss_note(browser->conn, note);
        err_set(&err, browser->blame.exit_code, "the connection was lost");
        browser_lose(browser, &err);
        return;
    default:
        loop_timer_start(browser->step, 0);
        return;
    }
}

void browser_stop(struct browser *browser)
{
    bool polite = browser->state == BROWSER_READY || browser->state == BROWSER_RETIRING;

    if (browser->state == BROWSER_DOWN || browser->state == BROWSER_STOPPING)
        return;
    browser_set_state(browser, BROWSER_STOPPING);
    if (polite) {
        cdp_call(browser->conn, NULL, "Browser.close", NULL, browser->config->close_timeout, NULL,
                 NULL);
        loop_timer_stop(browser->step);
        loop_timer_start(browser->deadline, browser->config->close_timeout);
    } else {
        browser_kill(browser);
        loop_timer_stop(browser->deadline);
        loop_timer_start(browser->step, 0);
    }
}

static void browser_is_down(struct browser *browser)
{
    loop_timer_stop(browser->deadline);
    cdp_unsubscribe(&browser->popups);
    cdp_conn_free(&browser->conn);
    proc_free(&browser->proc);
    browser->blame.cage = NULL;
    cage_free(&browser->cage);
    profile_free(&browser->profile);
    browser_set_state(browser, BROWSER_DOWN);
    browser->events->on_down(browser->ctx);
}

/* false: it is not empty yet, and the timer was set for another try. */
static bool remove_group(struct browser *browser)
{
    struct err err;

    if (!browser->cage || cage_remove(browser->cage, &err) == 0)
        return true;
    if (browser->group_tries++ < GROUP_TRIES) {
        cage_kill(browser->cage);
        loop_timer_start(browser->step, GONE_POLL_MS);
        return false;
    }
    log_warn("browser", "group left, the next start sweeps it", "why=%s", log_quote(err.text));
    return true;
}

/* false: something is left and it is worth another try, for which the timer was set. */
static bool delete_profile(struct browser *browser)
{
    size_t try = browser->delete_tries++;
    size_t last = ARRAY_LEN(delete_delays_ms) - 1;
    struct err err;

    if (!browser->profile || profile_delete(browser->profile, &err) == 0)
        return true;
    /* Descriptors come back by themselves, and without them no browser could start anyway. */
    if (try <= last || (err.code == ERR_FDS && try < FDS_DELETE_TRIES)) {
        loop_timer_start(browser->step, delete_delays_ms[try <= last ? try : last]);
        return false;
    }
    log_warn("browser", "directory left, the next start sweeps it", "why=%s", log_quote(err.text));
    return true;
}

/* First the process, then what it had started, then its files. */
static void browser_look_whether_gone(struct browser *browser)
{
    size_t left = browser->proc ? proc_tree_size(browser->proc) : 0;

    if (browser->proc && (proc_is_running(browser->proc) || left > 0)) {
        if (!proc_is_running(browser->proc) || browser->killed_at_ms)
            browser_kill(browser);
        if (browser->killed_at_ms && clock_mono_ms() - browser->killed_at_ms > STUBBORN_MS) {
            log_warn("browser", "killed but still there", "pid=%d processes=%zu",
                     (int)browser_pid(browser), left);
            browser->killed_at_ms = clock_mono_ms();
        }
        loop_timer_start(browser->step, GONE_POLL_MS);
        return;
    }
    if (browser->proc && !browser->told_gone) {
        browser->told_gone = true;
        browser->events->on_gone(browser->ctx);
    }
    if (remove_group(browser) && delete_profile(browser))
        browser_is_down(browser);
}

static void on_step(void *ctx)
{
    struct browser *browser = ctx;

    switch (browser->state) {
    case BROWSER_SPAWNING:
        if (browser->proc)
            browser_look_for_endpoint(browser);
        else
            browser_spawn(browser);
        return;
    case BROWSER_READY:
    case BROWSER_RETIRING:
        browser_send_heartbeat(browser);
        return;
    case BROWSER_STOPPING:
        browser_look_whether_gone(browser);
        return;
    case BROWSER_CONNECTING:
    case BROWSER_DOWN:
    case BROWSER_STATES:
        return;
    }
}

/* ---- the object -------------------------------------------------------------------------------- */

struct browser *browser_new(struct loop *loop, const struct browser_settings *settings,
                            const struct browser_events *events, void *ctx)
{
    struct browser *browser = mem_new(struct browser);

    browser->loop = loop;
    browser->settings = *settings;
    browser->config = settings->config;
    browser->events = events;
    browser->ctx = ctx;
    browser->step = loop_timer_new(loop, on_step, browser);
    browser->deadline = loop_timer_new(loop, on_deadline, browser);
    return browser;
}

void browser_free(struct browser **browser_ptr)
{
    struct browser *browser = *browser_ptr;

    *browser_ptr = NULL;
    if (!browser)
        return;
    check(browser->state == BROWSER_DOWN);
    loop_timer_free(&browser->step);
    loop_timer_free(&browser->deadline);
    mem_free(browser->user_agent);
    mem_free(browser);
}

bool browser_is_live(const struct browser *browser)
{
    return browser->state != BROWSER_DOWN;
}

struct cdp_conn *browser_conn(const struct browser *browser)
{
    return browser->conn;
}

pid_t browser_pid(const struct browser *browser)
{
    return browser->proc && proc_is_running(browser->proc) ? proc_pid(browser->proc) : 0;
}

const char *browser_user_agent(const struct browser *browser)
{
    return browser->user_agent ? browser->user_agent : "";
}

struct cage *browser_cage(const struct browser *browser)
{
    return browser->cage;
}

bool browser_is_upgraded(const struct browser *browser)
{
    struct launch_stamp now = launch_stamp(browser->settings.plan);

    /* Gone for a moment: the new one is being put in place. */
    return now.ino && !launch_is_same(&now, &browser->stamp);
}
