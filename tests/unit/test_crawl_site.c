/* SPDX-License-Identifier: MIT */
/* test_crawl_site.c - what a site file means. What is refused: test_crawl_site_errors.c. */
#include "test_crawl_site.h"

static void reads_a_whole_file(void **state)
{
    struct site *site = load_with("[score]\nview = 0.01\nlike=10\ncomment = 2\n"
                                  "[schedule]\ncrawl = 40 * * * *\n[pace]\nmin_delay = 2500ms\n"
                                  "[block]\nhosts = ads.x, *.track.x\nhosts = more.x\n"
                                  "[render]\nviewport = 412x915\nsettle = 300ms\n");

    (void)state;
    assert_string_equal(site->id, "x");
    assert_string_equal(site->name, "시험");
    assert_string_equal(clock_zone_name(site->zone), "Asia/Seoul");
    assert_true(site->obey_robots && site->enabled);
    assert_int_equal(site->pages.from, 1);
    assert_int_equal(site->pages.to, 3);
    assert_int_equal(site->n_layouts, 1);
    assert_int_equal(site->layouts[0].skip.n, 2);
    assert_string_equal(site->layouts[0].ready, "#list > li");
    assert_int_equal(site->layouts[0].n_fields, 3);
    assert_true(site->layouts[0].fields[0].required);
    assert_string_equal(site->layouts[0].fields[0].css[0].selector, "");
    assert_string_equal(site->layouts[0].fields[0].css[0].attribute, "data-id");
    assert_string_equal(site->layouts[0].fields[1].css[1].selector, "h3 > a");
    assert_string_equal(site->layouts[0].fields[1].css[1].attribute, "title");
    assert_true(site->score_view > 0.0099 && site->score_view < 0.0101);
    assert_int_equal(site->min_delay_ms, 2500);
    assert_int_equal(site->block_hosts.n, 3);
    assert_string_equal(site->block_hosts.items[2], "more.x");
    assert_int_equal(site->viewport_width, 412);
    assert_int_equal(site->viewport_height, 915);
    assert_int_equal(site->settle_ms, 300);
    site_free(&site);
}

static void accepts_the_site_files_that_ship(void **state)
{
    static const char *const paths[] = {"sites/ppomppu",
                                        "sites/clien",
                                        "sites/ruliweb",
                                        "sites/dealbada",
                                        "tests/boards/sites/spa",
                                        "tests/boards/sites/infinite",
                                        "tests/boards/sites/lazy",
                                        "tests/boards/sites/xhr-votes",
                                        "tests/boards/sites/cookie-gate"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char *path = mem_printf("%s/site.conf", paths[i]);
        struct site *site = NULL;
        struct err err;

        if (site_load(path, strrchr(paths[i], '/') + 1, NULL, NULL, &site, &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(site->path, path);
        site_free(&site);
        mem_free(path);
    }
}

static char *read_whole_file(const char *path)
{
    struct buf text;
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "r");

    if (!file)
        fail_msg("%s: not found; tests run in the top folder", path);
    buf_init(&text, BUF_MAX_DEFAULT);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(&text, piece, n);
    fclose(file);
    return buf_take(&text);
}

static void documents_every_key_and_field(void **state)
{
    const struct site_key *const tables[] = {site_keys_site,     site_keys_list,   site_keys_score,
                                             site_keys_schedule, site_keys_pace,   site_keys_block,
                                             site_keys_render,   site_keys_layout, site_keys_field,
                                             site_keys_post,     site_keys_gone};
    char *readme = read_whole_file("sites/README.md");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct site_key *key = tables[i]; key->name; key++) {
            char *quoted = mem_printf("`%s`", key->name);

            if (!strstr(readme, quoted))
                fail_msg("sites/README.md does not tell of the key %s", key->name);
            mem_free(quoted);
        }
    }
    for (const struct site_field_kind *kind = site_field_kinds; kind->name; kind++) {
        char *quoted = mem_printf("`%s`", kind->name);

        if (!strstr(readme, quoted))
            fail_msg("sites/README.md does not tell of the field %s", kind->name);
        mem_free(quoted);
    }
    mem_free(readme);
}

static void accepts_the_example_of_the_readme(void **state)
{
    char *readme = read_whole_file("sites/README.md");
    char *begin = strstr(readme, "    [list]\n"), *end;
    struct site *site;

    (void)state;
    assert_non_null(begin);
    end = strstr(begin, "\n\n");
    assert_non_null(end);
    *end = '\0';
    site = load(begin);
    assert_string_equal(site->layouts[0].rows, "#list > li.deal");
    site_free(&site);
    mem_free(readme);
}

