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

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* type: "gauge" or "counter". Once per name, before its values. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *prose);

/* label NULL: none. */
void metrics_value(struct buf *out, const char *name, const char *label, const char *label_value,
                   double value);

/* Both, for a figure without labels. */
void metrics_one(struct buf *out, const char *name, const char *type, const char *prose,
                 double value);

#endif
