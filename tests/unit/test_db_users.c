/* SPDX-License-Identifier: MIT */
/* test_db_users.c - the app's users in the store: the same scenarios on SQLite and on PostgreSQL. */
#include "test_db.h"
#include "db/store_users.h"

static struct store_who got;

static void begin(struct bench *b)
{
    *told = '\0';
    bench_ask(b);
}

static void await(struct bench *b)
{
    bench_wait(b);
    assert_ok(b);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void on_token(const struct store_who *who, const struct err *err, void *ctx)
{
    got = *who;
    bench_answer(ctx, err);
}

static struct store_who register_user(struct bench *b, const char *player)
{
    begin(b);
    store_user_register(b->store, player, AT, on_token, b);
    await(b);
    return got;
}

static struct store_who session(struct bench *b, const char *player, const char *hash,
                                int64_t expires_ms)
{
    begin(b);
    store_session_begin(b->store, player, hash, AT, expires_ms, on_token, b);
    await(b);
    return got;
}

static struct store_who refresh(struct bench *b, const char *hash, const char *next, int64_t at_ms)
{
    begin(b);
    store_session_refresh(b->store, hash, next, at_ms, at_ms + 1000, on_token, b);
    await(b);
    return got;
}

static void on_user(const struct store_user *user, const struct err *err, void *ctx)
{
    if (user->is_known)
        tell("%s@%lld", user->player, (long long)(user->last_token_at_ms - AT));
    else
        tell("unknown");
    bench_answer(ctx, err);
}

static const char *user(struct bench *b, struct store_who who)
{
    begin(b);
    store_user_get(b->store, &who, on_user, b);
    await(b);
    return told;
}

static void on_ended(bool is_known, const struct err *err, void *ctx)
{
    tell("%s", is_known ? "ended" : "unknown");
    bench_answer(ctx, err);
}

static const char *end_session(struct bench *b, struct store_who who, bool all)
{
    begin(b);
    store_session_end(b->store, &who, all, on_ended, b);
    await(b);
    return told;
}

static void on_edited(const struct store_edit_answer *answer, const struct err *err, void *ctx)
{
    static const char *const names[] = {"added", "removed", "already", "absent", "full", "no deal"};

    tell("%s%s%s", answer->is_known ? names[answer->done] : "unknown", answer->title ? " " : "",
         answer->title ? answer->title : "");
    bench_answer(ctx, err);
}

static const char *mark(struct bench *b, struct store_who who, enum store_edit edit,
                        const char *product_id)
{
    begin(b);
    store_mark_edit(b->store, &who, edit, product_id, AT, on_edited, b);
    await(b);
    return told;
}

static const char *word(struct bench *b, struct store_who who, enum store_edit edit,
                        const char *title)
{
    begin(b);
    store_word_edit(b->store, &who, edit, title, AT, on_edited, b);
    await(b);
    return told;
}

static void on_list(const struct store_user_deals *list, const struct err *err, void *ctx)
{
    if (!list->is_known)
        tell("unknown");
    for (int i = 0; i < list->n; i++)
        tell("%s%s%s%s%s", i ? " " : "", list->deals[i].deal.row.product_id,
             *list->deals[i].keyword ? ":" : "", list->deals[i].keyword,
             list->deals[i].is_marked ? "*" : "");
    tell("%s", list->has_more ? " ..." : "");
    bench_answer(ctx, err);
}

static const char *marks(struct bench *b, struct store_who who)
{
    begin(b);
    store_mark_list(b->store, &who, on_list, b);
    await(b);
    return told;
}

static const char *pushes(struct bench *b, struct store_who who)
{
    begin(b);
    store_push_list(b->store, &who, on_list, b);
    await(b);
    return told;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void on_marked(const struct store_marked *marked, const struct err *err, void *ctx)
{
    const char *ids[10];

    assert_true(marked->n <= 10);
    for (int i = 0; i < marked->n; i++)
        ids[i] = marked->product_ids[i];
    qsort(ids, (size_t)marked->n, sizeof(*ids), by_name);
    tell("%s", marked->is_known ? "" : "unknown");
    for (int i = 0; i < marked->n; i++)
        tell("%s%s", i ? " " : "", ids[i]);
    bench_answer(ctx, err);
}

static const char *marked(struct bench *b, struct store_who who, const char *const *ids, int n)
{
    begin(b);
    store_marked(b->store, &who, ids, n, on_marked, b);
    await(b);
    return told;
}

static void on_settings(const struct store_settings *settings, const struct err *err, void *ctx)
{
    if (settings->is_known)
        tell("alarm=%d max=%lld", settings->alarm_status, (long long)settings->max_push_count);
    else
        tell("unknown");
    for (int i = 0; i < settings->n_keywords; i++)
        tell(" %s", settings->keywords[i]);
    bench_answer(ctx, err);
}

static const char *settings(struct bench *b, struct store_who who)
{
    begin(b);
    store_settings_get(b->store, &who, on_settings, b);
    await(b);
    return told;
}

static const char *configure(struct bench *b, struct store_who who, int64_t alarm, int64_t most)
{
    begin(b);
    store_settings_set(b->store, &who, alarm, most, AT, on_settings, b);
    await(b);
    return told;
}

static void on_notices(const struct store_notice *notices, int n, bool has_more,
                       const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s/%s/%s@%lld ", notices[i].title, notices[i].category, notices[i].content,
             (long long)(notices[i].created_at_ms - AT));
    tell(has_more ? "..." : "");
    bench_answer(ctx, err);
}

static const char *notices(struct bench *b)
{
    begin(b);
    store_notices(b->store, on_notices, b);
    await(b);
    return told;
}

static int64_t add_notice(struct bench *b, const char *title, int64_t at_ms)
{
    struct store_notice notice = {
        .title = title, .category = "일반", .content = "<b>&", .created_at_ms = at_ms};

    begin(b);
    store_notice_add(b->store, &notice, on_number, b);
    await(b);
    return b->number;
}

static void on_broadcast(bool is_new, const struct err *err, void *ctx)
{
    tell(is_new ? "queued" : "again");
    bench_answer(ctx, err);
}

static const char *broadcast(struct bench *b, const char *contents, int64_t at_ms)
{
    begin(b);
    store_broadcast(b->store, "알림", contents, at_ms, on_broadcast, b);
    await(b);
    return told;
}

static void write_deal(struct bench *b, const char *key, int64_t at_ms)
{
    struct deal_row row = row_of("clien", key);

    row.posted_at_ms = at_ms;
    write_row(b, &row);
}

/* As the engine's alarm job will. */
static void tell_user(struct bench *b, struct store_who who, const char *key, const char *keyword)
{
    char *sql = mem_printf(
        "INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, created_at) "
        "SELECT %lld, id, '%s', created_at FROM deals WHERE post_key = '%s'",
        (long long)who.user_id, keyword, key);

    ask(b, sql);
    mem_free(sql);
}

/* ---- users and tokens ------------------------------------------------------------------------ */

static void a_player_is_one_user_however_often_it_asks(void **state)
{
    struct bench *b = bench(state);
    struct store_who first = register_user(b, "player-1"), again;

    assert_true(first.user_id > 0 && first.version == 0 && first.session_id == 0);
    begin(b);
    store_user_register(b->store, "player-1", AT + 7, on_token, b);
    await(b);
    again = got;
    assert_true(again.user_id == first.user_id);
    assert_true(register_user(b, "player-2").user_id != first.user_id);
    assert_string_equal(user(b, first), "player-1@7");
}

static void nobody_is_answered_for_a_user_or_version_that_is_not(void **state)
{
    struct bench *b = bench(state);
    struct store_who who = register_user(b, "p");
    const struct store_who others[] = {{who.user_id + 1, 0, 0}, {who.user_id, 1, 0},
                                       {who.user_id, 0, 1},     {0, 0, 0},
                                       {INT64_MAX, 0, 0},       {who.user_id, 0, INT64_MAX}};
    const char *id = "clien_1";

    write_deal(b, "1", AT);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_string_equal(user(b, others[i]), "unknown");
        assert_string_equal(mark(b, others[i], STORE_ADD, id), "unknown");
        assert_string_equal(mark(b, others[i], STORE_REMOVE, id), "unknown");
        assert_string_equal(mark(b, others[i], STORE_TOGGLE, id), "unknown");
        assert_string_equal(word(b, others[i], STORE_ADD, "w"), "unknown");
        assert_string_equal(word(b, others[i], STORE_REMOVE, "w"), "unknown");
        assert_string_equal(word(b, others[i], STORE_TOGGLE, "w"), "unknown");
        assert_string_equal(marks(b, others[i]), "unknown");
        assert_string_equal(pushes(b, others[i]), "unknown");
        assert_string_equal(marked(b, others[i], &id, 1), "unknown");
        assert_string_equal(settings(b, others[i]), "unknown");
        assert_string_equal(configure(b, others[i], 0, 5), "unknown");
    }
    assert_string_equal(settings(b, who), "alarm=1 max=1");
    assert_string_equal(ask(b, "SELECT count(*) FROM book_marks"), "0\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM keyword_alarms"), "0\n");
}

