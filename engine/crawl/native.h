/* SPDX-License-Identifier: MIT */
/* native.h - what extract.js does, without Chrome: a page's bytes, read by a site's rules.
 *
 * The answer is the same JSON, so extract_read() serves both and nothing after it differs. Equality
 * is the promise: whatever can't be done as Chrome does it is refused, by rule (native_can) or by
 * page (native_extract), and never guessed.
 *
 * Scripts do not run: what a page draws by script is not there. Nothing waits: `ready` tells whether
 * the layout's `ready` was found and every awaited field has its value.
 */
#ifndef CRAWL_NATIVE_H
#define CRAWL_NATIVE_H

#include "base/buf.h"
#include "crawl/site.h"

struct native_page {
    const char *bytes; /* the body as it came, in whatever charset */
    size_t len;
    const char *content_type; /* of the answer; NULL or "": none was told */
    const char *url;          /* absolute, after redirects */
    int status;               /* of the answer */
    bool with_html;           /* the answer shall hold the document's text, as `html` */
};

/* Can these layouts of the site (`site->layouts`, or that of its posts) be read without Chrome? 0, or
 * -1 and ERR_SITE: "sites/x/site.conf:14: list.title.css: "a:hover": not known without Chrome: ...".
 * The site stays in Chrome then; the file need not be wrong. A site that scrolls is refused too. */
MUST_CHECK int native_can(const struct site *site, const struct site_layout *layouts,
                          size_t n_layouts, struct err *err);

/* Append to `json_out` what extract.js would answer on this page. Takes milliseconds; the work is
 * bounded whatever the page holds. 0, or -1 (json_out then holds nothing of use):
 *   ERR_SITE      as native_can()
 *   ERR_PROTOCOL  the page can't be read as Chrome would: a charset that is not known here, elements
 *                 nested more than 512 deep, or more work than a page may cost */
MUST_CHECK int native_extract(const struct site *site, const struct site_layout *layouts,
                              size_t n_layouts, const struct native_page *page,
                              struct buf *json_out, struct err *err);

#endif
