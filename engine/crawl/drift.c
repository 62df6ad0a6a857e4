/* SPDX-License-Identifier: MIT */
/* drift.c - the verdict on a page: its rows first, then field after field.
 *
 * Order matters, as a field keeps its first finding: what the counts of this page alone say is
 * clearer than what a comparison says.
 */
#include "crawl/drift_priv.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/str.h"
#include "crawl/drift_rate.h"

#include <stdarg.h>
#include <string.h>

/* Of the contract: a run that breaks it tells the operator, so it takes more than a bad hour. */
static const double CONTRACT_CHANCE = 1e-3;

enum { MANY_MIN = 3, CONTRACT_MANY_MIN = 2, CONSTANT_MIN = 8 };

const char *drift_kind_name(enum drift_kind kind)
{
    static const char *const names[] = {
        [DRIFT_NO_ROWS] = "no-rows",   [DRIFT_ONLY_SKIPPED] = "only-skipped",
        [DRIFT_NO_POSTS] = "no-posts", [DRIFT_MORE_ROWS] = "more-rows",
        [DRIFT_DEAD] = "dead",         [DRIFT_EMPTY] = "empty",
        [DRIFT_MANY] = "many",         [DRIFT_TOO_OFTEN] = "too-often",
        [DRIFT_CONSTANT] = "constant", [DRIFT_SAME_AS] = "same-as",
        [DRIFT_LOST] = "lost",         [DRIFT_CHANGED] = "changed",
    };

    return names[kind];
}

/* ---- findings ---- */

static const struct site_layout *layout_of(const struct drift_input *in)
{
    for (size_t i = 0; i < in->site->n_layouts; i++)
        if (str_eq(in->site->layouts[i].name, in->page->layout))
            return &in->site->layouts[i];
    return NULL;
}

static const struct extract_field *counts_of(const struct row_set *page, const char *name)
{
    for (int i = 0; i < page->n_fields; i++)
        if (str_eq(page->fields[i].name, name))
            return &page->fields[i];
    return NULL;
}

static bool has_finding(const struct drift_report *report, const char *field)
{
    for (int i = 0; i < report->n; i++)
        if (str_eq(report->findings[i].field ? report->findings[i].field : "", field ? field : ""))
            return true;
    return false;
}

static struct drift_finding *add_finding(struct drift_report *report)
{
    struct drift_finding *all = arena_array(&report->arena, struct drift_finding, report->n + 1);

    if (report->n)
        memcpy(all, report->findings, (size_t)report->n * sizeof *all);
    report->findings = all;
    return &all[report->n++];
}

static void set_place(struct drift_report *report, const struct drift_input *in,
                      const struct site_field *field, struct drift_finding *finding)
{
    struct arena *arena = &report->arena;
    const char *selector;

    finding->layout = arena_strdup(arena, in->page->layout);
    finding->rule = field ? arena_printf(arena, "%s.%s.css", in->page->layout, field->name)
                          : arena_printf(arena, "%s.rows", in->page->layout);
    finding->line = site_rule_line(in->site, finding->rule, 0, &selector);
    if (!finding->line && field)
        finding->line = field->line;
    finding->selector = arena_strdup(arena, selector);
}

void drift_find(struct drift_report *report, const struct drift_input *in, enum drift_kind kind,
                const struct site_field *field, const char *fmt, ...)
{
    const struct extract_field *counts = field ? counts_of(in->page, field->name) : NULL;
    struct drift_finding *finding;
    struct buf text;
    va_list args;

    if (has_finding(report, field ? field->name : NULL))
        return;
    finding = add_finding(report);
    *finding = (struct drift_finding){.kind = kind, .rows = drift_rows_read(in->page)};
    finding->field = field ? arena_strdup(&report->arena, field->name) : NULL;
    if (counts) {
        finding->matched = counts->matched;
        finding->valued = counts->valued;
        finding->many = counts->many;
    }
    set_place(report, in, field, finding);
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addf(&text, "%s:%d: %s \"%s\" ", in->site->path, finding->line, finding->rule,
             str_empty(finding->selector) ? ":scope" : finding->selector);
    va_start(args, fmt);
    buf_vaddf(&text, fmt, args);
    va_end(args);
    finding->text = arena_strdup(&report->arena, buf_str(&text));
    buf_fini(&text);
}

