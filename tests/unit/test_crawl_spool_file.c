/* SPDX-License-Identifier: MIT */
/* test_crawl_spool_file.c - records and files of the spool: what is written, torn, damaged, done.
 */
#include "crawl/spool_file.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/spool_record.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define AT INT64_C(1764000000000)

static struct {
    char folder[64];
} world;

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
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

static int set_up(void **state)
{
    (void)state;
    log_set_sink(quiet, NULL);
    snprintf(world.folder, sizeof(world.folder), "/tmp/catchdeal-spool-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    return 0;
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
    log_set_sink(NULL, NULL);
    return 0;
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
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1,\"rows\":[{\"title\":\"x\"}]}",
                  "key");
    assert_unread("{\"kind\":\"deals\",\"site\":\"a\",\"at\":1,\"rows\":[{\"key\":\"5\"}]}",
                  "website");
    assert_unread(
        "{\"kind\":\"alive\",\"site\":\"a\",\"at\":1,\"rows\":[{\"key\":\"5\",\"verdict\":9}]}",
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
    out.data[ends[1] - 4] ^= 1; /* its payload */
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
