/* SPDX-License-Identifier: MIT */
/* css_parse.c - the grammar of Selectors Level 4 that css.h names, by recursive descent. */
#include "crawl/css_priv.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_NESTING = 8 };

struct parser {
    struct arena *arena;
    const char *at;
    const char *why; /* set: refused */
    uint32_t *n_has;
    int depth;
    bool in_has;
};

static const struct css *parse_list(struct parser *p, bool is_relative);

static void *refuse(struct parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip_space(struct parser *p)
{
    while (is_space(*p->at))
        p->at++;
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '-';
}

/* ---- tokens ---- */

/* At a backslash that is followed by something but a line's end. */
static void read_escape(struct parser *p, struct buf *out)
{
    uint32_t c = 0;
    int digits = 0;

    p->at++;
    for (; digits < 6 && isxdigit((unsigned char)*p->at); digits++, p->at++)
        c = c * 16 +
            (uint32_t)(isdigit((unsigned char)*p->at) ? *p->at - '0' : (*p->at | 0x20) - 'a' + 10);
    if (digits > 0) {
        utf8_add(out, c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c);
        if (is_space(*p->at))
            p->at += p->at[0] == '\r' && p->at[1] == '\n' ? 2 : 1;
        return;
    }
    buf_addc(out, *p->at++);
}

static bool is_escape(const char *at)
{
    return at[0] == '\\' && at[1] && !strchr("\n\r\f", at[1]);
}

static char *take(struct parser *p, struct buf *text)
{
    char *copy = arena_strndup(p->arena, buf_str(text), text->len);

    buf_fini(text);
    return copy;
}

/* An identifier; with any_start also what follows '#'. NULL and refused where there is none. */
static char *read_name(struct parser *p, bool any_start)
{
    const char *at = p->at;
    struct buf text;

    if (!any_start) {
        at += *at == '-';
        if (!is_name_start(*at) && !is_escape(at) && !(at > p->at && *at == '-'))
            return refuse(p, "expected a name");
    }
    buf_init(&text, BUF_MAX_DEFAULT);
    for (;;) {
        if (is_name_char(*p->at))
            buf_addc(&text, *p->at++);
        else if (is_escape(p->at))
            read_escape(p, &text);
        else
            break;
    }
    if (text.len == 0)
        refuse(p, "expected a name");
    return take(p, &text);
}

static char *read_string(struct parser *p)
{
    char quote = *p->at++;
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    while (*p->at && *p->at != quote && !strchr("\n\r\f", *p->at)) {
        if (p->at[0] == '\\' && p->at[1] && strchr("\n\r\f", p->at[1]))
            p->at += p->at[1] == '\r' && p->at[2] == '\n' ? 3 : 2;
        else if (is_escape(p->at))
            read_escape(p, &text);
        else if (*p->at == '\\')
            p->at++;
        else
            buf_addc(&text, *p->at++);
    }
    if (*p->at == quote)
        p->at++;
    else
        refuse(p, "expected the closing quote");
    return take(p, &text);
}

static char *lowered(struct parser *p, const char *text)
{
    char *copy = arena_strdup(p->arena, text ? text : "");

    for (char *at = copy; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at | 0x20);
    return copy;
}

static struct css_simple *new_simple(struct parser *p, enum css_kind kind)
{
    struct css_simple *simple = arena_new(p->arena, struct css_simple);

    simple->kind = kind;
    return simple;
}

static struct css_simple *named(struct parser *p, enum css_kind kind, const char *name)
{
    struct css_simple *simple = new_simple(p, kind);

    simple->name = name ? name : "";
    simple->lower = lowered(p, name);
    return simple;
}

/* ---- [attribute] ---- */

/* Attributes of HTML whose values browsers compare without case (HTML standard 4.16.2). */
static bool has_caseless_values(const char *name)
{
    static const char *const names[] = {
        "accept",     "accept-charset", "align",     "alink",    "axis",     "bgcolor", "charset",
        "checked",    "clear",          "codetype",  "color",    "compact",  "declare", "defer",
        "dir",        "direction",      "disabled",  "enctype",  "face",     "frame",   "hreflang",
        "http-equiv", "lang",           "language",  "link",     "media",    "method",  "multiple",
        "nohref",     "noresize",       "noshade",   "nowrap",   "readonly", "rel",     "rev",
        "rules",      "scope",          "scrolling", "selected", "shape",    "target",  "text",
        "type",       "valign",         "valuetype", "vlink"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static void read_attribute_value(struct parser *p, struct css_simple *simple)
{
    skip_space(p);
    simple->value = *p->at == '"' || *p->at == '\'' ? read_string(p) : read_name(p, false);
    skip_space(p);
    simple->without_case = has_caseless_values(simple->lower);
    if (p->why || !isalpha((unsigned char)*p->at))
        return;
    simple->has_flag = true;
    /* Chrome refuses the flag s. */
    if (*p->at != 'i' && *p->at != 'I')
        refuse(p, "expected the flag i");
    simple->without_case = true;
    p->at++;
    skip_space(p);
}

static struct css_simple *read_attribute(struct parser *p)
{
    struct css_simple *simple;

    p->at++;
    skip_space(p);
    simple = named(p, CSS_ATTRIBUTE, read_name(p, false));
    skip_space(p);
    if (!p->why && *p->at != ']') {
        simple->op = *p->at;
        if (*p->at == '=')
            p->at++;
        else if (*p->at && strchr("~|^$*", *p->at) && p->at[1] == '=')
            p->at += 2;
        else
            return refuse(p, "expected an operator or ']' (namespaces are not known here)");
        read_attribute_value(p, simple);
    }
    if (p->why)
        return NULL;
    if (*p->at != ']')
        return refuse(p, "expected ']'");
    p->at++;
    return simple;
}

/* ---- :pseudo ---- */

static bool read_int(const char **at, int *out)
{
    int value = 0, digits = 0;

    for (; isdigit((unsigned char)**at); (*at)++, digits++) {
        if (value > 100000)
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return digits > 0;
}

/* an+b, odd, even, 3 (CSS Syntax 6). */
static void read_nth(struct parser *p, struct css_simple *simple)
{
    bool is_minus = false;
    const char *at;

    skip_space(p);
    at = p->at;
    if (!strncasecmp(at, "odd", 3) || !strncasecmp(at, "even", 4)) {
        simple->a = 2;
        simple->b = (at[0] | 0x20) == 'o';
        p->at += simple->b ? 3 : 4;
        skip_space(p);
        return;
    }
    if (*at == '+' || *at == '-')
        is_minus = *at++ == '-';
    if (!read_int(&at, &simple->a)) {
        simple->a = 1;
        if ((*at | 0x20) != 'n') {
            refuse(p, "expected an+b");
            return;
        }
    }
    simple->a = is_minus ? -simple->a : simple->a;
    if ((*at | 0x20) != 'n') {
        simple->b = simple->a;
        simple->a = 0;
        p->at = at;
        skip_space(p);
        return;
    }
    p->at = at + 1;
    skip_space(p);
    if (*p->at == '+' || *p->at == '-') {
        is_minus = *p->at++ == '-';
        skip_space(p);
        if (!read_int(&p->at, &simple->b))
            refuse(p, "expected a number in an+b");
        simple->b = is_minus ? -simple->b : simple->b;
        skip_space(p);
    }
}

static const struct css *read_nested(struct parser *p, bool is_relative)
{
    const struct css *list;

    if (++p->depth > MAX_NESTING)
        return refuse(p, "expected fewer nested parentheses");
    list = parse_list(p, is_relative);
    p->depth--;
    return list;
}

static struct css_simple *read_nth_function(struct parser *p, enum css_kind kind)
{
    struct css_simple *simple = new_simple(p, kind);

    read_nth(p, simple);
    if (!p->why && !strncasecmp(p->at, "of", 2) && !is_name_char(p->at[2])) {
        if (kind != CSS_NTH_CHILD && kind != CSS_NTH_LAST_CHILD)
            return refuse(p, "\"of\" is not known in this place");
        p->at += 2;
        simple->list = read_nested(p, false);
    }
    return simple;
}

static struct css_simple *read_has(struct parser *p)
{
    struct css_simple *simple = new_simple(p, CSS_HAS);

    if (p->in_has)
        return refuse(p, ":has() inside :has() is none");
    p->in_has = true;
    simple->list = read_nested(p, true);
    simple->has_index = (*p->n_has)++;
    p->in_has = false;
    return simple;
}

static struct css_simple *read_function(struct parser *p, const char *name)
{
    static const struct {
        const char *name;
        enum css_kind kind;
    } functions[] = {{"is", CSS_IS},
                     {"where", CSS_IS},
                     {"not", CSS_NOT},
                     {"has", CSS_HAS},
                     {"nth-child", CSS_NTH_CHILD},
                     {"nth-last-child", CSS_NTH_LAST_CHILD},
                     {"nth-of-type", CSS_NTH_OF_TYPE},
                     {"nth-last-of-type", CSS_NTH_LAST_OF_TYPE}};
    struct css_simple *simple = NULL;
    size_t i = 0;

    while (i < ARRAY_LEN(functions) && !str_eq(functions[i].name, name))
        i++;
    if (i == ARRAY_LEN(functions))
        return refuse(p, "a function of CSS that is not known without Chrome");
    p->at++;
    if (functions[i].kind == CSS_HAS) {
        simple = read_has(p);
    } else if (functions[i].kind >= CSS_NTH_CHILD) {
        simple = read_nth_function(p, functions[i].kind);
    } else {
        simple = new_simple(p, functions[i].kind);
        simple->list = read_nested(p, false);
    }
    if (p->why)
        return NULL;
    if (*p->at != ')')
        return refuse(p, "expected ')'");
    p->at++;
    return simple;
}

static struct css_simple *read_pseudo(struct parser *p)
{
    static const struct {
        const char *name;
        enum css_kind kind;
        int b; /* of an+b, where a is 0 */
    } plain[] = {{"scope", CSS_SCOPE, 0},
                 {"root", CSS_ROOT, 0},
                 {"empty", CSS_EMPTY, 0},
                 {"first-child", CSS_NTH_CHILD, 1},
                 {"last-child", CSS_NTH_LAST_CHILD, 1},
                 {"first-of-type", CSS_NTH_OF_TYPE, 1},
                 {"last-of-type", CSS_NTH_LAST_OF_TYPE, 1}};
    struct css_simple *simple;
    const char *name;
    bool is_of_type;

    p->at++;
    if (*p->at == ':')
        return refuse(p, "pseudo-elements match no element");
    name = lowered(p, read_name(p, false));
    if (p->why)
        return NULL;
    if (*p->at == '(')
        return read_function(p, name);
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        if (!str_eq(plain[i].name, name))
            continue;
        /* An answer of :has() is kept for the page, so it must not depend on who asks. */
        if (p->in_has && plain[i].kind == CSS_SCOPE)
            return refuse(p, ":scope inside :has() is not known without Chrome");
        simple = new_simple(p, plain[i].kind);
        simple->b = plain[i].b;
        return simple;
    }
    is_of_type = str_eq(name, "only-of-type");
    if (!is_of_type && !str_eq(name, "only-child"))
        return refuse(p, "a pseudo-class that is not known without Chrome");
    simple = new_simple(p, is_of_type ? CSS_NTH_OF_TYPE : CSS_NTH_CHILD);
    simple->b = 1;
    simple->next = new_simple(p, is_of_type ? CSS_NTH_LAST_OF_TYPE : CSS_NTH_LAST_CHILD);
    ((struct css_simple *)(uintptr_t)simple->next)->b = 1;
    return simple;
}

/* ---- compounds, complex selectors, lists ---- */

static struct css_simple *read_simple(struct parser *p, bool is_first)
{
    switch (*p->at) {
    case '.':
        p->at++;
        return named(p, CSS_CLASS, read_name(p, false));
    case '#':
        p->at++;
        /* "#1a" is a hash of CSS but no id selector. */
        return named(p, CSS_ID, read_name(p, false));
    case '[':
        return read_attribute(p);
    case ':':
        return read_pseudo(p);
    case '*':
        if (is_first) {
            p->at++;
            return new_simple(p, CSS_ANY);
        }
        return refuse(p, "expected a selector");
    default:
        if (is_first)
            return named(p, CSS_TYPE, read_name(p, false));
        return refuse(p, "expected a selector");
    }
}

static bool ends_compound(char c)
{
    return c == '\0' || is_space(c) || strchr(">+~,)", c);
}

static struct css_compound *read_compound(struct parser *p)
{
    struct css_compound *compound = arena_new(p->arena, struct css_compound);
    const struct css_simple **tail = &compound->simples;

    if (ends_compound(*p->at))
        return refuse(p, "expected a selector, found nothing");
    while (!p->why && !ends_compound(*p->at)) {
        struct css_simple *simple = read_simple(p, compound->simples == NULL);

        if (p->why)
            break;
        *tail = simple;
        while (*tail)
            tail = (const struct css_simple **)(uintptr_t) & (*tail)->next;
        if (*p->at == '|')
            refuse(p, "namespaces are not known without Chrome");
    }
    return compound;
}

/* Blank included; CSS_NONE: the complex selector is at its end. */
static enum css_combinator read_combinator(struct parser *p)
{
    bool has_space = is_space(*p->at);
    enum css_combinator combinator;

    skip_space(p);
    switch (*p->at) {
    case '>':
        combinator = CSS_CHILD;
        break;
    case '+':
        combinator = CSS_NEXT;
        break;
    case '~':
        combinator = CSS_SUBSEQUENT;
        break;
    case ',':
    case ')':
    case '\0':
        return CSS_NONE;
    default:
        return has_space ? CSS_DESCENDANT : CSS_NONE;
    }
    p->at++;
    skip_space(p);
    return combinator;
}

/* The compound that stands for the element :has() is asked about. */
static struct css_compound *anchor(struct parser *p)
{
    struct css_compound *compound = arena_new(p->arena, struct css_compound);

    compound->simples = new_simple(p, CSS_ANCHOR);
    return compound;
}

static struct css *read_complex(struct parser *p, bool is_relative)
{
    struct css *css = arena_new(p->arena, struct css);
    const struct css_compound *left = NULL;
    enum css_combinator combinator = CSS_NONE;
    int n = 0;

    skip_space(p);
    if (is_relative) {
        combinator = read_combinator(p);
        combinator = combinator == CSS_NONE ? CSS_DESCENDANT : combinator;
        css->leading = combinator;
        left = anchor(p);
    }
    do {
        struct css_compound *compound = read_compound(p);

        if (p->why)
            return NULL;
        compound->left = left;
        compound->combinator = combinator;
        left = compound;
        combinator = read_combinator(p);
        n++;
    } while (combinator != CSS_NONE);
    css->subject = left;
    css->is_one_step = n == 1 && css->leading != CSS_DESCENDANT;
    return css;
}

static const struct css *parse_list(struct parser *p, bool is_relative)
{
    struct css *first = NULL, *last = NULL;

    do {
        struct css *css = read_complex(p, is_relative);

        if (p->why)
            return NULL;
        if (last)
            last->next = css;
        else
            first = css;
        last = css;
    } while (*p->at == ',' && p->at++);
    return first;
}

const struct css *css_compile(struct arena *arena, const char *selector, uint32_t *n_has,
                              const char **why)
{
    struct parser p = {.arena = arena, .at = selector, .n_has = n_has};
    const struct css *css = parse_list(&p, false);

    if (!p.why && *p.at)
        refuse(&p, "expected the end of the selector");
    *why = p.why;
    return p.why ? NULL : css;
}
