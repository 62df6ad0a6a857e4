/* SPDX-License-Identifier: MIT */
/* test_cdp_garbage.c - what FAILURES says of the protocol, rows 11 and 12: garbage, and pages that ask for answers. */
#include "test_cdp_faults.h"

/* ---- row 11: garbage ---------------------------------------------------------------------------- */

static void row_11_a_60_mb_result_in_4_kib_fragments(void **state)
{
    struct world *w = *state;

    connect_to(w,
               "expect Runtime.evaluate\nfragments 4096\nreply {\"value\":\"${fill:60000000}\"}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->answers[0].value_len, 60000000);
    assert_works(w, 1);
}

static void row_11_a_message_in_fragments_of_one_byte(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\nfragments 1\nreply {\"value\":\"${fill:3000}\"}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].value_len, 3000);
}

static void row_11_a_result_over_the_cap_ends_the_connection_with_a_reason(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\nfragments 1M\nbig 65M");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    call(w, 1, "Browser.getVersion", LONG_MS);
    await(w, 2);
    await_end(w);

    assert_int_equal(w->answers[0].code, ERR_PROTOCOL);
    assert_non_null(strstr(w->answers[0].text, "64 MiB"));
    assert_int_equal(w->closed, 1);
    assert_int_equal(w->why.code, ERR_PROTOCOL);
}

static void row_11_unknown_members_and_enum_values_are_no_matter(void **state)
{
    struct world *w = *state;

    connect_to(
        w, "expect Runtime.evaluate\n"
           "event Page.javascriptDialogOpening {\"type\":\"hologram\",\"depth\":{\"new\":[1,{}]}}\n"
           "event Page.somethingNew {\"type\":\"unheard\"}\n"
           "message "
           "{\"unheard\":[{\"id\":7}],\"id\":${id},\"result\":{\"value\":\"ok\",\"extra\":null},"
           "\"more\":1e9}");
    w->sub = cdp_subscribe(w->conn, NULL, "Page.javascriptDialogOpening", on_event, w);
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_string_equal(w->answers[0].value, "ok");
    assert_int_equal(w->events, 1);
    assert_string_equal(w->event_type, "hologram");
    assert_int_equal(stats(w).dropped_events, 1);
}

static void row_11_events_for_a_dead_session_are_dropped(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\n"
                  "event Inspector.targetCrashed {} S-dead\n"
                  "event Target.detachedFromTarget {\"sessionId\":\"S-dead\"} browser\n"
                  "event Page.frameNavigated {\"frame\":{}} S-dead\n"
                  "reply {\"value\":\"ok\"}");
    make_page(w);
    call_page(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);
    turn(w, 2 * SOON_MS);

    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->lost, 0);
}

static void row_11_an_id_that_comes_twice_is_heard_once(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\n"
                  "reply {\"value\":\"first\"}\n"
                  "reply {\"value\":\"second\"}\n"
                  "reply error third");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);
    assert_works(w, 1);

    assert_int_equal(w->answers[0].came, 1);
    assert_string_equal(w->answers[0].value, "first");
}

static void row_11_bad_utf_8_costs_only_its_own_bytes(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\nmessage "
                  "{\"id\":${id},\"result\":{\"value\":\"a\\xff\\xc0\\x80z\"}}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_true(str_utf8_valid(w->answers[0].value, strlen(w->answers[0].value)));
    assert_true(str_starts(w->answers[0].value, "a") && str_ends(w->answers[0].value, "z"));
    assert_works(w, 1);
}

static void row_11_lone_surrogates_and_nul_escapes_become_replacement_characters(void **state)
{
    struct world *w = *state;

    connect_to(w,
               "expect Runtime.evaluate\nreply {\"value\":\"a\\ud800b\\udc00c\\u0000d\\uc0ac\"}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_string_equal(w->answers[0].value, "a\xef\xbf\xbd"
                                             "b\xef\xbf\xbd"
                                             "c\xef\xbf\xbd"
                                             "d\xec\x82\xac");
}

