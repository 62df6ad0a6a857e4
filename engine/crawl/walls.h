/* SPDX-License-Identifier: MIT */
/* walls.h - pages in the way: what stands there instead of the board's page, told by positive marks.
 *
 * A mark is what only such pages carry: their title, a sentence of a page that has little else, where
 * they are. What passing pages carry too is none: a CDN's beacon, the word "login" in a menu, "no such
 * post". Only for pages on which no layout of the site was found, or whose status is an error.
 */
#ifndef CRAWL_WALLS_H
#define CRAWL_WALLS_H

#include "crawl/extract.h"

enum wall { WALL_NONE, WALL_CHALLENGE, WALL_LOGIN, WALL_CONSENT, WALL_BLOCK };

enum wall wall_of(const struct row_set *page);
const char *wall_name(enum wall wall); /* "a challenge page" */

#endif
