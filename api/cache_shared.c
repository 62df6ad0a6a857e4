/* SPDX-License-Identifier: MIT */
/* cache_shared.c - see cache_shared.h. A value is "2 MADE_MS LENGTH ETAG\n" and the body. */
#include "api/cache_shared.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/loop_redis.h"
#include "base/str.h"
#include "gen/version.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_BYTES = 16,
    VALUE_MAX_BYTES = 1 << 20, /* larger ones are not shared */
    HEAD_MAX_BYTES = 96,
    PENDING_MAX = 1000, /* commands; beyond it nothing is put */
};

#define EXPIRY_S "120"

struct cache_shared {
    struct loop_redis *redis;
    char prefix[2 * HASH_BYTES + 1];
};

struct question {
    cache_shared_fn *done;
    void *ctx;
};

static void hash_hex(const char *text, char *hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    check(EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) == 1);
    check(len >= HASH_BYTES);
    str_hex(digest, HASH_BYTES, hex);
}

const char *cache_shared_name(const struct cache_shared *shared, struct arena *arena,
                              const char *key, const char *state, int64_t minute)
{
    char hex[2 * HASH_BYTES + 1];

    hash_hex(key, hex);
    return arena_printf(arena, "catchdeal:%s:%s:%lld:%s", shared->prefix, state, (long long)minute,
                        hex);
}

/* ---- getting --------------------------------------------------------------------------------- */

bool cache_shared_read(const char *value, size_t len, struct cache_shared_answer *out)
{
    const char *end =
        value ? memchr(value, '\n', len < HEAD_MAX_BYTES ? len : HEAD_MAX_BYTES) : NULL;
    char head[HEAD_MAX_BYTES];
    long long made_ms;
    int used = 0;

    if (!end)
        return false;
    snprintf(head, sizeof(head), "%.*s", (int)(end - value), value);
    if (sscanf(head, "2 %lld %zu %31[0-9a-f]%n", &made_ms, &out->len, out->etag, &used) != 3 ||
        head[used] != '\0' || value + used != end || out->len != len - (size_t)(end + 1 - value))
        return false;
    out->made_ms = made_ms;
    out->body = end + 1;
    return true;
}

static void on_value(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    const struct question *question = ctx;
    struct cache_shared_answer answer;

    if (err)
        log_debug("api", "no shared answer", "error=%s", log_quote(err->text));
    question->done(cache_shared_read(bytes, len, &answer) ? &answer : NULL, question->ctx);
}

void cache_shared_get(struct cache_shared *shared, struct arena *arena, const char *name,
                      cache_shared_fn *done, void *ctx)
{
    const char *words[] = {"GET", name};
    const size_t lens[] = {3, strlen(name)};
    struct question *question = arena_new(arena, struct question);

    *question = (struct question){done, ctx};
    loop_redis_command(shared->redis, words, lens, ARRAY_LEN(words), on_value, question);
}

/* ---- putting --------------------------------------------------------------------------------- */

static void on_put(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    (void)bytes;
    (void)len;
    (void)ctx;
    if (err)
        log_debug("api", "answer not shared", "error=%s", log_quote(err->text));
}

void cache_shared_put(struct cache_shared *shared, const char *name,
                      const struct cache_shared_answer *answer)
{
    const char *words[] = {"SET", name, NULL, "EX", EXPIRY_S};
    size_t lens[] = {3, strlen(name), 0, 2, strlen(EXPIRY_S)};
    struct buf value;

    if (answer->len > VALUE_MAX_BYTES || !loop_redis_is_ready(shared->redis) ||
        loop_redis_pending(shared->redis) > PENDING_MAX)
        return;
    buf_init(&value, VALUE_MAX_BYTES + HEAD_MAX_BYTES);
    buf_addf(&value, "2 %lld %zu %s\n", (long long)answer->made_ms, answer->len, answer->etag);
    buf_add(&value, answer->body, answer->len);
    words[2] = buf_str(&value);
    lens[2] = value.len;
    loop_redis_command(shared->redis, words, lens, ARRAY_LEN(words), on_put, NULL);
    buf_fini(&value);
}

/* ---- face ------------------------------------------------------------------------------------ */

int cache_shared_new(struct loop *loop, const struct config *config, struct cache_shared **out,
                     struct err *err)
{
    struct cache_shared *shared;
    char *what;

    *out = NULL;
    if (str_empty(config->redis))
        return 0;
    shared = mem_new(struct cache_shared);
    if (loop_redis_new(loop, config->redis, config->redis_timeout, &shared->redis, err) < 0) {
        mem_free(shared);
        return -1;
    }
    what = mem_printf("%s\n%s\n%s\n%s", CATCHDEAL_VERSION, config->database, config->api_timezone,
                      config->api_public_url);
    hash_hex(what, shared->prefix);
    mem_free(what);
    *out = shared;
    return 0;
}

bool cache_shared_is_ready(const struct cache_shared *shared)
{
    return shared && loop_redis_is_ready(shared->redis);
}

void cache_shared_free(struct cache_shared **shared)
{
    if (!*shared)
        return;
    loop_redis_free(&(*shared)->redis);
    mem_free(*shared);
    *shared = NULL;
}
