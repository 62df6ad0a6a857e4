/* SPDX-License-Identifier: MIT */
/* retry_after.c - see retry_after.h; dates are read by curl_getdate(3). */
#include "base/retry_after.h"
#include "base/mem.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

static int64_t at_most_a_day(int64_t ms)
{
    if (ms < 0)
        return 0;
    return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

static int64_t seconds(const char *digits)
{
    int64_t s = 0;

    for (; isdigit((unsigned char)*digits) && s < RETRY_AFTER_MAX_MS; digits++)
        s = s * 10 + (*digits - '0');
    return s;
}

int64_t retry_after_ms(const char *value, int64_t now_ms)
{
    time_t moment;

    if (!value)
        return RETRY_AFTER_NONE;
    value += strspn(value, " \t");
    if (isdigit((unsigned char)*value)) {
        const char *end = value + strspn(value, "0123456789");

        end += strspn(end, " \t");
        return *end ? RETRY_AFTER_NONE : at_most_a_day(seconds(value) * 1000);
    }
    moment = curl_getdate(value, NULL);
    return moment < 0 ? RETRY_AFTER_NONE : at_most_a_day((int64_t)moment * 1000 - now_ms);
}
