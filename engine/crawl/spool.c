/* SPDX-License-Identifier: MIT */
/* spool.c - what is written now, to the database or to disk; see spool.h.
 *
 *     put    STORING > (the database took or refused it) gone
 *            STORING > QUEUED > WRITING > gone            the database is away
 *            QUEUED > REFUSED > gone                      no room, no disk
 *
 * One put is WRITING at a time, on the loop's worker thread, which writes and syncs; all else happens on
 * the loop.
 */
#include "crawl/spool.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"
#include "crawl/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum put_state { PUT_STORING, PUT_QUEUED, PUT_WRITING, PUT_REFUSED };

/* One call on its way. */
struct put {
    struct list link;
    enum put_state state;
    struct spool *spool; /* NULL: freed meanwhile */
    char site[SPOOL_SITE_MAX + 1];
    bool is_leased;        /* under a lease that may be lost */
    int64_t since_mono_ms; /* it was given */
    struct buf payload;
    spool_fn *done;
    void *ctx;
    struct err err;   /* why the store, or the disk, did not take it; code ERR_OK: not asked */
    struct buf frame; /* QUEUED, WRITING */
    char *path;       /* WRITING */
    int fd;
    int64_t offset;
};

static void queue_put(struct put *put);
static void write_next(struct spool *spool);
static void work_write(void *ctx);
static void on_written(void *ctx);

/* ---- building -------------------------------------------------------------------------------- */

static void nothing(void *ctx)
{
    (void)ctx;
}

struct spool *spool_new(struct loop *loop, struct store *store, const struct config *config)
{
    struct spool *spool = mem_new(struct spool);
    struct buf dir;

    spool->loop = loop;
    spool->store = store;
    spool->config = config;
    buf_init(&dir, 4096);
    spool_dir(config, &dir);
    spool->dir = mem_strdup(buf_str(&dir));
    buf_fini(&dir);
    spool_database_name(config->database, spool->database);
    list_init(&spool->puts);
    list_init(&spool->queue);
    arena_init(&spool->arena);
    spool->again = loop_timer_new(loop, spool_on_again, spool);
    spool->look = loop_timer_new(loop, spool_on_look, spool);
    loop_timer_start(spool->look, SPOOL_LOOK_AGAIN_MS);
    loop_work(loop, nothing, nothing, NULL); /* its threads are there when trouble comes */
    return spool;
}

static void put_free(struct put *put)
{
    list_remove(&put->link);
    buf_fini(&put->payload);
    buf_fini(&put->frame);
    mem_free(put->path);
    if (put->state == PUT_WRITING)
        close(put->fd);
    mem_free(put);
}

/* Those that the worker or the loop will come back to are freed then. */
static void let_go(struct list *puts)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, puts) {
        struct put *put = container_of(at, struct put, link);

        put->spool = NULL;
        list_remove(&put->link);
        if (put->state == PUT_STORING || put->state == PUT_QUEUED)
            put_free(put);
    }
}

void spool_free(struct spool **spool_ptr)
{
    struct spool *spool = *spool_ptr;

    if (!spool)
        return;
    *spool_ptr = NULL;
    let_go(&spool->puts);
    let_go(&spool->queue);
    if (spool->stats.waiting)
        log_warn("spool", "records wait on disk for the next start", "records=%zu dir=%s",
                 spool->stats.waiting, log_quote(spool->dir));
    for (size_t i = 0; i < spool->n_files; i++)
        spool_file_free(&spool->files[i]);
    mem_free(spool->files);
    loop_timer_free(&spool->again);
    loop_timer_free(&spool->look);
    arena_fini(&spool->arena);
    mem_free(spool->dir);
    mem_free(spool);
}

/* ---- to the database, if it may be asked ------------------------------------------------------ */

static struct put *put_new(struct spool *spool, const char *site, spool_fn *done, void *ctx)
{
    struct put *put = mem_new(struct put);

    put->spool = spool;
    snprintf(put->site, sizeof(put->site), "%s", site);
    put->since_mono_ms = clock_mono_ms();
    put->done = done;
    put->ctx = ctx;
    buf_init(&put->payload, BUF_MAX_DEFAULT);
    buf_init(&put->frame, SPOOL_FRAME_MAX);
    list_init(&put->link);
    list_append(&spool->puts, &put->link);
    return put;
}

/* Gone, and its caller told. */
static void put_end(struct put *put, const struct store_counts *counts, const struct err *err)
{
    spool_fn *done = put->done;
    void *ctx = put->ctx;
    struct store_counts none = {0};
    struct err copy = err ? *err : (struct err){.code = ERR_OK};

    put_free(put);
    if (err)
        done(NULL, false, &copy, ctx);
    else
        done(counts ? counts : &none, counts == NULL, NULL, ctx);
}

