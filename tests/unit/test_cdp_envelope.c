/* SPDX-License-Identifier: MIT */
/* test_cdp_envelope.c - what a message's outside tells, in whatever form it comes. */
#include "cdp/envelope.h"
#include "base/mem.h"
#include "support/unit.h"

/* Reads a copy of exactly the text's length, so that the sanitizer sees a step too far. */
static int read_text(const char *text, char **copy_out, struct envelope *out)
{
    size_t len = strlen(text);

    *copy_out = mem_alloc(len ? len : 1);
    memcpy(*copy_out, text, len);
    return envelope_read(*copy_out, len, out);
}

static void assert_span(const struct span *span, const char *expected)
{
    if (!expected) {
        assert_null(span->at);
        return;
    }
    assert_non_null(span->at);
    assert_int_equal(span->len, strlen(expected));
    assert_memory_equal(span->at, expected, span->len);
}

static void assert_refused(const char *text)
{
    struct envelope envelope;
    char *copy;
    int rc = read_text(text, &copy, &envelope);

    if (rc == 0)
        fail_msg("taken for whole: %s", text);
    mem_free(copy);
}

static void finds_id_and_result(void **state)
{
    struct envelope e;
    char *copy;

    (void)state;
    assert_int_equal(read_text("{\"id\":7,\"result\":{\"a\":[1,{\"b\":\"}\"}]}}", &copy, &e), 0);

    assert_true(e.has_id);
    assert_int_equal(e.id, 7);
    assert_span(&e.result, "{\"a\":[1,{\"b\":\"}\"}]}");
    assert_span(&e.error, NULL);
    assert_span(&e.method, NULL);
    mem_free(copy);
}

static void finds_session_id_behind_the_payload(void **state)
{
    struct envelope e;
    char *copy;

    (void)state;
    assert_int_equal(
        read_text("{\"method\":\"Page.frameNavigated\",\"params\":{\"sessionId\":\"inner\"},"
                  "\"sessionId\":\"AB12\"}",
                  &copy, &e),
        0);

    assert_false(e.has_id);
    assert_true(span_is(&e.method, "Page.frameNavigated"));
    assert_true(span_is(&e.session_id, "AB12"));
    assert_span(&e.params, "{\"sessionId\":\"inner\"}");
    mem_free(copy);
}

static void is_not_misled_by_quotes_and_backslashes_in_text(void **state)
{
    struct envelope e;
    char *copy;

    (void)state;
    assert_int_equal(
        read_text(
            "{\"id\":1,\"result\":{\"v\":\"a\\\\\\\"}]{\\\\\",\"w\":\"\\\\\"},\"sessionId\":\"S\"}",
            &copy, &e),
        0);

    assert_span(&e.result, "{\"v\":\"a\\\\\\\"}]{\\\\\",\"w\":\"\\\\\"}");
    assert_true(span_is(&e.session_id, "S"));
    mem_free(copy);
}

static void skips_members_that_it_does_not_know(void **state)
{
    struct envelope e;
    char *copy;

    (void)state;
    assert_int_equal(read_text(" { \"new\" : [ { } , null ] , \"flag\":true,\"n\":-1.5e3, \"id\" : "
                               "42 ,\"result\":{} } \n",
                               &copy, &e),
                     0);

    assert_int_equal(e.id, 42);
    assert_span(&e.result, "{}");
    mem_free(copy);
}

static void takes_no_id_that_is_none_of_ours(void **state)
{
    static const char *const texts[] = {"{\"id\":\"x\"}", "{\"id\":-1}", "{\"id\":1.5}",
                                        "{\"id\":null}", "{\"id\":99999999999999999999}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct envelope e;
        char *copy;

        assert_int_equal(read_text(texts[i], &copy, &e), 0);
        assert_false(e.has_id);
        mem_free(copy);
    }
}

static void takes_an_empty_object(void **state)
{
    struct envelope e;
    char *copy;

    (void)state;
    assert_int_equal(read_text("{}", &copy, &e), 0);

    assert_false(e.has_id);
    assert_span(&e.method, NULL);
    mem_free(copy);
}

static void refuses_what_is_not_one_whole_object(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "null",
        "[]",
        "\"id\"",
        "{",
        "{\"id\"",
        "{\"id\":",
        "{\"id\":1",
        "{\"id\":1,",
        "{\"id\":1,}",
        "{\"id\":1}x",
        "{\"id\":1}{}",
        "{\"result\":{\"a\":1}",
        "{\"result\":\"open}",
        "{\"r\":\"open\\\"}",
        "{id:1}",
        "{\"id\" 1}",
        "{\"a\":}",
        "{\"a\":[1,2}",
        "<html>",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_refused(texts[i]);
}

static void refuses_every_cut_of_a_message(void **state)
{
    static const char whole[] =
        "{\"id\":12,\"result\":{\"t\":\"\\ud800 \\\" \\\\\",\"n\":[{}]},\"sessionId\":\"S\"}";
    char part[sizeof(whole)];

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        memcpy(part, whole, len);
        part[len] = '\0';
        assert_refused(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_id_and_result),
        cmocka_unit_test(finds_session_id_behind_the_payload),
        cmocka_unit_test(is_not_misled_by_quotes_and_backslashes_in_text),
        cmocka_unit_test(skips_members_that_it_does_not_know),
        cmocka_unit_test(takes_no_id_that_is_none_of_ours),
        cmocka_unit_test(takes_an_empty_object),
        cmocka_unit_test(refuses_what_is_not_one_whole_object),
        cmocka_unit_test(refuses_every_cut_of_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