static void row_11_truncated_json_is_dropped_and_the_call_ends_at_its_deadline(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\n"
                  "message {\"id\":${id},\"result\":{\"value\":\"ab\n"
                  "message {\"id\":${id},\"result\":{\n"
                  "message {\"id\":${id}");
    call(w, 0, "Runtime.evaluate", SOON_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_int_equal(stats(w).bad_messages, 3);
    assert_works(w, 1);
}

static void row_11_a_result_of_the_wrong_kind_is_no_crash(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\nreply [1,2]\n"
                  "expect Runtime.evaluate\nreply null\n"
                  "expect Runtime.evaluate\nmessage {\"id\":${id},\"result\":{\"value\":}}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    call(w, 1, "Runtime.evaluate", LONG_MS);
    call(w, 2, "Runtime.evaluate", LONG_MS);
    await(w, 3);

    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->answers[1].code, ERR_OK);
    assert_int_equal(w->answers[2].code, ERR_PROTOCOL);
    assert_works(w, 3);
}

static void row_11_bytes_that_are_no_frame_end_the_connection(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\ngarbage "
                  "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_true(w->answers[0].code == ERR_BROWSER_EXIT || w->answers[0].code == ERR_PROTOCOL);
    assert_int_equal(stats(w).pending, 0);
}

static void row_11_bytes_between_messages_cost_the_message_they_run_into(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\n"
                  "garbage \\xff\\xfe}{\n"
                  "reply {\"value\":\"not readable any more\"}\n"
                  "expect Runtime.evaluate\n"
                  "garbage \\x00\\x00\n"
                  "reply {\"value\":\"ok\"}");
    call(w, 0, "Runtime.evaluate", SOON_MS);
    await(w, 1);
    call(w, 1, "Runtime.evaluate", LONG_MS);
    await(w, 2);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_string_equal(w->answers[1].value, "ok");
    assert_int_equal(stats(w).bad_messages, 1);
}

static void row_11_a_flood_of_pings_holds_up_nothing(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Runtime.evaluate\nping-flood 100000\nreply {\"value\":\"ok\"}");
    call(w, 0, "Runtime.evaluate", LONG_MS);
    await(w, 1);

    assert_string_equal(w->answers[0].value, "ok");
    assert_works(w, 1);
    assert_int_equal(fakechrome_bad_frames(fakeplay_server(w->play)), 0);
}

static void row_11_sends_5_mib_in_one_message(void **state)
{
    struct world *w = *state;
    struct buf params;
    size_t len = (size_t)5 << 20;
    char *text = mem_alloc(len + 1);

    memset(text, 'e', len);
    text[len] = '\0';
    connect_to(w, "expect Runtime.evaluate end=here\nreply {\"value\":\"ok\"}");
    buf_init(&params, BUF_MAX_DEFAULT);
    buf_addf(&params, "{\"expression\":\"%s\",\"end\":\"here\"}", text);
    w->answers[0].world = w;
    cdp_call(w->conn, NULL, "Runtime.evaluate", buf_str(&params), LONG_MS, on_answer,
             &w->answers[0]);
    await(w, 1);
    buf_fini(&params);
    mem_free(text);

    assert_string_equal(w->answers[0].value, "ok");
    assert_int_equal(fakechrome_bad_frames(fakeplay_server(w->play)), 0);
    assert_works(w, 1);
}

static void row_11_commands_that_cannot_be_sent_are_held_up_to_the_cap(void **state)
{
    struct world *w = *state;
    size_t len = (size_t)20 << 20;
    char *text = mem_alloc(len + 3);

    snprintf(text, len + 3, "{\"%0*d\":0}", (int)len - 6, 0);
    begin_to_connect(w, "", LONG_MS);
    for (int i = 0; i < 4; i++) {
        w->answers[i].world = w;
        cdp_call(w->conn, NULL, "Runtime.evaluate", text, LONG_MS, on_answer, &w->answers[i]);
    }
    mem_free(text);
    await(w, 4);

    assert_int_equal(w->answers[0].code, ERR_PROTOCOL);
    assert_int_equal(w->answers[3].code, ERR_PROTOCOL);
    assert_non_null(strstr(w->answers[3].text, "64 MiB of commands"));
}

/* ---- row 12: the page asks, and nobody was told what to answer ---------------------------------- */

