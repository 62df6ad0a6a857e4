/* SPDX-License-Identifier: MIT */
/* test_cdp_loss.c - events from a scripted server; connections that never open, and that are lost.
 *
 * Each test runs over both transports, but for those about the handshake.
 */
#include "test_cdp_conn.h"

/* ---- events ------------------------------------------------------------------------------------ */

static void tells_events_by_session(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->sub = cdp_subscribe(w->conn, "S2", "Page.javascriptDialogOpening", on_event, w);
    fakechrome_send(w->fake, "{\"method\":\"Page.javascriptDialogOpening\",\"params\":{\"type\":"
                             "\"alert\"},\"sessionId\":\"S1\"}");
    fakechrome_send(
        w->fake, "{\"method\":\"Page.javascriptDialogOpening\",\"params\":{\"type\":\"browser\"}}");
    fakechrome_send(w->fake, "{\"method\":\"Page.javascriptDialogOpening\",\"params\":{\"type\":"
                             "\"confirm\"},\"sessionId\":\"S2\"}");

    loop_run(w->loop);

    assert_int_equal(w->events, 1);
    assert_string_equal(w->event_text, "confirm");
    assert_string_equal(w->event_session, "S2");
}

static void on_event_end_both(const struct jval *params, const char *session_id, void *ctx)
{
    struct world *w = ctx;

    on_event(params, session_id, ctx);
    cdp_unsubscribe(&w->sub);
    cdp_unsubscribe(&w->sub2);
}

static void a_subscriber_may_end_itself_and_others(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->sub = cdp_subscribe(w->conn, NULL, "Target.targetCreated", on_event_end_both, w);
    w->sub2 = cdp_subscribe(w->conn, NULL, "Target.targetCreated", on_event, w);
    fakechrome_send(w->fake, "{\"method\":\"Target.targetCreated\",\"params\":{}}");
    fakechrome_send(w->fake, "{\"method\":\"Target.targetCreated\",\"params\":{}}");

    turn(w, SOON_MS);
    turn(w, SOON_MS);

    assert_int_equal(w->events, 1);
}

/* ---- opening and losing ------------------------------------------------------------------------ */

static void fails_pending_calls_once_when_the_connection_closes(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_hang_up;
    call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, "S1", NULL, LONG_MS);
    await_answers(w, 2);
    turn(w, SOON_MS);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->answers[1].code, ERR_BROWSER_EXIT);
    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_BROWSER_EXIT);
    assert_false(cdp_conn_is_open(w->conn));
}

static void adds_the_process_s_last_words_to_the_reason(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_hang_up;
    call(w, 0, NULL, NULL, LONG_MS);
    cdp_conn_set_loss_note(w->conn, "the browser exited with status 3; it said: no space");

    await_answers(w, 1);

    assert_non_null(strstr(w->answers[0].text, "exited with status 3; it said: no space"));
}

static void fails_the_call_when_the_connection_ends_in_the_middle_of_a_message(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_half_message;
    call(w, 0, NULL, NULL, LONG_MS);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
}

static void fails_a_call_on_a_lost_connection_later(void **state)
{
    struct world *w = *state;

    connect_open(w);
    fakechrome_hang_up(w->fake);
    loop_run(w->loop);
    assert_int_equal(w->closed, 1);
    call(w, 0, NULL, NULL, LONG_MS);
    assert_false(w->answers[0].came);

    await_answers(w, 1);

    assert_int_equal(w->answers[0].code, ERR_BROWSER_EXIT);
}

static void reports_a_handshake_that_is_refused(void **state)
{
    struct world *w = *state;

    w->refuse = true;
    connect_only(w, LONG_MS);

    assert_false(w->opened);
    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_NETWORK);
}

static void reports_a_handshake_that_never_comes(void **state)
{
    struct world *w = *state;

    w->silent = true;
    connect_only(w, SOON_MS);

    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_TIMEOUT);
}

static void reports_a_port_where_nobody_listens(void **state)
{
    struct world *w = *state;
    char *url = mem_strdup(fakechrome_url(w->fake));

    fakechrome_free(&w->fake);
    w->conn = cdp_conn_new_ws(w->loop, url, LONG_MS, &events, w);
    mem_free(url);
    loop_run(w->loop);

    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_NETWORK);
}

static void gives_up_for_the_reason_that_the_owner_names(void **state)
{
    struct world *w = *state;
    struct err why;

    connect_open(w);
    call(w, 0, NULL, NULL, LONG_MS);
    err_set(&why, ERR_NO_ANSWER, "the browser did not answer");
    cdp_conn_lose(w->conn, &why);
    assert_false(w->answers[0].came);

    await_answers(w, 1);
    turn(w, SOON_MS);

    assert_int_equal(w->answers[0].code, ERR_NO_ANSWER);
    assert_int_equal(w->closed, 1);
}

static void may_be_freed_in_a_callback(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_answer_twice;
    w->free_on_answer = true;
    call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, NULL, NULL, LONG_MS);

    await_answers(w, 1);
    turn(w, SOON_MS);

    assert_int_equal(w->answers_seen, 1);
}

static void may_be_freed_in_the_callback_of_a_loss(void **state)
{
    struct world *w = *state;

    connect_open(w);
    w->script = script_hang_up;
    w->free_on_answer = true;
    call(w, 0, NULL, NULL, LONG_MS);
    call(w, 1, NULL, NULL, LONG_MS);

    await_answers(w, 1);
    turn(w, SOON_MS);

    assert_int_equal(w->answers_seen, 1);
    assert_int_equal(w->closed, 0);
}

static void may_be_freed_while_connecting(void **state)
{
    struct world *w = *state;

    w->silent = true;
    begin_to_connect(w, LONG_MS);
    turn(w, SOON_MS);
    cdp_conn_free(&w->conn);
    turn(w, SOON_MS);

    assert_false(w->opened);
    assert_int_equal(w->closed, 0);
    assert_false(fakechrome_is_connected(w->fake));
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
        BOTH(tells_events_by_session),
        BOTH(a_subscriber_may_end_itself_and_others),
        BOTH(fails_pending_calls_once_when_the_connection_closes),
        BOTH(adds_the_process_s_last_words_to_the_reason),
        BOTH(fails_the_call_when_the_connection_ends_in_the_middle_of_a_message),
        BOTH(fails_a_call_on_a_lost_connection_later),
        WS(reports_a_handshake_that_is_refused),
        WS(reports_a_handshake_that_never_comes),
        WS(reports_a_port_where_nobody_listens),
        BOTH(gives_up_for_the_reason_that_the_owner_names),
        BOTH(may_be_freed_in_a_callback),
        BOTH(may_be_freed_in_the_callback_of_a_loss),
        WS(may_be_freed_while_connecting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
