/* SPDX-License-Identifier: MIT */
/* out.c - a growing text, and the ways a page writes into it (plain, HTML, JSON, cp949). */
#include "boards/out.h"

#include <errno.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_reserve(struct out *o, size_t more)
{
    size_t cap = o->cap ? o->cap : 1024;

    if (o->len + more + 1 <= o->cap)
        return;
    while (cap < o->len + more + 1)
        cap *= 2;
    o->data = realloc(o->data, cap);
    if (!o->data) {
        fprintf(stderr, "boards: out of memory: %zu bytes\n", cap);
        abort();
    }
    o->cap = cap;
}

void out_fini(struct out *o)
{
    free(o->data);
    memset(o, 0, sizeof(*o));
}

void out_mem(struct out *o, const void *bytes, size_t len)
{
    out_reserve(o, len);
    if (len)
        memcpy(o->data + o->len, bytes, len);
    o->len += len;
    o->data[o->len] = '\0';
}

void out_str(struct out *o, const char *text)
{
    out_mem(o, text, strlen(text));
}

void out_printf(struct out *o, const char *format, ...)
{
    va_list args, again;
    int need;

    va_start(args, format);
    va_copy(again, args);
    need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need > 0) {
        out_reserve(o, (size_t)need);
        vsnprintf(o->data + o->len, (size_t)need + 1, format, again);
        o->len += (size_t)need;
    }
    va_end(again);
}

const char *out_text(const struct out *o)
{
    return o->data ? o->data : "";
}

void out_html(struct out *o, const char *text, bool raw_amp)
{
    for (; *text; text++) {
        if (*text == '&')
            out_str(o, raw_amp && text[1] == ' ' ? "&" : "&amp;");
        else if (*text == '<')
            out_str(o, "&lt;");
        else if (*text == '>')
            out_str(o, "&gt;");
        else if (*text == '"')
            out_str(o, "&quot;");
        else
            out_mem(o, text, 1);
    }
}

void out_json(struct out *o, const char *text)
{
    out_str(o, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            out_printf(o, "\\%c", *text);
        else if (*text == '/' && o->len && o->data[o->len - 1] == '<')
            out_str(o, "\\/");
        else if ((unsigned char)*text < 0x20)
            out_printf(o, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            out_mem(o, text, 1);
    }
    out_str(o, "\"");
}

void out_json_or_null(struct out *o, const char *text)
{
    if (text)
        out_json(o, text);
    else
        out_str(o, "null");
}

/* Length of the UTF-8 character that starts with lead; 1 for what can't start one. */
static size_t utf8_len(unsigned char lead)
{
    if (lead >= 0xf0)
        return 4;
    if (lead >= 0xe0)
        return 3;
    return lead >= 0xc0 ? 2 : 1;
}

static unsigned utf8_code(const unsigned char *s, size_t len)
{
    unsigned code = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));
    size_t i;

    for (i = 1; i < len; i++)
        code = code << 6 | (s[i] & 0x3fu);
    return code;
}

void out_cp949(struct out *o, const char *utf8, size_t len)
{
    iconv_t conv = iconv_open("CP949", "UTF-8");
    char *in = (char *)(size_t)utf8; /* iconv takes char ** but writes nothing there */
    size_t left = len;

    if (conv == (iconv_t)-1) {
        fprintf(stderr, "boards: the C library has no CP949 converter\n");
        abort();
    }
    while (left) {
        char chunk[512], *to = chunk;
        size_t room = sizeof(chunk), width;
        size_t got = iconv(conv, &in, &left, &to, &room);
        int why = errno;

        out_mem(o, chunk, (size_t)(to - chunk));
        if (got != (size_t)-1 || why == E2BIG)
            continue;
        width = utf8_len((unsigned char)*in);
        width = width > left ? left : width;
        out_printf(o, "&#%u;", utf8_code((const unsigned char *)in, width));
        in += width;
        left -= width;
    }
    iconv_close(conv);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void out_url_decoded(struct out *o, const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];

        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        out_mem(o, &c, 1);
    }
    out_mem(o, "", 0);
}

void out_url_encoded(struct out *o, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            c == '-' || c == '_')
            out_mem(o, text, 1);
        else
            out_printf(o, "%%%02X", (unsigned)c);
    }
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void out_base64(struct out *o, const char *bytes, size_t len)
{
    size_t i, k;

    for (i = 0; i < len; i += 3) {
        unsigned long three = 0;

        for (k = 0; k < 3; k++)
            three = three << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
        for (k = 0; k < 4; k++)
            out_mem(o, i + k <= len ? &base64_digits[three >> (18 - 6 * k) & 63] : "=", 1);
    }
}

void out_base64_decoded(struct out *o, const char *text, size_t len)
{
    unsigned long bits = 0;
    size_t i;
    int have = 0;

    for (i = 0; i < len; i++) {
        const char *digit = text[i] ? strchr(base64_digits, text[i]) : NULL;

        if (!digit)
            return;
        bits = bits << 6 | (unsigned long)(digit - base64_digits);
        have += 6;
        if (have >= 8) {
            char byte = (char)(bits >> (have - 8) & 0xff);

            have -= 8;
            out_mem(o, &byte, 1);
        }
    }
}

void out_grouped(struct out *o, long n)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%ld", n < 0 ? -n : n), i;

    if (n < 0)
        out_str(o, "-");
    for (i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out_str(o, ",");
        out_mem(o, digits + i, 1);
    }
}
