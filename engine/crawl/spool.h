/* SPDX-License-Identifier: MIT */
/* spool.h - nothing that was read is lost while the database is away: what would be written to it goes
 * to disk, and from there into the database when it answers again.
 *
 *     written    the database took it
 *     spooled    the database is away (ERR_STORE_AWAY): it is on disk, synced, and counts as done
 *     refused    anything else, and when the spool is full or its disk fails: the caller's error
 *
 * Order: what is spooled is replayed in its order, file by file, and while something of a site waits,
 * all that is written for that site goes behind it. Nothing is stored twice: a replayed batch is_late
 * (store.h), a run's row is found again by its times, a record that is done is marked. What the database
 * refuses on replay is set aside in FILE.bad, with an error line; the rest goes on. What is
 * written under a lease that is lost is the caller's error and never spooled; so is what could not be written
 * for longer than a lease lasts, since a process that was frozen can't know. What was spooled in time is replayed
 * under its lease or, when another engine has it by then, without: being late, it changes nothing newer.
 *
 * Files: DIR/MILLISECONDS-PID-DATABASE.spool (0600), locked by whoever uses it; of another database they
 * are left alone. Each process has one of its own while something waits. What a dead process left is
 * taken over by the next one that starts, and looked for once a minute.
 */
#ifndef CRAWL_SPOOL_H
#define CRAWL_SPOOL_H

#include "base/buf.h"
#include "base/config.h"
#include "base/loop.h"
#include "db/store.h"

struct spool;

/* store and config are borrowed. Nothing is touched on disk yet. */
struct spool *spool_new(struct loop *loop, struct store *store, const struct config *config);
/* What waits stays on disk; no callback comes any more. Next the store is freed, before the loop turns:
 * its answers to the spool are nobody's. NULL is accepted. */
void spool_free(struct spool **spool);

/* Let what waits go to the database, unless that is known to be away: before the program ends. done once,
 * later, whether it succeeded or not. */
void spool_drain(struct spool *spool, loop_fn *done, void *ctx);

/* counts: as in store.h, zero when it was spooled, NULL on error. Later, once. */
typedef void spool_fn(const struct store_counts *counts, bool spooled, const struct err *err,
                      void *ctx);

/* As store_write(), store_alive_write() and store_run_end(); all is copied. A run whose begin failed (id
 * 0) gets its whole row on replay. Rows of a batch are of one site. */
void spool_write(struct spool *spool, const struct store_batch *batch, spool_fn *done, void *ctx);
void spool_alive_write(struct spool *spool, const struct store_alive_batch *batch, spool_fn *done,
                       void *ctx);
void spool_run_end(struct spool *spool, const struct store_run *run, spool_fn *done, void *ctx);

/* Take over what dead processes left, and replay all that waits. done once, later: when nothing waits any
 * more, or with an error when the database is away (the rest goes on by itself when it is back). */
void spool_replay(struct spool *spool, store_done_fn *done, void *ctx);

struct spool_stats {
    size_t waiting; /* records */
    int64_t bytes;  /* of the files that are ours */
    bool is_away;
    int64_t spooled, replayed, refused, broken_files, torn_files, full; /* since the start */
};
void spool_stats(const struct spool *spool, struct spool_stats *out);
void spool_metrics(const struct spool *spool, struct buf *out);

/* ---- for whoever only looks: status, doctor --------------------------------------------------- */

/* spool_dir, or "spool" beside what keep_dir says. */
void spool_dir(const struct config *config, struct buf *out);

struct spool_look {
    size_t files, waiting; /* of this database */
    size_t orphans;        /* of these files: nobody holds them */
    size_t other;          /* files of other databases */
    size_t bad;            /* FILE.bad */
    int64_t bytes;
};
void spool_look(const struct config *config, struct spool_look *out);

#endif
