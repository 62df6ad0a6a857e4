/* SPDX-License-Identifier: MIT */
/* test_db_notes.c - what the store keeps around deals, the same on SQLite and on PostgreSQL: what is
 * known of posts, alive checks that are due, statistics of fields, notes about sites, reports, and
 * looking back.
 */
#include "test_db.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static void ask_store(struct bench *b)
{
    *told = '\0';
    bench_ask(b);
}

static void await(struct bench *b)
{
    bench_wait(b);
    assert_ok(b);
}

static int64_t minutes(int64_t ms)
{
    return ms == CLOCK_NONE ? -1 : (ms - AT) / 60000;
}

/* ---- posts ----------------------------------------------------------------------------------- */

static void on_known(const struct store_known *known, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s%s%s%s%s%s%s read=%lld\n", known[i].key, known[i].url,
             known[i].has_redirect_url ? " redirect" : "", known[i].has_image ? " image" : "",
             known[i].has_posted_at ? " posted" : "", known[i].posted_is_coarse ? " coarse" : "",
             known[i].title_is_cut ? " cut" : "", known[i].is_deleted ? " deleted" : "",
             (long long)minutes(known[i].post_read_at_ms));
    bench_answer(ctx, err);
}

static const char *known(struct bench *b, const char *const *keys, int n)
{
    ask_store(b);
    store_known(b->store, "clien", keys, n, on_known, b);
    await(b);
    return told;
}

static void known_tells_what_a_post_page_could_add(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("ruliweb", "7")};
    struct deal_row post = {.site = "clien",
                            .key = "5",
                            .price_e2 = DEAL_UNKNOWN,
                            .posted_at_ms = AT - 1000,
                            .view = DEAL_UNKNOWN,
                            .comment = DEAL_UNKNOWN,
                            .like = DEAL_UNKNOWN,
                            .score = DEAL_UNKNOWN};
    static const char *const five[] = {"5", "7", "404"};
    static const char *const six[] = {"6"};

    rows[0].title_is_cut = true;
    rows[0].posted_at_ms = AT - 60000;
    rows[1].redirect_url = "https://s.example/1";
    rows[1].image_url = "https://i.example/1";
    write_rows(b, rows, 3);
    assert_string_equal(known(b, five, 3), "5 https://clien.example/5 posted coarse cut read=-1\n");
    assert_string_equal(known(b, six, 1), "6 https://clien.example/6 redirect image read=-1\n");
    assert_string_equal(known(b, NULL, 0), "");

    write_batch(
        b, &(struct store_batch){.rows = &post, .n = 1, .at_ms = AT + 120000, .from_post = true});
    assert_filled(b, 1);
    assert_string_equal(known(b, five, 1), "5 https://clien.example/5 posted cut read=2\n");
    post.key = "6";
    post.gone = true;
    write_row(b, &post);
    assert_string_equal(known(b, six, 1),
                        "6 https://clien.example/6 redirect image deleted read=-1\n");
}

static void on_due(const struct store_due *due, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s%s%s@%lld", i ? " " : "", due[i].key, due[i].is_deleted ? "(deleted)" : "",
             (long long)minutes(due[i].checked_at_ms));
    bench_answer(ctx, err);
}

static const char *due(struct bench *b, int limit, int not_after_minute, bool deleted_too)
{
    struct store_alive_query query = {.site = "clien",
                                      .limit = limit,
                                      .not_after_ms = AT + not_after_minute * 60000,
                                      .since_ms = AT - 7 * DAY_MS,
                                      .deleted_too = deleted_too};

    ask_store(b);
    store_alive_due(b->store, &query, on_due, b);
    await(b);
    return told;
}

static void check_alive(struct bench *b, int minute, const char *key, enum store_verdict verdict)
{
    struct store_alive_result result = {key, verdict};
    struct store_alive_batch batch = {
        .site = "clien", .results = &result, .n = 1, .at_ms = AT + minute * 60000};

    bench_ask(b);
    store_alive_write(b->store, &batch, on_written, b);
    await(b);
}

static void alive_checks_are_due_least_recently_checked_first(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "1"), row_of("clien", "2"), row_of("clien", "3"),
                              row_of("clien", "4"), row_of("ruliweb", "5")};

    rows[3].posted_at_ms = AT - 8 * DAY_MS; /* before since */
    write_rows(b, rows, 5);
    check_alive(b, 10, "1", ALIVE_HERE);
    check_alive(b, 5, "3", ALIVE_UNKNOWN);

    assert_string_equal(due(b, 100, 60, false), "2@-1 3@5 1@10");
    assert_string_equal(due(b, 2, 60, false), "2@-1 3@5");
    assert_string_equal(due(b, 100, 5, false), "2@-1 3@5");
    check_alive(b, 20, "2", ALIVE_GONE_MARK);
    assert_string_equal(due(b, 100, 60, false), "3@5 1@10");
    assert_string_equal(due(b, 100, 60, true), "3@5 1@10 2(deleted)@20");
}

