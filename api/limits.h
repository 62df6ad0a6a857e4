/* SPDX-License-Identifier: MIT */
/* limits.h - how often one client may ask: a token bucket for each, in a table of fixed size.
 *
 * A client is an IPv4 address, or the /64 of an IPv6 one (what one customer gets). Each may ask
 * `burst` times at once and `rate` times a second in the long run. Where the table is full, the
 * bucket that is nearest to full goes: its client loses nothing or little, and gains at most the
 * rest of its burst.
 */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include "base/netaddr.h"

#include <stddef.h>
#include <stdint.h>

struct limits;

/* rate > 0 a second (below 1: one in several seconds), burst >= 1. A client costs 16 bytes, and only
 * those that came cost memory. */
struct limits *limits_new(double rate, int burst);
void limits_free(struct limits **limits);

/* Take one token at now_ms (monotonic). Returns 0, or the seconds (rounded up, at least 1) until
 * there is one again; a refused request takes none. */
int limits_take(struct limits *limits, const struct netaddr *client, int64_t now_ms);

/* Clients whose buckets are not full at now_ms: a walk over the table. */
size_t limits_clients(const struct limits *limits, int64_t now_ms);

#endif
