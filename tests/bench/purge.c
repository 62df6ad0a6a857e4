/* SPDX-License-Identifier: MIT */
/* purge.c - how long a purge locks rows that somebody else wants.
 *
 *     bench-purge [DEALS [OLD]]      default: 1000000 100000
 *
 * A throw-away PostgreSQL as shipped (it syncs) holds DEALS deals with an event each; the OLD oldest go, one in a hundred
 * of them is bookmarked and stays. Batches and pauses are the engine's (crawl/purge.h). Beside them, each on a
 * connection of its own:
 *
 *     locks    a look at pg_locks and pg_stat_activity each millisecond: the age of the transaction that holds a
 *              lock of the purge
 *     writer   updates one of the rows that go next, again and again: how long it waits
 *     reader   the first page of the list, again and again
 *
 * Of each batch is also told how long it took less the time for which its server process and this program stood in the
 * queue for a CPU (proc(5): schedstat), which is the machine's other work, not the purge's.
 *
 * Writer and reader run for BEFORE_MS without a purge first: what the machine alone makes them wait.
 */
#include "base/log.h"
#include "base/str.h"
#include "bench/deals.h"
#include "crawl/purge.h"
#include "db/store_purge.h"
#include "support/pg.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_MS = 900000, BEFORE_MS = 5000, BATCHES_MAX = 100000, AHEAD = 400 };

static struct loop *loop;
static struct store *store;
static PGconn *pg;
static char *url;

static PGconn *connect_named(const char *name)
{
    char *text = mem_printf("%s%capplication_name=%s", url, strchr(url, '?') ? '&' : '?', name);
    PGconn *conn = PQconnectdb(text);

    if (PQstatus(conn) != CONNECTION_OK)
        fprintf(stderr, "%s\n", PQerrorMessage(conn)), exit(1);
    mem_free(text);
    return conn;
}

static double number(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    double n = 0;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(conn)), exit(1);
    if (PQntuples(result) && !PQgetisnull(result, 0, 0))
        n = atof(PQgetvalue(result, 0, 0));
    PQclear(result);
    return n;
}

/* ---- those beside it ------------------------------------------------------------------------- */

static atomic_bool ends;

struct watcher {
    const char *name;
    double (*once_ms)(PGconn *conn); /* how long it took, or lasted */
    int pause_ms;
    double longest_ms;
    long times;
    pthread_t thread;
};

static double lock_age_ms(PGconn *conn)
{
    return number(conn,
                  "SELECT max(extract(epoch FROM clock_timestamp() - a.xact_start)) * 1000 FROM "
                  "pg_stat_activity a "
                  "WHERE a.application_name NOT LIKE 'bench%' AND EXISTS (SELECT 1 FROM pg_locks l "
                  "WHERE l.pid = a.pid AND l.mode = 'RowExclusiveLock' AND l.granted "
                  "AND l.relation IN ('deals'::regclass, 'deal_events'::regclass))");
}

static double write_ms(PGconn *conn)
{
    static unsigned seed = 1;
    char *sql =
        mem_printf("UPDATE deals SET view_count = coalesce(view_count, 0) + 1 WHERE id = %.0f",
                   number(conn, "SELECT min(id) FROM deals") + rand_r(&seed) % AHEAD);
    double began = bench_now_ms();

    bench_sql(conn, sql);
    mem_free(sql);
    return bench_now_ms() - began;
}

static double read_ms(PGconn *conn)
{
    double began = bench_now_ms();

    bench_sql(conn, "SELECT * FROM deals ORDER BY sort_at DESC, id DESC LIMIT 20");
    return bench_now_ms() - began;
}

static struct watcher watchers[] = {
    {.name = "bench_locks", .once_ms = lock_age_ms, .pause_ms = 1},
    {.name = "bench_writer", .once_ms = write_ms, .pause_ms = 2},
    {.name = "bench_reader", .once_ms = read_ms, .pause_ms = 2},
};

static void *watch(void *ctx)
{
    struct watcher *watcher = ctx;
    PGconn *conn = connect_named(watcher->name);

    while (!atomic_load(&ends)) {
        double took_ms = watcher->once_ms(conn);

        watcher->times++;
        if (took_ms > watcher->longest_ms)
            watcher->longest_ms = took_ms;
        poll(NULL, 0, watcher->pause_ms);
    }
    PQfinish(conn);
    return NULL;
}

static void start_watching(void)
{
    atomic_store(&ends, false);
    for (size_t i = 0; i < ARRAY_LEN(watchers); i++) {
        watchers[i].longest_ms = 0;
        watchers[i].times = 0;
        check(pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]) == 0);
    }
}

static void stop_watching(void)
{
    atomic_store(&ends, true);
    for (size_t i = 0; i < ARRAY_LEN(watchers); i++)
        pthread_join(watchers[i].thread, NULL);
}

/* ---- the purge ------------------------------------------------------------------------------- */

static double took_ms[BATCHES_MAX], own_ms[BATCHES_MAX];
static pid_t backend;
static int n_batches;
static int64_t n_gone;

static void on_batch(int64_t n, const struct err *err, void *ctx)
{
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    n_gone = n;
    loop_stop(loop);
}

