/* SPDX-License-Identifier: MIT */
/* service_look.c - the lines as people and Prometheus see them. */
#include "base/metrics.h"
#include "base/str.h"
#include "crawl/lease.h"
#include "service_priv.h"

#include <stdio.h>
#include <unistd.h>

static const char *state_of(const struct line *line)
{
    if (line->is_gone)
        return "ending"; /* a reload took it away while it runs */
    if (line->state == LINE_IDLE && line->is_paused)
        return "paused";
    return line_state_name(line);
}

static int64_t next_of(const struct line *line)
{
    return line->entry && !line->is_paused ? schedule_entry_next_ms(line->entry) : CLOCK_NONE;
}

static long long overlaps_of(const struct line *line)
{
    return line->entry ? schedule_entry_overlaps(line->entry) : 0;
}

static void list_text(const struct line *line, struct buf *out)
{
    char next[CLOCK_RFC3339_BYTES] = "-";

    if (next_of(line) != CLOCK_NONE)
        clock_format_local(line_zone(line), next_of(line), next);
    buf_addf(out, "%-16s %-9s %-8s %-25s %5lld %8lld", line->site ? line->site->id : "-",
             line->kind, state_of(line), next, line->runs, overlaps_of(line));
    if (line->state != LINE_IDLE)
        buf_addf(out, "  for %lld s", (long long)(clock_wall_ms() - line->since_ms) / 1000);
    if (line->is_paused && line->state != LINE_IDLE)
        buf_adds(out, "  paused after it");
    if (line->is_paused && line->entry && schedule_entry_is_late(line->entry))
        buf_adds(out, "  missed one");
    buf_addc(out, '\n');
}

static void list_json(const struct line *line, struct buf *out)
{
    char next[CLOCK_RFC3339_BYTES];

    buf_addf(out, "{\"site\":");
    buf_add_json(out, line->site ? line->site->id : NULL);
    buf_addf(out, ",\"kind\":\"%s\",\"state\":\"%s\",\"paused\":%s,\"next_at\":", line->kind,
             line_state_name(line), line->is_paused ? "true" : "false");
    if (next_of(line) != CLOCK_NONE)
        clock_format_local(line_zone(line), next_of(line), next);
    buf_add_json(out, next_of(line) != CLOCK_NONE ? next : NULL);
    buf_addf(out, ",\"runs\":%lld,\"overlaps\":%lld,\"missed\":%s}", line->runs, overlaps_of(line),
             line->entry && schedule_entry_is_late(line->entry) ? "true" : "false");
}

void service_list(const struct service *service, bool json, struct buf *out)
{
    const struct line *line, *next;
    bool first = true;

    if (json)
        buf_adds(out, "{\"lines\":[");
    else
        buf_addf(out, "%-16s %-9s %-8s %-25s %5s %8s\n", "site", "kind", "state", "next", "runs",
                 "overlaps");
    LINES_FOREACH (line, next, service) {
        if (json)
            buf_adds(out, first ? "\n" : ",\n");
        first = false;
        if (json)
            list_json(line, out);
        else
            list_text(line, out);
    }
    if (json)
        buf_adds(out, "]}\n");
}

static size_t count_paused(const struct service *service)
{
    const struct line *line, *next;
    size_t n = 0;

    LINES_FOREACH (line, next, service)
        n += line->is_paused;
    return n;
}

void service_summary(const struct service *service, struct buf *out)
{
    char since[CLOCK_RFC3339_BYTES] = "not yet";

    if (service->started)
        clock_format_local(service->zone, service->started_at_ms, since);
    buf_addf(
        out,
        "engine %s: pid %d, serving since %s, generation %d, %zu of %zu lines busy, %zu paused%s\n",
        store_engine(service->env->store), (int)getpid(), since, generation_now(service)->number,
        list_count(&service->busy), list_count(&service->lines), count_paused(service),
        service->stopping ? ", stopping" : "");
}

void service_metrics(const struct service *service, struct buf *out)
{
    const struct line *line, *next;

    if (service->leases)
        leases_metrics(service->leases, out);
    metrics_one(out, "catchdeal_schedule_lines", "gauge",
                "Lines of the schedule: sites by kind, and jobs without a site.",
                (double)list_count(&service->lines));
    metrics_one(out, "catchdeal_schedule_busy", "gauge", "Of them, under way.",
                (double)list_count(&service->busy));
    metrics_one(out, "catchdeal_schedule_paused", "gauge", "Of them, held back by the operator.",
                (double)count_paused(service));
    metrics_one(out, "catchdeal_schedule_generation", "gauge",
                "Loads of configuration and sites, the first included.",
                generation_now(service)->number);
    metrics_one(out, "catchdeal_schedule_reloads_refused_total", "counter",
                "Reloads that were refused, since something in them was wrong.",
                (double)service->refused_reloads);
    metrics_head(out, "catchdeal_schedule_runs_total", "counter", "Runs that were begun.");
    LINES_FOREACH (line, next, service)
        metrics_value2(out, "catchdeal_schedule_runs_total", "site", line_site(line), "kind",
                       line->kind, (double)line->runs);
    metrics_head(out, "catchdeal_schedule_overlaps_total", "counter",
                 "Due while the run before was still going: not doubled.");
    LINES_FOREACH (line, next, service)
        metrics_value2(out, "catchdeal_schedule_overlaps_total", "site", line_site(line), "kind",
                       line->kind, (double)overlaps_of(line));
}
