/* SPDX-License-Identifier: MIT */
/* test_admin_words.c - lines of the console as words, and words as lines. */
#include "admin/words.h"
#include "base/str.h"
#include "support/unit.h"

#include <string.h>

static void expect_words(const char *line, const char *joined)
{
    struct words words;
    struct buf got;
    struct err err;

    buf_init(&got, BUF_MAX_DEFAULT);
    assert_int_equal(words_split(&words, line, strlen(line), &err), 0);
    for (size_t i = 0; i < words.n; i++)
        buf_addf(&got, "%s|", words.items[i]);
    assert_null(words.items[words.n]);
    assert_string_equal(buf_str(&got), joined);
    words_fini(&words);
    buf_fini(&got);
}

static void expect_refused(const char *line, size_t len, const char *what)
{
    struct words words;
    struct err err;

    assert_int_equal(words_split(&words, line, len, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.text, what));
    words_fini(&words);
}

static void a_line_is_split_as_a_shell_does_it(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words("  \t ", "");
    expect_words("pause clien crawl", "pause|clien|crawl|");
    expect_words("  run\t clien  ", "run|clien|");
    expect_words("notice add \"title=새 기능\" 'content=it''s'",
                 "notice|add|title=새 기능|content=its|");
    expect_words("a\"b c\"d 'e f'g", "ab cd|e fg|");
    expect_words("'' \"\"", "||");
    expect_words("a\\ b \\\"c \\\\", "a b|\"c|\\|");
    expect_words("\"a\\\"b\\\\c\\nd\\e\" 'a\\n'", "a\"b\\c\nd\\e|a\\n|");
}

static void a_line_that_is_none_is_refused_with_what_was_expected(void **state)
{
    char many[2 * (WORDS_MAX + 1) + 1];
    char *longest = mem_alloc(WORDS_LINE_MAX + 1);

    (void)state;
    expect_refused("say 'this", 9, "closing '");
    expect_refused("say \"this\\\"", 11, "closing \"");
    expect_refused("a\nb", 3, "byte 2 is a control character");
    expect_refused("a\0b", 3, "byte 2 is a control character");
    expect_refused("a\x7f", 2, "control character");
    expect_refused("a\xff", 2, "UTF-8");
    memset(many, 'a', sizeof(many));
    for (size_t i = 1; i < sizeof(many); i += 2)
        many[i] = ' ';
    expect_refused(many, sizeof(many) - 1, "at most 64 words");
    memset(longest, 'a', WORDS_LINE_MAX + 1);
    expect_refused(longest, WORDS_LINE_MAX + 1, "at most 65536 bytes");
    mem_free(longest);
}

static void a_quoted_word_comes_back_as_it_was(void **state)
{
    static const char *const samples[] = {"clien", "",        "a b",  "새 기능",   "it's", "\"",
                                          "\\",    "\\n\\\"", "a\nb", "tab\there", "=\\ "};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct words words;
        struct buf line;
        struct err err;

        buf_init(&line, BUF_MAX_DEFAULT);
        words_quote(&line, samples[i]);
        assert_int_equal(words_split(&words, buf_str(&line), line.len, &err), 0);
        assert_int_equal(words.n, 1);
        assert_string_equal(words.items[0], samples[i]);
        words_fini(&words);
        buf_fini(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_split_as_a_shell_does_it),
        cmocka_unit_test(a_line_that_is_none_is_refused_with_what_was_expected),
        cmocka_unit_test(a_quoted_word_comes_back_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
