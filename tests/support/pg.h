/* SPDX-License-Identifier: MIT */
/* pg.h - a throw-away PostgreSQL for one test program.
 *
 * The server lives in its own temporary directory, listens on a unix socket in it only, does not sync, and
 * ends with the test program at the latest. As root it runs as user postgres (else nobody).
 */
#ifndef TESTS_SUPPORT_PG_H
#define TESTS_SUPPORT_PG_H

struct test_pg;

/* NULL: there is none, and *why_not says why; the test is then skipped with that reason. Blocks until the
 * server answers (about two seconds). */
struct test_pg *test_pg_start(const char **why_not);

/* The same as a server is shipped: it syncs, and has its usual buffers. For benchmarks. */
struct test_pg *test_pg_start_durable(const char **why_not);

/* Database "postgres" of the superuser, as a libpq URL. */
const char *test_pg_url(const struct test_pg *pg);

void test_pg_stop(struct test_pg *pg);  /* fast shutdown: connections are closed; the data stays */
void test_pg_again(struct test_pg *pg); /* start it again after test_pg_stop */

/* Freeze and wake all of its processes: connections stay open and nothing answers. */
void test_pg_pause(struct test_pg *pg);
void test_pg_resume(struct test_pg *pg);

void test_pg_free(struct test_pg **pg); /* stops it, removes the directory */

#endif
