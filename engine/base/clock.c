/* SPDX-License-Identifier: MIT */
/* clock.c - clocks, civil time and the system's tz files (TZif, RFC 8536).
 *
 * A zone is the file's 64-bit transition table; past its last entry the footer's POSIX rule holds
 * (RFC 8536 section 3.3), which glibc evaluates nowhere without touching TZ, so a small evaluator of
 * the "Mm.w.d" form stands here.
 */
#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ZONE_FILE_MAX_BYTES = 1 << 20 };

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

/* ---- civil time (proleptic Gregorian, UTC) ------------------------------------------------------ */

/* Days since 1970-01-01; month and day may overflow. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y, era, yoe, doy;

    month -= 1;
    year += month / 12;
    month %= 12;
    if (month < 0) {
        month += 12;
        year--;
    }
    /* Years run from March, so that the leap day is the last one. */
    y = month < 2 ? year - 1 : year;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * ((month + 10) % 12) + 2) / 5;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void civil_of_seconds(int64_t seconds, struct clock_civil *out)
{
    int64_t days = floor_div(seconds, 86400);
    int64_t rest = seconds - days * 86400;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

static int64_t seconds_of_civil(const struct clock_civil *c)
{
    return days_of(c->year, c->month, c->day) * 86400 + (int64_t)c->hour * 3600 +
           (int64_t)c->minute * 60 + c->second;
}

/* ---- zones -------------------------------------------------------------------------------------- */

/* One side of a POSIX rule: the w-th weekday d of month m (w = 5: the last), at time_s. */
struct rule_date {
    int month, week, weekday;
    int time_s;
};

struct clock_zone {
    char *name;
    size_t n;         /* transitions */
    int64_t *at_s;    /* n moments, ascending */
    int32_t *after_s; /* n offsets that hold from at_s[i] on */
    int32_t first_s;  /* offset before the first transition */
    bool has_rule;    /* footer: std offset, and the DST pair when has_dst */
    bool has_dst;
    int32_t std_s, dst_s;
    struct rule_date dst_from, dst_to;
};

static int64_t be(const unsigned char *p, int bytes)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* POSIX offsets run west; hh[:mm[:ss]] with a sign. */
static const char *parse_hms(const char *s, int *out_s)
{
    int sign = 1;
    int unit = 3600;
    char *end;

    if (*s == '-' || *s == '+')
        sign = *s++ == '-' ? -1 : 1;
    *out_s = 0;
    for (; isdigit((unsigned char)*s); unit /= 60) {
        *out_s += (int)strtol(s, &end, 10) * unit;
        s = *end == ':' ? end + 1 : end;
    }
    *out_s *= sign;
    return s;
}

static const char *skip_abbreviation(const char *s)
{
    if (*s == '<') {
        s = strchr(s, '>');
        return s ? s + 1 : "";
    }
    while (isalpha((unsigned char)*s))
        s++;
    return s;
}

static const char *parse_rule_date(const char *s, struct rule_date *out)
{
    int used = 0;

    if (sscanf(s, ",M%d.%d.%d%n", &out->month, &out->week, &out->weekday, &used) != 3)
        return NULL;
    s += used;
    out->time_s = 7200;
    return *s == '/' ? parse_hms(s + 1, &out->time_s) : s;
}

static void parse_footer(struct clock_zone *zone, const char *s)
{
    int offset;

    s = skip_abbreviation(s);
    if (!isdigit((unsigned char)*s) && *s != '-' && *s != '+')
        return;
    s = parse_hms(s, &offset);
    zone->std_s = -offset;
    zone->dst_s = zone->std_s + 3600;
    zone->has_rule = true;
    if (!*s || *s == '\n')
        return;
    s = skip_abbreviation(s);
    if (*s != ',') {
        s = parse_hms(s, &offset);
        zone->dst_s = -offset;
    }
    s = parse_rule_date(s, &zone->dst_from);
    zone->has_dst = s && parse_rule_date(s, &zone->dst_to);
}

static int parse_tzif(struct clock_zone *zone, const unsigned char *file, size_t len)
{
    /* Header: magic 4, version 1, reserved 15, six counts of 4 bytes (RFC 8536 section 3.1). */
    const unsigned char *p = file;
    size_t counts[6], skip;

    for (int pass = 0; pass < 2; pass++) {
        size_t width = pass ? 8 : 4;

        if ((size_t)(file + len - p) < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
            return -1;
        for (int i = 0; i < 6; i++)
            counts[i] = (size_t)(uint32_t)be(p + 20 + 4 * i, 4);
        p += 44;
        skip = counts[3] * (width + 1) + counts[4] * 6 + counts[5] + counts[2] * (width + 4) +
               counts[1] + counts[0];
        if (skip > (size_t)(file + len - p))
            return -1;
        if (pass == 0)
            p += skip;
    }
    zone->n = counts[3];
    zone->at_s = mem_array(zone->n + 1, sizeof(*zone->at_s));
    zone->after_s = mem_array(zone->n + 1, sizeof(*zone->after_s));
    const unsigned char *types = p + counts[3] * 9;

    zone->first_s = counts[4] ? (int32_t)be(types, 4) : 0;
    for (size_t i = 0; i < zone->n; i++) {
        size_t type = p[counts[3] * 8 + i];

        if (type >= counts[4])
            return -1;
        zone->at_s[i] = be(p + 8 * i, 8);
        zone->after_s[i] = (int32_t)be(types + 6 * type, 4);
    }
    if (p + skip < file + len && p[skip] == '\n')
        parse_footer(zone, (const char *)p + skip + 1);
    return 0;
}

static int read_zone_file(const char *name, unsigned char *bytes, size_t *len_out, struct err *err)
{
    char *path;
    FILE *f;

    if (strstr(name, "..") || *name == '/' || !*name)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a time zone like Asia/Seoul or UTC", name);
    path = mem_printf("/usr/share/zoneinfo/%s", name);
    f = fopen(path, "rbe");
    mem_free(path);
    if (!f)
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected a time zone like Asia/Seoul or UTC (no such file in "
                       "/usr/share/zoneinfo; is the tzdata package installed?)",
                       name);
    *len_out = fread(bytes, 1, ZONE_FILE_MAX_BYTES, f);
    fclose(f);
    bytes[*len_out] = '\0';
    return 0;
}

int clock_zone_new(const char *name, struct clock_zone **out, struct err *err)
{
    struct clock_zone *zone = mem_new(struct clock_zone);
    unsigned char *bytes = mem_alloc(ZONE_FILE_MAX_BYTES + 1);
    size_t len = 0;
    int rc;

    zone->name = mem_strdup(name);
    rc = read_zone_file(name, bytes, &len, err);
    if (rc == 0 && parse_tzif(zone, bytes, len) < 0)
        rc = err_set(err, ERR_CONFIG, "\"%s\": not a tz file of version 2 or later", name);
    mem_free(bytes);
    if (rc < 0)
        clock_zone_free(&zone);
    *out = zone;
    return rc;
}

void clock_zone_free(struct clock_zone **zone)
{
    if (!*zone)
        return;
    mem_free((*zone)->name);
    mem_free((*zone)->at_s);
    mem_free((*zone)->after_s);
    mem_free(*zone);
    *zone = NULL;
}

const char *clock_zone_name(const struct clock_zone *zone)
{
    return zone ? zone->name : "UTC";
}

/* The moment (UTC seconds) at which the rule's side falls in `year`, given the offset before it. */
static int64_t rule_moment(const struct rule_date *rule, int year, int32_t offset_before_s)
{
    int64_t first = days_of(year, rule->month, 1);
    int64_t day = first + (rule->weekday - (first + 4) % 7 + 7) % 7 + 7 * (rule->week - 1);

    while (day >= days_of(year, rule->month + 1, 1))
        day -= 7;
    return day * 86400 + rule->time_s - offset_before_s;
}

static int32_t offset_by_rule(const struct clock_zone *zone, int64_t seconds)
{
    struct clock_civil civil;
    int64_t from, to;

    if (!zone->has_dst)
        return zone->std_s;
    civil_of_seconds(seconds + zone->std_s, &civil);
    from = rule_moment(&zone->dst_from, civil.year, zone->std_s);
    to = rule_moment(&zone->dst_to, civil.year, zone->dst_s);
    if (from < to)
        return seconds >= from && seconds < to ? zone->dst_s : zone->std_s;
    return seconds >= to && seconds < from ? zone->std_s : zone->dst_s;
}

static int32_t offset_at(const struct clock_zone *zone, int64_t seconds)
{
    size_t low = 0;
    size_t high;

    if (!zone)
        return 0;
    high = zone->n;
    if (zone->has_rule && (!zone->n || seconds >= zone->at_s[zone->n - 1]))
        return offset_by_rule(zone, seconds);
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (zone->at_s[mid] <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? zone->after_s[low - 1] : zone->first_s;
}

void clock_to_local(const struct clock_zone *zone, int64_t wall_ms, struct clock_civil *out)
{
    int64_t seconds = floor_div(wall_ms, 1000);

    out->offset_s = offset_at(zone, seconds);
    civil_of_seconds(seconds + out->offset_s, out);
}

int64_t clock_from_local(const struct clock_zone *zone, const struct clock_civil *civil)
{
    int64_t local = seconds_of_civil(civil);
    /* Offsets of the day before and after bracket any jump near the time. */
    int32_t before = offset_at(zone, local - 86400);
    int32_t after = offset_at(zone, local + 86400);
    int64_t early, late;

    if (offset_at(zone, local - before) == before)
        return (local - before) * 1000;
    if (offset_at(zone, local - after) == after)
        return (local - after) * 1000;
    /* Skipped: the jump lies between the two readings; find it. */
    early = local - after;
    late = local - before;
    while (early < late) {
        int64_t mid = early + (late - early) / 2;

        if (offset_at(zone, mid) == before)
            early = mid + 1;
        else
            late = mid;
    }
    return early * 1000;
}

/* ---- RFC 3339 ----------------------------------------------------------------------------------- */

void clock_format_utc_ms(int64_t wall_ms, char out[CLOCK_RFC3339_BYTES])
{
    struct clock_civil c;
    int ms = (int)(wall_ms - floor_div(wall_ms, 1000) * 1000);

    clock_to_local(NULL, wall_ms, &c);
    snprintf(out, CLOCK_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000, c.month,
             c.day, c.hour, c.minute, c.second, ms);
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
    return c->day >= 1 && c->day <= days_of(c->year, c->month + 1, 1) - days_of(c->year, c->month, 1);
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
        c = (struct clock_civil){.year = atoi(s), .month = atoi(s + 5), .day = atoi(s + 8),
                                 .hour = atoi(s + 11), .minute = atoi(s + 14),
                                 .second = atoi(s + 17)};
        rest = parse_fraction(s + 19, &fraction_ms);
        offset_s = parse_offset(rest, &ok);
    }
    if (!ok || !is_civil(&c))
        return err_set(err, ERR_CONFIG, "\"%s\": expected a time like 2026-11-22T13:05:00+09:00", s);
    *wall_ms_out = (seconds_of_civil(&c) - offset_s) * 1000 + fraction_ms;
    return 0;
}
