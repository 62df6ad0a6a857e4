/* SPDX-License-Identifier: MIT */
/* test_boards_pages.c - the list pages of the demo boards: bytes, truth, and what knobs and edits change. */
#include "test_boards_pages.h"

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
        cmocka_unit_test(past_the_last_page_there_are_no_deals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
