/* SPDX-License-Identifier: MIT */
/* test_db_lease.c - due runs and hosts as several engines divide them, and what a lease that was lost
 * refuses. PostgreSQL; a file of SQLite is one engine's and knows no leases.
 */
#include "db/store_lease.h"
#include "test_db.h"

enum { TTL_MS = 30000 };
static const int64_t DUE = AT, NEXT_DUE = AT + 60000;

/* ---- calls ----------------------------------------------------------------------------------- */

static struct store_lease got[32];
static int n_got;

static void on_leases(const struct store_lease *leases, int n, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    n_got = n;
    for (int i = 0; i < n; i++) {
        got[i] = leases[i];
        got[i].site = arena_strdup(&b->arena, leases[i].site);
        got[i].kind = arena_strdup(&b->arena, leases[i].kind);
        got[i].former = arena_strdup(&b->arena, leases[i].former);
    }
    bench_answer(b, err);
}

static const struct store_lease lines[] = {
    {.site = "a", .kind = "crawl"}, {.site = "b", .kind = "crawl"}, {.site = "c", .kind = "crawl"},
    {.site = "d", .kind = "crawl"}, {.site = "a", .kind = "alive"}, {.site = "-", .kind = "purge"},
};

static void tell_due(struct bench *b, int n, int64_t due_at_ms)
{
    struct store_lease due[ARRAY_LEN(lines)];

    for (int i = 0; i < n; i++) {
        due[i] = lines[i];
        due[i].due_at_ms = due_at_ms;
    }
    bench_ask(b);
    store_lease_tell(b->store, due, n, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

/* How many runs of each kind the engine gets. */
static int claim(struct bench *b, struct store *engine, int crawls, int others)
{
    const struct store_room rooms[] = {{"crawl", crawls}, {"alive", others}, {"purge", others}};

    bench_ask(b);
    store_lease_claim(engine, lines, ARRAY_LEN(lines), rooms, ARRAY_LEN(rooms), TTL_MS, on_leases, b);
    bench_wait(b);
    assert_ok(b);
    return n_got;
}

static int renew(struct bench *b, struct store *engine, const struct store_lease *leases, int n)
{
    bench_ask(b);
    store_lease_renew(engine, leases, n, TTL_MS, on_leases, b);
    bench_wait(b);
    assert_ok(b);
    return n_got;
}

static void give(struct bench *b, struct store *engine, const struct store_lease *lease, bool is_done)
{
    bench_ask(b);
    store_lease_give(engine, lease, is_done, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

/* Two engines, "one" and "two", on one database. */
static struct store *second_engine(struct bench *b)
{
    struct err err;

    assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[0], &err), 0);
    store_set_engine(b->others[0], "two");
    return b->others[0];
}

static struct bench *two_engines(void **state, struct store **two)
{
    struct bench *b = bench(state);

    store_set_engine(b->store, "one");
    *two = second_engine(b);
    return b;
}

static void let_leases_run_out(struct bench *b)
{
    ask(b, "UPDATE run_leases SET until = clock_timestamp() - interval '1 second'");
}

/* "one" has taken line a/crawl and begun its run; then it froze, and "two" has taken over. */
static struct store_lease lost_lease(struct bench *b, struct store *two)
{
    struct store_lease lost;

    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, b->store, 1, 0), 1);
    lost = got[0];
    bench_ask(b);
    store_run_begin(b->store,
                    &(struct store_run){.site = "a", .kind = "crawl", .lease = lost.number,
                                        .due_at_ms = DUE, .started_at_ms = AT},
                    on_number, b);
    bench_wait(b);
    let_leases_run_out(b);
    assert_int_equal(claim(b, two, 1, 0), 1);
    assert_int_equal(got[0].number, lost.number + 1);
    assert_string_equal(got[0].former, "one");
    assert_int_equal(got[0].due_at_ms, DUE);
    return lost;
}

static struct store_fence fence_of(const struct store_lease *lease)
{
    return (struct store_fence){lease->site, lease->kind, lease->number};
}

