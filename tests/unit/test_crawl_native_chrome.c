/* SPDX-License-Identifier: MIT */
/* test_crawl_native_chrome.c - reading without Chrome gives what Chrome gives: trees, selectors, charsets,
 * addresses, regular expressions, whole pages; and, where BOARD_CAPTURES names the folder, saved lists.
 */
#include "test_chrome.h"

#include "base/utf8.h"
#include "crawl/charset.h"
#include "crawl/css.h"
#include "crawl/extract.h"
#include "crawl/native.h"
#include "crawl/regex.h"

#include <inttypes.h>

enum { MAX_PAGES = 64, RULES_MS = 8000 };

struct served {
    char path[64];
    const char *type;
    const char *bytes;
    size_t len;
};

static struct served served[MAX_PAGES];
static size_t n_served;

static void on_served(struct httpd_req *req, void *ctx)
{
    struct buf body;

    (void)ctx;
    buf_init(&body, 16 << 20);
    for (size_t i = 0; i < n_served; i++) {
        struct httpd_header type = {"Content-Type", served[i].type};
        size_t len = strlen(served[i].path);

        if (!str_starts(req->target, served[i].path) || !strchr("?", req->target[len]))
            continue;
        buf_add(&body, served[i].bytes, served[i].len);
        httpd_respond(req, 200, &type, 1, &body);
        return;
    }
    httpd_respond(req, 404, NULL, 0, &body);
}

static const struct served *serve(const char *type, const char *bytes, size_t len)
{
    struct served *page = &served[n_served++];

    assert_true(n_served < MAX_PAGES);
    *page = (struct served){.type = type, .bytes = bytes, .len = len};
    snprintf(page->path, sizeof(page->path), "/served/%zu", n_served);
    return page;
}

/* ---- what Chrome says ---------------------------------------------------------------------------- */

struct answer {
    struct world *world;
    struct buf text;
    bool is_there;
    struct err err;
};

/* On pages with scripts of their own: they change the document, though not what is read. */
static bool without_length;

/* One line for each leaf: "rows.0.title = ...". */
static void flatten(const struct jval *v, const char *path, struct buf *out)
{
    size_t n = 0;

    if (jval_is_object(v) || jval_is_array(v)) {
        for (const struct jval *one = jval_first(v); one; one = jval_next(one), n++) {
            char *name = jval_is_array(v) ? mem_printf("%s.%zu", path, n)
                                          : mem_printf("%s.%s", path, jval_name(one));

            flatten(one, name, out);
            mem_free(name);
        }
        if (n == 0)
            buf_addf(out, "%s is empty\n", path);
    } else if (jval_is_string(v)) {
        buf_addf(out, "%s = \"%s\"\n", path, jval_str(v, ""));
    } else if (jval_is_null(v)) {
        buf_addf(out, "%s = null\n", path);
    } else if (!str_eq(path, ".waited_ms") && !(without_length && str_eq(path, ".html_length"))) {
        buf_addf(out, "%s = %s %g\n", path, jval_bool(v, false) ? "true" : "", jval_num(v, 0));
    }
}

static void on_answer(const struct jval *value, const struct err *err, void *ctx)
{
    struct answer *answer = ctx;

    answer->is_there = true;
    if (err)
        answer->err = *err;
    else if (jval_is_string(value))
        buf_adds(&answer->text, jval_str(value, ""));
    else
        flatten(value, "", &answer->text);
    loop_stop(answer->world->loop);
}

/* The function's answer on a page; mem_free() it. */
static char *ask_chrome(struct world *w, const struct served *page, const char *query,
                        const char *function, const char *args)
{
    struct answer answer = {.world = w};
    char *path = mem_printf("%s%s", page->path, query);

    if (go(w, 0, path) != ERR_OK)
        fail_msg("%s: %s", path, w->holders[0].op_err.text);
    buf_init(&answer.text, BUF_MAX_DEFAULT);
    tab_call(lease_tab(w->holders[0].lease), function, args, PAGE_MS, on_answer, &answer);
    while (!answer.is_there)
        loop_run(w->loop);
    if (*answer.err.text)
        fail_msg("%s: %s", path, answer.err.text);
    mem_free(path);
    return answer.text.len ? buf_take(&answer.text) : mem_strdup("");
}

static int n_different;

