/* SPDX-License-Identifier: MIT */
/* test_crawl_native.c - reading pages without Chrome: what is refused and why, bounds, charsets, posts that
 * are gone. That the answers are Chrome's: test_crawl_native_chrome.c.
 */
#include "crawl/native.h"

#include "base/jdoc.h"
#include "base/str.h"
#include "base/weburl.h"
#include "crawl/charset.h"
#include "crawl/css.h"
#include "crawl/regex.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 15 lines; what a test adds begins on line 16. */
#define CONF                                                                   \
    "[site]\nname = x\n[list]\nurl = https://x.example/\n"                     \
    "[layout one]\nmatch = ul\nrows = li\n[one.key]\ncss = @id\n[one.title]\n" \
    "css = a\n[one.url]\ncss = a\n\n\n"

struct fixture {
    struct site *site;
    struct jdoc *doc;
    struct buf json;
    struct err err;
};

static int setup(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    buf_init(&f->json, BUF_MAX_DEFAULT);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    site_free(&f->site);
    jdoc_free(&f->doc);
    buf_fini(&f->json);
    mem_free(f);
    return 0;
}

static void load(struct fixture *f, const char *more)
{
    char *text = mem_printf("%s%s", CONF, more);

    if (site_load_text("x/site.conf", "x", text, NULL, NULL, &f->site, &f->err) < 0)
        fail_msg("%s", f->err.text);
    mem_free(text);
}

static int read_bytes(struct fixture *f, enum site_what what, const char *bytes, size_t len,
                      const char *type)
{
    struct native_page page = {bytes, len, type, "http://x.example/l", 200, false};
    size_t n;
    const struct site_layout *layouts = site_layouts(f->site, what, &n);

    buf_clear(&f->json);
    jdoc_free(&f->doc);
    if (native_extract(f->site, layouts, n, &page, &f->json, &f->err) < 0)
        return -1;
    assert_int_equal(jdoc_parse(f->json.data, f->json.len, &f->doc, &f->err), 0);
    return 0;
}

static const char *read_text(struct fixture *f, const char *html, const char *dotted)
{
    if (read_bytes(f, SITE_LIST, html, strlen(html), "text/html; charset=utf-8") < 0)
        fail_msg("%s", f->err.text);
    return jval_str(jval_path(jdoc_root(f->doc), dotted), NULL);
}

static const struct jval *first_row(struct fixture *f)
{
    return jval_first(jval_get(jdoc_root(f->doc), "rows"));
}

static int can(struct fixture *f, enum site_what what)
{
    size_t n;
    const struct site_layout *layouts = site_layouts(f->site, what, &n);

    return native_can(f->site, layouts, n, &f->err);
}

/* ---- what only Chrome can do ----------------------------------------------------------------------- */

static void names_file_line_and_rule_that_only_chrome_can_do(void **state)
{
    static const struct {
        const char *more, *message;
    } cases[] = {
        {"[one.view]\ncss = .v:hover\n", "x/site.conf:17: one.view.css: \".v:hover\": a "
                                         "pseudo-class that is not known without Chrome"},
        {"[one.view]\ncss = .v\ncss = a:lang(ko)\n",
         "x/site.conf:18: one.view.css: \"a:lang(ko)\": a function of CSS that is not known"},
        {"[one.view]\ncss = .v\nmatch = (?:a(b))+\n",
         "x/site.conf:18: one.view.match: \"(?:a(b))+\": a group inside a repeated group"},
        {"[one.view]\ncss = .v\nmatch = (?<=a+)b\n",
         "x/site.conf:18: one.view.match: \"(?<=a+)b\": "},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        site_free(&f->site);
        load(f, cases[i].more);
        assert_int_equal(can(f, SITE_LIST), -1);
        assert_int_equal(f->err.code, ERR_SITE);
        if (!str_starts(f->err.text, cases[i].message))
            fail_msg("%s", f->err.text);
    }
}

static void a_list_that_scrolls_stays_in_chrome(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        site_load_text("x/site.conf", "x",
                       "[site]\nname = x\n[list]\nurl = https://x.example/\nscroll = yes\n"
                       "[layout one]\nrows = li\n[one.key]\ncss = @id\n[one.title]\n"
                       "css = a\n[one.url]\ncss = a\n",
                       NULL, NULL, &f->site, &f->err),
        0);
    assert_int_equal(can(f, SITE_LIST), -1);
    assert_non_null(strstr(f->err.text, "list.scroll"));
}

/* Boards whose lists need Chrome are named here; each other file's rules must do without. */
static void the_shipped_sites_lists_can_be_read_without_chrome(void **state)
{
    struct fixture *f = *state;
    DIR *dir = opendir("sites");
    struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char *path = mem_printf("sites/%s/site.conf", entry->d_name);

        site_free(&f->site);
        if (*entry->d_name != '.' && strcmp(entry->d_name, "README.md") != 0) {
            if (site_load(path, entry->d_name, NULL, NULL, &f->site, &f->err) < 0 ||
                (!f->site->scroll && can(f, SITE_LIST) < 0))
                fail_msg("%s", f->err.text);
            n++;
        }
        mem_free(path);
    }
    closedir(dir);
    assert_true(n >= 4);
}

