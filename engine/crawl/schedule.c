/* SPDX-License-Identifier: MIT */
/* schedule.c - one timer for all entries, asking the wall clock each time it fires.
 *
 * The timer never sleeps longer than LOOK_MS, so that a clock that was set, or a box that slept,
 * is noticed: what became due meanwhile is due once, with its latest due time. A clock that is set
 * back by up to REPEAT_MS makes no due time come twice; one that is set back further was wrong
 * before, and the plan begins anew.
 */
#include "crawl/schedule.h"
#include "base/list.h"
#include "base/log.h"

#include <sys/random.h>

enum { LOOK_MS = 30000, CATCH_UP_STEPS = 10000, REPEAT_MS = 3600 * 1000, JITTER_SHARE = 4 };
static const int64_t CATCH_UP_MS = (int64_t)7 * 24 * 3600 * 1000;

struct schedule_entry {
    struct list link;
    struct schedule *schedule;
    char *name;
    char *kind;
    bool has_cron;
    struct cron cron;
    const struct clock_zone *zone;
    int64_t last_ms;   /* the latest due time that was due, by what is known; CLOCK_NONE: none */
    int64_t next_ms;   /* CLOCK_NONE: never */
    int64_t jitter_ms; /* so long after next_ms is it begun */
    int64_t late_since_ms; /* a due time that was missed; CLOCK_NONE: none */
    bool running, paused;
    long long overlaps;
    void *owner;
};

struct schedule {
    struct loop *loop;
    struct loop_timer *timer;
    struct list entries;
    int64_t jitter_ms;
    schedule_due_fn *due;
    void *ctx;
    bool started;
    bool looking; /* in on_timer */
};

static void on_timer(void *ctx);

struct schedule *schedule_new(struct loop *loop, schedule_due_fn *due, void *ctx)
{
    struct schedule *schedule = mem_new(struct schedule);

    schedule->loop = loop;
    schedule->timer = loop_timer_new(loop, on_timer, schedule);
    list_init(&schedule->entries);
    schedule->due = due;
    schedule->ctx = ctx;
    return schedule;
}

void schedule_free(struct schedule **schedule_ptr)
{
    struct schedule *schedule = *schedule_ptr;
    struct list *at, *next;

    if (!schedule)
        return;
    *schedule_ptr = NULL;
    LIST_FOREACH (at, next, &schedule->entries) {
        struct schedule_entry *entry = container_of(at, struct schedule_entry, link);

        schedule_remove(&entry);
    }
    loop_timer_free(&schedule->timer);
    mem_free(schedule);
}

void schedule_set_jitter(struct schedule *schedule, int64_t jitter_ms)
{
    schedule->jitter_ms = jitter_ms;
}

/* ---- when ------------------------------------------------------------------------------------ */

static int64_t latest_from(const struct cron *cron, const struct clock_zone *zone, int64_t after_ms,
                           int64_t now_ms)
{
    int64_t latest = CLOCK_NONE;
    int64_t at = after_ms;

    for (int i = 0; i < CATCH_UP_STEPS; i++) {
        at = cron_next(cron, zone, at);
        if (at == CLOCK_NONE || at > now_ms)
            break;
        latest = at;
    }
    return latest;
}

int64_t schedule_latest_due(const struct cron *cron, const struct clock_zone *zone,
                            int64_t after_ms, int64_t now_ms)
{
    int64_t recent_ms = now_ms - CATCH_UP_MS;
    int64_t latest = CLOCK_NONE;

    if (after_ms < recent_ms)
        latest = latest_from(cron, zone, recent_ms, now_ms);
    return latest != CLOCK_NONE ? latest : latest_from(cron, zone, after_ms, now_ms);
}

static int64_t random_below(int64_t n)
{
    uint64_t bits = 0;

    /* Without randomness (a kernel that has just started) there is no jitter. */
    if (n <= 0 || getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits))
        return 0;
    return (int64_t)(bits % (uint64_t)n);
}

