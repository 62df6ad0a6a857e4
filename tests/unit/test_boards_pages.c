/* SPDX-License-Identifier: MIT */
/* The pages of the demo boards: bytes, truth, and what knobs and edits change. */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boards/board.h"
#include "boards/world.h"

#define NOON 1795316700LL /* 2026-11-22T12:05:00+09:00 */

/* How a deal's row begins in the markup of each list; rows that are no deals begin so too where
 * the real board does it, and those are counted in others. */
static const struct list_shape {
    const char *board, *list, *row;
    size_t others;
} shapes[] = {
    {"ppomppu", "list-mobile", "<li class=\"none-border",
     4}, /* 3 of social, 1 in the sponsors' script */
    {"ppomppu", "list-desktop", "<tr align=\"center\" class=\"baseList bbs_new1", 6},
    {"clien", "list", "data-board-sn=", 0},
    {"ruliweb", "list", "<tr class=\"table_body blocktarget\">", 0},
    {"dealbada", "list", "<td class=\"td_date\">", 1}, /* the notice */
    {"lazy", "list", "<li class=\"deal", 0},
    {"xhr-votes", "list", "<li class=\"deal", 0},
    {"quasarzone", "list", "<div class=\"v2-list-row v2-list-row--hotdeal", 1}, /* the partner's */
    {"arca", "list", "<div class=\"vrow hybrid\">", 0},
    {"zod", "list", "<div class=\"app-list-title ", 1}, /* the duplicate */
    {"fmkorea", "list", "<li class=\"li  li_best2_pop0", 0},
    {"coolenjoy", "list", "id=\"abcd\"", 0},
    {"damoang", "list", "<a class=\"post-row\"", 0},
    {"eomisae", "list", "<div class=\"card_el n_ntc clear\">", 1}, /* the duplicate */
    {"ppomppu-foreign", "list", "<tr align=\"center\" class=\"baseList bbs_new1", 5},
    {"dealabs", "list", "<article id=", 1}, /* the duplicate */
    {"slickdeals", "list", "{\"id\":", 1},  /* the duplicate; drawn by a script */
};

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text; text = strstr(text + 1, part))
        count++;
    return count;
}

/* bytes read as charset, strictly; NULL where they are not in it. */
static char *decode(const struct out *bytes, const char *charset)
{
    iconv_t conv = iconv_open("UTF-8", charset);
    size_t left = bytes->len, room = bytes->len * 3 + 1;
    char *text = malloc(room), *to = text, *in = bytes->data;

    assert_true(conv != (iconv_t)-1);
    assert_non_null(text);
    if (iconv(conv, &in, &left, &to, &room) == (size_t)-1) {
        free(text);
        text = NULL;
    } else {
        *to = '\0';
    }
    iconv_close(conv);
    return text;
}

static void draw(struct world *w, const struct board *b, const struct board_list *list, int number,
                 struct answer *a)
{
    struct out target = {0};
    char *mark;
    struct request r = {.host = "demo.localhost:1", .query = "", .cookie = ""};

    *a = (struct answer){0};
    board_list_target(list, number, &target);
    mark = strchr(target.data, '?');
    if (mark) {
        *mark = '\0';
        r.query = mark + 1;
    }
    r.path = target.data;
    board_answer(w, b, &r, a);
    assert_int_equal(a->status, strcmp(b->name, "challenge") == 0 ? 430 : 200);
    assert_true(a->is_list);
    out_fini(&target);
}

static struct world *frozen_world(void)
{
    static struct world w;

    world_init(&w, 7);
    w.frozen = true;
    world_set_now(&w, NOON);
    return &w;
}

static const struct board_list *find_list(const struct board *b, const char *name)
{
    size_t i;

    for (i = 0; i < b->list_count; i++)
        if (strcmp(b->lists[i].name, name) == 0)
            return &b->lists[i];
    fail_msg("no list %s", name);
    return NULL;
}

