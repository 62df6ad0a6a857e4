/* SPDX-License-Identifier: MIT */
/* amount.h - reads counts and prices as boards write them.
 *
 * Pure functions. A text that could mean two things gives nothing: a missing price is better than a
 * wrong one.
 */
#ifndef CRAWL_AMOUNT_H
#define CRAWL_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* The first number of the text: "5,234", "(77)", "[14]", "추천 3", "16.7 k" = 16700, "4.6 M",
 * "1.2만", "3 - 0" = 3 and "3/10" = 3 (votes for and against), "-12" = -12. False (out unchanged)
 * when there is none or it is too large for int64. */
bool amount_count(const char *text, int64_t *out);

struct amount_price {
    int64_t e2;           /* hundredths of the unit: 12,900원 is 1290000, $19.99 is 1999 */
    const char *currency; /* ISO 4217, static */
};

/* The price in an element made for it: "12,900원", "￦ 36,000 (KRW)", "$19.99", "145만", "5950"
 * (won), "무료" = 0. With the euro's sign as its countries write it: "12,99 €", "1.299€",
 * "1.299,00 EUR"; "1 299€" is none, since the blank may part two numbers. */
bool amount_price(const char *text, struct amount_price *out);

/* The same on a board whose bare numbers are in `currency` (ISO 4217, static): "151.99", "Gratis". */
bool amount_price_in(const char *text, const char *currency, struct amount_price *out);

/* The price inside a title: the first part of "(10,900원/무료)" where there is such a pair, else
 * the first number with a currency, else a number with thousands separators that nothing but white
 * space or a closing sign follows, else a bare one in brackets at the end, "(5950)", or before its
 * shipping, "5950/무료". Numbers that the server cut ("149...") and shipping ("(2,500원)"
 * behind a price) are none. A leading [mall] is passed over. */
bool amount_price_in_title(const char *title, struct amount_price *out);

#endif
