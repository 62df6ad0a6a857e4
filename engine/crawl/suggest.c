/* SPDX-License-Identifier: MIT */
/* suggest.c - where the known posts stand on the page, and how well a selector reads them.
 *
 * Posts are found by the file's own rules where those still work, else by their numbers: an element
 * whose attributes hold the number of one post, and of no other, belongs to it; the highest such
 * element is its row.
 */
#include "crawl/suggest_priv.h"

#include "base/str.h"
#include "crawl/drift.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    POSTS_MIN = 3,
    POSTS_LOOKED_AT = 8, /* for making selectors; all are looked at for ranking */
    FORMS_TRIED = 160,
    OLD_FORMS = 300,
    WITHOUTS_TRIED = 40,
    SHORT_KEY = 4, /* a number of fewer digits may be anything */
    MAX_ELEMENTS = 600,
    MAX_OTHERS = 20,
    MORE_HAS = 64, /* :has() in selectors that are tried */
};

#define NO_LIMIT (INT64_MAX / 2)

/* ---- the page ---- */

static const struct deal_row *known_by(const struct suggest *s, const char *key, size_t len)
{
    char text[130];

    if (len == 0 || len >= sizeof text)
        return NULL;
    memcpy(text, key, len);
    text[len] = '\0';
    return map_get(&s->known, text);
}

/* The known post whose number an attribute holds, as a word of its own. */
static const struct deal_row *post_in(const struct suggest *s, const char *value)
{
    const struct deal_row *whole = known_by(s, value, strlen(value));

    if (whole)
        return whole;
    while (*value) {
        size_t len = 0;

        while (isalnum((unsigned char)value[len]))
            len++;
        if (len >= SHORT_KEY && known_by(s, value, len))
            return known_by(s, value, len);
        value += len ? len : 1;
    }
    return NULL;
}

static const struct deal_row *post_of_element(const struct suggest *s,
                                              const struct html_node *element)
{
    const char *href = html_attr(element, "href");
    const struct deal_row *post = href ? post_in(s, href) : NULL;

    for (size_t i = 0; !post && i < element->n_attrs; i++)
        if (!str_eq(element->attrs[i].name, "style"))
            post = post_in(s, element->attrs[i].value);
    return post;
}

static void own(struct suggest *s, const struct html_node *element, const struct deal_row *post)
{
    int number = (int)(post - s->in.known) + 1;

    for (const struct html_node *at = element; at; at = at->parent) {
        int *owner = &s->owner[at->order];

        if (*owner == number || *owner == -1)
            return;
        if (*owner != 0)
            number = -1;
        *owner = number;
    }
}

/* From a second owner on, all above belong to several. */
static void own_all(struct suggest *s)
{
    s->owner = arena_array(&s->arena, int, s->doc->n_elements + 1);
    for (const struct html_node *e = s->doc->root; e; e = html_next_element(e, s->doc->root)) {
        const struct deal_row *post = post_of_element(s, e);

        if (post)
            own(s, e, post);
    }
}

/* ---- posts and rows ---- */

static bool has_post(const struct suggest *s, const struct deal_row *known)
{
    for (int i = 0; i < s->n_posts; i++)
        if (s->posts[i].known == known)
            return true;
    return false;
}

static void add_post(struct suggest *s, const struct deal_row *known, const struct html_node *row)
{
    if (known && !has_post(s, known))
        s->posts[s->n_posts++] = (struct suggest_post){known, row};
}

static const struct html_node *element_of(struct native_run *run, const struct html_node *row,
                                          const struct css *css, const struct html_node *after)
{
    if (!css)
        return after ? NULL : row;
    if (!after && css_matches(&run->css, css, row))
        return row;
    return css_next(&run->css, css, row, after == row ? NULL : after);
}