static void a_session_lives_on_by_its_newest_token_alone(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = session(b, "p", "h1", AT + 1000), other = session(b, "p", "o1", AT + 1000);

    assert_true(a.session_id > 0 && other.session_id != a.session_id && other.user_id == a.user_id);
    assert_string_equal(user(b, a), "p@0");
    assert_true(refresh(b, "h1", "h2", AT).session_id == a.session_id);
    assert_true(refresh(b, "h2", "h3", AT + 999).session_id == a.session_id);
    assert_true(refresh(b, "never", "h4", AT).user_id == 0);
    /* too old */
    assert_true(refresh(b, "h3", "h4", AT + 3000).user_id == 0);
    assert_true(refresh(b, "o1", "o2", AT + 1000).user_id == 0);
    assert_string_equal(user(b, other), "p@0");
}

static void a_replaced_token_that_comes_back_ends_its_session(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = session(b, "p", "h1", AT + 1000), other = session(b, "p", "o1", AT + 1000);

    assert_true(refresh(b, "h1", "h2", AT).user_id != 0);
    assert_true(refresh(b, "h1", "stolen", AT).user_id == 0);
    assert_true(refresh(b, "h2", "h3", AT).user_id == 0);
    assert_string_equal(user(b, a), "unknown");
    assert_string_equal(user(b, other), "p@0");
}

