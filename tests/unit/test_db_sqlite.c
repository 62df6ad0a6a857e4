/* SPDX-License-Identifier: MIT */
/* test_db_sqlite.c - the SQLite file itself: missing, damaged, locked, replaced, shared by
 * processes. */
#include "test_db.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A bench whose file nobody has made yet. */
static int setup_nothing(void **state)
{
    struct bench *b = bench_new(state);

    strcpy(b->dir, "/tmp/catchdeal-db-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    b->url = mem_printf("sqlite:%s/var/deals.db", b->dir);
    open_store(b);
    return 0;
}

static const char *path_of(const struct bench *b)
{
    return b->url + strlen("sqlite:");
}

static void use_url(struct bench *b, char *url, int64_t timeout_ms)
{
    struct err err;

    store_free(&b->store);
    mem_free(b->url);
    b->url = url;
    assert_int_equal(store_open(b->loop, url, timeout_ms, &b->store, &err), 0);
}

static void fill_file(const char *path, const char *mode, long offset, const char *text, int times)
{
    FILE *f = fopen(path, mode);

    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    for (int i = 0; i < times; i++)
        fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* ---- the file comes and goes ----------------------------------------------------------------- */

static void the_first_write_makes_folder_file_and_schema(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);

    assert_counts(b, 1, 0, 0);
    assert_string_equal(ask(b, "PRAGMA journal_mode"), "wal\n");
    assert_true(str_starts(ask(b, "SELECT version, name FROM schema_version ORDER BY version"),
                           "1|deals\n2|life\n3|users\n"));
    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM schema_version")), schema_version());
}

static void migrate_tells_what_it_applied(void **state)
{
    struct bench *b = bench(state);

    migrate(b);
    assert_ok(b);
    assert_int_equal(b->applied, schema_version());
    assert_int_equal(b->version, schema_version());
    migrate(b);
    assert_int_equal(b->applied, 0);
}

static void reading_before_the_engine_came_is_a_clear_error_and_then_works(void **state)
{
    struct bench *b = bench(state);
    struct bench api = {.loop = b->loop, .url = b->url};
    struct deal_row row = row_of("clien", "5");

    arena_init(&api.arena);
    open_store(&api);
    list_some(&api, NULL, 10, 0);
    assert_away(&api, "there is no database yet");
    store_set_reader(api.store);
    check_schema(&api);
    assert_away(&api, "there is no database yet");
    assert_int_equal(access(path_of(b), F_OK), -1);

    write_row(b, &row);

    check_schema(&api);
    assert_ok(&api);
    list_some(&api, NULL, 10, 0);
    assert_ok(&api);
    assert_int_equal(api.n_deals, 1);
    store_free(&api.store);
    arena_fini(&api.arena);
}

static void a_file_without_schema_tells_a_reader_to_migrate(void **state)
{
    struct bench *b = bench(state);

    use_url(b, mem_printf("sqlite:%s/empty.db", b->dir), 1000);
    fill_file(path_of(b), "w", 0, "", 0);
    list_some(b, NULL, 10, 0);
    assert_failed(b, "no schema yet: run: catchdeal-engine migrate");

    migrate(b);
    assert_ok(b);
    list_some(b, NULL, 10, 0);
    assert_ok(b);
}

static void a_removed_file_is_noticed(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    list_all(b);
    assert_int_equal(unlink(path_of(b)), 0);
    list_some(b, NULL, 10, 0);
    assert_away(b, "there is no database yet");
    write_row(b, &row);

    assert_counts(b, 1, 0, 0);
    list_all(b);
    assert_int_equal(b->n_deals, 1);
}

/* ---- bad files ------------------------------------------------------------------------------- */

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    use_url(b, mem_strdup("sqlite:/proc/catchdeal/deals.db"), 1000);
    write_rows(b, &row, 1);
    assert_away(b, "sqlite /proc/catchdeal/deals.db: cannot make the folder /proc/catchdeal: ");
}

static void a_path_with_a_slip_is_refused_and_nothing_is_made(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    char *missing = mem_printf("%s/varr", b->dir);
    char *expected = mem_printf("there is no folder %s (only the last", missing);

    use_url(b, mem_printf("sqlite:%s/demo/deals.db", missing), 1000);
    write_rows(b, &row, 1);
    assert_failed(b, expected);
    assert_int_equal(access(missing, F_OK), -1);
    mem_free(expected);
    mem_free(missing);

    use_url(b, mem_strdup("sqlite:/nonexistent/deals.db"), 1000);
    write_rows(b, &row, 1);
    assert_away(b, "sqlite /nonexistent/deals.db: there is no folder /nonexistent");
    assert_int_equal(access("/nonexistent", F_OK), -1);
}

