/* SPDX-License-Identifier: MIT */
/* arena.c - chained blocks of 4 KiB or more, the first two smaller; nothing is freed before the whole. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first is enough for an ordinary request of the API, of which there are many at once; the second is, with its
 * head, just small enough that malloc() keeps freed ones at hand. */
enum { FIRST_BLOCK_BYTES = 640, SECOND_BLOCK_BYTES = 1000, BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    max_align_t bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_fini(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        mem_free(block);
    }
    arena_init(arena);
}

static struct arena_block *block_with(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t least = !block ? FIRST_BLOCK_BYTES : !block->next ? SECOND_BLOCK_BYTES : BLOCK_BYTES;
    size_t cap = size > least ? size : least;

    if (block && block->cap - block->used >= size)
        return block;
    block = mem_alloc(sizeof(*block) + cap);
    *block = (struct arena_block){.next = arena->blocks, .cap = cap};
    arena->blocks = block;
    return block;
}

static void *take(struct arena *arena, size_t size)
{
    struct arena_block *block;
    void *ptr;

    check(size < SIZE_MAX / 2);
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    block = block_with(arena, size);
    ptr = (char *)block->bytes + block->used;
    block->used += size;
    arena->total_bytes += size;
    return ptr;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

static char *copy_text(struct arena *arena, const char *s, size_t len)
{
    char *copy = take(arena, len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
    return copy_text(arena, s, strnlen(s, n));
}

char *arena_strdup(struct arena *arena, const char *s)
{
    return s ? copy_text(arena, s, strlen(s)) : NULL;
}

/* Most texts are short, and are then formatted once. */
char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    char draft[256];
    va_list args;
    int need;
    char *text;

    va_start(args, fmt);
    need = vsnprintf(draft, sizeof(draft), fmt, args);
    va_end(args);
    check(need >= 0);
    if ((size_t)need < sizeof(draft))
        return copy_text(arena, draft, (size_t)need);
    text = take(arena, (size_t)need + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)need + 1, fmt, args);
    va_end(args);
    return text;
}