/* Tells each line that differs, a few of a page; the test fails at its end. */
static void expect_same(const char *what, const char *chrome, const char *native)
{
    enum { MAX_TOLD = 6 };
    int told = 0;

    while ((*chrome || *native) && told < MAX_TOLD) {
        size_t n = strcspn(chrome, "\n"), m = strcspn(native, "\n");

        if (n != m || memcmp(chrome, native, n) != 0) {
            fprintf(stderr, "%.80s differs:\n  Chrome: %.*s\n  native: %.*s\n", what, (int)n,
                    chrome, (int)m, native);
            told++;
        }
        chrome += n + (chrome[n] == '\n');
        native += m + (native[m] == '\n');
    }
    n_different += told > 0;
}

/* In the place of test_chrome.h's own server. */
static void start_pages(struct world *w)
{
    struct httpd_options options = {.listen = "127.0.0.1:0",
                                    .max_connections = 64,
                                    .request_timeout_ms = LIMIT_MS,
                                    .body_max_bytes = 4096,
                                    .handler = on_served,
                                    .refuse = on_refuse,
                                    .ctx = w};
    struct err err;

    httpd_free(&w->httpd);
    if (httpd_new(w->loop, &options, &w->httpd, &err) < 0)
        fail_msg("%s", err.text);
    w->port = httpd_port(w->httpd);
}

/* ---- trees and selectors --------------------------------------------------------------------------- */

static const char TREE_JS[] =
    "async (selectors) => {"
    "while (document.readyState !== 'complete') await new Promise(r => setTimeout(r, 5));"
    "const out = [document.compatMode === 'BackCompat' ? 'quirks' : 'standards',"
    "             `length ${document.documentElement.outerHTML.length}`];"
    "const walk = (node, depth) => {"
    "  for (const child of node.childNodes) {"
    "    if (child.nodeType === 3) out.push(`${depth} '${child.data}'`);"
    "    if (child.nodeType !== 1) continue;"
    "    out.push(`${depth} ${child.localName}` + [...child.attributes].map(a => ` "
    "${a.name}=${a.value}`).join(''));"
    "    walk(child, depth + 1);"
    "  } };"
    "walk(document, 0);"
    "const all = [...document.querySelectorAll('*')];"
    "for (const selector of selectors) {"
    "  let found;"
    "  try { found = [...document.querySelectorAll(selector)].map(e => all.indexOf(e)).join(' '); }"
    "  catch { found = 'refused'; }"
    "  out.push(`${selector}: ${found}`);"
    "}"
    "return out.join('\\n') + '\\n' }";

