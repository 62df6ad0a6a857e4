/* SPDX-License-Identifier: MIT */
/* alerting.c - see alerting.h. A look every few seconds at what costs nothing to look at; the ledger is asked every
 * few minutes, and after runs that failed.
 */
#include "alerting.h"
#include "base/list.h"
#include "base/str.h"
#include "crawl/run.h"
#include "crawl/spool.h"
#include "debug/cost.h"
#include "notify/alerts.h"
#include "notify/push.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
    LOOK_MAX_MS = 5000,
    LOOK_MIN_MS = 50,
    LOOKS_IN_GRACE = 4,
    BUDGET_EVERY_MS = 300000,
    RUNS_LOOKED_AT = 200,
    PATH_BYTES = 4096,
};
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;
enum { DAYS_OF_MONTH = 30 };

struct alerting {
    const struct crawl_env *env;
    struct alerts *alerts;
    const struct push *push; /* NULL: nobody sends */
    struct loop_timer *look;
    int64_t budget_at_ms; /* monotonic, of the last question; 0: none yet */
    bool budget_asked;    /* under way */
    struct list asks;     /* questions about failing runs */
};

struct ask {
    struct list link;
    struct alerting *alerting;
    char *site, *kind;
};

static void set_own(struct alerting *alerting, const char *kind, bool is_so, const char *text)
{
    const char *self = alerts_self(alerting->alerts);

    if (is_so)
        alerts_set(alerting->alerts, self, kind, text, NULL);
    else
        alerts_clear(alerting->alerts, self, kind);
}

/* ---- Chrome, memory, hosts ------------------------------------------------------------------- */

static void look_at_chrome(struct alerting *alerting)
{
    struct pool_stats stats;
    struct buf text;

    if (!alerting->env->pool) {
        set_own(alerting, "chrome", true, alerting->env->no_pool.text);
        return;
    }
    pool_stats(alerting->env->pool, &stats);
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addf(&text, "%d starts in a row failed: %s", stats.launch_failures,
             stats.launch_trouble ? stats.launch_trouble->text : "");
    set_own(alerting, "chrome", stats.breaker_open, buf_str(&text));
    set_own(alerting, "memory", stats.held_back,
            "the machine is short of memory: pages that wait do not begin");
    buf_fini(&text);
}

static void look_at_hosts(struct alerting *alerting)
{
    struct buf names, text;
    int n;

    buf_init(&names, BUF_MAX_DEFAULT);
    buf_init(&text, BUF_MAX_DEFAULT);
    n = polite_open_hosts(alerting->env->polite, &names);
    buf_addf(&text, "%d host%s refused or did not answer %lld times in a row: %s", n,
             n == 1 ? "" : "s", (long long)alerting->env->config->host_failures, buf_str(&names));
    set_own(alerting, "hosts", n > 0, buf_str(&text));
    buf_fini(&names);
    buf_fini(&text);
}

/* ---- pushes ---------------------------------------------------------------------------------- */

void alerting_watch_push(struct alerting *alerting, const struct push *push)
{
    alerting->push = push;
}

static void look_at_push(struct alerting *alerting)
{
    const char *why = alerting->push ? push_trouble(alerting->push) : NULL;
    char *text = mem_printf("the push service takes no pushes: %s", why ? why : "");

    set_own(alerting, "push", why != NULL, text);
    mem_free(text);
}

/* ---- disk ------------------------------------------------------------------------------------ */

/* The nearest directory that exists already, at or above it. */
static bool stat_above(const char *path, struct statvfs *fs)
{
    char at[PATH_BYTES];
    char *slash;

    if (strlen(path) >= sizeof at)
        return false;
    strcpy(at, path);
    while (statvfs(at, fs) < 0) {
        slash = strrchr(at, '/');
        if (!slash)
            return statvfs(".", fs) == 0;
        if (slash == at)
            return statvfs("/", fs) == 0;
        *slash = '\0';
    }
    return true;
}

static void judge_disk(const char *key, const char *path, int64_t min_bytes, struct buf *text)
{
    struct statvfs fs;
    int64_t free_bytes;

    if (!stat_above(path, &fs))
        return;
    free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    if (free_bytes < min_bytes)
        buf_addf(text, "%s%lld MiB free at %s (%s)", text->len ? ", " : "",
                 (long long)(free_bytes >> 20), path, key);
    else if (fs.f_files > 0 && fs.f_favail == 0)
        buf_addf(text, "%sno inodes left at %s (%s)", text->len ? ", " : "", path, key);
}

/* As launch.c chooses it. */
static const char *run_dir_of(const struct config *config)
{
    const char *tmpdir = getenv("TMPDIR");

    if (!str_empty(config->run_dir))
        return config->run_dir;
    return str_empty(tmpdir) ? "/tmp" : tmpdir;
}

