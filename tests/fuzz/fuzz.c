/* SPDX-License-Identifier: MIT */
/* fuzz.c - helpers of the fuzz targets, and a JSON validator that shares no line with the engine.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_DEPTH = 64, MAX_NUMBER_BYTES = 60 };

char *fuzz_bytes(const uint8_t *data, size_t size)
{
    char *copy = mem_alloc(size);

    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *copy = mem_alloc(size + 1);

    if (size)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

const char *fuzz_file(const void *data, size_t size)
{
    static char path[40];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        check(fd >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    check(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

/* ---- JSON: each reader returns the place behind what it read, or NULL ------------------------ */

struct json {
    const char *end;
    int depth;
};

static const char *value(struct json *j, const char *at);

static const char *blanks(const struct json *j, const char *at)
{
    while (at && at < j->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static const char *sign(const struct json *j, const char *at, const char *one_of)
{
    at = blanks(j, at);
    return at && at < j->end && *at && strchr(one_of, *at) ? at + 1 : NULL;
}

static const char *string(const struct json *j, const char *at)
{
    if (!(at = sign(j, at, "\"")))
        return NULL;
    for (; at < j->end && *at != '"'; at++) {
        if (*at > '\0' && *at < ' ')
            return NULL;
        if (*at != '\\')
            continue;
        if (++at == j->end || !*at || !strchr("\"\\/bfnrtu", *at))
            return NULL;
        for (int i = 0; *at == 'u' && i < 4; i++)
            if (at + i + 1 >= j->end || !at[i + 1] || !strchr("0123456789abcdefABCDEF", at[i + 1]))
                return NULL;
    }
    return at < j->end ? at + 1 : NULL;
}

static const char *digits(const struct json *j, const char *at)
{
    const char *from = at;

    while (at && at < j->end && *at >= '0' && *at <= '9')
        at++;
    return at == from ? NULL : at;
}

static const char *number(const struct json *j, const char *at)
{
    const char *from = at;

    if (*at == '-')
        at++;
    at = at < j->end && *at == '0' ? at + 1 : digits(j, at);
    if (at && at < j->end && *at == '.')
        at = digits(j, at + 1);
    if (at && at < j->end && (*at == 'e' || *at == 'E')) {
        at++;
        at = digits(j, at + (at < j->end && (*at == '+' || *at == '-')));
    }
    return at && at - from <= MAX_NUMBER_BYTES ? at : NULL;
}

static const char *word(const struct json *j, const char *at)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(j->end - at) >= len && memcmp(at, words[i], len) == 0)
            return at + len;
    }
    return NULL;
}

/* at stands behind the opening bracket. */
static const char *members(struct json *j, const char *at, bool named)
{
    const char *close = named ? "}" : "]";
    const char *more = sign(j, at, close);

    if (++j->depth > MAX_DEPTH)
        return NULL;
    while (!more) {
        if (named && !(at = sign(j, string(j, at), ":")))
            return NULL;
        if (!(at = value(j, at)) || (!(more = sign(j, at, close)) && !(at = sign(j, at, ","))))
            return NULL;
    }
    j->depth--;
    return more;
}

static const char *value(struct json *j, const char *at)
{
    at = blanks(j, at);
    if (!at || at == j->end)
        return NULL;
    if (*at == '{' || *at == '[')
        return members(j, at + 1, *at == '{');
    if (*at == '"')
        return string(j, at);
    return *at == '-' || (*at >= '0' && *at <= '9') ? number(j, at) : word(j, at);
}

bool fuzz_json_is_sound(const char *text, size_t len)
{
    struct json j = {.end = text + len};

    return blanks(&j, value(&j, text)) == j.end;
}
