/* SPDX-License-Identifier: MIT */
/* memory.c - the meter of a process tree; see memory.h. */
#include "chrome/memory.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc_tree.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 250,
    IDLE_LOOK_MS = 2000,
    MEMBERS_MS = 5000, /* between two looks for the members of a group */
    COST_FACTOR = 50,
    FRESH_MS = 20, /* a reading is not repeated within; CPU time comes in ticks of 10 ms anyway */
};

struct meter {
    struct loop_timer *timer;
    loop_fn *due;
    void *ctx;
    bool running;
    bool watching;
    struct cage *cage;
    int64_t hard_bytes;
    struct proc_tree tree;
    struct cage_sample sample; /* of the last look */
    int64_t members_at_ms;     /* the tree was looked at */
    bool counted;              /* the cage counts CPU time: nobody needs the members */
    int64_t cpu_ms;            /* of the tree at the last reading */
    int64_t read_at_ms;        /* the last reading */
    int64_t counted_to_ms;     /* up to here byte_ms is counted */
    int64_t byte_ms;           /* not read yet */
    int64_t look_cost_ms;
    int64_t looked_at_ms; /* 0: not yet */
};

static int64_t thread_cpu_ms(void)
{
    struct timespec ts;

    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The time until now was spent with what the last look saw. */
static void count_time(struct meter *meter)
{
    int64_t now_ms = clock_mono_ms();

    meter->byte_ms += meter->sample.current_bytes * (now_ms - meter->counted_to_ms);
    meter->counted_to_ms = now_ms;
}

static void find_members(struct meter *meter)
{
    proc_tree_refresh(&meter->tree);
    meter->members_at_ms = clock_mono_ms();
}

static void look(struct meter *meter)
{
    int64_t before_ms = thread_cpu_ms();
    struct cage_sample sample;
    struct err err;

    count_time(meter);
    if (cage_sample(meter->cage, &sample, &err) == 0)
        meter->sample = sample;
    else
        log_debug("chrome", "memory not read", "why=%s", log_quote(err.text));
    /* Where the kernel keeps the cap this does nothing, else it looks again before it kills. */
    if (meter->hard_bytes && meter->sample.current_bytes > meter->hard_bytes)
        cage_enforce(meter->cage);
    if (!meter->counted && clock_mono_ms() - meter->members_at_ms >= MEMBERS_MS)
        find_members(meter);
    meter->looked_at_ms = clock_mono_ms();
    meter->look_cost_ms = thread_cpu_ms() - before_ms;
}

static int64_t pause_ms(const struct meter *meter)
{
    int64_t pause = meter->watching ? LOOK_MS : IDLE_LOOK_MS;
    int64_t dear = meter->look_cost_ms * COST_FACTOR;

    return dear > pause ? dear : pause;
}

/* Interest comes and goes with every page, so the pace is kept by the clock, not by the timer. */
static void arm(struct meter *meter)
{
    int64_t delay_ms = 0;

    if (!meter->running) {
        loop_timer_stop(meter->timer);
        return;
    }
    if (meter->looked_at_ms)
        delay_ms = meter->looked_at_ms + pause_ms(meter) - clock_mono_ms();
    loop_timer_start(meter->timer, delay_ms > 0 ? delay_ms : 0);
}

static void on_timer(void *ctx)
{
    struct meter *meter = ctx;

    look(meter);
    arm(meter);
    meter->due(meter->ctx);
}

struct meter *meter_new(struct loop *loop, loop_fn *due, void *ctx)
{
    struct meter *meter = mem_new(struct meter);

    meter->due = due;
    meter->ctx = ctx;
    meter->timer = loop_timer_new(loop, on_timer, meter);
    return meter;
}

void meter_free(struct meter **meter_ptr)
{
    struct meter *meter = *meter_ptr;

    *meter_ptr = NULL;
    if (!meter)
        return;
    meter_stop(meter);
    loop_timer_free(&meter->timer);
    mem_free(meter);
}

void meter_start(struct meter *meter, pid_t root, struct cage *cage, int64_t hard_bytes)
{
    meter_stop(meter);
    proc_tree_init(&meter->tree, root);
    meter->cage = cage;
    meter->hard_bytes = hard_bytes;
    meter->running = true;
    meter->sample = (struct cage_sample){.anon_bytes = CAGE_UNKNOWN};
    meter->members_at_ms = 0;
    meter->counted = cage_cpu_us(cage) != CAGE_UNKNOWN;
    meter->cpu_ms = 0;
    meter->byte_ms = 0;
    meter->read_at_ms = 0;
    meter->counted_to_ms = clock_mono_ms();
    meter->looked_at_ms = 0;
    arm(meter);
}

void meter_stop(struct meter *meter)
{
    if (!meter->running)
        return;
    meter->running = false;
    arm(meter);
    count_time(meter);
    meter->cage = NULL;
    proc_tree_fini(&meter->tree);
}

void meter_look(struct meter *meter)
{
    if (!meter->running)
        return;
    look(meter);
    arm(meter);
}

void meter_watch(struct meter *meter, bool on)
{
    if (meter->watching == on)
        return;
    meter->watching = on;
    arm(meter);
}

/* Of the members that the last look found: reading all of /proc would cost ten times as much. What a newer process
 * has used is counted after the next look. */
static int64_t members_cpu_ms(const struct meter *meter)
{
    uint64_t ticks = 0;
    struct proc_stat now;

    for (size_t i = 0; i < meter->tree.n; i++) {
        const struct proc_stat *member = &meter->tree.members[i];

        if (proc_stat_read(member->pid, &now) && now.start_ticks == member->start_ticks)
            ticks += now.cpu_ticks;
    }
    return (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int64_t tree_cpu_ms(struct meter *meter)
{
    int64_t us;

    if (meter->counted) {
        us = cage_cpu_us(meter->cage);
        return us == CAGE_UNKNOWN ? meter->cpu_ms : us / 1000;
    }
    if (meter->tree.n <= 1)
        find_members(meter);
    return members_cpu_ms(meter);
}

/* Of members, one that has ended takes its CPU time along until its parent reaps it, so the sum may go back for a
 * moment: nothing is counted then. */
void meter_read(struct meter *meter, struct meter_reading *out)
{
    int64_t cpu_ms;

    *out = (struct meter_reading){.pss_bytes = meter->sample.current_bytes};
    if (meter->running && clock_mono_ms() - meter->read_at_ms < FRESH_MS)
        return;
    if (meter->running) {
        meter->read_at_ms = clock_mono_ms();
        count_time(meter);
        cpu_ms = tree_cpu_ms(meter);
        if (cpu_ms > meter->cpu_ms) {
            out->cpu_ms = cpu_ms - meter->cpu_ms;
            meter->cpu_ms = cpu_ms;
        }
    }
    out->gb_ms = meter->byte_ms >> 30;
    meter->byte_ms -= out->gb_ms << 30;
}

int64_t meter_anon_bytes(const struct meter *meter)
{
    return meter->sample.anon_bytes == CAGE_UNKNOWN ? meter->sample.current_bytes
                                                    : meter->sample.anon_bytes;
}

int64_t meter_peak_bytes(const struct meter *meter)
{
    return meter->sample.peak_bytes;
}

int64_t memory_oom_kills(void)
{
    FILE *file = fopen("/proc/vmstat", "re");
    char line[128];
    long long kills = -1;

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "oom_kill %lld", &kills) == 1)
            break;
    if (file)
        fclose(file);
    return kills;
}
