/* SPDX-License-Identifier: MIT */
/* push.c - see push.h: when to look, how many at a time, trouble. One push's way is in push_send.c.
 *
 * look() is the only place that takes rows; at most one question to the outbox is under way (is_asking).
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "notify/push_priv.h"

#include <stdio.h>

enum {
    TAKE_MAX = 100,
    EXPIRE_EVERY_MS = 600000,
    HOLD_EXTRA_MS = 10000,
    PAUSE_MS = 1000,
    PAUSE_MAX_MS = 60000
};

static void look(struct push *push);

/* ---- when ------------------------------------------------------------------------------------ */

static void look_in(struct push *push, int64_t delay_ms)
{
    if (!push->is_stopping)
        loop_timer_start(push->timer, delay_ms);
}

static void on_timer(void *ctx)
{
    struct push *push = ctx;

    if (push->is_stopping)
        push_maybe_stopped(push);
    else
        look(push);
}

static int room(const struct push *push)
{
    int limit = push->is_trouble ? 1 : (int)push->config->push_parallel;

    return limit - push->n_going > TAKE_MAX ? TAKE_MAX : limit - push->n_going;
}

void push_note_store(struct push *push, const struct err *err)
{
    if (err && !push->is_store_away)
        log_warn("push", "the outbox cannot be asked", "text=%s", log_quote(err->text));
    else if (!err && push->is_store_away)
        log_info("push", "the outbox answers again", "going=%d", push->n_going);
    push->is_store_away = err != NULL;
}

