/* SPDX-License-Identifier: MIT */
/* test_crawl_spool.c - records and files of the spool, and the spool between a database that is away for
 * a while and whoever writes. Files are real; the store is not.
 */
#include "crawl/spool.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/spool_file.h"
#include "crawl/spool_places.h"
#include "crawl/spool_record.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done, void *ctx)
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

void store_run_begin(struct store *store, const struct store_run *run, store_run_fn *done, void *ctx)
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

static void on_put(const struct store_counts *counts, bool spooled, const struct err *err, void *ctx)
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

/* ---- records ------------------------------------------------------------------------------------ */

static void a_batch_reads_back_as_it_was_written(void **state)
{
    struct deal_row rows[2] = {row_of("clien", "5"), {.site = "clien", .key = "6", .gone = true}};
    struct store_batch batch = {
        .rows = rows, .n = 2, .at_ms = AT, .run_id = 7, .update_only = true, .from_post = true};
    const struct deal_row *back;
    struct spool_record record;
    struct arena arena;
    struct buf out, again;
    struct err err;

    (void)state;
    rows[0].redirect_url = "https://s.example/?a=1&b=2";
    rows[0].image_url = "https://i.example/1";
    rows[0].mall = "가게\n둘";
    rows[0].category = "식품";
    rows[0].currency = "KRW";
    rows[0].shop_key = "s.example/1";
    rows[0].price_e2 = 1290000;
    rows[0].posted_at_ms = AT - 5;
    rows[0].posted_before_ms = AT - 1;
    rows[0].view = 3;
    rows[0].like = -2;
    rows[0].sold_out = rows[0].title_is_cut = rows[0].posted_is_coarse = true;
    rows[1].posted_at_ms = CLOCK_NONE;
    batch.fence = (struct store_fence){"clien", "crawl", 17};
    buf_init(&out, BUF_MAX_DEFAULT);
    buf_init(&again, BUF_MAX_DEFAULT);
    spool_write_deals(&out, &batch);
    buf_adds(&again, buf_str(&out));
    arena_init(&arena);

    assert_int_equal(spool_read(again.data, again.len, &arena, &record, &err), 0);

    assert_int_equal(record.kind, SPOOL_DEALS);
    assert_true(record.u.deals.is_late && record.u.deals.update_only && record.u.deals.from_post);
    assert_int_equal(record.u.deals.at_ms, AT);
    assert_int_equal(record.u.deals.run_id, 7);
    assert_int_equal(record.u.deals.fence.number, 17);
    assert_string_equal(record.u.deals.fence.kind, "crawl");
    assert_int_equal(record.u.deals.n, 2);
    back = record.u.deals.rows;
    assert_string_equal(back[0].title, rows[0].title);
    assert_string_equal(back[0].mall, rows[0].mall);
    assert_int_equal(back[0].like, -2);
    assert_true(back[0].comment == DEAL_UNKNOWN && back[1].gone && !back[1].title);
    buf_clear(&again);
    spool_write_deals(&again, &record.u.deals);
    assert_string_equal(buf_str(&again), buf_str(&out));
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&arena);
}

static void assert_unread(const char *payload, const char *expected)
{
    char *text = mem_strdup(payload);
    struct spool_record record;
    struct arena arena;
    struct err err;

    arena_init(&arena);
    assert_int_equal(spool_read(text, strlen(text), &arena, &record, &err), -1);
    if (!strstr(err.text, expected))
        fail_msg("expected \"%s\" in: %s", expected, err.text);
    arena_fini(&arena);
    mem_free(text);
}

static void a_payload_that_the_store_could_not_take_is_refused(void **state)
{
    (void)state;
    assert_unread("nonsense", "");
    assert_unread("{\"kind\":\"deals\"}", "site: expected a text");
    assert_unread("{\"kind\":\"cake\",\"site\":\"a\"}", "expected deals, alive or run");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"rows\":[{}]}", "at: expected a moment");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1e30,\"rows\":[{}]}", "at: expected");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1,\"rows\":[]}", "array of rows");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1,\"rows\":[{\"title\":\"x\"}]}", "key");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1,\"rows\":[{\"key\":\"5\"}]}", "website");
    assert_unread("{\"kind\":\"alive\",\"site\":\"a\",\"at\":1,\"rows\":[{\"key\":\"5\",\"verdict\":9}]}",
                  "verdict");
    assert_unread("{\"kind\":\"run\",\"site\":\"a\",\"job\":\"crawl\",\"reason\":\"ok\"}", "due");
}

/* Three frames, at 0, ends[0], ends[1]. */
static void write_three(struct buf *out, size_t ends[3])
{
    static const char *const payloads[] = {"{\"a\":1}", "{\"b\":22}", "{\"c\":333}"};

    for (int i = 0; i < 3; i++) {
        spool_frame_write(out, "clien", payloads[i], strlen(payloads[i]));
        ends[i] = out->len;
    }
}

static void every_flipped_bit_of_a_frame_is_noticed(void **state)
{
    struct spool_frame frame;
    struct buf out;
    size_t ends[3];

    (void)state;
    buf_init(&out, 1 << 16);
    write_three(&out, ends);
    assert_int_equal(spool_frame_read(out.data, out.len, &frame), SPOOL_WHOLE);
    assert_int_equal(frame.size, ends[0]);
    assert_string_equal(frame.site, "clien");
    for (size_t bit = 0; bit < 8 * ends[0]; bit++) {
        out.data[bit / 8] = (char)(out.data[bit / 8] ^ 1 << bit % 8);
        if (bit / 8 != SPOOL_STATE_AT)
            assert_int_not_equal(spool_frame_read(out.data, out.len, &frame), SPOOL_WHOLE);
        out.data[bit / 8] = (char)(out.data[bit / 8] ^ 1 << bit % 8);
    }
    buf_fini(&out);
}

