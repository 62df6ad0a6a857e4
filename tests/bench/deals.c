/* SPDX-License-Identifier: MIT */
/* deals.c - see deals.h. */
#include "bench/deals.h"
#include "base/buf.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 5000 };

static uint64_t seed = 88172645463325252u;

/* xorshift64 */
uint64_t bench_roll(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

char bench_words[BENCH_WORDS][16];
static double chances[BENCH_WORDS]; /* ascending to 1 */

void bench_make_words(void)
{
    double sum = 0;

    for (int i = 0; i < BENCH_WORDS; i++) {
        int syllables = i < 20 ? 2 : 2 + (int)(bench_roll() % 3);
        char *to = bench_words[i];

        for (int k = 0; k < syllables; k++) {
            uint32_t c = 0xac00 + (uint32_t)(bench_roll() % 11172);

            *to++ = (char)(0xe0 | c >> 12);
            *to++ = (char)(0x80 | (c >> 6 & 63));
            *to++ = (char)(0x80 | (c & 63));
        }
        chances[i] = sum += 1.0 / (i + 10);
    }
    for (int i = 0; i < BENCH_WORDS; i++)
        chances[i] /= sum;
}

const char *bench_some_word(void)
{
    double at = (double)(bench_roll() >> 11) / (double)(UINT64_C(1) << 53);
    int low = 0, high = BENCH_WORDS - 1;

    while (low < high) {
        int middle = (low + high) / 2;

        if (chances[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return bench_words[low];
}

void bench_title(char *out, size_t room, int i)
{
    snprintf(out, room, "[%s] %s %s%s%s %s %d", bench_some_word(), bench_some_word(),
             bench_some_word(), bench_roll() % 2 ? " " : "", bench_some_word(), bench_some_word(),
             i % 1000);
}

int bench_oldest_first;

int64_t bench_sort_at_ms(int i)
{
    int minutes = bench_oldest_first ? bench_oldest_first - i : i;

    return INT64_C(1700000000000) - (int64_t)minutes * 60000;
}

void bench_sql(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);

    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        fprintf(stderr, "%s: %s\n", text, PQerrorMessage(pg)), exit(1);
    PQclear(result);
}

static void copy_deals(PGconn *pg, int from, int to)
{
    char title[300], at[CLOCK_RFC3339_BYTES];
    struct buf lines;

    bench_sql(pg, "COPY deals (site, website, post_key, product_id, title, url, is_sold_out, "
                  "sort_at, created_at, "
                  "updated_at, last_change) FROM STDIN");
    buf_init(&lines, BUF_MAX_DEFAULT);
    for (int i = from; i < to; i++) {
        bench_title(title, sizeof(title), i);
        clock_format_utc_ms(bench_sort_at_ms(i), at);
        buf_addf(&lines, "a\tA\t%d\ta_%d\t%s\thttps://a.example/%d\tf\t%s\t%s\t%s\t1\n", i, i,
                 title, i, at, at, at);
        if (i % BATCH == BATCH - 1 || i == to - 1) {
            check(PQputCopyData(pg, lines.data, (int)lines.len) == 1);
            buf_clear(&lines);
        }
    }
    check(PQputCopyEnd(pg, NULL) == 1);
    PQclear(PQgetResult(pg));
    while (PQgetResult(pg))
        ;
    buf_fini(&lines);
}

/* In bulk: row by row the index would take minutes for a million. */
void bench_fill_postgres(PGconn *pg, int from, int to)
{
    if (from == 0)
        bench_sql(pg, "DROP INDEX deals_grams");
    copy_deals(pg, from, to);
    if (from)
        return;
    bench_sql(pg, "CREATE INDEX deals_grams ON deals USING gin (deal_grams(title_fold)) WITH "
                  "(fastupdate = off)");
    bench_sql(pg, "VACUUM ANALYZE deals");
}

double bench_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}
