/* SPDX-License-Identifier: MIT */
/* test_base_log.c - the form of a line, levels by component, quoting; error texts; delays. */
#include "base/log.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/str.h"
#include "support/unit.h"

#include <errno.h>

static char last[10000];
static enum log_level last_level;
static int lines;

static void sink(enum log_level level, const char *line, void *ctx)
{
    (void)ctx;
    snprintf(last, sizeof(last), "%s", line);
    last_level = level;
    lines++;
}

static int log_begin(void **state)
{
    struct err err;

    (void)state;
    log_set_sink(sink, NULL);
    assert_int_equal(log_set_levels("info", &err), 0);
    clock_fake_set(1795439100123);
    lines = 0;
    last[0] = '\0';
    return 0;
}

static int log_end(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    clock_fake_off();
    return 0;
}

/* ---- log ------------------------------------------------------------------------------------- */

static void line_has_time_level_component_message_and_pairs(void **state)
{
    (void)state;
    log_warn("pool", "retiring", "browser=%d reason=%s", 3, "memory");
    assert_string_equal(last, "ts=2026-11-23T13:05:00.123Z level=warn comp=pool msg=\"retiring\" "
                              "browser=3 reason=memory");
    assert_int_equal(last_level, LOG_WARN);
    log_write(LOG_INFO, "pool", "plain", "%s", "");
    assert_true(str_starts(last, "ts=2026-11-23T13:05:00.123Z level=info comp=pool msg=\"plain\""));
}

static void levels_are_set_per_component(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(log_set_levels("warn, cdp=trace ,pool=error", &err), 0);

    log_info("crawl", "no", "a=%d", 1);
    log_trace("cdp", "yes", "a=%d", 1);
    log_warn("pool", "no", "a=%d", 1);
    log_warn("crawl", "yes", "a=%d", 1);

    assert_int_equal(lines, 2);
    assert_true(log_enabled(LOG_TRACE, "cdp"));
    assert_false(log_enabled(LOG_TRACE, "cd"));
}

static void wrong_levels_change_nothing(void **state)
{
    static const char *const bad[] = {"", "loud", "info,cdp=", "info,cdp=loud", "info,,cdp=debug"};
    struct err err;

    (void)state;
    assert_int_equal(log_set_levels("error", &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(log_set_levels(bad[i], &err), -1);
        assert_int_equal(log_check_levels(bad[i], &err), -1);
        assert_non_null(strstr(err.text, "expected trace, debug, info, warn or error"));
    }
    assert_int_equal(log_check_levels("trace", &err), 0);
    assert_false(log_enabled(LOG_WARN, "any"));
}

static void quoted_values_stay_on_the_line(void **state)
{
    char large[2000];

    (void)state;
    assert_string_equal(log_quote("a \"b\" \\ \n\t"), "\"a \\\"b\\\" \\\\ \\n \"");
    assert_string_equal(log_quote(NULL), "\"\"");
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_true(strlen(log_quote(large)) < 512);
}

static void long_values_are_not_cut_within_a_character(void **state)
{
    char large[1203];

    (void)state;
    for (int shift = 0; shift < 3; shift++) {
        memset(large, 'x', 3);
        for (int i = 0; i < 400; i++)
            memcpy(large + shift + 3 * i, "한", 3);
        large[shift + 1200] = '\0';
        const char *quoted = log_quote(large);

        assert_true(str_utf8_valid(quoted, strlen(quoted)));
        assert_true(str_ends(quoted, "\""));
    }
}

static void four_quotes_live_at_once(void **state)
{
    (void)state;
    log_info("x", "m", "%s %s %s", log_quote("a"), log_quote("b"), log_quote("c"));
    assert_true(str_ends(last, "\"a\" \"b\" \"c\""));
}

static void event_is_one_line_and_long_ones_are_cut_visibly(void **state)
{
    static char large[20000];

    (void)state;
    log_info("x", "m", "raw=%s", "two\nlines");
    assert_null(strchr(last, '\n'));
    memset(large, 'x', sizeof(large) - 1);
    log_info("x", "m", "raw=%s", large);
    assert_int_equal(lines, 2);
    assert_int_equal(strlen(last), 8191);
    assert_true(str_ends(last, "xxx..."));
}

/* ---- err ------------------------------------------------------------------------------------- */

static void errors_gather_what_each_level_knows(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, ERR_TIMEOUT, "timed out after %d ms", 15), -1);
    assert_int_equal(err_prefix(&err, "Runtime.evaluate"), -1);
    assert_int_equal(err_prefix(&err, "site %s", "ppomppu"), -1);
    assert_string_equal(err.text, "site ppomppu: Runtime.evaluate: timed out after 15 ms");
    assert_int_equal(err.code, ERR_TIMEOUT);
    err_clear(&err);
    assert_int_equal(err.code, ERR_OK);
    assert_string_equal(err.text, "");
}

