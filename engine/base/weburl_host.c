/* SPDX-License-Identifier: MIT */
/* weburl_host.c - names, IPv4 numbers in all their spellings, IPv6 (URL Standard 3.5); IDNA by
 * libidn2. */
#include "base/weburl_priv.h"

#include "base/buf.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>

/* ---- IPv6 ---- */

/* Where the longest run of two or more zero pieces begins; 8: none. */
static size_t longest_zeros(const uint16_t pieces[8], size_t *len_out)
{
    size_t best = 8, best_len = 1;

    for (size_t i = 0; i < 8; i++) {
        size_t n = 0;

        while (i + n < 8 && pieces[i + n] == 0)
            n++;
        if (n > best_len) {
            best = i;
            best_len = n;
        }
    }
    *len_out = best_len;
    return best;
}

static const char *parse_ipv6(struct arena *arena, const char *text, size_t len)
{
    char copy[64], out[64];
    unsigned char bytes[16];
    uint16_t pieces[8];
    size_t zeros, zeros_len, n = 0;

    if (len >= sizeof(copy) || memchr(text, '\0', len))
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET6, copy, bytes) != 1)
        return NULL;
    for (size_t i = 0; i < 8; i++)
        pieces[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    zeros = longest_zeros(pieces, &zeros_len);
    for (size_t i = 0; i < 8; i++) {
        if (i == zeros) {
            n += (size_t)snprintf(out + n, sizeof(out) - n, i == 0 ? "::" : ":");
            i += zeros_len - 1;
            continue;
        }
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%x%s", pieces[i], i < 7 ? ":" : "");
    }
    return arena_printf(arena, "[%s]", out);
}

/* ---- IPv4 ---- */

/* "12", "0x0c", "014"; false where it is none. Saturates past 2^32. */
static bool ipv4_number(const char *text, size_t len, uint64_t *out)
{
    int base = 10;

    if (len == 0)
        return false;
    if (len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        len -= 2;
    } else if (len >= 2 && text[0] == '0') {
        base = 8;
        text++;
        len--;
    }
    for (*out = 0; len > 0; text++, len--) {
        int digit = isdigit((unsigned char)*text)    ? *text - '0'
                    : isxdigit((unsigned char)*text) ? tolower((unsigned char)*text) - 'a' + 10
                                                     : 99;

        if (digit >= base)
            return false;
        *out = *out > UINT32_MAX ? *out : *out * (uint64_t)base + (uint64_t)digit;
    }
    return true;
}

/* Does the last label make it a number (URL Standard, "ends in a number checker")? */
static bool ends_in_number(const char *host)
{
    size_t len = strlen(host);
    const char *last;
    uint64_t unused;

    if (len > 0 && host[len - 1] == '.')
        len--;
    last = host + len;
    while (last > host && last[-1] != '.')
        last--;
    len -= (size_t)(last - host);
    if (len > 0 && strspn(last, "0123456789") >= len)
        return true;
    return ipv4_number(last, len, &unused);
}

static const char *parse_ipv4(struct arena *arena, const char *host)
{
    uint64_t parts[4], address;
    size_t n = 0;
    const char *at = host;

    for (;;) {
        size_t len = strcspn(at, ".");

        if (n == 4 || !ipv4_number(at, len, &parts[n]))
            return NULL;
        n++;
        at += len;
        if (*at == '\0' || at[1] == '\0')
            break;
        at++;
    }
    address = parts[n - 1];
    if (address >= (n == 1 ? UINT64_C(1) << 32 : UINT64_C(1) << (8 * (5 - n))))
        return NULL;
    for (size_t i = 0; i + 1 < n; i++) {
        if (parts[i] > 255)
            return NULL;
        address += parts[i] << (8 * (3 - i));
    }
    return arena_printf(arena, "%u.%u.%u.%u", (unsigned)(address >> 24) & 255,
                        (unsigned)(address >> 16) & 255, (unsigned)(address >> 8) & 255,
                        (unsigned)address & 255);
}

/* ---- names ---- */

static bool is_plain_ascii(const char *host)
{
    for (const char *at = host; *at; at++)
        if ((unsigned char)*at >= 0x80)
            return false;
    for (const char *at = host; at; at = strchr(at, '.'), at = at ? at + 1 : NULL)
        if (!strncasecmp(at, "xn--", 4))
            return false;
    return true;
}

static const char *to_ascii(struct arena *arena, char *host)
{
    char *ascii = NULL;
    const char *copy;

    if (is_plain_ascii(host)) {
        for (char *at = host; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        return host;
    }
    if (idn2_to_ascii_8z(host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return NULL;
    copy = arena_strdup(arena, ascii);
    idn2_free(ascii);
    return copy;
}

static bool has_forbidden(const char *host)
{
    for (const char *at = host; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || strchr("#/:<>?@[\\]^|%", *at))
            return true;
    return false;
}

/* The standard refuses blanks; Chrome writes them so. */
static const char *with_blanks_encoded(struct arena *arena, const char *host)
{
    struct buf out;
    const char *copy;

    if (!strchr(host, ' '))
        return host;
    buf_init(&out, BUF_MAX_DEFAULT);
    for (; *host; host++)
        if (*host == ' ')
            buf_adds(&out, "%20");
        else
            buf_addc(&out, *host);
    copy = arena_strndup(arena, buf_str(&out), out.len);
    buf_fini(&out);
    return copy;
}

const char *weburl_host_parse(struct arena *arena, const char *text, size_t len)
{
    const char *host;
    char *decoded;
    size_t decoded_len;

    if (len == 0)
        return NULL;
    if (*text == '[')
        return text[len - 1] == ']' ? parse_ipv6(arena, text + 1, len - 2) : NULL;
    decoded = weburl_percent_decode(arena, text, len, &decoded_len);
    if (strlen(decoded) != decoded_len || !str_utf8_valid(decoded, decoded_len))
        return NULL;
    host = to_ascii(arena, decoded);
    if (!host || !*host || has_forbidden(host))
        return NULL;
    return ends_in_number(host) ? parse_ipv4(arena, host) : with_blanks_encoded(arena, host);
}
