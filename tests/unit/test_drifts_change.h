/* SPDX-License-Identifier: MIT */
/* test_drifts_change.h - changes that boards make to their markup: chosen by a seed in the row of a
 * post, done to all places of a page that are like it, and the page as HTML again.
 */
#ifndef TEST_DRIFTS_CHANGE_H
#define TEST_DRIFTS_CHANGE_H

#include "test_drifts.h"

#include "base/buf.h"
#include "crawl/html.h"

enum kind { CLASS_RENAMED, WRAPPER_ADDED, COLUMN_MOVED, ATTRIBUTE_MOVED, KINDS };

static const char *const kind_names[] = {"class renamed", "wrapper added", "column moved",
                                         "attribute moved"};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* ---- trees ----------------------------------------------------------------------------------- */

static bool is_void(const char *name)
{
    static const char *const names[] = {"area", "base",  "br",   "col",    "embed", "hr",
                                        "img",  "input", "link", "source", "meta",  "wbr"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static bool is_raw(const char *name)
{
    return str_eq(name, "script") || str_eq(name, "style") || str_eq(name, "noscript") ||
           str_eq(name, "iframe");
}

static void write_escaped(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            buf_adds(out, "&amp;");
            break;
        case '<':
            buf_adds(out, "&lt;");
            break;
        case '"':
            buf_adds(out, "&quot;");
            break;
        default:
            buf_addc(out, text[i]);
        }
    }
}

static void write_node(struct buf *out, const struct html_node *node)
{
    if (!node->name) {
        if (node->parent && is_raw(node->parent->name))
            buf_add(out, node->text, node->text_len);
        else
            write_escaped(out, node->text, node->text_len);
        return;
    }
    buf_addf(out, "<%s", node->name);
    for (size_t i = 0; i < node->n_attrs; i++) {
        buf_addf(out, " %s=\"", node->attrs[i].name);
        write_escaped(out, node->attrs[i].value, strlen(node->attrs[i].value));
        buf_addc(out, '"');
    }
    buf_addc(out, '>');
    if (is_void(node->name))
        return;
    for (const struct html_node *child = node->first; child; child = child->next)
        write_node(out, child);
    buf_addf(out, "</%s>", node->name);
}

static struct html_doc *parse(const char *html, size_t len)
{
    struct html_doc *doc;
    struct err err;

    if (html_parse(html, len, &doc, &err) < 0)
        fail_msg("%s", err.text);
    return doc;
}

static void unlink_node(struct html_node *node)
{
    struct html_node *parent = node->parent;

    *(node->prev ? &node->prev->next : &parent->first) = node->next;
    *(node->next ? &node->next->prev : &parent->last) = node->prev;
    node->prev = node->next = NULL;
}

/* before NULL: at the end. */
static void link_node(struct html_node *parent, struct html_node *node, struct html_node *before)
{
    node->parent = parent;
    node->next = before;
    node->prev = before ? before->prev : parent->last;
    *(node->prev ? &node->prev->next : &parent->first) = node;
    *(before ? &before->prev : &parent->last) = node;
}

/* ---- mutations ------------------------------------------------------------------------------- */

/* What all places of one change have in common: the tag, the first class, the parent's tag. */
struct mutation {
    enum kind kind;
    const char *tag, *class, *parent; /* class "": none */
    char word[64];                    /* the class or attribute */
    int columns, from, to;            /* of a column */
    bool to_parent;                   /* the attribute goes to the parent, else it is renamed */
    unsigned dye;
};

static void first_class(const struct html_node *e, char out[64])
{
    const char *classes = html_attr(e, "class");
    size_t len = classes ? strcspn(classes + strspn(classes, " "), " ") : 0;

    snprintf(out, 64, "%.*s", (int)len, classes ? classes + strspn(classes, " ") : "");
}

static int count_children(const struct html_node *e)
{
    int n = 0;

    for (const struct html_node *child = e->first; child; child = child->next)
        n += child->name != NULL;
    return n;
}

/* A column moves in all rows, however they are striped. */
static bool is_place(const struct mutation *m, const struct html_node *e)
{
    char class[64];

    if (m->kind == COLUMN_MOVED && str_eq(e->name, "tr"))
        return str_eq(m->tag, "tr") && count_children(e) == m->columns;

    first_class(e, class);
    return e->parent && str_eq(e->name, m->tag) && str_eq(e->parent->name, m->parent) &&
           str_eq(class, m->class);
}

static void rename_class(struct html_doc *doc, struct html_node *e, const struct mutation *m)
{
    static const char *const forms[] = {"%s_v2", "x-%s", "b2 %s-new", "%s2026x"};
    const char *classes = html_attr(e, "class");
    const char *at = classes ? strstr(classes, m->word) : NULL;
    size_t len = strlen(m->word);
    char renamed[200];

    while (at && ((at > classes && at[-1] != ' ') || (at[len] && at[len] != ' ')))
        at = strstr(at + 1, m->word);
    if (!at)
        return;
    switch (m->dye % ARRAY_LEN(forms)) {
    case 0:
        snprintf(renamed, sizeof renamed, "%s_v2", m->word);
        break;
    case 1:
        snprintf(renamed, sizeof renamed, "x-%s", m->word);
        break;
    case 2:
        snprintf(renamed, sizeof renamed, "b2 %s-new", m->word);
        break;
    default:
        snprintf(renamed, sizeof renamed, "q%s", m->word);
    }
    for (size_t i = 0; i < e->n_attrs; i++)
        if (str_eq(e->attrs[i].name, "class"))
            e->attrs[i].value = arena_printf(&doc->arena, "%.*s%s%s", (int)(at - classes), classes,
                                             renamed, at + len);
}

