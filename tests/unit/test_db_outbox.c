/* SPDX-License-Identifier: MIT */
/* test_db_outbox.c - pushes that wait: taken by one, answered, given up; broadcasts in batches, on both databases. */
#include "test_db.h"
#include "db/store_outbox.h"
#include "db/store_users.h"

enum { HOLD_MS = 60000 };

static struct store_push kept[100];

/* ---- calls ----------------------------------------------------------------------------------- */

static void add_users(struct bench *b, int n)
{
    char *sql = mem_printf(
        b->is_postgres
            ? "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
              "SELECT 'p' || i, to_timestamp(0), now(), now() FROM generate_series(1, %d) i"
            : "WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < %d) "
              "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
              "SELECT 'p' || i, 0, 0, 0 FROM t",
        n);

    ask(b, sql);
    mem_free(sql);
}

/* user 0: a broadcast. */
static void queue(struct bench *b, int user, const char *contents, int64_t due_ms)
{
    char *who = user ? mem_printf("%d", user) : mem_strdup("NULL");
    char *sql = mem_printf(
        b->is_postgres ? "INSERT INTO push_outbox (kind, app_user_id, headings, contents, "
                         "created_at, due_at) VALUES ('%s', %s, 'h', '%s', to_timestamp(%lld / "
                         "1000.0), to_timestamp(%lld / 1000.0))"
                       : "INSERT INTO push_outbox (kind, app_user_id, headings, contents, "
                         "created_at, due_at) VALUES ('%s', %s, 'h', '%s', %lld, %lld)",
        user ? "alarm" : "broadcast", who, contents, (long long)AT, (long long)due_ms);

    ask(b, sql);
    mem_free(sql);
    mem_free(who);
}

static void on_next(int64_t in_ms, const struct err *err, void *ctx)
{
    on_number(in_ms, err, ctx);
}

