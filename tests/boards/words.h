/* SPDX-License-Identifier: MIT */
/* words.h - the made-up malls, products and people that deals are composed of.
 *
 * All names are invented. Each list is counted by its array, so adding a word is adding a line
 * (it reshuffles the sequence of every seed).
 */
#ifndef BOARDS_WORDS_H
#define BOARDS_WORDS_H

#include <stddef.h>

/* What a deal sells; boards name these in their own words (struct deal_rule.categories). */
enum product_kind {
    KIND_FOOD,
    KIND_DIGITAL,
    KIND_COMPUTER,
    KIND_WEAR,
    KIND_HOME,
    KIND_OTHER,
    KIND_COUNT
};

struct words {
    const char *const *items;
    size_t count;
};

extern const struct words words_malls;
extern const struct words words_brands;
extern const struct words words_products[KIND_COUNT];
extern const struct words words_specs[KIND_COUNT];
extern const struct words words_quirks; /* with characters that HTML must escape */
extern const struct words words_long_tails;
extern const struct words words_shippings; /* the second half of (price/shipping) */
extern const struct words words_emoji;     /* outside cp949 */
extern const struct words words_uhc; /* brands with syllables in cp949 but outside KS X 1001 */
extern const struct words words_uhc_malls;
extern const struct words words_uhc_nicks;
extern const struct words words_nick_heads;
extern const struct words words_nick_tails;
extern const struct words words_notices;
extern const struct words words_ads;
extern const struct words words_chats; /* titles of the neighbouring forum */
extern const struct words words_shops; /* who posts ads */

const char *words_pick(const struct words *, unsigned long long at);

#endif
