/* SPDX-License-Identifier: MIT */
/* test_crawl_native_chrome.c - whole pages read without Chrome give the answer of extract.js in Chrome: made-up
 * pages, and, where BOARD_CAPTURES names the folder, saved ones.
 */
#include "test_ask_chrome.h"

#include "base/utf8.h"
#include "crawl/charset.h"
#include "crawl/extract.h"
#include "crawl/native.h"

#include <inttypes.h>

enum { RULES_MS = 8000 };

/* ---- pages ----------------------------------------------------------------------------------------- */

static char *by_chrome(struct world *w, const struct site *site, enum site_what what,
                       const struct served *page, const char *query)
{
    struct buf args;
    char *text;

    buf_init(&args, BUF_MAX_DEFAULT);
    buf_addc(&args, '[');
    site_rules_json(site, what, RULES_MS, false, &args);
    buf_addc(&args, ']');
    text = ask_chrome(w, page, query, extract_program(), buf_str(&args));
    buf_fini(&args);
    return text;
}

static char *by_native(struct world *w, const struct site *site, enum site_what what,
                       const struct served *page, const char *query)
{
    char *url = mem_printf("http://127.0.0.1:%d%s%s", w->port, page->path, query);
    struct native_page input = {page->bytes, page->len, page->type, url, 200, false};
    const struct site_layout *layouts;
    struct buf json, text;
    struct jdoc *doc;
    struct err err;
    size_t n;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_init(&text, BUF_MAX_DEFAULT);
    layouts = site_layouts(site, what, &n);
    if (native_extract(site, layouts, n, &input, &json, &err) < 0 ||
        jdoc_parse(json.data, json.len, &doc, &err) < 0)
        fail_msg("%s", err.text);
    flatten(jdoc_root(doc), "", &text);
    jdoc_free(&doc);
    buf_fini(&json);
    mem_free(url);
    return buf_take(&text);
}

static void compare_page(struct world *w, const struct site *site, enum site_what what,
                         const char *name, const char *type, const char *bytes, size_t len,
                         const char *query)
{
    const struct served *page = serve(type, bytes, len);
    char *native = by_native(w, site, what, page, query);
    char *chrome = by_chrome(w, site, what, page, query);

    expect_same(name, chrome, native);
    mem_free(chrome);
    mem_free(native);
    n_served--;
}

static const char AWKWARD_CONF[] =
    "[site]\nname = x\n[list]\nurl = https://x.example/\n"
    "[layout other]\nmatch = .other\nrows = .other > li\n"
    "[other.key]\ncss = @id\n[other.title]\ncss = a\n[other.url]\ncss = a\n"
    "[layout one]\nmatch = #list\nrows = #list > li:has(a)\nready = #list > li:last-child\n"
    "skip = .ad\nskip = :scope:has(> b.notice)\nskip_text = ^공지\nskip_text = a/b$\n"
    "skip_category = ^공지$\n"
    "[one.key]\ncss = @id\n"
    "[one.title]\ncss = a.t\ncss = a\nwithout = .n, i > u\n"
    "[one.url]\ncss = a\n"
    "[one.redirect_url]\ncss = a @data-u\nquery = 검색, no, id\nmatch = ^(?:see )?(.+)$\n"
    "[one.image]\ncss = img\ncss = .bg\nplaceholder = blank|noimage\n"
    "[one.category]\ncss = .c\ntext = own\n"
    "[one.view]\ncss = .v\ncss = a @data-v\n"
    "[one.price]\ncss = script.j\njson = a.0.price\ncss = .j @data-j\n"
    "[one.sold_out]\ncss = :scope.sold\ncss = .end\nmatch = ^$|끝|sold\n";

