/* SPDX-License-Identifier: MIT */
/* extract.h - from a loaded page to typed rows.
 *
 * The in-page program (extract.js) reads text by the site's rules; extract_read() gives it meaning.
 * How to run it:
 *   1. once per tab: Page.addScriptToEvaluateOnNewDocument {source: extract_prelude(), worldName}
 *   2. after Page.navigate: Page.createIsolatedWorld {frameId, worldName} -> executionContextId
 *   3. Runtime.callFunctionOn {functionDeclaration: extract_program(), executionContextId,
 * awaitPromise: true, returnByValue: true, arguments: [{value: site_rules_json()}]} The call
 * answers by the deadline given to site_rules_json(). When the page reloads itself meanwhile (a
 * cookie gate), Chrome ends it with an error ("Execution context was destroyed", "Inspected target
 * navigated ..."): repeat from step 2 in what is left of the deadline.
 */
#ifndef CRAWL_EXTRACT_H
#define CRAWL_EXTRACT_H

#include "base/jdoc.h"
#include "crawl/site.h"
#include "db/store.h"

const char *extract_program(void);
const char *extract_prelude(void);

/* In how many of the rows that were not skipped by a rule a field's selector found an element, gave
 * a value, and found more than one element (extract.js, readField). */
struct extract_field {
    const char *name;
    int matched, valued, many;
};

struct extract_skip {
    const char *rule; /* "skip tr.notice", "skip_text ^...", "no title" */
    int n;
};

struct row_set {
    struct arena arena; /* holds all that the rows point to */
    struct deal_row *rows;
    int n;

    enum site_what what;

    /* The server says that nothing changed since the last reading: `seen` is of then, there are no
     * rows, and status is 304. Only by fetch. */
    bool not_modified;

    int status;            /* HTTP status of the document, 0 when the browser does not tell */
    const char *url;       /* after redirects */
    const char *title;     /* of the document */
    const char *layout;    /* NULL: no layout of the site was found (drift, or a page in the way) */
    const char *text_head; /* the first 300 characters of its text */
    bool ready;            /* false: the deadline ended the wait */
    bool unfinished;       /* then the document was still loading: what is not there may be to come */
    int64_t waited_ms;     /* 0: fetched, nobody waited */
    int64_t html_bytes; /* of the document as scripts left it, about */
    const char *gone;   /* a post's page: what matched of [gone] text or dialog; NULL: nothing */
    const char *html;   /* the document itself, UTF-8; NULL: it was not asked for */

    int seen;       /* rows that the layout matched */
    int duplicates; /* dropped: an earlier row of the page has the same key */
    struct extract_skip *skips;
    int n_skips;
    struct extract_field *fields;
    int n_fields;
};

/* Read the answer of the in-page program (`result` of Runtime.callFunctionOn, its value). now_ms:
 * the moment of the reading, against which "14:03" is understood. Rows keep the order of the page;
 * a key's first row wins.
 *
 *   posted_at   only from a time that is exact: not from a bare date, and not from "3 minutes ago",
 * which would be another moment at each reading comment, like   0 where the row shows none but the
 * layout has the rule; DEAL_UNKNOWN without a rule view        DEAL_UNKNOWN where the row shows
 * none price, mall from their own fields, else from the title score       by the site's weights,
 * rounded; unknown counts weigh nothing redirect_url  without the wrappers whose target stands in
 * the link, and with it shop_key (link.h) gone   the row proves the end of its post: it is for the
 * store, not for show
 *
 * 0, or -1: ERR_SITE when a selector or regex is none ("sites/x/site.conf:14: mobile.title.css:
 * ..."), ERR_PROTOCOL when `result` is not what the program answers. *out is NULL then; else
 * row_set_free() it. */
MUST_CHECK int extract_read(const struct site *site, const struct jval *result, int64_t now_ms,
                            struct row_set **out, struct err *err);

/* The same for the page of one post (site->post): one row when that layout was found, else none. Its
 * key, product_id, url and website are NULL for the caller to fill in, title too where the page
 * gave none. score is DEAL_UNKNOWN unless every count that weighs is known. */
MUST_CHECK int extract_read_post(const struct site *site, const struct jval *result, int64_t now_ms,
                                 struct row_set **out, struct err *err);
void row_set_free(struct row_set **set);

/* id_prefix_<12 hex of SHA-256(site NUL key)> */
const char *extract_product_id(struct arena *arena, const struct site *site, const char *key);

#endif
