/* SPDX-License-Identifier: MIT */
/* drift_known.c - the same posts, read twice: what a post had it keeps.
 *
 * One edited title is a matter of the board; most titles at once is a matter of the rules. That also
 * finds what no count can: a field that few rows have, and a column read in another's place.
 */
#include "crawl/drift_priv.h"

#include "base/map.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { KNOWN_MIN = 4, KNOWN_ALL_MIN = 3 };

#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* Shares of the posts compared. Titles are edited and deals come back, a few at a time. */
static const double MOST = 0.6, NEARLY_ALL = 0.8;

static const char *number(int64_t value, int64_t none, char scratch[32])
{
    if (value == none || value == 0)
        return NULL;
    snprintf(scratch, 32, "%lld", (long long)value);
    return scratch;
}

const char *drift_value(const struct deal_row *row, const char *field, char scratch[32])
{
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"key", row->key},           {"title", row->title},
        {"url", row->url},           {"redirect_url", row->redirect_url},
        {"image", row->image_url},   {"mall", row->mall},
        {"category", row->category}, {"sold_out", row->sold_out ? "1" : NULL},
    };
    const struct {
        const char *name;
        int64_t value, none;
    } numbers[] = {
        {"posted_at", row->posted_at_ms, CLOCK_NONE}, {"view", row->view, DEAL_UNKNOWN},
        {"comment", row->comment, DEAL_UNKNOWN},      {"like", row->like, DEAL_UNKNOWN},
        {"price", row->price_e2, DEAL_UNKNOWN},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_eq(texts[i].name, field))
            return texts[i].text;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (str_eq(numbers[i].name, field))
            return number(numbers[i].value, numbers[i].none, scratch);
    return NULL;
}

/* ---- two readings ---- */

/* Counts grow, now fast and now slowly, and rarely fall by much. */
static bool is_other_count(int64_t before, int64_t now)
{
    return now < before / 2 - 3 || now > 20 * before + 200;
}

static bool is_other(const char *field, const struct deal_row *before, const struct deal_row *now)
{
    if (str_eq(field, "view"))
        return is_other_count(before->view, now->view);
    if (str_eq(field, "comment"))
        return is_other_count(before->comment, now->comment);
    if (str_eq(field, "like"))
        return is_other_count(before->like, now->like);
    if (str_eq(field, "posted_at"))
        return before->posted_at_ms != now->posted_at_ms;
    if (str_eq(field, "title"))
        return !str_eq(before->title, now->title);
    if (str_eq(field, "category"))
        return !str_eq(before->category, now->category);
    if (str_eq(field, "mall"))
        return !str_eq(before->mall, now->mall);
    return false; /* addresses carry signatures, prices are negotiated */
}

struct pairs {
    int had, lost;     /* posts that had a value, and of these have none now */
    int both, changed; /* posts that have one both times, and another one now */
    int had_not, got;  /* posts without, and of these now with one */
};

static void add_pair(struct pairs *pairs, const char *field, const struct deal_row *before,
                     const struct deal_row *now)
{
    char a[32], b[32];
    const char *had = drift_value(before, field, a), *has = drift_value(now, field, b);

    pairs->had += had != NULL;
    pairs->lost += had && !has;
    pairs->had_not += !had;
    pairs->got += !had && has;
    if (had && has) {
        pairs->both++;
        pairs->changed += is_other(field, before, now);
    }
}

static struct pairs compare(const struct drift_input *in, const struct map *known,
                            const char *field)
{
    struct pairs pairs = {0};

    for (int i = 0; i < in->page->n; i++) {
        const struct deal_row *now = &in->page->rows[i];
        const struct deal_row *before = map_get(known, now->key);

        if (before)
            add_pair(&pairs, field, before, now);
    }
    return pairs;
}

/* ---- times ---- */

/* "18:23:08" today is a full time, "26/11/21" tomorrow is none: that alone is no loss. But where an
 * older post had its full time, the board shows full times, and then no post loses its. */
