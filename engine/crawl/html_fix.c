/* SPDX-License-Identifier: MIT */
/* html_fix.c - corrections of a page's text that keep every tag in its place. */
#include "crawl/html_fix.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "crawl/html_scan.h"

#include <string.h>
#include <strings.h>

/* ---- characters that gumbo takes for errors ---- */

/* Gumbo replaces control characters and noncharacters by U+FFFD; browsers keep them. They pass through
 * it as characters of private use. */
enum { STAND_INS = 0xf0000, CONTROLS = 0x100, FDD0S = 0x20, STAND_IN_END = STAND_INS + 0x200 };

static uint32_t stand_in(uint32_t c)
{
    if (c < 0xa0)
        return (c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != 0) || c >= 0x7f
                   ? STAND_INS + c
                   : c;
    if (c >= 0xfdd0 && c <= 0xfdef)
        return STAND_INS + CONTROLS + (c - 0xfdd0);
    if ((c & 0xfffe) == 0xfffe)
        return STAND_INS + CONTROLS + FDD0S + 2 * (c >> 16) + (c & 1);
    return c;
}

uint32_t html_fix_stood_for(uint32_t c)
{
    if (c < STAND_INS || c >= STAND_IN_END)
        return c;
    c -= STAND_INS;
    if (c < CONTROLS)
        return c;
    c -= CONTROLS;
    if (c < FDD0S)
        return 0xfdd0 + c;
    c -= FDD0S;
    return (c >> 1) << 16 | 0xfffe | (c & 1);
}

char *html_fix_characters(const char *text, size_t *len)
{
    bool is_needed = false;
    struct buf out;

    for (size_t i = 0, n; i < *len; i += n) {
        uint32_t c = utf8_char(text + i, *len - i, &n);

        /* A page that uses these characters itself keeps gumbo's way. */
        if (c >= STAND_INS && c < STAND_IN_END)
            return NULL;
        is_needed |= stand_in(c) != c;
    }
    if (!is_needed)
        return NULL;
    buf_init(&out, 4 * *len + 1);
    for (size_t i = 0, n; i < *len; i += n)
        utf8_add(&out, stand_in(utf8_char(text + i, *len - i, &n)));
    *len = out.len;
    return buf_take(&out);
}

/* ---- elements ---- */

static const char *const renamed[][2] = {
    {"dialog", "center"}, {"search", "center"}, {"menuitem", "menuitex"}, {"isindex", "isindey"}};

/* An element whose content is text in every browser takes noscript's place: noframes as long as the
 * head may be open, then noembed. */
static void rename_noscript(char *text, size_t len, const struct html_tag *tag, bool in_body)
{
    const char *name = in_body ? "noembed " : "noframes";

    memcpy(text + tag->name_at, name, 8);
    if (tag->content_end < len)
        memcpy(text + tag->content_end + 2, name, 8);
}

static bool belongs_in_select(const struct html_scan *scan, const struct html_tag *tag)
{
    return tag->is_end || html_scan_is(scan, tag, "option") ||
           html_scan_is(scan, tag, "optgroup") || html_scan_is(scan, tag, "script");
}

int html_fix_elements(char *text, size_t len, struct err *err)
{
    struct html_scan scan;
    struct html_tag tag;
    bool in_body = false, in_select = false;

    html_scan_init(&scan, text, len);
    while (html_scan_next(&scan, &tag)) {
        in_body |= html_scan_is(&scan, &tag, tag.is_end ? "head" : "body");
        if (html_scan_is(&scan, &tag, "select") && tag.is_end == in_select)
            in_select = !in_select;
        else if (in_select && !belongs_in_select(&scan, &tag))
            return err_set(err, ERR_PROTOCOL, "<%.*s> inside <select>: browsers differ about it",
                           (int)(tag.name_len < 20 ? tag.name_len : 20), text + tag.name_at);
        if (!tag.is_end && html_scan_is(&scan, &tag, "noscript"))
            rename_noscript(text, len, &tag, in_body);
        for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
            if (html_scan_is(&scan, &tag, renamed[i][0]))
                memcpy(text + tag.name_at, renamed[i][1], tag.name_len);
    }
    return 0;
}

