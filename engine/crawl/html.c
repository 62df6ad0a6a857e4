/* SPDX-License-Identifier: MIT */
/* html.c - gumbo behind html.h.
 *
 * Gumbo frees a tree by recursion, and on some pages its work grows with the square of their size.
 * Both are kept off by its allocator: memory comes from a region that is dropped as a whole, and the
 * allocator leaves gumbo by longjmp() once it has taken too much memory or time (gumbo holds nothing
 * else, and allocates for every token).
 */
#include "crawl/html.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "crawl/html_fix.h"

#include <gumbo.h>
#include <setjmp.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MAX_PARSE_MS = 1000, LOOK_EVERY = 1024 };

#define MAX_PARSE_BYTES ((size_t)512 << 20)

struct budget {
    struct arena arena;
    jmp_buf exit;
    unsigned allocations;
    int64_t deadline_ms;
};

struct frame {
    const GumboNode *node;
    struct html_node *ours; /* NULL: counted only (the content of a template) */
    unsigned next_child;
};

struct convert {
    struct html_doc *doc;
    const char *source;   /* what gumbo read */
    const char *original; /* as it was before elements were renamed; the same offsets */
    size_t len;
    bool has_stand_ins;
    struct frame stack[HTML_MAX_DEPTH + 2];
    size_t depth;
    bool after_comment; /* the last thing added was a comment */
};

/* ---- gumbo's memory and time ---- */

static int64_t cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *budget_alloc(void *userdata, size_t size)
{
    struct budget *budget = userdata;
    size_t total = budget->arena.total_bytes;

    if (size > MAX_PARSE_BYTES || total > MAX_PARSE_BYTES ||
        (budget->allocations++ % LOOK_EVERY == 0 && cpu_ms() > budget->deadline_ms))
        longjmp(budget->exit, 1);
    return arena_alloc(&budget->arena, size ? size : 1);
}

static void budget_free(void *userdata, void *ptr)
{
    (void)userdata;
    (void)ptr;
}

/* NULL when it would take too much. */
static GumboOutput *parse_within(struct budget *budget, const char *text, size_t len)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = budget_alloc;
    options.deallocator = budget_free;
    options.userdata = budget;
    options.max_errors = 0;
    budget->deadline_ms = cpu_ms() + MAX_PARSE_MS;
    if (setjmp(budget->exit) != 0)
        return NULL;
    return gumbo_parse_with_options(&options, text, len);
}

/* The text as the page has it. */
static const char *own_text(const struct convert *c, const char *text)
{
    size_t len = strlen(text);
    const char *copy;
    struct buf out;

    if (!c->has_stand_ins)
        return arena_strndup(&c->doc->arena, text, len);
    buf_init(&out, BUF_MAX_DEFAULT);
    for (size_t i = 0, n; i < len; i += n)
        utf8_add(&out, html_fix_stood_for(utf8_char(text + i, len - i, &n)));
    copy = arena_strndup(&c->doc->arena, buf_str(&out), out.len);
    buf_fini(&out);
    return copy;
}

/* ---- names ---- */

/* The tag as the page has it, behind '<'; NULL: a tag that gumbo thought of. */
static const char *original_name(const struct convert *c, const GumboElement *element)
{
    const char *tag = element->original_tag.data;

    return tag >= c->source && tag < c->source + c->len ? c->original + (tag - c->source) + 1
                                                        : NULL;
}

/* NULL: it was not renamed. */
static const char *name_before(const struct convert *c, const GumboElement *element)
{
    const char *tag = original_name(c, element);

    if (!tag || element->tag_namespace != GUMBO_NAMESPACE_HTML)
        return NULL;
    return html_fix_name_before(tag);
}

/* ---- nodes ---- */

static const char *lowered(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_strndup(arena, text, len);

    for (char *at = copy; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at | 0x20);
    return copy;
}

static const char *element_name(const struct convert *c, const GumboElement *element)
{
    struct arena *arena = &c->doc->arena;
    GumboStringPiece name = element->original_tag;
    const char *before = name_before(c, element);
    const char *svg;

    if (before)
        return before;
    if (element->tag_namespace == GUMBO_NAMESPACE_HTML && element->tag != GUMBO_TAG_UNKNOWN)
        return gumbo_normalized_tagname(element->tag);
    if (!name.data)
        return gumbo_normalized_tagname(element->tag);
    gumbo_tag_from_original_text(&name);
    svg = element->tag_namespace == GUMBO_NAMESPACE_SVG ? gumbo_normalize_svg_tagname(&name) : NULL;
    return svg ? svg : lowered(arena, name.data, name.length);
}

