/* SPDX-License-Identifier: MIT */
/* suggest_forms.c - the selectors that a person might write for an element.
 *
 * A class that names the thing is worth most, a cell's number least; each step, attribute and
 * number costs. Classes that look like numbers are those of one post and are left out.
 */
#include "crawl/suggest_priv.h"

#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CLASSES = 4,
    MAX_SIMPLE = 24,
    MAX_DEPTH = 6,
    MAX_TEXT = 300,
    MAX_RENAMED = 60,
    POSTS_LOOKED_AT = 3
};

static const double CLASS = 1, TAG = 1.3, TAG_CLASS = 1.6, CLASSES = 1.4, ATTRIBUTE = 1.8,
                    VALUE = 2, PARENT = 0.7, ANCESTOR = 0.8, NTH = 1.6, PATH = 4;

struct simple {
    const char *css;
    double cost;
};

struct simples {
    struct simple items[MAX_SIMPLE];
    int n;
};

void suggest_forms_init(struct suggest_forms *forms, struct suggest *suggest)
{
    *forms = (struct suggest_forms){.suggest = suggest};
    map_init(&forms->seen);
}

void suggest_forms_fini(struct suggest_forms *forms)
{
    map_fini(&forms->seen);
    mem_free(forms->items);
}

void suggest_forms_add(struct suggest_forms *forms, const char *css, const char *attribute,
                       double cost)
{
    struct arena *arena = &forms->suggest->arena;
    const char *name = arena_printf(arena, "%s @%s", css, attribute);
    struct suggest_form *form = map_get(&forms->seen, name);

    if (strlen(css) > MAX_TEXT)
        return;
    if (!form) {
        form = arena_new(arena, struct suggest_form);
        *form = (struct suggest_form){css, arena_strdup(arena, attribute), cost, 0};
        map_put(&forms->seen, name, form);
        if (forms->n == forms->cap) {
            forms->cap = forms->cap ? 2 * forms->cap : 64;
            forms->items = mem_realloc(forms->items, (size_t)forms->cap * sizeof *forms->items);
        }
        forms->items[forms->n++] = form;
    }
    form->made++;
    form->cost = cost < form->cost ? cost : form->cost;
}

static int by_made(const void *a, const void *b)
{
    const struct suggest_form *one = *(struct suggest_form *const *)a;
    const struct suggest_form *two = *(struct suggest_form *const *)b;

    if (one->made != two->made)
        return two->made - one->made;
    if (one->cost != two->cost)
        return one->cost < two->cost ? -1 : 1;
    return strcmp(one->css, two->css);
}

void suggest_forms_cut(struct suggest_forms *forms, int max)
{
    if (forms->n > 1)
        qsort(forms->items, (size_t)forms->n, sizeof(struct suggest_form *), by_made);
    if (forms->n > max)
        forms->n = max;
}

/* ---- one element by itself ---- */

/* What can stand behind a dot as it is. */
static bool is_plain_name(const char *name, size_t len)
{
    size_t digits = 0;

    if (len == 0 || isdigit((unsigned char)*name))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];

        if (!isalnum(c) && c != '-' && c != '_' && c < 0x80)
            return false;
        digits += isdigit(c) != 0;
    }
    return digits < 4;
}

static void add_simple(struct simples *out, const char *css, double cost)
{
    if (out->n < MAX_SIMPLE)
        out->items[out->n++] = (struct simple){css, cost};
}

/* ".a", "tag.a" of each class, and ".a.b" of all. */
static void add_classes(struct arena *arena, const struct html_node *element, struct simples *out)
{
    const char *at = html_attr(element, "class");
    struct buf all;
    int n = 0;

    buf_init(&all, MAX_TEXT);
    while (at && *at && n < MAX_CLASSES) {
        size_t len = strcspn(at, " \t\r\n\f");

        if (is_plain_name(at, len)) {
            add_simple(out, arena_printf(arena, ".%.*s", (int)len, at), CLASS);
            add_simple(out, arena_printf(arena, "%s.%.*s", element->name, (int)len, at), TAG_CLASS);
            buf_addf(&all, ".%.*s", (int)len, at);
            n++;
        }
        at += len;
        at += strspn(at, " \t\r\n\f");
    }
    if (n > 1)
        add_simple(out, arena_strdup(arena, buf_str(&all)), CLASSES + 0.2 * n);
    buf_fini(&all);
}

static bool is_naming_value(const char *value)
{
    size_t len = strlen(value);

    return len > 0 && len <= 24 && !strpbrk(value, "\"\\\n0123456789");
}

static void add_attributes(struct arena *arena, const struct html_node *element,
                           struct simples *out)
{
    static const char *const skipped[] = {"class", "id", "style", "onclick", "onerror", "onload"};