const char *html_fix_name_before(const char *tag)
{
    static const char *const names[] = {"noscript", "dialog", "search", "menuitem", "isindex"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);

        if (!strncasecmp(tag, names[i], len) && tag[len] && strchr(" \t\n\f\r/>", tag[len]))
            return names[i];
    }
    return NULL;
}

/* ---- doctype ---- */

/* HTML standard 13.2.6.4.1. */
static const char *const quirky_prefixes[] = {
    "+//Silmaril//dtd html Pro v0r11 19970101//",
    "-//AS//DTD HTML 3.0 asWedit + extensions//",
    "-//AdvaSoft Ltd//DTD HTML 3.0 asWedit + extensions//",
    "-//IETF//DTD HTML 2.0 Level 1//",
    "-//IETF//DTD HTML 2.0 Level 2//",
    "-//IETF//DTD HTML 2.0 Strict Level 1//",
    "-//IETF//DTD HTML 2.0 Strict Level 2//",
    "-//IETF//DTD HTML 2.0 Strict//",
    "-//IETF//DTD HTML 2.0//",
    "-//IETF//DTD HTML 2.1E//",
    "-//IETF//DTD HTML 3.0//",
    "-//IETF//DTD HTML 3.2 Final//",
    "-//IETF//DTD HTML 3.2//",
    "-//IETF//DTD HTML 3//",
    "-//IETF//DTD HTML Level 0//",
    "-//IETF//DTD HTML Level 1//",
    "-//IETF//DTD HTML Level 2//",
    "-//IETF//DTD HTML Level 3//",
    "-//IETF//DTD HTML Strict Level 0//",
    "-//IETF//DTD HTML Strict Level 1//",
    "-//IETF//DTD HTML Strict Level 2//",
    "-//IETF//DTD HTML Strict Level 3//",
    "-//IETF//DTD HTML Strict//",
    "-//IETF//DTD HTML//",
    "-//Metrius//DTD Metrius Presentational//",
    "-//Microsoft//DTD Internet Explorer 2.0 HTML Strict//",
    "-//Microsoft//DTD Internet Explorer 2.0 HTML//",
    "-//Microsoft//DTD Internet Explorer 2.0 Tables//",
    "-//Microsoft//DTD Internet Explorer 3.0 HTML Strict//",
    "-//Microsoft//DTD Internet Explorer 3.0 HTML//",
    "-//Microsoft//DTD Internet Explorer 3.0 Tables//",
    "-//Netscape Comm. Corp.//DTD HTML//",
    "-//Netscape Comm. Corp.//DTD Strict HTML//",
    "-//O'Reilly and Associates//DTD HTML 2.0//",
    "-//O'Reilly and Associates//DTD HTML Extended 1.0//",
    "-//O'Reilly and Associates//DTD HTML Extended Relaxed 1.0//",
    "-//SQ//DTD HTML 2.0 HoTMetaL + extensions//",
    "-//SoftQuad Software//DTD HoTMetaL PRO 6.0::19990601::extensions to HTML 4.0//",
    "-//SoftQuad//DTD HoTMetaL PRO 4.0::19971010::extensions to HTML 4.0//",
    "-//Spyglass//DTD HTML 2.0 Extended//",
    "-//Sun Microsystems Corp.//DTD HotJava HTML//",
    "-//Sun Microsystems Corp.//DTD HotJava Strict HTML//",
    "-//W3C//DTD HTML 3 1995-03-24//",
    "-//W3C//DTD HTML 3.2 Draft//",
    "-//W3C//DTD HTML 3.2 Final//",
    "-//W3C//DTD HTML 3.2//",
    "-//W3C//DTD HTML 3.2S Draft//",
    "-//W3C//DTD HTML 4.0 Frameset//",
    "-//W3C//DTD HTML 4.0 Transitional//",
    "-//W3C//DTD HTML Experimental 19960712//",
    "-//W3C//DTD HTML Experimental 970421//",
    "-//W3C//DTD W3 HTML//",
    "-//W3O//DTD W3 HTML 3.0//",
    "-//WebTechs//DTD Mozilla HTML 2.0//",
    "-//WebTechs//DTD Mozilla HTML//",
};