static const char *attribute_name(struct arena *arena, const GumboAttribute *attr)
{
    static const char *const prefixes[] = {
        [GUMBO_ATTR_NAMESPACE_XLINK] = "xlink:", [GUMBO_ATTR_NAMESPACE_XML] = "xml:"};

    if (attr->attr_namespace == GUMBO_ATTR_NAMESPACE_XLINK ||
        attr->attr_namespace == GUMBO_ATTR_NAMESPACE_XML)
        return arena_printf(arena, "%s%s", prefixes[attr->attr_namespace], attr->name);
    if (attr->attr_namespace == GUMBO_ATTR_NAMESPACE_XMLNS && !str_eq(attr->name, "xmlns"))
        return arena_printf(arena, "xmlns:%s", attr->name);
    return arena_strdup(arena, attr->name);
}

/* How long `text` is in outerHTML; some characters are written as references. */
static size_t written_length(const char *text, size_t len, bool is_attribute)
{
    size_t length = utf8_utf16_len(text, len);

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '&')
            length += strlen("&amp;") - 1;
        else if (text[i] == '<' || text[i] == '>')
            length += strlen("&lt;") - 1;
        else if (text[i] == '"' && is_attribute)
            length += strlen("&quot;") - 1;
        else if (text[i] == '\xa0' && i > 0 && text[i - 1] == '\xc2')
            length += strlen("&nbsp;") - 1;
    }
    return length;
}

static void add_attributes(struct convert *c, struct html_node *node, const GumboElement *element)
{
    struct arena *arena = &c->doc->arena;

    node->attrs = arena_array(arena, struct html_attr, element->attributes.length);
    for (unsigned i = 0; i < element->attributes.length; i++) {
        const GumboAttribute *attr = element->attributes.data[i];
        struct html_attr *ours = &node->attrs[node->n_attrs++];

        ours->name = attribute_name(arena, attr);
        ours->has_namespace = attr->attr_namespace != GUMBO_ATTR_NAMESPACE_NONE;
        ours->value = own_text(c, attr->value);
        c->doc->outer_length += utf8_utf16_len(ours->name, strlen(ours->name)) + strlen(" =\"\"") +
                                written_length(ours->value, strlen(ours->value), true);
    }
}

static void append(struct html_node *parent, struct html_node *node)
{
    node->parent = parent;
    node->prev = parent->last;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    if (node->name)
        node->nth = ++parent->n_children;
}

