/* SPDX-License-Identifier: MIT */
/* idle_cost.c - a timer, and a row without pages. */
#include "crawl/idle_cost.h"
#include "base/clock.h"
#include "db/store_cost.h"

enum { EVERY_MS = 600000 };

struct idle_cost {
    const struct crawl_env *env;
    struct loop_timer *every;
    struct loop_timer *nothing; /* there is no row to write: done is told later all the same */
    struct store_run row;       /* under way */
    bool writing;
    loop_fn *done;
    void *ctx;
};

static void tell(void *ctx)
{
    struct idle_cost *idle = ctx;
    loop_fn *done = idle->done;

    idle->done = NULL;
    if (done)
        done(idle->ctx);
}

static void on_written(const struct err *err, void *ctx)
{
    struct idle_cost *idle = ctx;

    (void)err; /* ledger.c keeps it, and has said so */
    idle->writing = false;
    tell(idle);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct idle_cost *idle = ctx;

    idle->row.id = err ? 0 : run_id;
    ledger_end(idle->env->ledger, &idle->row, on_written, idle);
}

static void write_row(struct idle_cost *idle)
{
    int64_t now_ms = clock_wall_ms();
    struct lease_cost cost;

    pool_take_unclaimed(idle->env->pool, &cost);
    if (!cost.cpu_ms && !cost.gb_ms) {
        loop_timer_start(idle->nothing, 0);
        return;
    }
    idle->row = (struct store_run){
        .site = STORE_NO_SITE,
        .kind = RUN_IDLE,
        .due_at_ms = now_ms,
        .started_at_ms = now_ms,
        .ended_at_ms = now_ms,
        .reason = err_reason(ERR_OK),
        .cpu_ms = cost.cpu_ms,
        .peak_pss_bytes = cost.peak_pss_bytes,
        .gb_ms = cost.gb_ms,
    };
    idle->writing = true;
    store_run_begin(idle->env->store, &idle->row, on_begun, idle);
}

static void on_every(void *ctx)
{
    struct idle_cost *idle = ctx;

    loop_timer_start(idle->every, EVERY_MS);
    if (!idle->writing)
        write_row(idle);
}

struct idle_cost *idle_cost_new(const struct crawl_env *env)
{
    struct idle_cost *idle = mem_new(struct idle_cost);

    check(env->pool && env->store);
    idle->env = env;
    idle->nothing = loop_timer_new(env->loop, tell, idle);
    idle->every = loop_timer_new(env->loop, on_every, idle);
    loop_timer_start(idle->every, EVERY_MS);
    return idle;
}

void idle_cost_free(struct idle_cost **idle_ptr)
{
    struct idle_cost *idle = *idle_ptr;

    if (!idle)
        return;
    *idle_ptr = NULL;
    loop_timer_free(&idle->every);
    loop_timer_free(&idle->nothing);
    mem_free(idle);
}

void idle_cost_write(struct idle_cost *idle, loop_fn *done, void *ctx)
{
    check(!idle->done);
    loop_timer_stop(idle->every);
    idle->done = done;
    idle->ctx = ctx;
    if (!idle->writing)
        write_row(idle);
}
