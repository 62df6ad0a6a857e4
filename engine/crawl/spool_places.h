/* SPDX-License-Identifier: MIT */
/* spool_places.h - where the spool's files are and whose they are, for spool.c and spool_look(). */
#ifndef CRAWL_SPOOL_PLACES_H
#define CRAWL_SPOOL_PLACES_H

#include "base/err.h"

enum { SPOOL_DATABASE_BYTES = 17 };

/* Which database, in a file's name: made of its URL without its password. */
void spool_database_name(const char *url, char out[SPOOL_DATABASE_BYTES]);

/* A new file's path: mem_free() it. Names sort by age. */
char *spool_file_name(const char *dir, const char *database);

/* Every file of that database, oldest first. */
typedef void spool_file_fn(const char *path, void *ctx);
void spool_each_file(const char *dir, const char *database, spool_file_fn *fn, void *ctx);

/* The folder and the one that it lies in are made, 0700 and 0755. ERR_DISK. */
MUST_CHECK int spool_make_dir(const char *dir, struct err *err);
/* A new file's name is on disk. */
MUST_CHECK int spool_sync_dir(const char *dir, struct err *err);

#endif
