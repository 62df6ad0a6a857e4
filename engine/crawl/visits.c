/* SPDX-License-Identifier: MIT */
/* visits.c - see visits.h. */
#include "crawl/visits.h"

#include "base/map.h"
#include "base/str.h"
#include "base/url.h"

#include <string.h>

void visits_init(struct visits *visits, const struct site *site)
{
    *visits = (struct visits){.site = site};
    arena_init(&visits->arena);
}

void visits_fini(struct visits *visits)
{
    arena_fini(&visits->arena);
    mem_free(visits->items);
    *visits = (struct visits){0};
}

/* ---- rows ---- */

struct deal_row visits_copy_row(struct arena *arena, const struct deal_row *row)
{
    struct deal_row copy = *row;

    copy.site = arena_strdup(arena, row->site);
    copy.website = arena_strdup(arena, row->website);
    copy.key = arena_strdup(arena, row->key);
    copy.product_id = arena_strdup(arena, row->product_id);
    copy.title = arena_strdup(arena, row->title);
    copy.url = arena_strdup(arena, row->url);
    copy.redirect_url = arena_strdup(arena, row->redirect_url);
    copy.image_url = arena_strdup(arena, row->image_url);
    copy.mall = arena_strdup(arena, row->mall);
    copy.category = arena_strdup(arena, row->category);
    copy.currency = arena_strdup(arena, row->currency);
    copy.shop_key = arena_strdup(arena, row->shop_key);
    return copy;
}

static void fill_text(const char **text, const char *otherwise)
{
    if (!*text)
        *text = otherwise;
}

static void fill_count(int64_t *count, int64_t otherwise)
{
    if (*count == DEAL_UNKNOWN)
        *count = otherwise;
}

void visits_fill_row(struct deal_row *row, const struct deal_row *post)
{
    if (row->title_is_cut && post->title) {
        row->title = post->title;
        row->title_is_cut = false;
    }
    fill_text(&row->redirect_url, post->redirect_url);
    fill_text(&row->shop_key, post->shop_key);
    fill_text(&row->image_url, post->image_url);
    fill_text(&row->mall, post->mall);
    fill_text(&row->category, post->category);
    if (row->price_e2 == DEAL_UNKNOWN) {
        row->price_e2 = post->price_e2;
        row->currency = post->currency;
    }
    /* "14:03" of a list is the post's "14:03:27". */
    if (post->posted_at_ms != CLOCK_NONE &&
        (row->posted_at_ms == CLOCK_NONE || row->posted_at_ms % 60000 == 0))
        row->posted_at_ms = post->posted_at_ms;
    fill_count(&row->view, post->view);
    fill_count(&row->comment, post->comment);
    fill_count(&row->like, post->like);
    fill_count(&row->score, post->score);
    row->sold_out = row->sold_out || post->sold_out;
}

/* ---- what is put in ---- */

static struct visit *add(struct visits *visits, const char *key, const char *url)
{
    struct visit *visit;

    if ((visits->n & (visits->n - 1)) == 0) /* full at each power of two */
        visits->items =
            mem_realloc(visits->items, (visits->n ? visits->n * 2 : 1) * sizeof(*visit));
    visit = &visits->items[visits->n++];
    *visit = (struct visit){.key = arena_strdup(&visits->arena, key),
                            .url = arena_strdup(&visits->arena, url)};
    return visit;
}