static void makes_the_address_of_each_page(void **state)
{
    struct site *site = load(GOOD);

    (void)state;
    expect_url(site, 2, NULL, "https://x.example/list?page=2&id=a#top");
    expect_url(site, 2, "http://x.localhost:81", "http://x.localhost:81/list?page=2&id=a#top");
    expect_url(site, 2, "http://x.localhost:81/", "http://x.localhost:81/list?page=2&id=a#top");
    site_free(&site);
}

static void asks_for_the_first_page_by_its_own_address(void **state)
{
    struct site *site = load_with("[list]\nfirst_url = https://x.example\nfirst_page = 0\n");

    (void)state;
    expect_url(site, 0, NULL, "https://x.example");
    expect_url(site, 0, "http://x.localhost:81", "http://x.localhost:81");
    expect_url(site, 1, NULL, "https://x.example/list?page=1&id=a#top");
    site_free(&site);
}

static void writes_the_rules_as_json(void **state)
{
    struct site *site = load_with("[one.image]\nattr = data-x\nplaceholder = \"blank\\.gif\"\n");
    struct jdoc *doc;
    const struct jval *layout, *field;
    struct buf json;
    struct err err;

    (void)state;
    buf_init(&json, BUF_MAX_DEFAULT);
    site_rules_json(site, SITE_LIST, 15000, false, &json);
    if (jdoc_parse(json.data, json.len, &doc, &err) < 0)
        fail_msg("%s", err.text);

    assert_int_equal(jval_get_int(jdoc_root(doc), "timeout_ms", 0), 15000);
    layout = jval_first(jval_get(jdoc_root(doc), "layouts"));
    assert_string_equal(jval_get_str(layout, "match", ""), "#list");
    assert_int_equal(jval_count(jval_get(layout, "skip")), 2);
    field = jval_first(jval_get(layout, "fields"));
    assert_string_equal(jval_get_str(field, "name", ""), "key");
    assert_true(jval_is_null(jval_get(field, "match")));
    assert_null(jval_get(field, "query"));
    field = jval_next(jval_next(field));
    assert_int_equal(jval_count(jval_get(field, "query")), 2);
    assert_string_equal(jval_get_str(field, "type", ""), "url");
    field = jval_next(field);
    assert_string_equal(jval_get_str(field, "placeholder", ""), "blank\\.gif");
    assert_string_equal(jval_str(jval_next(jval_first(jval_first(jval_get(field, "css")))), ""),
                        "data-x");

    jdoc_free(&doc);
    buf_fini(&json);
    site_free(&site);
}

static void knows_the_line_of_each_rule(void **state)
{
    struct site *site = load(GOOD);
    const char *value;

    (void)state;
    assert_int_equal(site_rule_line(site, "one.match", 0, &value), 9);
    assert_int_equal(site_rule_line(site, "one.skip", 1, &value), 12);
    assert_string_equal(value, ".notice");
    assert_int_equal(site_rule_line(site, "one.title.css", 1, &value), 17);
    assert_string_equal(value, "h3 > a");
    assert_int_equal(site_rule_line(site, "one.title.css", 2, &value), 0);
    assert_int_equal(site_rule_line(site, "two.match", 0, &value), 0);
    site_free(&site);
}

static void suggests_the_key_that_was_meant(void **state)
{
    (void)state;
    expect_refusal("[list]\nmin_row = 3\n",
                   "x/site.conf:22: list.min_row: unknown key; did you mean \"min_rows\"?");
    expect_refusal("[one.title]\n", "x/site.conf:21: [one.title]: given twice, first on line 15");
    expect_refusal("[schedul]\ncrawl = 1 * * * *\n",
                   "x/site.conf:21: [schedul]: unknown section; did you mean [schedule]?");
    expect_refusal("[one.titel]\ncss = a\n",
                   "x/site.conf:21: [one.titel]: unknown field \"titel\"; did you mean \"title\"?");
    expect_refusal("[two.view]\ncss = a\n",
                   "x/site.conf:21: [two.view]: expected a section [layout two]");
}

static void names_the_modes_of_reading(void **state)
{
    (void)state;
    expect_refusal("[render]\nmode = curl\n",
                   "x/site.conf:22: render.mode: \"curl\": expected auto, chrome or fetch");
    expect_refusal("[render]\nverify = 31d\n",
                   "x/site.conf:22: render.verify: \"31d\": expected at most 2592000s");
}

static void refuses_what_is_not_implemented_yet(void **state)
{
    (void)state;
    expect_refusal("[pace]\nconcurrency = 2\n",
                   "x/site.conf:22: pace.concurrency: not implemented yet; leave it out");
}