static struct html_node *new_wrapper(struct html_doc *doc, const char *name)
{
    struct html_node *wrapper = arena_new(&doc->arena, struct html_node);

    *wrapper = (struct html_node){.name = name, .is_html = true, .n_attrs = 1};
    wrapper->attrs = arena_new(&doc->arena, struct html_attr);
    *wrapper->attrs = (struct html_attr){.name = "class", .value = "wrap"};
    return wrapper;
}

/* Around the element, or, where only cells may stand, around what is in it. */
static void wrap(struct html_doc *doc, struct html_node *e, const struct mutation *m)
{
    bool is_inside = str_eq(e->name, "td") || str_eq(e->name, "li");
    struct html_node *wrapper = new_wrapper(doc, m->dye % 2 ? "span" : "div");

    if (is_inside) {
        while (e->first) {
            struct html_node *child = e->first;

            unlink_node(child);
            link_node(wrapper, child, NULL);
        }
        link_node(e, wrapper, NULL);
        return;
    }
    link_node(e->parent, wrapper, e);
    unlink_node(e);
    link_node(wrapper, e, NULL);
}

static struct html_node *child_at(struct html_node *parent, int index)
{
    for (struct html_node *child = parent->first; child; child = child->next)
        if (child->name && index-- == 0)
            return child;
    return NULL;
}

static void move_column(struct html_node *parent, const struct mutation *m)
{
    struct html_node *column = child_at(parent, m->from), *before;

    if (!column)
        return;
    unlink_node(column);
    before = child_at(parent, m->to);
    link_node(parent, column, before);
}

static void move_attribute(struct html_doc *doc, struct html_node *e, const struct mutation *m)
{
    for (size_t i = 0; i < e->n_attrs; i++) {
        struct html_attr *attr = &e->attrs[i];
        struct html_attr *more;
        struct html_node *parent = e->parent;

        if (!str_eq(attr->name, m->word))
            continue;
        if (!m->to_parent || html_attr(parent, m->word)) {
            attr->name = arena_printf(&doc->arena, "data-x-%s", m->word);
            return;
        }
        more = arena_array(&doc->arena, struct html_attr, parent->n_attrs + 1);
        if (parent->n_attrs)
            memcpy(more, parent->attrs, parent->n_attrs * sizeof *more);
        more[parent->n_attrs] = *attr;
        parent->attrs = more;
        parent->n_attrs++;
        memmove(attr, attr + 1, (e->n_attrs - i - 1) * sizeof *attr);
        e->n_attrs--;
        return;
    }
}

static void mutate(struct html_doc *doc, const struct mutation *m)
{
    struct html_node *next;

    for (struct html_node *e = doc->root; e; e = next) {
        next = html_next_element(e, doc->root);
        if (m->kind == CLASS_RENAMED)
            rename_class(doc, e, m);
        else if (!is_place(m, e))
            continue;
        else if (m->kind == WRAPPER_ADDED)
            wrap(doc, e, m);
        else if (m->kind == COLUMN_MOVED)
            move_column(e, m);
        else
            move_attribute(doc, e, m);
    }
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* The elements of one row, its own included. */
static int elements_of(struct html_node *row, struct html_node **out, int max)
{
    int n = 0;

    for (struct html_node *e = row; e && n < max; e = html_next_element(e, row))
        out[n++] = e;
    return n;
}

static bool choose_class(struct mutation *m, const struct html_node *e, unsigned *seed)
{
    const char *classes = html_attr(e, "class");
    int n = 0;

    for (const char *at = classes; at && *at;) {
        size_t len = strcspn(at, " ");

        if (len && len < 40 && next_random(seed) % (unsigned)++n == 0)
            snprintf(m->word, sizeof m->word, "%.*s", (int)len, at);
        at += len;
        at += strspn(at, " ");
    }
    return n > 0;
}

static bool choose_attribute(struct mutation *m, const struct html_node *e, unsigned *seed)
{
    const char *name;

    if (e->n_attrs == 0)
        return false;
    name = e->attrs[next_random(seed) % e->n_attrs].name;
    snprintf(m->word, sizeof m->word, "%s", name);
    m->to_parent = next_random(seed) % 2;
    return !str_eq(name, "class") && !str_eq(name, "style") && !str_starts(name, "on");
}

static bool choose_column(struct mutation *m, const struct html_node *e, unsigned *seed)
{
    int n = count_children(e);

    if (n < 3)
        return false;
    m->columns = n;
    m->from = (int)(next_random(seed) % (unsigned)n);
    m->to = (int)(next_random(seed) % (unsigned)n);
    return m->from != m->to;
}

static bool choose_at(struct mutation *m, const struct html_node *e, unsigned *seed)
{
    switch (m->kind) {
    case CLASS_RENAMED:
        return choose_class(m, e, seed);
    case WRAPPER_ADDED:
        return !str_eq(e->name, "tr");
    case COLUMN_MOVED:
        return choose_column(m, e, seed);
    default:
        return choose_attribute(m, e, seed);
    }
}

/* In the row of a post. class: where m->class is kept. */
static bool choose(struct mutation *m, enum kind kind, struct html_node *row, char class[64],
                   unsigned *seed)
{
    struct html_node *elements[300];
    int n = elements_of(row, elements, 300);

    for (int tries = 0; tries < 50; tries++) {
        struct html_node *e = elements[next_random(seed) % (unsigned)n];

        first_class(e, class);
        *m = (struct mutation){.kind = kind,
                               .tag = e->name,
                               .class = class,
                               .parent = e->parent->name,
                               .dye = next_random(seed)};
        if (choose_at(m, e, seed))
            return true;
    }
    return false;
}

#endif
