/* SPDX-License-Identifier: MIT */
/* native_priv.h - rules compiled for the tree of html.h, and one page being read by them. */
#ifndef CRAWL_NATIVE_PRIV_H
#define CRAWL_NATIVE_PRIV_H

#include "base/weburl.h"
#include "crawl/charset.h"
#include "crawl/css.h"
#include "crawl/native.h"
#include "crawl/regex.h"

struct native_css {
    const struct css *css; /* NULL: the row itself */
    const char *attribute; /* in lower case; "": the text */
};

struct native_field {
    const struct site_field *rule;
    struct native_css *css;
    const struct css *without;
    struct regex *match, *placeholder; /* NULL: none */
};

struct native_regexes {
    struct regex **items;
    size_t n;
};

struct native_layout {
    const struct site_layout *rule;
    const struct css *match, *ready, *rows;
    const struct css **skip;
    struct native_regexes skip_text, skip_category;
    struct native_field *fields;
};

struct native_rules {
    struct arena arena;
    const struct site *site;
    struct native_layout *layouts;
    size_t n_layouts;
    bool is_post;                                 /* they are those of the site's posts */
    struct native_regexes gone_text, gone_dialog; /* of posts */
    uint32_t n_has;                               /* :has() in all of them */
    struct regex **regexes;
    size_t n_regexes, cap_regexes;
};

/* native_rules.c. After a failure, too, free with native_rules_fini(). */
MUST_CHECK int native_rules_init(struct native_rules *rules, const struct site *site,
                                 const struct site_layout *layouts, size_t n_layouts,
                                 struct err *err);
void native_rules_fini(struct native_rules *rules);

struct native_run {
    struct html_doc *doc;
    struct css_page css;
    struct arena *arena; /* for values; of the row that is being read */
    struct weburl location, base;
    struct charset_encoder *encoder; /* NULL: UTF-8 */
    bool too_costly;
};

/* native_value.c: what an element says by a field's rule, in run->arena; NULL: nothing. */
const char *native_value(struct native_run *run, const struct html_node *element,
                         const char *attribute, const struct native_field *field);

/* The element's text, collapsed, in run->arena. */
const char *native_text(struct native_run *run, const struct html_node *element);

/* Text that browsers never show. */
bool native_is_silent(const struct html_node *element);

/* native_dialog.c: what the page says in its first alert(), as far as that is sure; in run->arena,
 * NULL: nothing. */
const char *native_dialog(struct native_run *run);

/* native_style.c: the address in element.style.backgroundImage; NULL: none. */
const char *native_background(struct arena *arena, const struct html_node *element);

/* native_json.c: what stands at "a.b.0" in text that is JSON, as JavaScript's String() has it; NULL
 * unless it is a text, a number or true. */
const char *native_json_at(struct arena *arena, const char *text, const char *path);

#endif
