/* SPDX-License-Identifier: MIT */
/* status_cmd.c - gathers what the store knows of each site, then prints it; see status_cmd.h. */
#include "debug/status_cmd.h"

#include "base/str.h"
#include "crawl/render.h"
#include "crawl/run.h"
#include "crawl/silence.h"
#include "crawl/silence_watch.h"
#include "crawl/spool.h"
#include "debug/ask.h"
#include "notify/alert_message.h"
#include "notify/alerts.h"

#include <stdio.h>

enum { RUNS = 100 };

struct site_status {
    const struct site *site;
    const struct store_run *last; /* of any kind; NULL: never */
    struct silence_verdict silence;
    int64_t next_ms; /* the next crawl; CLOCK_NONE: none is due */
    const struct store_report *reports;
    int n_reports;
    char *render_list, *render_post; /* mem_free; NULL: no [post] */
};

struct status {
    const struct config *config;
    int64_t now_ms;
    struct ask ask;
    struct site_status *sites;
    size_t n;
    bool is_scheduled, was_seen, is_alive; /* the engine */
    int64_t seen_ms;
    struct spool_look spool;
    struct store_report *reports; /* of engines and of all boards together */
    int n_reports;
};

/* ---- gathering ------------------------------------------------------------------------------- */

static const char *schedule_of(const struct status *st, const struct site *site)
{
    return str_empty(st->config->schedule_override) ? site->crawl_text
                                                    : st->config->schedule_override;
}

static void find_next(const struct status *st, struct site_status *s, int64_t *period_ms)
{
    const char *text = schedule_of(st, s->site);
    struct cron cron;
    struct err ignored;

    *period_ms = 0;
    s->next_ms = CLOCK_NONE;
    if (!text || cron_parse(&cron, text, &ignored) < 0)
        return;
    s->next_ms = cron_next(&cron, s->site->zone, st->now_ms);
    *period_ms = silence_period_ms(&cron, s->site->zone, st->now_ms);
}

static int gather_runs(struct status *st, struct site_status *s)
{
    struct silence_input in = {.now_ms = st->now_ms, .zone = s->site->zone};
    const struct store_run *runs;
    struct store_run *crawls;

    find_next(st, s, &in.period_ms);
    if (ask_runs(&st->ask, s->site->id, RUNS, &runs) < 0)
        return -1;
    crawls = arena_array(&st->ask.arena, struct store_run, st->ask.n + 1);
    for (int i = 0; i < st->ask.n; i++)
        if (str_eq(runs[i].kind, RUN_CRAWL))
            crawls[in.n_runs++] = runs[i];
    s->last = st->ask.n ? &runs[0] : NULL;
    in.runs = crawls;
    if (ask_arrivals(&st->ask, s->site->id, st->now_ms - SILENCE_LEARN_MS, &in.hours) < 0)
        return -1;
    in.n_hours = st->ask.n;
    silence_judge(&in, &s->silence);
    st->is_scheduled = st->is_scheduled || in.period_ms;
    if (!s->last)
        return 0;
    st->was_seen = true;
    st->seen_ms = s->last->started_at_ms > st->seen_ms ? s->last->started_at_ms : st->seen_ms;
    st->is_alive = st->is_alive || (in.period_ms && s->silence.state != SILENCE_DOWN);
    return 0;
}

static char *render_of(const struct status *st, const struct site *site, enum site_what what,
                       const struct store_state *states, int n)
{
    const char *name = what == SITE_LIST ? RENDER_STATE_LIST : RENDER_STATE_POST;
    const char *value = NULL;
    struct buf out;

    for (int i = 0; i < n; i++)
        if (str_eq(states[i].name, name))
            value = states[i].value;
    buf_init(&out, BUF_MAX_DEFAULT);
    render_describe(st->config, site, what, value, &out);
    buf_addc(&out, '\0');
    return buf_take(&out);
}

static int gather_site(struct status *st, struct site_status *s)
{
    const struct store_state *states;

    if (gather_runs(st, s) < 0 || ask_states(&st->ask, s->site->id, &states) < 0)
        return -1;
    s->render_list = render_of(st, s->site, SITE_LIST, states, st->ask.n);
    if (s->site->post)
        s->render_post = render_of(st, s->site, SITE_POST, states, st->ask.n);
    if (ask_reports(&st->ask, s->site->id, &s->reports) < 0)
        return -1;
    s->n_reports = st->ask.n;
    return 0;
}

