/* SPDX-License-Identifier: MIT */
/* cost_cmd.c - the command cost: the ledger asked, then cost.c. */
#include "base/str.h"
#include "debug/ask.h"
#include "debug/cost.h"

#include <stdio.h>
#include <string.h>

static const char since_default[] = "30d";

static int since_of(const char *text, int64_t now_ms, int64_t *out, struct err *err)
{
    struct err ignored;
    int64_t back_ms;

    if (str_to_duration_ms(text, &back_ms, &ignored) == 0)
        *out = now_ms - back_ms;
    else if (clock_parse_rfc3339(text, out, &ignored) < 0)
        return err_set(
            err, ERR_USAGE,
            "--since: \"%s\": expected a time (7d), or a moment (2026-11-01T00:00:00+09:00)", text);
    return 0;
}

struct loading {
    struct ask *ask;
    struct arena *arena;
    struct store_cost *rows;
    int n;
};

static void on_cost(const struct store_cost *rows, int n, const struct err *err, void *ctx)
{
    struct loading *l = ctx;

    if (err)
        l->ask->err = *err;
    l->rows = arena_array(l->arena, struct store_cost, (size_t)n + 1);
    l->n = n;
    for (int i = 0; i < n; i++) {
        l->rows[i] = rows[i];
        l->rows[i].site = arena_strdup(l->arena, rows[i].site);
        l->rows[i].kind = arena_strdup(l->arena, rows[i].kind);
    }
    loop_stop(l->ask->loop);
}

int cost_load(const struct config *config, int64_t since_ms, struct arena *arena,
              struct store_cost **rows, int *n, struct err *err)
{
    struct ask ask;
    struct loading loading = {.ask = &ask, .arena = arena};
    int rc = ask_init(&ask, config, false, err);

    if (rc == 0) {
        store_cost(ask.store, since_ms, on_cost, &loading);
        loop_run(ask.loop);
        if (ask.err.code != ERR_OK) {
            *err = ask.err;
            rc = -1;
        }
    }
    *rows = loading.rows;
    *n = loading.n;
    ask_fini(&ask);
    return rc;
}

static int show(const struct config *config, enum cost_by by, int64_t since_ms, int64_t now_ms,
                const struct clock_zone *zone, bool json, struct err *err)
{
    struct cost_prices prices;
    struct store_cost *rows;
    struct cost_bill bill;
    struct arena arena;
    struct buf out;
    int n, rc;

    if (cost_prices_of(config, &prices, err) < 0)
        return -1;
    arena_init(&arena);
    rc = cost_load(config, since_ms, &arena, &rows, &n, err);
    if (rc == 0) {
        buf_init(&out, BUF_MAX_DEFAULT);
        cost_bill(&bill, rows, n, by, zone, now_ms);
        cost_print(&bill, &prices, json, &out);
        fputs(buf_str(&out), stdout);
        cost_bill_fini(&bill);
        buf_fini(&out);
    }
    arena_fini(&arena);
    return rc;
}

int cost_cmd_run(const struct config *config, const char *by, const char *since, bool json)
{
    enum cost_by which = str_eq(by, "day")   ? COST_BY_DAY
                         : str_eq(by, "job") ? COST_BY_JOB
                                             : COST_BY_SITE;
    struct clock_zone *zone = NULL;
    int64_t now_ms = clock_wall_ms(), since_ms;
    struct err err;
    int rc = since_of(since ? since : since_default, now_ms, &since_ms, &err);

    if (rc == 0)
        rc = clock_zone_new(config->timezone, &zone, &err);
    if (rc == 0)
        rc = show(config, which, since_ms, now_ms, zone, json, &err);
    clock_zone_free(&zone);
    if (rc < 0)
        fprintf(stderr, "catchdeal-engine: %s\n", err.text);
    return rc < 0 ? err_exit_code(err.code) : 0;
}
