/* SPDX-License-Identifier: MIT */
/* board.c - the table of boards, and the way from a request to the page that answers it. */
#include "boards/board.h"

#include <stdio.h>
#include <string.h>

#include "boards/page.h"
#include "boards/post.h"

static const struct board *const boards[] = {
    &board_ppomppu,
    &board_clien,
    &board_ruliweb,
    &board_dealbada,
    &board_spa,
    &board_infinite,
    &board_lazy,
    &board_xhr_votes,
    &board_cookie_gate,
    &board_vue_attr,
    &board_textarea_post,
    &board_cf_like,
    &board_dialog,
    &board_goto,
    &board_js_pager,
    &board_challenge,
    &board_crash,
    &board_quasarzone,
    &board_arca,
    &board_zod,
    &board_fmkorea,
    &board_coolenjoy,
    &board_damoang,
    &board_eomisae,
    &board_ppomppu_foreign,
    &board_dealabs,
    &board_slickdeals,
};

size_t boards_count(void)
{
    return sizeof(boards) / sizeof(boards[0]);
}

const struct board *boards_at(size_t index)
{
    return boards[index];
}

static const struct board *find_named(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < boards_count(); i++)
        if (strlen(boards[i]->name) == len && strncasecmp(boards[i]->name, name, len) == 0)
            return boards[i];
    return NULL;
}

const struct board *boards_find(const char *name)
{
    return find_named(name, strlen(name));
}

const struct board *boards_find_host(const char *host)
{
    const char *dot = strchr(host, '.');

    if (!dot || strncasecmp(dot, ".localhost", 10) != 0 || (dot[10] && dot[10] != ':'))
        return NULL;
    return find_named(host, (size_t)(dot - host));
}

/* The number of a list's page, -1 where the path is another's. */
static long page_number(const struct board_list *list, const char *path, const char *query)
{
    size_t len = strlen(list->path);
    long number;

    if (strncmp(path, list->path, len) != 0)
        return -1;
    if (!path[len])
        return list->page_key[0] == '/' ? list->first
                                        : query_number(query, list->page_key, list->first);
    number = list->page_key[0] == '/' ? path_number(path + len, list->page_key) : 0;
    return number ? number : -1;
}

const struct board_list *board_match_list(const struct board *b, const char *path,
                                          const char *query, int *number_out)
{
    size_t i;

    for (i = 0; i < b->list_count; i++) {
        const struct board_list *list = &b->lists[i];
        long number = page_number(list, path, query);

        if (number < 0 || (list->query && !query_holds(query, list->query)))
            continue;
        *number_out = number < list->first || number > 100000 ? list->first : (int)number;
        return list;
    }
    return NULL;
}

void board_list_target(const struct board_list *list, int number, struct out *target)
{
    out_str(target, list->path);
    if (list->query)
        out_printf(target, "?%s", list->query);
    if (number != list->first && list->page_key[0] == '/')
        out_printf(target, "%s%d", list->page_key, number);
    else if (number != list->first)
        out_printf(target, "%c%s=%d", list->query ? '&' : '?', list->page_key, number);
}

static int knob(int asked, int otherwise)
{
    return asked >= 0 ? asked : otherwise;
}

static void apply_knobs(struct page *p)
{
    const struct world_knobs *asked = &p->world->knobs, *own = &p->board->knobs;

    p->knobs = (struct world_knobs){
        .sold_permille = knob(asked->sold_permille, own->sold_permille),
        .notice = knob(asked->notice, own->notice),
        .ads = knob(asked->ads, own->ads),
        .blind = knob(asked->blind, own->blind),
        .dup = knob(asked->dup, own->dup),
        .hot = knob(asked->hot, own->hot),
    };
    p->rule = p->board->rule;
    p->rule.sold_permille = p->knobs.sold_permille;
    /* Gaps thin the rows out, so a little less than a page of slots holds one on average. */
    if (p->knobs.blind && p->board->hidden_title)
        p->rule.hidden_every = p->board->lists[0].rows * 4 / 5 / p->knobs.blind;
}

static void draw_not_found(struct page *p, struct answer *a)
{
    a->status = 404;
    page_printf(
        p,
        "<!doctype html><html lang=\"ko\"><head><meta charset=\"%s\"><title>404</title></head>"
        "<body><p>글이 없습니다.</p></body></html>\n",
        p->board->cp949 ? "euc-kr" : "utf-8");
}

static const struct board_post *match_post(const struct board *b, const char *path)
{
    static const struct board_post plain = {"post", "/deal/", post_draw_plain};
    size_t i;

    for (i = 0; i < b->post_count; i++) {
        const char *target = b->posts[i].target, *mark = strchr(target, '?');

        if (mark ? strncmp(path, target, (size_t)(mark - target)) == 0 && !path[mark - target]
                 : strncmp(path, target, strlen(target)) == 0)
            return &b->posts[i];
    }
    return b->posts ? &b->posts[0] : &plain;
}

