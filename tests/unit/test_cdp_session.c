/* SPDX-License-Identifier: MIT */
/* test_cdp_session.c - a target's making, its loss by whatever event tells it, its end; over both transports. */
#include "cdp/session.h"
#include "base/log.h"
#include "base/str.h"
#include "cdp/commands.h"
#include "fakechrome/fakechrome.h"
#include "support/unit.h"

enum { LIMIT_MS = 20000, SOON_MS = 60, LONG_MS = 15000 };

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    struct fakechrome *fake;
    struct cdp_conn *conn;
    struct cdp_session *session;
    const char *mute; /* the method that is not answered */
    const char *refuse;
    int made, lost, answers, closes_asked;
    int lost_order, answer_order, order;
    struct err made_err, lost_why, answer_err;
    bool free_when_lost;
};

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_command(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;
    long long id = (long long)command->id;

    if (str_eq(command->method, "Target.closeTarget"))
        w->closes_asked++;
    if (str_eq(command->method, w->mute))
        return;
    if (str_eq(command->method, w->refuse))
        fakechrome_sendf(fake, "{\"id\":%lld,\"error\":{\"code\":-32000,\"message\":\"No\"}}", id);
    else if (str_eq(command->method, "Target.createTarget"))
        fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"targetId\":\"T1\"}}", id);
    else if (str_eq(command->method, "Target.attachToTarget"))
        fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"sessionId\":\"S1\"}}", id);
    else if (str_eq(command->method, "Target.closeTarget"))
        fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"success\":true}}", id);
    else if (str_eq(command->method, "Page.enable"))
        fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{},\"sessionId\":\"%s\"}", id,
                         command->session_id);
}

static const struct fakechrome_events fake_events = {.on_command = on_command};

static void on_open(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

static void on_closed(const struct err *why, void *ctx)
{
    (void)why;
    (void)ctx;
}

static const struct cdp_conn_events events = {on_open, on_closed};

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static void connect_to_fake(struct world *w, enum fakechrome_link link)
{
    int read_fd, write_fd;

    w->fake = fakechrome_new(w->loop, link, &fake_events, w);
    if (link == FAKECHROME_PIPE) {
        fakechrome_open_pipe(w->fake, &read_fd, &write_fd);
        w->conn = cdp_conn_new_pipe(w->loop, read_fd, write_fd, &events, w);
    } else {
        w->conn = cdp_conn_new_ws(w->loop, fakechrome_url(w->fake), LONG_MS, &events, w);
    }
    loop_run(w->loop);
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    log_set_sink(quiet, NULL);
    w->mute = w->refuse = "";
    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    loop_timer_start(w->limit, LIMIT_MS);
    connect_to_fake(w, *(const enum fakechrome_link *)*state);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cdp_session_free(&w->session);
    cdp_conn_free(&w->conn);
    fakechrome_free(&w->fake);
    loop_timer_free(&w->limit);
    transport_ws_shutdown(w->loop);
    loop_free(&w->loop);
    mem_free(w);
    log_set_sink(NULL, NULL);
    return 0;
}

static void on_made(struct cdp_session *session, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    (void)session;
    w->made++;
    if (err)
        w->made_err = *err;
    loop_stop(w->loop);
}

static void on_lost(const struct err *why, void *ctx)
{
    struct world *w = ctx;

    w->lost++;
    w->lost_order = ++w->order;
    w->lost_why = *why;
    if (w->free_when_lost)
        cdp_session_free(&w->session);
    loop_stop(w->loop);
}

static void on_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    (void)result;
    w->answers++;
    w->answer_order = ++w->order;
    w->answer_err = err ? *err : (struct err){.code = ERR_OK};
}

static void on_answer_stop(const struct jval *result, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    on_answer(result, err, ctx);
    loop_stop(w->loop);
}

static void make_session(struct world *w, int64_t timeout_ms)
{
    w->session = cdp_session_create(w->conn, timeout_ms, on_made, w);
    assert_int_equal(w->made, 0);
    loop_run(w->loop);
    assert_int_equal(w->made, 1);
}

static void make_live_session(struct world *w)
{
    make_session(w, LONG_MS);
    assert_int_equal(w->made_err.code, ERR_OK);
    cdp_session_on_lost(w->session, on_lost, w);
}

static void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

static void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    loop_run(w->loop);
    loop_timer_free(&timer);
}

static const char inspector[] =
    "{\"method\":\"Inspector.targetCrashed\",\"params\":{},\"sessionId\":\"S1\"}";
static const char crashed[] = "{\"method\":\"Target.targetCrashed\",\"params\":{\"targetId\":"
                              "\"T1\",\"status\":\"killed\",\"errorCode\":9}}";

static void attaches_to_a_new_target(void **state)
{
    struct world *w = *state;

    make_live_session(w);

    assert_string_equal(cdp_session_target_id(w->session), "T1");
    assert_string_equal(cdp_session_id(w->session), "S1");
    assert_false(cdp_session_is_lost(w->session));
}

static void reports_a_target_that_is_never_made(void **state)
{
    struct world *w = *state;

    w->mute = "Target.createTarget";
    make_session(w, SOON_MS);

    assert_int_equal(w->made_err.code, ERR_TIMEOUT);
}

