/* SPDX-License-Identifier: MIT */
/* native.c - reads a page as extract.js does and writes the same answer.
 *
 * The order of work follows the in-page program: the first layout whose `match` is found, its rows,
 * of each row the fields, then what is skipped and what is missing. Values: native_value.c.
 */
#include "crawl/native_priv.h"

#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

enum { TEXT_HEAD_UNITS = 300, MAX_HTML_BYTES = 2 << 20 };

struct skipped {
    const char *label;
    int n;
};

struct count {
    int matched, valued, many;
};

struct reading {
    struct native_run run;
    const struct native_layout *layout;
    const char *title, *gone;
    struct buf *out;
    struct arena labels; /* of skipped rows */
    struct skipped *skipped;
    size_t n_skipped, cap_skipped;
    struct count *counts; /* one a field */
    int seen, n_rows;
    struct arena row;
};

struct read {
    const char *value;
    bool matched, many;
};

/* ---- elements of a row ---- */

/* The row itself counts as the first. `after` NULL: from the start. */
static const struct html_node *element_of(struct native_run *run, const struct html_node *row,
                                          const struct css *css, const struct html_node *after)
{
    if (!css)
        return after ? NULL : row;
    if (!after && css_matches(&run->css, css, row))
        return row;
    return css_next(&run->css, css, row, after == row ? NULL : after);
}

static struct read read_field(struct native_run *run, const struct html_node *row,
                              const struct native_field *field)
{
    struct read read = {0};

    for (size_t i = 0; i < field->rule->n_css; i++) {
        const struct native_css *way = &field->css[i];
        bool is_first_found = !read.matched;
        int n = 0;

        for (const struct html_node *one = element_of(run, row, way->css, NULL); one;
             one = element_of(run, row, way->css, one)) {
            n++;
            read.matched = true;
            read.value = native_value(run, one, way->attribute, field);
            if (!read.value)
                continue;
            read.many = n > 1 || element_of(run, row, way->css, one);
            return read;
        }
        if (is_first_found)
            read.many = n > 1;
    }
    return read;
}

/* ---- rows ---- */

static const char *skip_of(struct reading *r, const struct html_node *row)
{
    const struct native_layout *layout = r->layout;

    for (size_t i = 0; i < layout->rule->skip.n; i++)
        if (element_of(&r->run, row, layout->skip[i], NULL))
            return layout->rule->skip.items[i];
    return NULL;
}

static void count_skipped(struct reading *r, const char *kind, const char *rule)
{
    const char *label = arena_printf(&r->row, "%s %s", kind, rule);

    for (size_t i = 0; i < r->n_skipped; i++) {
        if (str_eq(r->skipped[i].label, label)) {
            r->skipped[i].n++;
            return;
        }
    }
    if (r->n_skipped == r->cap_skipped) {
        r->cap_skipped = r->cap_skipped ? 2 * r->cap_skipped : 8;
        r->skipped = mem_realloc(r->skipped, r->cap_skipped * sizeof(*r->skipped));
    }
    r->skipped[r->n_skipped++] = (struct skipped){arena_strdup(&r->labels, label), 1};
}

static const char *value_named(const struct reading *r, const struct read *reads, const char *name)
{
    const struct site_layout *rule = r->layout->rule;

    for (size_t i = 0; i < rule->n_fields; i++)
        if (str_eq(rule->fields[i].name, name) && reads[i].value)
            return reads[i].value;
    return "";
}

static bool is_skipped_by(struct reading *r, const char *kind, const struct native_regexes *regexes,
                          const struct site_texts *texts, const char *value)
{
    for (size_t i = 0; i < regexes->n; i++) {
        if (!regexes->items[i] ||
            regex_find(regexes->items[i], value, strlen(value), NULL, NULL, &r->run.too_costly)) {
            count_skipped(r, kind, regex_source(&r->row, texts->items[i]));
            return true;
        }
    }
    return false;
}

static void write_row(struct reading *r, const struct read *reads)
{
    const struct site_layout *rule = r->layout->rule;

    buf_adds(r->out, r->n_rows++ ? ",{" : "{");
    for (size_t i = 0; i < rule->n_fields; i++) {
        buf_addf(r->out, "%s\"%s\":", i ? "," : "", rule->fields[i].name);
        buf_add_json(r->out, reads[i].value);
    }
    buf_addc(r->out, '}');
}

