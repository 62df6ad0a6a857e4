/* SPDX-License-Identifier: MIT */
/* drift_rate.h - shares of rows, and which of them are beyond chance; for drift*.c. */
#ifndef CRAWL_DRIFT_RATE_H
#define CRAWL_DRIFT_RATE_H

#include "db/store.h"

/* P(X <= k) and P(X >= k) for X of n with probability p each. */
double drift_at_most(int k, int n, double p);
double drift_at_least(int k, int n, double p);

enum drift_count { DRIFT_MATCHED, DRIFT_VALUED, DRIFT_MANY_OF, DRIFT_SAME_OF };

/* What a count of a field was, in shares of the rows, over the good runs. */
struct drift_usual {
    int runs;
    int64_t rows, sum;
    double low, high; /* of single runs, smoothed: never 0 or 1 */
};

/* of: NULL is the rows; else the field in whose rows the count is a share ("same" of the valued). */
struct drift_usual drift_usual(const struct store_fields *history, int n, const char *field,
                               enum drift_count count);
bool drift_is_learned(const struct drift_usual *usual);
double drift_pooled(const struct drift_usual *usual);

/* Is k of n far below, or above, what the good runs had? */
bool drift_is_below(const struct drift_usual *usual, int k, int n);
bool drift_is_above(const struct drift_usual *usual, int k, int n);

#endif