static const char *const addresses[] = {
    "/1",
    "1",
    "?x=1",
    "#x",
    "//img.example/a.jpg",
    "//127.0.0.1:1/x",
    "https://h.example/a b?c d#e f",
    "http://H.EXAMPLE:80/%7euser/../x",
    "https://h.example:443/./a/%2e%2E/b/.",
    "\\\\h.example\\a\\b",
    "/\\h.example/x",
    "\\x",
    "http:/\\/h.example",
    "http:x",
    "http:/x",
    "https:x",
    "http:",
    "  /trim\t ",
    "/ta\nb\r/x",
    "javascript:void(0)",
    "mailto:a@b",
    "data:text/plain,x",
    "ftp://h.example/x",
    "about:blank",
    "//",
    "///x",
    "http://",
    "https://",
    "http://h ost/",
    "http://h%20/",
    "http://h%2e.example/",
    "http://1.2.3/",
    "http://0x7f.1/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://1.2.3.08/",
    "http://[::1]/x",
    "http://[1:2:0:0:5::]/",
    "http://[::ffff:1.2.3.4]/",
    "http://[:::]/",
    "http://[::1",
    "http://u:p@h.example/",
    "http://u@h.example/",
    "http://:p@h.example/",
    "http://@h.example/",
    "http://a:b:c@h@i.example/",
    "http://h.example:99999/",
    "http://h.example:/",
    "http://h.example:8080",
    "http://h.example:0080/",
    "http://h.example:8x/",
    "http://한글.example/길?검색=가나#조각",
    "http://xn--bj0bj06e.example/",
    "http://B\xc3\x9c"
    "cher.example/",
    "http://faß.example/",
    "/길/가\"<>`{}^|[]",
    "?검색=쀍😀&no=1",
    "?a='\"<>`{}^|[]\\",
    "#'\"<>`{}^|[]\\",
    "?no=1&no=2&id=%ea%b0%80&x=+ +%20%zz%f",
    "?no=&id",
    "?=1&&no=7#f",
    "?no=a*b~c!d'e(f)",
    "?%6eo=5",
    "see /x?no=3",
    "see",
    "a:b",
    "a/:b",
    "./a:b",
    "..",
    ".",
    "../../../..",
    "a/..",
    "a/.",
    "/a/%2E./b",
    "x\xc2\xa0y",
    "\xe3\x80\x80/ideographic",
    "http://h.example/\x01\x7f",
    "http://h.example?x",
    "http://h.example#x",
    "%",
    "%zz",
    "?%",
    "http://a.b.c./x",
    "http://a..b/",
    "http://a_b.example/",
    "http://-a.example/",
    "http://h.example\\@evil/",
    "HTTPS://h.example/Q",
    "http://h.example/a;b=c,d",
    "https:////h.example//x",
    "/?url=https://x.example/a?b&c=d",
    "http://0/",
    "http://0x/",
    "http://1e3/",
    "http://h.example/~!$&'()*+,;=:@",
    "0",
    "false",
};

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&\"<\n\r\t\x01\x7f", *text))
            buf_addf(out, "&#%d;", *text);
        else
            buf_addc(out, *text);
    }
}

static void add_address_rows(struct buf *out)
{
    buf_adds(out, "<ul id=list>");
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        buf_addf(out, "<li id=a%zu><a href=\"", i);
        add_escaped(out, addresses[i]);
        buf_adds(out, "\" data-u=\"");
        add_escaped(out, addresses[i]);
        buf_addf(out, "\">t%zu</a><img src=\"", i);
        add_escaped(out, addresses[i]);
        buf_adds(out, "\"></li>\n");
    }
    buf_adds(out, "<li>end</ul>");
}