static void revoking_ends_one_session_or_everything(void **state)
{
    struct bench *b = bench(state);
    struct store_who legacy = register_user(b, "p"), stranger = session(b, "q", "q1", AT + 1000);
    struct store_who one = session(b, "p", "h1", AT + 1000), two = session(b, "p", "h2", AT + 1000);

    assert_string_equal(end_session(b, one, false), "ended");
    assert_string_equal(end_session(b, one, false), "ended");
    assert_string_equal(user(b, one), "unknown");
    assert_string_equal(user(b, two), "p@0");
    assert_true(refresh(b, "h1", "h9", AT).user_id == 0);

    /* one's token is worth nothing any more, so it can't end the others */
    assert_string_equal(end_session(b, one, true), "ended");
    assert_string_equal(user(b, two), "p@0");

    assert_string_equal(end_session(b, two, true), "ended");
    assert_string_equal(user(b, two), "unknown");
    assert_string_equal(user(b, legacy), "unknown");
    assert_true(refresh(b, "h2", "h9", AT).user_id == 0);
    assert_string_equal(user(b, stranger), "q@0");
    legacy = register_user(b, "p");
    assert_int_equal(legacy.version, 1);
    assert_string_equal(user(b, legacy), "p@0");
    legacy.user_id += 100;
    assert_string_equal(end_session(b, legacy, true), "unknown");
}

static void only_the_newest_sessions_of_a_user_are_kept(void **state)
{
    struct bench *b = bench(state);
    struct store_who first = session(b, "p", "first", AT + 1000), last = first;

    for (int i = 0; i < STORE_SESSIONS_MAX; i++) {
        char hash[16];

        snprintf(hash, sizeof(hash), "h%d", i);
        last = session(b, "p", hash, AT + 1000);
    }
    assert_string_equal(user(b, first), "unknown");
    assert_string_equal(user(b, last), "p@0");
    assert_string_equal(ask(b, "SELECT count(*) FROM app_sessions"), "20\n");
    begin(b);
    store_session_begin(b->store, "p", "later", AT + 1000, AT + 2000, on_token, b);
    await(b);
    assert_string_equal(ask(b, "SELECT refresh_hash FROM app_sessions"), "later\n");
}

/* ---- bookmarks and keywords ------------------------------------------------------------------ */

