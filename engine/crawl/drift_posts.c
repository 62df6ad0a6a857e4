/* SPDX-License-Identifier: MIT */
/* drift_posts.c - posts to JSON and back: [{"key": ..., "title": ..., "view": 12, ...}, ...].
 *
 * An unknown value is left out.
 */
#include "crawl/drift_posts.h"

#include "base/jdoc.h"
#include "base/map.h"
#include "base/str.h"

#include <string.h>

#define TEXT(name, member)                      \
    {                                           \
        name, offsetof(struct deal_row, member) \
    }
static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    TEXT("key", key),           TEXT("title", title),
    TEXT("url", url),           TEXT("redirect_url", redirect_url),
    TEXT("image", image_url),   TEXT("mall", mall),
    TEXT("category", category),
};

#define NUMBER(name, member, none)                    \
    {                                                 \
        name, offsetof(struct deal_row, member), none \
    }
static const struct {
    const char *name;
    size_t offset;
    int64_t none;
} numbers[] = {
    NUMBER("posted_at", posted_at_ms, CLOCK_NONE), NUMBER("view", view, DEAL_UNKNOWN),
    NUMBER("comment", comment, DEAL_UNKNOWN),      NUMBER("like", like, DEAL_UNKNOWN),
    NUMBER("price", price_e2, DEAL_UNKNOWN),
};

static const char **text_of(struct deal_row *row, size_t i)
{
    return (const char **)(void *)((char *)row + texts[i].offset);
}

static int64_t *number_of(struct deal_row *row, size_t i)
{
    return (int64_t *)(void *)((char *)row + numbers[i].offset);
}

void drift_posts_init(struct drift_posts *posts)
{
    *posts = (struct drift_posts){0};
    arena_init(&posts->arena);
}

void drift_posts_fini(struct drift_posts *posts)
{
    arena_fini(&posts->arena);
    posts->rows = NULL;
    posts->n = 0;
}

static bool read_row(struct drift_posts *posts, const struct jval *value, struct deal_row *row)
{
    *row = (struct deal_row){0};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *text_of(row, i) = arena_strdup(&posts->arena, jval_get_str(value, texts[i].name, NULL));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        *number_of(row, i) = jval_get_int(value, numbers[i].name, numbers[i].none);
    row->sold_out = jval_get_bool(value, "sold_out", false);
    return row->key && row->title;
}

void drift_posts_read(struct drift_posts *posts, const char *text)
{
    char *bytes = mem_strdup(text);
    struct jdoc *doc = NULL;
    struct err ignored;

    if (jdoc_parse(bytes, strlen(bytes), &doc, &ignored) == 0) {
        posts->rows = arena_array(&posts->arena, struct deal_row, DRIFT_POSTS);
        posts->n = 0;
        for (const struct jval *v = jval_first(jdoc_root(doc)); v && posts->n < DRIFT_POSTS;
             v = jval_next(v))
            posts->n += read_row(posts, v, &posts->rows[posts->n]);
    }
    jdoc_free(&doc);
    mem_free(bytes);
}

static void write_row(struct deal_row *row, struct buf *out)
{
    buf_addf(out, "{\"sold_out\":%s", row->sold_out ? "true" : "false");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!*text_of(row, i))
            continue;
        buf_addf(out, ",\"%s\":", texts[i].name);
        buf_add_json(out, *text_of(row, i));
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (*number_of(row, i) != numbers[i].none)
            buf_addf(out, ",\"%s\":%lld", numbers[i].name, (long long)*number_of(row, i));
    buf_addc(out, '}');
}

void drift_posts_write(const struct drift_posts *posts, struct buf *out)
{
    buf_addc(out, '[');
    for (int i = 0; i < posts->n; i++) {
        buf_adds(out, i ? ",\n" : "");
        write_row(&posts->rows[i], out);
    }
    buf_addc(out, ']');
}

static void copy_row(struct arena *arena, const struct deal_row *from, struct deal_row *to)
{
    *to = *from;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *text_of(to, i) = arena_strdup(arena, *text_of(to, i));
}

void drift_posts_add(struct drift_posts *posts, const struct deal_row *rows, int n)
{
    struct deal_row *all = arena_array(&posts->arena, struct deal_row, DRIFT_POSTS);
    struct map seen;
    int kept = 0;

    map_init(&seen);
    for (int i = 0; i < n && kept < DRIFT_POSTS; i++) {
        copy_row(&posts->arena, &rows[i], &all[kept]);
        map_put(&seen, rows[i].key, &all[kept++]);
    }
    for (int i = 0; i < posts->n && kept < DRIFT_POSTS; i++)
        if (!map_get(&seen, posts->rows[i].key))
            all[kept++] = posts->rows[i];
    map_fini(&seen);
    posts->rows = all;
    posts->n = kept;
}
