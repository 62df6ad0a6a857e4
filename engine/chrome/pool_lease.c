/* SPDX-License-Identifier: MIT */
/* pool_lease.c - leases: those that wait, those that hold a tab, how they end and what they cost. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/pool_priv.h"

#include <string.h>

/* ---- costs --------------------------------------------------------------------------------------- */

static void note_peaks(struct pool *pool, struct worker *worker)
{
    int64_t sum = 0;

    for (size_t i = 0; i < pool->n_workers; i++)
        sum += pool->workers[i].now_bytes;
    if (sum > pool->stats.peak_pss_bytes)
        pool->stats.peak_pss_bytes = sum;
    if (meter_peak_bytes(worker->meter) > pool->stats.peak_worker_bytes)
        pool->stats.peak_worker_bytes = meter_peak_bytes(worker->meter);
    if (meter_anon_bytes(worker->meter) > pool->stats.peak_worker_anon_bytes)
        pool->stats.peak_worker_anon_bytes = meter_anon_bytes(worker->meter);
}

static size_t count_holders(const struct worker *worker)
{
    struct list *at, *next;
    size_t n = 0;

    LIST_FOREACH (at, next, &worker->pool->slots_in[SLOT_LEASED])
        n += container_of(at, struct slot, link)->worker == worker;
    return n;
}

static void add_cost(struct lease_cost *sum, const struct lease_cost *part)
{
    sum->cpu_ms += part->cpu_ms;
    sum->gb_ms += part->gb_ms;
    if (part->peak_pss_bytes > sum->peak_pss_bytes)
        sum->peak_pss_bytes = part->peak_pss_bytes;
}

/* Takes one of n equal shares away; the last one is what is left. */
static struct lease_cost take_share(struct lease_cost *left, int64_t n)
{
    struct lease_cost share = {left->cpu_ms / n, left->peak_pss_bytes, left->gb_ms / n};

    left->cpu_ms -= share.cpu_ms;
    left->gb_ms -= share.gb_ms;
    return share;
}

void worker_settle_costs(struct worker *worker)
{
    struct pool *pool = worker->pool;
    int64_t holders = (int64_t)count_holders(worker);
    struct lease_cost left;
    struct meter_reading reading;
    struct list *at, *next;

    meter_read(worker->meter, &reading);
    worker->now_bytes = reading.pss_bytes;
    pool->stats.cpu_ms += reading.cpu_ms;
    note_peaks(pool, worker);
    left = (struct lease_cost){reading.cpu_ms, reading.pss_bytes, reading.gb_ms};
    LIST_FOREACH (at, next, &pool->slots_in[SLOT_LEASED]) {
        struct slot *slot = container_of(at, struct slot, link);
        struct lease_cost share;

        if (slot->worker != worker)
            continue;
        share = take_share(&left, holders--);
        add_cost(&slot->lease->cost, &share);
    }
    left.peak_pss_bytes = 0;
    add_cost(&worker->unclaimed, &left);
}

void worker_drop_costs(struct worker *worker)
{
    add_cost(&worker->pool->unclaimed, &worker->unclaimed);
    worker->unclaimed = (struct lease_cost){0};
}

void pool_take_unclaimed(struct pool *pool, struct lease_cost *out)
{
    *out = pool->unclaimed;
    pool->unclaimed = (struct lease_cost){0};
}

void lease_cost(const struct lease *lease, struct lease_cost *out)
{
    if (lease->state == LEASE_HELD)
        worker_settle_costs(lease->slot->worker);
    *out = lease->cost;
}

/* ---- ends ---------------------------------------------------------------------------------------- */

static void lease_free(struct lease *lease)
{
    waiters_remove(&lease->pool->waiters, &lease->waiter);
    loop_timer_free(&lease->timer);
    mem_free(lease->site);
    mem_free(lease->url);
    mem_free(lease);
}

/* Not granted. The holder may call pool_return() in the callback, so the memory goes after it. */
static void lease_refuse(struct lease *lease, const struct err *why)
{
    log_debug("pool", "lease refused", "site=%s reason=%s", log_quote(lease->site),
              err_reason(why->code));
    waiters_remove(&lease->pool->waiters, &lease->waiter);
    lease->state = LEASE_ENDED;
    lease->events.on_granted(lease, why, lease->ctx);
    lease_free(lease);
}

void pool_refuse_waiters(struct pool *pool, const struct err *why)
{
    struct err reason = *why;

    for (size_t n = pool->waiters.n; n > 0 && pool->waiters.n > 0; n--) {
        struct waiter *first = waiters_first(&pool->waiters);

        waiters_serve(&pool->waiters, first);
        lease_refuse(container_of(first, struct lease, waiter), &reason);
    }
}

