/* SPDX-License-Identifier: MIT */
/* test_crawl_native_dialog.c - what a page that was fetched says of a post that is gone. */
#include "crawl/native.h"

#include "base/jdoc.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char CONF[] =
    "[list]\nurl = https://x.example/\n[layout one]\nrows = li\n[one.key]\n"
    "css = @id\n[one.title]\ncss = a\n[one.url]\ncss = a\n[post]\n"
    "match = #post h1\n[post.title]\ncss = h1\n[gone]\ntext = no such (?:post|page)\n"
    "dialog = 존재하지 않는 글\ndialog = taken down by\n";

static char *gone_of(const char *html)
{
    const struct native_page page = {.bytes = html,
                                     .len = strlen(html),
                                     .content_type = "text/html; charset=utf-8",
                                     .url = "https://x.example/1",
                                     .status = 200};
    struct site *site;
    struct jdoc *doc;
    struct buf json;
    struct err err;
    char *gone;

    if (site_load_text("x/site.conf", "x", CONF, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    buf_init(&json, BUF_MAX_DEFAULT);
    if (native_extract(site, site->post, 1, &page, &json, &err) < 0 ||
        jdoc_parse(json.data, json.len, &doc, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(jval_get(jdoc_root(doc), "gone"));
    gone = mem_strdup(jval_get_str(jdoc_root(doc), "gone", NULL));
    jdoc_free(&doc);
    buf_fini(&json);
    site_free(&site);
    return gone;
}

static void hears_and_reads_that_a_post_is_gone(void **state)
{
    static const struct {
        const char *html, *expected; /* NULL: it says nothing of the kind */
    } samples[] = {
        {"<script>\nalert(\"존재하지 않는 글입니다.\");\nhistory.back();\n</script>",
         "존재하지 않는 글"},
        {"<script>var a = 1; window.alert( 'It was taken down by us' )</script>", "taken down by"},
        {"<script>/* alert('x') */ // alert('y')\nalert(\"존재하지  않는 글\")</script>",
         "존재하지 않는 글"},
        {"<title>no such page</title>", "no such page"},
        {"<p>Sorry, <b>no such</b> post.", "no such post"},
        {"<p>hello", NULL},
        /* in a function, a branch, another call, a comment, a text, or another file it is not said */
        {"<script>function f() { alert('존재하지 않는 글') }</script>", NULL},
        {"<script>if (x) { alert('존재하지 않는 글') }</script>", NULL},
        {"<script>if (x) alert('존재하지 않는 글')</script>", NULL},
        {"<script>if (x) { a() } else alert('존재하지 않는 글')</script>", NULL},
        {"<script>x && alert('존재하지 않는 글')</script>", NULL},
        {"<script>const f = () => alert('존재하지 않는 글')</script>", NULL},
        {"<script>throw 1; alert('존재하지 않는 글')</script>", NULL},
        {"<script>a(); /* b */ window.alert('존재하지 않는 글')</script>", "존재하지 않는 글"},
        {"<script>if (x) { a() } alert('존재하지 않는 글')</script>", "존재하지 않는 글"},
        {"<script>f(alert('존재하지 않는 글'))</script>", NULL},
        {"<script>// alert('존재하지 않는 글')</script>", NULL},
        {"<script>var t = \"alert('존재하지 않는 글')\"</script>", NULL},
        {"<script>myalert('존재하지 않는 글')</script>", NULL},
        {"<script>alert('존재하지 않는 ' + 'x')</script>", NULL},
        {"<script>alert(text)</script>", NULL},
        {"<script src=a.js>alert('존재하지 않는 글')</script>", NULL},
        /* the first one counts, as in Chrome */
        {"<script>alert('hi'); alert('존재하지 않는 글')</script>", NULL},
        /* what scripts hold is not text of the page */
        {"<script>var t = 'no such post'</script>", NULL},
        /* a post that is there may say what it likes */
        {"<div id=post><h1>no such post</h1></div>", NULL},
        {"<div id=post><h1>x</h1></div><script>alert('존재하지 않는 글')</script>", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *gone = gone_of(samples[i].html);

        if (!str_eq(gone, samples[i].expected))
            fail_msg("%s: \"%s\"", samples[i].html, gone ? gone : "(nothing)");
        mem_free(gone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_and_reads_that_a_post_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