static const char *const selectors[] = {
    "*",
    "li",
    "LI",
    "ul > li",
    "ul li",
    ".a",
    ".A",
    "#x",
    "#X",
    "li.a.b",
    "li:not(.a)",
    "li + li",
    "li ~ li.b",
    "ul > li + li",
    "div ul > li ~ li a",
    "li, a",
    "a[href]",
    "a[HREF]",
    "a[href='/1']",
    "a[href=\"/1\"]",
    "a[href^='/']",
    "a[href$='1']",
    "a[href*='id=']",
    "[class~=b]",
    "[lang|=ko]",
    "[data-x='Q']",
    "[data-x='q' i]",
    "[data-x='Q' s]",
    "[data-x='']",
    "[data-x]",
    "[data-x*='']",
    "input[type='TEXT']",
    "input[type='TEXT' s]",
    "font[color='#acacac']",
    "font[color=\"#ACACAC\" i]",
    ":root",
    ":scope",
    ":scope > body",
    "html:root > body li",
    "li:first-child",
    "li:last-child",
    "li:only-child",
    "li:nth-child(2)",
    "li:nth-child(odd)",
    "li:nth-child(even)",
    "li:nth-child(2n+1)",
    "li:nth-child(-n+2)",
    "li:nth-child(n + 3)",
    "li:nth-child( 2n - 1 )",
    "li:nth-last-child(2)",
    "li:nth-last-child(-n+2)",
    "li:nth-child(2 of .b)",
    "li:nth-last-child(1 of .b)",
    "a:first-of-type",
    "span:last-of-type",
    "a:nth-of-type(2)",
    "span:nth-last-of-type(1)",
    "a:only-of-type",
    ":empty",
    "li:empty",
    "li:has(a)",
    "li:has(> a)",
    "ul:has(> li.b)",
    "li:has(+ li.b)",
    "li:has(~ .b)",
    "ul:has(li a)",
    "ul:has(> li > a[href])",
    "div:has(ul + p)",
    "li:has(a, em)",
    "li:not(:has(a))",
    "ul:has(+ p em)",
    "ul:has(~ p > em)",
    "ul:has(> li:nth-child(3))",
    "body:has(div li.b ~ li)",
    "li:is(.a, .b)",
    ":is(ul, ol) > li",
    ":where(.a, #x) a",
    "li:not(.a, .b)",
    "li:not(ul.k *)",
    "a:not(:is(ul, p) *)",
    "svg circle",
    "svg CIRCLE",
    "linearGradient",
    "lineargradient",
    "[viewBox]",
    "[viewbox]",
    "svg|circle",
    "li:hover",
    "a::before",
    "li:nth-child(",
    ".1a",
    "> li",
    "li >",
    "li,,a",
    "",
    "li:has(:has(a))",
    ":is()",
    "li:unknown",
    "td:nth-child(2)",
    "tr td + td",
    "table > tbody > tr",
    "noscript",
    "noscript *",
    "template",
    "template *",
    "template li",
    ".\\31 a",
    "#\\78",
    "[title='a\\'b']",
    "[title=\"\\41\"]",
    "p em",
    "[alt=\"종료\"]",
    ".한글",
    "option:nth-child(2)",
    "textarea",
    "title",
    "head > title",
    "script + p",
    "img:last-child",
    "li:nth-of-type(2n)",
    "*:not(*)",
    "body > *:nth-last-child(1)",
    "a:link",
    "custom-el",
    "image",
    "li:nth-child(0)",
    "li:nth-child(-1)",
    "li:nth-child(+2)",
    "li:nth-child(2N)",
    "LI:FIRST-CHILD",
    "a[ href ]",
    "a[href = '/1' i ]",
    "[xlink\\:href]",
    "li/**/.a",
};

#define LIST_BODY                                                                              \
    "<title> A\n b </title></head><body class='a B'><div id=x>"                                \
    "<ul class=k><li class='a b'>one<a href='/1'>1</a><li class=b data-x=Q><a "                \
    "HREF='/2?id=3'>2</a>"                                                                     \
    "<a href='/3'>3</a><span>s</span><em>e</em><li class=A id=X></li><li class='b\tc' "        \
    "lang=ko-KR>  </li></ul>"                                                                  \
    "<p title=\"a'b\">t<em title=A>e</em></p>"                                                 \
    "<ol><li data-x=''>only</li></ol></div><input type=text><font color='#ACACAC'>grey</font>" \
    "<svg viewBox='0 0 1 1'><linearGradient/><circle class=a xlink:href='#q'/><a "             \
    "href=x>in</a></svg>"                                                                      \
    "<template><li class=b>hidden</li></template><noscript><li class=a>no</li></noscript>"     \
    "<span class='1a 한글'></span><img alt=종료><custom-el></custom-el><!-- c --></body></html>"

