/* SPDX-License-Identifier: MIT */
/* site_priv.h - what site.c and site_keys.c share while a file is read. */
#ifndef CRAWL_SITE_PRIV_H
#define CRAWL_SITE_PRIV_H

#include "base/ini.h"
#include "crawl/site.h"

struct site_rule_line {
    const char *rule; /* "mobile.title.css" */
    const char *value;
    size_t n; /* of several with the same rule */
    int line;
};

struct site_parse {
    struct site *site;
    site_error_fn *on_error;
    void *ctx;
    struct err *err; /* holds the first problem */
    int problems;
};

typedef void site_set_fn(struct site_parse *parse, const struct ini_entry *entry, void *slot);

struct site_key {
    const char *name;
    site_set_fn *set; /* NULL: known, but not implemented yet */
    size_t offset;    /* of the slot in struct site, site_layout or site_field */
    bool repeats;
};

extern const struct site_key site_keys_site[], site_keys_list[], site_keys_score[],
    site_keys_schedule[], site_keys_pace[], site_keys_block[], site_keys_render[],
    site_keys_layout[], site_keys_field[], site_keys_post[],
    site_keys_gone[]; /* each ends with a NULL name */

/* The fields a row can have, with the type each has; ends with a NULL name. */
struct site_field_kind {
    const char *name;
    enum site_type type;
    bool always_required; /* of a list's row */
    bool only_in_lists;   /* a post's key and address are those of its row */
};
extern const struct site_field_kind site_field_kinds[];

/* Report "PATH:LINE: SECTION.KEY: text" (line 0: "PATH: text"). */
void site_problem(struct site_parse *parse, const struct ini_entry *entry, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void site_problem_at(struct site_parse *parse, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* "mobile.match" for [layout mobile], "mobile.title.css" for [mobile.title], "list.url" for [list].
 */
const char *site_rule_name(struct site_parse *parse, const struct ini_entry *entry);

/* Remember where a selector, regex or address stands. */
void site_note_rule(struct site_parse *parse, const struct ini_entry *entry, const char *value);

/* Setters of site_keys.c that the tables of other files use as well. */
site_set_fn site_set_selector, site_set_pages, site_add_regex;
void site_set_int(struct site_parse *parse, const struct ini_entry *entry, void *slot, int64_t min,
                  int64_t max);
void site_set_duration(struct site_parse *parse, const struct ini_entry *entry, void *slot,
                       int64_t max_ms);

/* What [post] and [gone] need of each other and of the lists (site_post.c). */
void site_check_post(struct site_parse *parse);

void site_texts_add(struct arena *arena, struct site_texts *texts, const char *text);

#endif