static void read_row(struct reading *r, const struct html_node *row)
{
    const struct native_layout *layout = r->layout;
    const struct site_layout *rule = layout->rule;
    struct read *reads = arena_array(&r->row, struct read, rule->n_fields);

    for (size_t i = 0; i < rule->n_fields; i++)
        reads[i] = read_field(&r->run, row, &layout->fields[i]);
    if (is_skipped_by(r, "skip_text", &layout->skip_text, &rule->skip_text,
                      value_named(r, reads, "title")) ||
        is_skipped_by(r, "skip_category", &layout->skip_category, &rule->skip_category,
                      value_named(r, reads, "category")))
        return;
    for (size_t i = 0; i < rule->n_fields; i++) {
        r->counts[i].matched += reads[i].matched;
        r->counts[i].many += reads[i].many;
        r->counts[i].valued += reads[i].value != NULL;
    }
    for (size_t i = 0; i < rule->n_fields; i++) {
        if (rule->fields[i].required && !reads[i].value) {
            count_skipped(r, "no", rule->fields[i].name);
            return;
        }
    }
    write_row(r, reads);
}

static bool is_given_up(const struct reading *r)
{
    return css_page_is_exhausted(&r->run.css) || r->run.too_costly || buf_overflowed(r->out);
}

static void read_rows(struct reading *r)
{
    const struct html_node *row = NULL;

    r->run.arena = &r->row;
    while ((row = css_next(&r->run.css, r->layout->rows, NULL, row)) && !is_given_up(r)) {
        const char *skip = skip_of(r, row);

        r->seen++;
        if (skip)
            count_skipped(r, "skip", skip);
        else
            read_row(r, row);
        arena_fini(&r->row);
    }
}

static void write_rows(struct reading *r)
{
    const struct site_layout *rule = r->layout ? r->layout->rule : NULL;

    buf_adds(r->out, "\"rows\":[");
    if (rule)
        read_rows(r);
    buf_addf(r->out, "],\"seen\":%d,\"skipped\":{", r->seen);
    for (size_t i = 0; i < r->n_skipped; i++) {
        buf_adds(r->out, i ? "," : "");
        buf_add_json(r->out, r->skipped[i].label);
        buf_addf(r->out, ":%d", r->skipped[i].n);
    }
    buf_adds(r->out, "},\"fields\":{");
    for (size_t i = 0; rule && i < rule->n_fields; i++)
        buf_addf(r->out, "%s\"%s\":{\"matched\":%d,\"valued\":%d,\"many\":%d}", i ? "," : "",
                 rule->fields[i].name, r->counts[i].matched, r->counts[i].valued,
                 r->counts[i].many);
    buf_addc(r->out, '}');
}

/* ---- is it ready ---- */

static bool row_is_filled(struct reading *r, const struct html_node *row)
{
    const struct site_layout *rule = r->layout->rule;

    for (size_t i = 0; i < rule->n_fields; i++)
        if (rule->fields[i].await && !read_field(&r->run, row, &r->layout->fields[i]).value)
            return false;
    return true;
}

static bool is_awaited(const struct site_layout *rule)
{
    for (size_t i = 0; i < rule->n_fields; i++)
        if (rule->fields[i].await)
            return true;
    return false;
}

static bool awaited_are_filled(struct reading *r)
{
    const struct html_node *row = NULL;
    bool is_filled = true;

    if (!is_awaited(r->layout->rule))
        return true;
    r->run.arena = &r->row;
    while (is_filled && (row = css_next(&r->run.css, r->layout->rows, NULL, row))) {
        is_filled = skip_of(r, row) || row_is_filled(r, row);
        arena_fini(&r->row);
    }
    return is_filled;
}

static bool list_is_ready(struct reading *r)
{
    return css_next(&r->run.css, r->layout->ready, NULL, NULL) && awaited_are_filled(r);
}

/* What stands where a post was. */
static bool is_gone_by_status(const struct native_rules *rules, int status)
{
    const struct site_statuses *gone = &rules->site->gone_status;

    for (size_t i = 0; rules->is_post && i < gone->n; i++)
        if (gone->items[i] == status)
            return true;
    return false;
}

/* ---- what the page says of itself ---- */

