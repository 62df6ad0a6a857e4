/* SPDX-License-Identifier: MIT */
/* store_notes.c - the calls of store.h around posts, rules, sites and reports; store.c has the rest.
 */
#include "db/store_vtable.h"

enum { ROWS_MAX = 1000 };

/* ---- posts and their life -------------------------------------------------------------------- */

void store_known(struct store *store, const char *site, const char *const *keys, int n,
                 store_known_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_KNOWN, ctx);

    op->callback.known = done;
    store_op_take_keys(op, site, keys, n);
    store_op_start(op);
}

void store_alive_due(struct store *store, const struct store_alive_query *query, store_due_fn *done,
                     void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_ALIVE_DUE, ctx);

    check(query->limit >= 1 && query->limit <= ROWS_MAX);
    op->callback.due = done;
    op->alive_query = *query;
    op->alive_query.site = store_op_text(op, query->site);
    if (query->since_ms < 0)
        op->alive_query.since_ms = 0; /* CLOCK_NONE */
    store_op_start(op);
}

void store_alive_write(struct store *store, const struct store_alive_batch *batch,
                       store_write_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_ALIVE_WRITE, ctx);

    op->callback.write = done;
    store_op_take_alive(op, batch);
    store_op_start(op);
}

/* ---- how well the rules did ------------------------------------------------------------------ */

void store_fields_write(struct store *store, const struct store_fields *fields, store_done_fn *done,
                        void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_FIELDS_WRITE, ctx);

    op->callback.done = done;
    store_op_take_fields(op, fields);
    store_op_start(op);
}

void store_fields_recent(struct store *store, const char *site, const char *layout, bool good,
                         int n_runs, store_fields_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_FIELDS_RECENT, ctx);

    check(n_runs >= 1 && n_runs <= STORE_FIELD_RUNS);
    op->callback.fields = done;
    op->site = store_op_text(op, site);
    op->layout = store_op_text(op, layout);
    op->flag = good;
    op->limit = n_runs;
    store_op_start(op);
}

/* ---- notes about a site ---------------------------------------------------------------------- */

void store_state_get(struct store *store, const char *site, store_state_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_STATE_GET, ctx);

    op->callback.state = done;
    op->site = store_op_text(op, site);
    store_op_start(op);
}

void store_state_set(struct store *store, const char *site, const char *name, const char *value,
                     int64_t at_ms, store_done_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_STATE_SET, ctx);

    op->callback.done = done;
    op->state.site = store_op_name(op, "site", site);
    op->state.name = store_op_name(op, "name of a site's state", name);
    op->state.value = store_op_text(op, value);
    op->state.at_ms = at_ms;
    store_op_start(op);
}

/* ---- reports --------------------------------------------------------------------------------- */

void store_report_open(struct store *store, const char *site, const char *kind, const char *text,
                       const char *detail, int64_t at_ms, store_report_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_REPORT_OPEN, ctx);

    check(text);
    op->callback.report = done;
    op->report.site = store_op_name(op, "site", site);
    op->report.kind = store_op_name(op, "kind of report", kind);
    op->report.text = store_op_text(op, text);
    op->report.detail = store_op_text(op, detail);
    op->at_ms = at_ms;
    store_op_start(op);
}

void store_report_close(struct store *store, const char *site, const char *kind, int64_t at_ms,
                        store_closed_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_REPORT_CLOSE, ctx);

    op->callback.closed = done;
    op->report.site = store_op_name(op, "site", site);
    op->report.kind = store_op_name(op, "kind of report", kind);
    op->at_ms = at_ms;
    store_op_start(op);
}

void store_reports(struct store *store, const char *site, bool open_only, int limit,
                   store_reports_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_REPORTS, ctx);

    check(limit >= 1 && limit <= ROWS_MAX);
    op->callback.reports = done;
    op->site = store_op_text(op, site);
    op->flag = open_only;
    op->limit = limit;
    store_op_start(op);
}

/* ---- looking back ---------------------------------------------------------------------------- */

void store_runs_recent(struct store *store, const char *site, int limit, store_runs_fn *done,
                       void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_RUNS_RECENT, ctx);

    check(limit >= 1 && limit <= ROWS_MAX);
    op->callback.runs = done;
    op->site = store_op_text(op, site);
    op->limit = limit;
    store_op_start(op);
}

void store_arrivals(struct store *store, const char *site, int64_t since_ms, store_hours_fn *done,
                    void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_ARRIVALS, ctx);

    op->callback.hours = done;
    op->site = store_op_text(op, site);
    op->at_ms = since_ms < 0 ? 0 : since_ms;
    store_op_start(op);
}