/* ---- pages that are refused, and bounds ------------------------------------------------------------ */

static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    buf_adds(&out, before);
    for (size_t i = 0; i < n; i++)
        buf_adds(&out, piece);
    buf_adds(&out, after);
    return buf_take(&out);
}

static void expect_refusal(struct fixture *f, char *html, const char *why)
{
    assert_int_equal(read_bytes(f, SITE_LIST, html, strlen(html), "text/html"), -1);
    assert_int_equal(f->err.code, ERR_PROTOCOL);
    if (!strstr(f->err.text, why))
        fail_msg("%s", f->err.text);
    mem_free(html);
}

static void a_page_that_takes_too_much_is_given_up(void **state)
{
    struct fixture *f = *state;

    load(f, "[one.view]\ncss = ul li:has(~ li ~ li > b) ~ li\nmatch = ^(a*)*$\n");
    expect_refusal(f, repeated("", "<div>", 600, ""), "nested more than 512 deep");
    expect_refusal(f, repeated("", "<div>", 40000, ""), "too much time or memory");
    expect_refusal(f, repeated("<ul>", "<li id=1><a href=x>x</a></li>", 20000, "</ul>"),
                   "too much work");
    site_free(&f->site);
    load(f, "[one.view]\ncss = b\nmatch = ^(?:a|a)*$\n");
    expect_refusal(f, repeated("<ul><li id=1><a href=x>x</a><b>", "a", 60, "b</b></ul>"),
                   "too much work");
}

static void what_browsers_differ_about_is_not_guessed(void **state)
{
    struct fixture *f = *state;

    load(f, "");
    expect_refusal(f, mem_strdup("<select><div>x</div><option>y</select><ul>"),
                   "<div> inside <select>");
    assert_int_equal(read_bytes(f, SITE_LIST, "<p>", 3, "text/html; charset=koi8-u"), -1);
    assert_non_null(strstr(f->err.text, "charset \"koi8-u\" is not known here"));
}

static void nul_bytes_cut_nothing_short(void **state)
{
    static const char html[] = "<ul>\0<li id=1\0x><a href='/?a=%00\0b'>a\0b</a></ul>";
    struct fixture *f = *state;

    load(f, "");
    assert_int_equal(read_bytes(f, SITE_LIST, html, sizeof(html) - 1, "text/html"), 0);

    assert_string_equal(jval_get_str(first_row(f), "key", NULL), "1\xef\xbf\xbdx");
    assert_string_equal(jval_get_str(first_row(f), "title", NULL), "ab");
    assert_string_equal(jval_get_str(first_row(f), "url", NULL),
                        "http://x.example/?a=%00%EF%BF%BDb");
}

static void a_parameter_keeps_its_nul(void **state)
{
    static const char *const names[] = {"no"};
    struct arena arena;
    struct weburl url;

    (void)state;
    arena_init(&arena);
    assert_true(weburl_parse(&arena, "http://x.example/?no=a%00b%ff&x=1", NULL, NULL, NULL, &url));
    weburl_keep_query(&arena, &url, names, 1);
    assert_string_equal(weburl_href(&arena, &url), "http://x.example/?no=a%00b%EF%BF%BD");
    arena_fini(&arena);
}

/* ---- the answer --------------------------------------------------------------------------------------- */

static void answers_as_extract_js(void **state)
{
    struct fixture *f = *state;
    const struct jval *answer;

    load(f, "[one.view]\ncss = b\nawait = yes\n");
    assert_string_equal(
        read_text(f,
                  "<title> a  b</title><ul><li id=1><a href='?q#f'>&nbsp;x\n y</a><b>5</b>"
                  "<b>6</b><li>no key<li id=3><a href=//i.example/>z</a></ul>",
                  "title"),
        "a b");
    answer = jdoc_root(f->doc);

    assert_string_equal(jval_get_str(answer, "layout", NULL), "one");
    assert_false(jval_get_bool(answer, "ready", true)); /* two rows wait for their count */
    assert_int_equal(jval_get_int(answer, "seen", 0), 3);
    assert_int_equal(jval_get_int(jval_get(answer, "skipped"), "no key", 0), 1);
    assert_int_equal(jval_count(jval_get(answer, "rows")), 2);
    assert_string_equal(jval_get_str(first_row(f), "url", NULL), "http://x.example/l?q#f");
    assert_string_equal(jval_get_str(first_row(f), "title", NULL), "x y");
    assert_string_equal(jval_get_str(jval_next(first_row(f)), "url", NULL), "https://i.example/");
    assert_int_equal(jval_get_int(jval_path(answer, "fields.view"), "many", 0), 1);
    assert_true(jval_is_null(jval_get(answer, "gone")));
}

static void without_a_layout_a_page_still_tells_what_it_is(void **state)
{
    struct fixture *f = *state;

    load(f, "");
    assert_null(read_text(f, "<title>t</title><p>no <b>list</b><script>x</script>", "layout"));

    assert_string_equal(jval_get_str(jdoc_root(f->doc), "text_head", NULL), "no list");
    assert_false(jval_get_bool(jdoc_root(f->doc), "ready", true));
    assert_int_equal(jval_count(jval_get(jdoc_root(f->doc), "rows")), 0);
}

