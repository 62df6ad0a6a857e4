/* SPDX-License-Identifier: MIT */
/* test_crawl_extract.c - from the in-page program's answer to typed rows. */
#include "crawl/extract.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char CONF[] = "[site]\nname = 시험\nid_prefix = test\ntimezone = Asia/Seoul\n"
                           "[list]\nurl = https://x.example/\n"
                           "[layout one]\nmatch = ul\nrows = li\n"
                           "[one.key]\ncss = @id\n[one.title]\ncss = a\n[one.url]\ncss = a\n"
                           "[one.posted_at]\ncss = time\n[one.view]\ncss = .v\n"
                           "[one.comment]\ncss = .c\n[one.sold_out]\ncss = .s\n"
                           "[score]\nview = 0.01\nlike = 10\ncomment = 2\n";

/* What the page answers around its rows. */
#define ANSWER(rows)                                                                              \
    "{\"status\":200,\"url\":\"https://x.example/\",\"title\":\"t\",\"layout\":\"one\","          \
    "\"ready\":true,\"waited_ms\":160,\"seen\":5,\"rows\":[" rows "],"                            \
    "\"skipped\":{\"skip .ad\":2},\"fields\":{\"view\":{\"matched\":3,\"valued\":2,\"many\":1}}," \
    "\"html_length\":1234,\"text_head\":\"head\"}"

#define ROW(key, more)                                                                             \
    "{\"key\":\"" key "\",\"title\":\"[몰] 제품 (1,000원/무료)\",\"url\":\"https://x.example/" key \
    "\"" more "}"

struct fixture {
    struct site *site;
    struct jdoc *doc;
    struct row_set *set;
    struct err err;
    int result;
};

static int64_t now_ms(void)
{
    struct err err;
    int64_t ms;

    assert_int_equal(clock_parse_rfc3339("2026-11-22T13:05:00+09:00", &ms, &err), 0);
    return ms;
}

static void read_answer(struct fixture *f, const char *answer)
{
    char *bytes = mem_strdup(answer);

    if (!f->site && site_load_text("x/site.conf", "x", CONF, NULL, NULL, &f->site, &f->err) < 0)
        fail_msg("%s", f->err.text);
    row_set_free(&f->set);
    jdoc_free(&f->doc);
    if (jdoc_parse(bytes, strlen(bytes), &f->doc, &f->err) < 0)
        fail_msg("%s", f->err.text);
    f->result = extract_read(f->site, jdoc_root(f->doc), now_ms(), &f->set, &f->err);
    mem_free(bytes);
}

static int make(void **state)
{
    *state = mem_new(struct fixture);
    return 0;
}

static int drop(void **state)
{
    struct fixture *f = *state;

    row_set_free(&f->set);
    jdoc_free(&f->doc);
    site_free(&f->site);
    mem_free(f);
    return 0;
}

static void gives_text_its_meaning(void **state)
{
    struct fixture *f = *state;
    const struct deal_row *deal;
    char time[CLOCK_RFC3339_BYTES];

    read_answer(f, ANSWER(ROW("7", ",\"posted_at\":\"26.11.21 09:08:07\",\"view\":\"16.7 k\","
                                   "\"comment\":\"(5)\",\"sold_out\":\"1\","
                                   "\"image\":\"https://i.example/1.jpg\",\"category\":\"식품\"")));

    assert_int_equal(f->result, 0);
    assert_int_equal(f->set->n, 1);
    deal = &f->set->rows[0];
    assert_string_equal(deal->site, "x");
    assert_string_equal(deal->website, "시험");
    assert_string_equal(deal->key, "7");
    assert_string_equal(deal->title, "[몰] 제품 (1,000원/무료)");
    assert_string_equal(deal->url, "https://x.example/7");
    assert_string_equal(deal->image_url, "https://i.example/1.jpg");
    assert_string_equal(deal->category, "식품");
    assert_string_equal(deal->mall, "몰");
    assert_string_equal(deal->currency, "KRW");
    assert_int_equal(deal->price_e2, 100000);
    assert_int_equal(deal->view, 16700);
    assert_int_equal(deal->comment, 5);
    assert_int_equal(deal->score, 177);
    assert_true(deal->sold_out);
    assert_null(deal->redirect_url);
    clock_format_local(f->site->zone, deal->posted_at_ms, time);
    assert_string_equal(time, "2026-11-21T09:08:07+09:00");
}

