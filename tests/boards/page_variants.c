/* SPDX-License-Identifier: MIT */
/* page_variants.c - small boards, each with one way of its own: vue-attr (rows in an attribute),
 * textarea-post (the text of a post in a textarea), cf-like (passing pages with the beacon of a
 * challenge), dialog (pages that open one), goto (every kind of link wrapper), js-pager.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/js_rows.h"
#include "boards/js_scripts.h"
#include "boards/post.h"

static const struct js_row_form plain_rows = {0};

static void draw_plain_list(struct page *p)
{
    js_draw_head(p);
    js_draw_rows(p, &plain_rows);
    js_draw_pager(p);
    page_raw(p, "</body>\n</html>\n");
}

/* ---- vue-attr: each row is an attribute of JSON and a placeholder; a script draws it ---- */

static void vue_write_props(struct page *p, struct out *o, const struct deal *d)
{
    char full[32];

    page_time(d->posted_at, "%Y-%m-%dT%H:%M:%S+09:00", full, sizeof(full));
    out_printf(o, "{\"name\":\"ThreadListItem\",\"props\":{\"thread\":{\"threadId\":%ld,\"title\":",
               d->id);
    out_json(o, d->product);
    out_str(o, ",\"merchant\":");
    out_json(o, d->mall);
    out_str(o, ",\"price\":");
    out_json(o, d->price);
    out_printf(o, ",\"category\":\"%s\",\"publishedAt\":\"%s\",\"image\":",
               p->rule.categories[d->kind], full);
    if (d->has_image)
        out_printf(o, "\"/thumb/%ld.jpg\"", d->id);
    else
        out_str(o, "null");
    out_printf(o, ",\"views\":%ld,\"commentCount\":%ld,\"temperature\":%ld,\"isExpired\":%s}}}",
               d->view, d->comment, d->like, d->sold_out ? "true" : "false");
}

static void vue_draw(struct page *p)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    js_draw_head(p);
    page_raw(p, "<div id=\"list\" class=\"threads\">\n");
    for (i = 0; i < count; i++) {
        struct out props = {0};

        vue_write_props(p, &props, &deals[i]);
        page_printf(p,
                    "<article class=\"thread%s\" data-t=\"thread\" id=\"thread_%ld\"><div "
                    "class=\"js-vue2\" data-vue2=\"",
                    deals[i].sold_out ? " thread--expired" : "", deals[i].id);
        page_text(p, out_text(&props));
        page_raw(p, "\"><div class=\"placeholder\" aria-busy=\"true\"></div></div></article>\n");
        js_add_truth(p, &deals[i], &plain_rows, i);
        out_fini(&props);
    }
    page_raw(p, "</div>\n");
    js_draw_pager(p);
    page_raw(p, js_vue);
    page_raw(p, "</body>\n</html>\n");
}

/* ---- textarea-post: the text is in a textarea, and a script copies it ---- */

static void textarea_draw_post(struct page *p, struct post *post)
{
    struct out text = {0}, *visible = p->html;
    char at[32];

    p->html = &text;
    if (post->image[0])
        page_printf(p, "<p><img class=\"maxImg\" src=\"%s\"></p>\n", post->image);
    if (post->href[0]) {
        page_raw(p, "<p><a class=\"shop-link\" href=\"");
        page_text(p, post->href);
        page_raw(p, "\">구매 링크</a></p>\n");
    }
    post_draw_text(p, post);
    p->html = visible;

    post->shown.mall = NULL;
    page_time(post->deal.posted_at, "%Y.%m.%d %H:%M:%S", at, sizeof(at));
    js_draw_head(p);
    page_printf(p, "<article class=\"post%s\" data-id=\"%ld\">\n<h1>",
                post->deal.sold_out ? " sold-out" : "", post->deal.id);
    page_text(p, post->title);
    page_printf(p,
                "</h1>\n<p class=\"meta\"><span class=\"nick\">%s</span> | <span "
                "class=\"category\">%s</span> | <time class=\"posted\">%s</time> | <span "
                "class=\"views\">%ld</span> | <span class=\"likes\">%ld</span> | <span "
                "class=\"comments\">%ld</span></p>\n<textarea id=\"org_contents\" "
                "style=\"display:none\">",
                post->deal.nick, post->shown.category, at, post->deal.view, post->deal.like,
                post->deal.comment);
    page_text(p, out_text(&text));
    page_raw(p, "</textarea>\n<div id=\"new_contents\"></div>\n</article>\n<script>\n"
                "document.getElementById('new_contents').innerHTML = "
                "document.getElementById('org_contents').value;\n</script>\n</body>\n</html>\n");
    out_fini(&text);
}

/* ---- cf-like: pages that passed still name the challenge's beacon ---- */

static void cf_draw(struct page *p)
{
    js_draw_head(p);
    js_draw_rows(p, &plain_rows);
    js_draw_pager(p);
    page_raw(p, "<script>(function(){window['__CF$cv$params']={r:'8f0d2c',t:'MTc5NTMxNjcwMA=='};"
                "})();</script>\n</body>\n</html>\n");
}