static const struct html_node *first_named(const struct html_doc *doc, const char *name)
{
    const struct html_node *node = doc->root;

    while (node && !html_is(node, name))
        node = html_next_element(node, doc->root);
    return node;
}

/* document.title: runs of ASCII white space are one blank. */
static const char *title_of(struct native_run *run)
{
    const struct html_node *title = first_named(run->doc, "title");
    bool has_space = false;
    const char *copy;
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    for (const struct html_node *node = title ? title->first : NULL; node; node = node->next) {
        for (size_t i = 0; i < node->text_len; i++) {
            char c = node->text[i];

            if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r') {
                has_space = text.len > 0;
                continue;
            }
            if (has_space)
                buf_addc(&text, ' ');
            has_space = false;
            buf_addc(&text, c);
        }
    }
    copy = arena_strndup(&run->doc->arena, buf_str(&text), text.len);
    buf_fini(&text);
    return copy;
}

static const struct html_node *body_of(const struct html_doc *doc)
{
    for (const struct html_node *node = doc->root->first; node; node = node->next)
        if (html_is(node, "body") || html_is(node, "frameset"))
            return node;
    return doc->root;
}

/* Bytes that hold the first `units` UTF-16 code units; half a pair is left out. */
static size_t bytes_of_units(const char *text, size_t len, size_t units)
{
    size_t at = 0;

    while (at < len) {
        size_t n;
        uint32_t c = utf8_char(text + at, len - at, &n);
        size_t width = c > 0xffff ? 2 : 1;

        if (units < width)
            break;
        units -= width;
        at += n;
    }
    return at;
}

/* The beginning of what the page shows. Text nodes are joined by a blank; those that a browser has
 * as one node are not. */
static void write_text_head(struct reading *r)
{
    const struct html_node *body = body_of(r->run.doc);
    struct buf raw, text;

    buf_init(&raw, BUF_MAX_DEFAULT);
    buf_init(&text, BUF_MAX_DEFAULT);
    for (const struct html_node *node = body; node; node = html_next(node, body)) {
        if (node->name || native_is_silent(node->parent))
            continue;
        if (!node->joins) {
            buf_clear(&text);
            utf8_add_collapsed(&text, buf_str(&raw), raw.len);
            if (utf8_utf16_len(buf_str(&text), text.len) >= TEXT_HEAD_UNITS)
                break;
            buf_clear(&raw);
            buf_add(&raw, buf_str(&text), text.len);
            buf_addc(&raw, ' ');
        }
        buf_add(&raw, node->text, node->text_len);
    }
    buf_clear(&text);
    utf8_add_collapsed(&text, buf_str(&raw), raw.len);
    buf_add_json_n(r->out, buf_str(&text),
                   bytes_of_units(buf_str(&text), text.len, TEXT_HEAD_UNITS));
    buf_fini(&raw);
    buf_fini(&text);
}

static const char *gone_in(struct reading *r, const struct native_regexes *regexes,
                           const char *text)
{
    for (size_t i = 0; i < regexes->n; i++) {
        size_t at, n;

        if (regex_find_whole(regexes->items[i], text, strlen(text), &at, &n, &r->run.too_costly) &&
            n > 0)
            return arena_strndup(&r->labels, text + at, n);
    }
    return NULL;
}

/* The words that say that the post is no more. A post that is there may hold them, too: its layout
 * speaks against it. */
static const char *gone_mark(struct reading *r, const struct native_rules *rules)
{
    const char *found = NULL, *dialog;

    if (r->layout)
        return NULL;
    r->run.arena = &r->labels;
    dialog = rules->gone_dialog.n > 0 ? native_dialog(&r->run) : NULL;
    if (dialog)
        found = gone_in(r, &rules->gone_dialog, dialog);
    if (found || rules->gone_text.n == 0)
        return found;
    found = gone_in(r, &rules->gone_text, r->title);
    if (found)
        return found;
    return gone_in(r, &rules->gone_text, native_text(&r->run, body_of(r->run.doc)));
}

/* ---- the page ---- */

/* document.baseURI: the first <base> with an address that a page may have there. */
static void find_base(struct native_run *run)
{
    run->base = run->location;
    run->base.fragment = NULL;
    for (const struct html_node *node = run->doc->root; node;
         node = html_next_element(node, run->doc->root)) {
        const char *href = html_is(node, "base") ? html_attr(node, "href") : NULL;
        struct weburl base;

        if (!href)
            continue;
        if (weburl_parse(&run->doc->arena, href, &run->location, NULL, NULL, &base))
            run->base = base;
        return;
    }
}

