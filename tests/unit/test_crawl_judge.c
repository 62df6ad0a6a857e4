/* SPDX-License-Identifier: MIT */
/* test_crawl_judge.c - the verdict on a page, and whether a second try makes sense. */
#include "crawl/judge.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct row_set page(int status, const char *layout, bool ready, int rows, const char *title)
{
    return (struct row_set){
        .status = status,
        .layout = layout,
        .ready = ready,
        .waited_ms = 5000,
        .n = rows,
        .seen = rows,
        .title = title,
        .url = "http://board/list",
        .text_head = "",
    };
}

static void names_why_a_page_is_not_stored(void **state)
{
    const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    const struct {
        struct row_set page;
        enum err_code code;
    } rows[] = {
        {page(200, "plain", true, 20, "List"), ERR_OK},
        {page(0, "plain", true, 10, "List"), ERR_OK},
        {page(200, "plain", false, 20, "late, but the rows are there"), ERR_OK},
        {page(200, "plain", true, 9, "List"), ERR_EMPTY},
        {page(200, "plain", false, 9, "List"), ERR_TIMEOUT},
        {page(200, NULL, false, 0, "Redesign"), ERR_DRIFT},
        {page(200, NULL, false, 0, "Just a moment..."), ERR_BLOCKED},
        {page(200, NULL, false, 0, "에펨코리아 보안 시스템"), ERR_BLOCKED},
        {page(200, "plain", true, 20, "Just a moment is a song"), ERR_OK},
        {page(403, NULL, false, 0, ""), ERR_BLOCKED},
        {page(430, NULL, false, 0, ""), ERR_BLOCKED},
        {page(429, "plain", true, 20, ""), ERR_RATE_LIMITED},
        {page(503, NULL, false, 0, ""), ERR_HTTP_STATUS},
        {page(404, "plain", true, 20, ""), ERR_HTTP_STATUS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {.code = ERR_OK};
        int rc = judge_page(&site, &rows[i].page, &err);

        assert_int_equal(rc, rows[i].code == ERR_OK ? 0 : -1);
        if (rows[i].code != err.code)
            fail_msg("row %zu: expected %s, got %s (%s)", i, err_reason(rows[i].code),
                     err_reason(err.code), err.text);
    }
}

static struct row_set post(int status, const char *layout, const char *gone, const char *title)
{
    struct row_set set = page(status, layout, true, layout != NULL, title);

    set.what = SITE_POST;
    set.gone = gone;
    set.text_head = "text";
    return set;
}

/* It is as it is: to try again, or to say "timeout", would be wrong. */
static void a_fetched_list_without_its_rows_is_empty(void **state)
{
    const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    struct row_set fetched = page(200, "plain", false, 0, "List");
    struct err err;

    (void)state;
    fetched.waited_ms = 0;
    assert_int_equal(judge_page(&site, &fetched, &err), -1);
    assert_int_equal(err.code, ERR_EMPTY);
    assert_true(judge_may_be_drawn(err.code));
    assert_false(judge_is_passing(err.code, 200));
}

static void a_page_that_is_still_loading_is_late_and_has_not_changed(void **state)
{
    struct deal_row no_title = {0};
    const struct site site = {
        .id = "a", .path = "sites/a/site.conf", .min_rows = 10, .gone_status = {{404}, 1}};
    struct row_set list = page(200, NULL, false, 0, "List");
    struct row_set wall = page(200, NULL, false, 0, "Just a moment...");
    struct row_set post_page = post(200, NULL, NULL, "Post");
    struct err err;

    (void)state;
    list.unfinished = wall.unfinished = post_page.unfinished = true;
    assert_int_equal(judge_page(&site, &list, &err), -1);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_int_equal(judge_page(&site, &wall, &err), -1);
    assert_int_equal(err.code, ERR_BLOCKED);
    assert_int_equal(judge_post(&site, &post_page, &err), ALIVE_UNKNOWN);
    assert_int_equal(err.code, ERR_TIMEOUT);
    post_page.layout = "post";
    post_page.rows = &no_title;
    post_page.n = 0;
    assert_int_equal(judge_post(&site, &post_page, &err), ALIVE_UNKNOWN);
    assert_int_equal(err.code, ERR_TIMEOUT);
    list.layout = "plain";
    list.n = list.seen = 20;
    assert_int_equal(judge_page(&site, &list, &err), 0);
}

static void a_post_is_dead_only_by_proof(void **state)
{
    const struct site site = {
        .id = "a", .path = "sites/a/site.conf", .gone_status = {{404, 410}, 2}};
    struct deal_row here = {.title = "x"}, blinded = {.gone = true};
    const struct {
        struct row_set page;
        enum store_verdict verdict;
        enum err_code code;
    } rows[] = {
        {post(200, "post", NULL, "Post"), ALIVE_HERE, ERR_OK},
        {post(0, "post", NULL, "Post"), ALIVE_HERE, ERR_OK},
        {post(200, NULL, "no such post", ""), ALIVE_GONE_MARK, ERR_OK},
        {post(0, NULL, "no such post", ""), ALIVE_GONE_MARK, ERR_OK}, /* alert() and a step back */
        {post(404, NULL, "no such post", ""), ALIVE_GONE_MARK, ERR_OK},
        {post(404, NULL, NULL, "404"), ALIVE_ABSENT, ERR_OK},
        {post(410, NULL, NULL, "gone"), ALIVE_ABSENT, ERR_OK},
        {post(404, NULL, NULL, "Just a moment..."), ALIVE_UNKNOWN, ERR_BLOCKED},
        {post(200, NULL, "no such post", "보안 시스템"), ALIVE_UNKNOWN, ERR_BLOCKED},
        {post(403, NULL, "no such post", ""), ALIVE_UNKNOWN, ERR_BLOCKED},
        {post(429, NULL, "no such post", ""), ALIVE_UNKNOWN, ERR_RATE_LIMITED},
        {post(430, NULL, NULL, ""), ALIVE_UNKNOWN, ERR_BLOCKED},
        {post(500, NULL, "no such post", ""), ALIVE_UNKNOWN, ERR_HTTP_STATUS},
        {post(503, "post", NULL, ""), ALIVE_UNKNOWN, ERR_HTTP_STATUS},
        {post(200, NULL, NULL, "Redesign"), ALIVE_UNKNOWN, ERR_DRIFT},
        {post(404, "post", NULL, "both"), ALIVE_UNKNOWN, ERR_DRIFT},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct row_set set = rows[i].page;
        enum store_verdict verdict;

        err = (struct err){.code = ERR_OK};
        set.rows = &here;
        verdict = judge_post(&site, &set, &err);
        if (verdict != rows[i].verdict || err.code != rows[i].code)
            fail_msg("row %zu: verdict %d (%s), expected %d", i, verdict, err.text,
                     rows[i].verdict);
        assert_int_equal(judge_page(&site, &set, &err), verdict == ALIVE_UNKNOWN ? -1 : 0);
    }
    struct row_set set = post(200, "post", NULL, "Post");
    set.rows = &blinded;
    assert_int_equal(judge_post(&site, &set, &err), ALIVE_GONE_MARK);
    set.n = 0; /* what the rules require is not there */
    assert_int_equal(judge_post(&site, &set, &err), ALIVE_UNKNOWN);
    assert_int_equal(err.code, ERR_DRIFT);
}

static void recognises_pages_in_the_way_whatever_their_status(void **state)
{
    static const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    static const struct {
        int status;
        const char *title, *text, *url, *says;
    } rows[] = {
        {403, "Just a moment...", "", NULL, "a challenge page"},
        {503, "Just a moment...", "", NULL, "a challenge page"}, /* not to be tried again */
        {200, "잠시만 기다리십시오…", "", NULL, "a challenge page"},
        {430, "", "", NULL, "status 430"},
        {200, "에펨코리아 보안 시스템", "", NULL, "a challenge page"},
        {200, "", "Verify you are human by completing the action below.", NULL, "a challenge page"},
        {200, "", "Enable JavaScript and cookies to continue", NULL, "a challenge page"},
        {403, "Access Denied", "", NULL, "a block page"},
        {200, "안내", "비정상적인 접근이 감지되어 접속이 차단되었습니다.", NULL, "a block page"},
        {200, "로그인 - 게시판", "", NULL, "a login page"},
        {200, "Log in | Board", "", NULL, "a login page"},
        {200, "게시판", "로그인이 필요한 서비스입니다.", NULL, "a login page"},
        {200, "게시판", "", "https://board.example/member/login?back=/list", "a login page"},
        {200, "Before you continue to Board", "", NULL, "a consent page"},
        {200, "", "계속 이용하려면 쿠키 사용에 동의해 주세요.", NULL, "a consent page"},
        {200, "", "", "https://consent.example/consent?continue=x", "a consent page"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct row_set wall = page(rows[i].status, NULL, false, 0, rows[i].title);
        struct err err;

        wall.text_head = rows[i].text;
        wall.url = rows[i].url ? rows[i].url : wall.url;
        wall.html_bytes = 5000;
        assert_int_equal(judge_page(&site, &wall, &err), -1);
        if (err.code != ERR_BLOCKED || !strstr(err.text, rows[i].says))
            fail_msg("row %zu: %s: %s", i, err_reason(err.code), err.text);
        assert_false(judge_is_passing(err.code, rows[i].status));
        assert_true(judge_is_trouble(&wall, &err));
    }
}

/* The same words on pages that pass, and on a board that was rebuilt. */
static void words_that_passing_pages_carry_too_are_no_marks(void **state)
{
    static const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    static const struct {
        const char *title, *text, *url;
        int64_t html_bytes;
    } rebuilt[] = {
        {"핫딜 게시판", "로그인 회원가입 핫딜 게시판 전체 자유", "http://board/list", 200000},
        {"핫딜 게시판", "공지: 댓글은 로그인 후 이용해 주세요", "http://board/list", 200000},
        {"Hot deals", "Login Sign up Deals", "http://board/list?next=/login", 90000},
        {"글이 존재하지 않습니다", "글이 존재하지 않습니다.", "http://board/1", 3000},
        {"자유게시판", "script window.__CF$cv$params={r:'8f0d'} beacon", "http://board/list", 3000},
        {"Prologin 2026", "contest", "http://board/list", 3000},
    };
    struct row_set passing = page(200, "plain", true, 20, "Just a moment: login to Access Denied");
    struct err err;

    (void)state;
    passing.text_head =
        "로그인이 필요한 게시판 비정상적인 접근 쿠키 사용에 동의 Before you continue";
    passing.html_bytes = 3000;
    assert_int_equal(judge_page(&site, &passing, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rebuilt); i++) {
        struct row_set drifted = page(200, NULL, true, 0, rebuilt[i].title);

        drifted.text_head = rebuilt[i].text;
        drifted.url = rebuilt[i].url;
        drifted.html_bytes = rebuilt[i].html_bytes;
        assert_int_equal(judge_page(&site, &drifted, &err), -1);
        if (err.code != ERR_DRIFT)
            fail_msg("row %zu: %s: %s", i, err_reason(err.code), err.text);
    }
}

static void an_answer_that_nothing_changed_is_good(void **state)
{
    static const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    struct row_set unchanged = page(304, "plain", true, 0, "");
    struct err err;

    (void)state;
    unchanged.not_modified = true;
    assert_int_equal(judge_page(&site, &unchanged, &err), 0);
}

static void a_blank_page_is_the_networks_fault(void **state)
{
    const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    struct row_set blank = page(200, NULL, false, 0, "");
    struct row_set text = blank;
    struct err err;

    (void)state;
    blank.html_bytes = text.html_bytes = 39;
    text.text_head = "moved";
    assert_int_equal(judge_page(&site, &blank, &err), -1);
    assert_int_equal(err.code, ERR_NETWORK);
    assert_int_equal(judge_page(&site, &text, &err), -1);
    assert_int_equal(err.code, ERR_DRIFT);
}

static void a_board_without_min_rows_still_needs_one(void **state)
{
    const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 0};
    struct row_set none = page(200, "plain", true, 0, "");
    struct err err;

    (void)state;
    assert_int_equal(judge_page(&site, &none, &err), -1);
    assert_int_equal(err.code, ERR_EMPTY);
}

static void quotes_an_unknown_page_in_whole_characters(void **state)
{
    static const char title[] = "뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁뷁";
    const struct site site = {.id = "a", .path = "sites/a/site.conf", .min_rows = 10};
    struct row_set unknown = page(200, NULL, false, 0, title);
    struct err err;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        char *text = mem_printf("%.*s%s%s", (int)shift, "ab", title, title);

        unknown.text_head = text;
        assert_int_equal(judge_page(&site, &unknown, &err), -1);
        assert_int_equal(err.code, ERR_DRIFT);
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
        mem_free(text);
    }
}