/* ---- dialog: a list that asks, and posts whose end is told by alert() ---- */

static void dialog_draw(struct page *p)
{
    js_draw_head(p);
    page_raw(p, "<script>if (confirm('앱으로 볼까요?')) location.href = '/app';</script>\n");
    js_draw_rows(p, &plain_rows);
    js_draw_pager(p);
    page_raw(p, "</body>\n</html>\n");
}

/* ---- goto: how a link hides the shop changes from post to post ---- */

enum { GOTO_FORMS = 6 };

static void goto_draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char prefix[200];

    switch (d->id % GOTO_FORMS) {
    case 0:
        post_set_link(post, "javascript:goToLink('", POST_WRAP_BASE64, "')");
        break;
    case 1:
        if (d->link[0])
            snprintf(post->href, sizeof(post->href), "/goto/%ld", d->id);
        break;
    case 2:
        snprintf(prefix, sizeof(prefix), "//web.%s/link.php?ol=", p->request->host);
        post_set_link(post, prefix, POST_WRAP_URL, "&bbs=1020");
        break;
    case 3:
        snprintf(prefix, sizeof(prefix), "http://s.%s/?idno=goto_%ld&target=", p->request->host,
                 d->id);
        post_set_link(post, prefix, POST_WRAP_BASE64, "&encode=on");
        break;
    case 4:
        post_set_link(post, "https://unsafelink.com/", POST_WRAP_RAW, "");
        break;
    default:
        break; /* the address itself */
    }
    post_draw_plain(p, post);
    page_raw(p, "<script>function goToLink(coded) { location.href = '/link?link=' + coded; }"
                "</script>\n");
}

static bool goto_extra(struct page *p, struct answer *a)
{
    long id = path_number(p->request->path, "/goto/");
    struct deal d;

    if (!id || !world_deal(p->world, &p->rule, p->now, deal_slot_of_id(&p->rule, id), &d) ||
        !d.link[0])
        return false;
    a->status = 302;
    snprintf(a->location, sizeof(a->location), "%s", d.link);
    return true;
}

/* ---- js-pager: no link leads to page 2 ---- */

static void pager_draw(struct page *p)
{
    int i;

    js_draw_head(p);
    js_draw_rows(p, &plain_rows);
    page_raw(p, "<nav class=\"pager\">");
    for (i = 1; i <= p->list->pages; i++)
        page_printf(p, "<button onclick=\"getBoard(%d)\">%d</button> ", i, i);
    page_raw(p, "</nav>\n<script>function getBoard(n) { location.href = '/deals?page=' + n; }"
                "</script>\n</body>\n</html>\n");
}

/* ---- the boards ---- */

static const struct board_list vue_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, vue_draw}};
static const struct board_list plain_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, draw_plain_list}};
static const struct board_list cf_lists[] = {{"list", "/deals", NULL, "page", 1, 10, 20, cf_draw}};
static const struct board_list dialog_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, dialog_draw}};
static const struct board_list pager_lists[] = {
    {"list", "/deals", NULL, "page", 1, 10, 20, pager_draw}};

static const struct board_post textarea_posts[] = {{"post", "/deal/", textarea_draw_post}};
static const struct board_post goto_posts[] = {{"post", "/deal/", goto_draw_post}};

#define RULE(name, id)                                                       \
    {                                                                        \
        .board = name, .slot_s = 1200, .first_id = id, .flags = DEALS_EMOJI, \
        .categories = JS_CATEGORIES                                          \
    }

const struct board board_vue_attr = {
    .name = "vue-attr",
    .title = "속성딜 (vue-attr)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("vue-attr", 110000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = vue_lists,
    .list_count = 1,
    .post_id = js_post_id,
};

const struct board board_textarea_post = {
    .name = "textarea-post",
    .title = "글상자딜 (textarea-post)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("textarea-post", 120000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = plain_lists,
    .list_count = 1,
    .posts = textarea_posts,
    .post_count = 1,
    .post_id = js_post_id,
};

const struct board board_cf_like = {
    .name = "cf-like",
    .title = "구름딜 (cf-like)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("cf-like", 130000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = cf_lists,
    .list_count = 1,
    .post_id = js_post_id,
};

const struct board board_dialog = {
    .name = "dialog",
    .title = "알림창딜 (dialog)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("dialog", 140000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = dialog_lists,
    .list_count = 1,
    .draw_gone = post_draw_gone_alert,
    .post_id = js_post_id,
};

const struct board board_goto = {
    .name = "goto",
    .title = "돌아가는딜 (goto)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("goto", 150000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = plain_lists,
    .list_count = 1,
    .posts = goto_posts,
    .post_count = 1,
    .post_id = js_post_id,
    .extra = goto_extra,
};

const struct board board_js_pager = {
    .name = "js-pager",
    .title = "쪽번호딜 (js-pager)",
    .content_type = "text/html; charset=utf-8",
    .rule = RULE("js-pager", 160000),
    .knobs = JS_KNOBS,
    .outside_demo = true,
    .lists = pager_lists,
    .list_count = 1,
    .post_id = js_post_id,
};
