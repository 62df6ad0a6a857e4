/* SPDX-License-Identifier: MIT */
/* test_crawl_html_chrome.c - trees, selectors, charsets and regular expressions without Chrome are what
 * Chrome has.
 */
#include "test_ask_chrome.h"

#include "crawl/charset.h"
#include "crawl/css.h"
#include "crawl/regex.h"

#include <inttypes.h>

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

/* ---- one browser each ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(trees_and_selectors_are_those_of_chrome),
        CHROME_TEST(charsets_are_read_as_chrome_reads_them),
        CHROME_TEST(regular_expressions_find_what_javascript_finds),
    };

    return cmocka_run_group_tests_name("crawl_html_chrome", tests, warm_up, NULL);
}
