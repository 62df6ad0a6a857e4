/* SPDX-License-Identifier: MIT */
/* test_notify_keywords.c - what is found in a title, by whom; beside a search keyword by keyword. */
#include "base/mem.h"
#include "db/fold.h"
#include "notify/keywords.h"
#include "support/unit.h"

#include <stdlib.h>

struct bench {
    struct keywords *keywords;
    struct keyword_hits hits;
};

static int setup(void **state)
{
    struct bench *b = mem_new(struct bench);

    b->keywords = keywords_new();
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    keywords_free(&b->keywords);
    keyword_hits_fini(&b->hits);
    mem_free(b);
    return 0;
}

/* "user:word user:word" */
static const char *found(struct bench *b, const char *title)
{
    static char text[1000];
    size_t len = 0;

    text[0] = '\0';
    keywords_match(b->keywords, title, &b->hits);
    for (size_t i = 0; i < b->hits.n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld:%lld", i ? " " : "",
                                (long long)b->hits.items[i].user_id,
                                (long long)b->hits.items[i].word_id);
    return text;
}

static void finds_whatever_the_case_the_spaces_and_the_form_of_hangul(void **state)
{
    struct bench *b = *state;

    keywords_add(b->keywords, 1, 1, "아이폰 15");
    keywords_add(b->keywords, 2, 2, "AirPods");
    keywords_add(b->keywords, 3, 3, "\u1112\u1161\u11ab\u110b\u116e"); /* 한우 in letters */
    keywords_build(b->keywords);

    assert_string_equal(found(b, "[11번가] 아이폰15프로"), "1:1");
    assert_string_equal(found(b, "[11번가] 아 이 폰 1 5 프로"), "1:1");
    assert_string_equal(found(b, "apple airpods pro"), "2:2");
    assert_string_equal(found(b, "한우 1등급"), "3:3");
    assert_string_equal(found(b, "\u1112\u1161\u11ab\u110b\u116e 등심"), "3:3");
    assert_string_equal(found(b, "아이폰 14"), "");
    assert_string_equal(found(b, ""), "");
}

static void finds_what_lies_within_and_across_other_keywords(void **state)
{
    struct bench *b = *state;
    static const char *const words[] = {"he", "she", "his", "hers", "e", "ushers"};

    for (int i = 0; i < 6; i++)
        keywords_add(b->keywords, i + 1, i + 1, words[i]);
    keywords_build(b->keywords);

    assert_string_equal(found(b, "ushers"), "1:1 2:2 4:4 5:5 6:6");
    assert_string_equal(found(b, "ahishe"), "1:1 2:2 3:3 5:5");
    assert_string_equal(found(b, "usher"), "1:1 2:2 5:5");
}

/* The syllables share their first bytes, and a keyword's bytes may stand in other syllables. */
static void bytes_of_other_letters_are_no_find(void **state)
{
    struct bench *b = *state;

    keywords_add(b->keywords, 1, 1, "가");
    keywords_add(b->keywords, 2, 2, "각");
    keywords_build(b->keywords);

    assert_string_equal(found(b, "각"), "2:2");
    assert_string_equal(found(b, "간갇"), "");
}

static void a_user_is_found_once_by_the_oldest_keyword(void **state)
{
    struct bench *b = *state;

    keywords_add(b->keywords, 9, 7, "라면");
    keywords_add(b->keywords, 3, 7, "신라면");
    keywords_add(b->keywords, 5, 8, "라 면");
    keywords_add(b->keywords, 4, 7, "라면"); /* other spaces, say */
    keywords_build(b->keywords);

    assert_string_equal(found(b, "신라면 40개, 라면은 라면"), "7:3 8:5");
    assert_string_equal(found(b, "진라면"), "7:4 8:5");
}

static void blank_keywords_and_no_keywords_find_nothing(void **state)
{
    struct bench *b = *state;

    assert_string_equal(found(b, "라면"), "");
    keywords_add(b->keywords, 1, 1, "");
    keywords_add(b->keywords, 2, 2, " \u3000\u00a0");
    keywords_build(b->keywords);
    assert_string_equal(found(b, "라면"), "");
    assert_int_equal(keywords_count(b->keywords), 0);
}

/* ---- beside a search keyword by keyword ------------------------------------------------------- */

enum { WORDS = 400, USERS = 60, TITLES = 3000 };

/* Few letters, so that much is found, within, across and behind each other. */
static void random_text(char *out, int max_letters)
{
    static const char *const letters[] = {"가", "각", "나", "a", "B", " ", "b", "ㄱ"};
    int n = 1 + rand() % max_letters;

    *out = '\0';
    while (n--)
        strcat(out, letters[rand() % 8]);
}

static void finds_the_same_as_a_search_for_each_keyword(void **state)
{
    struct bench *b = *state;
    char words[WORDS][40], title[200];
    int users[WORDS], finds = 0;
    struct arena arena;

    srand(20261122);
    for (int i = 0; i < WORDS; i++) {
        random_text(words[i], 7);
        users[i] = rand() % USERS;
        keywords_add(b->keywords, i, users[i], words[i]);
    }
    keywords_build(b->keywords);
    for (int t = 0; t < TITLES; t++) {
        int expected[USERS];
        size_t n = 0;
        const char *text;

        arena_init(&arena);
        random_text(title, 30);
        text = fold_text(&arena, title);
        memset(expected, -1, sizeof(expected));
        for (int i = WORDS - 1; i >= 0; i--) {
            const char *word = fold_text(&arena, words[i]);

            if (*word && strstr(text, word))
                expected[users[i]] = i;
        }
        arena_fini(&arena);
        keywords_match(b->keywords, title, &b->hits);
        for (int user = 0; user < USERS; user++)
            if (expected[user] >= 0) {
                assert_true(n < b->hits.n);
                assert_int_equal(b->hits.items[n].user_id, user);
                assert_int_equal(b->hits.items[n].word_id, expected[user]);
                n++;
            }
        assert_int_equal(n, b->hits.n);
        finds += (int)n;
    }
    assert_true(finds > TITLES);
}

static void ten_thousand_keywords_take_a_few_megabytes(void **state)
{
    struct bench *b = *state;
    char word[60];

    for (int i = 0; i < 10000; i++) {
        snprintf(word, sizeof(word), "키워드%d번%d", i, i * 7 % 1000);
        keywords_add(b->keywords, i, i / 5, word);
    }
    keywords_build(b->keywords);
    assert_true(keywords_bytes(b->keywords) < 4u << 20);
    assert_string_equal(found(b, "여기 키워드77번539 있음"), "15:77");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_whatever_the_case_the_spaces_and_the_form_of_hangul),
        TEST(finds_what_lies_within_and_across_other_keywords),
        TEST(bytes_of_other_letters_are_no_find),
        TEST(a_user_is_found_once_by_the_oldest_keyword),
        TEST(blank_keywords_and_no_keywords_find_nothing),
        TEST(finds_the_same_as_a_search_for_each_keyword),
        TEST(ten_thousand_keywords_take_a_few_megabytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