static void a_post_is_gone_by_its_text_only_where_it_is_not_there(void **state)
{
    static const char gone[] = "<title>t</title><p>삭제된 <b>글</b>입니다</p>";
    static const char there[] = "<h1>h</h1><p>삭제된 글입니다</p>";
    struct fixture *f = *state;

    load(f,
         "[post]\nwhen = missing\nmatch = h1\n[post.title]\ncss = h1\n[gone]\ntext = 삭제된 글\n");
    assert_int_equal(read_bytes(f, SITE_POST, gone, strlen(gone), NULL), 0);
    assert_string_equal(jval_get_str(jdoc_root(f->doc), "gone", NULL), "삭제된 글");
    assert_true(jval_get_bool(jdoc_root(f->doc), "ready", false));

    assert_int_equal(read_bytes(f, SITE_POST, there, strlen(there), NULL), 0);
    assert_true(jval_is_null(jval_get(jdoc_root(f->doc), "gone")));
}

/* ---- charsets -------------------------------------------------------------------------------------------- */

static void the_charset_is_that_of_mark_then_header_then_meta(void **state)
{
    static const struct {
        const char *type, *page, *charset;
    } cases[] = {
        {"text/html; charset=euc-kr", "\xef\xbb\xbf<meta charset=big5>", "utf-8"},
        {"text/html; charset=\"KS_C_5601-1987\"", "<meta charset=big5>", "euc-kr"},
        {"text/html;CHARSET = utf8 ; x", "", "utf-8"},
        {"text/html", "<meta charset=MS949>", "euc-kr"},
        {"", "<meta content='text/html; charset=EUC-KR' http-equiv=Content-Type>", "euc-kr"},
        {NULL, "<meta name=x content='text/html; charset=euc-kr'>", "utf-8"},
        {NULL, "<!--<meta charset=euc-kr>--><p title='<meta charset=euc-kr>'>", "utf-8"},
        {NULL, "<meta charset=utf-16le>", "utf-8"},
        {"text/html; charset=iso-8859-1", "", "windows-1252"},
        {NULL, "\xfe\xff", "utf-16be"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct charset *charset =
            charset_of_page(cases[i].page, strlen(cases[i].page), cases[i].type, &err);

        assert_non_null(charset);
        assert_string_equal(charset->name, cases[i].charset);
    }
}

static void a_query_is_written_in_the_charset_of_the_page(void **state)
{
    static const char page[] =
        "<ul><li id=1><a href='/\xb1\xe6?q=\xb0\xa1&#1234;'>\x8c\x63</a></ul>";
    struct fixture *f = *state;

    load(f, "");
    assert_int_equal(read_bytes(f, SITE_LIST, page, strlen(page), "text/html; charset=euc-kr"), 0);

    assert_string_equal(jval_get_str(first_row(f), "url", NULL),
                        "http://x.example/%EA%B8%B8?q=%B0%A1%26%231234%3B");
    assert_string_equal(jval_get_str(first_row(f), "title", NULL), "똠");
}

/* ---- selectors ------------------------------------------------------------------------------------------- */

static void selectors_beyond_what_is_known_are_refused_with_a_reason(void **state)
{
    static const char *const refused[] = {
        "a:hover",
        "a::before",
        "svg|a",
        "a[x=y s]",
        "li:has(:has(a))",
        ":has(:scope > a)",
        "a:not()",
        "a >",
        "> a",
        "a,,b",
        ".1",
        "[",
        "a[b",
        "a[b=]",
        "a)",
        "#",
        "a:nth-child(x)",
        "a:nth-of-type(1 of b)",
        "a[b='c]",
        ":is(",
        "",
        "a || b",
    };
    struct arena arena;
    uint32_t n_has = 0;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const char *why = NULL;

        if (css_compile(&arena, refused[i], &n_has, &why))
            fail_msg("%s was accepted", refused[i]);
        assert_non_null(why);
    }
    arena_fini(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(names_file_line_and_rule_that_only_chrome_can_do),
        TEST(a_list_that_scrolls_stays_in_chrome),
        TEST(the_shipped_sites_lists_can_be_read_without_chrome),
        TEST(a_page_that_takes_too_much_is_given_up),
        TEST(what_browsers_differ_about_is_not_guessed),
        TEST(nul_bytes_cut_nothing_short),
        TEST(a_parameter_keeps_its_nul),
        TEST(answers_as_extract_js),
        TEST(without_a_layout_a_page_still_tells_what_it_is),
        TEST(a_post_is_gone_by_its_text_only_where_it_is_not_there),
        TEST(the_charset_is_that_of_mark_then_header_then_meta),
        TEST(a_query_is_written_in_the_charset_of_the_page),
        TEST(selectors_beyond_what_is_known_are_refused_with_a_reason),
    };

    return cmocka_run_group_tests_name("crawl_native", tests, NULL, NULL);
}