static const char *const documents[] = {
    "<!doctype html><html><head>" LIST_BODY,
    "<html><head>" LIST_BODY,
    /* What authors forget. */
    "<p>one<p>two<div>three<p>four</div>five",
    "<table><tr><td>1<td>2<tr><td>3</table><table><b><tr><td>x</b></table>stray",
    "<!doctype html><table>text<tr><td>a<div>b</td></tr>more<tr></tr></table>",
    "<b><p>bold</b> not</p><a href=1>one<a href=2>two</a>",
    "<i><b><u>deep</i> out</b> far</u>",
    "<ul><li>a<ul><li>b</ul><li>c</ul><dl><dt>t<dd>d<dt>t2</dl>",
    "<!doctype html><p><table><tr><td>in p</table>",
    "<p><table><tr><td>in p, quirks</table>",
    "<select><option>1<option selected>2<optgroup label=g><option>3</select>",
    "<textarea>\n<b>&amp;</textarea><title>&lt;t&gt;</title><style>a > b</style><xmp><b></xmp>",
    "<script>if (0) "
    "document.write('<p>')</script><p>a<script>//<!--<script></script>--></script><p>b",
    "<head><noscript><link rel=x><style>a</style></noscript><meta name=after></head><body>x",
    "<head><noscript><img src=/beacon></noscript><title>t</title></head><body>y",
    "</head><noscript>between <b>1</b></noscript><body class=late>z",
    "<body><noscript><iframe src=/x></iframe></noscript><p>after <noscript>a &amp; b<!-- "
    "</noscript> c -->",
    "<noscript>start</noscript><p>p",
    "<!-- <noscript> --><p title='<noscript>'>q</p><noscript class=n>r</noscript >s",
    "<svg><desc><p>html</p></desc><title>s</title><style>x</style></svg><math><mi>m</mi></math>",
    "<p>&nbsp;&copy &copy=1 &notit; &#x80; &#0; &#xD800; &#128512; &lt;<a "
    "href='?a=1&copy=2&amp;b'>",
    "<div a=1 A=2 b='x\"y' c=\"<>&nbsp;\" d = e/>x<br/>y<img/><input>",
    "<a\nhref=x\ttitle='y\r\nz'>crlf\r\nline\rend</a><pre>\n\nkept</pre>",
    "<p>nul \xef\xbf\xbd and \xe2\x80\xa8 line</p><image src=a><keygen><menuitem>m</menuitem>",
    "<frameset><frame src=x></frameset>",
    "<form><form><input></form><p></form>x<button>1<button>2</button>",
    "<nobr>1<nobr>2<h1>a<h2>b</h1>c<center><dialog><p>d</dialog><main><search>s</search></main>",
    "<ruby>a<rp>(<rt>b<rp>)</ruby><details><summary>s</summary>t</details>",
    "<template><tr><td>x</td></tr><p>y</template><table><template><tr></tr></template><tr><td>z</"
    "table>",
    "<plaintext><p>all text</p>",
    "<!doctype html public '-//W3C//DTD HTML 4.01 Transitional//EN'><p>q<table><td>v",
    "<!doctype html public '-//W3C//DTD XHTML 1.0 Transitional//EN' 'x'><p>l<table><td>v",
    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" "
    "\"http://www.w3.org/TR/html4/loose.dtd\"><p><table><td class=A>",
    "<p>a<dialog open>b<p>c</dialog>d<search>e<p>f</search>g<isindex>h",
    "a\x01\x08<b title='\x7f'>\xc2\x81</b>\xef\xb7\x90\xef\xbf\xbe\xf0\x9f\xbf\xbf",
    "a<!-- x -->b<!-->c<!--->d<!--x--!>e<!x>fgh</ i>j</>k",
    "<p><![CDATA[x]]></p><svg><![CDATA[y<z]]></svg>",
    "<table><tr><td><form><input type=hidden><tr><input type=hidden><form></table>",
    "<body a=1><p><body a=2 b=3><html lang=ko>",
    "",
    "plain text",
};

static void add_tree(const struct html_node *node, int depth, struct buf *out)
{
    for (; node; node = node->next) {
        if (!node->name) {
            buf_addf(out, "%d '%.*s", depth, (int)node->text_len, node->text);
            while (node->next && node->next->joins)
                node = node->next, buf_add(out, node->text, node->text_len);
            buf_adds(out, "'\n");
            continue;
        }
        buf_addf(out, "%d %s", depth, node->name);
        for (size_t i = 0; i < node->n_attrs; i++)
            buf_addf(out, " %s=%s", node->attrs[i].name, node->attrs[i].value);
        buf_addc(out, '\n');
        add_tree(node->first, depth + 1, out);
    }
}

/* Selectors that Chrome knows and css.h does not: they are not compared. */
static bool is_refused_here(const char *selector)
{
    static const char *const known[] = {"li:hover", "a::before", ":is()",
                                        "a:link",   "li/**/.a",  "li:nth-child(+2)"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(known[i], selector))
            return true;
    return false;
}

static void add_hits(struct html_doc *doc, const char *selector, struct buf *out)
{
    struct arena arena;
    struct css_page page;
    uint32_t n_has = 0;
    const char *why;
    const struct css *css;
    const struct html_node *one = NULL;
    bool is_first = true;

    arena_init(&arena);
    css = css_compile(&arena, selector, &n_has, &why);
    buf_addf(out, "%s: %s", selector, css ? "" : "refused");
    css_page_init(&page, doc, n_has);
    while (css && (one = css_next(&page, css, NULL, one))) {
        buf_addf(out, "%s%" PRIu32, is_first ? "" : " ", one->order);
        is_first = false;
    }
    buf_addc(out, '\n');
    assert_false(css_page_is_exhausted(&page));
    arena_fini(&arena);
}

