/* SPDX-License-Identifier: MIT */
/* simulate_cmd.c - lines from the site files, figures from the ledger, the rest by plan.c. */
#include "debug/simulate_cmd.h"
#include "base/str.h"
#include "crawl/purge.h"
#include "crawl/run.h"
#include "debug/plan.h"

#include <stdio.h>

static const int64_t LOOK_BACK_MS = (int64_t)30 * 24 * 3600 * 1000;
enum { KINDS = 3 };

struct simulation {
    const struct config *config;
    int64_t length_ms;
    struct arena arena;
    struct clock_zone *zone;
    struct cron override, purge;
    struct plan_line *lines;
    int n;
    struct plan_box box;
    struct plan plan;
    struct cost_prices prices;
};

/* ---- what is planned --------------------------------------------------------------------------- */

static void add(struct simulation *sim, const char *site, const char *kind, const struct cron *cron,
                const struct clock_zone *zone, bool needs_chrome)
{
    sim->lines[sim->n++] = (struct plan_line){
        .site = site, .kind = kind, .cron = cron, .zone = zone, .needs_chrome = needs_chrome};
}

static int parse_crons(struct simulation *sim, struct err *err)
{
    const struct config *config = sim->config;

    if (clock_zone_new(config->timezone, &sim->zone, err) < 0)
        return err_prefix(err, "timezone");
    if (!str_empty(config->schedule_override) &&
        cron_parse(&sim->override, config->schedule_override, err) < 0)
        return err_prefix(err, "schedule_override");
    if (!str_empty(config->purge_schedule) &&
        cron_parse(&sim->purge, config->purge_schedule, err) < 0)
        return err_prefix(err, "purge_schedule");
    return 0;
}

static void list_lines(struct simulation *sim, const struct sites *sites)
{
    bool is_overridden = !str_empty(sim->config->schedule_override);

    sim->lines = arena_array(&sim->arena, struct plan_line, sites->n * KINDS + 1);
    for (size_t i = 0; i < sites->n; i++) {
        const struct site *site = sites->items[i];

        if (is_overridden || site->crawl_text)
            add(sim, site->id, RUN_CRAWL, is_overridden ? &sim->override : &site->crawl, site->zone,
                true);
        if (site->refresh_text)
            add(sim, site->id, RUN_REFRESH, &site->refresh, site->zone, true);
        if (site->alive_text)
            add(sim, site->id, RUN_ALIVE, &site->alive, site->zone, true);
    }
    if (!str_empty(sim->config->purge_schedule))
        add(sim, STORE_NO_SITE, RUN_PURGE, &sim->purge, sim->zone, false);
}

/* As the pool reckons: so many browsers as their caps fit into the budget, at least one. */
static void find_box(struct simulation *sim)
{
    const struct config *c = sim->config;
    int64_t fit =
        c->memory_budget && c->worker_memory ? c->memory_budget / c->worker_memory : c->browsers;

    sim->box = (struct plan_box){
        .browsers = (int)(fit < 1             ? 1
                          : fit < c->browsers ? fit
                                              : c->browsers),
        .tabs_per_browser = (int)c->tabs_per_browser,
    };
    sim->box.memory_bytes =
        c->memory_budget ? c->memory_budget : c->worker_memory * sim->box.browsers;
}

/* ---- printing ---------------------------------------------------------------------------------- */

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static double tabs_share(const struct simulation *sim, int64_t busy_ms, int64_t of_ms)
{
    return share((double)busy_ms, (double)of_ms * sim->box.browsers * sim->box.tabs_per_browser);
}

static void print_table(const struct simulation *sim)
{
    const struct plan *p = &sim->plan;
    char minute[CLOCK_RFC3339_BYTES] = "-";

    printf("%-16s %-8s %6s %9s %8s %9s %9s %8s\n", "site", "kind", "runs", "s a run", "GB-s",
           "waits s", "longest s", "overlaps");
    for (int i = 0; i < sim->n; i++) {
        const struct plan_line *l = &sim->lines[i];

        printf("%-16s %-8s %6lld %9.1f %8.1f %9.1f %9.1f %8lld%s\n", l->site, l->kind,
               (long long)l->runs, (double)l->duration_ms / 1000,
               (double)(l->runs * l->gb_ms) / 1000, (double)l->waited_ms / 1000,
               (double)l->wait_max_ms / 1000, (long long)l->overlaps,
               l->is_measured ? "" : "  (never ran: reckoned from others)");
    }
    if (p->busiest_minute_ms != CLOCK_NONE)
        clock_format_local(sim->zone, p->busiest_minute_ms, minute);
    printf(
        "\n%s: %lld runs, %lld overlaps, longest wait %.1f s (at most %d), %d of %d tabs at once\n"
        "tabs are in use %.1f %% of the time, %.1f %% in the busiest minute, %s\n"
        "memory: %lld MiB of %lld (%.0f %%)\n"
        "%.1f GB-s, %.4f %s; a month of it %.2f %s\n",
        plan_fits(p, &sim->box) ? "It fits" : "IT DOES NOT FIT", (long long)p->runs,
        (long long)p->overlaps, (double)p->wait_max_ms / 1000, PLAN_WAIT_MAX_MS / 1000, p->tabs_max,
        sim->box.browsers * sim->box.tabs_per_browser, tabs_share(sim, p->busy_ms, sim->length_ms),
        tabs_share(sim, p->busiest_ms, 60000), minute, (long long)(p->memory_max_bytes >> 20),
        (long long)(sim->box.memory_bytes >> 20),
        share((double)p->memory_max_bytes, (double)sim->box.memory_bytes), (double)p->gb_ms / 1000,
        cost_price(&sim->prices, p->gb_ms), sim->prices.currency,
        cost_month_of(cost_price(&sim->prices, p->gb_ms), sim->length_ms), sim->prices.currency);
}