static void a_verdict_twice_in_one_batch_is_refused(void **state)
{
    struct bench *b = bench(state);
    struct store_alive_result results[] = {{"1", ALIVE_HERE}, {"2", ALIVE_HERE}, {"1", ALIVE_HERE}};
    struct store_alive_batch batch = {.site = "clien", .results = results, .n = 3, .at_ms = AT};

    bench_ask(b);
    store_alive_write(b->store, &batch, on_written, b);
    bench_wait(b);

    assert_failed(b, "deal clien/1: twice in one batch");
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void write_fields(struct bench *b, int64_t run_id, const char *layout, bool good, int rows)
{
    struct store_field fields[] = {{"title", rows, rows, 0, 1}, {"price", rows - 1, 2, 3, 4}};
    struct store_fields run = {.run_id = run_id,
                               .site = "clien",
                               .layout = layout,
                               .at_ms = AT + run_id * 60000,
                               .is_good = good,
                               .rows = rows,
                               .fields = fields,
                               .n_fields = 2};

    bench_ask(b);
    store_fields_write(b->store, &run, on_done, b);
    await(b);
}

static void on_fields(const struct store_fields *runs, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++) {
        tell("%s %lld@%lld %d rows:", runs[i].layout, (long long)runs[i].run_id,
             (long long)minutes(runs[i].at_ms), runs[i].rows);
        for (int j = 0; j < runs[i].n_fields; j++) {
            const struct store_field *field = &runs[i].fields[j];

            tell(" %s=%d/%d/%d/%d", field->name, field->matched, field->valued, field->many,
                 field->same);
        }
        tell("\n");
    }
    bench_answer(ctx, err);
}

static const char *fields(struct bench *b, const char *layout, bool good, int n_runs)
{
    ask_store(b);
    store_fields_recent(b->store, "clien", layout, good, n_runs, on_fields, b);
    await(b);
    return told;
}

static void pages_of_a_run_add_up_good_and_bad_runs_apart(void **state)
{
    struct bench *b = bench(state);

    write_fields(b, 1, "list", true, 10);
    write_fields(b, 1, "list", true, 20);
    write_fields(b, 1, "thumbs", true, 5);
    write_fields(b, 2, "list", false, 7);
    write_fields(b, 3, "list", true, 8);

    assert_string_equal(fields(b, "list", true, 200),
                        "list 3@3 8 rows: price=7/2/3/4 title=8/8/0/1\n"
                        "list 1@1 30 rows: price=28/4/6/8 title=30/30/0/2\n");
    assert_string_equal(fields(b, "list", true, 1),
                        "list 3@3 8 rows: price=7/2/3/4 title=8/8/0/1\n");
    assert_string_equal(fields(b, "list", false, 9),
                        "list 2@2 7 rows: price=6/2/3/4 title=7/7/0/1\n");
    assert_string_equal(fields(b, NULL, true, 1),
                        "list 3@3 8 rows: price=7/2/3/4 title=8/8/0/1\n"
                        "thumbs 1@1 5 rows: price=4/2/3/4 title=5/5/0/1\n");
    assert_string_equal(fields(b, "none", true, 1), "");
}

static void only_the_last_runs_of_a_layout_are_kept(void **state)
{
    struct bench *b = bench(state);

    write_fields(b, 1, "thumbs", true, 10);
    for (int run = 1; run <= STORE_FIELD_RUNS + 3; run++)
        write_fields(b, run, "list", run > 2, 10);
    write_fields(b, STORE_FIELD_RUNS + 3, "list", true, 1); /* another page */

    assert_string_equal(ask(b, "SELECT layout, is_good = (1 = 1), min(run_id), count(*) FROM "
                               "field_runs GROUP BY 1, 2 ORDER BY 1, 3"),
                        b->is_postgres ? "list|f|1|2\nlist|t|4|200\nthumbs|t|1|1\n"
                                       : "list|0|1|2\nlist|1|4|200\nthumbs|1|1|1\n");
    assert_string_equal(ask(b, "SELECT count(*) FROM field_stats WHERE layout = 'list'"), "404\n");
}

