/* SPDX-License-Identifier: MIT */
/* when.c - one walk over the text collects a date, a time of day and words; then they are put
 * together.
 *
 * Digits that belong to neither make the whole text no time: better none than a wrong one.
 */
#include "crawl/when.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* A board's clock may be ahead of ours by so much before "14:03" means yesterday. */
#define CLOCK_SKEW_MS ((int64_t)5 * MINUTE_S * 1000)
#define DAY_MS ((int64_t)DAY_S * 1000)

/* 0001-01-01 and 9999-12-31T23:59:59.999Z: the store takes no other time. */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS INT64_C(253402300799999)

/* Feb 29 without a year can lie up to eight years back (around 2100). */
#define YEARS_BACK_MAX 8

struct when {
    bool has_date, has_year, has_time, is_pm, is_am;
    int year, month, day, hour, minute, second;
    bool has_day_shift; /* today 0, yesterday 1 */
    int days_back;
    bool has_age;
    bool age_in_days;
    int64_t age_s;
};

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* Reads 1 .. max_digits digits that no further digit follows; NULL when there are none. */
static const char *read_number(const char *at, int max_digits, int *digits_out, int *out)
{
    int digits = 0;
    int value = 0;

    while (isdigit((unsigned char)at[digits]) && digits < max_digits)
        value = value * 10 + (at[digits++] - '0');
    if (digits == 0 || isdigit((unsigned char)at[digits]))
        return NULL;
    *out = value;
    if (digits_out)
        *digits_out = digits;
    return at + digits;
}

static const char *read_word(const char *at, const char *word)
{
    return str_starts(at, word) ? at + strlen(word) : NULL;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool date_exists(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

/* ---- pieces: each returns the place behind what it read, or NULL when it is something else --- */

static const char *read_clock(const char *at, struct when *w)
{
    int digits, hour, minute, second = 0;
    const char *after;

    at = read_number(at, 2, NULL, &hour);
    if (!at || *at != ':')
        return NULL;
    at = read_number(at + 1, 2, &digits, &minute);
    if (!at || digits != 2)
        return NULL;
    if (*at == ':') {
        after = read_number(at + 1, 2, &digits, &second);
        if (!after || digits != 2)
            return NULL;
        at = after;
    }
    if (*at == '.' && isdigit((unsigned char)at[1])) /* a fraction of a second */
        for (at++; isdigit((unsigned char)*at);)
            at++;
    if (hour > 23 || minute > 59 || second > 59 || w->has_time)
        return NULL;
    w->has_time = true;
    w->hour = hour;
    w->minute = minute;
    w->second = second;
    return at;
}

/* The sign between the parts of a date, blanks after it allowed ("2026. 11. 22"). */
static const char *read_separator(const char *at, char *sign)
{
    if (!strchr(".-/", *at) || *at == '\0' || (*sign != '\0' && *at != *sign))
        return NULL;
    *sign = *at;
    return skip_blanks(at + 1);
}

static const char *take_date(struct when *w, const char *after, int year, int month, int day)
{
    /* 2000 is a leap year: a day without a year is judged when the year is known. */
    if (w->has_date || !date_exists(year ? year : 2000, month, day))
        return NULL;
    w->has_date = true;
    w->has_year = year != 0;
    w->year = year;
    w->month = month;
    w->day = day;
    return after;
}

static const char *read_date(const char *at, struct when *w)
{
    int digits, first, second, third;
    char sign = '\0';
    const char *more;

    at = read_number(at, 4, &digits, &first);
    if (!at || digits == 3 || (digits == 4 && first == 0) || !(at = read_separator(at, &sign)))
        return NULL;
    at = read_number(at, 2, NULL, &second);
    if (!at)
        return NULL;
    more = read_separator(at, &sign);
    if (more && (more = read_number(more, 2, NULL, &third)))
        return take_date(w, more, digits == 4 ? first : 2000 + first, second, third);
    return digits == 4 ? NULL : take_date(w, at, 0, first, second);
}

/* "2026년 11월 22일", "11월 22일" */
static const char *read_korean_date(const char *at, struct when *w)
{
    int year = 0, month, day;
    const char *after = read_number(at, 4, NULL, &year);

    if (after && (after = read_word(skip_blanks(after), "년"))) {
        at = skip_blanks(after);
        year += year < 100 ? 2000 : 0;
    } else {
        year = 0;
    }
    at = read_number(at, 2, NULL, &month);
    if (!at || !(at = read_word(skip_blanks(at), "월")))
        return NULL;
    at = read_number(skip_blanks(at), 2, NULL, &day);
    if (!at || !(at = read_word(skip_blanks(at), "일")))
        return NULL;
    return take_date(w, at, year, month, day);
}

/* "3분 전", "3분전" */
static const char *read_age(const char *at, struct when *w)
{
    static const struct {
        const char *word;
        int64_t seconds;
    } units[] = {{"초", 1}, {"분", MINUTE_S}, {"시간", HOUR_S}, {"일", DAY_S}, {"주", 7 * DAY_S}};
    int number;

    at = read_number(at, 5, NULL, &number);
    if (!at)
        return NULL;
    at = skip_blanks(at);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        const char *after = read_word(at, units[i].word);

        if (!after || !(after = read_word(skip_blanks(after), "전")))
            continue;
        w->has_age = true;
        w->age_s = number * units[i].seconds;
        w->age_in_days = units[i].seconds >= DAY_S;
        return after;
    }
    return NULL;
}

static const char *read_words(const char *at, struct when *w)
{
    const char *after;

    if ((after = read_word(at, "오전")))
        w->is_am = true;
    else if ((after = read_word(at, "오후")))
        w->is_pm = true;
    else if ((after = read_word(at, "방금")))
        w->has_age = true;
    else if ((after = read_word(at, "오늘")))
        w->has_day_shift = true;
    else if ((after = read_word(at, "어제"))) {
        w->has_day_shift = true;
        w->days_back = 1;
    }
    return after;
}

/* "Nov", "November," and the like; 0: no month's name. */
static int month_named(const char *at, const char **after)
{
    static const char *const names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};

    for (int i = 0; i < 12; i++) {
        if (strncasecmp(at, names[i], 3) != 0)
            continue;
        for (at += 3; isalpha((unsigned char)*at);)
            at++;
        *after = at + (*at == '.');
        return i + 1;
    }
    return 0;
}