static bool waits_for(const struct spool *spool, const char *site)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &spool->queue)
        if (str_eq(container_of(at, struct put, link)->site, site))
            return true;
    for (size_t i = 0; i < spool->n_files; i++)
        for (size_t j = spool->files[i]->first; j < spool->files[i]->n; j++)
            if (str_eq(spool->files[i]->entries[j].site, site))
                return true;
    return false;
}

/* The database is known to be away, or what is older has not reached it yet. */
static bool goes_to_disk(const struct spool *spool, const char *site)
{
    return spool->config->spool_max && (spool->stats.is_away || waits_for(spool, site));
}

static void on_stored(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct put *put = ctx;

    if (err && err->code == ERR_STORE_AWAY) {
        spool_note_away(put->spool, err);
        put->err = *err;
        queue_put(put);
    } else {
        put_end(put, counts, err);
    }
}

static void on_run_ended(const struct err *err, void *ctx)
{
    struct store_counts none = {0};

    on_stored(err ? NULL : &none, err, ctx);
}

static void on_nothing(void *ctx)
{
    struct put *put = ctx;
    struct store_counts none = {0};

    if (put->spool)
        put_end(put, &none, NULL);
    else
        put_free(put);
}

void spool_write(struct spool *spool, const struct store_batch *batch, spool_fn *done, void *ctx)
{
    struct put *put = put_new(spool, batch->n ? batch->rows[0].site : "", done, ctx);

    if (batch->n == 0) {
        put->state = PUT_REFUSED; /* nothing to keep: only its answer is owed */
        loop_defer(spool->loop, on_nothing, put);
        return;
    }
    spool_write_deals(&put->payload, batch);
    put->is_leased = batch->fence.number != 0;
    if (goes_to_disk(spool, put->site))
        queue_put(put);
    else
        store_write(spool->store, batch, on_stored, put);
}

void spool_alive_write(struct spool *spool, const struct store_alive_batch *batch, spool_fn *done,
                       void *ctx)
{
    struct put *put = put_new(spool, batch->site, done, ctx);

    check(batch->n > 0);
    spool_write_alive(&put->payload, batch);
    put->is_leased = batch->fence.number != 0;
    if (goes_to_disk(spool, put->site))
        queue_put(put);
    else
        store_alive_write(spool->store, batch, on_stored, put);
}

void spool_run_end(struct spool *spool, const struct store_run *run, spool_fn *done, void *ctx)
{
    struct put *put = put_new(spool, run->site, done, ctx);

    spool_write_run(&put->payload, run);
    if (run->id == 0 || goes_to_disk(spool, put->site))
        queue_put(put);
    else
        store_run_end(spool->store, run, on_run_ended, put);
}

/* ---- to disk --------------------------------------------------------------------------------- */

static void on_refused(void *ctx)
{
    struct put *put = ctx;

    if (put->spool)
        put_end(put, NULL, &put->err);
    else
        put_free(put);
}

static void refuse(struct put *put)
{
    list_remove(&put->link);
    list_append(&put->spool->puts, &put->link);
    put->state = PUT_REFUSED;
    loop_defer(put->spool->loop, on_refused, put);
}

static int64_t bytes_in_use(const struct spool *spool)
{
    int64_t sum = spool->queued_bytes;

    for (size_t i = 0; i < spool->n_files; i++)
        sum += spool->files[i]->bytes;
    return sum;
}

static bool has_room(struct put *put)
{
    struct spool *spool = put->spool;
    int64_t max_bytes = spool->config->spool_max;

    if (!buf_overflowed(&put->frame) && bytes_in_use(spool) + (int64_t)put->frame.len <= max_bytes)
        return true;
    if (spool->stats.full++ == 0 && max_bytes)
        log_error("spool", "full: what is read from now on is lost until the database is back",
                  "dir=%s spool_max=%lld", log_quote(spool->dir), (long long)max_bytes);
    if (put->err.code == ERR_OK)
        err_set(&put->err, ERR_STORE_AWAY, "the database is away");
    err_prefix(&put->err, "the spool is full (spool_max)");
    return false;
}

/* The database did not answer for longer than a lease lasts; perhaps it was this process that stood still. */
static bool may_have_lost_lease(struct put *put)
{
    int64_t lease_ms = put->spool->config->lease;

    if (!put->is_leased || clock_mono_ms() - put->since_mono_ms <= lease_ms)
        return false;
    err_set(&put->err, ERR_LEASE_LOST,
            "not written within %lld ms, which is all that its lease lasts", (long long)lease_ms);
    return true;
}

