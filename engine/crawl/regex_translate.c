/* SPDX-License-Identifier: MIT */
/* regex_translate.c - the pattern grammar of ECMAScript 22.2.1 with flag u, read by recursive descent
 * and written for PCRE2 (without UCP, so that \d \w \b are ASCII there as well).
 */
#include "crawl/regex.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

enum { MAX_NESTING = 32, MAX_REPEAT = 65535 };

#define SPACES                                                                              \
    "\\t-\\r\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}" \
    "\\x{3000}\\x{feff}"
#define NO_SPACES                                                                    \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}" \
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"   \
    "\\x{3001}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

struct translate {
    struct arena *arena;
    const char *at, *end;
    const char *why;
    struct buf out;
    int depth;
    int n_groups;
};

static void alternatives(struct translate *t);

static void refuse(struct translate *t, const char *why)
{
    if (!t->why)
        t->why = why;
}

static bool at_char(const struct translate *t, char c)
{
    return t->at < t->end && *t->at == c;
}

static bool at_text(const struct translate *t, const char *text)
{
    return (size_t)(t->end - t->at) >= strlen(text) && !memcmp(t->at, text, strlen(text));
}

static void add_char(struct translate *t, uint32_t c)
{
    if (c < 0x80 && isalnum((int)c))
        buf_addc(&t->out, (char)c);
    else
        buf_addf(&t->out, "\\x{%x}", c);
}

/* ---- escapes ---- */

/* Exactly n hexadecimal digits. */
static uint32_t read_hex(struct translate *t, int n)
{
    uint32_t c = 0;

    for (; n > 0; n--, t->at++) {
        if (t->at >= t->end || !isxdigit((unsigned char)*t->at)) {
            refuse(t, "Invalid escape");
            return 0;
        }
        c = c * 16 +
            (uint32_t)(isdigit((unsigned char)*t->at) ? *t->at - '0' : (*t->at | 0x20) - 'a' + 10);
    }
    return c;
}

/* Behind "\u". */
static uint32_t read_unicode(struct translate *t)
{
    uint32_t c = 0;

    if (at_char(t, '{')) {
        const char *from = ++t->at;

        while (t->at < t->end && isxdigit((unsigned char)*t->at) && c <= 0x10ffff)
            c = c * 16 + read_hex(t, 1);
        if (t->at == from || !at_char(t, '}') || c > 0x10ffff)
            refuse(t, "Invalid Unicode escape");
        else
            t->at++;
    } else {
        c = read_hex(t, 4);
        if (c >= 0xd800 && c < 0xdc00 && at_text(t, "\\u")) {
            t->at += 2;
            c = 0x10000 + ((c & 0x3ff) << 10) + (read_hex(t, 4) & 0x3ff);
        }
    }
    if (c >= 0xd800 && c < 0xe000)
        refuse(t, "half a surrogate pair is not known without Chrome");
    return c;
}

/* "\p{...}": written out as it stands in PCRE2. */
static void read_property(struct translate *t)
{
    static const char *const categories[] = {"L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc",
                                             "Me", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Ps",
                                             "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc", "Sk", "So",
                                             "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Co"};
    char sign = *t->at++;
    const char *close = memchr(t->at, '}', (size_t)(t->end - t->at));
    char name[40];
    size_t len;

    if (!at_char(t, '{') || !close || (size_t)(close - t->at) > sizeof(name)) {
        refuse(t, "Invalid property name");
        return;
    }
    len = (size_t)(close - t->at) - 1;
    memcpy(name, t->at + 1, len);
    name[len] = '\0';
    t->at = close + 1;
    for (size_t i = 0; i < ARRAY_LEN(categories); i++) {
        if (str_eq(name, categories[i])) {
            buf_addf(&t->out, "\\%c{%s}", sign, name);
            return;
        }
    }
    if (str_starts(name, "Script=") || str_starts(name, "sc="))
        buf_addf(&t->out, "\\%c{sc:%s}", sign, strchr(name, '=') + 1);
    else
        refuse(t, "a property that is not known without Chrome");
}