/* ", 2026" or " 2026" behind a day; *year stays 0 where there is none. */
static const char *read_year_behind(const char *at, int *year)
{
    const char *more = skip_blanks(at + (*at == ','));
    int digits;

    more = read_number(more, 4, &digits, year);
    if (more && digits == 4 && *more != ':')
        return more;
    *year = 0;
    return at;
}

/* "Nov 22, 2026", "November 22" */
static const char *read_month_first(const char *at, struct when *w)
{
    int day, year = 0, month = month_named(at, &at);

    if (month && (at = read_number(skip_blanks(at), 2, NULL, &day))) {
        at = read_year_behind(at, &year);
        return take_date(w, at, year, month, day);
    }
    return NULL;
}

/* "22 Nov 2026", "22. November" */
static const char *read_day_first(const char *at, struct when *w)
{
    int day, month, year = 0;

    at = read_number(at, 2, NULL, &day);
    if (!at)
        return NULL;
    month = month_named(skip_blanks(at + (*at == '.')), &at);
    if (!month)
        return NULL;
    at = read_year_behind(at, &year);
    return take_date(w, at, year, month, day);
}

/* "am", "p.m."; not the beginning of a word. */
static const char *read_half_day(const char *at, struct when *w)
{
    bool is_pm = *at == 'p' || *at == 'P', is_am = *at == 'a' || *at == 'A';
    const char *m = at + 1 + ((is_pm || is_am) && at[1] == '.');

    if ((!is_pm && !is_am) || (*m != 'm' && *m != 'M') || isalpha((unsigned char)m[1]) ||
        !w->has_time)
        return NULL;
    w->is_pm = is_pm;
    w->is_am = is_am;
    return m + 1 + (m[1] == '.');
}

/* A word of letters, so that what stands inside one is not taken for another ("decent" is no month).
 */
static const char *read_latin_word(const char *at, struct when *w)
{
    const char *after;

    if ((after = read_half_day(at, w)) || (after = read_month_first(at, w)))
        return after;
    while (isalpha((unsigned char)*at))
        at++;
    return at;
}

/* ---- the whole ---- */

static bool collect(const char *at, struct when *w)
{
    static const char *(*const readers[])(const char *, struct when *) = {
        read_age, read_korean_date, read_date, read_day_first, read_clock};
    const char *after;

    while (*at) {
        after = NULL;
        if (!isdigit((unsigned char)*at)) {
            after = isalpha((unsigned char)*at) ? read_latin_word(at, w) : read_words(at, w);
            at = after ? after : at + 1;
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(readers) && !after; i++)
            after = readers[i](at, w);
        if (!after)
            return false;
        at = after;
    }
    return true;
}