static const char *read_way(struct native_run *run, const struct html_node *row,
                            const struct css *css, const char *attribute,
                            const struct native_field *field, bool *many)
{
    const char *value = NULL;
    int n = 0;

    for (const struct html_node *one = element_of(run, row, css, NULL); one && n < 2;
         one = element_of(run, row, css, one)) {
        n++;
        value = value ? value : native_value(run, one, attribute, field);
    }
    *many = n > 1;
    for (const struct html_node *one = element_of(run, row, css, NULL); one && !value;
         one = element_of(run, row, css, one))
        value = native_value(run, one, attribute, field);
    return value;
}

/* By all alternatives of the file. */
static const char *read_rule(struct suggest *s, const struct html_node *row,
                             const struct native_field *field)
{
    bool many;

    for (size_t i = 0; i < field->rule->n_css; i++) {
        const char *value =
            read_way(&s->run, row, field->css[i].css, field->css[i].attribute, field, &many);

        if (value)
            return value;
    }
    return NULL;
}

const struct native_field *suggest_rule(const struct suggest *s, const char *field)
{
    for (size_t i = 0; i < s->layout->n_fields; i++)
        if (str_eq(s->layout->fields[i].name, field))
            return &s->rules.layouts[0].fields[i];
    return NULL;
}

static bool is_skipped(struct suggest *s, const struct html_node *row)
{
    const struct native_layout *layout = &s->rules.layouts[0];

    for (size_t i = 0; i < layout->rule->skip.n; i++)
        if (element_of(&s->run, row, layout->skip[i], NULL))
            return true;
    return false;
}

static const struct deal_row *post_of_row(struct suggest *s, const struct html_node *row)
{
    const char *key = read_rule(s, row, suggest_rule(s, "key"));
    const struct deal_row *known = key ? map_get(&s->known, key) : NULL;
    int owner = s->owner[row->order];

    if (!known && owner > 0)
        known = &s->in.known[owner - 1];
    return known;
}

static void add_row(struct suggest *s, const struct deal_row *known, const struct html_node *row)
{
    if (known)
        add_post(s, known, row);
    else if (s->n_others < MAX_OTHERS)
        s->others[s->n_others++] = row;
}

static void find_posts_by_rules(struct suggest *s)
{
    const struct css *rows = s->rules.layouts[0].rows;

    for (const struct html_node *row = css_next(&s->run.css, rows, NULL, NULL);
         row && s->n_posts < s->in.n_known; row = css_next(&s->run.css, rows, NULL, row))
        if (!is_skipped(s, row))
            add_row(s, post_of_row(s, row), row);
}

static void find_posts_by_numbers(struct suggest *s)
{
    s->n_posts = 0;
    for (const struct html_node *e = s->doc->root; e && s->n_posts < s->in.n_known;
         e = html_next_element(e, s->doc->root)) {
        int owner = s->owner[e->order];

        if (owner > 0 && e->parent && s->owner[e->parent->order] == -1)
            add_post(s, &s->in.known[owner - 1], e);
    }
}

/* Those whose numbers the page holds at all. */
static int posts_by_numbers(struct suggest *s)
{
    find_posts_by_numbers(s);
    return s->n_posts;
}

static void find_posts(struct suggest *s)
{
    int there = posts_by_numbers(s);

    s->n_posts = s->n_others = 0;
    find_posts_by_rules(s);
    s->rows_are_found = s->n_posts >= POSTS_MIN && s->n_posts >= there / 2;
    if (!s->rows_are_found) {
        s->n_others = 0;
        find_posts_by_numbers(s);
    }
}

/* ---- life ---- */

static int prepare(struct suggest *s, struct err *err)
{
    struct native_rules rules;

    if (native_rules_init(&rules, s->in.site, s->layout, 1, err) < 0) {
        native_rules_fini(&rules);
        return -1;
    }
    if (s->rules.site)
        native_rules_fini(&s->rules);
    s->rules = rules;
    s->n_has = s->rules.n_has;
    css_page_init(&s->run.css, s->doc, s->n_has + MORE_HAS);
    s->run.css.steps_left = NO_LIMIT;
    find_posts(s);
    return 0;
}

