/* SPDX-License-Identifier: MIT */
/* suggest_fits.c - does the text that a rule gives now say the same as the post's former reading?
 *
 * Counts have grown, times may be told in another form, addresses may carry where they were clicked:
 * such values are near.
 */
#include "crawl/suggest_priv.h"

#include "base/str.h"
#include "crawl/amount.h"
#include "crawl/drift.h"
#include "crawl/when.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

enum { COUNT_BEGINS = 20 /* what a count that was not there may be a few hours later */ };

static enum suggest_fit fits_count(const char *raw, int64_t known)
{
    int64_t now;

    if (!amount_count(raw, &now))
        return FIT_WRONG;
    if (now == known)
        return FIT_AGREE;
    return now >= known - known / 10 && now <= 3 * known + 20 ? FIT_NEAR : FIT_WRONG;
}

static enum suggest_fit fits_time(const struct suggest *s, const char *raw, int64_t known_ms)
{
    int64_t ms;
    enum when_kind kind = when_parse(raw, s->in.now_ms, s->in.site->zone, &ms);

    if (kind == WHEN_EXACT)
        return ms == known_ms ? FIT_AGREE : llabs(ms - known_ms) < 60 * 1000 ? FIT_NEAR : FIT_WRONG;
    if (kind == WHEN_DAY)
        return known_ms >= ms && known_ms < ms + DAY_MS ? FIT_NEAR : FIT_WRONG;
    return FIT_WRONG;
}

static enum suggest_fit fits_price(const struct suggest *s, const char *raw, int64_t known_e2)
{
    struct amount_price price;

    return amount_price_in(raw, s->in.site->currency, &price) && price.e2 == known_e2 ? FIT_AGREE
                                                                                      : FIT_WRONG;
}

/* The query of an address may carry what only tells where it was clicked. */
static enum suggest_fit fits_address(const char *raw, const char *known)
{
    size_t len = strcspn(raw, "?#");

    if (str_eq(raw, known))
        return FIT_AGREE;
    return len == strcspn(known, "?#") && !memcmp(raw, known, len) ? FIT_NEAR : FIT_WRONG;
}

/* A shown 0 had no value before, and counts begin; a bare date never sets a time. */
static bool may_have_been_none(const struct suggest *s, enum site_type type, const char *raw)
{
    int64_t value;

    if (type == SITE_TIME)
        return when_parse(raw, s->in.now_ms, s->in.site->zone, &value) != WHEN_EXACT;
    return type == SITE_INT && amount_count(raw, &value) && value >= 0 && value <= COUNT_BEGINS;
}

enum suggest_fit suggest_fits(const struct suggest *s, const char *field, const char *raw,
                              const struct deal_row *known)
{
    const struct native_field *rule = suggest_rule(s, field);
    char scratch[32];
    const char *had = drift_value(known, field, scratch);

    if (!raw && !had)
        return FIT_NONE;
    if (!had)
        return may_have_been_none(s, rule->rule->type, raw) ? FIT_NONE : FIT_WRONG;
    if (!raw)
        return FIT_WRONG;
    switch (rule->rule->type) {
    case SITE_INT:
        return fits_count(raw, strtoll(had, NULL, 10));
    case SITE_TIME:
        return fits_time(s, raw, known->posted_at_ms);
    case SITE_PRICE:
        return fits_price(s, raw, known->price_e2);
    case SITE_URL:
    case SITE_IMAGE:
        return fits_address(raw, had);
    default:
        return str_eq(raw, had) || rule->rule->type == SITE_FLAG ? FIT_AGREE : FIT_WRONG;
    }
}
