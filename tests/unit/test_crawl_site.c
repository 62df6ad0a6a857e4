/* SPDX-License-Identifier: MIT */
/* test_crawl_site.c - what a site file means, and that each mistake is told with file, line and
 * key. */
#include "crawl/site.h"

#include "base/jdoc.h"
#include "base/str.h"
#include "crawl/selector.h"
#include "crawl/site_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 20 lines; what a test adds begins on line 21. */
static const char GOOD[] = "[site]\n"
                           "name = 시험\n"
                           "id_prefix = test\n"
                           "timezone = Asia/Seoul\n"
                           "[list]\n"
                           "url = https://x.example/list?page={page}&id=a#top\n"
                           "pages = 1-3\n"
                           "[layout one]\n"
                           "match = #list\n"
                           "rows = #list > li\n"
                           "skip = .ad\n"
                           "skip = .notice\n"
                           "[one.key]\n"
                           "css = @data-id\n"
                           "[one.title]\n"
                           "css = a.title\n"
                           "css = h3 > a @title\n"
                           "[one.url]\n"
                           "css = a.title\n"
                           "query = id, no\n";

struct problems {
    struct buf text;
    int n;
};

static void collect(const char *message, void *ctx)
{
    struct problems *problems = ctx;

    buf_addf(&problems->text, "%s\n", message);
    problems->n++;
}

static struct site *load(const char *text)
{
    struct site *site = NULL;
    struct err err;

    if (site_load_text("x/site.conf", "x", text, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    return site;
}

static struct site *load_with(const char *more)
{
    char *text = mem_printf("%s%s", GOOD, more);
    struct site *site = load(text);

    mem_free(text);
    return site;
}

/* The messages for a text that must be refused; the caller frees. */
static char *refusal(const char *text, int *n_out)
{
    struct problems problems = {.n = 0};
    struct site *site = NULL;
    struct err err = {0};
    const char *first;

    buf_init(&problems.text, BUF_MAX_DEFAULT);
    assert_int_equal(site_load_text("x/site.conf", "x", text, collect, &problems, &site, &err), -1);
    assert_null(site);
    assert_int_equal(err.code, ERR_SITE);
    first = buf_str(&problems.text);
    assert_memory_equal(first, err.text, strlen(err.text));
    if (n_out)
        *n_out = problems.n;
    return buf_take(&problems.text);
}

/* GOOD followed by `more` gives exactly this one message. */
static void expect_refusal(const char *more, const char *message)
{
    char *text = mem_printf("%s%s", GOOD, more);
    char *expected = mem_printf("%s\n", message);
    char *got = refusal(text, NULL);

    assert_string_equal(got, expected);
    mem_free(got);
    mem_free(expected);
    mem_free(text);
}

/* GOOD without the line that begins with `start`. */
static void expect_refusal_without(const char *start, const char *message)
{
    const char *cut = strstr(GOOD, start);
    char *text = mem_printf("%.*s#%s", (int)(cut - GOOD), GOOD, cut);
    char *got = refusal(text, NULL);

    if (!strstr(got, message))
        fail_msg("expected \"%s\" in \"%s\"", message, got);
    mem_free(got);
    mem_free(text);
}

static char *list_url(const struct site *site, int page, const char *origin)
{
    struct buf url;

    buf_init(&url, BUF_MAX_DEFAULT);
    site_list_url(site, page, origin, &url);
    return buf_take(&url);
}

static void expect_url(const struct site *site, int page, const char *origin, const char *expected)
{
    char *url = list_url(site, page, origin);

    assert_string_equal(url, expected);
    mem_free(url);
}

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
