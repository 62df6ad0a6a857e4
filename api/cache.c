/* SPDX-License-Identifier: MIT */
/* cache.c - see cache.h.
 *
 * An entry is on the cache's list by its last use and in the map by its key. While it is being filled
 * it has a fill, and the calls that wait for it. Not here: how answers are sent (base/httpd_answer.c),
 * who tells that the deals changed (server.c).
 */
#include "api/cache.h"
#include "api/cache_shared.h"
#include "api/negotiate.h"
#include "api/marks.h"
#include "api/pack.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum {
    GZIP_LEVEL = 6,
    GZIP_MIN_BYTES = 400, /* below this the header of gzip eats what it saves */
    MINUTE_MS = 60 * 1000,
    REFRESH_MS = 1000, /* between two tries to fill an entry while the database seems away */
    ENTRY_BYTES = 512, /* what an entry costs beside its bodies, about */
    SECRET_BYTES = 8,
    TOLD_MS = 2000, /* a commit is known before that: store_watch.h */
};

struct cache {
    struct map entries;                /* key -> struct entry */
    struct list by_use;                /* the least recently used first */
    char secret[2 * SECRET_BYTES + 1]; /* before each key, so that nobody can choose its hash */
    struct buf key;                    /* the one that is looked for, with the secret */
    size_t max_bytes;
    int64_t generations[CACHE_SUBJECTS];
    struct store_changes changes;
    bool is_known;                            /* `changes` */
    int64_t unnamed_until_ms[CACHE_SUBJECTS]; /* mono: `changes` may not tell of our own */
    struct cache_shared *shared;              /* NULL: none */
    bool is_away;                             /* nobody can tell whether the deals have changed */
    struct cache_stats stats;
};

struct waiter {
    struct list link;
    struct call *call;
};

/* One that came when the deals had changed since the fill began: it asks again when that has ended.
 * Lives in the request's arena. */
struct late {
    struct list link;
    struct call *call;
    const char *key;
    struct cache_source source;
};

struct cache_fill {
    struct arena arena;
    struct entry *entry;
    struct api *api;
    struct list waiters, late;
    int64_t generation; /* when it began: a later change may be missing in it */
    int64_t began_ms;   /* or when the shared body was made */
    cache_fill_fn *fill;
    const void *arg;
    const char *shared_name; /* NULL: not to be shared, or it came from there */
};

struct entry {
    struct list link;
    struct cache *cache;
    enum cache_subject subject;
    char *key;
    const char *content_type, *list_limit;
    const struct httpd_header *more;
    size_t n_more;
    enum respond_style style;
    enum cache_life life;
    struct cache_fill *fill; /* NULL: none is under way */
    const char *body;        /* of `plain`; NULL: nothing was ever filled */
    size_t body_len;
    struct httpd_answer *plain, *gzip; /* gzip NULL: nobody asked for it, or it is not worth it */
    size_t bytes;
    int64_t generation;
    int64_t made_ms;
    int64_t tried_ms;                /* mono; of the last fill's beginning */
    char etag[NEGOTIATE_ETAG_BYTES]; /* without the quotes */
    char etag_gzip[NEGOTIATE_ETAG_BYTES + sizeof("-gz")];
};

/* ---- entries --------------------------------------------------------------------------------- */

static void forget_body(struct entry *entry)
{
    httpd_answer_unref(&entry->plain);
    httpd_answer_unref(&entry->gzip);
    entry->body = NULL;
    entry->cache->stats.bytes -= entry->bytes;
    entry->bytes = 0;
}

static void entry_free(struct entry *entry)
{
    struct cache *cache = entry->cache;

    check(!entry->fill);
    forget_body(entry);
    map_del(&cache->entries, entry->key);
    list_remove(&entry->link);
    mem_free(entry->key);
    mem_free(entry);
}

/* Entries that are being filled stay, whatever they weigh: somebody waits for them. */
static void make_room(struct cache *cache)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &cache->by_use) {
        struct entry *entry = container_of(at, struct entry, link);

        if (cache->stats.bytes <= cache->max_bytes)
            return;
        if (entry->fill)
            continue;
        cache->stats.evicted++;
        entry_free(entry);
    }
}