    for (size_t i = 0; i < element->n_attrs; i++) {
        const struct html_attr *attr = &element->attrs[i];
        bool skip = !is_plain_name(attr->name, strlen(attr->name));

        for (size_t k = 0; k < ARRAY_LEN(skipped); k++)
            skip = skip || str_eq(attr->name, skipped[k]);
        if (skip)
            continue;
        add_simple(out, arena_printf(arena, "%s[%s]", element->name, attr->name), ATTRIBUTE);
        if (is_naming_value(attr->value))
            add_simple(out,
                       arena_printf(arena, "%s[%s=\"%s\"]", element->name, attr->name, attr->value),
                       VALUE);
    }
}

static void simples_of(struct arena *arena, const struct html_node *element, struct simples *out)
{
    out->n = 0;
    add_classes(arena, element, out);
    add_simple(out, element->name, TAG);
    add_attributes(arena, element, out);
}

/* ---- and among others ---- */

/* The shortest name of an element that stands for its place: its first class, else its tag. */
static struct simple name_of(struct arena *arena, const struct html_node *element)
{
    struct simples all;

    simples_of(arena, element, &all);
    return all.items[0];
}

static void add_by_place(struct suggest_forms *forms, const struct html_node *element,
                         const char *attribute)
{
    struct arena *arena = &forms->suggest->arena;
    const struct html_node *before = html_sibling_before(element);
    struct simple parent = name_of(arena, element->parent);
    uint32_t from_end = element->parent->n_children - element->nth + 1;

    suggest_forms_add(
        forms,
        arena_printf(arena, "%s > %s:nth-child(%u)", parent.css, element->name, element->nth),
        attribute, parent.cost + TAG + PARENT + NTH);
    suggest_forms_add(
        forms,
        arena_printf(arena, "%s > %s:nth-last-child(%u)", parent.css, element->name, from_end),
        attribute, parent.cost + TAG + PARENT + NTH + 0.1);
    suggest_forms_add(forms, arena_printf(arena, "%s:nth-child(%u)", element->name, element->nth),
                      attribute, TAG + NTH + 0.6);
    if (before) {
        struct simple left = name_of(arena, before);

        suggest_forms_add(forms, arena_printf(arena, "%s + %s", left.css, element->name), attribute,
                          left.cost + TAG + PARENT + 0.6);
        suggest_forms_add(forms,
                          arena_printf(arena, "%s + %s", left.css, name_of(arena, element).css),
                          attribute, left.cost + CLASS + PARENT + 0.6);
    }
}

/* ":scope > td:nth-child(3) > span:nth-child(1)" */
static void add_path(struct suggest_forms *forms, const struct html_node *element,
                     const struct html_node *row, const char *attribute)
{
    struct arena *arena = &forms->suggest->arena;
    const char *path = "";
    int depth = 0;

    for (const struct html_node *at = element; at != row; at = at->parent) {
        if (!at || ++depth > MAX_DEPTH)
            return;
        path = arena_printf(arena, " > %s:nth-child(%u)%s", at->name, at->nth, path);
    }
    suggest_forms_add(forms, arena_printf(arena, ":scope%s", path), attribute, PATH + depth);
}

static void add_below(struct suggest_forms *forms, const struct html_node *element,
                      const struct html_node *row, const struct simples *own, const char *attribute)
{
    struct arena *arena = &forms->suggest->arena;
    int depth = 0;

    for (const struct html_node *above = element->parent; above && depth < MAX_DEPTH;
         above = above->parent, depth++) {
        struct simple name = above == row ? (struct simple){":scope", 1.2} : name_of(arena, above);
        const char *step = depth == 0 ? ">" : "";

        for (int i = 0; i < own->n; i++) {
            const char *css =
                depth == 0 ? arena_printf(arena, "%s %s %s", name.css, step, own->items[i].css)
                           : arena_printf(arena, "%s %s", name.css, own->items[i].css);

            if (above != row || depth == 0)
                suggest_forms_add(forms, css, attribute,
                                  own->items[i].cost + name.cost +
                                      (depth == 0 ? PARENT : ANCESTOR + 0.1 * depth));
        }
        if (above == row)
            return;
    }
}

void suggest_forms_of(struct suggest_forms *forms, const struct html_node *element,
                      const struct html_node *row, const char *attribute)
{
    struct arena *arena = &forms->suggest->arena;
    struct simples own;

    if (element == row) {
        suggest_forms_add(forms, "", attribute, CLASS);
        simples_of(arena, element, &own);
        for (int i = 0; i < own.n; i++)
            if (own.items[i].css[0] == '.')
                suggest_forms_add(forms, arena_printf(arena, ":scope%s", own.items[i].css),
                                  attribute, own.items[i].cost + 0.2);
        return;
    }
    simples_of(arena, element, &own);
    for (int i = 0; i < own.n; i++)
        suggest_forms_add(forms, own.items[i].css, attribute, own.items[i].cost);
    if (!element->parent)
        return;
    add_below(forms, element, row, &own, attribute);
    if (row) {
        add_by_place(forms, element, attribute);
        add_path(forms, element, row, attribute);
    }
}

