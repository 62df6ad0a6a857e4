/* SPDX-License-Identifier: MIT */
/* test_boards_posts.c - the demo boards' posts, and the looks that their pages can take on. */
#include "test_boards_pages.h"

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
        cmocka_unit_test(every_post_is_its_row_told_in_full),
        cmocka_unit_test(a_deleted_post_has_the_form_of_its_board),
        cmocka_unit_test(wrappers_hide_the_address_that_truth_tells),
        cmocka_unit_test(old_layouts_have_their_rows_and_none_of_today),
        cmocka_unit_test(a_client_rendered_page_leaves_the_same_rows_to_its_script),
        cmocka_unit_test(an_edit_takes_place_when_its_moment_has_come),
        cmocka_unit_test(a_pinned_deal_is_one_deal),
        cmocka_unit_test(pages_shift_and_titles_are_cut_on_demand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
