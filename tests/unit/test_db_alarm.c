/* SPDX-License-Identifier: MIT */
/* test_db_alarm.c - what alarms are decided from and that each decision counts once, on both databases. */
#include "test_db.h"
#include "db/store_alarm.h"
#include "db/store_users.h"

static int64_t step, cursor, last_event, edits; /* as last read */

static void begin(struct bench *b)
{
    *told = '\0';
    bench_ask(b);
}

static const char *answer(struct bench *b)
{
    bench_wait(b);
    assert_ok(b);
    return told;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void on_titles(const struct store_alarm_titles *titles, const struct err *err, void *ctx)
{
    step = titles->step;
    cursor = titles->after_event_id;
    last_event = titles->last_event_id;
    edits = titles->edits;
    for (int i = 0; i < titles->n; i++)
        tell("%s%lld:%s", i ? " " : "", (long long)titles->titles[i].deal_id,
             titles->titles[i].title);
    bench_answer(ctx, err);
}

static const char *titles_since(struct bench *b, int events, int64_t since_ms)
{
    begin(b);
    store_alarm_titles(b->store, events, since_ms, on_titles, b);
    return answer(b);
}

static const char *titles(struct bench *b)
{
    return titles_since(b, 1000, 0);
}

static void on_words(const struct store_alarm_word *words, int n, int64_t now,
                     const struct err *err, void *ctx)
{
    edits = now;
    for (int i = 0; i < n; i++)
        tell("%s%lld:%lld:%s", i ? " " : "", (long long)words[i].id, (long long)words[i].user_id,
             words[i].title);
    bench_answer(ctx, err);
}

static const char *words(struct bench *b, int64_t after_id, int limit)
{
    begin(b);
    store_alarm_words(b->store, after_id, limit, on_words, b);
    return answer(b);
}

static void on_decided(bool accepted, int64_t n, const struct err *err, void *ctx)
{
    tell(accepted ? "%lld" : "refused", (long long)n);
    bench_answer(ctx, err);
}

static const char *find_by(struct bench *b, struct store *store, const struct store_alarm_hit *hits,
                           size_t n)
{
    struct store_alarm_found found = {
        .step = step, .event_id = last_event, .hits = hits, .n = n, .now_ms = AT};

    begin(b);
    store_alarm_found(store, &found, on_decided, b);
    return answer(b);
}

static const char *find(struct bench *b, const struct store_alarm_hit *hits, size_t n)
{
    return find_by(b, b->store, hits, n);
}

static void on_waiting(const struct store_alarm_waiting *users, int n, int64_t now,
                       const struct err *err, void *ctx)
{
    step = now;
    for (int i = 0; i < n; i++) {
        tell("%s%lld(%s%lld %s %s %s %lld)", i ? " " : "", (long long)users[i].user_id,
             users[i].alarm_status ? "" : "off ", (long long)users[i].max_push_count, users[i].way,
             users[i].zone ? users[i].zone : "-", users[i].hours ? users[i].hours : "-",
             (long long)users[i].pushes);
        for (int k = 0; k < users[i].n_groups; k++)
            tell(" %s:%lld", users[i].groups[k].keyword, (long long)users[i].groups[k].deals);
    }
    bench_answer(ctx, err);
}

static const char *waiting_for(struct bench *b, int64_t after, int limit, const char *way)
{
    struct store_alarm_who who = {.after_user_id = after,
                                  .limit = limit,
                                  .default_way = STORE_ALARM_DIGEST,
                                  .only_way = way,
                                  .pushes_since_ms = AT - 1000};

    begin(b);
    store_alarm_waiting(b->store, &who, on_waiting, b);
    return answer(b);
}

static const char *waiting(struct bench *b)
{
    return waiting_for(b, 0, 100, NULL);
}

static const char *say(struct bench *b, const int64_t *users, size_t n,
                       const struct store_alarm_push *pushes, size_t n_pushes)
{
    struct store_alarm_told decision = {.step = step,
                                        .user_ids = users,
                                        .n_users = n,
                                        .pushes = pushes,
                                        .n_pushes = n_pushes,
                                        .now_ms = AT};

    begin(b);
    store_alarm_told(b->store, &decision, on_decided, b);
    return answer(b);
}

static void on_token(const struct store_who *who, const struct err *err, void *ctx)
{
    (void)who;
    bench_answer(ctx, err);
}

static void add_user(struct bench *b, const char *player)
{
    begin(b);
    store_user_register(b->store, player, AT, on_token, b);
    answer(b);
}

static void on_edited(const struct store_edit_answer *edited, const struct err *err, void *ctx)
{
    (void)edited;
    bench_answer(ctx, err);
}

static void edit_word(struct bench *b, int64_t user_id, enum store_edit edit, const char *title)
{
    struct store_who who = {.user_id = user_id};

    begin(b);
    store_word_edit(b->store, &who, edit, title, AT, on_edited, b);
    answer(b);
}

static void put_deal(struct bench *b, const char *key, const char *title)
{
    struct deal_row row = row_of("clien", key);

    row.title = title;
    write_row(b, &row);
}

#define HITS(...)                                  \
    (const struct store_alarm_hit[]){__VA_ARGS__}, \
        sizeof((const struct store_alarm_hit[]){__VA_ARGS__}) / sizeof(struct store_alarm_hit)
#define USERS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static const char *push_list(struct bench *b)
{
    return ask(b, "SELECT app_user_id, deal_id, keyword_title, CASE WHEN is_waiting THEN 'waits' "
                  "ELSE 'told' END "
                  "FROM keyword_pushalarm_lists ORDER BY app_user_id, deal_id");
}

/* ---- titles ---------------------------------------------------------------------------------- */

static void each_title_is_there_until_it_is_decided(void **state)
{
    struct bench *b = bench(state);

    assert_string_equal(titles(b), "");
    assert_int_equal(last_event, cursor);
    put_deal(b, "1", "라면 40개");
    put_deal(b, "2", "커피");
    assert_string_equal(titles(b), "1:라면 40개 2:커피");
    assert_string_equal(titles_since(b, 1, 0), "1:라면 40개");
    assert_string_equal(find(b, NULL, 0), "0");
    assert_string_equal(titles(b), "2:커피");
    assert_string_equal(find(b, NULL, 0), "0");
    assert_string_equal(titles(b), "");

    put_deal(b, "2", "커피 원두");
    assert_string_equal(titles(b), "2:커피 원두");
}

static void what_is_no_title_is_passed_over(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "1");

    write_row(b, &row);
    titles(b);
    find(b, NULL, 0);
    row.sold_out = true;
    row.redirect_url = "https://shop.example/1";
    write_row(b, &row);

    assert_string_equal(titles(b), "");
    assert_true(last_event > cursor);
}