static void a_frame_that_ends_early_is_torn_at_every_byte(void **state)
{
    struct spool_frame frame;
    struct buf out;
    size_t ends[3];

    (void)state;
    buf_init(&out, 1 << 16);
    write_three(&out, ends);
    for (size_t len = 1; len < ends[0]; len++)
        assert_int_equal(spool_frame_read(out.data, len, &frame), SPOOL_TORN);
    assert_int_equal(spool_frame_find(out.data, out.len, 1), ends[0]);
    assert_int_equal(spool_frame_find(out.data, out.len, ends[1] + 1), out.len);
    buf_fini(&out);
}

/* ---- files -------------------------------------------------------------------------------------- */

static char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", world.folder, name);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static int64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

static struct spool_file *open_file(const char *path)
{
    struct spool_file *file;
    struct err err;

    if (spool_file_open(path, false, &file, &err) < 0)
        fail_msg("%s", err.text);
    return file;
}

static void assert_first(struct spool_file *file, const char *expected)
{
    struct buf out;
    struct err err;

    buf_init(&out, 1 << 16);
    assert_int_equal(spool_file_read(file, &out, &err), 0);
    assert_string_equal(buf_str(&out), expected);
    buf_fini(&out);
}

static void what_a_crash_tore_off_is_cut_off_wherever_it_ends(void **state)
{
    const char *path = path_of("a.spool");
    struct spool_file *file;
    struct buf out;
    size_t ends[3];

    (void)state;
    buf_init(&out, 1 << 16);
    write_three(&out, ends);
    for (size_t len = ends[1] + 1; len < ends[2]; len++) {
        write_file(path, out.data, len);
        file = open_file(path);
        assert_int_equal(spool_file_waiting(file), 2);
        assert_int_equal(file->torn_bytes, len - ends[1]);
        assert_int_equal(file->broken_bytes, 0);
        assert_int_equal(size_of(path), ends[1]);
        spool_file_free(&file);
    }
    memset(out.data + ends[1], 0, ends[2] - ends[1]);
    write_file(path, out.data, out.len);
    file = open_file(path);
    assert_int_equal(file->torn_bytes, ends[2] - ends[1]);
    spool_file_free(&file);
    assert_int_equal(files_with(".bad"), 0);
    buf_fini(&out);
}

static void damage_inside_is_set_aside_and_the_rest_goes_on(void **state)
{
    const char *path = path_of("a.spool");
    struct spool_file *file;
    struct buf out;
    size_t ends[3];

    (void)state;
    buf_init(&out, 1 << 16);
    write_three(&out, ends);
    out.data[ends[1] - 4] ^= 1;        /* its payload */
    write_file(path, out.data, out.len);
    file = open_file(path);
    assert_int_equal(spool_file_waiting(file), 2);
    assert_int_equal(file->broken_bytes, ends[1] - ends[0]);
    assert_first(file, "{\"a\":1}");
    spool_file_done(file);
    assert_first(file, "{\"c\":333}");
    spool_file_free(&file);
    assert_int_equal(size_of(path_of("a.spool.bad")), ends[1] - ends[0]);

    out.data[ends[1] - 4] ^= 1;
    out.data[ends[0] + 12] = '9'; /* its length: now it seems to reach beyond the file */
    write_file(path, out.data, out.len);
    file = open_file(path);
    assert_int_equal(spool_file_waiting(file), 2);
    spool_file_free(&file);
    buf_fini(&out);
}

static void what_is_done_stays_done_and_a_held_file_is_nobody_elses(void **state)
{
    const char *path = path_of("a.spool");
    struct spool_file *file, *second;
    struct buf out;
    size_t ends[3];
    struct err err;

    (void)state;
    buf_init(&out, 1 << 16);
    write_three(&out, ends);
    write_file(path, out.data, out.len);
    file = open_file(path);
    assert_int_equal(spool_file_open(path, false, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_int_equal(spool_file_count(path), 3);
    spool_file_done(file);
    spool_file_free(&file);

    file = open_file(path);
    assert_int_equal(spool_file_waiting(file), 2);
    assert_int_equal(spool_file_count(path), 2);
    assert_first(file, "{\"b\":22}");
    spool_file_set_aside(file);
    assert_first(file, "{\"c\":333}");
    spool_file_remove(&file);
    assert_int_equal(size_of(path), -1);
    assert_int_equal(size_of(path_of("a.spool.bad")), ends[1] - ends[0]);
    buf_fini(&out);
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

    world.config.database = (char *)"postgresql://me:another@db.example/deals"; /* its password only */
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
        TEST(a_batch_reads_back_as_it_was_written),
        TEST(a_payload_that_the_store_could_not_take_is_refused),
        TEST(every_flipped_bit_of_a_frame_is_noticed),
        TEST(a_frame_that_ends_early_is_torn_at_every_byte),
        TEST(what_a_crash_tore_off_is_cut_off_wherever_it_ends),
        TEST(damage_inside_is_set_aside_and_the_rest_goes_on),
        TEST(what_is_done_stays_done_and_a_held_file_is_nobody_elses),
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
