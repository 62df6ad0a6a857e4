/* SPDX-License-Identifier: MIT */
/* test_db_watch.c - events read in order, and a commit that is known at once to who watches. */
#include "db/store_watch.h"
#include "support/wire.h"
#include "test_db.h"

#include <unistd.h>

enum { MAX_EVENTS = 10, SOON_MS = 1000 };

static struct seen {
    char events[4000]; /* "id kind key title twins;" of each */
    struct store_watch *watch;
    struct wire *wire;
    struct store_changes told;
    int n_told, n_lost;
    bool is_waited_for;
} seen;

static void on_events(const struct store_news *events, int n, const struct err *err, void *ctx)
{
    *seen.events = '\0';
    for (int i = 0; i < n; i++) {
        const struct store_news *event = &events[i];
        size_t len = strlen(seen.events);

        snprintf(seen.events + len, sizeof(seen.events) - len, "%lld %s %s>%s %s:%s:%d;",
                 (long long)event->id, event->kind, event->old_value ? event->old_value : "-",
                 event->new_value ? event->new_value : "-", event->deal->row.key,
                 event->deal->row.title, event->deal->n_also_on);
        assert_int_equal(event->at_ms, AT);
    }
    bench_answer(ctx, err);
}

static const char *read_events(struct bench *b, int64_t after_id, int limit, bool newest)
{
    bench_ask(b);
    store_news_read(b->store, after_id, limit, newest, on_events, b);
    bench_wait(b);
    assert_ok(b);
    return seen.events;
}

static struct deal_row titled(const char *site, const char *key, const char *title)
{
    struct deal_row row = row_of(site, key);

    row.title = title;
    row.shop_key = "shop/1";
    return row;
}

static void events_come_in_order_with_the_deal_as_it_is_now(void **state)
{
    struct bench *b = bench(state);
    struct deal_row first[] = {titled("a", "1", "one"), titled("b", "2", "two")};
    struct deal_row edited = titled("a", "1", "ONE");

    write_rows(b, first, 2);
    edited.sold_out = true;
    write_row(b, &edited);

    assert_string_equal(read_events(b, 0, MAX_EVENTS, false),
                        "1 created ->one 1:ONE:1;2 created ->two 2:two:1;"
                        "3 title one>ONE 1:ONE:1;4 sold_out ->- 1:ONE:1;");
    assert_string_equal(read_events(b, 2, 1, false), "3 title one>ONE 1:ONE:1;");
    assert_string_equal(read_events(b, 0, 2, true),
                        "3 title one>ONE 1:ONE:1;4 sold_out ->- 1:ONE:1;");
    assert_string_equal(read_events(b, 4, MAX_EVENTS, false), "");
}

/* ---- watching -------------------------------------------------------------------------------- */

static void on_changed(const struct store_changes *changes, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    assert_true(!changes == !!err);
    seen.n_lost += err != NULL;
    seen.n_told += !err;
    if (!err)
        seen.told = *changes;
    /* It may come before the answer to who wrote. */
    if (seen.is_waited_for)
        loop_stop(b->loop);
}

/* Also of a test that failed. */
static int end(void **state)
{
    struct bench *b = *state;

    store_free(&b->others[0]);
    store_watch_free(&seen.watch);
    wire_free(&seen.wire);
    return teardown(state);
}

/* By a reader of its own, as an api process has. url: of the listener. */
static void start_watch_by(struct bench *b, const char *url)
{
    struct err err;

    assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[0], &err), 0);
    store_set_reader(b->others[0]);
    seen.watch = store_watch_new(b->loop, b->others[0], url, BENCH_TIMEOUT_MS, on_changed, b);
}

static void start_watch(struct bench *b)
{
    seen = (struct seen){.told.event_id = -1};
    start_watch_by(b, b->url);
}

static void on_late(void *ctx)
{
    loop_stop(ctx);
}

/* Turns the loop until `n` told, or `ms` have passed. Returns how long it took. */
static int64_t wait_told(struct bench *b, const int *count, int n, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(b->loop, on_late, b->loop);
    int64_t began_ms = clock_mono_ms();

    seen.is_waited_for = true;
    loop_timer_start(timer, ms);
    while (*count < n && loop_timer_is_armed(timer))
        loop_run(b->loop);
    seen.is_waited_for = false;
    loop_timer_free(&timer);
    return clock_mono_ms() - began_ms;
}