static void closes_the_target_that_it_cannot_attach_to(void **state)
{
    struct world *w = *state;

    w->refuse = "Target.attachToTarget";
    make_session(w, LONG_MS);
    turn(w, SOON_MS);

    assert_int_equal(w->made_err.code, ERR_PROTOCOL);
    assert_int_equal(w->closes_asked, 1);
}

static void may_be_freed_while_it_is_made(void **state)
{
    struct world *w = *state;

    w->session = cdp_session_create(w->conn, LONG_MS, on_made, w);
    cdp_session_free(&w->session);
    turn(w, SOON_MS);

    assert_int_equal(w->made, 0);
}

static void fails_the_pending_call_and_then_tells_the_loss(void **state)
{
    struct world *w = *state;

    make_live_session(w);
    w->mute = "Page.enable";
    cdp_session_call(w->session, "Page.enable", NULL, LONG_MS, on_answer, w);
    fakechrome_send(w->fake, inspector);
    fakechrome_send(w->fake, crashed);
    loop_run(w->loop);

    assert_int_equal(w->answers, 1);
    assert_int_equal(w->answer_err.code, ERR_CRASHED);
    assert_non_null(strstr(w->answer_err.text, "killed 9"));
    assert_true(w->answer_order < w->lost_order);
    assert_int_equal(w->lost_why.code, ERR_CRASHED);
}

static void hears_one_loss_from_every_event_that_tells_it(void **state)
{
    static const char *const tellers[] = {
        inspector,
        crashed,
        "{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"S1\",\"targetId\":"
        "\"T1\"}}",
        "{\"method\":\"Target.targetDestroyed\",\"params\":{\"targetId\":\"T1\"}}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(tellers); i++) {
        make_live_session(w);
        fakechrome_send(w->fake, tellers[i]);
        fakechrome_send(w->fake, tellers[i]);
        fakechrome_send(w->fake, tellers[(i + 1) % ARRAY_LEN(tellers)]);
        loop_run(w->loop);
        turn(w, 2 * SOON_MS);

        assert_int_equal(w->lost, (int)i + 1);
        assert_true(cdp_session_is_lost(w->session));
        cdp_session_free(&w->session);
        w->made = 0;
    }
}

static void is_not_lost_with_another_target(void **state)
{
    struct world *w = *state;

    make_live_session(w);
    fakechrome_send(w->fake,
                    "{\"method\":\"Target.targetCrashed\",\"params\":{\"targetId\":\"T2\"}}");
    fakechrome_send(w->fake,
                    "{\"method\":\"Inspector.targetCrashed\",\"params\":{},\"sessionId\":\"S2\"}");
    fakechrome_send(w->fake,
                    "{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"S2\"}}");
    turn(w, 2 * SOON_MS);

    assert_int_equal(w->lost, 0);
}

static void fails_calls_on_a_lost_session_at_once(void **state)
{
    struct world *w = *state;

    make_live_session(w);
    fakechrome_send(w->fake, crashed);
    loop_run(w->loop);
    cdp_session_call(w->session, "Page.enable", NULL, LONG_MS, on_answer_stop, w);
    assert_int_equal(w->answers, 0);
    loop_run(w->loop);

    assert_int_equal(w->answers, 1);
    assert_int_equal(w->answer_err.code, ERR_CRASHED);
}

static void may_be_freed_when_its_loss_is_told(void **state)
{
    struct world *w = *state;

    make_live_session(w);
    w->free_when_lost = true;
    fakechrome_send(w->fake, crashed);
    loop_run(w->loop);
    turn(w, SOON_MS);

    assert_int_equal(w->lost, 1);
    assert_null(w->session);
}

static void a_close_that_is_not_acknowledged_ends_at_its_deadline(void **state)
{
    struct world *w = *state;

    make_live_session(w);
    w->mute = "Target.closeTarget";
    cdp_session_close(w->session, SOON_MS, on_answer_stop, w);
    cdp_session_free(&w->session);
    loop_run(w->loop);

    assert_int_equal(w->closes_asked, 1);
    assert_int_equal(w->answer_err.code, ERR_TIMEOUT);
}

static void knows_the_methods_of_the_table_only(void **state)
{
    (void)state;
    assert_true(cdp_command_is_known("Page.navigate"));
    assert_false(cdp_command_is_known("Page.frameNavigated"));
    assert_true(cdp_event_is_known("Page.frameNavigated"));
    assert_false(cdp_event_is_known("Network.requestWillBeSent"));
}

static enum fakechrome_link ws = FAKECHROME_WS, by_pipe = FAKECHROME_PIPE;

int main(void)
{
#define BOTH(name)                                          \
    {#name "_over_ws", name, setup, teardown, &ws},         \
    {                                                       \
#name "_over_pipe", name, setup, teardown, &by_pipe \
    }
    const struct CMUnitTest tests[] = {
        BOTH(attaches_to_a_new_target),
        BOTH(reports_a_target_that_is_never_made),
        BOTH(closes_the_target_that_it_cannot_attach_to),
        BOTH(may_be_freed_while_it_is_made),
        BOTH(fails_the_pending_call_and_then_tells_the_loss),
        BOTH(hears_one_loss_from_every_event_that_tells_it),
        BOTH(is_not_lost_with_another_target),
        BOTH(fails_calls_on_a_lost_session_at_once),
        BOTH(may_be_freed_when_its_loss_is_told),
        BOTH(a_close_that_is_not_acknowledged_ends_at_its_deadline),
        cmocka_unit_test(knows_the_methods_of_the_table_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