/* "https://www.board.example/x" -> "board.example", in the caller's hands. */
static char *bare_host_of(const char *url)
{
    static const char *const labels[] = {"www.", "m.", "mobile."};
    struct url_parts parts;
    struct err ignored;
    char *host = NULL;

    if (url_split(url, &parts, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(labels) && !host; i++)
        if (str_starts(parts.host, labels[i]) && strchr(parts.host + strlen(labels[i]), '.'))
            host = mem_strdup(parts.host + strlen(labels[i]));
    if (!host)
        host = mem_strdup(parts.host);
    url_parts_fini(&parts);
    return host;
}

static bool is_below(const char *host, const char *other)
{
    size_t len = strlen(host), other_len = strlen(other);

    return str_eq(host, other) ||
           (len > other_len && host[len - other_len - 1] == '.' && str_ends(host, other));
}

static bool is_of_board(const char *list_host, const char *url)
{
    char *host = bare_host_of(url);
    bool is_near = list_host && host && (is_below(host, list_host) || is_below(list_host, host));

    mem_free(host);
    return is_near;
}

void visits_add_page(struct visits *visits, const struct row_set *page)
{
    char *list_host = bare_host_of(page->url);
    struct map have;

    map_init(&have);
    for (size_t i = 0; i < visits->n; i++)
        map_put(&have, visits->items[i].key, visits);
    for (int i = 0; i < page->n; i++) {
        const struct deal_row *row = &page->rows[i];

        if (row->gone || map_get(&have, row->key) || !is_of_board(list_host, row->url))
            continue;
        add(visits, row->key, row->url)->row = visits_copy_row(&visits->arena, row);
    }
    map_fini(&have);
    mem_free(list_host);
}

void visits_add_due(struct visits *visits, const struct store_due *due, int n)
{
    for (int i = 0; i < n; i++)
        add(visits, due[i].key, due[i].url);
}

/* ---- the choice ---- */

const char *const *visits_keys(const struct visits *visits, struct arena *arena)
{
    const char **keys = arena_array(arena, const char *, visits->n + 1);

    for (size_t i = 0; i < visits->n; i++)
        keys[i] = visits->items[i].key;
    return keys;
}

static bool post_tells(const struct site *site, const char *field)
{
    for (size_t i = 0; i < site->post->n_fields; i++)
        if (str_eq(site->post->fields[i].name, field))
            return true;
    return false;
}

static bool lacks_something(const struct site *site, const struct deal_row *row,
                            const struct store_known *known)
{
    static const struct store_known nothing = {.post_read_at_ms = CLOCK_NONE};
    bool title_is_cut = known ? known->title_is_cut : row->title_is_cut;
    bool time_is_known;

    if (!known)
        known = &nothing;
    time_is_known = (known->has_posted_at && !known->posted_is_coarse) ||
                    (row->posted_at_ms != CLOCK_NONE && row->posted_at_ms % 60000 != 0);
    return (post_tells(site, "redirect_url") && !row->redirect_url && !known->has_redirect_url) ||
           (post_tells(site, "image") && !row->image_url && !known->has_image) ||
           (post_tells(site, "posted_at") && !time_is_known) ||
           (post_tells(site, "title") && title_is_cut);
}

static bool is_wanted(const struct site *site, const struct deal_row *row,
                      const struct store_known *known)
{
    switch (site->post_when) {
    case SITE_POST_ALWAYS:
        return !known || known->post_read_at_ms == CLOCK_NONE ||
               known->updated_at_ms > known->post_read_at_ms;
    case SITE_POST_MISSING:
        return (!known || known->post_read_at_ms == CLOCK_NONE) &&
               lacks_something(site, row, known);
    default:
        return false;
    }
}

void visits_choose(struct visits *visits, const struct store_known *known, int n)
{
    struct map by_key;
    size_t kept = 0, max = (size_t)visits->site->post_max;

    map_init(&by_key);
    for (int i = 0; i < n; i++)
        map_put(&by_key, known[i].key, (void *)&known[i]);
    for (size_t i = 0; i < visits->n && kept < max; i++)
        if (is_wanted(visits->site, &visits->items[i].row, map_get(&by_key, visits->items[i].key)))
            visits->items[kept++] = visits->items[i];
    visits->n = kept;
    map_fini(&by_key);
}

const struct visit *visits_next(struct visits *visits)
{
    return visits->at < visits->n ? &visits->items[visits->at++] : NULL;
}
