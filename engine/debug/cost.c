/* SPDX-License-Identifier: MIT */
/* cost.c - folds hours of the ledger into lines, and prints them; see cost.h. */
#include "debug/cost.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t HOUR_MS = 3600000;
enum { MONTH_DAYS = 30, KEY_BYTES = 300 };

static int price(const char *key, const char *text, double *out, struct err *err)
{
    char *end;

    *out = strtod(text, &end);
    if (end == text || *end || !isfinite(*out) || *out < 0)
        return err_set(err, ERR_CONFIG, "%s: \"%s\": expected a number from 0 up", key, text);
    return 0;
}

int cost_prices_of(const struct config *config, struct cost_prices *out, struct err *err)
{
    out->currency = config->price_currency;
    if (price("price_gb_second", config->price_gb_second, &out->gb_second, err) < 0)
        return -1;
    if (price("price_box_hour", config->price_box_hour, &out->box_hour, err) < 0)
        return -1;
    out->budget_month = 0;
    if (str_empty(config->budget_month))
        return 0;
    return price("budget_month", config->budget_month, &out->budget_month, err);
}

double cost_price(const struct cost_prices *prices, int64_t gb_ms)
{
    return (double)gb_ms / 1000 * prices->gb_second;
}

double cost_month_of(double amount, int64_t span_ms)
{
    return amount * (double)(MONTH_DAYS * 24 * HOUR_MS) / (double)span_ms;
}

/* ---- folding --------------------------------------------------------------------------------- */

static void key_of(const struct store_cost *row, enum cost_by by, const struct clock_zone *zone,
                   char out[KEY_BYTES])
{
    struct clock_civil day;

    clock_to_local(zone, row->hour_ms, &day);
    if (by == COST_BY_DAY)
        snprintf(out, KEY_BYTES, "%04d-%02d-%02d", day.year, day.month, day.day);
    else if (by == COST_BY_JOB)
        snprintf(out, KEY_BYTES, "%s %s", row->site, row->kind);
    else
        snprintf(out, KEY_BYTES, "%s", row->site);
}

static struct cost_line *line_of(struct cost_bill *bill, const char *key)
{
    for (int i = bill->n - 1; i >= 0; i--)
        if (str_eq(bill->lines[i].key, key))
            return &bill->lines[i];
    bill->lines[bill->n].key = arena_strdup(&bill->arena, key);
    return &bill->lines[bill->n++];
}

static void add(struct cost_line *line, const struct store_cost *row)
{
    line->runs += row->runs;
    line->pages += row->pages;
    line->pages_failed += row->pages_failed;
    line->added += row->added;
    line->cpu_ms += row->cpu_ms;
    line->gb_ms += row->gb_ms;
    line->busy_ms += row->busy_ms;
}

static int dearest_first(const void *a, const void *b)
{
    const struct cost_line *x = a, *y = b;

    if (x->gb_ms != y->gb_ms)
        return x->gb_ms < y->gb_ms ? 1 : -1;
    return strcmp(x->key, y->key);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct cost_line *)a)->key, ((const struct cost_line *)b)->key);
}

void cost_bill(struct cost_bill *bill, const struct store_cost *rows, int n, enum cost_by by,
               const struct clock_zone *zone, int64_t now_ms)
{
    int64_t first_ms = now_ms;

    *bill = (struct cost_bill){.total = {.key = "total"}};
    arena_init(&bill->arena);
    bill->lines = arena_array(&bill->arena, struct cost_line, (size_t)n + 1);
    memset(bill->lines, 0, ((size_t)n + 1) * sizeof *bill->lines);
    for (int i = 0; i < n; i++) {
        char key[KEY_BYTES];

        key_of(&rows[i], by, zone, key);
        add(line_of(bill, key), &rows[i]);
        add(&bill->total, &rows[i]);
        first_ms = rows[i].hour_ms < first_ms ? rows[i].hour_ms : first_ms;
    }
    bill->span_ms = now_ms - first_ms > HOUR_MS ? now_ms - first_ms : HOUR_MS;
    qsort(bill->lines, (size_t)bill->n, sizeof *bill->lines,
          by == COST_BY_DAY ? by_key : dearest_first);
}

void cost_bill_fini(struct cost_bill *bill)
{
    arena_fini(&bill->arena);
}