static void each_page(struct world *w, void (*look)(const struct board *, const struct board_list *,
                                                    int, struct answer *))
{
    size_t i, k;
    int number;

    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);

        for (k = 0; k < b->list_count; k++)
            for (number = b->lists[k].first; number < b->lists[k].first + b->lists[k].pages;
                 number++) {
                struct answer a;

                draw(w, b, &b->lists[k], number, &a);
                look(b, &b->lists[k], number, &a);
                answer_fini(&a);
            }
    }
}

static void look_at_encoding(const struct board *b, const struct board_list *list, int number,
                             struct answer *a)
{
    char *text = decode(&a->body, b->cp949 ? "CP949" : "UTF-8");

    if (!text)
        fail_msg("%s %s page %d does not decode", b->name, list->name, number);
    assert_true(b->hostile || strstr(text, b->cp949 ? "charset=" : "charset=\"utf-8\""));
    free(text);
}

static void every_page_decodes_strictly_in_its_charset(void **state)
{
    struct world *w = frozen_world();

    (void)state;
    each_page(w, look_at_encoding);
    world_fini(w);
}

static void ppomppu_needs_cp949_where_a_strict_euc_kr_decoder_throws(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("ppomppu");
    size_t i;

    (void)state;
    for (i = 0; i < b->list_count; i++) {
        struct answer a;

        draw(w, b, &b->lists[i], 1, &a);
        assert_null(decode(&a.body, "EUC-KR"));
        answer_fini(&a);
    }
    world_fini(w);
}

static void truth_counts_the_rows_that_the_page_shows(void **state)
{
    struct world *w = frozen_world();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct board *b = boards_find(shapes[i].board);
        const struct board_list *list = find_list(b, shapes[i].list);
        struct answer a;
        size_t blind;
        char *text;

        draw(w, b, list, list->first, &a);
        text = decode(&a.body, b->cp949 ? "CP949" : "UTF-8");
        assert_non_null(text);
        /* A blinded row of dealbada is drawn as a row; a blocked one of clien is not. */
        blind = count_of(out_text(&a.truth.excluded), "\"kind\": \"blind\"");
        assert_int_equal(count_of(text, shapes[i].row),
                         a.truth.deal_count + shapes[i].others + blind);
        assert_int_equal(count_of(out_text(&a.truth.deals), "\"key\""), a.truth.deal_count);
        free(text);
        answer_fini(&a);
    }
    world_fini(w);
}

static void first_pages_hold_what_a_crawler_must_keep_apart(void **state)
{
    static const char *const expected[][2] = {
        {"ppomppu", "notice"},
        {"ppomppu", "ad"},
        {"ppomppu", "widget"},
        {"clien", "notice"},
        {"clien", "ad"},
        {"clien", "best-duplicate"},
        {"clien", "blocked"},
        {"ruliweb", "notice"},
        {"ruliweb", "best-duplicate"},
        {"dealbada", "notice"},
        {"dealbada", "blind"},
        {"quasarzone", "notice"},
        {"quasarzone", "ad"},
        {"arca", "notice"},
        {"arca", "ad"},
        {"zod", "notice"},
        {"zod", "ad"},
        {"zod", "duplicate"},
        {"fmkorea", "notice"},
        {"fmkorea", "best-duplicate"},
        {"coolenjoy", "notice"},
        {"damoang", "notice"},
        {"eomisae", "duplicate"},
        {"ppomppu-foreign", "widget"},
        {"dealabs", "ad"},
        {"dealabs", "duplicate"},
        {"slickdeals", "ad"},
        {"slickdeals", "duplicate"},
    };
    struct world *w = frozen_world();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct board *b = boards_find(expected[i][0]);
        struct answer a;
        char kind[64];

        draw(w, b, &b->lists[0], b->lists[0].first, &a);
        snprintf(kind, sizeof(kind), "\"kind\": \"%s\"", expected[i][1]);
        if (!strstr(out_text(&a.truth.excluded), kind))
            fail_msg("%s shows no %s", expected[i][0], expected[i][1]);
        answer_fini(&a);
    }
    world_fini(w);
}