/* One character by escape, behind the backslash; false: it was a set, and is written. */
static bool read_escape(struct translate *t, bool in_class, uint32_t *c)
{
    static const char controls[] = "t\tn\nv\vf\fr\r";
    const char *control;
    char e = t->at < t->end ? *t->at : '\0';

    *c = 0;
    switch (e) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
        buf_addf(&t->out, "\\%c", e);
        t->at++;
        return false;
    case 's':
    case 'S':
        buf_addf(&t->out, in_class ? "%s" : "[%s]", e == 's' ? SPACES : NO_SPACES);
        t->at++;
        return false;
    case 'p':
    case 'P':
        read_property(t);
        return false;
    default:
        break;
    }
    if (e == '\0') {
        refuse(t, "\\ at end of pattern");
        return true;
    }
    t->at++;
    control = strchr(controls, e);
    if (control && (control - controls) % 2 == 0)
        *c = (uint32_t)control[1];
    else if (e == 'b' && in_class)
        *c = '\b';
    else if (e == '-' && in_class)
        *c = '-';
    else if (e == '0' && !(t->at < t->end && isdigit((unsigned char)*t->at)))
        *c = 0;
    else if (e == 'x')
        *c = read_hex(t, 2);
    else if (e == 'u')
        *c = read_unicode(t);
    else if (e == 'c' && t->at < t->end && isalpha((unsigned char)*t->at))
        *c = (uint32_t)*t->at++ & 31;
    else if (strchr("^$\\.*+?()[]{}|/", e))
        *c = (unsigned char)e;
    else
        refuse(t, isdigit((unsigned char)e) || e == 'k'
                      ? "back references are not known without Chrome"
                      : "Invalid escape");
    return true;
}

/* ---- classes ---- */

/* One member of a class; false: it is a set, already written. */
static bool class_atom(struct translate *t, uint32_t *c)
{
    size_t n;

    if (at_char(t, '\\')) {
        t->at++;
        return read_escape(t, true, c);
    }
    *c = utf8_char(t->at, (size_t)(t->end - t->at), &n);
    t->at += n;
    return true;
}

static void class_range(struct translate *t)
{
    uint32_t from, to;
    bool is_char = class_atom(t, &from);

    if (t->why)
        return;
    if (is_char)
        add_char(t, from);
    if (!at_char(t, '-') || t->at + 1 >= t->end || t->at[1] == ']')
        return;
    t->at++;
    if (!is_char || !class_atom(t, &to)) {
        refuse(t, "Invalid character class");
        return;
    }
    if (from > to)
        refuse(t, "Range out of order in character class");
    buf_addc(&t->out, '-');
    add_char(t, to);
}

static void class_of(struct translate *t)
{
    bool is_negated;

    t->at++;
    is_negated = at_char(t, '^');
    t->at += is_negated;
    if (at_char(t, ']')) {
        t->at++;
        buf_adds(&t->out, is_negated ? "(?s:.)" : "(?!)");
        return;
    }
    buf_adds(&t->out, is_negated ? "[^" : "[");
    while (t->at < t->end && *t->at != ']' && !t->why)
        class_range(t);
    if (!at_char(t, ']'))
        refuse(t, "Unterminated character class");
    t->at++;
    buf_addc(&t->out, ']');
}

/* ---- groups ---- */

static void group_name(struct translate *t)
{
    const char *close = memchr(t->at, '>', (size_t)(t->end - t->at));
    const char *from = t->at;

    if (!close || close == from || isdigit((unsigned char)*from)) {
        refuse(t, "Invalid capture group name");
        return;
    }
    for (; t->at < close; t->at++)
        if (!isalnum((unsigned char)*t->at) && *t->at != '_')
            refuse(t, "a group name that is not known without Chrome");
    t->at++;
}

/* At '('. Gives whether a quantifier may follow. */
static bool group(struct translate *t)
{
    static const struct {
        const char *open;
        bool is_look, is_behind;
    } kinds[] = {{"(?:", false, false},
                 {"(?=", true, false},
                 {"(?!", true, false},
                 {"(?<=", true, true},
                 {"(?<!", true, true}};
    int groups_before = t->n_groups;
    size_t kind = 0;

    if (++t->depth > MAX_NESTING) {
        refuse(t, "groups nested too deep");
        return true;
    }
    while (kind < ARRAY_LEN(kinds) && !at_text(t, kinds[kind].open))
        kind++;
    if (kind < ARRAY_LEN(kinds)) {
        buf_adds(&t->out, kinds[kind].open);
        t->at += strlen(kinds[kind].open);
    } else {
        buf_addc(&t->out, '(');
        t->n_groups++;
        t->at++;
        if (at_text(t, "?<")) {
            t->at += 2;
            group_name(t);
        } else if (at_char(t, '?')) {
            refuse(t, "a kind of group that is not known without Chrome");
        }
    }
    if (!t->why)
        alternatives(t);
    if (!at_char(t, ')'))
        refuse(t, "Unterminated group");
    else
        t->at++;
    buf_addc(&t->out, ')');
    t->depth--;
    if (kind < ARRAY_LEN(kinds) && kinds[kind].is_behind && t->n_groups > groups_before)
        refuse(t, "groups in look-behind are not known without Chrome");
    return kind >= ARRAY_LEN(kinds) || !kinds[kind].is_look;
}

