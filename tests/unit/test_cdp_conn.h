/* SPDX-License-Identifier: MIT */
/* test_cdp_conn.h - a scripted server and a connection to it: for test_cdp_conn.c and test_cdp_loss.c. */
#ifndef TEST_CDP_CONN_H
#define TEST_CDP_CONN_H

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

static inline void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static inline void on_command(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;

    if (w->script)
        w->script(fake, command, w);
}

static inline void on_handshake(struct fakechrome *fake, void *ctx)
{
    struct world *w = ctx;

    if (w->refuse)
        fakechrome_refuse(fake, 403);
    else if (!w->silent)
        fakechrome_accept(fake);
}

static const struct fakechrome_events fake_events = {.on_handshake = on_handshake,
                                                     .on_command = on_command};

static inline void on_open(void *ctx)
{
    struct world *w = ctx;

    w->opened = true;
    loop_stop(w->loop);
}

static inline void on_closed(const struct err *why, void *ctx)
{
    struct world *w = ctx;

    w->closed++;
    w->why = *why;
    loop_stop(w->loop);
}

static const struct cdp_conn_events events = {on_open, on_closed};

static inline void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void begin_to_connect(struct world *w, int64_t timeout_ms)
{
    int read_fd, write_fd;

    if (w->link == FAKECHROME_PIPE) {
        fakechrome_open_pipe(w->fake, &read_fd, &write_fd);
        w->conn = cdp_conn_new_pipe(w->loop, read_fd, write_fd, &events, w);
    } else {
        w->conn = cdp_conn_new_ws(w->loop, fakechrome_url(w->fake), timeout_ms, &events, w);
    }
}

static inline void connect_only(struct world *w, int64_t timeout_ms)
{
    begin_to_connect(w, timeout_ms);
    assert_false(w->opened);
    loop_run(w->loop);
}

static inline void connect_open(struct world *w)
{
    connect_only(w, LONG_MS);
    assert_true(w->opened);
    assert_true(cdp_conn_is_open(w->conn));
}

static inline void on_answer(const struct jval *result, const struct err *err, void *ctx)
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

static inline struct cdp_call *call(struct world *w, int n, const char *session, const char *params,
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

static inline void await_answers(struct world *w, int n)
{
    w->answers_awaited = n;
    loop_run(w->loop);
    assert_int_equal(w->answers_seen, n);
}

static inline void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

/* Turn the loop for a while: for what must not come. */
static inline void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    loop_run(w->loop);
    loop_timer_free(&timer);
}

static inline void on_event(const struct jval *params, const char *session_id, void *ctx)
{
    struct world *w = ctx;

    w->events++;
    snprintf(w->event_text, sizeof(w->event_text), "%s", jval_get_str(params, "type", ""));
    snprintf(w->event_session, sizeof(w->event_session), "%s", session_id);
    loop_stop(w->loop);
}

/* ---- scripts ----------------------------------------------------------------------------------- */

static inline void script_echo(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"ok %lld\"},\"sessionId\":\"%s\"}",
                     (long long)command->id, (long long)command->id, command->session_id);
}

static inline void script_length(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"%zu\"}}", (long long)command->id,
                     command->len);
}

static inline void script_error_without_session(struct fakechrome *fake,
                                         const struct fake_command *command, void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake,
                     "{\"error\":{\"code\":-32000,\"message\":\"Cannot find context with specified "
                     "id\"},\"id\":%lld}",
                     (long long)command->id);
}

static inline void script_answer_twice(struct fakechrome *fake, const struct fake_command *command,
                                void *ctx)
{
    script_echo(fake, command, ctx);
    script_echo(fake, command, ctx);
}

static inline void script_hang_up(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    (void)command;
    (void)ctx;
    fakechrome_hang_up(fake);
}

static inline void script_half_message(struct fakechrome *fake, const struct fake_command *command,
                                void *ctx)
{
    (void)command;
    (void)ctx;
    fakechrome_send_raw(fake, "\x81\x7d{\"id\":1,\"result\":{\"va", 22);
    fakechrome_hang_up(fake);
}

static inline void script_garbage_then_answer(struct fakechrome *fake, const struct fake_command *command,
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

static inline void script_surrogates(struct fakechrome *fake, const struct fake_command *command,
                              void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":\"a\\ud800b\\u0000c\\uc0ac\"}}",
                     (long long)command->id);
}

static inline void script_unparsable_result(struct fakechrome *fake, const struct fake_command *command,
                                     void *ctx)
{
    (void)ctx;
    fakechrome_sendf(fake, "{\"id\":%lld,\"result\":{\"value\":[1,]}}", (long long)command->id);
}

static inline void script_big(struct fakechrome *fake, const struct fake_command *command, void *ctx)
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
static inline void script_endless(struct fakechrome *fake, const struct fake_command *command, void *ctx)
{
    struct world *w = ctx;
    size_t len = TRANSPORT_MAX_MESSAGE_BYTES + (1 << 20);

    (void)command;
    w->big = mem_alloc(len);
    memset(w->big, 'x', len);
    fakechrome_send_pieces(fake, w->big, len, 1 << 20);
}

#endif
