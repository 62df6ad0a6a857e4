/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_css.c - a selector (first line) on a document (the rest): what querySelectorAll() finds is
 * what matches() says of each element, :is() and :not() divide the elements, and memory of :has() changes
 * nothing. */
#include "fuzz.h"
#include "base/utf8.h"
#include "crawl/css.h"

#include <string.h>

enum { MAX_ELEMENTS = 400 };

static const struct css *compile(struct arena *arena, uint32_t *n_has, const char *before,
                                 const char *selector, const char *after)
{
    char *text = arena_printf(arena, "%s%s%s", before, selector, after);
    const char *why = NULL;
    const struct css *css = css_compile(arena, text, n_has, &why);

    check(!css == (why != NULL));
    return css;
}

/* :scope means another element to matches() than to querySelectorAll(). */
static void compare(struct html_doc *doc, const char *selector, struct arena *arena)
{
    uint32_t n_has = 0;
    const struct css *css = compile(arena, &n_has, "", selector, "");
    const struct css *is = compile(arena, &n_has, ":is(", selector, ")");
    const struct css *not = compile(arena, &n_has, ":not(", selector, ")");
    const struct html_node *found = NULL;
    struct css_page page, fresh;

    if (!css || doc->n_elements > MAX_ELEMENTS)
        return;
    css_page_init(&page, doc, n_has);
    found = css_next(&page, css, NULL, NULL);
    for (const struct html_node *one = doc->root; one; one = html_next_element(one, doc->root)) {
        bool is_found = one == found;

        css_page_init(&fresh, doc, n_has);
        check(is_found == css_matches(&page, css, one) || strcasestr(selector, "scope") ||
              strchr(selector, '\\') || css_page_is_exhausted(&page));
        check(css_matches(&page, css, one) == css_matches(&fresh, css, one) ||
              css_page_is_exhausted(&page) || css_page_is_exhausted(&fresh));
        check(!is || css_matches(&page, is, one) == css_matches(&page, css, one) ||
              css_page_is_exhausted(&page));
        check(!not || css_matches(&page, not, one) != css_matches(&page, css, one) ||
              css_page_is_exhausted(&page));
        if (is_found)
            found = css_next(&page, css, NULL, one);
    }
    check(!found || css_page_is_exhausted(&page));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char *html = strchr(text, '\n');
    struct html_doc *doc;
    struct arena arena;
    struct err err;
    struct buf utf8;

    arena_init(&arena);
    buf_init(&utf8, 1 << 22);
    if (html)
        *html++ = '\0';
    if (html)
        utf8_add_lossy(&utf8, html, strlen(html));
    if (html_parse(buf_str(&utf8), utf8.len, &doc, &err) == 0)
        compare(doc, text, &arena);
    html_free(&doc);
    buf_fini(&utf8);
    arena_fini(&arena);
    mem_free(text);
    return 0;
}