static void assert_lost(const struct bench *b)
{
    assert_int_equal(b->err.code, ERR_LEASE_LOST);
    assert_non_null(strstr(b->err.text, "another engine has taken over crawl of a"));
}

/* ---- due runs -------------------------------------------------------------------------------- */

static void engines_divide_what_is_due_as_far_as_they_have_room(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);

    tell_due(b, 6, DUE);
    assert_int_equal(claim(b, b->store, 2, 1), 4);
    assert_string_equal(got[0].site, "-");
    assert_int_equal(got[0].due_at_ms, DUE);
    assert_int_equal(got[0].number, 1);
    assert_null(got[0].former);

    tell_due(b, 6, DUE); /* by its own clock the other engine comes to the same */
    assert_int_equal(claim(b, two, 4, 4), 2);
    assert_string_equal(got[0].site, "c");
    assert_string_equal(got[1].site, "d");
    assert_int_equal(claim(b, two, 4, 4), 0);
    assert_int_equal(claim(b, b->store, 4, 4), 0);
}

static void nobody_gets_a_line_that_it_did_not_ask_for(void **state)
{
    struct bench *b = bench(state);
    const struct store_room room = {"crawl", 10};

    tell_due(b, 4, DUE);
    bench_ask(b);
    store_lease_claim(b->store, &lines[2], 1, &room, 1, TTL_MS, on_leases, b);
    bench_wait(b);
    assert_int_equal(n_got, 1);
    assert_string_equal(got[0].site, "c");
}

static void what_is_done_is_not_due_again_and_the_next_time_is(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);

    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, b->store, 1, 0), 1);
    give(b, b->store, &got[0], true);
    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, two, 1, 0), 0);
    tell_due(b, 1, DUE - 60000); /* its clock is behind */
    assert_int_equal(claim(b, two, 1, 0), 0);
    tell_due(b, 1, NEXT_DUE);
    assert_int_equal(claim(b, two, 1, 0), 1);
    assert_int_equal(got[0].due_at_ms, NEXT_DUE);
    assert_int_equal(got[0].number, 2);
    give(b, two, &got[0], false);
    assert_int_equal(claim(b, b->store, 1, 0), 1);
    assert_int_equal(got[0].due_at_ms, NEXT_DUE);
}

static void what_is_due_while_somebody_is_at_it_overlaps(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    struct store_lease lease;

    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, b->store, 1, 0), 1);
    lease = got[0];
    tell_due(b, 1, NEXT_DUE);
    give(b, b->store, &lease, true);
    assert_int_equal(claim(b, two, 1, 0), 0);
}

static void only_leases_that_are_still_ours_are_renewed(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    struct store_lease mine[2];

    tell_due(b, 2, DUE);
    assert_int_equal(claim(b, b->store, 2, 0), 2);
    mine[0] = got[0];
    mine[1] = got[1];
    let_leases_run_out(b); /* nobody was there to take them */
    assert_int_equal(renew(b, b->store, mine, 2), 2);
    assert_int_equal(claim(b, two, 2, 0), 0);
    let_leases_run_out(b);
    assert_int_equal(claim(b, two, 1, 0), 1);
    assert_int_equal(renew(b, b->store, mine, 2), 1);
    assert_string_equal(got[0].site, "b");
}

/* ---- the fence ------------------------------------------------------------------------------- */

static void write_under(struct bench *b, const struct store_lease *lease, int n)
{
    struct deal_row rows[] = {row_of("a", "1"), row_of("a", "2")};

    write_batch(b, &(struct store_batch){
                       .rows = rows, .n = n, .at_ms = AT, .fence = fence_of(lease)});
}

static void a_lost_lease_writes_no_deals(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    struct store_lease lost = lost_lease(b, two);
    struct store_alive_result gone = {"1", ALIVE_GONE_MARK};

    write_under(b, &lost, 2);
    assert_lost(b);
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "0\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM deal_events"), "0\n");

    write_under(b, &got[0], 1); /* whose it is now */
    assert_counts(b, 1, 0, 0);
    bench_ask(b);
    store_alive_write(b->store,
                      &(struct store_alive_batch){.site = "a", .results = &gone, .n = 1,
                                                  .at_ms = AT, .fence = fence_of(&lost)},
                      on_written, b);
    bench_wait(b);
    assert_lost(b);
    assert_string_equal(ask(b, "SELECT count(*) FROM deals WHERE is_deleted"), "0\n");
}

