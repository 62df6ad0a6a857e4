/* SPDX-License-Identifier: MIT */
/* deal_print.h - deals as a person or a program reads them on the command line.
 */
#ifndef DEBUG_DEAL_PRINT_H
#define DEBUG_DEAL_PRINT_H

#include "base/buf.h"
#include "base/clock.h"
#include "db/store.h"

/* One JSON object and a newline: site, key, product_id, title, url, redirect_url, image_url,
 * posted_at (RFC 3339 with the zone's offset), view, comment, like, score, price, currency, mall,
 * category, sold_out. Unknown is null. */
void deal_print_json(const struct deal_row *row, const struct clock_zone *zone, struct buf *out);

/* A table line of at most `columns` terminal columns; the title takes what the other cells leave.
 * */
void deal_print_header(int columns, struct buf *out);
void deal_print_line(const struct deal_row *row, const struct clock_zone *zone, int columns,
                     struct buf *out);

/* "12900", "19.99": price_e2 as JSON writes a number. */
void deal_print_price(int64_t price_e2, struct buf *out);

#endif
