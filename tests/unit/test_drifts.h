/* SPDX-License-Identifier: MIT */
/* test_drifts.h - pages of the demo boards, read natively by site files: what the tests of the drift
 * judge and of the ranking of selectors stand on. No Chrome, no server.
 */
#ifndef TEST_DRIFTS_H
#define TEST_DRIFTS_H

#include "base/jdoc.h"
#include "base/str.h"
/* The boards' struct deal is not the store's. */
#define deal board_deal
#include "boards/board.h"
#include "boards/world.h"
#undef deal
#include "crawl/drift.h"
#include "crawl/extract.h"
#include "crawl/native.h"
#include "support/unit.h"

#define UNUSED_OK __attribute__((unused))
#define NOON_S 1795316700LL /* 2026-11-22T12:05:00+09:00 */

UNUSED_OK static struct site *load_site(const char *path, const char *id)
{
    struct site *site;
    struct err err;

    if (site_load(path, id, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    return site;
}

/* The page of a list as the board draws it now; query_more ("epoch=2020") or NULL. */
UNUSED_OK static void draw(struct world *w, const struct board *b, const struct board_list *list,
                           int number, const char *query_more, struct answer *a)
{
    struct out target = {0};
    char *mark;
    struct request r = {.host = "demo.localhost:1", .query = "", .cookie = ""};

    *a = (struct answer){0};
    board_list_target(list, number, &target);
    if (query_more)
        out_printf(&target, "%c%s", strchr(target.data, '?') ? '&' : '?', query_more);
    mark = strchr(target.data, '?');
    if (mark) {
        *mark = '\0';
        r.query = mark + 1;
    }
    r.path = target.data;
    board_answer(w, b, &r, a);
    out_fini(&target);
}

/* The answer of the rules on this page. */
UNUSED_OK static struct row_set *read_bytes(const struct site *site, const char *bytes, size_t len,
                                            const char *content_type, int64_t now_ms)
{
    const struct native_page page = {.bytes = bytes,
                                     .len = len,
                                     .content_type = content_type,
                                     .url = "http://demo.localhost/list",
                                     .status = 200,
                                     .with_html = true};
    struct row_set *set;
    struct jdoc *doc;
    struct buf json;
    struct err err;

    buf_init(&json, BUF_MAX_DEFAULT);
    if (native_extract(site, site->layouts, site->n_layouts, &page, &json, &err) < 0 ||
        jdoc_parse(json.data, json.len, &doc, &err) < 0 ||
        extract_read(site, jdoc_root(doc), now_ms, &set, &err) < 0)
        fail_msg("%s", err.text);
    jdoc_free(&doc);
    buf_fini(&json);
    return set;
}

UNUSED_OK static struct row_set *read_answer(const struct site *site, const struct answer *a,
                                             int64_t now_s)
{
    return read_bytes(site, out_text(&a->body), a->body.len, a->content_type, now_s * 1000);
}

/* ---- the history of good runs ---------------------------------------------------------------- */

enum { HISTORY_MAX = 30 };

struct history {
    struct arena arena;
    struct store_fields runs[HISTORY_MAX]; /* newest first */
    int n;
};

UNUSED_OK static void history_add(struct history *h, const struct row_set *page)
{
    struct store_field *fields =
        arena_array(&h->arena, struct store_field, (size_t)page->n_fields + 1);
    int n = drift_counts(page, fields);

    for (int i = 0; i < n; i++)
        fields[i].name = arena_strdup(&h->arena, fields[i].name);
    if (h->n < HISTORY_MAX)
        h->n++;
    memmove(h->runs + 1, h->runs, (size_t)(h->n - 1) * sizeof *h->runs);
    h->runs[0] = (struct store_fields){.run_id = 1,
                                       .is_good = true,
                                       .rows = drift_rows_read(page),
                                       .fields = fields,
                                       .n_fields = n};
}

#endif
