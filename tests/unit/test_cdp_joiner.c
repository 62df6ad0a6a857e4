/* SPDX-License-Identifier: MIT */
/* test_cdp_joiner.c - messages out of pieces: order, cap, and whose memory it is. */
#include "cdp/joiner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void joins_pieces_in_order(void **state)
{
    struct joiner joiner;
    struct buf message;

    (void)state;
    joiner_init(&joiner, 100);

    assert_int_equal(joiner_add(&joiner, "{\"id\"", 5, false), JOINER_MORE);
    assert_int_equal(joiner_add(&joiner, "", 0, false), JOINER_MORE);
    assert_int_equal(joiner_add(&joiner, ":1}", 3, true), JOINER_WHOLE);
    message = joiner_take(&joiner);

    assert_string_equal(buf_str(&message), "{\"id\":1}");
    buf_fini(&message);
    joiner_fini(&joiner);
}

static void starts_the_next_message_empty(void **state)
{
    struct joiner joiner;
    struct buf message;

    (void)state;
    joiner_init(&joiner, 100);
    assert_int_equal(joiner_add(&joiner, "first", 5, true), JOINER_WHOLE);
    message = joiner_take(&joiner);
    joiner_give_back(&joiner, &message);

    assert_int_equal(joiner_add(&joiner, "next", 4, true), JOINER_WHOLE);
    message = joiner_take(&joiner);

    assert_string_equal(buf_str(&message), "next");
    buf_fini(&message);
    joiner_fini(&joiner);
}

static void drops_an_empty_message(void **state)
{
    struct joiner joiner;

    (void)state;
    joiner_init(&joiner, 100);

    assert_int_equal(joiner_add(&joiner, "", 0, true), JOINER_MORE);

    joiner_fini(&joiner);
}

static void refuses_what_grows_past_its_maximum(void **state)
{
    struct joiner joiner;

    (void)state;
    joiner_init(&joiner, 8);

    assert_int_equal(joiner_add(&joiner, "12345678", 8, false), JOINER_MORE);
    assert_int_equal(joiner_add(&joiner, "9", 1, true), JOINER_TOO_LONG);

    joiner_fini(&joiner);
}

static void gives_a_taken_message_away_for_good(void **state)
{
    struct joiner joiner;
    struct buf message;

    (void)state;
    joiner_init(&joiner, 100);
    assert_int_equal(joiner_add(&joiner, "mine", 4, true), JOINER_WHOLE);
    message = joiner_take(&joiner);

    joiner_fini(&joiner);

    assert_string_equal(buf_str(&message), "mine");
    buf_fini(&message);
}

static void keeps_small_memory_and_frees_large(void **state)
{
    struct joiner joiner;
    struct buf message;
    const char *memory;

    (void)state;
    joiner_init(&joiner, 1 << 20);
    assert_int_equal(joiner_add(&joiner, "small", 5, true), JOINER_WHOLE);
    message = joiner_take(&joiner);
    memory = message.data;

    joiner_give_back(&joiner, &message);
    assert_ptr_equal(joiner.incoming.data, memory);

    for (int i = 0; i < 300; i++)
        assert_int_equal(joiner_add(&joiner, (char[1024]){'x'}, 1024, false), JOINER_MORE);
    message = joiner_take(&joiner);
    joiner_give_back(&joiner, &message);
    assert_null(joiner.incoming.data);
    joiner_fini(&joiner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_pieces_in_order),
        cmocka_unit_test(starts_the_next_message_empty),
        cmocka_unit_test(drops_an_empty_message),
        cmocka_unit_test(refuses_what_grows_past_its_maximum),
        cmocka_unit_test(gives_a_taken_message_away_for_good),
        cmocka_unit_test(keeps_small_memory_and_frees_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
