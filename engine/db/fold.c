/* SPDX-License-Identifier: MIT */
/* fold.c - see fold.h. */
#include "db/fold.h"
#include "base/str.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* As in deal_fold() of scripts/schema/postgres/0004_search.sql. */
static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* Needs neither composing nor a table of cases: ASCII, CJK punctuation, ideographs, Hangul syllables. */
static bool is_plain(uint32_t c)
{
    return c < 0x80 || (c >= 0x3000 && c < 0x3029) || (c >= 0x4e00 && c < 0xa000) ||
           (c >= 0xac00 && c < 0xd7a4);
}

static utf8proc_int32_t lower(utf8proc_int32_t c, void *ctx)
{
    (void)ctx;
    return utf8proc_tolower(c);
}

/* Before composing: letters of a syllable that a blank kept apart come together, and stay so. */
static void add_without_space(struct buf *out, const char *text)
{
    size_t left = strlen(text), used;

    for (; left; text += used, left -= used) {
        uint32_t c = utf8_char(text, left, &used);

        if (!is_space(c))
            utf8_add(out, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
}

static bool all_plain(const char *text, size_t len)
{
    size_t used;

    for (size_t at = 0; at < len; at += used)
        if (!is_plain(utf8_char(text + at, len - at, &used)))
            return false;
    return true;
}

/* The first FOLD_MAX_CHARS characters. */
static char *take_first(struct arena *arena, const char *text, size_t len)
{
    size_t bytes = 0;

    for (int n = 0; bytes < len && n < FOLD_MAX_CHARS; n++)
        bytes += str_utf8_len(text + bytes, len - bytes);
    return arena_strndup(arena, text, bytes);
}

char *fold_text(struct arena *arena, const char *text)
{
    utf8proc_uint8_t *composed = NULL;
    struct buf dense;
    char *folded;

    buf_init(&dense, BUF_MAX_DEFAULT);
    add_without_space(&dense, text);
    if (all_plain(buf_str(&dense), dense.len)) {
        folded = take_first(arena, buf_str(&dense), dense.len);
    } else {
        utf8proc_ssize_t n = utf8proc_map_custom((const utf8proc_uint8_t *)dense.data, (utf8proc_ssize_t)dense.len,
                                                 &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE, lower, NULL);

        check(n >= 0);
        folded = take_first(arena, (const char *)composed, (size_t)n);
        free(composed);
    }
    buf_fini(&dense);
    return folded;
}