static void look_at_disk(struct alerting *alerting)
{
    const struct config *config = alerting->env->config;
    struct buf spool, text;

    buf_init(&text, BUF_MAX_DEFAULT);
    if (config->min_free_disk) {
        judge_disk("run_dir", run_dir_of(config), config->min_free_disk, &text);
        if (str_starts(config->database, "sqlite:"))
            judge_disk("database", config->database + strlen("sqlite:"), config->min_free_disk,
                       &text);
        buf_init(&spool, BUF_MAX_DEFAULT);
        spool_dir(config, &spool);
        judge_disk("spool_dir", buf_str(&spool), config->min_free_disk, &text);
        buf_fini(&spool);
    }
    set_own(alerting, "disk", text.len > 0, buf_str(&text));
    buf_fini(&text);
}

/* ---- spool ----------------------------------------------------------------------------------- */

static size_t count_bad_files(const char *dir)
{
    char *pattern = mem_printf("%s/*.bad", dir);
    glob_t found;
    size_t n = glob(pattern, GLOB_NOSORT, NULL, &found) == 0 ? found.gl_pathc : 0;

    globfree(&found);
    mem_free(pattern);
    return n;
}

/* That something waits while the database is away is its purpose. */
static void look_at_spool(struct alerting *alerting)
{
    const struct config *config = alerting->env->config;
    struct spool_stats stats;
    struct buf dir, text;
    size_t n_bad;

    buf_init(&dir, BUF_MAX_DEFAULT);
    buf_init(&text, BUF_MAX_DEFAULT);
    spool_dir(config, &dir);
    spool_stats(alerting->env->spool, &stats);
    buf_addf(&text, "%zu batches wait at %s, %lld MiB of %lld (spool_max)", stats.waiting,
             buf_str(&dir), (long long)(stats.bytes >> 20), (long long)(config->spool_max >> 20));
    set_own(alerting, "spool",
            stats.waiting > 0 && (!stats.is_away || stats.bytes >= config->spool_max / 2),
            buf_str(&text));
    n_bad = count_bad_files(buf_str(&dir));
    buf_clear(&text);
    buf_addf(&text, "%zu files at %s hold what the database refused, or what cannot be read", n_bad,
             buf_str(&dir));
    set_own(alerting, "spool-bad", n_bad > 0, buf_str(&text));
    buf_fini(&dir);
    buf_fini(&text);
}

/* ---- budget ---------------------------------------------------------------------------------- */

int alerting_check_config(const struct config *config, struct err *err)
{
    struct cost_prices prices;

    return cost_prices_of(config, &prices, err);
}

/* Both are a month: thirty times the last day, and what the last thirty days were. */
static void judge_budget(const struct config *config, int64_t day_gb_ms, int64_t month_gb_ms,
                         struct buf *text)
{
    struct cost_prices prices;
    double budget, forecast, spent;
    struct err ignored;

    if (cost_prices_of(config, &prices, &ignored) < 0)
        return;
    budget = prices.budget_month;
    forecast = cost_price(&prices, day_gb_ms) * DAYS_OF_MONTH;
    spent = cost_price(&prices, month_gb_ms);
    if (budget > 0 && (forecast > budget || spent > budget))
        buf_addf(text,
                 "the last day makes %.2f %s a month, the last 30 days were %.2f %s; budget_month "
                 "is %.2f",
                 forecast, prices.currency, spent, prices.currency, budget);
    if (config->budget_gb_seconds_day && day_gb_ms / 1000 > config->budget_gb_seconds_day)
        buf_addf(text, "%sthe last day took %lld GB-seconds; budget_gb_seconds_day is %lld",
                 text->len ? "; " : "", (long long)(day_gb_ms / 1000),
                 (long long)config->budget_gb_seconds_day);
}

static void on_cost(const struct store_cost *rows, int n, const struct err *err, void *ctx)
{
    struct alerting *alerting = ctx;
    int64_t day_ms = clock_wall_ms() - DAY_MS;
    int64_t day_gb_ms = 0, month_gb_ms = 0;
    struct buf text;

    alerting->budget_asked = false;
    if (err)
        return; /* alerts.c tells that the database is away */
    for (int i = 0; i < n; i++) {
        month_gb_ms += rows[i].gb_ms;
        if (rows[i].hour_ms >= day_ms)
            day_gb_ms += rows[i].gb_ms;
    }
    buf_init(&text, BUF_MAX_DEFAULT);
    judge_budget(alerting->env->config, day_gb_ms, month_gb_ms, &text);
    if (text.len)
        alerts_set(alerting->alerts, ALERTS_ALL, "budget", buf_str(&text), NULL);
    else
        alerts_clear(alerting->alerts, ALERTS_ALL, "budget");
    buf_fini(&text);
}

static void look_at_budget(struct alerting *alerting)
{
    int64_t now_ms = clock_mono_ms();

    if (alerting->budget_asked ||
        (alerting->budget_at_ms && now_ms - alerting->budget_at_ms < BUDGET_EVERY_MS))
        return;
    alerting->budget_at_ms = now_ms;
    alerting->budget_asked = true;
    store_cost(alerting->env->store, clock_wall_ms() - DAYS_OF_MONTH * DAY_MS, on_cost, alerting);
}