int suggest_new(const struct suggest_input *input, struct suggest **out, struct err *err)
{
    struct suggest *s = mem_new(struct suggest);

    *out = NULL;
    s->in = *input;
    arena_init(&s->arena);
    arena_init(&s->scratch);
    map_init(&s->known);
    for (int i = 0; i < input->n_known; i++)
        map_put(&s->known, input->known[i].key, (void *)(uintptr_t)&input->known[i]);
    s->layout = arena_new(&s->arena, struct site_layout);
    *s->layout = *input->layout;
    s->others = arena_array(&s->arena, const struct html_node *, MAX_OTHERS);
    s->posts = arena_array(&s->arena, struct suggest_post, (size_t)input->n_known + 1);
    if (html_parse(input->html, input->len, &s->doc, err) < 0 ||
        (s->run = (struct native_run){.doc = s->doc, .arena = &s->scratch},
         !weburl_parse(&s->doc->arena, input->url, NULL, NULL, NULL, &s->run.location) &&
             err_set(err, ERR_PROTOCOL, "%s: expected an address", input->url))) {
        suggest_free(&s);
        return -1;
    }
    s->run.base = s->run.location;
    own_all(s);
    if (prepare(s, err) < 0) {
        suggest_free(&s);
        return -1;
    }
    *out = s;
    return 0;
}

void suggest_free(struct suggest **suggest)
{
    struct suggest *s = *suggest;

    if (!s)
        return;
    if (s->rules.site)
        native_rules_fini(&s->rules);
    html_free(&s->doc);
    map_fini(&s->known);
    arena_fini(&s->scratch);
    arena_fini(&s->arena);
    mem_free(s);
    *suggest = NULL;
}

int suggest_posts(const struct suggest *s)
{
    return s->n_posts;
}

bool suggest_rows_are_found(const struct suggest *s)
{
    return s->rows_are_found;
}

int suggest_use_rows(struct suggest *s, const char *selector, struct err *err)
{
    s->layout->rows = s->layout->match = s->layout->ready = arena_strdup(&s->arena, selector);
    return prepare(s, err);
}

const struct html_node *suggest_row(const struct suggest *s, int n, const char **key_out)
{
    *key_out = n < s->n_posts ? s->posts[n].known->key : NULL;
    return n < s->n_posts ? s->posts[n].row : NULL;
}

/* ---- trying and ranking ---- */

/* A value where none was is half an error: counts begin, deals end. */
static void add_fit(struct suggestion *sum, enum suggest_fit fit, bool had, bool has)
{
    sum->of += had;
    switch (fit) {
    case FIT_AGREE:
        sum->agree++;
        sum->score += 1;
        break;
    case FIT_NEAR:
        sum->agree++;
        sum->score += 0.6;
        break;
    case FIT_NONE:
        sum->score += 0.3;
        break;
    case FIT_WRONG:
        sum->wrong += has;
        sum->score -= had && has ? 1 : has ? 0.5 : 0;
        break;
    }
}

struct way {
    const struct css *css; /* NULL: the row itself, or with is_rule the file's rule */
    const char *attribute;
    const struct native_field *field;
    bool is_rule;
};

static struct suggestion try_way(struct suggest *s, const struct way *way)
{
    struct suggestion sum = {0};
    const char *name = way->field->rule->name;

    for (int i = 0; i < s->n_posts; i++) {
        const struct suggest_post *post = &s->posts[i];
        char scratch[32];
        bool many = false;
        const char *raw = way->is_rule ? read_rule(s, post->row, way->field)
                                       : read_way(&s->run, post->row, way->css, way->attribute,
                                                  way->field, &many);

        add_fit(&sum, suggest_fits(s, name, raw, post->known),
                drift_value(post->known, name, scratch) != NULL, raw != NULL);
        sum.many += many;
        arena_fini(&s->scratch);
    }
    return sum;
}

/* What nearly all known posts have, the others have as well. */
static double fill_of_others(struct suggest *s, const struct way *way)
{
    int filled = 0;

    for (int i = 0; i < s->n_others; i++) {
        bool many;

        filled +=
            read_way(&s->run, s->others[i], way->css, way->attribute, way->field, &many) != NULL;
        arena_fini(&s->scratch);
    }
    return s->n_others ? (double)filled / s->n_others : 0;
}