static void an_infinite_page_promises_all_hundred_rows_and_draws_twenty(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("infinite");
    struct answer a;

    (void)state;
    draw(w, b, &b->lists[0], 1, &a);
    assert_int_equal(a.truth.deal_count, 100);
    assert_int_equal(count_of(a.body.data, "<li class=\"deal"), 20);
    answer_fini(&a);
    world_fini(w);
}

static int ask(struct world *w, const char *board, const char *path, const char *query,
               const char *cookie, struct answer *a)
{
    struct request r = {.host = "demo.localhost:1", .path = path, .query = query, .cookie = cookie};

    *a = (struct answer){0};
    board_answer(w, boards_find(board), &r, a);
    return a->status;
}

static void the_third_chunk_fails_once_for_each_view_of_the_page(void **state)
{
    struct world *w = frozen_world();
    int view;

    (void)state;
    for (view = 0; view < 2; view++) {
        struct answer a;

        assert_int_equal(ask(w, "infinite", "/deals", "page=1", "", &a), 200);
        answer_fini(&a);
        assert_int_equal(ask(w, "infinite", "/more/2", "", "", &a), 200);
        assert_int_equal(count_of(a.body.data, "<li class="), 20);
        answer_fini(&a);
        assert_int_equal(ask(w, "infinite", "/more/3", "", "", &a), 500);
        answer_fini(&a);
        assert_int_equal(ask(w, "infinite", "/more/3", "", "", &a), 200);
        answer_fini(&a);
        assert_int_equal(ask(w, "infinite", "/more/5", "", "", &a), 200);
        assert_non_null(strstr(a.body.data, "\"next\":null"));
        answer_fini(&a);
    }
    world_fini(w);
}

static void the_gate_opens_to_the_cookie_that_its_script_sets(void **state)
{
    struct world *w = frozen_world();
    struct answer closed, opened;
    char cookie[64];
    unsigned number;

    (void)state;
    assert_int_equal(ask(w, "cookie-gate", "/deals", "", "", &closed), 200);
    assert_null(strstr(closed.body.data, "class=\"deal"));
    assert_int_equal(sscanf(strstr(closed.body.data, "'gate=' + ("), "'gate=' + (%u", &number), 1);
    snprintf(cookie, sizeof(cookie), "a=b; gate=%u", number + 7);
    ask(w, "cookie-gate", "/deals", "", cookie, &opened);
    assert_int_equal(count_of(opened.body.data, "<li class=\"deal"), 20);
    assert_int_equal(closed.truth.deal_count, opened.truth.deal_count);
    answer_fini(&closed);
    answer_fini(&opened);
    world_fini(w);
}

static void pages_are_the_same_bytes_while_the_clock_stands_still(void **state)
{
    struct world *w = frozen_world();
    size_t i;

    (void)state;
    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);
        struct answer one, two;

        draw(w, b, &b->lists[0], b->lists[0].first, &one);
        draw(w, b, &b->lists[0], b->lists[0].first, &two);
        assert_int_equal(one.body.len, two.body.len);
        assert_memory_equal(one.body.data, two.body.data, one.body.len);
        assert_string_equal(out_text(&one.truth.deals), out_text(&two.truth.deals));
        answer_fini(&one);
        answer_fini(&two);
    }
    world_fini(w);
}

static void new_deals_arrive_as_the_clock_moves(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("clien");
    struct answer before, after;
    char first_before[64], first_after[64];

    (void)state;
    draw(w, b, &b->lists[0], 0, &before);
    world_set_now(w, NOON + 3 * 3600);
    draw(w, b, &b->lists[0], 0, &after);
    assert_int_equal(sscanf(before.truth.deals.data, " {\"key\": \"%60[0-9]", first_before), 1);
    assert_int_equal(sscanf(after.truth.deals.data, " {\"key\": \"%60[0-9]", first_after), 1);
    assert_true(atol(first_after) > atol(first_before));
    assert_non_null(strstr(after.truth.deals.data, first_before));
    answer_fini(&before);
    answer_fini(&after);
    world_fini(w);
}