/* ---- runs that fail -------------------------------------------------------------------------- */

/* What says nothing of the site, or has an alert of its own. */
static bool is_other_trouble(const char *reason)
{
    static const char *const others[] = {
        "running",      "cancelled", "engine-lost",   "lease-lost",   "drift",      "blocked",
        "rate-limited", "robots",    "launch-failed", "store-failed", "store-away", "busy"};

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_eq(reason, others[i]))
            return true;
    return false;
}

/* "failing", "failing-alive" */
static char *kind_of_report(const char *kind)
{
    return str_eq(kind, RUN_CRAWL) ? mem_strdup("failing") : mem_printf("failing-%s", kind);
}

static void free_ask(struct ask *ask)
{
    list_remove(&ask->link);
    mem_free(ask->site);
    mem_free(ask->kind);
    mem_free(ask);
}

static void on_runs(const struct store_run *runs, int n, const struct err *err, void *ctx)
{
    struct ask *ask = ctx;
    struct alerting *alerting = ask->alerting;
    const struct store_run *last = NULL;
    int failures = 0;

    for (int i = 0; i < n && !err; i++) {
        if (!str_eq(runs[i].kind, ask->kind) || is_other_trouble(runs[i].reason))
            continue;
        if (str_eq(runs[i].reason, "ok"))
            break;
        last = last ? last : &runs[i];
        failures++;
    }
    if (last && failures >= alerting->env->config->alert_failures) {
        char *kind = kind_of_report(ask->kind);
        char *text = mem_printf("%s failed %d times in a row: %s: %s", ask->kind, failures,
                                last->reason, last->detail ? last->detail : "");

        alerts_set(alerting->alerts, ask->site, kind, text, NULL);
        mem_free(text);
        mem_free(kind);
    }
    free_ask(ask);
}

void alerting_run_ended(struct alerting *alerting, const struct store_run *run)
{
    struct ask *ask;
    char *kind;

    if (!alerting)
        return;
    if (str_eq(run->reason, "ok")) {
        kind = kind_of_report(run->kind);
        alerts_clear(alerting->alerts, run->site, kind);
        mem_free(kind);
    } else if (!is_other_trouble(run->reason)) {
        ask = mem_new(struct ask);
        ask->alerting = alerting;
        ask->site = mem_strdup(run->site);
        ask->kind = mem_strdup(run->kind);
        list_init(&ask->link);
        list_append(&alerting->asks, &ask->link);
        store_runs_recent(alerting->env->store, run->site, RUNS_LOOKED_AT, on_runs, ask);
    }
}

void alerting_selfcheck_ended(struct alerting *alerting, const struct err *err)
{
    if (alerting && !(err && err->code == ERR_CANCELLED))
        set_own(alerting, "selfcheck", err != NULL, err ? err->text : "");
}

/* ---- together -------------------------------------------------------------------------------- */

static int64_t look_ms(const struct alerting *alerting)
{
    int64_t ms = alerting->env->config->alert_after / LOOKS_IN_GRACE;

    return ms < LOOK_MIN_MS ? LOOK_MIN_MS : ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms;
}

static void on_look(void *ctx)
{
    struct alerting *alerting = ctx;

    loop_timer_start(alerting->look, look_ms(alerting));
    look_at_chrome(alerting);
    look_at_hosts(alerting);
    look_at_push(alerting);
    look_at_disk(alerting);
    look_at_spool(alerting);
    look_at_budget(alerting);
}

void alerting_start(struct alerting *alerting)
{
    alerts_start(alerting->alerts);
    loop_timer_start(alerting->look, 0);
}

int alerting_new(const struct crawl_env *env, const char *engine, struct alerting **out,
                 struct err *err)
{
    struct alerting *alerting = *out = mem_new(struct alerting);

    check(env->store);
    alerting->env = env;
    list_init(&alerting->asks);
    alerting->look = loop_timer_new(env->loop, on_look, alerting);
    if (alerting_check_config(env->config, err) == 0 &&
        alerts_new(env->loop, env->config, env->store, engine, &alerting->alerts, err) == 0)
        return 0;
    alerting_free(out);
    return -1;
}

void alerting_free(struct alerting **alerting_ptr)
{
    struct alerting *alerting = *alerting_ptr;
    struct list *at, *next;

    if (!alerting)
        return;
    *alerting_ptr = NULL;
    LIST_FOREACH (at, next, &alerting->asks)
        free_ask(container_of(at, struct ask, link));
    alerts_free(&alerting->alerts);
    loop_timer_free(&alerting->look);
    mem_free(alerting);
}

void alerting_metrics(const struct alerting *alerting, struct buf *out)
{
    alerts_metrics(alerting->alerts, out);
}
