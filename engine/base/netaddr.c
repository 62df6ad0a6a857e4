/* SPDX-License-Identifier: MIT */
/* netaddr.c - public or private; see netaddr.h. */
#include "base/netaddr.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* ---- what is private ------------------------------------------------------------------------- */

struct range4 {
    uint32_t first;
    int bits;
    const char *kind;
};

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const struct range4 private4[] = {
    {IP4(169, 254, 169, 254), 32, "metadata"},  {IP4(100, 100, 100, 200), 32, "metadata"},
    {IP4(168, 63, 129, 16), 32, "metadata"}, /* Azure's, in the middle of public space */
    {IP4(0, 0, 0, 0), 8, "unspecified"},        {IP4(10, 0, 0, 0), 8, "private"},
    {IP4(100, 64, 0, 0), 10, "shared"},         {IP4(127, 0, 0, 0), 8, "loopback"},
    {IP4(169, 254, 0, 0), 16, "link-local"},    {IP4(172, 16, 0, 0), 12, "private"},
    {IP4(192, 0, 0, 0), 24, "reserved"},        {IP4(192, 0, 2, 0), 24, "documentation"},
    {IP4(192, 88, 99, 0), 24, "reserved"},      {IP4(192, 168, 0, 0), 16, "private"},
    {IP4(198, 18, 0, 0), 15, "benchmarking"},   {IP4(198, 51, 100, 0), 24, "documentation"},
    {IP4(203, 0, 113, 0), 24, "documentation"}, {IP4(224, 0, 0, 0), 4, "multicast"},
    {IP4(240, 0, 0, 0), 4, "reserved"},
};

static const char *private_kind4(const unsigned char bytes[4])
{
    uint32_t address = IP4(bytes[0], bytes[1], bytes[2], bytes[3]);

    for (size_t i = 0; i < ARRAY_LEN(private4); i++)
        if ((address ^ private4[i].first) >> (32 - private4[i].bits) == 0)
            return private4[i].kind;
    return NULL;
}

struct range6 {
    unsigned char first[16];
    int bits;
    const char *kind; /* NULL: judged by the IPv4 address inside */
    int inner;        /* where that is */
};

/* The first that matches tells. */
static const struct range6 ranges6[] = {
    {{0}, 128, "unspecified", 0},
    {{[15] = 1}, 128, "loopback", 0},
    {{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128, "metadata", 0},
    {{[10] = 0xff, 0xff}, 96, NULL, 12},      /* mapped */
    {{[8] = 0xff, 0xff}, 96, NULL, 12},       /* translated, RFC 2765 */
    {{0}, 96, NULL, 12},                      /* compatible */
    {{0x00, 0x64, 0xff, 0x9b}, 96, NULL, 12}, /* NAT64 */
    {{0x20, 0x02}, 16, NULL, 2},              /* 6to4 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation", 0},
    {{0x20, 0x01}, 23, "reserved", 0}, /* Teredo, ORCHID, benchmarking */
    {{0x3f, 0xff}, 20, "documentation", 0},
    {{0xfc}, 7, "unique-local", 0},
    {{0xfe, 0x80}, 10, "link-local", 0},
    {{0xfe, 0xc0}, 10, "site-local", 0},
    {{0xff}, 8, "multicast", 0},
};

static bool is_prefix(const unsigned char *first, const unsigned char *bytes, int bits)
{
    int whole = bits / 8;
    int rest = bits % 8;

    if (memcmp(bytes, first, (size_t)whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ first[whole]) >> (8 - rest) == 0;
}

static bool is_in(const unsigned char bytes[16], const struct range6 *range)
{
    return is_prefix(range->first, bytes, range->bits);
}

/* RFC 5214: the second half of the address is (02)00:5efe and an IPv4 address. */
static const char *isatap_kind(const unsigned char bytes[16])
{
    if ((bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe)
        return private_kind4(bytes + 12);
    return NULL;
}

const char *netaddr_private_kind(const struct netaddr *address)
{
    const unsigned char *bytes = address->bytes;

    for (size_t i = 0; i < ARRAY_LEN(ranges6); i++) {
        const struct range6 *range = &ranges6[i];

        if (is_in(bytes, range))
            return range->kind ? range->kind : private_kind4(bytes + range->inner);
    }
    /* Only 2000::/3 has been given out. */
    if (bytes[0] >> 5 != 1)
        return "reserved";
    return isatap_kind(bytes);
}

/* ---- addresses from elsewhere ---------------------------------------------------------------- */

static void set4(struct netaddr *out, uint32_t address)
{
    *out = (struct netaddr){.bytes = {[10] = 0xff,
                                      0xff,
                                      (unsigned char)(address >> 24),
                                      (unsigned char)(address >> 16),
                                      (unsigned char)(address >> 8),
                                      (unsigned char)address}};
}

bool netaddr_from_sockaddr(const struct sockaddr *address, struct netaddr *out)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address, sizeof(in));
        set4(out, ntohl(in.sin_addr.s_addr));
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, address, sizeof(in6));
        memcpy(out->bytes, &in6.sin6_addr, sizeof(out->bytes));
        return true;
    }
    return false;
}

