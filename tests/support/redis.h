/* SPDX-License-Identifier: MIT */
/* redis.h - a throw-away Redis for one test program, on a port of loopback; it keeps nothing on disk and
 * ends with the test program at the latest.
 */
#ifndef TESTS_SUPPORT_REDIS_H
#define TESTS_SUPPORT_REDIS_H

struct test_redis;

/* NULL: there is none (package redis-server). password may be NULL. Blocks until it answers. */
struct test_redis *test_redis_start(const char *password);
int test_redis_port(const struct test_redis *redis);
void test_redis_stop(struct test_redis *redis);  /* killed */
void test_redis_again(struct test_redis *redis); /* on the same port, empty */
void test_redis_pause(struct test_redis *redis);
void test_redis_resume(struct test_redis *redis);
void test_redis_free(struct test_redis **redis);

#endif
