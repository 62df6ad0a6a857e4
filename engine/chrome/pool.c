/* SPDX-License-Identifier: MIT */
/* pool.c - lends Chrome tabs to jobs and keeps the browsers behind them healthy.
 *
 * Everything that is to be done is decided in one place, pool_turn(), which a timer of 0 ms brings on: events only
 * note what happened and ask for a turn. A slot is on exactly one list by its state, a worker on exactly one by its
 * browser's.
 *
 * Invariant: idle + leased + dying == slots, over all browsers, checked each turn (pool_check_slots).
 *
 * Not here: processes (browser.c), what a tab does (tab.c), measuring (memory.c), caps (cage.h).
 */
#include "chrome/pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/launch.h"
#include "chrome/pool_priv.h"
#include "chrome/warm.h"

enum {
    PARK_AFTER_MS = 2000, /* an idle page's script goes on costing CPU */
    TICK_MS = 1000,
    PRESSURE_MS = 250, /* between two looks */
};

static void pool_turn(void *ctx);

void pool_ask_turn(struct pool *pool)
{
    loop_timer_start(pool->turn, 0);
}

const char *pool_recycle_name(enum pool_recycle reason)
{
    static const char *const names[RECYCLE_REASONS] = {
        [RECYCLE_PAGES] = "pages",     [RECYCLE_AGE] = "age",
        [RECYCLE_MEMORY] = "memory",   [RECYCLE_CRASH] = "crash",
        [RECYCLE_FAILING] = "failing", [RECYCLE_NO_ANSWER] = "no-answer",
        [RECYCLE_UPGRADE] = "upgrade", [RECYCLE_IDLE] = "idle",
    };

    return names[reason];
}

/* ---- serving --------------------------------------------------------------------------------------- */

static bool can_take_pages(const struct worker *worker)
{
    return worker && browser_state(worker->browser) == BROWSER_READY;
}

static struct slot *find_warm_slot(const struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE]) {
        struct slot *slot = container_of(at, struct slot, link);

        if (slot->tab && can_take_pages(slot->worker) && !tab_is_spoiled(slot->tab))
            return slot;
    }
    return NULL;
}

/* A page that goes on after its lease may spoil its tab: nobody could be lent it, and it would keep its slot. */
static void drop_spoiled_tabs(struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE]) {
        struct slot *slot = container_of(at, struct slot, link);

        if (slot->tab && tab_is_spoiled(slot->tab))
            slot_drop_spoiled(slot);
    }
}

static void grant_leases(struct pool *pool)
{
    struct waiter *first;
    struct slot *slot;

    while ((first = waiters_first(&pool->waiters)) && (slot = find_warm_slot(pool)))
        lease_grant(container_of(first, struct lease, waiter), slot);
}

static struct slot *find_free_slot(const struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE])
        if (!container_of(at, struct slot, link)->tab)
            return container_of(at, struct slot, link);
    return NULL;
}

static struct worker *find_room(const struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->workers_in[BROWSER_READY]) {
        struct worker *worker = container_of(at, struct worker, link);

        if (worker->n_tabs < pool->config->tabs_per_browser)
            return worker;
    }
    return NULL;
}

/* A slot that is being opened or cleaned already is for one of the waiters. Returns for how many there is still no
 * tab in sight although there are slots. */
static size_t open_tabs(struct pool *pool)
{
    size_t coming = slot_count(pool, SLOT_DYING);
    size_t wanted = pool->waiters.n > coming ? pool->waiters.n - coming : 0;
    size_t without = 0;
    struct worker *worker;
    struct slot *slot;
    struct list *at, *next;

    for (; wanted > 0 && (worker = find_room(pool)) && (slot = find_free_slot(pool)); wanted--)
        slot_open_tab(slot, worker);
    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE])
        without += container_of(at, struct slot, link)->tab == NULL;
    return wanted < without ? wanted : without;
}

/* ---- browsers -------------------------------------------------------------------------------------- */

static size_t count_starting(const struct pool *pool)
{
    return worker_count(pool, BROWSER_SPAWNING) + worker_count(pool, BROWSER_CONNECTING);
}

static bool start_one(struct pool *pool)
{
    struct list *place = list_first(&pool->workers_in[BROWSER_DOWN]);
    size_t starting = count_starting(pool);

    if (!place || breaker_wait_ms(&pool->breaker) > 0)
        return false;
    if (starting + worker_count(pool, BROWSER_READY) >= (size_t)pool->most_active)
        return false;
    /* After a failure one at a time tries whether it works again. */
    if (starting > 0 && breaker_reason(&pool->breaker))
        return false;
    browser_start(container_of(place, struct worker, link)->browser);
    return true;
}

