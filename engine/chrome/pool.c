/* SPDX-License-Identifier: MIT */
/* pool.c - lends Chrome tabs to jobs and keeps the browser behind them healthy.
 *
 * A slot is the right to one tab and is on exactly one list of struct pool; slot_set_state() moves it. A tab is opened
 * when a slot is first needed and stays for the next pages (a new tab costs twice the CPU of a used one).
 * Everything that is to be done is decided in one place, pool_turn(), which a timer of 0 ms brings on: events only
 * note what happened and ask for a turn.
 *
 * Invariant: idle + leased + dying == slots, checked each turn. Dying are those that cannot be lent just now: a
 * tab is being opened, cleaned, or was thrown away and waits for nothing but our own bookkeeping.
 *
 * Not here: processes (browser.c), what a tab does (tab.c), measuring (memory.c).
 */
#include "chrome/pool.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/browser.h"
#include "chrome/launch.h"
#include "chrome/memory.h"
#include "chrome/tab.h"

#include <stdio.h>
#include <string.h>

enum {
    PAGES_PER_COLLECT = 10, /* keeps one tab's anonymous memory at 72 MiB instead of 390 (seen) */
    COLLECT_TIMEOUT_MS = 5000,
    PARK_AFTER_MS = 2000, /* an idle page's script goes on costing CPU */
    PARK_TIMEOUT_MS = 5000,
    OPEN_TIMEOUT_MS = 10000,
};

enum slot_state { SLOT_IDLE, SLOT_LEASED, SLOT_DYING };

struct slot {
    struct list link;
    struct pool *pool;
    enum slot_state state;
    struct tab *tab; /* NULL: not opened */
    struct lease *lease;
    int pages; /* of this tab */
    bool parked; /* shows about:blank */
    int64_t idle_since_ms;
};

enum lease_state { LEASE_WAITING, LEASE_HELD, LEASE_ENDED };

struct lease {
    struct list link; /* waiting: pool.waiters; ending: pool.ended */
    struct pool *pool;
    enum lease_state state;
    struct slot *slot;
    char *site;
    struct loop_timer *timer;
    int64_t wait_ms, hold_ms;
    struct lease_events events;
    void *ctx;
    struct lease_cost cost;
};

struct pool {
    struct loop *loop;
    const struct config *config;
    char *prelude_js;
    char *user_agent; /* with the operator's contact; NULL: Chrome's own */
    struct launch_plan *plan;
    struct browser *browser;
    struct meter *meter;
    struct loop_timer *turn;
    struct loop_timer *idle_exit;
    struct loop_timer *park;
    struct slot *slots;
    size_t n_slots;
    struct list idle, leased, dying;
    struct list waiters;
    bool stopping;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
    struct pool_stats stats;
};

static void pool_turn(void *ctx);
static void on_tab_opened(struct tab *tab, const struct err *err, void *ctx);
static void on_tab_lost(struct tab *tab, const struct err *why, void *ctx);
static void on_target_closed(const struct jval *result, const struct err *err, void *ctx);

static void pool_ask_turn(struct pool *pool)
{
    loop_timer_start(pool->turn, 0);
}

/* ---- slots ------------------------------------------------------------------------------------- */

static void slot_set_state(struct slot *slot, enum slot_state to)
{
    struct pool *pool = slot->pool;
    struct list *const lists[] = {&pool->idle, &pool->leased, &pool->dying};

    check(slot->state != to);
    check((slot->lease != NULL) == (to == SLOT_LEASED));
    list_remove(&slot->link);
    if (to == SLOT_IDLE) {
        list_prepend(lists[to], &slot->link); /* the warmest is lent first */
        slot->idle_since_ms = clock_mono_ms();
    } else {
        list_append(lists[to], &slot->link);
    }
    slot->state = to;
    meter_watch(pool->meter, !list_is_empty(&pool->leased));
}

static void check_slots(const struct pool *pool)
{
    size_t n = 0;

    for (size_t i = 0; i < pool->n_slots; i++)
        check((pool->slots[i].state == SLOT_LEASED) == (pool->slots[i].lease != NULL));
    n += list_count(&pool->idle) + list_count(&pool->leased) + list_count(&pool->dying);
    check(n == pool->n_slots);
}

/* The slot's tab goes; Chrome is asked to close it, and one that does not shows that the browser is unwell. */
static void slot_drop_tab(struct slot *slot)
{
    struct pool *pool = slot->pool;

    if (!slot->tab)
        return;
    if (browser_state(pool->browser) == BROWSER_READY || browser_state(pool->browser) == BROWSER_RETIRING)
        tab_close_target(slot->tab, pool->config->close_timeout, on_target_closed, pool);
    tab_free(&slot->tab);
    slot->pages = 0;
    slot->parked = false;
}

