/* SPDX-License-Identifier: MIT */
/* test_cdp_faults.c - what FAILURES says of the protocol, rows 1 to 5: lost, crashed, silent. Played by scripts of
 * tests/fakechrome.
 *
 * Each test runs over both transports, but for those about what only one of them has. The rest of those rows, with
 * processes and slots, is in tests/integration/test_fakechrome.py. Rows 11 and 12: test_cdp_garbage.c.
 */
#include "test_cdp_faults.h"

/* ---- row 1: the browser process dies ------------------------------------------------------------ */

static void row_1_lost_before_the_handshake_is_answered(void **state)
{
    struct world *w = *state;

    connect_to(w, "handshake\nclose");

    assert_false(w->opened);
    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_NETWORK);
}

static void row_1_lost_in_the_middle_of_the_handshake(void **state)
{
    struct world *w = *state;

    connect_to(w, "handshake\ngarbage HTTP/1.1 101 Switching Proto\nclose");

    assert_false(w->opened);
    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_NETWORK);
}

static void row_1_a_handshake_of_something_else(void **state)
{
    struct world *w = *state;

    connect_to(w, "handshake\ngarbage HTTP/1.1 200 OK\\x0d\\x0aContent-Length: "
                  "2\\x0d\\x0a\\x0d\\x0ahi\nclose");

    assert_false(w->opened);
    assert_int_equal(w->why.code, ERR_NETWORK);
}

static void row_1_a_handshake_that_never_ends(void **state)
{
    struct world *w = *state;

    begin_to_connect(w, "handshake\ngarbage HTTP/1.1 101\nsilence", SOON_MS);
    await_end(w);

    assert_false(w->opened);
    assert_int_equal(w->why.code, ERR_TIMEOUT);
}

static void row_1_lost_as_soon_as_it_is_open(void **state)
{
    struct world *w = *state;

    begin_to_connect(w, "close", LONG_MS);
    call(w, 0, "Browser.getVersion", LONG_MS);
    await(w, 1);
    await_end(w);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->closed, 1);
}

static void row_1_lost_with_calls_pending(void **state)
{
    struct world *w = *state;
    int64_t before_ms = clock_mono_ms();

    connect_to(w, "expect Page.navigate\n"
                  "exit 3\n"
                  "default Runtime.evaluate ignore");
    make_page(w);
    call_page(w, 0, "Runtime.evaluate", LONG_MS);
    call_page(w, 1, "Page.navigate", LONG_MS);
    await(w, 2);
    await_end(w);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->answers[1].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->exit_code, 3);
    assert_true(clock_mono_ms() - before_ms < 10000);
    assert_int_equal(w->answers[0].came + w->answers[1].came, 2);
}

static void row_1_lost_in_the_middle_of_an_answer(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\n"
                  "half {\"value\":\"${fill:100000}\"}\n"
                  "close");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
}

static void row_1_lost_while_it_closes(void **state)
{
    struct world *w = *state;

    connect_to(w, "default Browser.close exit 0");
    make_page(w);
    call(w, 0, "Browser.close", LONG_MS);
    await(w, 1);
    await_end(w);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->exit_code, 0);
}

/* ---- row 2: the page's process crashes ---------------------------------------------------------- */

static void row_2_the_crash_is_told_late(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Page.navigate\n"
                  "delay 150\n"
                  "event Inspector.targetCrashed {}\n"
                  "event Target.targetCrashed "
                  "{\"targetId\":\"${target}\",\"status\":\"killed\",\"errorCode\":9} browser");
    make_page(w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);
    await_loss(w);
    turn(w, 2 * SOON_MS);

    assert_int_equal(w->answers[0].code, ERR_CRASHED);
    assert_non_null(strstr(w->answers[0].text, "killed 9"));
    assert_int_equal(w->lost, 1);
    assert_works(w, 1);
}

static void row_2_only_the_page_s_own_crash_event_comes(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Page.navigate\nevent Inspector.targetCrashed {}");
    make_page(w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);
    await_loss(w);

    assert_int_equal(w->answers[0].code, ERR_CRASHED);
    assert_int_equal(w->lost_why.code, ERR_CRASHED);
}

static void row_2_only_the_browser_s_crash_event_comes(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Page.navigate\n"
                  "event Target.targetCrashed "
                  "{\"targetId\":\"${target}\",\"status\":\"crashed\",\"errorCode\":5} browser");
    make_page(w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);
    await_loss(w);

    assert_int_equal(w->answers[0].code, ERR_CRASHED);
    assert_non_null(strstr(w->lost_why.text, "crashed 5"));
}