static void bookmarks_are_added_removed_and_toggled(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a"), other = register_user(b, "b");

    write_deal(b, "1", AT);
    write_deal(b, "2", AT + 1);
    assert_string_equal(mark(b, a, STORE_ADD, "clien_1"), "added [11번가] 라면 40개");
    assert_string_equal(mark(b, a, STORE_ADD, "clien_1"), "already [11번가] 라면 40개");
    assert_string_equal(mark(b, a, STORE_ADD, "clien_9"), "no deal");
    assert_string_equal(mark(b, a, STORE_REMOVE, "clien_9"), "no deal");
    assert_string_equal(mark(b, a, STORE_TOGGLE, "clien_9"), "no deal");
    assert_string_equal(mark(b, other, STORE_REMOVE, "clien_1"), "absent [11번가] 라면 40개");
    assert_string_equal(mark(b, a, STORE_TOGGLE, "clien_2"), "added [11번가] 라면 40개");
    assert_string_equal(marks(b, a), "clien_1* clien_2*");
    assert_string_equal(marks(b, other), "");
    assert_string_equal(mark(b, a, STORE_REMOVE, "clien_1"), "removed [11번가] 라면 40개");
    assert_string_equal(mark(b, a, STORE_TOGGLE, "clien_2"), "removed [11번가] 라면 40개");
    assert_string_equal(marks(b, a), "");
}

static void keywords_are_added_removed_and_toggled(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a"), other = register_user(b, "b");

    assert_string_equal(word(b, a, STORE_ADD, "라면"), "added 라면");
    assert_string_equal(word(b, a, STORE_ADD, "라면"), "already 라면");
    assert_string_equal(word(b, other, STORE_REMOVE, "라면"), "absent 라면");
    assert_string_equal(word(b, a, STORE_TOGGLE, "'; DROP"), "added '; DROP");
    assert_string_equal(settings(b, a), "alarm=1 max=1 라면 '; DROP");
    assert_string_equal(word(b, a, STORE_TOGGLE, "라면"), "removed 라면");
    assert_string_equal(settings(b, a), "alarm=1 max=1 '; DROP");
    assert_string_equal(configure(b, a, 0, 3), "alarm=0 max=3");
    assert_string_equal(configure(b, a, DEAL_UNKNOWN, INT32_MAX), "alarm=0 max=2147483647");
    assert_string_equal(configure(b, a, 1, DEAL_UNKNOWN), "alarm=1 max=2147483647");
    assert_string_equal(settings(b, other), "alarm=1 max=1");
}

static void a_user_has_no_more_than_may_be(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a");
    char name[32];

    for (int i = 0; i < STORE_WORDS_MAX; i++) {
        snprintf(name, sizeof(name), "w%d", i);
        word(b, a, STORE_ADD, name);
    }
    assert_string_equal(word(b, a, STORE_ADD, "one more"), "full one more");
    assert_string_equal(word(b, a, STORE_TOGGLE, "one more"), "full one more");
    assert_string_equal(word(b, a, STORE_ADD, "w5"), "already w5");
    assert_string_equal(word(b, a, STORE_TOGGLE, "w5"), "removed w5");
    assert_string_equal(word(b, a, STORE_TOGGLE, "one more"), "added one more");
}

static void which_of_these_deals_are_bookmarked(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a"), other = register_user(b, "b");
    static const char *const ids[] = {"clien_1", "clien_2", "no\"such", "clien_3"};

    for (int i = 1; i <= 4; i++) {
        char key[2] = {(char)('0' + i), 0};

        write_deal(b, key, AT + i);
    }
    assert_string_equal(marked(b, a, ids, 4), "");
    mark(b, a, STORE_ADD, "clien_1");
    mark(b, a, STORE_ADD, "clien_3");
    mark(b, a, STORE_ADD, "clien_4");
    mark(b, other, STORE_ADD, "clien_2");
    assert_string_equal(marked(b, a, ids, 4), "clien_1 clien_3");
    assert_string_equal(marked(b, other, ids, 4), "clien_2");
    assert_string_equal(marked(b, a, ids, 0), "");
}

/* The original joined the bookmarks of everybody, so that another's bookmark showed as one's own and
 * a deal came once for each who had it. */
static void the_push_list_shows_own_bookmarks_only_and_each_deal_once(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a"), other = register_user(b, "b");

    write_deal(b, "1", AT - 3);
    write_deal(b, "2", AT - 1);
    write_deal(b, "3", AT - 2);
    tell_user(b, a, "2", "라면");
    tell_user(b, a, "1", "11번가");
    tell_user(b, a, "3", "라면");
    tell_user(b, other, "3", "40개");
    mark(b, a, STORE_ADD, "clien_1");
    mark(b, other, STORE_ADD, "clien_1");
    mark(b, other, STORE_ADD, "clien_2");

    assert_string_equal(pushes(b, a), "clien_2:라면 clien_3:라면 clien_1:11번가*");
    assert_string_equal(pushes(b, other), "clien_3:40개");
}

