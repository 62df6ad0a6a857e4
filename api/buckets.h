/* SPDX-License-Identifier: MIT */
/* buckets.h - how often each client may do something: one token bucket an address.
 *
 * A bucket is full at first, gives one token an event, and gets `per_minute` back in a minute. IPv6
 * clients count by their /64, the smallest block that a household gets. Memory is fixed: of more
 * addresses than there is room for, the bucket that is fullest makes way, so that nobody who was
 * refused gets a fresh one soon.
 */
#ifndef API_BUCKETS_H
#define API_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

struct buckets;

struct buckets *buckets_new(double per_minute, int burst); /* 0 per minute: no limit */
void buckets_free(struct buckets **buckets);

/* false: refused, and *wait_s (1 or more) says when to come back. address: as httpd_peer() gives it. */
bool buckets_take(struct buckets *buckets, const char *address, int64_t now_ms, int *wait_s);

#endif
