/* SPDX-License-Identifier: MIT */
/* params.c - decoding and checking of query parameters; see params.h. */
#include "api/params.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 100 /* of a value at fault */ };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode in place; `plus` makes '+' a blank, as forms write it. */
static int decode(char *s, bool plus, struct err *err)
{
    char *out = s;
    char *from = s;

    for (; *s; s++) {
        int high, low;

        if (*s != '%') {
            *out++ = plus && *s == '+' ? ' ' : *s;
            continue;
        }
        high = hex_digit(s[1]);
        low = high < 0 ? -1 : hex_digit(s[2]);
        if (low < 0)
            return err_set(err, ERR_USAGE,
                           "the address holds a '%%' without two hexadecimal digits");
        if (high == 0 && low == 0)
            return err_set(err, ERR_USAGE, "the address holds a NUL byte");
        *out++ = (char)(high * 16 + low);
        s += 2;
    }
    *out = '\0';
    if (!str_utf8_valid(from, (size_t)(out - from)))
        return err_set(err, ERR_USAGE, "the address is not UTF-8");
    return 0;
}

static int add_item(struct params *params, char *item, bool plain, struct err *err)
{
    char *value = strchr(item, '=');

    if (!*item)
        return 0;
    if (params->n == PARAMS_MAX)
        return err_set(err, ERR_USAGE, "more than %d parameters", PARAMS_MAX);
    if (value)
        *value++ = '\0';
    else
        value = item + strlen(item);
    if (!plain && (decode(item, true, err) < 0 || decode(value, true, err) < 0))
        return -1;
    params->items[params->n++] = (struct param){item, value};
    return 0;
}

/* "http://host/path" (RFC 9112 section 3.2.2) to "/path". */
static const char *origin_form(const char *target)
{
    const char *authority = strstr(target, "://");
    const char *slash;

    if (*target == '/' || !authority)
        return target;
    slash = strchr(authority + 3, '/');
    return slash ? slash : "/";
}

/* Nothing to be decoded, and ASCII. */
static bool is_plain(const char *s)
{
    while (*s && (unsigned char)*s < 0x80 && *s != '%' && *s != '+')
        s++;
    return !*s;
}

static size_t most_items(const char *query)
{
    size_t n = 1;

    while (n < PARAMS_MAX && (query = strchr(query, '&'))) {
        query++;
        n++;
    }
    return n;
}

int params_parse(struct params *params, struct arena *arena, const char *target, struct err *err)
{
    char *path = arena_strdup(arena, origin_form(target));
    char *query = strchr(path, '?');
    bool plain = is_plain(path);
    size_t len;

    *params = (struct params){.path = path, .wrong = ""};
    if (query)
        *query++ = '\0';
    if (!plain && decode(path, false, err) < 0)
        return -1;
    len = strlen(path);
    if (len > 1 && path[len - 1] == '/')
        path[len - 1] = '\0';
    if (query)
        params->items = arena_array(arena, struct param, most_items(query));
    while (query) {
        char *next = strchr(query, '&');

        if (next)
            *next++ = '\0';
        if (add_item(params, query, plain, err) < 0)
            return -1;
        query = next;
    }
    return 0;
}

const char *params_get(const struct params *params, const char *name)
{
    for (size_t i = params->n; i-- > 0;)
        if (str_eq(params->items[i].name, name))
            return params->items[i].value;
    return NULL;
}

int params_wrong(struct params *params, const char *name, const char *expected, struct err *err)
{
    const char *value = params_get(params, name);

    params->wrong = name;
    if (!value)
        value = "";
    return err_set(err, ERR_USAGE, "%s: \"%.*s\": expected %s", name,
                   (int)str_cut_utf8(value, SHOWN_BYTES), value, expected);
}

static int unknown(struct params *params, const char *name, const char *const *names, size_t n,
                   struct err *err)
{
    char list[256] = "";

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(list);

        snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
    }
    params->wrong = name;
    return err_set(err, ERR_USAGE, "%.*s: unknown parameter, expected %s",
                   (int)str_cut_utf8(name, SHOWN_BYTES), name, n ? list : "none");
}

int params_only(struct params *params, const char *const *names, size_t n, struct err *err)
{
    for (size_t i = 0; i < params->n; i++) {
        const char *name = params->items[i].name;
        bool known = false;

        for (size_t k = 0; k < n; k++)
            known = known || str_eq(name, names[k]);
        if (!known)
            return unknown(params, name, names, n, err);
        for (size_t k = 0; k < i; k++)
            if (str_eq(name, params->items[k].name)) {
                params->wrong = name;
                return err_set(err, ERR_USAGE, "%s: given more than once, expected once", name);
            }
    }
    return 0;
}

int params_int(struct params *params, const char *name, int64_t min, int64_t max, int64_t *out,
               struct err *err)
{
    const char *value = params_get(params, name);
    char expected[80];

    if (!value)
        return 0;
    if (str_to_int(value, min, max, out, err) == 0)
        return 0;
    snprintf(expected, sizeof(expected), "a whole number from %lld to %lld", (long long)min,
             (long long)max);
    return params_wrong(params, name, expected, err);
}

static bool digits(const char *s, const char *pattern)
{
    for (; *pattern; s++, pattern++)
        if (*pattern == '0' ? !isdigit((unsigned char)*s) : *s != *pattern)
            return false;
    return true;
}

/* A day that its month does not have would run over into the next month. */
static bool read_date(const char *s, struct clock_civil *out)
{
    struct clock_civil back;

    if (!digits(s, "0000-00-00"))
        return false;
    *out = (struct clock_civil){.year = atoi(s), .month = atoi(s + 5), .day = atoi(s + 8)};
    clock_to_local(NULL, clock_from_local(NULL, out), &back);
    return back.year == out->year && back.month == out->month && back.day == out->day;
}

/* The part after the date: nothing, hours and minutes, or seconds as well. */
static bool read_local(const char *s, struct clock_civil *out)
{
    if (!*s)
        return true;
    if ((*s != ' ' && *s != 'T') || !digits(s + 1, "00:00"))
        return false;
    out->hour = atoi(s + 1);
    out->minute = atoi(s + 4);
    if (s[6] == ':' && digits(s + 7, "00")) {
        out->second = atoi(s + 7);
        s += 3;
    }
    return !s[6] && out->hour < 24 && out->minute < 60 && out->second < 60;
}

static int read_rfc3339(const char *value, int64_t *out_ms, struct err *err)
{
    char text[64];
    char *blank;

    if (strlen(value) >= sizeof(text))
        return -1;
    snprintf(text, sizeof(text), "%s", value);
    blank = strrchr(text, ' ');
    if (blank && blank > text + 18)
        *blank = '+';
    return clock_parse_rfc3339(text, out_ms, err);
}

int params_time(struct params *params, const char *name, const struct clock_zone *zone,
                int64_t *out_ms, struct err *err)
{
    const char *value = params_get(params, name);
    struct clock_civil civil;

    if (!value)
        return 0;
    if (read_date(value, &civil)) {
        if (read_local(value + 10, &civil)) {
            *out_ms = clock_from_local(zone, &civil);
            return 0;
        }
        if (read_rfc3339(value, out_ms, err) == 0)
            return 0;
    }
    return params_wrong(params, name,
                        "a time like 2020-03-01 12:00:00 or 2020-03-01T12:00:00+09:00", err);
}
