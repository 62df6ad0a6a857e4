/* SPDX-License-Identifier: MIT */
/* spool_file.h - one file of the spool: frames (spool_record.h) one behind the other, in their order.
 *
 * A file belongs to the process that holds its lock, from open to free. Opening looks at all of it:
 * what a crash tore off its end is cut off, what is damaged inside is set aside in PATH.bad, the frames
 * behind it count. Frames are taken from the front, each marked done on disk when it is; marks are not
 * synced, so after a crash of the machine a frame may be taken again.
 */
#ifndef CRAWL_SPOOL_FILE_H
#define CRAWL_SPOOL_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct spool_entry {
    int64_t offset;
    size_t size;
    const char *site; /* owned by the file */
};

struct spool_file {
    char *path;
    int fd;
    int64_t bytes; /* good ones: where the next frame goes */
    struct spool_entry *entries;
    size_t n, cap, first; /* entries[first..n) wait */
    char **sites;
    size_t n_sites;
    int64_t torn_bytes;   /* cut off when it was opened */
    int64_t broken_bytes; /* set aside so far */
};

/* Make a file, or take one that nobody holds. Errors: ERR_BUSY somebody has it, or it is gone; ERR_DISK
 * otherwise. */
MUST_CHECK int spool_file_open(const char *path, bool is_new, struct spool_file **out,
                               struct err *err);
void spool_file_free(struct spool_file **file); /* what waits stays on disk */
void spool_file_remove(struct spool_file **file);

/* A frame is on disk at `bytes`, and synced. */
void spool_file_added(struct spool_file *file, const char *site, size_t size);

bool spool_file_is_empty(const struct spool_file *file); /* nothing waits */
size_t spool_file_waiting(const struct spool_file *file);

/* The payload of the first frame that waits, into an empty buffer. -1: it can't be read any more. */
MUST_CHECK int spool_file_read(const struct spool_file *file, struct buf *out, struct err *err);
void spool_file_done(struct spool_file *file); /* with that frame */
/* It can't be used: set it aside, and be done with it. */
void spool_file_set_aside(struct spool_file *file);

/* ---- any thread ------------------------------------------------------------------------------ */

/* Write all of it at the offset and sync; on failure the file is as it was. */
MUST_CHECK int spool_file_put(int fd, const char *path, int64_t offset, const char *bytes,
                              size_t len, struct err *err);

/* Frames that wait in a file that somebody else may hold, by their first lines only. */
size_t spool_file_count(const char *path);

#endif