static void on_report(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    (void)id;
    (void)is_new;
    bench_answer(ctx, err);
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    (void)was_open;
    bench_answer(ctx, err);
}

static void a_lost_lease_writes_no_notes(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    struct store_lease lost = lost_lease(b, two);
    struct store_fence fence = fence_of(&lost), good = fence_of(&got[0]);
    struct store_field field = {"title", 1, 1, 0, 0};
    struct store_fields fields = {
        .run_id = 1, .site = "a", .layout = "l", .at_ms = AT, .fields = &field, .n_fields = 1};

    bench_ask(b);
    store_fields_write(store_under(b->store, &fence), &fields, on_done, b);
    bench_wait(b);
    assert_lost(b);
    bench_ask(b);
    store_state_set(store_under(b->store, &fence), "a", "name", "value", AT, on_done, b);
    bench_wait(b);
    assert_lost(b);
    bench_ask(b);
    store_report_open(store_under(b->store, &fence), "a", "drift", "text", NULL, AT, on_report, b);
    bench_wait(b);
    assert_lost(b);
    assert_string_equal(ask(b, "SELECT (SELECT count(*) FROM field_runs), (SELECT count(*) FROM site_state), "
                               "(SELECT count(*) FROM reports)"),
                        "0|0|0\n");

    bench_ask(b);
    store_report_open(store_under(b->store, &good), "a", "drift", "text", NULL, AT, on_report, b);
    bench_wait(b);
    assert_ok(b);
    bench_ask(b);
    store_report_close(store_under(b->store, &fence), "a", "drift", AT, on_closed, b);
    bench_wait(b);
    assert_lost(b);
    bench_ask(b);
    store_report_close(b->store, "a", "drift", AT, on_closed, b); /* the fence was the last call's */
    bench_wait(b);
    assert_ok(b);
}

static void end_run(struct bench *b, struct store *engine, int64_t id, int64_t lease)
{
    bench_ask(b);
    store_run_end(engine,
                  &(struct store_run){.id = id, .site = "a", .kind = "crawl", .lease = lease,
                                      .ended_at_ms = AT + 1000, .reason = "ok", .pages = 3},
                  on_done, b);
    bench_wait(b);
    assert_ok(b);
}

static void the_ledger_tells_of_a_lease_that_was_lost(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    struct store_lease lost = lost_lease(b, two);

    assert_string_equal(ask(b, "SELECT reason, detail FROM runs"), "engine-lost|its lease passed to two\n");
    end_run(b, b->store, 1, lost.number);
    assert_string_equal(ask(b, "SELECT engine, reason, pages FROM runs"), "one|lease-lost|3\n");
    assert_string_equal(ask(b, "SELECT holder, done_due_at FROM run_leases"), "two|-\n");
}

static void the_end_of_a_run_gives_its_lease_back_as_done(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);

    lost_lease(b, two);
    end_run(b, two, 1, got[0].number);
    assert_string_equal(ask(b, "SELECT reason FROM runs"), "ok\n");
    assert_string_equal(ask(b, "SELECT holder, done_due_at = due_at FROM run_leases"), "-|t\n");
    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, b->store, 1, 0), 0);
}

static void stop_loop(void *loop)
{
    loop_stop(loop);
}

/* Until the statement answers 1. */
static void wait_until(struct bench *b, const char *sql)
{
    struct loop_timer *timer = loop_timer_new(b->loop, stop_loop, b->loop);

    while (!str_eq(ask(b, sql), "1\n")) {
        loop_timer_start(timer, 10);
        loop_run(b->loop);
    }
    loop_timer_free(&timer);
}

