/* SPDX-License-Identifier: MIT */
/* test_cdp_conn.c - calls against a scripted server: silence, lateness, garbage.
 *
 * Each test runs over both transports, but for those about what only a WebSocket has: frames, pings.
 * Events, and connections that are lost: test_cdp_loss.c.
 */
#include "test_cdp_conn.h"

/* ---- calls ------------------------------------------------------------------------------------- */

static void answers_each_call_with_its_own_result(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_echo;
    call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, "S1", "{\"expression\":\"1\"}", LONG_MS);

    await_answers(w, 2);

    assert_string_equal(w->answers[0].value, "ok 1");
    assert_string_equal(w->answers[1].value, "ok 2");
    assert_false(fakechrome_was_offered_extensions(w->fake));
    assert_int_equal(fakechrome_bad_frames(w->fake), 0);
}

static void sends_calls_that_were_made_before_the_connection_was_open(void **state)
{
    struct world *w = *state;

    w->script = script_echo;
    begin_to_connect(w, LONG_MS);
    call(w, 0, NULL, NULL, LONG_MS);
    loop_run(w->loop);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_OK);
}

static void sends_a_large_command_as_one_frame(void **state)
{
    struct world *w = *state;
    size_t len = (size_t)5 << 20;
    struct buf params;

    connect_open(w);
    w->script = script_length;
    buf_init(&params, BUF_MAX_DEFAULT);
    buf_adds(&params, "{\"expression\":\"");
    for (size_t i = 0; i < len; i++)
        buf_addc(&params, 'e');
    buf_adds(&params, "\"}");
    call(w, 0, NULL, buf_str(&params), LONG_MS);
    call(w, 1, NULL, NULL, LONG_MS);
    buf_fini(&params);

    await_answers(w, 2);

    assert_true(strtoul(w->answers[0].value, NULL, 10) > len);
    assert_int_equal(fakechrome_commands(w->fake), 2);
    assert_int_equal(fakechrome_bad_frames(w->fake), 0);
}

static void fails_a_call_that_nobody_answers_at_its_deadline(void **state)
{
    struct world *w = *state;
    struct cdp_conn_stats stats;

    connect_open(w);
    call(w, 0, NULL, NULL, SOON_MS);

    await_answers(w, 1);

    cdp_conn_stats(w->conn, &stats);
    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_string_equal(w->answers[0].text, "Runtime.evaluate: timed out after 60 ms");
    assert_int_equal(stats.pending, 0);
}

static void drops_an_answer_that_comes_after_the_deadline(void **state)
{
    struct world *w = *state;

    connect_open(w);
    call(w, 0, NULL, NULL, SOON_MS);
    await_answers(w, 1);
    w->script = script_echo;
    fakechrome_send(w->fake, "{\"id\":1,\"result\":{\"value\":\"late\"}}");
    call(w, 1, NULL, NULL, LONG_MS);

    await_answers(w, 2);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_string_equal(w->answers[1].value, "ok 2");
}

static void takes_an_error_that_names_no_session(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_error_without_session;
    call(w, 0, "S1", NULL, LONG_MS);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_PROTOCOL);
    assert_string_equal(w->answers[0].text,
                        "Runtime.evaluate: Cannot find context with specified id");
}

static void hears_only_the_first_of_two_answers(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_answer_twice;
    call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, NULL, NULL, LONG_MS);

    await_answers(w, 2);
    turn(w, SOON_MS);

    assert_int_equal(w->answers_seen, 2);
}

static void lives_through_garbage(void **state)
{
    struct world *w = *state;
    struct cdp_conn_stats stats;

    connect_open(w);
    w->sub = cdp_subscribe(w->conn, NULL, "Target.targetCrashed", on_event, w);
    w->script = script_garbage_then_answer;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    cdp_conn_stats(w->conn, &stats);
    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->events, 0);
    assert_true(stats.bad_messages >= 5);
    assert_int_equal(stats.dropped_events, 2);
}

static void fails_the_call_whose_result_is_no_json(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_unparsable_result;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_PROTOCOL);
    assert_true(cdp_conn_is_open(w->conn));
}

static void reads_lone_surrogates_and_nul_as_replacement_characters(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_surrogates;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    assert_string_equal(w->answers[0].value, "a\xef\xbf\xbd"
                                             "b\xef\xbf\xbd"
                                             "c\xec\x82\xac");
}

static void puts_8_mb_in_4_kib_fragments_together(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_big;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->answers[0].value_len, (size_t)8 << 20);
}

static void gives_up_a_connection_whose_message_passes_the_cap(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_endless;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_PROTOCOL);
    assert_non_null(strstr(w->answers[0].text, "64 MiB"));
}

static void answers_pings(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_echo;
    for (int i = 0; i < 5; i++)
        fakechrome_ping(w->fake);
    call(w, 0, NULL, NULL, LONG_MS);
    await_answers(w, 1);
    turn(w, SOON_MS);

    assert_true(fakechrome_pongs(w->fake) > 0);
}

static void does_not_call_back_after_cancel(void **state)
{
    struct world *w = *state;
    struct cdp_call *cancelled;

    connect_open(w);
    w->script = script_echo;
    cancelled = call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, NULL, NULL, LONG_MS);
    cdp_call_cancel(cancelled);

    await_answers(w, 1);

    assert_false(w->answers[0].came);
    assert_true(w->answers[1].came);
}

static void fails_the_calls_of_one_session_only(void **state)
{
    struct world *w = *state;
    struct err why;

    connect_open(w);
    call(w, 0, "GONE", NULL, LONG_MS);
    call(w, 1, "LIVES", NULL, SOON_MS);
    err_set(&why, ERR_CRASHED, "the page's process is gone");
    w->inside_start = true;
    cdp_conn_fail_session(w->conn, "GONE", &why);
    w->inside_start = false;

    await_answers(w, 2);

    assert_int_equal(w->answers[0].code, ERR_CRASHED);
    assert_string_equal(w->answers[0].text, "Runtime.evaluate: the page's process is gone");
    assert_int_equal(w->answers[1].code, ERR_TIMEOUT);
}

static enum fakechrome_link ws = FAKECHROME_WS, by_pipe = FAKECHROME_PIPE;

int main(void)
{
#define WS(name)                                     \
    {                                                \
#name "_over_ws", name, setup, teardown, &ws \
    }
#define BOTH(name)                                          \
    WS(name),                                               \
    {                                                       \
#name "_over_pipe", name, setup, teardown, &by_pipe \
    }
    const struct CMUnitTest tests[] = {
        BOTH(answers_each_call_with_its_own_result),
        BOTH(sends_calls_that_were_made_before_the_connection_was_open),
        BOTH(sends_a_large_command_as_one_frame),
        BOTH(fails_a_call_that_nobody_answers_at_its_deadline),
        BOTH(drops_an_answer_that_comes_after_the_deadline),
        BOTH(takes_an_error_that_names_no_session),
        BOTH(hears_only_the_first_of_two_answers),
        BOTH(lives_through_garbage),
        BOTH(fails_the_call_whose_result_is_no_json),
        BOTH(reads_lone_surrogates_and_nul_as_replacement_characters),
        BOTH(puts_8_mb_in_4_kib_fragments_together),
        BOTH(gives_up_a_connection_whose_message_passes_the_cap),
        WS(answers_pings),
        BOTH(does_not_call_back_after_cancel),
        BOTH(fails_the_calls_of_one_session_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
