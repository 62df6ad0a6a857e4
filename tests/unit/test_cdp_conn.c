/* SPDX-License-Identifier: MIT */
/* test_cdp_conn.c - calls and events against a scripted server: silence, lateness, garbage, loss.
 *
 * Each test runs over both transports, but for those about what only a WebSocket has: handshake, frames, pings.
 */
#include "cdp/conn.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "fakechrome/fakechrome.h"
#include "support/unit.h"

#include <stdlib.h>

enum { LIMIT_MS = 20000, SOON_MS = 60, LONG_MS = 15000, MAX_ANSWERS = 16 };

struct answer {
    bool came;
    int order;
    enum err_code code; /* ERR_OK: a result */
    char text[1024];
    char value[256]; /* result.value where there is one */
    size_t value_len;
    struct world *world;
};

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    enum fakechrome_link link;
    struct fakechrome *fake;
    struct cdp_conn *conn;
    fake_command_fn *script;
    bool refuse, silent; /* to the handshake */
    bool opened;
    int closed;
    struct err why;
    int answers_awaited; /* the loop stops when they are there */
    int answers_seen;
    struct answer answers[MAX_ANSWERS];
    int events;
    char event_text[256];
    char event_session[64];
    bool free_on_answer;
    bool inside_start; /* of a call: no callback may come now */
    char *big;
    struct cdp_subscription *sub, *sub2;
};

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_command(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;

    if (w->script)
        w->script(fake, command, w);
}

static void on_handshake(struct fakechrome *fake, void *ctx)
{
    struct world *w = ctx;

    if (w->refuse)
        fakechrome_refuse(fake, 403);
    else if (!w->silent)
        fakechrome_accept(fake);
}

static const struct fakechrome_events fake_events = {.on_handshake = on_handshake,
                                                     .on_command = on_command};

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

static const struct cdp_conn_events events = {on_open, on_closed};

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    w->link = *(const enum fakechrome_link *)*state;
    log_set_sink(quiet, NULL);
    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    loop_timer_start(w->limit, LIMIT_MS);
    w->fake = fakechrome_new(w->loop, w->link, &fake_events, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cdp_unsubscribe(&w->sub);
    cdp_unsubscribe(&w->sub2);
    cdp_conn_free(&w->conn);
    fakechrome_free(&w->fake);
    loop_timer_free(&w->limit);
    transport_ws_shutdown(w->loop);
    loop_free(&w->loop);
    mem_free(w->big);
    mem_free(w);
    log_set_sink(NULL, NULL);
    return 0;
}

static void begin_to_connect(struct world *w, int64_t timeout_ms)
{
    int read_fd, write_fd;

    if (w->link == FAKECHROME_PIPE) {
        fakechrome_open_pipe(w->fake, &read_fd, &write_fd);
        w->conn = cdp_conn_new_pipe(w->loop, read_fd, write_fd, &events, w);
    } else {
        w->conn = cdp_conn_new_ws(w->loop, fakechrome_url(w->fake), timeout_ms, &events, w);
    }
}

static void connect_only(struct world *w, int64_t timeout_ms)
{
    begin_to_connect(w, timeout_ms);
    assert_false(w->opened);
    loop_run(w->loop);
}

static void connect_open(struct world *w)
{
    connect_only(w, LONG_MS);
    assert_true(w->opened);
    assert_true(cdp_conn_is_open(w->conn));
}

static void on_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct answer *answer = ctx;
    struct world *w = answer->world;
    const char *value = jval_get_str(result, "value", "");

    assert_false(w->inside_start);
    assert_false(answer->came);
    answer->came = true;
    answer->order = w->answers_seen++;
    answer->code = err ? err->code : ERR_OK;
    answer->value_len = strlen(value);
    snprintf(answer->text, sizeof(answer->text), "%s", err ? err->text : "");
    snprintf(answer->value, sizeof(answer->value), "%.200s", value);
    if (w->free_on_answer)
        cdp_conn_free(&w->conn);
    if (w->answers_seen == w->answers_awaited)
        loop_stop(w->loop);
}

