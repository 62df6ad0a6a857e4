/* SPDX-License-Identifier: MIT */
/* test_db_purge.c - what goes when its time is over, and what the ledger's sums say, on both databases. */
#include "test_db.h"
#include "db/store_cost.h"
#include "db/store_purge.h"

enum { LARGE = 100000 };
static const int64_t DAY = 24 * 3600 * 1000;

/* A statement with a moment in it, $t, in the words of both databases. */
static void put(struct bench *b, const char *sql, int64_t at_ms)
{
    const char *at = strstr(sql, "$t");
    char *text = mem_printf(b->is_postgres ? "%.*sto_timestamp(%lld / 1000.0)%s" : "%.*s%lld%s",
                            (int)(at - sql), sql, (long long)at_ms, at + 2);

    ask(b, text);
    mem_free(text);
}

static void on_gone(int64_t n, const struct err *err, void *ctx)
{
    on_number(n, err, ctx);
}

static int64_t purge_by(struct bench *b, const struct store_purge *purge)
{
    bench_ask(b);
    store_purge(b->store, purge, on_gone, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static int64_t purge(struct bench *b, enum store_purge_what what, int64_t before_ms)
{
    struct store_purge by = {
        .what = what, .before_ms = before_ms, .marks_before_ms = AT - 60 * DAY, .limit = LARGE};
    int64_t would, gone;

    by.dry_run = true;
    would = purge_by(b, &by);
    by.dry_run = false;
    gone = purge_by(b, &by);
    assert_int_equal(would, gone);
    assert_int_equal(purge_by(b, &by), 0);
    return gone;
}

static void write_at(struct bench *b, const char *key, int64_t at_ms)
{
    struct deal_row row = row_of("clien", key);

    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = at_ms});
    assert_ok(b);
}

static void add_user(struct bench *b)
{
    put(b,
        "INSERT INTO app_users (app_player, last_token_at, created_at, updated_at) SELECT 'a', t, "
        "t, t FROM "
        "(SELECT $t AS t) x",
        AT);
}

static void mark(struct bench *b, const char *table, const char *more, const char *key,
                 int64_t at_ms)
{
    char *named = mem_printf(
        "INSERT INTO %s (app_user_id, deal_id%s, created_at) SELECT u.id, d.id%s, $t FROM "
        "app_users u, deals d WHERE d.post_key = '%s'",
        table, *more ? ", keyword_title" : "", more, key);

    put(b, named, at_ms);
    mem_free(named);
}

static void old_deals_go_unless_somebody_keeps_them(void **state)
{
    struct bench *b = bench(state);

    add_user(b);
    write_at(b, "new", AT);
    write_at(b, "29d", AT - 29 * DAY);
    write_at(b, "31d", AT - 31 * DAY);
    write_at(b, "marked", AT - 31 * DAY);
    write_at(b, "pushed", AT - 31 * DAY);
    write_at(b, "marked-long-ago", AT - 90 * DAY);
    mark(b, "book_marks", "", "marked", AT - 59 * DAY);
    mark(b, "keyword_pushalarm_lists", ", 'word'", "pushed", AT);
    mark(b, "book_marks", "", "marked-long-ago", AT - 61 * DAY);

    assert_int_equal(purge(b, STORE_PURGE_DEALS, AT - 30 * DAY), 2);

    assert_string_equal(ask(b, "SELECT post_key FROM deals ORDER BY id"),
                        "new\n29d\nmarked\npushed\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM deal_events"), "4\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM book_marks"), "1\n");
}

/* Else a board's pinned post would be new, and pushed, each day anew. */
static void a_deal_that_was_old_when_it_was_found_stays_its_time(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "pinned");

    row.posted_at_ms = AT - 300 * DAY;
    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = AT});
    assert_int_equal(purge(b, STORE_PURGE_DEALS, AT - 30 * DAY), 0);
    assert_int_equal(purge(b, STORE_PURGE_DEALS, AT + 1), 1);
}

static void bookmarks_and_push_rows_have_their_own_time(void **state)
{
    struct bench *b = bench(state);

    add_user(b);
    write_at(b, "1", AT);
    write_at(b, "2", AT);
    for (int i = 1; i <= 2; i++) {
        char key[2] = {(char)('0' + i), 0};

        mark(b, "book_marks", "", key,
             AT - (62 - i * 2) * DAY + DAY / 2); /* 60 and 58 days, less half of one */
        mark(b, "keyword_pushalarm_lists", ", 'w'", key, AT - (63 - i) * DAY);
    }
    assert_int_equal(purge(b, STORE_PURGE_MARKS, AT - 59 * DAY), 1);
    assert_int_equal(purge(b, STORE_PURGE_PUSH_ROWS, AT - 60 * DAY), 2);
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "2\n");
}

