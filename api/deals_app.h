/* SPDX-License-Identifier: MIT */
/* deals_app.h - the app's lists without pages: {"data": [deal]}, 100 deals at most, told as X-List-Limit. */
#ifndef API_DEALS_APP_H
#define API_DEALS_APP_H

#include "api/route.h"

/* GET /hit-products/rank: deals of the last seven days, highest score first. */
void deals_app_rank(struct call *call);

/* GET /hit-products/platform?name= (or web=): one board by its shown name, newest first. */
void deals_app_platform(struct call *call);

/* GET /hit-products/search?word=: titles that hold the word, newest first. Spaces and case don't count;
 * a word of nothing finds every deal. */
void deals_app_search(struct call *call);

#endif
