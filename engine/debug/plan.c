/* SPDX-License-Identifier: MIT */
/* plan.c - see plan.h: all due times in order, each given the tab that is free first. */
#include "debug/plan.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static const int64_t MINUTE_MS = 60000;

/* ---- what runs took -------------------------------------------------------------------------- */

struct sums {
    int64_t runs, busy_ms, gb_ms, peak_bytes;
};

static void add_if(struct sums *sums, const struct store_cost *row, bool counts)
{
    if (!counts)
        return;
    sums->runs += row->runs;
    sums->busy_ms += row->busy_ms;
    sums->gb_ms += row->gb_ms;
    if (row->peak_pss_bytes > sums->peak_bytes)
        sums->peak_bytes = row->peak_pss_bytes;
}

static bool measure(struct plan_line *line, const struct store_cost *rows, int n_rows)
{
    struct sums own = {0}, kind = {0}, all = {0};
    const struct sums *best;

    for (int i = 0; i < n_rows; i++) {
        bool is_kind = str_eq(rows[i].kind, line->kind);

        add_if(&own, &rows[i], is_kind && str_eq(rows[i].site, line->site));
        add_if(&kind, &rows[i], is_kind);
        add_if(&all, &rows[i],
               !str_eq(rows[i].site, STORE_NO_SITE)); /* purge says nothing of pages */
    }
    best = own.runs ? &own : kind.runs ? &kind : &all;
    if (!best->runs)
        return false;
    line->is_measured = own.runs > 0;
    line->duration_ms = best->busy_ms / best->runs;
    line->gb_ms = line->needs_chrome ? best->gb_ms / best->runs : 0;
    line->peak_bytes = line->needs_chrome ? best->peak_bytes : 0;
    if (line->is_measured && best->gb_ms == 0)
        line->needs_chrome = false; /* it is fetched */
    return true;
}

bool plan_measure(struct plan_line *lines, int n, const struct store_cost *rows, int n_rows)
{
    for (int i = 0; i < n; i++)
        if (!measure(&lines[i], rows, n_rows))
            return false;
    return true;
}

/* ---- playing --------------------------------------------------------------------------------- */

struct due {
    int64_t at_ms;
    int line;
};

struct play {
    struct plan *plan;
    struct plan_line *lines;
    const struct plan_box *box;
    struct due *dues;
    size_t n_dues, room;
    int64_t *free_ms; /* of each tab: when it is free again */
    int n_tabs;
    int64_t *minutes; /* tab time in each */
    int64_t from_ms, n_minutes;
};

static int in_time(const void *a, const void *b)
{
    const struct due *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->line - y->line;
}

static void add_due(struct play *play, int64_t at_ms, int line)
{
    if (play->n_dues == play->room) {
        struct due *larger = mem_array(play->room * 2 + 64, sizeof *larger);

        if (play->n_dues)
            memcpy(larger, play->dues, play->n_dues * sizeof *larger);
        mem_free(play->dues);
        play->dues = larger;
        play->room = play->room * 2 + 64;
    }
    play->dues[play->n_dues++] = (struct due){at_ms, line};
}

static int list_dues(struct play *play, int n, int64_t until_ms, struct err *err)
{
    for (int i = 0; i < n; i++) {
        const struct plan_line *line = &play->lines[i];

        for (int64_t at = cron_next(line->cron, line->zone, play->from_ms);
             at != CLOCK_NONE && at < until_ms; at = cron_next(line->cron, line->zone, at)) {
            if (play->n_dues == PLAN_DUES_MAX)
                return err_set(err, ERR_USAGE,
                               "--simulate: more than %d runs: expected a shorter time",
                               PLAN_DUES_MAX);
            add_due(play, at, i);
        }
    }
    if (play->n_dues)
        qsort(play->dues, play->n_dues, sizeof *play->dues, in_time);
    return 0;
}

/* The tab that is free first; -1 for a run that needs none. */
static int tab_for(const struct play *play, const struct plan_line *line)
{
    int first = 0;

    if (!line->needs_chrome)
        return -1;
    for (int i = 1; i < play->n_tabs; i++)
        if (play->free_ms[i] < play->free_ms[first])
            first = i;
    return first;
}