static void an_edit_shows_in_page_and_truth_and_a_deletion_in_neither(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("dealbada");
    struct deal deals[2];
    struct answer a;
    char link[64];

    (void)state;
    world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 0, 2, deals);
    world_edit_deal(w, "dealbada", deals[0].id, "[몰] 바뀐 & 제목", 1, false);
    world_edit_deal(w, "dealbada", deals[1].id, NULL, -1, true);

    draw(w, b, &b->lists[0], 1, &a);

    assert_non_null(strstr(a.body.data, "[몰] 바뀐 &amp; 제목"));
    assert_non_null(strstr(a.truth.deals.data, "\"title\": \"[몰] 바뀐 & 제목\""));
    snprintf(link, sizeof(link), "wr_id=%ld", deals[1].id);
    assert_null(strstr(a.body.data, link));
    assert_null(strstr(a.truth.deals.data, link));
    answer_fini(&a);
    world_fini(w);
}

static size_t excluded_with(struct world_knobs knobs, const char *board, const char *kind)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find(board);
    struct answer a;
    size_t count;

    w->knobs = knobs;
    draw(w, b, &b->lists[0], b->lists[0].first, &a);
    count = count_of(out_text(&a.truth.excluded), kind);
    answer_fini(&a);
    world_fini(w);
    return count;
}

static void knobs_decide_how_many_rows_are_no_deals(void **state)
{
    const struct world_knobs none = {0, 0, 0, 0, 0, 0}, many = {1000, 3, 6, 3, 3, 2};

    (void)state;
    assert_int_equal(excluded_with(none, "clien", "\"notice\""), 0);
    assert_int_equal(excluded_with(many, "clien", "\"notice\""), 3);
    assert_int_equal(excluded_with(none, "dealbada", "\"blind\""), 0);
    assert_in_range(excluded_with(many, "dealbada", "\"blind\""), 2, 5);
    assert_int_equal(excluded_with(none, "ppomppu", "\"ad\""), 0);
    assert_int_equal(excluded_with(many, "ppomppu", "\"ad\""), 8);
    assert_int_equal(excluded_with(none, "ruliweb", "\"best-duplicate\""), 0);
    assert_int_equal(excluded_with(many, "ruliweb", "\"best-duplicate\""), 3);
    assert_int_equal(excluded_with(many, "spa", "\"duplicate\""), 3);
}

/* Addresses in the doctype and the namespace are names, nobody fetches them. */
static bool is_own_or_name(const char *at)
{
    static const char *const fine[] = {"//demo.localhost:1/", "//W3C//", "//DTD ", "//EN",
                                       "//www.w3.org/"};
    size_t i;

    for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (strncmp(at, fine[i], strlen(fine[i])) == 0)
            return true;
    return false;
}

static void look_for_foreign_hosts(const struct board *b, const struct board_list *list, int number,
                                   struct answer *a)
{
    const char *at;

    for (at = strstr(a->body.data, "//"); at; at = strstr(at + 2, "//"))
        if (!is_own_or_name(at))
            fail_msg("%s %s page %d names another host: %.40s", b->name, list->name, number, at);
}

static void pages_name_no_host_but_their_own(void **state)
{
    struct world *w = frozen_world();

    (void)state;
    each_page(w, look_for_foreign_hosts);
    world_fini(w);
}

static void finds_boards_by_their_origin_only(void **state)
{
    (void)state;
    assert_ptr_equal(boards_find_host("clien.localhost:8080"), boards_find("clien"));
    assert_ptr_equal(boards_find_host("xhr-votes.localhost"), boards_find("xhr-votes"));
    assert_null(boards_find_host("clien.localhost.example:80"));
    assert_null(boards_find_host("127.0.0.1:8080"));
    assert_null(boards_find_host("localhost"));
    assert_null(boards_find_host(""));
}

static void past_the_last_page_there_are_no_deals(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("ruliweb");
    struct answer a;

    (void)state;
    draw(w, b, &b->lists[0], b->lists[0].pages + 1, &a);
    assert_int_equal(a.truth.deal_count, 0);
    answer_fini(&a);
    world_fini(w);
}