static void on_target_closed(const struct jval *result, const struct err *err, void *ctx)
{
    struct pool *pool = ctx;

    (void)result;
    if (!err || err->code != ERR_TIMEOUT)
        return;
    log_warn("pool", "retiring the browser", "reason=%s why=%s", err_reason(err->code), log_quote(err->text));
    browser_retire(pool->browser);
    pool_ask_turn(pool);
}

static void slot_open_tab(struct slot *slot)
{
    static const struct tab_events events = {on_tab_opened, on_tab_lost};
    struct pool *pool = slot->pool;
    struct tab_settings settings = {pool->prelude_js, pool->user_agent, OPEN_TIMEOUT_MS};

    slot_set_state(slot, SLOT_DYING);
    slot->tab = tab_open(pool->browser, &settings, &events, slot);
}

/* ---- costs ------------------------------------------------------------------------------------- */

/* What was spent since the last reading is shared by those that held a tab meanwhile: called before every change of
 * who they are. */
static void pool_settle_costs(struct pool *pool)
{
    int64_t holders = (int64_t)list_count(&pool->leased);
    struct meter_reading reading;
    struct list *at, *next;

    meter_read(pool->meter, &reading);
    pool->stats.cpu_ms += reading.cpu_ms;
    if (reading.pss_bytes > pool->stats.peak_pss_bytes)
        pool->stats.peak_pss_bytes = reading.pss_bytes;
    LIST_FOREACH (at, next, &pool->leased) {
        struct lease_cost *cost = &container_of(at, struct slot, link)->lease->cost;

        cost->cpu_ms += reading.cpu_ms / holders;
        cost->gb_ms += reading.gb_ms / holders;
        if (reading.pss_bytes > cost->peak_pss_bytes)
            cost->peak_pss_bytes = reading.pss_bytes;
    }
}

static void on_meter_due(void *ctx)
{
    pool_settle_costs(ctx);
}

void lease_cost(const struct lease *lease, struct lease_cost *out)
{
    if (lease->state == LEASE_HELD)
        pool_settle_costs(lease->pool);
    *out = lease->cost;
}

/* ---- leases ------------------------------------------------------------------------------------ */

static void lease_free(struct lease *lease)
{
    list_remove(&lease->link);
    loop_timer_free(&lease->timer);
    mem_free(lease->site);
    mem_free(lease);
}

/* Not granted. The holder may call pool_return() in the callback, so the memory goes after it. */
static void lease_refuse(struct lease *lease, const struct err *why)
{
    log_debug("pool", "lease refused", "site=%s reason=%s", log_quote(lease->site), err_reason(why->code));
    list_remove(&lease->link);
    lease->state = LEASE_ENDED;
    lease->events.on_granted(lease, why, lease->ctx);
    lease_free(lease);
}

/* The slot is taken from its holder, its tab thrown away. */
static void lease_lose(struct lease *lease, const struct err *why)
{
    struct slot *slot = lease->slot;

    log_debug("pool", "lease lost", "site=%s reason=%s why=%s", log_quote(lease->site), err_reason(why->code),
              log_quote(why->text));
    pool_settle_costs(lease->pool);
    lease->state = LEASE_ENDED;
    lease->slot = NULL;
    slot->lease = NULL;
    slot_drop_tab(slot);
    slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(lease->pool);
    lease->events.on_lost(why, lease->ctx);
    lease_free(lease);
}