static void note_tabs(struct play *play, int64_t start_ms, int64_t end_ms, int64_t peak_bytes)
{
    struct plan *plan = play->plan;
    int in_use = 0, browsers;

    for (int64_t at = start_ms; at < end_ms;) {
        int64_t minute = (at - play->from_ms) / MINUTE_MS;
        int64_t next = play->from_ms + (minute + 1) * MINUTE_MS;
        int64_t part = (next < end_ms ? next : end_ms) - at;

        if (minute >= play->n_minutes)
            break;
        play->minutes[minute] += part;
        at += part;
    }
    for (int i = 0; i < play->n_tabs; i++)
        in_use += play->free_ms[i] > start_ms;
    plan->tabs_max = in_use > plan->tabs_max ? in_use : plan->tabs_max;
    browsers = (plan->tabs_max + play->box->tabs_per_browser - 1) / play->box->tabs_per_browser;
    if (browsers * peak_bytes > plan->memory_max_bytes)
        plan->memory_max_bytes = browsers * peak_bytes;
}

static void play_due(struct play *play, const struct due *due, int64_t peak_bytes)
{
    struct plan_line *line = &play->lines[due->line];
    int64_t start_ms = due->at_ms, wait_ms;
    int tab;

    if (line->runs && line->busy_until_ms > due->at_ms) {
        line->overlaps++;
        return;
    }
    tab = tab_for(play, line);
    if (tab >= 0 && play->free_ms[tab] > start_ms)
        start_ms = play->free_ms[tab];
    wait_ms = start_ms - due->at_ms;
    line->runs++;
    line->waited_ms += wait_ms;
    line->wait_max_ms = wait_ms > line->wait_max_ms ? wait_ms : line->wait_max_ms;
    line->busy_until_ms = start_ms + line->duration_ms;
    if (tab < 0)
        return;
    play->free_ms[tab] = line->busy_until_ms;
    note_tabs(play, start_ms, line->busy_until_ms, peak_bytes);
}

static void sum_up(struct play *play, int n)
{
    struct plan *plan = play->plan;

    for (int i = 0; i < n; i++) {
        const struct plan_line *line = &play->lines[i];

        plan->runs += line->runs;
        plan->overlaps += line->overlaps;
        plan->gb_ms += line->runs * line->gb_ms;
        plan->busy_ms += line->needs_chrome ? line->runs * line->duration_ms : 0;
        plan->waited_ms += line->waited_ms;
        plan->wait_max_ms =
            line->wait_max_ms > plan->wait_max_ms ? line->wait_max_ms : plan->wait_max_ms;
    }
    for (int64_t i = 0; i < play->n_minutes; i++)
        if (play->minutes[i] > plan->busiest_ms) {
            plan->busiest_ms = play->minutes[i];
            plan->busiest_minute_ms = play->from_ms + i * MINUTE_MS;
        }
}

int plan_play(struct plan *plan, struct plan_line *lines, int n, const struct plan_box *box,
              int64_t from_ms, int64_t length_ms, struct err *err)
{
    struct play play = {.plan = plan,
                        .lines = lines,
                        .box = box,
                        .n_tabs = box->browsers * box->tabs_per_browser,
                        .from_ms = from_ms / MINUTE_MS * MINUTE_MS,
                        .n_minutes = length_ms / MINUTE_MS + 1};
    int64_t peak_bytes = 0;
    int rc;

    *plan = (struct plan){.busiest_minute_ms = CLOCK_NONE};
    play.free_ms = mem_zalloc((size_t)play.n_tabs * sizeof *play.free_ms + 1);
    play.minutes = mem_zalloc((size_t)play.n_minutes * sizeof *play.minutes);
    for (int i = 0; i < n; i++)
        peak_bytes = lines[i].peak_bytes > peak_bytes ? lines[i].peak_bytes : peak_bytes;
    rc = list_dues(&play, n, from_ms + length_ms, err);
    for (size_t i = 0; rc == 0 && i < play.n_dues; i++)
        play_due(&play, &play.dues[i], peak_bytes);
    sum_up(&play, n);
    mem_free(play.free_ms);
    mem_free(play.minutes);
    mem_free(play.dues);
    return rc;
}

bool plan_fits(const struct plan *plan, const struct plan_box *box)
{
    return plan->overlaps == 0 && plan->wait_max_ms <= PLAN_WAIT_MAX_MS &&
           (!box->memory_bytes || plan->memory_max_bytes <= box->memory_bytes);
}
