/* SPDX-License-Identifier: MIT */
/* vitals.c - one question at a time; see vitals.h. */
#include "chrome/vitals.h"

enum { ANSWER_MS = 2000 }; /* a machine under load may take so long */

struct vitals {
    struct cdp_session *session;
    struct loop_timer *timer;
    struct cdp_call *call;
    int64_t every_ms;
    void (*on_silent)(void *ctx);
    void *ctx;
};

static void on_answer(const struct jval *result, const struct err *err, void *ctx);

static void on_timer(void *ctx)
{
    struct vitals *vitals = ctx;
    int64_t answer_ms = vitals->every_ms > ANSWER_MS ? vitals->every_ms : ANSWER_MS;

    vitals->call =
        cdp_session_call(vitals->session, "Network.getCookies",
                         "{\"urls\":[\"http://vitals.invalid/\"]}", answer_ms, on_answer, vitals);
}

/* Any other error is an answer, or is told to the operation as well. */
static void on_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct vitals *vitals = ctx;

    (void)result;
    vitals->call = NULL;
    if (err && err->code == ERR_TIMEOUT)
        vitals->on_silent(vitals->ctx);
    else
        loop_timer_start(vitals->timer, vitals->every_ms);
}

struct vitals *vitals_new(struct cdp_session *session, struct loop *loop,
                          void (*on_silent)(void *ctx), void *ctx)
{
    struct vitals *vitals = mem_new(struct vitals);

    vitals->session = session;
    vitals->on_silent = on_silent;
    vitals->ctx = ctx;
    vitals->timer = loop_timer_new(loop, on_timer, vitals);
    return vitals;
}

void vitals_free(struct vitals **vitals_ptr)
{
    struct vitals *vitals = *vitals_ptr;

    *vitals_ptr = NULL;
    if (!vitals)
        return;
    vitals_rest(vitals);
    loop_timer_free(&vitals->timer);
    mem_free(vitals);
}

void vitals_watch(struct vitals *vitals, int64_t every_ms)
{
    vitals->every_ms = every_ms;
    loop_timer_start(vitals->timer, every_ms);
}

void vitals_rest(struct vitals *vitals)
{
    if (!vitals)
        return;
    if (vitals->call)
        cdp_call_cancel(vitals->call);
    vitals->call = NULL;
    loop_timer_stop(vitals->timer);
}
