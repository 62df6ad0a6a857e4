/* SPDX-License-Identifier: MIT */
/* keywords.c - see keywords.h.
 *
 * The states are in the order of a breadth-first walk over the trie, so the children of a state stand side
 * by side: a state needs no table of edges, only where its children begin, and each child the byte that
 * leads to it. The trie is made from the sorted patterns: a state is a range of them that begin alike.
 */
#include "notify/keywords.h"
#include "base/mem.h"
#include "db/fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT = 0 };
#define NONE UINT32_MAX

/* A keyword of a user. */
struct owner {
    const char *text; /* folded; only until built */
    int64_t word_id, user_id;
};

struct keywords {
    struct arena arena;   /* folded texts, until built */
    struct owner *owners; /* by pattern and word_id when built */
    size_t n_owners, owners_room;
    uint32_t *first_owner; /* of each pattern, and the end of the last */
    uint32_t *seen;        /* of each pattern: the last title that had it */
    uint32_t n_patterns, titles;

    uint32_t n_states;
    uint32_t *first_child; /* n_states + 1 */
    uint32_t *fail;        /* the longest other state that this one ends with */
    uint32_t *also;        /* the nearest of those that is a pattern; ROOT: none */
    uint32_t *pattern;     /* that ends here, or NONE */
    uint8_t *label;        /* the byte that leads here */
    uint32_t from_root[256];
};

struct keywords *keywords_new(void)
{
    struct keywords *keywords = mem_new(struct keywords);

    arena_init(&keywords->arena);
    return keywords;
}

void keywords_free(struct keywords **keywords_ptr)
{
    struct keywords *keywords = *keywords_ptr;

    if (!keywords)
        return;
    *keywords_ptr = NULL;
    arena_fini(&keywords->arena);
    mem_free(keywords->owners);
    mem_free(keywords->first_owner);
    mem_free(keywords->seen);
    mem_free(keywords->first_child);
    mem_free(keywords->fail);
    mem_free(keywords->also);
    mem_free(keywords->pattern);
    mem_free(keywords->label);
    mem_free(keywords);
}

void keywords_add(struct keywords *keywords, int64_t word_id, int64_t user_id, const char *title)
{
    const char *text = fold_text(&keywords->arena, title);

    check(!keywords->first_child);
    if (!*text)
        return;
    if (keywords->n_owners == keywords->owners_room) {
        keywords->owners_room = keywords->owners_room ? keywords->owners_room * 2 : 1024;
        keywords->owners =
            mem_realloc(keywords->owners, keywords->owners_room * sizeof(*keywords->owners));
    }
    keywords->owners[keywords->n_owners++] = (struct owner){text, word_id, user_id};
}

/* ---- building -------------------------------------------------------------------------------- */

static int by_pattern(const void *a_ptr, const void *b_ptr)
{
    const struct owner *a = a_ptr;
    const struct owner *b = b_ptr;
    int order = strcmp(a->text, b->text);

    return order ? order : (a->word_id > b->word_id) - (a->word_id < b->word_id);
}

/* Sorts the owners and finds where each pattern's begin. Returns the bytes of all patterns. */
static size_t find_patterns(struct keywords *keywords)
{
    struct owner *owners = keywords->owners;
    size_t bytes = 0;

    if (keywords->n_owners)
        qsort(owners, keywords->n_owners, sizeof(*owners), by_pattern);
    check(keywords->n_owners < NONE);
    keywords->first_owner = mem_array(keywords->n_owners + 1, sizeof(*keywords->first_owner));
    for (size_t i = 0; i < keywords->n_owners; i++) {
        if (i && strcmp(owners[i - 1].text, owners[i].text) == 0)
            continue;
        keywords->first_owner[keywords->n_patterns++] = (uint32_t)i;
        bytes += strlen(owners[i].text);
    }
    keywords->first_owner[keywords->n_patterns] = (uint32_t)keywords->n_owners;
    keywords->seen = mem_array((size_t)keywords->n_patterns + 1, sizeof(*keywords->seen));
    return bytes;
}

