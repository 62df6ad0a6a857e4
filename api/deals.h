/* SPDX-License-Identifier: MIT */
/* deals.h - lists of deals: the app's numbered pages (deals.c), /v3's cursor and one deal (deals_v3.c). */
#ifndef API_DEALS_H
#define API_DEALS_H

#include "api/route.h"

/* GET /hit-products?page=&size=&time=
 *  page  1-based, default 1          size  default 20; 0 means 20, more than 100 means 100
 *  time  upper bound, default now; answered as 2020-03-01 12:00:00
 * A page that begins past the 2,000th deal is refused: that is what /v3's cursor is for. */
void deals_app_list(struct call *call);

/* GET /v3/deals?limit=&cursor=, and the parameters of filters.h
 *  limit  1..100, default 20         cursor  the next_cursor of the page before
 * A page whose filters fit seldom may be short or empty and still have a next_cursor. */
void deals_v3_list(struct call *call);

/* GET /v3/deals/{product_id}: {"data": deal, "history": [event]}, the last 200 events, newest first. */
void deals_v3_one(struct call *call);

#endif
