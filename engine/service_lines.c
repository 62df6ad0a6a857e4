/* SPDX-License-Identifier: MIT */
/* service_lines.c - the lines of the schedule: which there are, and when each is due. */
#include "alerting.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store_cost.h"
#include "notify/alarm.h"
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

void service_print_jobs(const struct config *config, struct buf *out)
{
    struct clock_zone *zone;
    struct err ignored;

    if (clock_zone_new(config->timezone, &zone, &ignored) < 0)
        return;
    for (size_t i = 0; i < service_n_jobs; i++) {
        const char *text = job_cron_text(config, &service_jobs[i]);
        char when[CLOCK_RFC3339_BYTES] = "never";
        struct cron cron;
        int64_t next = CLOCK_NONE;

        if (job_cron(config, &service_jobs[i], &cron))
            next = cron_next(&cron, zone, clock_wall_ms());
        if (next != CLOCK_NONE)
            clock_format_local(zone, next, when);
        buf_addf(out, "%-16s %-9s %-26s %s (%s)\n", "-", service_jobs[i].kind, when,
                 str_empty(text) ? "no schedule" : text, config->timezone);
    }
    clock_zone_free(&zone);
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
    enum site_render mode;
    struct clock_zone *zone;

    if (!str_empty(config->render) && !site_render_from(config->render, &mode))
        return err_set(err, ERR_CONFIG, "render: \"%s\": expected auto, chrome or fetch",
                       config->render);
    if (check_cron("schedule_override", config->schedule_override, err) < 0)
        return -1;
    for (size_t i = 0; i < service_n_jobs; i++)
        if (check_cron(service_jobs[i].key, job_cron_text(config, &service_jobs[i]), err) < 0)
            return -1;
    if (clock_zone_new(config->timezone, &zone, err) < 0)
        return err_prefix(err, "timezone");
    clock_zone_free(&zone);
    return alerting_check_config(config, err) < 0 ? -1 : alarm_check_config(config, err);
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

const char *line_what(const struct line *line)
{
    return line->site ? line->site->id : line->kind;
}

static struct line *find_line(const struct service *service, const char *site, const char *kind)
{
    struct line *line, *next;

    LINES_FOREACH (line, next, service)
        if (str_eq(line_site(line), site) && str_eq(line->kind, kind))
            return line;
    return NULL;
}

static void add_line(struct service *service, const struct site *site,
                     const struct service_job *job, const char *kind)
{
    struct line *line = mem_new(struct line);

    line->service = service;
    line->site = site;
    line->job = job;
    line->kind = kind;
    line->is_paused = service->is_paused;
    list_init(&line->link);
    list_init(&line->busy);
    list_append(&service->lines, &line->link);
}

void line_free(struct line *line)
{
    struct service *service = line->service;

    check(line->state == LINE_IDLE && service->asking != line);
    schedule_remove(&line->entry);
    list_remove(&line->link);
    mem_free(line);
}

/* ---- a new generation of lines --------------------------------------------------------------- */

/* Could such a run do anything, by schedule or by hand? */
static bool has_kind(const struct site *site, const char *kind)
{
    struct site_pages pages = run_pages(site, kind);

    return str_eq(kind, RUN_ALIVE) ? site->post || site->alive_text : pages.from <= pages.to;
}

static void follow(struct line *line)
{
    struct cron cron;

    if (line->entry)
        schedule_change(line->entry, line_cron(line, &cron) ? &cron : NULL, line_zone(line));
}

/* True: it is new. */
static bool set_line(struct service *service, const struct site *site,
                     const struct service_job *job, const char *kind)
{
    struct line *line = find_line(service, site ? site->id : STORE_NO_SITE, kind);

    if (!line) {
        add_line(service, site, job, kind);
        return true;
    }
    line->site = site;
    line->is_gone = false;
    follow(line);
    return false;
}

static int set_site_lines(struct service *service, const struct site *site)
{
    struct cron cron;
    int added = 0;

    if (!site_cron(service->env->config, site, RUN_CRAWL, &cron))
        log_warn("service", "site has no schedule", "site=%s", site->id);
    for (size_t i = 0; i < ARRAY_LEN(site_kinds); i++)
        if (has_kind(site, site_kinds[i]))
            added += set_line(service, site, NULL, site_kinds[i]);
    return added;
}

/* Those that were not set again. */
static int remove_gone(struct service *service)
{
    struct line *line, *next;
    int removed = 0;

    LINES_FOREACH (line, next, service) {
        if (!line->is_gone)
            continue;
        removed++;
        if (line->entry) /* never due again; one that is going ends first */
            schedule_change(line->entry, NULL, NULL);
        if (line->state == LINE_IDLE && service->asking != line)
            line_free(line);
    }
    return removed;
}

struct lines_change service_set_lines(struct service *service, const struct sites *sites)
{
    struct lines_change change = {0};
    struct line *line, *next;

    LINES_FOREACH (line, next, service)
        line->is_gone = true;
    for (size_t i = 0; i < sites->n; i++)
        change.added += set_site_lines(service, sites->items[i]);
    for (size_t i = 0; i < service_n_jobs; i++)
        change.added += set_line(service, NULL, &service_jobs[i], service_jobs[i].kind);
    change.removed = remove_gone(service);
    return change;
}

/* ---- by name --------------------------------------------------------------------------------- */

struct line *service_next_line(const struct service *service, struct line *after, const char *what,
                               const char *kind)
{
    const struct list *at = after ? after->link.next : service->lines.next;

    for (; at != &service->lines; at = at->next) {
        struct line *line = container_of(at, struct line, link);

        if (!line->is_gone && (!what || str_eq(line_what(line), what)) &&
            (!kind || str_eq(line->kind, kind)))
            return line;
    }
    return NULL;
}

static int unknown_name(const struct service *service, const char *what, struct err *err)
{
    const char **names = mem_array(list_count(&service->lines) + 1, sizeof(*names));
    const char *nearest;
    struct buf jobs;
    size_t n = 0;

    for (struct line *line = service_next_line(service, NULL, NULL, NULL); line;
         line = service_next_line(service, line, NULL, NULL))
        names[n++] = line_what(line);
    nearest = str_nearest(what, names, n);
    mem_free(names);
    buf_init(&jobs, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < service_n_jobs; i++)
        buf_addf(&jobs, "%s%s", i ? ", " : "", service_jobs[i].kind);
    err_set(err, ERR_USAGE, "\"%s\": expected a site that is served, or a job (%s)%s%s%s", what,
            buf_str(&jobs), nearest ? "; did you mean " : "", nearest ? nearest : "",
            nearest ? "?" : "");
    buf_fini(&jobs);
    return -1;
}

int service_check_names(const struct service *service, const char *what, const char *kind,
                        struct err *err)
{
    if (service_next_line(service, NULL, what, kind))
        return 0;
    if (what && !service_next_line(service, NULL, what, NULL))
        return unknown_name(service, what, err);
    return err_set(
        err, ERR_USAGE,
        "\"%s\": expected a kind that %s has: crawl, refresh (with refresh_pages), alive "
        "(with [post])",
        kind, what ? what : "some site");
}
