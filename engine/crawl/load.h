/* SPDX-License-Identifier: MIT */
/* load.h - one page loaded once and read by its site's rules: in Chrome, or by libcurl and the same
 * rules run natively.
 *
 * Both ways end in extract_read(), so that what comes after cannot tell them apart. Not here: the
 * board's turn (polite.h), another attempt, the verdict on what was read (job.c), which way it is
 * (render.h).
 *
 *     by Chrome   a tab is leased, navigates, extract.js waits and reads      load_chrome.c
 *     by fetch    one GET, native.h reads the markup                          load_fetch.c
 */
#ifndef CRAWL_LOAD_H
#define CRAWL_LOAD_H

#include "crawl/env.h"
#include "crawl/extract.h"
#include "crawl/site.h"

struct load;

enum load_by { LOAD_CHROME, LOAD_FETCH };

/* How far it is, in this order; a way leaves out what it does not have. */
enum load_stage { LOAD_NAVIGATING, LOAD_SETTLING, LOAD_EXTRACTING };

struct load_request {
    const struct site *site; /* borrowed for the load's life */
    const char *url;         /* absolute, copied */
    const char *own_origin;  /* as in job.h; copied; NULL: none */
    enum site_what what;
    enum load_by by;
    bool want_html;   /* the rows come with the document (row_set.html): to keep, or to look at */
    bool conditional; /* by fetch: the answer may be that nothing changed (row_set.not_modified) */
};

struct load_answer {
    struct row_set
        *rows; /* NULL with err; the callback takes it (and sets it NULL) or it is freed */
    struct lease_cost cost; /* of this load alone; by fetch only the CPU time of the reading */
    int64_t retry_after_ms; /* base/retry_after.h */
    char *etag,
        *last_modified; /* by fetch, NULL: none; for fetcher_keep(); taken or freed as rows */
};

struct load_events {
    /* Each stage as it begins. May be NULL. */
    void (*on_stage)(enum load_stage stage, void *ctx);
    /* Once, later, with the tab given back; the load may be freed here. err: those of pool.h, tab.h
     * and extract_read(), by fetch those of base/fetch.h. An answer of any HTTP status is no
     * error. */
    void (*on_done)(struct load_answer *answer, const struct err *err, void *ctx);
};

const char *load_by_name(enum load_by by); /* "chrome", "fetch" */

/* page_timeout of the configuration counts from when the tab is there; waiting for one has a long
 * deadline of its own. By fetch it counts from here, and the only stage is LOAD_EXTRACTING. events are
 * copied. */
struct load *load_start(const struct crawl_env *env, const struct load_request *request,
                        const struct load_events *events, void *ctx);

/* In on_done, after it, or before: then it is given up, no event comes any more, and cost_out (may be
 * NULL) gets what it cost until now. NULL is accepted. */
void load_free(struct load **load, struct lease_cost *cost_out);

#endif
