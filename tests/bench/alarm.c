/* SPDX-License-Identifier: MIT */
/* alarm.c - what it costs to find whose keywords stand in new titles, beside the original's query.
 *
 *     bench-alarm [DEALS [KEYWORDS]]      default: 1000000 10000
 *
 * A throw-away PostgreSQL holds DEALS deals with their events, and KEYWORDS keywords of KEYWORDS / 5 users: a quarter
 * are words as frequent as in titles, half are words of equal chance, a quarter are two words. NEW_DEALS arrive. CPU
 * is that of the whole tree, this program and every process of the server.
 *
 *     find     which (user, deal): read the events, walk over the titles. The original: each title beside each
 *              keyword, replace(title, ' ', '') ILIKE '%keyword%', in one statement (it had one per keyword)
 *     pass     the same and written: rows of push lists and the cursor. The original's statement as INSERT
 *
 * Both must find the same, or the run fails.
 */
#include "base/log.h"
#include "base/proc_tree.h"
#include "bench/deals.h"
#include "db/store_alarm.h"
#include "notify/alarm.h"
#include "notify/keywords.h"
#include "support/pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NEW_DEALS = 1000, TIMEOUT_MS = 900000, WORDS_EACH = 5 };

static struct loop *loop;
static struct store *store;
static PGconn *pg;
static struct proc_tree server;

/* ---- CPU of the tree ------------------------------------------------------------------------- */

/* Nanoseconds on a CPU so far (proc(5): schedstat). */
static double process_ms(pid_t pid)
{
    char path[40];
    unsigned long long ns = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu", &ns) != 1)
        ns = 0;
    fclose(f);
    return (double)ns / 1e6;
}

static double own_cpu_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

struct cpu {
    double own_ms, server_ms;
};

static struct cpu cpu_now(void)
{
    struct cpu cpu = {.own_ms = own_cpu_ms()};

    proc_tree_refresh(&server);
    for (size_t i = 0; i < server.n; i++)
        cpu.server_ms += process_ms(server.members[i].pid);
    return cpu;
}

static double spent_ms(struct cpu before)
{
    struct cpu now = cpu_now();

    return now.own_ms - before.own_ms + now.server_ms - before.server_ms;
}

static int64_t number(const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    int64_t n;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(pg)), exit(1);
    n = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return n;
}

/* ---- filling --------------------------------------------------------------------------------- */

static void make_word(char *out, size_t room, int i)
{
    if (i % 4 == 0)
        snprintf(out, room, "%s", bench_some_word());
    else if (i % 4 == 1)
        snprintf(out, room, "%s%s", bench_some_word(), bench_some_word());
    else
        snprintf(out, room, "%s", bench_words[bench_roll() % BENCH_WORDS]);
}

static void fill_keywords(int n)
{
    char *sql =
        mem_printf("INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
                   "SELECT 'p' || n, now(), now(), now() FROM generate_series(1, %d) n",
                   n / WORDS_EACH);
    const char *params[2];
    char word[64], user[16];

    bench_sql(pg, sql);
    mem_free(sql);
    bench_sql(pg, "BEGIN");
    for (int made = 0, tries = 0; made < n; tries++) {
        PGresult *result;

        make_word(word, sizeof(word), tries);
        snprintf(user, sizeof(user), "%d", made % (n / WORDS_EACH) + 1);
        params[0] = user;
        params[1] = word;
        result = PQexecParams(pg,
                              "INSERT INTO keyword_alarms (app_user_id, title, created_at) VALUES "
                              "($1::bigint, $2, now()) "
                              "ON CONFLICT DO NOTHING",
                              2, NULL, params, NULL, NULL, 0);
        made += atoi(PQcmdTuples(result));
        PQclear(result);
    }
    bench_sql(pg, "COMMIT");
}

