/* SPDX-License-Identifier: MIT */
/* deal_json.h - a deal as JSON, written straight from the row: the app's shape and /v3's. */
#ifndef API_DEAL_JSON_H
#define API_DEAL_JSON_H

#include "base/buf.h"
#include "base/clock.h"
#include "db/store.h"

enum { DEAL_JSON_BYTES = 600 }; /* about what one deal takes */

/* The app's shape (CatchDeal 2019): order 1..n within the answer, unknown counts 0, isBookmark
 * null. */
void deal_json_app(struct buf *out, const struct deal *deal, int order, int64_t now_ms);

/* The same for a user, whose bookmark is known. keyword: of the push list, else NULL. */
void deal_json_user(struct buf *out, const struct deal *deal, const char *keyword, bool is_marked,
                    int order, int64_t now_ms);

/* snake_case, unknown values null, times RFC 3339 in `zone`. */
void deal_json_v3(struct buf *out, const struct deal *deal, const struct clock_zone *zone);

#endif