struct suggestion suggest_as_is(struct suggest *s, const char *field)
{
    const struct way way = {.field = suggest_rule(s, field), .is_rule = true};

    return try_way(s, &way);
}

bool suggest_is_broken(const struct suggestion *as_is)
{
    return as_is->of > 0 &&
           (as_is->wrong > as_is->of / 4 + 1 || 4 * as_is->agree < 3 * as_is->of);
}

const struct css *suggest_compile(struct suggest *s, const char *selector)
{
    uint32_t n_has = s->n_has;
    const char *why;
    const struct css *css = css_compile(&s->arena, selector, &n_has, &why);

    if (!css || n_has > s->rules.n_has + MORE_HAS)
        return NULL;
    s->n_has = n_has;
    return css;
}

static int by_score(const void *a, const void *b)
{
    const struct suggestion *one = a, *two = b;

    if (one->score != two->score)
        return one->score > two->score ? -1 : 1;
    return strcmp(one->css, two->css);
}

void suggest_sort(struct suggestion *items, int n)
{
    if (n > 1)
        qsort(items, (size_t)n, sizeof *items, by_score);
}

static const char *css_text(struct suggest *s, const struct suggest_form *form)
{
    if (!*form->attribute)
        return *form->css ? form->css : ":scope";
    return arena_printf(&s->arena, "%s%s@%s", form->css, *form->css ? " " : "", form->attribute);
}

/* Tries one form; false: it reproduces nothing. */
static bool try_form(struct suggest *s, const struct native_field *field,
                     const struct suggest_form *form, bool without_match, struct suggestion *out)
{
    struct way way = {.css = *form->css ? suggest_compile(s, form->css) : NULL,
                      .attribute = form->attribute,
                      .field = field};

    if (*form->css && !way.css)
        return false;
    *out = try_way(s, &way);
    if (out->agree == 0)
        return false;
    out->css = css_text(s, form);
    out->without_match = without_match;
    if (out->of == s->n_posts)
        out->score += fill_of_others(s, &way);
    out->score -= form->cost * 0.02 + out->many * 0.05 + (without_match ? 0.1 : 0);
    return true;
}

/* Text for texts, and every attribute. */
static void make_forms(struct suggest *s, const struct native_field *field,
                       const struct suggest_post *post, struct suggest_forms *forms)
{
    enum site_type type = field->rule->type;
    int left = MAX_ELEMENTS;

    for (const struct html_node *e = post->row; e && left > 0;
         e = html_next_element(e, post->row), left--) {
        const char *raw = native_value(&s->run, e, "", field);
        enum suggest_fit fit =
            raw ? suggest_fits(s, field->rule->name, raw, post->known) : FIT_WRONG;

        if (raw && (fit == FIT_AGREE || fit == FIT_NEAR))
            suggest_forms_of(forms, e, post->row, "");
        for (size_t i = 0; i < e->n_attrs && type != SITE_FLAG; i++) {
            const char *name = e->attrs[i].name;

            if (str_eq(name, "style") || str_starts(name, "on") ||
                (type == SITE_URL && str_eq(name, "href")) ||
                (type == SITE_IMAGE && str_eq(name, "src")))
                continue;
            raw = native_value(&s->run, e, name, field);
            fit = raw ? suggest_fits(s, field->rule->name, raw, post->known) : FIT_WRONG;
            if (raw && (fit == FIT_AGREE || fit == FIT_NEAR))
                suggest_forms_of(forms, e, post->row, name);
        }
        arena_fini(&s->scratch);
    }
}

