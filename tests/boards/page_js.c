/* SPDX-License-Identifier: MIT */
/* page_js.c - five boards that a plain HTTP client can't read: spa, infinite, lazy, xhr-votes,
 * cookie-gate. They share one form of row, written here or by the page's own script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/js_rows.h"
#include "boards/js_scripts.h"

enum {
    CHUNK_ROWS = 20,
    CHUNKS_PER_PAGE = 5,
    CHUNK_THAT_FAILS = 3,
    VOTES_AFTER_MS = 200,
    VOTES_MAX_IDS = 200,
};

/* ---- spa: the page is empty, a module draws the answer of an API ---- */

static void spa_draw(struct page *p)
{
    static const struct js_row_form form = {0};
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    js_draw_head(p);
    page_raw(p, "<div id=\"root\"></div>\n<script type=\"module\" "
                "src=\"/app.js\"></script>\n</body>\n</html>\n");
    for (i = 0; i < count; i++)
        js_add_truth(p, &deals[i], &form, i);
}

static void spa_write_deal(struct page *p, struct out *o, const struct deal *d)
{
    char full[32], when[16], image[64];

    page_time(d->posted_at, "%Y-%m-%dT%H:%M:%S+09:00", full, sizeof(full));
    page_short_time(p, d->posted_at, "%H:%M", "%m-%d", when, sizeof(when));
    snprintf(image, sizeof(image), "/thumb/%ld.jpg", d->id);
    out_printf(o, "{\"id\":%ld,\"mall\":", d->id);
    out_json(o, d->mall);
    out_str(o, ",\"name\":");
    out_json(o, d->product);
    out_str(o, ",\"price\":");
    out_json(o, d->price);
    out_str(o, ",\"category\":");
    out_json(o, p->rule.categories[d->kind]);
    out_printf(o, ",\"posted_at\":\"%s\",\"posted_text\":\"%s\",\"image\":", full, when);
    out_json_or_null(o, d->has_image ? image : NULL);
    out_printf(o, ",\"views\":%ld,\"comments\":%ld,\"likes\":%ld,\"sold_out\":%s}", d->view,
               d->comment, d->like, d->sold_out ? "true" : "false");
}

static void spa_write_api(struct page *p, struct answer *a)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count;

    p->list = &p->board->lists[0];
    p->number = (int)query_number(p->request->query, "page", 1);
    p->number = p->number < 1 ? 1 : p->number;
    count = page_deals(p, deals);
    a->content_type = "application/json";
    out_printf(&a->body, "{\"page\":%d,\"pages\":%d,\"deals\":[", p->number, p->list->pages);
    for (i = 0; i < count; i++) {
        out_str(&a->body, i ? ",\n" : "");
        spa_write_deal(p, &a->body, &deals[i]);
    }
    out_str(&a->body, "]}\n");
}

static bool spa_extra(struct page *p, struct answer *a)
{
    if (strcmp(p->request->path, "/api/deals") == 0) {
        spa_write_api(p, a);
        return true;
    }
    if (strcmp(p->request->path, "/app.js") != 0)
        return false;
    a->content_type = "text/javascript; charset=utf-8";
    out_str(&a->body, js_spa);
    return true;
}

/* ---- infinite: five chunks of twenty; the third fails once per view of the page ---- */

static void infinite_draw(struct page *p)
{
    static const struct js_row_form form = {0};
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, originals = 0, count = page_deals(p, deals);
    int next = (p->number - 1) * CHUNKS_PER_PAGE + 2;

    p->world->more_fails = true;
    js_draw_head(p);
    page_raw(p, "<ul id=\"list\" class=\"deals\"");
    if (count > CHUNK_ROWS)
        page_printf(p, " data-more=\"/more/%d?from=%ld\"", next, deals[0].slot);
    page_raw(p, ">\n");
    for (i = 0; i < count; i++) {
        originals += !deals[i].duplicate;
        if (originals <= CHUNK_ROWS)
            js_draw_row(p, p->html, &deals[i], &form, i);
        js_add_truth(p, &deals[i], &form, i);
    }
    page_raw(p, "</ul>\n<div id=\"end\" style=\"height:20px\"></div>\n");
    page_raw(p, js_infinite);
    page_raw(p, "</body>\n</html>\n");
}

/* from is the slot of the newest deal of the page that asks, so that rows don't shift while a
 * reader scrolls. */
static void infinite_write_chunk(struct page *p, long chunk, struct answer *a)
{
    static const struct js_row_form form = {0};
    struct deal deals[CHUNK_ROWS];
    long rows_before = (chunk - 1) % CHUNKS_PER_PAGE * CHUNK_ROWS;
    long from = query_number(p->request->query, "from", deal_slot_at(&p->rule, p->now));
    size_t i, count = world_deals_from(p->world, &p->rule, p->now, from, (size_t)rows_before,
                                       CHUNK_ROWS, deals);

    out_str(&a->body, "{\"rows\":[");
    for (i = 0; i < count; i++) {
        struct out row = {0};

        js_draw_row(p, &row, &deals[i], &form, i);
        out_str(&a->body, i ? ",\n" : "");
        out_json(&a->body, out_text(&row));
        out_fini(&row);
    }
    out_str(&a->body, "],\"next\":");
    if (chunk % CHUNKS_PER_PAGE == 0)
        out_str(&a->body, "null}\n");
    else
        out_printf(&a->body, "\"/more/%ld?from=%ld\"}\n", chunk + 1, from);
}

