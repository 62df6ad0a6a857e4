/* SPDX-License-Identifier: MIT */
/* guard.h - keeps the pages of one tab out of private networks (base/netaddr.h).
 *
 * What stops what, as tried with Chromium 156 headless-shell from a public page, http and https alike
 * (tests/unit/test_chrome_guard.c tries each):
 *
 *   guard.c: every document request is paused before it is sent, and judged: typed addresses, links,
 *     form posts, location, the navigation API, meta refresh, <a download>, frames, each redirect of
 *     these. An address is judged as it stands, a name by what the system's resolver says; names that
 *     cannot be looked up are refused, too.
 *   Chrome's local network access checks, on by default: images, scripts, styles, fetch, XHR, beacons,
 *     pings, WebSocket, EventSource, workers, frames, CSP reports; by the address
 *     that was connected to, after a redirect as well, and whatever a name leads to. The TCP
 *     connection is made, but nothing is sent on it.
 *   guard_add_switches(): WebRTC (LocalNetworkAccessChecksWebRTC: no packet leaves); speculation
 *     rules, whose prefetch Chrome neither checks nor shows (no place in the queue of prefetches);
 *     navigations of http pages by the address connected to (LocalNetworkAccessForNavigations: a name
 *     that leads elsewhere a moment after we asked); the clouds' metadata names.
 *   tab.c: service workers, which a page does not get at all.
 *   chrome-flags.conf, --block-new-web-contents: new windows, whose first request no guard would see.
 *
 * Cost: 115 ms of CPU a page without, 118 with (medians of 4 times 60 pages of the demo boards). The second
 * pause, for Retry-After, costs nothing that can be measured (175 and 173 ms without, 177 and 172 with).
 *
 * Open: a name that an https page's navigation, or the page itself, has rebound in the moment between
 * our look-up and Chrome's. Where Chrome goes through a proxy, names are still looked up here.
 *
 * CDP: Fetch.enable (patterns: Document, both stages), Fetch.requestPaused, Fetch.continueRequest, Fetch.failRequest.
 */
#ifndef CHROME_GUARD_H
#define CHROME_GUARD_H

#include "cdp/session.h"
#include "chrome/flags.h"

struct guard;

/* Members of Fetch.enable's parameters: the tab sends it when the guard is there. */
#define GUARD_FETCH_ENABLE                           \
    "\"patterns\":[{\"resourceType\":\"Document\"}," \
    "{\"resourceType\":\"Document\",\"requestStage\":\"Response\"}]"

/* session: borrowed, live; to be freed after the guard. */
struct guard *guard_new(struct cdp_session *session, struct loop *loop);
void guard_free(struct guard **guard);

/* A page is asked for. own_origin: "http://host[:port]", may be at a private address; NULL: none.
 * Copied; holds until the next page. */
void guard_begin(struct guard *guard, const char *own_origin);

/* Why the main frame was kept from going somewhere since guard_begin(), the latest: "http://10.0.0.1/:
 * refused: 10.0.0.1 is a private address (private)"; or NULL. */
const char *guard_refusal(const struct guard *guard);

/* Status (0: none came) and Retry-After (as in base/retry_after.h) of the main frame's latest answer since
 * guard_begin(). Documents
 * are paused a second time for it, when their head has come: the one way to a header while the Network
 * domain is off. */
int guard_status(const struct guard *guard);
int64_t guard_retry_after_ms(const struct guard *guard);

/* Besides: a page whose main frame was answered with an error status three times in a row gets no
 * fourth document; what it shows then is what it is. */

/* The switches without which the above does not hold, joined with those of the file. */
void guard_add_switches(struct flags *flags);

#endif
