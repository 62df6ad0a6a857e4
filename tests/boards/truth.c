/* SPDX-License-Identifier: MIT */
/* truth.c - what a person would read off a page: its deals, and the rows that are none. */
#include "boards/truth.h"

#include "boards/page.h"

static void json_text(struct out *o, const char *key, const char *text)
{
    out_printf(o, ", \"%s\": ", key);
    out_json_or_null(o, text);
}

static void json_time(struct out *o, const char *key, int64_t at)
{
    char text[32];

    page_time(at, "%Y-%m-%dT%H:%M:%S+09:00", text, sizeof(text));
    json_text(o, key, at ? text : NULL);
}

static void json_flag(struct out *o, const char *key, bool set)
{
    if (set)
        out_printf(o, ", \"%s\": true", key);
}

void truth_add_deal(struct truth *t, const char *host, const struct truth_row *row)
{
    struct out *o = &t->deals;
    struct out url = {0};

    out_printf(&url, "http://%s%s", host, row->path);
    out_printf(o, "%s    {\"key\": \"%ld\"", t->deal_count++ ? ",\n" : "", row->key);
    json_text(o, "title", row->title);
    json_text(o, "url", out_text(&url));
    json_text(o, "url_path", row->path);
    json_text(o, "href", row->href);
    out_printf(o, ", \"sold_out\": %s", row->sold_out ? "true" : "false");
    if (row->view >= 0)
        out_printf(o, ", \"view\": %ld", row->view);
    else
        json_text(o, "view", NULL);
    out_printf(o, ", \"comment\": %ld, \"like\": %ld", row->comment, row->like);
    if (row->dislike >= 0)
        out_printf(o, ", \"dislike\": %ld", row->dislike);
    json_text(o, "image", row->image);
    json_time(o, "posted_at", row->posted_at);
    json_text(o, "time_text", row->time_text);
    json_text(o, "mall", row->mall);
    json_text(o, "category", row->category);
    json_text(o, "price_text", row->price_text);
    if (row->list_no)
        json_text(o, "list_no", row->list_no);
    json_flag(o, "pinned", row->pinned);
    json_flag(o, "best", row->best);
    json_flag(o, "truncated", row->truncated);
    out_str(o, "}");
    out_fini(&url);
}

void truth_set_post(struct truth *t, const char *host, const struct truth_post *post)
{
    struct out *o = &t->post;
    struct out url = {0};

    out_printf(&url, "http://%s%s", host, post->path);
    o->len = 0;
    out_printf(o, "{\"key\": \"%ld\"", post->key);
    json_text(o, "title", post->title);
    json_text(o, "url", out_text(&url));
    json_text(o, "url_path", post->path);
    json_text(o, "redirect_url", post->redirect_url);
    json_text(o, "href", post->href);
    json_text(o, "image", post->image);
    json_time(o, "posted_at", post->posted_at);
    out_printf(o, ", \"sold_out\": %s", post->sold_out ? "true" : "false");
    out_printf(o, ", \"view\": %ld, \"comment\": %ld, \"like\": %ld", post->view, post->comment,
               post->like);
    if (post->dislike >= 0)
        out_printf(o, ", \"dislike\": %ld", post->dislike);
    json_text(o, "mall", post->mall);
    json_text(o, "category", post->category);
    json_text(o, "price_text", post->price_text);
    out_str(o, "}");
    out_fini(&url);
}

void truth_add_excluded(struct truth *t, const char *kind, const char *title)
{
    out_printf(&t->excluded, "%s    {\"kind\": \"%s\"", t->excluded_count++ ? ",\n" : "", kind);
    json_text(&t->excluded, "title", title);
    out_str(&t->excluded, "}");
}

void truth_write(const struct truth *t, const char *board, const char *path, int64_t now,
                 struct out *json)
{
    out_printf(json, "{\"board\": \"%s\"", board);
    json_text(json, "path", path);
    json_time(json, "now", now);
    out_printf(json, ",\n  \"deals\": [\n%s\n  ],\n", out_text(&t->deals));
    out_printf(json, "  \"excluded\": [\n%s\n  ]}\n", out_text(&t->excluded));
}

void truth_write_post(const struct truth *t, const char *board, const char *path, int64_t now,
                      struct out *json)
{
    out_printf(json, "{\"board\": \"%s\"", board);
    json_text(json, "path", path);
    json_time(json, "now", now);
    out_printf(json, ",\n  \"post\": %s", t->post.len ? out_text(&t->post) : "null");
    json_text(json, "gone", t->gone);
    out_str(json, "}\n");
}

void truth_fini(struct truth *t)
{
    out_fini(&t->post);
    out_fini(&t->deals);
    out_fini(&t->excluded);
}