/* uncovered: waiters without a tab in sight. */
static void start_browsers(struct pool *pool, size_t uncovered)
{
    size_t tabs = (size_t)pool->config->tabs_per_browser;
    size_t coming = count_starting(pool) * tabs;

    while (uncovered > coming && start_one(pool))
        coming += tabs;
}

static void retire_browsers(struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->workers_in[BROWSER_READY]) {
        struct worker *worker = container_of(at, struct worker, link);
        enum pool_recycle reason = worker_retire_reason(worker);

        if (reason != RECYCLE_REASONS)
            worker_retire(worker, reason);
    }
}

static void end_retired_browsers(struct pool *pool)
{
    struct list *at, *next;
    struct err why;

    err_set(&why, ERR_CANCELLED, "the browser is being closed");
    LIST_FOREACH (at, next, &pool->workers_in[BROWSER_RETIRING]) {
        struct worker *worker = container_of(at, struct worker, link);

        if (!worker_has_leases(worker))
            worker_stop(worker, &why);
    }
}

/* Those that wait for memory may be waiting for what these hold. */
static void retire_unused_browsers(struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->workers_in[BROWSER_READY]) {
        struct worker *worker = container_of(at, struct worker, link);

        if (!worker_has_leases(worker))
            worker_retire(worker, RECYCLE_IDLE);
    }
}

static void watch_idle_browsers(struct pool *pool)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->workers_in[BROWSER_READY]) {
        struct worker *worker = container_of(at, struct worker, link);

        if (worker_has_leases(worker))
            loop_timer_stop(worker->idle_exit);
        else if (!loop_timer_is_armed(worker->idle_exit))
            loop_timer_start(worker->idle_exit, pool->config->idle_exit);
    }
}

/* ---- pages that nobody looks at ---------------------------------------------------------------------- */

static bool shows_page(const struct slot *slot)
{
    return slot->tab && !slot->parked && can_take_pages(slot->worker);
}

static void on_park(void *ctx)
{
    struct pool *pool = ctx;
    struct list *at, *next;

    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE]) {
        struct slot *slot = container_of(at, struct slot, link);

        if (shows_page(slot) && clock_mono_ms() - slot->state_since_ms >= PARK_AFTER_MS)
            slot_park(slot);
    }
    pool_ask_turn(pool);
}

static void plan_parking(struct pool *pool)
{
    int64_t oldest_ms = INT64_MAX;
    struct list *at, *next;
    int64_t due_ms;

    LIST_FOREACH (at, next, &pool->slots_in[SLOT_IDLE]) {
        struct slot *slot = container_of(at, struct slot, link);

        if (shows_page(slot) && slot->state_since_ms < oldest_ms)
            oldest_ms = slot->state_since_ms;
    }
    if (oldest_ms == INT64_MAX) {
        loop_timer_stop(pool->park);
        return;
    }
    due_ms = oldest_ms + PARK_AFTER_MS - clock_mono_ms();
    loop_timer_start(pool->park, due_ms > 0 ? due_ms : 0);
}

/* ---- the turn ------------------------------------------------------------------------------------------ */

static bool anything_lives(const struct pool *pool)
{
    return worker_count(pool, BROWSER_DOWN) < pool->n_workers;
}

/* Only when somebody waits: those that are at work are never disturbed. */
static void look_at_pressure(struct pool *pool)
{
    char why[PRESSURE_TEXT_BYTES];
    bool high;

    if (pool->waiters.n == 0) {
        pool->held_back = false;
        return;
    }
    if (pool->pressure_at_ms && clock_mono_ms() - pool->pressure_at_ms < PRESSURE_MS)
        return;
    pool->pressure_at_ms = clock_mono_ms();
    high = pressure_is_high(&pool->pressure, why);
    if (high && !pool->held_back)
        log_warn("pool", "pages held back for want of memory", "why=%s waiting=%zu", log_quote(why),
                 pool->waiters.n);
    else if (!high && pool->held_back)
        log_info("pool", "memory is back", "waiting=%zu", pool->waiters.n);
    pool->held_back = high;
}

