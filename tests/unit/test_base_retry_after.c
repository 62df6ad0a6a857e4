/* SPDX-License-Identifier: MIT */
/* test_base_retry_after.c - the header in both forms, and what is neither. */
#include "base/retry_after.h"
#include "base/clock.h"
#include "support/unit.h"

static const int64_t now_ms = 1798761600000; /* 2027-01-01T00:00:00Z */

static void reads_seconds_and_dates(void **state)
{
    static const struct {
        const char *value;
        int64_t expected_ms;
    } rows[] = {
        {"120", 120000},
        {"0", 0},
        {" 7 ", 7000},
        {"Fri, 01 Jan 2027 00:02:00 GMT", 120000},
        {"Friday, 01-Jan-27 00:00:30 GMT", 30000}, /* RFC 850 form, obsolete but legal */
        {"Fri Jan  1 00:00:05 2027", 5000},        /* asctime form */
        {"Thu, 31 Dec 2026 23:59:59 GMT", 0},      /* over */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (retry_after_ms(rows[i].value, now_ms) != rows[i].expected_ms)
            fail_msg("\"%s\": %lld", rows[i].value,
                     (long long)retry_after_ms(rows[i].value, now_ms));
}

static void asks_for_a_day_at_most(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("86401", now_ms), RETRY_AFTER_MAX_MS);
    assert_int_equal(retry_after_ms("99999999999999999999999999", now_ms), RETRY_AFTER_MAX_MS);
    assert_int_equal(retry_after_ms("Fri, 01 Jan 2038 00:00:00 GMT", now_ms), RETRY_AFTER_MAX_MS);
}

static void what_is_neither_form_asks_for_nothing(void **state)
{
    static const char *const values[] = {"", "soon", "-5", "12 minutes", "1.5", "0x10"};

    (void)state;
    assert_int_equal(retry_after_ms(NULL, now_ms), RETRY_AFTER_NONE);
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (retry_after_ms(values[i], now_ms) != RETRY_AFTER_NONE)
            fail_msg("\"%s\": %lld", values[i], (long long)retry_after_ms(values[i], now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_seconds_and_dates),
        cmocka_unit_test(asks_for_a_day_at_most),
        cmocka_unit_test(what_is_neither_form_asks_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
