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
    struct world_change change; /* its texts are the three below, or NULL */
    char *title, *price, *link;
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

static void edit_free(struct world_edit *e)
{
    free(e->title);
    free(e->price);
    free(e->link);
    free(e);
}

void world_fini(struct world *w)
{
    while (w->edits) {
        struct world_edit *e = w->edits;

        w->edits = e->next;
        edit_free(e);
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

static char *copy_of(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        abort();
    return copy;
}

struct world_change world_no_change(void)
{
    return (struct world_change){.sold = -1,
                                 .deleted = -1,
                                 .hidden = -1,
                                 .pinned = -1,
                                 .image = -1,
                                 .view = -1,
                                 .comment = -1,
                                 .like = -1};
}

void world_change_deal(struct world *w, const char *board, long id,
                       const struct world_change *change)
{
    struct world_edit *e = calloc(1, sizeof(*e)), **at = &w->edits;

    if (!e)
        abort();
    snprintf(e->board, sizeof(e->board), "%s", board);
    e->id = id;
    e->change = *change;
    e->change.title = e->title = copy_of(change->title);
    e->change.price = e->price = copy_of(change->price);
    e->change.link = e->link = copy_of(change->link);
    while (*at && (*at)->change.at <= change->at)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
}

void world_edit_deal(struct world *w, const char *board, long id, const char *title, int sold,
                     bool deleted)
{
    struct world_change change = world_no_change();

    change.title = title;
    change.sold = sold;
    change.deleted = deleted ? 1 : -1;
    world_change_deal(w, board, id, &change);
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
        edit_free(e);
    }
}

/* The price where people write it: within the brackets behind the name. */
static void set_price(struct deal *d, const char *price)
{
    char name[sizeof(d->name)];
    const char *old = d->price[0] ? strstr(d->name, d->price) : NULL;

    if (old)
        snprintf(name, sizeof(name), "%.*s%s%s", (int)(old - d->name), d->name, price,
                 old + strlen(d->price));
    else
        snprintf(name, sizeof(name), "%.500s (%s/무료)", d->name, price);
    snprintf(d->name, sizeof(d->name), "%s", name);
    snprintf(d->price, sizeof(d->price), "%s", price);
}

static void set_long(long *number, long to)
{
    if (to >= 0)
        *number = to;
}

static void set_bool(bool *flag, int to)
{
    if (to >= 0)
        *flag = to;
}

static void apply_change(const struct world_change *c, struct deal *d, bool *deleted)
{
    if (c->title)
        deal_set_title(d, c->title);
    if (c->price)
        set_price(d, c->price);
    if (c->link)
        snprintf(d->link, sizeof(d->link), "%s", c->link);
    set_bool(&d->sold_out, c->sold);
    set_bool(&d->hidden, c->hidden);
    set_bool(&d->pinned, c->pinned);
    set_bool(&d->has_image, c->image);
    set_bool(deleted, c->deleted);
    set_long(&d->view, c->view);
    set_long(&d->comment, c->comment);
    set_long(&d->like, c->like);
}

bool world_deal(const struct world *w, const struct deal_rule *rule, int64_t now, long slot,
                struct deal *out)
{
    const struct world_edit *e;
    bool deleted = false;

    if (!deal_make(rule, w->seed, slot, now, out))
        return false;
    for (e = w->edits; e && e->change.at <= now; e = e->next)
        if (e->id == out->id && strcmp(e->board, rule->board) == 0)
            apply_change(&e->change, out, &deleted);
    if (world_look(w, rule->board)->thumb == THUMB_NONE)
        out->has_image = false;
    return !deleted;
}

bool world_pinned(const struct world *w, const struct deal_rule *rule, int64_t now, int k,
                  struct deal *out)
{
    const struct world_edit *e, *before;

    for (e = w->edits; e && e->change.at <= now; e = e->next) {
        if (e->change.pinned != 1 || strcmp(e->board, rule->board) != 0)
            continue;
        for (before = w->edits; before != e; before = before->next)
            if (before->id == e->id && before->change.pinned == 1 &&
                strcmp(before->board, e->board) == 0)
                break;
        if (before == e && world_deal(w, rule, now, deal_slot_of_id(rule, e->id), out) &&
            out->pinned && k-- == 0)
            return true;
    }
    return false;
}

static size_t look_index(const struct world *w, const char *board)
{
    size_t i;

    for (i = 0; i < WORLD_LOOKS_MAX - 1; i++)
        if (!w->looks[i].board[0] || strcmp(w->looks[i].board, board) == 0)
            break;
    return i;
}

const struct world_look *world_look(const struct world *w, const char *board)
{
    return &w->looks[look_index(w, board)];
}

struct world_look *world_look_of(struct world *w, const char *board)
{
    struct world_look *look = &w->looks[look_index(w, board)];

    snprintf(look->board, sizeof(look->board), "%s", board);
    return look;
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
