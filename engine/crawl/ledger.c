/* SPDX-License-Identifier: MIT */
/* ledger.c - a short queue of ends that the store did not take.
 *
 * One end is being written at a time; `timer` is armed while something is kept and nothing is being
 * written. Begin and end of a row that was never begun are two calls: in between it has its id.
 */
#include "crawl/ledger.h"
#include "base/list.h"
#include "base/log.h"
#include "crawl/spool.h"

enum { TRY_AGAIN_MS = 2000 };

struct kept {
    struct list link;
    struct store_run run;
    char *site, *detail; /* run's own copies; kind and reason are static */
};

struct ending {
    struct ledger *ledger;
    struct kept *kept; /* a copy, in case the store refuses */
    store_done_fn *done;
    void *ctx;
};

struct ledger {
    struct loop *loop;
    struct store *store;
    struct spool *spool; /* or NULL */
    struct loop_timer *timer;
    struct list kept;
    int n_kept;
    bool writing;
};

static void write_oldest(void *ctx);
static void on_begun(int64_t run_id, const struct err *err, void *ctx);
static void on_written(const struct err *err, void *ctx);

static struct kept *kept_new(const struct store_run *run)
{
    struct kept *kept = mem_new(struct kept);

    kept->run = *run;
    kept->run.site = kept->site = mem_strdup(run->site);
    kept->run.detail = kept->detail = mem_strdup(run->detail);
    list_init(&kept->link);
    return kept;
}

static void kept_free(struct kept *kept)
{
    mem_free(kept->site);
    mem_free(kept->detail);
    mem_free(kept);
}

static struct kept *oldest(const struct ledger *ledger)
{
    struct list *first = list_first(&ledger->kept);

    return first ? container_of(first, struct kept, link) : NULL;
}

static void drop_oldest(struct ledger *ledger)
{
    struct kept *kept = oldest(ledger);

    list_remove(&kept->link);
    ledger->n_kept--;
    kept_free(kept);
}

struct ledger *ledger_new(struct loop *loop, struct store *store)
{
    struct ledger *ledger = mem_new(struct ledger);

    ledger->loop = loop;
    ledger->store = store;
    ledger->timer = loop_timer_new(loop, write_oldest, ledger);
    list_init(&ledger->kept);
    return ledger;
}

void ledger_free(struct ledger **ledger_ptr)
{
    struct ledger *ledger = *ledger_ptr;

    if (!ledger)
        return;
    *ledger_ptr = NULL;
    if (ledger->n_kept)
        log_warn("ledger", "ends of runs were never written", "runs=%d", ledger->n_kept);
    while (ledger->n_kept)
        drop_oldest(ledger);
    loop_timer_free(&ledger->timer);
    mem_free(ledger);
}

void ledger_set_spool(struct ledger *ledger, struct spool *spool)
{
    ledger->spool = spool;
}

int ledger_kept(const struct ledger *ledger)
{
    return ledger->n_kept;
}

/* ---- an end, and what becomes of it when the store refuses --------------------------------------- */

static void keep(struct ledger *ledger, struct kept *kept)
{
    if (ledger->n_kept == LEDGER_MAX_KEPT) {
        log_warn("ledger", "too many ends wait for the store: one is lost", "site=%s reason=%s",
                 kept->site, kept->run.reason);
        kept_free(kept);
        return;
    }
    list_append(&ledger->kept, &kept->link);
    ledger->n_kept++;
    if (!ledger->writing && !loop_timer_is_armed(ledger->timer))
        loop_timer_start(ledger->timer, TRY_AGAIN_MS);
}

static void on_end_answer(const struct err *err, void *ctx)
{
    struct ending *ending = ctx;

    if (err)
        keep(ending->ledger, ending->kept);
    else
        kept_free(ending->kept);
    ending->done(err, ending->ctx);
    mem_free(ending);
}

static void on_never_begun(void *ctx)
{
    struct err err;

    err_set(&err, ERR_STORE, "the run's row was never begun");
    on_end_answer(&err, ctx);
}

static void on_kept_or_ended(const struct store_counts *counts, bool spooled, const struct err *err,
                             void *ctx)
{
    (void)counts;
    (void)spooled;
    on_end_answer(err, ctx);
}

void ledger_end(struct ledger *ledger, const struct store_run *run, store_done_fn *done, void *ctx)
{
    struct ending *ending = mem_new(struct ending);

    *ending = (struct ending){ledger, kept_new(run), done, ctx};
    if (ledger->spool)
        spool_run_end(ledger->spool, run, on_kept_or_ended, ending);
    else if (run->id)
        store_run_end(ledger->store, run, on_end_answer, ending);
    else
        loop_defer(ledger->loop, on_never_begun, ending);
}

/* ---- writing what was kept ----------------------------------------------------------------------- */

static void write_oldest(void *ctx)
{
    struct ledger *ledger = ctx;
    struct kept *kept = oldest(ledger);

    check(kept && !ledger->writing);
    ledger->writing = true;
    if (kept->run.id)
        store_run_end(ledger->store, &kept->run, on_written, ledger);
    else
        store_run_begin(ledger->store, &kept->run, on_begun, ledger);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct ledger *ledger = ctx;

    ledger->writing = false;
    if (!err)
        oldest(ledger)->run.id = run_id;
    loop_timer_start(ledger->timer, err ? TRY_AGAIN_MS : 0);
}

static void on_written(const struct err *err, void *ctx)
{
    struct ledger *ledger = ctx;

    ledger->writing = false;
    if (!err) {
        log_info("ledger", "an end was written late", "site=%s reason=%s", oldest(ledger)->site,
                 oldest(ledger)->run.reason);
        drop_oldest(ledger);
    }
    if (ledger->n_kept)
        loop_timer_start(ledger->timer, err ? TRY_AGAIN_MS : 0);
}
