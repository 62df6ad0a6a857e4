/* SPDX-License-Identifier: MIT */
/* zone.c - the system's tz files (TZif, RFC 8536).
 *
 * A zone is the file's 64-bit transition table; past its last entry the footer's POSIX rule holds
 * (RFC 8536 section 3.3), which glibc evaluates nowhere without touching TZ, so a small evaluator
 * of the "Mm.w.d" form stands here.
 */
#include "base/civil.h"
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZONE_FILE_MAX_BYTES = 1 << 20 };

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

/* One of the file's two data blocks (RFC 8536 section 3.1): the first with 32-bit times is skipped.
 */
struct block {
    const unsigned char *data; /* after the header */
    size_t transitions, types; /* counts */
    size_t bytes;
};

/* Header: magic 4, version 1, reserved 15, six counts of 4 bytes. */
static bool find_block(const unsigned char *p, const unsigned char *end, size_t time_bytes,
                       struct block *out)
{
    size_t counts[6];

    if (end - p < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    for (int i = 0; i < 6; i++)
        counts[i] = (size_t)(uint32_t)be(p + 20 + 4 * i, 4);
    *out = (struct block){.data = p + 44, .transitions = counts[3], .types = counts[4]};
    out->bytes = counts[3] * (time_bytes + 1) + counts[4] * 6 + counts[5] +
                 counts[2] * (time_bytes + 4) + counts[1] + counts[0];
    return out->bytes <= (size_t)(end - out->data);
}

static int parse_tzif(struct clock_zone *zone, const unsigned char *file, size_t len)
{
    const unsigned char *end = file + len;
    const unsigned char *type_of, *types, *footer;
    struct block b;

    if (!find_block(file, end, 4, &b) || !find_block(b.data + b.bytes, end, 8, &b))
        return -1;
    type_of = b.data + b.transitions * 8;
    types = type_of + b.transitions;
    footer = b.data + b.bytes;
    zone->n = b.transitions;
    zone->at_s = mem_array(zone->n + 1, sizeof(*zone->at_s));
    zone->after_s = mem_array(zone->n + 1, sizeof(*zone->after_s));
    zone->first_s = b.types ? (int32_t)be(types, 4) : 0;
    for (size_t i = 0; i < zone->n; i++) {
        if (type_of[i] >= b.types)
            return -1;
        zone->at_s[i] = be(b.data + 8 * i, 8);
        zone->after_s[i] = (int32_t)be(types + 6 * (size_t)type_of[i], 4);
    }
    if (footer < end && *footer == '\n')
        parse_footer(zone, (const char *)footer + 1);
    return 0;
}

static int read_zone_file(const char *name, unsigned char *bytes, size_t *len_out, struct err *err)
{
    char *path;
    FILE *f;

    if (strstr(name, "..") || *name == '/' || !*name)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a time zone like Asia/Seoul or UTC",
                       name);
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
    int64_t first = civil_days(year, rule->month, 1);
    int64_t day = first + (rule->weekday - (first + 4) % 7 + 7) % 7 + 7 * (rule->week - 1);

    while (day >= civil_days(year, rule->month + 1, 1))
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

int32_t zone_offset_at(const struct clock_zone *zone, int64_t seconds)
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