/* ---- posts ---- */

/* The truth of a post, and its page as UTF-8. */
static char *ask_post(struct world *w, const struct board *b, const struct board_post *view,
                      long id, struct answer *a)
{
    struct out target = {0};
    char *mark, *text;

    out_printf(&target, "%s%ld", view->target, id);
    mark = strchr(target.data, '?');
    if (mark)
        *mark = '\0';
    ask(w, b->name, target.data, mark ? mark + 1 : "", "", a);
    assert_true(a->is_post);
    text = decode(&a->body, b->cp949 ? "CP949" : "UTF-8");
    if (!text)
        fail_msg("%s %s %ld does not decode", b->name, view->name, id);
    out_fini(&target);
    return text;
}

/* text as it stands in HTML; to be freed. */
static char *in_html(const struct board *b, const char *text)
{
    struct out escaped = {0};

    out_html(&escaped, text, strncmp(b->name, "ppomppu", 7) == 0);
    return escaped.data;
}

static void look_at_post(struct world *w, const struct board *b, const struct board_post *view,
                         const struct deal *d)
{
    char whole[800], *title, *link, *text;
    struct answer a;

    text = ask_post(w, b, view, d->id, &a);
    if (a.truth.gone && strcmp(a.truth.gone, "blind") == 0) {
        free(text);
        answer_fini(&a);
        return;
    }
    assert_int_equal(a.status, 200);
    deal_title(d, whole, sizeof(whole));
    title = in_html(b, whole);
    link = in_html(b, d->link);
    if (!(b->cp949 && strstr(title, "&#")) && !strstr(text, title))
        fail_msg("%s %s %ld does not show its title", b->name, view->name, d->id);
    assert_int_equal(count_of(out_text(&a.truth.post), "\"posted_at\": \"20"), 1);
    assert_int_equal(strstr(out_text(&a.truth.post), "\"redirect_url\": null") != NULL,
                     d->link[0] == '\0');
    assert_true(!d->link[0] || strstr(out_text(&a.truth.post), d->link));
    free(text);
    free(title);
    free(link);
    answer_fini(&a);
}

static void every_post_is_its_row_told_in_full(void **state)
{
    static const struct board_post plain = {"post", "/deal/", NULL};
    struct world *w = frozen_world();
    size_t i, k, n;

    (void)state;
    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);
        struct deal deals[6];
        size_t count =
            world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 0, 6, deals);

        for (n = 0; n < count; n++)
            for (k = 0; k < (b->post_count ? b->post_count : 1); k++)
                look_at_post(w, b, b->posts ? &b->posts[k] : &plain, &deals[n]);
    }
    world_fini(w);
}

static void a_deleted_post_has_the_form_of_its_board(void **state)
{
    static const struct gone_form {
        const char *board;
        int status;
        const char *says;
    } forms[] = {
        {"ppomppu", 200, "history.back()"},  {"clien", 404, "삭제되었거나"},
        {"ruliweb", 404, "존재하지 않거나"}, {"dealbada", 404, "history.back()"},
        {"dialog", 200, "alert("},           {"spa", 404, "글이 없습니다"},
    };
    static const struct board_post plain = {"post", "/deal/", NULL};
    struct world *w = frozen_world();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const struct board *b = boards_find(forms[i].board);
        struct deal d;
        struct answer a;
        char *text;

        world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 0, 1, &d);
        world_edit_deal(w, b->name, d.id, NULL, -1, true);
        text = ask_post(w, b, b->posts ? &b->posts[0] : &plain, d.id, &a);
        assert_int_equal(a.status, forms[i].status);
        assert_non_null(strstr(text, forms[i].says));
        assert_string_equal(a.truth.gone, "deleted");
        assert_int_equal(a.truth.post.len, 0);
        free(text);
        answer_fini(&a);
    }
    world_fini(w);
}

