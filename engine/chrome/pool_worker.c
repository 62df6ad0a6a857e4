/* SPDX-License-Identifier: MIT */
/* pool_worker.c - the browsers of a pool: what they tell, why one is replaced, how it is ended.
 *
 * A worker is a place in which one browser after the other lives. It is on the list of its browser's state; on_state(),
 * which browser_set_state() calls, alone moves it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/pool_priv.h"

enum {
    MAX_TABS_CRASHED = 3, /* of one browser: then it is suspected itself */
    MAX_FAILURES = 5,     /* pages in a row; one site that hangs does not reach it by its retries */
};

static void on_state(enum browser_state to, void *ctx)
{
    struct worker *worker = ctx;

    list_remove(&worker->link);
    list_append(&worker->pool->workers_in[to], &worker->link);
    worker_watch(worker);
}

size_t worker_count(const struct pool *pool, enum browser_state state)
{
    return list_count(&pool->workers_in[state]);
}

bool worker_has_leases(const struct worker *worker)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &worker->pool->slots_in[SLOT_LEASED])
        if (container_of(at, struct slot, link)->worker == worker)
            return true;
    return false;
}

void worker_watch(struct worker *worker)
{
    bool on = browser_is_live(worker->browser) &&
              browser_state(worker->browser) != BROWSER_READY;

    for (size_t i = 0; i < worker->pool->n_slots && !on; i++) {
        const struct slot *slot = &worker->pool->slots[i];

        on = slot->worker == worker && (slot->state != SLOT_IDLE || !slot->parked);
    }
    meter_watch(worker->meter, on);
}

/* ---- what it tells --------------------------------------------------------------------------------- */

static void on_meter_due(void *ctx)
{
    struct worker *worker = ctx;

    worker_settle_costs(worker);
    if (browser_state(worker->browser) == BROWSER_READY && worker_retire_reason(worker) != RECYCLE_REASONS)
        pool_ask_turn(worker->pool);
}

static void set_user_agent(struct worker *worker)
{
    const char *contact = worker->pool->config->user_agent_contact;

    mem_free(worker->user_agent);
    worker->user_agent =
        str_empty(contact)
            ? NULL
            : mem_printf("%s CatchDeal (+%s)", browser_user_agent(worker->browser), contact);
}

static void on_spawned(void *ctx)
{
    struct worker *worker = ctx;
    struct pool *pool = worker->pool;

    meter_start(worker->meter, browser_pid(worker->browser), browser_cage(worker->browser),
                pool->capped ? pool->config->worker_memory : 0);
    worker_watch(worker);
}

static void on_ready(void *ctx)
{
    struct worker *worker = ctx;
    struct pool *pool = worker->pool;

    pool->stats.browsers_started++;
    worker->ready_at_ms = clock_mono_ms();
    meter_look(worker->meter); /* its first page may be done before the next look */
    set_user_agent(worker);
    breaker_succeeded(&pool->breaker);
    pool_ask_turn(pool);
}

static void on_answered(void *ctx)
{
    struct worker *worker = ctx;

    worker->upgraded = browser_is_upgraded(worker->browser);
    pool_ask_turn(worker->pool);
}

/* ---- the end --------------------------------------------------------------------------------------- */

/* Every tab is gone; holders hear why. */
static void lose_tabs(struct worker *worker, const struct err *why)
{
    struct pool *pool = worker->pool;

    for (size_t i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];

        if (slot->worker != worker)
            continue;
        if (slot->lease) {
            lease_lose(slot->lease, why);
            continue;
        }
        slot_drop_tab(slot);
        if (slot->state != SLOT_IDLE)
            slot_set_state(slot, SLOT_IDLE);
    }
    check(worker->n_tabs == 0);
}

static void forget_browser(struct worker *worker)
{
    loop_timer_stop(worker->idle_exit);
    worker->ready_at_ms = 0;
    worker->pages = worker->served = 0;
    worker->tabs_crashed = 0;
    worker->failures_in_a_row = 0;
    worker->upgraded = false;
}

static void launch_failed(struct pool *pool, const struct err *why)
{
    breaker_failed(&pool->breaker, why);
    /* Those that wait may have more luck with a browser that is there or coming. */
    if (worker_count(pool, BROWSER_READY) + worker_count(pool, BROWSER_SPAWNING) +
            worker_count(pool, BROWSER_CONNECTING) ==
        0)
        pool_refuse_waiters(pool, why);
}

/* One that serves no page is its page's fault once, and its own when the next one does not, either. */
static void note_early_end(struct worker *worker, const struct err *why)
{
    if (worker->served == 0 && ++worker->pool->early_deaths > 1)
        breaker_failed(&worker->pool->breaker, why);
}