static void tries_again_only_what_may_pass(void **state)
{
    static const enum err_code passing[] = {ERR_CRASHED, ERR_OOM, ERR_BROWSER_EXIT, ERR_NETWORK,
                                            ERR_TIMEOUT};
    static const enum err_code lasting[] = {
        ERR_BLOCKED, ERR_RATE_LIMITED, ERR_ROBOTS, ERR_DRIFT, ERR_SITE,
        ERR_STORE,   ERR_CANCELLED,    ERR_LAUNCH, ERR_HUNG,  ERR_EMPTY};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        assert_true(judge_is_passing(passing[i], 0));
    for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
        assert_false(judge_is_passing(lasting[i], 200));
    assert_true(judge_is_passing(ERR_HTTP_STATUS, 503));
    assert_false(judge_is_passing(ERR_HTTP_STATUS, 404));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_why_a_page_is_not_stored),
        cmocka_unit_test(a_fetched_list_without_its_rows_is_empty),
        cmocka_unit_test(a_page_that_is_still_loading_is_late_and_has_not_changed),
        cmocka_unit_test(a_post_is_dead_only_by_proof),
        cmocka_unit_test(recognises_pages_in_the_way_whatever_their_status),
        cmocka_unit_test(words_that_passing_pages_carry_too_are_no_marks),
        cmocka_unit_test(an_answer_that_nothing_changed_is_good),
        cmocka_unit_test(a_blank_page_is_the_networks_fault),
        cmocka_unit_test(a_board_without_min_rows_still_needs_one),
        cmocka_unit_test(quotes_an_unknown_page_in_whole_characters),
        cmocka_unit_test(tries_again_only_what_may_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
