/* SPDX-License-Identifier: MIT */
/* search.c - how long the first page of a search takes, on SQLite and PostgreSQL, beside the original's query.
 *
 *     bench-search [DEALS]...      default: 100000 1000000
 *
 * Titles are made up (deals.h). Ours is store_find() with a limit of 20, as the API asks it; the original's is
 * `replace(title, ' ', '') ILIKE '%word%'` over all deals without an index, given a LIMIT that it did not
 * have. Times are medians of TIMES runs in milliseconds, callbacks and copies included.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "bench/deals.h"
#include "db/store_find.h"
#include "support/pg.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 9, TIMEOUT_MS = 900000 };

static struct loop *loop;

/* ---- the two databases ----------------------------------------------------------------------- */

struct base {
    const char *name;
    char *url;
    struct store *store;
    sqlite3 *sqlite;
    PGconn *pg;
};

static void sql(struct base *base, const char *text)
{
    char *error = NULL;

    if (base->pg) {
        bench_sql(base->pg, text);
    } else if (sqlite3_exec(base->sqlite, text, NULL, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", text, error), exit(1);
    }
}

static void fill_sqlite(struct base *base, int n)
{
    sqlite3_stmt *stmt;
    char title[300], folded[300];

    /* In bulk and in the index's order: row by row the triggers would take minutes for a million. */
    sql(base, "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; DROP TRIGGER deals_grams_insert; BEGIN");
    check(sqlite3_prepare_v2(base->sqlite,
                             "INSERT INTO deals (site, website, post_key, product_id, title, title_fold, url, is_sold_out, "
                             "sort_at, created_at, updated_at) VALUES ('a', 'A', ?1, 'a_' || ?1, ?2, ?3, "
                             "'https://a.example/' || ?1, 0, ?4, ?4, ?4)",
                             -1, &stmt, NULL) == SQLITE_OK);
    for (int i = 0; i < n; i++) {
        char *to = folded;

        bench_title(title, sizeof(title), i);
        for (const char *at = title; *at; at++)
            if (*at != ' ')
                *to++ = *at;
        *to = '\0';
        sqlite3_bind_int(stmt, 1, i);
        sqlite3_bind_text(stmt, 2, title, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(stmt, 3, folded, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(stmt, 4, bench_sort_at_ms(i));
        check(sqlite3_step(stmt) == SQLITE_DONE);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    sql(base, "INSERT OR IGNORE INTO deal_grams (gram, sort_at, deal_id) SELECT substr(title_fold, n, 2) AS gram, sort_at, "
              "id FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 100) SELECT n FROM s) "
              "CROSS JOIN deals WHERE n < length(title_fold) ORDER BY 1, 2 DESC, 3 DESC; COMMIT");
}

/* ---- timing ---------------------------------------------------------------------------------- */

static int n_found;

static void on_page(const struct store_page *page, const struct err *err, void *ctx)
{
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    n_found = page->n;
    loop_stop(loop);
}

static void ours(struct base *base, const char *word)
{
    const struct store_find find = {.limit = 20,
                                    .before_sort_ms = CLOCK_NONE,
                                    .since_ms = CLOCK_NONE,
                                    .word = word,
                                    .min_score = DEAL_UNKNOWN,
                                    .sold_out = DEAL_UNKNOWN};

    store_find(base->store, &find, on_page, NULL);
    loop_run(loop);
}

static void originals(struct base *base, const char *word)
{
    char *text = mem_printf("SELECT * FROM deals %s WHERE replace(title, ' ', '') %s '%%%s%%' ORDER BY %s DESC LIMIT 20",
                            base->pg ? "" : "NOT INDEXED", base->pg ? "ILIKE" : "LIKE", word,
                            base->pg ? "sort_at" : "+sort_at");

    sql(base, text);
    mem_free(text);
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

typedef void search_fn(struct base *base, const char *word);

static double median_ms(struct base *base, search_fn *search, const char *word, int times)
{
    double took[TIMES];

    search(base, word);
    for (int i = 0; i < times; i++) {
        double began = bench_now_ms();

        search(base, word);
        took[i] = bench_now_ms() - began;
    }
    qsort(took, (size_t)times, sizeof(*took), by_size);
    return took[times / 2];
}

static void measure(struct base *base, int n)
{
    char one[8], two[16];
    const struct {
        const char *what, *word;
    } rows[] = {{"two letters, frequent", bench_words[0]}, {"two letters, less", bench_words[19]}, {"a rarer word", bench_words[400]},
                {"a rare word", bench_words[3900]},        {"two words", two},               {"a miss", "쀓뙖"},
                {"one letter, frequent", one},       {"one letter, rare", "쀓"}};

    snprintf(one, sizeof(one), "%.3s", bench_words[0]);
    snprintf(two, sizeof(two), "%.6s %.6s", bench_words[0], bench_words[1]);
    printf("\n%s, %d deals\n    %-24s %8s %12s %14s %8s\n", base->name, n, "word", "found", "first page", "the original's",
           "ratio");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        double mine = median_ms(base, ours, rows[i].word, TIMES);
        double theirs = median_ms(base, originals, rows[i].word, 3);

        printf("    %-24s %8d %9.2f ms %11.1f ms %8.0f\n", rows[i].what, n_found, mine, theirs, theirs / mine);
        fflush(stdout);
    }
}

/* ---------------------------------------------------------------------------------------------- */

static void on_migrated(int applied, int version, const struct err *err, void *ctx)
{
    (void)applied;
    (void)version;
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    loop_stop(loop);
}

static void open_base(struct base *base)
{
    struct err err;

    if (store_open(loop, base->url, TIMEOUT_MS, &base->store, &err) < 0)
        fprintf(stderr, "%s\n", err.text), exit(1);
    store_migrate(base->store, on_migrated, NULL);
    loop_run(loop);
}

static void bench_sqlite(int n)
{
    char dir[] = "/tmp/bench-search-XXXXXX";
    struct base base = {.name = "SQLite"};
    char *command;

    check(mkdtemp(dir));
    base.url = mem_printf("sqlite:%s/deals.db", dir);
    command = mem_printf("rm -r '%s'", dir);
    open_base(&base);
    check(sqlite3_open(base.url + strlen("sqlite:"), &base.sqlite) == SQLITE_OK);
    fill_sqlite(&base, n);
    measure(&base, n);
    sqlite3_close(base.sqlite);
    store_free(&base.store);
    loop_free(&loop);
    check(system(command) == 0);
    mem_free(command);
    mem_free(base.url);
}

static void bench_postgres(int n)
{
    const char *why_not;
    struct test_pg *pg = test_pg_start(&why_not);
    struct base base = {.name = "PostgreSQL"};

    if (!pg) {
        printf("\nPostgreSQL: skipped: %s\n", why_not);
        return;
    }
    base.url = mem_strdup(test_pg_url(pg));
    open_base(&base);
    base.pg = PQconnectdb(base.url);
    bench_fill_postgres(base.pg, 0, n);
    sql(&base, "SET enable_indexscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0; SET jit = off");
    measure(&base, n);
    PQfinish(base.pg);
    store_free(&base.store);
    loop_free(&loop);
    mem_free(base.url);
    test_pg_free(&pg);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"100000", "1000000", NULL};

    bench_make_words();
    for (const char *const *arg = argc > 1 ? (const char *const *)argv + 1 : usual; *arg; arg++) {
        int n = atoi(*arg);

        if (n < 100) {
            fprintf(stderr, "usage: bench-search [DEALS]... (100 and more)\n");
            return 2;
        }
        loop = loop_new();
        bench_sqlite(n);
        loop = loop_new();
        bench_postgres(n);
    }
    return 0;
}
