/* SPDX-License-Identifier: MIT */
/* native_value.c - the section "values" of extract.js, function by function. */
#include "crawl/native_priv.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

static const char *taken(struct arena *arena, struct buf *text)
{
    const char *copy = arena_strndup(arena, buf_str(text), text->len);

    buf_fini(text);
    return copy;
}

static const char *collapsed(struct arena *arena, const char *text, size_t len)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    utf8_add_collapsed(&out, text, len);
    return taken(arena, &out);
}

static const char *trimmed(struct arena *arena, const char *text)
{
    size_t len = strlen(text), from = 0, to = 0;
    bool has_begun = false;

    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c = utf8_char(text + i, len - i, &n);

        if (utf8_is_js_space(c))
            continue;
        from = has_begun ? from : i;
        has_begun = true;
        to = i + n;
    }
    return arena_strndup(arena, text + from, to - from);
}

bool native_is_silent(const struct html_node *element)
{
    return element->is_html &&
           (str_eq(element->name, "script") || str_eq(element->name, "style") ||
            str_eq(element->name, "noscript") || str_eq(element->name, "template"));
}

/* The tree is at most HTML_MAX_DEPTH deep, so this is bounded. field NULL: all of it. */
static void add_text_of(struct native_run *run, const struct html_node *element,
                        const struct native_field *field, struct buf *out)
{
    for (const struct html_node *node = element->first; node; node = node->next) {
        if (run->css.steps_left-- <= 0)
            return;
        if (!node->name) {
            run->css.steps_left -= (int64_t)(node->text_len / 16);
            buf_add(out, node->text, node->text_len);
        } else if (!(field && field->rule->own_text) && !native_is_silent(node) &&
                   !(field && field->without && css_matches(&run->css, field->without, node))) {
            add_text_of(run, node, field, out);
        }
    }
}

static const char *text_of(struct native_run *run, const struct html_node *element,
                           const struct native_field *field)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    add_text_of(run, element, field, &out);
    return taken(run->arena, &out);
}

const char *native_text(struct native_run *run, const struct html_node *element)
{
    const char *text = text_of(run, element, NULL);

    return collapsed(run->arena, text, strlen(text));
}

/* ---- addresses ---- */

static size_t encode_char(void *ctx, const char *utf8, size_t len, char out[8])
{
    return charset_encode_char(ctx, utf8, len, out);
}

static const char *absolute(struct native_run *run, const char *address,
                            const struct site_field *rule)
{
    struct arena *arena = run->arena;
    struct weburl url;

    if (!weburl_parse(arena, address, &run->base, run->encoder ? encode_char : NULL, run->encoder,
                      &url))
        return NULL;
    if (str_starts(address, "//") &&
        !str_eq(weburl_host(arena, &url), weburl_host(arena, &run->location)))
        weburl_make_https(&url);
    if (rule->has_query)
        weburl_keep_query(arena, &url, rule->query.items, rule->query.n);
    return weburl_href(arena, &url);
}

/* ---- by type ---- */

static const char *json_of(struct native_run *run, const char *text,
                           const struct native_field *field)
{
    return field->rule->json ? native_json_at(run->arena, text, field->rule->json) : text;
}

static const char *match_of(struct native_run *run, const char *text,
                            const struct native_field *field)
{
    size_t at, n;

    if (!field->match)
        return text;
    if (!regex_find(field->match, text, strlen(text), &at, &n, &run->too_costly))
        return NULL;
    return collapsed(run->arena, text + at, n);
}

static const char *image_at(struct native_run *run, const char *address,
                            const struct native_field *field)
{
    const char *told = str_empty(address) ? NULL : json_of(run, address, field);
    const char *matched = str_empty(told) ? NULL : match_of(run, trimmed(run->arena, told), field);

    if (str_empty(matched))
        return NULL;
    if (field->placeholder &&
        regex_find(field->placeholder, matched, strlen(matched), NULL, NULL, &run->too_costly))
        return NULL;
    return absolute(run, matched, field->rule);
}

/* Lazy loaders keep the true address beside a blank `src`, so the spare attributes come first. */
static const char *image_of(struct native_run *run, const struct html_node *element,
                            const char *attribute, const struct native_field *field)
{
    static const char *const places[] = {"data-original", "data-src", "data-lazy-src", "src"};

    if (*attribute)
        return image_at(run, html_attr(element, attribute), field);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const char *url = image_at(run, html_attr(element, places[i]), field);

        if (url)
            return url;
    }
    return image_at(run, native_background(run->arena, element), field);
}

static const char *url_of(struct native_run *run, const struct html_node *element,
                          const char *attribute, const struct native_field *field)
{
    const char *address = html_attr(element, *attribute ? attribute : "href");
    const char *told = json_of(run, address ? address : "", field);

    address = str_empty(told) ? NULL : match_of(run, trimmed(run->arena, told), field);
    if (!str_empty(address) && str_eq(field->rule->name, "redirect_url") &&
        !strncasecmp(address, "javascript:", 11))
        return address;
    return str_empty(address) ? NULL : absolute(run, address, field->rule);
}

const char *native_value(struct native_run *run, const struct html_node *element,
                         const char *attribute, const struct native_field *field)
{
    const char *text;
    const char *value;

    if (field->rule->type == SITE_IMAGE)
        return image_of(run, element, attribute, field);
    if (field->rule->type == SITE_URL)
        return url_of(run, element, attribute, field);
    text = *attribute ? html_attr(element, attribute) : text_of(run, element, field);
    text = json_of(run, text ? text : "", field);
    value = text ? match_of(run, collapsed(run->arena, text, strlen(text)), field) : NULL;
    if (field->rule->type == SITE_FLAG)
        return value ? "1" : NULL;
    if (field->rule->type == SITE_INT && value && !strpbrk(value, "0123456789"))
        return NULL;
    return str_empty(value) ? NULL : value;
}
