/* SPDX-License-Identifier: MIT */
/* site.h - one board: what sites/NAME/site.conf says, checked, and what is derived from it.
 *
 * The reference of the file, key by key, is sites/README.md. A loaded site does not change; a
 * reload makes a new one. All pointers in it live until site_free().
 */
#ifndef CRAWL_SITE_H
#define CRAWL_SITE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "crawl/cron.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum site_type {
    SITE_TEXT,
    SITE_INT,
    SITE_TIME,
    SITE_URL,
    SITE_IMAGE,
    SITE_PRICE,
    SITE_FLAG,
    SITE_TYPE_COUNT
};

/* Which pages of a board a rule set is for. */
enum site_what { SITE_LIST, SITE_POST };

enum site_render { SITE_RENDER_AUTO, SITE_RENDER_CHROME, SITE_RENDER_FETCH };

enum site_post_when { SITE_POST_NEVER, SITE_POST_MISSING, SITE_POST_ALWAYS };

struct site_texts {
    const char **items;
    size_t n;
};

/* One way to find a field: `css = SELECTOR @ATTRIBUTE`. */
struct site_css {
    const char *selector;  /* "": the row itself */
    const char *attribute; /* "": the text */
};

struct site_field {
    const char *name; /* one of a closed list: see sites/README.md */
    enum site_type type;
    struct site_css *css; /* tried in order */
    size_t n_css;
    const char *attr; /* for the alternatives without an attribute of their own; NULL: none */
    const char *without;
    const char *json; /* path into a text that is JSON: "props.thread.price"; NULL: it is none */
    const char *match;
    const char *placeholder;
    struct site_texts query; /* parameters of the address that stay; only with has_query */
    bool has_query;
    bool own_text;
    bool required;
    bool await;
    /* The contract (drift.h): shares of the rows that have a value, when all is well; has_fill: the
     * file says so, else fill_min is the field's default and fill_max 1. */
    bool has_fill;
    double fill_min, fill_max;
    int at_most; /* elements per row; 0: any number */
    int line;
};

struct site_layout {
    const char *name;
    const char *match, *ready, *rows;
    struct site_texts skip, skip_text, skip_category;
    struct site_field *fields;
    size_t n_fields;
    int line;
};

struct site_pages {
    int from, to;
};

enum { SITE_MAX_STATUSES = 8 };

struct site_statuses {
    int items[SITE_MAX_STATUSES];
    size_t n;
};

struct site {
    struct arena arena;
    const char *id;   /* the folder's name: "ppomppu" */
    const char *path; /* of its file, for messages */

    const char *name; /* shown to people: "뽐뿌" */
    const char *id_prefix;
    const char *home; /* NULL: not given */
    const char *timezone;
    struct clock_zone *zone;
    const char *currency; /* of prices without a sign, static: "KRW" */
    bool obey_robots;
    bool enabled;

    const char *list_url;  /* holds {page} when there is more than one page */
    const char *first_url; /* NULL: the first page is no exception */
    int first_page;        /* the board's number of its first page */
    struct site_pages pages;
    struct site_pages refresh_pages; /* from > to: none */
    int min_rows;
    bool scroll;
    int64_t scroll_wait_ms;

    struct site_layout *layouts; /* in the order of the file, at least one */
    size_t n_layouts;

    /* The page of one post: a layout named "post" whose one row is the document; NULL: no [post]. */
    struct site_layout *post;
    enum site_post_when post_when;
    int post_max; /* posts that one crawl visits */

    struct site_texts gone_text,
        gone_dialog;                  /* regular expressions; they prove only without `post` */
    struct site_statuses gone_status; /* prove when seen twice, gone_distance_ms apart */
    int64_t gone_distance_ms;
    int gone_max; /* posts that one alive run visits */

    double score_view, score_like, score_comment;
    const char *crawl_text; /* the schedule as written; NULL: never by itself */
    struct cron crawl;
    const char *refresh_text, *alive_text; /* NULL: never by itself */
    struct cron refresh, alive;
    int64_t min_delay_ms;
    struct site_texts block_hosts; /* "*.ads.example": hosts that the browser shall not load from */
    int viewport_width, viewport_height;
    int64_t settle_ms;
    enum site_render render_mode;
    int64_t render_verify_ms; /* how often what was proven is looked at again */

    struct site_rule_line *lines; /* where each selector, regex and address stands */
    size_t n_lines;
};

/* Called once per problem, in no particular order: "PATH:LINE: section.key: ... expected ...". */
typedef void site_error_fn(const char *message, void *ctx);

/* Read and check `path`; `id` becomes the site's id. 0, or -1 with every problem given to on_error
 * (which may be NULL) and the first of them in err (ERR_SITE). *out is NULL then. */
MUST_CHECK int site_load(const char *path, const char *id, site_error_fn *on_error, void *ctx,
                         struct site **out, struct err *err);
/* The same from memory. */
MUST_CHECK int site_load_text(const char *path, const char *id, const char *text,
                              site_error_fn *on_error, void *ctx, struct site **out,
                              struct err *err);
void site_free(struct site **site);

/* The argument of extract.js for the site's lists or (only with site->post) its posts, as JSON;
 * timeout_ms is the in-page program's own deadline; with want_html it answers the document, too. */
void site_rules_json(const struct site *site, enum site_what what, int64_t timeout_ms,
                     bool want_html, struct buf *out);

/* The layouts of the lists, or the one of the posts. */
const struct site_layout *site_layouts(const struct site *site, enum site_what what, size_t *n_out);

/* The address of list page `page` (numbered as the board does). origin
 * ("http://ppomppu.localhost:8080") takes the place of the file's scheme, host and port; NULL keeps
 * them. */
void site_list_url(const struct site *site, int page, const char *origin, struct buf *out);

/* The line of alternative n of a rule as extract.js names it ("mobile.title.css"), and its text; 0
 * when the file has no such rule. */
int site_rule_line(const struct site *site, const char *rule, size_t n, const char **value_out);

const char *site_type_name(enum site_type type);

/* "auto", "chrome", "fetch"; false: none of these. */
bool site_render_from(const char *name, enum site_render *out);
const char *site_render_name(enum site_render mode);

#endif
