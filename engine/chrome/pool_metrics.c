/* SPDX-License-Identifier: MIT */
/* pool_metrics.c - the pool's figures for whoever watches it. */
#include "base/metrics.h"
#include "chrome/pool.h"

static void add_slots(const struct pool_stats *stats, struct buf *out)
{
    metrics_head(out, "pool_slots", "gauge",
                 "Rights to a tab, by state; they add up to all slots.");
    metrics_value(out, "pool_slots", "state", "idle", stats->idle);
    metrics_value(out, "pool_slots", "state", "leased", stats->leased);
    metrics_value(out, "pool_slots", "state", "dying", stats->dying);
    metrics_one(out, "pool_slot_leaks_total", "counter",
                "Slots that were lost from the books and found again. Stays 0.",
                (double)stats->slot_leaks);
    metrics_one(out, "pool_waiting", "gauge", "Pages that wait for a tab.", stats->waiting);
    metrics_one(out, "pool_leases_total", "counter", "Leases granted.",
                (double)stats->leases_granted);
}

static void add_browsers(const struct pool_stats *stats, struct buf *out)
{
    metrics_one(out, "pool_browsers", "gauge", "Browsers that live.", stats->browsers_live);
    metrics_one(out, "pool_browsers_started_total", "counter", "Browsers started.",
                (double)stats->browsers_started);
    metrics_head(out, "pool_recycles_total", "counter", "Browsers replaced or ended, by reason.");
    for (int i = 0; i < RECYCLE_REASONS; i++)
        metrics_value(out, "pool_recycles_total", "reason", pool_recycle_name((enum pool_recycle)i),
                      (double)stats->recycles[i]);
    metrics_head(out, "pool_ends_total", "counter",
                 "Tabs and browsers that ended otherwise than by plan, by reason.");
    for (int i = 0; i < ERR_COUNT; i++)
        if (stats->ends[i])
            metrics_value(out, "pool_ends_total", "reason", err_reason((enum err_code)i),
                          (double)stats->ends[i]);
}

static void add_costs(const struct pool_stats *stats, struct buf *out)
{
    metrics_one(out, "pool_peak_bytes", "gauge", "Highest memory of all browsers together.",
                (double)stats->peak_pss_bytes);
    metrics_one(out, "pool_peak_worker_bytes", "gauge", "Highest memory of one browser.",
                (double)stats->peak_worker_bytes);
    metrics_one(out, "pool_peak_worker_anon_bytes", "gauge",
                "Highest memory of one browser, file pages left out.",
                (double)stats->peak_worker_anon_bytes);
    metrics_one(out, "pool_cpu_seconds_total", "counter", "CPU time of all browsers.",
                (double)stats->cpu_ms / 1000);
    metrics_head(out, "pool_memory_cap", "gauge", "1 for the kind of memory cap in force.");
    metrics_value(out, "pool_memory_cap", "rung", stats->rung, 1);
    metrics_one(out, "pool_breaker_open", "gauge", "1 while Chrome does not start.",
                stats->breaker_open);
    metrics_one(out, "pool_held_back", "gauge", "1 while pages wait for want of memory.",
                stats->held_back);
}

void pool_metrics(const struct pool *pool, struct buf *out)
{
    struct pool_stats stats;

    pool_stats(pool, &stats);
    add_slots(&stats, out);
    add_browsers(&stats, out);
    add_costs(&stats, out);
}
