/* SPDX-License-Identifier: MIT */
/* jdoc.c - cJSON behind jdoc.h: clean, measure the depth, parse, read.
 *
 * A struct jval is a cJSON item behind a cast; nobody else includes cJSON.h.
 */
#include "base/jdoc.h"
#include "base/arena.h"
#include "base/str.h"

#include <cJSON.h>
#include <pthread.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_NAME_BYTES = 256 };

struct jdoc {
    cJSON *root;
    struct arena arena; /* holds all of it */
};

/* ---- cleaning -------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* The code unit of a \uXXXX at p, or -1 when there is none. */
static int unit_at(const char *p, const char *end)
{
    int unit = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(p[i]);

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* A backslash and one byte. Of what cJSON would read wrongly the parser is to refuse the whole. */
static char *clean_short_escape(char *p, const char *end)
{
    if (end - p < 2 || !p[1] || p[1] & 0x80)
        return p + 1; /* that byte is no part of it, and cleaned by itself */
    if (p[1] == 'u')  /* without its digits: cJSON takes it for a NUL, which cuts the string */
        p[1] = '?';
    return p + 2;
}

/* Rewrite the escape at p where it has to be; returns what comes after it. */
static char *clean_escape(char *p, const char *end)
{
    int unit = unit_at(p, end);

    if (unit < 0)
        return clean_short_escape(p, end);
    if (is_high_surrogate(unit) && is_low_surrogate(unit_at(p + 6, end)))
        return p + 12;
    if (unit == 0 || is_high_surrogate(unit) || is_low_surrogate(unit))
        memcpy(p, "\\ufffd", 6);
    return p + 6;
}

void jdoc_sanitise(char *bytes, size_t len)
{
    char *p = bytes;
    const char *end = bytes + len;

    while (p < end) {
        size_t n;

        if (*p == '\\') {
            p = clean_escape(p, end);
            continue;
        }
        n = *p ? str_utf8_len(p, (size_t)(end - p)) : 0;
        if (!n) {
            *p = '?';
            n = 1;
        }
        p += n;
    }
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* Offset of the bracket that goes too deep, or -1. cJSON recurses, so this is looked at before it.
 */
static long too_deep_at(const char *bytes, size_t len)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > MAX_DEPTH)
                return (long)i;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return -1;
}

/* Of the document that this thread parses just now: a page's rows are a thousand items, taken and freed one by one. */
static _Thread_local struct arena *parsing;

/* cJSON would answer a failed malloc() with NULL, which reads like broken JSON. */
static void *take_memory(size_t size)
{
    return parsing ? arena_alloc(parsing, size) : mem_alloc(size);
}

static void give_memory(void *memory)
{
    if (!parsing)
        mem_free(memory);
}

static void use_our_memory(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = take_memory, .free_fn = give_memory});
}

static cJSON *parse_into(struct arena *arena, const char *bytes, size_t len, const char **end)
{
    cJSON *root;

    parsing = arena;
    root = cJSON_ParseWithLengthOpts(bytes, len, end, false);
    parsing = NULL;
    return root;
}

static bool only_blanks(const char *from, const char *end)
{
    for (; from < end; from++)
        if (*from != ' ' && *from != '\t' && *from != '\n' && *from != '\r')
            return false;
    return true;
}

int jdoc_parse(char *bytes, size_t len, struct jdoc **out, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *end = bytes;
    struct jdoc *doc;
    long deep;

    *out = NULL;
    pthread_once(&once, use_our_memory);
    jdoc_sanitise(bytes, len);
    deep = too_deep_at(bytes, len);
    if (deep >= 0)
        return err_set(err, ERR_PROTOCOL, "JSON: byte %ld: nested deeper than %d", deep, MAX_DEPTH);
    doc = mem_new(struct jdoc);
    arena_init(&doc->arena);
    doc->root = parse_into(&doc->arena, bytes, len, &end);
    if (doc->root && only_blanks(end, bytes + len)) {
        *out = doc;
        return 0;
    }
    err_set(err, ERR_PROTOCOL,
            doc->root ? "JSON: byte %ld: expected the end" : "JSON: byte %ld: broken",
            (long)(end - bytes));
    jdoc_free(&doc);
    return -1;
}

void jdoc_free(struct jdoc **doc)
{
    if (!*doc)
        return;
    arena_fini(&(*doc)->arena);
    mem_free(*doc);
    *doc = NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const cJSON *item_of(const struct jval *v)
{
    return (const cJSON *)v;
}

static const struct jval *jval_of(const cJSON *item)
{
    return (const struct jval *)item;
}

const struct jval *jdoc_root(const struct jdoc *doc)
{
    return doc ? jval_of(doc->root) : NULL;
}

const struct jval *jval_get(const struct jval *object, const char *name)
{
    if (!jval_is_object(object))
        return NULL;
    return jval_of(cJSON_GetObjectItemCaseSensitive(item_of(object), name));
}

const struct jval *jval_path(const struct jval *object, const char *dotted)
{
    char name[MAX_NAME_BYTES];

    while (object) {
        size_t n = strcspn(dotted, ".");

        check(n < sizeof(name));
        memcpy(name, dotted, n);
        name[n] = '\0';
        object = jval_get(object, name);
        if (!dotted[n])
            break;
        dotted += n + 1;
    }
    return object;
}

bool jval_is_object(const struct jval *v)
{
    return cJSON_IsObject(item_of(v));
}

bool jval_is_array(const struct jval *v)
{
    return cJSON_IsArray(item_of(v));
}

bool jval_is_string(const struct jval *v)
{
    return cJSON_IsString(item_of(v));
}

bool jval_is_null(const struct jval *v)
{
    return cJSON_IsNull(item_of(v));
}

const char *jval_str(const struct jval *v, const char *otherwise)
{
    return jval_is_string(v) ? item_of(v)->valuestring : otherwise;
}

int64_t jval_int(const struct jval *v, int64_t otherwise)
{
    double number;

    if (!cJSON_IsNumber(item_of(v)))
        return otherwise;
    number = item_of(v)->valuedouble;
    if (number >= 0x1p63)
        return INT64_MAX;
    if (number <= -0x1p63)
        return INT64_MIN;
    return (int64_t)number;
}

double jval_num(const struct jval *v, double otherwise)
{
    return cJSON_IsNumber(item_of(v)) ? item_of(v)->valuedouble : otherwise;
}

bool jval_bool(const struct jval *v, bool otherwise)
{
    return cJSON_IsBool(item_of(v)) ? cJSON_IsTrue(item_of(v)) : otherwise;
}

const char *jval_get_str(const struct jval *object, const char *name, const char *otherwise)
{
    return jval_str(jval_get(object, name), otherwise);
}

int64_t jval_get_int(const struct jval *object, const char *name, int64_t otherwise)
{
    return jval_int(jval_get(object, name), otherwise);
}

bool jval_get_bool(const struct jval *object, const char *name, bool otherwise)
{
    return jval_bool(jval_get(object, name), otherwise);
}

const struct jval *jval_first(const struct jval *v)
{
    return jval_is_object(v) || jval_is_array(v) ? jval_of(item_of(v)->child) : NULL;
}

const struct jval *jval_next(const struct jval *child)
{
    return child ? jval_of(item_of(child)->next) : NULL;
}

const char *jval_name(const struct jval *child)
{
    return child && item_of(child)->string ? item_of(child)->string : "";
}

size_t jval_count(const struct jval *v)
{
    size_t n = 0;

    for (const struct jval *at = jval_first(v); at; at = jval_next(at))
        n++;
    return n;
}
