/* SPDX-License-Identifier: MIT */
/* test_crawl_site_errors.c - each mistake in a site file is told with file, line and key. */
#include "test_crawl_site.h"

static void names_line_key_and_expectation_of_a_bad_value(void **state)
{
    static const struct {
        const char *more, *message;
    } samples[] = {
        {"[pace]\nmin_delay = fast\n", "x/site.conf:22: pace.min_delay: \"fast\": expected"},
        {"[one.view]\ncss = i\nfill = much\n",
         "x/site.conf:23: one.view.fill: \"much\": expected a share of the rows"},
        {"[one.view]\ncss = i\nfill = 90\n", "x/site.conf:23: one.view.fill: \"90\": expected"},
        {"[one.view]\ncss = i\nfill = 60-20%\n",
         "x/site.conf:23: one.view.fill: \"60-20%\": expected"},
        {"[one.view]\ncss = i\nfill = 120%\n",
         "x/site.conf:23: one.view.fill: \"120%\": expected"},
        {"[one.view]\ncss = i\nat_most = 0\n",
         "x/site.conf:23: one.view.at_most: \"0\": expected"},
        {"[list]\nmin_rows = -1\n", "x/site.conf:22: list.min_rows: \"-1\": expected"},
        {"[list]\nfirst_url = ftp://x\n",
         "x/site.conf:22: list.first_url: \"ftp://x\": expected an address that begins with http"},
        {"[site]\nenabled = maybe\n",
         "x/site.conf:22: site.enabled: \"maybe\": expected yes or no"},
        {"[site]\nrobots = no\n", "x/site.conf:22: site.robots: \"no\": expected obey or ignore"},
        {"[score]\nview = much\n", "x/site.conf:22: score.view: \"much\": expected a number"},
        {"[render]\nviewport = 10x10\n",
         "x/site.conf:22: render.viewport: \"10x10\": expected WIDTHxHEIGHT, each 100 to 8192"},
        {"[one.view]\ncss = .v\ntype = text\n",
         "x/site.conf:23: one.view.type: \"text\": expected int for this field"},
        {"[one.view]\ncss = .v\ntext = mine\n",
         "x/site.conf:23: one.view.text: \"mine\": expected all or own"},
        {"[one.view]\ncss = .v\nquery = a\n",
         "x/site.conf:23: one.view.query: expected only in a field of type url or image"},
        {"[one.view]\ncss = .v\ncss = .w\nmatch = (\\d+)(k)\n",
         "x/site.conf:24: one.view.match: \"(\\d+)(k)\": expected at most one group"},
        {"[one.view]\ncss = .v @data x\n",
         "x/site.conf:22: one.view.css: \".v @data x\": expected the name of an attribute"},
        {"[site]\ncurrency = Euro\n", "x/site.conf:22: site.currency: \"Euro\": expected KRW, USD"},
        {"[one.view]\ncss = .v\njson = a..b\n",
         "x/site.conf:23: one.view.json: \"a..b\": expected names of JSON members with dots"},
        {"[block]\nhosts = *ads*\n", "x/site.conf:22: block.hosts: \"*ads*\": expected a host"},
        {"[one.view]\n", "x/site.conf:21: one.view.css: missing: expected a CSS selector"},
        {"[list]\npages = 2-4\n", "x/site.conf:22: list.pages: given twice, first on line 7"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *text = mem_printf("%s%s", GOOD, samples[i].more);
        int n;
        char *got = refusal(text, &n);

        if (!str_starts(got, samples[i].message) || n != 1)
            fail_msg("expected \"%s\", got %d: \"%s\"", samples[i].message, n, got);
        mem_free(got);
        mem_free(text);
    }
}

static void tells_what_is_wrong_with_a_cron_line(void **state)
{
    (void)state;
    expect_refusal("[schedule]\ncrawl = */5 * * *\n",
                   "x/site.conf:22: schedule.crawl: \"*/5 * * *\": expected 5 fields, got 4");
}

static void names_a_bad_selector_with_its_line(void **state)
{
    (void)state;
    expect_refusal("[one.view]\ncss = .v >\n", "x/site.conf:22: one.view.css: \".v >\": expected a "
                                               "selector after the last combinator");
    expect_refusal("[one.view]\ncss = a[href\n",
                   "x/site.conf:22: one.view.css: \"a[href\": expected ']'");
}

static void names_each_required_rule_that_is_missing(void **state)
{
    (void)state;
    expect_refusal_without("url = https", "x/site.conf: list.url: missing: expected");
    expect_refusal_without("rows =", "x/site.conf:8: one.rows: missing: expected");
    expect_refusal_without("[one.key]", "x/site.conf:8: [one.key]: missing: expected");
    expect_refusal_without("[one.title]", "x/site.conf:8: [one.title]: missing: expected");
    expect_refusal_without("[one.url]", "x/site.conf:8: [one.url]: missing: expected");
}

static const char MINIMAL[] = "[list]\nurl = http://a/?page={page}\n[layout l]\nrows = li\n"
                              "[l.key]\ncss = @data-id\n[l.title]\ncss = a\n[l.url]\ncss = a\n";

static void ten_lines_are_enough(void **state)
{
    struct site *site = load(MINIMAL);

    (void)state;
    assert_string_equal(site->name, "x");
    assert_string_equal(site->id_prefix, "x");
    assert_string_equal(site->timezone, "Asia/Seoul");
    assert_string_equal(clock_zone_name(site->zone), "Asia/Seoul");
    assert_string_equal(site->layouts[0].match, "li");
    assert_string_equal(site->layouts[0].ready, "li");
    site_free(&site);
}

static void a_folder_name_that_cannot_begin_public_ids_wants_an_id_prefix(void **state)
{
    struct site *site;
    struct err err;

    (void)state;
    assert_int_equal(
        site_load_text("My_board/site.conf", "My_board", MINIMAL, NULL, NULL, &site, &err), -1);
    assert_string_equal(err.text, "My_board/site.conf: site.id_prefix: \"My_board\": expected 1 to "
                                  "16 of a-z, 0-9 and '-'");
}

static void wants_a_page_number_in_the_address_of_several_pages(void **state)
{
    int n;
    char *got = refusal("[site]\nname=a\nid_prefix=a\ntimezone=UTC\n[list]\nurl = http://a/\n"
                        "pages = 1-2\n[layout l]\nmatch=a\nrows=a\n[l.key]\ncss=a\n[l.title]\n"
                        "css=a\n[l.url]\ncss=a\n",
                        &n);

    (void)state;
    assert_int_equal(n, 1);
    assert_string_equal(got,
                        "x/site.conf:6: list.url: \"http://a/\": expected {page} in it, as pages "
                        "is 1-2\n");
    mem_free(got);
}

static void reports_a_bad_address_of_several_pages_once(void **state)
{
    int n;
    char *got = refusal("[site]\nname = a\nid_prefix = a\ntimezone = UTC\n"
                        "[list]\nurl = ftp://a/\npages = 1-2\n"
                        "[layout l]\nmatch = b\nrows = c\n[l.key]\ncss=a\n[l.title]\n"
                        "css=a\n[l.url]\ncss=a\n",
                        &n);

    (void)state;
    assert_int_equal(n, 1);
    assert_string_equal(got, "x/site.conf:6: list.url: \"ftp://a/\": expected an address that "
                             "begins with http:// or https://\n");
    mem_free(got);
}

static void says_once_what_a_time_zone_is(void **state)
{
    char *got = refusal("[site]\nname = a\nid_prefix = a\ntimezone = Mars/X\n"
                        "[list]\nurl = http://a/\n[layout l]\nmatch = b\nrows = c\n"
                        "[l.key]\ncss=a\n[l.title]\ncss=a\n[l.url]\ncss=a\n",
                        NULL);

    (void)state;
    assert_string_equal(got, "x/site.conf:4: site.timezone: \"Mars/X\": expected a time zone like "
                             "Asia/Seoul or UTC (no such file in /usr/share/zoneinfo; is the "
                             "tzdata package installed?)\n");
    mem_free(got);
}

static void reports_every_problem_of_a_file(void **state)
{
    int n;
    char *got = refusal("[site]\nname = a\nid_prefix = A B\ntimezone = Mars/Base\n[list]\n"
                        "url = list\npages = 3-1\n[layout l]\nmatch = a[\nrows = ,\n",
                        &n);

    (void)state;
    assert_non_null(strstr(got, ":3: site.id_prefix: "));
    assert_non_null(strstr(got, ":4: site.timezone: \"Mars/Base\": expected a time zone"));
    assert_non_null(strstr(got, ":6: list.url: "));
    assert_non_null(strstr(got, ":7: list.pages: "));
    assert_non_null(strstr(got, ":9: l.match: "));
    assert_non_null(strstr(got, ":10: l.rows: "));
    assert_non_null(strstr(got, ":8: [l.title]: missing"));
    assert_int_equal(n, 9);
    mem_free(got);
}

static void refuses_a_file_that_is_not_there(void **state)
{
    struct site *site = NULL;
    struct err err;

    (void)state;
    assert_int_equal(site_load("no/such/site.conf", "x", NULL, NULL, &site, &err), -1);
    assert_null(site);
    assert_int_equal(err.code, ERR_SITE);
    assert_non_null(strstr(err.text, "no/such/site.conf"));
}

static void passes_selectors_that_browsers_know(void **state)
{
    static const char *const good[] = {"a",
                                       "*",
                                       "#list > li.deal",
                                       "a.b.c[href]",
                                       "ul.bbsList_new > li:has(> a[href*=\"id=a&\"])",
                                       "tr.a:has(x), tr.b",
                                       ":scope > td:nth-child(2n + 1)",
                                       "td:not(.a, .b) ~ td + td",
                                       "font[color=\"#ACACAC\" i]",
                                       ".tw\\:flex-1",
                                       "img[alt=\"종료\"]",
                                       "p::before",
                                       "li:is(a,b)",
                                       "a[title=\"x]y\"]",
                                       "a:has(+ b, ~ c)",
                                       "-x-y",
                                       "li:nth-child(2 of .a)",
                                       ".분류"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (selector_problem(good[i]))
            fail_msg("\"%s\": %s", good[i], selector_problem(good[i]));
}

static void refuses_selectors_that_no_browser_knows(void **state)
{
    static const char *const bad[] = {
        "",     " ",       ",",       "a,",         ",a",     "a,,b",   "> a",
        "a >",  "a > > b", "a > , b", "a[",         "a[]",    "a[href", "a[href=\"x]",
        "a)",   "a:not(",  "a:not()", "a:has()",    ".",      "a.",     "a..b",
        "#",    "a#.b",    ":",       "a:",         "a:(b)",  ".1a",    "a{b}",
        "a @x", "a | | b", "\"a\"",   "a:not(> b)", "a[[b]]", "5"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (!selector_problem(bad[i]))
            fail_msg("\"%s\" passed", bad[i]);
}

static void looks_at_regular_expressions(void **state)
{
    (void)state;
    assert_null(regex_problem("[?&]no=(\\d+)", 1));
    assert_null(regex_problem("^\\[([^\\]]+)\\]", 1));
    assert_null(regex_problem("\\(a\\)(?:b)", 0));
    assert_null(regex_problem("[()]", 0));
    assert_non_null(regex_problem("", 1));
    assert_non_null(regex_problem("(a", 1));
    assert_non_null(regex_problem("a)", 1));
    assert_non_null(regex_problem("[a", 1));
    assert_non_null(regex_problem("a\\", 1));
    assert_non_null(regex_problem("(a)(b)", 1));
}

static void the_contract_of_a_field_has_defaults(void **state)
{
    static const char conf[] = "[list]\nurl = http://x.example/\n[layout l]\nrows = li\n"
                               "[l.key]\ncss = @id\n[l.title]\ncss = a\nfill = 70%\n"
                               "[l.url]\ncss = a\n[l.view]\ncss = b\n[l.like]\ncss = i\n"
                               "[l.sold_out]\ncss = u\nfill = 5-60%\nat_most = 2\n";
    static const struct {
        double min, max;
    } expected[] = {{0.9, 1}, {0.7, 1}, {0.9, 1}, {0.5, 1}, {0, 1}, {0.05, 0.6}};
    struct site *site;
    struct err err;

    (void)state;
    if (site_load_text("x/site.conf", "x", conf, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(site->layouts[0].n_fields, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct site_field *field = &site->layouts[0].fields[i];

        assert_true(field->fill_min == expected[i].min && field->fill_max == expected[i].max);
        assert_int_equal(field->at_most, i == 5 ? 2 : 0);
    }
    site_free(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_contract_of_a_field_has_defaults),
        cmocka_unit_test(names_line_key_and_expectation_of_a_bad_value),
        cmocka_unit_test(tells_what_is_wrong_with_a_cron_line),
        cmocka_unit_test(names_a_bad_selector_with_its_line),
        cmocka_unit_test(names_each_required_rule_that_is_missing),
        cmocka_unit_test(ten_lines_are_enough),
        cmocka_unit_test(a_folder_name_that_cannot_begin_public_ids_wants_an_id_prefix),
        cmocka_unit_test(wants_a_page_number_in_the_address_of_several_pages),
        cmocka_unit_test(reports_a_bad_address_of_several_pages_once),
        cmocka_unit_test(says_once_what_a_time_zone_is),
        cmocka_unit_test(reports_every_problem_of_a_file),
        cmocka_unit_test(refuses_a_file_that_is_not_there),
        cmocka_unit_test(passes_selectors_that_browsers_know),
        cmocka_unit_test(refuses_selectors_that_no_browser_knows),
        cmocka_unit_test(looks_at_regular_expressions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
