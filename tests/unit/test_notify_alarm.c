/* SPDX-License-Identifier: MIT */
/* test_notify_alarm.c - from a deal that arrives to the pushes that are queued: once, whoever decides and
 * whenever he dies; on both databases.
 */
#include "notify/alarm.h"
#include "base/clock.h"
#include "db/store_users.h"
#include "test_db.h"

#define NOON INT64_C(1795316400000) /* 2026-11-22 12:00 in Seoul */
static const int64_t HOUR = 3600 * 1000;

static struct config config = {
    .timezone = (char *)"Asia/Seoul",
    .alarm_way = (char *)"digest",
    .alarm_hours = (char *)"10:00-23:00",
    .alarm_max_age = 24 * 3600 * 1000,
};

/* ---- engines --------------------------------------------------------------------------------- */

struct engine {
    struct bench *b;
    struct alarm *alarm;
    struct alarm_pass *pass;
    struct alarm_counts counts;
    struct err err;
    int n_done;
};
static int n_under_way;

static void on_pass(const struct alarm_counts *counts, const struct err *err, void *ctx)
{
    struct engine *engine = ctx;

    engine->counts = *counts;
    engine->err = err ? *err : (struct err){0};
    engine->n_done++;
    if (--n_under_way == 0)
        loop_stop(engine->b->loop);
}

static void begin(struct engine *engine, enum alarm_what what)
{
    n_under_way++;
    engine->pass = alarm_pass(engine->alarm, what, on_pass, engine);
}

static void await(struct bench *b)
{
    loop_run(b->loop);
    assert_int_equal(n_under_way, 0);
}

static struct engine engine_on(struct bench *b, struct store *store)
{
    return (struct engine){.b = b, .alarm = alarm_new(b->loop, &config, store)};
}

static struct engine one;

static void pass(enum alarm_what what)
{
    begin(&one, what);
    await(one.b);
    if (one.err.code != ERR_OK)
        fail_msg("%s", one.err.text);
}

static void expect(int64_t titles, int64_t found, int64_t pushes)
{
    if (one.counts.titles != titles || one.counts.found != found || one.counts.pushes != pushes)
        fail_msg("expected %lld titles, %lld found, %lld pushes; got %lld, %lld, %lld",
                 (long long)titles, (long long)found, (long long)pushes,
                 (long long)one.counts.titles, (long long)one.counts.found,
                 (long long)one.counts.pushes);
}

/* ---- users, keywords, deals ------------------------------------------------------------------ */

static void on_token(const struct store_who *who, const struct err *err, void *ctx)
{
    (void)who;
    bench_answer(ctx, err);
}

static void add_user(struct bench *b, const char *player)
{
    bench_ask(b);
    store_user_register(b->store, player, NOON, on_token, b);
    bench_wait(b);
    assert_ok(b);
}

static void on_edited(const struct store_edit_answer *edited, const struct err *err, void *ctx)
{
    assert_true(err || edited->is_known);
    bench_answer(ctx, err);
}

static void edit_word(struct bench *b, int64_t user_id, enum store_edit edit, const char *title)
{
    struct store_who who = {.user_id = user_id};

    bench_ask(b);
    store_word_edit(b->store, &who, edit, title, NOON, on_edited, b);
    bench_wait(b);
    assert_ok(b);
}

static void add_word(struct bench *b, int64_t user_id, const char *title)
{
    edit_word(b, user_id, STORE_ADD, title);
}

static void put_deal_at(struct bench *b, const char *key, const char *title, int64_t posted_at_ms)
{
    struct deal_row row = row_of("clien", key);

    row.title = title;
    row.posted_at_ms = posted_at_ms;
    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = clock_wall_ms()});
    assert_ok(b);
}

static void put_deal(struct bench *b, const char *key, const char *title)
{
    put_deal_at(b, key, title, CLOCK_NONE);
}

static const char *pushes(struct bench *b)
{
    return ask(b, "SELECT app_user_id, contents FROM push_outbox ORDER BY id");
}

static const char *lists(struct bench *b)
{
    return ask(b, "SELECT app_user_id, post_key, keyword_title FROM keyword_pushalarm_lists JOIN "
                  "deals d ON d.id = deal_id "
                  "ORDER BY app_user_id, d.id");
}

#define ONE(user, word, n) #user "|'" word "' 키워드에 맞는 핫딜이 " #n "개 올라왔습니다.\n"

/* Two users: 1 wants ramen and coffee, 2 coffee. */
static struct bench *begin_test(void **state)
{
    struct bench *b = bench(state);