static void follows_the_wrapped_link_to_the_shop(void **state)
{
    struct fixture *f = *state;

    read_answer(
        f,
        ANSWER(ROW(
            "7",
            ",\"redirect_url\":\"https://web.x.example/link.php?"
            "ol=https%3A%2F%2Fwww.shop.example%2Fgoods%2F5123%3Fgclid%3D1\"") "," ROW("8",
                                                                                      ",\"redir"
                                                                                      "ect_"
                                                                                      "url\":"
                                                                                      "\"javasc"
                                                                                      "ript:"
                                                                                      "goToLink"
                                                                                      "('"
                                                                                      "aHR0cHM6"
                                                                                      "Ly9zaG9w"
                                                                                      "LmV4YW1w"
                                                                                      "bGUv')"
                                                                                      "\"") "," ROW("9",
                                                                                                    ",\"redirect_url\":\"javascript:void(0)\"")));

    assert_int_equal(f->set->n, 3);
    assert_string_equal(f->set->rows[0].redirect_url,
                        "https://www.shop.example/goods/5123?gclid=1");
    assert_string_equal(f->set->rows[0].shop_key, "shop.example/goods/5123");
    assert_string_equal(f->set->rows[1].redirect_url, "https://shop.example/");
    assert_null(f->set->rows[1].shop_key);
    assert_null(f->set->rows[2].redirect_url);
}

static void tells_what_the_row_proves_of_title_and_life(void **state)
{
    struct fixture *f = *state;

    read_answer(f, ANSWER(ROW("7", ",\"title_cut\":\"1\"") "," ROW("8", ",\"gone\":\"1\"")));

    assert_true(f->set->rows[0].title_is_cut);
    assert_false(f->set->rows[0].gone);
    assert_true(f->set->rows[1].gone);
    assert_false(f->set->rows[1].title_is_cut);
    assert_false(f->set->rows[0].sold_out_unknown);
}

#define POST_ANSWER(layout, rows, more)                                                  \
    "{\"status\":200,\"url\":\"https://x.example/7\",\"title\":\"t\",\"layout\":" layout \
    ",\"ready\":true,\"waited_ms\":160,\"seen\":1,\"rows\":[" rows                       \
    "],\"skipped\":{},\"fields\":{},"                                                    \
    "\"html_length\":1234,\"text_head\":\"head\"" more "}"

static void read_post_answer(struct fixture *f, const char *answer)
{
    static const char post[] = "[post]\nmatch = h1\n[post.title]\ncss = h1\n[post.view]\ncss = .v\n"
                               "[post.redirect_url]\ncss = a\n[post.image]\ncss = img\n";
    char *conf = mem_printf("%s%s", CONF, post);
    char *bytes = mem_strdup(answer);

    if (!f->site && site_load_text("x/site.conf", "x", conf, NULL, NULL, &f->site, &f->err) < 0)
        fail_msg("%s", f->err.text);
    mem_free(conf);
    row_set_free(&f->set);
    jdoc_free(&f->doc);
    if (jdoc_parse(bytes, strlen(bytes), &f->doc, &f->err) < 0)
        fail_msg("%s", f->err.text);
    f->result = extract_read_post(f->site, jdoc_root(f->doc), now_ms(), &f->set, &f->err);
    mem_free(bytes);
}