/* How long a process has been ready to run and did not. */
static double queued_ms(pid_t pid)
{
    char path[40];
    unsigned long long ns = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    f = fopen(path, "re");
    if (!f || fscanf(f, "%*u %llu", &ns) != 1)
        ns = 0;
    if (f)
        fclose(f);
    return (double)ns / 1e6;
}

static double all_queued_ms(void)
{
    return queued_ms(backend) + queued_ms(getpid());
}

static int64_t purge_all(enum store_purge_what what, int64_t before_ms)
{
    struct store_purge batch = {
        .what = what, .before_ms = before_ms, .marks_before_ms = 0, .limit = PURGE_BATCH};
    int64_t rows = 0;

    n_batches = 0;
    do {
        double queued = all_queued_ms(), began = bench_now_ms();

        store_purge(store, &batch, on_batch, NULL);
        loop_run(loop);
        took_ms[n_batches] = bench_now_ms() - began;
        own_ms[n_batches] = took_ms[n_batches] - (all_queued_ms() - queued);
        n_batches++;
        check(n_batches < BATCHES_MAX);
        rows += n_gone;
        poll(NULL, 0, PURGE_PAUSE_MS);
    } while (n_gone);
    return rows;
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void measure(enum store_purge_what what, int64_t before_ms)
{
    double began = bench_now_ms(), median, p99;
    int64_t rows;

    start_watching();
    rows = purge_all(what, before_ms);
    stop_watching();
    qsort(took_ms, (size_t)n_batches, sizeof(*took_ms), by_size);
    qsort(own_ms, (size_t)n_batches, sizeof(*own_ms), by_size);
    median = took_ms[n_batches / 2];
    p99 = took_ms[n_batches * 99 / 100];
    printf("    %-8s %8lld %8d %7.1f %7.1f %7.1f %7.1f %7.1f %10.1f %10.1f %10.1f\n",
           store_purge_name(what), (long long)rows, n_batches, (bench_now_ms() - began) / 1000,
           median, p99, took_ms[n_batches - 1], own_ms[n_batches - 1], watchers[0].longest_ms,
           watchers[1].longest_ms, watchers[2].longest_ms);
    fflush(stdout);
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

static void fill(int deals, int old)
{
    char *marks = mem_printf(
        "INSERT INTO book_marks (app_user_id, deal_id, created_at) SELECT 1, id, now() FROM deals "
        "WHERE id <= %d AND id %% 100 = 0",
        old);

    bench_make_words();
    bench_oldest_first = deals;
    bench_fill_postgres(pg, 0, deals);
    bench_sql(pg, "INSERT INTO deal_events (deal_id, kind, new_value, at) SELECT id, 'created', "
                  "title, sort_at FROM deals "
                  "ORDER BY id");
    bench_sql(pg, "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
                  "VALUES ('p', now(), now(), now())");
    bench_sql(pg, marks);
    bench_sql(pg, "VACUUM ANALYZE deal_events");
    bench_sql(pg, "VACUUM ANALYZE book_marks");
    bench_sql(pg, "CHECKPOINT");
    mem_free(marks);
}

static void run(int deals, int old)
{
    printf("%d deals, the oldest %d go in batches of %d, %d ms apart; all in ms but the purge's "
           "length\n",
           deals, old, PURGE_BATCH, PURGE_PAUSE_MS);
    printf("    %-8s %8s %8s %7s %7s %7s %7s %7s %10s %10s %10s\n", "what", "rows", "batches", "s",
           "median", "p99", "longest", "own", "lock held", "writer", "reader");
    backend =
        (pid_t)number(pg, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                          "AND application_name NOT LIKE 'bench%'");
    start_watching();
    poll(NULL, 0, BEFORE_MS);
    stop_watching();
    printf("    %-8s %8s %8s %7s %7s %7s %7s %7s %10s %10.1f %10.1f\n", "nothing", "-", "-", "-",
           "-", "-", "-", "-", "-", watchers[1].longest_ms, watchers[2].longest_ms);
    measure(STORE_PURGE_DEALS, bench_sort_at_ms(old));
    measure(STORE_PURGE_EVENTS, bench_sort_at_ms(2 * old));
}

int main(int argc, char **argv)
{
    int deals = argc > 1 ? atoi(argv[1]) : 1000000, old = argc > 2 ? atoi(argv[2]) : 100000;
    const char *why_not;
    struct test_pg *server;
    struct err err;

    if (old < 1000 || deals < 3 * old) {
        fprintf(stderr, "usage: bench-purge [DEALS [OLD]] (1000 old ones or more, three times as "
                        "many deals)\n");
        return 2;
    }
    check(log_set_levels("warn", &err) == 0);
    server = test_pg_start_durable(&why_not);
    if (!server) {
        printf("skipped: %s\n", why_not);
        return 0;
    }
    url = mem_strdup(test_pg_url(server));
    loop = loop_new();
    if (store_open(loop, url, TIMEOUT_MS, &store, &err) < 0)
        fprintf(stderr, "%s\n", err.text), exit(1);
    store_migrate(store, on_migrated, NULL);
    loop_run(loop);
    pg = connect_named("bench");
    fill(deals, old);
    run(deals, old);
    PQfinish(pg);
    store_free(&store);
    loop_free(&loop);
    test_pg_free(&server);
    mem_free(url);
    return 0;
}