static void a_folder_in_place_of_the_file_is_refused(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    use_url(b, mem_printf("sqlite:%s", b->dir), 1000);
    write_rows(b, &row, 1);
    assert_away(b, "unable to open database file");
    list_some(b, NULL, 10, 0);
    assert_away(b, "unable to open database file");
}

/* In a child, because root may write anywhere. */
static void write_as_nobody(const char *url, const char *expected)
{
    struct bench b = {.url = (char *)url, .loop = loop_new()};
    struct deal_row row = row_of("clien", "6");

    if (geteuid() == 0 && setuid(65534) < 0)
        _exit(2);
    open_store(&b);
    write_rows(&b, &row, 1);
    if (b.err.code == ERR_STORE_AWAY && strstr(b.err.text, expected))
        _exit(0);
    fprintf(stderr, "got: %s\n", b.err.text);
    _exit(1);
}

static void a_file_that_is_read_only_says_so(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    int status;
    pid_t pid;

    use_url(b, mem_printf("sqlite:%s/deals.db", b->dir), 1000);
    write_row(b, &row);
    assert_int_equal(chmod(path_of(b), 0444), 0);
    assert_int_equal(chmod(b->dir, 0555), 0);
    pid = fork();
    if (pid == 0)
        write_as_nobody(b->url, "must be writable for this user");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(b->dir, 0755), 0);
}

static void something_that_is_no_database_is_refused_until_it_is_moved_away(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    use_url(b, mem_printf("sqlite:%s/letter.txt", b->dir), 1000);
    fill_file(path_of(b), "w", 0, "Dear Sir or Madam, this is no database. ", 200);
    write_rows(b, &row, 1);
    assert_away(b, "the file is damaged: restore a copy, or move it away");
    list_some(b, NULL, 10, 0);
    assert_away(b, "the file is damaged");
    assert_int_equal(unlink(path_of(b)), 0);

    write_row(b, &row);
    assert_counts(b, 1, 0, 0);
}

static void damage_inside_is_told(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    store_free(&b->store);
    loop_free(&b->loop); /* closing folds the WAL into the file */
    b->loop = loop_new();
    open_store(b);
    fill_file(path_of(b), "r+", 100, "damage! ", 3000);

    write_rows(b, &row, 1);
    assert_failed(b, "the file is damaged");
    list_some(b, NULL, 10, 0);
    assert_failed(b, "the file is damaged");
}

/* ---- locks and deadlines --------------------------------------------------------------------- */

static sqlite3 *lock_file(struct bench *b)
{
    sqlite3 *other;

    assert_int_equal(sqlite3_open(path_of(b), &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 5000); /* a store may still be closing */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

static void a_lock_held_too_long_ends_the_write_but_not_the_store(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    sqlite3 *other;
    int64_t started;

    write_row(b, &row);
    use_url(b, mem_strdup(b->url), 300);
    other = lock_file(b);
    started = clock_mono_ms();
    write_rows(b, &row, 1);
    assert_away(b, "another process kept it locked");
    assert_in_range(clock_mono_ms() - started, 200, 5000);
    list_all(b); /* readers do not wait for writers */
    assert_int_equal(b->n_deals, 1);

    sqlite3_close(other);
    write_row(b, &row);
    assert_counts(b, 0, 0, 1);
}

static void block(void *ctx)
{
    sem_wait(ctx);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void the_callback_comes_in_time_even_when_the_worker_hangs(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    sem_t hang;

    sem_init(&hang, 0, 0);
    use_url(b, mem_strdup(b->url), 200);
    loop_work(b->loop, block, nothing, &hang);
    write_rows(b, &row, 1);
    assert_away(b, "sqlite: no answer within 200 ms");
    sem_post(&hang);
    store_free(&b->store);
    loop_free(&b->loop);
    b->loop = loop_new();

    /* Whoever was told that it failed must not find it stored. */
    assert_int_equal(b->n_answers, 1);
    assert_int_equal(access(path_of(b), F_OK), -1);
    sem_destroy(&hang);
}

static void freeing_does_not_wait_for_a_lock(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};
    sqlite3 *other;
    int64_t started;

    migrate(b);
    other = lock_file(b);
    bench_ask(b);
    store_write(b->store, &batch, on_written, b);
    started = clock_mono_ms();
    store_free(&b->store);
    loop_free(&b->loop);

    assert_true(clock_mono_ms() - started < BENCH_TIMEOUT_MS / 2);
    assert_int_equal(b->n_answers, 0);
    sqlite3_close(other);
    b->loop = loop_new();
}

/* ---- several processes ----------------------------------------------------------------------- */

/* In a child: write until `batches` are done, exit 0 when all went well. */
static void child_writes(const char *url, int worker, int batches)
{
    enum { N = 200 };
    static char keys[N][16];
    static struct deal_row rows[N];
    struct bench b = {.url = (char *)url, .loop = loop_new()};

    arena_init(&b.arena);
    open_store(&b);
    for (int batch = 0; batch < batches; batch++) {
        for (int i = 0; i < N; i++) {
            snprintf(keys[i], sizeof(keys[i]), "%d%05d", worker, batch * N + i);
            rows[i] = row_of("clien", keys[i]);
        }
        write_rows(&b, rows, N);
        if (b.err.code != ERR_OK || b.counts.added != N)
            _exit(1);
    }
    _exit(0);
}

static pid_t start_child(const char *url, int worker, int batches)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        child_writes(url, worker, batches);
    return pid;
}

static void processes_that_start_together_make_one_database(void **state)
{
    enum { CHILDREN = 4 };
    struct bench *b = bench(state);
    pid_t pids[CHILDREN];
    int status;

    for (int i = 0; i < CHILDREN; i++)
        pids[i] = start_child(b->url, i + 1, 2);
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }

    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM schema_version")), schema_version());
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "1600\n");
}

