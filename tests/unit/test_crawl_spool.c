/* SPDX-License-Identifier: MIT */
/* test_crawl_spool.c - the spool between a database that is away for a while and whoever writes. Files are
 * real; the store is not.
 */
#include "crawl/spool.h"
#include "base/log.h"
#include "base/str.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#define AT INT64_C(1764000000000)
#define DATABASE "postgresql://me:secret@db.example/deals"

/* ---- a store that answers, refuses or is away --------------------------------------------------- */

static struct world {
    struct loop *loop;
    char folder[64];
    struct config config;
    bool away;
    const char *refuse; /* batches with this key */
    const char *lost;   /* batches of this key have lost their lease, if they have one */
    int64_t lease;      /* of what is given */
    struct buf told;    /* what the store took, one line each */
    int asked;
    int answers, spooled;
    struct err err;
    int replays;
    struct err replay_err;
} world;

union answer_fn {
    store_write_fn *write;
    store_done_fn *done;
    store_run_fn *run;
};

struct answer {
    union answer_fn fn;
    char kind;
    void *ctx;
    struct err err;
};

static void on_answer(void *ctx)
{
    static const struct store_counts counts = {.added = 1};
    struct answer *answer = ctx;
    const struct err *err = answer->err.code == ERR_OK ? NULL : &answer->err;

    if (answer->kind == 'w')
        answer->fn.write(err ? NULL : &counts, err, answer->ctx);
    else if (answer->kind == 'd')
        answer->fn.done(err, answer->ctx);
    else
        answer->fn.run(err ? 0 : 77, err, answer->ctx);
    mem_free(answer);
}

/* True: it is taken, and to be told. */
static bool answer(char kind, union answer_fn fn, void *ctx, bool refused)
{
    struct answer *later = mem_new(struct answer);

    world.asked++;
    *later = (struct answer){.fn = fn, .kind = kind, .ctx = ctx};
    if (world.away)
        err_set(&later->err, ERR_STORE_AWAY, "gone fishing");
    else if (refused)
        err_set(&later->err, world.lost ? ERR_LEASE_LOST : ERR_STORE, "a bad row");
    loop_defer(world.loop, on_answer, later);
    return later->err.code == ERR_OK;
}

void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done,
                 void *ctx)
{
    const char *bad = world.lost ? world.lost : world.refuse;
    bool refused = bad && str_eq(batch->rows[0].key, bad) && (!world.lost || batch->fence.number);

    (void)store;
    if (answer('w', (union answer_fn){.write = done}, ctx, refused))
        buf_addf(&world.told, "%s %s%s%s\n", batch->rows[0].site, batch->rows[0].key,
                 batch->is_late ? " late" : "", batch->fence.number ? " leased" : "");
}

void store_alive_write(struct store *store, const struct store_alive_batch *batch,
                       store_write_fn *done, void *ctx)
{
    (void)store;
    if (answer('w', (union answer_fn){.write = done}, ctx, false))
        buf_addf(&world.told, "%s %s %s%s\n", batch->site, batch->results[0].key,
                 store_verdict_name(batch->results[0].verdict), batch->is_late ? " late" : "");
}

void store_run_begin(struct store *store, const struct store_run *run, store_run_fn *done,
                     void *ctx)
{
    (void)store;
    if (answer('r', (union answer_fn){.run = done}, ctx, false))
        buf_addf(&world.told, "%s begins%s\n", run->site, run->is_late ? " late" : "");
}

void store_run_end(struct store *store, const struct store_run *run, store_done_fn *done, void *ctx)
{
    (void)store;
    if (answer('d', (union answer_fn){.done = done}, ctx, false))
        buf_addf(&world.told, "%s run %lld %s\n", run->site, (long long)run->id, run->reason);
}

const char *store_verdict_name(enum store_verdict verdict)
{
    return verdict == ALIVE_HERE ? "here" : "other";
}

/* ---- harness ------------------------------------------------------------------------------------ */

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){.loop = loop_new()};
    log_set_sink(quiet, NULL);
    snprintf(world.folder, sizeof(world.folder), "/tmp/catchdeal-spool-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    world.config.database = (char *)DATABASE;
    world.config.keep_dir = (char *)"";
    world.config.spool_dir = world.folder;
    world.config.spool_max = 1 << 20;
    world.config.lease = 30000;
    buf_init(&world.told, 1 << 20);
    return 0;
}