/* The first due time after now; none that was due already, unless the clock was wrong by more than
 * that. */
static void set_next(struct schedule_entry *entry, int64_t now_ms)
{
    const int64_t most_ms = entry->schedule->jitter_ms;
    int64_t from_ms = now_ms;
    int64_t period_ms;

    entry->next_ms = CLOCK_NONE;
    entry->jitter_ms = 0;
    if (!entry->has_cron)
        return;
    if (entry->last_ms != CLOCK_NONE && entry->last_ms > now_ms &&
        entry->last_ms - now_ms <= REPEAT_MS)
        from_ms = entry->last_ms;
    entry->next_ms = cron_next(&entry->cron, entry->zone, from_ms);
    if (!most_ms || entry->next_ms == CLOCK_NONE)
        return;
    period_ms = cron_next(&entry->cron, entry->zone, entry->next_ms) - entry->next_ms;
    if (period_ms > 0)
        entry->jitter_ms =
            random_below(period_ms / JITTER_SHARE < most_ms ? period_ms / JITTER_SHARE : most_ms);
}

static void set_cron(struct schedule_entry *entry, const struct cron *cron,
                     const struct clock_zone *zone)
{
    entry->has_cron = cron != NULL;
    if (cron)
        entry->cron = *cron;
    entry->zone = zone;
    set_next(entry, clock_wall_ms());
}

struct schedule_entry *schedule_add(struct schedule *schedule, const char *name, const char *kind,
                                    const struct cron *cron, const struct clock_zone *zone,
                                    int64_t last_due_ms, void *owner)
{
    struct schedule_entry *entry = mem_new(struct schedule_entry);

    entry->schedule = schedule;
    entry->name = mem_strdup(name);
    entry->kind = mem_strdup(kind);
    entry->owner = owner;
    entry->last_ms = last_due_ms;
    entry->late_since_ms = cron && last_due_ms != CLOCK_NONE
                               ? schedule_latest_due(cron, zone, last_due_ms, clock_wall_ms())
                               : CLOCK_NONE;
    set_cron(entry, cron, zone);
    list_init(&entry->link);
    list_append(&schedule->entries, &entry->link);
    schedule_look(schedule);
    return entry;
}

void schedule_change(struct schedule_entry *entry, const struct cron *cron,
                     const struct clock_zone *zone)
{
    set_cron(entry, cron, zone);
    schedule_look(entry->schedule);
}

void schedule_remove(struct schedule_entry **entry_ptr)
{
    struct schedule_entry *entry = *entry_ptr;

    if (!entry)
        return;
    check(!entry->schedule->looking);
    *entry_ptr = NULL;
    list_remove(&entry->link);
    mem_free(entry->name);
    mem_free(entry->kind);
    mem_free(entry);
}

/* ---- due ------------------------------------------------------------------------------------- */

static void count_overlap(struct schedule_entry *entry)
{
    entry->overlaps++;
    log_warn("schedule", "still running when due again", "site=%s kind=%s overlaps=%lld",
             entry->name, entry->kind, entry->overlaps);
}

static void fire(struct schedule_entry *entry, int64_t due_at_ms)
{
    entry->running = true;
    entry->schedule->due(entry, due_at_ms, entry->schedule->ctx);
}

static bool is_due(const struct schedule_entry *entry, int64_t now_ms)
{
    return entry->next_ms != CLOCK_NONE && entry->next_ms + entry->jitter_ms <= now_ms;
}

/* What has become due in the meantime; CLOCK_NONE: nothing. */
static int64_t take_due(struct schedule_entry *entry, int64_t now_ms)
{
    int64_t due_ms;

    if (!is_due(entry, now_ms))
        return CLOCK_NONE;
    due_ms = schedule_latest_due(&entry->cron, entry->zone, entry->next_ms - 1, now_ms);
    if (due_ms == CLOCK_NONE)
        due_ms = entry->next_ms;
    entry->last_ms = due_ms;
    set_next(entry, now_ms);
    return due_ms;
}

