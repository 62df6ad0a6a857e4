/* SPDX-License-Identifier: MIT */
/* load_priv.h - what both ways of loading have in common; for load*.c only. */
#ifndef CRAWL_LOAD_PRIV_H
#define CRAWL_LOAD_PRIV_H

#include "crawl/load.h"

enum { LOAD_FIRST_ERROR_STATUS = 400 };

struct load_ops {
    void (*start)(struct load *load);
    /* Nothing of the way calls back any more; its tab or transfer is given back. */
    void (*stop)(struct load *load);
};

extern const struct load_ops load_chrome_ops, load_fetch_ops;

struct load {
    const struct load_ops *ops;
    struct crawl_env env;
    const struct site *site;
    char *url;
    char *own_origin;
    enum site_what what;
    enum load_by by;
    bool want_html;
    struct load_events events;
    void *ctx;
    struct load_answer answer;

    /* by Chrome */
    struct lease *lease;
    int64_t deadline_ms;        /* monotonic; set when the tab is ours */
    struct loop_timer *no_pool; /* tells that there is none, later */

    /* by fetch */
    bool conditional;
    struct fetch *fetch;
};

void load_stage(struct load *load, enum load_stage stage);

/* The page answered with `result`, JSON as extract.js writes it: answer.rows, or -1 as
 * extract_read(). */
MUST_CHECK int load_read(struct load *load, const struct jval *result, struct err *err);

/* Of an error page that cannot be read only the status counts: answer.rows without any. */
MUST_CHECK int load_read_status(struct load *load, int status, const char *url, struct err *err);

/* The end; must be the last thing that its caller does. err NULL: answer.rows are there. */
void load_end(struct load *load, const struct err *err);

#endif
