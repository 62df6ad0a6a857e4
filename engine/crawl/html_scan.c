/* SPDX-License-Identifier: MIT */
/* html_scan.c - the tag level of the HTML standard's tokenizer (13.2.5), over bytes. */
#include "crawl/html_scan.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void html_scan_init(struct html_scan *scan, const char *text, size_t len)
{
    *scan = (struct html_scan){.text = text, .len = len};
}

bool html_scan_is(const struct html_scan *scan, const struct html_tag *tag, const char *name)
{
    return tag->name_len == strlen(name) &&
           !strncasecmp(scan->text + tag->name_at, name, tag->name_len);
}

static bool starts(const struct html_scan *s, size_t at, const char *word)
{
    size_t len = strlen(word);

    return s->len - at >= len && !strncasecmp(s->text + at, word, len);
}

static size_t behind(const struct html_scan *s, size_t at, char c)
{
    const char *found = at < s->len ? memchr(s->text + at, c, s->len - at) : NULL;

    return found ? (size_t)(found - s->text) + 1 : s->len;
}

/* ---- what is passed over ---- */

/* `at` stands behind "<!--". */
static size_t comment_end(const struct html_scan *s, size_t at)
{
    if (starts(s, at, ">"))
        return at + 1;
    if (starts(s, at, "->"))
        return at + 2;
    for (; at < s->len; at++) {
        if (s->text[at] != '-' || !starts(s, at, "--"))
            continue;
        if (starts(s, at, "-->"))
            return at + 3;
        if (starts(s, at, "--!>"))
            return at + 4;
    }
    return s->len;
}

static bool is_end_tag_of(const struct html_scan *s, size_t at, const char *name, size_t name_len)
{
    const char *behind_name;

    if (s->len - at < name_len + 3 || s->text[at] != '<' || s->text[at + 1] != '/' ||
        strncasecmp(s->text + at + 2, name, name_len) != 0)
        return false;
    behind_name = s->text + at + 2 + name_len;
    return is_space(*behind_name) || *behind_name == '/' || *behind_name == '>';
}

static bool is_script_tag(const struct html_scan *s, size_t at)
{
    char c;

    if (!starts(s, at, "<script") || at + 7 >= s->len)
        return false;
    c = s->text[at + 7];
    return is_space(c) || c == '/' || c == '>';
}

/* Script data: inside "<!-- ... -->", "<script" hides the next "</script>". */
static size_t script_end(const struct html_scan *s, size_t at)
{
    bool is_escaped = false, is_double = false;

    for (; at < s->len; at++) {
        char c = s->text[at];

        if (is_escaped && c == '-' && starts(s, at, "-->")) {
            is_escaped = is_double = false;
        } else if (c == '<') {
            if (!is_escaped && starts(s, at, "<!--")) {
                /* "<!-->" and "<!--->" close at once: the dashes are looked at again. */
                is_escaped = true;
                at++;
            } else if (is_end_tag_of(s, at, "script", 6)) {
                if (!is_double)
                    return at;
                is_double = false;
            } else if (is_escaped && !is_double && is_script_tag(s, at)) {
                is_double = true;
            }
        }
    }
    return s->len;
}

static size_t raw_end(const struct html_scan *s, size_t at, const char *name, size_t name_len)
{
    while (at < s->len) {
        const char *found = memchr(s->text + at, '<', s->len - at);

        if (!found)
            break;
        at = (size_t)(found - s->text);
        if (is_end_tag_of(s, at, name, name_len))
            return at;
        at++;
    }
    return s->len;
}

/* 0 for an element whose content holds tags. */
static size_t content_end(const struct html_scan *s, const struct html_tag *tag)
{
    static const char *const raw[] = {"style",  "title",   "textarea", "noscript",
                                      "iframe", "noembed", "noframes", "xmp"};

    if (html_scan_is(s, tag, "script"))
        return script_end(s, tag->end);
    if (html_scan_is(s, tag, "plaintext"))
        return s->len;
    for (size_t i = 0; i < ARRAY_LEN(raw); i++)
        if (html_scan_is(s, tag, raw[i]))
            return raw_end(s, tag->end, raw[i], tag->name_len);
    return 0;
}