/* ---- printing -------------------------------------------------------------------------------- */

static double per(int64_t ms, int64_t n)
{
    return n ? (double)ms / 1000 / (double)n : 0;
}

static void print_line(const struct cost_bill *bill, const struct cost_prices *prices,
                       const struct cost_line *line, struct buf *out)
{
    double amount = cost_price(prices, line->gb_ms);

    buf_addf(out, "%-24s %6lld %7lld %6lld %10.1f %9.1f %8.3f %8.3f %9.3f %9.3f %10.4f %10.4f\n",
             line->key, (long long)line->runs, (long long)line->pages, (long long)line->added,
             (double)line->gb_ms / 1000, (double)line->cpu_ms / 1000, per(line->gb_ms, line->pages),
             per(line->cpu_ms, line->pages), per(line->gb_ms, line->added),
             per(line->cpu_ms, line->added), amount, cost_month_of(amount, bill->span_ms));
}

static void print_table(const struct cost_bill *bill, const struct cost_prices *prices,
                        struct buf *out)
{
    double month = cost_month_of(cost_price(prices, bill->total.gb_ms), bill->span_ms);
    double cores = (double)bill->total.cpu_ms / (double)bill->span_ms;

    buf_addf(out, "%-24s %6s %7s %6s %10s %9s %8s %8s %9s %9s %10s %10s\n", "", "runs", "pages",
             "new", "GB-s", "CPU-s", "GB-s/pg", "CPU-s/pg", "GB-s/new", "CPU-s/new",
             prices->currency, "a month");
    for (int i = 0; i < bill->n; i++)
        print_line(bill, prices, &bill->lines[i], out);
    print_line(bill, prices, &bill->total, out);
    buf_addf(out,
             "\nA month like the last %.1f days: %.2f %s billed by GB-seconds; %.2f %s on a box of "
             "one's own, of which this needs %.2f cores.\n",
             (double)bill->span_ms / (24 * HOUR_MS), month, prices->currency,
             prices->box_hour * MONTH_DAYS * 24, prices->currency, cores);
    if (prices->budget_month > 0)
        buf_addf(out, "budget_month is %.2f %s: %.0f %% of it by GB-seconds%s.\n",
                 prices->budget_month, prices->currency, 100 * month / prices->budget_month,
                 month > prices->budget_month ? ", TOO MUCH" : "");
}

static void add_json_line(const struct cost_bill *bill, const struct cost_prices *prices,
                          const struct cost_line *line, struct buf *out)
{
    double amount = cost_price(prices, line->gb_ms);

    buf_adds(out, "{\"key\":");
    buf_add_json(out, line->key);
    buf_addf(out,
             ",\"runs\":%lld,\"pages\":%lld,\"pages_failed\":%lld,\"new\":%lld,\"gb_seconds\":%.3f,"
             "\"cpu_seconds\":%.3f,\"busy_seconds\":%.3f,\"price\":%.6f,\"month\":%.6f}",
             (long long)line->runs, (long long)line->pages, (long long)line->pages_failed,
             (long long)line->added, (double)line->gb_ms / 1000, (double)line->cpu_ms / 1000,
             (double)line->busy_ms / 1000, amount, cost_month_of(amount, bill->span_ms));
}

static void print_json(const struct cost_bill *bill, const struct cost_prices *prices,
                       struct buf *out)
{
    buf_adds(out, "{\"currency\":");
    buf_add_json(out, prices->currency);
    buf_addf(out,
             ",\"days\":%.3f,\"box_month\":%.4f,\"total\":", (double)bill->span_ms / (24 * HOUR_MS),
             prices->box_hour * MONTH_DAYS * 24);
    add_json_line(bill, prices, &bill->total, out);
    if (prices->budget_month > 0)
        buf_addf(out, ",\"budget_month\":%.4f", prices->budget_month);
    buf_adds(out, ",\"lines\":[");
    for (int i = 0; i < bill->n; i++) {
        buf_adds(out, i ? ",\n" : "\n");
        add_json_line(bill, prices, &bill->lines[i], out);
    }
    buf_adds(out, "]}\n");
}

void cost_print(const struct cost_bill *bill, const struct cost_prices *prices, bool json,
                struct buf *out)
{
    (json ? print_json : print_table)(bill, prices, out);
}
