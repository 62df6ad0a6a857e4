/* SPDX-License-Identifier: MIT */
/* test_db_reads.c - lists, the ledger of runs and the schema, the same on SQLite and on PostgreSQL.
 */
#include "test_db.h"

/* ---- lists ----------------------------------------------------------------------------------- */

/* Ten deals; three pairs and a group of four share their times. Keys in order of time: 1 .. 10. */
static void write_ten(struct bench *b)
{
    static const int minutes[] = {0, 1, 1, 2, 3, 3, 3, 3, 4, 4};
    static const char *const keys[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    struct deal_row rows[10];

    for (int i = 0; i < 10; i++) {
        rows[i] = row_of(i % 2 ? "clien" : "ruliweb", keys[i]);
        rows[i].posted_at_ms = AT - 600000 + minutes[i] * 60000;
    }
    /* One at a time, so that ids follow the keys. */
    for (int i = 0; i < 10; i++)
        write_row(b, &rows[i]);
}

static const char *keys_of(struct bench *b)
{
    struct buf out;
    const char *text;

    assert_ok(b);
    buf_init(&out, 10000);
    for (int i = 0; i < b->n_deals; i++)
        buf_addf(&out, "%s%s", i ? " " : "", b->deals[i].row.key);
    text = arena_strdup(&b->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void lists_newest_first_later_ids_first_among_equals(void **state)
{
    struct bench *b = bench(state);

    write_ten(b);
    list_all(b);

    assert_string_equal(keys_of(b), "10 9 8 7 6 5 4 3 2 1");
}

static void within_a_batch_later_post_numbers_come_first(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "999"), row_of("clien", "1001"),
                              row_of("clien", "1000")};

    write_rows(b, rows, 3);
    list_all(b);

    assert_string_equal(keys_of(b), "1001 1000 999");
}

static void keyset_pages_meet_without_gap_or_overlap(void **state)
{
    struct bench *b = bench(state);
    struct buf seen;
    struct store_query query = query_of(NULL, 3, 0);

    write_ten(b);
    buf_init(&seen, 1000);
    do {
        list_query(b, &query);
        buf_addf(&seen, "[%s]", keys_of(b));
        if (b->n_deals) {
            query.before_sort_ms = b->deals[b->n_deals - 1].sort_at_ms;
            query.before_id = b->deals[b->n_deals - 1].id;
        }
    } while (b->n_deals);

    assert_string_equal(buf_str(&seen), "[10 9 8][7 6 5][4 3 2][1][]");
    buf_fini(&seen);
}

static void offset_skips_rows(void **state)
{
    struct bench *b = bench(state);

    write_ten(b);
    list_some(b, NULL, 100, 7);
    assert_string_equal(keys_of(b), "3 2 1");
    list_some(b, NULL, 100, 10);
    assert_string_equal(keys_of(b), "");
    list_some(b, NULL, 100, INT32_MAX);
    assert_string_equal(keys_of(b), "");
}

static void until_is_inclusive(void **state)
{
    struct bench *b = bench(state);

    write_ten(b);
    list_query(b, &(struct store_query){
                      .limit = 100, .until_ms = AT - 540000, .before_sort_ms = CLOCK_NONE});
    assert_string_equal(keys_of(b), "3 2 1");
    list_query(b, &(struct store_query){
                      .limit = 100, .until_ms = AT - 540001, .before_sort_ms = CLOCK_NONE});
    assert_string_equal(keys_of(b), "1");
}

static void until_and_keyset_the_stricter_one_holds(void **state)
{
    struct bench *b = bench(state);
    struct store_query query = query_of(NULL, 100, 0);

    write_ten(b);
    list_all(b);
    query.before_sort_ms = b->deals[4].sort_at_ms; /* key 6, one of four at minute 3 */
    query.before_id = b->deals[4].id;
    query.until_ms = AT;
    list_query(b, &query);
    assert_string_equal(keys_of(b), "5 4 3 2 1");
    query.until_ms = query.before_sort_ms;
    list_query(b, &query);
    assert_string_equal(keys_of(b), "5 4 3 2 1");
    query.until_ms = query.before_sort_ms - 1;
    list_query(b, &query);
    assert_string_equal(keys_of(b), "4 3 2 1");
}

static void times_out_of_range_are_all_or_nothing(void **state)
{
    struct bench *b = bench(state);

    write_ten(b);
    list_query(
        b, &(struct store_query){.limit = 100, .until_ms = INT64_MAX, .before_sort_ms = INT64_MAX});
    assert_int_equal(b->n_deals, 10);
    list_query(b, &(struct store_query){
                      .limit = 100, .until_ms = INT64_MIN + 1, .before_sort_ms = CLOCK_NONE});
    assert_int_equal(b->n_deals, 0);
    assert_ok(b);
}

static void site_filter_combines_with_paging(void **state)
{
    struct bench *b = bench(state);

    write_ten(b);
    list_some(b, "clien", 100, 0);
    assert_string_equal(keys_of(b), "10 8 6 4 2");
    list_some(b, "clien", 2, 1);
    assert_string_equal(keys_of(b), "8 6");
    list_some(b, "nobody' OR 1=1 --", 100, 0);
    assert_string_equal(keys_of(b), "");
}

/* ---- the same product on other boards -------------------------------------------------------- */

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static void write_of_shop(struct bench *b, const char *site, const char *key, const char *shop_key,
                          int64_t at_ms)
{
    struct deal_row row = row_of(site, key);

    row.shop_key = shop_key;
    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = at_ms});
    assert_counts(b, 1, 0, 0);
}

