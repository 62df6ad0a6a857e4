/* SPDX-License-Identifier: MIT */
/* client.h - who asks: the address that connected or, behind proxies that are trusted, the one that
 * they name in X-Forwarded-For.
 *
 * Each proxy adds at the right whom it heard from. So the header is read from right to left for as
 * long as the address found is a trusted one, and what stands left of the first that is not counts
 * for nothing: its sender may have made it up.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include "base/err.h"
#include "base/netaddr.h"

#include <stdbool.h>

enum { CLIENT_MAX_RANGES = 64 };

struct client_trust {
    struct netaddr_range ranges[CLIENT_MAX_RANGES];
    int n;
};

/* text: addresses and ranges ("127.0.0.0/8, ::1"), separated by commas; may be empty. ERR_CONFIG
 * names the piece at fault. */
MUST_CHECK int client_trust_parse(const char *text, struct client_trust *out, struct err *err);

bool client_is_trusted(const struct client_trust *trust, const struct netaddr *address);

/* peer: who connected. forwarded_for: all lines of the header joined by commas, or NULL; only looked
 * at when the peer is trusted. Pieces may have a port and brackets; at a piece that is no address
 * ("unknown", "_hidden") reading stops. */
struct netaddr client_of(const struct client_trust *trust, const struct netaddr *peer,
                         const char *forwarded_for);

#endif