static void turn_stopping(struct pool *pool)
{
    void (*done)(void *ctx) = pool->on_stopped;
    struct err why;

    err_set(&why, ERR_CANCELLED, "the pool is being stopped");
    pool_refuse_waiters(pool, &why);
    for (size_t i = 0; i < pool->n_workers; i++) {
        enum browser_state state = browser_state(pool->workers[i].browser);

        if (state != BROWSER_DOWN && state != BROWSER_STOPPING)
            worker_stop(&pool->workers[i], &why);
    }
    if (anything_lives(pool))
        return;
    loop_timer_stop(pool->tick);
    loop_timer_stop(pool->park);
    pool->on_stopped = NULL;
    if (done)
        done(pool->stopped_ctx);
}

static void turn_broken(struct pool *pool)
{
    struct err why = *breaker_reason(&pool->breaker);

    err_prefix(&why, "Chrome does not start (%d failures in a row)", pool->breaker.failures);
    pool_refuse_waiters(pool, &why);
    if (!anything_lives(pool))
        start_one(pool); /* the probe, if the pause is over */
}

static void plan_next_turn(struct pool *pool)
{
    int64_t pause_ms = breaker_wait_ms(&pool->breaker);
    bool wanted = pool->waiters.n > 0 || pool->breaker.open;

    if (wanted && pause_ms > 0)
        loop_timer_start(pool->tick, pause_ms < TICK_MS ? pause_ms : TICK_MS);
    else if (pool->held_back)
        loop_timer_start(pool->tick, PRESSURE_MS);
    else if (anything_lives(pool))
        loop_timer_start(pool->tick, TICK_MS);
    else
        loop_timer_stop(pool->tick);
}

static void pool_turn(void *ctx)
{
    struct pool *pool = ctx;

    pool_check_slots(pool);
    if (pool->stopping) {
        turn_stopping(pool);
        return;
    }
    retire_browsers(pool);
    end_retired_browsers(pool);
    if (pool->breaker.open && worker_count(pool, BROWSER_READY) == 0)
        turn_broken(pool);
    drop_spoiled_tabs(pool);
    look_at_pressure(pool);
    if (pool->held_back) {
        retire_unused_browsers(pool);
    } else {
        grant_leases(pool);
        start_browsers(pool, open_tabs(pool));
    }
    watch_idle_browsers(pool);
    plan_parking(pool);
    plan_next_turn(pool);
}

/* ---- the object ------------------------------------------------------------------------------------ */

static int open_yard(struct pool *pool, struct err *err)
{
    const char *wanted = pool->config->memory_cap_rung;
    struct cage_settings settings = {.strongest = CAGE_V2, .weakest = CAGE_PSS};

    pool->capped = !str_eq(wanted, "none");
    if (!pool->capped)
        settings.strongest = CAGE_PSS;
    for (int rung = 0; rung < CAGE_RUNGS; rung++)
        if (str_eq(wanted, cage_rung_name((enum cage_rung)rung)))
            settings.strongest = settings.weakest = (enum cage_rung)rung;
    if (cage_yard_open(&settings, &pool->yard, err) < 0)
        return err_prefix(err, "memory_cap_rung = %s", wanted);
    if (!pool->capped)
        log_warn("pool", "Chrome's memory is not capped: a page can take the whole machine",
                 "memory_cap_rung=none");
    return 0;
}

/* How many browsers the budget has room for; 0: no budget. */
static int64_t places_in_budget(const struct config *config)
{
    int64_t n;

    if (!config->memory_budget || !config->worker_memory)
        return 0;
    n = config->memory_budget / config->worker_memory;
    return n > 0 ? n : 1;
}

/* One that retires takes a place of its own, so that its replacement may start, where the budget has room. */
static void make_workers(struct pool *pool)
{
    const struct config *config = pool->config;
    int64_t budget = places_in_budget(config);
    struct browser_settings settings = {.config = config, .plan = pool->plan, .yard = pool->yard};

    if (pool->capped && config->worker_memory) {
        settings.caps.hard_bytes = config->worker_memory;
        settings.caps.high_bytes = cage_high_for(config->worker_memory);
    }
    if (pool->capped)
        settings.caps.pids = config->worker_pids;
    pool->n_workers = (size_t)config->browsers * 2;
    if (budget && (int64_t)pool->n_workers > budget)
        pool->n_workers = (size_t)budget;
    pool->most_active = (int)config->browsers;
    if ((size_t)pool->most_active > pool->n_workers)
        pool->most_active = (int)pool->n_workers;
    for (int i = 0; i < BROWSER_STATES; i++)
        list_init(&pool->workers_in[i]);
    pool->workers = mem_array(pool->n_workers, sizeof(*pool->workers));
    for (size_t i = 0; i < pool->n_workers; i++)
        worker_init(&pool->workers[i], pool, (int)i + 1, &settings);
}

