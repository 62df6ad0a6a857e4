/* SPDX-License-Identifier: MIT */
/* str.c - text helpers; see str.h. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t len = strlen(s);
    size_t tail = strlen(suffix);

    return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

bool str_empty(const char *s)
{
    return !s || !*s;
}

static bool utf8_tail(const unsigned char *s, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t str_utf8_len(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return len >= 2 && utf8_tail(s, 2) ? 2 : 0;
    if ((s[0] & 0xf0) == 0xe0) {
        if (len < 3 || !utf8_tail(s, 3) || (s[0] == 0xe0 && s[1] < 0xa0) ||
            (s[0] == 0xed && s[1] > 0x9f))
            return 0;
        return 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if (len < 4 || !utf8_tail(s, 4) || (s[0] == 0xf0 && s[1] < 0x90) ||
            (s[0] == 0xf4 && s[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

bool str_utf8_valid(const char *s, size_t len)
{
    while (len) {
        size_t n = str_utf8_len(s, len);

        if (!n)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

size_t str_utf8_count(const char *s)
{
    size_t count = 0;

    for (size_t left = strlen(s); left; count++) {
        size_t n = str_utf8_len(s, left);

        n = n ? n : 1;
        s += n;
        left -= n;
    }
    return count;
}

static size_t utf8_promised(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

size_t str_cut_utf8(const char *s, size_t max_bytes)
{
    size_t len = strnlen(s, max_bytes);

    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];

        if ((c & 0xc0) != 0x80)
            return utf8_promised(c) > back ? len - back : len;
    }
    return len;
}

static uint32_t utf8_decode(const unsigned char *s, size_t n)
{
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

/* East Asian Wide and Fullwidth (Unicode UAX #11) as far as board titles use them. */
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
           (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) ||
           (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

size_t str_columns(const char *s)
{
    size_t columns = 0;

    for (size_t left = strlen(s); left;) {
        size_t n = str_utf8_len(s, left);

        columns += n && is_wide(utf8_decode((const unsigned char *)s, n)) ? 2 : 1;
        n = n ? n : 1;
        s += n;
        left -= n;
    }
    return columns;
}

char *str_trim(char *s)
{
    size_t len;

    while (isspace((unsigned char)*s))
        s++;
    len = strlen(s);
    while (len && isspace((unsigned char)s[len - 1]))
        s[--len] = '\0';
    return s;
}

char *str_next(char **rest, char sep)
{
    char *piece = *rest;
    char *cut;

    if (!piece)
        return NULL;
    cut = strchr(piece, sep);
    *rest = cut ? cut + 1 : NULL;
    if (cut)
        *cut = '\0';
    return str_trim(piece);
}

/* What most numbers are, and what can't overflow: up to 18 digits and nothing else. */
static bool is_short_number(const char *s, int64_t *out)
{
    const char *at = s;

    for (*out = 0; *at >= '0' && *at <= '9' && at - s < 18; at++)
        *out = *out * 10 + (*at - '0');
    return at > s && !*at;
}

int str_to_int(const char *s, int64_t min, int64_t max, int64_t *out, struct err *err)
{
    char *end;
    int64_t number;
    long long value;

    if (is_short_number(s, &number) && number >= min && number <= max) {
        *out = number;
        return 0;
    }
    errno = 0;
    value = strtoll(s, &end, 10);
    if (end == s || *end || isspace((unsigned char)*s))
        return err_set(err, ERR_CONFIG, "\"%s\": expected a whole number", s);
    if (errno == ERANGE || value < min || value > max)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a number from %lld to %lld", s,
                       (long long)min, (long long)max);
    *out = value;
    return 0;
}

int str_to_bool(const char *s, bool *out, struct err *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(s, words[i]) == 0) {
            *out = i & 1;
            return 0;
        }
    return err_set(err, ERR_CONFIG, "\"%s\": expected yes or no", s);
}

struct unit {
    const char *name;
    int64_t factor;
};

static int scaled(const char *s, const struct unit *units, size_t n, const char *expected,
                  int64_t *out, struct err *err)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(s, &end, 10);
    if (end != s && !errno && value >= 0)
        for (size_t i = 0; i < n; i++)
            if (strcasecmp(end, units[i].name) == 0 && value <= INT64_MAX / units[i].factor) {
                *out = value * units[i].factor;
                return 0;
            }
    return err_set(err, ERR_CONFIG, "\"%s\": expected %s", s, expected);
}

int str_to_duration_ms(const char *s, int64_t *out, struct err *err)
{
    static const struct unit units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    if (str_eq(s, "0")) {
        *out = 0;
        return 0;
    }
    return scaled(s, units, ARRAY_LEN(units), "a time with its unit, like 500ms, 2s, 5m, 1h or 30d",
                  out, err);
}

int str_to_bytes(const char *s, int64_t *out, struct err *err)
{
    static const struct unit units[] = {{"", 1},         {"K", 1 << 10},   {"M", 1 << 20},
                                        {"G", 1 << 30},  {"KiB", 1 << 10}, {"MiB", 1 << 20},
                                        {"GiB", 1 << 30}};

    return scaled(s, units, ARRAY_LEN(units), "a size like 512K, 64M or 1G", out, err);
}

static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64];
    size_t blen = strlen(b);

    if (blen >= ARRAY_LEN(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= blen; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= blen; j++) {
            size_t best = diagonal + (*a != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[blen];
}

const char *str_nearest(const char *word, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 2;

    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, names[i]);

        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

int64_t str_int_of(const char *s)
{
    bool is_minus = *s == '-';
    uint64_t n = 0;

    for (s += is_minus; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (uint64_t)(*s - '0');
    return (int64_t)(is_minus ? -n : n);
}

char *str_put_int(char *out, int64_t n)
{
    char digits[STR_INT_BYTES];
    char *at = digits + sizeof(digits);
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    size_t len;

    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        *--at = '-';
    len = (size_t)(digits + sizeof(digits) - at);
    memcpy(out, at, len);
    out[len] = '\0';
    return out + len;
}

void str_hex(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}