static void list_with_also_on(struct bench *b)
{
    struct store_query query = query_of(NULL, 100, 0);

    query.with_also_on = true;
    list_query(b, &query);
    assert_ok(b);
    *told = '\0';
    for (int i = 0; i < b->n_deals; i++) {
        const struct deal *deal = &b->deals[i];

        tell("%s%s/%s:", i ? "\n" : "", deal->row.site, deal->row.key);
        for (int j = 0; j < deal->n_also_on; j++)
            tell(" %s", deal->also_on[j].product_id);
    }
}

static void a_deal_names_its_twins_on_other_boards(void **state)
{
    struct bench *b = bench(state);
    const struct deal_twin *twin;

    write_of_shop(b, "clien", "1", "s.example/1", AT);
    write_of_shop(b, "ruliweb", "2", "s.example/1", AT + 1);
    write_of_shop(b, "ppomppu", "3", "s.example/1", AT + 2);
    write_of_shop(b, "ppomppu", "4", "s.example/2", AT + 3);
    write_of_shop(b, "ppomppu", "5", NULL, AT + 4);

    list_with_also_on(b);
    assert_string_equal(told, "ppomppu/5:\n"
                              "ppomppu/4:\n"
                              "ppomppu/3: ruliweb_2 clien_1\n"
                              "ruliweb/2: ppomppu_3 clien_1\n"
                              "clien/1: ppomppu_3 ruliweb_2");
    twin = &b->deals[2].also_on[0];
    assert_string_equal(twin->site, "ruliweb");
    assert_string_equal(twin->website, "뽐뿌");
    assert_string_equal(twin->title, "[11번가] 라면 40개");
    assert_string_equal(twin->url, "https://ruliweb.example/2");

    list_all(b);
    assert_int_equal(b->deals[2].n_also_on, 0); /* nobody asked */
}

static void a_board_is_named_once_by_its_newest_deal(void **state)
{
    struct bench *b = bench(state);

    write_of_shop(b, "clien", "1", "s.example/1", AT);
    write_of_shop(b, "clien", "2", "s.example/1", AT + 1);
    write_of_shop(b, "ruliweb", "3", "s.example/1", AT + 2);

    list_with_also_on(b);
    assert_string_equal(told, "ruliweb/3: clien_2\nclien/2: ruliweb_3\nclien/1: ruliweb_3");
}

static void deleted_deals_and_those_of_another_month_are_no_twins(void **state)
{
    struct bench *b = bench(state);
    struct deal_row gone = row_of("ruliweb", "2");

    gone.gone = true;
    write_of_shop(b, "clien", "1", "s.example/1", AT - 31 * DAY_MS);
    write_of_shop(b, "ruliweb", "2", "s.example/1", AT);
    write_of_shop(b, "ppomppu", "3", "s.example/1", AT);
    write_of_shop(b, "quasar", "4", "s.example/1", AT - 2 * DAY_MS);
    write_row(b, &gone);

    list_with_also_on(b);
    assert_string_equal(told, "ppomppu/3: quasar_4\n"
                              "ruliweb/2: ppomppu_3 quasar_4\n"
                              "quasar/4: ppomppu_3 clien_1\n"
                              "clien/1: quasar_4");
}