static void deals_that_are_deleted_or_old_give_no_title(void **state)
{
    struct bench *b = bench(state);
    struct deal_row old = row_of("clien", "1");

    old.posted_at_ms = AT - 1000;
    write_row(b, &old);
    put_deal(b, "2", "지워진 것");
    put_deal(b, "3", "새것");
    ask(b, b->is_postgres ? "UPDATE deals SET is_deleted = true WHERE post_key = '2'"
                          : "UPDATE deals SET is_deleted = 1 WHERE post_key = '2'");
    assert_string_equal(titles_since(b, 100, AT - 999), "3:새것");
    assert_string_equal(titles_since(b, 100, AT - 1000), "1:[11번가] 라면 40개 3:새것");
}

static void keywords_come_in_pages_and_every_edit_is_noticed(void **state)
{
    struct bench *b = bench(state);
    int64_t before;

    add_user(b, "p");
    assert_string_equal(words(b, 0, 10), "");
    edit_word(b, 1, STORE_ADD, "라면");
    edit_word(b, 1, STORE_ADD, "커피");
    edit_word(b, 1, STORE_ADD, "쌀");
    assert_string_equal(words(b, 0, 2), "1:1:라면 2:1:커피");
    assert_string_equal(words(b, 2, 2), "3:1:쌀");
    before = edits;
    titles(b);
    assert_int_equal(edits, before);

    edit_word(b, 1, STORE_ADD, "쌀"); /* is there */
    titles(b);
    assert_int_equal(edits, before);
    edit_word(b, 1, STORE_REMOVE, "쌀");
    titles(b);
    assert_true(edits > before);
    before = edits;
    ask(b, b->is_postgres ? "DELETE FROM app_users" : "DELETE FROM keyword_alarms");
    titles(b);
    assert_true(edits > before);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void two_users(struct bench *b)
{
    add_user(b, "p");
    add_user(b, "q");
    edit_word(b, 1, STORE_ADD, "라면");
    edit_word(b, 1, STORE_ADD, "40개");
    edit_word(b, 2, STORE_ADD, "라면");
    put_deal(b, "1", "라면 40개");
    put_deal(b, "2", "신라면");
    titles(b);
}

static void a_deal_stands_once_in_a_users_list(void **state)
{
    struct bench *b = bench(state);

    two_users(b);
    assert_string_equal(find(b, HITS({1, 1}, {1, 2}, {1, 3}, {2, 3})), "3");
    titles(b);
    assert_string_equal(find(b, HITS({1, 2}, {2, 1})), "1");
    assert_string_equal(push_list(b),
                        "1|1|라면|waits\n1|2|라면|waits\n2|1|라면|waits\n2|2|라면|waits\n");
}

static void a_second_decision_on_what_was_read_is_refused_whole(void **state)
{
    struct bench *b = bench(state);
    struct err err;
    int64_t read_at;

    two_users(b);
    assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[0], &err), 0);
    read_at = step;
    assert_string_equal(find(b, HITS({1, 1})), "1");
    assert_string_equal(find_by(b, b->others[0], HITS({1, 3}, {2, 3})), "refused");
    assert_string_equal(push_list(b), "1|1|라면|waits\n");

    waiting(b);
    assert_true(step > read_at);
    step = read_at;
    assert_string_equal(say(b, USERS(1), &(struct store_alarm_push){1, "h", "c"}, 1), "refused");
    assert_string_equal(push_list(b), "1|1|라면|waits\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM push_outbox"), "0\n");
}