    clock_fake_set(NOON);
    config.alarm_way = (char *)"digest";
    one = engine_on(b, b->store);
    add_user(b, "p1");
    add_user(b, "p2");
    add_word(b, 1, "라면");
    add_word(b, 1, "커피");
    add_word(b, 2, "커 피");
    return b;
}

static int end_test(void **state)
{
    alarm_free(&one.alarm);
    clock_fake_off();
    return teardown(state);
}

/* ---- digest ---------------------------------------------------------------------------------- */

static void what_arrived_is_listed_at_once_and_told_by_the_digest(void **state)
{
    struct bench *b = begin_test(state);

    put_deal(b, "1", "신라면 40개");
    put_deal(b, "2", "라면과 커피");
    put_deal(b, "3", "노트북");
    pass(ALARM_ARRIVED);
    expect(3, 3, 0);
    assert_string_equal(lists(b), "1|1|라면\n1|2|라면\n2|2|커 피\n");
    assert_string_equal(pushes(b), "");

    pass(ALARM_DIGEST);
    expect(0, 0, 2);
    assert_string_equal(pushes(b), ONE(1, "라면", 2) ONE(2, "커 피", 1));
    pass(ALARM_DIGEST);
    expect(0, 0, 0);
}

static void an_edited_title_is_matched_again_and_tells_no_deal_twice(void **state)
{
    struct bench *b = begin_test(state);

    put_deal(b, "1", "신라면 40개");
    pass(ALARM_DIGEST);
    expect(1, 1, 1);
    put_deal(b, "1", "신라면과 커피");
    pass(ALARM_DIGEST);
    expect(1, 1, 1);
    assert_string_equal(pushes(b), ONE(1, "라면", 1) ONE(2, "커 피", 1));
}

static void quiet_hours_queue_and_drop_nothing(void **state)
{
    struct bench *b = begin_test(state);

    clock_fake_set(NOON + 12 * HOUR);
    put_deal(b, "1", "신라면 40개");
    pass(ALARM_DIGEST);
    expect(1, 1, 0);
    assert_int_equal(one.counts.waits, 1);
    clock_fake_advance(9 * HOUR);
    put_deal(b, "2", "컵라면");
    pass(ALARM_DIGEST);
    expect(1, 1, 0);
    clock_fake_advance(HOUR);
    pass(ALARM_DIGEST);
    expect(0, 0, 1);
    assert_string_equal(pushes(b), ONE(1, "라면", 2));
}

static void each_user_has_a_zone_and_hours_of_his_own(void **state)
{
    struct bench *b = begin_test(state);

    ask(b, "UPDATE app_users SET zone = 'America/New_York' WHERE id = 1"); /* 22:00 there */
    ask(b, "UPDATE app_users SET alarm_hours = '13:00-14:00' WHERE id = 2");
    put_deal(b, "1", "라면과 커피");
    pass(ALARM_DIGEST);
    assert_string_equal(pushes(b), ONE(1, "라면", 1));
    clock_fake_advance(HOUR);
    pass(ALARM_DIGEST);
    assert_string_equal(pushes(b), ONE(1, "라면", 1) ONE(2, "커 피", 1));
}

static void a_zone_or_hours_that_are_none_are_those_of_the_configuration(void **state)
{
    struct bench *b = begin_test(state);

    ask(b, "UPDATE app_users SET zone = 'Atlantis/Capital', alarm_hours = 'late'");
    put_deal(b, "1", "커피");
    pass(ALARM_DIGEST);
    expect(1, 2, 2);
}

/* ---- at once --------------------------------------------------------------------------------- */

static void at_once_means_now_and_so_often_an_hour(void **state)
{
    struct bench *b = begin_test(state);

    ask(b, "UPDATE app_users SET alarm_way = 'at-once' WHERE id = 1");
    put_deal(b, "1", "신라면 커피");
    pass(ALARM_ARRIVED);
    expect(1, 2, 1);
    assert_string_equal(pushes(b), ONE(1, "라면", 1));
    put_deal(b, "2", "컵라면");
    pass(ALARM_ARRIVED);
    expect(1, 1, 0);
    assert_int_equal(one.counts.waits, 1);

    clock_fake_advance(HOUR + 1);
    put_deal(b, "3", "진라면");
    pass(ALARM_ARRIVED);
    assert_string_equal(pushes(b), ONE(1, "라면", 1) ONE(1, "라면", 2));
}

static void the_configuration_says_how_those_are_told_who_did_not_choose(void **state)
{
    struct bench *b = begin_test(state);

    ask(b, "UPDATE app_users SET alarm_way = 'digest' WHERE id = 1");
    config.alarm_way = (char *)"at-once";
    put_deal(b, "1", "라면과 커피");
    pass(ALARM_ARRIVED);
    assert_string_equal(pushes(b), ONE(2, "커 피", 1));
}

