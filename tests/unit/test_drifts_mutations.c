/* SPDX-License-Identifier: MIT */
/* test_drifts_mutations.c - over a hundred changes that boards make to their markup: is each noticed
 * on the first page, and does the first selector that is proposed read the next page as before?
 *
 * Seeded: class renamed, wrapper added, column moved, attribute moved, in all rows of a list of the
 * demo boards. A change that changes nothing that is read is left out, and must give no alarm.
 * "Right" is a list's second page, read by the first proposals, equal to what the rules read on that
 * page before the change (which tests/unit and tests/integration hold against the boards' truth).
 */
#include "test_drifts.h"
#include "test_drifts_change.h"

#include "crawl/suggest.h"

#include <stdlib.h>

enum { WANTED = 120, SEEDS = 4000, HARMLESS = 100 };
/* Most posts of a page are of the day before: their times show who reads full ones. */
#define NIGHT_S (NOON_S - 9 * 3600) /* 2026-11-22T03:05:00+09:00 */

static const struct {
    const char *board, *list, *query;
} lists[] = {
    {"ppomppu", "list-desktop", NULL},
    {"ppomppu", "list-mobile", NULL},
    {"clien", "list", NULL},
    {"ruliweb", "list", NULL},
    {"ruliweb", "list", "view=thumbnail"},
    {"dealbada", "list", NULL},
    {"ppomppu", "list-desktop", "epoch=2020"},
};

/* ---- one list -------------------------------------------------------------------------------- */

struct board_case {
    const struct board *board;
    const struct board_list *list;
    struct site *site;
    struct history history;
    struct row_set *known;     /* the first page, an hour ago */
    struct row_set *before[2]; /* the first two pages, unchanged */
    struct site_layout *layout;
    struct html_doc *doc;       /* of before[0] */
    struct html_node *rows[12]; /* of its posts */
    int n_rows;
};

static struct row_set *read_html(const struct site *site, const char *html, size_t len)
{
    return read_bytes(site, html, len, "text/html; charset=utf-8", NIGHT_S * 1000);
}

static struct row_set *read_page(const struct board_case *c, size_t which, int page, int64_t now_s)
{
    struct answer a;
    struct row_set *set;
    struct world w;

    world_init(&w, 5);
    w.frozen = true;
    world_set_now(&w, now_s);
    draw(&w, c->board, c->list, c->list->first + page, lists[which].query, &a);
    set = read_answer(c->site, &a, now_s);
    assert_non_null(set->layout);
    assert_non_null(set->html);
    answer_fini(&a);
    world_fini(&w);
    return set;
}

static struct html_node *element_at(struct html_doc *doc, uint32_t order)
{
    struct html_node *e = doc->root;

    while (e && e->order != order)
        e = html_next_element(e, doc->root);
    return e;
}

/* Post by post, the row that the layout finds. */
static void find_rows(struct board_case *c)
{
    struct suggest_input in = {.site = c->site,
                               .layout = c->layout,
                               .html = c->before[0]->html,
                               .len = strlen(c->before[0]->html),
                               .url = "http://demo.localhost/list",
                               .n_known = 4,
                               .now_ms = NIGHT_S * 1000};

    c->doc = parse(in.html, in.len);
    for (int i = 0; i + 4 <= c->before[0]->n && c->n_rows < 12; i++) {
        struct suggest *s;
        struct err err;
        const char *key;

        in.known = &c->before[0]->rows[i];
        if (suggest_new(&in, &s, &err) < 0)
            fail_msg("%s", err.text);
        c->rows[c->n_rows++] = element_at(c->doc, suggest_row(s, 0, &key)->order);
        suggest_free(&s);
    }
}

static void case_init(struct board_case *c, size_t which)
{
    char *path = mem_printf("sites/%s/site.conf", lists[which].board);

    *c = (struct board_case){.board = boards_find(lists[which].board)};
    c->site = load_site(path, lists[which].board);
    mem_free(path);
    for (size_t i = 0; i < c->board->list_count; i++)
        if (str_eq(c->board->lists[i].name, lists[which].list))
            c->list = &c->board->lists[i];
    for (int page = 0; page < 5; page++) {
        struct row_set *set = read_page(c, which, page, NIGHT_S - 3600);

        history_add(&c->history, set);
        if (page == 0)
            c->known = set;
        else
            row_set_free(&set);
    }
    c->before[0] = read_page(c, which, 0, NIGHT_S);
    c->before[1] = read_page(c, which, 1, NIGHT_S);
    for (size_t i = 0; i < c->site->n_layouts; i++)
        if (str_eq(c->site->layouts[i].name, c->before[0]->layout))
            c->layout = &c->site->layouts[i];
    find_rows(c);
}

static void case_fini(struct board_case *c)
{
    row_set_free(&c->known);
    row_set_free(&c->before[0]);
    row_set_free(&c->before[1]);
    html_free(&c->doc);
    arena_fini(&c->history.arena);
    site_free(&c->site);
}

