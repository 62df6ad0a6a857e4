/* SPDX-License-Identifier: MIT */
/* feeds.h - the newest deals for feed readers: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1.
 *
 * Parameters: those of filters.h, and limit (1 to 100, default 50). Counters are not in them, so that
 * readers see an item again only when something about the deal changed.
 */
#ifndef API_FEEDS_H
#define API_FEEDS_H

#include "api/route.h"

/* Can api_public_url be what the addresses in feeds begin with? http(s), without query and fragment; "" is good. */
MUST_CHECK int feeds_accept(const char *public_url, struct err *err);

void feeds_atom(struct call *call);
void feeds_rss(struct call *call);
void feeds_json(struct call *call);

#endif