void netaddr_text(const struct netaddr *address, char out[NETADDR_TEXT_BYTES])
{
    bool is_v4 = is_in(address->bytes, &(struct range6){{[10] = 0xff, 0xff}, 96, NULL, 0});

    inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), out,
              NETADDR_TEXT_BYTES);
}

/* ---- addresses and ranges as programs write them --------------------------------------------- */

bool netaddr_from_text(const char *text, struct netaddr *out)
{
    struct in_addr v4;

    if (strchr(text, ':'))
        return inet_pton(AF_INET6, text, out->bytes) == 1;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    set4(out, ntohl(v4.s_addr));
    return true;
}

/* Digits without sign, blanks or leading zeros. */
static bool parse_bits(const char *text, int max, int *out)
{
    size_t len = strlen(text);

    if (len == 0 || len > 3 || strspn(text, "0123456789") != len || (len > 1 && *text == '0'))
        return false;
    *out = atoi(text);
    return *out <= max;
}

bool netaddr_range_from_text(const char *text, struct netaddr_range *out)
{
    char address[NETADDR_TEXT_BYTES];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    int offset = memchr(text, ':', len) ? 0 : 96;

    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    out->bits = 128 - offset;
    if (!netaddr_from_text(address, &out->first) ||
        (slash && !parse_bits(slash + 1, 128 - offset, &out->bits)))
        return false;
    out->bits += offset;
    for (int bit = out->bits; bit < 128; bit++)
        if (out->first.bytes[bit / 8] & (0x80 >> (bit % 8)))
            return false;
    return true;
}

bool netaddr_range_has(const struct netaddr_range *range, const struct netaddr *address)
{
    return is_prefix(range->first.bytes, address->bytes, range->bits);
}

/* ---- hosts of URLs --------------------------------------------------------------------------- */

/* One part of an IPv4 address: decimal, 0 octal, 0x hexadecimal ("0x" alone is 0). */
static bool parse_part(const char *s, size_t len, uint64_t *out)
{
    unsigned base = 10;

    *out = 0;
    if (len == 0)
        return false;
    if (len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2, len -= 2;
    } else if (len >= 2 && s[0] == '0') {
        base = 8;
        s++, len--;
    }
    for (; len > 0; s++, len--) {
        unsigned digit = isdigit((unsigned char)*s) ? (unsigned)(*s - '0')
                         : isxdigit((unsigned char)*s)
                             ? (unsigned)(tolower((unsigned char)*s) - 'a') + 10
                             : 99;

        if (digit >= base)
            return false;
        if (*out <= UINT32_MAX) /* larger is too large already, whatever follows */
            *out = *out * base + digit;
    }
    return true;
}

/* Length without the dot that may end it. */
static size_t host_len(const char *host)
{
    size_t len = strlen(host);

    return len > 1 && host[len - 1] == '.' ? len - 1 : len;
}

static bool ends_in_a_number(const char *host, size_t len)
{
    size_t at = len;
    uint64_t ignored;

    while (at > 0 && host[at - 1] != '.')
        at--;
    if (len > at && strspn(host + at, "0123456789") >= len - at)
        return true;
    return parse_part(host + at, len - at, &ignored);
}

static bool parse_v4(const char *host, size_t len, struct netaddr *out)
{
    uint32_t address = 0;
    uint64_t part = 0;
    int n = 0;

    for (const char *at = host, *end = host + len; at <= end; n++) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        size_t part_len = (size_t)((dot ? dot : end) - at);

        if (n == 4 || !parse_part(at, part_len, &part) || (dot && part > 255))
            return false;
        if (dot)
            address |= (uint32_t)part << (24 - 8 * n);
        at += part_len + 1;
    }
    /* The last part fills what the others left. */
    if (part >= UINT64_C(1) << (8 * (5 - n)))
        return false;
    set4(out, address | (uint32_t)part);
    return true;
}

static enum netaddr_host parse_v6(const char *host, struct netaddr *out)
{
    char text[INET6_ADDRSTRLEN];
    size_t len = strlen(host);
    bool bracketed = *host == '[';

    if (bracketed && (len < 2 || host[len - 1] != ']'))
        return NETADDR_INVALID;
    host += bracketed;
    len -= bracketed ? 2 : 0;
    if (len >= sizeof(text))
        return NETADDR_INVALID;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, out->bytes) == 1 ? NETADDR_ADDRESS : NETADDR_INVALID;
}

enum netaddr_host netaddr_from_host(const char *host, struct netaddr *out)
{
    size_t len = host_len(host);

    if (len == 0)
        return NETADDR_INVALID;
    if (*host == '[' || strchr(host, ':'))
        return parse_v6(host, out);
    if (!ends_in_a_number(host, len))
        return NETADDR_NAME;
    return parse_v4(host, len, out) ? NETADDR_ADDRESS : NETADDR_INVALID;
}

bool netaddr_name_is_loopback(const char *host)
{
    static const char name[] = "localhost";
    size_t len = host_len(host);
    size_t n = strlen(name);

    if (len < n || strncasecmp(host + len - n, name, n) != 0)
        return false;
    return len == n || host[len - n - 1] == '.';
}
