/* SPDX-License-Identifier: MIT */
/* deals.c - the generator: which deal a board has in a slot of time, and what it looks like now. */
#include "boards/deals.h"

#include <stdio.h>
#include <string.h>

#include "boards/out.h"
#include "boards/shops.h"

enum {
    GAP_PERMILLE = 120,
    SOLD_AFTER_MIN_S = 300,
    SOLD_AFTER_MAX_S = 5400,
    HALF_VIEWS_S = 3 * 3600, /* age at which a deal has half of the views it will ever have */
    HOT_VIEWS = 4000,
};

/* One deal being composed: its source of chance. */
struct dice {
    uint64_t seed;
    const char *board;
    long slot;
};

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static uint64_t mix_text(uint64_t x, const char *text)
{
    for (; *text; text++)
        x = mix(x ^ (unsigned char)*text);
    return x;
}

uint64_t deal_random(uint64_t seed, const char *board, long slot, const char *salt)
{
    return mix(mix_text(mix_text(mix(seed), board), salt) ^ (uint64_t)slot);
}

static uint64_t roll(const struct dice *d, const char *salt)
{
    return deal_random(d->seed, d->board, d->slot, salt);
}

static bool chance(const struct dice *d, const char *salt, unsigned permille)
{
    return roll(d, salt) % 1000 < permille;
}

static const char *pick(const struct dice *d, const char *salt, const struct words *w)
{
    return words_pick(w, roll(d, salt));
}

long deal_slot_at(const struct deal_rule *rule, int64_t now)
{
    return (long)((now - DEALS_FIRST_S) / rule->slot_s);
}

long deal_slot_of_id(const struct deal_rule *rule, long id)
{
    return id - rule->first_id;
}

static void compose_mall(const struct dice *d, unsigned flags, struct deal *deal)
{
    if (chance(d, "no mall", 60))
        return;
    snprintf(
        deal->mall, sizeof(deal->mall), "%s",
        pick(d, "mall", (flags & DEALS_UHC) && d->slot % 7 == 0 ? &words_uhc_malls : &words_malls));
    deal->mall_tagged = !chance(d, "mall untagged", 70);
    deal->mall_tight = chance(d, "mall tight", 300);
}

static const char *compose_brand(const struct dice *d, unsigned flags)
{
    if ((flags & DEALS_UHC) && d->slot % 5 == 0)
        return pick(d, "brand", &words_uhc);
    return pick(d, "brand", &words_brands);
}

static void compose_product(const struct dice *d, unsigned flags, struct deal *deal)
{
    struct out text = {0};

    out_printf(&text, "%s %s", compose_brand(d, flags),
               pick(d, "product", &words_products[deal->kind]));
    if (!chance(d, "no spec", 150))
        out_printf(&text, " %s", pick(d, "spec", &words_specs[deal->kind]));
    if (chance(d, "quirk", 280))
        out_printf(&text, " %s", pick(d, "which quirk", &words_quirks));
    if (chance(d, "long", 100))
        out_printf(&text, " %s", pick(d, "tail", &words_long_tails));
    if ((flags & DEALS_EMOJI) && d->slot % 17 == 3)
        out_printf(&text, " %s", pick(d, "emoji", &words_emoji));
    snprintf(deal->product, sizeof(deal->product), "%s", out_text(&text));
    out_fini(&text);
}

static void compose_price(const struct dice *d, struct deal *deal)
{
    struct out text = {0};
    long won = 990 + (long)(roll(d, "won") % 600) * 100;

    if (chance(d, "expensive", 150))
        won = won * 13 + 10;
    if (chance(d, "no price", 40))
        return;
    if (chance(d, "various", 50)) {
        out_str(&text, "다양");
    } else if (chance(d, "dollars", 40)) {
        out_printf(&text, "$%ld.%02ld", won / 1000, won % 100);
    } else {
        out_grouped(&text, won);
        out_str(&text, chance(d, "no unit", 120) ? "" : "원");
    }
    snprintf(deal->price, sizeof(deal->price), "%s", out_text(&text));
    out_fini(&text);
}

/* "(price/shipping)" in the hands of different people; between the brackets they all agree. */
static void compose_name(const struct dice *d, struct deal *deal)
{
    const char *shipping = pick(d, "shipping", &words_shippings);
    uint64_t form = roll(d, "form") % 6;
    const char *slash = form == 1 ? " / " : "/";

    if (!deal->price[0])
        snprintf(deal->name, sizeof(deal->name), "%s", deal->product);
    else if (form == 2)
        snprintf(deal->name, sizeof(deal->name), "%s(%s%s%s)", deal->product, deal->price, slash,
                 shipping);
    else if (form == 3)
        snprintf(deal->name, sizeof(deal->name), "%s [%s%s%s]", deal->product, deal->price, slash,
                 shipping);
    else
        snprintf(deal->name, sizeof(deal->name), "%s (%s%s%s)", deal->product, deal->price, slash,
                 shipping);
}