static void wrappers_hide_the_address_that_truth_tells(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("ppomppu");
    struct out decoded = {0};
    struct deal d = {.link = ""};
    struct answer a;
    long skip = 0;
    char *text, *at;

    (void)state;
    while (!d.link[0])
        world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), (size_t)skip++, 1, &d);
    text = ask_post(w, b, &b->posts[0], d.id, &a);
    at = strstr(text, "http://s.demo.localhost:1/?idno=");
    assert_non_null(at);
    at = strstr(at, "target=") + strlen("target=");
    out_base64_decoded(&decoded, at, strcspn(at, "&\""));
    assert_string_equal(out_text(&decoded), d.link);
    out_fini(&decoded);
    free(text);
    answer_fini(&a);
    world_fini(w);
}

/* ---- looks ---- */

static void old_layouts_have_their_rows_and_none_of_today(void **state)
{
    static const struct old {
        const char *board, *list, *query, *row, *today;
        size_t others;
    } old[] = {
        {"ppomppu", "list-desktop", "epoch=2020", "class=\"thumb_border\"", "baseList", 0},
        {"ppomppu", "list-desktop", "epoch=2023", "class=\"common-list", "class=\"list0", 0},
        {"ppomppu", "list-mobile", "epoch=2020", "<span>[", "class=\"recs", 0},
        {"clien", "list", "epoch=2020", "</i> ", "category=1000236", 0},
        {"ruliweb", "list", "view=thumbnail", "class=\"info_article_id\"", "td class=\"hit", 1},
        {"ruliweb", "list", "view=gallery", "class=\"info_article_id\"", "body normal", 0},
    };
    struct world *w = frozen_world();
    size_t i;

    (void)state;
    w->knobs.ads = 0;
    for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        const struct board *b = boards_find(old[i].board);
        const struct board_list *list = find_list(b, old[i].list);
        struct answer a;
        char query[128], *text;

        snprintf(query, sizeof(query), "%s&page=3&po=3&%s", list->query ? list->query : "",
                 old[i].query);
        assert_int_equal(ask(w, b->name, list->path, query, "", &a), 200);
        text = decode(&a.body, b->cp949 ? "CP949" : "UTF-8");
        assert_non_null(text);
        assert_true(a.truth.deal_count >= 15);
        if (count_of(text, old[i].row) != a.truth.deal_count + old[i].others)
            fail_msg("%s %s: %zu rows, %zu in truth", b->name, old[i].query,
                     count_of(text, old[i].row), a.truth.deal_count);
        if (strcmp(old[i].today, "td class=\"hit") != 0)
            assert_null(strstr(text, old[i].today));
        free(text);
        answer_fini(&a);
    }
    world_fini(w);
}

static void a_client_rendered_page_leaves_the_same_rows_to_its_script(void **state)
{
    struct world *w = frozen_world();
    struct answer before, page, rows;

    (void)state;
    ask(w, "clien", "/service/board/jirum", "", "", &before);
    world_look_of(w, "clien")->client_rendered = true;
    ask(w, "clien", "/service/board/jirum", "", "", &page);
    ask(w, "clien", "/api/rows", "path=%2Fservice%2Fboard%2Fjirum", "", &rows);

    assert_int_equal(count_of(page.body.data, "data-board-sn="), 0);
    assert_int_equal(count_of(rows.body.data, "data-board-sn="), before.truth.deal_count);
    assert_string_equal(out_text(&page.truth.deals), out_text(&before.truth.deals));
    answer_fini(&before);
    answer_fini(&page);
    answer_fini(&rows);
    world_fini(w);
}

