/* SPDX-License-Identifier: MIT */
/* test_crawl_drift.c - the judge on made-up counts, what it remembers of posts, and what is kept of a
 * page. On real markup: test_drifts_judge.c.
 */
#include "crawl/drift.h"

#include "base/str.h"
#include "crawl/drift_keep.h"
#include "crawl/drift_posts.h"
#include "crawl/drift_rate.h"
#include "support/unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 20, RUNS = 10 };

static const char CONF[] = "[list]\nurl = http://x.example/\n[layout l]\nrows = li\n"
                           "[l.key]\ncss = @id\n[l.title]\ncss = a\nat_most = 1\n[l.url]\ncss = a\n"
                           "[l.view]\ncss = .v\n[l.like]\ncss = .l\n[l.category]\ncss = .c\n"
                           "[l.sold_out]\ncss = .s\nfill = 0-60%\n";

struct page {
    struct row_set set;
    struct deal_row rows[ROWS];
    struct extract_field fields[7];
    struct extract_skip skips[1];
    char text[ROWS][4][32];
};

static const char *const names[] = {"key", "title", "url", "view", "like", "category", "sold_out"};

/* A page on which all is well: every third post has likes, every fourth has ended. */
static void make_page(struct page *p)
{
    *p = (struct page){
        .set = {.status = 200, .layout = "l", .ready = true, .n = ROWS, .seen = ROWS}};
    p->set.url = p->set.title = p->set.text_head = "";
    for (int i = 0; i < ROWS; i++) {
        snprintf(p->text[i][0], 32, "%d", 1000 + i);
        snprintf(p->text[i][1], 32, "product %d", i);
        snprintf(p->text[i][2], 32, "http://x.example/%d", i);
        snprintf(p->text[i][3], 32, "category %d", i % 4);
        p->rows[i] = (struct deal_row){.key = p->text[i][0],
                                       .title = p->text[i][1],
                                       .url = p->text[i][2],
                                       .category = p->text[i][3],
                                       .view = 100 + 10 * i,
                                       .like = i % 3 ? 0 : 2 + i,
                                       .comment = DEAL_UNKNOWN,
                                       .price_e2 = DEAL_UNKNOWN,
                                       .posted_at_ms = CLOCK_NONE,
                                       .sold_out = i % 4 == 0};
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        p->fields[i] = (struct extract_field){.name = names[i], .matched = ROWS, .valued = ROWS};
    p->fields[4].matched = p->fields[4].valued = 7;
    p->fields[6].matched = p->fields[6].valued = 5;
    p->set.rows = p->rows;
    p->set.fields = p->fields;
    p->set.n_fields = (int)ARRAY_LEN(names);
    p->set.skips = p->skips;
}

static struct extract_field *field(struct page *p, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return &p->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

/* ---- one thing wrong ------------------------------------------------------------------------- */

static void view_dead(struct page *p)
{
    field(p, "view")->matched = field(p, "view")->valued = 0;
}

static void view_empty(struct page *p)
{
    field(p, "view")->valued = 0;
}

static void likes_none(struct page *p)
{
    field(p, "like")->matched = field(p, "like")->valued = 0;
}

static void likes_lost(struct page *p)
{
    likes_none(p);
    for (int i = 0; i < ROWS; i++)
        p->rows[i].like = 0;
}

static void title_twice(struct page *p)
{
    field(p, "title")->many = 2;
}

static void category_twice(struct page *p)
{
    field(p, "category")->many = 3;
}

static void category_twice_in_one(struct page *p)
{
    field(p, "category")->many = 1;
}

static void all_sold(struct page *p)
{
    field(p, "sold_out")->matched = field(p, "sold_out")->valued = ROWS;
}

static void views_equal(struct page *p)
{
    for (int i = 0; i < ROWS; i++)
        p->rows[i].view = 7;
}

static void likes_are_views(struct page *p)
{
    field(p, "like")->matched = field(p, "like")->valued = ROWS;
    for (int i = 0; i < ROWS; i++)
        p->rows[i].like = p->rows[i].view;
}

static void titles_changed(struct page *p)
{
    for (int i = 0; i < ROWS; i++)
        snprintf(p->text[i][1], 32, "%d other", i);
}

static void one_title_edited(struct page *p)
{
    snprintf(p->text[3][1], 32, "edited");
}

static void views_fell(struct page *p)
{
    for (int i = 0; i < ROWS; i++)
        p->rows[i].view = i + 1;
}

static void views_grew(struct page *p)
{
    for (int i = 0; i < ROWS; i++)
        p->rows[i].view *= 3;
}

static void deals_came_back(struct page *p)
{
    for (int i = 0; i < 4; i++)
        p->rows[i].sold_out = false;
}

static void no_rows(struct page *p)
{
    p->set.n = p->set.seen = 0;
    memset(p->fields, 0, sizeof p->fields);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        p->fields[i].name = names[i];
}

static void only_notices(struct page *p)
{
    no_rows(p);
    p->set.seen = 3;
    p->skips[0] = (struct extract_skip){"skip .notice", 3};
    p->set.n_skips = 1;
}

static void strangers(struct page *p)
{
    p->set.seen = ROWS + 4;
    p->skips[0] = (struct extract_skip){"no key", 4};
    p->set.n_skips = 1;
}

static void more_rows(struct page *p)
{
    p->set.seen = ROWS + 8;
    p->skips[0] = (struct extract_skip){"skip .ad", 8};
    p->set.n_skips = 1;
}

static void nothing(struct page *p)
{
    (void)p;
}

static void names_what_is_wrong_and_nothing_else(void **state)
{
    const struct {
        void (*change)(struct page *);
        const char *by_contract, *by_history, *by_posts; /* "field kind" of the first; NULL: fine */
    } rows[] = {
        {nothing, NULL, NULL, NULL},
        {view_dead, "view dead", "view dead", "view dead"},
        {view_empty, "view empty", "view empty", "view empty"},
        {likes_none, NULL, NULL, NULL}, /* nobody liked anything: it happens */
        {likes_lost, NULL, NULL, "like lost"},
        {title_twice, "title many", "title many", "title many"},
        {category_twice, NULL, "category many", NULL},
        {category_twice_in_one, NULL, NULL, NULL},
        {all_sold, "sold_out too-often", "sold_out too-often", "sold_out too-often"},
        {views_equal, NULL, "view constant", "view changed"},
        {likes_are_views, "view same-as", "view same-as", "view same-as"},
        {titles_changed, NULL, NULL, "title changed"},
        {one_title_edited, NULL, NULL, NULL},
        {views_fell, NULL, NULL, "view changed"},
        {views_grew, NULL, NULL, NULL},
        {deals_came_back, NULL, NULL, NULL},
        {no_rows, "rows no-rows", "rows no-rows", "rows no-rows"},
        {only_notices, "rows only-skipped", "rows only-skipped", "rows only-skipped"},
        {strangers, "rows no-posts", "rows no-posts", "rows no-posts"},
        {more_rows, NULL, "rows more-rows", NULL},
    };
    struct store_field counts[ARRAY_LEN(names) + 1];
    struct store_fields history[RUNS];
    int wrong = 0;
    struct page usual, page;
    struct site *site;
    struct err err;

    (void)state;
    if (site_load_text("x.conf", "x", CONF, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    make_page(&usual);
    for (int i = 0; i < RUNS; i++)
        history[i] = (struct store_fields){
            .rows = ROWS, .fields = counts, .n_fields = drift_counts(&usual.set, counts)};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const expected[] = {rows[i].by_contract, rows[i].by_history, rows[i].by_posts};

        for (int way = 0; way < 3; way++) {
            struct drift_input in = {.site = site, .page = &page.set};
            struct drift_report report;
            char found[64] = "";

            make_page(&page);
            rows[i].change(&page);
            in.history = way == 1 ? history : NULL;
            in.n_history = way == 1 ? RUNS : 0;
            in.known = way == 2 ? usual.rows : NULL;
            in.n_known = way == 2 ? ROWS : 0;
            if (drift_judge(&in, &report) > 0)
                snprintf(found, sizeof found, "%s %s",
                         report.findings[0].field ? report.findings[0].field : "rows",
                         drift_kind_name(report.findings[0].kind));
            wrong += !str_eq(found, expected[way] ? expected[way] : "");
            if (!str_eq(found, expected[way] ? expected[way] : ""))
                print_error("row %zu way %d: expected \"%s\", found \"%s\": %s\n", i, way,
                            expected[way] ? expected[way] : "", found,
                            report.n ? report.findings[0].text : "");
            drift_report_fini(&report);
        }
    }
    site_free(&site);
    assert_int_equal(wrong, 0);
}

static void rows_that_are_no_posts_name_the_rule_that_they_lack(void **state)
{
    struct drift_report report;
    struct site *site;
    struct page page;
    struct err err;

    (void)state;
    assert_int_equal(site_load_text("x.conf", "x", CONF, NULL, NULL, &site, &err), 0);
    make_page(&page);
    strangers(&page);
    assert_int_equal(drift_judge(&(struct drift_input){.site = site, .page = &page.set}, &report),
                     1);
    assert_non_null(
        strstr(report.findings[0].text, "4 have no key (x.conf:6: l.key.css \":scope\")"));
    drift_report_fini(&report);
    site_free(&site);
}

static void a_short_history_is_no_history(void **state)
{
    struct store_field view = {.name = "view", .matched = 20, .valued = 20};
    struct store_fields runs[DRIFT_RUNS_MIN];

    (void)state;
    for (int i = 0; i < DRIFT_RUNS_MIN; i++)
        runs[i] = (struct store_fields){.rows = 20, .fields = &view, .n_fields = 1};
    for (int n = 0; n <= DRIFT_RUNS_MIN; n++) {
        struct drift_usual usual = drift_usual(runs, n, "view", DRIFT_VALUED);

        assert_int_equal(drift_is_learned(&usual), n == DRIFT_RUNS_MIN);
        assert_int_equal(drift_is_below(&usual, 0, 20), n == DRIFT_RUNS_MIN);
    }
}

static void tails_of_the_binomial_are_right(void **state)
{
    (void)state;
    assert_true(drift_at_most(0, 10, 0.5) > 0.00097 && drift_at_most(0, 10, 0.5) < 0.00098);
    assert_true(drift_at_most(5, 10, 0.5) > 0.6230 && drift_at_most(5, 10, 0.5) < 0.6231);
    assert_true(drift_at_least(10, 10, 0.5) > 0.00097 && drift_at_least(10, 10, 0.5) < 0.00098);
    assert_true(drift_at_most(10, 10, 0.5) == 1 && drift_at_least(0, 10, 0.5) == 1);
    assert_true(drift_at_most(3, 10, 0) == 1 && drift_at_least(3, 10, 0) == 0);
    assert_true(drift_at_most(3, 10, 1) == 0 && drift_at_least(3, 10, 1) == 1);
}

/* ---- what is remembered ---------------------------------------------------------------------- */

static void posts_are_written_and_read_back(void **state)
{
    struct page p;
    struct drift_posts posts, back;
    struct buf text;

    (void)state;
    make_page(&p);
    p.rows[0].title = "\"뷁\" \\ \n 1+1";
    p.rows[1].posted_at_ms = 1795316700123;
    drift_posts_init(&posts);
    drift_posts_init(&back);
    buf_init(&text, BUF_MAX_DEFAULT);
    drift_posts_add(&posts, p.rows, ROWS);
    drift_posts_write(&posts, &text);
    drift_posts_read(&back, buf_str(&text));

    assert_int_equal(back.n, ROWS);
    for (int i = 0; i < ROWS; i++)
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            char a[32], b[32];

            assert_true(str_eq(drift_value(&p.rows[i], names[k], a),
                               drift_value(&back.rows[i], names[k], b)));
        }
    assert_int_equal(back.rows[1].posted_at_ms, 1795316700123);
    assert_int_equal(back.rows[0].posted_at_ms, CLOCK_NONE);
    buf_fini(&text);
    drift_posts_fini(&posts);
    drift_posts_fini(&back);
}

static void a_newer_reading_replaces_the_older_and_old_posts_go(void **state)
{
    struct drift_posts posts;
    char keys[DRIFT_POSTS + 10][16];

    (void)state;
    drift_posts_init(&posts);
    for (int i = 0; i < DRIFT_POSTS + 10; i++) {
        struct deal_row row = {.key = keys[i], .title = "t", .view = 1};

        snprintf(keys[i], sizeof keys[i], "%d", i);
        drift_posts_add(&posts, &row, 1);
    }
    assert_int_equal(posts.n, DRIFT_POSTS);
    assert_string_equal(posts.rows[0].key, keys[DRIFT_POSTS + 9]);
    assert_string_equal(posts.rows[DRIFT_POSTS - 1].key, keys[10]);

    drift_posts_add(&posts, &(struct deal_row){.key = keys[50], .title = "new", .view = 9}, 1);
    assert_int_equal(posts.n, DRIFT_POSTS);
    assert_string_equal(posts.rows[0].title, "new");
    for (int i = 1; i < posts.n; i++)
        assert_string_not_equal(posts.rows[i].key, keys[50]);
    drift_posts_fini(&posts);
}

static void broken_memory_is_no_memory(void **state)
{
    static const char *const texts[] = {"", "{", "[1, \"x\", null, {}]", "{\"key\": 1}", "[[[]]]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct drift_posts posts;

        drift_posts_init(&posts);
        drift_posts_read(&posts, texts[i]);
        assert_int_equal(posts.n, 0);
        drift_posts_fini(&posts);
    }
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static int count_in(const char *dir, const char *folder)
{
    char *path = mem_printf("%s/%s", dir, folder);
    DIR *d = opendir(path);
    int n = 0;

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    mem_free(path);
    return n;
}

static void the_last_failures_of_each_site_are_kept(void **state)
{
    char dir[] = "/tmp/test-drift-XXXXXX";
    const struct site a = {.id = "a", .path = "a.conf"}, ab = {.id = "a-b", .path = "ab.conf"};
    struct drift_report none = {0};
    struct page p;
    struct buf html;
    struct err err;
    char *newest, *file, *remove;

    (void)state;
    assert_non_null(mkdtemp(dir));
    make_page(&p);
    p.set.html = "<p>뷁";
    for (int i = 0; i < KEEP_FAILURES + 5; i++) {
        mem_free(drift_keep_failure(dir, &a, &p.set, &none, "why", 1795316700000 + i * 1000));
        mem_free(drift_keep_failure(dir, &ab, &p.set, &none, "why", 1795316700000 + i * 1000));
    }
    newest = drift_keep_newest(dir, "a");
    file = mem_printf("%s/page.html.gz", newest);
    buf_init(&html, BUF_MAX_DEFAULT);

    assert_int_equal(count_in(dir, "failures"), 2 * KEEP_FAILURES);
    assert_true(str_ends(newest, "/failures/a-20261122T030514Z"));
    assert_int_equal(drift_keep_read(file, &html, &err), 0);
    assert_string_equal(buf_str(&html), "<p>뷁");
    assert_null(drift_keep_newest(dir, "b"));

    buf_fini(&html);
    mem_free(file);
    mem_free(newest);
    remove = mem_printf("rm -r '%s'", dir);
    assert_int_equal(system(remove), 0);
    mem_free(remove);
}

static void a_folder_that_cannot_be_made_costs_the_evidence_only(void **state)
{
    const struct site site = {.id = "a", .path = "a.conf"};
    struct drift_report none = {0};
    struct page p;
    char *path;

    (void)state;
    make_page(&p);
    p.set.html = "x";
    path = drift_keep_failure("/proc/no/such", &site, &p.set, &none, "why", 1795316700000);
    drift_keep_good("/proc/no/such", "a", "l", "x");

    assert_string_equal(path, "");
    mem_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong_and_nothing_else),
        cmocka_unit_test(rows_that_are_no_posts_name_the_rule_that_they_lack),
        cmocka_unit_test(a_short_history_is_no_history),
        cmocka_unit_test(tails_of_the_binomial_are_right),
        cmocka_unit_test(posts_are_written_and_read_back),
        cmocka_unit_test(a_newer_reading_replaces_the_older_and_old_posts_go),
        cmocka_unit_test(broken_memory_is_no_memory),
        cmocka_unit_test(the_last_failures_of_each_site_are_kept),
        cmocka_unit_test(a_folder_that_cannot_be_made_costs_the_evidence_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
