/* SPDX-License-Identifier: MIT */
/* service_lines.c - the lines of the schedule: which there are, and when each is due. */
#include "base/log.h"
#include "base/str.h"
#include "db/store_cost.h"
#include "service_priv.h"

static const char *const site_kinds[] = {RUN_CRAWL, RUN_REFRESH, RUN_ALIVE};

/* ---- cron lines ------------------------------------------------------------------------------ */

/* Of a site and kind: its own, unless the configuration replaces all crawls'. */
static bool site_cron(const struct config *config, const struct site *site, const char *kind,
                      struct cron *out)
{
    struct err err;

    if (str_eq(kind, RUN_REFRESH)) {
        *out = site->refresh;
        return site->refresh_text != NULL;
    }
    if (str_eq(kind, RUN_ALIVE)) {
        *out = site->alive;
        return site->alive_text != NULL;
    }
    if (!str_empty(config->schedule_override))
        return cron_parse(out, config->schedule_override, &err) == 0;
    *out = site->crawl;
    return site->crawl_text != NULL;
}

static const char *job_cron_text(const struct config *config, const struct service_job *job)
{
    return *(char *const *)((const char *)config + job->cron);
}

static bool job_cron(const struct config *config, const struct service_job *job, struct cron *out)
{
    const char *text = job_cron_text(config, job);
    struct err err;

    return !str_empty(text) && cron_parse(out, text, &err) == 0;
}

bool line_cron(const struct line *line, struct cron *out)
{
    const struct config *config = line->service->env->config;

    return line->site ? site_cron(config, line->site, line->kind, out)
                      : job_cron(config, line->job, out);
}

static int check_cron(const char *key, const char *text, struct err *err)
{
    struct cron cron;

    if (str_empty(text) || cron_parse(&cron, text, err) == 0)
        return 0;
    return err_prefix(err, "%s", key);
}

int service_check_config(const struct config *config, struct err *err)
{
    struct clock_zone *zone;

    if (check_cron("schedule_override", config->schedule_override, err) < 0)
        return -1;
    for (size_t i = 0; i < service_n_jobs; i++)
        if (check_cron(service_jobs[i].key, job_cron_text(config, &service_jobs[i]), err) < 0)
            return -1;
    if (clock_zone_new(config->timezone, &zone, err) < 0)
        return err_prefix(err, "timezone");
    clock_zone_free(&zone);
    return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

const char *line_site(const struct line *line)
{
    return line->site ? line->site->id : STORE_NO_SITE;
}

const struct clock_zone *line_zone(const struct line *line)
{
    return line->site ? line->site->zone : line->service->zone;
}

static void add_line(struct service *service, const struct site *site,
                     const struct service_job *job, const char *kind)
{
    struct line *line = mem_new(struct line);

    line->service = service;
    line->site = site;
    line->job = job;
    line->kind = kind;
    list_init(&line->link);
    list_init(&line->busy);
    list_append(&service->lines, &line->link);
}

static void add_site_lines(struct service *service, const struct site *site)
{
    struct cron cron;

    for (size_t i = 0; i < ARRAY_LEN(site_kinds); i++)
        if (site_cron(service->env->config, site, site_kinds[i], &cron))
            add_line(service, site, NULL, site_kinds[i]);
        else if (str_eq(site_kinds[i], RUN_CRAWL))
            log_warn("service", "site has no schedule", "site=%s", site->id);
}

void service_add_lines(struct service *service)
{
    struct cron cron;

    for (size_t i = 0; i < service->sites->n; i++)
        add_site_lines(service, service->sites->items[i]);
    for (size_t i = 0; i < service_n_jobs; i++)
        if (job_cron(service->env->config, &service_jobs[i], &cron))
            add_line(service, NULL, &service_jobs[i], service_jobs[i].kind);
}

void line_free(struct line *line)
{
    check(line->state == LINE_IDLE);
    list_remove(&line->link);
    mem_free(line);
}
