/* SPDX-License-Identifier: MIT */
/* test_api_deals.c - what a deal looks like to the app and to /v3: dateAgo, cursor, golden JSON. */
#include "api/cursor.h"
#include "api/date_ago.h"
#include "api/deal_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 2023-11-22 12:00:00 UTC */
static const int64_t NOW_MS = 1700654400000;

/* The rows are Rails 6's distance_of_time_in_words, worked out by its rules. */
static void date_ago_rounds_as_the_original(void **state)
{
    static const struct {
        int64_t age_ms;
        const char *words;
    } rows[] = {
        {0, "방금 전"},
        {29 * SECOND + 999, "방금 전"},
        {30 * SECOND, "1분 전"},
        {89 * SECOND, "1분 전"},
        {90 * SECOND, "2분 전"},
        {3 * MINUTE, "3분 전"},
        {44 * MINUTE + 29 * SECOND, "44분 전"},
        {44 * MINUTE + 30 * SECOND, "약 1시간 전"},
        {89 * MINUTE + 29 * SECOND, "약 1시간 전"},
        {89 * MINUTE + 30 * SECOND, "약 2시간 전"},
        {2 * HOUR, "약 2시간 전"},
        {2 * HOUR + 30 * MINUTE, "약 3시간 전"},
        {23 * HOUR + 59 * MINUTE + 29 * SECOND, "약 24시간 전"},
        {23 * HOUR + 59 * MINUTE + 30 * SECOND, "1일 전"},
        {41 * HOUR + 59 * MINUTE + 29 * SECOND, "1일 전"},
        {41 * HOUR + 59 * MINUTE + 30 * SECOND, "2일 전"},
        {2 * DAY + 12 * HOUR, "3일 전"},
        {29 * DAY + 23 * HOUR, "30일 전"},
        {30 * DAY, "약 1달 전"},
        {44 * DAY + 23 * HOUR, "약 1달 전"},
        {45 * DAY, "약 2달 전"},
        {59 * DAY + 23 * HOUR, "약 2달 전"},
        {60 * DAY, "2달 전"},
        {364 * DAY, "12달 전"},
        {365 * DAY, "약 1년 전"},
        {(365 + 92) * DAY, "1년 전"},
        {(365 + 275) * DAY, "2년 이하 전"},
        {(2 * 365 + 10) * DAY, "약 2년 전"},
        {(2 * 365 + 150) * DAY, "2년 이상 전"},
        {-3 * MINUTE, "3분 전"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&out);
        date_ago_add(&out, NOW_MS - rows[i].age_ms, NOW_MS);
        if (strcmp(buf_str(&out), rows[i].words) != 0)
            fail_msg("%lld ms: expected %s, got %s", (long long)rows[i].age_ms, rows[i].words,
                     buf_str(&out));
    }
    buf_fini(&out);
}

/* From 2019-11-22 to 2023-11-22 there is one leap day (2020): exactly four years, not "over". */
static void date_ago_takes_leap_days_out(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    date_ago_add(&out, NOW_MS - (4 * 365 + 1) * DAY, NOW_MS);
    assert_string_equal(buf_str(&out), "약 4년 전");
    buf_clear(&out);
    date_ago_add(&out, NOW_MS - 4 * 365 * DAY, NOW_MS);
    assert_string_equal(buf_str(&out), "4년 이하 전");
    buf_fini(&out);
}

static void cursor_comes_back_as_it_was(void **state)
{
    static const struct cursor rows[] = {
        {0, 0}, {1700654400123, 42}, {-62135596800000, 1}, {253402300799999, INT64_MAX}, {-1, 7}};
    char text[CURSOR_CHARS + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cursor back = {0};

        cursor_format(&rows[i], text);
        assert_int_equal(strlen(text), CURSOR_CHARS);
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            CURSOR_CHARS);
        assert_true(cursor_parse(text, &back));
        assert_int_equal(back.sort_at_ms, rows[i].sort_at_ms);
        assert_int_equal(back.id, rows[i].id);
    }
}

static void every_change_of_one_character_is_noticed(void **state)
{
    const struct cursor cursor = {1700654400123, 42};
    struct cursor back;
    char good[CURSOR_CHARS + 1];
    char bad[CURSOR_CHARS + 2];

    (void)state;
    cursor_format(&cursor, good);
    for (size_t i = 0; i < CURSOR_CHARS; i++)
        for (const char *c = "ABMZaz09-_ =/+\x80"; *c; c++) {
            memcpy(bad, good, sizeof(good));
            bad[i] = *c;
            assert_int_equal(cursor_parse(bad, &back), *c == good[i]);
        }
}

