/* SPDX-License-Identifier: MIT */
/* diff_cmd.c - the last failure of a site beside its last good page; see diff_cmd.h.
 *
 * The failure's report names layout and findings; the store has the posts as they were read last.
 */
#include "debug/diff_cmd.h"

#include "base/jdoc.h"
#include "base/str.h"
#include "crawl/drift_keep.h"
#include "crawl/drift_posts.h"
#include "crawl/drift_watch.h"
#include "crawl/suggest.h"
#include "debug/ask.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 3, ROW_LINES = 40 };

struct diff {
    const struct config *config;
    const struct site *site;
    struct ask ask;
    char *dir;     /* where pages are kept */
    char *failure; /* the folder of the newest */
    struct jdoc *report;
    struct buf page, good; /* documents; empty: not kept */
    const struct site_layout *layout;
    struct drift_posts posts;
    struct suggest *now, *before;
};

static int tell(const struct err *err)
{
    fprintf(stderr, "catchdeal-engine: %s\n", err->text);
    return err_exit_code(err->code);
}

/* ---- what there is --------------------------------------------------------------------------- */

static const struct site_layout *layout_named(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->n_layouts; i++)
        if (str_eq(site->layouts[i].name, name))
            return &site->layouts[i];
    return NULL;
}

static int read_kept(const char *folder, const char *name, struct buf *out, struct err *err)
{
    char *path = mem_printf("%s/%s", folder, name);
    int result = drift_keep_read(path, out, err);

    mem_free(path);
    return result;
}

static int read_report(struct diff *d, struct err *err)
{
    struct buf text;
    int result;

    buf_init(&text, BUF_MAX_DEFAULT);
    result = read_kept(d->failure, "report.json", &text, err);
    if (result == 0 && jdoc_parse(text.data, text.len, &d->report, err) < 0)
        result = err_prefix(err, "%s/report.json", d->failure);
    buf_fini(&text);
    return result;
}

/* The layout that the failure names; where none fitted, the one that was read last. */
static int read_posts(struct diff *d, struct err *err)
{
    const char *name = jval_get_str(jdoc_root(d->report), "layout", NULL);
    const struct store_state *states, *last = NULL;

    if (ask_states(&d->ask, d->site->id, &states) < 0) {
        *err = d->ask.err;
        return -1;
    }
    for (int i = 0; i < d->ask.n; i++) {
        const char *of = str_starts(states[i].name, DRIFT_STATE_POSTS)
                             ? states[i].name + strlen(DRIFT_STATE_POSTS)
                             : NULL;

        if (!of || !layout_named(d->site, of))
            continue;
        if (name ? str_eq(of, name) : !last || states[i].at_ms > last->at_ms)
            last = &states[i];
    }
    if (last) {
        d->layout = layout_named(d->site, last->name + strlen(DRIFT_STATE_POSTS));
        drift_posts_read(&d->posts, last->value);
    } else {
        d->layout = layout_named(d->site, name);
    }
    return 0;
}

/* The last good page may be missing: the board may be new, or was cleaned away. */
static void read_good(struct diff *d)
{
    char *name = mem_printf("good/%s.%s.html.gz", d->site->id, d->layout->name);
    struct err ignored;

    if (read_kept(d->dir, name, &d->good, &ignored) < 0)
        buf_clear(&d->good);
    mem_free(name);
}

static struct suggest *look_at(const struct diff *d, const struct buf *html)
{
    const struct jval *report = jdoc_root(d->report);
    struct suggest_input in = {
        .site = d->site,
        .layout = d->layout,
        .html = buf_str(html),
        .len = html->len,
        .url = jval_get_str(report, "url", ""),
        .known = d->posts.rows,
        .n_known = d->posts.n,
        .now_ms = clock_wall_ms(),
    };
    struct suggest *s;
    struct err err;

