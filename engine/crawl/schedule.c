/* SPDX-License-Identifier: MIT */
/* schedule.c - one timer for all entries, asking the wall clock each time it fires.
 *
 * The timer never sleeps longer than LOOK_MS, so that a clock that was set, or a box that slept,
 * is noticed: what became due meanwhile is due once, with its latest due time.
 */
#include "crawl/schedule.h"
#include "base/list.h"
#include "base/log.h"

enum { LOOK_MS = 30000, CATCH_UP_STEPS = 10000 };
static const int64_t CATCH_UP_MS = (int64_t)7 * 24 * 3600 * 1000;

struct schedule_entry {
    struct list link;
    char *name;
    char *kind;
    struct cron cron;
    const struct clock_zone *zone;
    int64_t next_ms;
    int64_t late_since_ms; /* a due time before the start that was missed; CLOCK_NONE: none */
    bool running;
    long long overlaps;
    void *owner;
};

struct schedule {
    struct loop *loop;
    struct loop_timer *timer;
    struct list entries;
    schedule_due_fn *due;
    void *ctx;
    bool started;
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

        mem_free(entry->name);
        mem_free(entry->kind);
        mem_free(entry);
    }
    loop_timer_free(&schedule->timer);
    mem_free(schedule);
}

int64_t schedule_latest_due(const struct cron *cron, const struct clock_zone *zone,
                            int64_t after_ms, int64_t now_ms)
{
    int64_t latest = CLOCK_NONE;
    int64_t at = after_ms < now_ms - CATCH_UP_MS ? now_ms - CATCH_UP_MS : after_ms;

    for (int i = 0; i < CATCH_UP_STEPS; i++) {
        at = cron_next(cron, zone, at);
        if (at == CLOCK_NONE || at > now_ms)
            break;
        latest = at;
    }
    return latest;
}

struct schedule_entry *schedule_add(struct schedule *schedule, const char *name, const char *kind,
                                    const struct cron *cron, const struct clock_zone *zone,
                                    int64_t last_due_ms, void *owner)
{
    struct schedule_entry *entry = mem_new(struct schedule_entry);
    int64_t now_ms = clock_wall_ms();

    entry->name = mem_strdup(name);
    entry->kind = mem_strdup(kind);
    entry->cron = *cron;
    entry->zone = zone;
    entry->owner = owner;
    entry->late_since_ms = last_due_ms == CLOCK_NONE
                               ? CLOCK_NONE
                               : schedule_latest_due(cron, zone, last_due_ms, now_ms);
    entry->next_ms = cron_next(cron, zone, now_ms);
    list_init(&entry->link);
    list_append(&schedule->entries, &entry->link);
    return entry;
}

static void fire(struct schedule *schedule, struct schedule_entry *entry, int64_t due_at_ms)
{
    if (entry->running) {
        entry->overlaps++;
        log_warn("schedule", "still running when due again", "site=%s kind=%s overlaps=%lld",
                 entry->name, entry->kind, entry->overlaps);
        return;
    }
    entry->running = true;
    schedule->due(entry, due_at_ms, schedule->ctx);
}

static void look_at(struct schedule *schedule, struct schedule_entry *entry, int64_t now_ms)
{
    int64_t due_ms = CLOCK_NONE;

    if (entry->late_since_ms != CLOCK_NONE) {
        log_info("schedule", "making up for a missed run", "site=%s kind=%s", entry->name,
                 entry->kind);
        due_ms = entry->late_since_ms;
        entry->late_since_ms = CLOCK_NONE;
    }
    if (entry->next_ms != CLOCK_NONE && entry->next_ms <= now_ms) {
        due_ms = schedule_latest_due(&entry->cron, entry->zone, entry->next_ms - 1, now_ms);
        entry->next_ms = cron_next(&entry->cron, entry->zone, now_ms);
    }
    if (due_ms != CLOCK_NONE)
        fire(schedule, entry, due_ms);
}

static void arm(struct schedule *schedule)
{
    int64_t wait_ms = LOOK_MS;
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;

    LIST_FOREACH (at, next, &schedule->entries) {
        struct schedule_entry *entry = container_of(at, struct schedule_entry, link);

        if (entry->late_since_ms != CLOCK_NONE)
            wait_ms = 0;
        else if (entry->next_ms != CLOCK_NONE && entry->next_ms - now_ms < wait_ms)
            wait_ms = entry->next_ms - now_ms;
    }
    loop_timer_start(schedule->timer, wait_ms);
}

static void on_timer(void *ctx)
{
    struct schedule *schedule = ctx;
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;

    LIST_FOREACH (at, next, &schedule->entries) {
        struct schedule_entry *entry = container_of(at, struct schedule_entry, link);

        /* The clock was set back by more than a look: the old next is too far off. */
        if (entry->next_ms != CLOCK_NONE &&
            cron_next(&entry->cron, entry->zone, now_ms) < entry->next_ms &&
            entry->next_ms > now_ms)
            entry->next_ms = cron_next(&entry->cron, entry->zone, now_ms);
        look_at(schedule, entry, now_ms);
        if (!schedule->started)
            return;
    }
    arm(schedule);
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
}

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
