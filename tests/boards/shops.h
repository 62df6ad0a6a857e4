/* SPDX-License-Identifier: MIT */
/* shops.h - where a deal is sold: the address that its post links to, wrapped or not.
 *
 * All hosts are under .example. A part of the deals of all boards lead to the same few products of
 * the day, with tracking parameters of their own, as happens to a deal that everyone posts.
 */
#ifndef BOARDS_SHOPS_H
#define BOARDS_SHOPS_H

#include <stddef.h>
#include <stdint.h>

/* The address; empty where the post has no link. */
void shops_url(uint64_t seed, const char *board, long slot, int64_t posted_at, char *url_out,
               size_t size);

#endif
