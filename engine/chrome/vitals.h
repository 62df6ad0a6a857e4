/* SPDX-License-Identifier: MIT */
/* vitals.h - does the browser still do its part for a page that is waited for?
 *
 * The heartbeat of browser.c tells that the browser's own process lives. A network service that is frozen, or a page that
 * is gone without a word, shows only by pages that come to nothing, one deadline after the other. So while an operation
 * of a tab takes long, the browser is asked for the cookies of an address that nobody has: it answers by way of its
 * network service and of what it knows of the page, whatever the page's script does (seen).
 *
 * CDP: Network.getCookies (works without Network.enable).
 */
#ifndef CHROME_VITALS_H
#define CHROME_VITALS_H

#include "cdp/session.h"

struct vitals;

/* on_silent: no answer in time; nothing is asked any more. The callee may free the vitals. */
struct vitals *vitals_new(struct cdp_session *session, struct loop *loop,
                          void (*on_silent)(void *ctx), void *ctx);
void vitals_free(struct vitals **vitals);

/* From now on until vitals_rest: every every_ms, and the answer may take as long, or 2 s. */
void vitals_watch(struct vitals *vitals, int64_t every_ms);
void vitals_rest(struct vitals *vitals); /* NULL: no-op */

#endif
