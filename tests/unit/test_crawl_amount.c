/* SPDX-License-Identifier: MIT */
/* test_crawl_amount.c - counts and prices of BOARDS.md B.7, and what is none. */
#include "crawl/amount.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NONE INT64_MIN

static void reads_counts(void **state)
{
    static const struct {
        const char *text;
        int64_t expected;
    } samples[] = {
        {"5,234", 5234},
        {"1749", 1749},
        {"16.7 k", 16700},
        {"226.2 k", 226200},
        {"1.3k", 1300},
        {"40.3k", 40300},
        {"4.6 M", 4600000},
        {"(77)", 77},
        {"[14]", 14},
        {"3 - 0", 3},
        {"3/10", 3},
        {"0 / 10", 0},
        {"추천 3", 3},
        {"조회 3,686", 3686},
        {"-12", -12},
        {"1.2만", 12000},
        {" 997 ", 997},
        {"0", 0},
        {"2천", 2000},
        {"5 km", 5},
        {"1,234,567", 1234567},
        {"12,34", 12},
        {NULL, NONE},
        {"", NONE},
        {"-", NONE},
        {"추천", NONE},
        {"99999999999999999999", NONE},
        {"99999999999999 M", NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        int64_t value = NONE;
        bool found = amount_count(samples[i].text, &value);

        if (value != samples[i].expected || found != (samples[i].expected != NONE))
            fail_msg("\"%s\": %lld, expected %lld", samples[i].text, (long long)value,
                     (long long)samples[i].expected);
    }
}

struct price_sample {
    const char *text;
    const char *currency; /* NULL: no price */
    int64_t e2;
};

static void expect_prices(const struct price_sample *samples, size_t n,
                          bool (*read)(const char *, struct amount_price *))
{
    for (size_t i = 0; i < n; i++) {
        struct amount_price price = {0};
        bool found = read(samples[i].text, &price);

        if (found != (samples[i].currency != NULL) ||
            (found && (price.e2 != samples[i].e2 || !str_eq(price.currency, samples[i].currency))))
            fail_msg("\"%s\": %s %lld, expected %s %lld", samples[i].text,
                     found ? price.currency : "none", (long long)price.e2,
                     samples[i].currency ? samples[i].currency : "none", (long long)samples[i].e2);
    }
}

static void reads_price_elements(void **state)
{
    static const struct price_sample samples[] = {
        {"12,900원", "KRW", 1290000},
        {"￦ 2,046,670 (KRW)", "KRW", 204667000},
        {"₩36,000", "KRW", 3600000},
        {"$19.99", "USD", 1999},
        {"US$ 5", "USD", 500},
        {"19.9달러", "USD", 1990},
        {"€7.5", "EUR", 750},
        {"¥ 1,980", "JPY", 198000},
        {"12,99€", "EUR", 1299},
        {"12,99 €", "EUR", 1299},
        {"1.299€", "EUR", 129900},
        {"1.299,00 EUR", "EUR", 129900},
        {"€1.299", "EUR", 129900},
        {"€1,299.50", "EUR", 129950},
        {"1299,- €", "EUR", 129900},
        {"12.99 €", "EUR", 1299},
        {"£12.99", "GBP", 1299},
        {"$1,299", "USD", 129900},
        {"12,99$", NULL, 0},
        {"1 299€", NULL, 0},
        {"145만", "KRW", 145000000},
        {"1만5천원", "KRW", 1500000},
        {"5950", "KRW", 595000},
        {"5,950", "KRW", 595000},
        {"0원", "KRW", 0},
        {"무료", "KRW", 0},
        {NULL, NULL, 0},
        {"", NULL, 0},
        {"다양", NULL, 0},
        {"무료배송", NULL, 0},
        {"240g", NULL, 0},
        {"99999999999999999999원", NULL, 0},
    };

    (void)state;
    expect_prices(samples, ARRAY_LEN(samples), amount_price);
}

static bool read_euro_board(const char *text, struct amount_price *out)
{
    return amount_price_in(text, "EUR", out);
}

static void reads_bare_prices_in_the_currency_of_the_board(void **state)
{
    static const struct price_sample samples[] = {
        {"151.99", "EUR", 15199},    {"20", "EUR", 2000},      {"Gratis", "EUR", 0},
        {"GRATUIT ", "EUR", 0},      {"£5", "GBP", 500},       {"12,900원", "KRW", 1290000},
        {"Gratis-Versand", NULL, 0}, {"ab 20 Stück", NULL, 0},
    };

    (void)state;
    expect_prices(samples, ARRAY_LEN(samples), read_euro_board);
}

static void reads_prices_in_titles(void **state)
{
    static const struct price_sample samples[] = {
        {"[몰] 제품 (10,900원/무료)", "KRW", 1090000},
        {"[몰] 제품 (4,900원 / 무배)", "KRW", 490000},
        {"[몰]제품(5,000/무료)", "KRW", 500000},
        {"제품 (699,000/무배)", "KRW", 69900000},
        {"마스크(1340/3000배송)", "KRW", 134000},
        {"제품 (0원)", "KRW", 0},
        {"구독 1달 (무료/무료)", "KRW", 0},
        {"충전독 (각각 9,900원/2,500원)", "KRW", 990000},
        {"티셔츠 (27,800원/2장이상무배)", "KRW", 2780000},
        {"음료 (29,570원, 무료)", "KRW", 2957000},
        {"게임 / 69,800원(2,500원)", "KRW", 6980000},
        {"콜라 490ml 24캔 20,880원 (무료)", "KRW", 2088000},
        {"(소장용)영화 9,900원(VAT별도) - 앱", "KRW", 990000},
        {"3만원 이상 5천원 쿠폰 (25,000원/무료)", "KRW", 2500000},
        {"독 ($199.75 / 미국내 무료배송)", "USD", 19975},
        {"라이선스 할인 (19.99/29.99달러)", "USD", 1999},
        {"TV(151만원대)/85인치(269만원대)", "KRW", 151000000},
        {"노트북 145만", "KRW", 145000000},
        {"오공 25% 할인 48,600", "KRW", 4860000},
        {"메모리 5600MHz 513,000 ...", "KRW", 51300000},
        {"본체 세트 (772,800원/3,00...", "KRW", 77280000},
        {"슬립온 (18,020, 배송비 2,500)", "KRW", 1802000},
        {"슬리퍼 외 (클럽 30,480 무배)", "KRW", 3048000},
        {"마스크 개당 1600(79590/0)", "KRW", 7959000},
        {"[몰 ] 살균기 [61000 / 무료]", "KRW", 6100000},
        {"게임 80% 할인 ₩1,000", "KRW", 100000},
        {"Saugroboter mit Station für 1.299,99€ statt 1.499€", "EUR", 129999},
        {"Kopfhörer (ANC) für 44,90 €", "EUR", 4490},
        {"Wireless Mouse $19.99 + Free Shipping", "USD", 1999},
        {"Wool socks, 5 pairs - £8.50 at the shop", "GBP", 850},
        {"[5,000원 쿠폰] 우유 (9,900원/무배)", "KRW", 990000},
        {"모니터 ￦ 2,046,670 (KRW)", "KRW", 204667000},
        {"라면 (145만/무료)", "KRW", 145000000},
        {"라면 (5950/무료)", "KRW", 595000},
        {"라면 (5950)", "KRW", 595000},
        {"라면 5950 / 무배", "KRW", 595000},
        {"RTX 5070 (1,090,000/무료)", "KRW", 109000000},
        {"고기 240g (9,900/유배)", "KRW", 990000},
        {"우유 (9,900원/네멤무료)", "KRW", 990000},
        {"우유 (9,900원/와우)", "KRW", 990000},
        {"우유 (9,900/카할 무료)", "KRW", 990000},
        {"우유 (와우 12,340원/3,000원)", "KRW", 1234000},
        {"우유 (유클12,360원/무료)", "KRW", 1236000},
        {"(위메프) 우유 12,000원 무배", "KRW", 1200000},
        {"$9.99 게임 (5070)", "USD", 999},
    };

    (void)state;
    expect_prices(samples, ARRAY_LEN(samples), amount_price_in_title);
}

/* A page's text has no bound of ours: reading it must not recurse for each number. */
static void reads_an_endless_row_of_numbers(void **state)
{
    enum { TIMES = 300000 };
    static const char piece[] = "1만";
    char *text = mem_alloc(TIMES * strlen(piece) + 1);
    struct amount_price price;

    (void)state;
    text[TIMES * strlen(piece)] = '\0';
    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + i * strlen(piece), piece, strlen(piece));

    assert_true(amount_price(text, &price));
    assert_int_equal(price.e2, 1000000);

    mem_free(text);
}

