/* SPDX-License-Identifier: MIT */
/* pool_slot.c - slots, each on exactly one list, and the tabs that they are bound to browsers by.
 *
 * A tab is opened when a slot is first needed and stays for the next pages: a new tab costs twice the CPU of a used
 * one. slot_set_state() alone moves a slot.
 */
#include "base/clock.h"
#include "base/log.h"
#include "chrome/pool_priv.h"

enum {
    COLLECT_TIMEOUT_MS = 5000,
    PARK_TIMEOUT_MS = 5000,
    OPEN_TIMEOUT_MS = 10000,
    GAP_MS = 5000, /* between two turns while a browser lives: we stood still (a tick is 1 s) */
    OVERDUE_MS = 90000, /* longer than any of the above, with all steps and probes */
};

static void on_tab_opened(struct tab *tab, const struct err *err, void *ctx);
static void on_tab_lost(struct tab *tab, const struct err *why, void *ctx);
static void on_target_closed(const struct jval *result, const struct err *err, void *ctx);

void slot_set_state(struct slot *slot, enum slot_state to)
{
    struct pool *pool = slot->pool;

    check(slot->state != to);
    check((slot->lease != NULL) == (to == SLOT_LEASED));
    list_remove(&slot->link);
    if (to == SLOT_IDLE)
        list_prepend(&pool->slots_in[to], &slot->link); /* the warmest is lent first */
    else
        list_append(&pool->slots_in[to], &slot->link);
    slot->state = to;
    slot->state_since_ms = clock_mono_ms();
    if (slot->worker)
        worker_watch(slot->worker);
}

size_t slot_count(const struct pool *pool, enum slot_state state)
{
    return list_count(&pool->slots_in[state]);
}

/* ---- the invariant ------------------------------------------------------------------------------- */

static bool is_on_its_list(const struct slot *slot)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &slot->pool->slots_in[slot->state])
        if (at == &slot->link)
            return true;
    return false;
}

/* A lease and an opening end by their own timers; what outlasts them all was forgotten. */
static bool is_overdue(const struct slot *slot)
{
    int64_t most_ms = slot->state == SLOT_LEASED ? slot->lease->hold_ms + OVERDUE_MS : OVERDUE_MS;

    return slot->state != SLOT_IDLE && clock_mono_ms() - slot->state_since_ms > most_ms;
}

static void mend_slot(struct slot *slot, const char *what)
{
    struct err why;

    slot->pool->stats.slot_leaks++;
    log_error("pool", "a slot leaked and was taken back", "what=%s state=%d", log_quote(what),
              (int)slot->state);
    if (slot->lease) {
        err_set(&why, ERR_INTERNAL, "the slot leaked: %s", what);
        lease_lose(slot->lease, &why);
        return;
    }
    slot_drop_tab(slot);
    list_remove(&slot->link);
    list_append(&slot->pool->slots_in[SLOT_IDLE], &slot->link);
    slot->state = SLOT_IDLE;
    slot->state_since_ms = clock_mono_ms();
}

/* An engine that was stopped, or whose machine was, did not let its timers run: that time does not count. */
static void leave_out_gap(struct pool *pool)
{
    int64_t now_ms = clock_mono_ms();
    int64_t gap_ms = pool->checked_at_ms ? now_ms - pool->checked_at_ms : 0;

    pool->checked_at_ms = now_ms;
    if (gap_ms < GAP_MS)
        return;
    for (size_t i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];

        slot->state_since_ms += gap_ms;
        if (slot->state_since_ms > now_ms)
            slot->state_since_ms = now_ms; /* it changed within the gap */
    }
}

void pool_check_slots(struct pool *pool)
{
    size_t n =
        slot_count(pool, SLOT_IDLE) + slot_count(pool, SLOT_LEASED) + slot_count(pool, SLOT_DYING);

    leave_out_gap(pool);
    for (size_t i = 0; i < pool->n_slots; i++) {
        struct slot *slot = &pool->slots[i];

        if ((slot->state == SLOT_LEASED) != (slot->lease != NULL))
            mend_slot(slot, "its lease and its state differ");
        else if (n != pool->n_slots && !is_on_its_list(slot))
            mend_slot(slot, "it is not on its list");
        else if (is_overdue(slot))
            mend_slot(slot, "it outlasted its deadline");
    }
}

/* ---- tabs ---------------------------------------------------------------------------------------- */

void pool_count_end(struct pool *pool, enum err_code code)
{
    pool->stats.ends[code]++;
}

/* Chrome is asked to close it, and one that does not shows that the browser is unwell. */
void slot_drop_tab(struct slot *slot)
{
    struct worker *worker = slot->worker;
    enum browser_state state;

    if (!slot->tab)
        return;
    state = browser_state(worker->browser);
    if (state == BROWSER_READY || state == BROWSER_RETIRING)
        tab_close_target(slot->tab, worker->pool->config->close_timeout, on_target_closed, worker);
    tab_free(&slot->tab);
    slot->worker = NULL;
    slot->pages = 0;
    slot->parked = false;
    worker->n_tabs--;
    worker_watch(worker);
}

static void on_target_closed(const struct jval *result, const struct err *err, void *ctx)
{
    struct worker *worker = ctx;

    (void)result;
    if (!err || err->code != ERR_TIMEOUT || browser_state(worker->browser) != BROWSER_READY)
        return;
    log_debug("pool", "a tab was not closed", "browser=%d why=%s", worker->number,
              log_quote(err->text));
    worker_retire(worker, RECYCLE_NO_ANSWER);
}