static void a_writer_killed_in_mid_batch_leaves_whole_batches(void **state)
{
    struct bench *b = bench(state);
    int status, deals;

    migrate(b);
    for (int round = 1; round <= 5; round++) {
        pid_t pid = start_child(b->url, round, 100000);
        int before = atoi(ask(b, "SELECT count(*) FROM deals"));

        do
            deals = atoi(ask(b, "SELECT count(*) FROM deals"));
        while (deals < before + round * 200);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
    }
    deals = atoi(ask(b, "SELECT count(*) FROM deals"));

    assert_int_equal(deals % 200, 0);
    assert_int_equal(atoi(ask(b, "SELECT count(*) FROM deal_events")), deals);
    assert_string_equal(ask(b, "PRAGMA integrity_check"), "ok\n");
    migrate(b);
    assert_ok(b);
}

/* ---- cost ------------------------------------------------------------------------------------ */

static void no_statement_on_deals_scans_or_sorts(void **state)
{
    static const char *const texts[] = {
#define SQL(name, text) text,
#include "db/sqlite_sql.def"
#undef SQL
    };
    struct bench *b = bench(state);
    int seen = 0;

    migrate(b);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char *sql = mem_printf("EXPLAIN QUERY PLAN %s", texts[i]);

        if (strstr(texts[i], "FROM deals") || strstr(texts[i], "UPDATE deals")) {
            const char *plan = ask(b, sql);

            /* the week's best: no index has a score, for that would be written every hour */
            if (strstr(plan, "SCAN") ||
                (strstr(plan, "ORDER BY") && !strstr(texts[i], "ORDER BY d.score")) ||
                !(strstr(plan, " INDEX ") || strstr(plan, "PRIMARY KEY")))
                fail_msg("%s: %s", texts[i], plan);
            seen++;
        }
        mem_free(sql);
    }
    assert_int_equal(seen, 13);
}

static void the_same_rows_again_write_nothing(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct stat before, after;
    char *wal = mem_printf("%s-wal", path_of(b));

    row.view = 5;
    write_row(b, &row);
    assert_int_equal(stat(wal, &before), 0);
    for (int i = 0; i < 50; i++)
        write_row(b, &row);
    assert_int_equal(stat(wal, &after), 0);

    assert_int_equal(after.st_size, before.st_size);
    assert_true(after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
                after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    mem_free(wal);
}

#define ON_NOTHING(test) cmocka_unit_test_setup_teardown(test, setup_nothing, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_NOTHING(the_first_write_makes_folder_file_and_schema),
        ON_NOTHING(migrate_tells_what_it_applied),
        ON_NOTHING(reading_before_the_engine_came_is_a_clear_error_and_then_works),
        ON_NOTHING(a_file_without_schema_tells_a_reader_to_migrate),
        ON_NOTHING(a_removed_file_is_noticed),
        ON_NOTHING(a_folder_that_cannot_be_made_is_named),
        ON_NOTHING(a_path_with_a_slip_is_refused_and_nothing_is_made),
        ON_NOTHING(a_folder_in_place_of_the_file_is_refused),
        ON_NOTHING(a_file_that_is_read_only_says_so),
        ON_NOTHING(something_that_is_no_database_is_refused_until_it_is_moved_away),
        ON_NOTHING(damage_inside_is_told),
        ON_NOTHING(a_lock_held_too_long_ends_the_write_but_not_the_store),
        ON_NOTHING(the_callback_comes_in_time_even_when_the_worker_hangs),
        ON_NOTHING(freeing_does_not_wait_for_a_lock),
        ON_NOTHING(processes_that_start_together_make_one_database),
        ON_NOTHING(a_writer_killed_in_mid_batch_leaves_whole_batches),
        ON_NOTHING(no_statement_on_deals_scans_or_sorts),
        ON_NOTHING(the_same_rows_again_write_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
