/* SPDX-License-Identifier: MIT */
/* render_compare.c - row by row, field by field; see render_compare.h. */
#include "crawl/render_compare.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FEW_ROWS = 2,             /* that only one page has: a post deleted, or moved, meanwhile */
    AGO_SLACK_MS = 2 * 60000, /* "3 minutes ago", read a moment later */
    GROWTH_AT_LEAST = 50,     /* a counter may grow by this much, or by a quarter */
};

/* ---- fields ---------------------------------------------------------------------------------- */

static bool may_have_grown(int64_t before, int64_t after)
{
    if (before == DEAL_UNKNOWN || after == DEAL_UNKNOWN)
        return before == after;
    return after >= before && (after - before <= GROWTH_AT_LEAST || after - before <= before / 4);
}

static bool same_before(const struct deal_row *a, const struct deal_row *b)
{
    if (!a->posted_before_ms || !b->posted_before_ms)
        return a->posted_before_ms == b->posted_before_ms;
    return llabs(a->posted_before_ms - b->posted_before_ms) <= AGO_SLACK_MS;
}

/* The first field in which they differ, or NULL. Site, product_id and score follow from others. */
static const char *difference(const struct deal_row *before, const struct deal_row *after)
{
    const struct {
        const char *name;
        bool same;
    } fields[] = {
        {"title", str_eq(before->title, after->title)},
        {"title_is_cut", before->title_is_cut == after->title_is_cut},
        {"url", str_eq(before->url, after->url)},
        {"redirect_url", str_eq(before->redirect_url, after->redirect_url)},
        {"image", str_eq(before->image_url, after->image_url)},
        {"mall", str_eq(before->mall, after->mall)},
        {"category", str_eq(before->category, after->category)},
        {"price", before->price_e2 == after->price_e2 && str_eq(before->currency, after->currency)},
        {"posted_at", before->posted_at_ms == after->posted_at_ms && same_before(before, after) &&
                          before->posted_is_coarse == after->posted_is_coarse},
        {"sold_out", before->sold_out == after->sold_out &&
                         before->sold_out_unknown == after->sold_out_unknown},
        {"gone", before->gone == after->gone},
        {"shop_key", str_eq(before->shop_key, after->shop_key)},
        {"view", may_have_grown(before->view, after->view)},
        {"comment", may_have_grown(before->comment, after->comment)},
        {"like", may_have_grown(before->like, after->like)},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!fields[i].same)
            return fields[i].name;
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* One page beside the other. */
struct side {
    const struct row_set *set;
    struct map keys; /* key -> row */
    int alone;       /* rows that the other has not */
    int first_alone, last_alone;
};

static void side_init(struct side *side, const struct row_set *set)
{
    *side = (struct side){.set = set, .first_alone = -1, .last_alone = -1};
    map_init(&side->keys);
    for (int i = 0; i < set->n; i++)
        map_put(&side->keys, set->rows[i].key, &set->rows[i]);
}

static void find_alone(struct side *side, const struct side *other)
{
    for (int i = 0; i < side->set->n; i++) {
        if (map_get(&other->keys, side->set->rows[i].key))
            continue;
        side->alone++;
        if (side->first_alone < 0)
            side->first_alone = i;
        side->last_alone = i;
    }
}

/* k new posts came on top, and pushed k old ones over the end. */
static bool is_shift(const struct side *earlier, const struct side *later)
{
    int k = later->alone;

    return k == earlier->alone && k <= later->set->n / 2 && later->last_alone == k - 1 &&
           earlier->first_alone == earlier->set->n - k;
}

static const struct deal_row *next_common(const struct side *side, const struct side *other,
                                          int *at)
{
    while (*at < side->set->n) {
        const struct deal_row *row = &side->set->rows[(*at)++];

        if (map_get(&other->keys, row->key))
            return row;
    }
    return NULL;
}

static bool same_order(const struct side *a, const struct side *b)
{
    const struct deal_row *row;
    int at_a = 0;
    int at_b = 0;

    while ((row = next_common(a, b, &at_a)))
        if (!str_eq(row->key, next_common(b, a, &at_b)->key))
            return false;
    return true;
}

static enum render_verdict compare_fields(const struct side *earlier, const struct side *later,
                                          char *why)
{
    for (int i = 0; i < later->set->n; i++) {
        const struct deal_row *after = &later->set->rows[i];
        const struct deal_row *before = map_get(&earlier->keys, after->key);
        const char *field = before ? difference(before, after) : NULL;

        if (!field)
            continue;
        snprintf(why, RENDER_WHY_BYTES, "row %.60s: %s", after->key, field);
        return RENDER_DIFFERENT;
    }
    return RENDER_EQUAL;
}

static enum render_verdict compare_rows(const struct side *earlier, const struct side *later,
                                        char *why)
{
    if (compare_fields(earlier, later, why) == RENDER_DIFFERENT)
        return RENDER_DIFFERENT;
    if (earlier->alone || later->alone)
        snprintf(why, RENDER_WHY_BYTES, "%d rows of %d only in the earlier, %d of %d in the later",
                 earlier->alone, earlier->set->n, later->alone, later->set->n);
    if (!same_order(earlier, later)) {
        snprintf(why, RENDER_WHY_BYTES, "the rows stand in another order");
        return RENDER_UNCLEAR;
    }
    if (earlier->alone + later->alone == 0 || is_shift(earlier, later)) {
        *why = '\0';
        return RENDER_EQUAL;
    }
    return earlier->alone + later->alone <= FEW_ROWS ? RENDER_UNCLEAR : RENDER_DIFFERENT;
}

enum render_verdict render_compare(const struct row_set *earlier, const struct row_set *later,
                                   char why[RENDER_WHY_BYTES])
{
    enum render_verdict verdict;
    struct side before, after;

    *why = '\0';
    if (!str_eq(earlier->layout, later->layout)) {
        snprintf(why, RENDER_WHY_BYTES, "layout %.40s, then %.40s",
                 earlier->layout ? earlier->layout : "none",
                 later->layout ? later->layout : "none");
        return RENDER_DIFFERENT;
    }
    side_init(&before, earlier);
    side_init(&after, later);
    find_alone(&before, &after);
    find_alone(&after, &before);
    verdict = compare_rows(&before, &after, why);
    map_fini(&before.keys);
    map_fini(&after.keys);
    return verdict;
}