static const char AWKWARD_ROWS[] =
    "<base target=x><base href='/deep/er/x.html?q'><base href=/no/>"
    "<h1> head&nbsp;<b>b</b>old<!--c-->er <script>var s</script><style>s</style>\n tail</h1>"
    "<ul id=list>"
    "<li id=1><a class=t href=p1>  a\n\t b\xc2\xa0\xc2\xa0 c <i>in <u>gone</u></i><b "
    "class=n>gone</b><script>x</script> end\xe3\x80\x80</a>"
    "<span class=c>own <b>not</b> this</span><span class=v>1,234</span></li>"
    "<li id=2 class=sold><a href=p2>first<a class=t href=p3>second</a><span class=v>no digit</span>"
    "<img data-original=' /lazy.jpg ' src=/blank.gif></li>"
    "<li id=3><a href=p4 data-v=55>three</a><div class=bg style=\"color:red; background-image: "
    "url( '/bg one.png' )\"></div>"
    "<p class=end>끝</p></li>"
    "<li id=4><a href=p5>four</a><div class=bg style='background: #fff URL(/bg/2.png?x=1) "
    "no-repeat; width: 1px'></div><p class=end>no</p></li>"
    "<li id=5><a href=p6>five</a><div class=bg "
    "style='background-image:url(\"a;b).png\");background-color:red'></div><p class=end></p></li>"
    "<li id=6><a href=p7>six</a><div class=bg style='background-image:url(a b.png)'></div><img "
    "src='/noimage.gif'></li>"
    "<li id=7><a href=p8>seven</a><div class=bg style='background:url(x1.png) "
    "!important;background-image:url(x2.png)'></div></li>"
    "<li id=8><a href=p9>eight</a><div class=bg "
    "style='background-image:url(x3.png);background:none'></div></li>"
    "<li id=8b><a href=p9>eight</a><div class=bg "
    "style='background-image:linear-gradient(red,blue),url(x\\34 .png),url(z.png)'></div></li>"
    "<li id=8c><a href=p9>eight</a><div class=bg "
    "style='/*;*/background-image/**/:/**/url(x5.png'></div></li>"
    "<li class=ad id=9><a href=p10>ad</a></li>"
    "<li id=10><b class=notice>n</b><a href=p11>notice</a></li>"
    "<li id=11><a href=p12>공지 말씀</a></li><li id=12><a href=p12>x a/b</a></li>"
    "<li id=13><a href=p13>cat</a><i class=c>공지</i></li>"
    "<li><a href=p14>no key</a></li><li id=15><a>no url</a></li><li id=16><a href=p16> \xc2\xa0 "
    "</a></li>"
    "<li id=17><a href=p17>json</a><script class=j "
    "type=application/json>{\"a\":[{\"price\":12.50}]}</script></li>"
    "<li id=18><a href=p18>json</a><script class=j "
    "type=application/json>{\"a\":[{\"price\":\"9,900원\",\"price\":\"1원\"}]}</script></li>"
    "<li id=19><a href=p19>json</a><script class=j "
    "type=application/json>{\"a\":[{\"price\":true}]}</script></li>"
    "<li id=20><a href=p20>json</a><script class=j "
    "type=application/json>{\"a\":{\"0\":{\"price\":1e3}}}</script></li>"
    "<li id=21><a href=p21>json</a><script class=j type=application/json>nope</script><b class=j "
    "data-j='{\"a\":[{\"price\":0.1}]}'></b></li>"
    "<li id=22><a href=p22>json</a><script class=j "
    "type=application/json>{\"a\":[{\"price\":null}]}</script></li>"
    "<li>end</ul>";