static void reads_what_a_post_tells_and_no_more(void **state)
{
    struct fixture *f = *state;
    const struct deal_row *deal;

    read_post_answer(
        f, POST_ANSWER("\"post\"",
                       "{\"title\":\"[몰] 제품 (1,000원/무료)\",\"view\":\"9,701\","
                       "\"redirect_url\":\"https://unsafelink.com/https://shop.example/1\","
                       "\"image\":null}",
                       ",\"gone\":null"));

    assert_int_equal(f->result, 0);
    assert_string_equal(f->set->layout, "post");
    assert_int_equal(f->set->n, 1);
    deal = &f->set->rows[0];
    assert_string_equal(deal->title, "[몰] 제품 (1,000원/무료)");
    assert_string_equal(deal->redirect_url, "https://shop.example/1");
    assert_int_equal(deal->price_e2, 100000);
    assert_int_equal(deal->view, 9701);
    assert_true(deal->like == DEAL_UNKNOWN); /* no rule */
    assert_true(deal->score == DEAL_UNKNOWN);
    assert_true(deal->sold_out_unknown);
    assert_true(deal->posted_at_ms == CLOCK_NONE);
    assert_null(deal->image_url);
    assert_null(deal->key);
}

static void hands_on_the_words_that_say_that_a_post_is_gone(void **state)
{
    struct fixture *f = *state;

    read_post_answer(f, POST_ANSWER("null", "", ",\"gone\":\"없는 글\""));

    assert_int_equal(f->set->n, 0);
    assert_null(f->set->layout);
    assert_string_equal(f->set->gone, "없는 글");

    read_post_answer(f, POST_ANSWER("\"one\"", "", "")); /* a list's layout on a post */

    assert_int_equal(f->result, -1);
    assert_int_equal(f->err.code, ERR_PROTOCOL);
}

static void makes_the_public_id_from_site_and_key(void **state)
{
    struct fixture *f = *state;

    read_answer(f, ANSWER(ROW("7", "")));

    /* printf 'x\0007' | sha256sum | cut -c1-12 */
    assert_string_equal(f->set->rows[0].product_id, "test_b15f9b5e12ca");
}

static void knows_absent_from_zero(void **state)
{
    struct fixture *f = *state;
    const struct deal_row *deal;

    read_answer(f, ANSWER(ROW("7", ",\"view\":null,\"comment\":null,\"posted_at\":null")));

    deal = &f->set->rows[0];
    assert_true(deal->view == DEAL_UNKNOWN);
    assert_int_equal(deal->comment, 0);
    assert_true(deal->like == DEAL_UNKNOWN); /* this site has no rule for it */
    assert_true(deal->posted_at_ms == CLOCK_NONE);
    assert_int_equal(deal->score, 0);
    assert_false(deal->sold_out);
    assert_null(deal->image_url);
    assert_null(deal->category);
}

static void leaves_coarse_times_unset(void **state)
{
    struct fixture *f = *state;

    read_answer(f, ANSWER(ROW("1", ",\"posted_at\":\"11-21\"") "," ROW(
                       "2", ",\"posted_at\":\"3분 전\"") "," ROW("3", ",\"posted_at\":\"13:01\"")));

    assert_int_equal(f->set->n, 3);
    assert_true(f->set->rows[0].posted_at_ms == CLOCK_NONE);
    assert_true(f->set->rows[1].posted_at_ms == CLOCK_NONE);
    assert_int_equal(f->set->rows[2].posted_at_ms, now_ms() - 4 * 60 * 1000);
    /* They still say when it was at the latest: the end of that day, three minutes ago. */
    assert_true(f->set->rows[0].posted_before_ms < now_ms());
    assert_true(f->set->rows[0].posted_before_ms > now_ms() - (int64_t)24 * 3600 * 1000);
    assert_int_equal(f->set->rows[1].posted_before_ms, now_ms() - 3 * 60 * 1000);
    assert_int_equal(f->set->rows[2].posted_before_ms, 0);
}

static void keeps_the_first_row_of_a_key(void **state)
{
    struct fixture *f = *state;

    read_answer(
        f, ANSWER(ROW("1", ",\"view\":\"10\"") "," ROW("2", "") "," ROW("1", ",\"view\":\"20\"")));

    assert_int_equal(f->set->n, 2);
    assert_int_equal(f->set->duplicates, 1);
    assert_int_equal(f->set->rows[0].view, 10);
    assert_string_equal(f->set->rows[1].key, "2");
}