static void row_2_no_crash_event_comes_and_the_deadline_ends_the_call(void **state)
{
    struct world *w = *state;

    connect_to(w, "default Page.navigate ignore");
    make_page(w);
    call_page(w, 0, "Page.navigate", SOON_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_false(cdp_session_is_lost(w->session));
    assert_works(w, 1);
}

static void row_2_a_crash_of_one_page_leaves_the_others_alone(void **state)
{
    struct world *w = *state;
    struct cdp_session *first;

    connect_to(w, "expect HeapProfiler.collectGarbage\n"
                  "event Inspector.targetCrashed {}\n"
                  "event Target.targetCrashed {\"targetId\":\"${target}\"} browser");
    make_page(w);
    first = w->session;
    make_page(w);
    cdp_session_call(first, "HeapProfiler.collectGarbage", NULL, LONG_MS, NULL, NULL);
    await_loss(w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);

    assert_true(cdp_session_is_lost(first));
    assert_false(cdp_session_is_lost(w->session));
    assert_int_equal(w->answers[0].code, ERR_OK);
    cdp_session_free(&first);
}

/* ---- rows 3, 4, 5: it does not answer ----------------------------------------------------------- */

static void row_3_a_page_that_does_not_yield_holds_up_only_its_own_calls(void **state)
{
    struct world *w = *state;

    connect_to(w, "default Runtime.callFunctionOn ignore\n"
                  "default Runtime.evaluate ignore");
    make_page(w);
    call_page(w, 0, "Runtime.callFunctionOn", SOON_MS);
    call_page(w, 1, "Runtime.evaluate", SOON_MS);
    call_page(w, 2, "Runtime.terminateExecution", LONG_MS);
    await(w, 3);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_int_equal(w->answers[1].code, ERR_TIMEOUT);
    assert_int_equal(w->answers[2].code, ERR_OK);
}

static void row_4_a_browser_that_reads_and_never_answers_costs_each_call_its_deadline(void **state)
{
    struct world *w = *state;
    struct err why;

    connect_to(w, "silence");
    call(w, 0, "Browser.getVersion", SOON_MS);
    call(w, 1, "Page.navigate", LONG_MS);
    await(w, 1);
    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_true(cdp_conn_is_open(w->conn));
    err_set(&why, ERR_NO_ANSWER, "the browser did not answer");
    cdp_conn_lose(w->conn, &why);
    await(w, 2);

    assert_int_equal(w->answers[1].code, ERR_NO_ANSWER);
    assert_int_equal(stats(w).pending, 0);
}

static void row_4_a_browser_that_freezes_in_the_middle_of_an_answer(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Browser.getVersion\nhalf {\"product\":\"FakeChrome\"}");
    call(w, 0, "Browser.getVersion", SOON_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_int_equal(stats(w).pending, 0);
}

static void row_5_closes_that_are_never_acknowledged_leave_nothing_pending(void **state)
{
    enum { ROUNDS = 300 };
    struct world *w = *state;

    connect_to(w, "default Target.closeTarget ignore");
    make_page(w);
    for (int i = 0; i < ROUNDS; i++) {
        w->answers[0].world = w;
        cdp_session_close(w->session, 1, on_answer, &w->answers[0]);
        await(w, i + 1);
        assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    }

    assert_int_equal(fakeplay_asked(w->play, "Target.closeTarget"), ROUNDS);
    assert_works(w, 1);
}

static void row_5_a_close_that_is_acknowledged_late_is_heard_by_nobody(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Target.closeTarget\ndelay 100\nreply {\"success\":true}");
    make_page(w);
    w->answers[0].world = w;
    cdp_session_close(w->session, 20, on_answer, &w->answers[0]);
    await(w, 1);
    turn(w, 200);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_int_equal(w->answers[0].came, 1);
    assert_true(fakeplay_is_done(w->play));
    assert_works(w, 1);
}

static enum fakechrome_link ws = FAKECHROME_WS, by_pipe = FAKECHROME_PIPE;

int main(void)
{
#define WS(name)                                     \
    {                                                \
#name "_over_ws", name, setup, teardown, &ws \
    }
#define PIPE(name)                                          \
    {                                                       \
#name "_over_pipe", name, setup, teardown, &by_pipe \
    }
#define BOTH(name) WS(name), PIPE(name)
    const struct CMUnitTest tests[] = {
        WS(row_1_lost_before_the_handshake_is_answered),
        WS(row_1_lost_in_the_middle_of_the_handshake),
        WS(row_1_a_handshake_of_something_else),
        WS(row_1_a_handshake_that_never_ends),
        BOTH(row_1_lost_as_soon_as_it_is_open),
        BOTH(row_1_lost_with_calls_pending),
        BOTH(row_1_lost_in_the_middle_of_an_answer),
        BOTH(row_1_lost_while_it_closes),
        BOTH(row_2_the_crash_is_told_late),
        BOTH(row_2_only_the_page_s_own_crash_event_comes),
        BOTH(row_2_only_the_browser_s_crash_event_comes),
        BOTH(row_2_no_crash_event_comes_and_the_deadline_ends_the_call),
        BOTH(row_2_a_crash_of_one_page_leaves_the_others_alone),
        BOTH(row_3_a_page_that_does_not_yield_holds_up_only_its_own_calls),
        BOTH(row_4_a_browser_that_reads_and_never_answers_costs_each_call_its_deadline),
        BOTH(row_4_a_browser_that_freezes_in_the_middle_of_an_answer),
        BOTH(row_5_closes_that_are_never_acknowledged_leave_nothing_pending),
        BOTH(row_5_a_close_that_is_acknowledged_late_is_heard_by_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