/* ---- the same? ------------------------------------------------------------------------------- */

static const struct deal_row *row_of(const struct row_set *set, const char *key)
{
    for (int i = 0; i < set->n; i++)
        if (str_eq(set->rows[i].key, key))
            return &set->rows[i];
    return NULL;
}

static char differs[500]; /* where the last two that were compared do */

static bool is_same(const struct board_case *c, const struct row_set *a, const struct row_set *b)
{
    snprintf(differs, sizeof differs, "%d rows, not %d", a->n, b->n);
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++) {
        const struct deal_row *other = row_of(b, a->rows[i].key);

        for (size_t k = 0; k < c->layout->n_fields; k++) {
            const char *name = c->layout->fields[k].name;
            char one[32], two[32];

            if (!other ||
                !str_eq(drift_value(&a->rows[i], name, one), drift_value(other, name, two)))
                return false;
        }
    }
    return true;
}

/* ---- mending --------------------------------------------------------------------------------- */

/* A site whose one layout takes proposals in place of its own rules. */
struct mended {
    struct arena arena;
    struct site site;
    struct site_layout layout;
};

static void mended_init(struct mended *m, const struct board_case *c)
{
    *m = (struct mended){.site = *c->site, .layout = *c->layout};
    arena_init(&m->arena);
    m->layout.fields = arena_array(&m->arena, struct site_field, c->layout->n_fields);
    memcpy(m->layout.fields, c->layout->fields, c->layout->n_fields * sizeof *m->layout.fields);
    m->site.layouts = &m->layout;
    m->site.n_layouts = 1;
}

static void take_field(struct mended *m, struct site_field *field,
                       const struct suggestion *proposal)
{
    const char *at = strstr(proposal->css, "@");
    struct site_css *css = arena_new(&m->arena, struct site_css);
    size_t len = at ? (size_t)(at - proposal->css) : strlen(proposal->css);

    while (len && proposal->css[len - 1] == ' ')
        len--;
    css->selector = arena_strndup(&m->arena, proposal->css, len);
    if (str_eq(css->selector, ":scope"))
        css->selector = "";
    css->attribute = at ? arena_strdup(&m->arena, at + 1) : "";
    field->css = css;
    field->n_css = 1;
    if (proposal->without_match)
        field->match = NULL;
    if (proposal->without)
        field->without = arena_strdup(&m->arena, proposal->without);
}

static bool is_found(const struct drift_report *report, const char *field)
{
    for (int i = 0; i < report->n; i++)
        if (str_eq(report->findings[i].field, field))
            return true;
    return false;
}

/* The rows first; then each field that no longer gives what known posts had. */
static void mend(struct mended *m, const struct board_case *c, const char *html, size_t len,
                 const struct drift_report *report, struct buf *told)
{
    const struct suggest_input in = {.site = c->site,
                                     .layout = c->layout,
                                     .html = html,
                                     .len = len,
                                     .url = "http://demo.localhost/list",
                                     .known = c->known->rows,
                                     .n_known = c->known->n,
                                     .now_ms = NIGHT_S * 1000};
    struct suggest *s;
    struct suggestion best;
    struct err err;

    if (suggest_new(&in, &s, &err) < 0)
        fail_msg("%s", err.text);
    if (!suggest_rows_are_found(s) && suggest_rows(s, &best, 1) == 1) {
        m->layout.rows = m->layout.match = m->layout.ready = arena_strdup(&m->arena, best.css);
        assert_int_equal(suggest_use_rows(s, best.css, &err), 0);
        buf_addf(told, " rows: %s (%d of %d)", best.css, best.agree, best.of);
    } else {
        m->layout.match = m->layout.ready = m->layout.rows;
    }
    for (size_t i = 0; i < m->layout.n_fields; i++) {
        struct site_field *field = &m->layout.fields[i];
        struct suggestion as_is = suggest_as_is(s, field->name);

        if ((suggest_is_broken(&as_is) || is_found(report, field->name)) &&
            suggest_field(s, field->name, &best, 1) == 1 && best.score > as_is.score) {
            take_field(m, field, &best);
            buf_addf(told, " %s: %s%s (%d of %d)", field->name, best.css,
                     best.without_match ? " without match" : "", best.agree, best.of);
        }
    }
    suggest_free(&s);
}

/* ---- the count ------------------------------------------------------------------------------- */

struct tally {
    int changes, noticed, right, harmless, alarms;
    int of_kind[KINDS], right_of_kind[KINDS];
};

static char *changed_html(const struct row_set *before, const struct mutation *m)
{
    struct html_doc *doc = parse(before->html, strlen(before->html));
    struct buf out;

    mutate(doc, m);
    buf_init(&out, BUF_MAX_DEFAULT);
    buf_adds(&out, "<!DOCTYPE html>");
    write_node(&out, doc->root);
    html_free(&doc);
    return buf_take(&out);
}