static void drops_rows_without_key_title_or_web_address(void **state)
{
    struct fixture *f = *state;

    read_answer(f, ANSWER("{\"key\":null,\"title\":\"a\",\"url\":\"http://a/\"},"
                          "{\"key\":\"\",\"title\":\"a\",\"url\":\"http://a/\"},"
                          "{\"key\":\"1\",\"title\":null,\"url\":\"http://a/\"},"
                          "{\"key\":\"2\",\"title\":\"a\",\"url\":null},"
                          "{\"key\":\"3\",\"title\":\"a\",\"url\":\"javascript:x()\"},"
                          "{\"key\":\"4\",\"title\":\"a\",\"url\":\"file:///etc/passwd\"},"
                          "7,null,[]," ROW("5", ",\"image\":\"data:image/gif;base64,AA\"")));

    assert_int_equal(f->set->n, 1);
    assert_string_equal(f->set->rows[0].key, "5");
    assert_null(f->set->rows[0].image_url);
}

static void cuts_an_endless_title_between_characters(void **state)
{
    struct fixture *f = *state;
    struct buf answer;
    const char *title;

    buf_init(&answer, BUF_MAX_DEFAULT);
    buf_adds(&answer,
             "{\"layout\":\"one\",\"rows\":[{\"key\":\"1\",\"url\":\"http://a/\",\"title\":\"a");
    for (int i = 0; i < 2000; i++)
        buf_adds(&answer, "뷁");
    buf_adds(&answer, "\"}]}");
    read_answer(f, buf_str(&answer));
    buf_fini(&answer);

    title = f->set->rows[0].title;
    assert_true(strlen(title) <= 1024 && strlen(title) > 1020);
    assert_true(str_utf8_valid(title, strlen(title)));
}

static void cuts_an_endless_address_of_the_page(void **state)
{
    struct fixture *f = *state;
    struct buf answer;

    buf_init(&answer, BUF_MAX_DEFAULT);
    buf_adds(&answer, "{\"layout\":\"one\",\"rows\":[],\"url\":\"http://a/");
    for (int i = 0; i < 5000; i++)
        buf_adds(&answer, "뷁");
    buf_adds(&answer, "\"}");
    read_answer(f, buf_str(&answer));
    buf_fini(&answer);

    assert_true(strlen(f->set->url) <= 2048 && strlen(f->set->url) > 2044);
}

static void tells_what_the_page_was(void **state)
{
    struct fixture *f = *state;

    read_answer(f, ANSWER(""));

    assert_int_equal(f->set->n, 0);
    assert_int_equal(f->set->status, 200);
    assert_string_equal(f->set->layout, "one");
    assert_string_equal(f->set->text_head, "head");
    assert_true(f->set->ready);
    assert_int_equal(f->set->waited_ms, 160);
    assert_int_equal(f->set->html_bytes, 1234);
    assert_int_equal(f->set->seen, 5);
    assert_int_equal(f->set->n_skips, 1);
    assert_string_equal(f->set->skips[0].rule, "skip .ad");
    assert_int_equal(f->set->skips[0].n, 2);
    assert_int_equal(f->set->n_fields, 1);
    assert_int_equal(f->set->fields[0].matched, 3);
    assert_int_equal(f->set->fields[0].valued, 2);
    assert_int_equal(f->set->fields[0].many, 1);
}