static void note_death(struct worker *worker, const struct err *why)
{
    bool silent = why->code == ERR_NO_ANSWER || why->code == ERR_MEMORY_THRASH;

    worker->pool->stats.browsers_lost++;
    worker->pool->stats.recycles[silent ? RECYCLE_NO_ANSWER : RECYCLE_CRASH]++;
    note_early_end(worker, why);
}

static void on_lost(const struct err *why, void *ctx)
{
    struct worker *worker = ctx;
    struct pool *pool = worker->pool;
    bool came_up = worker->ready_at_ms != 0;

    pool_count_end(pool, why->code);
    if (came_up) {
        worker_settle_costs(worker);
        note_death(worker, why);
    }
    lose_tabs(worker, why);
    forget_browser(worker);
    if (!came_up)
        launch_failed(pool, why);
    pool_ask_turn(pool);
}

static void on_gone(void *ctx)
{
    struct worker *worker = ctx;

    worker_settle_costs(worker);
    meter_stop(worker->meter);
    worker_settle_costs(worker);
    worker->now_bytes = 0;
    worker_drop_costs(worker);
}

static void on_down(void *ctx)
{
    struct worker *worker = ctx;

    pool_ask_turn(worker->pool);
}

void worker_stop(struct worker *worker, const struct err *why)
{
    worker_settle_costs(worker);
    browser_retire(worker->browser);
    lose_tabs(worker, why);
    forget_browser(worker);
    browser_stop(worker->browser);
}

/* ---- replacing it ---------------------------------------------------------------------------------- */

enum pool_recycle worker_retire_reason(const struct worker *worker)
{
    const struct config *config = worker->pool->config;

    if (config->pages_per_browser && worker->pages >= config->pages_per_browser)
        return RECYCLE_PAGES;
    if (config->browser_age && clock_mono_ms() - worker->ready_at_ms >= config->browser_age)
        return RECYCLE_AGE;
    if (config->worker_memory_soft && meter_anon_bytes(worker->meter) >= config->worker_memory_soft)
        return RECYCLE_MEMORY;
    if (worker->tabs_crashed >= MAX_TABS_CRASHED)
        return RECYCLE_CRASH;
    if (worker->failures_in_a_row >= MAX_FAILURES)
        return RECYCLE_FAILING;
    return worker->upgraded ? RECYCLE_UPGRADE : RECYCLE_REASONS;
}

void worker_retire(struct worker *worker, enum pool_recycle reason)
{
    struct pool *pool = worker->pool;

    if (browser_state(worker->browser) != BROWSER_READY)
        return;
    pool->stats.recycles[reason]++;
    log_info("pool", "retiring", "browser=%d reason=%s pages=%d age_s=%lld anon_mib=%lld",
             worker->number, pool_recycle_name(reason), worker->pages,
             (long long)(clock_mono_ms() - worker->ready_at_ms) / 1000,
             (long long)(meter_anon_bytes(worker->meter) >> 20));
    if (reason == RECYCLE_CRASH)
        note_early_end(worker, &worker->last_crash);
    browser_retire(worker->browser);
    for (size_t i = 0; i < pool->n_slots; i++)
        if (pool->slots[i].worker == worker && pool->slots[i].state == SLOT_IDLE)
            slot_drop_tab(&pool->slots[i]);
    pool_ask_turn(pool);
}

static void on_idle_exit(void *ctx)
{
    struct worker *worker = ctx;

    /* A tab that is being opened is for somebody, unless nobody is served for want of memory. */
    if (worker_has_leases(worker) || (worker->pool->waiters.n > 0 && !worker->pool->held_back))
        return;
    log_info("pool", "browser unused", "browser=%d idle_ms=%lld", worker->number,
             (long long)worker->pool->config->idle_exit);
    worker_retire(worker, RECYCLE_IDLE);
}

/* ---- the object ------------------------------------------------------------------------------------ */

void worker_init(struct worker *worker, struct pool *pool, int number,
                 const struct browser_settings *settings)
{
    static const struct browser_events events = {
        .on_state = on_state,
        .on_spawned = on_spawned,
        .on_gone = on_gone,
        .on_ready = on_ready,
        .on_lost = on_lost,
        .on_answered = on_answered,
        .on_down = on_down,
    };

    worker->pool = pool;
    worker->number = number;
    list_init(&worker->link);
    list_append(&pool->workers_in[BROWSER_DOWN], &worker->link);
    worker->meter = meter_new(pool->loop, on_meter_due, worker);
    worker->idle_exit = loop_timer_new(pool->loop, on_idle_exit, worker);
    worker->browser = browser_new(pool->loop, settings, &events, worker);
}

void worker_fini(struct worker *worker)
{
    browser_free(&worker->browser);
    meter_free(&worker->meter);
    loop_timer_free(&worker->idle_exit);
    mem_free(worker->user_agent);
}