static void make_slots(struct pool *pool)
{
    pool->n_slots = (size_t)(pool->config->tabs_per_browser * pool->most_active);
    pool->slots = mem_array(pool->n_slots, sizeof(*pool->slots));
    for (int i = 0; i < SLOT_STATES; i++)
        list_init(&pool->slots_in[i]);
    for (size_t i = 0; i < pool->n_slots; i++) {
        pool->slots[i].pool = pool;
        list_init(&pool->slots[i].link);
        list_append(&pool->slots_in[SLOT_IDLE], &pool->slots[i].link);
    }
}

static int look_around(struct pool *pool, const struct pool_settings *settings, struct err *err)
{
    if (launch_plan_new(settings->config, settings->block_hosts, settings->n_block_hosts,
                        &pool->plan, err) < 0 ||
        open_yard(pool, err) < 0)
        return -1;
    profile_sweep(launch_run_dir(pool->plan), launch_uid(pool->plan));
    warm_program(launch_program(pool->plan));
    return 0;
}

int pool_set_block_hosts(struct pool *pool, const char *const *block_hosts, size_t n_block_hosts,
                         struct err *err)
{
    return launch_set_block_hosts(pool->plan, pool->config, block_hosts, n_block_hosts, err);
}

int pool_new(struct loop *loop, const struct pool_settings *settings, struct pool **out,
             struct err *err)
{
    const struct config *config = settings->config;
    struct pool *pool = mem_new(struct pool);

    pool->loop = loop;
    pool->config = config;
    waiters_init(&pool->waiters);
    if (look_around(pool, settings, err) < 0) {
        pool_free(&pool);
        return -1;
    }
    pool->prelude_js = mem_strdup(settings->prelude_js);
    pool->pressure = (struct pressure_limits){
        .proc_dir = "/proc",
        .min_free_bytes = config->min_free_memory,
        .max_stall_percent = config->max_memory_pressure,
    };
    breaker_init(&pool->breaker, config->launch_backoff, config->launch_backoff_max,
                 (int)config->launch_failures);
    make_workers(pool);
    make_slots(pool);
    pool->turn = loop_timer_new(loop, pool_turn, pool);
    pool->tick = loop_timer_new(loop, pool_turn, pool);
    pool->park = loop_timer_new(loop, on_park, pool);
    *out = pool;
    return 0;
}

void pool_stats(const struct pool *pool, struct pool_stats *out)
{
    *out = pool->stats;
    out->slots = (int)pool->n_slots;
    out->idle = (int)slot_count(pool, SLOT_IDLE);
    out->leased = (int)slot_count(pool, SLOT_LEASED);
    out->dying = (int)slot_count(pool, SLOT_DYING);
    out->waiting = (int)pool->waiters.n;
    out->browsers_live = (int)(pool->n_workers - worker_count(pool, BROWSER_DOWN));
    out->rung = pool->capped ? cage_rung_name(cage_yard_rung(pool->yard)) : "none";
    out->browsers_most = (int)pool->n_workers;
    out->breaker_open = pool->breaker.open;
    out->launch_failures = pool->breaker.failures;
    out->launch_trouble = breaker_reason(&pool->breaker);
    out->held_back = pool->held_back;
}

size_t pool_browser_pids(const struct pool *pool, pid_t *out, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < pool->n_workers; i++) {
        pid_t pid = browser_pid(pool->workers[i].browser);

        if (pid && found < n)
            out[found] = pid;
        found += pid != 0;
    }
    return found;
}

int pool_browser_pid(const struct pool *pool)
{
    pid_t pid = 0;

    pool_browser_pids(pool, &pid, 1);
    return (int)pid;
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
    check(pool->waiters.n == 0);
    for (size_t i = 0; i < pool->n_workers; i++)
        worker_fini(&pool->workers[i]);
    loop_timer_free(&pool->turn);
    loop_timer_free(&pool->tick);
    loop_timer_free(&pool->park);
    cage_yard_close(&pool->yard);
    launch_plan_free(&pool->plan);
    mem_free(pool->prelude_js);
    mem_free(pool->workers);
    mem_free(pool->slots);
    mem_free(pool);
}