static char *native_tree(const char *text, size_t len)
{
    struct html_doc *doc;
    struct buf out;
    struct err err;

    if (html_parse(text, len, &doc, &err) < 0)
        fail_msg("%s", err.text);
    buf_init(&out, BUF_MAX_DEFAULT);
    buf_addf(&out, "%s\nlength %zu\n", doc->is_quirks ? "quirks" : "standards", doc->outer_length);
    add_tree(doc->root, 0, &out);
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++)
        if (!is_refused_here(selectors[i]))
            add_hits(doc, selectors[i], &out);
    html_free(&doc);
    return buf_take(&out);
}

static char *selectors_json(void)
{
    struct buf args;

    buf_init(&args, BUF_MAX_DEFAULT);
    buf_adds(&args, "[[");
    for (size_t i = 0, n = 0; i < ARRAY_LEN(selectors); i++) {
        if (is_refused_here(selectors[i]))
            continue;
        buf_adds(&args, n++ ? "," : "");
        buf_add_json(&args, selectors[i]);
    }
    buf_adds(&args, "]]");
    return buf_take(&args);
}

static void compare_trees(struct world *w)
{
    char *args = selectors_json();

    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        const struct served *page =
            serve("text/html; charset=utf-8", documents[i], strlen(documents[i]));
        char *chrome = ask_chrome(w, page, "", TREE_JS, args);
        char *native = native_tree(documents[i], strlen(documents[i]));

        expect_same(documents[i], chrome, native);
        mem_free(chrome);
        mem_free(native);
        n_served--;
    }
    mem_free(args);
}

/* ---- charsets -------------------------------------------------------------------------------------- */

/* Every pair of bytes that a double-byte charset could hold, a hundred in a line. */
static void add_pairs(struct buf *out)
{
    for (int lead = 0x80; lead <= 0xff; lead++) {
        for (int trail = 0x30; trail <= 0xff; trail++) {
            if (trail == '<' || trail == '&')
                continue;
            buf_addc(out, (char)lead);
            buf_addc(out, (char)trail);
            buf_addc(out, trail % 16 == 15 ? '\n' : ' ');
        }
    }
}

/* What every charset has to get through. */
static void compare_charset(struct world *w, const char *type, const struct buf *bytes)
{
    const struct served *page = serve(type, bytes->data, bytes->len);
    char *chrome = ask_chrome(w, page, "",
                              "() => document.documentElement.textContent.slice(0, 500000)", "[]");
    const struct charset *charset;
    struct html_doc *doc;
    struct buf text, all;
    struct err err;

    charset = charset_of_page(bytes->data, bytes->len, type, &err);
    assert_non_null(charset);
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_init(&all, BUF_MAX_DEFAULT);
    charset_decode(charset, bytes->data, bytes->len, &text);
    assert_int_equal(html_parse(buf_str(&text), text.len, &doc, &err), 0);
    for (const struct html_node *node = doc->root; node; node = html_next(node, doc->root))
        if (!node->name)
            buf_add(&all, node->text, node->text_len);
    expect_same(type, chrome, buf_str(&all));
    html_free(&doc);
    buf_fini(&text);
    buf_fini(&all);
    mem_free(chrome);
    n_served--;
}

