/* SPDX-License-Identifier: MIT */
/* regex.c - PCRE2 behind regex.h. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "crawl/regex.h"

#include "base/buf.h"

#include <pcre2.h>
#include <string.h>

/* About a tenth of a second; a match in a title takes some dozens. */
enum { MAX_MATCH_STEPS = 2000000, MAX_MATCH_KIB = 16 * 1024 };

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

struct regex *regex_compile(struct arena *arena, const char *source, const char **why)
{
    const char *pattern = regex_translate(arena, source, why);
    struct regex *regex;
    pcre2_code *code;
    PCRE2_SIZE at;
    int number;

    if (!pattern)
        return NULL;
    code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern),
                         PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY |
                             PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
                             PCRE2_NEVER_BACKSLASH_C,
                         &number, &at, NULL);
    if (!code) {
        char text[160] = "";

        pcre2_get_error_message(number, (PCRE2_UCHAR *)text, sizeof(text));
        *why = arena_strdup(arena, text);
        return NULL;
    }
    regex = mem_new(struct regex);
    regex->code = code;
    regex->data = pcre2_match_data_create_from_pattern(code, NULL);
    regex->context = pcre2_match_context_create(NULL);
    check(regex->data && regex->context);
    pcre2_set_match_limit(regex->context, MAX_MATCH_STEPS);
    pcre2_set_heap_limit(regex->context, MAX_MATCH_KIB);
    return regex;
}

void regex_free(struct regex **regex)
{
    if (!*regex)
        return;
    pcre2_match_context_free((*regex)->context);
    pcre2_match_data_free((*regex)->data);
    pcre2_code_free((*regex)->code);
    mem_free(*regex);
    *regex = NULL;
}

/* The offsets of match[0] and, if `group`, of match[1] where it took part. NULL: no match. */
static const PCRE2_SIZE *find(struct regex *regex, const char *text, size_t len, bool group,
                              bool *too_costly)
{
    int result = pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, regex->data,
                             regex->context);
    const PCRE2_SIZE *where = pcre2_get_ovector_pointer(regex->data);

    if (result < 0) {
        *too_costly |= result != PCRE2_ERROR_NOMATCH;
        return NULL;
    }
    return group && result > 1 && where[2] != PCRE2_UNSET ? where + 2 : where;
}

bool regex_find(struct regex *regex, const char *text, size_t len, size_t *at, size_t *n,
                bool *too_costly)
{
    const PCRE2_SIZE *where = find(regex, text, len, true, too_costly);

    if (where && at)
        *at = where[0];
    if (where && n)
        *n = where[1] - where[0];
    return where != NULL;
}

bool regex_find_whole(struct regex *regex, const char *text, size_t len, size_t *at, size_t *n,
                      bool *too_costly)
{
    const PCRE2_SIZE *where = find(regex, text, len, false, too_costly);

    if (where) {
        *at = where[0];
        *n = where[1] - where[0];
    }
    return where != NULL;
}

const char *regex_source(struct arena *arena, const char *source)
{
    bool in_class = false;
    struct buf out;
    const char *copy;

    buf_init(&out, BUF_MAX_DEFAULT);
    for (const char *at = source; *at; at++) {
        if (*at == '\\' && at[1]) {
            buf_add(&out, at++, 2);
            continue;
        }
        if (*at == '[')
            in_class = true;
        else if (*at == ']')
            in_class = false;
        if (*at == '/' && !in_class)
            buf_addc(&out, '\\');
        if (*at == '\n')
            buf_adds(&out, "\\n");
        else if (*at == '\r')
            buf_adds(&out, "\\r");
        else
            buf_addc(&out, *at);
    }
    copy = out.len ? arena_strdup(arena, buf_str(&out)) : "(?:)";
    buf_fini(&out);
    return copy;
}