static void takes_a_bare_price_in_the_currency_of_the_board_and_none_from_its_titles(void **state)
{
    static const char euro[] = "[site]\ncurrency = EUR\n"
                               "[list]\nurl = https://x.example/\n[layout one]\nrows = li\n"
                               "[one.key]\ncss = @id\n[one.title]\ncss = a\n[one.url]\ncss = a\n"
                               "[one.price]\ncss = @data-row\njson = thread.price\n";
    struct fixture *f = *state;

    if (site_load_text("x/site.conf", "x", euro, NULL, NULL, &f->site, &f->err) < 0)
        fail_msg("%s", f->err.text);

    read_answer(f, ANSWER(ROW("1", ",\"price\":\"151.99\"") "," ROW("2", "")));

    assert_int_equal(f->result, 0);
    assert_int_equal(f->set->rows[0].price_e2, 15199);
    assert_string_equal(f->set->rows[0].currency, "EUR");
    assert_int_equal(f->set->rows[1].price_e2, DEAL_UNKNOWN);
}

static void accepts_a_page_without_a_layout(void **state)
{
    struct fixture *f = *state;

    read_answer(f, "{\"status\":403,\"layout\":null,\"rows\":[],\"text_head\":\"Just a moment\"}");

    assert_int_equal(f->result, 0);
    assert_null(f->set->layout);
    assert_int_equal(f->set->n, 0);
    assert_int_equal(f->set->status, 403);
}

static void tells_where_a_refused_selector_stands(void **state)
{
    struct fixture *f = *state;

    read_answer(f, "{\"error\":{\"rule\":\"one.title.css\",\"n\":0,\"expected\":\"a CSS selector\","
                   "\"text\":\"'a' is not a valid selector.\"}}");

    assert_int_equal(f->result, -1);
    assert_null(f->set);
    assert_int_equal(f->err.code, ERR_SITE);
    assert_string_equal(f->err.text,
                        "x/site.conf:13: one.title.css: \"a\": expected a CSS selector: "
                        "'a' is not a valid selector.");
}

static void refuses_an_answer_of_another_shape(void **state)
{
    static const char *const answers[] = {
        "null", "7", "{}", "[]", "{\"rows\":{}}", "{\"layout\":\"other\",\"rows\":[]}"};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        read_answer(f, answers[i]);
        assert_int_equal(f->result, -1);
        assert_null(f->set);
        assert_int_equal(f->err.code, ERR_PROTOCOL);
    }
}

static void carries_the_programs_of_the_page(void **state)
{
    (void)state;
    assert_non_null(strstr(extract_program(), "async function extract(arg, dialog)"));
    assert_non_null(strstr(extract_prelude(), "stopImmediatePropagation"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_text_its_meaning, make, drop),
        cmocka_unit_test_setup_teardown(makes_the_public_id_from_site_and_key, make, drop),
        cmocka_unit_test_setup_teardown(follows_the_wrapped_link_to_the_shop, make, drop),
        cmocka_unit_test_setup_teardown(tells_what_the_row_proves_of_title_and_life, make, drop),
        cmocka_unit_test_setup_teardown(reads_what_a_post_tells_and_no_more, make, drop),
        cmocka_unit_test_setup_teardown(hands_on_the_words_that_say_that_a_post_is_gone, make,
                                        drop),
        cmocka_unit_test_setup_teardown(knows_absent_from_zero, make, drop),
        cmocka_unit_test_setup_teardown(leaves_coarse_times_unset, make, drop),
        cmocka_unit_test_setup_teardown(keeps_the_first_row_of_a_key, make, drop),
        cmocka_unit_test_setup_teardown(
            takes_a_bare_price_in_the_currency_of_the_board_and_none_from_its_titles, make, drop),
        cmocka_unit_test_setup_teardown(drops_rows_without_key_title_or_web_address, make, drop),
        cmocka_unit_test_setup_teardown(cuts_an_endless_title_between_characters, make, drop),
        cmocka_unit_test_setup_teardown(cuts_an_endless_address_of_the_page, make, drop),
        cmocka_unit_test_setup_teardown(tells_what_the_page_was, make, drop),
        cmocka_unit_test_setup_teardown(accepts_a_page_without_a_layout, make, drop),
        cmocka_unit_test_setup_teardown(tells_where_a_refused_selector_stands, make, drop),
        cmocka_unit_test_setup_teardown(refuses_an_answer_of_another_shape, make, drop),
        cmocka_unit_test(carries_the_programs_of_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