static void lists_end_at_a_hundred_and_say_so(void **state)
{
    struct bench *b = bench(state);
    struct store_who a = register_user(b, "a");
    struct deal_row rows[101];
    static char keys[101][12];

    for (int i = 0; i < 101; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        rows[i] = row_of("clien", keys[i]);
        rows[i].posted_at_ms = AT - i;
    }
    write_rows(b, rows, 101);
    for (int i = 0; i < 100; i++) {
        mark(b, a, STORE_ADD, rows[i].product_id);
        tell_user(b, a, keys[i], "w");
    }
    assert_null(strstr(marks(b, a), "..."));
    assert_null(strstr(pushes(b, a), "..."));
    mark(b, a, STORE_ADD, "clien_100");
    tell_user(b, a, "100", "w");
    assert_true(str_starts(marks(b, a), "clien_1* clien_2* "));
    assert_non_null(strstr(told, "clien_99* clien_100* ..."));
    assert_true(str_starts(pushes(b, a), "clien_0:w* "));
    assert_non_null(strstr(told, "clien_99:w* ..."));
}

/* ---- notices, pushes to everybody ------------------------------------------------------------ */

static void notices_come_newest_first(void **state)
{
    struct bench *b = bench(state);
    int64_t id;

    assert_string_equal(notices(b), "");
    add_notice(b, "a", AT);
    id = add_notice(b, "b", AT + 5);
    add_notice(b, "c", AT + 3);
    assert_string_equal(notices(b), "b/일반/<b>&@5 c/일반/<b>&@3 a/일반/<b>&@0 ");
    begin(b);
    store_notice_remove(b->store, id, on_number, b);
    await(b);
    assert_true(b->number == id);
    begin(b);
    store_notice_remove(b->store, id, on_number, b);
    await(b);
    assert_true(b->number == 0);
    assert_string_equal(notices(b), "c/일반/<b>&@3 a/일반/<b>&@0 ");
}

static void a_push_to_everybody_waits_in_the_outbox_once(void **state)
{
    struct bench *b = bench(state);

    assert_string_equal(broadcast(b, "one", AT), "queued");
    assert_string_equal(broadcast(b, "one", AT + 59999), "again");
    assert_string_equal(broadcast(b, "two", AT + 59999), "queued");
    assert_string_equal(broadcast(b, "one", AT + 60000), "queued");
    assert_string_equal(
        ask(b, "SELECT kind, app_user_id, headings, contents, tries, sent_at FROM push_outbox "
               "ORDER BY id"),
        "broadcast|-|알림|one|0|-\nbroadcast|-|알림|two|0|-\nbroadcast|-|알림|one|0|-\n");
}

static void a_reader_writes_for_users(void **state)
{
    struct bench *b = bench(state);
    struct store_who a;

    write_deal(b, "1", AT);
    reopen(b);
    store_set_reader(b->store);
    a = register_user(b, "a");
    assert_string_equal(mark(b, a, STORE_ADD, "clien_1"), "added [11번가] 라면 40개");
    assert_string_equal(marks(b, a), "clien_1*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_player_is_one_user_however_often_it_asks),
        BOTH(nobody_is_answered_for_a_user_or_version_that_is_not),
        BOTH(a_session_lives_on_by_its_newest_token_alone),
        BOTH(a_replaced_token_that_comes_back_ends_its_session),
        BOTH(revoking_ends_one_session_or_everything),
        BOTH(only_the_newest_sessions_of_a_user_are_kept),
        BOTH(bookmarks_are_added_removed_and_toggled),
        BOTH(keywords_are_added_removed_and_toggled),
        BOTH(a_user_has_no_more_than_may_be),
        BOTH(which_of_these_deals_are_bookmarked),
        BOTH(the_push_list_shows_own_bookmarks_only_and_each_deal_once),
        BOTH(lists_end_at_a_hundred_and_say_so),
        BOTH(notices_come_newest_first),
        BOTH(a_push_to_everybody_waits_in_the_outbox_once),
        BOTH(a_reader_writes_for_users),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
