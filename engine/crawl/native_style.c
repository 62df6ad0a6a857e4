/* SPDX-License-Identifier: MIT */
/* native_style.c - `background-image` of a style attribute, as element.style gives it.
 *
 * Enough of CSS Syntax 3 to find declarations and addresses: strings, escapes, comments, brackets. A
 * declaration that a browser would drop for other reasons (an unknown word beside the address) is
 * not seen as such.
 */
#include "crawl/native_priv.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct found {
    const char *address; /* NULL: none */
    bool is_important;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static const char *behind_string(const char *at, const char *end)
{
    char quote = *at++;

    while (at < end && *at != quote)
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

static const char *behind_comment(const char *at, const char *end)
{
    const char *close = memmem(at + 2, (size_t)(end - at) - 2, "*/", 2);

    return close ? close + 2 : end;
}

static const char *without_comments(struct arena *arena, const char *style)
{
    const char *end = style + strlen(style);
    const char *copy;
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    for (const char *at = style; at < end;) {
        const char *from = at;

        if (*at == '/' && at[1] == '*') {
            at = behind_comment(at, end);
            continue;
        }
        if (*at == '"' || *at == '\'')
            at = behind_string(at, end);
        else if (!strncasecmp(at, "url(", 4))
            at += strcspn(at, ")\"'"); /* "//" and "/ *" belong to an address */
        else
            at += *at == '\\' && at + 1 < end ? 2 : 1;
        buf_add(&out, from, (size_t)(at - from));
    }
    copy = arena_strndup(arena, buf_str(&out), out.len);
    buf_fini(&out);
    return copy;
}

/* Where the declaration that begins at `at` ends: at a ';' outside of brackets and strings. */
static const char *declaration_end(const char *at, const char *end)
{
    int depth = 0;

    while (at < end) {
        if (*at == '"' || *at == '\'') {
            at = behind_string(at, end);
            continue;
        }
        if (*at == ';' && depth == 0)
            return at;
        if (*at == '(' || *at == '[' || *at == '{')
            depth++;
        else if ((*at == ')' || *at == ']' || *at == '}') && depth > 0)
            depth--;
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    }
    return end;
}

/* An escape, behind its backslash. */
static const char *add_escape(const char *at, const char *end, struct buf *out)
{
    unsigned code = 0;
    int digits = 0;

    for (; digits < 6 && at < end && isxdigit((unsigned char)*at); digits++, at++)
        code = code * 16 +
               (unsigned)(isdigit((unsigned char)*at) ? *at - '0' : (*at | 0x20) - 'a' + 10);
    if (digits == 0) {
        if (at < end)
            buf_addc(out, *at++);
        return at;
    }
    utf8_add(out,
             code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code);
    return at < end && is_space(*at) ? at + 1 : at;
}

/* The address of "url(" behind its bracket. False: no address, and no declaration. */
static bool read_address(const char *at, const char *end, struct buf *out)
{
    char quote = '\0';

    while (at < end && is_space(*at))
        at++;
    if (at < end && (*at == '"' || *at == '\''))
        quote = *at++;
    for (; at < end; at++) {
        if (*at == '\\') {
            at = add_escape(at + 1, end, out) - 1;
        } else if (quote ? *at == quote : *at == ')') {
            break;
        } else if (!quote && is_space(*at)) {
            while (at < end && is_space(*at))
                at++;
            if (at < end && *at != ')')
                return false;
            break;
        } else if (!quote && strchr("\"'(", *at)) {
            return false;
        } else {
            buf_addc(out, *at);
        }
    }
    return true;
}

/* What extract.js finds in the written form, url("..."), in which quotes and backslashes are escaped:
 * up to the first quote with a bracket behind it. */
static const char *as_written(struct arena *arena, const struct buf *address)
{
    struct buf out;
    const char *copy;

    buf_init(&out, BUF_MAX_DEFAULT);
    for (const char *at = buf_str(address); *at; at++) {
        size_t blanks = strspn(at + 1, " \t\n\r\f");

        if (*at == '"' || *at == '\\')
            buf_addc(&out, '\\');
        if (*at == '"' && at[1 + blanks] == ')')
            break;
        buf_addc(&out, *at);
    }
    copy = arena_strndup(arena, buf_str(&out), out.len);
    buf_fini(&out);
    return copy;
}

/* The first "url(" of a value, which is no part of a longer name. */
static const char *address_in(const char *from, const char *end)
{
    for (const char *at = from; at + 4 <= end;) {
        if (*at == '"' || *at == '\'') {
            at = behind_string(at, end);
        } else if (!strncasecmp(at, "url(", 4) &&
                   (at == from || !(isalnum((unsigned char)at[-1]) || at[-1] == '-'))) {
            return at + 4;
        } else {
            at++;
        }
    }
    return NULL;
}

static bool is_named(const char *name, size_t len, const char *wanted)
{
    return strlen(wanted) == len && !strncasecmp(name, wanted, len);
}

static void read_declaration(struct arena *arena, const char *at, const char *end,
                             struct found *found)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    const char *name_end = colon;
    const char *from;
    struct buf address;
    bool is_important;

    if (!colon)
        return;
    while (name_end > at && is_space(name_end[-1]))
        name_end--;
    if (!is_named(at, (size_t)(name_end - at), "background-image") &&
        !is_named(at, (size_t)(name_end - at), "background"))
        return;
    is_important = memmem(colon, (size_t)(end - colon), "!important", 10) != NULL;
    if ((found->is_important && !is_important) || memmem(colon, (size_t)(end - colon), "var(", 4))
        return;
    from = address_in(colon + 1, end);
    buf_init(&address, BUF_MAX_DEFAULT);
    if (!from) {
        *found = (struct found){NULL, is_important};
    } else if (read_address(from, end, &address)) {
        *found = (struct found){as_written(arena, &address), is_important};
    }
    buf_fini(&address);
}

const char *native_background(struct arena *arena, const struct html_node *element)
{
    const char *style = html_attr(element, "style");
    struct found found = {0};
    const char *end;

    if (!style || !strcasestr(style, "url("))
        return NULL;
    style = without_comments(arena, style);
    end = style + strlen(style);
    for (const char *at = style; at < end;) {
        const char *stop;

        if (is_space(*at) || *at == ';') {
            at++;
        } else {
            stop = declaration_end(at, end);
            read_declaration(arena, at, stop, &found);
            at = stop;
        }
    }
    return found.address;
}