static struct entry *entry_of(struct cache *cache, const char *key)
{
    struct entry *entry;

    buf_clear(&cache->key);
    buf_adds(&cache->key, cache->secret);
    buf_adds(&cache->key, key);
    entry = map_get(&cache->entries, buf_str(&cache->key));
    if (entry) {
        list_move(&cache->by_use, &entry->link);
        return entry;
    }
    entry = mem_new(struct entry);
    *entry = (struct entry){.cache = cache, .key = mem_strdup(buf_str(&cache->key))};
    list_init(&entry->link);
    list_append(&cache->by_use, &entry->link);
    map_put(&cache->entries, entry->key, entry);
    return entry;
}

static int64_t generation_of(const struct entry *entry)
{
    return entry->cache->generations[entry->subject];
}

static bool is_fresh(const struct entry *entry)
{
    return entry->body && entry->generation == generation_of(entry) &&
           (entry->life == CACHE_GENERATION ||
            entry->made_ms / MINUTE_MS == clock_wall_ms() / MINUTE_MS);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static size_t set_headers(const struct entry *entry, struct httpd_header *headers)
{
    size_t n = respond_cached_headers(headers, entry->style, entry->content_type);

    if (entry->list_limit)
        headers[n++] = (struct httpd_header){"X-List-Limit", entry->list_limit};
    for (size_t i = 0; i < entry->n_more; i++)
        headers[n++] = entry->more[i];
    return n;
}

static struct httpd_answer *make_answer(struct entry *entry, struct buf *bytes, bool is_gzip)
{
    char etag[sizeof(entry->etag_gzip) + 2];
    struct httpd_header headers[RESPOND_MAX_HEADERS];
    size_t n = set_headers(entry, headers);

    snprintf(etag, sizeof(etag), "\"%s\"", is_gzip ? entry->etag_gzip : entry->etag);
    headers[n++] = (struct httpd_header){"ETag", etag};
    if (is_gzip)
        headers[n++] = (struct httpd_header){"Content-Encoding", "gzip"};
    check(n <= RESPOND_MAX_HEADERS);
    return httpd_answer_new(200, headers, n, bytes);
}

static void account(struct entry *entry, size_t bytes)
{
    entry->bytes += bytes;
    entry->cache->stats.bytes += bytes;
}

static void make_plain(struct entry *entry, struct buf *body)
{
    account(entry, body->len + ENTRY_BYTES);
    entry->plain = make_answer(entry, body, false);
    entry->body = httpd_answer_bytes(entry->plain, &entry->body_len);
}

/* Once per fill, when the first client takes it: too seldom to keep what the compressor needs, 0.7 MB. */
static void make_gzip(struct entry *entry)
{
    struct pack *pack = pack_new(GZIP_LEVEL);
    struct buf bytes;

    buf_init(&bytes, BUF_MAX_DEFAULT);
    if (pack_gzip(pack, entry->body, entry->body_len, &bytes)) {
        account(entry, bytes.len);
        entry->gzip = make_answer(entry, &bytes, true);
    }
    pack_free(&pack);
}

/* ---- one call's answer ----------------------------------------------------------------------- */

static void respond_fresh(struct call *call, struct entry *entry)
{
    bool is_gzip = entry->body_len >= GZIP_MIN_BYTES && negotiate_gzip(call->req);
    struct httpd_answer *answer;
    const char *etag = entry->etag;

    if (call->wants_marks) {
        marks_respond(call, entry->body, entry->body_len, entry->list_limit, -1);
        return;
    }
    if (is_gzip && !entry->gzip)
        make_gzip(entry);
    if (is_gzip && entry->gzip)
        etag = entry->etag_gzip;
    answer = is_gzip && entry->gzip ? entry->gzip : entry->plain;
    if (negotiate_matches(call->req, etag))
        httpd_respond_not_modified(call->req, answer);
    else
        httpd_respond_answer(call->req, answer);
}

static void respond_stale(struct call *call, struct entry *entry)
{
    struct httpd_header headers[RESPOND_MAX_HEADERS];
    size_t n = set_headers(entry, headers);
    struct arena *arena = &call->req->arena;
    int64_t age_s = (clock_wall_ms() - entry->made_ms) / 1000;
    bool is_known = negotiate_matches(call->req, entry->etag);
    struct buf body;

    entry->cache->stats.stale++;
    if (call->wants_marks) {
        marks_respond(call, entry->body, entry->body_len, entry->list_limit, age_s);
        return;
    }
    headers[n++] = (struct httpd_header){
        "Age", arena_printf(arena, "%lld", (long long)(age_s > 0 ? age_s : 0))};
    headers[n++] = (struct httpd_header){"ETag", arena_printf(arena, "\"%s\"", entry->etag)};
    check(n <= RESPOND_MAX_HEADERS);
    buf_init(&body, BUF_MAX_DEFAULT);
    buf_add(&body, entry->body, entry->body_len);
    httpd_respond(call->req, is_known ? 304 : 200, headers, n, &body);
}

/* ---- filling --------------------------------------------------------------------------------- */

static void wait_for(struct call *call, struct cache_fill *fill)
{
    struct waiter *waiter = arena_new(&fill->arena, struct waiter);

    waiter->call = call;
    list_init(&waiter->link);
    list_append(&fill->waiters, &waiter->link);
}

static void wait_for_next(struct call *call, struct cache_fill *fill, const char *key,
                          const struct cache_source *source)
{
    struct arena *arena = &call->req->arena;
    struct late *late = arena_new(arena, struct late);
    void *arg = arena_alloc(arena, source->arg_bytes ? source->arg_bytes : 1);

    if (source->arg_bytes)
        memcpy(arg, source->arg, source->arg_bytes);
    *late = (struct late){.call = call, .key = arena_strdup(arena, key), .source = *source};
    late->source.arg = arg;
    list_init(&late->link);
    list_append(&fill->late, &late->link);
}

static void fill_with(struct cache_fill *fill, struct buf *body, const char *etag);

/* What other processes have made counts as made then. */
static void on_shared(const struct cache_shared_answer *answer, void *ctx)
{
    struct cache_fill *fill = ctx;
    struct buf copy;

    if (!answer) {
        fill->fill(fill->api, fill->arg, fill);
        return;
    }
    buf_init(&copy, BUF_MAX_DEFAULT);
    buf_add(&copy, answer->body, answer->len);
    fill->began_ms = answer->made_ms;
    fill->entry->cache->stats.shared++;
    fill_with(fill, &copy, answer->etag);
}

/* Which state of the database the answer is of, NULL: nobody knows, or it is not to be shared. */
static const char *state_name(const struct cache *cache, enum cache_subject subject,
                              struct arena *arena)
{
    const struct store_changes *at = &cache->changes;

    if (!cache->is_known || subject == CACHE_OF_PROGRAM ||
        clock_mono_ms() < cache->unnamed_until_ms[subject])
        return NULL;
    if (subject == CACHE_OF_NOTICES)
        return arena_printf(arena, "n%lld", (long long)at->notices);
    if (subject == CACHE_OF_DEALS)
        return arena_printf(arena, "d%lld.%lld", (long long)at->event_id, (long long)at->counters);
    return arena_printf(arena, "s%lld.%lld.%lld", (long long)at->event_id, (long long)at->counters,
                        (long long)at->runs);
}

static void start_fill(struct cache_fill *fill)
{
    const struct entry *entry = fill->entry;
    struct cache *cache = entry->cache;
    const char *key = entry->key + strlen(cache->secret);
    const char *state = state_name(cache, entry->subject, &fill->arena);

    if (!state || !cache_shared_is_ready(cache->shared)) {
        fill->fill(fill->api, fill->arg, fill);
        return;
    }
    fill->shared_name =
        cache_shared_name(cache->shared, &fill->arena, key, state,
                          entry->life == CACHE_MINUTE ? fill->began_ms / MINUTE_MS : -1);
    cache_shared_get(cache->shared, &fill->arena, fill->shared_name, on_shared, fill);
}

/* call NULL: nobody waits for it. */
static void begin_fill(struct api *api, struct call *call, struct entry *entry,
                       const struct cache_source *source)
{
    struct cache_fill *fill = mem_new(struct cache_fill);
    void *arg;

    arena_init(&fill->arena);
    list_init(&fill->waiters);
    list_init(&fill->late);
    fill->entry = entry;
    fill->api = api;
    fill->generation = generation_of(entry);
    fill->began_ms = clock_wall_ms();
    entry->fill = fill;
    entry->life = source->life;
    entry->content_type = source->content_type;
    entry->list_limit = source->list_limit;
    entry->more = source->more;
    entry->n_more = source->n_more;
    entry->tried_ms = clock_mono_ms();
    if (call) {
        entry->style = call->style;
        wait_for(call, fill);
    }
    arg = arena_alloc(&fill->arena, source->arg_bytes ? source->arg_bytes : 1);
    if (source->arg_bytes)
        memcpy(arg, source->arg, source->arg_bytes);
    fill->arg = arg;
    fill->fill = source->fill;
    start_fill(fill);
}

static void drop_fill(struct entry *entry)
{
    arena_fini(&entry->fill->arena);
    mem_free(entry->fill);
    entry->fill = NULL;
}

static void respond(struct call *call, const char *key, const struct cache_source *source,
                    bool may_refresh);

/* The fill's end: each waiter is answered by `answer`, then the fill is gone. */
typedef void answer_fn(struct call *call, struct entry *entry, const void *ctx);

static void end_fill(struct cache_fill *fill, answer_fn *answer, const void *ctx)
{
    struct entry *entry = fill->entry;
    struct list *at, *next, late;

    list_init(&late);
    while (!list_is_empty(&fill->late))
        list_move(&late, list_first(&fill->late));
    LIST_FOREACH (at, next, &fill->waiters) {
        struct waiter *waiter = container_of(at, struct waiter, link);

        list_remove(&waiter->link);
        answer(waiter->call, entry, ctx);
    }
    drop_fill(entry);
    if (!entry->body)
        entry_free(entry);
    else
        make_room(entry->cache);
    while (!list_is_empty(&late)) {
        struct late *first = container_of(list_first(&late), struct late, link);

        list_remove(&first->link);
        respond(first->call, first->key, &first->source, false);
    }
}

static void answer_filled(struct call *call, struct entry *entry, const void *ctx)
{
    (void)ctx;
    /* It may be another process's, from before the database went. */
    if (entry->cache->is_away && entry->subject != CACHE_OF_PROGRAM)
        respond_stale(call, entry);
    else
        respond_fresh(call, entry);
}

static void fill_with(struct cache_fill *fill, struct buf *body, const char *etag)
{
    struct entry *entry = fill->entry;

    forget_body(entry);
    entry->generation = fill->generation;
    entry->made_ms = fill->began_ms;
    snprintf(entry->etag, sizeof(entry->etag), "%s", etag);
    snprintf(entry->etag_gzip, sizeof(entry->etag_gzip), "%s-gz", etag);
    make_plain(entry, body);
    end_fill(fill, answer_filled, NULL);
}

void cache_fill_done(struct cache_fill *fill, struct buf *body)
{
    struct cache_shared_answer made = {buf_str(body), body->len, fill->began_ms, ""};

    check(!buf_overflowed(body));
    negotiate_etag(made.body, made.len, made.etag);
    if (fill->shared_name)
        cache_shared_put(fill->entry->cache->shared, fill->shared_name, &made);
    fill_with(fill, body, made.etag);
}

static void answer_failed(struct call *call, struct entry *entry, const void *ctx)
{
    (void)ctx;
    if (entry->body)
        respond_stale(call, entry);
    else
        respond_away(call->req, call->style);
}

void cache_fill_failed(struct cache_fill *fill, const struct err *err)
{
    log_debug("api", "fill failed", "error=%s", log_quote(err->text));
    end_fill(fill, answer_failed, NULL);
}

struct refusal {
    int status;
    const char *app_text, *v3_text;
};

static void answer_refused(struct call *call, struct entry *entry, const void *ctx)
{
    const struct refusal *refusal = ctx;

    (void)entry;
    respond_error(call->req, call->style, refusal->status,
                  call->style == STYLE_V3 ? refusal->v3_text : refusal->app_text, NULL);
}

void cache_fill_refused(struct cache_fill *fill, int status, const char *app_text,
                        const char *v3_text)
{
    const struct refusal refusal = {status, app_text, v3_text};

    forget_body(fill->entry);
    end_fill(fill, answer_refused, &refusal);
}

struct arena *cache_fill_arena(struct cache_fill *fill)
{
    return &fill->arena;
}

struct api *cache_fill_api(struct cache_fill *fill)
{
    return fill->api;
}

/* The database may answer although it could not be asked what is new. */
static void refresh_behind(struct api *api, struct entry *entry, const struct cache_source *source)
{
    if (!entry->fill && clock_mono_ms() - entry->tried_ms >= REFRESH_MS)
        begin_fill(api, NULL, entry, source);
}

/* may_refresh: source outlives the call. */
static void respond(struct call *call, const char *key, const struct cache_source *source,
                    bool may_refresh)
{
    struct api *api = call->api;
    struct cache *cache = api->cache;
    struct entry *entry = entry_of(cache, key);

    entry->subject = source->subject;
    if (cache->is_away && entry->body && source->subject != CACHE_OF_PROGRAM) {
        respond_stale(call, entry);
        if (may_refresh)
            refresh_behind(api, entry, source);
    } else if (is_fresh(entry)) {
        cache->stats.hits++;
        respond_fresh(call, entry);
    } else if (entry->fill) {
        cache->stats.joined++;
        if (entry->fill->generation == generation_of(entry))
            wait_for(call, entry->fill);
        else
            wait_for_next(call, entry->fill, key, source);
    } else {
        cache->stats.misses++;
        begin_fill(api, call, entry, source);
    }
}

void cache_respond(struct call *call, const char *key, const struct cache_source *source)
{
    respond(call, key, source, true);
}

/* ---- the cache ------------------------------------------------------------------------------- */

struct cache *cache_new(size_t max_bytes, struct cache_shared *shared)
{
    struct cache *cache = mem_new(struct cache);
    unsigned char secret[SECRET_BYTES];

    cache->shared = shared;
    map_init(&cache->entries);
    buf_init(&cache->key, BUF_MAX_DEFAULT);
    list_init(&cache->by_use);
    check(RAND_bytes(secret, SECRET_BYTES) == 1);
    for (int i = 0; i < SECRET_BYTES; i++)
        snprintf(cache->secret + (size_t)i * 2, 3, "%02x", secret[i]);
    cache->max_bytes = max_bytes;
    return cache;
}

void cache_changed(struct cache *cache, const struct store_changes *now)
{
    const struct store_changes *old = &cache->changes;
    bool deals =
        !cache->is_known || now->event_id != old->event_id || now->counters != old->counters;

    cache->generations[CACHE_OF_DEALS] += deals;
    cache->generations[CACHE_OF_SITES] += deals || now->runs != old->runs;
    cache->generations[CACHE_OF_NOTICES] += !cache->is_known || now->notices != old->notices;
    cache->changes = *now;
    cache->is_known = true;
}

void cache_forget(struct cache *cache, enum cache_subject subject)
{
    cache->generations[subject]++;
    cache->unnamed_until_ms[subject] = clock_mono_ms() + TOLD_MS;
}

void cache_set_away(struct cache *cache, bool is_away)
{
    cache->is_away = is_away;
}

const struct cache_stats *cache_stats(struct cache *cache)
{
    cache->stats.entries = (int)map_count(&cache->entries);
    return &cache->stats;
}

void cache_free(struct cache **cache_ptr)
{
    struct cache *cache = *cache_ptr;

    if (!cache)
        return;
    while (!list_is_empty(&cache->by_use)) {
        struct entry *entry = container_of(list_first(&cache->by_use), struct entry, link);

        if (entry->fill)
            drop_fill(entry);
        entry_free(entry);
    }
    map_fini(&cache->entries);
    buf_fini(&cache->key);
    mem_free(cache);
    *cache_ptr = NULL;
}
