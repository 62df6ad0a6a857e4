/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_regex.c - a JavaScript pattern (first line) on a text (the rest): PCRE2 takes whatever the
 * translation lets pass or says why not, and what is found lies on characters of the text. */
#include "fuzz.h"
#include "base/str.h"
#include "base/utf8.h"
#include "crawl/regex.h"

#include <string.h>

static bool begins_character(const char *text, size_t len, size_t at)
{
    return at == len || ((unsigned char)text[at] & 0xc0) != 0x80;
}

static void search(struct regex *regex, const char *text, size_t len)
{
    bool too_costly = false;
    size_t at = 0, n = 0, whole_at = 0, whole_n = 0;
    bool found = regex_find(regex, text, len, &at, &n, &too_costly);

    if (too_costly)
        return;
    check(found == regex_find_whole(regex, text, len, &whole_at, &whole_n, &too_costly));
    if (!found)
        return;
    check(at + n <= len && whole_at + whole_n <= len);
    check(begins_character(text, len, at) && begins_character(text, len, at + n));
    check(begins_character(text, len, whole_at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *pattern = fuzz_text(data, size);
    char *text = strchr(pattern, '\n');
    struct regex *regex;
    struct arena arena;
    const char *why = NULL;
    struct buf utf8;

    arena_init(&arena);
    buf_init(&utf8, 1 << 20);
    if (text)
        *text++ = '\0';
    if (text)
        utf8_add_lossy(&utf8, text, strlen(text));
    regex = regex_compile(&arena, pattern, &why);
    check(!regex == (why != NULL));
    if (regex)
        search(regex, buf_str(&utf8), utf8.len);
    check(*regex_source(&arena, pattern));
    regex_free(&regex);
    buf_fini(&utf8);
    arena_fini(&arena);
    mem_free(pattern);
    return 0;
}
