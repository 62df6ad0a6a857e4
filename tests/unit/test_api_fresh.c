/* SPDX-License-Identifier: MIT */
/* test_api_fresh.c - what another process commits is in the kept answers' place within a second; and what a client
 * with a token has already is not sent again.
 */
#include "test_api.h"

#include <time.h>

enum { SOON_MS = 1000, PATIENCE_MS = 10000, N_DEALS = 30 };

static const char key_set[] = "jwt_secret=one:0123456789012345678901234567890123456789";

static void start_plain(void)
{
    api_start((const char *const[]){key_set, "registrations=0", NULL});
}

/* ---- commits of other processes -------------------------------------------------------------- */

/* The tests' clock stands still. */
static int64_t real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void expect_soon(const char *request, const char *part, bool is_there)
{
    int64_t began_ms = real_ms(), took_ms;

    do {
        send_request(request, NULL, NULL);
        expect_status(200);
        took_ms = real_ms() - began_ms;
    } while (!strstr(said.body, part) == is_there && took_ms < PATIENCE_MS);
    if (took_ms > SOON_MS)
        fail_msg("%s: %lld ms until \"%s\" was%s there: %s", request, (long long)took_ms, part,
                 is_there ? "" : " not", said.body);
}

/* It is kept: asked for at once it is still the old one. */
static void keep(const char *request)
{
    send_request(request, NULL, NULL);
    send_request(request, NULL, NULL);
    expect_status(200);
}

static void notices_follow_another_process_within_a_second(void **state)
{
    struct bench *b = bench(state);
    const char *at = b->is_postgres ? "to_timestamp(1700654400)" : "1700654400000";
    const char *etag;

    start_plain();
    keep("GET /notices");
    assert_string_equal(said.body, "[]");
    ask(b, arena_printf(&b->arena,
                        "INSERT INTO notices (title, category, content, created_at) VALUES "
                        "('점검', 'c', 'n', %s)",
                        at));
    expect_soon("GET /notices", "\"title\":\"점검\"", true);
    etag = strstr(said.all, "\r\nETag: ");
    assert_non_null(etag);
    assert_non_null(strstr(said.all, "\r\nX-List-Limit: 100\r\n"));
    etag =
        arena_printf(&b->arena, "If-None-Match: %.*s\r\n", (int)strcspn(etag + 8, "\r"), etag + 8);
    assert_int_equal(send_more("GET /notice.json", NULL, etag, NULL), 304);
    ask(b, "UPDATE notices SET title = '끝'");
    expect_soon("GET /notices", "\"title\":\"끝\"", true);
    assert_int_equal(send_more("GET /notice.json", NULL, etag, NULL), 200);
    ask(b, "DELETE FROM notices");
    expect_soon("GET /notice.json", "끝", false);
}

static void boards_follow_the_end_of_a_run_within_a_second(void **state)
{
    struct bench *b = bench(state);
    struct store_run run = {.site = "ppomppu",
                            .kind = "crawl",
                            .started_at_ms = API_NOW - 5000,
                            .ended_at_ms = API_NOW,
                            .due_at_ms = API_NOW - 5000,
                            .reason = "ok"};

    start_plain();
    keep("GET /v3/sites");
    bench_ask(b);
    store_run_begin(b->store, &run, on_number, b);
    bench_wait(b);
    run.id = b->number;
    expect_soon("GET /v3/sites", "\"reason\":\"running\"", true);
    bench_ask(b);
    store_run_end(b->store, &run, on_done, b);
    bench_wait(b);
    assert_ok(b);
    expect_soon("GET /v3/sites", "\"fresh_at\":\"2023-11-22T21:00:00+09:00\"", true);
    assert_non_null(strstr(said.body, "\"reason\":\"ok\""));
}

static void lists_follow_counters_alone_within_a_second(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("ppomppu", "1");

    write_row(b, &row);
    start_plain();
    keep("GET /hit-products");
    keep("GET /v3/deals");
    row.view = 4711;
    write_row(b, &row);
    expect_soon("GET /hit-products", "\"view\":4711", true);
    expect_soon("GET /v3/deals", ":4711", true);
    ask(b, "DELETE FROM deals");
    expect_soon("GET /v3/deals", "{\"data\":[]", true);
}

/* ---- lists with a token ---------------------------------------------------------------------- */

static const char *etag_line(struct bench *b)
{
    const char *at = strstr(said.all, "\r\nETag: ");

    assert_non_null(at);
    return arena_printf(&b->arena, "If-None-Match: %.*s\r\n", (int)strcspn(at + 8, "\r"), at + 8);
}

static bool is_packed(void)
{
    return strstr(said.all, "\r\nContent-Encoding: gzip\r\n") != NULL;
}

static void a_list_with_bookmarks_is_not_sent_again_until_one_is_made(void **state)
{
    struct bench *b = bench(state);
    const char *alice, *bob, *tag, *packed_tag;
    struct deal_row rows[N_DEALS];
    size_t plain_len;

    for (int i = 0; i < N_DEALS; i++)
        rows[i] = row_of("ppomppu", arena_printf(&b->arena, "%d", i));
    write_rows(b, rows, N_DEALS);
    start_plain();
    alice = token_of("a");
    bob = token_of("b");

    send_request("GET /hit-products", alice, NULL);
    expect_status(200);
    plain_len = strlen(said.body);
    assert_false(is_packed());
    tag = etag_line(b);
    assert_int_equal(send_more("GET /hit-products", alice, tag, NULL), 304);
    assert_string_equal(said.body, "");
    assert_non_null(strstr(said.all, "\r\nCache-Control: private, no-cache\r\n"));

    /* Compressed it has another tag. */
    assert_int_equal(send_more("GET /hit-products", alice, "Accept-Encoding: gzip\r\n", NULL), 200);
    assert_true(is_packed());
    assert_true((size_t)atoi(strstr(said.all, "\r\nContent-Length: ") + 18) < plain_len / 4);
    packed_tag = etag_line(b);
    assert_string_not_equal(tag, packed_tag);
    assert_int_equal(send_more("GET /hit-products", alice,
                               arena_printf(&b->arena, "%sAccept-Encoding: gzip\r\n", packed_tag),
                               NULL),
                     304);
    /* A short one is not worth it. */
    send_more("GET /hit-products?size=2", alice, "Accept-Encoding: gzip\r\n", NULL);
    expect_status(200);
    assert_false(is_packed());
    /* Lists without pages tell their limit with a token, too. */
    send_request("GET /hit-products/rank", alice, NULL);
    assert_non_null(strstr(said.all, "\r\nX-List-Limit: 100\r\n"));

    assert_int_equal(
        send_request("POST /bookmarks", alice, "{\"product\":{\"id\":\"ppomppu_25\"}}"), 200);
    assert_int_equal(send_more("GET /hit-products", alice, tag, NULL), 200);
    assert_non_null(strstr(said.body, "\"isBookmark\":true"));
    /* What another user was sent is nothing that this one has. */
    assert_int_equal(send_more("GET /hit-products", bob, etag_line(b), NULL), 200);
    assert_null(strstr(said.body, "\"isBookmark\":true"));
    /* And without a token it is a third thing. */
    assert_int_equal(send_more("GET /hit-products", NULL, tag, NULL), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_BOTH(notices_follow_another_process_within_a_second),
        API_BOTH(boards_follow_the_end_of_a_run_within_a_second),
        API_BOTH(lists_follow_counters_alone_within_a_second),
        API_BOTH(a_list_with_bookmarks_is_not_sent_again_until_one_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