/* What a crawl writes: the deals, and an event of each. */
static void arrive(int from, int to)
{
    bench_fill_postgres(pg, from, to);
    bench_sql(pg, "INSERT INTO deal_events (deal_id, kind, new_value, at) SELECT d.id, 'created', "
                  "d.title, now() "
                  "FROM deals d WHERE d.id > (SELECT coalesce(max(deal_id), 0) FROM deal_events) "
                  "ORDER BY d.id");
}

static void fill(int deals, int keywords)
{
    arrive(0, deals);
    bench_sql(pg, "VACUUM ANALYZE deal_events");
    bench_sql(pg, "UPDATE alarm_state SET event_id = (SELECT max(id) FROM deal_events)");
    fill_keywords(keywords);
    bench_sql(pg, "VACUUM ANALYZE keyword_alarms");
    bench_sql(pg, "VACUUM ANALYZE app_users");
}

/* ---- ours ------------------------------------------------------------------------------------ */

static struct keywords *keywords;
static int64_t n_pairs;

static void on_words(const struct store_alarm_word *words, int n, int64_t edits,
                     const struct err *err, void *ctx)
{
    (void)edits;
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    for (int i = 0; i < n; i++)
        keywords_add(keywords, words[i].id, words[i].user_id, words[i].title);
    loop_stop(loop);
}

static void on_titles(const struct store_alarm_titles *titles, const struct err *err, void *ctx)
{
    struct keyword_hits hits = {0};

    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    for (int i = 0; i < titles->n; i++) {
        keywords_match(keywords, titles->titles[i].title, &hits);
        n_pairs += (int64_t)hits.n;
    }
    keyword_hits_fini(&hits);
    loop_stop(loop);
}

static double load_keywords(int n)
{
    struct cpu before = cpu_now();

    keywords = keywords_new();
    store_alarm_words(store, 0, n, on_words, NULL);
    loop_run(loop);
    keywords_build(keywords);
    return spent_ms(before);
}

static double find(void)
{
    struct cpu before = cpu_now();

    n_pairs = 0;
    store_alarm_titles(store, NEW_DEALS, 0, on_titles, NULL);
    loop_run(loop);
    return spent_ms(before);
}

static int64_t n_found;

static void on_pass(const struct alarm_counts *counts, const struct err *err, void *ctx)
{
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    n_found = counts->found;
    loop_stop(loop);
}

static double pass(struct alarm *alarm)
{
    struct cpu before = cpu_now();

    alarm_pass(alarm, ALARM_ARRIVED, on_pass, NULL);
    loop_run(loop);
    return spent_ms(before);
}

/* ---- the original's -------------------------------------------------------------------------- */

#define CROSS                                                                         \
    "FROM deals d, keyword_alarms k WHERE d.id > (SELECT max(id) - 1000 FROM deals) " \
    "AND replace(d.title, ' ', '') ILIKE '%' || k.title || '%'"

static double originals_find(int64_t *pairs_out)
{
    struct cpu before = cpu_now();

    *pairs_out = number("SELECT count(DISTINCT (k.app_user_id, d.id)) " CROSS);
    return spent_ms(before);
}

static double originals_pass(void)
{
    struct cpu before = cpu_now();

    bench_sql(
        pg, "INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, created_at) "
            "SELECT k.app_user_id, d.id, k.title, now() " CROSS
            " ON CONFLICT (app_user_id, deal_id) DO NOTHING");
    return spent_ms(before);
}

/* ---------------------------------------------------------------------------------------------- */

static void row(const char *what, double ours_ms, double theirs_ms)
{
    if (theirs_ms > 0)
        printf("    %-40s %9.1f ms %12.0f ms %7.0fx\n", what, ours_ms, theirs_ms,
               theirs_ms / ours_ms);
    else
        printf("    %-40s %9.1f ms\n", what, ours_ms);
    fflush(stdout);
}

