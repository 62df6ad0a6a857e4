/* SPDX-License-Identifier: MIT */
/* test_base_str.c - UTF-8, numbers with units, cutting, nearest words. */
#include "base/str.h"
#include "support/unit.h"

static void comparisons_accept_null_where_they_say_so(void **state)
{
    (void)state;
    assert_true(str_eq("a", "a") && str_eq(NULL, NULL));
    assert_false(str_eq("a", NULL) || str_eq(NULL, "") || str_eq("a", "A"));
    assert_true(str_starts("abc", "ab") && str_starts("abc", ""));
    assert_false(str_starts("ab", "abc"));
    assert_true(str_ends("abc", "bc") && str_ends("abc", ""));
    assert_false(str_ends("bc", "abc"));
    assert_true(str_empty(NULL) && str_empty(""));
    assert_false(str_empty(" "));
}

static void utf8_accepts_only_what_rfc_3629_does(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xea\xb0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},
        {"\xc0\x80", 0},         /* overlong */
        {"\xc1\xbf", 0},         /* overlong */
        {"\xe0\x9f\xbf", 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* past U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"\xea\xb0", 0}, /* cut */
        {"\xea\x41\x80", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(str_utf8_len(cases[i].bytes, strlen(cases[i].bytes)), cases[i].len);
        assert_int_equal(str_utf8_valid(cases[i].bytes, strlen(cases[i].bytes)), cases[i].len != 0);
    }
    assert_true(str_utf8_valid("", 0));
}

static void counts_characters_and_columns(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_count("한글 ab"), 5);
    assert_int_equal(str_utf8_count("\xff\xff"), 2);
    assert_int_equal(str_columns("한글 ab"), 7);
    assert_int_equal(str_columns("😀é"), 3);
    assert_int_equal(str_columns("\xff"), 1);
}

static void cuts_between_characters(void **state)
{
    (void)state;
    assert_int_equal(str_cut_utf8("abc", 2), 2);
    assert_int_equal(str_cut_utf8("abc", 9), 3);
    assert_int_equal(str_cut_utf8("", 5), 0);
    assert_int_equal(str_cut_utf8("a가나", 1), 1);
    assert_int_equal(str_cut_utf8("a가나", 3), 1);
    assert_int_equal(str_cut_utf8("a가나", 4), 4);
    assert_int_equal(str_cut_utf8("가", 2), 0);
    assert_int_equal(str_cut_utf8("\xf0\x9f\x94\xa5", 3), 0);
    assert_int_equal(str_cut_utf8("\xf0\x9f\x94\xa5", 4), 4);
    /* What some other hand has cut already. */
    assert_int_equal(str_cut_utf8("a\xea\xb0", 9), 1);
    /* Bytes that are no UTF-8 at all stay as they are. */
    assert_int_equal(str_cut_utf8("\x80\x80\x80\x80\x80", 4), 4);
}

static void trims_and_cuts_in_place(void **state)
{
    char text[] = "  a , b,,c  ";
    char blanks[] = " \t\r\n";
    char *rest = text;

    (void)state;
    assert_string_equal(str_trim(blanks), "");
    assert_string_equal(str_next(&rest, ','), "a");
    assert_string_equal(str_next(&rest, ','), "b");
    assert_string_equal(str_next(&rest, ','), "");
    assert_string_equal(str_next(&rest, ','), "c");
    assert_null(str_next(&rest, ','));
}

static void whole_numbers_within_their_range(void **state)
{
    static const char *const bad[] = {"", "x", "1x", " 1", "1 ", "1.5", "0x10"};
    int64_t n;
    struct err err;

    (void)state;
    assert_int_equal(str_to_int("-5", -10, 10, &n, &err), 0);
    assert_true(n == -5);
    assert_int_equal(str_to_int("9223372036854775807", 0, INT64_MAX, &n, &err), 0);
    assert_true(n == INT64_MAX);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(str_to_int(bad[i], -100, 100, &n, &err), -1);
        assert_non_null(strstr(err.text, "expected a whole number"));
    }
    assert_int_equal(str_to_int("11", -10, 10, &n, &err), -1);
    assert_string_equal(err.text, "\"11\": expected a number from -10 to 10");
    assert_int_equal(str_to_int("99999999999999999999", 0, INT64_MAX, &n, &err), -1);
}