static int files_with(const char *end)
{
    DIR *dir = opendir(world.folder);
    int n = 0;

    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        n += str_ends(e->d_name, end);
    closedir(dir);
    return n;
}

static int tear_down(void **state)
{
    DIR *dir = opendir(world.folder);

    (void)state;
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(world.folder), 0);
    buf_fini(&world.told);
    loop_free(&world.loop);
    log_set_sink(NULL, NULL);
    return 0;
}

static void on_put(const struct store_counts *counts, bool spooled, const struct err *err,
                   void *ctx)
{
    (void)ctx;
    assert_true(!counts == !!err);
    world.answers++;
    world.spooled += spooled;
    world.err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(world.loop);
}

static void wait_answer(void)
{
    int before = world.answers;

    while (world.answers == before)
        loop_run(world.loop);
    assert_int_equal(world.answers, before + 1);
}

static struct deal_row row_of(const char *site, const char *key)
{
    return (struct deal_row){.site = site,
                             .website = "보드",
                             .key = key,
                             .product_id = "b_1",
                             .title = "라면 \"40개\" <b>",
                             .url = "https://b.example/1",
                             .price_e2 = DEAL_UNKNOWN,
                             .posted_at_ms = CLOCK_NONE,
                             .view = DEAL_UNKNOWN,
                             .comment = DEAL_UNKNOWN,
                             .like = DEAL_UNKNOWN,
                             .score = DEAL_UNKNOWN};
}

static void give(struct spool *spool, const char *site, const char *key)
{
    struct deal_row row = row_of(site, key);
    struct store_batch batch = {
        .rows = &row, .n = 1, .at_ms = AT, .fence = {site, "crawl", world.lease}};

    spool_write(spool, &batch, on_put, NULL);
    memset(&row, 0, sizeof(row));
    wait_answer();
}

static void on_replay(const struct err *err, void *ctx)
{
    (void)ctx;
    world.replays++;
    world.replay_err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(world.loop);
}

static void replay(struct spool *spool)
{
    spool_replay(spool, on_replay, NULL);
    world.replays = 0;
    while (!world.replays)
        loop_run(world.loop);
}

static struct spool *new_spool(void)
{
    return spool_new(world.loop, NULL, &world.config);
}

static size_t waiting(const struct spool *spool)
{
    struct spool_stats stats;

    spool_stats(spool, &stats);
    return stats.waiting;
}

static void assert_told(const char *expected)
{
    assert_string_equal(buf_str(&world.told), expected);
}

/* ---- the spool ---------------------------------------------------------------------------------- */

static void what_the_store_takes_touches_no_disk(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    give(spool, "clien", "1");

    assert_told("clien 1\n");
    assert_int_equal(world.spooled, 0);
    assert_int_equal(files_with(""), 2); /* . and .. */
    spool_free(&spool);
}

static void what_the_store_refuses_is_the_callers_error_and_not_kept(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.refuse = "1";
    give(spool, "clien", "1");

    assert_int_equal(world.err.code, ERR_STORE);
    assert_int_equal(files_with(".spool"), 0);
    spool_free(&spool);
}

static void give_alive(struct spool *spool, const char *site, const char *key)
{
    struct store_alive_result result = {key, ALIVE_HERE};
    struct store_alive_batch batch = {.site = site, .results = &result, .n = 1, .at_ms = AT};

    spool_alive_write(spool, &batch, on_put, NULL);
    wait_answer();
}

static void give_run(struct spool *spool, int64_t id, const char *site)
{
    struct store_run run = {.id = id, .site = site, .kind = "crawl", .reason = "ok", .pages = 3};

    spool_run_end(spool, &run, on_put, NULL);
    wait_answer();
}

