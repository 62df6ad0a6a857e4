/* SPDX-License-Identifier: MIT */
/* drift_rate.c - what chance allows.
 *
 * Runs are no independent samples: an hour later most posts are the same ones, and all rates move
 * together between a quiet morning and a busy evening. So a page is not compared with the mean, but
 * with the worst run, moved further away; and only what even then is nearly impossible counts.
 */
#include "crawl/drift_rate.h"
#include "base/str.h"
#include "crawl/drift.h"

#include <math.h>

static const double CHANCE = 1e-4;

/* ---- the binomial distribution ---- */

static double log_choose(int n, int k)
{
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

static double sum_of(int from, int to, int n, double p)
{
    double sum = 0;

    for (int i = from; i <= to; i++)
        sum += exp(log_choose(n, i) + i * log(p) + (n - i) * log1p(-p));
    return sum < 1 ? sum : 1;
}

double drift_at_most(int k, int n, double p)
{
    if (k < 0)
        return 0;
    if (k >= n || p <= 0)
        return 1;
    return p >= 1 ? 0 : sum_of(0, k, n, p);
}

double drift_at_least(int k, int n, double p)
{
    if (k <= 0)
        return 1;
    if (k > n || p <= 0)
        return 0;
    return p >= 1 ? 1 : sum_of(k, n, n, p);
}

/* ---- the good runs ---- */

static const struct store_field *find(const struct store_fields *run, const char *name)
{
    for (int i = 0; i < run->n_fields; i++)
        if (str_eq(run->fields[i].name, name))
            return &run->fields[i];
    return NULL;
}

static void add_run(struct drift_usual *usual, int k, int n)
{
    double share = (k + 0.5) / (n + 1.0);

    if (usual->runs++ == 0)
        usual->low = usual->high = share;
    usual->rows += n;
    usual->sum += k;
    usual->low = fmin(usual->low, share);
    usual->high = fmax(usual->high, share);
}

struct drift_usual drift_usual(const struct store_fields *history, int n, const char *field,
                               enum drift_count count)
{
    struct drift_usual usual = {0};

    for (int i = 0; i < n && usual.runs < DRIFT_RUNS; i++) {
        const struct store_field *f = find(&history[i], field);
        int rows = history[i].rows;

        if (!f || rows < DRIFT_ROWS_FEW)
            continue;
        if (count == DRIFT_SAME_OF && f->valued < DRIFT_ROWS_FEW)
            continue;
        add_run(&usual,
                count == DRIFT_MATCHED   ? f->matched
                : count == DRIFT_VALUED  ? f->valued
                : count == DRIFT_SAME_OF ? f->same
                                         : f->many,
                count == DRIFT_SAME_OF ? f->valued : rows);
    }
    return usual;
}

bool drift_is_learned(const struct drift_usual *usual)
{
    return usual->runs >= DRIFT_RUNS_MIN && usual->rows >= DRIFT_ROWS_MIN;
}

double drift_pooled(const struct drift_usual *usual)
{
    return usual->rows ? (double)usual->sum / (double)usual->rows : 0;
}

/* Fields that nearly every row has may hardly vary; those of some rows vary with the hour. Few runs
 * have not shown yet how far. */
static double floor_of(const struct drift_usual *usual)
{
    double steady = 0.5 + 0.5 * usual->low * usual->low;

    return usual->low * steady * usual->runs / (usual->runs + 1.0);
}

bool drift_is_below(const struct drift_usual *usual, int k, int n)
{
    if (!drift_is_learned(usual) || k >= 0.6 * usual->low * n)
        return false;
    return drift_at_most(k, n, floor_of(usual)) < CHANCE;
}

bool drift_is_above(const struct drift_usual *usual, int k, int n)
{
    double left = 1 - usual->high;

    if (!drift_is_learned(usual) || n - k >= 0.6 * left * n)
        return false;
    return drift_at_least(k, n, 1 - left * (0.5 + 0.5 * left * left)) < CHANCE;
}