static const struct native_layout *layout_of(struct native_run *run,
                                             const struct native_rules *rules)
{
    for (size_t i = 0; i < rules->n_layouts; i++)
        if (css_next(&run->css, rules->layouts[i].match, NULL, NULL))
            return &rules->layouts[i];
    return NULL;
}

static int read_doc(const struct native_rules *rules, const struct native_page *page,
                    struct html_doc *doc, const struct buf *text, struct charset_encoder *encoder,
                    struct buf *out, struct err *err)
{
    struct reading r = {.run = {.doc = doc, .encoder = encoder}, .out = out};
    bool is_ready;

    if (!weburl_parse(&doc->arena, page->url, NULL, NULL, NULL, &r.run.location))
        return err_set(err, ERR_PROTOCOL, "%s: expected an address of http or https", page->url);
    css_page_init(&r.run.css, doc, rules->n_has);
    arena_init(&r.row);
    arena_init(&r.labels);
    find_base(&r.run);
    r.layout = layout_of(&r.run, rules);
    if (r.layout)
        r.counts = arena_array(&r.labels, struct count, r.layout->rule->n_fields);
    r.title = title_of(&r.run);
    r.gone = gone_mark(&r, rules);
    is_ready = r.layout ? list_is_ready(&r) : r.gone || is_gone_by_status(rules, page->status);
    buf_addf(out, "{\"status\":%d,\"url\":", page->status);
    buf_add_json(out, weburl_href(&doc->arena, &r.run.location));
    buf_adds(out, ",\"title\":");
    buf_add_json(out, r.title);
    buf_adds(out, ",\"layout\":");
    buf_add_json(out, r.layout ? r.layout->rule->name : NULL);
    buf_addf(out, ",\"ready\":%s,\"unfinished\":false,\"waited_ms\":0,", is_ready ? "true" : "false");
    write_rows(&r);
    buf_addf(out, ",\"html_length\":%zu", doc->outer_length);
    if (page->with_html) {
        buf_adds(out, ",\"html\":");
        buf_add_json_n(out, buf_str(text), str_cut_utf8(buf_str(text), MAX_HTML_BYTES));
    }
    buf_adds(out, ",\"text_head\":");
    write_text_head(&r);
    buf_adds(out, ",\"gone\":");
    buf_add_json(out, r.gone);
    buf_addc(out, '}');
    arena_fini(&r.row);
    arena_fini(&r.labels);
    mem_free(r.skipped);
    if (is_given_up(&r))
        return err_set(err, ERR_PROTOCOL, "%s: reading it takes too much work", page->url);
    return 0;
}

static int read_text(const struct native_rules *rules, const struct native_page *page,
                     const struct charset *charset, const struct buf *text, struct buf *out,
                     struct err *err)
{
    struct charset_encoder *encoder;
    struct html_doc *doc;
    int result;

    if (html_parse(buf_str(text), text->len, &doc, err) < 0)
        return err_prefix(err, "%s", page->url);
    encoder = charset_encoder_new(charset);
    result = read_doc(rules, page, doc, text, encoder, out, err);
    charset_encoder_free(&encoder);
    html_free(&doc);
    return result;
}

static int read_page(const struct native_rules *rules, const struct native_page *page,
                     struct buf *out, struct err *err)
{
    const struct charset *charset =
        charset_of_page(page->bytes, page->len, page->content_type, err);
    struct buf text;
    int result;

    if (!charset)
        return err_prefix(err, "%s", page->url);
    buf_init(&text, BUF_MAX_DEFAULT);
    charset_decode(charset, page->bytes, page->len, &text);
    result = read_text(rules, page, charset, &text, out, err);
    buf_fini(&text);
    return result;
}

int native_extract(const struct site *site, const struct site_layout *layouts, size_t n_layouts,
                   const struct native_page *page, struct buf *json_out, struct err *err)
{
    struct native_rules rules;
    int result = native_rules_init(&rules, site, layouts, n_layouts, err);

    if (result == 0)
        result = read_page(&rules, page, json_out, err);
    native_rules_fini(&rules);
    return result;
}
