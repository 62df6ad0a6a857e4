/* SPDX-License-Identifier: MIT */
/* limits.c - see limits.h.
 *
 * A bucket is one number, the moment at which it will be full again (the generic cell rate
 * algorithm: what is missing in it is that distance). A free place is one that has been full since
 * the beginning. A client has SET_SIZE places where it may lie, found by a hash that nobody outside
 * can foresee, so that nobody can choose whose buckets theirs push out.
 */
#include "api/limits.h"
#include "base/mem.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

enum { SETS = 8192, SET_SIZE = 8 };

struct bucket {
    uint64_t client;
    int64_t full_at_us;
};

struct limits {
    struct bucket *buckets; /* SETS * SET_SIZE */
    uint64_t secret[2];
    int64_t token_us; /* that a token takes to come */
    int64_t burst_us; /* that an empty bucket takes to be full */
};

struct limits *limits_new(double rate, int burst)
{
    struct limits *limits = mem_new(struct limits);

    check(rate > 0 && burst >= 1);
    limits->buckets = mem_array((size_t)SETS * SET_SIZE, sizeof(*limits->buckets));
    limits->token_us = (int64_t)(1e6 / rate);
    if (limits->token_us < 1)
        limits->token_us = 1;
    limits->burst_us = limits->token_us * burst;
    check(RAND_bytes((unsigned char *)limits->secret, sizeof(limits->secret)) == 1);
    return limits;
}

void limits_free(struct limits **limits)
{
    if (!*limits)
        return;
    mem_free((*limits)->buckets);
    mem_free(*limits);
    *limits = NULL;
}

/* An IPv4 address is told apart by its ::ffff: before it, where no /64 is given out. */
static uint64_t number_of(const struct netaddr *client)
{
    static const unsigned char mapped[12] = {[10] = 0xff, 0xff};
    bool is_v4 = memcmp(client->bytes, mapped, sizeof(mapped)) == 0;
    uint64_t number;

    memcpy(&number, client->bytes + (is_v4 ? 8 : 0), sizeof(number));
    return number;
}

static struct bucket *set_of(const struct limits *limits, uint64_t client)
{
    unsigned __int128 product = (unsigned __int128)(client ^ limits->secret[0]) *
                                (limits->secret[1] | 1);
    uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);

    return &limits->buckets[(hash >> 32) % SETS * SET_SIZE];
}

/* The client's own, or the one that is full first. */
static struct bucket *bucket_of(struct limits *limits, uint64_t client)
{
    struct bucket *set = set_of(limits, client);
    struct bucket *fullest = set;

    for (int i = 0; i < SET_SIZE; i++) {
        if (set[i].client == client)
            return &set[i];
        if (set[i].full_at_us < fullest->full_at_us)
            fullest = &set[i];
    }
    *fullest = (struct bucket){.client = client};
    return fullest;
}

int limits_take(struct limits *limits, const struct netaddr *client, int64_t now_ms)
{
    struct bucket *bucket = bucket_of(limits, number_of(client));
    int64_t now_us = now_ms * 1000;
    int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
    int64_t late_us = full_at_us + limits->token_us - now_us - limits->burst_us;

    if (late_us > 0)
        return (int)((late_us + 999999) / 1000000);
    bucket->full_at_us = full_at_us + limits->token_us;
    return 0;
}

size_t limits_clients(const struct limits *limits, int64_t now_ms)
{
    size_t n = 0;

    for (size_t i = 0; i < (size_t)SETS * SET_SIZE; i++)
        n += limits->buckets[i].full_at_us > now_ms * 1000;
    return n;
}