static int64_t next(struct bench *b, int64_t now_ms)
{
    bench_ask(b);
    store_outbox_next(b->store, now_ms, on_next, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

/* Their order is not promised. */
static void on_taken(const struct store_push *pushes, int n, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    b->number = n;
    for (int i = 0; i < n; i++) {
        const char **texts[] = {&kept[i].kind, &kept[i].key, &kept[i].headings, &kept[i].contents,
                                &kept[i].player};

        kept[i] = pushes[i];
        keep_texts(b, texts, ARRAY_LEN(texts));
        assert_int_equal(strlen(kept[i].key), 36);
    }
    bench_answer(b, err);
}

/* "PLAYER CONTENTS tries;" of each in the order of ids, of a broadcast "(CURSOR..BATCH_TO]". */
static const char *take_as(struct bench *b, const char *holder, int64_t now_ms, int limit)
{
    struct store_outbox_take take = {
        .holder = holder, .now_ms = now_ms, .hold_ms = HOLD_MS, .limit = limit, .batch = 2};

    bench_ask(b);
    store_outbox_take(b->store, &take, on_taken, b);
    bench_wait(b);
    assert_ok(b);
    *told = '\0';
    for (int64_t id = 1; id < 20; id++)
        for (int i = 0; i < b->number; i++) {
            const struct store_push *p = &kept[i];

            if (p->id == id && str_eq(p->kind, STORE_PUSH_BROADCAST))
                tell("(%lld..%lld] %s %lld;", (long long)p->cursor, (long long)p->batch_to,
                     p->contents, (long long)p->tries);
            else if (p->id == id)
                tell("%s%s %s %lld;", p->player, p->is_gone ? "(gone)" : "", p->contents,
                     (long long)p->tries);
        }
    return told;
}

static const char *take(struct bench *b, int64_t now_ms)
{
    return take_as(b, "e1", now_ms, 100);
}

static void on_end(bool applied, const struct err *err, void *ctx)
{
    on_number(applied, err, ctx);
}

static bool end_by(struct bench *b, const struct store_outbox_end *end)
{
    bench_ask(b);
    store_outbox_end(b->store, end, on_end, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static bool end(struct bench *b, const struct store_push *push, const char *holder,
                enum store_push_end how, int64_t due_ms)
{
    struct store_outbox_end by = {.push = push,
                                  .holder = holder,
                                  .end = how,
                                  .now_ms = AT + 5,
                                  .due_at_ms = due_ms,
                                  .error = how == STORE_PUSH_SENT ? NULL : "why",
                                  .receipt = how == STORE_PUSH_SENT ? "r" : NULL};

    return end_by(b, &by);
}

static const char *rows(struct bench *b)
{
    return ask(b, "SELECT id, tries, holder, sent_at IS NOT NULL AND sent_at = "
                  "(SELECT max(sent_at) FROM push_outbox), gave_up_at IS NOT NULL, last_error, "
                  "receipt FROM push_outbox ORDER BY id");
}

/* What databases call true and false. */
#define YES(b) ((b)->is_postgres ? "t" : "1")
#define NO(b) ((b)->is_postgres ? "f" : "0")

static void assert_row(struct bench *b, const char *fmt, const char *sent, const char *gave_up)
{
    char *want = mem_alloc(strlen(fmt) + 20);
    const char *at = strstr(fmt, "%");

    sprintf(want, "%.*s%s|%s%s", (int)(at - fmt), fmt, sent, gave_up, at + 1);
    assert_string_equal(rows(b), want);
    mem_free(want);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_is_due_is_taken_once_with_its_attempt_counted(void **state)
{
    struct bench *b = bench(state);
    char key[40];

    add_users(b, 2);
    assert_int_equal(next(b, AT), CLOCK_NONE);
    queue(b, 1, "a", AT + 10);
    queue(b, 2, "b", AT + 20);
    assert_int_equal(next(b, AT), 10);
    assert_int_equal(next(b, AT + 15), -5);

    assert_string_equal(take(b, AT + 9), "");
    assert_string_equal(take(b, AT + 10), "p1 a 1;");
    strcpy(key, kept[0].key);
    assert_string_equal(take_as(b, "e2", AT + 20, 100), "p2 b 1;");
    assert_string_not_equal(kept[0].key, key);
    assert_string_equal(take(b, AT + 21), "");

    /* Nobody said how it ended: another one takes it up, under the same key. */
    assert_string_equal(take_as(b, "e2", AT + 10 + HOLD_MS, 100), "p1 a 2;");
    assert_string_equal(kept[0].key, key);
}

static void what_a_dead_engine_held_is_due_when_its_name_comes_back(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 2);
    queue(b, 1, "a", AT);
    queue(b, 2, "b", AT);
    take_as(b, "dead", AT, 1);
    take_as(b, "alive", AT, 1);
    bench_ask(b);
    store_outbox_recover(b->store, "dead", AT + 1, on_done, b);
    bench_wait(b);
    assert_ok(b);

    assert_string_equal(take_as(b, "dead", AT + 1, 100), "p1 a 2;");
}

static int n_side_by_side;
static int64_t ids_side_by_side[100];

static void on_taken_side_by_side(const struct store_push *pushes, int n, const struct err *err,
                                  void *ctx)
{
    struct bench *b = ctx;

    if (err)
        fail_msg("%s", err->text);
    for (int i = 0; i < n; i++)
        ids_side_by_side[n_side_by_side++] = pushes[i].id;
    if (--b->number == 0)
        loop_stop(b->loop);
}

/* Four engines ask at the same moment: each row goes to one, and none waits for another. */
static void engines_that_take_at_once_take_different_rows(void **state)
{
    struct bench *b = bench(state);
    struct store_outbox_take by = {
        .holder = "e", .now_ms = AT, .hold_ms = HOLD_MS, .limit = 10, .batch = 2};
    struct err err;

    add_users(b, 1);
    for (int i = 0; i < 40; i++)
        queue(b, 1, "a", AT);
    n_side_by_side = 0;
    b->number = (int64_t)ARRAY_LEN(b->others);
    for (size_t i = 0; i < ARRAY_LEN(b->others); i++) {
        assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[i], &err), 0);
        store_outbox_take(b->others[i], &by, on_taken_side_by_side, b);
    }
    loop_run(b->loop);

    for (int i = 0; i < n_side_by_side; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(ids_side_by_side[i], ids_side_by_side[k]);
    assert_string_equal(ask(b, "SELECT max(tries) FROM push_outbox"), "1\n");
    /* SKIP LOCKED may leave some to the next look. */
    assert_true(n_side_by_side >= 10);
}

static void a_batch_has_its_limit_and_begins_with_the_oldest(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 1);
    queue(b, 1, "late", AT + 2);
    queue(b, 1, "early", AT + 1);
    assert_string_equal(take_as(b, "e1", AT + 5, 1), "p1 early 1;");
    assert_string_equal(take_as(b, "e1", AT + 5, 1), "p1 late 1;");
}

static void a_sent_one_is_done_and_a_failed_one_waits(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 1);
    queue(b, 1, "a", AT);
    take(b, AT);
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_RETRY, AT + 500));
    assert_row(b, "1|1|-|%|why|-\n", NO(b), NO(b));
    assert_int_equal(next(b, AT), 500);

    assert_string_equal(take(b, AT + 500), "p1 a 2;");
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_SENT, 0));
    assert_row(b, "1|2|-|%|-|r\n", YES(b), NO(b));
    assert_int_equal(next(b, AT), CLOCK_NONE);
    assert_false(end(b, &kept[0], "e1", STORE_PUSH_RETRY, AT + 500));
}

