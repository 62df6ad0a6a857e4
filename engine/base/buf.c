/* SPDX-License-Identifier: MIT */
/* buf.c - bounded growing bytes; doubling growth, one realloc per doubling. */
#include "base/buf.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

void buf_fini(struct buf *buf)
{
    mem_free(buf->data);
    buf_init(buf, buf->max_bytes);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Room for `extra` more bytes and the NUL; false past the maximum, where the buffer stays as it
 * is. */
static bool buf_reserve(struct buf *buf, size_t extra)
{
    size_t cap = buf->cap ? buf->cap : 64;

    if (buf->overflowed || extra > buf->max_bytes || buf->len > buf->max_bytes - extra) {
        buf->overflowed = true;
        return false;
    }
    while (cap < buf->len + extra + 1)
        cap *= 2;
    if (cap != buf->cap) {
        buf->data = mem_realloc(buf->data, cap);
        buf->cap = cap;
    }
    return true;
}

void buf_want(struct buf *buf, size_t extra)
{
    if (extra <= buf->max_bytes - buf->len)
        buf_reserve(buf, extra);
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (!buf_reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *s)
{
    buf_add(buf, s, strlen(s));
}

void buf_addc(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_vaddf(struct buf *buf, const char *fmt, va_list args)
{
    size_t room = buf->cap - buf->len;
    va_list again;
    int need;

    /* Most fits into what is there, and is then written by the first of the two calls. */
    va_copy(again, args);
    need = vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, again);
    va_end(again);
    check(need >= 0);
    if ((size_t)need >= room || buf->overflowed || (size_t)need > buf->max_bytes - buf->len) {
        if (room)
            buf->data[buf->len] = '\0';
        if (!buf_reserve(buf, (size_t)need))
            return;
        vsnprintf(buf->data + buf->len, (size_t)need + 1, fmt, args);
    }
    buf->len += (size_t)need;
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    buf_vaddf(buf, fmt, args);
    va_end(args);
}

void buf_add_int(struct buf *buf, int64_t n)
{
    char digits[STR_INT_BYTES];

    buf_add(buf, digits, (size_t)(str_put_int(digits, n) - digits));
}

static void add_json_byte(struct buf *buf, unsigned char c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *p = shorts; *p; p += 2)
        if (c == (unsigned char)p[0]) {
            buf_addc(buf, '\\');
            buf_addc(buf, p[1]);
            return;
        }
    if (c < 0x20 || c == '<' || c == 0x7f)
        buf_addf(buf, "\\u%04x", c);
    else
        buf_addc(buf, (char)c);
}

/* The bytes from s on that stand in a JSON string as they are. */
static size_t json_plain_len(const char *s, const char *end)
{
    static const bool is_plain[256] = {
        [' ' ... '!'] = true, ['#' ... ';'] = true, ['=' ... '['] = true, [']' ... '~'] = true};
    const char *at = s;

    for (;;) {
        size_t n;

        while (at < end && is_plain[(unsigned char)*at])
            at++;
        if (at == end || (unsigned char)*at < 0x80)
            break;
        n = str_utf8_len(at, (size_t)(end - at));
        if (n < 2)
            break;
        at += n;
    }
    return (size_t)(at - s);
}

void buf_add_json_n(struct buf *buf, const char *s, size_t len)
{
    const char *end = s + len;

    buf_addc(buf, '"');
    for (;;) {
        size_t plain = json_plain_len(s, end);

        buf_add(buf, s, plain);
        s += plain;
        if (s == end)
            break;
        if ((unsigned char)*s < 0x80)
            add_json_byte(buf, (unsigned char)*s);
        else
            buf_adds(buf, "\xef\xbf\xbd");
        s++;
    }
    buf_addc(buf, '"');
}

void buf_add_json(struct buf *buf, const char *s)
{
    if (s)
        buf_add_json_n(buf, s, strlen(s));
    else
        buf_adds(buf, "null");
}

void buf_add_urlenc(struct buf *buf, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c))
            buf_addc(buf, (char)c);
        else
            buf_addf(buf, "%%%02X", c);
    }
}

void buf_consume(struct buf *buf, size_t n)
{
    check(n <= buf->len);
    if (!buf->data)
        return;
    memmove(buf->data, buf->data + n, buf->len - n + 1);
    buf->len -= n;
}

const char *buf_str(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : mem_strdup("");

    buf_init(buf, buf->max_bytes);
    return data;
}
