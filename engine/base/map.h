/* SPDX-License-Identifier: MIT */
/* map.h - hash map from a string or a 64-bit number to a pointer.
 *
 * Keys are copied, values are borrowed (the map never frees them). One map uses one kind of key.
 * Open addressing; the order of a walk is not defined. Not for keys chosen by an attacker: what they hash
 * to is known to everybody.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct map_entry {
    char *key; /* NULL in a map of numbers */
    uint64_t number;
    void *value; /* NULL: free place */
    bool deleted;
};

struct map {
    struct map_entry *entries;
    size_t cap;   /* power of two, or 0 */
    size_t used;  /* live entries */
    size_t taken; /* live and deleted entries */
};

void map_init(struct map *map);
void map_fini(struct map *map);

/* value must not be NULL; the value it replaces is returned, or NULL. */
void *map_put(struct map *map, const char *key, void *value);
void *map_get(const struct map *map, const char *key);
void *map_del(struct map *map, const char *key);

void *map_put_n(struct map *map, uint64_t key, void *value);
void *map_get_n(const struct map *map, uint64_t key);
void *map_del_n(struct map *map, uint64_t key);

/* Walk: for (size_t at = 0; (e = map_next(map, &at));) ...; entries may be deleted while walking.
 * */
struct map_entry *map_next(const struct map *map, size_t *at);

static inline size_t map_count(const struct map *map)
{
    return map->used;
}

#endif
