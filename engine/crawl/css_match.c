/* SPDX-License-Identifier: MIT */
/* css_match.c - from right to left, as browsers match; every look at an element is a step of the
 * page's budget. */
#include "crawl/css_priv.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

/* About a quarter of a second. */
#define MAX_STEPS INT64_C(20000000)

struct match {
    struct css_page *page;
    const struct html_node *scope;  /* what :scope means */
    const struct html_node *anchor; /* inside :has(): the element asked about */
};

static bool matches_list(const struct match *m, const struct css *css,
                         const struct html_node *element);
static bool matches_compound(const struct match *m, const struct css_compound *compound,
                             const struct html_node *element);

void css_page_init(struct css_page *page, struct html_doc *doc, uint32_t n_has)
{
    size_t bits = (size_t)n_has * doc->n_elements * 2;

    *page = (struct css_page){.doc = doc, .n_has = n_has, .steps_left = MAX_STEPS};
    page->has_known = arena_alloc(&doc->arena, bits / 8 + 1);
}

static bool step(const struct match *m)
{
    return m->page->steps_left-- > 0;
}

/* ---- names and values ---- */

static bool text_is(const char *a, const char *b, size_t len, bool without_case)
{
    return without_case ? !strncasecmp(a, b, len) : !memcmp(a, b, len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Is `word` one of the words of `text`? */
static bool has_word(const struct match *m, const char *text, const char *word, bool without_case)
{
    size_t len = strlen(word);

    while (*text) {
        size_t n = 0;

        while (text[n] && !is_space(text[n]))
            n++;
        if (n == len && n > 0 && text_is(text, word, len, without_case))
            return true;
        text += n;
        while (is_space(*text))
            text++;
        if (!step(m))
            return false;
    }
    return false;
}

static bool contains(const char *text, const char *part, bool without_case)
{
    size_t len = strlen(part);

    if (!without_case)
        return strstr(text, part) != NULL;
    for (size_t n = strlen(text); n >= len; n--, text++)
        if (!strncasecmp(text, part, len))
            return true;
    return false;
}

static bool attribute_fits(const struct match *m, const struct css_simple *simple,
                           const char *value, bool without_case)
{
    const char *wanted = simple->value;
    size_t len = strlen(wanted), value_len = strlen(value);

    m->page->steps_left -= (int64_t)(value_len / 64);
    switch (simple->op) {
    case '=':
        return len == value_len && text_is(value, wanted, len, without_case);
    case '~':
        return has_word(m, value, wanted, without_case);
    case '|':
        return value_len >= len && text_is(value, wanted, len, without_case) &&
               (value[len] == '\0' || value[len] == '-');
    case '^':
        return len > 0 && value_len >= len && text_is(value, wanted, len, without_case);
    case '$':
        return len > 0 && value_len >= len &&
               text_is(value + value_len - len, wanted, len, without_case);
    default:
        return len > 0 && contains(value, wanted, without_case);
    }
}

/* Names of foreign elements and attributes: Chrome, too, compares them without case. */
static const char *attribute_of(const struct html_node *element, const struct css_simple *simple)
{
    for (size_t i = 0; i < element->n_attrs; i++) {
        const struct html_attr *attr = &element->attrs[i];

        if (element->is_html ? str_eq(attr->name, simple->lower)
                             : !attr->has_namespace && !strcasecmp(attr->name, simple->name))
            return attr->value;
    }
    return NULL;
}

static bool matches_attribute(const struct match *m, const struct css_simple *simple,
                              const struct html_node *element)
{
    const char *value = attribute_of(element, simple);

    if (!value || !simple->value)
        return value != NULL;
    return attribute_fits(m, simple, value,
                          simple->without_case && (element->is_html || simple->has_flag));
}

static bool matches_class(const struct match *m, const struct css_simple *simple,
                          const struct html_node *element)
{
    const char *classes = html_attr(element, "class");

    return classes && has_word(m, classes, simple->name, m->page->doc->is_quirks);
}

static bool matches_id(const struct match *m, const struct css_simple *simple,
                       const struct html_node *element)
{
    const char *id = html_attr(element, "id");
    size_t len = strlen(simple->name);

    return id && strlen(id) == len && text_is(id, simple->name, len, m->page->doc->is_quirks);
}

/* ---- places among siblings ---- */

static bool is_in_progression(int a, int b, int n)
{
    if (a == 0)
        return n == b;
    return (n - b) % a == 0 && (n - b) / a >= 0;
}

static bool is_same_type(const struct html_node *a, const struct html_node *b)
{
    return a->is_html == b->is_html && str_eq(a->name, b->name);
}

/* Its place among the siblings that count: those of its type, or those that match `list`. */
static int counted_place(const struct match *m, const struct css_simple *simple,
                         const struct html_node *element)
{
    bool from_end = simple->kind == CSS_NTH_LAST_CHILD || simple->kind == CSS_NTH_LAST_OF_TYPE;
    const struct html_node *one = element;
    int place = 1;

    while ((one = from_end ? html_sibling_after(one) : html_sibling_before(one)) && step(m))
        place += simple->list ? matches_list(m, simple->list, one) : is_same_type(one, element);
    return place;
}

static bool matches_nth(const struct match *m, const struct css_simple *simple,
                        const struct html_node *element)
{
    int place;

    if (simple->list && !matches_list(m, simple->list, element))
        return false;
    if (!element->parent)
        place = 1;
    else if (simple->kind == CSS_NTH_CHILD && !simple->list)
        place = (int)element->nth;
    else if (simple->kind == CSS_NTH_LAST_CHILD && !simple->list)
        place = (int)(element->parent->n_children - element->nth) + 1;
    else
        place = counted_place(m, simple, element);
    return is_in_progression(simple->a, simple->b, place);
}

/* ---- :has() ---- */

/* The first element that a relative selector could mean, and the one after `one`. */
static const struct html_node *candidate(const struct match *m, const struct css *css,
                                         const struct html_node *one)
{
    const struct html_node *anchor = m->anchor;

    if (css->leading == CSS_DESCENDANT || (css->leading == CSS_CHILD && !css->is_one_step))
        return html_next_element(one ? one : anchor, anchor);
    if (css->leading == CSS_CHILD) {
        if (one)
            return html_sibling_after(one);
        return anchor->first && anchor->first->name ? anchor->first
               : anchor->first                      ? html_sibling_after(anchor->first)
                                                    : NULL;
    }
    if (!one || css->is_one_step)
        return html_sibling_after(one ? one : anchor);
    return html_next_element(one, anchor->parent);
}

static bool has_relative(const struct match *m, const struct css *css)
{
    for (const struct html_node *one = candidate(m, css, NULL); one && step(m);
         one = candidate(m, css, one))
        if (matches_compound(m, css->subject, one))
            return true;
    return false;
}

static bool matches_has(const struct match *m, const struct css_simple *simple,
                        const struct html_node *element)
{
    struct match inner = {.page = m->page, .scope = m->scope, .anchor = element};
    size_t bit = 2 * ((size_t)simple->has_index * m->page->doc->n_elements + element->order);
    unsigned char *byte = &m->page->has_known[bit / 8];
    bool found = false;

    if (*byte >> (bit % 8) & 1)
        return *byte >> (bit % 8) & 2;
    for (const struct css *css = simple->list; css && !found; css = css->next)
        found = has_relative(&inner, css);
    *byte = (unsigned char)(*byte | (1u | (found ? 2u : 0u)) << (bit % 8));
    return found;
}

/* ---- compounds ---- */

static bool is_empty(const struct html_node *element)
{
    return element->first == NULL;
}

static bool matches_simple(const struct match *m, const struct css_simple *simple,
                           const struct html_node *element)
{
    switch (simple->kind) {
    case CSS_ANY:
        return true;
    case CSS_TYPE:
        return element->is_html ? str_eq(element->name, simple->lower)
                                : !strcasecmp(element->name, simple->name);
    case CSS_CLASS:
        return matches_class(m, simple, element);
    case CSS_ID:
        return matches_id(m, simple, element);
    case CSS_ATTRIBUTE:
        return matches_attribute(m, simple, element);
    case CSS_IS:
        return matches_list(m, simple->list, element);
    case CSS_NOT:
        return !matches_list(m, simple->list, element);
    case CSS_HAS:
        return matches_has(m, simple, element);
    case CSS_SCOPE:
        return element == m->scope;
    case CSS_ANCHOR:
        return element == m->anchor;
    case CSS_ROOT:
        return element->parent == NULL;
    case CSS_EMPTY:
        return is_empty(element);
    default:
        return matches_nth(m, simple, element);
    }
}

/* What stands at the left of a compound whose right side is `element`. */
static bool matches_left(const struct match *m, const struct css_compound *compound,
                         const struct html_node *element)
{
    const struct html_node *one = element;
    enum css_combinator combinator = compound->combinator;

    if (combinator == CSS_NONE)
        return true;
    for (;;) {
        one = combinator == CSS_DESCENDANT || combinator == CSS_CHILD ? one->parent
                                                                      : html_sibling_before(one);
        if (!one || !step(m))
            return false;
        if (matches_compound(m, compound->left, one))
            return true;
        if (combinator == CSS_CHILD || combinator == CSS_NEXT)
            return false;
    }
}

static bool matches_compound(const struct match *m, const struct css_compound *compound,
                             const struct html_node *element)
{
    if (!step(m))
        return false;
    for (const struct css_simple *one = compound->simples; one; one = one->next)
        if (!matches_simple(m, one, element))
            return false;
    return matches_left(m, compound, element);
}

static bool matches_list(const struct match *m, const struct css *css,
                         const struct html_node *element)
{
    for (; css; css = css->next)
        if (matches_compound(m, css->subject, element))
            return true;
    return false;
}

bool css_matches(struct css_page *page, const struct css *css, const struct html_node *element)
{
    struct match m = {.page = page, .scope = element};

    return matches_list(&m, css, element);
}

const struct html_node *css_next(struct css_page *page, const struct css *css,
                                 const struct html_node *scope, const struct html_node *after)
{
    struct match m = {.page = page, .scope = scope ? scope : page->doc->root};
    const struct html_node *within = scope ? scope : page->doc->root;
    const struct html_node *one = after;

    if (!one && !scope) {
        if (matches_list(&m, css, within))
            return within;
        one = within;
    }
    for (one = html_next_element(one ? one : within, within); one;
         one = html_next_element(one, within))
        if (matches_list(&m, css, one))
            return one;
    return NULL;
}
