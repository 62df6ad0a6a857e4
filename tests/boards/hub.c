/* SPDX-License-Identifier: MIT */
/* hub.c - the state behind the server: the world, and per board its troubles and its counters. */
#include "boards/hub.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void hub_init(struct hub *h, uint64_t seed)
{
    pthread_condattr_t attr;

    memset(h, 0, sizeof(*h));
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->changed, &attr);
    pthread_condattr_destroy(&attr);
    world_init(&h->world, seed);
    hub_reset_counters(h);
}

void hub_fini(struct hub *h)
{
    world_fini(&h->world);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}

void hub_stop(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

size_t hub_index(const struct board *b)
{
    size_t i;

    for (i = 0; i < boards_count() && boards_at(i) != b; i++)
        ;
    return i;
}

void hub_reset_counters(struct hub *h)
{
    size_t i;

    for (i = 0; i < HUB_BOARDS_MAX; i++) {
        struct counters *c = &h->counters[i];

        /* What is under way stays counted, or its end would take the count below zero. */
        *c = (struct counters){.active = c->active,
                               .active_lists = c->active_lists,
                               .max_active = c->active,
                               .max_active_lists = c->active_lists,
                               .min_list_gap_ms = -1};
    }
}

static void count_list(struct counters *c)
{
    int64_t now = monotonic_ms(), gap = now - c->last_list_ms;

    c->list_requests++;
    if (++c->active_lists > c->max_active_lists)
        c->max_active_lists = c->active_lists;
    if (c->last_list_ms && (c->min_list_gap_ms < 0 || gap < c->min_list_gap_ms))
        c->min_list_gap_ms = gap;
    c->last_list_ms = now;
}

void hub_begin(struct hub *h, size_t index, bool list, const char *user_agent)
{
    struct counters *c = &h->counters[index];

    c->requests++;
    if (++c->active > c->max_active)
        c->max_active = c->active;
    if (list)
        count_list(c);
    snprintf(c->user_agent, sizeof(c->user_agent), "%s", user_agent);
}

void hub_end(struct hub *h, size_t index, bool list)
{
    h->counters[index].active--;
    h->counters[index].active_lists -= list;
}

static void wait_until_ms(struct hub *h, int64_t deadline)
{
    struct timespec at = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};

    while (!h->stopping && monotonic_ms() < deadline)
        pthread_cond_timedwait(&h->changed, &h->lock, &at);
}

bool hub_wait(struct hub *h, size_t index, int own_delay_ms)
{
    const struct trouble *t = &h->trouble[index];

    wait_until_ms(h, monotonic_ms() + own_delay_ms + t->delay_ms);
    while (!h->stopping && t->hang)
        pthread_cond_wait(&h->changed, &h->lock);
    return !h->stopping;
}

static void write_board_stats(struct out *o, const struct board *b, const struct counters *c)
{
    out_printf(o, "\"%s\": {\"requests\": %ld, \"list_requests\": %ld, \"robots_requests\": %ld",
               b->name, c->requests, c->list_requests, c->robots_requests);
    out_printf(o, ", \"active\": %d, \"max_concurrent\": %d, \"max_concurrent_lists\": %d",
               c->active, c->max_active, c->max_active_lists);
    if (c->min_list_gap_ms >= 0)
        out_printf(o, ", \"min_list_gap_ms\": %lld", (long long)c->min_list_gap_ms);
    out_printf(o, ", \"not_modified\": %ld, \"wrapper_requests\": %ld", c->not_modified,
               c->wrapper_requests);
    out_str(o, ", \"user_agent\": ");
    out_json(o, c->user_agent);
    out_str(o, "}");
}

void hub_write_stats(struct hub *h, struct out *json)
{
    size_t i;

    out_str(json, "{");
    for (i = 0; i < boards_count(); i++) {
        out_str(json, i ? ",\n " : "");
        write_board_stats(json, boards_at(i), &h->counters[i]);
    }
    out_str(json, "}\n");
}

static void write_list(struct out *o, const struct board_list *list)
{
    struct out target = {0};

    board_list_target(list, list->first, &target);
    out_printf(o,
               "{\"name\": \"%s\", \"path\": \"%s\", \"page_key\": \"%s\", \"first\": %d, "
               "\"pages\": %d, \"rows\": %d}",
               list->name, out_text(&target), list->page_key, list->first, list->pages, list->rows);
    out_fini(&target);
}

void hub_write_boards(struct hub *h, struct out *json)
{
    size_t i, k;

    out_str(json, "[");
    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);

        out_printf(json,
                   "%s{\"name\": \"%s\", \"origin\": \"http://%s.localhost:%d\", \"encoding\": "
                   "\"%s\", \"title\": ",
                   i ? ",\n " : "", b->name, b->name, h->port, b->cp949 ? "cp949" : "utf-8");
        out_json(json, b->title);
        out_str(json, b->outside_demo ? ", \"outside_demo\": true" : "");
        out_str(json, b->hostile ? ", \"hostile\": true" : "");
        out_str(json, ", \"lists\": [");
        for (k = 0; k < b->list_count; k++) {
            out_str(json, k ? ", " : "");
            write_list(json, &b->lists[k]);
        }
        out_str(json, "], \"posts\": [");
        for (k = 0; k < b->post_count; k++)
            out_printf(json, "%s{\"name\": \"%s\", \"target\": \"%s\"}", k ? ", " : "",
                       b->posts[k].name, b->posts[k].target);
        if (!b->post_count)
            out_str(json, "{\"name\": \"post\", \"target\": \"/deal/\"}");
        out_str(json, "]}");
    }
    out_str(json, "]\n");
}