static void what_the_engine_notes_goes_but_not_what_is_still_open(void **state)
{
    struct bench *b = bench(state);

    write_at(b, "1", AT - 90 * DAY);
    write_at(b, "2", AT);
    put(b,
        "INSERT INTO runs (engine, site, kind, started_at, reason) SELECT 'e', 'clien', 'crawl', "
        "$t, 'ok'",
        AT - 100 * DAY);
    put(b,
        "INSERT INTO runs (engine, site, kind, started_at, reason) SELECT 'e', 'clien', 'crawl', "
        "$t, 'running'",
        AT - 100 * DAY);
    put(b,
        "INSERT INTO reports (site, kind, text, opened_at, last_at, closed_at) SELECT 'a', "
        "'drift', 't', t, t, t FROM (SELECT $t AS t) x",
        AT - 100 * DAY);
    put(b,
        "INSERT INTO reports (site, kind, text, opened_at, last_at) SELECT 'a', 'drift', 't', t, t "
        "FROM (SELECT $t AS t) x",
        AT - 100 * DAY);
    put(b,
        "INSERT INTO push_outbox (kind, headings, contents, created_at, due_at, sent_at) SELECT "
        "'broadcast', 'h', 'c', t, t, t FROM (SELECT $t AS t) x",
        AT - 100 * DAY);
    put(b,
        "INSERT INTO push_outbox (kind, headings, contents, created_at, due_at) SELECT "
        "'broadcast', 'h', 'c', t, t FROM (SELECT $t AS t) x",
        AT - 100 * DAY);
    add_user(b);
    put(b,
        "INSERT INTO app_sessions (app_user_id, refresh_hash, created_at, used_at, expires_at) "
        "SELECT u.id, 'h', t, t, t FROM (SELECT $t AS t) x, app_users u",
        AT - DAY);
    put(b,
        "INSERT INTO field_runs (site, layout, is_good, run_id, at, rows_seen) VALUES ('a', 'l', "
        "'1', 1, $t, 20)",
        AT - 100 * DAY);

    assert_int_equal(purge(b, STORE_PURGE_RUNS, AT - 90 * DAY), 1);
    assert_int_equal(purge(b, STORE_PURGE_REPORTS, AT - 90 * DAY), 1);
    assert_int_equal(purge(b, STORE_PURGE_PUSHES, AT - 90 * DAY), 1);
    assert_int_equal(purge(b, STORE_PURGE_SESSIONS, AT), 1);
    assert_int_equal(purge(b, STORE_PURGE_EVENTS, AT - 60 * DAY), 1);
    assert_int_equal(purge(b, STORE_PURGE_FIELDS, AT - 90 * DAY), 1);
    assert_string_equal(ask(b, "SELECT reason FROM runs"), "running\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM reports"), "1\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM push_outbox"), "1\n");
}

static void a_batch_takes_no_more_than_it_should(void **state)
{
    struct bench *b = bench(state);
    struct store_purge by = {
        .what = STORE_PURGE_DEALS, .before_ms = AT, .marks_before_ms = AT, .limit = 2};
    static const char *const keys[] = {"1", "2", "3", "4", "5"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        write_at(b, keys[i], AT - 31 * DAY);
    assert_int_equal(purge_by(b, &by), 2);
    assert_int_equal(purge_by(b, &by), 2);
    assert_int_equal(purge_by(b, &by), 1);
    assert_int_equal(purge_by(b, &by), 0);
    by.what = STORE_PURGE_EVENTS;
    assert_int_equal(purge_by(b, &by), 0);
}

/* ---- the ledger's sums ----------------------------------------------------------------------- */

static void on_cost(const struct store_cost *rows, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s +%lldh runs=%lld pages=%lld failed=%lld new=%lld cpu=%lld gb=%lld busy=%lld "
             "peak=%lld\n",
             rows[i].site, rows[i].kind,
             (long long)(rows[i].hour_ms - AT / 3600000 * 3600000) / 3600000,
             (long long)rows[i].runs, (long long)rows[i].pages, (long long)rows[i].pages_failed,
             (long long)rows[i].added, (long long)rows[i].cpu_ms, (long long)rows[i].gb_ms,
             (long long)rows[i].busy_ms, (long long)rows[i].peak_pss_bytes);
    bench_answer(ctx, err);
}

static void ran(struct bench *b, const char *site, int64_t at_ms, bool ended)
{
    struct store_run run = {.site = site,
                            .kind = "crawl",
                            .due_at_ms = at_ms,
                            .started_at_ms = at_ms,
                            .ended_at_ms = at_ms + 5000,
                            .reason = "ok",
                            .pages = 3,
                            .pages_failed = 1,
                            .counts = {.added = 2},
                            .cpu_ms = 700,
                            .gb_ms = 900,
                            .peak_pss_bytes = 1000};

    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    assert_ok(b);
    run.id = b->number;
    bench_ask(b);
    if (!ended)
        return;
    store_run_end(b->store, &run, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

static void costs_are_summed_by_site_kind_and_hour(void **state)
{
    struct bench *b = bench(state);
    int64_t hour = AT / 3600000 * 3600000;

    ran(b, "clien", hour - 1, true); /* before */
    ran(b, "clien", hour, true);
    ran(b, "clien", hour + 3599999, true);
    ran(b, "zod", hour + 3600000, true);
    ran(b, "zod", hour + 3600000, false); /* still going */
    *told = '\0';
    bench_ask(b);
    store_cost(b->store, hour, on_cost, b);
    bench_wait(b);
    assert_ok(b);
    assert_string_equal(
        told,
        "clien crawl +0h runs=2 pages=6 failed=2 new=4 cpu=1400 gb=1800 busy=10000 peak=1000\n"
        "zod crawl +1h runs=1 pages=3 failed=1 new=2 cpu=700 gb=900 busy=5000 peak=1000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(old_deals_go_unless_somebody_keeps_them),
        BOTH(a_deal_that_was_old_when_it_was_found_stays_its_time),
        BOTH(bookmarks_and_push_rows_have_their_own_time),
        BOTH(what_the_engine_notes_goes_but_not_what_is_still_open),
        BOTH(a_batch_takes_no_more_than_it_should),
        BOTH(costs_are_summed_by_site_kind_and_hour),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