/* ---- tags ---- */

static bool is_name_end(char c)
{
    return c == '/' || c == '>' || c == '=';
}

/* One attribute from *at on, which stands behind a name or a value; false at the tag's '>' or the
 * end of the text. */
static bool read_attr(const char *text, size_t len, size_t *at, struct html_scan_attr *attr)
{
    size_t i = *at;

    while (i < len && (is_space(text[i]) || text[i] == '/'))
        i++;
    *at = i;
    if (i >= len || text[i] == '>')
        return false;
    attr->name = text + i;
    /* A '=' in the first place belongs to the name. */
    for (i++; i < len && !is_space(text[i]) && !is_name_end(text[i]);)
        i++;
    attr->name_len = (size_t)(text + i - attr->name);
    attr->value = "";
    attr->value_len = 0;
    *at = i;
    while (i < len && is_space(text[i]))
        i++;
    if (i >= len || text[i] != '=')
        return true;
    for (i++; i < len && is_space(text[i]);)
        i++;
    if (i < len && (text[i] == '"' || text[i] == '\'')) {
        const char *close = memchr(text + i + 1, text[i], len - i - 1);

        attr->value = text + i + 1;
        attr->value_len = close ? (size_t)(close - attr->value) : len - i - 1;
        *at = close ? (size_t)(close - text) + 1 : len;
        return true;
    }
    attr->value = text + i;
    while (i < len && !is_space(text[i]) && text[i] != '>')
        i++;
    attr->value_len = (size_t)(text + i - attr->value);
    *at = i;
    return true;
}

bool html_scan_attr(const struct html_scan *scan, const struct html_tag *tag, size_t *at,
                    struct html_scan_attr *attr)
{
    if (*at == 0)
        *at = tag->name_at + tag->name_len;
    return read_attr(scan->text, tag->end, at, attr);
}

/* The tag whose name begins at name_at; false when the text ends in it. */
static bool read_tag(struct html_scan *s, size_t at, bool is_end, struct html_tag *tag)
{
    struct html_scan_attr attr;
    size_t i = at + (is_end ? 2 : 1);

    *tag = (struct html_tag){.at = at, .name_at = i, .is_end = is_end};
    while (i < s->len && !is_space(s->text[i]) && s->text[i] != '/' && s->text[i] != '>')
        i++;
    tag->name_len = i - tag->name_at;
    while (read_attr(s->text, s->len, &i, &attr))
        ;
    if (i >= s->len)
        return false;
    tag->end = i + 1;
    return true;
}

bool html_scan_next(struct html_scan *s, struct html_tag *tag)
{
    while (s->at < s->len) {
        const char *found = memchr(s->text + s->at, '<', s->len - s->at);
        size_t at;
        char next;

        if (!found)
            break;
        at = (size_t)(found - s->text);
        next = at + 1 < s->len ? s->text[at + 1] : '\0';
        if (next == '!') {
            s->at = starts(s, at, "<!--") ? comment_end(s, at + 4) : behind(s, at, '>');
        } else if (next == '?') {
            s->at = behind(s, at, '>');
        } else if (is_alpha(next) ||
                   (next == '/' && at + 2 < s->len && is_alpha(s->text[at + 2]))) {
            if (!read_tag(s, at, next == '/', tag))
                break;
            tag->content_end = tag->is_end ? 0 : content_end(s, tag);
            s->at = tag->content_end ? tag->content_end : tag->end;
            return true;
        } else if (next == '/') {
            s->at = behind(s, at, '>');
        } else {
            s->at = at + 1;
        }
    }
    s->at = s->len;
    return false;
}
