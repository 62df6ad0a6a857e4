/* SPDX-License-Identifier: MIT */
/* test_cdp_faults.c - what FAILURES says of the protocol (rows 1 to 5, 11, 12), played by scripts of tests/fakechrome.
 *
 * Each test runs over both transports, but for those about what only one of them has. The rest of those rows, with
 * processes and slots, is in tests/integration/test_fakechrome.py.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cdp/session.h"
#include "fakechrome/play.h"
#include "support/unit.h"

enum { LIMIT_MS = 60000, SOON_MS = 60, LONG_MS = 50000, MAX_ANSWERS = 4 };

struct answer {
    int came;
    enum err_code code; /* ERR_OK: a result */
    char text[1024];
    char value[64]; /* of result.value where it is a string */
    size_t value_len;
    struct world *world;
};

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    enum fakechrome_link link;
    struct fakeplay *play;
    struct cdp_conn *conn;
    struct cdp_session *session;
    struct cdp_subscription *sub;
    bool opened, made;
    int closed, lost, exit_code;
    struct err why, lost_why;
    struct answer answers[MAX_ANSWERS];
    int awaited; /* the loop stops when so many answers are there */
    int seen;
    int events;
    char event_type[64];
};

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

/* ---- the world --------------------------------------------------------------------------------- */

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    log_set_sink(quiet, NULL);
    w->link = *(const enum fakechrome_link *)*state;
    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    w->exit_code = -1;
    loop_timer_start(w->limit, LIMIT_MS);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cdp_unsubscribe(&w->sub);
    cdp_session_free(&w->session);
    cdp_conn_free(&w->conn);
    fakeplay_free(&w->play);
    loop_timer_free(&w->limit);
    transport_ws_shutdown(w->loop);
    loop_free(&w->loop);
    mem_free(w);
    log_set_sink(NULL, NULL);
    return 0;
}

static void on_exit_asked(int code, void *ctx)
{
    ((struct world *)ctx)->exit_code = code;
}

static void on_open(void *ctx)
{
    struct world *w = ctx;

    w->opened = true;
    loop_stop(w->loop);
}

static void on_closed(const struct err *why, void *ctx)
{
    struct world *w = ctx;

    w->closed++;
    w->why = *why;
    loop_stop(w->loop);
}

static const struct cdp_conn_events conn_events = {on_open, on_closed};

static void begin_to_connect(struct world *w, const char *script, int64_t timeout_ms)
{
    static const struct fakeplay_events play_events = {.on_exit = on_exit_asked};
    struct err err;
    int read_fd, write_fd;

    if (fakeplay_new(w->loop, w->link, script, 1, &play_events, w, &w->play, &err) < 0)
        fail_msg("%s", err.text);
    if (w->link == FAKECHROME_PIPE) {
        fakechrome_open_pipe(fakeplay_server(w->play), &read_fd, &write_fd);
        w->conn = cdp_conn_new_pipe(w->loop, read_fd, write_fd, &conn_events, w);
    } else {
        w->conn = cdp_conn_new_ws(w->loop, fakechrome_url(fakeplay_server(w->play)), timeout_ms,
                                  &conn_events, w);
    }
}

/* Until the connection is open, or has failed. */
static void connect_to(struct world *w, const char *script)
{
    begin_to_connect(w, script, LONG_MS);
    loop_run(w->loop);
}

static void on_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct answer *answer = ctx;
    const char *value = jval_get_str(result, "value", "");

    answer->came++;
    answer->code = err ? err->code : ERR_OK;
    answer->value_len = strlen(value);
    snprintf(answer->text, sizeof(answer->text), "%s", err ? err->text : "");
    snprintf(answer->value, sizeof(answer->value), "%.60s", value);
    if (++answer->world->seen >= answer->world->awaited)
        loop_stop(answer->world->loop);
}

static void call(struct world *w, int n, const char *method, int64_t timeout_ms)
{
    w->answers[n].world = w;
    cdp_call(w->conn, NULL, method, "{\"expression\":\"0\"}", timeout_ms, on_answer,
             &w->answers[n]);
}

static void call_page(struct world *w, int n, const char *method, int64_t timeout_ms)
{
    w->answers[n].world = w;
    cdp_session_call(w->session, method, "{}", timeout_ms, on_answer, &w->answers[n]);
}

static void await(struct world *w, int n)
{
    w->awaited = n;
    while (w->seen < n)
        loop_run(w->loop);
}

static void await_end(struct world *w)
{
    while (!w->closed)
        loop_run(w->loop);
}

static void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

/* For what must not come. */
static void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    loop_run(w->loop);
    loop_timer_free(&timer);
}

static void on_made(struct cdp_session *session, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    (void)session;
    w->made = err == NULL;
    loop_stop(w->loop);
}

static void on_lost(const struct err *why, void *ctx)
{
    struct world *w = ctx;

    w->lost++;
    w->lost_why = *why;
    loop_stop(w->loop);
}

static void make_page(struct world *w)
{
    w->session = cdp_session_create(w->conn, LONG_MS, on_made, w);
    loop_run(w->loop);
    assert_true(w->made);
    cdp_session_on_lost(w->session, on_lost, w);
}

static void await_loss(struct world *w)
{
    while (!w->lost)
        loop_run(w->loop);
}

static void on_event(const struct jval *params, const char *session_id, void *ctx)
{
    struct world *w = ctx;

    (void)session_id;
    w->events++;
    snprintf(w->event_type, sizeof(w->event_type), "%s", jval_get_str(params, "type", ""));
}

static struct cdp_conn_stats stats(const struct world *w)
{
    struct cdp_conn_stats out;

    cdp_conn_stats(w->conn, &out);
    return out;
}

static void assert_works(struct world *w, int n)
{
    call(w, n, "Browser.getVersion", LONG_MS);
    await(w, w->seen + 1);
    assert_int_equal(w->answers[n].code, ERR_OK);
    assert_true(cdp_conn_is_open(w->conn));
    assert_int_equal(stats(w).pending, 0);
}

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