static void yes_and_no_in_their_spellings(void **state)
{
    bool yes = false;
    struct err err;

    (void)state;
    assert_int_equal(str_to_bool("Yes", &yes, &err), 0);
    assert_true(yes);
    assert_int_equal(str_to_bool("off", &yes, &err), 0);
    assert_false(yes);
    assert_int_equal(str_to_bool("1", &yes, &err), 0);
    assert_true(yes);
    assert_int_equal(str_to_bool("", &yes, &err), -1);
    assert_string_equal(err.text, "\"\": expected yes or no");
}

static void durations_need_their_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"250ms", 250},    {"2s", 2000}, {"5m", 300000}, {"1h", 3600000},
                {"2d", 172800000}, {"0", 0},     {"0s", 0}};
    static const char *const bad[] = {"2", "", "s", "-1s", "1.5s", "2 s", "2w", "99999999999999d"};
    int64_t ms;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(str_to_duration_ms(good[i].text, &ms, &err), 0);
        assert_true(ms == good[i].ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (str_to_duration_ms(bad[i], &ms, &err) == 0)
            fail_msg("accepted \"%s\"", bad[i]);
}

static void sizes_are_powers_of_1024(void **state)
{
    int64_t n;
    struct err err;

    (void)state;
    assert_int_equal(str_to_bytes("512K", &n, &err), 0);
    assert_true(n == 512 * 1024);
    assert_int_equal(str_to_bytes("64MiB", &n, &err), 0);
    assert_true(n == 64 << 20);
    assert_int_equal(str_to_bytes("17", &n, &err), 0);
    assert_true(n == 17);
    assert_int_equal(str_to_bytes("9999999999999G", &n, &err), -1);
    assert_int_equal(str_to_bytes("1T", &n, &err), -1);
}

static void nearest_word_or_none(void **state)
{
    static const char *const names[] = {"database", "log", "page_timeout", "page_retries"};

    (void)state;
    assert_string_equal(str_nearest("databse", names, 4), "database");
    assert_string_equal(str_nearest("page_timout", names, 4), "page_timeout");
    assert_string_equal(str_nearest("lgo", names, 4), "log");
    assert_null(str_nearest("something", names, 4));
    assert_null(str_nearest("log", names, 0));
}

static void hex_is_lower_case(void **state)
{
    char out[9];

    (void)state;
    str_hex("\x00\xff\x1a\xB2", 4, out);
    assert_string_equal(out, "00ff1ab2");
}

static void numbers_are_written_as_printf_writes_them(void **state)
{
    static const int64_t numbers[] = {0, 7, -1, 10, 999999999999999999, INT64_MAX, INT64_MIN, -1000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char out[STR_INT_BYTES], expected[STR_INT_BYTES];
        char *end = str_put_int(out, numbers[i]);

        snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
        assert_string_equal(out, expected);
        assert_ptr_equal(end, out + strlen(out));
        assert_true(str_int_of(out) == numbers[i]);
    }
}

static void a_number_is_read_back_whatever_its_length(void **state)
{
    int64_t n, number = 0;
    struct err err;

    (void)state;
    for (int digit = 1; digit <= 18; digit++) {
        char text[STR_INT_BYTES + 1];

        number = number * 10 + digit % 10;
        str_put_int(text, number);
        assert_int_equal(str_to_int(text, INT64_MIN, INT64_MAX, &n, &err), 0);
        assert_true(n == number);
        assert_int_equal(str_to_int(text, number + 1, INT64_MAX, &n, &err), -1);
        strcat(text, "x");
        assert_int_equal(str_to_int(text, INT64_MIN, INT64_MAX, &n, &err), -1);
    }
    assert_int_equal(str_to_int("000000000000000000000042", 0, 50, &n, &err), 0);
    assert_int_equal(n, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_accept_null_where_they_say_so),
        cmocka_unit_test(utf8_accepts_only_what_rfc_3629_does),
        cmocka_unit_test(counts_characters_and_columns),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(trims_and_cuts_in_place),
        cmocka_unit_test(whole_numbers_within_their_range),
        cmocka_unit_test(yes_and_no_in_their_spellings),
        cmocka_unit_test(durations_need_their_unit),
        cmocka_unit_test(sizes_are_powers_of_1024),
        cmocka_unit_test(nearest_word_or_none),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(numbers_are_written_as_printf_writes_them),
        cmocka_unit_test(a_number_is_read_back_whatever_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
