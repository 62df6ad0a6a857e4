/* SPDX-License-Identifier: MIT */
/* arena.h - a region: many small allocations, freed together.
 *
 * For what lives as long as one thing does: the rows of a page, a site's rules, a request.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t total_bytes; /* handed out since the last reset */
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena); /* frees everything; may be used again */

void *arena_alloc(struct arena *arena, size_t size);    /* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *s, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define arena_new(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_array(arena, type, n) ((type *)arena_alloc(arena, sizeof(type) * (n)))

#endif