static void reads_posts_and_the_marks_of_their_end(void **state)
{
    struct site *site = load_with(
        "[list]\nrefresh_pages = 3-7\n[schedule]\nrefresh = 5 * * * *\nalive = @every 10m\n"
        "[post]\nwhen = always\nmax = 7\nmatch = #post\n"
        "[post.redirect_url]\ncss = a.link\n[post.title]\ncss = h1\n"
        "[gone]\ntext = 없는 글\ndialog = 존재하지\ndialog = 삭제\nstatus = 404\n"
        "distance = 2h\nmax = 5\n");
    struct jdoc *doc;
    const struct jval *layouts;
    struct buf json;
    struct err err;

    (void)state;
    assert_int_equal(site->refresh_pages.to, 7);
    assert_string_equal(site->alive_text, "@every 10m");
    assert_int_equal(site->post_when, SITE_POST_ALWAYS);
    assert_int_equal(site->post_max, 7);
    assert_string_equal(site->post->ready, "#post");
    assert_int_equal(site->post->n_fields, 2);
    assert_false(site->post->fields[1].required);
    assert_int_equal(site->gone_dialog.n, 2);
    assert_int_equal(site->gone_status.n, 1);
    assert_int_equal(site->gone_distance_ms, 2 * 3600 * 1000);
    assert_int_equal(site->gone_max, 5);

    buf_init(&json, BUF_MAX_DEFAULT);
    site_rules_json(site, SITE_POST, 15000, false, &json);
    assert_int_equal(jdoc_parse(json.data, json.len, &doc, &err), 0);
    layouts = jval_get(jdoc_root(doc), "layouts");
    assert_int_equal(jval_count(layouts), 1);
    assert_string_equal(jval_get_str(jval_first(layouts), "name", ""), "post");
    assert_string_equal(jval_get_str(jval_first(layouts), "rows", ""), ":root");
    assert_int_equal(jval_count(jval_get(jdoc_root(doc), "gone_dialog")), 2);
    jdoc_free(&doc);
    buf_fini(&json);
    site_free(&site);
}

static void visits_no_posts_unless_told_to(void **state)
{
    struct site *site = load(GOOD);

    (void)state;
    assert_null(site->post);
    assert_true(site->refresh_pages.from > site->refresh_pages.to);
    site_free(&site);
    site = load_with("[post]\nmatch = h1\n");
    assert_int_equal(site->post_when, SITE_POST_MISSING);
    assert_int_equal(site->gone_status.n, 2);
    assert_int_equal(site->gone_status.items[1], 410);
    site_free(&site);
}

static void refuses_rules_for_posts_that_would_harm(void **state)
{
    (void)state;
    expect_refusal("[post]\nwhen = never\n",
                   "x/site.conf:21: post.match: missing: expected a CSS selector that is found on "
                   "each post that is there");
    expect_refusal(
        "[gone]\ntext = x\n",
        "x/site.conf: post.match: missing: expected a CSS selector that is found on each "
        "post that is there; [gone] and an alive schedule need it");
    expect_refusal("[schedule]\nrefresh = 5 * * * *\n",
                   "x/site.conf: list.refresh_pages: missing: expected the pages that "
                   "schedule.refresh reads, such as 3-7");
    expect_refusal("[post]\nmatch = h1\n[post.key]\ncss = h1\n",
                   "x/site.conf:23: [post.key]: expected only in a layout of the list");
    expect_refusal("[post]\nmatch = h1\nwhen = now\n",
                   "x/site.conf:23: post.when: \"now\": expected always, missing or never");
    expect_refusal("[gone]\nstatus = 404, 403\n",
                   "x/site.conf:22: gone.status: \"404, 403\": expected at most 8 statuses such as "
                   "404, 410, none of which says no more than \"not now\" or \"not for you\"");
    expect_refusal("[layout post]\nrows = li\n",
                   "x/site.conf:21: [layout post]: expected a name of a-z, 0-9, '-' and '_', and "
                   "not \"post\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_file),
        cmocka_unit_test(accepts_the_site_files_that_ship),
        cmocka_unit_test(documents_every_key_and_field),
        cmocka_unit_test(accepts_the_example_of_the_readme),
        cmocka_unit_test(makes_the_address_of_each_page),
        cmocka_unit_test(asks_for_the_first_page_by_its_own_address),
        cmocka_unit_test(writes_the_rules_as_json),
        cmocka_unit_test(knows_the_line_of_each_rule),
        cmocka_unit_test(suggests_the_key_that_was_meant),
        cmocka_unit_test(names_the_modes_of_reading),
        cmocka_unit_test(refuses_what_is_not_implemented_yet),
        cmocka_unit_test(reads_posts_and_the_marks_of_their_end),
        cmocka_unit_test(visits_no_posts_unless_told_to),
        cmocka_unit_test(refuses_rules_for_posts_that_would_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
