/* SPDX-License-Identifier: MIT */
/* test_base_buf.c - growth up to the maximum, JSON and URL escapes. */
#include "base/buf.h"
#include "support/unit.h"

static void grows_and_stays_terminated(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    assert_string_equal(buf_str(&buf), "");
    for (int i = 0; i < 1000; i++)
        buf_addf(&buf, "%03d", i);
    buf_adds(&buf, "x");
    buf_addc(&buf, 'y');
    assert_int_equal(buf.len, 3002);
    assert_int_equal(strlen(buf_str(&buf)), 3002);
    assert_string_equal(buf_str(&buf) + 2997, "999xy");
    buf_clear(&buf);
    assert_string_equal(buf_str(&buf), "");
    buf_fini(&buf);
}

static void past_the_maximum_nothing_more_is_stored(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    buf_adds(&buf, "0123456789");
    assert_false(buf_overflowed(&buf));
    buf_addc(&buf, 'x');
    assert_true(buf_overflowed(&buf));
    buf_adds(&buf, "");
    assert_string_equal(buf_str(&buf), "0123456789");
    buf_clear(&buf);
    assert_false(buf_overflowed(&buf));
    buf_addf(&buf, "%s", "longer than ten");
    assert_true(buf_overflowed(&buf));
    assert_string_equal(buf_str(&buf), "");
    buf_fini(&buf);
}

static void consumes_from_the_front(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    buf_consume(&buf, 0);
    buf_adds(&buf, "hello");
    buf_consume(&buf, 2);
    assert_string_equal(buf_str(&buf), "llo");
    buf_consume(&buf, 3);
    assert_string_equal(buf_str(&buf), "");
    buf_fini(&buf);
}

static void taken_bytes_belong_to_the_caller(void **state)
{
    struct buf buf;
    char *bytes;

    (void)state;
    buf_init(&buf, 100);
    bytes = buf_take(&buf);
    assert_string_equal(bytes, "");
    mem_free(bytes);
    buf_adds(&buf, "mine");
    bytes = buf_take(&buf);
    assert_string_equal(bytes, "mine");
    assert_string_equal(buf_str(&buf), "");
    mem_free(bytes);
    buf_fini(&buf);
}

static void json_strings_are_escaped(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    buf_add_json(&buf, "a\"b\\c/\n\t\x01\x7f<한😀");
    assert_string_equal(buf_str(&buf), "\"a\\\"b\\\\c/\\n\\t\\u0001\\u007f\\u003c한😀\"");
    buf_clear(&buf);
    buf_add_json(&buf, NULL);
    buf_add_json(&buf, "");
    assert_string_equal(buf_str(&buf), "null\"\"");
    buf_clear(&buf);
    buf_add_json(&buf, "\xff\xed\xa0\x80x\xea\xb0");
    assert_string_equal(buf_str(&buf), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"
                                       "\xef\xbf\xbd\xef\xbf\xbd\"");
    buf_clear(&buf);
    buf_add_json_n(&buf, "a\0b", 3);
    assert_string_equal(buf_str(&buf), "\"a\\u0000b\"");
    buf_fini(&buf);
}

static void url_parts_are_percent_encoded(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    buf_add_urlenc(&buf, "aZ9-._~ &=+/?한");
    assert_string_equal(buf_str(&buf), "aZ9-._~%20%26%3D%2B%2F%3F%ED%95%9C");
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(past_the_maximum_nothing_more_is_stored),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(taken_bytes_belong_to_the_caller),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(url_parts_are_percent_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