static void compare_made_up_pages(struct world *w)
{
    struct site *site = NULL;
    struct buf page;
    struct err err;

    if (site_load_text("x/site.conf", "x", AWKWARD_CONF, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    buf_init(&page, 1 << 20);
    buf_adds(&page, "<!doctype html><meta charset=utf-8><title>\n Awk \t ward </title>");
    add_address_rows(&page);
    compare_page(w, site, SITE_LIST, "addresses", "text/html", page.data, page.len,
                 "?a=b&c='#frag");
    buf_clear(&page);
    buf_adds(&page,
             "<!doctype html><meta charset=utf-8><base href='http://base.example:8080/d/e?f'>");
    add_address_rows(&page);
    compare_page(w, site, SITE_LIST, "addresses on a base", "text/html", page.data, page.len, "");
    buf_clear(&page);
    buf_adds(&page, "<!doctype html><meta charset=utf-8>");
    buf_adds(&page, AWKWARD_ROWS);
    compare_page(w, site, SITE_LIST, "rows", "text/html", page.data, page.len, "");
    compare_page(w, site, SITE_LIST, "no layout", "text/html", "<p>nothing <b>here</b>", 22, "");
    site_free(&site);
    buf_fini(&page);
}

/* The addresses as a page in code page 949 has them: what it cannot write stands there as a reference. */
static void compare_korean_addresses(struct world *w)
{
    const struct charset *korean = charset_by_label("euc-kr", 6);
    struct charset_encoder *encoder = charset_encoder_new(korean);
    struct site *site = NULL;
    struct buf utf8, page;
    struct err err;

    assert_int_equal(site_load_text("x/site.conf", "x", AWKWARD_CONF, NULL, NULL, &site, &err), 0);
    buf_init(&utf8, 1 << 20);
    buf_init(&page, 1 << 20);
    buf_adds(&utf8, "<!doctype html><title>한글</title>");
    add_address_rows(&utf8);
    for (size_t i = 0, n; i < utf8.len; i += n) {
        uint32_t c = utf8_char(utf8.data + i, utf8.len - i, &n);
        char out[8];
        size_t len = charset_encode_char(encoder, utf8.data + i, n, out);

        if (len > 0)
            buf_add(&page, out, len);
        else
            buf_addf(&page, "&#%" PRIu32 ";", c);
    }
    compare_page(w, site, SITE_LIST, "addresses in cp949", "text/html; charset=euc-kr", page.data,
                 page.len, "");
    charset_encoder_free(&encoder);
    site_free(&site);
    buf_fini(&utf8);
    buf_fini(&page);
}

/* ---- saved lists ------------------------------------------------------------------------------------- */

static void read_file(const char *path, struct buf *out)
{
    char chunk[65536];
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file)
        return;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_add(out, chunk, n);
    fclose(file);
}

static void compare_capture(struct world *w, const char *folder, const char *board,
                            const char *file, enum site_what what, const char *charset)
{
    char *path = mem_printf("%s/%s/%s.html", folder, board, file);
    char *conf = mem_printf("sites/%s/site.conf", board);
    char *type = mem_printf("text/html; charset=%s", charset);
    struct site *site = NULL;
    struct buf bytes;
    struct err err;

    buf_init(&bytes, 16 << 20);
    read_file(path, &bytes);
    if (bytes.len > 0) {
        if (site_load(conf, board, NULL, NULL, &site, &err) < 0)
            fail_msg("%s", err.text);
        if (what == SITE_LIST || site->post)
            compare_page(w, site, what, file, type, bytes.data, bytes.len, "?id=ppomppu");
        site_free(&site);
    }
    buf_fini(&bytes);
    mem_free(type);
    mem_free(conf);
    mem_free(path);
}

static void compare_captures(struct world *w)
{
    static const struct {
        const char *board, *file;
        enum site_what what;
        const char *charset;
    } captures[] = {
        {"ppomppu", "list-mobile-2026-05-16", SITE_LIST, "euc-kr"},
        {"ppomppu", "list-desktop-2026-02-03a", SITE_LIST, "utf-8"},
        {"ppomppu", "list-desktop-2020-03", SITE_LIST, "utf-8"},
        {"clien", "list-2020-03", SITE_LIST, "utf-8"},
        {"clien", "post-2026-04-20", SITE_POST, "utf-8"},
        {"ruliweb", "list-2026-02-05a", SITE_LIST, "utf-8"},
        {"ruliweb", "list-thumbnail-2026-07", SITE_LIST, "utf-8"},
        {"dealbada", "list-2020-03", SITE_LIST, "utf-8"},
        {"quasarzone", "list-2026-07-03", SITE_LIST, "utf-8"},
        {"arca", "list-2026-07-03", SITE_LIST, "utf-8"},
        {"zod", "list-2026-07-03", SITE_LIST, "utf-8"},
        {"fmkorea", "list-2026-02-03", SITE_LIST, "utf-8"},
        {"dealabs", "list-lego-2025-03-10", SITE_LIST, "utf-8"},
        {"fmkorea", "post-9455290107-2026-02-05", SITE_POST, "utf-8"},
    };
    const char *folder = getenv("BOARD_CAPTURES");

    without_length = true;
    for (size_t i = 0; folder && i < ARRAY_LEN(captures); i++)
        compare_capture(w, folder, captures[i].board, captures[i].file, captures[i].what,
                        captures[i].charset);
}

/* ---- one browser each ---- */

static void pages_are_read_as_extract_js_reads_them(void **state)
{
    compare(*state, compare_made_up_pages);
}

static void addresses_on_a_korean_page_are_those_of_chrome(void **state)
{
    compare(*state, compare_korean_addresses);
}

static void saved_lists_are_read_as_extract_js_reads_them(void **state)
{
    compare(*state, compare_captures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(pages_are_read_as_extract_js_reads_them),
        CHROME_TEST(addresses_on_a_korean_page_are_those_of_chrome),
        CHROME_TEST(saved_lists_are_read_as_extract_js_reads_them),
    };

    return cmocka_run_group_tests_name("crawl_native_chrome", tests, warm_up, NULL);
}