/* A batch that is under way in the database is a lease that can't be taken, whatever the time. */
static void a_batch_under_way_keeps_its_lease(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    PGconn *blocker = PQconnectdb(b->url);
    struct deal_row row = row_of("a", "1");
    struct store_lease lease;

    tell_due(b, 1, DUE);
    assert_int_equal(claim(b, b->store, 1, 0), 1);
    lease = got[0];
    PQclear(PQexec(blocker, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                            "$$BEGIN PERFORM pg_advisory_lock(1); RETURN NULL; END$$; "
                            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON deals DEFERRABLE INITIALLY DEFERRED "
                            "FOR EACH ROW EXECUTE FUNCTION slow(); SELECT pg_advisory_lock(1)"));
    let_leases_run_out(b);

    bench_ask(b);
    store_write(b->store,
                &(struct store_batch){.rows = &row, .n = 1, .at_ms = AT, .fence = fence_of(&lease)},
                on_written, b);
    wait_until(b, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    bench_ask(b);
    store_lease_claim(two, lines, 1, &(struct store_room){"crawl", 1}, 1, TTL_MS, on_leases, b);
    bench_wait(b);
    assert_int_equal(n_got, 0);
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "0\n");

    PQclear(PQexec(blocker, "SELECT pg_advisory_unlock(1)"));
    bench_ask(b);
    bench_wait(b);
    assert_counts(b, 1, 0, 0);
    assert_int_equal(claim(b, two, 1, 0), 1);
    PQfinish(blocker);
}