static void queue_put(struct put *put)
{
    struct spool *spool = put->spool;

    if (may_have_lost_lease(put)) {
        refuse(put);
        return;
    }
    if (!buf_overflowed(&put->payload))
        spool_frame_write(&put->frame, put->site, put->payload.data, put->payload.len);
    else
        put->frame.overflowed = true;
    buf_fini(&put->payload);
    if (!has_room(put)) {
        refuse(put);
        return;
    }
    list_move(&spool->queue, &put->link);
    put->state = PUT_QUEUED;
    spool->queued_bytes += (int64_t)put->frame.len;
    write_next(spool);
}

/* This process's own file, made when the first record comes. */
static int ensure_own(struct spool *spool, struct err *err)
{
    char *path;
    int rc;

    if (spool->own)
        return 0;
    if (spool_make_dir(spool->dir, err) < 0)
        return -1;
    path = spool_file_name(spool->dir, spool->database);
    rc = spool_file_open(path, true, &spool->own, err);
    mem_free(path);
    if (rc < 0)
        return err->code == ERR_BUSY
                   ? err_set(err, ERR_DISK, "spool_dir %s: a new file was taken", spool->dir)
                   : -1;
    spool_add_file(spool, spool->own);
    return spool_sync_dir(spool->dir, err);
}

static struct put *first_queued(struct spool *spool)
{
    struct list *first = list_first(&spool->queue);

    return first ? container_of(first, struct put, link) : NULL;
}

static int start_writing(struct put *put)
{
    struct spool *spool = put->spool;

    if (ensure_own(spool, &put->err) < 0)
        return -1;
    put->fd = fcntl(spool->own->fd, F_DUPFD_CLOEXEC, 0);
    if (put->fd < 0)
        return err_sys(&put->err, ERR_DISK, "spool %s", spool->own->path);
    put->path = mem_strdup(spool->own->path);
    put->offset = spool->own->bytes;
    put->state = PUT_WRITING;
    put->err = (struct err){.code = ERR_OK};
    loop_work(spool->loop, work_write, on_written, put);
    return 0;
}

static void write_next(struct spool *spool)
{
    struct put *put;

    while ((put = first_queued(spool)) && put->state == PUT_QUEUED && start_writing(put) < 0) {
        log_error("spool", "what was read cannot be kept on disk", "site=%s text=%s", put->site,
                  log_quote(put->err.text));
        spool->queued_bytes -= (int64_t)put->frame.len;
        refuse(put);
    }
}

/* On the worker thread. */
static void work_write(void *ctx)
{
    struct put *put = ctx;

    if (spool_file_put(put->fd, put->path, put->offset, put->frame.data, put->frame.len,
                       &put->err) < 0)
        check(put->err.code != ERR_OK);
}

static void note_spooled(struct spool *spool, const struct put *put)
{
    spool_file_added(spool->own, put->site, put->frame.len);
    spool->stats.waiting++;
    spool->stats.spooled++;
    log_info("spool", "kept on disk", "site=%s bytes=%zu records=%zu", put->site, put->frame.len,
             spool->stats.waiting);
    if (!spool->stats.is_away)
        spool_replay_soon(spool, 0);
}

static void on_written(void *ctx)
{
    struct put *put = ctx;
    struct spool *spool = put->spool;
    struct err err = put->err;

    if (!spool) {
        put_free(put);
        return;
    }
    spool->queued_bytes -= (int64_t)put->frame.len;
    if (err.code == ERR_OK)
        note_spooled(spool, put);
    else
        log_error("spool", "what was read cannot be kept on disk", "site=%s text=%s", put->site,
                  log_quote(err.text));
    list_remove(&put->link);
    write_next(spool);
    put_end(put, NULL, err.code == ERR_OK ? NULL : &err);
}

/* ---- figures --------------------------------------------------------------------------------- */

void spool_stats(const struct spool *spool, struct spool_stats *out)
{
    *out = spool->stats;
    out->bytes = bytes_in_use(spool);
}

void spool_metrics(const struct spool *spool, struct buf *out)
{
    struct spool_stats stats;

    spool_stats(spool, &stats);
    metrics_one(out, "spool_records", "gauge", "Batches that wait on disk for the database.",
                (double)stats.waiting);
    metrics_one(out, "spool_bytes", "gauge", "Their files, of spool_max at most.",
                (double)stats.bytes);
    metrics_one(out, "spool_away", "gauge", "1 while the database is away.", stats.is_away);
    metrics_one(out, "spool_spooled_total", "counter", "Batches that went to disk.",
                (double)stats.spooled);
    metrics_one(out, "spool_replayed_total", "counter",
                "Batches that came from disk into the database.", (double)stats.replayed);
    metrics_one(out, "spool_refused_total", "counter",
                "Batches from disk that the database refused; they are in FILE.bad.",
                (double)stats.refused);
}
