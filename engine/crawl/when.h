/* SPDX-License-Identifier: MIT */
/* when.h - reads the times that boards write beside their posts.
 *
 * Pure functions of (text, now, zone). Understood, with labels around them ("날짜 17:21") and white
 * space anywhere sensible:
 *   2026-11-22T13:05:00+09:00, ...Z       the offset counts, the zone does not
 *   1795316700                            seconds since 1970: ten digits and nothing else
 *   2026-11-22 13:05[:07]  26.11.22 13:05:07  2026.11.22 (13:05:07)  2026년 11월 22일 오후 1:05
 *   Nov 22, 2026 1:05 PM  22 November 2026 13:05
 *   13:05[:07]  오늘 13:05  어제 13:05    today in the zone, or the day before if that is still to come
 *   11-22 13:05  11월 22일 13:05          no year: the latest such day that is not in the future
 *   방금, 30초 전, 3분 전, 3분전, 2시간 전
 *   26/11/22, 2026.11.22, 11-22, 12.24, Nov 22, 어제, 3일 전    a day without a time
 * Three two-digit parts are year, month, day. Dates that do not exist (13-40, 02-30) are no dates,
 * and times outside the years 1 to 9999 of UTC no times.
 */
#ifndef CRAWL_WHEN_H
#define CRAWL_WHEN_H

#include "base/clock.h"

enum when_kind {
    WHEN_NONE, /* no time in the text; *wall_ms_out is CLOCK_NONE */
    WHEN_DAY,  /* a day without a time; *wall_ms_out is its local midnight: too coarse for posted_at
                */
    WHEN_AGO,  /* counted back from now, so rounded, and another value at each reading */
    WHEN_EXACT /* to the minute or second */
};

/* zone NULL is UTC; text NULL is none. */
enum when_kind when_parse(const char *text, int64_t now_ms, const struct clock_zone *zone,
                          int64_t *wall_ms_out);

#endif