static void texts_of_another_length_are_no_cursor(void **state)
{
    const struct cursor cursor = {1700654400123, 42};
    struct cursor back;
    char good[CURSOR_CHARS + 1];
    char longer[CURSOR_CHARS + 2];

    (void)state;
    cursor_format(&cursor, good);
    memcpy(longer, good, CURSOR_CHARS);
    memcpy(longer + CURSOR_CHARS, "A", 2);
    assert_false(cursor_parse(longer, &back));
    good[CURSOR_CHARS - 1] = '\0';
    assert_false(cursor_parse(good, &back));
    assert_false(cursor_parse("", &back));
}

static struct deal full_deal(void)
{
    return (struct deal){.id = 9,
                         .row = {.site = "clien",
                                 .website = "클리앙",
                                 .key = "18001",
                                 .product_id = "clien_0123456789ab",
                                 .title = "[쿠팡] \"세제\" <b>\\ 3L",
                                 .url = "https://clien.example/18001",
                                 .redirect_url = "https://shop.example/1?a=1&b=2",
                                 .image_url = "https://img.example/1.jpg",
                                 .mall = "쿠팡",
                                 .category = "생활",
                                 .currency = "KRW",
                                 .price_e2 = 1290000,
                                 .posted_at_ms = NOW_MS - 3 * MINUTE,
                                 .view = 1234,
                                 .comment = 5,
                                 .like = 6,
                                 .score = 78,
                                 .sold_out = true},
                         .sort_at_ms = NOW_MS - 3 * MINUTE,
                         .created_at_ms = NOW_MS - 2 * MINUTE,
                         .updated_at_ms = NOW_MS,
                         .is_title_changed = true};
}

static struct deal bare_deal(void)
{
    return (struct deal){.id = 10,
                         .row = {.site = "ppomppu",
                                 .website = "뽐뿌",
                                 .key = "1",
                                 .product_id = "ppom_ba9876543210",
                                 .title = "t",
                                 .url = "http://ppomppu.example/1",
                                 .price_e2 = DEAL_UNKNOWN,
                                 .posted_at_ms = CLOCK_NONE,
                                 .view = DEAL_UNKNOWN,
                                 .comment = DEAL_UNKNOWN,
                                 .like = DEAL_UNKNOWN,
                                 .score = DEAL_UNKNOWN},
                         .sort_at_ms = NOW_MS - 2 * HOUR,
                         .created_at_ms = NOW_MS - 2 * HOUR,
                         .updated_at_ms = NOW_MS - 2 * HOUR,
                         .is_deleted = true};
}

static void assert_app_json(const struct deal *deal, int order, const char *expected)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    deal_json_app(&out, deal, order, NOW_MS);
    assert_string_equal(buf_str(&out), expected);
    buf_fini(&out);
}

static void assert_v3_json(const struct deal *deal, const char *expected)
{
    struct clock_zone *zone;
    struct err err;
    struct buf out;

    assert_int_equal(clock_zone_new("Asia/Seoul", &zone, &err), 0);
    buf_init(&out, BUF_MAX_DEFAULT);
    deal_json_v3(&out, deal, zone);
    assert_string_equal(buf_str(&out), expected);
    buf_fini(&out);
    clock_zone_free(&zone);
}

static void app_json_is_the_contract_to_the_byte(void **state)
{
    const struct deal full = full_deal();
    const struct deal bare = bare_deal();

    (void)state;
    assert_app_json(&full, 1,
                    "{\"order\":1,\"productId\":\"clien_0123456789ab\","
                    "\"title\":\"[쿠팡] \\\"세제\\\" \\u003cb>\\\\ 3L\","
                    "\"view\":1234,\"comment\":5,\"like\":6,\"score\":78,\"dateAgo\":\"3분 전\","
                    "\"imageUrl\":\"https://img.example/1.jpg\","
                    "\"isSoldOut\":true,\"isDeleted\":false,\"isTitleChanged\":true,"
                    "\"url\":\"https://clien.example/18001\","
                    "\"shortUrl\":\"https://shop.example/1?a=1&b=2\",\"isBookmark\":null}");
    assert_app_json(&bare, 20,
                    "{\"order\":20,\"productId\":\"ppom_ba9876543210\",\"title\":\"t\","
                    "\"view\":0,\"comment\":0,\"like\":0,\"score\":0,\"dateAgo\":\"약 2시간 전\","
                    "\"imageUrl\":null,\"isSoldOut\":false,\"isDeleted\":true,"
                    "\"isTitleChanged\":false,\"url\":\"http://ppomppu.example/1\","
                    "\"shortUrl\":null,\"isBookmark\":null}");
}