/* ---- counts ---- */

static bool is_by_rule(const struct extract_skip *skip)
{
    return str_starts(skip->rule, "skip");
}

int drift_rows_read(const struct row_set *page)
{
    int rows = page->seen;

    for (int i = 0; i < page->n_skips; i++)
        rows -= is_by_rule(&page->skips[i]) ? page->skips[i].n : 0;
    return rows > 0 ? rows : 0;
}

static int rows_dropped(const struct row_set *page)
{
    int dropped = 0;

    for (int i = 0; i < page->n_skips; i++)
        dropped += is_by_rule(&page->skips[i]) ? 0 : page->skips[i].n;
    return dropped;
}

/* In how many rows the value stands that most rows have. */
static int most_common(const struct row_set *page, const char *field)
{
    struct map counts;
    int most = 0;

    map_init(&counts);
    for (int i = 0; i < page->n; i++) {
        char scratch[32];
        const char *value = drift_value(&page->rows[i], field, scratch);
        uintptr_t n;

        if (!value || !*value)
            continue;
        n = (uintptr_t)map_get(&counts, value) + 1;
        map_put(&counts, value, (void *)n);
        if ((int)n > most)
            most = (int)n;
    }
    map_fini(&counts);
    return most;
}

int drift_counts(const struct row_set *page, struct store_field *fields)
{
    for (int i = 0; i < page->n_fields; i++) {
        const struct extract_field *f = &page->fields[i];

        fields[i] = (struct store_field){.name = f->name,
                                         .matched = f->matched,
                                         .valued = f->valued,
                                         .many = f->many,
                                         .same = most_common(page, f->name)};
    }
    fields[page->n_fields] = (struct store_field){.name = DRIFT_ROWS_FIELD,
                                                  .matched = page->seen,
                                                  .valued = page->n,
                                                  .many = rows_dropped(page),
                                                  .same = 1};
    return page->n_fields + 1;
}

/* ---- rows ---- */

static const struct store_field *rows_of(const struct store_fields *run)
{
    for (int i = 0; i < run->n_fields; i++)
        if (str_eq(run->fields[i].name, DRIFT_ROWS_FIELD))
            return &run->fields[i];
    return NULL;
}

/* What was dropped for want of which field, most first: "no url" of 12 rows. */
static const struct extract_skip *main_want(const struct row_set *page)
{
    const struct extract_skip *most = NULL;

    for (int i = 0; i < page->n_skips; i++)
        if (!is_by_rule(&page->skips[i]) && (!most || page->skips[i].n > most->n))
            most = &page->skips[i];
    return most;
}

/* Which rule it is: "no key (sites/x/site.conf:17: list.key.css "a.title")" */
static const char *tell_want(struct drift_report *report, const struct drift_input *in,
                             const struct extract_skip *want)
{
    const char *field = str_starts(want->rule, "no ") ? want->rule + 3 : want->rule;
    char *rule = mem_printf("%s.%s.css", in->page->layout, field);
    const char *selector = NULL, *text = want->rule;
    int line = site_rule_line(in->site, rule, 0, &selector);

    if (line)
        text = arena_printf(&report->arena, "%s (%s:%d: %s \"%s\")", want->rule, in->site->path,
                            line, rule, str_empty(selector) ? ":scope" : selector);
    mem_free(rule);
    return text;
}

static void judge_no_rows(struct drift_report *report, const struct drift_input *in)
{
    const struct row_set *page = in->page;
    const struct extract_skip *want = main_want(page);

    if (page->seen == 0)
        drift_find(report, in, DRIFT_NO_ROWS, NULL, "finds no row on a page that %s fits",
                   page->layout);
    else if (!want)
        drift_find(report, in, DRIFT_ONLY_SKIPPED, NULL,
                   "finds %d rows, and all are skipped as notices, ads and the like", page->seen);
    else
        drift_find(report, in, DRIFT_ONLY_SKIPPED, NULL,
                   "finds %d rows, and none is a post: %d have %s", page->seen, want->n,
                   tell_want(report, in, want));
}

