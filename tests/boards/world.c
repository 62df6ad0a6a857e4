/* SPDX-License-Identifier: MIT */
/* world.c - what all boards share: the seed, the clock, the knobs, and deals edited by hand. */
#include "boards/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct world_edit {
    struct world_edit *next;
    char board[32];
    long id;
    char title[WORLD_TITLE_MAX_BYTES + 1]; /* empty: unchanged */
    int sold;                              /* -1: unchanged */
    bool deleted;
};

static int64_t monotonic_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    w->seed = seed;
    w->knobs = (struct world_knobs){-1, -1, -1, -1, -1, -1};
    world_set_now(w, time(NULL));
}

void world_fini(struct world *w)
{
    while (w->edits) {
        struct world_edit *e = w->edits;

        w->edits = e->next;
        free(e);
    }
}

int64_t world_now(const struct world *w)
{
    return w->frozen ? w->clock_at : w->clock_at + monotonic_s() - w->clock_mono;
}

void world_set_now(struct world *w, int64_t now)
{
    w->clock_at = now;
    w->clock_mono = monotonic_s();
}

bool world_parse_time(const char *text, int64_t *seconds_out)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int hours, minutes, used = 0;
    char sign;

    if (!rest)
        return false;
    if (strcmp(rest, "Z") == 0) {
        *seconds_out = timegm(&tm);
        return true;
    }
    if (sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || rest[used] ||
        !strchr("+- ", sign))
        return false;
    *seconds_out = timegm(&tm) - (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static struct world_edit *edit_find(const struct world *w, const char *board, long id)
{
    struct world_edit *e;

    for (e = w->edits; e; e = e->next)
        if (e->id == id && strcmp(e->board, board) == 0)
            return e;
    return NULL;
}

void world_edit_deal(struct world *w, const char *board, long id, const char *title, int sold,
                     bool deleted)
{
    struct world_edit *e = edit_find(w, board, id);

    if (!e) {
        e = calloc(1, sizeof(*e));
        if (!e)
            abort();
        snprintf(e->board, sizeof(e->board), "%s", board);
        e->id = id;
        e->sold = -1;
        e->next = w->edits;
        w->edits = e;
    }
    if (title)
        snprintf(e->title, sizeof(e->title), "%s", title);
    if (sold >= 0)
        e->sold = sold;
    e->deleted = e->deleted || deleted;
}

void world_forget_edits(struct world *w, const char *board)
{
    struct world_edit **at = &w->edits;

    while (*at) {
        struct world_edit *e = *at;

        if (strcmp(e->board, board) != 0) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        free(e);
    }
}

bool world_deal(const struct world *w, const struct deal_rule *rule, int64_t now, long slot,
                struct deal *out)
{
    const struct world_edit *e;

    if (!deal_make(rule, w->seed, slot, now, out))
        return false;
    e = edit_find(w, rule->board, out->id);
    if (!e)
        return true;
    if (e->title[0])
        deal_set_title(out, e->title);
    if (e->sold >= 0)
        out->sold_out = e->sold;
    return !e->deleted;
}

size_t world_deals_from(const struct world *w, const struct deal_rule *rule, int64_t now, long slot,
                        size_t skip, size_t count, struct deal *out)
{
    size_t found = 0;

    for (; slot >= 0 && found < count; slot--) {
        if (!world_deal(w, rule, now, slot, &out[found]))
            continue;
        if (skip > 0)
            skip--;
        else
            found++;
    }
    return found;
}
