/* SPDX-License-Identifier: MIT */
/* test_drifts_judge.c - no alarm while the boards live as boards do; one in the first run after a
 * board has changed, with the field's name.
 */
#include "test_drifts.h"

enum { NORMAL_RUNS = 50, RUNS_OF_A_RATE = 10 };

/* The lists whose rows stand in the markup. */
static const struct {
    const char *board, *list, *query;
} lists[] = {
    {"ppomppu", "list-desktop", NULL}, {"ppomppu", "list-mobile", NULL}, {"clien", "list", NULL},
    {"ruliweb", "list", NULL},         {"ruliweb", "list", "view=thumbnail"},
    {"dealbada", "list", NULL},
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

/* Three pages a run, an hour between two runs, and knobs that move with each. */
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
        for (int page = 0; page < 3; page++) {
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
    print_message("normal runs: %d of %zu lists, %d pages, %d false alarms\n", NORMAL_RUNS,
                  ARRAY_LEN(lists), NORMAL_RUNS * 3 * (int)ARRAY_LEN(lists), alarms);
    assert_int_equal(alarms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_normal_runs_of_each_list_give_no_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