static int measure(int deals, int n_keywords)
{
    struct config config = {
        .timezone = (char *)"Asia/Seoul", .alarm_way = (char *)"digest", .alarm_hours = (char *)""};
    struct alarm *alarm = alarm_new(loop, &config, store);
    double load_ms, cold_ms, warm_ms, find_ms, their_find_ms, their_pass_ms;
    int64_t theirs, written;

    arrive(deals, deals + NEW_DEALS);
    cold_ms = pass(alarm);
    arrive(deals + NEW_DEALS, deals + 2 * NEW_DEALS);
    load_ms = load_keywords(n_keywords);
    find();
    find_ms = find();
    warm_ms = pass(alarm);
    written = n_found;
    their_find_ms = originals_find(&theirs);
    bench_sql(
        pg,
        "DELETE FROM keyword_pushalarm_lists WHERE deal_id > (SELECT max(id) - 1000 FROM deals)");
    their_pass_ms = originals_pass();

    printf("\n%d deals, %d keywords of %d users; %d new deals, %lld alarms\n", deals, n_keywords,
           n_keywords / WORDS_EACH, NEW_DEALS, (long long)written);
    printf("    %-40s %12s %15s %8s\n", "CPU of the whole tree", "ours", "the original's", "ratio");
    row("find: which user, which deal", find_ms, their_find_ms);
    row("pass: found and written", warm_ms, their_pass_ms);
    row("pass that reads the keywords anew", cold_ms, 0);
    row("of that: keywords read and built", load_ms, 0);
    printf("    automaton: %zu states, %.1f MiB with %zu keywords; this program: peak RSS ",
           keywords_states(keywords), (double)keywords_bytes(keywords) / (1 << 20),
           keywords_count(keywords));
    {
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        printf("%.1f MiB\n", (double)usage.ru_maxrss / 1024);
    }
    keywords_free(&keywords);
    alarm_free(&alarm);
    if (theirs == n_pairs && theirs == written)
        return 0;
    printf("    found %lld, wrote %lld, the original %lld: not the same\n", (long long)n_pairs,
           (long long)written, (long long)theirs);
    return 1;
}

static void on_migrated(int applied, int version, const struct err *err, void *ctx)
{
    (void)applied;
    (void)version;
    (void)ctx;
    if (err)
        fprintf(stderr, "%s\n", err->text), exit(1);
    loop_stop(loop);
}

static void connect_all(const struct test_pg *server_of)
{
    struct proc_stat backend;
    struct err err;

    if (store_open(loop, test_pg_url(server_of), TIMEOUT_MS, &store, &err) < 0)
        fprintf(stderr, "%s\n", err.text), exit(1);
    store_migrate(store, on_migrated, NULL);
    loop_run(loop);
    pg = PQconnectdb(test_pg_url(server_of));
    bench_sql(pg, "ALTER SYSTEM SET autovacuum = off");
    bench_sql(pg, "SELECT pg_reload_conf()");
    bench_sql(pg, "SET max_parallel_workers_per_gather = 0");
    check(proc_stat_read((pid_t)number("SELECT pg_backend_pid()"), &backend));
    proc_tree_init(&server, backend.ppid);
}

int main(int argc, char **argv)
{
    int deals = argc > 1 ? atoi(argv[1]) : 1000000, n_keywords = argc > 2 ? atoi(argv[2]) : 10000,
        rc;
    const char *why_not;
    struct test_pg *pg_server;
    struct err err;

    if (deals < 2000 || n_keywords < 100) {
        fprintf(stderr, "usage: bench-alarm [DEALS [KEYWORDS]] (2000, 100 and more)\n");
        return 2;
    }
    check(log_set_levels("warn", &err) == 0);
    pg_server = test_pg_start(&why_not);
    if (!pg_server) {
        printf("skipped: %s\n", why_not);
        return 0;
    }
    loop = loop_new();
    bench_make_words();
    connect_all(pg_server);
    fill(deals, n_keywords);
    rc = measure(deals, n_keywords);
    PQfinish(pg);
    store_free(&store);
    proc_tree_fini(&server);
    loop_free(&loop);
    test_pg_free(&pg_server);
    return rc;
}
