/* SPDX-License-Identifier: MIT */
/* civil.c - the calendar; see civil.h. */
#include "base/civil.h"

int64_t civil_days(int64_t year, int64_t month, int64_t day)
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

int64_t civil_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void civil_of_seconds(int64_t seconds, struct clock_civil *out)
{
    int64_t days = civil_floor_div(seconds, 86400);
    int64_t rest = seconds - days * 86400;
    int64_t z = days + 719468;
    int64_t era = civil_floor_div(z, 146097);
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

int64_t civil_to_seconds(const struct clock_civil *c)
{
    return civil_days(c->year, c->month, c->day) * 86400 + (int64_t)c->hour * 3600 +
           (int64_t)c->minute * 60 + c->second;
}