static void wait_is_over(struct lease *lease)
{
    const struct err *launch = browser_last_failure(lease->pool->browser);
    struct err err;

    if (launch) {
        err = *launch;
        err_prefix(&err, "no tab within %lld ms", (long long)lease->wait_ms);
    } else {
        err_set(&err, ERR_TIMEOUT, "no tab within %lld ms (browser %s)", (long long)lease->wait_ms,
                browser_state_name(browser_state(lease->pool->browser)));
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
    log_warn("pool", "lease ran out", "site=%s hold_ms=%lld", log_quote(lease->site), (long long)lease->hold_ms);
    lease_lose(lease, &err);
}

struct lease *pool_lease(struct pool *pool, const struct lease_request *request, const struct lease_events *events,
                         void *ctx)
{
    struct lease *lease = mem_new(struct lease);

    lease->pool = pool;
    lease->site = mem_strdup(request->site);
    lease->wait_ms = request->wait_ms;
    lease->hold_ms = request->hold_ms;
    lease->events = *events;
    lease->ctx = ctx;
    lease->timer = loop_timer_new(pool->loop, on_lease_timer, lease);
    list_init(&lease->link);
    list_append(&pool->waiters, &lease->link);
    loop_timer_start(lease->timer, request->wait_ms);
    pool_ask_turn(pool);
    return lease;
}

static void lease_grant(struct lease *lease, struct slot *slot)
{
    struct pool *pool = lease->pool;

    pool_settle_costs(pool);
    list_remove(&lease->link);
    lease->state = LEASE_HELD;
    lease->slot = slot;
    slot->lease = lease;
    slot->parked = false;
    slot_set_state(slot, SLOT_LEASED);
    pool->stats.leases_granted++;
    loop_timer_start(lease->timer, lease->hold_ms);
    log_debug("pool", "lease granted", "site=%s pages=%d", log_quote(lease->site), slot->pages);
    lease->events.on_granted(lease, NULL, lease->ctx);
}

struct tab *lease_tab(struct lease *lease)
{
    check(lease->state == LEASE_HELD);
    return lease->slot->tab;
}

/* ---- a tab comes back -------------------------------------------------------------------------- */

static void on_cleaned(const struct err *err, void *ctx)
{
    struct slot *slot = ctx;

    if (err) {
        log_debug("pool", "tab thrown away", "why=%s", log_quote(err->text));
        slot_drop_tab(slot);
    }
    slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(slot->pool);
}

static void slot_take_back(struct slot *slot, bool healthy)
{
    struct pool *pool = slot->pool;

    slot->lease = NULL;
    tab_cancel(slot->tab);
    pool->stats.tabs_crashed += tab_is_lost(slot->tab);
    if (!healthy || tab_is_spoiled(slot->tab)) {
        slot_drop_tab(slot);
        slot_set_state(slot, SLOT_IDLE);
        return;
    }
    browser_did_well(pool->browser);
    slot->pages++;
    if (slot->pages % PAGES_PER_COLLECT == 0) {
        slot_set_state(slot, SLOT_DYING);
        tab_collect_garbage(slot->tab, COLLECT_TIMEOUT_MS, on_cleaned, slot);
    } else {
        slot_set_state(slot, SLOT_IDLE);
    }
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
        pool_settle_costs(pool);
        slot_take_back(lease->slot, healthy);
    }
    lease_free(lease);
    pool_ask_turn(pool);
}

/* ---- tabs opened and lost ------------------------------------------------------------------------ */

static void on_tab_opened(struct tab *tab, const struct err *err, void *ctx)
{
    struct slot *slot = ctx;

    (void)tab;
    if (err) {
        log_warn("pool", "no new tab", "reason=%s why=%s", err_reason(err->code), log_quote(err->text));
        slot_drop_tab(slot);
        if (err->code == ERR_TIMEOUT)
            browser_retire(slot->pool->browser);
    }
    slot->parked = true;
    slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(slot->pool);
}

static void on_tab_lost(struct tab *tab, const struct err *why, void *ctx)
{
    struct slot *slot = ctx;

    (void)tab;
    slot->pool->stats.tabs_crashed++;
    log_warn("pool", "tab lost", "reason=%s why=%s", err_reason(why->code), log_quote(why->text));
    if (slot->lease) {
        lease_lose(slot->lease, why);
        return;
    }
    slot_drop_tab(slot);
    if (slot->state != SLOT_IDLE)
        slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(slot->pool);
}

/* ---- the browser ------------------------------------------------------------------------------- */

/* Every tab is gone; holders hear why. */
static void lose_all_tabs(struct pool *pool, const struct err *why)
{
    for (size_t i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];

        if (slot->lease) {
            lease_lose(slot->lease, why);
            continue;
        }
        slot_drop_tab(slot);
        if (slot->state != SLOT_IDLE)
            slot_set_state(slot, SLOT_IDLE);
    }
}

/* Only those that wait now: a callback may ask again. */
static void refuse_waiters(struct pool *pool, const struct err *why)
{
    struct list now;

    list_init(&now);
    while (!list_is_empty(&pool->waiters))
        list_move(&now, list_first(&pool->waiters));
    while (!list_is_empty(&now))
        lease_refuse(container_of(list_first(&now), struct lease, link), why);
}

