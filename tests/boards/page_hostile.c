/* SPDX-License-Identifier: MIT */
/* page_hostile.c - boards that no crawler gets rows from: challenge (refuses for ever), crash
 * (takes memory until its renderer dies, or never finishes). Their truth is a list without deals.
 */
#include <string.h>

#include "boards/js_rows.h"
#include "boards/walls.h"

enum { NEVER_MS = 600000 };

static void challenge_draw(struct page *p)
{
    struct answer wall = {0};

    wall_challenge_430(&wall);
    p->status = wall.status;
    out_mem(p->html, wall.body.data, wall.body.len);
    answer_fini(&wall);
}

/* In steps, so that a watcher of memory sees it grow; objects, so that V8's own limit counts. */
static void crash_draw_memory(struct page *p)
{
    js_draw_head(p);
    page_raw(p,
             "<script>\nvar hog = [];\nsetInterval(function () {\n  for (var i = 0; i < 40; i++) "
             "hog.push(new Array(100000).fill({}));\n}, 10);\n</script>\n"
             "<ul id=\"list\"></ul>\n</body>\n</html>\n");
}

static void crash_draw_loop(struct page *p)
{
    js_draw_head(p);
    page_raw(p, "<script>for (;;) ;</script>\n<ul id=\"list\"></ul>\n</body>\n</html>\n");
}

static void crash_draw_never(struct page *p)
{
    js_draw_head(p);
    page_raw(p, "<script src=\"/never\"></script>\n<ul id=\"list\"></ul>\n</body>\n</html>\n");
}

static bool crash_extra(struct page *p, struct answer *a)
{
    if (strcmp(p->request->path, "/never") != 0)
        return false;
    a->content_type = "text/javascript";
    a->delay_ms = NEVER_MS;
    return true;
}

static const struct board_list challenge_lists[] = {
    {"list", "/deals", NULL, "page", 1, 1, 20, challenge_draw}};
static const struct board_list crash_lists[] = {
    {"list", "/deals", NULL, "page", 1, 1, 20, crash_draw_memory},
    {"list-loop", "/loop", NULL, "page", 1, 1, 20, crash_draw_loop},
    {"list-never", "/unfinished", NULL, "page", 1, 1, 20, crash_draw_never},
};

const struct board board_challenge = {
    .name = "challenge",
    .title = "수문장딜 (challenge)",
    .hostile = true,
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "challenge", .slot_s = 1200, .first_id = 170000, .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = challenge_lists,
    .list_count = 1,
    .post_id = js_post_id,
};

const struct board board_crash = {
    .name = "crash",
    .title = "무너지는딜 (crash)",
    .hostile = true,
    .content_type = "text/html; charset=utf-8",
    .rule = {.board = "crash", .slot_s = 1200, .first_id = 180000, .categories = JS_CATEGORIES},
    .knobs = JS_KNOBS,
    .lists = crash_lists,
    .list_count = 3,
    .post_id = js_post_id,
    .extra = crash_extra,
};
