/* SPDX-License-Identifier: MIT */
/* html_scan.h - the tags of an HTML text, one after the other, without a tree.
 *
 * For what must be known before there is a tree: the charset that a page declares, and where
 * `noscript` stands. Comments, declarations and the content of elements that hold no tags (script,
 * style, title, noscript with scripting on ...) are passed over as the HTML standard's tokenizer
 * does (13.2.5). Works on bytes of any charset that has ASCII as it is.
 */
#ifndef CRAWL_HTML_SCAN_H
#define CRAWL_HTML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct html_scan {
    const char *text;
    size_t len;
    size_t at;
};

struct html_tag {
    size_t at;       /* of its '<' */
    size_t name_at;  /* of its name */
    size_t name_len; /* in whatever case it is written */
    size_t end;      /* behind its '>' */
    bool is_end;
    size_t content_end; /* of a start tag whose content holds no tags: where its end tag begins (or
                           the text ends); else 0 */
};

struct html_scan_attr {
    const char *name, *value; /* as written, not ended by NUL */
    size_t name_len, value_len;
};

void html_scan_init(struct html_scan *scan, const char *text, size_t len);

/* The next tag, in order; false at the end. A tag that the text cuts off is none. */
bool html_scan_next(struct html_scan *scan, struct html_tag *tag);

/* The next attribute of a tag; *at begins at 0. */
bool html_scan_attr(const struct html_scan *scan, const struct html_tag *tag, size_t *at,
                    struct html_scan_attr *attr);

/* Is it `name` (lower case), in whatever case it is written? */
bool html_scan_is(const struct html_scan *scan, const struct html_tag *tag, const char *name);

#endif