static void what_was_read_while_the_store_was_away_comes_back_in_order_and_once(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.away = true;
    give(spool, "clien", "1");
    give(spool, "spa", "2");
    give_alive(spool, "clien", "3");
    give_run(spool, 0, "clien");
    give_run(spool, 9, "spa");
    assert_int_equal(world.spooled, 5);
    assert_int_equal(waiting(spool), 5);
    assert_int_equal(world.asked, 1); /* then it was known to be away */
    assert_told("");
    world.away = false;
    give(spool, "spa", "4"); /* behind what waits */
    assert_int_equal(world.spooled, 6);

    replay(spool);

    assert_told("clien 1 late\nspa 2 late\nclien 3 here late\nclien begins late\nclien run 77 ok\n"
                "spa run 9 ok\nspa 4 late\n");
    assert_int_equal(waiting(spool), 0);
    assert_int_equal(files_with(".spool"), 0);
    give(spool, "clien", "5");
    assert_int_equal(world.spooled, 6);
    spool_free(&spool);
}

static void look(void *ctx)
{
    if (waiting(ctx) == 0)
        loop_stop(world.loop);
    else
        loop_defer(world.loop, look, ctx);
}

static void a_store_that_stays_away_is_told_and_asked_again_by_itself(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.away = true;
    give(spool, "clien", "1");
    replay(spool);
    assert_int_equal(world.replay_err.code, ERR_STORE_AWAY);
    assert_int_equal(waiting(spool), 1);
    world.away = false;
    loop_defer(world.loop, look, spool);
    loop_run(world.loop);
    assert_told("clien 1 late\n");
    give(spool, "other", "2");
    assert_int_equal(world.spooled, 1);
    spool_free(&spool);
}

static void the_next_process_takes_over_what_a_dead_one_left(void **state)
{
    struct spool *dead = new_spool();
    struct spool *beside, *next;

    (void)state;
    world.away = true;
    give(dead, "clien", "1");
    give(dead, "clien", "2");
    world.away = false;
    beside = new_spool();
    replay(beside); /* it is still held */
    assert_told("");
    assert_int_equal(files_with(".spool"), 1);
    spool_free(&dead);
    spool_free(&beside);

    next = new_spool();
    replay(next);

    assert_told("clien 1 late\nclien 2 late\n");
    assert_int_equal(files_with(".spool"), 0);
    spool_free(&next);
}

static void what_belongs_to_another_database_is_left_alone(void **state)
{
    struct spool *spool = new_spool();
    struct spool_look look;

    (void)state;
    world.away = true;
    give(spool, "clien", "1");
    spool_free(&spool);
    world.away = false;
    world.config.database = (char *)"postgresql://me@db.example/other";
    spool_look(&world.config, &look);
    assert_int_equal(look.files, 0);
    assert_int_equal(look.other, 1);
    spool = new_spool();
    replay(spool);
    assert_told("");
    spool_free(&spool);

    world.config.database =
        (char *)"postgresql://me:another@db.example/deals"; /* its password only */
    spool_look(&world.config, &look);
    assert_int_equal(look.files, 1);
    assert_int_equal(look.waiting, 1);
    assert_int_equal(look.orphans, 1);
    spool = new_spool();
    replay(spool);
    assert_told("clien 1 late\n");
    spool_free(&spool);
}

