/* SPDX-License-Identifier: MIT */
/* drift.h - has a board changed under the rules that read it? One verdict per list page.
 *
 * judge.h says whether a page is a list at all; this says whether the list was read as it was meant:
 * field by field, since a board that renames one class still shows all its rows. Pure: counts in,
 * findings out. Who loads the history, keeps the evidence and tells the operator: drift_watch.h.
 *
 * What it compares a page with, each by itself and each enough:
 *   - the contract in site.conf: `fill` and `at_most` of a field; without `fill` 90 % for a required
 *     field and 50 % for posted_at and view
 *   - the last good runs of the same layout (at least DRIFT_RUNS_MIN of them, DRIFT_ROWS_MIN rows)
 *   - the same posts as they were read last: what a post had it does not lose, nor do the titles of
 *     most posts change at once, nor counts fall
 * A share of rows is judged with room for chance: counts that are left out at 0, a morning without
 * likes and an evening of sold-out deals are no drift. A page with fewer than DRIFT_ROWS_FEW rows is
 * judged by its rows alone.
 */
#ifndef CRAWL_DRIFT_H
#define CRAWL_DRIFT_H

#include "base/arena.h"
#include "crawl/extract.h"
#include "crawl/site.h"
#include "db/store.h"

enum { DRIFT_RUNS_MIN = 3, DRIFT_ROWS_MIN = 30, DRIFT_ROWS_FEW = 5 };

/* How many runs back are worth reading. */
enum { DRIFT_RUNS = 30 };

/* The name under which a layout's rows stand among its fields in the history: matched is what `rows`
 * found, valued what was kept, many what was dropped for want of a required field, same how many
 * pages were read. */
#define DRIFT_ROWS_FIELD "rows"

enum drift_kind {
    DRIFT_NO_ROWS,      /* the layout is there, but `rows` finds nothing */
    DRIFT_ONLY_SKIPPED, /* each row is a notice, an ad, or has no title */
    DRIFT_NO_POSTS,     /* `rows` finds things that are no posts: they have no key, title or url */
    DRIFT_MORE_ROWS,    /* `rows` finds more than it ever did */
    DRIFT_DEAD,         /* the selector finds nothing, or in far fewer rows than usual */
    DRIFT_EMPTY,        /* the selector finds elements that give no value */
    DRIFT_MANY,         /* the selector finds several elements in a row */
    DRIFT_TOO_OFTEN,    /* a flag that is up in all rows, or more values than the contract allows */
    DRIFT_CONSTANT,     /* all rows have the same value */
    DRIFT_SAME_AS,      /* the value is that of another field */
    DRIFT_LOST,         /* posts that had a value have none any more */
    DRIFT_CHANGED,      /* posts that were read before now read otherwise */
};

struct drift_finding {
    enum drift_kind kind;
    const char *layout;
    const char *field;               /* NULL: the rows */
    const char *rule;                /* "mobile.like.css", "mobile.rows": its first alternative */
    const char *selector;            /* as in the file; NULL: the row itself */
    int line;                        /* of the site's file; 0: not known */
    int rows, matched, valued, many; /* of this page */
    const char *text;                /* one line, for people: what, where, how many */
};

struct drift_report {
    struct arena arena; /* holds all that the findings point to */
    struct drift_finding *findings;
    int n;
};

struct drift_input {
    const struct site *site;
    const struct row_set *page;         /* with a layout */
    const struct store_fields *history; /* good runs of this layout, newest first */
    int n_history;
    const struct deal_row *known; /* the posts of the layout as they were read last; may be none */
    int n_known;
};

/* report: made here, freed by drift_report_fini(). Returns how many findings there are, the one that
 * explains the others first. */
int drift_judge(const struct drift_input *input, struct drift_report *report);
void drift_report_fini(struct drift_report *report);

const char *drift_kind_name(enum drift_kind kind); /* "empty" */

/* What this page adds to the history: its fields and DRIFT_ROWS_FIELD. fields must have room for
 * page->n_fields + 1; the names are the page's. Returns how many. */
int drift_counts(const struct row_set *page, struct store_field *fields);
/* The rows of the page that were read, whether they were kept or lacked something. */
int drift_rows_read(const struct row_set *page);

/* The text of a row's field, as two readings of a post are compared. NULL: none is shown; a count
 * of 0 is none, since boards leave it out. Numbers and times are written into scratch. */
const char *drift_value(const struct deal_row *row, const char *field, char scratch[32]);

#endif