/* ---- a table for people ---------------------------------------------------------------------- */

/* "3 min", "5 h", "2 d" */
static const char *ago(int64_t ms, char out[32])
{
    int64_t minutes = ms / 60000;

    if (minutes < 120)
        snprintf(out, 32, "%lld min", (long long)(minutes > 0 ? minutes : 0));
    else if (minutes < 48 * 60)
        snprintf(out, 32, "%lld h", (long long)(minutes / 60));
    else
        snprintf(out, 32, "%lld d", (long long)(minutes / 60 / 24));
    return out;
}

static void print_reports(const struct status *st, const struct store_report *reports, int n)
{
    for (int i = 0; i < n; i++) {
        const struct store_report *r = &reports[i];
        char age[32];

        if (r->site[0] == ALERT_ENGINE_MARK)
            printf("  ! engine %s:", r->site + 1);
        else
            printf("  !");
        printf(" %s for %s, %d time%s: %s\n", r->kind, ago(st->now_ms - r->opened_at_ms, age),
               r->times, r->times == 1 ? "" : "s", r->text);
        if (r->detail)
            printf("    %s\n", r->detail);
    }
}

static void print_site(const struct status *st, const struct site_status *s)
{
    char run[32] = "never", deal[32] = "never", next[CLOCK_RFC3339_BYTES] = "not scheduled";

    if (s->last)
        ago(st->now_ms - s->last->started_at_ms, run);
    if (s->silence.last_deal_ms != CLOCK_NONE)
        ago(st->now_ms - s->silence.last_deal_ms, deal);
    if (s->next_ms != CLOCK_NONE)
        clock_format_local(s->site->zone, s->next_ms, next);
    printf("%-16s %-8s %-9s %-8s %-14s %5d  %-9s %-26s %s\n", s->site->id,
           s->last ? silence_name(s->silence.state) : "new", run, s->last ? s->last->kind : "-",
           s->last ? s->last->reason : "-", s->last ? s->last->counts.added : 0, deal, next,
           s->render_list);
    print_reports(st, s->reports, s->n_reports);
}

static void print_spool(FILE *to, const struct spool_look *spool)
{
    if (spool->waiting)
        fprintf(to, "spool: %zu batches wait on disk for the database%s\n", spool->waiting,
                spool->orphans ? ", in part of processes that ended: the next engine that starts brings them"
                               : "");
    if (spool->bad)
        fprintf(to, "spool: %zu files (.bad) hold what could not be stored\n", spool->bad);
}

static void print_table(const struct status *st)
{
    char age[32];

    if (!st->was_seen)
        printf("engine: no run so far\n");
    else
        printf("engine: %s, last run began %s ago\n",
               !st->is_scheduled ? "nothing is scheduled"
               : st->is_alive    ? "follows its schedule"
                                 : "NO RUN SINCE LONG BEFORE THE LAST ONE DUE",
               ago(st->now_ms - st->seen_ms, age));
    print_spool(stdout, &st->spool);
    print_reports(st, st->reports, st->n_reports);
    printf("%-16s %-8s %-9s %-8s %-14s %5s  %-9s %-26s %s\n", "site", "state", "last run", "kind",
           "ended", "new", "last deal", "next", "lists by");
    for (size_t i = 0; i < st->n; i++)
        print_site(st, &st->sites[i]);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_time(struct buf *out, const char *name, int64_t at_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (at_ms != CLOCK_NONE)
        clock_format_utc_ms(at_ms, text);
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, at_ms == CLOCK_NONE ? NULL : text);
}

static void add_text(struct buf *out, const char *name, const char *text)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, text);
}

static void add_run(struct buf *out, const struct store_run *run)
{
    buf_adds(out, ",\"last_run\":");
    if (!run) {
        buf_adds(out, "null");
        return;
    }
    buf_addf(out, "{\"id\":%lld", (long long)run->id);
    add_text(out, "kind", run->kind);
    add_text(out, "reason", run->reason);
    add_text(out, "detail", run->detail);
    add_time(out, "started_at", run->started_at_ms);
    add_time(out, "ended_at", run->ended_at_ms);
    buf_addf(out, ",\"pages\":%d,\"rows\":%d,\"new\":%d,\"changed\":%d}", run->pages,
             run->rows_seen, run->counts.added, run->counts.changed);
}

