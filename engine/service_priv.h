/* SPDX-License-Identifier: MIT */
/* service_priv.h - what the files service*.c share. */
#ifndef SERVICE_PRIV_H
#define SERVICE_PRIV_H

#include "base/list.h"
#include "crawl/run.h"
#include "crawl/schedule.h"
#include "service.h"

enum line_state { LINE_IDLE, LINE_CLAIMING, LINE_RUNNING };

/* A job that belongs to no site; the table service_jobs has one row of each. */
typedef void service_job_fn(void *ctx);
struct service_job {
    const char *kind; /* in ledger and log; static */
    const char *key;  /* of the configuration: its cron line; empty: never by itself */
    size_t cron;      /* where that key stands in struct config; a char * */
    /* done comes once, later, also after cancel; what was returned is gone then. Notes its own row
     * in the ledger. */
    void *(*start)(struct service *service, int64_t due_at_ms, service_job_fn *done, void *ctx);
    void (*cancel)(void *job);
};
extern const struct service_job service_jobs[];
extern const size_t service_n_jobs;

struct line {
    struct list link; /* of service->lines */
    struct list busy; /* of service->busy, unless idle */
    struct service *service;
    const struct site *site;       /* NULL: of no site */
    const struct service_job *job; /* set exactly when site is not */
    const char *kind;
    struct schedule_entry *entry; /* NULL: not yet under the schedule */
    enum line_state state;
    int64_t due_at_ms; /* of the run, unless idle */
    struct run *run;   /* RUNNING: this, */
    void *running_job; /* or this */
};

struct service {
    const struct crawl_env *env;
    const struct sites *sites;
    struct clock_zone *zone; /* of jobs that belong to no site */
    struct schedule *schedule;
    struct list lines;
    struct list busy;
    bool stopping;
    service_fn *start_done, *stop_done;
    void *start_ctx, *stop_ctx;
};

/* ---- service_lines.c: which lines there are --------------------------------------------------- */

/* All that the sites and the configuration plan, in the order of the sites. */
void service_add_lines(struct service *service);
void line_free(struct line *line);

const char *line_site(const struct line *line); /* as the ledger has it */
const struct clock_zone *line_zone(const struct line *line);
/* False: never by itself. */
bool line_cron(const struct line *line, struct cron *out);

/* ---- service.c -------------------------------------------------------------------------------- */

/* Due: claim it, and start it when it is ours. The line is idle. */
void line_due(struct line *line, int64_t due_at_ms);

#endif
