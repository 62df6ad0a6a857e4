/* SPDX-License-Identifier: MIT */
/* test_drifts_judge.c - no alarm while the boards live as boards do; one in the first run after a
 * board has changed, with the field's name.
 */
#include "test_drifts.h"

#include <stdlib.h>

enum { NORMAL_RUNS = 50, RUNS_OF_A_RATE = 10, PAGES = 2 };

/* The lists whose rows stand in the markup. */
static const struct {
    const char *board, *list, *query;
} lists[] = {
    {"ppomppu", "list-desktop", NULL},
    {"ppomppu", "list-mobile", NULL},
    {"clien", "list", NULL},
    {"ruliweb", "list", NULL},
    {"ruliweb", "list", "view=thumbnail"},
    {"dealbada", "list", NULL},
    {"ppomppu-foreign", "list", NULL},
    {"quasarzone", "list", NULL},
    {"arca", "list", NULL},
    {"zod", "list", NULL},
    {"fmkorea", "list", NULL},
    {"coolenjoy", "list", NULL},
    {"damoang", "list", NULL},
    {"eomisae", "list", NULL},
};

static const struct board_list *list_named(const struct board *b, const char *name)
{
    for (size_t i = 0; i < b->list_count; i++)
        if (str_eq(b->lists[i].name, name))
            return &b->lists[i];
    fail_msg("no list %s", name);
    return NULL;
}

static struct site *site_of(const char *board)
{
    char *path = mem_printf("sites/%s/site.conf", board);
    struct site *site = load_site(path, board);

    mem_free(path);
    return site;
}

/* ---- boards as they are ---------------------------------------------------------------------- */

/* Which deals end is drawn anew with the rate, so posts are compared among runs of the same one. */
static struct world_knobs knobs_of(int run)
{
    return (struct world_knobs){.sold_permille = run / RUNS_OF_A_RATE * 500 / 4,
                                .notice = run % 4,
                                .ads = run % 7,
                                .blind = run % 3,
                                .dup = run % 5,
                                .hot = run % 3};
}

/* Two pages a run, an hour between two runs, and knobs that move with each. */
static int alarms_of_list(size_t which)
{
    const struct board *b = boards_find(lists[which].board);
    const struct board_list *list = list_named(b, lists[which].list);
    struct site *site = site_of(lists[which].board);
    struct history history = {.n = 0};
    struct row_set *known = NULL;
    int alarms = 0;

    for (int run = 0; run < NORMAL_RUNS; run++) {
        struct world w;

        world_init(&w, 11 + which);
        w.knobs = knobs_of(run);
        w.frozen = true;
        world_set_now(&w, NOON_S + run * 3600);
        if (run % RUNS_OF_A_RATE == 0)
            row_set_free(&known);
        for (int page = 0; page < PAGES; page++) {
            struct answer a;
            struct row_set *set;
            struct drift_report report;
            struct drift_input in = {.site = site, .history = history.runs};

            draw(&w, b, list, list->first + page, lists[which].query, &a);
            set = read_answer(site, &a, NOON_S + run * 3600);
            assert_non_null(set->layout);
            in.page = set;
            in.n_history = history.n;
            in.known = known ? known->rows : NULL;
            in.n_known = known ? known->n : 0;
            for (int i = 0, n = drift_judge(&in, &report); i < n; i++, alarms++)
                print_message("%s %s, run %d page %d: %s\n", lists[which].board, lists[which].list,
                              run, page, report.findings[i].text);
            drift_report_fini(&report);
            history_add(&history, set);
            if (page == 0) {
                row_set_free(&known);
                known = set;
            } else {
                row_set_free(&set);
            }
            answer_fini(&a);
        }
        world_fini(&w);
    }
    row_set_free(&known);
    arena_fini(&history.arena);
    site_free(&site);
    return alarms;
}

