/* SPDX-License-Identifier: MIT */
/* xml.c - see xml.h. */
#include "api/xml.h"
#include "base/str.h"

#include <string.h>

static void add_ascii(struct buf *out, unsigned char c)
{
    switch (c) {
    case '&':
        buf_adds(out, "&amp;");
        break;
    case '<':
        buf_adds(out, "&lt;");
        break;
    case '>':
        buf_adds(out, "&gt;");
        break;
    case '"':
        buf_adds(out, "&quot;");
        break;
    case '\'':
        buf_adds(out, "&#39;");
        break;
    default:
        if (c >= 0x20 || c == '\t' || c == '\n')
            buf_addc(out, (char)c);
    }
}

static bool is_no_character(const char *s, size_t len)
{
    return len == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0);
}

void xml_add(struct buf *out, const char *text)
{
    size_t left = text ? strlen(text) : 0, len;

    for (; left; text += len, left -= len) {
        len = str_utf8_len(text, left);
        if (len == 1)
            add_ascii(out, (unsigned char)*text);
        else if (len == 0)
            buf_adds(out, "\xef\xbf\xbd");
        else if (!is_no_character(text, len))
            buf_add(out, text, len);
        len = len ? len : 1;
    }
}

void xml_add_element(struct buf *out, const char *name, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "<%s>", name);
    xml_add(out, text);
    buf_addf(out, "</%s>\n", name);
}