static void add_reports(struct buf *out, const struct store_report *reports, int n)
{
    buf_adds(out, ",\"reports\":[");
    for (int i = 0; i < n; i++) {
        const struct store_report *r = &reports[i];

        buf_addf(out, "%s{\"id\":%lld", i ? "," : "", (long long)r->id);
        if (r->site[0] == ALERT_ENGINE_MARK)
            add_text(out, "engine", r->site + 1);
        add_text(out, "kind", r->kind);
        add_text(out, "text", r->text);
        add_text(out, "detail", r->detail);
        add_time(out, "opened_at", r->opened_at_ms);
        add_time(out, "last_at", r->last_at_ms);
        buf_addf(out, ",\"times\":%d}", r->times);
    }
    buf_addc(out, ']');
}

static void add_site(struct buf *out, const struct site_status *s)
{
    buf_adds(out, "{\"site\":");
    buf_add_json(out, s->site->id);
    add_text(out, "state", s->last ? silence_name(s->silence.state) : "new");
    add_run(out, s->last);
    add_time(out, "last_deal_at", s->silence.last_deal_ms);
    buf_addf(out, ",\"expected_since\":%.1f", s->silence.expected);
    add_time(out, "next_at", s->next_ms);
    add_text(out, "lists_by", s->render_list);
    add_text(out, "posts_by", s->render_post);
    add_reports(out, s->reports, s->n_reports);
    buf_addc(out, '}');
}

static void print_json(const struct status *st)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    buf_addf(&out, "{\"engine\":{\"state\":\"%s\"",
             !st->was_seen       ? "new"
             : !st->is_scheduled ? "unscheduled"
             : st->is_alive      ? "alive"
                                 : "down");
    add_time(&out, "last_run_at", st->was_seen ? st->seen_ms : CLOCK_NONE);
    buf_addf(&out, ",\"spool\":{\"waiting\":%zu,\"bytes\":%lld,\"files\":%zu,\"orphans\":%zu,\"bad\":%zu}",
             st->spool.waiting, (long long)st->spool.bytes, st->spool.files, st->spool.orphans,
             st->spool.bad);
    add_reports(&out, st->reports, st->n_reports);
    buf_adds(&out, "},\"sites\":[");
    for (size_t i = 0; i < st->n; i++) {
        buf_adds(&out, i ? ",\n" : "\n");
        add_site(&out, &st->sites[i]);
    }
    buf_adds(&out, "]}\n");
    fputs(buf_str(&out), stdout);
    buf_fini(&out);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int gather_general(struct status *st)
{
    const struct store_report *all;

    if (ask_reports(&st->ask, NULL, &all) < 0)
        return -1;
    st->reports = arena_array(&st->ask.arena, struct store_report, (size_t)st->ask.n + 1);
    for (int i = 0; i < st->ask.n; i++)
        if (all[i].site[0] == ALERT_ENGINE_MARK || str_eq(all[i].site, ALERTS_ALL))
            st->reports[st->n_reports++] = all[i];
    return 0;
}

static int gather(struct status *st, const struct sites *sites, struct err *err)
{
    if (ask_init(&st->ask, st->config, false, err) < 0)
        return -1;
    if (gather_general(st) < 0) {
        *err = st->ask.err;
        return -1;
    }
    for (size_t i = 0; i < sites->n; i++) {
        st->sites[i].site = sites->items[i];
        if (gather_site(st, &st->sites[i]) < 0) {
            *err = st->ask.err;
            return -1;
        }
    }
    return 0;
}

int status_cmd_run(const struct config *config, const struct sites *sites, bool json)
{
    struct status st = {.config = config, .now_ms = clock_wall_ms(), .n = sites->n, .seen_ms = 0};
    struct err err;
    int exit_code = 0;

    st.sites = mem_zalloc(sites->n * sizeof *st.sites + 1);
    spool_look(config, &st.spool);
    if (gather(&st, sites, &err) < 0) {
        fprintf(stderr, "catchdeal-engine: %s\n", err.text);
        print_spool(stderr, &st.spool);
        exit_code = err_exit_code(err.code);
    } else if (json) {
        print_json(&st);
    } else {
        print_table(&st);
    }
    for (size_t i = 0; i < st.n; i++) {
        mem_free(st.sites[i].render_list);
        mem_free(st.sites[i].render_post);
    }
    mem_free(st.sites);
    ask_fini(&st.ask);
    return exit_code;
}
