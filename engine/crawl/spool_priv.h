/* SPDX-License-Identifier: MIT */
/* spool_priv.h - a spool's inside, for spool.c (what is written, to where) and spool_replay.c (the way back).
 */
#ifndef CRAWL_SPOOL_PRIV_H
#define CRAWL_SPOOL_PRIV_H

#include "base/list.h"
#include "crawl/spool.h"
#include "crawl/spool_file.h"
#include "crawl/spool_places.h"
#include "crawl/spool_record.h"

struct spool {
    struct loop *loop;
    struct store *store;
    const struct config *config;
    char *dir;
    char database[SPOOL_DATABASE_BYTES];
    struct spool_file **files; /* oldest first; own is the last of them */
    size_t n_files;
    struct spool_file *own; /* NULL: nothing of this process waits */
    struct list puts;       /* STORING, REFUSED */
    struct list queue;      /* WRITING, the first; QUEUED */
    int64_t queued_bytes;
    struct spool_file
        *replaying;     /* the first of this file's records is with the store; else NULL */
    struct arena arena; /* of record */
    struct spool_record record;
    struct loop_timer *again; /* the next replay */
    struct loop_timer *look;  /* for what dead processes left */
    store_done_fn *replay_done;
    void *replay_ctx;
    struct spool_stats stats;
    int64_t replayed_before; /* of stats.replayed, when the database went away */
};

/* ---- spool_replay.c --------------------------------------------------------------------------- */

/* Now, or after a while; not while one is under way, which goes on by itself. */
void spool_replay_soon(struct spool *spool, int64_t wait_ms);
void spool_on_again(void *spool); /* a loop_fn: the timer `again` */
void spool_on_look(void *spool);  /* the timer `look` */

/* It did not take something: what is read goes to disk, and it is asked again after a while. */
void spool_note_away(struct spool *spool, const struct err *err);

void spool_add_file(struct spool *spool, struct spool_file *file);

enum { SPOOL_LOOK_AGAIN_MS = 60000 };

#endif