static void an_edit_takes_place_when_its_moment_has_come(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("clien");
    struct world_change ends = world_no_change(), opens = world_no_change();
    struct deal d;
    long slot = deal_slot_at(&b->rule, NOON - 86400);

    (void)state;
    while (!world_deal(w, &b->rule, NOON, slot, &d))
        slot--;
    ends.at = NOON + 600;
    ends.sold = 1;
    ends.price = "77,700원";
    ends.view = 3;
    opens.at = NOON + 1200;
    opens.sold = 0;
    world_change_deal(w, "clien", d.id, &opens);
    world_change_deal(w, "clien", d.id, &ends);

    assert_true(world_deal(w, &b->rule, NOON + 599, slot, &d));
    assert_null(strstr(d.name, "77,700원"));
    assert_true(world_deal(w, &b->rule, NOON + 600, slot, &d));
    assert_true(d.sold_out);
    assert_non_null(strstr(d.name, "(77,700원"));
    assert_int_equal(d.view, 3);
    assert_true(world_deal(w, &b->rule, NOON + 1200, slot, &d));
    assert_false(d.sold_out);
    world_fini(w);
}

static void a_pinned_deal_is_one_deal(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("ppomppu");
    struct world_change pin = world_no_change();
    struct deal d;
    struct answer a;
    char key[48];

    (void)state;
    world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 4, 1, &d);
    pin.pinned = 1;
    world_change_deal(w, "ppomppu", d.id, &pin);
    draw(w, b, &b->lists[1], 1, &a);

    snprintf(key, sizeof(key), "{\"key\": \"%ld\"", d.id);
    assert_int_equal(count_of(a.truth.deals.data, key), 1);
    snprintf(key, sizeof(key), "&no=%ld\"  >", d.id);
    assert_int_equal(count_of(a.body.data, key), 2);
    answer_fini(&a);
    world_fini(w);
}

static void pages_shift_and_titles_are_cut_on_demand(void **state)
{
    struct world *w = frozen_world();
    const struct board *b = boards_find("dealbada");
    struct world_look *look = world_look_of(w, "dealbada");
    struct answer a;
    struct deal last;
    char key[48];

    (void)state;
    look->shift = 3;
    look->truncate = 12;
    world_deals_from(w, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 14, 1, &last);
    draw(w, b, &b->lists[0], 2, &a);

    snprintf(key, sizeof(key), "\"key\": \"%ld\"", last.id);
    assert_non_null(strstr(a.truth.deals.data, key));
    assert_true(count_of(a.truth.deals.data, "\"truncated\": true") >= 10);
    assert_true(count_of(a.truth.deals.data, "...\"") >= 10);
    answer_fini(&a);
    world_fini(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_decodes_strictly_in_its_charset),
        cmocka_unit_test(ppomppu_needs_cp949_where_a_strict_euc_kr_decoder_throws),
        cmocka_unit_test(truth_counts_the_rows_that_the_page_shows),
        cmocka_unit_test(first_pages_hold_what_a_crawler_must_keep_apart),
        cmocka_unit_test(an_infinite_page_promises_all_hundred_rows_and_draws_twenty),
        cmocka_unit_test(the_third_chunk_fails_once_for_each_view_of_the_page),
        cmocka_unit_test(the_gate_opens_to_the_cookie_that_its_script_sets),
        cmocka_unit_test(pages_are_the_same_bytes_while_the_clock_stands_still),
        cmocka_unit_test(new_deals_arrive_as_the_clock_moves),
        cmocka_unit_test(an_edit_shows_in_page_and_truth_and_a_deletion_in_neither),
        cmocka_unit_test(knobs_decide_how_many_rows_are_no_deals),
        cmocka_unit_test(pages_name_no_host_but_their_own),
        cmocka_unit_test(finds_boards_by_their_origin_only),
        cmocka_unit_test(every_post_is_its_row_told_in_full),
        cmocka_unit_test(a_deleted_post_has_the_form_of_its_board),
        cmocka_unit_test(wrappers_hide_the_address_that_truth_tells),
        cmocka_unit_test(old_layouts_have_their_rows_and_none_of_today),
        cmocka_unit_test(a_client_rendered_page_leaves_the_same_rows_to_its_script),
        cmocka_unit_test(an_edit_takes_place_when_its_moment_has_come),
        cmocka_unit_test(a_pinned_deal_is_one_deal),
        cmocka_unit_test(pages_shift_and_titles_are_cut_on_demand),
        cmocka_unit_test(past_the_last_page_there_are_no_deals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
