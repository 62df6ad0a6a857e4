/* SPDX-License-Identifier: MIT */
/* test_crawl_visits.c - which posts a run reads. */
#include "crawl/visits.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CONF                                                                                 \
    "[list]\nurl = https://www.x.example/\n[layout one]\nrows = li\n[one.key]\ncss = @id\n"  \
    "[one.title]\ncss = a\n[one.url]\ncss = a\n[post]\nmatch = h1\n[post.title]\ncss = h1\n" \
    "[post.redirect_url]\ncss = a\n"

#define EXACT INT64_C(1795320327000)
#define MINUTE INT64_C(1795320300000)

struct fixture {
    struct site *site;
    struct visits visits;
};

static void begin(struct fixture *f, const char *more)
{
    char *text = mem_printf("%s%s", CONF, more);
    struct err err;

    if (site_load_text("x/site.conf", "x", text, NULL, NULL, &f->site, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(text);
    visits_init(&f->visits, f->site);
}

static void end(struct fixture *f)
{
    visits_fini(&f->visits);
    site_free(&f->site);
}

static struct deal_row row(const char *key)
{
    return (struct deal_row){.key = key,
                             .url = "https://x.example/1",
                             .title = "t",
                             .posted_at_ms = CLOCK_NONE,
                             .price_e2 = DEAL_UNKNOWN,
                             .view = DEAL_UNKNOWN,
                             .comment = DEAL_UNKNOWN,
                             .like = DEAL_UNKNOWN,
                             .score = DEAL_UNKNOWN};
}

static void add_rows(struct fixture *f, struct deal_row *rows, int n)
{
    const struct row_set page = {.url = "https://www.x.example/list?page=1", .rows = rows, .n = n};

    visits_add_page(&f->visits, &page);
}

static struct store_known known(const char *key)
{
    return (struct store_known){.key = key, .post_read_at_ms = CLOCK_NONE, .updated_at_ms = 1000};
}

/* The keys that are left, joined. */
static void expect_visits(struct fixture *f, const char *expected)
{
    const struct visit *visit;
    struct buf keys;

    buf_init(&keys, BUF_MAX_DEFAULT);
    while ((visit = visits_next(&f->visits)))
        buf_addf(&keys, "%s%s", keys.len ? " " : "", visit->key);
    assert_string_equal(buf_str(&keys), expected);
    buf_fini(&keys);
}

static void visits_what_neither_list_nor_store_knows(void **state)
{
    struct fixture f = {0};
    struct deal_row rows[] = {row("new"), row("linked"), row("known"), row("read"), row("lacking")};
    struct store_known stored[] = {known("known"), known("read"), known("lacking")};

    (void)state;
    begin(&f, "");
    rows[1].redirect_url = "https://shop.example/1";
    stored[0].has_redirect_url = true;
    stored[1].post_read_at_ms = 1; /* it has no link, and was asked once */
    add_rows(&f, rows, ARRAY_LEN(rows));
    visits_choose(&f.visits, stored, ARRAY_LEN(stored));

    expect_visits(&f, "new lacking");
    end(&f);
}

static void visits_for_a_cut_title_and_a_coarse_time(void **state)
{
    struct fixture f = {0};
    struct deal_row rows[] = {row("cut"), row("whole"), row("coarse"), row("exact"),
                              row("completed")};
    struct store_known stored[] = {known("completed")};

    (void)state;
    begin(&f, "[post.posted_at]\ncss = .t\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rows[i].redirect_url = "https://shop.example/1";
        rows[i].posted_at_ms = EXACT;
    }
    rows[0].title_is_cut = rows[4].title_is_cut = true;
    rows[2].posted_at_ms = MINUTE;
    stored[0].has_posted_at = true;
    add_rows(&f, rows, ARRAY_LEN(rows));
    visits_choose(&f.visits, stored, ARRAY_LEN(stored));

    expect_visits(&f, "cut coarse");
    end(&f);
}

static void visits_new_and_changed_ones_when_told_always(void **state)
{
    struct fixture f = {0};
    struct deal_row rows[] = {row("new"), row("unread"), row("changed"), row("same")};
    struct store_known stored[] = {known("unread"), known("changed"), known("same")};

    (void)state;
    begin(&f, "[post.view]\ncss = .v\n");
    f.site->post_when = SITE_POST_ALWAYS;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i].redirect_url = "https://shop.example/1";
    stored[1].post_read_at_ms = 999; /* updated_at is 1000 */
    stored[2].post_read_at_ms = 1000;
    add_rows(&f, rows, ARRAY_LEN(rows));
    visits_choose(&f.visits, stored, ARRAY_LEN(stored));

    expect_visits(&f, "new unread changed");
    end(&f);
}

static void visits_at_most_max_newest_first_over_all_pages(void **state)
{
    struct fixture f = {0};
    struct deal_row first[] = {row("9"), row("8"), row("7")}, second[] = {row("7"), row("6")};

    (void)state;
    begin(&f, "");
    f.site->post_max = 4;
    add_rows(&f, first, ARRAY_LEN(first));
    add_rows(&f, second, ARRAY_LEN(second));
    assert_int_equal(f.visits.n, 4);
    f.visits.at = 0;
    f.site->post_max = 2;
    visits_choose(&f.visits, NULL, 0);

    expect_visits(&f, "9 8");
    end(&f);
}

static void goes_nowhere_a_page_sends_us(void **state)
{
    struct fixture f = {0};
    struct deal_row rows[] = {row("here"),      row("mobile"), row("below"),
                              row("elsewhere"), row("alike"),  row("gone")};

    (void)state;
    begin(&f, "");
    rows[1].url = "https://m.x.example/2";
    rows[2].url = "https://bbs.x.example/3";
    rows[3].url = "https://other.example/4";
    rows[4].url = "https://notx.example/5";
    rows[5].gone = true;
    add_rows(&f, rows, ARRAY_LEN(rows));
    visits_choose(&f.visits, NULL, 0);

    expect_visits(&f, "here mobile below");
    end(&f);
}

static void a_post_fills_only_what_the_list_left_open(void **state)
{
    struct deal_row list = row("1"), post = row(NULL);

    (void)state;
    list.posted_at_ms = MINUTE;
    list.mall = "list's";
    list.view = 5;
    list.title_is_cut = true;
    post.title = "whole title";
    post.mall = "post's";
    post.redirect_url = "https://shop.example/1";
    post.posted_at_ms = EXACT;
    post.view = 7;
    post.like = 3;
    visits_fill_row(&list, &post);

    assert_string_equal(list.title, "whole title");
    assert_false(list.title_is_cut);
    assert_string_equal(list.mall, "list's");
    assert_string_equal(list.redirect_url, "https://shop.example/1");
    assert_true(list.posted_at_ms == EXACT);
    assert_int_equal(list.view, 5);
    assert_int_equal(list.like, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(visits_what_neither_list_nor_store_knows),
        cmocka_unit_test(visits_for_a_cut_title_and_a_coarse_time),
        cmocka_unit_test(visits_new_and_changed_ones_when_told_always),
        cmocka_unit_test(visits_at_most_max_newest_first_over_all_pages),
        cmocka_unit_test(goes_nowhere_a_page_sends_us),
        cmocka_unit_test(a_post_fills_only_what_the_list_left_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
