/* SPDX-License-Identifier: MIT */
/* test_chrome_rules.c - what the pool decides by: pauses between starts, turns of waiters, memory of the machine. */
#include "base/clock.h"
#include "base/log.h"
#include "chrome/breaker.h"
#include "chrome/launch_why.h"
#include "chrome/pressure.h"
#include "chrome/waiters.h"
#include "support/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int errors, warnings, infos;
} logged;

static void count(enum log_level level, const char *line, void *ctx)
{
    (void)line;
    (void)ctx;
    logged.errors += level == LOG_ERROR;
    logged.warnings += level == LOG_WARN;
    logged.infos += level == LOG_INFO;
}

static int setup(void **state)
{
    (void)state;
    logged.errors = logged.warnings = logged.infos = 0;
    log_set_sink(count, NULL);
    clock_fake_set(1800000000000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clock_fake_off();
    log_set_sink(NULL, NULL);
    return 0;
}

/* ---- breaker --------------------------------------------------------------------------------------- */

static void fail_to_start(struct breaker *breaker)
{
    struct err why;

    err_set(&why, ERR_LAUNCH, "it exited with status 3");
    breaker_failed(breaker, &why);
}

static void pauses_double_up_to_a_minute(void **state)
{
    struct breaker breaker;
    int64_t most_ms = 2000;

    (void)state;
    breaker_init(&breaker, 2000, 60000, 100);
    assert_int_equal(breaker_wait_ms(&breaker), 0);
    for (int i = 0; i < 8; i++) {
        fail_to_start(&breaker);
        assert_in_range(breaker_wait_ms(&breaker), most_ms * 3 / 4, most_ms);
        most_ms = most_ms * 2 > 60000 ? 60000 : most_ms * 2;
        clock_fake_advance(breaker_wait_ms(&breaker));
        assert_int_equal(breaker_wait_ms(&breaker), 0);
    }
}

static void opens_once_with_an_error_and_closes_with_a_word(void **state)
{
    struct breaker breaker;

    (void)state;
    breaker_init(&breaker, 2000, 60000, 5);
    for (int i = 0; i < 4; i++)
        fail_to_start(&breaker);
    assert_false(breaker.open);
    assert_int_equal(logged.errors, 0);
    fail_to_start(&breaker);
    assert_true(breaker.open);
    fail_to_start(&breaker);
    assert_int_equal(logged.errors, 1);
    assert_int_equal(logged.warnings, 5);
    assert_string_equal(breaker_reason(&breaker)->text, "it exited with status 3");

    breaker_succeeded(&breaker);
    assert_false(breaker.open);
    assert_null(breaker_reason(&breaker));
    assert_int_equal(breaker_wait_ms(&breaker), 0);
    assert_int_equal(logged.infos, 1);
    breaker_succeeded(&breaker);
    assert_int_equal(logged.infos, 1);
}

static void pauses_begin_anew_only_after_a_page(void **state)
{
    struct breaker breaker;

    (void)state;
    breaker_init(&breaker, 2000, 60000, 5);
    fail_to_start(&breaker);
    fail_to_start(&breaker);
    breaker_succeeded(&breaker); /* it came up, and dies again */
    fail_to_start(&breaker);
    assert_in_range(breaker_wait_ms(&breaker), 6000, 8000);

    breaker_succeeded(&breaker);
    breaker_reset(&breaker);
    fail_to_start(&breaker);
    assert_in_range(breaker_wait_ms(&breaker), 1500, 2000);
}

/* ---- waiters --------------------------------------------------------------------------------------- */

struct guest {
    struct waiter waiter;
    char name;
};

static char serve(struct waiters *waiters)
{
    struct waiter *first = waiters_first(waiters);

    if (!first)
        return '-';
    waiters_serve(waiters, first);
    return container_of(first, struct guest, waiter)->name;
}

static void add(struct waiters *waiters, const char *site, struct guest *guest, char name)
{
    *guest = (struct guest){.name = name};
    waiters_add(waiters, site, &guest->waiter);
}

static void sites_take_turns_and_keep_their_own_order(void **state)
{
    struct waiters waiters;
    struct guest guests[6];
    char order[8] = "";

    (void)state;
    waiters_init(&waiters);
    add(&waiters, "a", &guests[0], '1');
    add(&waiters, "a", &guests[1], '2');
    add(&waiters, "a", &guests[2], '3');
    add(&waiters, "b", &guests[3], '4');
    add(&waiters, "c", &guests[4], '5');
    add(&waiters, "b", &guests[5], '6');
    for (int i = 0; i < 7; i++)
        order[i] = serve(&waiters);

    assert_string_equal(order, "145263-"); /* and the seventh finds nobody */
    assert_int_equal(waiters.n, 0);
}

static void who_gives_up_does_not_cost_the_site_its_turn(void **state)
{
    struct waiters waiters;
    struct guest guests[3];

    (void)state;
    waiters_init(&waiters);
    add(&waiters, "a", &guests[0], '1');
    add(&waiters, "a", &guests[1], '2');
    add(&waiters, "b", &guests[2], '3');
    waiters_remove(&waiters, &guests[0].waiter);
    waiters_remove(&waiters, &guests[0].waiter);

    assert_int_equal(serve(&waiters), '2');
    assert_int_equal(serve(&waiters), '3');
    assert_int_equal(serve(&waiters), '-');
}

/* ---- pressure -------------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", dir, name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    mem_free(path);
}

static void remove_file(const char *dir, const char *name)
{
    char *path = mem_printf("%s/%s", dir, name);

    assert_int_equal(remove(path), 0);
    mem_free(path);
}

static void pressure_is_told_by_free_memory_and_by_stalls(void **state)
{
    char dir[] = "/tmp/pressure-test-XXXXXX", why[PRESSURE_TEXT_BYTES];
    struct pressure_limits limits = {
        .proc_dir = dir, .min_free_bytes = 64 << 20, .max_stall_percent = 20};
    char *pressure;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_false(pressure_is_high(&limits, why)); /* it does not tell */
    pressure = mem_printf("%s/pressure", dir);
    assert_int_equal(mkdir(pressure, 0700), 0);
    mem_free(pressure);

    write_file(dir, "meminfo",
               "MemTotal:  2000000 kB\nMemFree:  10 kB\nMemAvailable:      65536 kB\n");
    write_file(dir, "pressure/memory",
               "some avg10=80.00 avg60=0 avg300=0 total=1\nfull avg10=20.00 avg60=90.00 avg300=0 "
               "total=1\n");
    assert_false(pressure_is_high(&limits, why));
    write_file(dir, "meminfo",
               "MemTotal:  2000000 kB\nMemFree:  10 kB\nMemAvailable:      65535 kB\n");
    assert_true(pressure_is_high(&limits, why));
    assert_string_equal(why, "64 MiB of memory available, min_free_memory is 64");
    limits.min_free_bytes = 0;
    assert_false(pressure_is_high(&limits, why));
    write_file(dir, "pressure/memory",
               "some avg10=80.00\nfull avg10=20.01 avg60=0 avg300=0 total=1\n");
    assert_true(pressure_is_high(&limits, why));
    assert_string_equal(why, "stalled for memory for 20 % of 10 s, max_memory_pressure is 20");
    limits.max_stall_percent = 0;
    assert_false(pressure_is_high(&limits, why));

    remove_file(dir, "meminfo");
    remove_file(dir, "pressure/memory");
    remove_file(dir, "pressure");
    assert_int_equal(rmdir(dir), 0);
}

