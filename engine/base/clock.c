/* SPDX-License-Identifier: MIT */
/* clock.c - what time it is, and how it is written. The calendar is in civil.c, zones in zone.c. */
#include "base/clock.h"
#include "base/civil.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    bool on;
    int64_t wall_ms;
    int64_t mono_ms;
} fake;

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    check(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return fake.on ? fake.mono_ms : read_clock(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
    struct timespec ts;

    if (fake.on)
        return fake.mono_ms * 1000;
    check(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return fake.on ? fake.wall_ms : read_clock(CLOCK_REALTIME);
}

void clock_fake_set(int64_t wall_ms)
{
    if (!fake.on)
        fake.mono_ms = 1000000;
    fake.on = true;
    fake.wall_ms = wall_ms;
}

void clock_fake_advance(int64_t ms)
{
    check(fake.on && ms >= 0);
    fake.wall_ms += ms;
    fake.mono_ms += ms;
}

void clock_fake_off(void)
{
    fake.on = false;
}

/* ---- local time ------------------------------------------------------------------------------ */

void clock_to_local(const struct clock_zone *zone, int64_t wall_ms, struct clock_civil *out)
{
    int64_t seconds = civil_floor_div(wall_ms, 1000);

    out->offset_s = zone_offset_at(zone, seconds);
    civil_of_seconds(seconds + out->offset_s, out);
}

int64_t clock_from_local(const struct clock_zone *zone, const struct clock_civil *civil)
{
    int64_t local = civil_to_seconds(civil);
    /* Offsets of the day before and after bracket any jump near the time. */
    int32_t before = zone_offset_at(zone, local - 86400);
    int32_t after = zone_offset_at(zone, local + 86400);
    int64_t early, late;

    if (zone_offset_at(zone, local - before) == before)
        return (local - before) * 1000;
    if (zone_offset_at(zone, local - after) == after)
        return (local - after) * 1000;
    /* Skipped: the jump lies between the two readings; find it. */
    early = local - after;
    late = local - before;
    while (early < late) {
        int64_t mid = early + (late - early) / 2;

        if (zone_offset_at(zone, mid) == before)
            early = mid + 1;
        else
            late = mid;
    }
    return early * 1000;
}

/* ---- RFC 3339 -------------------------------------------------------------------------------- */

void clock_format_utc_ms(int64_t wall_ms, char out[CLOCK_RFC3339_BYTES])
{
    struct clock_civil c;
    int ms = (int)(wall_ms - civil_floor_div(wall_ms, 1000) * 1000);

    clock_to_local(NULL, wall_ms, &c);
    snprintf(out, CLOCK_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000,
             c.month, c.day, c.hour, c.minute, c.second, ms);
}

void clock_format_local(const struct clock_zone *zone, int64_t wall_ms,
                        char out[CLOCK_RFC3339_BYTES])
{
    struct clock_civil c;
    int minutes;

    clock_to_local(zone, wall_ms, &c);
    minutes = abs(c.offset_s) / 60;
    snprintf(out, CLOCK_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year % 10000,
             c.month, c.day, c.hour, c.minute, c.second, c.offset_s < 0 ? '-' : '+',
             minutes / 60 % 100, minutes % 60);
}

static bool digits_at(const char *s, const char *pattern)
{
    for (; *pattern; s++, pattern++)
        if (*pattern == '0' ? !isdigit((unsigned char)*s) : *pattern != '?' && *s != *pattern)
            return false;
    return true;
}

static int64_t parse_offset(const char *s, bool *ok)
{
    *ok = true;
    if ((*s == 'Z' || *s == 'z') && !s[1])
        return 0;
    if ((*s == '+' || *s == '-') && digits_at(s + 1, "00:00") && !s[6] && atoi(s + 1) < 24 &&
        atoi(s + 4) < 60)
        return (*s == '-' ? -60 : 60) * (atoi(s + 1) * 60 + atoi(s + 4));
    *ok = false;
    return 0;
}

/* A leap second is let through. */
static bool is_civil(const struct clock_civil *c)
{
    if (c->month < 1 || c->month > 12 || c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    return c->day >= 1 &&
           c->day <= civil_days(c->year, c->month + 1, 1) - civil_days(c->year, c->month, 1);
}

/* Milliseconds of ".123456"; a point without digits is left standing. */
static const char *parse_fraction(const char *s, int64_t *out_ms)
{
    int64_t unit = 100;

    if (*s != '.' || !isdigit((unsigned char)s[1]))
        return s;
    for (s++; isdigit((unsigned char)*s); s++, unit /= 10)
        *out_ms += (*s - '0') * unit;
    return s;
}

int clock_parse_rfc3339(const char *s, int64_t *wall_ms_out, struct err *err)
{
    struct clock_civil c = {0};
    const char *rest;
    int64_t fraction_ms = 0;
    int64_t offset_s = 0;
    bool ok = strlen(s) >= 20 && digits_at(s, "0000-00-00?00:00:00") && strchr("Tt ", s[10]);

    if (ok) {
        c = (struct clock_civil){.year = atoi(s),
                                 .month = atoi(s + 5),
                                 .day = atoi(s + 8),
                                 .hour = atoi(s + 11),
                                 .minute = atoi(s + 14),
                                 .second = atoi(s + 17)};
        rest = parse_fraction(s + 19, &fraction_ms);
        offset_s = parse_offset(rest, &ok);
    }
    if (!ok || !is_civil(&c))
        return err_set(err, ERR_CONFIG, "\"%s\": expected a time like 2026-11-22T13:05:00+09:00",
                       s);
    *wall_ms_out = (civil_to_seconds(&c) - offset_s) * 1000 + fraction_ms;
    return 0;
}
