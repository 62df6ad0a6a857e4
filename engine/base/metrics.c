/* SPDX-License-Identifier: MIT */
/* metrics.c - Prometheus text; see metrics.h. */
#include "base/metrics.h"

#include <stdio.h>

static void add_label_value(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_addc(out, '\\');
        if (*s == '\n')
            buf_adds(out, "\\n");
        else
            buf_addc(out, *s);
    }
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *prose)
{
    buf_addf(out, "# HELP catchdeal_%s %s\n# TYPE catchdeal_%s %s\n", name, prose, name, type);
}

void metrics_value(struct buf *out, const char *name, const char *label, const char *label_value,
                   double value)
{
    buf_addf(out, "catchdeal_%s", name);
    if (label) {
        buf_addf(out, "{%s=\"", label);
        add_label_value(out, label_value);
        buf_adds(out, "\"}");
    }
    buf_addf(out, " %.15g\n", value);
}

void metrics_value2(struct buf *out, const char *name, const char *label1, const char *value1,
                    const char *label2, const char *value2, double value)
{
    buf_addf(out, "catchdeal_%s{%s=\"", name, label1);
    add_label_value(out, value1);
    buf_addf(out, "\",%s=\"", label2);
    add_label_value(out, value2);
    buf_addf(out, "\"} %.15g\n", value);
}

static const int64_t bounds_us[METRICS_BOUNDS] = {1000,   2500,   5000,    10000,   25000,
                                                  50000,  100000, 250000,  500000,  1000000,
                                                  2500000, 5000000, 10000000};

void metrics_observe(struct metrics_histogram *histogram, int64_t us)
{
    int i = 0;

    while (i < METRICS_BOUNDS && us > bounds_us[i])
        i++;
    histogram->counts[i]++;
    histogram->sum_us += us > 0 ? (uint64_t)us : 0;
}

void metrics_histogram(struct buf *out, const char *name, const char *label,
                       const char *label_value, const struct metrics_histogram *histogram)
{
    uint64_t n = 0;
    char series[128], bound[32];

    snprintf(series, sizeof(series), "%s_bucket", name);
    for (int i = 0; i <= METRICS_BOUNDS; i++) {
        n += histogram->counts[i];
        if (i < METRICS_BOUNDS)
            snprintf(bound, sizeof(bound), "%.15g", (double)bounds_us[i] / 1e6);
        metrics_value2(out, series, label, label_value, "le", i < METRICS_BOUNDS ? bound : "+Inf",
                       (double)n);
    }
    snprintf(series, sizeof(series), "%s_sum", name);
    metrics_value(out, series, label, label_value, (double)histogram->sum_us / 1e6);
    snprintf(series, sizeof(series), "%s_count", name);
    metrics_value(out, series, label, label_value, (double)n);
}

void metrics_one(struct buf *out, const char *name, const char *type, const char *prose,
                 double value)
{
    metrics_head(out, name, type, prose);
    metrics_value(out, name, NULL, NULL, value);
}
