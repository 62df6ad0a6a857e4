/* SPDX-License-Identifier: MIT */
/* postgres_conn.h - what the files behind store_postgres.c share. Inside db/ only.
 *
 * An operation is one statement; each of these arranges it, and its callback ends the operation by
 * postgres_finish().
 */
#ifndef DB_POSTGRES_CONN_H
#define DB_POSTGRES_CONN_H

#include "base/loop_pg.h"
#include "db/store_vtable.h"

/* One connection; an operation stays on the one that it was given to. */
struct postgres_store {
    struct loop_pg *pg;
    struct list ops; /* not yet finished */
    int n_ops;
    bool is_schema_good; /* judged on the connection that stands */
};

/* The only form in which times cross: milliseconds since 1970 UTC. Exact to the year 9999,
 * also by date_part(), which is a double: numeric, as extract() is, costs a list a quarter of its time. */
#define PG_TIME(ms) "('epoch'::timestamptz + (" ms ")::bigint * interval '1 millisecond')"
#define PG_MS(time) "(date_part('epoch', " time ") * 1000)::bigint"

/* Of a table or subquery of deals, in the order of postgres_read_deal(). */
#define POSTGRES_DEAL_COLUMNS                                                                            \
    "id, site, website, post_key, product_id, title, url, redirect_url, image_url, mall, "         \
    "category, currency, price_e2, " PG_MS("posted_at") ", view_count, comment_count, like_count, " \
    "score, is_sold_out::int, is_deleted::int, is_title_changed::int, " PG_MS("sort_at") ", "       \
    PG_MS("created_at") ", " PG_MS("updated_at") ", title_is_cut::int, posted_is_coarse::int, "     \
    "shop_key"

enum { POSTGRES_DEAL_FIELDS = 27 };

void postgres_read_deal(struct store_op *op, const void *result, int at, struct deal *out);
/* Fill in also_on of op->deals, if anybody asked for it, and finish. */
void postgres_also_on(struct store_op *op);

/* err NULL: op holds the answer. */
void postgres_finish(struct store_op *op, const struct err *err);

/* A number as a parameter; the unknown one is NULL. */
const char *postgres_number(struct store_op *op, int64_t n);

/* The operation's fence as three parameters, for HOLD of a statement that writes; see lease_hold() in the
 * schema. */
#define POSTGRES_FENCE(op)                                                                         \
    (op)->fence.number ? (op)->fence.site : NULL, (op)->fence.number ? (op)->fence.kind : NULL,    \
        (op)->fence.number ? postgres_number(op, (op)->fence.number) : NULL
#define PG_HOLD(site, kind, number) "lease_hold(" site ", " kind ", " number "::bigint)"

/* A result's field as a number; NULL is the unknown one. result: PGresult *. */
int64_t postgres_field(const void *result, int row, int column);

/* The column's value, and on to the next one. Text is copied into the operation's arena. */
const char *postgres_read_str(struct store_op *op, const void *result, int row, int *column);
int64_t postgres_read_int(const void *result, int row, int *column);

void postgres_migrate(struct store_op *op); /* op->version is known */
void postgres_write(struct store_op *op);
void postgres_list(struct store_op *op);
void postgres_find(struct store_op *op);
extern const char postgres_find_walk_sql[], postgres_find_grams_sql[]; /* for the test of their plans */
void postgres_events(struct store_op *op);
void postgres_run_begin(struct store_op *op);
void postgres_run_end(struct store_op *op);
void postgres_runs_recover(struct store_op *op);
void postgres_last_due(struct store_op *op);
void postgres_known(struct store_op *op);
void postgres_alive_due(struct store_op *op);
void postgres_alive_write(struct store_op *op);
void postgres_fields_write(struct store_op *op);
void postgres_fields_recent(struct store_op *op);
void postgres_state_get(struct store_op *op);
void postgres_state_set(struct store_op *op);
void postgres_report_open(struct store_op *op);
void postgres_report_close(struct store_op *op);
void postgres_reports(struct store_op *op);
void postgres_runs_recent(struct store_op *op);
void postgres_ask(struct store_op *op);
void postgres_arrivals(struct store_op *op);

#endif
