/* SPDX-License-Identifier: MIT */
/* cache.h - finished answers, kept until what they show may have changed.
 *
 * An answer belongs to a key (all that decides its bytes), to a subject, and to the state of the database it
 * was made from: cache_changed(), called when somebody has committed, ends those whose subject it concerns.
 * Answers that show
 * ages ("3분 전") end with the minute as well. Whoever asks for what is not there starts a fill; those
 * who ask for the same meanwhile wait for that one. While the database is away, an answer that has
 * ended is given all the same, with its Age (RFC 9111 section 5.1).
 *
 * A body is kept as it is and, once somebody asks for that, compressed; both with their ETag, by
 * which 304 is answered without a look at any row.
 */
#ifndef API_CACHE_H
#define API_CACHE_H

#include "api/route.h"
#include "base/err.h"
#include "db/store_watch.h"

struct cache;
struct cache_fill;
struct cache_shared;

/* What an answer is made from. */
enum cache_subject {
    CACHE_OF_PROGRAM, /* nothing else, whose other versions have another: never ends, and is not shared */
    CACHE_OF_DEALS, /* events and counters */
    CACHE_OF_SITES, /* those and runs */
    CACHE_OF_NOTICES,
    CACHE_SUBJECTS,
};

enum cache_life {
    CACHE_GENERATION, /* until its subject changes */
    CACHE_MINUTE,     /* and not beyond this minute of the clock */
};

struct cache_stats {
    int64_t hits, misses, joined, stale, evicted;
    int64_t shared; /* misses that another process had filled */
    size_t bytes;
    int entries;
};

/* max_bytes bounds what is kept (the least recently used answers go first); 0 keeps nothing, but
 * still lets equal requests share one fill. shared: borrowed; NULL where there is none. */
struct cache *cache_new(size_t max_bytes, struct cache_shared *shared);
/* After store_free(), httpd_free() and cache_shared_free(): fills under way are dropped with those who waited. */
void cache_free(struct cache **cache);

/* The database is here now. What is kept of a subject that has changed is not fresh any more, nor is what is being filled: it is
 * given to those who asked for it before, and the others wait for the next fill. */
void cache_changed(struct cache *cache, const struct store_changes *changes);

/* This process has changed the subject itself, and need not wait until it is told. */
void cache_forget(struct cache *cache, enum cache_subject subject);

/* While it is away, what is kept is given at once, with its Age, and filled anew behind that. */
void cache_set_away(struct cache *cache, bool is_away);

const struct cache_stats *cache_stats(struct cache *cache);

/* Make the body: ends with cache_fill_done() or cache_fill_failed(), once, now or later. It must
 * not use the call that began it: arg is the fill's own copy. */
typedef void cache_fill_fn(struct api *api, const void *arg, struct cache_fill *fill);

struct cache_source {
    enum cache_subject subject;
    enum cache_life life;
    const char *content_type;        /* static */
    const char *list_limit;          /* static; told as X-List-Limit; NULL: none */
    const struct httpd_header *more; /* headers besides, which outlive the cache */
    size_t n_more;
    cache_fill_fn *fill;
    const void *arg; /* copied: no pointers to what lives shorter than the program */
    size_t arg_bytes;
};

/* Answer `call` by what is kept under `key`, or by a fill. */
void cache_respond(struct call *call, const char *key, const struct cache_source *source);

/* body is taken. */
void cache_fill_done(struct cache_fill *fill, struct buf *body);
/* The database's failure: everybody who waits gets what was kept before, with its Age, or 503. */
void cache_fill_failed(struct cache_fill *fill, const struct err *err);
/* Not there, or refused: this status and text for everybody who waits; nothing is kept. */
void cache_fill_refused(struct cache_fill *fill, int status, const char *app_text,
                        const char *v3_text);

struct arena *cache_fill_arena(struct cache_fill *fill); /* lives as long as the fill */
struct api *cache_fill_api(struct cache_fill *fill);

#endif