/* A page that no layout fits is drift by judge.h already. */
static bool is_noticed(const struct board_case *c, const struct row_set *page,
                       struct drift_report *report)
{
    struct drift_input in = {.site = c->site,
                             .page = page,
                             .history = c->history.runs,
                             .n_history = c->history.n,
                             .known = c->known->rows,
                             .n_known = c->known->n};

    return drift_judge(&in, report) > 0 || !page->layout;
}

static void try_harmful(const struct board_case *c, const struct mutation *m, const char *first,
                        const struct drift_report *report, bool noticed, struct tally *tally)
{
    char *second = changed_html(c->before[1], m);
    struct row_set *page;
    struct mended mended;
    struct buf told;
    bool is_right;

    mended_init(&mended, c);
    buf_init(&told, BUF_MAX_DEFAULT);
    mend(&mended, c, first, strlen(first), report, &told);
    page = read_html(&mended.site, second, strlen(second));
    is_right = is_same(c, page, c->before[1]);
    tally->changes++;
    tally->noticed += noticed;
    tally->right += is_right;
    tally->of_kind[m->kind]++;
    tally->right_of_kind[m->kind] += is_right;
    if (!is_right || !noticed)
        print_message("%s %s: %s, %s%s%s in %s, \"%s\" %d to %d: %s, %s;%s\n", c->site->id,
                      c->layout->name, kind_names[m->kind], m->tag, *m->class ? "." : "", m->class,
                      m->parent, m->word, m->from, m->to, noticed ? "noticed" : "NOT NOTICED",
                      is_right ? "right" : differs, buf_str(&told));
    row_set_free(&page);
    buf_fini(&told);
    arena_fini(&mended.arena);
    mem_free(second);
}

/* Most words of a page stand in no rule; of those changes a few will do. */
static bool is_read(const struct board_case *c, const struct mutation *m)
{
    const struct site_layout *layout = c->layout;

    if (m->kind == WRAPPER_ADDED || m->kind == COLUMN_MOVED || str_eq(m->word, "href") ||
        str_eq(m->word, "src") || strstr(layout->rows, m->word))
        return true;
    for (size_t i = 0; i < layout->n_fields; i++)
        for (size_t k = 0; k < layout->fields[i].n_css; k++)
            if (strstr(layout->fields[i].css[k].selector, m->word) ||
                strstr(layout->fields[i].css[k].attribute, m->word))
                return true;
    return false;
}

static void try_change(const struct board_case *c, const struct mutation *m, struct tally *tally)
{
    char *first = changed_html(c->before[0], m);
    struct row_set *page = read_html(c->site, first, strlen(first));
    struct drift_report report;
    bool noticed = is_noticed(c, page, &report);

    if (is_same(c, page, c->before[0])) {
        tally->harmless++;
        tally->alarms += noticed;
        if (noticed)
            print_message("%s %s: %s, %s.%s: all is read as before, and yet: %s\n", c->site->id,
                          c->layout->name, kind_names[m->kind], m->tag, m->class,
                          report.n ? report.findings[0].text : "no layout");
    } else {
        try_harmful(c, m, first, &report, noticed, tally);
    }
    drift_report_fini(&report);
    row_set_free(&page);
    mem_free(first);
}

static int changes_missing(const struct tally *tally)
{
    int missing = 0;

    for (int k = 0; k < KINDS; k++)
        missing += tally->of_kind[k] < WANTED / KINDS;
    return missing;
}

static void changes_are_noticed_and_the_first_proposal_is_right(void **state)
{
    struct board_case cases[ARRAY_LEN(lists)];
    struct tally tally = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        case_init(&cases[i], i);
    for (unsigned number = 1; number < SEEDS && changes_missing(&tally); number++) {
        const struct board_case *c = &cases[number % ARRAY_LEN(lists)];
        unsigned seed = number * 2654435761u;
        enum kind kind = number / ARRAY_LEN(lists) % KINDS;
        char class[64];
        struct mutation m;

        if (tally.of_kind[kind] < WANTED / KINDS &&
            choose(&m, kind, c->rows[next_random(&seed) % (unsigned)c->n_rows], class, &seed) &&
            (is_read(c, &m) || tally.harmless < HARMLESS))
            try_change(c, &m, &tally);
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        case_fini(&cases[i]);
    print_message("figures: %d changes: drift raised in %d, first proposal right in %d\n",
                  tally.changes, tally.noticed, tally.right);
    for (int k = 0; k < KINDS; k++)
        print_message("figures:   %s: %d, right %d\n", kind_names[k], tally.of_kind[k],
                      tally.right_of_kind[k]);
    print_message("figures: %d changes of what nobody reads: %d alarms\n", tally.harmless,
                  tally.alarms);
    assert_true(tally.changes > 100);
    assert_true(100 * tally.noticed >= 95 * tally.changes);
    assert_true(100 * tally.right >= 80 * tally.changes);
    assert_true(100 * tally.alarms <= tally.harmless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_noticed_and_the_first_proposal_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