static void one_that_was_given_up_never_comes_again(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 1);
    queue(b, 1, "a", AT);
    take(b, AT);
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_GAVE_UP, 0));
    assert_row(b, "1|1|-|%|why|-\n", NO(b), YES(b));
    assert_string_equal(take(b, AT + 10 * HOLD_MS), "");
}

/* A sender that was frozen: what it sent is sent, what it failed in is another's by now. */
static void only_what_was_sent_counts_of_a_sender_that_comes_late(void **state)
{
    struct bench *b = bench(state);
    struct store_push first;

    add_users(b, 1);
    queue(b, 1, "a", AT);
    take_as(b, "frozen", AT, 100);
    first = kept[0];
    assert_string_equal(take_as(b, "e2", AT + HOLD_MS, 100), "p1 a 2;");

    assert_false(end(b, &first, "frozen", STORE_PUSH_RETRY, AT));
    assert_false(end(b, &first, "frozen", STORE_PUSH_GAVE_UP, AT));
    assert_row(b, "1|2|e2|%|-|-\n", NO(b), NO(b));
    assert_true(end(b, &first, "frozen", STORE_PUSH_SENT, AT));
    assert_false(end(b, &kept[0], "e2", STORE_PUSH_RETRY, AT));
    assert_row(b, "1|2|-|%|-|r\n", YES(b), NO(b));
}

static void on_players(const char *const *players, int n, const struct err *err, void *ctx)
{
    *told = '\0';
    for (int i = 0; i < n; i++)
        tell("%s ", players[i]);
    bench_answer(ctx, err);
}

static const char *players(struct bench *b, const struct store_push *push)
{
    bench_ask(b);
    store_outbox_players(b->store, push->cursor, push->batch_to, on_players, b);
    bench_wait(b);
    assert_ok(b);
    return told;
}

static void a_broadcast_goes_from_batch_to_batch_to_those_who_were_there(void **state)
{
    struct bench *b = bench(state);
    char key[40];

    add_users(b, 5);
    queue(b, 0, "all", AT);
    assert_string_equal(take(b, AT), "(0..2] all 1;");
    strcpy(key, kept[0].key);
    assert_string_equal(players(b, &kept[0]), "p1 p2 ");

    /* Once more: the same users, even when one has left meanwhile. */
    ask(b, "DELETE FROM app_users WHERE app_player IN ('p1', 'p4')");
    ask(b, b->is_postgres
               ? "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
                 "VALUES ('late', now(), now(), now())"
               : "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
                 "VALUES ('late', 0, 0, 0)");
    assert_string_equal(take(b, AT + HOLD_MS), "(0..2] all 2;");
    assert_string_equal(players(b, &kept[0]), "p2 ");
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_SENT, 0));
    assert_false(end(b, &kept[0], "e2", STORE_PUSH_SENT, 0));

    assert_string_equal(take(b, AT + HOLD_MS), "(2..5] all 1;");
    assert_string_equal(kept[0].key, key);
    assert_string_equal(players(b, &kept[0]), "p3 p5 ");
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_SENT, 0));
    assert_row(b, "1|0|-|%|-|r\n", YES(b), NO(b));
}

