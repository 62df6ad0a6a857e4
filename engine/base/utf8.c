/* SPDX-License-Identifier: MIT */
/* utf8.c - decoding with replacement, and JavaScript's idea of blanks and lengths. */
#include "base/utf8.h"

#include "base/str.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* How many bytes of s, which begins no character, are one error: those that one could begin with. */
static size_t error_len(const unsigned char *s, size_t len)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t want = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                  : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                  : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                 : 1;
    size_t n = 1;

    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    while (n < want && n < len && s[n] >= low && s[n] <= high) {
        low = 0x80;
        high = 0xbf;
        n++;
    }
    return n;
}

void utf8_add_lossy(struct buf *out, const char *bytes, size_t len)
{
    size_t from = 0, at = 0;

    while (at < len) {
        size_t n = (unsigned char)bytes[at] < 0x80 ? 1 : str_utf8_len(bytes + at, len - at);

        if (n > 0) {
            at += n;
            continue;
        }
        buf_add(out, bytes + from, at - from);
        buf_adds(out, REPLACEMENT);
        at += error_len((const unsigned char *)bytes + at, len - at);
        from = at;
    }
    buf_add(out, bytes + from, at - from);
}

void utf8_add(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_addc(out, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            buf_addc(out, (char)(0xe0 | c >> 12));
        } else {
            buf_addc(out, (char)(0xf0 | c >> 18));
            buf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_addc(out, (char)(0x80 | (c & 0x3f)));
}

uint32_t utf8_char(const char *s, size_t len, size_t *n_out)
{
    const unsigned char *u = (const unsigned char *)s;

    if (u[0] < 0x80 || len < 2) {
        *n_out = 1;
        return u[0];
    }
    if (u[0] < 0xe0 || len < 3) {
        *n_out = 2;
        return (uint32_t)(u[0] & 0x1f) << 6 | (u[1] & 0x3fu);
    }
    if (u[0] < 0xf0 || len < 4) {
        *n_out = 3;
        return (uint32_t)(u[0] & 0x0f) << 12 | (uint32_t)(u[1] & 0x3f) << 6 | (u[2] & 0x3fu);
    }
    *n_out = 4;
    return (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3f) << 12 |
           (uint32_t)(u[2] & 0x3f) << 6 | (u[3] & 0x3fu);
}

size_t utf8_utf16_len(const char *s, size_t len)
{
    size_t units = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        units += ((c & 0xc0) != 0x80) + (c >= 0xf0);
    }
    return units;
}

bool utf8_is_js_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

void utf8_add_collapsed(struct buf *out, const char *s, size_t len)
{
    bool is_first = true, has_space = false;

    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c = utf8_char(s + i, len - i, &n);

        if (utf8_is_js_space(c)) {
            has_space = true;
            continue;
        }
        if (has_space && !is_first)
            buf_addc(out, ' ');
        has_space = is_first = false;
        buf_add(out, s + i, n);
    }
}