static void look_at(struct schedule_entry *entry, int64_t now_ms)
{
    int64_t due_ms = take_due(entry, now_ms);

    if (due_ms != CLOCK_NONE && entry->running && !entry->paused) {
        count_overlap(entry);
        return;
    }
    if (due_ms != CLOCK_NONE)
        entry->late_since_ms = due_ms;
    if (entry->late_since_ms == CLOCK_NONE || entry->paused || entry->running)
        return;
    if (due_ms == CLOCK_NONE)
        log_info("schedule", "making up for a missed run", "site=%s kind=%s", entry->name,
                 entry->kind);
    due_ms = entry->late_since_ms;
    entry->late_since_ms = CLOCK_NONE;
    fire(entry, due_ms);
}

static bool waits_for_nothing(const struct schedule_entry *entry)
{
    return entry->late_since_ms != CLOCK_NONE && !entry->paused && !entry->running;
}

static void arm(struct schedule *schedule)
{
    int64_t wait_ms = LOOK_MS;
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;

    LIST_FOREACH (at, next, &schedule->entries) {
        struct schedule_entry *entry = container_of(at, struct schedule_entry, link);

        if (waits_for_nothing(entry))
            wait_ms = 0;
        else if (entry->next_ms != CLOCK_NONE &&
                 entry->next_ms + entry->jitter_ms - now_ms < wait_ms)
            wait_ms = entry->next_ms + entry->jitter_ms - now_ms;
    }
    loop_timer_start(schedule->timer, wait_ms > 0 ? wait_ms : 0);
}

/* The clock was set back by more than a look: the old next is too far off. */
static void mind_the_clock(struct schedule_entry *entry, int64_t now_ms)
{
    if (entry->next_ms != CLOCK_NONE && entry->next_ms > now_ms &&
        cron_next(&entry->cron, entry->zone, now_ms) < entry->next_ms)
        set_next(entry, now_ms);
}

static void on_timer(void *ctx)
{
    struct schedule *schedule = ctx;
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;

    schedule->looking = true;
    LIST_FOREACH (at, next, &schedule->entries) {
        struct schedule_entry *entry = container_of(at, struct schedule_entry, link);

        mind_the_clock(entry, now_ms);
        look_at(entry, now_ms);
        if (!schedule->started)
            break;
    }
    schedule->looking = false;
    if (schedule->started)
        arm(schedule);
}

void schedule_look(struct schedule *schedule)
{
    if (schedule->started)
        loop_timer_start(schedule->timer, 0);
}

void schedule_start(struct schedule *schedule)
{
    schedule->started = true;
    arm(schedule);
}

void schedule_stop(struct schedule *schedule)
{
    schedule->started = false;
    loop_timer_stop(schedule->timer);
}

void schedule_finished(struct schedule_entry *entry)
{
    entry->running = false;
    if (entry->late_since_ms != CLOCK_NONE)
        schedule_look(entry->schedule);
}

bool schedule_begin(struct schedule_entry *entry)
{
    if (entry->running) {
        count_overlap(entry);
        return false;
    }
    entry->running = true;
    return true;
}

void schedule_pause(struct schedule_entry *entry, bool paused)
{
    entry->paused = paused;
    schedule_look(entry->schedule);
}

/* ---- looking --------------------------------------------------------------------------------- */

void *schedule_entry_owner(const struct schedule_entry *entry)
{
    return entry->owner;
}

int64_t schedule_entry_next_ms(const struct schedule_entry *entry)
{
    return entry->next_ms;
}

long long schedule_entry_overlaps(const struct schedule_entry *entry)
{
    return entry->overlaps;
}

bool schedule_entry_is_paused(const struct schedule_entry *entry)
{
    return entry->paused;
}

bool schedule_entry_is_late(const struct schedule_entry *entry)
{
    return entry->late_since_ms != CLOCK_NONE;
}