static void a_commit_of_another_program_is_known_within_a_second(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("a", "1"), other = row_of("a", "2"), counted = row;
    int64_t took_ms;

    start_watch(b);
    wait_told(b, &seen.n_told, 1, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.told.event_id, 0);
    write_row(b, &row);
    took_ms = wait_told(b, &seen.n_told, 2, BENCH_TIMEOUT_MS);

    assert_int_equal(seen.n_told, 2);
    assert_int_equal(seen.told.event_id, 1);
    assert_true(took_ms <= SOON_MS);
    counted.view = 7; /* is no event, but lists show it */
    write_row(b, &counted);
    took_ms = wait_told(b, &seen.n_told, 3, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.n_told, 3);
    assert_int_equal(seen.told.event_id, 1);
    assert_true(took_ms <= SOON_MS);
    write_row(b, &other);
    wait_told(b, &seen.n_told, 4, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.told.event_id, 2);
    write_row(b, &other); /* nothing has changed */
    wait_told(b, &seen.n_told, 5, 300);
    assert_int_equal(seen.n_told, 4);
    assert_int_equal(seen.n_lost, 0);
}

static void end_run(struct bench *b, const struct store_run *run)
{
    bench_ask(b);
    store_run_end(b->store, run, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

/* What no event tells has a number of its own, which moves once for a batch. */
static void each_kind_of_change_moves_its_own_number(void **state)
{
    struct bench *b = bench(state);
    struct store_run run = {
        .site = "a", .kind = "crawl", .started_at_ms = AT, .due_at_ms = AT, .reason = "ok"};
    struct deal_row rows[] = {row_of("a", "1"), row_of("a", "2")};
    struct store_changes was;
    const char *at = b->is_postgres ? "now()" : "1";

    write_rows(b, rows, 2);
    start_watch(b);
    wait_told(b, &seen.n_told, 1, BENCH_TIMEOUT_MS);
    was = seen.told;
    rows[0].view = rows[1].view = 7;
    write_rows(b, rows, 2);
    wait_told(b, &seen.n_told, 2, SOON_MS);
    assert_int_equal(seen.told.event_id, was.event_id);
    assert_int_equal(seen.told.counters, was.counters + (b->is_postgres ? 1 : 2));
    was = seen.told;

    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    run.id = b->number;
    wait_told(b, &seen.n_told, 3, SOON_MS);
    assert_int_equal(seen.told.runs, was.runs + 1);
    end_run(b, &run);
    wait_told(b, &seen.n_told, 4, SOON_MS);
    assert_int_equal(seen.told.runs, was.runs + 2);

    ask(b,
        arena_printf(
            &b->arena,
            "INSERT INTO notices (title, category, content, created_at) VALUES ('t', 'c', 'n', %s)",
            at));
    wait_told(b, &seen.n_told, 5, SOON_MS);
    ask(b, "UPDATE notices SET title = 'u'");
    wait_told(b, &seen.n_told, 6, SOON_MS);
    ask(b, "DELETE FROM notices");
    wait_told(b, &seen.n_told, 7, SOON_MS);
    was.runs += 2;
    was.notices += 3;
    assert_memory_equal(&seen.told, &was, sizeof(was));
    ask(b, "DELETE FROM deals WHERE post_key = '1'");
    wait_told(b, &seen.n_told, 8, SOON_MS);
    assert_int_equal(seen.told.counters, was.counters + 1);
    assert_int_equal(seen.n_told, 8);
}

/* Its connection stays open and nothing comes any more: no statement fails, nobody is told. */
static void a_commit_is_known_within_a_second_when_the_listener_was_lost_silently(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("a", "1"), other = row_of("a", "2");
    int64_t took_ms;

    seen = (struct seen){.told.event_id = -1};
    seen.wire = wire_new(b->url);
    start_watch_by(b, wire_url(seen.wire));
    wait_told(b, &seen.n_told, 1, BENCH_TIMEOUT_MS);
    wire_silence(seen.wire);
    write_row(b, &row);
    took_ms = wait_told(b, &seen.n_told, 2, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.told.event_id, 1);
    assert_true(took_ms <= SOON_MS);

    /* Whoever took its place listens. */
    write_row(b, &other);
    took_ms = wait_told(b, &seen.n_told, 3, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.told.event_id, 2);
    assert_true(took_ms <= SOON_MS);
    assert_int_equal(seen.n_lost, 0);
    assert_int_equal(wire_connections(seen.wire), 2);
}

/* Engines write side by side, counters first or events first: one who has the number's row must not wait for who
 * waits for that. */
static void writers_of_counters_and_events_never_wait_for_each_other_in_a_ring(void **state)
{
    enum { WRITERS = 4, ROUNDS = 25 };
    static const char *const keys[WRITERS] = {"0", "1", "2", "3"};
    struct bench *b = bench(state);
    PGconn *conns[WRITERS];

    for (int i = 0; i < WRITERS; i++) {
        struct deal_row row = row_of("a", keys[i]);

        write_row(b, &row);
        conns[i] = PQconnectdb(b->url);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WRITERS; i++) {
            const char *count = arena_printf(
                &b->arena, "UPDATE deals SET view_count = %d WHERE post_key = '%d';", round, i);
            const char *event =
                arena_printf(&b->arena,
                             "INSERT INTO deal_events (deal_id, kind, at) SELECT id, 'test', now() "
                             "FROM deals WHERE post_key = '%d';",
                             i);
            bool counts_first = (i + round) % 2;

            assert_int_equal(
                PQsendQuery(conns[i], arena_printf(&b->arena, "%s%s", counts_first ? count : event,
                                                   counts_first ? event : count)),
                1);
        }
        for (int i = 0; i < WRITERS; i++) {
            PGresult *result;

            while ((result = PQgetResult(conns[i]))) {
                if (PQresultStatus(result) != PGRES_COMMAND_OK)
                    fail_msg("round %d: %s", round, PQerrorMessage(conns[i]));
                PQclear(result);
            }
        }
    }
    for (int i = 0; i < WRITERS; i++)
        PQfinish(conns[i]);
    assert_string_equal(ask(b, "SELECT n FROM deal_changes WHERE subject = 'deals'"),
                        arena_printf(&b->arena, "%d\n", WRITERS * ROUNDS));
}

static void what_happened_while_the_server_was_away_is_told(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("a", "1");

    start_watch(b);
    wait_told(b, &seen.n_told, 1, BENCH_TIMEOUT_MS);
    test_pg_stop(bench_pg);
    wait_told(b, &seen.n_lost, 1, BENCH_TIMEOUT_MS);
    assert_int_equal(seen.n_lost, 1);
    test_pg_again(bench_pg);
    reopen(b);
    write_row(b, &row);
    wait_told(b, &seen.n_told, 2, BENCH_TIMEOUT_MS);
    if (seen.told.event_id == 0) /* it was back before the row */
        wait_told(b, &seen.n_told, 3, BENCH_TIMEOUT_MS);

    assert_int_equal(seen.told.event_id, 1);
    assert_int_equal(seen.n_lost, 1); /* once, not with each try */
}

/* Two transactions draw ids in one order and would commit in the other. */
static void events_never_appear_below_one_that_was_seen(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("a", "1");
    PGconn *slow, *fast;

    write_row(b, &row);
    slow = PQconnectdb(b->url);
    fast = PQconnectdb(b->url);
    PQclear(PQexec(slow, "BEGIN; INSERT INTO deal_events (deal_id, kind, at) "
                         "SELECT id, 'slow', now() FROM deals"));
    assert_int_equal(PQsendQuery(fast, "INSERT INTO deal_events (deal_id, kind, at) "
                                       "SELECT id, 'fast', now() FROM deals"),
                     1);
    usleep(100000);

    assert_string_equal(ask(b, "SELECT kind FROM deal_events ORDER BY id"), "created\n");
    PQclear(PQexec(slow, "COMMIT"));
    PQclear(PQgetResult(fast));
    assert_string_equal(ask(b, "SELECT kind FROM deal_events ORDER BY id"),
                        "created\nslow\nfast\n");
    PQfinish(slow);
    PQfinish(fast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(events_come_in_order_with_the_deal_as_it_is_now),
        {"sqlite_a_commit_of_another_program_is_known_within_a_second",
         a_commit_of_another_program_is_known_within_a_second, setup_sqlite, end, NULL},
        {"postgresql_a_commit_of_another_program_is_known_within_a_second",
         a_commit_of_another_program_is_known_within_a_second, setup_postgres, end, NULL},
        {"sqlite_each_kind_of_change_moves_its_own_number",
         each_kind_of_change_moves_its_own_number, setup_sqlite, end, NULL},
        {"postgresql_each_kind_of_change_moves_its_own_number",
         each_kind_of_change_moves_its_own_number, setup_postgres, end, NULL},
        {"a_commit_is_known_within_a_second_when_the_listener_was_lost_silently",
         a_commit_is_known_within_a_second_when_the_listener_was_lost_silently, setup_postgres, end,
         NULL},
        {"writers_of_counters_and_events_never_wait_for_each_other_in_a_ring",
         writers_of_counters_and_events_never_wait_for_each_other_in_a_ring, setup_postgres,
         teardown, NULL},
        {"what_happened_while_the_server_was_away_is_told",
         what_happened_while_the_server_was_away_is_told, setup_postgres, end, NULL},
        {"events_never_appear_below_one_that_was_seen", events_never_appear_below_one_that_was_seen,
         setup_postgres, teardown, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