/* Every board draws its post from the record that its list is drawn from. */
static void draw_post(struct page *p, long id, struct answer *a)
{
    const struct board_post *view = match_post(p->board, p->request->path);
    struct deal deal;
    struct post post;

    a->is_post = true;
    if (!world_deal(p->world, &p->rule, p->now, deal_slot_of_id(&p->rule, id), &deal))
        a->truth.gone = "deleted";
    else if (deal.hidden)
        a->truth.gone = "blind";
    if (a->truth.gone) {
        (p->board->draw_gone ? p->board->draw_gone : post_draw_gone)(
            p, a, strcmp(a->truth.gone, "blind") == 0 ? POST_BLIND : POST_DELETED);
        return;
    }
    post_init(p, &deal, view->target, &post);
    view->draw(p, &post);
    truth_set_post(p->truth, p->request->host, &post.shown);
}

/* The query's own epoch= and view= come before what control said. */
static void apply_look(struct page *p)
{
    struct out view = {0};

    p->look = *world_look(p->world, p->board->name);
    p->look.epoch = (int)query_number(p->request->query, "epoch", p->look.epoch);
    if (query_value(p->request->query, "view", &view))
        snprintf(p->look.view, sizeof(p->look.view), "%s", out_text(&view));
    out_fini(&view);
}

static const char rows_script[] =
    "<script>\n(function () {\n  var here = document.currentScript;\n"
    "  fetch('/api/rows?path=' + encodeURIComponent(location.pathname + location.search))\n"
    "    .then(function (answer) { return answer.json(); })\n"
    "    .then(function (data) { here.insertAdjacentHTML('beforebegin', data.rows); });\n"
    "})();\n</script>\n";

/* The page without its rows, and in their place a script that asks for them. */
static void leave_rows_to_script(const struct page *p)
{
    struct out page = {0};

    out_mem(&page, p->html->data, p->rows_from);
    out_str(&page, rows_script);
    out_str(&page, p->html->data + p->rows_to);
    out_fini(p->html);
    *p->html = page;
}

/* GET /api/rows?path=...: the rows that rows_script asks for. */
static bool answer_rows(struct page *p, struct answer *a)
{
    struct out target = {0};
    struct request inner = *p->request;
    struct page list = *p;
    char *mark;

    if (!p->look.client_rendered || strcmp(p->request->path, "/api/rows") != 0 ||
        !query_value(p->request->query, "path", &target))
        return false;
    mark = strchr(target.data, '?');
    inner.query = mark ? mark + 1 : "";
    if (mark)
        *mark = '\0';
    inner.path = target.data;
    list.request = &inner;
    apply_look(&list);
    list.list = board_match_list(p->board, inner.path, inner.query, &list.number);
    if (list.list) {
        list.first = list.number == list.list->first;
        list.list->draw(&list);
        a->content_type = "application/json";
        out_str(&a->body, "{\"rows\": ");
        list.html->data[list.rows_to] = '\0';
        out_json(&a->body, out_text(list.html) + list.rows_from);
        out_str(&a->body, "}\n");
    }
    out_fini(&target);
    return list.list != NULL;
}

static void encode(const struct board *b, struct out *html, struct out *body)
{
    if (b->cp949)
        out_cp949(body, out_text(html), html->len);
    else
        out_mem(body, out_text(html), html->len);
}

void board_answer(struct world *w, const struct board *b, const struct request *r, struct answer *a)
{
    struct out html = {0};
    struct page p = {.world = w,
                     .board = b,
                     .request = r,
                     .now = world_now(w),
                     .html = &html,
                     .truth = &a->truth};
    long post = b->post_id(r->path, r->query);

    a->status = 200;
    a->content_type = b->content_type;
    apply_knobs(&p);
    apply_look(&p);
    if (!post)
        p.list = board_match_list(b, r->path, r->query, &p.number);
    if (p.list) {
        a->is_list = true;
        p.first = p.number == p.list->first;
        p.list->draw(&p);
        if (p.status)
            a->status = p.status;
        if (p.look.client_rendered && p.rows_to > p.rows_from)
            leave_rows_to_script(&p);
    } else if (post) {
        draw_post(&p, post, a);
    } else {
        if (answer_rows(&p, a) || (b->extra && b->extra(&p, a))) {
            out_fini(&html);
            return;
        }
        draw_not_found(&p, a);
    }
    encode(b, &html, &a->body);
    out_fini(&html);
}

void answer_fini(struct answer *a)
{
    out_fini(&a->body);
    truth_fini(&a->truth);
}
