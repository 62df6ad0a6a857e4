/* SPDX-License-Identifier: MIT */
/* fold.c - see fold.h. */
#include "db/fold.h"
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

static void add_folded(struct buf *out, const char *text, size_t len)
{
    size_t used;
    int n = 0;

    for (size_t at = 0; at < len && n < FOLD_MAX_CHARS; at += used) {
        uint32_t c = utf8_char(text + at, len - at, &used);

        if (is_space(c))
            continue;
        utf8_add(out, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        n++;
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

char *fold_text(struct arena *arena, const char *text)
{
    utf8proc_uint8_t *composed = NULL;
    size_t len = strlen(text);
    struct buf out;
    char *folded;

    if (!all_plain(text, len)) {
        utf8proc_ssize_t n =
            utf8proc_map_custom((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &composed,
                                UTF8PROC_STABLE | UTF8PROC_COMPOSE, lower, NULL);

        check(n >= 0);
        text = (const char *)composed;
        len = (size_t)n;
    }
    buf_init(&out, BUF_MAX_DEFAULT);
    add_folded(&out, text, len);
    folded = arena_strdup(arena, buf_str(&out));
    buf_fini(&out);
    free(composed);
    return folded;
}
