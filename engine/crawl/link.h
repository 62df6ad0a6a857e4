/* SPDX-License-Identifier: MIT */
/* link.h - where the link of a deal leads: wrappers taken off without visiting them, and the shop's
 * product as a key.
 *
 * Pure functions of text that anyone may have written; the work is bounded by its length.
 */
#ifndef CRAWL_LINK_H
#define CRAWL_LINK_H

#include "base/mem.h"

enum { LINK_MAX_BYTES = 2048, LINK_KEY_MAX_BYTES = 300 };

/* The address that a link leads to, where that stands in the link itself:
 *
 *   https://s.board.example/?target=<base64>&encode=on      also base64 of the URL alphabet
 *   https://web.board.example/link.php?ol=<percent-encoded>
 *   https://unsafelink.com/https://shop.example/1
 *   https://board.example/link?link=<either>
 *   javascript:goToLink('<either>')
 *
 * and such links in one another, five deep. What comes out of a wrapper is an http or https address
 * of a public host without a password: anything else (a private address, another scheme) leaves
 * the link as it is. So does a link that is no wrapper, or whose target stands elsewhere.
 *
 * link: absolute http(s), or javascript:. Owned by the caller; NULL when it is neither, too long,
 * or a javascript: without a target. */
char *link_resolve(const char *link);

/* The shop's product, the same from every board: "coupang:7654321" for shops whose addresses are
 * known, else host, path and the sorted query, with `www.`, `m.` and all that only tells who sent
 * the visitor left out: "shop.example/goods/5?color=red".
 *
 * url: absolute http(s). NULL when it is none, and when it leads to no product: a front page, a
 * search, an event, a category. Owned by the caller, at most LINK_KEY_MAX_BYTES. */
char *link_shop_key(const char *url);

#endif