/* Rows that are no posts: more than the good runs had, or, unknown those, every seventh. */
static void judge_dropped(struct drift_report *report, const struct drift_input *in)
{
    struct drift_usual usual =
        drift_usual(in->history, in->n_history, DRIFT_ROWS_FIELD, DRIFT_MANY_OF);
    const struct extract_skip *want = main_want(in->page);
    int dropped = rows_dropped(in->page), rows = drift_rows_read(in->page);
    bool is_new = usual.sum == 0 && dropped >= MANY_MIN && dropped >= 0.08 * rows;

    if (!want || rows < DRIFT_ROWS_FEW)
        return;
    if (drift_is_learned(&usual) ? is_new || drift_is_above(&usual, dropped, rows)
                                 : dropped >= MANY_MIN && dropped >= 0.15 * rows)
        drift_find(report, in, DRIFT_NO_POSTS, NULL,
                   "finds %d rows, of which %d are no posts: %d have %s", rows, dropped, want->n,
                   tell_want(report, in, want));
}

/* Only where the number of rows hardly ever changed. */
static void judge_more_rows(struct drift_report *report, const struct drift_input *in)
{
    int least = 0, most = 0, runs = 0;

    for (int i = 0; i < in->n_history && i < DRIFT_RUNS; i++) {
        const struct store_field *rows = rows_of(&in->history[i]);
        int per_page = rows && rows->same ? rows->matched / rows->same : 0;

        if (!per_page)
            continue;
        least = runs == 0 || per_page < least ? per_page : least;
        most = per_page > most ? per_page : most;
        runs++;
    }
    if (in->site->scroll || runs < DRIFT_RUNS_MIN || most - least > most / 7)
        return;
    if (in->page->seen > most + (most / 7 > 2 ? most / 7 : 2))
        drift_find(report, in, DRIFT_MORE_ROWS, NULL,
                   "finds %d rows, and never more than %d before", in->page->seen, most);
}

static void judge_rows(struct drift_report *report, const struct drift_input *in)
{
    if (in->page->n == 0) {
        judge_no_rows(report, in);
        return;
    }
    judge_dropped(report, in);
    judge_more_rows(report, in);
}

/* ---- one field ---- */

/* Few values: because nothing is found, or because what is found says nothing. */
static void find_few(struct drift_report *report, const struct drift_input *in,
                     const struct site_field *field, const struct extract_field *f, double usual)
{
    int rows = drift_rows_read(in->page);

    if (f->matched > f->valued && f->matched >= 0.5 * usual * rows)
        drift_find(report, in, DRIFT_EMPTY, field,
                   "matches in %d of %d rows and gives a value in %d (usually in %.0f %%)",
                   f->matched, rows, f->valued, usual * 100);
    else
        drift_find(report, in, DRIFT_DEAD, field, "matches in %d of %d rows (usually in %.0f %%)",
                   f->matched, rows, usual * 100);
}

static void judge_fill(struct drift_report *report, const struct drift_input *in,
                       const struct site_field *field, const struct extract_field *f)
{
    struct drift_usual usual = drift_usual(in->history, in->n_history, field->name, DRIFT_VALUED);
    int rows = drift_rows_read(in->page);

    if (drift_is_below(&usual, f->valued, rows))
        find_few(report, in, field, f, drift_pooled(&usual));
    if (f->valued < field->fill_min * rows &&
        drift_at_most(f->valued, rows, field->fill_min) < CONTRACT_CHANCE)
        find_few(report, in, field, f, field->fill_min);
    if (field->fill_max < 1 && f->valued > field->fill_max * rows &&
        drift_at_least(f->valued, rows, field->fill_max) < CONTRACT_CHANCE)
        drift_find(report, in, DRIFT_TOO_OFTEN, field,
                   "gives a value in %d of %d rows (at most in %.0f %%)", f->valued, rows,
                   field->fill_max * 100);
    if (field->type == SITE_FLAG && f->valued == rows && drift_is_above(&usual, f->valued, rows))
        drift_find(report, in, DRIFT_TOO_OFTEN, field, "is set in all %d rows (usually in %.0f %%)",
                   rows, drift_pooled(&usual) * 100);
}

