/* SPDX-License-Identifier: MIT */
/* envelope.c - one pass over a message's top level; see envelope.h.
 *
 * Strings are skipped by memchr(3) from quote to quote: payloads are mostly text, and a quote that belongs to
 * the text has an odd number of backslashes before it.
 */
#include "cdp/envelope.h"

#include <string.h>

struct cursor {
    char *at;
    char *end;
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool is_escaped(const char *quote, const char *start)
{
    const char *back = quote;

    while (back > start && back[-1] == '\\')
        back--;
    return (quote - back) % 2 == 1;
}

/* The cursor stands after the opening quote; it ends after the closing one. */
static bool skip_string(struct cursor *c, struct span *out)
{
    char *start = c->at;
    char *quote = start;

    while ((quote = memchr(quote, '"', (size_t)(c->end - quote))) && is_escaped(quote, start))
        quote++;
    if (!quote)
        return false;
    *out = (struct span){start, (size_t)(quote - start)};
    c->at = quote + 1;
    return true;
}

/* The cursor stands after the opening bracket. Kinds of brackets are not told apart: a payload that mixes them
 * is found out by its parser. */
static bool skip_container(struct cursor *c)
{
    size_t depth = 1;
    struct span ignored;

    while (c->at < c->end) {
        switch (*c->at++) {
        case '"':
            if (!skip_string(c, &ignored))
                return false;
            break;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return true;
            break;
        default:
            break;
        }
    }
    return false;
}

static bool skip_word(struct cursor *c)
{
    char *start = c->at;

    while (c->at < c->end && !strchr(",}] \t\r\n", *c->at))
        c->at++;
    return c->at > start;
}

static bool skip_value(struct cursor *c, struct span *out)
{
    char *start;

    skip_space(c);
    if (c->at == c->end)
        return false;
    start = c->at;
    if (*start == '"') {
        c->at++;
        return skip_string(c, out);
    }
    if (*start == '{' || *start == '[') {
        c->at++;
        if (!skip_container(c))
            return false;
    } else if (!skip_word(c)) {
        return false;
    }
    *out = (struct span){start, (size_t)(c->at - start)};
    return true;
}

/* Ids are ours, so they are small whole numbers; anything else is no id. */
static bool read_id(const struct span *value, int64_t *out)
{
    int64_t id = 0;

    if (value->len == 0 || value->len > 18)
        return false;
    for (size_t i = 0; i < value->len; i++) {
        if (value->at[i] < '0' || value->at[i] > '9')
            return false;
        id = id * 10 + (value->at[i] - '0');
    }
    *out = id;
    return true;
}

static void take_member(struct envelope *out, const struct span *name, const struct span *value)
{
    if (span_is(name, "id"))
        out->has_id = read_id(value, &out->id);
    else if (span_is(name, "method"))
        out->method = *value;
    else if (span_is(name, "sessionId"))
        out->session_id = *value;
    else if (span_is(name, "params"))
        out->params = *value;
    else if (span_is(name, "result"))
        out->result = *value;
    else if (span_is(name, "error"))
        out->error = *value;
}

static bool read_members(struct cursor *c, struct envelope *out)
{
    struct span name, value;

    do {
        if (!take(c, '"') || !skip_string(c, &name) || !take(c, ':') || !skip_value(c, &value))
            return false;
        take_member(out, &name, &value);
    } while (take(c, ','));
    return take(c, '}');
}

int envelope_read(char *bytes, size_t len, struct envelope *out)
{
    struct cursor c = {bytes, bytes + len};

    *out = (struct envelope){0};
    if (!take(&c, '{'))
        return -1;
    if (!take(&c, '}') && !read_members(&c, out))
        return -1;
    skip_space(&c);
    return c.at == c.end ? 0 : -1;
}

bool span_is(const struct span *span, const char *text)
{
    size_t len = strlen(text);

    return span->at && span->len == len && memcmp(span->at, text, len) == 0;
}
