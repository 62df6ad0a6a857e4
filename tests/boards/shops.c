/* SPDX-License-Identifier: MIT */
/* shops.c - where a deal is sold: the address that its post links to. */
#include "boards/shops.h"

#include <stdio.h>

#include "boards/deals.h"

enum {
    NO_LINK_PERMILLE = 60,
    SHARED_PERMILLE = 250, /* deals of a product that other boards have as well */
    SHARED_A_DAY = 6,
    TRACKING_FORMS = 4,
    SHOP_FORMS = 5,
    DAY_S = 86400,
};

static void write_tracking(uint64_t chance, const char *board, char joint, char *text, size_t size)
{
    switch (chance % TRACKING_FORMS) {
    case 0:
        snprintf(text, size, "%cutm_source=%s&utm_medium=affiliate&utm_campaign=hot%%20deal", joint,
                 board);
        break;
    case 1:
        snprintf(text, size, "%cNaPm=ct%%3Dm%llu%%7Ctr%%3Dslsl", joint,
                 (unsigned long long)(chance % 100000));
        break;
    default:
        text[0] = '\0';
    }
}

void shops_url(uint64_t seed, const char *board, long slot, int64_t posted_at, char *url_out,
               size_t size)
{
    uint64_t own = deal_random(seed, board, slot, "shop");
    unsigned long long product;
    char tracking[160];
    unsigned form;

    url_out[0] = '\0';
    if (own % 1000 < NO_LINK_PERMILLE)
        return;
    if (own / 1000 % 1000 < SHARED_PERMILLE)
        product =
            deal_random(seed, "every board", (long)(posted_at / DAY_S), "product of the day") +
            own / 1000000 % SHARED_A_DAY;
    else
        product = own;
    form = (unsigned)(product % SHOP_FORMS);
    product = product / SHOP_FORMS % 90000000 + 1000000;
    write_tracking(deal_random(seed, board, slot, "tracking"), board, form == 1 ? '&' : '?',
                   tracking, sizeof(tracking));
    if (form == 0)
        snprintf(url_out, size, "https://www.damoa-mall.example/products/%llu%s", product,
                 tracking);
    else if (form == 1)
        snprintf(url_out, size, "https://item.opendeal.example/Item?goodscode=%llu%s", product,
                 tracking);
    else if (form == 2)
        snprintf(url_out, size, "https://m.nmarket.example/shop/%llu/products/%llu%s",
                 product % 977, product, tracking);
    else if (form == 3)
        snprintf(url_out, size, "http://www.mart-ro.example/goods/view/%llu.html%s", product,
                 tracking);
    else
        snprintf(url_out, size, "https://dealshop24.example/%%EC%%83%%81%%ED%%92%%88/%llu%s",
                 product, tracking);
}
