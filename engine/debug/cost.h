/* SPDX-License-Identifier: MIT */
/* cost.h - sums of the ledger as a bill: by site, job or day, per page and per new deal, and what a month
 * of it comes to. Pure, but for cost_load().
 */
#ifndef DEBUG_COST_H
#define DEBUG_COST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "db/store_cost.h"

enum cost_by { COST_BY_SITE, COST_BY_JOB, COST_BY_DAY };

struct cost_prices {
    double gb_second, box_hour;
    double budget_month;  /* 0: none */
    const char *currency; /* borrowed from the configuration */
};

struct cost_line {
    const char *key; /* "clien", "clien crawl", "2026-11-22" */
    int64_t runs, pages, pages_failed, added, cpu_ms, gb_ms, busy_ms;
};

struct cost_bill {
    struct arena arena;
    struct cost_line *lines; /* dearest first; days in their order */
    int n;
    struct cost_line total;
    int64_t
        span_ms; /* from the first run's hour to now, at least one hour: what a month is reckoned from */
};

/* ERR_CONFIG names the key. */
MUST_CHECK int cost_prices_of(const struct config *config, struct cost_prices *out,
                              struct err *err);

/* zone: of the days. cost_bill_fini() afterwards. */
void cost_bill(struct cost_bill *bill, const struct store_cost *rows, int n, enum cost_by by,
               const struct clock_zone *zone, int64_t now_ms);
void cost_bill_fini(struct cost_bill *bill);

double cost_price(const struct cost_prices *prices, int64_t gb_ms);
double cost_month_of(double amount, int64_t span_ms); /* 30 days */

void cost_print(const struct cost_bill *bill, const struct cost_prices *prices, bool json,
                struct buf *out);

/* The ledger's sums since then, copied into the arena, waiting for the answer. */
MUST_CHECK int cost_load(const struct config *config, int64_t since_ms, struct arena *arena,
                         struct store_cost **rows, int *n, struct err *err);

/* The command; its exit code. by, since: as on the command line, or NULL. */
int cost_cmd_run(const struct config *config, const char *by, const char *since, bool json);

#endif