static void compare_charsets(struct world *w)
{
    static const char broken_utf8[] = "a\x80"
                                      "b\xc0\xaf"
                                      "c\xe0\x80\xaf"
                                      "d\xf0\x80\x80\xaf"
                                      "e\xed\xa0\x80"
                                      "f\xf4\x90\x80\x80"
                                      "g\xe1\x80"
                                      "h\xf1\x80\x80"
                                      "i\xf1\x80"
                                      "j\xc2"
                                      "k\xff\xfe"
                                      "l\xe1\xa0\xc0m\xf5\x80\x80\x80n"
                                      "\xef\xbb\xbfo\xf0\x9f\x98";
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    add_pairs(&bytes);
    compare_charset(w, "text/html; charset=euc-kr", &bytes);
    buf_clear(&bytes);
    buf_adds(&bytes, "<meta http-equiv=content-type content='text/html; charset=ks_c_5601-1987'>");
    add_pairs(&bytes);
    bytes.data[--bytes.len] = '\0';
    bytes.data[bytes.len - 1] = (char)0xb0; /* the text ends in the middle of a character */
    compare_charset(w, "text/html", &bytes);
    buf_clear(&bytes);
    buf_add(&bytes, broken_utf8, sizeof(broken_utf8) - 1);
    compare_charset(w, "text/html; charset=\"UTF8\"", &bytes);
    buf_clear(&bytes);
    buf_adds(&bytes, "\xef\xbb\xbf<meta charset=euc-kr>\xed\x95\x9c");
    compare_charset(w, "text/html; charset=windows-1252", &bytes);
    buf_clear(&bytes);
    for (int c = 0x80; c <= 0xff; c++)
        buf_addc(&bytes, (char)c);
    compare_charset(w, "text/html; charset=iso-8859-1", &bytes);
    buf_clear(&bytes);
    buf_adds(&bytes, "<!-- <meta charset=big5> --><script>'<meta charset=big5>'</script>");
    for (int i = 0; i < 40; i++)
        buf_adds(&bytes, "<link rel=preload href=/a/long/address/of/something>");
    buf_adds(&bytes, "<meta charset=euc-kr><title>\xc7\xd1\xb1\xdb \x8c\x63</title>");
    compare_charset(w, "text/html", &bytes);
    buf_fini(&bytes);
}

/* ---- regular expressions --------------------------------------------------------------------------- */

static const char *const regexes[] = {
    "\\d+",
    "^\\[([^\\]]+)\\]",
    "[?&]no=(\\d+)",
    "\\s",
    "^\\s*$",
    "\\S+$",
    "[\\s,]+",
    "[^\\s]+",
    "[\\S]",
    "\\bab\\b",
    "\\Bb",
    "\\w+",
    "[\\w가-힣]+",
    ".+",
    "^.$",
    "a.b",
    "(?:a|b)*c",
    "(a)|b",
    "(?:(a)|b)",
    "a{2}",
    "a{2,}",
    "a{1,2}?",
    "a*?b",
    "[]",
    "[^]",
    "[a-]",
    "[\\-a]",
    "[\\b]",
    "\\u{1F600}",
    "\\uD83D\\uDE00",
    "\\uAC00",
    "\\x41",
    "\\cJ",
    "\\0",
    "\\/",
    "/",
    "(?=b)b",
    "a(?!b)",
    "(?<=a)b",
    "(?<!a)b",
    "(?<n>a)b",
    "\\p{L}+",
    "\\P{L}",
    "\\p{Lu}",
    "\\p{Script=Hangul}+",
    "[\\p{Script=Hangul}\\d]+",
    "",
    "a|",
    "|a",
    "^(전체)?공지$",
    "블라인드 처리된 (글|게시물)입니다",
    "[가-힣]",
    "[\\u{AC00}-\\u{D7A3}]",
    "$",
    "^",
    "x?",
    "(\\d{1,3}(?:,\\d{3})*)원",
    "[^가]",
    "[.]",
    "[$^]",
    "\\$",
    "\\.",
    "😀",
    "[😀]",
    "[^\\d]",
    "[\\D]",
    "[\\W]",
    "(?:)",
    "a\\|b",
    "[|]",
    "\\t|\\n",
    /* Refused by both. */
    "a**",
    "(",
    ")",
    "[",
    "]",
    "{",
    "a{,2}",
    "a{2,1}",
    "\\a",
    "\\",
    "(?<=a)*",
    "(?=a)*",
    "[b-a]",
    "[\\d-z]",
    "(?<1>a)",
    "\\u{110000}",
    "\\p{Nope}",
    "*a",
};

static const char *const subjects[] = {
    "",
    "a",
    "b",
    "ab",
    "aab",
    "abc",
    "a b",
    "ABC abc_9",
    "[지마켓] 통영 굴 12,900원 (무료)",
    "12345",
    "?id=ppomppu&no=704602",
    "공지",
    "전체공지",
    "블라인드 처리된 게시물입니다",
    "한\xc2\xa0글",
    "\xef\xbb\xbf",
    "\xe3\x80\x80",
    "\xe2\x80\xa8",
    "a\xe2\x80\xa9"
    "b",
    "a\nb",
    "a\rb",
    "\xe2\x80\x8b",
    "\xc2\x85",
    "😀",
    "x😀y",
    "é",
    "ＡＢ１",
    "٣",
    "a|b",
    "a/b",
    "\t",
    "가나다abc",
    "-",
    "$^.",
    "A",
    "\x08",
    "ſK",
    "\xe1\xa0\x8e",
    "ab\n",
};