/* ---- what is matched ------------------------------------------------------------------------- */

static void keywords_that_come_and_go_count_from_then_on(void **state)
{
    struct bench *b = begin_test(state);

    put_deal(b, "1", "쌀 10kg");
    pass(ALARM_ARRIVED);
    expect(1, 0, 0);
    add_word(b, 2, "쌀");
    edit_word(b, 1, STORE_REMOVE, "라면");
    put_deal(b, "2", "쌀과 라면");
    pass(ALARM_ARRIVED);
    expect(1, 1, 0);
    assert_string_equal(lists(b), "2|2|쌀\n");
}

static void deals_that_were_posted_long_ago_are_no_news(void **state)
{
    struct bench *b = begin_test(state);

    put_deal_at(b, "1", "옛 라면", NOON - 25 * HOUR);
    put_deal_at(b, "2", "새 라면", NOON - 23 * HOUR);
    pass(ALARM_ARRIVED);
    expect(1, 1, 0);
    assert_string_equal(lists(b), "1|2|라면\n");
}

static void muted_users_keep_their_list_and_hear_nothing_later(void **state)
{
    struct bench *b = begin_test(state);

    put_deal(b, "1", "라면 하나");
    pass(ALARM_ARRIVED);
    ask(b, b->is_postgres ? "UPDATE app_users SET alarm_status = false"
                          : "UPDATE app_users SET alarm_status = 0");
    put_deal(b, "2", "라면 둘");
    pass(ALARM_DIGEST);
    expect(1, 1, 0);
    ask(b, b->is_postgres ? "UPDATE app_users SET alarm_status = true"
                          : "UPDATE app_users SET alarm_status = 1");
    pass(ALARM_DIGEST);
    expect(0, 0, 0);
    assert_string_equal(lists(b), "1|1|라면\n1|2|라면\n");
    assert_string_equal(pushes(b), "");
}

/* More than one read of events, of keywords, of users, and more hits than a decision takes. */
static void large_batches_come_in_parts_and_nothing_is_lost(void **state)
{
    struct bench *b = begin_test(state);
    enum { BATCHES = 20, ROWS = 60, CROWD = 1200 };

    ask(b, b->is_postgres
               ? "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) "
                 "SELECT 'x' || n, now(), now(), now() FROM generate_series(1, 1200) n"
               : "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1200) "
                 "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) SELECT "
                 "'x' || n, 0, 0, 0 FROM s");
    ask(b,
        b->is_postgres
            ? "INSERT INTO keyword_alarms (app_user_id, title, created_at) SELECT u.id, k.title, "
              "now() "
              "FROM app_users u, (SELECT '특가' AS title UNION ALL SELECT 'w' || n FROM "
              "generate_series(1, 9) n) k WHERE u.id > 2"
            : "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 9) "
              "INSERT INTO keyword_alarms (app_user_id, title, created_at) SELECT u.id, k.title, 0 "
              "FROM app_users u, (SELECT '특가' AS title UNION ALL SELECT 'w' || n FROM s) k WHERE "
              "u.id > 2");
    for (int i = 0; i < BATCHES; i++) {
        struct deal_row rows[ROWS];
        char keys[ROWS][12];

        for (int k = 0; k < ROWS; k++) {
            snprintf(keys[k], sizeof(keys[k]), "%d", i * ROWS + k);
            rows[k] = row_of("clien", keys[k]);
            rows[k].title = k ? "그냥" : "오늘의 특가";
        }
        write_batch(b, &(struct store_batch){.rows = rows, .n = ROWS, .at_ms = NOON});
        assert_ok(b);
    }
    pass(ALARM_DIGEST);
    expect(BATCHES * ROWS, BATCHES * CROWD, CROWD);
    assert_string_equal(ask(b, "SELECT count(*), min(contents), max(contents), count(DISTINCT "
                               "push_key) FROM push_outbox"),
                        "1200|'특가' 키워드에 맞는 핫딜이 20개 올라왔습니다.|"
                        "'특가' 키워드에 맞는 핫딜이 20개 올라왔습니다.|1200\n");
}

/* ---- once ------------------------------------------------------------------------------------ */

