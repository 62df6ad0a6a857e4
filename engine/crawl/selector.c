/* SPDX-License-Identifier: MIT */
/* selector.c - one pass over the text with a little state; what it does not know it lets pass. */
#include "crawl/selector.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define MAX_DEPTH 16

/* What the selector expects next, per level of parentheses. */
struct level {
    bool has_compound; /* something stands after the last comma or combinator */
    bool has_combinator;
    bool is_relative;  /* inside :has(): a combinator may come first */
    bool is_free_form; /* inside :nth-child(), :lang(): not a selector, only brackets are checked */
};

struct scan {
    const char *at;
    struct level levels[MAX_DEPTH];
    int depth;
    const char *problem;
};

static bool is_name_start(const char *at)
{
    unsigned char c = (unsigned char)*at;

    return isalpha(c) || c == '_' || c == '\\' || c >= 0x80 ||
           (c == '-' && (isalpha((unsigned char)at[1]) || at[1] == '-' || at[1] == '_'));
}

static void skip_name(struct scan *s)
{
    while (isalnum((unsigned char)*s->at) || strchr("_-", *s->at) ||
           (unsigned char)*s->at >= 0x80 || *s->at == '\\') {
        if (*s->at == '\0')
            return;
        s->at += *s->at == '\\' && s->at[1] ? 2 : 1;
    }
}

static void skip_quoted(struct scan *s)
{
    char quote = *s->at++;

    while (*s->at && *s->at != quote)
        s->at += *s->at == '\\' && s->at[1] ? 2 : 1;
    if (*s->at)
        s->at++;
    else
        s->problem = "expected the closing quote";
}

static void skip_attribute(struct scan *s)
{
    s->at++;
    while (isspace((unsigned char)*s->at))
        s->at++;
    if (!is_name_start(s->at)) {
        s->problem = "expected an attribute name after '['";
        return;
    }
    while (*s->at && *s->at != ']' && !s->problem) {
        if (*s->at == '"' || *s->at == '\'')
            skip_quoted(s);
        else if (*s->at == '[')
            s->problem = "expected ']' before the next '['";
        else
            s->at++;
    }
    if (s->problem)
        return;
    if (*s->at)
        s->at++;
    else
        s->problem = "expected ']'";
}

static void open_level(struct scan *s, const char *name, size_t name_len)
{
    static const char *const selector_lists[] = {"has", "is", "not", "where"};
    bool is_list = false;

    if (s->depth + 1 >= MAX_DEPTH) {
        s->problem = "expected fewer nested parentheses";
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(selector_lists); i++)
        is_list |=
            strlen(selector_lists[i]) == name_len && !memcmp(selector_lists[i], name, name_len);
    s->levels[++s->depth] = (struct level){
        .is_relative = name_len == 3 && !memcmp(name, "has", 3),
        .is_free_form = !is_list,
    };
    s->at++;
}

/* ':name', '::name', ':name(' */
static void read_pseudo(struct scan *s)
{
    const char *name;

    s->at += s->at[1] == ':' ? 2 : 1;
    name = s->at;
    if (!is_name_start(name)) {
        s->problem = "expected a name after ':'";
        return;
    }
    skip_name(s);
    s->levels[s->depth].has_compound = true;
    if (*s->at == '(')
        open_level(s, name, (size_t)(s->at - name));
}

static void end_of_list_item(struct scan *s)
{
    struct level *level = &s->levels[s->depth];

    if (!level->is_free_form && !level->has_compound)
        s->problem = level->has_combinator ? "expected a selector after the last combinator"
                                           : "expected a selector, found nothing";
}

static void close_level(struct scan *s)
{
    if (s->depth == 0) {
        s->problem = "expected '(' before ')'";
        return;
    }
    end_of_list_item(s);
    s->depth--;
    s->at++;
}

static void read_combinator(struct scan *s)
{
    struct level *level = &s->levels[s->depth];

    if (!level->has_compound && (level->has_combinator || !level->is_relative))
        s->problem = "expected a selector before the combinator";
    level->has_compound = false;
    level->has_combinator = true;
    s->at++;
}

static void read_comma(struct scan *s)
{
    struct level *level = &s->levels[s->depth];

    end_of_list_item(s);
    level->has_compound = level->has_combinator = false;
    s->at++;
}

static void read_simple(struct scan *s)
{
    char c = *s->at;

    if (c == '.' || c == '#') {
        s->at++;
        if (!is_name_start(s->at)) {
            s->problem = c == '.' ? "expected a class name after '.'" : "expected an id after '#'";
            return;
        }
        skip_name(s);
    } else if (c == '[') {
        skip_attribute(s);
    } else if (c == '*' || c == '&') {
        s->at++;
    } else if (is_name_start(s->at)) {
        skip_name(s);
    } else {
        s->problem = "expected a CSS selector";
        return;
    }
    s->levels[s->depth].has_compound = true;
}

static void read_free_form(struct scan *s)
{
    if (*s->at == '"' || *s->at == '\'')
        skip_quoted(s);
    else if (*s->at == '(')
        open_level(s, "", 0);
    else
        s->at++;
}

static void step(struct scan *s)
{
    char c = *s->at;

    if (c == ')')
        close_level(s);
    else if (s->levels[s->depth].is_free_form)
        read_free_form(s);
    else if (isspace((unsigned char)c))
        s->at++;
    else if (c == '>' || c == '+' || c == '~')
        read_combinator(s);
    else if (c == ',')
        read_comma(s);
    else if (c == ':')
        read_pseudo(s);
    else
        read_simple(s);
}

const char *selector_problem(const char *css)
{
    struct scan s = {.at = css};

    while (*s.at && !s.problem)
        step(&s);
    if (!s.problem && s.depth > 0)
        s.problem = "expected ')'";
    if (!s.problem)
        end_of_list_item(&s);
    return s.problem;
}

const char *regex_problem(const char *regex, int max_groups)
{
    int depth = 0, groups = 0;
    bool in_class = false;

    if (*regex == '\0')
        return "expected a regular expression, found nothing";
    for (const char *at = regex; *at; at++) {
        if (*at == '\\') {
            if (*++at == '\0')
                return "expected a character after the last '\\'";
        } else if (*at == '[') {
            in_class = true;
        } else if (*at == ']') {
            in_class = false;
        } else if (!in_class && *at == '(') {
            depth++;
            groups += at[1] != '?';
        } else if (!in_class && *at == ')' && --depth < 0) {
            return "expected '(' before ')'";
        }
    }
    if (in_class)
        return "expected ']'";
    if (depth > 0)
        return "expected ')'";
    return groups > max_groups ? "expected at most one group; use (?:...) for the others" : NULL;
}
