/* SPDX-License-Identifier: MIT */
/* native_dialog.c - what a page would say in its first alert().
 *
 * Scripts do not run here, so an alert() counts where it surely would: in a script of the page, in no
 * function and no branch, as a statement of its own, with a text and nothing else in its brackets.
 */
#include "crawl/native_priv.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

enum { DIALOG_MAX_BYTES = 500 };

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static const char *behind(const char *at, const char *end_mark)
{
    const char *end = strstr(at, end_mark);

    return end ? end + strlen(end_mark) : at + strlen(at);
}

/* at stands on a quote: behind the text that it opens. What it says goes to out (NULL: nowhere). */
static const char *read_literal(const char *at, struct buf *out)
{
    char quote = *at++;

    for (; *at && *at != quote; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            if (out)
                buf_addc(out, *at == 'n' || *at == 't' || *at == 'r' ? ' ' : *at);
        } else if (out) {
            buf_addc(out, *at);
        }
    }
    return *at ? at + 1 : at;
}

/* at stands on "alert": what it says, or false when it says nothing that is known. */
static bool read_alert(const char *at, struct buf *out)
{
    at = skip_blanks(at + strlen("alert"));
    if (*at++ != '(')
        return false;
    at = skip_blanks(at);
    if (*at != '"' && *at != '\'')
        return false;
    at = skip_blanks(read_literal(at, out));
    return *at == ')' && out->len <= DIALOG_MAX_BYTES;
}

/* "alert" or "window.alert", no part of a longer name. */
static bool is_alert(const char *script, const char *at)
{
    if (at > script && is_name_char(at[-1]))
        return false;
    at += str_starts(at, "window.") ? strlen("window.") : 0;
    return str_starts(at, "alert") && !is_name_char(at[strlen("alert")]);
}

/* Can a statement begin behind this character? Not behind "if (x)", "else", "x &&", "=>". */
static bool ends_statement(char c)
{
    return c == ';' || c == '}';
}

/* The first alert() of a script that is in no brackets; false: none, or it may not come to it. */
static bool first_alert(const char *script, struct buf *out)
{
    int depth = 0;
    char before = ';'; /* the last character that is no blank and in no comment */

    for (const char *at = script; *at;) {
        const char *from = at;

        if (*at == '"' || *at == '\'' || *at == '`') {
            at = read_literal(at, NULL);
        } else if (str_starts(at, "//") || str_starts(at, "<!--")) {
            at += strcspn(at, "\r\n");
        } else if (str_starts(at, "/*")) {
            at = behind(at + 2, "*/");
        } else if (depth == 0 && is_alert(script, at)) {
            return ends_statement(before) && read_alert(strstr(at, "alert"), out);
        } else if (depth == 0 && str_starts(at, "throw")) {
            return false;
        } else {
            depth += *at == '{' || *at == '(' || *at == '[';
            depth -= *at == '}' || *at == ')' || *at == ']';
            at++;
        }
        if (!isspace((unsigned char)*from) && *from != '/' && !str_starts(from, "<!--"))
            before = *from;
    }
    return false;
}

const char *native_dialog(struct native_run *run)
{
    const char *said = NULL;
    bool spoken = false;

    for (const struct html_node *node = run->doc->root; node && !spoken;
         node = html_next_element(node, run->doc->root)) {
        struct buf script, text, collapsed;

        if (!html_is(node, "script") || !node->first || html_attr(node, "src"))
            continue;
        buf_init(&script, BUF_MAX_DEFAULT);
        buf_init(&text, BUF_MAX_DEFAULT);
        buf_init(&collapsed, BUF_MAX_DEFAULT);
        buf_add(&script, node->first->text, node->first->text_len);
        run->css.steps_left -= (int64_t)(script.len / 16);
        spoken = first_alert(buf_str(&script), &text);
        if (spoken) {
            utf8_add_collapsed(&collapsed, buf_str(&text), text.len);
            said = arena_strndup(run->arena, buf_str(&collapsed), collapsed.len);
        }
        buf_fini(&collapsed);
        buf_fini(&text);
        buf_fini(&script);
    }
    return said;
}