/* A flag looks among many elements for the one that says so, and its rate may change with the hour:
 * nothing is learned of it. */
static void judge_many(struct drift_report *report, const struct drift_input *in,
                       const struct site_field *field, const struct extract_field *f)
{
    struct drift_usual usual = drift_usual(in->history, in->n_history, field->name, DRIFT_MANY_OF);
    int rows = drift_rows_read(in->page);
    bool is_new = usual.sum == 0 && f->many >= MANY_MIN && f->many >= 0.08 * rows;

    if (field->at_most == 1 && f->many >= CONTRACT_MANY_MIN)
        drift_find(report, in, DRIFT_MANY, field,
                   "finds more than one element in %d of %d rows (at_most = 1)", f->many, rows);
    else if (field->type != SITE_FLAG && drift_is_learned(&usual) &&
             (is_new || drift_is_above(&usual, f->many, rows)))
        drift_find(report, in, DRIFT_MANY, field,
                   "finds more than one element in %d of %d rows (usually in %.0f %%)", f->many,
                   rows, drift_pooled(&usual) * 100);
}

/* ---- the shape of the values ---- */

static void judge_constant(struct drift_report *report, const struct drift_input *in,
                           const struct site_field *field, const struct extract_field *f)
{
    struct drift_usual usual = drift_usual(in->history, in->n_history, field->name, DRIFT_SAME_OF);
    int same = most_common(in->page, field->name);

    if (field->type == SITE_FLAG || same < CONSTANT_MIN || same < 0.95 * f->valued)
        return;
    if (str_eq(field->name, "title") || str_eq(field->name, "url") ||
        (drift_is_learned(&usual) && usual.high < 0.6))
        drift_find(report, in, DRIFT_CONSTANT, field, "gives the same value in %d of %d rows", same,
                   f->valued);
}

static void judge_pair(struct drift_report *report, const struct drift_input *in,
                       const struct site_field *field, const struct site_field *other)
{
    int both = 0, same = 0;

    for (int i = 0; i < in->page->n; i++) {
        char a[32], b[32];
        const char *one = drift_value(&in->page->rows[i], field->name, a);
        const char *two = drift_value(&in->page->rows[i], other->name, b);

        both += one && two;
        same += one && two && str_eq(one, two);
    }
    if (both >= DRIFT_ROWS_FEW && same >= 0.9 * both && both >= 0.3 * in->page->n)
        drift_find(report, in, DRIFT_SAME_AS, field, "gives the value of %s in %d of %d rows",
                   other->name, same, both);
}

/* Like with like: counts, and texts. */
static bool are_comparable(const struct site_field *a, const struct site_field *b)
{
    return a != b && a->type == b->type && (a->type == SITE_INT || a->type == SITE_TEXT);
}

static void judge_same_as(struct drift_report *report, const struct drift_input *in,
                          const struct site_layout *layout, const struct site_field *field)
{
    for (size_t i = 0; i < layout->n_fields; i++)
        if (are_comparable(field, &layout->fields[i]) &&
            !has_finding(report, layout->fields[i].name))
            judge_pair(report, in, field, &layout->fields[i]);
}

static void judge_field(struct drift_report *report, const struct drift_input *in,
                        const struct site_layout *layout, const struct site_field *field)
{
    const struct extract_field *f = counts_of(in->page, field->name);

    if (!f)
        return;
    judge_fill(report, in, field, f);
    judge_many(report, in, field, f);
    judge_constant(report, in, field, f);
    judge_same_as(report, in, layout, field);
}

/* ---- the page ---- */

int drift_judge(const struct drift_input *in, struct drift_report *report)
{
    const struct site_layout *layout = layout_of(in);

    *report = (struct drift_report){0};
    arena_init(&report->arena);
    if (!layout)
        return 0;
    judge_rows(report, in);
    if (drift_rows_read(in->page) >= DRIFT_ROWS_FEW)
        for (size_t i = 0; i < layout->n_fields; i++)
            judge_field(report, in, layout, &layout->fields[i]);
    drift_judge_known(report, in, layout);
    return report->n;
}

void drift_report_fini(struct drift_report *report)
{
    arena_fini(&report->arena);
    report->findings = NULL;
    report->n = 0;
}
