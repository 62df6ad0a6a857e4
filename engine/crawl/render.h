/* SPDX-License-Identifier: MIT */
/* render.h - is a site's page loaded in Chrome, or fetched and read without it?
 *
 * [render] mode of site.conf decides, and `render` of the configuration over it. In mode auto it is
 * what was proven, for lists and posts apart:
 *
 *     UNPROVEN > PROVEN            after RENDER_PROOFS equal pages
 *     UNPROVEN, PROVEN > DIFFERS   one page that differs
 *     DIFFERS > UNPROVEN           one equal page, `verify` after the difference or later
 *
 * While UNPROVEN a page is rendered, and fetched too, to be compared. While PROVEN it is fetched; once
 * in `verify`, and when a fetched page is refused or holds less than usual, Chrome reads it too. While
 * DIFFERS it is rendered. A comparison that could not be made (network, 5xx, timeout, block) is
 * evidence of nothing. Rules or a program that changed are to be proven anew. Where the rules cannot be read without Chrome (native.h) it is always Chrome.
 *
 * Without a store nothing is proven or forgotten: auto is Chrome.
 */
#ifndef CRAWL_RENDER_H
#define CRAWL_RENDER_H

#include "base/config.h"
#include "crawl/extract.h"
#include "crawl/load.h"
#include "crawl/render_compare.h"
#include "crawl/site.h"

struct render;

enum { RENDER_PROOFS = 5 };

enum render_plan {
    RENDER_PLAN_CHROME,
    RENDER_PLAN_FETCH,
    RENDER_PLAN_COMPARE /* by Chrome, then fetched to be compared */
};

/* store: NULL, or borrowed for the render's life; the same for config. */
struct render *render_new(struct loop *loop, const struct config *config, struct store *store);
void render_free(struct render **render); /* no render_open() under way */

/* Learn what is known of a site; before its pages, in each run: other engines and commands learn,
 * too. done: once, later; what could not be read is logged and as good as unknown. */
typedef void render_open_fn(void *ctx);
void render_open(struct render *render, const struct site *site, render_open_fn *done, void *ctx);

/* How to load the next page. -1 and ERR_SITE: mode is fetch, and a rule cannot be read without
 * Chrome. Asked again for each page: the answer follows what was told below. */
MUST_CHECK int render_plan(struct render *render, const struct site *site, enum site_what what,
                           enum render_plan *out, struct err *err);

/* Is it a page that Chrome must look at, though it was read well without? why gets the reason. */
bool render_suspects(const struct render *render, const struct site *site, enum site_what what,
                     const struct row_set *fetched, char why[RENDER_WHY_BYTES]);

/* May Chrome be asked about a page that was fetched? (In mode fetch it may not.) */
bool render_may_ask_chrome(const struct render *render, const struct site *site);

/* Chrome cannot start: may the page be fetched after all? Only where that is proven. */
bool render_may_fetch(const struct render *render, const struct site *site, enum site_what what);

/* The same page was read both ways. shown: as Chrome shows it. */
void render_tell_compared(struct render *render, const struct site *site, enum site_what what,
                          const struct row_set *shown, enum render_verdict verdict,
                          const char *why);

/* It could not be compared, or could not be fetched: nothing is learned, but after a block the next
 * page is Chrome's. */
void render_tell_failed(struct render *render, const struct site *site, enum site_what what,
                        const struct err *why);

/* ---- for people ------------------------------------------------------------------------------ */

/* "chrome (set)", "fetch (proven 2026-11-22T13:05:00.000Z, verified ...)", "chrome (unproven: 2 of 5
 * pages equal)", "chrome (differs since ...: row 123: view)", "chrome (mobile.title.css: ...)". value:
 * what the store's state RENDER_STATE_LIST or _POST holds, NULL when there is none. */
#define RENDER_STATE_LIST "render.list"
#define RENDER_STATE_POST "render.post"
void render_describe(const struct config *config, const struct site *site, enum site_what what,
                     const char *value, struct buf *out);

#endif