    if (html->len == 0)
        return NULL;
    if (clock_parse_rfc3339(jval_get_str(report, "at", ""), &in.now_ms, &err) < 0)
        in.now_ms = clock_wall_ms();
    if (suggest_new(&in, &s, &err) < 0) {
        printf("  (%s)\n", err.text);
        return NULL;
    }
    return s;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void print_findings(const struct diff *d)
{
    const struct jval *report = jdoc_root(d->report);

    printf("%s: %s\n  at    %s\n  page  %s\n  kept  %s\n\n", d->site->id,
           jval_get_str(report, "why", "?"), jval_get_str(report, "at", "?"),
           jval_get_str(report, "url", "?"), d->failure);
    for (const struct jval *f = jval_first(jval_get(report, "findings")); f; f = jval_next(f))
        printf("  %-12s %s\n", jval_get_str(f, "kind", "?"), jval_get_str(f, "text", "?"));
}

static void print_row(const char *title, const char *key, const struct html_node *row)
{
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    suggest_write_row(row, ROW_LINES, &text);
    printf("\n%s (post %s)\n%s", title, key, buf_str(&text));
    buf_fini(&text);
}

/* Of the same post, where both pages show one. */
static void print_rows(const struct diff *d)
{
    const struct html_node *row, *before = NULL;
    const char *key, *key_before = NULL;
    int n = 0;

    row = suggest_row(d->now, 0, &key);
    for (; d->before && row; row = suggest_row(d->now, ++n, &key)) {
        int k = 0;

        while ((before = suggest_row(d->before, k++, &key_before)) && !str_eq(key, key_before))
            ;
        if (before)
            break;
    }
    if (!row)
        row = suggest_row(d->now, 0, &key);
    if (d->before && !before)
        before = suggest_row(d->before, 0, &key_before);
    if (before)
        print_row("A row of the last good page", key_before, before);
    if (row)
        print_row("The row now", key, row);
}

static void print_proposals(const char *rule, const struct suggestion *all, int n)
{
    printf("\n%s\n", rule);
    if (n == 0)
        printf("  nothing on the page has the known values\n");
    for (int i = 0; i < n; i++)
        printf("  %d. %s\n     %d of %d known posts%s%s%s%s\n", i + 1, all[i].css, all[i].agree,
               all[i].of, all[i].wrong ? ", others wrong" : "",
               all[i].without_match ? "; `match` has to go" : "",
               all[i].without ? "; without = " : "", all[i].without ? all[i].without : "");
}

static void propose_rows(struct diff *d)
{
    struct suggestion all[SHOWN];
    int n = suggest_rows(d->now, all, SHOWN);
    char *rule = mem_printf("%s.rows (and match, where it has its own)", d->layout->name);
    struct err err;

    print_proposals(rule, all, n);
    mem_free(rule);
    if (n && suggest_use_rows(d->now, all[0].css, &err) < 0)
        printf("  (%s)\n", err.text);
}

static bool is_found(const struct diff *d, const char *field)
{
    const struct jval *findings = jval_get(jdoc_root(d->report), "findings");

    for (const struct jval *f = jval_first(findings); f; f = jval_next(f))
        if (str_eq(jval_get_str(f, "field", NULL), field))
            return true;
    return false;
}

/* Of its first selector. */
static int line_of(const struct diff *d, const struct site_field *field)
{
    char *rule = mem_printf("%s.%s.css", d->layout->name, field->name);
    const char *selector;
    int line = site_rule_line(d->site, rule, 0, &selector);

    mem_free(rule);
    return line ? line : field->line;
}

static void propose_fields(struct diff *d)
{
    for (size_t i = 0; i < d->layout->n_fields; i++) {
        const struct site_field *field = &d->layout->fields[i];
        struct suggestion as_is = suggest_as_is(d->now, field->name), all[SHOWN];
        char *rule;
        int n;
        int line = line_of(d, field);

        if (!is_found(d, field->name) && !suggest_is_broken(&as_is))
            continue;
        n = suggest_field(d->now, field->name, all, SHOWN);
        rule = mem_printf("%s.%s.css (%s:%d), which now gives %d of %d known posts their value",
                          d->layout->name, field->name, d->site->path, line, as_is.agree, as_is.of);
        print_proposals(rule, all, n);
        mem_free(rule);
    }
}

static void tell_all(struct diff *d)
{
    print_findings(d);
    if (!d->layout || d->page.len == 0) {
        printf("\nNothing to compare with: %s.\n",
               d->layout ? "the page itself was not kept" : "no page of this site was read well");
        return;
    }
    read_good(d);
    d->before = look_at(d, &d->good);
    d->now = look_at(d, &d->page);
    if (!d->now)
        return;
    printf("\n%d of the %d posts that were read last are on the page.\n", suggest_posts(d->now),
           d->posts.n);
    print_rows(d);
    if (!suggest_rows_are_found(d->now))
        propose_rows(d);
    propose_fields(d);
    printf("\nMend %s, then look: catchdeal-engine crawl %s --pages %d --list-only --dry-run\n"
           "If all is as it should be: catchdeal-engine diff %s --accept\n",
           d->site->path, d->site->id, d->site->pages.from, d->site->id);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int read_all(struct diff *d, struct err *err)
{
    struct err missing;

    if (read_report(d, err) < 0 || read_posts(d, err) < 0)
        return -1;
    if (read_kept(d->failure, "page.html.gz", &d->page, &missing) < 0)
        buf_clear(&d->page);
    return 0;
}

static void diff_fini(struct diff *d)
{
    suggest_free(&d->now);
    suggest_free(&d->before);
    drift_posts_fini(&d->posts);
    buf_fini(&d->page);
    buf_fini(&d->good);
    jdoc_free(&d->report);
    mem_free(d->failure);
    mem_free(d->dir);
    ask_fini(&d->ask);
}

static int diff_init(struct diff *d, const struct config *config, const struct site *site,
                     struct err *err)
{
    struct buf dir;

    *d = (struct diff){.config = config, .site = site};
    drift_posts_init(&d->posts);
    buf_init(&d->page, BUF_MAX_DEFAULT);
    buf_init(&d->good, BUF_MAX_DEFAULT);
    buf_init(&dir, BUF_MAX_DEFAULT);
    drift_keep_dir(config, &dir);
    d->dir = buf_take(&dir);
    d->failure = drift_keep_newest(d->dir, site->id);
    return ask_init(&d->ask, config, false, err);
}

int diff_cmd_run(const struct config *config, const struct site *site)
{
    struct diff d;
    struct err err;
    int exit_code = 0;

    if (diff_init(&d, config, site, &err) < 0)
        exit_code = tell(&err);
    else if (!d.failure)
        printf("%s: no page of it is kept as a failure in %s/failures\n", site->id, d.dir);
    else if (read_all(&d, &err) < 0)
        exit_code = tell(&err);
    else
        tell_all(&d);
    diff_fini(&d);
    return exit_code;
}

static int accept(struct ask *ask, const struct site *site)
{
    for (size_t i = 0; i < site->n_layouts; i++) {
        char *name = mem_printf("%s%s", DRIFT_STATE_POSTS, site->layouts[i].name);
        int result = ask_set_state(ask, site->id, name, NULL);

        mem_free(name);
        if (result < 0)
            return -1;
    }
    /* A value that is there already would keep its time. */
    if (ask_set_state(ask, site->id, DRIFT_STATE_ACCEPTED, NULL) < 0 ||
        ask_set_state(ask, site->id, DRIFT_STATE_ACCEPTED, "yes") < 0)
        return -1;
    return ask_close_report(ask, site->id, "drift");
}

int diff_cmd_accept(const struct config *config, const struct site *site)
{
    struct ask ask;
    struct err err;
    int exit_code = 0;

    if (ask_init(&ask, config, true, &err) < 0)
        exit_code = tell(&err);
    else if (accept(&ask, site) < 0)
        exit_code = tell(&ask.err);
    else
        printf("%s: accepted; the next runs are learned from anew\n", site->id);
    ask_fini(&ask);
    return exit_code;
}