/* ---- causes ---------------------------------------------------------------------------------------- */

static void a_cause_that_is_not_known_stays_as_it_was_told(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_LAUNCH, "exited with status 9; it said: something new");
    launch_explain("/opt/chrome", "/tmp", "something new", &err);

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_string_equal(err.text, "/opt/chrome: exited with status 9; it said: something new");
}

static void only_what_the_system_lacks_changes_a_browser_s_end(void **state)
{
    (void)state;
    assert_int_equal(launch_why_code("write failed: No space left on device"), ERR_DISK);
    assert_int_equal(launch_why_code("socket: Too many open files"), ERR_FDS);
    assert_int_equal(launch_why_code("No usable sandbox!"), ERR_OK);
    assert_int_equal(launch_why_code(""), ERR_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pauses_double_up_to_a_minute),
        TEST(opens_once_with_an_error_and_closes_with_a_word),
        TEST(pauses_begin_anew_only_after_a_page),
        TEST(sites_take_turns_and_keep_their_own_order),
        TEST(who_gives_up_does_not_cost_the_site_its_turn),
        TEST(pressure_is_told_by_free_memory_and_by_stalls),
        TEST(a_cause_that_is_not_known_stays_as_it_was_told),
        TEST(only_what_the_system_lacks_changes_a_browser_s_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