static void row_12_a_loop_of_dialogs_is_told_one_by_one_and_each_is_answered(void **state)
{
    struct world *w = *state;
    struct buf script;

    buf_init(&script, BUF_MAX_DEFAULT);
    buf_adds(&script, "expect Page.navigate\n");
    for (int i = 0; i < 100; i++)
        buf_adds(&script,
                 "event Page.javascriptDialogOpening {\"type\":\"alert\",\"message\":\"again\"}\n");
    buf_adds(&script, "reply {}");
    connect_to(w, buf_str(&script));
    buf_fini(&script);
    make_page(w);
    w->sub = cdp_session_subscribe(w->session, "Page.javascriptDialogOpening", on_event, w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);
    call_page(w, 1, "Page.handleJavaScriptDialog", LONG_MS);
    await(w, 2);

    assert_int_equal(w->events, 100);
    assert_int_equal(w->answers[0].code, ERR_OK);
    assert_int_equal(w->answers[1].code, ERR_OK);
}

static void row_12_a_paused_request_that_nobody_continues_costs_the_call_its_deadline(void **state)
{
    struct world *w = *state;

    connect_to(w, "expect Page.navigate\n"
                  "event Fetch.requestPaused "
                  "{\"requestId\":\"R1\",\"request\":{\"url\":\"http://x.invalid/\"}}\n"
                  "event Fetch.authRequired {\"requestId\":\"R1\"}\n"
                  "event Browser.downloadWillBegin {\"guid\":\"G\"} browser");
    make_page(w);
    call_page(w, 0, "Page.navigate", SOON_MS);
    await(w, 1);

    assert_int_equal(w->answers[0].code, ERR_TIMEOUT);
    assert_int_equal(stats(w).dropped_events, 3);
    assert_works(w, 1);
}

static void row_12_100_windows_are_told_one_by_one(void **state)
{
    struct world *w = *state;
    struct buf script;

    buf_init(&script, BUF_MAX_DEFAULT);
    buf_adds(&script, "expect Page.navigate\n");
    for (int i = 0; i < 100; i++)
        buf_addf(
            &script,
            "event Target.targetCreated {\"targetInfo\":{\"targetId\":\"P%d\",\"type\":\"page\","
            "\"openerId\":\"T1\"}} browser\n",
            i);
    buf_adds(&script, "reply {}");
    connect_to(w, buf_str(&script));
    buf_fini(&script);
    make_page(w);
    w->sub = cdp_subscribe(w->conn, "", "Target.targetCreated", on_event, w);
    call_page(w, 0, "Page.navigate", LONG_MS);
    await(w, 1);

    assert_int_equal(w->events, 100);
    assert_int_equal(w->answers[0].code, ERR_OK);
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
        BOTH(row_11_a_60_mb_result_in_4_kib_fragments),
        BOTH(row_11_a_message_in_fragments_of_one_byte),
        BOTH(row_11_a_result_over_the_cap_ends_the_connection_with_a_reason),
        BOTH(row_11_unknown_members_and_enum_values_are_no_matter),
        BOTH(row_11_events_for_a_dead_session_are_dropped),
        BOTH(row_11_an_id_that_comes_twice_is_heard_once),
        BOTH(row_11_bad_utf_8_costs_only_its_own_bytes),
        BOTH(row_11_lone_surrogates_and_nul_escapes_become_replacement_characters),
        BOTH(row_11_truncated_json_is_dropped_and_the_call_ends_at_its_deadline),
        BOTH(row_11_a_result_of_the_wrong_kind_is_no_crash),
        WS(row_11_bytes_that_are_no_frame_end_the_connection),
        PIPE(row_11_bytes_between_messages_cost_the_message_they_run_into),
        BOTH(row_11_a_flood_of_pings_holds_up_nothing),
        BOTH(row_11_sends_5_mib_in_one_message),
        BOTH(row_11_commands_that_cannot_be_sent_are_held_up_to_the_cap),
        BOTH(row_12_a_loop_of_dialogs_is_told_one_by_one_and_each_is_answered),
        BOTH(row_12_a_paused_request_that_nobody_continues_costs_the_call_its_deadline),
        BOTH(row_12_100_windows_are_told_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
