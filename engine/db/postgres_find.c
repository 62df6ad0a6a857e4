/* SPDX-License-Identifier: MIT */
/* postgres_find.c - lists with filters and words (store_find.h) on PostgreSQL.
 *
 *     no word, one letter       walk: the newest deals in their order, each looked at
 *     frequent word             the same: a page is found among the first of them
 *     any other                 grams: all deals that hold its pairs of letters, then sorted
 *
 * Which of the two a word is, is asked first, over the newest deals. The planner has no choice in any of
 * these (its guesses about words are bad, and a wrong one reads the whole table): an inner LIMIT or OFFSET 0
 * keeps conditions where they stand, and deal_grams() is too dear for any way but its index.
 */
#include "db/postgres_conn.h"

#include <libpq-fe.h>

/* A word that FREQUENT_HITS of the newest FREQUENT_LOOKS deals hold is frequent. */
enum { FREQUENT_LOOKS = 2000, FREQUENT_HITS = 20 };

/* clang-format off */

#define ORDER "ORDER BY sort_at DESC, id DESC "
/* $1, $2 the place to go on from, $3 sort_at at least, $4 site or NULL, $5 how many to look at */
#define LOOKED_AT                                                                                  \
    "WHERE (sort_at, id) < (" PG_TIME("$1") ", $2::bigint) AND sort_at >= " PG_TIME("$3")          \
    " AND ($4::text IS NULL OR site = $4) " ORDER
/* $6 website, $7 word, $8 score, $9 sold out */
#define FITS                                                                                       \
    "($6::text IS NULL OR website = $6) AND ($7::text IS NULL OR strpos(title_fold, deal_fold($7)) > 0) " \
    "AND ($8::bigint IS NULL OR score >= $8::bigint) AND ($9::int IS NULL OR is_sold_out = ($9::int <> 0)) "

/* $1 to $4; $5 deals to look at, $6 word, $7 enough hits */
static const char frequent_sql[] =
    "SELECT count(*) FROM (SELECT 1 FROM (SELECT title_fold FROM deals " LOOKED_AT
    "LIMIT $5::bigint) l WHERE strpos(title_fold, deal_fold($6)) > 0 LIMIT $7::bigint) f";

/* $10 limit */
const char postgres_find_walk_sql[] =
    "SELECT " POSTGRES_DEAL_COLUMNS " FROM (SELECT * FROM deals " LOOKED_AT "LIMIT $5::bigint) d "
    "WHERE " FITS ORDER "LIMIT $10::bigint";

/* The last one that the walk looked at, if it did not come to the end. */
static const char walked_sql[] =
    "SELECT " PG_MS("sort_at") ", id FROM deals " LOOKED_AT "LIMIT 1 OFFSET $5::bigint - 1";

const char postgres_find_grams_sql[] =
    "SELECT " POSTGRES_DEAL_COLUMNS " FROM (SELECT * FROM deals WHERE deal_grams(title_fold) @> "
    "deal_grams(deal_fold($7)) OFFSET 0) d " "WHERE (sort_at, id) < (" PG_TIME("$1") ", $2::bigint) "
    "AND sort_at >= " PG_TIME("$3") " AND ($4::text IS NULL OR site = $4) AND $5::bigint > 0 AND " FITS
    ORDER "LIMIT $10::bigint";

/* $1 sort_at at least, $2 limit */
static const char best_sql[] =
    "SELECT " POSTGRES_DEAL_COLUMNS " FROM (SELECT * FROM deals WHERE sort_at >= " PG_TIME("$1")
    " ORDER BY score DESC NULLS LAST, sort_at DESC, id DESC LIMIT $2::bigint) d "
    "ORDER BY score DESC NULLS LAST, sort_at DESC, id DESC";

static const char one_sql[] = "SELECT " POSTGRES_DEAL_COLUMNS " FROM deals WHERE product_id = $1";

/* clang-format on */

enum { LOOK_PARAMS = 5, FIND_PARAMS = 10 };