/* ---- the file's own ---- */

/* Where the last step begins that `n` combinators outside brackets precede; NULL: there are none. */
static const char *behind_step(const char *css)
{
    int depth = 0;
    char quote = 0;

    for (; *css; css++) {
        if (quote) {
            quote = *css == quote ? 0 : quote;
        } else if (*css == '"' || *css == '\'') {
            quote = *css;
        } else if (strchr("([", *css)) {
            depth++;
        } else if (strchr(")]", *css)) {
            depth--;
        } else if (depth == 0 && strchr(" >+~", *css)) {
            css += strspn(css, " >+~");
            return css;
        }
    }
    return NULL;
}

/* "a > b" as "a b", also in brackets. */
static const char *loosened(struct arena *arena, const char *css)
{
    char *copy = arena_strdup(arena, css);

    for (char *at = copy; *at; at++)
        if (*at == '>')
            *at = ' ';
    return copy;
}

static void add_steps(struct suggest_forms *forms, const char *selector, const char *attribute,
                      double cost)
{
    struct arena *arena = &forms->suggest->arena;

    for (const char *css = selector; css && *css; css = behind_step(css), cost += 0.2) {
        suggest_forms_add(forms, arena_strdup(arena, css), attribute, cost);
        if (strchr(css, '>') && !strstr(css, ":scope"))
            suggest_forms_add(forms, loosened(arena, css), attribute, cost + 0.1);
    }
}

/* ---- classes that were renamed ---- */

static void add_class_names(struct map *names, struct arena *arena, const struct html_node *element)
{
    const char *at = html_attr(element, "class");

    while (at && *at) {
        size_t len = strcspn(at, " \t\r\n\f");

        if (is_plain_name(at, len))
            map_put(names, arena_strndup(arena, at, len), (void *)(uintptr_t)element);
        at += len;
        at += strspn(at, " \t\r\n\f");
    }
}

static bool page_has_class(struct suggest *s, const char *name, size_t len)
{
    const struct css *css = suggest_compile(s, arena_printf(&s->arena, ".%.*s", (int)len, name));

    return !css || css_next(&s->run.css, css, NULL, NULL);
}

/* The next class of the selector that no element of the page has, from `css` on; NULL: none. */
static const char *lost_class(struct suggest *s, const char *css, size_t *len_out)
{
    for (const char *dot = strchr(css, '.'); dot; dot = strchr(dot + 1, '.')) {
        size_t len = strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_");

        if (is_plain_name(dot + 1, len) && !page_has_class(s, dot + 1, len)) {
            *len_out = len;
            return dot + 1;
        }
    }
    return NULL;
}

static const char *replaced(struct arena *arena, const char *css, const char *lost, size_t len,
                            const char *name)
{
    struct buf out;
    const char *copy;

    buf_init(&out, BUF_MAX_DEFAULT);
    while (*css) {
        if (*css == '.' && !strncmp(css + 1, lost, len) && !isalnum((unsigned char)css[1 + len]) &&
            css[1 + len] != '-' && css[1 + len] != '_') {
            buf_addf(&out, ".%s", name);
            css += 1 + len;
        } else {
            buf_addc(&out, *css++);
        }
    }
    copy = arena_strdup(arena, buf_str(&out));
    buf_fini(&out);
    return copy;
}

static void find_class_names(struct suggest *s, struct map *names)
{
    for (int i = 0; i < s->n_posts && i < POSTS_LOOKED_AT; i++) {
        const struct html_node *row = s->posts[i].row;

        for (const struct html_node *in = row; in; in = html_next_element(in, row))
            add_class_names(names, &s->arena, in);
        for (const struct html_node *up = row->parent; up; up = up->parent)
            add_class_names(names, &s->arena, up);
    }
}

static void add_renamed(struct suggest_forms *forms, const char *selector, const char *attribute)
{
    struct suggest *s = forms->suggest;
    size_t len = 0;
    const char *lost = lost_class(s, selector, &len);
    struct map names;

    map_init(&names);
    if (lost)
        find_class_names(s, &names);
    for (; lost; lost = lost_class(s, lost + len, &len)) {
        size_t at = 0;
        int tried = 0;

        for (struct map_entry *e; (e = map_next(&names, &at)) && tried < MAX_RENAMED; tried++)
            suggest_forms_add(forms, replaced(&s->arena, selector, lost, len, e->key), attribute,
                              0.8);
    }
    map_fini(&names);
}

void suggest_forms_of_old(struct suggest_forms *forms, const char *selector, const char *attribute)
{
    add_steps(forms, selector, attribute, 1.2);
    add_renamed(forms, selector, attribute);
}
