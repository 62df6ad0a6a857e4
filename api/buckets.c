/* SPDX-License-Identifier: MIT */
/* buckets.c - see buckets.h. A table of sets: an address may be in any place of its set. */
#include "api/buckets.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <math.h>
#include <openssl/rand.h>
#include <string.h>

enum { SETS = 1024, PLACES = 8 };

struct bucket {
    uint64_t key; /* 0: free */
    int64_t at_ms;
    double tokens;
};

struct buckets {
    double per_minute, burst;
    uint64_t secret;
    struct bucket sets[SETS][PLACES];
};

struct buckets *buckets_new(double per_minute, int burst)
{
    struct buckets *buckets = mem_new(struct buckets);

    check(burst > 0);
    buckets->per_minute = per_minute;
    buckets->burst = burst;
    check(RAND_bytes((unsigned char *)&buckets->secret, sizeof(buckets->secret)) == 1);
    return buckets;
}

void buckets_free(struct buckets **buckets)
{
    mem_free(*buckets);
    *buckets = NULL;
}

/* splitmix64's end: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t key_of(const struct buckets *buckets, const char *address)
{
    unsigned char bytes[16] = {0};
    uint64_t word, key;

    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) == 1 &&
        !IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes))
        memset(bytes + 8, 0, 8);
    else if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes)) {
        memmove(bytes, bytes + 12, 4);
        memset(bytes + 4, 0, 12);
    }
    memcpy(&word, bytes, sizeof(word));
    key = mix(word ^ buckets->secret);
    return key ? key : 1;
}

static double tokens_now(const struct buckets *buckets, const struct bucket *bucket, int64_t now_ms)
{
    double gained = (double)(now_ms - bucket->at_ms) * buckets->per_minute / 60000;

    return fmin(buckets->burst, bucket->tokens + fmax(0, gained));
}

/* The address's bucket, or the one that it takes over. */
static struct bucket *place_of(struct buckets *buckets, uint64_t key, int64_t now_ms)
{
    struct bucket *set = buckets->sets[key % SETS], *best = set;

    for (int i = 0; i < PLACES; i++) {
        if (set[i].key == key)
            return &set[i];
        if (best->key && (!set[i].key ||
                          tokens_now(buckets, &set[i], now_ms) > tokens_now(buckets, best, now_ms)))
            best = &set[i];
    }
    *best = (struct bucket){.key = key, .at_ms = now_ms, .tokens = buckets->burst};
    return best;
}

bool buckets_take(struct buckets *buckets, const char *address, int64_t now_ms, int *wait_s)
{
    struct bucket *bucket;

    if (buckets->per_minute <= 0)
        return true;
    bucket = place_of(buckets, key_of(buckets, address), now_ms);
    bucket->tokens = tokens_now(buckets, bucket, now_ms);
    bucket->at_ms = now_ms;
    if (bucket->tokens >= 1) {
        bucket->tokens -= 1;
        return true;
    }
    *wait_s = (int)ceil((1 - bucket->tokens) * 60 / buckets->per_minute);
    if (*wait_s < 1)
        *wait_s = 1;
    return false;
}