static void fifty_normal_runs_of_each_list_give_no_alarm(void **state)
{
    int alarms = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        alarms += alarms_of_list(i);
    print_message("figures: normal runs: %d of %zu lists, %d pages, %d false alarms\n", NORMAL_RUNS,
                  ARRAY_LEN(lists), NORMAL_RUNS * PAGES * (int)ARRAY_LEN(lists), alarms);
    assert_int_equal(alarms, 0);
}

/* ---- rules of 2020 on pages of 2026 ---------------------------------------------------------- */

/* The selectors of the first CatchDeal (February 2020), with a contract. */
static const char rules_ppomppu[] =
    "[list]\nurl = http://x.example/\n[layout old]\nrows = li.none-border\n"
    "[old.key]\ncss = a.list_b_01n @href\nmatch = id=ppomppu&no=(\\d+)\n"
    "[old.title]\ncss = span.cont\nat_most = 1\n"
    "[old.url]\ncss = a.list_b_01n\n"
    "[old.posted_at]\ncss = li.exp > time\n"
    "[old.comment]\ncss = span.rp\nfill = 50%\n"
    "[old.view]\ncss = li.exp > span:nth-child(4)\nmatch = ^\\[(\\d+)\nfill = 95%\n"
    "[old.like]\ncss = li.exp > span:nth-child(4)\nmatch = (\\d+)\\]$\nfill = 50%\n";
static const char rules_clien[] =
    "[list]\nurl = http://x.example/\n"
    "[layout old]\nrows = div.list_item.symph_row\nskip = .contents_jirum.notice .list_item\n"
    "skip = .list_item.notice\nskip = .blocked\n"
    "[old.key]\ncss = @data-board-sn\n"
    "[old.title]\ncss = span.list_subject a\n[old.url]\ncss = span.list_subject a\n"
    "[old.comment]\ncss = div.list_title > a > span\nfill = 50%\n"
    "[old.like]\ncss = span.list_votes\nfill = 20%\n"
    "[old.sold_out]\ncss = span.icon_info\nfill = 0-90%\n";
static const char rules_ruliweb[] =
    "[list]\nurl = http://x.example/\n"
    "[layout old]\nrows = table.board_list_table > tbody > tr.table_body\n"
    "skip = tr.table_body.notice\nskip = tr.table_body.best\n"
    "[old.key]\ncss = a.deco @href\nmatch = /read/(\\d+)\n"
    "[old.title]\ncss = a.deco\nwithout = .num_reply\nat_most = 1\n[old.url]\ncss = a.deco\n"
    "[old.comment]\ncss = span.num_reply > span.num\nfill = 50%\n"
    "[old.like]\ncss = td.recomd > span\nfill = 90%\n"
    "[old.view]\ncss = td.hit\nfill = 95%\n";

static const struct {
    const char *board, *list, *rules;
    const char *found;             /* every finding, sorted by field; "=" and the kind */
    const char *found_by_contract; /* there is no history that says what was always so */
} old_rules[] = {
    {"ppomppu", "list-mobile", rules_ppomppu, "like=empty view=empty",
     "like=empty rows=no-posts view=empty"},
    {"clien", "list", rules_clien, "comment=dead title=many url=many", "comment=dead"},
    {"ruliweb", "list", rules_ruliweb, "comment=dead key=many like=dead title=many url=many",
     "comment=dead like=dead title=many"},
};

static char *without_contract(const char *rules)
{
    char *copy = mem_strdup(rules), *rest = copy, *line;
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    while ((line = str_next(&rest, '\n')))
        if (!str_starts(line, "fill") && !str_starts(line, "at_most"))
            buf_addf(&out, "%s\n", line);
    mem_free(copy);
    return buf_take(&out);
}

/* In every sixth row of today's ruliweb the category is a link of the title's class. */
static void add_links(struct answer *a)
{
    struct out out = {0};
    const char *at = out_text(&a->body), *subject;
    int n = 0;

    while ((subject = strstr(at, "<td class=\"subject\">"))) {
        subject += strlen("<td class=\"subject\">");
        out_mem(&out, at, (size_t)(subject - at));
        if (n++ % 6 == 0)
            out_str(&out, "<b><a class=\"deco\" href=\"/cate/7\">[음식]</a></b>");
        at = subject;
    }
    out_str(&out, at);
    out_fini(&a->body);
    a->body = out;
}