static void apply_half_day(struct when *w)
{
    if (w->is_pm && w->has_time && w->hour < 12)
        w->hour += 12;
    if (w->is_am && w->hour == 12)
        w->hour = 0;
}

static int64_t moment(const struct when *w, const struct clock_zone *zone, int year, int month,
                      int day)
{
    struct clock_civil civil = {.year = year,
                                .month = month,
                                .day = day,
                                .hour = w->hour,
                                .minute = w->minute,
                                .second = w->second};

    return clock_from_local(zone, &civil);
}

/* The latest year in which the day exists and is not to come (a day of tolerance: the board's
 * midnight may be before ours). */
static bool moment_without_year(const struct when *w, int64_t now_ms, int this_year,
                                const struct clock_zone *zone, int64_t *out)
{
    for (int year = this_year + 1; year >= this_year - YEARS_BACK_MAX; year--) {
        if (!date_exists(year, w->month, w->day))
            continue;
        *out = moment(w, zone, year, w->month, w->day);
        if (*out <= now_ms + DAY_MS)
            return true;
    }
    return false;
}

/* No date in the text: today's, or what "yesterday" names. */
static void moment_of_today(const struct when *w, int64_t now_ms, const struct clock_zone *zone,
                            int64_t *out)
{
    struct clock_civil today;

    clock_to_local(zone, now_ms, &today);
    *out = moment(w, zone, today.year, today.month, today.day - w->days_back);
    if (!w->has_day_shift && *out > now_ms + CLOCK_SKEW_MS)
        *out = moment(w, zone, today.year, today.month, today.day - 1);
}

/* A time beside it does not make it exact: "3 days ago" may be three days and some hours. */
static int64_t midnight_days_ago(const struct when *w, int64_t now_ms,
                                 const struct clock_zone *zone)
{
    static const struct when midnight;
    struct clock_civil today;

    clock_to_local(zone, now_ms, &today);
    return moment(&midnight, zone, today.year, today.month, today.day - (int)(w->age_s / DAY_S));
}

static enum when_kind resolve(struct when *w, int64_t now_ms, const struct clock_zone *zone,
                              int64_t *out)
{
    struct clock_civil today;

    if (w->has_age) {
        *out = w->age_in_days ? midnight_days_ago(w, now_ms, zone) : now_ms - w->age_s * 1000;
        return w->age_in_days ? WHEN_DAY : WHEN_AGO;
    }
    if (!w->has_date && !w->has_time && !w->has_day_shift)
        return WHEN_NONE;
    apply_half_day(w);
    clock_to_local(zone, now_ms, &today);
    if (!w->has_date)
        moment_of_today(w, now_ms, zone, out);
    else if (w->has_year)
        *out = moment(w, zone, w->year, w->month, w->day);
    else if (!moment_without_year(w, now_ms, today.year, zone, out))
        return WHEN_NONE;
    return w->has_time ? WHEN_EXACT : WHEN_DAY;
}

/* Seconds since 1970, as machines write it for scripts: ten digits and nothing else (2001 to 2286). */
static bool read_unix_seconds(const char *text, int64_t *out)
{
    int64_t seconds;
    struct err ignored;

    if (strlen(text) != 10 || strspn(text, "0123456789") != 10 || *text == '0' ||
        str_to_int(text, 0, INT64_MAX / 1000, &seconds, &ignored) < 0)
        return false;
    *out = seconds * 1000;
    return true;
}

enum when_kind when_parse(const char *text, int64_t now_ms, const struct clock_zone *zone,
                          int64_t *wall_ms_out)
{
    struct when w = {0};
    struct err ignored;
    enum when_kind kind = WHEN_NONE;

    *wall_ms_out = CLOCK_NONE;
    if (str_empty(text))
        return WHEN_NONE;
    if (clock_parse_rfc3339(text, wall_ms_out, &ignored) == 0 ||
        read_unix_seconds(text, wall_ms_out))
        kind = WHEN_EXACT;
    else if (collect(text, &w))
        kind = resolve(&w, now_ms, zone, wall_ms_out);
    if (*wall_ms_out < FIRST_MS || *wall_ms_out > LAST_MS)
        kind = WHEN_NONE;
    if (kind == WHEN_NONE)
        *wall_ms_out = CLOCK_NONE;
    return kind;
}
