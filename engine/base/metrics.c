/* SPDX-License-Identifier: MIT */
/* metrics.c - Prometheus text; see metrics.h. */
#include "base/metrics.h"

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

void metrics_one(struct buf *out, const char *name, const char *type, const char *prose,
                 double value)
{
    metrics_head(out, name, type, prose);
    metrics_value(out, name, NULL, NULL, value);
}