static void add_line(const struct plan_line *l, struct buf *out)
{
    buf_adds(out, "{\"site\":");
    buf_add_json(out, l->site);
    buf_adds(out, ",\"kind\":");
    buf_add_json(out, l->kind);
    buf_addf(out,
             ",\"measured\":%s,\"runs\":%lld,\"run_seconds\":%.3f,\"gb_seconds\":%.3f,"
             "\"wait_seconds\":%.3f,\"wait_max_seconds\":%.3f,\"overlaps\":%lld}",
             l->is_measured ? "true" : "false", (long long)l->runs, (double)l->duration_ms / 1000,
             (double)(l->runs * l->gb_ms) / 1000, (double)l->waited_ms / 1000,
             (double)l->wait_max_ms / 1000, (long long)l->overlaps);
}

static void print_json(const struct simulation *sim)
{
    const struct plan *p = &sim->plan;
    char minute[CLOCK_RFC3339_BYTES];
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    if (p->busiest_minute_ms != CLOCK_NONE)
        clock_format_utc_ms(p->busiest_minute_ms, minute);
    buf_addf(&out,
             "{\"fits\":%s,\"runs\":%lld,\"overlaps\":%lld,\"wait_seconds\":%.3f,\"wait_max_"
             "seconds\":%.3f,"
             "\"tabs\":%d,\"tabs_max\":%d,\"tabs_share\":%.4f,\"memory_max\":%lld,\"memory\":%lld,"
             "\"gb_seconds\":%.3f,\"month\":%.4f,\"busiest_minute\":",
             plan_fits(p, &sim->box) ? "true" : "false", (long long)p->runs, (long long)p->overlaps,
             (double)p->waited_ms / 1000, (double)p->wait_max_ms / 1000,
             sim->box.browsers * sim->box.tabs_per_browser, p->tabs_max,
             tabs_share(sim, p->busy_ms, sim->length_ms) / 100, (long long)p->memory_max_bytes,
             (long long)sim->box.memory_bytes, (double)p->gb_ms / 1000,
             cost_month_of(cost_price(&sim->prices, p->gb_ms), sim->length_ms));
    buf_add_json(&out, p->busiest_minute_ms == CLOCK_NONE ? NULL : minute);
    buf_adds(&out, ",\"lines\":[");
    for (int i = 0; i < sim->n; i++) {
        buf_adds(&out, i ? ",\n" : "\n");
        add_line(&sim->lines[i], &out);
    }
    buf_adds(&out, "]}\n");
    fputs(buf_str(&out), stdout);
    buf_fini(&out);
}

/* ---- the command ------------------------------------------------------------------------------- */

static int simulate(struct simulation *sim, const struct sites *sites, struct err *err)
{
    int64_t now_ms = clock_wall_ms();
    struct store_cost *rows;
    int n;

    if (parse_crons(sim, err) < 0 || cost_prices_of(sim->config, &sim->prices, err) < 0 ||
        cost_load(sim->config, now_ms - LOOK_BACK_MS, &sim->arena, &rows, &n, err) < 0)
        return -1;
    list_lines(sim, sites);
    find_box(sim);
    if (!plan_measure(sim->lines, sim->n, rows, n))
        return err_set(err, ERR_USAGE,
                       "schedule --simulate: the ledger has no run of the last 30 days to reckon "
                       "with: crawl first");
    return plan_play(&sim->plan, sim->lines, sim->n, &sim->box, now_ms, sim->length_ms, err);
}

int simulate_cmd_run(const struct config *config, const struct sites *sites, int64_t length_ms,
                     bool json)
{
    struct simulation sim = {.config = config, .length_ms = length_ms};
    struct err err;
    int exit_code = 0;

    arena_init(&sim.arena);
    if (simulate(&sim, sites, &err) < 0) {
        fprintf(stderr, "catchdeal-engine: %s\n", err.text);
        exit_code = err_exit_code(err.code);
    } else {
        (json ? print_json : print_table)(&sim);
        exit_code = plan_fits(&sim.plan, &sim.box) ? 0 : err_exit_code(ERR_CONFIG);
    }
    clock_zone_free(&sim.zone);
    arena_fini(&sim.arena);
    return exit_code;
}