static int n_decided, n_accepted;

static void on_raced(bool accepted, int64_t n, const struct err *err, void *ctx)
{
    assert_null(err);
    n_accepted += accepted;
    assert_int_equal(n, accepted ? 2 : 0);
    if (++n_decided == 4)
        loop_stop(((struct bench *)ctx)->loop);
}

/* Asked before any of them has its answer. */
static void of_engines_that_decide_at_the_same_moment_one_is_heard(void **state)
{
    struct bench *b = bench(state);
    const struct store_alarm_hit hits[] = {{1, 1}, {1, 3}};
    struct store_alarm_found found;
    struct err err;

    two_users(b);
    found = (struct store_alarm_found){
        .step = step, .event_id = last_event, .hits = hits, .n = 2, .now_ms = AT};
    n_decided = n_accepted = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_open(b->loop, b->url, BENCH_TIMEOUT_MS, &b->others[i], &err), 0);
        store_alarm_found(b->others[i], &found, on_raced, b);
    }
    loop_run(b->loop);
    assert_int_equal(n_accepted, 1);
    assert_string_equal(push_list(b), "1|1|라면|waits\n2|1|라면|waits\n");
}

static void muted_users_get_the_list_and_no_push(void **state)
{
    struct bench *b = bench(state);

    two_users(b);
    ask(b, b->is_postgres ? "UPDATE app_users SET alarm_status = false WHERE id = 1"
                          : "UPDATE app_users SET alarm_status = 0 WHERE id = 1");
    ask(b, "UPDATE app_users SET max_push_count = 0 WHERE id = 2");
    assert_string_equal(find(b, HITS({1, 1}, {1, 3})), "2");
    assert_string_equal(push_list(b), "1|1|라면|told\n2|1|라면|told\n");
    assert_string_equal(waiting(b), "");
}

