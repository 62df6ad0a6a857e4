/* SPDX-License-Identifier: MIT */
/* params.h - a request's target taken apart: decoded path, query parameters, typed and checked.
 *
 * Error texts read `name: "value": expected ...`; `wrong` holds the name alone.
 */
#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARAMS_MAX = 32 };

struct param {
    const char *name;
    const char *value;
};

struct params {
    const char *path; /* without a slash at its end, but for "/" */
    struct param *items; /* in the arena; n of them, at most PARAMS_MAX */
    size_t n;
    const char *wrong;   /* the parameter that the last error was about; "" at first */
};

/* Everything is decoded once into `arena`. Errors (ERR_USAGE): a broken percent escape, NUL or text
 * that is no UTF-8, more than PARAMS_MAX parameters. A target in absolute form counts by its path.
 */
MUST_CHECK int params_parse(struct params *params, struct arena *arena, const char *target,
                            struct err *err);

/* The last value given, or NULL. */
const char *params_get(const struct params *params, const char *name);

/* No other parameters than these, none of them twice. */
MUST_CHECK int params_only(struct params *params, const char *const *names, size_t n,
                           struct err *err);

/* A whole number from min to max; *out keeps its value when the parameter is absent. */
MUST_CHECK int params_int(struct params *params, const char *name, int64_t min, int64_t max,
                          int64_t *out, struct err *err);

/* "2020-03-01 12:00:00", the same with T, without seconds, the date alone (local to `zone`), or RFC
 * 3339 with an offset, whose '+' may have become a blank in the query; *out likewise. */
MUST_CHECK int params_time(struct params *params, const char *name, const struct clock_zone *zone,
                           int64_t *out_ms, struct err *err);

/* Set an error about a parameter, with its value. Returns -1. */
int params_wrong(struct params *params, const char *name, const char *expected, struct err *err);

#endif
