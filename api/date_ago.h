/* SPDX-License-Identifier: MIT */
/* date_ago.h - "3분 전": the age of a deal in the words that the app has always shown. */
#ifndef API_DATE_AGO_H
#define API_DATE_AGO_H

#include "base/buf.h"

#include <stdint.h>

/* Append the distance between two moments (either may be the later one) and " 전". */
void date_ago_add(struct buf *out, int64_t then_ms, int64_t now_ms);

#endif
