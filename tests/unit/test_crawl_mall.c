/* SPDX-License-Identifier: MIT */
/* test_crawl_mall.c - malls of BOARDS.md B.7, in titles and elements, and their other names. */
#include "crawl/mall.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void takes_the_mall_from_the_first_bracket(void **state)
{
    static const struct {
        const char *title, *mall;
    } samples[] = {
        {"[11번가] 버거킹", "11번가"},
        {"[지마켓]통영굴", "G마켓"},
        {" [ 카톡 스토어 ] 충전", "카톡 스토어"},
        {"[지마켓,옥션] 세일", "지마켓,옥션"},
        {"(위메프) 손소독제", "위메프"},
        {"( 위메프 )손소독제", "위메프"},
        {"(손소독제) 위메프", NULL},
        {"(1+1) 손소독제", NULL},
        {"[G마켓] 굴", "G마켓"},
        {"제품 [쿠팡]", NULL},
        {"[]제품", NULL},
        {"[끝이 없음", NULL},
        {"", NULL},
        {NULL, NULL},
        {"[12345678901234567890123456789012345678901] 길다", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *mall = mall_in_title(samples[i].title, false);

        if (!str_eq(mall, samples[i].mall))
            fail_msg("\"%s\": \"%s\"", samples[i].title, mall ? mall : "(none)");
        mem_free(mall);
    }
}

static void keeps_the_names_of_foreign_boards(void **state)
{
    char *square = mall_in_title("[Amazon] x", true), *round = mall_in_title("(Amazon) x", true);

    (void)state;
    assert_string_equal(square, "Amazon");
    assert_null(round);
    mem_free(square);
}

static void knows_a_mall_by_its_other_names(void **state)
{
    static const struct {
        const char *text, *name;
    } samples[] = {
        {"지마켓", "G마켓"},   {"g마켓", "G마켓"},
        {"G마켓", "G마켓"},    {" GMARKET ", "G마켓"},
        {"롯데 ON", "롯데온"}, {"네이버쇼핑", "네이버"},
        {"11ST", "11번가"},    {"11번가아마존", NULL},
        {"지마켓,옥션", NULL}, {"", NULL},
        {" ", NULL},           {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        if (!str_eq(mall_known(samples[i].text), samples[i].name))
            fail_msg("\"%s\"", samples[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_mall_from_the_first_bracket),
        cmocka_unit_test(keeps_the_names_of_foreign_boards),
        cmocka_unit_test(knows_a_mall_by_its_other_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