static const char REGEX_JS[] =
    "(sources, texts) => sources.map(source => {"
    "  let regex; try { regex = new RegExp(source, 'u'); } catch { return `${source}: refused\\n`; "
    "}"
    "  return texts.map((text, n) => { const m = regex.exec(text);"
    "    return m ? `${regex.source} on ${n}: ${JSON.stringify(m[1] ?? m[0])}\\n` : ''; }).join('')"
    "}).join('')";

static void add_matches(const char *source, struct buf *out)
{
    struct arena arena;
    struct regex *regex;
    const char *why;

    arena_init(&arena);
    regex = regex_compile(&arena, source, &why);
    if (!regex)
        buf_addf(out, "%s: refused\n", source);
    for (size_t i = 0; regex && i < ARRAY_LEN(subjects); i++) {
        bool too_costly = false;
        size_t at, n;

        if (!regex_find(regex, subjects[i], strlen(subjects[i]), &at, &n, &too_costly))
            continue;
        buf_addf(out, "%s on %zu: ", regex_source(&arena, source), i);
        buf_addc(out, '"');
        for (size_t k = at; k < at + n; k++) {
            if (strchr("\n\r\t\b\"\\", subjects[i][k]))
                buf_addf(out, "\\%c",
                         "nrtb\"\\"[strchr("\n\r\t\b\"\\", subjects[i][k]) - "\n\r\t\b\"\\"]);
            else
                buf_addc(out, subjects[i][k]);
        }
        buf_adds(out, "\"\n");
        assert_false(too_costly);
    }
    regex_free(&regex);
    arena_fini(&arena);
}

static void compare_regexes(struct world *w)
{
    const struct served *page = serve("text/html", "<p>", 3);
    struct buf args, native;
    char *chrome;

    buf_init(&args, BUF_MAX_DEFAULT);
    buf_init(&native, BUF_MAX_DEFAULT);
    buf_adds(&args, "[[");
    for (size_t i = 0; i < ARRAY_LEN(regexes); i++) {
        buf_adds(&args, i ? "," : "");
        buf_add_json(&args, regexes[i]);
        add_matches(regexes[i], &native);
    }
    buf_adds(&args, "],[");
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        buf_adds(&args, i ? "," : "");
        buf_add_json(&args, subjects[i]);
    }
    buf_adds(&args, "]]");
    chrome = ask_chrome(w, page, "", REGEX_JS, buf_str(&args));
    expect_same("a regular expression", chrome, buf_str(&native));
    mem_free(chrome);
    buf_fini(&args);
    buf_fini(&native);
    n_served--;
}

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
        {"fmkorea", "post-9455290107-2026-02-05", SITE_POST, "utf-8"},
    };
    const char *folder = getenv("BOARD_CAPTURES");

    without_length = true;
    for (size_t i = 0; folder && i < ARRAY_LEN(captures); i++)
        compare_capture(w, folder, captures[i].board, captures[i].file, captures[i].what,
                        captures[i].charset);
}

/* ---- all with one browser ------------------------------------------------------------------------------ */

static void compare(struct world *w, void (*what)(struct world *))
{
    make_pool(w);
    start_pages(w);
    take(w, 0);
    n_different = 0;
    what(w);
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(n_different, 0);
}

static void trees_and_selectors_are_those_of_chrome(void **state)
{
    compare(*state, compare_trees);
}

static void charsets_are_read_as_chrome_reads_them(void **state)
{
    compare(*state, compare_charsets);
}

static void regular_expressions_find_what_javascript_finds(void **state)
{
    compare(*state, compare_regexes);
}

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
        CHROME_TEST(trees_and_selectors_are_those_of_chrome),
        CHROME_TEST(charsets_are_read_as_chrome_reads_them),
        CHROME_TEST(regular_expressions_find_what_javascript_finds),
        CHROME_TEST(pages_are_read_as_extract_js_reads_them),
        CHROME_TEST(addresses_on_a_korean_page_are_those_of_chrome),
        CHROME_TEST(saved_lists_are_read_as_extract_js_reads_them),
    };

    return cmocka_run_group_tests_name("crawl_native_chrome", tests, warm_up, NULL);
}
