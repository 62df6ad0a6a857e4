/* SPDX-License-Identifier: MIT */
/* map.c - open addressing with tombstones; rehashed when three quarters are taken. */
#include "base/map.h"
#include "base/str.h"

#include <string.h>

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_fini(struct map *map)
{
    for (size_t i = 0; i < map->cap; i++)
        mem_free(map->entries[i].key);
    mem_free(map->entries);
    map_init(map);
}

static uint64_t mix(uint64_t h)
{
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* Eight bytes at a time; the last mix brings what is in the high bits of the one before down to the low ones. */
static uint64_t hash_of(const char *key, uint64_t number)
{
    size_t left = key ? strlen(key) : 0;
    uint64_t word = 0, h = 0;

    if (!key)
        return mix(number);
    for (; left >= sizeof(word); left -= sizeof(word), key += sizeof(word)) {
        memcpy(&word, key, sizeof(word));
        h = mix(h ^ word);
    }
    word = 0;
    memcpy(&word, key, left);
    return mix(mix(h ^ word));
}

/* The entry of the key, or NULL. */
static struct map_entry *find(const struct map *map, const char *key, uint64_t number)
{
    size_t mask = map->cap - 1;

    if (!map->cap)
        return NULL;
    for (size_t i = hash_of(key, number) & mask;; i = (i + 1) & mask) {
        struct map_entry *e = &map->entries[i];

        if (!e->value && !e->deleted)
            return NULL;
        if (e->value && e->number == number && str_eq(e->key, key))
            return e;
    }
}

static void insert_new(struct map *map, char *key, uint64_t number, void *value)
{
    size_t mask = map->cap - 1;
    size_t i = hash_of(key, number) & mask;

    while (map->entries[i].value)
        i = (i + 1) & mask;
    if (!map->entries[i].deleted)
        map->taken++;
    map->entries[i] = (struct map_entry){.key = key, .number = number, .value = value};
    map->used++;
}

static void rehash(struct map *map)
{
    struct map old = *map;

    map->cap = old.cap ? old.cap : 16;
    while (map->cap < (old.used + 1) * 2)
        map->cap *= 2;
    map->entries = mem_array(map->cap, sizeof(*map->entries));
    map->used = map->taken = 0;
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].value)
            insert_new(map, old.entries[i].key, old.entries[i].number, old.entries[i].value);
    mem_free(old.entries);
}

static void *put(struct map *map, const char *key, uint64_t number, void *value)
{
    struct map_entry *e = find(map, key, number);
    void *old = NULL;

    check(value);
    if (e) {
        old = e->value;
        e->value = value;
        return old;
    }
    if ((map->taken + 1) * 4 > map->cap * 3)
        rehash(map);
    insert_new(map, mem_strdup(key), number, value);
    return NULL;
}

static void *del(struct map *map, const char *key, uint64_t number)
{
    struct map_entry *e = find(map, key, number);
    void *old;

    if (!e)
        return NULL;
    old = e->value;
    mem_free(e->key);
    *e = (struct map_entry){.deleted = true};
    map->used--;
    return old;
}

void *map_put(struct map *map, const char *key, void *value)
{
    check(key);
    return put(map, key, 0, value);
}

void *map_get(const struct map *map, const char *key)
{
    struct map_entry *e = find(map, key, 0);

    return e ? e->value : NULL;
}

void *map_del(struct map *map, const char *key)
{
    return del(map, key, 0);
}

void *map_put_n(struct map *map, uint64_t key, void *value)
{
    return put(map, NULL, key, value);
}

void *map_get_n(const struct map *map, uint64_t key)
{
    struct map_entry *e = find(map, NULL, key);

    return e ? e->value : NULL;
}

void *map_del_n(struct map *map, uint64_t key)
{
    return del(map, NULL, key);
}

struct map_entry *map_next(const struct map *map, size_t *at)
{
    while (*at < map->cap) {
        struct map_entry *e = &map->entries[(*at)++];

        if (e->value)
            return e;
    }
    return NULL;
}
