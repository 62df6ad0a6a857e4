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
    bool each_engine; /* of several engines each does its own; otherwise one of them does it */
};
extern const struct service_job service_jobs[];
extern const size_t service_n_jobs;

/* What one load of configuration and sites gave. It goes when neither it nor an older one is in use. */
struct generation {
    struct list link; /* of service->generations, oldest first */
    int number;
    const struct sites *sites; /* own, or borrowed (the first) */
    struct sites own;
    struct config replaced; /* values that this one took the place of */
    int runs;               /* that began with it and still go */
};

struct line {
    struct list link; /* of service->lines */
    struct list busy; /* of service->busy, unless idle */
    struct service *service;
    const struct site *site;       /* NULL: of no site */
    const struct service_job *job; /* set exactly when site is not */
    const char *kind;
    struct schedule_entry *entry; /* NULL: not yet under the schedule */
    enum line_state state;
    bool is_paused;
    bool by_hand;      /* this claim or run is the operator's: also while it is paused */
    bool is_gone;      /* by a reload: freed once it is idle */
    int64_t due_at_ms; /* of the run, unless idle */
    int64_t lease;     /* of the run, RUNNING; 0: none is needed */
    int64_t since_ms;  /* in this state */
    long long runs;    /* begun */
    struct generation *generation; /* of the run, unless idle */
    struct run *run;               /* RUNNING: this, */
    void *running_job;             /* or this */
};

struct service {
    const struct crawl_env *env;
    const struct service_source *source;
    struct alarms *alarms;
    struct alerting *alerting; /* NULL: nobody is told how runs end */
    struct leases *leases;     /* NULL: this engine is alone with its database */
    struct list generations;
    struct clock_zone *zone; /* of jobs that belong to no site */
    struct schedule *schedule;
    struct list lines;
    struct list busy;
    struct line *asking; /* its last due time */
    bool started, stopping;
    bool is_paused; /* all, and what a reload adds */
    int64_t started_at_ms;
    long long reloads, refused_reloads;
    service_fn *start_done, *stop_done, *pauses_done;
    void *start_ctx, *stop_ctx;
};

#define LINES_FOREACH(line, next, service)                                \
    for ((line) = container_of((service)->lines.next, struct line, link), \
        (next) = container_of((line)->link.next, struct line, link);      \
         &(line)->link != &(service)->lines;                              \
         (line) = (next), (next) = container_of((line)->link.next, struct line, link))

/* ---- service_lines.c: which lines there are --------------------------------------------------- */

/* The lines that these sites and the jobs have: known ones follow them from now on, new ones are added
 * without an entry, those that are no more go, once they are idle. */
struct lines_change {
    int added, removed;
};
struct lines_change service_set_lines(struct service *service, const struct sites *sites);
void line_free(struct line *line);

const char *line_site(const struct line *line); /* as the ledger has it */
const char *line_what(const struct line *line); /* as the operator says it: site, or kind */
const struct clock_zone *line_zone(const struct line *line);
/* False: never by itself. */
bool line_cron(const struct line *line, struct cron *out);

/* The next line that `what` and `kind` mean, from the first on when after is NULL; NULL: no more. */
struct line *service_next_line(const struct service *service, struct line *after, const char *what,
                               const char *kind);
/* -1: `what` and `kind` mean nothing here; err says what was expected. */
MUST_CHECK int service_check_names(const struct service *service, const char *what,
                                   const char *kind, struct err *err);

/* ---- service_reload.c: generations ------------------------------------------------------------ */

void generation_add(struct service *service, const struct sites *borrowed, struct sites *own,
                    struct config *replaced);
struct generation *generation_now(const struct service *service);
void generations_sweep(struct service *service); /* free what nobody uses */
void generations_free(struct service *service);

/* ---- service_pause.c -------------------------------------------------------------------------- */

/* Load what was paused before, into the lines; done(err, service) once, later. */
void service_load_pauses(struct service *service, service_fn *done);

/* ---- service.c -------------------------------------------------------------------------------- */

const char *line_state_name(const struct line *line);

/* Due: claim it, and start it when it is ours. The line is idle. */
void line_due(struct line *line, int64_t due_at_ms);
/* The claim's answer to a line that is CLAIMING: start it, or not. */
void line_claimed(struct line *line, bool is_ours);
/* Due by another's word, and ours: as line_due() up to CLAIMING. */
void line_begin_claim(struct line *line, int64_t due_at_ms);
/* Its run must end: by the operator, or because another engine has it. */
void line_cancel(struct line *line, bool is_lost);

/* ---- service_claim.c -------------------------------------------------------------------------- */

void service_claims_init(struct service *service);
void service_claims_free(struct service *service);
void line_claim(struct line *line);     /* line_claimed() comes later */
void line_give_back(struct line *line); /* its run has ended */

/* Put lines without an entry under the schedule, one after the other. */
void service_set_up_lines(struct service *service);

#endif
