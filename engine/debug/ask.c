/* SPDX-License-Identifier: MIT */
/* ask.c - runs the loop until the store has answered. */
#include "debug/ask.h"

#include <string.h>

int ask_init(struct ask *ask, const struct config *config, bool may_write, struct err *err)
{
    *ask = (struct ask){.loop = loop_new()};
    arena_init(&ask->arena);
    if (store_open(ask->loop, config->database, config->database_timeout, &ask->store, err) < 0)
        return -1;
    if (!may_write)
        store_set_reader(ask->store);
    return 0;
}

void ask_fini(struct ask *ask)
{
    if (ask->store)
        store_free(&ask->store);
    loop_free(&ask->loop);
    arena_fini(&ask->arena);
}

static bool take(struct ask *ask, int n, const struct err *err)
{
    ask->n = err ? 0 : n;
    if (err)
        ask->err = *err;
    loop_stop(ask->loop);
    return !err;
}

static int answer(struct ask *ask)
{
    loop_run(ask->loop);
    return ask->err.code == ERR_OK ? 0 : -1;
}

static void begin(struct ask *ask)
{
    err_clear(&ask->err);
    ask->n = 0;
    ask->rows = NULL;
}

#define COPY(arena, member) ((member) = arena_strdup(arena, member))

static void on_states(const struct store_state *states, int n, const struct err *err, void *ctx)
{
    struct ask *ask = ctx;
    struct store_state *rows = ask->rows = arena_array(&ask->arena, struct store_state, n + 1);

    if (!take(ask, n, err))
        return;
    for (int i = 0; i < n; i++) {
        rows[i] = states[i];
        COPY(&ask->arena, rows[i].site);
        COPY(&ask->arena, rows[i].name);
        COPY(&ask->arena, rows[i].value);
    }
}

int ask_states(struct ask *ask, const char *site, const struct store_state **out)
{
    int result;

    begin(ask);
    store_state_get(ask->store, site, on_states, ask);
    result = answer(ask);
    *out = ask->rows;
    return result;
}

static void on_reports(const struct store_report *reports, int n, const struct err *err, void *ctx)
{
    struct ask *ask = ctx;
    struct store_report *rows = ask->rows = arena_array(&ask->arena, struct store_report, n + 1);

    if (!take(ask, n, err))
        return;
    for (int i = 0; i < n; i++) {
        rows[i] = reports[i];
        COPY(&ask->arena, rows[i].site);
        COPY(&ask->arena, rows[i].kind);
        COPY(&ask->arena, rows[i].text);
        COPY(&ask->arena, rows[i].detail);
    }
}

int ask_reports(struct ask *ask, const char *site, const struct store_report **out)
{
    enum { LIMIT = 100 };
    int result;

    begin(ask);
    store_reports(ask->store, site, true, LIMIT, on_reports, ask);
    result = answer(ask);
    *out = ask->rows;
    return result;
}

static void on_runs(const struct store_run *runs, int n, const struct err *err, void *ctx)
{
    struct ask *ask = ctx;
    struct store_run *rows = ask->rows = arena_array(&ask->arena, struct store_run, n + 1);

    if (!take(ask, n, err))
        return;
    for (int i = 0; i < n; i++) {
        rows[i] = runs[i];
        COPY(&ask->arena, rows[i].site);
        COPY(&ask->arena, rows[i].kind);
        COPY(&ask->arena, rows[i].reason);
        COPY(&ask->arena, rows[i].detail);
    }
}

int ask_runs(struct ask *ask, const char *site, int limit, const struct store_run **out)
{
    int result;

    begin(ask);
    store_runs_recent(ask->store, site, limit, on_runs, ask);
    result = answer(ask);
    *out = ask->rows;
    return result;
}

static void on_hours(const struct store_hour *hours, int n, const struct err *err, void *ctx)
{
    struct ask *ask = ctx;

    ask->rows = arena_array(&ask->arena, struct store_hour, n + 1);
    if (take(ask, n, err) && n)
        memcpy(ask->rows, hours, (size_t)n * sizeof *hours);
}

int ask_arrivals(struct ask *ask, const char *site, int64_t since_ms, const struct store_hour **out)
{
    int result;

    begin(ask);
    store_arrivals(ask->store, site, since_ms, on_hours, ask);
    result = answer(ask);
    *out = ask->rows;
    return result;
}

static void on_done(const struct err *err, void *ctx)
{
    take(ctx, 0, err);
}

int ask_set_state(struct ask *ask, const char *site, const char *name, const char *value)
{
    begin(ask);
    store_state_set(ask->store, site, name, value, clock_wall_ms(), on_done, ask);
    return answer(ask);
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    (void)was_open;
    take(ctx, 0, err);
}

int ask_close_report(struct ask *ask, const char *site, const char *kind)
{
    begin(ask);
    store_report_close(ask->store, site, kind, clock_wall_ms(), on_closed, ask);
    return answer(ask);
}
