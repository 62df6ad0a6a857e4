/* SPDX-License-Identifier: MIT */
/* deals.h - made-up deals for the benchmarks of the database, the same in each run.
 *
 * Titles: words of two to four syllables, of which some are frequent and most are rare (Zipf), a number, blanks
 * anywhere.
 */
#ifndef TESTS_BENCH_DEALS_H
#define TESTS_BENCH_DEALS_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_WORDS = 4000 };
extern char bench_words[BENCH_WORDS][16]; /* the most frequent first */

void bench_make_words(void); /* once, before all others */
uint64_t bench_roll(void);
const char *bench_some_word(void); /* as often as in titles */
void bench_title(char *out, size_t room, int i);

/* A minute older with each deal; or newer, as they come in life, when they are bench_oldest_first many. */
int64_t bench_sort_at_ms(int i);
extern int bench_oldest_first;

/* Run the statement, or print its error and exit. */
void bench_sql(PGconn *pg, const char *text);

/* Deals from..to - 1, without events; in bulk when the table is empty (from is 0). */
void bench_fill_postgres(PGconn *pg, int from, int to);

/* A moment of the monotonic clock, for how long something took. */
double bench_now_ms(void);

#endif