static void engines_side_by_side_decide_each_thing_once(void **state)
{
    struct bench *b = begin_test(state);
    struct engine engines[4];
    struct err err;
    int64_t found = 0, told_now = 0;

    for (int i = 0; i < 60; i++) {
        char *key = mem_printf("%d", i);

        put_deal(b, key, i % 2 ? "라면" : "커피");
        mem_free(key);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[i], &err), 0);
        engines[i] = engine_on(b, b->others[i]);
        begin(&engines[i], ALARM_DIGEST);
    }
    await(b);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(engines[i].err.code, ERR_OK);
        found += engines[i].counts.found;
        told_now += engines[i].counts.pushes;
        alarm_free(&engines[i].alarm);
    }
    assert_int_equal(found, 90);
    assert_int_equal(told_now, 2);
    assert_string_equal(
        ask(b, "SELECT app_user_id, count(*) FROM push_outbox GROUP BY app_user_id ORDER BY 1"),
        "1|1\n2|1\n");
}

/* Wherever it stops, another one goes on from there. */
static void a_pass_that_is_cancelled_or_lost_leaves_nothing_twice(void **state)
{
    struct bench *b = begin_test(state);
    struct engine other;
    struct err err;

    for (int i = 0; i < 20; i++) {
        char *key = mem_printf("%d", i);
        struct engine broken;

        put_deal(b, key, "라면");
        mem_free(key);
        assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[0], &err), 0);
        broken = engine_on(b, b->others[0]);
        begin(&broken, ALARM_ARRIVED);
        alarm_cancel(broken.pass);
        await(b);
        assert_int_equal(broken.err.code, ERR_CANCELLED);
        alarm_free(&broken.alarm);
        store_free(&b->others[0]);
    }
    other = engine_on(b, b->store);
    begin(&other, ALARM_DIGEST);
    begin(&one, ALARM_DIGEST);
    begin(&other, ALARM_DIGEST);
    await(b);
    assert_int_equal(other.n_done, 2);
    alarm_free(&other.alarm);
    assert_string_equal(pushes(b), ONE(1, "라면", 20));
}

static void a_database_that_is_away_is_an_error_and_the_next_pass_goes_on(void **state)
{
    struct bench *b = begin_test(state);

    if (!b->is_postgres)
        return;
    put_deal(b, "1", "라면");
    test_pg_stop(bench_pg);
    begin(&one, ALARM_DIGEST);
    await(b);
    assert_int_equal(one.err.code, ERR_STORE_AWAY);
    test_pg_again(bench_pg);
    pass(ALARM_DIGEST);
    assert_string_equal(pushes(b), ONE(1, "라면", 1));
}

static void a_configuration_that_means_nothing_is_refused(void **state)
{
    struct bench *b = begin_test(state);
    struct config wrong = config;
    struct err err;

    (void)b;
    assert_int_equal(alarm_check_config(&wrong, &err), 0);
    wrong.alarm_way = (char *)"hourly";
    assert_int_equal(alarm_check_config(&wrong, &err), -1);
    assert_string_equal(err.text, "alarm_way: \"hourly\": expected digest or at-once");
    wrong = config;
    wrong.alarm_hours = (char *)"10-23";
    assert_int_equal(alarm_check_config(&wrong, &err), -1);
    assert_string_equal(err.text, "alarm_hours: \"10-23\": expected hours like 10:00-23:00");
}

#define ON_BOTH(test)                                             \
    {"sqlite_" #test, test, setup_sqlite, end_test, NULL},        \
    {                                                             \
        "postgresql_" #test, test, setup_postgres, end_test, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_arrived_is_listed_at_once_and_told_by_the_digest),
        ON_BOTH(an_edited_title_is_matched_again_and_tells_no_deal_twice),
        ON_BOTH(quiet_hours_queue_and_drop_nothing),
        ON_BOTH(each_user_has_a_zone_and_hours_of_his_own),
        ON_BOTH(a_zone_or_hours_that_are_none_are_those_of_the_configuration),
        ON_BOTH(at_once_means_now_and_so_often_an_hour),
        ON_BOTH(the_configuration_says_how_those_are_told_who_did_not_choose),
        ON_BOTH(keywords_that_come_and_go_count_from_then_on),
        ON_BOTH(deals_that_were_posted_long_ago_are_no_news),
        ON_BOTH(muted_users_keep_their_list_and_hear_nothing_later),
        ON_BOTH(large_batches_come_in_parts_and_nothing_is_lost),
        ON_BOTH(engines_side_by_side_decide_each_thing_once),
        ON_BOTH(a_pass_that_is_cancelled_or_lost_leaves_nothing_twice),
        ON_BOTH(a_database_that_is_away_is_an_error_and_the_next_pass_goes_on),
        {"a_configuration_that_means_nothing_is_refused",
         a_configuration_that_means_nothing_is_refused, setup_sqlite, end_test, NULL},
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