static void learn_2020(struct world *w, size_t which, const struct site *site, struct history *h)
{
    const struct board *b = boards_find(old_rules[which].board);
    const struct board_list *list = list_named(b, old_rules[which].list);

    for (int page = 0; page < 6; page++) {
        struct answer a;
        struct row_set *set;

        draw(w, b, list, list->first + page, "epoch=2020", &a);
        set = read_answer(site, &a, NOON_S);
        history_add(h, set);
        row_set_free(&set);
        answer_fini(&a);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *told(const struct drift_report *report)
{
    char *words[32];
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    assert_in_range(report->n, 0, 31);
    for (int i = 0; i < report->n; i++)
        words[i] =
            mem_printf("%s=%s", report->findings[i].field ? report->findings[i].field : "rows",
                       drift_kind_name(report->findings[i].kind));
    qsort(words, (size_t)report->n, sizeof *words, by_text);
    for (int i = 0; i < report->n; i++) {
        buf_addf(&out, "%s%s", i ? " " : "", words[i]);
        mem_free(words[i]);
    }
    buf_addc(&out, '\0');
    return buf_take(&out);
}

/* The first page of 2026 that the rules of 2020 meet. */
static void expect_found(size_t which, const struct site *site, const struct history *h,
                         const char *expected)
{
    const struct board *b = boards_find(old_rules[which].board);
    const struct board_list *list = list_named(b, old_rules[which].list);
    struct world w;
    struct answer a;
    struct drift_report report;
    struct drift_input in = {.site = site, .history = h->runs, .n_history = h->n};
    struct row_set *set;
    char *found;

    world_init(&w, 3);
    w.frozen = true;
    world_set_now(&w, NOON_S);
    draw(&w, b, list, list->first, NULL, &a);
    if (strstr(expected, "title=many"))
        add_links(&a);
    set = read_answer(site, &a, NOON_S);
    in.page = set;
    drift_judge(&in, &report);
    found = told(&report);
    for (int i = 0; i < report.n; i++) {
        const struct drift_finding *f = &report.findings[i];

        print_message("%s\n", f->text);
        assert_true(f->line > 0);
        assert_non_null(strstr(f->text, f->selector));
    }
    assert_string_equal(found, expected);
    mem_free(found);
    drift_report_fini(&report);
    row_set_free(&set);
    answer_fini(&a);
    world_fini(&w);
}

static void rules_of_2020_are_named_by_their_history_in_the_first_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(old_rules); i++) {
        char *rules = without_contract(old_rules[i].rules);
        struct history history = {.n = 0};
        struct world w;
        struct site *site;
        struct err err;

        if (site_load_text("old.conf", "old", rules, NULL, NULL, &site, &err) < 0)
            fail_msg("%s", err.text);
        world_init(&w, 3);
        w.frozen = true;
        world_set_now(&w, NOON_S);
        learn_2020(&w, i, site, &history);
        expect_found(i, site, &history, old_rules[i].found);
        world_fini(&w);
        arena_fini(&history.arena);
        site_free(&site);
        mem_free(rules);
    }
}

static void rules_of_2020_are_named_by_their_contract_without_a_history(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(old_rules); i++) {
        const struct history none = {.n = 0};
        struct site *site;
        struct err err;

        if (site_load_text("old.conf", "old", old_rules[i].rules, NULL, NULL, &site, &err) < 0)
            fail_msg("%s", err.text);
        expect_found(i, site, &none, old_rules[i].found_by_contract);
        site_free(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_2020_are_named_by_their_history_in_the_first_run),
        cmocka_unit_test(rules_of_2020_are_named_by_their_contract_without_a_history),
        cmocka_unit_test(fifty_normal_runs_of_each_list_give_no_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