static void a_broadcast_without_users_is_done_at_once(void **state)
{
    struct bench *b = bench(state);

    queue(b, 0, "nobody", AT);
    assert_string_equal(take(b, AT), "(0..0] nobody 1;");
    assert_string_equal(players(b, &kept[0]), "");
    assert_true(end(b, &kept[0], "e1", STORE_PUSH_SENT, 0));
    assert_int_equal(next(b, AT), CLOCK_NONE);
}

static void a_player_that_is_gone_is_left_out_until_it_comes_back(void **state)
{
    static const char *const gone[] = {"p1", "no such"};
    struct bench *b = bench(state);
    struct store_outbox_end by = {.push = &kept[0],
                                  .holder = "e1",
                                  .end = STORE_PUSH_GAVE_UP,
                                  .now_ms = AT,
                                  .error = "unknown",
                                  .gone = gone,
                                  .n_gone = 2};

    add_users(b, 2);
    queue(b, 1, "a", AT);
    take(b, AT);
    assert_true(end_by(b, &by));
    queue(b, 1, "again", AT);
    queue(b, 0, "all", AT);

    assert_string_equal(take(b, AT), "p1(gone) again 1;(0..2] all 1;");
    assert_string_equal(
        players(b, str_eq(kept[0].kind, STORE_PUSH_BROADCAST) ? &kept[0] : &kept[1]), "p2 ");

    /* The app asks for a token. */
    ask(b, b->is_postgres ? "UPDATE app_users SET last_token_at = now() + interval '1 day'"
                          : "UPDATE app_users SET last_token_at = 9999999999999");
    assert_string_equal(take(b, AT + HOLD_MS), "p1 again 2;(0..2] all 2;");
}

static void on_expired(int64_t n, const struct err *err, void *ctx)
{
    on_number(n, err, ctx);
}

static int64_t expire(struct bench *b, int64_t before_ms)
{
    bench_ask(b);
    store_outbox_expire(b->store, before_ms, AT, on_expired, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static void what_waited_too_long_is_given_up(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 1);
    queue(b, 1, "a", AT);
    assert_int_equal(expire(b, AT), 0);
    assert_int_equal(expire(b, AT + 1), 1);
    assert_int_equal(expire(b, AT + 1), 0);
    assert_row(b, "1|0|-|%|too old|-\n", NO(b), YES(b));
}

static void each_row_has_a_key_of_its_own(void **state)
{
    struct bench *b = bench(state);

    add_users(b, 1);
    for (int i = 0; i < 5; i++)
        queue(b, 1, "a", AT);
    assert_string_equal(ask(b, "SELECT count(DISTINCT push_key) FROM push_outbox WHERE "
                               "length(push_key) = 36"),
                        "5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(what_is_due_is_taken_once_with_its_attempt_counted),
        BOTH(what_a_dead_engine_held_is_due_when_its_name_comes_back),
        BOTH(engines_that_take_at_once_take_different_rows),
        BOTH(a_batch_has_its_limit_and_begins_with_the_oldest),
        BOTH(a_sent_one_is_done_and_a_failed_one_waits),
        BOTH(one_that_was_given_up_never_comes_again),
        BOTH(only_what_was_sent_counts_of_a_sender_that_comes_late),
        BOTH(a_broadcast_goes_from_batch_to_batch_to_those_who_were_there),
        BOTH(a_broadcast_without_users_is_done_at_once),
        BOTH(a_player_that_is_gone_is_left_out_until_it_comes_back),
        BOTH(what_waited_too_long_is_given_up),
        BOTH(each_row_has_a_key_of_its_own),
    };

    return cmocka_run_group_tests_name("db_outbox", tests, NULL, stop_postgres);
}