struct times {
    int older;     /* posts that had a full time though they were not of that day */
    int had, lost; /* posts of days before the newest one's */
};

static int64_t day_of(const struct site *site, int64_t at_ms)
{
    struct clock_civil civil;

    if (at_ms == CLOCK_NONE)
        return INT64_MIN;
    clock_to_local(site->zone, at_ms, &civil);
    return (at_ms + (int64_t)civil.offset_s * 1000) / DAY_MS;
}

static int64_t newest_day(const struct site *site, const struct deal_row *rows, int n)
{
    int64_t newest = INT64_MIN;

    for (int i = 0; i < n; i++)
        if (day_of(site, rows[i].posted_at_ms) > newest)
            newest = day_of(site, rows[i].posted_at_ms);
    return newest;
}

static bool are_times_lost(const struct drift_input *in, const struct map *known)
{
    int64_t then = newest_day(in->site, in->known, in->n_known);
    int64_t today = newest_day(in->site, in->page->rows, in->page->n);
    struct times times = {0};

    today = then > today ? then : today;
    for (int i = 0; i < in->page->n; i++) {
        const struct deal_row *now = &in->page->rows[i];
        const struct deal_row *before = map_get(known, now->key);
        int64_t day = before ? day_of(in->site, before->posted_at_ms) : INT64_MIN;

        if (day == INT64_MIN || day >= today)
            continue;
        times.older += day < then;
        times.had++;
        times.lost += now->posted_at_ms == CLOCK_NONE;
    }
    return times.older >= KNOWN_ALL_MIN && times.lost >= NEARLY_ALL * times.had;
}

/* ---- one field ---- */

/* Counts do not vanish; sold-out deals come back, a few at a time. */
static bool is_lost(const struct site_field *field, const struct pairs *p)
{
    if (field->type == SITE_TIME)
        return false;
    if (p->had >= KNOWN_MIN && p->lost >= NEARLY_ALL * p->had)
        return true;
    return field->type != SITE_FLAG && p->had >= KNOWN_ALL_MIN && p->lost == p->had;
}

/* Deals end and counts begin, but not all at once. */
static bool is_everywhere_now(const struct site_field *field, const struct pairs *p)
{
    if (field->type == SITE_FLAG)
        return p->had_not >= KNOWN_MIN && p->got >= NEARLY_ALL * p->had_not;
    return field->type == SITE_INT && p->had_not >= 2 * KNOWN_MIN && p->got >= 0.9 * p->had_not;
}

static void judge_field(struct drift_report *report, const struct drift_input *in,
                        const struct site_field *field, const struct pairs *p)
{
    if (is_lost(field, p))
        drift_find(report, in, DRIFT_LOST, field, "gives no value in %d of %d posts that had one",
                   p->lost, p->had);
    else if (p->both >= KNOWN_MIN && p->changed >= MOST * p->both)
        drift_find(report, in, DRIFT_CHANGED, field, "gives another value in %d of %d known posts",
                   p->changed, p->both);
    else if (is_everywhere_now(field, p))
        drift_find(report, in, DRIFT_CHANGED, field,
                   "gives a value in %d of %d posts that had none", p->got, p->had_not);
}

void drift_judge_known(struct drift_report *report, const struct drift_input *in,
                       const struct site_layout *layout)
{
    struct map known;

    map_init(&known);
    for (int i = 0; i < in->n_known; i++)
        map_put(&known, in->known[i].key, (void *)(uintptr_t)&in->known[i]);
    for (size_t i = 0; i < layout->n_fields; i++) {
        struct pairs pairs = compare(in, &known, layout->fields[i].name);

        judge_field(report, in, &layout->fields[i], &pairs);
        if (layout->fields[i].type == SITE_TIME && are_times_lost(in, &known))
            drift_find(report, in, DRIFT_LOST, &layout->fields[i],
                       "gives no full time for posts that had one");
    }
    map_fini(&known);
}