/* True: nothing was answered; again with the next poll. */
static bool store_is_away(struct push *push, const struct err *err)
{
    push->is_asking = false;
    push_note_store(push, err);
    if (err)
        look_in(push, push->config->push_poll);
    return err != NULL;
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void on_taken(const struct store_push *pushes, int n, const struct err *err, void *ctx)
{
    struct push *push = ctx;

    if (store_is_away(push, err)) {
        push_maybe_stopped(push);
        return;
    }
    /* Stopping or not: their attempts are counted. */
    for (int i = 0; i < n; i++)
        push_send(push, &pushes[i]);
    /* None: somebody else was faster. */
    look_in(push, n > 0 ? 0 : push->config->push_poll);
    push_maybe_stopped(push);
}

static void take(struct push *push)
{
    struct store_outbox_take take = {
        .holder = push->holder,
        .now_ms = clock_wall_ms(),
        .hold_ms = 2 * push->config->push_timeout + HOLD_EXTRA_MS,
        .limit = room(push),
        .batch = PUSH_PLAYERS_MAX,
    };

    push->is_asking = true;
    store_outbox_take(push->store, &take, on_taken, push);
}

/* Take what is due, or look again when something will be. */
static void on_known(struct push *push, int64_t in_ms)
{
    int64_t poll_ms = push->config->push_poll;
    bool is_due = in_ms != CLOCK_NONE && in_ms <= 0;

    push->lag_ms = is_due ? -in_ms : 0;
    if (is_due && room(push) > 0 && !push->is_stopping)
        take(push);
    else
        look_in(push, push->is_woken ? 0 : in_ms > 0 && in_ms < poll_ms ? in_ms : poll_ms);
}

static void on_next(int64_t in_ms, const struct err *err, void *ctx)
{
    struct push *push = ctx;

    if (!store_is_away(push, err))
        on_known(push, in_ms);
    push->is_woken = false;
    push_maybe_stopped(push);
}

static void on_expired(int64_t n, const struct err *err, void *ctx)
{
    struct push *push = ctx;

    if (!store_is_away(push, err)) {
        if (n > 0)
            log_warn("push", "too old: given up", "pushes=%lld", (long long)n);
        push->counts.expired += n;
        push->expire_at_ms = clock_mono_ms() + EXPIRE_EVERY_MS;
        look_in(push, 0);
    }
    push_maybe_stopped(push);
}

static void look(struct push *push)
{
    int64_t now_ms = clock_mono_ms();

    if (push->is_asking || push->is_stopping)
        return;
    if (now_ms >= push->expire_at_ms) {
        int64_t wall_ms = clock_wall_ms();

        push->is_asking = true;
        store_outbox_expire(push->store, wall_ms - push->config->push_max_age, wall_ms, on_expired,
                            push);
    } else if (!push->account) {
        look_in(push, push->expire_at_ms - now_ms);
    } else if (now_ms < push->pause_until_ms) {
        look_in(push, push->pause_until_ms - now_ms);
    } else if (room(push) > 0) {
        push->is_asking = true;
        store_outbox_next(push->store, clock_wall_ms(), on_next, push);
    }
}

void push_wake(struct push *push)
{
    if (!push)
        return;
    push->is_woken = push->is_asking;
    look_in(push, 0);
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void end_trouble(struct push *push)
{
    if (push->is_trouble)
        log_info("push", "the push service takes pushes again", "service=%s",
                 push->account->way->name);
    push->is_trouble = false;
    push->pause_until_ms = 0;
    backoff_reset(&push->pause);
}

static void begin_trouble(struct push *push, const struct push_answer *answer)
{
    push->is_trouble = true;
    if (answer->is_refusal)
        log_error("push", "the push service refuses us: look at push_url, push_app_id and the key",
                  "service=%s text=%s", push->account->way->name, log_quote(answer->text));
    else
        log_warn("push", "the push service takes no pushes", "service=%s text=%s",
                 push->account->way->name, log_quote(answer->text));
}

/* Answers that come during a pause are of requests that went out before it: they don't lengthen it, unless by
 * Retry-After. */
void push_note_answer(struct push *push, const struct push_answer *answer)
{
    int64_t now_ms = clock_mono_ms(), until_ms;

    if (!answer->is_trouble) {
        end_trouble(push);
        return;
    }
    snprintf(push->trouble, sizeof(push->trouble), "%.400s", answer->text);
    if (!push->is_trouble)
        begin_trouble(push, answer);
    if (push->pause_until_ms <= now_ms)
        push->pause_until_ms = now_ms + backoff_next_ms(&push->pause);
    until_ms = now_ms + answer->retry_after_ms;
    if (until_ms > push->pause_until_ms)
        push->pause_until_ms = until_ms;
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* Between a second and a minute, unless pushes themselves are tried again sooner. */
static void init_pause(struct push *push)
{
    int64_t base_ms = push->config->push_backoff, max_ms = push->config->push_backoff_max;

    base_ms = base_ms < PAUSE_MS ? base_ms : PAUSE_MS;
    max_ms = max_ms < PAUSE_MAX_MS ? max_ms : PAUSE_MAX_MS;
    backoff_init(&push->pause, base_ms, max_ms > base_ms ? max_ms : base_ms);
}

int push_new(struct loop *loop, const struct config *config, struct store *store,
             const char *holder, struct push **out, struct err *err)
{
    struct push *push = mem_new(struct push);

    push->loop = loop;
    push->config = config;
    push->store = store;
    push->holder = mem_strdup(holder);
    list_init(&push->going);
    push->timer = loop_timer_new(loop, on_timer, push);
    push->client = fetch_client_new(loop);
    init_pause(push);
    *out = push;
    if (push_account_new(config, &push->account, err) == 0)
        return 0;
    push_free(out);
    return -1;
}

static void on_recovered(const struct err *err, void *ctx)
{
    struct push *push = ctx;

    /* When it is away, they are due by themselves, only later. */
    if (!store_is_away(push, err))
        look_in(push, 0);
    push_maybe_stopped(push);
}

void push_start(struct push *push)
{
    if (push->account)
        log_info("push", "sending pushes", "service=%s", push->account->way->name);
    push->is_asking = true;
    store_outbox_recover(push->store, push->holder, clock_wall_ms(), on_recovered, push);
}

void push_maybe_stopped(struct push *push)
{
    push_fn *done = push->stop_done;

    if (!push->is_stopping || push->is_asking || push->n_going > 0 || !done)
        return;
    push->stop_done = NULL;
    loop_timer_stop(push->timer);
    done(push->stop_ctx);
}

void push_stop(struct push *push, push_fn *done, void *ctx)
{
    check(!push->is_stopping);
    push->is_stopping = true;
    push->stop_done = done;
    push->stop_ctx = ctx;
    loop_timer_start(push->timer, 0);
}

void push_hurry(struct push *push)
{
    check(push->is_stopping);
    push_cancel(push, false);
    loop_timer_start(push->timer, 0);
}

void push_free(struct push **push_ptr)
{
    struct push *push = *push_ptr;

    if (!push)
        return;
    *push_ptr = NULL;
    push_cancel(push, true);
    fetch_client_free(&push->client);
    push_account_free(&push->account);
    loop_timer_free(&push->timer);
    mem_free(push->holder);
    mem_free(push);
}

/* ---- figures --------------------------------------------------------------------------------- */

void push_counts(const struct push *push, struct push_counts *out)
{
    *out = push->counts;
    out->going = push->n_going;
    out->is_trouble = push->is_trouble;
}

const char *push_trouble(const struct push *push)
{
    return push->is_trouble ? push->trouble : NULL;
}

void push_metrics(const struct push *push, struct buf *out)
{
    const struct push_counts *c = &push->counts;

    metrics_head(out, "pushes_total", "counter",
                 "Attempts to send a push, by how they ended; a broadcast counts by its batches.");
    metrics_value(out, "pushes_total", "end", "sent", (double)c->sent);
    metrics_value(out, "pushes_total", "end", "retry", (double)c->retried);
    metrics_value(out, "pushes_total", "end", "gave-up", (double)c->gave_up);
    metrics_one(out, "pushes_expired_total", "counter",
                "Pushes that waited for longer than push_max_age.", (double)c->expired);
    metrics_one(out, "push_players_gone_total", "counter",
                "Player ids that the push service did not know.", (double)c->players_gone);
    metrics_one(
        out, "push_lag_seconds", "gauge",
        "How long the push that waits longest had been due when the outbox was last looked at.",
        (double)push->lag_ms / 1000);
    metrics_one(out, "pushes_going", "gauge", "Pushes under way.", push->n_going);
    metrics_one(out, "push_trouble", "gauge", "1 while the push service takes no pushes.",
                push->is_trouble);
}