static bool infinite_extra(struct page *p, struct answer *a)
{
    long chunk = path_number(p->request->path, "/more/");

    if (!chunk)
        return false;
    a->content_type = "application/json";
    if (chunk % CHUNKS_PER_PAGE == CHUNK_THAT_FAILS && p->world->more_fails) {
        p->world->more_fails = false;
        a->status = 500;
        out_str(&a->body, "{\"error\":\"try again\"}\n");
        return true;
    }
    infinite_write_chunk(p, chunk, a);
    return true;
}

/* ---- lazy: pictures get their address when they come into view ---- */

static void lazy_draw(struct page *p)
{
    static const struct js_row_form form = {.lazy = true};

    js_draw_head(p);
    js_draw_rows(p, &form);
    js_draw_pager(p);
    page_raw(p, js_lazy);
    page_raw(p, "</body>\n</html>\n");
}

/* ---- xhr-votes: a cp949 page whose counters come as UTF-8 JSON ---- */

static void votes_draw(struct page *p)
{
    static const struct js_row_form form = {.counts_later = true};

    js_draw_head(p);
    js_draw_rows(p, &form);
    js_draw_pager(p);
    page_raw(p, js_votes);
    page_raw(p, "</body>\n</html>\n");
}

static bool votes_extra(struct page *p, struct answer *a)
{
    struct out ids = {0};
    struct deal d;
    char *at, *save = NULL;
    int left = VOTES_MAX_IDS;
    bool more = false;

    if (strcmp(p->request->path, "/api/votes") != 0 || !query_value(p->request->query, "ids", &ids))
        return false;
    a->content_type = "application/json; charset=utf-8";
    a->delay_ms = VOTES_AFTER_MS;
    out_str(&a->body, "{");
    for (at = strtok_r(ids.data, ",", &save); at && left > 0;
         at = strtok_r(NULL, ",", &save), left--) {
        long id = strtol(at, NULL, 10);

        if (!world_deal(p->world, &p->rule, p->now, deal_slot_of_id(&p->rule, id), &d))
            continue;
        out_printf(&a->body, "%s\"%ld\":{\"views\":%ld,\"comments\":%ld,\"likes\":%ld}",
                   more ? ",\n" : "", id, d.view, d.comment, d.like);
        more = true;
    }
    out_str(&a->body, "}\n");
    out_fini(&ids);
    return true;
}

/* ---- cookie-gate: who comes without the cookie gets a script that sets it ---- */

static void gate_draw_script(struct page *p, unsigned pass)
{
    page_printf(p,
                "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>잠시만 기다려 "
                "주세요</title></head>\n<body><script>\n"
                "document.cookie = 'gate=' + (%u + 7) + '; "
                "path=/';\nlocation.reload();\n</script></body></html>\n",
                pass - 7);
}

static void gate_draw(struct page *p)
{
    static const struct js_row_form form = {0};
    unsigned pass =
        (unsigned)(deal_random(p->world->seed, p->board->name, 0, "gate") % 1000000) + 100;
    struct out list = {0}, *visible = p->html;
    char expected[32];
    bool passes;

    snprintf(expected, sizeof(expected), "gate=%u", pass);
    passes = strstr(p->request->cookie, expected) != NULL;
    if (!passes) {
        gate_draw_script(p, pass);
        p->html = &list; /* drawn all the same, for the truth */
    }
    js_draw_head(p);
    js_draw_rows(p, &form);
    js_draw_pager(p);
    page_raw(p, "</body>\n</html>\n");
    p->html = visible;
    out_fini(&list);
}

/* ---- the boards ---- */

static const struct board_list spa_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, spa_draw}};
static const struct board_list infinite_lists[] = {
    {"list", "/deals", NULL, "page", 1, 1, CHUNK_ROWS *CHUNKS_PER_PAGE, infinite_draw}};
static const struct board_list lazy_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, lazy_draw}};
static const struct board_list votes_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, votes_draw}};
static const struct board_list gate_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, gate_draw}};

const struct board board_spa = {
    .name = "spa",
    .title = "한장딜 (spa)",
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "spa",
             .slot_s = 900,
             .first_id = 10000,
             .flags = DEALS_EMOJI,
             .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = spa_lists,
    .list_count = 1,
    .post_id = js_post_id,
    .extra = spa_extra,
};

const struct board board_infinite = {
    .name = "infinite",
    .title = "끝없는딜 (infinite)",
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "infinite",
             .slot_s = 720,
             .first_id = 50000,
             .flags = DEALS_EMOJI,
             .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = infinite_lists,
    .list_count = 1,
    .post_id = js_post_id,
    .extra = infinite_extra,
};

const struct board board_lazy = {
    .name = "lazy",
    .title = "느린그림딜 (lazy)",
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "lazy",
             .slot_s = 1200,
             .first_id = 70000,
             .flags = DEALS_EMOJI,
             .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = lazy_lists,
    .list_count = 1,
    .post_id = js_post_id,
};

const struct board board_xhr_votes = {
    .name = "xhr-votes",
    .title = "나중투표딜 (xhr-votes)",
    .cp949 = true,
    .content_type = "text/html; charset=euc-kr",
    .rule = {.board = "xhr-votes",
             .slot_s = 1200,
             .first_id = 30000,
             .flags = DEALS_UHC,
             .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = votes_lists,
    .list_count = 1,
    .post_id = js_post_id,
    .extra = votes_extra,
};

const struct board board_cookie_gate = {
    .name = "cookie-gate",
    .title = "문지기딜 (cookie-gate)",
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "cookie-gate",
             .slot_s = 1200,
             .first_id = 40000,
             .flags = DEALS_EMOJI,
             .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = gate_lists,
    .list_count = 1,
    .post_id = js_post_id,
};