static void v3_json_has_null_for_what_is_unknown(void **state)
{
    const struct deal full = full_deal();
    const struct deal bare = bare_deal();

    (void)state;
    assert_v3_json(
        &full, "{\"product_id\":\"clien_0123456789ab\",\"site\":\"clien\",\"website\":\"클리앙\","
               "\"key\":\"18001\",\"title\":\"[쿠팡] \\\"세제\\\" \\u003cb>\\\\ 3L\","
               "\"url\":\"https://clien.example/18001\","
               "\"redirect_url\":\"https://shop.example/1?a=1&b=2\","
               "\"image_url\":\"https://img.example/1.jpg\","
               "\"posted_at\":\"2023-11-22T20:57:00+09:00\",\"view\":1234,\"comment\":5,"
               "\"like\":6,\"score\":78,\"price\":12900,\"currency\":\"KRW\",\"mall\":\"쿠팡\","
               "\"category\":\"생활\",\"sold_out\":true,\"is_deleted\":false,"
               "\"is_title_changed\":true,\"created_at\":\"2023-11-22T20:58:00+09:00\","
               "\"updated_at\":\"2023-11-22T21:00:00+09:00\",\"also_on\":[]}");
    assert_v3_json(
        &bare, "{\"product_id\":\"ppom_ba9876543210\",\"site\":\"ppomppu\",\"website\":\"뽐뿌\","
               "\"key\":\"1\",\"title\":\"t\",\"url\":\"http://ppomppu.example/1\","
               "\"redirect_url\":null,\"image_url\":null,\"posted_at\":null,\"view\":null,"
               "\"comment\":null,\"like\":null,\"score\":null,\"price\":null,\"currency\":null,"
               "\"mall\":null,\"category\":null,\"sold_out\":false,\"is_deleted\":true,"
               "\"is_title_changed\":false,\"created_at\":\"2023-11-22T19:00:00+09:00\","
               "\"updated_at\":\"2023-11-22T19:00:00+09:00\",\"also_on\":[]}");
}

static void v3_names_the_same_product_on_other_boards_and_the_app_does_not(void **state)
{
    static const struct deal_twin twins[] = {
        {"ruliweb", "루리웹", "ruliweb_00", "\"a\"", "https://ruliweb.example/1"},
        {"clien", "클리앙", "clien_11", "b", "https://clien.example/2"}};
    struct deal deal = bare_deal();
    struct buf out;

    (void)state;
    deal.also_on = twins;
    deal.n_also_on = 2;
    buf_init(&out, BUF_MAX_DEFAULT);
    deal_json_v3(&out, &deal, NULL);
    assert_non_null(strstr(buf_str(&out),
                           ",\"also_on\":[{\"product_id\":\"ruliweb_00\",\"site\":\"ruliweb\","
                           "\"website\":\"루리웹\",\"title\":\"\\\"a\\\"\","
                           "\"url\":\"https://ruliweb.example/1\"},"
                           "{\"product_id\":\"clien_11\",\"site\":\"clien\",\"website\":\"클리앙\","
                           "\"title\":\"b\",\"url\":\"https://clien.example/2\"}]}"));
    buf_clear(&out);
    deal_json_app(&out, &deal, 1, NOW_MS);
    assert_null(strstr(buf_str(&out), "also"));
    buf_fini(&out);
}

static void prices_are_exact(void **state)
{
    static const struct {
        int64_t price_e2;
        const char *text;
    } rows[] = {{0, "\"price\":0,"},
                {1999, "\"price\":19.99,"},
                {5, "\"price\":0.05,"},
                {1990, "\"price\":19.90,"},
                {123456789012300, "\"price\":1234567890123,"}};
    struct deal deal = bare_deal();
    struct buf out;

    (void)state;
    buf_init(&out, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        deal.row.price_e2 = rows[i].price_e2;
        buf_clear(&out);
        deal_json_v3(&out, &deal, NULL);
        assert_non_null(strstr(buf_str(&out), rows[i].text));
    }
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_ago_rounds_as_the_original),
        cmocka_unit_test(date_ago_takes_leap_days_out),
        cmocka_unit_test(cursor_comes_back_as_it_was),
        cmocka_unit_test(every_change_of_one_character_is_noticed),
        cmocka_unit_test(texts_of_another_length_are_no_cursor),
        cmocka_unit_test(app_json_is_the_contract_to_the_byte),
        cmocka_unit_test(v3_json_has_null_for_what_is_unknown),
        cmocka_unit_test(v3_names_the_same_product_on_other_boards_and_the_app_does_not),
        cmocka_unit_test(prices_are_exact),
    };

    return cmocka_run_group_tests_name("api/deals", tests, NULL, NULL);
}
