/* SPDX-License-Identifier: MIT */
/* test_cdp_faults.h - a browser that is a script of tests/fakechrome, and a connection to it: for test_cdp_faults.c and test_cdp_garbage.c. */
#ifndef TEST_CDP_FAULTS_H
#define TEST_CDP_FAULTS_H

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

static inline void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static inline void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

/* ---- the world --------------------------------------------------------------------------------- */

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

static inline void on_exit_asked(int code, void *ctx)
{
    ((struct world *)ctx)->exit_code = code;
}

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

static const struct cdp_conn_events conn_events = {on_open, on_closed};

static inline void begin_to_connect(struct world *w, const char *script, int64_t timeout_ms)
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
static inline void connect_to(struct world *w, const char *script)
{
    begin_to_connect(w, script, LONG_MS);
    loop_run(w->loop);
}

static inline void on_answer(const struct jval *result, const struct err *err, void *ctx)
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

static inline void call(struct world *w, int n, const char *method, int64_t timeout_ms)
{
    w->answers[n].world = w;
    cdp_call(w->conn, NULL, method, "{\"expression\":\"0\"}", timeout_ms, on_answer,
             &w->answers[n]);
}

static inline void call_page(struct world *w, int n, const char *method, int64_t timeout_ms)
{
    w->answers[n].world = w;
    cdp_session_call(w->session, method, "{}", timeout_ms, on_answer, &w->answers[n]);
}

static inline void await(struct world *w, int n)
{
    w->awaited = n;
    while (w->seen < n)
        loop_run(w->loop);
}

static inline void await_end(struct world *w)
{
    while (!w->closed)
        loop_run(w->loop);
}

static inline void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

/* For what must not come. */
static inline void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    loop_run(w->loop);
    loop_timer_free(&timer);
}

static inline void on_made(struct cdp_session *session, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    (void)session;
    w->made = err == NULL;
    loop_stop(w->loop);
}

static inline void on_lost(const struct err *why, void *ctx)
{
    struct world *w = ctx;

    w->lost++;
    w->lost_why = *why;
    loop_stop(w->loop);
}

static inline void make_page(struct world *w)
{
    w->session = cdp_session_create(w->conn, LONG_MS, on_made, w);
    loop_run(w->loop);
    assert_true(w->made);
    cdp_session_on_lost(w->session, on_lost, w);
}

static inline void await_loss(struct world *w)
{
    while (!w->lost)
        loop_run(w->loop);
}

static inline void on_event(const struct jval *params, const char *session_id, void *ctx)
{
    struct world *w = ctx;

    (void)session_id;
    w->events++;
    snprintf(w->event_type, sizeof(w->event_type), "%s", jval_get_str(params, "type", ""));
}

static inline struct cdp_conn_stats stats(const struct world *w)
{
    struct cdp_conn_stats out;

    cdp_conn_stats(w->conn, &out);
    return out;
}

static inline void assert_works(struct world *w, int n)
{
    call(w, n, "Browser.getVersion", LONG_MS);
    await(w, w->seen + 1);
    assert_int_equal(w->answers[n].code, ERR_OK);
    assert_true(cdp_conn_is_open(w->conn));
    assert_int_equal(stats(w).pending, 0);
}

#endif
