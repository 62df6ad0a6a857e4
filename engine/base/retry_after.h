/* SPDX-License-Identifier: MIT */
/* retry_after.h - how long a server asks to be left alone: the header Retry-After (RFC 9110 section
 * 10.2.3), in both forms.
 */
#ifndef BASE_RETRY_AFTER_H
#define BASE_RETRY_AFTER_H

#include <stdint.h>

enum { RETRY_AFTER_NONE = -1 };

/* A server that asks for more is asked again after a day. */
#define RETRY_AFTER_MAX_MS ((int64_t)24 * 3600 * 1000)

/* "120" or "Fri, 31 Dec 2027 23:59:59 GMT"; a date that has passed is 0. NULL and what is neither form
 * are RETRY_AFTER_NONE. now_ms: wall time. */
int64_t retry_after_ms(const char *value, int64_t now_ms);

#endif