static bool has_no_end_tag(const char *name)
{
    static const char *const names[] = {"area",  "base",  "basefont", "bgsound", "br",    "col",
                                        "embed", "frame", "hr",       "img",     "input", "keygen",
                                        "link",  "meta",  "param",    "source",  "track", "wbr"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* `in_tree`: false inside a template, where only the length counts. */
static struct html_node *add_element(struct convert *c, struct html_node *parent,
                                     const GumboElement *element, bool in_tree)
{
    struct html_node *node = arena_new(&c->doc->arena, struct html_node);
    size_t name_len;

    node->name = element_name(c, element);
    node->is_html = element->tag_namespace == GUMBO_NAMESPACE_HTML;
    name_len = utf8_utf16_len(node->name, strlen(node->name));
    c->doc->outer_length += name_len + strlen("<>");
    if (!node->is_html || !has_no_end_tag(node->name))
        c->doc->outer_length += name_len + strlen("</>");
    add_attributes(c, node, element);
    if (!in_tree)
        return NULL;
    c->after_comment = false;
    node->order = c->doc->n_elements++;
    if (parent)
        append(parent, node);
    return node;
}

static bool is_written_raw(const GumboNode *parent)
{
    static const GumboTag tags[] = {GUMBO_TAG_STYLE,    GUMBO_TAG_SCRIPT,  GUMBO_TAG_XMP,
                                    GUMBO_TAG_IFRAME,   GUMBO_TAG_NOEMBED, GUMBO_TAG_NOFRAMES,
                                    GUMBO_TAG_PLAINTEXT};

    if (parent->type != GUMBO_NODE_ELEMENT ||
        parent->v.element.tag_namespace != GUMBO_NAMESPACE_HTML)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (parent->v.element.tag == tags[i])
            return true;
    return false;
}

static void add_text(struct convert *c, struct html_node *parent, const GumboNode *text)
{
    struct arena *arena = &c->doc->arena;
    const char *words = own_text(c, text->v.text.text);
    size_t len = strlen(words);
    struct html_node *node;

    c->doc->outer_length += is_written_raw(text->parent) ? utf8_utf16_len(words, len)
                                                         : written_length(words, len, false);
    if (!parent || len == 0)
        return;
    node = arena_new(arena, struct html_node);
    node->joins = parent->last && !parent->last->name && !c->after_comment;
    node->text = words;
    node->text_len = len;
    append(parent, node);
    c->after_comment = false;
}

static int push(struct convert *c, const GumboNode *node, struct html_node *ours, struct err *err)
{
    if (c->depth > HTML_MAX_DEPTH)
        return err_set(err, ERR_PROTOCOL, "elements are nested more than %d deep", HTML_MAX_DEPTH);
    c->stack[c->depth++] = (struct frame){.node = node, .ours = ours};
    return 0;
}

static int add_node(struct convert *c, const struct frame *in, const GumboNode *node,
                    struct err *err)
{
    switch (node->type) {
    case GUMBO_NODE_ELEMENT:
        return push(c, node, add_element(c, in->ours, &node->v.element, in->ours != NULL), err);
    case GUMBO_NODE_TEMPLATE:
        /* It is an element without children; what it holds stands in a document of its own. */
        add_element(c, in->ours, &node->v.element, in->ours != NULL);
        return push(c, node, NULL, err);
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_CDATA:
    case GUMBO_NODE_WHITESPACE:
        add_text(c, in->ours, node);
        return 0;
    case GUMBO_NODE_COMMENT:
        c->doc->outer_length +=
            utf8_utf16_len(node->v.text.text, strlen(node->v.text.text)) + strlen("<!---->");
        c->after_comment = true;
        return 0;
    default:
        return 0;
    }
}

static int convert(struct convert *c, const GumboNode *root, struct err *err)
{
    c->doc->root = add_element(c, NULL, &root->v.element, true);
    if (push(c, root, c->doc->root, err) < 0)
        return -1;
    while (c->depth > 0) {
        struct frame *top = &c->stack[c->depth - 1];
        const GumboVector *children = &top->node->v.element.children;

        if (top->next_child == children->length)
            c->depth--;
        else if (add_node(c, top, children->data[top->next_child++], err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the page ---- */

static int parse_into(struct html_doc *doc, const char *text, size_t len, struct err *err)
{
    struct budget budget = {0};
    char *replaced = html_fix_characters(text, &len);
    struct convert c = {.doc = doc, .has_stand_ins = replaced != NULL};
    char *source = mem_alloc(len + 1);
    GumboOutput *output;
    int result;

    c.original = replaced ? replaced : text;
    memcpy(source, c.original, len);
    source[len] = '\0';
    c.len = len;
    html_fix_doctype(source, len);
    if (html_fix_elements(source, len, err) < 0) {
        mem_free(source);
        mem_free(replaced);
        return -1;
    }
    c.source = source;
    arena_init(&budget.arena);
    output = parse_within(&budget, source, len);
    if (output) {
        doc->is_quirks = output->document->v.document.doc_type_quirks_mode == GUMBO_DOCTYPE_QUIRKS;
        result = convert(&c, output->root, err);
    } else {
        result = err_set(err, ERR_PROTOCOL, "the page's tree takes too much time or memory");
    }
    arena_fini(&budget.arena);
    mem_free(source);
    mem_free(replaced);
    return result;
}

int html_parse(const char *text, size_t len, struct html_doc **out, struct err *err)
{
    *out = mem_new(struct html_doc);
    arena_init(&(*out)->arena);
    if (parse_into(*out, text, len, err) == 0)
        return 0;
    html_free(out);
    return -1;
}

void html_free(struct html_doc **doc)
{
    if (!*doc)
        return;
    arena_fini(&(*doc)->arena);
    mem_free(*doc);
    *doc = NULL;
}

const char *html_attr(const struct html_node *element, const char *name)
{
    for (size_t i = 0; i < element->n_attrs; i++)
        if (str_eq(element->attrs[i].name, name))
            return element->attrs[i].value;
    return NULL;
}

struct html_node *html_next(const struct html_node *node, const struct html_node *within)
{
    if (node->first)
        return node->first;
    while (node != within && !node->next)
        node = node->parent;
    return node == within ? NULL : node->next;
}

struct html_node *html_next_element(const struct html_node *node, const struct html_node *within)
{
    struct html_node *next = html_next(node, within);

    while (next && !next->name)
        next = html_next(next, within);
    return next;
}

struct html_node *html_sibling_after(const struct html_node *node)
{
    do
        node = node->next;
    while (node && !node->name);
    return (struct html_node *)(uintptr_t)node;
}

struct html_node *html_sibling_before(const struct html_node *node)
{
    do
        node = node->prev;
    while (node && !node->name);
    return (struct html_node *)(uintptr_t)node;
}

bool html_is(const struct html_node *node, const char *name)
{
    return node->name && node->is_html && str_eq(node->name, name);
}