static void who_went_meanwhile_drops_out(void **state)
{
    struct bench *b = bench(state);

    two_users(b);
    edit_word(b, 1, STORE_REMOVE, "라면");
    assert_string_equal(find(b, HITS({1, 1}, {99, 3}, {1, 99}, {2, 3})), "1");
    assert_string_equal(push_list(b), "2|2|라면|waits\n");
    waiting(b);
    assert_string_equal(
        say(b, USERS(2, 99), (const struct store_alarm_push[]){{99, "h", "c"}, {2, "h", "c"}}, 2),
        "1");
}

/* ---- telling --------------------------------------------------------------------------------- */

static void those_who_wait_come_with_their_keywords_and_choices(void **state)
{
    struct bench *b = bench(state);

    two_users(b);
    put_deal(b, "3", "컵라면");
    titles(b);
    find(b, HITS({1, 2}, {2, 1}, {3, 1}, {3, 3}));
    ask(b, "UPDATE app_users SET zone = 'Europe/Berlin', alarm_hours = '08:00-20:00', alarm_way = "
           "'at-once', "
           "max_push_count = 3 WHERE id = 2");
    assert_string_equal(
        waiting(b),
        "1(1 digest - - 0) 라면:2 40개:1 2(3 at-once Europe/Berlin 08:00-20:00 0) 라면:1");
    assert_string_equal(waiting_for(b, 0, 1, NULL), "1(1 digest - - 0) 라면:2 40개:1");
    assert_string_equal(waiting_for(b, 1, 9, NULL),
                        "2(3 at-once Europe/Berlin 08:00-20:00 0) 라면:1");
    assert_string_equal(waiting_for(b, 0, 9, STORE_ALARM_AT_ONCE),
                        "2(3 at-once Europe/Berlin 08:00-20:00 0) 라면:1");
    assert_string_equal(waiting_for(b, 0, 9, STORE_ALARM_DIGEST),
                        "1(1 digest - - 0) 라면:2 40개:1");
}

static void who_was_told_waits_no_more_and_has_one_push(void **state)
{
    struct bench *b = bench(state);
    const struct store_alarm_push pushes[] = {{2, "머리 \"말\"", "내용"}};

    two_users(b);
    find(b, HITS({1, 1}, {1, 3}));
    waiting(b);
    assert_string_equal(say(b, USERS(2), pushes, 1), "1");
    assert_string_equal(push_list(b), "1|1|라면|waits\n2|1|라면|told\n");
    assert_string_equal(
        ask(b, "SELECT kind, app_user_id, headings, contents, tries FROM push_outbox"),
        "alarm|2|머리 \"말\"|내용|0\n");

    titles(b);
    find(b, HITS({2, 3}));
    assert_string_equal(waiting(b), "1(1 digest - - 0) 라면:1 2(1 digest - - 1) 라면:1");
    assert_string_equal(say(b, USERS(1, 2), NULL, 0), "0");
    assert_string_equal(waiting(b), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(each_title_is_there_until_it_is_decided),
        BOTH(what_is_no_title_is_passed_over),
        BOTH(deals_that_are_deleted_or_old_give_no_title),
        BOTH(keywords_come_in_pages_and_every_edit_is_noticed),
        BOTH(a_deal_stands_once_in_a_users_list),
        BOTH(a_second_decision_on_what_was_read_is_refused_whole),
        BOTH(of_engines_that_decide_at_the_same_moment_one_is_heard),
        BOTH(muted_users_get_the_list_and_no_push),
        BOTH(who_went_meanwhile_drops_out),
        BOTH(those_who_wait_come_with_their_keywords_and_choices),
        BOTH(who_was_told_waits_no_more_and_has_one_push),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