/* What a state stands for while the trie is made: patterns low to high - 1, alike in `depth` bytes. */
struct range {
    uint32_t low, high, depth;
};

static const char *pattern_text(const struct keywords *keywords, uint32_t pattern)
{
    return keywords->owners[keywords->first_owner[pattern]].text;
}

static uint32_t child(const struct keywords *keywords, uint32_t state, uint8_t byte)
{
    uint32_t low = keywords->first_child[state], end = keywords->first_child[state + 1], high = end;

    if (state == ROOT)
        return keywords->from_root[byte];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (keywords->label[middle] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && keywords->label[low] == byte ? low : NONE;
}

/* From the state, or what it ends with, by that byte. */
static uint32_t step(const struct keywords *keywords, uint32_t state, uint8_t byte)
{
    uint32_t next;

    while ((next = child(keywords, state, byte)) == NONE && state != ROOT)
        state = keywords->fail[state];
    return next == NONE ? ROOT : next;
}

/* Shallower states have their children and what they end with by now. */
static void add_child(struct keywords *keywords, struct range *ranges, uint32_t parent,
                      uint8_t byte, struct range range)
{
    uint32_t state = keywords->n_states++;
    uint32_t fail = parent == ROOT ? ROOT : step(keywords, keywords->fail[parent], byte);

    if (parent == ROOT)
        keywords->from_root[byte] = state;
    ranges[state] = range;
    keywords->label[state] = byte;
    keywords->fail[state] = fail;
    keywords->also[state] = keywords->pattern[fail] != NONE ? fail : keywords->also[fail];
    keywords->pattern[state] = pattern_text(keywords, range.low)[range.depth] ? NONE : range.low;
}

static void add_children(struct keywords *keywords, struct range *ranges, uint32_t state)
{
    struct range all = ranges[state];
    uint32_t at = all.low + (keywords->pattern[state] != NONE);

    keywords->first_child[state] = keywords->n_states;
    while (at < all.high) {
        uint8_t byte = (uint8_t)pattern_text(keywords, at)[all.depth];
        uint32_t end = at + 1;

        while (end < all.high && (uint8_t)pattern_text(keywords, end)[all.depth] == byte)
            end++;
        add_child(keywords, ranges, state, byte, (struct range){at, end, all.depth + 1});
        at = end;
    }
    keywords->first_child[state + 1] = keywords->n_states;
}

static void shrink(struct keywords *keywords)
{
    size_t n = keywords->n_states;

    keywords->first_child = mem_realloc(keywords->first_child, (n + 1) * sizeof(uint32_t));
    keywords->fail = mem_realloc(keywords->fail, n * sizeof(uint32_t));
    keywords->also = mem_realloc(keywords->also, n * sizeof(uint32_t));
    keywords->pattern = mem_realloc(keywords->pattern, n * sizeof(uint32_t));
    keywords->label = mem_realloc(keywords->label, n);
    if (keywords->n_owners)
        keywords->owners =
            mem_realloc(keywords->owners, keywords->n_owners * sizeof(*keywords->owners));
    keywords->owners_room = keywords->n_owners;
}

void keywords_build(struct keywords *keywords)
{
    size_t most;
    struct range *ranges;

    check(!keywords->first_child);
    most = find_patterns(keywords) + 1;
    check(most < NONE);
    ranges = mem_array(most, sizeof(*ranges));
    keywords->first_child = mem_array(most + 1, sizeof(uint32_t));
    keywords->fail = mem_array(most, sizeof(uint32_t));
    keywords->also = mem_array(most, sizeof(uint32_t));
    keywords->pattern = mem_array(most, sizeof(uint32_t));
    keywords->label = mem_array(most, 1);
    for (int byte = 0; byte < 256; byte++)
        keywords->from_root[byte] = NONE;
    ranges[ROOT] = (struct range){0, keywords->n_patterns, 0};
    keywords->pattern[ROOT] = NONE;
    keywords->n_states = 1;
    for (uint32_t state = ROOT; state < keywords->n_states; state++)
        add_children(keywords, ranges, state);
    mem_free(ranges);
    shrink(keywords);
    for (size_t i = 0; i < keywords->n_owners; i++)
        keywords->owners[i].text = NULL;
    arena_fini(&keywords->arena);
    arena_init(&keywords->arena);
}

size_t keywords_count(const struct keywords *keywords)
{
    return keywords->n_owners;
}

size_t keywords_states(const struct keywords *keywords)
{
    return keywords->n_states;
}

size_t keywords_bytes(const struct keywords *keywords)
{
    return sizeof(*keywords) + keywords->owners_room * sizeof(*keywords->owners) +
           (keywords->n_owners + 1) * sizeof(uint32_t) +
           (keywords->n_patterns + 1) * sizeof(uint32_t) +
           keywords->n_states * (4 * sizeof(uint32_t) + 1) + sizeof(uint32_t);
}

/* ---- matching -------------------------------------------------------------------------------- */

void keyword_hits_fini(struct keyword_hits *hits)
{
    mem_free(hits->items);
    *hits = (struct keyword_hits){0};
}

static void add_owners(const struct keywords *keywords, uint32_t pattern, struct keyword_hits *hits)
{
    uint32_t from = keywords->first_owner[pattern], to = keywords->first_owner[pattern + 1];

    if (hits->n + (to - from) > hits->room) {
        hits->room = 2 * (hits->n + (to - from));
        hits->items = mem_realloc(hits->items, hits->room * sizeof(*hits->items));
    }
    for (uint32_t i = from; i < to; i++)
        hits->items[hits->n++] =
            (struct keyword_hit){keywords->owners[i].user_id, keywords->owners[i].word_id};
}

/* All patterns that end where the walk is now. */
static void take_patterns(struct keywords *keywords, uint32_t state, struct keyword_hits *hits)
{
    if (keywords->pattern[state] == NONE)
        state = keywords->also[state];
    for (; state != ROOT; state = keywords->also[state]) {
        uint32_t pattern = keywords->pattern[state];

        if (keywords->seen[pattern] == keywords->titles)
            continue;
        keywords->seen[pattern] = keywords->titles;
        add_owners(keywords, pattern, hits);
    }
}

static int by_user(const void *a_ptr, const void *b_ptr)
{
    const struct keyword_hit *a = a_ptr;
    const struct keyword_hit *b = b_ptr;

    if (a->user_id != b->user_id)
        return a->user_id < b->user_id ? -1 : 1;
    return (a->word_id > b->word_id) - (a->word_id < b->word_id);
}

static void keep_one_of_each_user(struct keyword_hits *hits)
{
    size_t kept = 0;

    if (hits->n)
        qsort(hits->items, hits->n, sizeof(*hits->items), by_user);
    for (size_t i = 0; i < hits->n; i++)
        if (!i || hits->items[i].user_id != hits->items[kept - 1].user_id)
            hits->items[kept++] = hits->items[i];
    hits->n = kept;
}

/* Titles are counted from 1: 0 in `seen` is "never". Past 32 bits all is forgotten. */
static void begin_title(struct keywords *keywords)
{
    if (++keywords->titles == 0) {
        memset(keywords->seen, 0, keywords->n_patterns * sizeof(*keywords->seen));
        keywords->titles = 1;
    }
}

void keywords_match(struct keywords *keywords, const char *title, struct keyword_hits *hits)
{
    struct arena arena;
    uint32_t state = ROOT;

    hits->n = 0;
    if (!keywords->first_child)
        return;
    arena_init(&arena);
    begin_title(keywords);
    for (const char *at = fold_text(&arena, title); *at; at++) {
        state = step(keywords, state, (uint8_t)*at);
        take_patterns(keywords, state, hits);
    }
    arena_fini(&arena);
    keep_one_of_each_user(hits);
}