static struct cdp_call *call(struct world *w, int n, const char *session, const char *params,
                             int64_t timeout_ms)
{
    struct cdp_call *made;

    w->answers[n].world = w;
    w->inside_start = true;
    made = cdp_call(w->conn, session, "Runtime.evaluate", params, timeout_ms, on_answer,
                    &w->answers[n]);
    w->inside_start = false;
    return made;
}

static void await_answers(struct world *w, int n)
{
    w->answers_awaited = n;
    loop_run(w->loop);
    assert_int_equal(w->answers_seen, n);
}

static void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

/* Turn the loop for a while: for what must not come. */
static void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    loop_run(w->loop);
    loop_timer_free(&timer);
}

static void on_event(const struct jval *params, const char *session_id, void *ctx)
{
    struct world *w = ctx;

    w->events++;
    snprintf(w->event_text, sizeof(w->event_text), "%s", jval_get_str(params, "type", ""));
    snprintf(w->event_session, sizeof(w->event_session), "%s", session_id);
    loop_stop(w->loop);
}

/* ---- scripts ----------------------------------------------------------------------------------- */

static void script_echo(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"ok %lld\"},\"sessionId\":\"%s\"}",
                     (long long)command->id, (long long)command->id, command->session_id);
}

static void script_length(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"%zu\"}}", (long long)command->id,
                     command->len);
}

static void script_error_without_session(struct fakechrome *fake,
                                         const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake,
                     "{\"error\":{\"code\":-32000,\"message\":\"Cannot find context with specified "
                     "id\"},\"id\":%lld}",
                     (long long)command->id);
}

static void script_answer_twice(struct fakechrome *fake, const struct fake_command *command,
                                void *ctx)
{
    script_echo(fake, command, ctx);
    script_echo(fake, command, ctx);
}

static void script_hang_up(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)command;
    (void)ctx;
    fakechrome_hang_up(fake);
}

static void script_half_message(struct fakechrome *fake, const struct fake_command *command,
                                void *ctx)
{
    (void)command;
    (void)ctx;
    fakechrome_send_raw(fake, "\x81\x7d{\"id\":1,\"result\":{\"va", 22);
    fakechrome_hang_up(fake);
}

static void script_garbage_then_answer(struct fakechrome *fake, const struct fake_command *command,
                                       void *ctx)
{
    static const char *const garbage[] = {
        "",
        "null",
        "{",
        "{}",
        "<html>",
        "{\"id\":}",
        "{\"id\":4711,\"result\":{}}",
        "{\"method\":7}",
        "{\"method\":\"Page.somethingNew\",\"params\":{\"enum\":\"unheard-of\"},\"sessionId\":"
        "\"DEAD\"}",
        "{\"method\":\"Target.targetCrashed\",\"params\":{\"broken\":}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
        fakechrome_send(fake, garbage[i]);
    script_echo(fake, command, ctx);
}

static void script_surrogates(struct fakechrome *fake, const struct fake_command *command,
                              void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"a\\ud800b\\u0000c\\uc0ac\"}}",
                     (long long)command->id);
}

static void script_unparsable_result(struct fakechrome *fake, const struct fake_command *command,
                                     void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":[1,]}}", (long long)command->id);
}

static void script_big(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;
    size_t len = (size_t)8 << 20;
    char head[64];
    struct buf message;

    w->big = mem_alloc(len + 1);
    memset(w->big, 'x', len);
    w->big[len] = '\0';
    buf_init(&message, BUF_MAX_DEFAULT);
    snprintf(head, sizeof(head), "{\"id\":%lld,\"result\":{\"value\":\"", (long long)command->id);
    buf_adds(&message, head);
    buf_add(&message, w->big, len);
    buf_adds(&message, "\"}}");
    fakechrome_send_pieces(fake, message.data, message.len, 4096);
    buf_fini(&message);
}

/* Over the cap, without the sender having to hold it: fragments that never end. */
static void script_endless(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;
    size_t len = TRANSPORT_MAX_MESSAGE_BYTES + (1 << 20);

    (void)command;
    w->big = mem_alloc(len);
    memset(w->big, 'x', len);
    fakechrome_send_pieces(fake, w->big, len, 1 << 20);
}

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
