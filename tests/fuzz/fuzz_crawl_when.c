/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_when.c - times, counts, prices and malls as boards write them. */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/amount.h"
#include "crawl/mall.h"
#include "crawl/when.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS INT64_C(1795320300000) /* 2026-11-22T04:05:00Z */
/* What the store takes: the years 1 to 9999. */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS INT64_C(253402300799999)

static void check_when(const char *text, const struct clock_zone *zone)
{
    struct clock_civil c;
    int64_t ms = 0;
    enum when_kind kind = when_parse(text, NOW_MS, zone, &ms);

    check((kind == WHEN_NONE) == (ms == CLOCK_NONE));
    if (kind == WHEN_NONE)
        return;
    check(ms >= FIRST_MS && ms <= LAST_MS);
    clock_to_local(zone, ms, &c);
    if (kind == WHEN_AGO)
        check(ms <= NOW_MS);
    if (kind == WHEN_DAY && !zone)
        check(c.hour == 0 && c.minute == 0 && c.second == 0);
}

static void check_price(bool found, const struct amount_price *price)
{
    if (found)
        check(price->e2 >= 0 && strlen(price->currency) == 3);
    else
        check(price->e2 == -7 && !price->currency);
}

static void check_amounts(const char *text, size_t size)
{
    struct amount_price price = {-7, NULL};
    int64_t count = -7;
    char *mall = mall_in_title(text, false);

    check_price(amount_price(text, &price), &price);
    price = (struct amount_price){-7, NULL};
    check_price(amount_price_in(text, "EUR", &price), &price);
    price = (struct amount_price){-7, NULL};
    check_price(amount_price_in_title(text, &price), &price);
    if (!amount_count(text, &count))
        check(count == -7);
    else
        check(strpbrk(text, "0123456789") && (count >= 0 || strchr(text, '-')));
    if (mall) {
        check(*mall && strlen(mall) <= 40 && !strchr(mall, ']'));
        check(strstr(text, mall) || str_eq(mall_known(mall), mall));
        check(str_utf8_valid(mall, strlen(mall)) || !str_utf8_valid(text, size));
    }
    mem_free(mall);
}

/* What was written as a board would is read back. */
static void check_written(uint32_t n)
{
    char text[96];
    struct amount_price price;
    struct clock_civil c;
    int64_t value;

    snprintf(text, sizeof(text), "%u,%03u,%03u원", n / 1000000, n / 1000 % 1000, n % 1000);
    check(amount_price(text, &price) && price.e2 == n * INT64_C(100));
    check(str_eq(price.currency, "KRW"));
    snprintf(text, sizeof(text), "[x] y ($%u.%02u/z)", n / 100, n % 100);
    check(amount_price_in_title(text, &price) && price.e2 == n && str_eq(price.currency, "USD"));
    check(amount_count(strchr(text, '$'), &value) && value == n / 100);
    clock_to_local(NULL, n * INT64_C(1000), &c);
    snprintf(text, sizeof(text), "%04d.%02d.%02d (%02d:%02d:%02d)", c.year, c.month, c.day, c.hour,
             c.minute, c.second);
    check(when_parse(text, NOW_MS, NULL, &value) == WHEN_EXACT && value == n * INT64_C(1000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct clock_zone *seoul;
    char *text = fuzz_text(data, size);
    struct err err;
    uint32_t n;

    if (!seoul)
        check(clock_zone_new("Asia/Seoul", &seoul, &err) == 0);
    check_when(text, NULL);
    check_when(text, seoul);
    check_amounts(text, strlen(text));
    if (size >= sizeof(n)) {
        memcpy(&n, data, sizeof(n));
        check_written(n);
    }
    mem_free(text);
    return 0;
}
