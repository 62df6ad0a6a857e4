/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_when.c - times, counts, prices and malls as boards write them. */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/amount.h"
#include "crawl/when.h"

#include <string.h>

#define NOW_MS INT64_C(1795320300000) /* 2026-11-22T04:05:00Z */
#define DAY_MS INT64_C(86400000)
#define SEOUL_MS (9 * INT64_C(3600000))
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

/* Seoul had no DST in these years, so its reading is UTC's, nine hours earlier, where neither
 * depends on now. */
static void check_zones(const char *text, const struct clock_zone *zone)
{
    int64_t utc, seoul;
    enum when_kind kind = when_parse(text, NOW_MS, NULL, &utc);

    check(when_parse(text, NOW_MS, zone, &seoul) == kind || kind == WHEN_NONE ||
          utc > NOW_MS - DAY_MS || utc < FIRST_MS + DAY_MS);
    if (kind == WHEN_EXACT && utc > NOW_MS + 2 * DAY_MS && utc < LAST_MS - DAY_MS)
        check(seoul == utc || seoul == utc - SEOUL_MS);
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
    char *mall = amount_mall_in_title(text);

    check_price(amount_price(text, &price), &price);
    price = (struct amount_price){-7, NULL};
    check_price(amount_price_in_title(text, &price), &price);
    if (!amount_count(text, &count))
        check(count == -7);
    else
        check(strpbrk(text, "0123456789") && (count >= 0 || strchr(text, '-')));
    if (mall) {
        check(*mall && strlen(mall) <= 40 && !strchr(mall, ']') && strstr(text, mall));
        check(str_utf8_valid(mall, strlen(mall)) || !str_utf8_valid(text, size));
    }
    mem_free(mall);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct clock_zone *seoul;
    char *text = fuzz_text(data, size);
    struct err err;

    if (!seoul)
        check(clock_zone_new("Asia/Seoul", &seoul, &err) == 0);
    check_when(text, NULL);
    check_when(text, seoul);
    check_zones(text, seoul);
    check_amounts(text, strlen(text));
    mem_free(text);
    return 0;
}
