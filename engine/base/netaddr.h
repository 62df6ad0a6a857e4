/* SPDX-License-Identifier: MIT */
/* netaddr.h - is an address one of the public internet, or of some network that pages must not see?
 *
 * Private is everything that is not globally reachable unicast: loopback, unspecified, RFC 1918,
 * link-local, shared (CGNAT), unique local, multicast, reserved, documentation, and what clouds put
 * their metadata on; also when such an IPv4 address is wrapped into an IPv6 one (mapped,
 * compatible, translated, NAT64, 6to4, ISATAP; Teredo and unassigned space as a whole).
 *
 * Source of truth: the IANA special-purpose address registries (RFC 6890); for texts the URL
 * Standard (sections "IPv4 parser", "ends in a number"), which Chrome follows.
 */
#ifndef BASE_NETADDR_H
#define BASE_NETADDR_H

#include <stdbool.h>

enum { NETADDR_TEXT_BYTES = 48 };

struct netaddr {
    unsigned char bytes[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
};

enum netaddr_host {
    NETADDR_NAME,    /* to be looked up */
    NETADDR_ADDRESS, /* *out is set */
    NETADDR_INVALID, /* neither; a browser refuses the URL */
};

/* The host of a URL: with or without brackets; for IPv4 also the forms that a URL parser turns into
 * four numbers (0x7f.1, 2130706433, 0177.0.0.1, a dot at the end). No percent escapes. */
enum netaddr_host netaddr_from_host(const char *host, struct netaddr *out);

/* false: neither AF_INET nor AF_INET6. */
struct sockaddr;
bool netaddr_from_sockaddr(const struct sockaddr *address, struct netaddr *out);

/* What kind of private address it is ("loopback"), or NULL when it is public. */
const char *netaddr_private_kind(const struct netaddr *address);

/* "127.0.0.1", "fd00::1"; a mapped IPv4 address as IPv4. */
void netaddr_text(const struct netaddr *address, char out[NETADDR_TEXT_BYTES]);

/* One numeric address as programs write it ("192.0.2.7", "2001:db8::1"), and nothing else. */
bool netaddr_from_text(const char *text, struct netaddr *out);

/* All addresses that begin with the same bits. */
struct netaddr_range {
    struct netaddr first;
    int bits; /* of 128, also for IPv4 */
};

/* "10.0.0.0/8", "fd00::/8", or one address. Bits behind the prefix must be 0. */
bool netaddr_range_from_text(const char *text, struct netaddr_range *out);
bool netaddr_range_has(const struct netaddr_range *range, const struct netaddr *address);

/* localhost and the names under it are loopback without asking anybody (RFC 6761). */
bool netaddr_name_is_loopback(const char *host);

#endif