static void without_a_lease_everything_is_as_ever(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("a", "1");
    struct store_fence any = {"a", "crawl", 5};

    write_row(b, &row);
    bench_ask(b);
    store_state_set(store_under(b->store, NULL), "a", "name", "value", AT, on_done, b);
    bench_wait(b);
    assert_ok(b);
    bench_ask(b);
    store_state_set(store_under(b->store, &any), "a", "name", "other", AT, on_done, b);
    bench_wait(b);
    assert_int_equal(b->err.code, b->is_postgres ? ERR_LEASE_LOST : ERR_OK);
    assert_int_equal(store_is_shared(b->store), b->is_postgres);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static struct store_turn turn;

static void on_turn(const struct store_turn *answer, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    turn = err ? (struct store_turn){0} : *answer;
    turn.reason = arena_strdup(&b->arena, turn.reason);
    turn.why = arena_strdup(&b->arena, turn.why);
    bench_answer(b, err);
}

static int64_t take(struct bench *b, struct store *engine, int64_t min_delay_ms)
{
    bench_ask(b);
    store_turn_take(engine, "board.example", min_delay_ms, TTL_MS, on_turn, b);
    bench_wait(b);
    assert_ok(b);
    return turn.number;
}

static void give_turn(struct bench *b, struct store *engine, struct store_turn_end end)
{
    end.turn.host = "board.example";
    bench_ask(b);
    store_turn_give(engine, &end, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

static void assert_wait(int64_t at_most_ms)
{
    assert_int_equal(turn.number, 0);
    assert_in_range(turn.wait_ms, at_most_ms * 3 / 4, at_most_ms);
}

static void one_engine_at_a_time_has_a_host(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    int64_t number = take(b, b->store, 0);

    assert_true(number > 0);
    assert_int_equal(take(b, two, 0), 0);
    assert_true(turn.is_held);
    assert_wait(TTL_MS);
    bench_ask(b);
    store_turn_renew(b->store, &(struct store_turn_name){"board.example", number}, 1, 2 * TTL_MS, on_done, b);
    bench_wait(b);
    take(b, two, 0);
    assert_wait(2 * TTL_MS);

    give_turn(b, b->store, (struct store_turn_end){.turn.number = number});
    assert_true(take(b, two, 0) > number);
    give_turn(b, b->store, (struct store_turn_end){.turn.number = number}); /* late: not ours any more */
    assert_int_equal(take(b, b->store, 0), 0);
    ask(b, "UPDATE host_turns SET until = clock_timestamp()"); /* two is dead */
    assert_true(take(b, b->store, 0) > number + 1);
}

static void a_turn_whose_return_was_lost_is_taken_anew_by_its_engine_alone(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);
    int64_t number = take(b, b->store, 0);

    assert_int_equal(take(b, two, 0), 0);
    assert_int_equal(take(b, b->store, 0), number + 1);
    give_turn(b, b->store, (struct store_turn_end){.turn.number = number}); /* late after all */
    assert_int_equal(take(b, two, 0), 0);
}

static void pauses_of_a_host_hold_for_all_engines(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);

    take(b, b->store, 0);
    give_turn(b, b->store, (struct store_turn_end){.turn.number = turn.number, .delay_ms = 20000});
    take(b, two, 0);
    assert_false(turn.is_held);
    assert_wait(20000);
    take(b, two, 40000); /* the longer of both */
    assert_wait(40000);

    ask(b, "UPDATE host_turns SET next_at = '-infinity', released_at = '-infinity'");
    assert_true(take(b, two, 40000) > 0);
    give_turn(b, two,
              (struct store_turn_end){.turn.number = turn.number, .told = TURN_TROUBLE, .away_ms = 60000,
                                      .troubles = 3, .reason = "rate-limited", .why = "status 429"});
    take(b, b->store, 0);
    assert_wait(60000);
    assert_in_range(turn.away_ms, 45000, 60000);
    assert_int_equal(turn.troubles, 3);
    assert_string_equal(turn.reason, "rate-limited");
    assert_string_equal(turn.why, "status 429");

    ask(b, "UPDATE host_turns SET away_until = '-infinity'");
    take(b, b->store, 0);
    assert_int_equal(turn.troubles, 3);
    give_turn(b, b->store, (struct store_turn_end){.turn.number = turn.number, .told = TURN_FINE});
    assert_true(take(b, b->store, 0) > 0);
    assert_int_equal(turn.troubles, 0);
    assert_null(turn.why);
}

/* ---- who is at work -------------------------------------------------------------------------- */

static struct store_beat beat;

static void on_beat(const struct store_beat *answer, const struct err *err, void *ctx)
{
    beat = answer ? *answer : (struct store_beat){-1, false};
    bench_answer(ctx, err);
}

static void beat_of(struct bench *b, struct store *engine, const char *process)
{
    bench_ask(b);
    store_engine_beat(engine, process, TTL_MS, 10 * TTL_MS, on_beat, b);
    bench_wait(b);
    assert_ok(b);
}

static void an_engine_knows_whether_it_is_alone(void **state)
{
    struct store *two;
    struct bench *b = two_engines(state, &two);

    beat_of(b, b->store, "p1");
    assert_int_equal(beat.others, 0);
    assert_false(beat.is_doubled);
    beat_of(b, two, "p2");
    assert_int_equal(beat.others, 1);
    beat_of(b, b->store, "p3"); /* two processes of one name */
    assert_true(beat.is_doubled);
    ask(b, "UPDATE engines SET seen_at = seen_at - interval '1 hour'");
    beat_of(b, b->store, "p4");
    assert_int_equal(beat.others, 0);
    assert_false(beat.is_doubled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PG(test) {#test, test, setup_postgres, teardown, NULL}
        PG(engines_divide_what_is_due_as_far_as_they_have_room),
        PG(nobody_gets_a_line_that_it_did_not_ask_for),
        PG(what_is_done_is_not_due_again_and_the_next_time_is),
        PG(what_is_due_while_somebody_is_at_it_overlaps),
        PG(only_leases_that_are_still_ours_are_renewed),
        PG(a_lost_lease_writes_no_deals),
        PG(a_lost_lease_writes_no_notes),
        PG(the_ledger_tells_of_a_lease_that_was_lost),
        PG(the_end_of_a_run_gives_its_lease_back_as_done),
        PG(a_batch_under_way_keeps_its_lease),
        BOTH(without_a_lease_everything_is_as_ever),
        PG(one_engine_at_a_time_has_a_host),
        PG(a_turn_whose_return_was_lost_is_taken_anew_by_its_engine_alone),
        PG(pauses_of_a_host_hold_for_all_engines),
        PG(an_engine_knows_whether_it_is_alone),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