static void on_browser_ready(void *ctx)
{
    struct pool *pool = ctx;

    pool->stats.browsers_started++;
    meter_start(pool->meter, browser_pid(pool->browser));
    if (!str_empty(pool->config->user_agent_contact)) {
        mem_free(pool->user_agent);
        pool->user_agent = mem_printf("%s CatchDeal (+%s)", browser_user_agent(pool->browser),
                                      pool->config->user_agent_contact);
    }
    pool_ask_turn(pool);
}

static void on_browser_lost(const struct err *why, void *ctx)
{
    struct pool *pool = ctx;
    bool did_not_start = browser_last_failure(pool->browser) != NULL;

    pool_settle_costs(pool);
    meter_stop(pool->meter);
    lose_all_tabs(pool, why);
    if (did_not_start)
        refuse_waiters(pool, why);
    else
        pool->stats.browsers_lost++;
    pool_ask_turn(pool);
}

static void on_browser_down(void *ctx)
{
    pool_ask_turn(ctx);
}

/* Its tabs go first, so that nothing of ours hangs on the connection. */
static void stop_browser(struct pool *pool)
{
    struct err why;

    err_set(&why, ERR_CANCELLED, "the browser is being closed");
    pool_settle_costs(pool);
    meter_stop(pool->meter);
    browser_retire(pool->browser);
    lose_all_tabs(pool, &why);
    browser_stop(pool->browser);
}

static void on_idle_exit(void *ctx)
{
    struct pool *pool = ctx;

    if (browser_state(pool->browser) != BROWSER_READY || !list_is_empty(&pool->leased) ||
        !list_is_empty(&pool->waiters))
        return;
    log_info("pool", "browser ended, unused", "idle_ms=%lld", (long long)pool->config->idle_exit);
    stop_browser(pool);
}

/* Idle pages are left for about:blank, but only when nobody came for the tab. */
static void on_park(void *ctx)
{
    static const struct tab_page blank = {.url = "about:blank", .timeout_ms = PARK_TIMEOUT_MS};
    struct pool *pool = ctx;
    struct list *at, *next;

    if (browser_state(pool->browser) != BROWSER_READY)
        return;
    LIST_FOREACH (at, next, &pool->idle) {
        struct slot *slot = container_of(at, struct slot, link);

        if (!slot->tab || slot->parked || clock_mono_ms() - slot->idle_since_ms < PARK_AFTER_MS)
            continue;
        slot->parked = true;
        slot_set_state(slot, SLOT_DYING);
        tab_navigate(slot->tab, &blank, on_cleaned, slot);
    }
    pool_ask_turn(pool);
}

/* ---- the turn ---------------------------------------------------------------------------------- */

/* false: no idle slot has a tab. */
static bool grant_first(struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->idle) {
        struct slot *slot = container_of(at, struct slot, link);

        if (slot->tab && !tab_is_spoiled(slot->tab)) {
            lease_grant(container_of(list_first(&pool->waiters), struct lease, link), slot);
            return true;
        }
    }
    return false;
}

/* As many as there are waiters; a slot that is being opened or cleaned already is for one of them. */
static void open_tabs(struct pool *pool)
{
    size_t wanted = list_count(&pool->waiters), coming = list_count(&pool->dying);
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->idle) {
        struct slot *slot = container_of(at, struct slot, link);

        if (coming >= wanted)
            return;
        if (slot->tab)
            continue;
        slot_open_tab(slot);
        coming++;
    }
}

static void turn_ready(struct pool *pool)
{
    while (!list_is_empty(&pool->waiters) && grant_first(pool))
        ;
    open_tabs(pool);
    if (!list_is_empty(&pool->idle))
        loop_timer_start(pool->park, PARK_AFTER_MS);
    if (!list_is_empty(&pool->waiters) || !list_is_empty(&pool->leased))
        loop_timer_stop(pool->idle_exit);
    else if (!loop_timer_is_armed(pool->idle_exit))
        loop_timer_start(pool->idle_exit, pool->config->idle_exit);
}

static void turn_stopping(struct pool *pool)
{
    void (*done)(void *ctx) = pool->on_stopped;
    struct err why;

    err_set(&why, ERR_CANCELLED, "the pool is being stopped");
    refuse_waiters(pool, &why);
    if (browser_state(pool->browser) != BROWSER_DOWN) {
        lose_all_tabs(pool, &why);
        if (browser_state(pool->browser) != BROWSER_STOPPING)
            stop_browser(pool);
        return;
    }
    pool->on_stopped = NULL;
    if (done)
        done(pool->stopped_ctx);
}