static void leaves_the_price_alone_where_there_is_none(void **state)
{
    struct amount_price price = {-7, NULL};

    (void)state;
    assert_false(amount_price("3월29.9(19..8/0", &price));
    assert_false(amount_price("1 299€", &price));
    assert_int_equal(price.e2, -7);
    assert_null(price.currency);
}

static void finds_no_price_where_there_is_none(void **state)
{
    static const struct price_sample samples[] = {
        {NULL, NULL, 0},
        {"", NULL, 0},
        {"[몰] 기획전 (다양/무료)", NULL, 0},
        {"RTX 5070", NULL, 0},
        {"RTX 5070 특가", NULL, 0},
        {"RTX 5070 무료배송", NULL, 0},
        {"그래픽카드 (RTX 5070)", NULL, 0},
        {"그래픽카드 (5070) 새 제품", NULL, 0},
        {"달력 (2026)", NULL, 0},
        {"양말 (3)", NULL, 0},
        {"우유 (다양/네멤무료)", NULL, 0},
        {"RTX 5070 (재고 있음/빠른배송)", NULL, 0},
        {"고기 240g", NULL, 0},
        {"보조배터리 10,000mAh", NULL, 0},
        {"보조배터리 2만mAh", NULL, 0},
        {"카메라 1200만화소", NULL, 0},
        {"IPS모니터/카드149...", NULL, 0},
        {"드링크 14팩(49,560...", NULL, 0},
        {"SSD 2TB (108...", NULL, 0},
        {"세트 (1/2)", NULL, 0},
        {"행사 (2026/11/22)", NULL, 0},
        {"청소기 (₩131,34...", NULL, 0},
        {"자켓(47.700/무료배송)", NULL, 0},
        {"1+1 행사", NULL, 0},
        {"[5,000원 쿠폰] 우유", NULL, 0},
        {"라이브 일정 모음", NULL, 0},
        {"Pack de 2 299€", NULL, 0},
        {"Ersparnis 12,99 gegenüber gestern", NULL, 0},
    };

    (void)state;
    expect_prices(samples, ARRAY_LEN(samples), amount_price_in_title);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_counts),
        cmocka_unit_test(reads_price_elements),
        cmocka_unit_test(reads_bare_prices_in_the_currency_of_the_board),
        cmocka_unit_test(reads_prices_in_titles),
        cmocka_unit_test(reads_an_endless_row_of_numbers),
        cmocka_unit_test(leaves_the_price_alone_where_there_is_none),
        cmocka_unit_test(finds_no_price_where_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