/* A counter that starts at 0 and nears most as the deal ages. */
static long grown(long most, int64_t age_s)
{
    return (long)(most * age_s / (age_s + HALF_VIEWS_S));
}

static void count_readers(const struct dice *d, int64_t age_s, struct deal *deal)
{
    long most = 300 + (long)(roll(d, "readers") % 2200);
    long busy = 1 + (long)(roll(d, "busy") % 12);

    if (chance(d, "popular", 250))
        most *= busy;
    deal->view = 7 + grown(most, age_s);
    deal->comment = grown(most / (long)(60 + roll(d, "talk") % 300), age_s);
    deal->like = grown(most / (long)(150 + roll(d, "praise") % 900), age_s);
    deal->dislike = grown(most / (long)(900 + roll(d, "blame") % 4000), age_s);
    deal->hot = deal->view >= HOT_VIEWS;
}

/* Spread evenly over the slots, so that a page has about its share of ended deals and not none. */
static bool is_sold(const struct dice *d, int sold_permille, int64_t age_s)
{
    uint64_t phase = deal_random(d->seed, d->board, 0, "sold phase") % 1000;
    uint64_t place = ((uint64_t)d->slot * (uint64_t)sold_permille + phase) % 1000;
    int64_t after =
        SOLD_AFTER_MIN_S + (int64_t)(roll(d, "sold after") % (SOLD_AFTER_MAX_S - SOLD_AFTER_MIN_S));

    return place < (uint64_t)sold_permille && age_s >= after;
}

bool deal_make(const struct deal_rule *rule, uint64_t seed, long slot, int64_t now,
               struct deal *deal)
{
    const struct dice d = {.seed = seed, .board = rule->board, .slot = slot};

    memset(deal, 0, sizeof(*deal));
    deal->hidden = rule->hidden_every > 0 && slot % rule->hidden_every == 0;
    if (slot < 0 || (!deal->hidden && chance(&d, "gap", GAP_PERMILLE)))
        return false;
    deal->slot = slot;
    deal->id = rule->first_id + slot;
    deal->posted_at = DEALS_FIRST_S + (int64_t)slot * rule->slot_s +
                      (int64_t)(roll(&d, "second") % (uint64_t)rule->slot_s);
    if (deal->posted_at > now)
        return false;
    deal->kind = (enum product_kind)(roll(&d, "kind") % KIND_COUNT);
    deal->has_image = !chance(&d, "no image", 80);
    deal->sold_out = is_sold(&d, rule->sold_permille, now - deal->posted_at);
    snprintf(deal->nick, sizeof(deal->nick), "%s%s%d", pick(&d, "nick", &words_nick_heads),
             pick(&d, "nick tail", &words_nick_tails), (int)(roll(&d, "nick number") % 90));
    if ((rule->flags & DEALS_UHC) && slot % 6 == 0)
        snprintf(deal->nick, sizeof(deal->nick), "%s", pick(&d, "nick", &words_uhc_nicks));
    compose_mall(&d, rule->flags, deal);
    compose_product(&d, rule->flags, deal);
    compose_price(&d, deal);
    compose_name(&d, deal);
    shops_url(seed, rule->board, slot, deal->posted_at, deal->link, sizeof(deal->link));
    count_readers(&d, now - deal->posted_at, deal);
    return true;
}

void deal_title(const struct deal *deal, char *title_out, size_t size)
{
    if (!deal->mall[0])
        snprintf(title_out, size, "%s", deal->name);
    else
        snprintf(title_out, size, "[%s]%s%s", deal->mall, deal->mall_tight ? "" : " ", deal->name);
}

void deal_set_title(struct deal *deal, const char *title)
{
    const char *close = title[0] == '[' ? strchr(title, ']') : NULL;
    size_t len = close ? (size_t)(close - title) - 1 : 0;

    deal->mall[0] = '\0';
    deal->mall_tagged = false;
    if (len > 0 && len < sizeof(deal->mall)) {
        memcpy(deal->mall, title + 1, len);
        deal->mall[len] = '\0';
        deal->mall_tagged = true;
        deal->mall_tight = close[1] != ' ';
        title = close + 1 + !deal->mall_tight;
    }
    snprintf(deal->name, sizeof(deal->name), "%s", title);
    snprintf(deal->product, sizeof(deal->product), "%s", title);
}
