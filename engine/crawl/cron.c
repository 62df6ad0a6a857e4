/* SPDX-License-Identifier: MIT */
/* cron.c - parses schedule lines into bit sets and walks the calendar to the next due minute.
 *
 * The walk goes day by day in local civil time and asks the zone for the moment only of the minute
 * found, so DST needs no special case but one: a skipped local time resolves to the jump
 * (clock_from_local), and a time that occurs twice resolves to its first, which is then not
 * "after" the last due any more.
 */
#include "crawl/cron.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEARCH_DAYS = 5 * 366, MAX_STEP_DIGITS = 4 };

struct field {
    const char *name;
    int min, max;
    const char *const *words; /* names for min, min + 1, ... or NULL */
    int n_words;
};

static const char *const month_words[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_words[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field fields[] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of month", 1, 31, NULL, 0},
    {"month", 1, 12, month_words, 12},
    {"day of week", 0, 7, weekday_words, 7}, /* 7 is Sunday, too */
};

static const struct {
    const char *name;
    const char *line;
} shorthands[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

/* ---- parsing --------------------------------------------------------------------------------- */

static int parse_value(const struct field *field, const char **at, int *out)
{
    char *end;

    for (int i = 0; i < field->n_words; i++)
        if (strncasecmp(*at, field->words[i], 3) == 0) {
            *out = field->min + i;
            *at += 3;
            return 0;
        }
    if (!isdigit((unsigned char)**at))
        return -1;
    *out = (int)strtol(*at, &end, 10);
    if (end - *at > 2 || *out < field->min || *out > field->max)
        return -1;
    *at = end;
    return 0;
}

/* One list item: "*", "5", "1-5", each with an optional "/step". */
static int parse_item(const struct field *field, const char *item, uint64_t *bits)
{
    const char *at = item;
    int from = field->min;
    int to = field->max;
    int step = 1;

    if (*at == '*') {
        at++;
    } else {
        if (parse_value(field, &at, &from) < 0)
            return -1;
        to = *at == '/' ? field->max : from;
        if (*at == '-' && (at++, parse_value(field, &at, &to) < 0))
            return -1;
    }
    if (*at == '/') {
        char *end;

        if (!isdigit((unsigned char)at[1]))
            return -1;
        step = (int)strtol(at + 1, &end, 10);
        if (end - at > 1 + MAX_STEP_DIGITS) /* the int may be cut */
            return -1;
        at = end;
    }
    if (*at || step < 1 || step > 1000 || from > to)
        return -1;
    for (int v = from; v <= to; v += step)
        *bits |= (uint64_t)1 << v;
    return 0;
}

static int parse_field(const struct field *field, int index, char *text, uint64_t *bits,
                       struct err *err)
{
    char *rest = text;
    char *item;

    *bits = 0;
    while ((item = str_next(&rest, ',')))
        if (parse_item(field, item, bits) < 0)
            return err_set(
                err, ERR_CONFIG,
                "field %d (%s): \"%s\": expected %d to %d, *, a range a-b, a step */n%s or a "
                "list of these",
                index + 1, field->name, item, field->min, field->max,
                field->words ? ", a name" : "");
    return 0;
}

static int parse_every(struct cron *cron, const char *text, struct err *err)
{
    const char *period = text + strlen("@every");

    while (isspace((unsigned char)*period))
        period++;
    if (str_to_duration_ms(period, &cron->every_ms, err) < 0)
        return err_prefix(err, "@every");
    if (cron->every_ms < 1000)
        return err_set(err, ERR_CONFIG, "@every: \"%s\": expected at least 1s", period);
    return 0;
}

/* Cut `text` in place into its words; more than `max` are counted but not kept. */
static int split_words(char *text, char **words, int max)
{
    char *save = NULL;
    int n = 0;

    for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save), n++)
        if (n < max)
            words[n] = w;
    return n;
}

static int parse_five(struct cron *cron, char *text, struct err *err)
{
    char *words[5] = {NULL};
    uint64_t bits[5] = {0};
    int n = split_words(text, words, 5);

    if (n != 5)
        return err_set(err, ERR_CONFIG, "expected 5 fields, got %d", n);
    cron->any_day = words[2][0] == '*';
    cron->any_weekday = words[4][0] == '*';
    for (int i = 0; i < 5; i++)
        if (parse_field(&fields[i], i, words[i], &bits[i], err) < 0)
            return -1;
    cron->minutes = bits[0];
    cron->hours = (uint32_t)bits[1];
    cron->days = (uint32_t)bits[2];
    cron->months = (uint16_t)bits[3];
    cron->weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f);
    return 0;
}

int cron_parse(struct cron *cron, const char *text, struct err *err)
{
    char *copy;
    int rc;

    *cron = (struct cron){0};
    if (strncmp(text, "@every", 6) == 0)
        return parse_every(cron, text, err);
    for (size_t i = 0; i < ARRAY_LEN(shorthands); i++)
        if (strcmp(text, shorthands[i].name) == 0)
            text = shorthands[i].line;
    if (*text == '@')
        return err_set(
            err, ERR_CONFIG,
            "\"%s\": expected @every TIME, @hourly, @daily, @weekly, @monthly or @yearly", text);
    copy = mem_strdup(text);
    rc = parse_five(cron, copy, err);
    mem_free(copy);
    return rc < 0 ? err_prefix(err, "\"%s\"", text) : 0;
}

/* ---- the next due moment --------------------------------------------------------------------- */

static bool day_matches(const struct cron *cron, const struct clock_civil *c)
{
    bool day = cron->days >> c->day & 1;
    bool weekday = cron->weekdays >> c->weekday & 1;

    if (!(cron->months >> c->month & 1))
        return false;
    /* cron(5): two restricted day fields are alternatives, otherwise both must hold. */
    if (!cron->any_day && !cron->any_weekday)
        return day || weekday;
    return day && weekday;
}

/* The first due moment of the local day that is after `after_ms`, or CLOCK_NONE. */
static int64_t next_on_day(const struct cron *cron, const struct clock_zone *zone,
                           const struct clock_civil *day, int64_t after_ms)
{
    struct clock_civil c = *day;

    c.second = 0;
    for (c.hour = 0; c.hour < 24; c.hour++) {
        if (!(cron->hours >> c.hour & 1))
            continue;
        for (c.minute = 0; c.minute < 60; c.minute++) {
            int64_t at;

            if (!(cron->minutes >> c.minute & 1))
                continue;
            at = clock_from_local(zone, &c);
            if (at > after_ms)
                return at;
        }
    }
    return CLOCK_NONE;
}

int64_t cron_next(const struct cron *cron, const struct clock_zone *zone, int64_t after_ms)
{
    struct clock_civil today;

    if (cron->every_ms)
        return (after_ms / cron->every_ms + 1) * cron->every_ms;
    clock_to_local(zone, after_ms, &today);
    for (int i = 0; i < SEARCH_DAYS; i++) {
        /* Noon exists on every day of every zone; it normalises day 32 and gives the weekday. */
        struct clock_civil noon = {
            .year = today.year, .month = today.month, .day = today.day + i, .hour = 12};
        struct clock_civil day;
        int64_t at;

        clock_to_local(zone, clock_from_local(zone, &noon), &day);
        if (!day_matches(cron, &day))
            continue;
        at = next_on_day(cron, zone, &day, after_ms);
        if (at != CLOCK_NONE)
            return at;
    }
    return CLOCK_NONE;
}
