/* SPDX-License-Identifier: MIT */
/* cursor.c - see cursor.h. */
#include "api/cursor.h"

#include <stddef.h>
#include <string.h>

enum { VERSION = 1, KEY_BYTES = 17, CURSOR_BYTES = 21 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_be(unsigned char *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        out[i] = (unsigned char)value;
}

static uint64_t get_be(const unsigned char *in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

/* FNV-1a */
static uint32_t checksum(const unsigned char *bytes)
{
    uint32_t hash = 2166136261u;

    for (int i = 0; i < KEY_BYTES; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

void cursor_format(const struct cursor *cursor, char out[CURSOR_CHARS + 1])
{
    unsigned char bytes[CURSOR_BYTES];

    bytes[0] = VERSION;
    put_be(bytes + 1, (uint64_t)cursor->sort_at_ms, 8);
    put_be(bytes + 9, (uint64_t)cursor->id, 8);
    put_be(bytes + KEY_BYTES, checksum(bytes), 4);
    for (int i = 0; i < CURSOR_BYTES / 3; i++) {
        uint32_t three = (uint32_t)get_be(bytes + 3 * i, 3);

        for (int k = 0; k < 4; k++)
            out[4 * i + k] = alphabet[three >> (18 - 6 * k) & 63];
    }
    out[CURSOR_CHARS] = '\0';
}

static bool decode(const char *text, unsigned char bytes[CURSOR_BYTES])
{
    for (int i = 0; i < CURSOR_CHARS / 4; i++) {
        uint32_t three = 0;

        for (int k = 0; k < 4; k++) {
            const char *at = strchr(alphabet, text[4 * i + k]);

            if (!at)
                return false;
            three = three << 6 | (uint32_t)(at - alphabet);
        }
        put_be(bytes + 3 * i, three, 3);
    }
    return true;
}

bool cursor_parse(const char *text, struct cursor *out)
{
    unsigned char bytes[CURSOR_BYTES];

    if (strlen(text) != CURSOR_CHARS || !decode(text, bytes))
        return false;
    if (bytes[0] != VERSION || get_be(bytes + KEY_BYTES, 4) != checksum(bytes))
        return false;
    out->sort_at_ms = (int64_t)get_be(bytes + 1, 8);
    out->id = (int64_t)get_be(bytes + 9, 8);
    return out->id >= 0;
}