static void a_layout_without_fields_counts_its_rows(void **state)
{
    struct bench *b = bench(state);
    struct store_fields run = {
        .run_id = 4, .site = "clien", .layout = "list", .at_ms = AT, .rows = 3};

    bench_ask(b);
    store_fields_write(b->store, &run, on_done, b);
    await(b);
    assert_string_equal(fields(b, "list", false, 1), "list 4@0 3 rows:\n");
}

/* ---- notes about a site ---------------------------------------------------------------------- */

static void set_state(struct bench *b, const char *site, const char *name, const char *value,
                      int minute)
{
    bench_ask(b);
    store_state_set(b->store, site, name, value, AT + minute * 60000, on_done, b);
    bench_wait(b);
}

static void on_state(const struct store_state *states, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s=%s@%lld\n", states[i].site, states[i].name, states[i].value,
             (long long)minutes(states[i].at_ms));
    bench_answer(ctx, err);
}

static const char *states(struct bench *b, const char *site)
{
    ask_store(b);
    store_state_get(b->store, site, on_state, b);
    await(b);
    return told;
}

static void a_sites_state_is_set_changed_and_forgotten(void **state)
{
    struct bench *b = bench(state);

    assert_string_equal(states(b, NULL), "");
    set_state(b, "clien", "render", "fetch", 0);
    set_state(b, "clien", "baseline", "", 0);
    set_state(b, "ruliweb", "render", "chrome", 0);
    set_state(b, "clien", "render", "fetch", 5); /* as it is */
    assert_string_equal(states(b, "clien"), "clien baseline=@0\nclien render=fetch@0\n");
    set_state(b, "clien", "render", "chrome", 6);
    set_state(b, "clien", "baseline", NULL, 7);
    set_state(b, "clien", "never set", NULL, 7);
    assert_ok(b);

    reopen(b);
    assert_string_equal(states(b, NULL), "clien render=chrome@6\nruliweb render=chrome@0\n");
    set_state(b, "clien", "", "x", 8);
    assert_failed(b, "name of a site's state \"\": expected 1 to 100 bytes");
}

static void many_states_are_answered_whole(void **state)
{
    struct bench *b = bench(state);
    char name[16];

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "n%02d", i);
        set_state(b, "clien", name, name, 0);
    }
    assert_non_null(strstr(states(b, "clien"), "n00=n00@0\n"));
    assert_non_null(strstr(told, "n39=n39@0\n"));
    assert_int_equal(strlen(told), 40 * strlen("clien n00=n00@0\n"));
}

/* ---- reports --------------------------------------------------------------------------------- */

static void on_report(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    tell("%lld %s", (long long)id, is_new ? "new" : "again");
    bench_answer(ctx, err);
}

static const char *open_report(struct bench *b, const char *kind, const char *text, int minute)
{
    ask_store(b);
    store_report_open(b->store, "clien", kind, text, NULL, AT + minute * 60000, on_report, b);
    await(b);
    return told;
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    tell("%s", was_open ? "closed" : "was not open");
    bench_answer(ctx, err);
}

static const char *close_report(struct bench *b, const char *kind, int minute)
{
    ask_store(b);
    store_report_close(b->store, "clien", kind, AT + minute * 60000, on_closed, b);
    await(b);
    return told;
}

static void on_reports(const struct store_report *reports, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%lld %s %s: %s, %d times, %lld to %lld, closed %lld\n", (long long)reports[i].id,
             reports[i].site, reports[i].kind, reports[i].text, reports[i].times,
             (long long)minutes(reports[i].opened_at_ms), (long long)minutes(reports[i].last_at_ms),
             (long long)minutes(reports[i].closed_at_ms));
    bench_answer(ctx, err);
}

static const char *reports(struct bench *b, const char *site, bool open_only, int limit)
{
    ask_store(b);
    store_reports(b->store, site, open_only, limit, on_reports, b);
    await(b);
    return told;
}

static void what_is_reported_again_is_one_report_until_it_is_closed(void **state)
{
    struct bench *b = bench(state);

    assert_string_equal(open_report(b, "drift", "price is empty", 0), "1 new");
    assert_string_equal(open_report(b, "drift", "price is empty still", 60), "1 again");
    open_report(b, "silence", "quiet", 61);
    assert_non_null(strstr(told, "new"));
    assert_string_equal(close_report(b, "drift", 90), "closed");
    assert_string_equal(close_report(b, "drift", 91), "was not open");
    open_report(b, "drift", "title is gone", 120);
    assert_non_null(strstr(told, "new"));

    reports(b, "clien", false, 100);
    assert_non_null(strstr(told, "clien drift: title is gone, 1 times, 120 to 120, closed -1\n"));
    assert_non_null(strstr(told, "1 clien drift: price is empty, 2 times, 0 to 60, closed 90\n"));
    reports(b, NULL, true, 100);
    assert_non_null(strstr(told, "silence"));
    assert_null(strstr(told, "price is empty"));
    reports(b, NULL, true, 1);
    assert_null(strstr(told, "silence"));
    assert_string_equal(reports(b, "ruliweb", false, 100), "");
}