void lease_lose(struct lease *lease, const struct err *why)
{
    struct slot *slot = lease->slot;
    struct err told = *why;

    if (!str_empty(lease->url) && !strstr(why->text, lease->url))
        err_set(&told, why->code, "%.550s; page %.180s", why->text, lease->url);
    log_debug("pool", "lease lost", "site=%s reason=%s why=%s", log_quote(lease->site),
              err_reason(told.code), log_quote(told.text));
    worker_settle_costs(slot->worker);
    slot->worker->pages++;
    lease->state = LEASE_ENDED;
    lease->slot = NULL;
    slot->lease = NULL;
    slot_drop_tab(slot);
    slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(lease->pool);
    lease->events.on_lost(&told, lease->ctx);
    lease_free(lease);
}

/* ---- waiting and holding --------------------------------------------------------------------------- */

static void wait_is_over(struct lease *lease)
{
    struct pool *pool = lease->pool;
    const struct err *reason = breaker_reason(&pool->breaker);
    char why[PRESSURE_TEXT_BYTES];
    struct err err;

    if (!reason && pool->no_tab.code != ERR_OK)
        reason = &pool->no_tab;
    if (reason) {
        err = *reason;
        err_prefix(&err, "no tab within %lld ms", (long long)lease->wait_ms);
    } else if (pool->held_back && pressure_is_high(&pool->pressure, why)) {
        err_set(&err, ERR_TIMEOUT, "no tab within %lld ms: %s", (long long)lease->wait_ms, why);
    } else {
        err_set(&err, ERR_TIMEOUT,
                "no tab within %lld ms (%zu browsers, %zu of %zu tabs lent, %zu waiting)",
                (long long)lease->wait_ms, worker_count(pool, BROWSER_READY),
                slot_count(pool, SLOT_LEASED), pool->n_slots, pool->waiters.n);
    }
    lease_refuse(lease, &err);
}

static void on_lease_timer(void *ctx)
{
    struct lease *lease = ctx;
    struct err err;

    if (lease->state == LEASE_WAITING) {
        wait_is_over(lease);
        return;
    }
    err_set(&err, ERR_TIMEOUT, "the tab was held longer than %lld ms", (long long)lease->hold_ms);
    log_warn("pool", "lease ran out", "site=%s hold_ms=%lld", log_quote(lease->site),
             (long long)lease->hold_ms);
    pool_count_end(lease->pool, ERR_TIMEOUT);
    lease_lose(lease, &err);
}

struct lease *pool_lease(struct pool *pool, const struct lease_request *request,
                         const struct lease_events *events, void *ctx)
{
    struct lease *lease = mem_new(struct lease);

    lease->pool = pool;
    lease->site = mem_strdup(request->site);
    lease->url = mem_strdup(request->url);
    lease->wait_ms = request->wait_ms;
    lease->hold_ms = request->hold_ms;
    lease->events = *events;
    lease->ctx = ctx;
    lease->timer = loop_timer_new(pool->loop, on_lease_timer, lease);
    waiters_add(&pool->waiters, lease->site, &lease->waiter);
    loop_timer_start(lease->timer, request->wait_ms);
    pool_ask_turn(pool);
    return lease;
}

void lease_grant(struct lease *lease, struct slot *slot)
{
    struct pool *pool = lease->pool;

    worker_settle_costs(slot->worker);
    add_cost(&lease->cost, &slot->worker->unclaimed);
    slot->worker->unclaimed = (struct lease_cost){0};
    waiters_serve(&pool->waiters, &lease->waiter);
    lease->state = LEASE_HELD;
    lease->slot = slot;
    slot->lease = lease;
    slot->parked = false;
    slot_set_state(slot, SLOT_LEASED);
    pool->stats.leases_granted++;
    loop_timer_start(lease->timer, lease->hold_ms);
    log_debug("pool", "lease granted", "site=%s browser=%d pages=%d", log_quote(lease->site),
              slot->worker->number, slot->pages);
    lease->events.on_granted(lease, NULL, lease->ctx);
}

struct tab *lease_tab(struct lease *lease)
{
    check(lease->state == LEASE_HELD);
    return lease->slot->tab;
}

void pool_return(struct lease **lease_ptr, bool healthy)
{
    struct lease *lease = *lease_ptr;
    struct pool *pool;

    *lease_ptr = NULL;
    if (!lease || lease->state == LEASE_ENDED)
        return;
    pool = lease->pool;
    if (lease->state == LEASE_HELD) {
        worker_settle_costs(lease->slot->worker);
        slot_take_back(lease->slot, healthy);
    }
    lease_free(lease);
    pool_ask_turn(pool);
}