struct doctype {
    const char *public_id, *system_id; /* NULL: not there */
    size_t public_len, system_len;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* A word in quotes; NULL: there is none that is whole. */
static const char *read_quoted(const char *at, const char *end, const char **text, size_t *len)
{
    const char *close;

    if (at >= end || (*at != '"' && *at != '\''))
        return NULL;
    close = memchr(at + 1, *at, (size_t)(end - at) - 1);
    if (!close)
        return NULL;
    *text = at + 1;
    *len = (size_t)(close - at) - 1;
    return skip_space(close + 1, end);
}

/* What stands between "html" and '>'. False: not well-formed; gumbo decides. */
static bool read_ids(const char *at, const char *end, struct doctype *out)
{
    at = skip_space(at, end);
    if (at == end)
        return true;
    if (end - at > 6 && !strncasecmp(at, "PUBLIC", 6)) {
        at = read_quoted(skip_space(at + 6, end), end, &out->public_id, &out->public_len);
        if (at && at < end)
            at = read_quoted(at, end, &out->system_id, &out->system_len);
    } else if (end - at > 6 && !strncasecmp(at, "SYSTEM", 6)) {
        at = read_quoted(skip_space(at + 6, end), end, &out->system_id, &out->system_len);
    } else {
        return false;
    }
    return at == end;
}

static bool begins(const char *text, size_t len, const char *prefix)
{
    return text && len >= strlen(prefix) && !strncasecmp(text, prefix, strlen(prefix));
}

static bool equals(const char *text, size_t len, const char *whole)
{
    return begins(text, len, whole) && len == strlen(whole);
}

static bool means_quirks(const struct doctype *d)
{
    if (equals(d->public_id, d->public_len, "-//W3O//DTD W3 HTML Strict 3.0//EN//") ||
        equals(d->public_id, d->public_len, "-/W3C/DTD HTML 4.0 Transitional/EN") ||
        equals(d->public_id, d->public_len, "HTML") ||
        equals(d->system_id, d->system_len,
               "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(quirky_prefixes); i++)
        if (begins(d->public_id, d->public_len, quirky_prefixes[i]))
            return true;
    return !d->system_id &&
           (begins(d->public_id, d->public_len, "-//W3C//DTD HTML 4.01 Frameset//") ||
            begins(d->public_id, d->public_len, "-//W3C//DTD HTML 4.01 Transitional//"));
}

/* The first thing that is neither white space nor comment. */
static const char *behind_comments(const char *at, const char *end)
{
    for (;;) {
        const char *close;

        at = skip_space(at, end);
        if (end - at < 7 || memcmp(at, "<!--", 4) != 0)
            return at;
        close = memmem(at + 4, (size_t)(end - at) - 4, "-->", 3);
        if (!close)
            return at;
        at = close + 3;
    }
}

void html_fix_doctype(char *text, size_t len)
{
    const char *end = text + len;
    char *doctype = text + (behind_comments(text, end) - text);
    struct doctype ids = {0};
    bool is_quirks;
    char *name, *close;

    if (end - doctype < 15 || strncasecmp(doctype, "<!doctype", 9) != 0)
        return;
    name = text + (skip_space(doctype + 9, end) - text);
    close = memchr(doctype, '>', (size_t)(end - doctype));
    if (!close || close - name < 4 || strncasecmp(name, "html", 4) != 0 ||
        (name[4] != '>' && !is_space(name[4])) || !read_ids(name + 4, close, &ids))
        return;
    is_quirks = means_quirks(&ids);
    /* A doctype of another name means quirks mode, one of no more than this name does not. */
    memset(name + 4, ' ', (size_t)(close - name) - 4);
    if (is_quirks)
        *name = 'x';
}