static void long_errors_are_cut(void **state)
{
    char large[3000];
    struct err err;

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    err_set(&err, ERR_CONFIG, "%s", large);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_prefix(&err, "%s", large);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void errors_are_cut_between_characters(void **state)
{
    char korean[3001];
    struct err err;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(korean, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(korean); i += 3)
            memcpy(korean + i, "뷁", sizeof("뷁"));
        err_set(&err, ERR_CONFIG, "%s", korean);
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
        assert_true(strlen(err.text) > sizeof(err.text) - 4);
        err_prefix(&err, "site");
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
        err_prefix(&err, "%s", korean);
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
        errno = ENOENT;
        err_sys(&err, ERR_CONFIG, "%s", korean);
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
    }
}

static void system_errors_choose_their_code(void **state)
{
    struct err err;

    (void)state;
    errno = ENOENT;
    err_sys(&err, ERR_CONFIG, "%s", "x.conf");
    assert_string_equal(err.text, "x.conf: No such file or directory");
    assert_int_equal(err.code, ERR_CONFIG);
    errno = EMFILE;
    err_sys(&err, ERR_LAUNCH, "pipe");
    assert_int_equal(err.code, ERR_FDS);
    errno = ENOSPC;
    err_sys(&err, ERR_STORE, "write");
    assert_int_equal(err.code, ERR_DISK);
    errno = EAGAIN;
    err_sys(&err, ERR_LAUNCH, "fork");
    assert_int_equal(err.code, ERR_PIDS);
    errno = EAGAIN;
    err_sys(&err, ERR_STORE, "read");
    assert_int_equal(err.code, ERR_STORE);
}

static void every_code_has_a_reason_of_its_own(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_COUNT; code++) {
        assert_int_equal(err_code_from_reason(err_reason((enum err_code)code)), code);
        assert_true(strlen(err_prose((enum err_code)code)) >= 3);
        assert_true(err_exit_code((enum err_code)code) <= 12);
    }
    assert_int_equal(err_exit_code(ERR_OK), 0);
    assert_int_equal(err_exit_code(ERR_BLOCKED), 9);
    assert_int_equal(err_code_from_reason("no such reason"), -1);
}

/* ---- backoff --------------------------------------------------------------------------------- */

static void delays_double_up_to_the_maximum_with_jitter_below(void **state)
{
    static const int64_t steps_ms[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct backoff backoff;

    (void)state;
    for (int round = 0; round < 50; round++) {
        backoff_init(&backoff, 2000, 60000);
        for (size_t i = 0; i < ARRAY_LEN(steps_ms); i++) {
            int64_t delay_ms = backoff_next_ms(&backoff);

            assert_true(delay_ms <= steps_ms[i] && delay_ms >= steps_ms[i] * 3 / 4);
        }
        assert_int_equal(backoff.failures, ARRAY_LEN(steps_ms));
    }
}

static void reset_begins_at_the_base(void **state)
{
    struct backoff backoff;

    (void)state;
    backoff_init(&backoff, 100, INT64_MAX);
    for (int i = 0; i < 100; i++)
        assert_true(backoff_next_ms(&backoff) > 0);
    backoff_reset(&backoff);
    assert_int_equal(backoff.failures, 0);
    assert_true(backoff_next_ms(&backoff) <= 100);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, log_begin, log_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(line_has_time_level_component_message_and_pairs),
        LOG_TEST(levels_are_set_per_component),
        LOG_TEST(wrong_levels_change_nothing),
        LOG_TEST(quoted_values_stay_on_the_line),
        LOG_TEST(long_values_are_not_cut_within_a_character),
        LOG_TEST(four_quotes_live_at_once),
        LOG_TEST(event_is_one_line_and_long_ones_are_cut_visibly),
        cmocka_unit_test(errors_gather_what_each_level_knows),
        cmocka_unit_test(long_errors_are_cut),
        cmocka_unit_test(errors_are_cut_between_characters),
        cmocka_unit_test(system_errors_choose_their_code),
        cmocka_unit_test(every_code_has_a_reason_of_its_own),
        cmocka_unit_test(delays_double_up_to_the_maximum_with_jitter_below),
        cmocka_unit_test(reset_begins_at_the_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
