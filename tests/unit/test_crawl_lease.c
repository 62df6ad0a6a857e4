/* SPDX-License-Identifier: MIT */
/* test_crawl_lease.c - what becomes of due runs, with a fake of db/store_lease.h in the database's place. */
#include "crawl/lease.h"
#include "base/log.h"
#include "base/str.h"
#include "support/unit.h"

#include <stdlib.h>

enum { TTL_MS = 90 };

static struct world {
    struct loop *loop;
    struct leases *leases;
    /* the database */
    bool is_away;
    int others;           /* engines */
    const char *grants;   /* "site/kind" of what a claim gets, " " between */
    const char *keeps;    /* of renewals */
    const char *former;
    int tells, claims, renewals, gives;
    char told[200], gave[200];
    /* the service */
    const char *lines; /* as grants: what is offered */
    int room;
    bool is_stopping;
    char log[1000]; /* what came */
    const char *stop_at;
} world;

static void note(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void note(const char *fmt, ...)
{
    size_t len = strlen(world.log);
    va_list args;

    va_start(args, fmt);
    vsnprintf(world.log + len, sizeof(world.log) - len, fmt, args);
    va_end(args);
    if (world.stop_at && strstr(world.log, world.stop_at))
        loop_stop(world.loop);
}

/* ---- the fake -------------------------------------------------------------------------------- */

union answer {
    store_done_fn *done;
    store_leases_fn *leases;
    store_beat_fn *beat;
};

struct call {
    union answer fn;
    void *ctx;
    const char *names; /* of leases */
    int n;
    struct store_lease leases[10];
    char text[200];
};

static bool names_it(const char *names, const char *site, const char *kind)
{
    char *name = mem_printf("%s/%s", site, kind);
    bool found = names && strstr(names, name);

    mem_free(name);
    return found;
}

bool store_is_shared(const struct store *store)
{
    (void)store;
    return true;
}

const char *store_engine(const struct store *store)
{
    (void)store;
    return "one";
}

static const struct err *away(struct err *err)
{
    err_set(err, ERR_STORE_AWAY, "away");
    return world.is_away ? err : NULL;
}

static struct call *call_new(void *ctx)
{
    struct call *call = mem_new(struct call);

    call->ctx = ctx;
    return call;
}

static void answer_done(void *ctx)
{
    struct call *call = ctx;
    struct err err;

    call->fn.done(away(&err), call->ctx);
    mem_free(call);
}

static void answer_leases(void *ctx)
{
    struct call *call = ctx;
    struct err err;

    call->fn.leases(call->leases, world.is_away ? 0 : call->n, away(&err), call->ctx);
    mem_free(call);
}

static void answer_beat(void *ctx)
{
    struct call *call = ctx;
    struct store_beat beat = {.others = world.others};
    struct err err;

    call->fn.beat(world.is_away ? NULL : &beat, away(&err), call->ctx);
    mem_free(call);
}

void store_lease_tell(struct store *store, const struct store_lease *due, int n, store_done_fn *done,
                      void *ctx)
{
    struct call *call = call_new(ctx);

    (void)store;
    world.tells++;
    for (int i = 0; i < n; i++)
        snprintf(world.told + strlen(world.told), sizeof(world.told) - strlen(world.told), "%s/%s@%lld ",
                 due[i].site, due[i].kind, (long long)due[i].due_at_ms);
    call->fn.done = done;
    loop_defer(world.loop, answer_done, call);
}

/* A claim gets a line once. */
void store_lease_claim(struct store *store, const struct store_lease *lines, int n_lines,
                       const struct store_room *rooms, int n_rooms, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx)
{
    struct call *call = call_new(ctx);

    (void)store;
    assert_int_equal(ttl_ms, TTL_MS);
    assert_int_equal(n_rooms, 1);
    assert_string_equal(rooms[0].kind, "crawl");
    world.claims++;
    for (int i = 0; i < n_lines && !world.is_away; i++)
        if (names_it(world.grants, lines[i].site, lines[i].kind) && call->n < rooms[0].n)
            call->leases[call->n++] = (struct store_lease){
                names_it("a/crawl", lines[i].site, lines[i].kind) ? "a" : "b", "crawl", 1000, 7, world.former};
    if (call->n)
        world.grants = NULL;
    call->fn.leases = done;
    loop_defer(world.loop, answer_leases, call);
}

void store_lease_renew(struct store *store, const struct store_lease *leases, int n, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx)
{
    struct call *call = call_new(ctx);

    (void)store;
    assert_int_equal(ttl_ms, TTL_MS);
    world.renewals++;
    for (int i = 0; i < n; i++)
        if (names_it(world.keeps, leases[i].site, leases[i].kind))
            call->leases[call->n++] = (struct store_lease){
                names_it("a/crawl", leases[i].site, leases[i].kind) ? "a" : "b", "crawl", 1000,
                leases[i].number, NULL};
    call->fn.leases = done;
    loop_defer(world.loop, answer_leases, call);
}

void store_lease_give(struct store *store, const struct store_lease *lease, bool is_done,
                      store_done_fn *done, void *ctx)
{
    struct call *call = call_new(ctx);

    (void)store;
    world.gives++;
    snprintf(world.gave + strlen(world.gave), sizeof(world.gave) - strlen(world.gave), "%s/%s %lld %s ",
             lease->site, lease->kind, (long long)lease->number, is_done ? "done" : "not done");
    call->fn.done = done;
    loop_defer(world.loop, answer_done, call);
}

void store_engine_beat(struct store *store, const char *process, int64_t ttl_ms, int64_t alone_ms,
                       store_beat_fn *done, void *ctx)
{
    struct call *call = call_new(ctx);

    (void)store;
    assert_int_equal(strlen(process), 32);
    assert_true(alone_ms > ttl_ms);
    call->fn.beat = done;
    loop_defer(world.loop, answer_beat, call);
}

/* ---- the service ----------------------------------------------------------------------------- */

static void on_offer(struct lease_offer *offer, void *ctx)
{
    assert_ptr_equal(ctx, &world);
    if (names_it(world.lines, "a", "crawl"))
        lease_offer_line(offer, "a", "crawl");
    if (names_it(world.lines, "b", "crawl"))
        lease_offer_line(offer, "b", "crawl");
    lease_offer_room(offer, "crawl", world.room);
}

static bool on_granted(const struct store_lease *lease, void *ctx)
{
    (void)ctx;
    note("granted %s %lld@%lld ", lease->site, (long long)lease->number, (long long)lease->due_at_ms);
    return !world.is_stopping;
}

static void on_refused(const char *site, const char *kind, void *ctx)
{
    (void)ctx;
    assert_string_equal(kind, "crawl");
    note("refused %s ", site);
}

static void on_lost(const char *site, const char *kind, void *ctx)
{
    (void)ctx;
    assert_string_equal(kind, "crawl");
    note("lost %s ", site);
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static int setup(void **state)
{
    const struct leases_events events = {on_offer, on_granted, on_refused, on_lost};

    (void)state;
    log_set_sink(quiet, NULL);
    world = (struct world){.loop = loop_new(), .lines = "a/crawl b/crawl", .room = 2};
    world.leases = leases_new(world.loop, (struct store *)&world, TTL_MS, &events, &world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    leases_free(&world.leases);
    log_set_sink(NULL, NULL);
    loop_free(&world.loop);
    return 0;
}

static void run_until(const char *text)
{
    world.stop_at = text;
    if (!strstr(world.log, text))
        loop_run(world.loop);
    world.stop_at = NULL;
}

static void on_time(void *ctx)
{
    (void)ctx;
    loop_stop(world.loop);
}

static void run_for(int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(world.loop, on_time, NULL);

    loop_timer_start(timer, ms);
    loop_run(world.loop);
    loop_timer_free(&timer);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_is_due_is_told_and_granted_or_refused(void **state)
{
    (void)state;
    world.grants = "a/crawl";
    leases_start(world.leases);

    leases_due(world.leases, "a", "crawl", 1000);
    leases_due(world.leases, "b", "crawl", 2000);
    assert_string_equal(world.log, ""); /* never before the call returns */
    run_until("refused b");

    assert_string_equal(world.told, "a/crawl@1000 b/crawl@2000 ");
    assert_string_equal(world.log, "granted a 7@1000 refused b ");
}

static void without_room_nothing_is_claimed_until_there_is_some(void **state)
{
    (void)state;
    world.room = 0;
    world.grants = "a/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("refused a");
    assert_int_equal(world.claims, 0);

    world.room = 1;
    leases_look(world.leases);
    run_until("granted a");
    assert_string_equal(world.log, "refused a granted a 7@1000 ");
}

static void the_end_of_a_run_gives_the_lease_back_and_looks_for_more(void **state)
{
    (void)state;
    world.grants = "a/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("granted a");

    world.grants = "b/crawl";
    leases_ended(world.leases, "a", "crawl", 7);
    run_until("granted b");

    assert_string_equal(world.gave, "a/crawl 7 done ");
}

static void a_lease_that_is_not_renewed_is_lost_once(void **state)
{
    (void)state;
    world.grants = "a/crawl b/crawl";
    world.keeps = "b/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    leases_due(world.leases, "b", "crawl", 1000);
    run_until("lost a");
    leases_ended(world.leases, "a", "crawl", 7);
    run_for(TTL_MS);

    assert_true(world.renewals >= 2);
    assert_string_equal(world.log, "granted a 7@1000 granted b 7@1000 lost a ");
    assert_int_equal(world.gives, 0); /* it is another engine's */
}

static void renewals_come_three_times_in_a_leases_life(void **state)
{
    (void)state;
    world.grants = world.keeps = "a/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("granted a");
    run_for(2 * TTL_MS);

    assert_in_range(world.renewals, 1, 7); /* a loaded machine has fewer */
    assert_null(strstr(world.log, "lost"));
}

static void what_another_engine_left_is_found_by_the_beat(void **state)
{
    (void)state;
    leases_start(world.leases);
    run_for(TTL_MS / 3);
    world.grants = "b/crawl";
    world.former = "two";
    run_until("granted b");

    assert_int_equal(world.tells, 0);
}

static void who_does_not_want_it_any_more_gives_it_back_undone(void **state)
{
    (void)state;
    world.is_stopping = true;
    world.grants = "a/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("granted a");
    run_for(10);

    assert_string_equal(world.gave, "a/crawl 7 not done ");
    assert_int_equal(world.renewals, 0);
}

static void a_stopped_engine_refuses_and_still_renews(void **state)
{
    (void)state;
    world.grants = "a/crawl";
    world.keeps = "a/crawl";
    leases_start(world.leases);
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("granted a");

    leases_stop(world.leases);
    world.grants = "b/crawl";
    leases_due(world.leases, "b", "crawl", 1000);
    run_until("refused b");
    world.renewals = 0;
    run_for(TTL_MS);

    assert_true(world.renewals > 0);
    assert_null(strstr(world.log, "granted b"));
}

static void an_engine_that_shares_waits_for_a_database_that_is_away(void **state)
{
    (void)state;
    world.others = 1;
    leases_start(world.leases);
    run_for(10);
    world.is_away = true;
    leases_due(world.leases, "a", "crawl", 1000);
    run_until("refused a");

    world.is_away = false;
    world.grants = "a/crawl";
    run_until("granted a");
    assert_string_equal(world.log, "refused a granted a 7@1000 ");
    assert_true(world.tells >= 2);
}

static void an_engine_that_was_alone_goes_on_without_its_database(void **state)
{
    (void)state;
    leases_start(world.leases);
    run_for(10);
    world.is_away = true;
    leases_due(world.leases, "a", "crawl", 3000);
    run_until("granted a");

    assert_string_equal(world.log, "granted a 0@3000 ");
    leases_ended(world.leases, "a", "crawl", 0);
    run_for(10);
    assert_int_equal(world.gives, 0);
}

static void nothing_is_granted_before_the_start(void **state)
{
    (void)state;
    world.grants = "a/crawl";
    leases_due(world.leases, "a", "crawl", 1000);
    run_for(20);
    assert_string_equal(world.log, "");
    leases_start(world.leases);
    run_until("granted a");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_due_is_told_and_granted_or_refused),
        TEST(without_room_nothing_is_claimed_until_there_is_some),
        TEST(the_end_of_a_run_gives_the_lease_back_and_looks_for_more),
        TEST(a_lease_that_is_not_renewed_is_lost_once),
        TEST(renewals_come_three_times_in_a_leases_life),
        TEST(what_another_engine_left_is_found_by_the_beat),
        TEST(who_does_not_want_it_any_more_gives_it_back_undone),
        TEST(a_stopped_engine_refuses_and_still_renews),
        TEST(an_engine_that_shares_waits_for_a_database_that_is_away),
        TEST(an_engine_that_was_alone_goes_on_without_its_database),
        TEST(nothing_is_granted_before_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
