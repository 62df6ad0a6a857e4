/* SPDX-License-Identifier: MIT */
/* spool_replay.c - from disk into the database, and what dead processes left; see spool.h.
 *
 *     replay_next -> read -> store -> on_replayed -> replay_next ... -> all_is_back
 *
 * One record is with the store at a time (`replaying`). What the store does not take because it is away stays
 * where it is.
 */
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"
#include "crawl/spool_priv.h"

#include <string.h>

enum { TRY_AGAIN_MS = 2000 };

static void take_over(struct spool *spool);
static void replay_next(struct spool *spool);
static void on_begun(int64_t run_id, const struct err *err, void *ctx);
static void on_counted(const struct store_counts *counts, const struct err *err, void *ctx);
static void on_replayed(const struct err *err, void *ctx);

/* ---- when ------------------------------------------------------------------------------------ */

void spool_on_again(void *ctx)
{
    replay_next(ctx);
}

void spool_replay_soon(struct spool *spool, int64_t wait_ms)
{
    if (!spool->replaying && (wait_ms == 0 || !loop_timer_is_armed(spool->again)))
        loop_timer_start(spool->again, wait_ms);
}

void spool_on_look(void *ctx)
{
    struct spool *spool = ctx;

    loop_timer_start(spool->look, SPOOL_LOOK_AGAIN_MS);
    take_over(spool);
    if (spool->n_files && !spool->stats.is_away)
        spool_replay_soon(spool, 0);
}

void spool_note_away(struct spool *spool, const struct err *err)
{
    if (!spool->config->spool_max)
        return;
    if (!spool->stats.is_away) {
        log_warn("spool", "the database is away: what is read goes to disk", "dir=%s text=%s",
                 log_quote(spool->dir), log_quote(err->text));
        spool->replayed_before = spool->stats.replayed;
    }
    spool->stats.is_away = true;
    spool_replay_soon(spool, TRY_AGAIN_MS);
}

/* ---- files ----------------------------------------------------------------------------------- */

void spool_add_file(struct spool *spool, struct spool_file *file)
{
    spool->files = mem_realloc(spool->files, (spool->n_files + 1) * sizeof(*spool->files));
    spool->files[spool->n_files++] = file;
}

/* Nothing waits in the first file: the disk is given back. */
static void drop_empty_files(struct spool *spool)
{
    while (spool->n_files && spool_file_is_empty(spool->files[0])) {
        if (spool->files[0] == spool->own) {
            if (!list_is_empty(&spool->queue))
                return; /* more is being written to it */
            spool->own = NULL;
        }
        spool_file_remove(&spool->files[0]);
        spool->n_files--;
        memmove(spool->files, spool->files + 1, spool->n_files * sizeof(*spool->files));
    }
}

static void take_file(const char *path, void *ctx)
{
    struct spool *spool = ctx;
    struct spool_file *file;
    struct err err;

    for (size_t i = 0; i < spool->n_files; i++)
        if (str_eq(spool->files[i]->path, path))
            return;
    if (spool->own && str_eq(spool->own->path, path))
        return;
    if (spool_file_open(path, false, &file, &err) < 0) {
        if (err.code != ERR_BUSY)
            log_error("spool", "what another process left cannot be read", "text=%s",
                      log_quote(err.text));
        return;
    }
    spool->stats.broken_files += file->broken_bytes > 0;
    spool->stats.torn_files += file->torn_bytes > 0;
    spool->stats.waiting += spool_file_waiting(file);
    log_info("spool", "taken over from a process that ended", "path=%s records=%zu",
             log_quote(path), spool_file_waiting(file));
    spool_add_file(spool, file);
}

/* What this process reads is newer: its own file stays the last. */
static void take_over(struct spool *spool)
{
    if (spool->own)
        spool->n_files--;
    spool_each_file(spool->dir, spool->database, take_file, spool);
    if (spool->own)
        spool_add_file(spool, spool->own);
    if (!spool->replaying)
        drop_empty_files(spool);
}

/* ---- back into the database ------------------------------------------------------------------- */

static void answer_replay(struct spool *spool, const struct err *err)
{
    store_done_fn *done = spool->replay_done;

    spool->replay_done = NULL;
    if (done)
        done(err, spool->replay_ctx);
}

/* Where nothing could be kept, it is for the next write to find out. */
static void all_is_back(struct spool *spool)
{
    int64_t records = spool->stats.replayed - spool->replayed_before;

    if (spool->stats.is_away && records)
        log_info("spool", "the database is back, nothing waits any more", "records=%lld",
                 (long long)records);
    spool->stats.is_away = false;
    spool->stats.full = 0;
    answer_replay(spool, NULL);
}