static void pool_turn(void *ctx)
{
    struct pool *pool = ctx;

    check_slots(pool);
    if (pool->stopping) {
        turn_stopping(pool);
        return;
    }
    switch (browser_state(pool->browser)) {
    case BROWSER_DOWN:
        if (!list_is_empty(&pool->waiters))
            browser_start(pool->browser);
        return;
    case BROWSER_READY:
        turn_ready(pool);
        return;
    case BROWSER_RETIRING:
        if (list_is_empty(&pool->leased))
            stop_browser(pool);
        return;
    default:
        return;
    }
}

/* ---- the object -------------------------------------------------------------------------------- */

static void make_slots(struct pool *pool)
{
    pool->n_slots = (size_t)pool->config->tabs_per_browser;
    pool->slots = mem_array(pool->n_slots, sizeof(*pool->slots));
    list_init(&pool->idle);
    list_init(&pool->leased);
    list_init(&pool->dying);
    list_init(&pool->waiters);
    for (size_t i = 0; i < pool->n_slots; i++) {
        pool->slots[i].pool = pool;
        list_init(&pool->slots[i].link);
        list_append(&pool->idle, &pool->slots[i].link);
    }
}

int pool_new(struct loop *loop, const struct pool_settings *settings, struct pool **out, struct err *err)
{
    static const struct browser_events events = {on_browser_ready, on_browser_lost, on_browser_down};
    struct pool *pool;
    struct launch_plan *plan;

    if (launch_plan_new(settings->config, settings->block_hosts, settings->n_block_hosts, &plan, err) < 0)
        return -1;
    profile_sweep(launch_run_dir(plan), launch_uid(plan));
    pool = mem_new(struct pool);
    pool->loop = loop;
    pool->config = settings->config;
    pool->prelude_js = mem_strdup(settings->prelude_js);
    pool->plan = plan;
    make_slots(pool);
    pool->turn = loop_timer_new(loop, pool_turn, pool);
    pool->idle_exit = loop_timer_new(loop, on_idle_exit, pool);
    pool->park = loop_timer_new(loop, on_park, pool);
    pool->meter = meter_new(loop, on_meter_due, pool);
    pool->browser = browser_new(loop, settings->config, plan, &events, pool);
    *out = pool;
    return 0;
}

void pool_stats(const struct pool *pool, struct pool_stats *out)
{
    *out = pool->stats;
    out->slots = (int)pool->n_slots;
    out->idle = (int)list_count(&pool->idle);
    out->leased = (int)list_count(&pool->leased);
    out->dying = (int)list_count(&pool->dying);
    out->waiting = (int)list_count(&pool->waiters);
    out->browsers_live = browser_is_live(pool->browser);
    out->rung = "none";
    out->browsers_most = 1;
}

const char *pool_recycle_name(enum pool_recycle reason)
{
    static const char *const names[RECYCLE_REASONS] = {
        [RECYCLE_PAGES] = "pages",         [RECYCLE_AGE] = "age",         [RECYCLE_MEMORY] = "memory",
        [RECYCLE_CRASH] = "crash",         [RECYCLE_NO_ANSWER] = "no-answer", [RECYCLE_FAILING] = "failing",
        [RECYCLE_UPGRADE] = "upgrade",     [RECYCLE_IDLE] = "idle",
    };

    return names[reason];
}

size_t pool_browser_pids(const struct pool *pool, pid_t *out, size_t n)
{
    pid_t pid = browser_pid(pool->browser);

    if (pid && n > 0)
        out[0] = pid;
    return pid != 0;
}

int pool_browser_pid(const struct pool *pool)
{
    return (int)browser_pid(pool->browser);
}

void pool_stop(struct pool *pool, void (*done)(void *ctx), void *ctx)
{
    check(!pool->stopping);
    pool->stopping = true;
    pool->on_stopped = done;
    pool->stopped_ctx = ctx;
    pool_ask_turn(pool);
}

void pool_free(struct pool **pool_ptr)
{
    struct pool *pool = *pool_ptr;

    *pool_ptr = NULL;
    if (!pool)
        return;
    check(browser_state(pool->browser) == BROWSER_DOWN && list_is_empty(&pool->waiters) &&
          list_is_empty(&pool->leased));
    browser_free(&pool->browser);
    meter_free(&pool->meter);
    loop_timer_free(&pool->turn);
    loop_timer_free(&pool->idle_exit);
    loop_timer_free(&pool->park);
    launch_plan_free(&pool->plan);
    mem_free(pool->prelude_js);
    mem_free(pool->user_agent);
    mem_free(pool->slots);
    mem_free(pool);
}