static void what_the_store_refuses_on_replay_is_set_aside_and_the_rest_goes_on(void **state)
{
    struct spool *spool = new_spool();
    struct spool_stats stats;

    (void)state;
    world.away = true;
    give(spool, "clien", "1");
    give(spool, "clien", "2");
    world.away = false;
    world.refuse = "1";
    replay(spool);

    assert_told("clien 2 late\n");
    spool_stats(spool, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(files_with(".spool"), 0);
    assert_int_equal(files_with(".spool.bad"), 1);
    spool_free(&spool);
}

static void what_was_written_under_a_lost_lease_is_never_kept(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.lease = 17;
    world.lost = "1";
    give(spool, "clien", "1");

    assert_int_equal(world.err.code, ERR_LEASE_LOST);
    assert_int_equal(world.spooled, 0);
    assert_int_equal(files_with(".spool"), 0);
    spool_free(&spool);
}

static void what_could_not_be_written_for_as_long_as_a_lease_lasts_is_not_kept_either(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.config.lease = -1; /* over at once */
    world.away = true;
    give(spool, "clien", "0");
    assert_int_equal(world.spooled, 1);
    world.lease = 17;
    give(spool, "clien", "1");

    assert_int_equal(world.err.code, ERR_LEASE_LOST);
    assert_int_equal(world.spooled, 1);
    spool_free(&spool);
}

static void what_was_spooled_in_time_is_stored_also_when_its_lease_is_lost_since(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.lease = 17;
    world.away = true;
    give(spool, "clien", "1");
    give(spool, "clien", "2");
    world.away = false;
    world.lost = "1";
    replay(spool);

    assert_told("clien 1 late\nclien 2 late leased\n");
    assert_int_equal(waiting(spool), 0);
    assert_int_equal(files_with(".bad"), 0);
    spool_free(&spool);
}

static void a_full_spool_says_so_and_keeps_what_it_has(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.config.spool_max = 700;
    world.away = true;
    give(spool, "clien", "1");
    assert_int_equal(world.err.code, ERR_OK);
    give(spool, "clien", "2");
    give(spool, "clien", "3");

    assert_int_equal(world.err.code, ERR_STORE_AWAY);
    assert_non_null(strstr(world.err.text, "the spool is full (spool_max): the database is away"));
    world.away = false;
    replay(spool);
    assert_true(str_starts(buf_str(&world.told), "clien 1 late\n"));
    spool_free(&spool);
}

static void without_room_by_configuration_the_stores_own_error_comes_at_once(void **state)
{
    struct spool *spool = new_spool();

    (void)state;
    world.config.spool_max = 0;
    world.away = true;
    give(spool, "clien", "1");
    give(spool, "clien", "2");

    assert_int_equal(world.err.code, ERR_STORE_AWAY);
    assert_non_null(strstr(world.err.text, "gone fishing"));
    assert_int_equal(world.asked, 2);
    spool_free(&spool);
}

static void a_disk_without_room_is_reason_disk_and_leaves_no_half_record(void **state)
{
    struct rlimit was, small = {.rlim_cur = 600};
    struct spool *spool = new_spool();

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    world.away = true;
    give(spool, "clien", "1");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    give(spool, "clien", "2");
    give(spool, "clien", "3");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);

    assert_int_equal(world.err.code, ERR_DISK);
    give(spool, "clien", "4");
    world.away = false;
    replay(spool);
    assert_null(strstr(buf_str(&world.told), "clien 3"));
    assert_non_null(strstr(buf_str(&world.told), "clien 4 late"));
    assert_int_equal(files_with(".bad"), 0);
    spool_free(&spool);
}

static void a_folder_that_cannot_be_made_is_reason_disk(void **state)
{
    struct spool *spool;

    (void)state;
    world.config.spool_dir = (char *)"/proc/catchdeal/spool";
    spool = new_spool();
    world.away = true;
    give(spool, "clien", "1");

    assert_int_equal(world.err.code, ERR_DISK);
    spool_free(&spool);
}

static void freed_in_mid_write_it_calls_nobody_back(void **state)
{
    struct spool *spool = new_spool();
    struct deal_row row = row_of("clien", "1");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};

    (void)state;
    world.away = true;
    give(spool, "clien", "0");
    spool_write(spool, &batch, on_put, NULL);
    spool_write(spool, &batch, on_put, NULL);
    spool_free(&spool);

    for (int i = 0; i < 5; i++) {
        loop_defer(world.loop, (loop_fn *)loop_stop, world.loop);
        loop_run(world.loop);
    }
    assert_int_equal(world.answers, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_store_takes_touches_no_disk),
        TEST(what_the_store_refuses_is_the_callers_error_and_not_kept),
        TEST(what_was_read_while_the_store_was_away_comes_back_in_order_and_once),
        TEST(a_store_that_stays_away_is_told_and_asked_again_by_itself),
        TEST(the_next_process_takes_over_what_a_dead_one_left),
        TEST(what_belongs_to_another_database_is_left_alone),
        TEST(what_the_store_refuses_on_replay_is_set_aside_and_the_rest_goes_on),
        TEST(what_was_written_under_a_lost_lease_is_never_kept),
        TEST(what_could_not_be_written_for_as_long_as_a_lease_lasts_is_not_kept_either),
        TEST(what_was_spooled_in_time_is_stored_also_when_its_lease_is_lost_since),
        TEST(a_full_spool_says_so_and_keeps_what_it_has),
        TEST(without_room_by_configuration_the_stores_own_error_comes_at_once),
        TEST(a_disk_without_room_is_reason_disk_and_leaves_no_half_record),
        TEST(a_folder_that_cannot_be_made_is_reason_disk),
        TEST(freed_in_mid_write_it_calls_nobody_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