/* ---- looking back ---------------------------------------------------------------------------- */

static void on_runs(const struct store_run *runs, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s %s %lld to %lld, %d rows, %d filled\n", runs[i].site, runs[i].kind,
             runs[i].reason, (long long)minutes(runs[i].started_at_ms),
             (long long)minutes(runs[i].ended_at_ms), runs[i].rows_seen, runs[i].counts.filled);
    bench_answer(ctx, err);
}

static const char *runs(struct bench *b, const char *site, int limit)
{
    ask_store(b);
    store_runs_recent(b->store, site, limit, on_runs, b);
    await(b);
    return told;
}

static void begin_run(struct bench *b, const char *site, int minute)
{
    struct store_run run = {.site = site,
                            .kind = "crawl",
                            .due_at_ms = CLOCK_NONE,
                            .started_at_ms = AT + minute * 60000};

    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    await(b);
}

static void recent_runs_come_newest_first(void **state)
{
    struct bench *b = bench(state);
    struct store_run end = {
        .ended_at_ms = AT + 60000, .reason = "ok", .rows_seen = 20, .counts = {.filled = 3}};

    begin_run(b, "clien", 0);
    end.id = b->number;
    bench_ask(b);
    store_run_end(b->store, &end, on_done, b);
    await(b);
    begin_run(b, "ruliweb", 2);
    begin_run(b, "clien", 3);

    assert_string_equal(runs(b, NULL, 2), "clien crawl running 3 to -1, 0 rows, 0 filled\n"
                                          "ruliweb crawl running 2 to -1, 0 rows, 0 filled\n");
    assert_string_equal(runs(b, "clien", 100), "clien crawl running 3 to -1, 0 rows, 0 filled\n"
                                               "clien crawl ok 0 to 1, 20 rows, 3 filled\n");
}

static void on_hours(const struct store_hour *hours, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s%lld:%d", i ? " " : "", (long long)minutes(hours[i].hour_ms), hours[i].n);
    bench_answer(ctx, err);
}

static void arrivals_are_counted_by_the_hour_in_which_deals_were_posted(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "1"), row_of("clien", "2"), row_of("clien", "3"),
                              row_of("clien", "4"), row_of("ruliweb", "5")};

    rows[0].posted_at_ms = AT - 180 * 60000; /* before since */
    rows[1].posted_at_ms = AT - 61 * 60000;
    rows[2].posted_at_ms = AT - 119 * 60000;
    write_rows(b, rows, 5);

    ask_store(b);
    store_arrivals(b->store, "clien", AT - 120 * 60000, on_hours, b);
    await(b);
    assert_string_equal(told, "-120:2 0:1");
}

static void a_reader_looks_but_sets_nothing(void **state)
{
    struct bench *b = bench(state);

    set_state(b, "clien", "render", "fetch", 0);
    reopen(b);
    store_set_reader(b->store);
    assert_string_equal(states(b, NULL), "clien render=fetch@0\n");
    assert_string_equal(runs(b, NULL, 1), "");
    assert_string_equal(reports(b, NULL, false, 1), "");
    assert_string_equal(fields(b, "list", true, 1), "");
    set_state(b, "clien", "render", "chrome", 0);
    assert_failed(b, "only reads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(known_tells_what_a_post_page_could_add),
        BOTH(alive_checks_are_due_least_recently_checked_first),
        BOTH(a_verdict_twice_in_one_batch_is_refused),
        BOTH(pages_of_a_run_add_up_good_and_bad_runs_apart),
        BOTH(only_the_last_runs_of_a_layout_are_kept),
        BOTH(a_layout_without_fields_counts_its_rows),
        BOTH(a_sites_state_is_set_changed_and_forgotten),
        BOTH(many_states_are_answered_whole),
        BOTH(what_is_reported_again_is_one_report_until_it_is_closed),
        BOTH(recent_runs_come_newest_first),
        BOTH(arrivals_are_counted_by_the_hour_in_which_deals_were_posted),
        BOTH(a_reader_looks_but_sets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
