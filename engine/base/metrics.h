/* SPDX-License-Identifier: MIT */
/* metrics.h - writes figures in the Prometheus text format (exposition format 0.0.4).
 *
 *     metrics_head(out, "pool_slots", "gauge", "Tabs that can be lent, by state.");
 *     metrics_value(out, "pool_slots", "state", "idle", stats.idle);
 *
 * Names get the prefix "catchdeal_". Label names and metric names are ours and not escaped; label values are.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buf.h"

#include <stdint.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* type: "gauge", "counter" or "histogram". Once per name, before its values. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *prose);

/* label NULL: none. */
void metrics_value(struct buf *out, const char *name, const char *label, const char *label_value,
                   double value);

/* With two labels. */
void metrics_value2(struct buf *out, const char *name, const char *label1, const char *value1,
                    const char *label2, const char *value2, double value);

/* How long things took: counted in buckets from 1 ms to 10 s. Zeroed is empty. */
enum { METRICS_BOUNDS = 13 };
struct metrics_histogram {
    uint64_t counts[METRICS_BOUNDS + 1]; /* of each bucket alone; the last: longer than all bounds */
    uint64_t sum_us;
};
void metrics_observe(struct metrics_histogram *histogram, int64_t us);
/* Its lines, behind a metrics_head() of type "histogram"; seconds. */
void metrics_histogram(struct buf *out, const char *name, const char *label,
                       const char *label_value, const struct metrics_histogram *histogram);

/* Both, for a figure without labels. */
void metrics_one(struct buf *out, const char *name, const char *type, const char *prose,
                 double value);

#endif