/* The same elements, another attribute. */
static void make_forms_of_old(struct suggest *s, const struct native_field *field,
                              const struct suggest_post *post, struct suggest_forms *forms)
{
    for (size_t i = 0; i < field->rule->n_css; i++) {
        const char *selector = field->rule->css[i].selector;
        const struct html_node *e = element_of(&s->run, post->row, field->css[i].css, NULL);

        for (size_t k = 0; e && k < e->n_attrs; k++) {
            const char *raw = native_value(&s->run, e, e->attrs[k].name, field);
            enum suggest_fit fit =
                raw ? suggest_fits(s, field->rule->name, raw, post->known) : FIT_WRONG;

            if (raw && (fit == FIT_AGREE || fit == FIT_NEAR))
                suggest_forms_add(forms, selector, e->attrs[k].name, 0.9);
        }
    }
    arena_fini(&s->scratch);
}

static int rank(struct suggest *s, const struct native_field *field, bool without_match,
                struct suggestion *all)
{
    struct suggest_forms forms;
    char scratch[32];
    int n = 0, looked_at = 0;

    suggest_forms_init(&forms, s);
    for (int i = 0; i < s->n_posts && looked_at < POSTS_LOOKED_AT; i++) {
        if (!drift_value(s->posts[i].known, field->rule->name, scratch))
            continue;
        make_forms(s, field, &s->posts[i], &forms);
        make_forms_of_old(s, field, &s->posts[i], &forms);
        looked_at++;
    }
    suggest_forms_cut(&forms, FORMS_TRIED);
    for (size_t i = 0; i < field->rule->n_css; i++)
        suggest_forms_of_old(&forms, field->rule->css[i].selector, field->rule->css[i].attribute);
    for (int i = 0; i < forms.n && n < FORMS_TRIED + OLD_FORMS; i++)
        n += try_form(s, field, forms.items[i], without_match, &all[n]);
    suggest_forms_fini(&forms);
    return n;
}

/* The file's own selectors, with more left out of the text: what stood in it under another name. */
static int rank_without(struct suggest *s, const struct native_field *field, struct suggestion *all,
                        int room)
{
    const struct site_field *rule = field->rule;
    struct native_field tried = *field;
    struct suggest_forms forms;
    int n = 0;

    suggest_forms_init(&forms, s);
    for (int i = 0; i < s->n_posts && i < POSTS_LOOKED_AT; i++) {
        const struct html_node *e = element_of(&s->run, s->posts[i].row, field->css[0].css, NULL);

        for (const struct html_node *in = e ? html_next_element(e, e) : NULL; in;
             in = html_next_element(in, e))
            suggest_forms_of(&forms, in, NULL, "");
    }
    suggest_forms_cut(&forms, WITHOUTS_TRIED);
    for (int i = 0; i < forms.n && n < room; i++) {
        const char *without =
            rule->without && *rule->without
                ? arena_printf(&s->arena, "%s, %s", rule->without, forms.items[i]->css)
                : forms.items[i]->css;
        struct suggest_form old = {rule->css[0].selector, rule->css[0].attribute,
                                   forms.items[i]->cost, 0};

        tried.without = suggest_compile(s, without);
        if (!tried.without || !try_form(s, &tried, &old, false, &all[n]))
            continue;
        all[n++].without = without;
    }
    suggest_forms_fini(&forms);
    return n;
}

int suggest_field(struct suggest *s, const char *name, struct suggestion *out, int max)
{
    enum { ROOM = 2 * (FORMS_TRIED + OLD_FORMS) + WITHOUTS_TRIED };
    const struct native_field *field = suggest_rule(s, name);
    struct suggestion *all = mem_zalloc(ROOM * sizeof *all);
    int n = 0;

    if (field && s->n_posts >= POSTS_MIN) {
        n = rank(s, field, false, all);
        if (field->rule->type == SITE_TEXT && field->rule->css[0].attribute[0] == '\0')
            n += rank_without(s, field, all + n, WITHOUTS_TRIED);
        if (field->match) {
            struct native_field free_field = *field;

            free_field.match = NULL;
            n += rank(s, &free_field, true, all + n);
        }
    }
    suggest_sort(all, n);
    n = n < max ? n : max;
    if (n)
        memcpy(out, all, (size_t)n * sizeof *out);
    mem_free(all);
    return n;
}
