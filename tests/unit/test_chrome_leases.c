/* SPDX-License-Identifier: MIT */
/* test_chrome_leases.c - thousands of leases on a Chrome that never acknowledges a close: slots add up, nothing grows.
 *
 * The Chrome is tests/fakechrome, told to answer everything but Target.closeTarget and Browser.close.
 */
#include "test_chrome.h"

#include "base/clock.h"

#include <malloc.h>

enum { LEASES = 10000, WARM_LEASES = 2000, KINDS = 4, GROWTH_MAX_BYTES = 512 << 10 };

static const char script[] = "default Target.closeTarget ignore\n"
                             "default Browser.close ignore\n";

struct run {
    struct world *world;
    int asked, ended, refused;
    struct lease *held[MAX_HOLDERS];
    int64_t warm_bytes;
};

struct place {
    struct run *run;
    int number;
    int kind; /* of its lease */
};

extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static int64_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return (int64_t)__sanitizer_get_current_allocated_bytes();
    return (int64_t)mallinfo2().uordblks;
}

static char *copy_fake(struct world *w)
{
    char self[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *program = mem_printf("%s/chrome", w->run_dir);
    char *note = mem_printf("%s.script", program);
    char *command;
    FILE *file = fopen(note, "we");

    assert_true(len > 0);
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    command =
        mem_printf("cp '%s/../bin/fakechrome' '%s' && chmod 755 '%s'", self, program, program);
    assert_int_equal(system(command), 0);
    assert_non_null(file);
    fputs(script, file);
    fclose(file);
    mem_free(command);
    mem_free(note);
    return program;
}

static void remove_fake(char *program)
{
    char *note = mem_printf("%s.script", program);

    unlink(program);
    unlink(note);
    mem_free(note);
    mem_free(program);
}

static void assert_sums(const struct world *w)
{
    struct pool_stats stats;

    pool_stats(w->pool, &stats);
    assert_int_equal(stats.idle + stats.leased + stats.dying, stats.slots);
    assert_int_equal(stats.slot_leaks, 0);
}

static void ask_next(struct place *place);

static void lease_is_over(struct place *place)
{
    struct run *run = place->run;

    assert_sums(run->world);
    if (++run->ended == WARM_LEASES)
        run->warm_bytes = heap_bytes();
    if (run->asked < LEASES)
        ask_next(place);
    else if (run->ended == LEASES)
        loop_stop(run->world->loop);
}

static void on_place_lost(const struct err *why, void *ctx)
{
    struct place *place = ctx;

    (void)why;
    place->run->held[place->number] = NULL;
    lease_is_over(place);
}

static void on_place_navigated(const struct err *err, void *ctx)
{
    struct place *place = ctx;

    pool_return(&place->run->held[place->number], err == NULL && place->kind == 0);
    lease_is_over(place);
}

/* By turns: given back at once in bad health, kept past its deadline, and used for a page. */
static void on_place_granted(struct lease *lease, const struct err *err, void *ctx)
{
    struct place *place = ctx;
    struct tab_page page = {
        .url = "http://fake.invalid/", .own_origin = "http://fake.invalid", .timeout_ms = PAGE_MS};

    if (err) {
        place->run->refused++;
        lease_is_over(place);
        return;
    }
    place->run->held[place->number] = lease;
    switch (place->kind) {
    case 0:
    case 1:
        tab_navigate(lease_tab(lease), &page, on_place_navigated, place);
        return;
    case 2:
        return; /* its deadline of 1 ms */
    default:
        pool_return(&place->run->held[place->number], false);
        lease_is_over(place);
    }
}

static void ask_next(struct place *place)
{
    struct lease_events events = {on_place_granted, on_place_lost};
    struct lease_request request = {
        .site = place->number % 2 ? "a" : "b", .url = "http://fake.invalid/", .wait_ms = WAIT_MS};

    place->kind = place->run->asked++ % KINDS;
    request.hold_ms = place->kind == 2 ? 1 : HOLD_MS;
    pool_lease(place->run->world->pool, &request, &events, place);
}

static void slots_add_up_over_ten_thousand_leases_without_one_close(void **state)
{
    struct world *w = *state;
    struct run run = {.world = w};
    struct place places[MAX_HOLDERS];
    struct pool_stats stats;
    char *program = copy_fake(w), *set = mem_printf("chrome=%s", program);

    make_pool(w, set, "browsers=2", "close_timeout=500ms", "pages_per_browser=0",
              "launch_backoff=10ms");
    mem_free(set);
    for (int i = 0; i < MAX_HOLDERS; i++) {
        places[i] = (struct place){.run = &run, .number = i};
        ask_next(&places[i]);
    }
    loop_run(w->loop);

    pool_stats(w->pool, &stats);
    assert_int_equal(run.ended, LEASES);
    assert_int_equal(run.refused, 0);
    assert_int_equal(stats.leases_granted, LEASES);
    assert_int_equal(stats.leased, 0);
    assert_true(stats.recycles[RECYCLE_NO_ANSWER] > 0);
    assert_int_equal(stats.ends[ERR_TIMEOUT], LEASES / KINDS);
    assert_true(heap_bytes() - run.warm_bytes < GROWTH_MAX_BYTES);
    print_message("%lld browsers, heap grew by %lld bytes\n", stats.browsers_started,
                  (long long)(heap_bytes() - run.warm_bytes));
    stop_pool(w);
    remove_fake(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(slots_add_up_over_ten_thousand_leases_without_one_close),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