/* ---- terms ---- */

/* At '{': reads "{n}", "{n,}", "{n,m}". */
static bool braces(struct translate *t, long *most)
{
    long least = 0;
    const char *at = t->at + 1;
    int digits = 0;

    for (; at < t->end && isdigit((unsigned char)*at); at++, digits++)
        least = least > MAX_REPEAT ? least : least * 10 + (*at - '0');
    *most = least;
    if (digits > 0 && at < t->end && *at == ',') {
        *most = MAX_REPEAT;
        for (at++, digits = 0; at < t->end && isdigit((unsigned char)*at); at++, digits++)
            *most = (digits ? *most > MAX_REPEAT ? MAX_REPEAT : *most * 10 : 0) + (*at - '0');
        digits = 1;
    }
    if (digits == 0 || at >= t->end || *at != '}') {
        refuse(t, "Incomplete quantifier");
        return false;
    }
    if (least > *most)
        refuse(t, "numbers out of order in {} quantifier");
    if (least > MAX_REPEAT || *most > MAX_REPEAT)
        refuse(t, "a repetition that is too often without Chrome");
    buf_add(&t->out, t->at, (size_t)(at + 1 - t->at));
    t->at = at + 1;
    return true;
}

/* `inner_groups`: capturing groups inside the atom that is repeated. JavaScript forgets them at each
 * repetition, PCRE2 does not. */
static void quantifier(struct translate *t, bool may_repeat, bool has_inner_groups)
{
    long most = MAX_REPEAT;

    if (t->why || t->at >= t->end || !strchr("*+?{", *t->at))
        return;
    if (!may_repeat) {
        refuse(t, "Nothing to repeat");
        return;
    }
    if (*t->at == '{') {
        if (!braces(t, &most))
            return;
    } else {
        most = *t->at == '?' ? 1 : MAX_REPEAT;
        buf_addc(&t->out, *t->at++);
    }
    if (at_char(t, '?'))
        buf_addc(&t->out, *t->at++);
    if (has_inner_groups && most > 1)
        refuse(t, "a group inside a repeated group is not known without Chrome");
}

static void escape_term(struct translate *t, bool *may_repeat)
{
    uint32_t c;

    t->at++;
    if (at_char(t, 'b') || at_char(t, 'B')) {
        buf_addf(&t->out, "\\%c", *t->at++);
        *may_repeat = false;
    } else if (read_escape(t, false, &c)) {
        add_char(t, c);
    }
}

static void term(struct translate *t)
{
    bool may_repeat = true, has_inner_groups = false;
    int groups_before = t->n_groups;
    uint32_t c;
    size_t n;

    switch (*t->at) {
    case '^':
    case '$':
        buf_adds(&t->out, *t->at++ == '^' ? "\\A" : "\\z");
        may_repeat = false;
        break;
    case '.':
        buf_adds(&t->out, "[^\\n\\r\\x{2028}\\x{2029}]");
        t->at++;
        break;
    case '(': {
        bool captures = t->at + 1 < t->end && (t->at[1] != '?' || at_text(t, "(?<"));

        may_repeat = group(t);
        captures = captures && may_repeat;
        has_inner_groups = t->n_groups - groups_before > (captures ? 1 : 0);
        break;
    }
    case '[':
        class_of(t);
        break;
    case '\\':
        escape_term(t, &may_repeat);
        break;
    case '*':
    case '+':
    case '?':
        refuse(t, "Nothing to repeat");
        return;
    case '{':
    case '}':
    case ']':
        refuse(t, "Lone quantifier brackets");
        return;
    default:
        c = utf8_char(t->at, (size_t)(t->end - t->at), &n);
        t->at += n;
        add_char(t, c);
    }
    quantifier(t, may_repeat, has_inner_groups);
}

static void alternatives(struct translate *t)
{
    while (t->at < t->end && *t->at != ')' && !t->why) {
        if (*t->at == '|')
            buf_addc(&t->out, *t->at++);
        else
            term(t);
    }
}

const char *regex_translate(struct arena *arena, const char *source, const char **why)
{
    struct translate t = {.arena = arena, .at = source, .end = source + strlen(source)};
    const char *pattern = NULL;

    if (!str_utf8_valid(source, strlen(source)))
        refuse(&t, "not UTF-8");
    buf_init(&t.out, BUF_MAX_DEFAULT);
    alternatives(&t);
    if (!t.why && t.at < t.end)
        refuse(&t, "Unmatched ')'");
    if (!t.why)
        pattern = arena_strdup(arena, buf_str(&t.out));
    buf_fini(&t.out);
    *why = t.why;
    return pattern;
}