static void ask(struct store_op *op, const char *sql, const char *const *params, int n,
                loop_pg_fn *done)
{
    struct postgres_store *store = op->backend;

    if (atomic_load(&op->cancelled))
        postgres_finish(op, NULL);
    else
        loop_pg_query(store->pg, sql, params, n, done, op);
}

static void set_looks(struct store_op *op, const char **params, int looks)
{
    params[0] = postgres_number(op, op->find.before_sort_ms);
    params[1] = postgres_number(op, op->find.before_id);
    params[2] = postgres_number(op, op->find.since_ms);
    params[3] = op->find.site;
    params[4] = postgres_number(op, looks);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void read_page(struct store_op *op, const void *result)
{
    int n = PQntuples(result);

    for (int i = 0; i < n; i++) {
        struct deal deal = {0};

        postgres_read_deal(op, result, i, &deal);
        store_op_take_row(op, &deal);
    }
}

static void on_page(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err) {
        postgres_finish(op, err);
        return;
    }
    read_page(op, result);
    store_op_end_page(op);
    postgres_also_on(op);
}

static void on_walk_end(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err) {
        postgres_finish(op, err);
        return;
    }
    store_op_end_page(op);
    if (PQntuples(result) == 1) {
        op->page.has_more = true;
        op->page.next_sort_ms = postgres_field(result, 0, 0);
        op->page.next_id = postgres_field(result, 0, 1);
    }
    postgres_also_on(op);
}

static void on_walked(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;
    const char *params[LOOK_PARAMS];

    if (!err)
        read_page(op, result);
    if (err || op->page.has_more) {
        store_op_end_page(op);
        if (err)
            postgres_finish(op, err);
        else
            postgres_also_on(op);
        return;
    }
    set_looks(op, params, STORE_FIND_LOOKS);
    ask(op, walked_sql, params, LOOK_PARAMS, on_walk_end);
}

static void find(struct store_op *op, const char *sql, loop_pg_fn *done)
{
    const char *params[FIND_PARAMS] = {NULL};

    set_looks(op, params, STORE_FIND_LOOKS);
    params[5] = op->find.website;
    params[6] = op->find.word;
    params[7] = postgres_number(op, op->find.min_score);
    params[8] = postgres_number(op, op->find.sold_out);
    params[9] = postgres_number(op, op->find.limit + 1);
    ask(op, sql, params, FIND_PARAMS, done);
}

static void on_frequency(const void *result, const struct err *err, void *ctx)
{
    struct store_op *op = ctx;

    if (err)
        postgres_finish(op, err);
    else if (postgres_field(result, 0, 0) >= FREQUENT_HITS)
        find(op, postgres_find_walk_sql, on_walked);
    else
        find(op, postgres_find_grams_sql, on_page);
}

static void ask_frequency(struct store_op *op)
{
    const char *params[LOOK_PARAMS + 2];

    set_looks(op, params, FREQUENT_LOOKS);
    params[LOOK_PARAMS] = op->find.word;
    params[LOOK_PARAMS + 1] = postgres_number(op, FREQUENT_HITS);
    ask(op, frequent_sql, params, LOOK_PARAMS + 2, on_frequency);
}

/* ---- others ---------------------------------------------------------------------------------- */

static void find_best(struct store_op *op)
{
    const char *params[] = {postgres_number(op, op->find.since_ms),
                            postgres_number(op, op->find.limit)};

    ask(op, best_sql, params, ARRAY_LEN(params), on_page);
}

static void find_one(struct store_op *op)
{
    const char *params[] = {op->find.product_id};

    ask(op, one_sql, params, ARRAY_LEN(params), on_page);
}

void postgres_find(struct store_op *op)
{
    if (op->find.product_id)
        find_one(op);
    else if (op->find.by_score)
        find_best(op);
    else if (store_op_word_has_grams(op))
        ask_frequency(op);
    else
        find(op, postgres_find_walk_sql, on_walked);
}
