/* SPDX-License-Identifier: MIT */
/* test_base_jdoc.c - what Chrome sends is read whole, and nothing broken is let through. */
#include "base/jdoc.h"
#include "support/unit.h"

#include <stdlib.h>

static char *sanitised(const char *text)
{
    char *copy = mem_strdup(text);

    jdoc_sanitise(copy, strlen(copy));
    return copy;
}

static void assert_sanitised(const char *text, const char *want)
{
    char *got = sanitised(text);

    assert_string_equal(got, want);
    mem_free(got);
}

static struct jdoc *parse(const char *text)
{
    char *copy = mem_strdup(text);
    struct jdoc *doc;
    struct err err;

    if (jdoc_parse(copy, strlen(copy), &doc, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    mem_free(copy);
    return doc;
}

static void assert_broken(const char *text, const char *want)
{
    char *copy = mem_strdup(text);
    struct jdoc *doc;
    struct err err;

    assert_int_equal(jdoc_parse(copy, strlen(copy), &doc, &err), -1);
    assert_null(doc);
    assert_int_equal(err.code, ERR_PROTOCOL);
    assert_string_equal(err.text, want);
    mem_free(copy);
}

/* ---- cleaning -------------------------------------------------------------------------------- */

static void lone_surrogates_become_replacement_characters(void **state)
{
    (void)state;
    assert_sanitised("\"\\ud800\"", "\"\\ufffd\"");
    assert_sanitised("\"a\\uD83Db\"", "\"a\\ufffdb\"");
    assert_sanitised("\"\\udc00\"", "\"\\ufffd\"");
    assert_sanitised("\"\\udc00\\ud800\"", "\"\\ufffd\\ufffd\"");
    assert_sanitised("\"\\ud800\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"");
    assert_sanitised("\"\\ud800\\n\"", "\"\\ufffd\\n\"");
}

static void surrogate_pairs_stay(void **state)
{
    (void)state;
    assert_sanitised("\"\\ud83d\\ude00\\ud83d\\ude00\"", "\"\\ud83d\\ude00\\ud83d\\ude00\"");
}

static void escaped_nul_becomes_a_replacement_character(void **state)
{
    (void)state;
    assert_sanitised("\"a\\u0000b\"", "\"a\\ufffdb\"");
    assert_sanitised("\"\\u0001\"", "\"\\u0001\"");
}

static void escaped_backslashes_start_no_escape(void **state)
{
    (void)state;
    assert_sanitised("\"\\\\ud800\"", "\"\\\\ud800\"");
    assert_sanitised("\"\\\\\\ud800\"", "\"\\\\\\ufffd\"");
    assert_sanitised("\"\\\\u0000\"", "\"\\\\u0000\"");
}

static void bytes_that_are_no_utf8_become_question_marks(void **state)
{
    (void)state;
    assert_sanitised("\"\xff한\xed\xa0\x80\"", "\"?한???\"");
    assert_sanitised("\"\xea\xb0", "\"??");
}

static void cut_escapes_are_left_alone_within_bounds(void **state)
{
    (void)state;
    assert_sanitised("\"\\", "\"\\");
    assert_sanitised("\"\\ud83d\\n", "\"\\ufffd\\n");
    assert_sanitised("\"\\\xff\"", "\"\\?\"");
}

/* cJSON would take "\uZZZZ" for a NUL, at which the string ends. */
static void an_escape_without_four_digits_is_broken(void **state)
{
    (void)state;
    assert_sanitised("\"\\uZZZZ\"", "\"\\?ZZZZ\"");
    assert_sanitised("\"\\u12", "\"\\?12");
    assert_sanitised("\"\\ud83d\\u", "\"\\ufffd\\?");
    assert_broken("[\"a\\u00Zbc\"]", "JSON: byte 3: broken");
}

static void raw_nul_bytes_do_not_cut(void **state)
{
    char bytes[] = "[\"a\0b\"]";
    struct jdoc *doc;
    struct err err;

    (void)state;
    assert_int_equal(jdoc_parse(bytes, sizeof(bytes) - 1, &doc, &err), 0);
    assert_string_equal(jval_str(jval_first(jdoc_root(doc)), ""), "a?b");
    jdoc_free(&doc);
}

/* ---- parsing --------------------------------------------------------------------------------- */

static void reads_what_chrome_sends_with_lone_surrogates(void **state)
{
    struct jdoc *doc = parse("{\"id\":3,\"result\":{\"value\":\"\\ud55c\\uae00 \\ud800 \\u0000!\"},"
                             "\"sessionId\":\"S\"}");

    (void)state;
    assert_string_equal(jval_str(jval_path(jdoc_root(doc), "result.value"), ""),
                        "한글 \xef\xbf\xbd \xef\xbf\xbd!");
    assert_string_equal(jval_get_str(jdoc_root(doc), "sessionId", ""), "S");
    jdoc_free(&doc);
    assert_null(doc);
    jdoc_free(&doc);
}

static void broken_documents_name_the_byte(void **state)
{
    (void)state;
    assert_broken("", "JSON: byte 0: broken");
    assert_broken("{\"a\":}", "JSON: byte 5: broken");
    assert_broken("[1,2", "JSON: byte 3: broken");
    assert_broken("{} x", "JSON: byte 2: expected the end");
    assert_broken("{}{}", "JSON: byte 2: expected the end");
    assert_broken("\"open", "JSON: byte 1: broken");
}

static void white_space_around_is_fine(void **state)
{
    struct jdoc *doc = parse(" \r\n\t[1] \r\n\t");

    (void)state;
    assert_int_equal(jval_count(jdoc_root(doc)), 1);
    jdoc_free(&doc);
}

static char *nested(int depth)
{
    char *text = mem_zalloc((size_t)depth * 2 + 1);

    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    return text;
}

static void depth_is_limited_to_64(void **state)
{
    char *fine = nested(64);
    char *deep = nested(65);
    char *absurd = nested(1000000);
    struct jdoc *doc = parse(fine);

    (void)state;
    jdoc_free(&doc);
    assert_broken(deep, "JSON: byte 64: nested deeper than 64");
    assert_broken(absurd, "JSON: byte 64: nested deeper than 64");
    mem_free(fine);
    mem_free(deep);
    mem_free(absurd);
}

static void brackets_in_strings_are_not_depth(void **state)
{
    char text[300] = "\"\\\"";
    struct jdoc *doc;

    (void)state;
    memset(text + 3, '[', 200);
    strcpy(text + 203, "\"");
    doc = parse(text);
    assert_int_equal(strlen(jval_str(jdoc_root(doc), "")), 201);
    jdoc_free(&doc);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void getters_give_the_default_for_absent_and_wrong_values(void **state)
{
    struct jdoc *doc = parse("{\"s\":\"x\",\"n\":7,\"b\":true,\"z\":null,\"o\":{},\"a\":[1]}");
    const struct jval *root = jdoc_root(doc);

    (void)state;
    assert_string_equal(jval_get_str(root, "n", "d"), "d");
    assert_string_equal(jval_get_str(root, "absent", "d"), "d");
    assert_null(jval_get_str(root, "absent", NULL));
    assert_int_equal(jval_get_int(root, "s", -1), -1);
    assert_int_equal(jval_get_int(root, "n", -1), 7);
    assert_false(jval_get_bool(root, "n", false));
    assert_true(jval_get_bool(root, "b", false));
    assert_null(jval_get(jval_get(root, "s"), "deeper"));
    assert_null(jval_path(root, "o.p.q"));
    assert_null(jval_get(NULL, "x"));
    assert_null(jval_first(NULL));
    assert_null(jval_first(jval_get(root, "s")));
    assert_null(jdoc_root(NULL));
    assert_true(jval_is_null(jval_get(root, "z")));
    assert_false(jval_is_null(jval_get(root, "absent")));
    assert_int_equal(jval_count(jval_get(root, "a")), 1);
    assert_int_equal(jval_count(jval_get(root, "s")), 0);
    jdoc_free(&doc);
}

static void names_are_compared_with_their_case(void **state)
{
    struct jdoc *doc = parse("{\"Id\":1,\"id\":2}");

    (void)state;
    assert_int_equal(jval_get_int(jdoc_root(doc), "id", 0), 2);
    jdoc_free(&doc);
}

static void integers_are_cut_and_saturate(void **state)
{
    struct jdoc *doc = parse("[1.9,-1.9,1e300,-1e300,9007199254740991]");
    const struct jval *v = jval_first(jdoc_root(doc));
    const int64_t want[] = {1, -1, INT64_MAX, INT64_MIN, 9007199254740991};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want); i++, v = jval_next(v))
        assert_true(jval_int(v, 0) == want[i]);
    assert_null(v);
    jdoc_free(&doc);
}

static void members_are_walked_in_order_with_their_names(void **state)
{
    struct jdoc *doc = parse("{\"b\":1,\"a\":2.5}");
    const struct jval *v = jval_first(jdoc_root(doc));

    (void)state;
    assert_string_equal(jval_name(v), "b");
    v = jval_next(v);
    assert_string_equal(jval_name(v), "a");
    assert_true(jval_num(v, 0) > 2.4);
    assert_string_equal(jval_name(NULL), "");
    jdoc_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_surrogates_become_replacement_characters),
        cmocka_unit_test(surrogate_pairs_stay),
        cmocka_unit_test(escaped_nul_becomes_a_replacement_character),
        cmocka_unit_test(escaped_backslashes_start_no_escape),
        cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
        cmocka_unit_test(cut_escapes_are_left_alone_within_bounds),
        cmocka_unit_test(an_escape_without_four_digits_is_broken),
        cmocka_unit_test(raw_nul_bytes_do_not_cut),
        cmocka_unit_test(reads_what_chrome_sends_with_lone_surrogates),
        cmocka_unit_test(broken_documents_name_the_byte),
        cmocka_unit_test(white_space_around_is_fine),
        cmocka_unit_test(depth_is_limited_to_64),
        cmocka_unit_test(brackets_in_strings_are_not_depth),
        cmocka_unit_test(getters_give_the_default_for_absent_and_wrong_values),
        cmocka_unit_test(names_are_compared_with_their_case),
        cmocka_unit_test(integers_are_cut_and_saturate),
        cmocka_unit_test(members_are_walked_in_order_with_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