static void at_most_ten_boards_are_named(void **state)
{
    struct bench *b = bench(state);
    static const char *const sites[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};

    for (size_t i = 0; i < ARRAY_LEN(sites); i++)
        write_of_shop(b, sites[i], "1", "s.example/1", AT + (int64_t)i);

    list_with_also_on(b);
    assert_int_equal(b->deals[0].n_also_on, STORE_TWINS_MAX);
    assert_string_equal(b->deals[0].also_on[0].site, "k");
    assert_string_equal(b->deals[0].also_on[9].site, "b");
}

static void a_shop_key_out_of_bounds_is_none(void **state)
{
    struct bench *b = bench(state);
    char *key = mem_alloc(502);

    memset(key, 'k', 501);
    key[501] = '\0';
    write_of_shop(b, "clien", "1", key, AT);
    write_of_shop(b, "clien", "2", "", AT);
    write_of_shop(b, "clien", "3", key + 1, AT);

    assert_string_equal(ask(b, "SELECT post_key FROM deals WHERE shop_key IS NOT NULL"), "3\n");
    mem_free(key);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int64_t begin_run(struct bench *b, const char *site, int64_t due_at_ms)
{
    struct store_run run = {.site = site,
                            .kind = "crawl",
                            .due_at_ms = due_at_ms,
                            .started_at_ms = due_at_ms == CLOCK_NONE ? AT : due_at_ms};

    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    assert_ok(b);
    assert_true(b->number > 0);
    return b->number;
}

static void end_run(struct bench *b, int64_t id)
{
    struct store_run run = {.id = id,
                            .ended_at_ms = AT + 7000,
                            .reason = "timeout",
                            .detail = "site clien: it's late",
                            .pages = 3,
                            .pages_failed = 1,
                            .rows_seen = 60,
                            .counts = {10, 5, 41, 4},
                            .bytes = INT64_C(5000000000),
                            .cpu_ms = 1234,
                            .peak_pss_bytes = INT64_C(300000000),
                            .gb_ms = 99};

    bench_ask(b);
    store_run_end(b->store, &run, on_done, b);
    bench_wait(b);
}

static void recover_runs(struct bench *b)
{
    bench_ask(b);
    store_runs_recover(b->store, AT + 9000, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

static void a_run_is_running_until_it_ends(void **state)
{
    struct bench *b = bench(state);
    int64_t id = begin_run(b, "clien", AT);

    assert_string_equal(ask(b, "SELECT site, kind, reason, ended_at FROM runs"),
                        "clien|crawl|running|-\n");
    end_run(b, id);

    assert_ok(b);
    assert_string_equal(
        ask(b, "SELECT reason, detail, pages, pages_failed, rows_seen, rows_added, rows_changed, "
               "rows_same, rows_filled, bytes, cpu_ms, peak_pss_bytes, gb_ms FROM runs"),
        "timeout|site clien: it's late|3|1|60|10|5|41|4|5000000000|1234|300000000|99\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM runs WHERE ended_at > started_at"), "1\n");
}

static void ending_a_run_that_never_began_fails(void **state)
{
    struct bench *b = bench(state);

    end_run(b, 12345);

    assert_failed(b, "run 12345 is not in the ledger");
}

static int64_t begin_late(struct bench *b, int64_t due_at_ms)
{
    struct store_run run = {.site = "clien",
                            .kind = "crawl",
                            .due_at_ms = due_at_ms,
                            .started_at_ms = AT + 1000,
                            .is_late = true};

    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static void a_run_that_is_begun_late_is_begun_once(void **state)
{
    struct bench *b = bench(state);
    int64_t id = begin_late(b, AT);

    assert_true(id > 0);
    assert_int_equal(begin_late(b, AT), id);
    assert_true(begin_late(b, AT + 1) != id);

    assert_string_equal(ask(b, "SELECT count(*) FROM runs"), "2\n");
}

static void runs_left_open_are_closed_as_engine_lost(void **state)
{
    struct bench *b = bench(state);

    end_run(b, begin_run(b, "clien", AT));
    begin_run(b, "ruliweb", AT);
    recover_runs(b);
    assert_string_equal(ask(b, "SELECT site, reason FROM runs WHERE ended_at IS NOT NULL "
                               "ORDER BY id"),
                        "clien|timeout\nruliweb|engine-lost\n");
    recover_runs(b);
}

static void a_commands_run_beside_the_engine_is_left_alone_for_an_hour(void **state)
{
    struct bench *b = bench(state);

    store_set_engine(b->store, "box/77");
    begin_run(b, "clien", AT - 2 * 3600 * 1000);
    begin_run(b, "ruliweb", AT);
    store_set_engine(b->store, "box2");
    begin_run(b, "spa", AT - 2 * 3600 * 1000);
    store_set_engine(b->store, "box");
    recover_runs(b);

    assert_string_equal(ask(b, "SELECT site, reason FROM runs ORDER BY id"),
                        "clien|engine-lost\nruliweb|running\nspa|running\n");
}

static int64_t last_due(struct bench *b, const char *site, const char *kind)
{
    bench_ask(b);
    store_last_due(b->store, site, kind, on_number, b);
    bench_wait(b);
    assert_ok(b);
    return b->number;
}

static void last_due_is_the_latest_due_time_of_site_and_kind(void **state)
{
    struct bench *b = bench(state);

    assert_true(last_due(b, "clien", "crawl") == CLOCK_NONE);
    begin_run(b, "clien", AT + 1001);
    begin_run(b, "clien", AT);
    begin_run(b, "ruliweb", AT + 5000);
    begin_run(b, "clien", CLOCK_NONE); /* by hand */

    assert_true(last_due(b, "clien", "crawl") == AT + 1001);
    assert_true(last_due(b, "clien", "refresh") == CLOCK_NONE);
    assert_true(last_due(b, "dealbada", "crawl") == CLOCK_NONE);
}

/* ---- schema ---------------------------------------------------------------------------------- */

static void migrating_again_applies_nothing(void **state)
{
    struct bench *b = bench(state);

    migrate(b);
    assert_ok(b);
    assert_int_equal(b->applied, 0);
    assert_int_equal(b->version, schema_version());
    check_schema(b);
    assert_ok(b);
}

static void a_newer_schema_is_refused_by_every_call(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    ask(b, b->is_postgres ? "INSERT INTO schema_version (version, name) VALUES (99, 'later')"
                          : "INSERT INTO schema_version VALUES (99, 'later', 0)");
    reopen(b);

    check_schema(b);
    assert_failed(b, "version 99, newer than this program");
    migrate(b);
    assert_failed(b, "version 99, newer than this program");
    write_rows(b, &row, 1);
    assert_failed(b, "version 99");
    list_some(b, NULL, 100, 0);
    assert_failed(b, "version 99");
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(lists_newest_first_later_ids_first_among_equals),
        BOTH(within_a_batch_later_post_numbers_come_first),
        BOTH(keyset_pages_meet_without_gap_or_overlap),
        BOTH(offset_skips_rows),
        BOTH(until_is_inclusive),
        BOTH(until_and_keyset_the_stricter_one_holds),
        BOTH(times_out_of_range_are_all_or_nothing),
        BOTH(site_filter_combines_with_paging),
        BOTH(a_deal_names_its_twins_on_other_boards),
        BOTH(a_board_is_named_once_by_its_newest_deal),
        BOTH(deleted_deals_and_those_of_another_month_are_no_twins),
        BOTH(at_most_ten_boards_are_named),
        BOTH(a_shop_key_out_of_bounds_is_none),
        BOTH(a_run_is_running_until_it_ends),
        BOTH(ending_a_run_that_never_began_fails),
        BOTH(a_run_that_is_begun_late_is_begun_once),
        BOTH(runs_left_open_are_closed_as_engine_lost),
        BOTH(a_commands_run_beside_the_engine_is_left_alone_for_an_hour),
        BOTH(last_due_is_the_latest_due_time_of_site_and_kind),
        BOTH(migrating_again_applies_nothing),
        BOTH(a_newer_schema_is_refused_by_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
