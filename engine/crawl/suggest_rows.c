/* SPDX-License-Identifier: MIT */
/* suggest_rows.c - selectors of rows, and the markup of one row for people to look at.
 *
 * A row holds one post. Of the elements between a post's link and all that belongs to no other
 * post, the right one is that in which the other rules of the layout find their values.
 */
#include "crawl/suggest_priv.h"

#include "base/str.h"
#include "crawl/drift.h"

#include <string.h>

enum { LEVELS = 6, FORMS_TRIED = 120, TRIALS = 250, POSTS_LOOKED_AT = 8, TEXT_SHOWN = 80 };

/* ---- making ---- */

/* The element of the post's number inside its outermost one, and those between. */
static void make_forms(struct suggest *s, const struct suggest_post *post,
                       struct suggest_forms *forms)
{
    const struct html_node *e = post->row;
    int owner = s->owner[e->order];

    for (int level = 0; e && level < LEVELS; level++) {
        const struct html_node *inner = NULL;

        suggest_forms_of(forms, e, NULL, "");
        for (const struct html_node *child = e->first; child && !inner; child = child->next)
            if (child->name && s->owner[child->order] == owner)
                inner = child;
        e = inner;
    }
}

/* ---- trying ---- */

struct hits {
    int posts, strangers, crowds; /* rows of one known post each, of none, of several */
    double values;                /* shares of the fields that fit, summed over the posts */
};

static double share_of_values(struct suggest *s, const struct html_node *row,
                              const struct deal_row *known)
{
    int of = 0, fits = 0;

    for (size_t i = 0; i < s->layout->n_fields; i++) {
        const struct native_field *field = &s->rules.layouts[0].fields[i];
        const char *raw = NULL;
        enum suggest_fit fit;

        for (size_t k = 0; k < field->rule->n_css && !raw; k++) {
            const struct css *css = field->css[k].css;
            const struct html_node *one = !css || css_matches(&s->run.css, css, row)
                                              ? row
                                              : css_next(&s->run.css, css, row, NULL);

            for (; one && !raw;
                 one = css ? css_next(&s->run.css, css, row, one == row ? NULL : one) : NULL)
                raw = native_value(&s->run, one, field->css[k].attribute, field);
        }
        fit = suggest_fits(s, field->rule->name, raw, known);
        of += fit != FIT_NONE;
        fits += fit == FIT_AGREE || fit == FIT_NEAR;
    }
    arena_fini(&s->scratch);
    return of ? (double)fits / of : 0;
}

static struct hits try_rows(struct suggest *s, const struct css *css)
{
    struct hits hits = {0};
    struct map seen;

    map_init(&seen);
    for (const struct html_node *row = css_next(&s->run.css, css, NULL, NULL); row;
         row = css_next(&s->run.css, css, NULL, row)) {
        int owner = s->owner[row->order];

        if (owner > 0 && !map_get_n(&seen, (uint64_t)owner)) {
            map_put_n(&seen, (uint64_t)owner, s);
            hits.posts++;
            hits.values += share_of_values(s, row, &s->in.known[owner - 1]);
        } else if (owner == 0) {
            hits.strangers++;
        } else if (owner < 0) {
            hits.crowds++;
        }
    }
    map_fini(&seen);
    return hits;
}

/* Strangers may be new posts, so few of them count little. */
static void add_trial(struct suggest *s, const struct suggest_form *form, struct suggestion *all,
                      int *n)
{
    const struct css *css = suggest_compile(s, form->css);
    struct hits hits;

    if (!css)
        return;
    hits = try_rows(s, css);
    if (hits.posts == 0)
        return;
    all[(*n)++] = (struct suggestion){
        .css = form->css,
        .agree = hits.posts,
        .of = s->n_posts,
        .wrong = hits.strangers + hits.crowds,
        .score =
            hits.posts + hits.values - 0.1 * hits.strangers - 2 * hits.crowds - 0.02 * form->cost,
    };
}

int suggest_rows(struct suggest *s, struct suggestion *out, int max)
{
    struct suggestion *all = mem_zalloc(TRIALS * sizeof *all);
    struct suggest_forms forms;
    int n = 0;

    suggest_forms_init(&forms, s);
    for (int i = 0; i < s->n_posts && i < POSTS_LOOKED_AT; i++)
        make_forms(s, &s->posts[i], &forms);
    suggest_forms_cut(&forms, FORMS_TRIED);
    suggest_forms_of_old(&forms, s->in.layout->rows, "");
    for (int i = 0; i < forms.n && n < TRIALS; i++)
        add_trial(s, forms.items[i], all, &n);
    suggest_forms_fini(&forms);
    suggest_sort(all, n);
    n = n < max ? n : max;
    if (n)
        memcpy(out, all, (size_t)n * sizeof *out);
    mem_free(all);
    return n;
}

/* ---- a row for people ---- */

struct writing {
    struct buf *out;
    int lines_left;
};

static bool begin_line(struct writing *w, int depth)
{
    if (w->lines_left-- <= 0)
        return false;
    buf_addf(w->out, "%*s", 2 * depth, "");
    return true;
}

static void write_attributes(struct writing *w, const struct html_node *e)
{
    for (size_t i = 0; i < e->n_attrs; i++) {
        size_t len = str_cut_utf8(e->attrs[i].value, TEXT_SHOWN);

        buf_addf(w->out, " %s=\"%.*s%s\"", e->attrs[i].name, (int)len, e->attrs[i].value,
                 e->attrs[i].value[len] ? "..." : "");
    }
}

static void write_text(struct writing *w, const struct html_node *text, int depth)
{
    struct buf all;
    size_t len;

    buf_init(&all, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < text->text_len; i++) {
        bool is_blank = strchr(" \t\r\n\f", text->text[i]) != NULL;

        if (!is_blank || (all.len && all.data[all.len - 1] != ' '))
            buf_addc(&all, is_blank ? ' ' : text->text[i]);
    }
    len = str_cut_utf8(buf_str(&all), TEXT_SHOWN);
    if (len && !(len == 1 && all.data[0] == ' ') && begin_line(w, depth))
        buf_addf(w->out, "%.*s%s\n", (int)len, all.data, all.len > len ? "..." : "");
    buf_fini(&all);
}

static void write_element(struct writing *w, const struct html_node *e, int depth)
{
    if (!begin_line(w, depth))
        return;
    buf_addf(w->out, "<%s", e->name);
    write_attributes(w, e);
    buf_adds(w->out, ">\n");
    for (const struct html_node *child = e->first; child; child = child->next) {
        if (child->name)
            write_element(w, child, depth + 1);
        else
            write_text(w, child, depth + 1);
    }
}

void suggest_write_row(const struct html_node *element, int max_lines, struct buf *out)
{
    struct writing w = {out, max_lines};

    write_element(&w, element, 0);
    if (w.lines_left < 0)
        buf_adds(out, "...\n");
}