void slot_open_tab(struct slot *slot, struct worker *worker)
{
    static const struct tab_events events = {on_tab_opened, on_tab_lost};
    struct tab_settings settings = {
        .prelude_js = slot->pool->prelude_js,
        .user_agent = worker->user_agent,
        .timeout_ms = OPEN_TIMEOUT_MS,
        .heartbeat_ms = slot->pool->config->heartbeat,
        .apart = slot->pool->config->pages_per_context > 0,
    };

    check(!slot->tab && slot->state == SLOT_IDLE);
    slot->worker = worker;
    worker->n_tabs++;
    slot_set_state(slot, SLOT_DYING);
    slot->tab = tab_open(worker->browser, &settings, &events, slot);
}

void slot_drop_spoiled(struct slot *slot)
{
    log_debug("pool", "spoiled tab thrown away", "browser=%d pages=%d", slot->worker->number,
              slot->pages);
    pool_count_end(slot->pool, ERR_CANCELLED);
    slot_drop_tab(slot);
}

/* A tab of a browser that retires is not lent again. */
static void slot_is_free(struct slot *slot)
{
    if (slot->tab && tab_is_spoiled(slot->tab))
        slot_drop_spoiled(slot);
    if (slot->worker && browser_state(slot->worker->browser) != BROWSER_READY)
        slot_drop_tab(slot);
    if (slot->state != SLOT_IDLE)
        slot_set_state(slot, SLOT_IDLE);
    pool_ask_turn(slot->pool);
}

static void on_tab_opened(struct tab *tab, const struct err *err, void *ctx)
{
    struct slot *slot = ctx;
    struct worker *worker = slot->worker;

    (void)tab;
    slot->parked = true;
    slot->pool->no_tab = err ? *err : (struct err){.code = ERR_OK};
    if (err) {
        log_warn("pool", "no new tab", "browser=%d reason=%s why=%s", worker->number,
                 err_reason(err->code), log_quote(err->text));
        pool_count_end(slot->pool, err->code);
        slot_drop_tab(slot);
        worker->last_crash = *err;
        if (err->code == ERR_TIMEOUT)
            worker_retire(worker, RECYCLE_NO_ANSWER);
        else
            worker->tabs_crashed++;
    }
    slot_is_free(slot);
}

static void on_tab_lost(struct tab *tab, const struct err *why, void *ctx)
{
    struct slot *slot = ctx;

    (void)tab;
    slot->pool->stats.tabs_crashed++;
    slot->worker->tabs_crashed++;
    slot->worker->last_crash = *why;
    pool_count_end(slot->pool, why->code);
    log_warn("pool", "tab lost", "browser=%d site=%s reason=%s why=%s", slot->worker->number,
             slot->lease ? log_quote(slot->lease->site) : "none", err_reason(why->code),
             log_quote(why->text));
    if (slot->lease) {
        lease_lose(slot->lease, why);
        return;
    }
    slot_drop_tab(slot);
    slot_is_free(slot);
}

/* ---- a tab comes back ---------------------------------------------------------------------------- */

static void on_cleaned(const struct err *err, void *ctx)
{
    struct slot *slot = ctx;
    struct worker *worker = slot->worker;

    if (err) {
        log_debug("pool", "tab thrown away", "why=%s", log_quote(err->text));
        pool_count_end(slot->pool, err->code);
        slot_drop_tab(slot);
        if (err->code == ERR_NO_ANSWER)
            worker_retire(worker, RECYCLE_NO_ANSWER);
    }
    slot_is_free(slot);
}

void slot_park(struct slot *slot)
{
    static const struct tab_page blank = {.url = "about:blank", .timeout_ms = PARK_TIMEOUT_MS};

    slot->parked = true;
    slot_set_state(slot, SLOT_DYING);
    tab_navigate(slot->tab, &blank, on_cleaned, slot);
}

static void throw_away(struct slot *slot)
{
    struct worker *worker = slot->worker;
    enum err_code code = tab_last_failure(slot->tab);
    bool lost = tab_is_lost(slot->tab);

    slot->pool->stats.tabs_crashed += lost;
    worker->tabs_crashed += lost;
    worker->failures_in_a_row += code == ERR_TIMEOUT || code == ERR_HUNG || code == ERR_NO_ANSWER;
    pool_count_end(slot->pool, code == ERR_OK ? ERR_CANCELLED : code);
    slot_drop_tab(slot);
    slot_set_state(slot, SLOT_IDLE);
    if (code == ERR_NO_ANSWER)
        worker_retire(worker, RECYCLE_NO_ANSWER);
}

/* What a page leaves behind is cleared up after every so many of them. */
static void slot_clean(struct slot *slot)
{
    const struct config *config = slot->pool->config;

    if (config->pages_per_context && slot->pages >= config->pages_per_context)
        slot_drop_tab(slot);
    if (slot->tab && config->pages_per_collection &&
        slot->pages % config->pages_per_collection == 0 &&
        browser_state(slot->worker->browser) == BROWSER_READY) {
        slot_set_state(slot, SLOT_DYING);
        tab_collect_garbage(slot->tab, COLLECT_TIMEOUT_MS, on_cleaned, slot);
    } else {
        slot_is_free(slot);
    }
}

void slot_take_back(struct slot *slot, bool healthy)
{
    struct pool *pool = slot->pool;
    struct worker *worker = slot->worker;

    slot->lease = NULL;
    tab_cancel(slot->tab);
    worker->pages++;
    if (!healthy || tab_is_spoiled(slot->tab)) {
        throw_away(slot);
        return;
    }
    worker->served++;
    worker->failures_in_a_row = 0;
    pool->early_deaths = 0;
    breaker_reset(&pool->breaker);
    slot->pages++;
    slot_clean(slot);
}
