/* SPDX-License-Identifier: MIT */
/* deals.h - lists of deals: the app's numbered pages and /v3's cursor. */
#ifndef API_DEALS_H
#define API_DEALS_H

#include "api/route.h"

/* GET /hit-products?page=&size=&time=
 *  page  1-based, default 1          size  default 20; 0 means 20, more than 100 means 100
 *  time  upper bound, default now; answered as 2020-03-01 12:00:00
 * A page that begins past the 2,000th deal is refused: that is what /v3's cursor is for. */
void deals_app_list(struct call *call);

/* GET /v3/deals?limit=&cursor=&site=
 *  limit  1..100, default 20         cursor  the next_cursor of the page before
 *  site   the name of a board's folder under sites/ */
void deals_v3_list(struct call *call);

#endif