static void give_to_store(struct spool *spool)
{
    struct spool_record *record = &spool->record;

    switch (record->kind) {
    case SPOOL_DEALS:
        store_write(spool->store, &record->u.deals, on_counted, spool);
        break;
    case SPOOL_ALIVE:
        store_alive_write(spool->store, &record->u.alive, on_counted, spool);
        break;
    case SPOOL_RUN:
        if (record->u.run.id)
            store_run_end(spool->store, &record->u.run, on_replayed, spool);
        else
            store_run_begin(spool->store, &record->u.run, on_begun, spool);
        break;
    }
}

/* It was read while the lease was ours. */
static void give_without_lease(struct spool *spool)
{
    struct store_fence none = {.number = 0};

    if (spool->record.kind == SPOOL_DEALS)
        spool->record.u.deals.fence = none;
    else
        spool->record.u.alive.fence = none;
    give_to_store(spool);
}

static void set_aside(struct spool *spool, struct spool_file *file, const struct err *err)
{
    log_error("spool", "a record cannot be stored and is set aside", "path=%s.bad site=%s text=%s",
              log_quote(file->path), file->entries[file->first].site, log_quote(err->text));
    spool_file_set_aside(file);
    spool->stats.refused++;
}

/* Whose first record is now in spool->record; NULL: there is none that can be read. */
static struct spool_file *read_next(struct spool *spool)
{
    struct buf payload;
    struct err err;
    int rc = -1;

    while (rc < 0) {
        drop_empty_files(spool);
        if (!spool->n_files || spool_file_is_empty(spool->files[0]))
            return NULL;
        arena_fini(&spool->arena);
        arena_init(&spool->arena);
        buf_init(&payload, BUF_MAX_DEFAULT);
        rc = spool_file_read(spool->files[0], &payload, &err);
        if (rc == 0)
            rc = spool_read(payload.data, payload.len, &spool->arena, &spool->record, &err);
        buf_fini(&payload);
        if (rc < 0) {
            spool->stats.waiting--;
            set_aside(spool, spool->files[0], &err);
        }
    }
    return spool->files[0];
}

static void replay_next(struct spool *spool)
{
    check(!spool->replaying);
    loop_timer_stop(spool->again);
    spool->replaying = read_next(spool);
    if (spool->replaying)
        give_to_store(spool);
    else if (list_is_empty(&spool->queue))
        all_is_back(spool);
}

static void on_begun(int64_t run_id, const struct err *err, void *ctx)
{
    struct spool *spool = ctx;

    if (err) {
        on_replayed(err, spool);
        return;
    }
    spool->record.u.run.id = run_id;
    store_run_end(spool->store, &spool->record.u.run, on_replayed, spool);
}

static void on_counted(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct spool *spool = ctx;
    const struct spool_file *file = spool->replaying;

    if (!err)
        log_info("spool", "stored late", "site=%s new=%d changed=%d filled=%d same=%d",
                 file->entries[file->first].site, counts->added, counts->changed, counts->filled,
                 counts->same);
    on_replayed(err, spool);
}

static void on_replayed(const struct err *err, void *ctx)
{
    struct spool *spool = ctx;
    struct spool_file *file = spool->replaying;

    if (err && err->code == ERR_LEASE_LOST && spool->record.kind != SPOOL_RUN) {
        give_without_lease(spool);
        return;
    }
    spool->replaying = NULL;
    if (err && (err->code == ERR_STORE_AWAY || err->code == ERR_BUSY)) {
        spool_note_away(spool, err);
        answer_replay(spool, err);
        return;
    }
    spool->stats.waiting--;
    if (!err) {
        spool_file_done(file);
        spool->stats.replayed++;
    } else {
        set_aside(spool, file, err);
    }
    replay_next(spool);
}

static void on_start(void *ctx)
{
    struct spool *spool = ctx;

    take_over(spool);
    spool_replay_soon(spool, 0);
}

void spool_replay(struct spool *spool, store_done_fn *done, void *ctx)
{
    check(!spool->replay_done);
    spool->replay_done = done;
    spool->replay_ctx = ctx;
    on_start(spool);
}

struct drain {
    loop_fn *done;
    void *ctx;
};

static void on_drained(void *ctx)
{
    struct drain *drain = ctx;

    drain->done(drain->ctx);
    mem_free(drain);
}

static void on_drain_answer(const struct err *err, void *ctx)
{
    (void)err;
    on_drained(ctx);
}

void spool_drain(struct spool *spool, loop_fn *done, void *ctx)
{
    struct drain *drain = mem_new(struct drain);
    bool is_idle = spool->stats.waiting == 0 && list_is_empty(&spool->queue);

    *drain = (struct drain){done, ctx};
    if (is_idle || spool->stats.is_away || spool->replay_done)
        loop_defer(spool->loop, on_drained, drain);
    else
        spool_replay(spool, on_drain_answer, drain);
}
