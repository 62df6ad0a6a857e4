/* SPDX-License-Identifier: MIT */
/* test_db_store.c - what a store promises, the same scenarios on SQLite and on PostgreSQL. */
#include "test_db.h"

/* ---- new, changed, same ---------------------------------------------------------------------- */

static void counts_new_rows_and_then_the_same_rows(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("ppomppu", "1"), row_of("ppomppu", "2"), row_of("clien", "1")};

    write_rows(b, rows, 3);
    assert_counts(b, 3, 0, 0);

    write_rows(b, rows, 3);
    assert_counts(b, 0, 0, 3);
    assert_string_equal(ask(b, "SELECT count(*) FROM deal_events WHERE kind = 'created'"), "3\n");
    assert_string_equal(events(b), "");
}

static void an_empty_batch_counts_nothing(void **state)
{
    struct bench *b = bench(state);

    write_rows(b, NULL, 0);

    assert_counts(b, 0, 0, 0);
}

static void stores_every_field(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("ruliweb", "77");
    const struct deal *deal;

    row.redirect_url = "https://shop.example/a?b=c";
    row.image_url = "https://img.example/1.jpg";
    row.mall = "11번가";
    row.category = "식품";
    row.currency = "KRW";
    row.price_e2 = 1290000;
    row.posted_at_ms = AT - 60123;
    row.view = 1;
    row.comment = 0;
    row.like = -3;
    row.score = INT64_MAX;
    row.sold_out = true;
    write_row(b, &row);
    list_all(b);

    assert_int_equal(b->n_deals, 1);
    deal = &b->deals[0];
    assert_true(deal->id > 0);
    assert_string_equal(deal->row.site, "ruliweb");
    assert_string_equal(deal->row.website, "뽐뿌");
    assert_string_equal(deal->row.key, "77");
    assert_string_equal(deal->row.product_id, "ruliweb_77");
    assert_string_equal(deal->row.title, "[11번가] 라면 40개");
    assert_string_equal(deal->row.url, "https://ruliweb.example/77");
    assert_string_equal(deal->row.redirect_url, "https://shop.example/a?b=c");
    assert_string_equal(deal->row.image_url, "https://img.example/1.jpg");
    assert_string_equal(deal->row.mall, "11번가");
    assert_string_equal(deal->row.category, "식품");
    assert_string_equal(deal->row.currency, "KRW");
    assert_true(deal->row.price_e2 == 1290000);
    assert_true(deal->row.posted_at_ms == AT - 60123);
    assert_true(deal->row.view == 1 && deal->row.comment == 0 && deal->row.like == -3);
    assert_true(deal->row.score == INT64_MAX);
    assert_true(deal->row.sold_out && !deal->is_deleted && !deal->is_title_changed);
    assert_true(deal->sort_at_ms == AT - 60123);
    assert_true(deal->created_at_ms == AT && deal->updated_at_ms == AT);
}

static void unknown_fields_come_back_unknown(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("ruliweb", "77");
    const struct deal_row *got = &b->deals[0].row;

    write_row(b, &row);
    list_all(b);

    assert_int_equal(b->n_deals, 1);
    assert_null(got->redirect_url);
    assert_null(got->image_url);
    assert_null(got->mall);
    assert_null(got->category);
    assert_null(got->currency);
    assert_true(got->price_e2 == DEAL_UNKNOWN && got->posted_at_ms == CLOCK_NONE);
    assert_true(got->view == DEAL_UNKNOWN && got->comment == DEAL_UNKNOWN);
    assert_true(got->like == DEAL_UNKNOWN && got->score == DEAL_UNKNOWN);
    assert_false(got->sold_out);
    assert_true(b->deals[0].sort_at_ms == AT);
}

static void each_kind_of_change_is_one_event(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    row.redirect_url = "https://a.example/";
    row.image_url = "https://a.example/1.png";
    row.price_e2 = 1290000;
    row.currency = "KRW";
    row.mall = "A";
    row.category = "식품";
    row.posted_at_ms = INT64_C(1700000000000);
    write_row(b, &row);
    row.title = "다른 제목";
    row.url = "https://clien.example/moved/5";
    row.redirect_url = "https://b.example/";
    row.image_url = "https://a.example/2.png";
    row.price_e2 = 1999;
    row.currency = "USD";
    row.mall = "B";
    row.category = "가전";
    row.posted_at_ms = INT64_C(1700000000500);
    row.sold_out = true;
    write_row(b, &row);

    assert_counts(b, 0, 1, 0);
    assert_string_equal(events(b), "5|title|[11번가] 라면 40개|다른 제목\n"
                                   "5|url|https://clien.example/5|https://clien.example/moved/5\n"
                                   "5|redirect_url|https://a.example/|https://b.example/\n"
                                   "5|image|https://a.example/1.png|https://a.example/2.png\n"
                                   "5|price|1290000 KRW|1999 USD\n"
                                   "5|mall|A|B\n"
                                   "5|category|식품|가전\n"
                                   "5|posted_at|2023-11-14T22:13:20.000Z|2023-11-14T22:13:20.500Z\n"
                                   "5|sold_out|-|-\n");
}

static void counters_alone_are_stored_but_are_no_change(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch later = {.rows = &row, .n = 1, .at_ms = AT + 5000};

    row.view = 10;
    write_row(b, &row);
    row.view = 11;
    row.comment = 2;
    row.like = 3;
    row.score = 44;
    row.website = "클리앙";
    write_batch(b, &later);

    assert_counts(b, 0, 0, 1);
    assert_string_equal(events(b), "");
    list_all(b);
    assert_true(b->deals[0].row.view == 11 && b->deals[0].row.comment == 2);
    assert_true(b->deals[0].row.like == 3 && b->deals[0].row.score == 44);
    assert_string_equal(b->deals[0].row.website, "클리앙");
    assert_true(b->deals[0].updated_at_ms == AT);
}

static void counters_may_fall(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    row.score = 100;
    write_row(b, &row);
    row.score = 7;
    write_row(b, &row);
    list_all(b);

    assert_true(b->deals[0].row.score == 7);
}

static void unknown_never_overwrites_known(void **state)
{
    struct bench *b = bench(state);
    struct deal_row known = row_of("clien", "5");
    struct deal_row unknown = known;
    const struct deal_row *got = &b->deals[0].row;

    known.redirect_url = "https://a.example/";
    known.image_url = "https://a.example/1.png";
    known.mall = "A";
    known.category = "식품";
    known.currency = "KRW";
    known.price_e2 = 5;
    known.posted_at_ms = AT - 1;
    known.view = known.comment = known.like = known.score = 9;
    write_row(b, &known);
    write_row(b, &unknown);

    assert_counts(b, 0, 0, 1);
    list_all(b);
    assert_string_equal(got->redirect_url, "https://a.example/");
    assert_string_equal(got->image_url, "https://a.example/1.png");
    assert_string_equal(got->mall, "A");
    assert_string_equal(got->category, "식품");
    assert_string_equal(got->currency, "KRW");
    assert_true(got->price_e2 == 5 && got->posted_at_ms == AT - 1);
    assert_true(got->view == 9 && got->comment == 9 && got->like == 9 && got->score == 9);
}

static void what_becomes_known_later_is_filled_and_an_event(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    row.redirect_url = "https://a.example/";
    row.posted_at_ms = 0;
    row.price_e2 = 100;
    write_row(b, &row);

    assert_filled(b, 1);
    assert_string_equal(events(b), "5|redirect_url|-|https://a.example/\n"
                                   "5|price|-|100\n"
                                   "5|posted_at|-|1970-01-01T00:00:00.000Z\n");
    list_all(b);
    assert_true(b->deals[0].sort_at_ms == AT); /* stays */
}

static void a_deal_with_only_a_date_sorts_where_it_belongs(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "1"), row_of("clien", "2"), row_of("clien", "3")};
    struct store_batch batch = {.rows = rows, .n = 3, .at_ms = AT};

    rows[0].posted_before_ms = AT - 5000;
    rows[1].posted_before_ms = AT + 5000; /* today is not over */
    rows[2].posted_before_ms = AT - 9000;
    rows[2].posted_at_ms = AT - 1000; /* what is known counts */
    write_batch(b, &batch);
    list_all(b);

    assert_int_equal(b->n_deals, 3);
    assert_string_equal(b->deals[0].row.key, "2");
    assert_true(b->deals[0].sort_at_ms == AT);
    assert_true(b->deals[1].sort_at_ms == AT - 1000);
    assert_true(b->deals[2].sort_at_ms == AT - 5000);
    assert_true(b->deals[2].row.posted_at_ms == CLOCK_NONE);
}

static void a_deal_from_the_future_does_not_stay_on_top(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "1");

    row.posted_at_ms = AT + INT64_C(10) * 365 * 24 * 3600 * 1000;
    write_row(b, &row);
    list_all(b);

    assert_true(b->deals[0].row.posted_at_ms == row.posted_at_ms);
    assert_true(b->deals[0].sort_at_ms == AT);
}

static void changed_title_stays_flagged_when_it_comes_back(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    const char *first = row.title;
    struct store_batch later = {.rows = &row, .n = 1, .at_ms = AT + 60000};

    write_row(b, &row);
    row.title = "[종료] 라면";
    write_batch(b, &later);
    assert_counts(b, 0, 1, 0);
    row.title = first;
    write_batch(b, &later);
    assert_counts(b, 0, 1, 0);
    write_batch(b, &later);
    assert_counts(b, 0, 0, 1);
    list_all(b);

    assert_true(b->deals[0].is_title_changed);
    assert_string_equal(b->deals[0].row.title, first);
    assert_true(b->deals[0].created_at_ms == AT && b->deals[0].updated_at_ms == AT + 60000);
    assert_true(b->deals[0].sort_at_ms == AT);
}

static void sold_out_goes_both_ways(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    row.sold_out = true;
    write_row(b, &row);
    list_all(b);
    assert_true(b->deals[0].row.sold_out);
    row.sold_out = false;
    write_row(b, &row);
    list_all(b);

    assert_false(b->deals[0].row.sold_out);
    assert_string_equal(events(b), "5|sold_out|-|-\n5|back|-|-\n");
}

static void events_carry_run_and_moment(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = AT, .run_id = 42});
    row.sold_out = true;
    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = AT + 1234});

    assert_string_equal(
        ask(b, b->is_postgres ? "SELECT kind, run_id, round(extract(epoch FROM at) * 1000) FROM "
                                "deal_events ORDER BY id"
                              : "SELECT kind, run_id, at FROM deal_events ORDER BY id"),
        "created|42|1764000000000\nsold_out|-|1764000001234\n");
}

static void update_only_leaves_unknown_keys_alone(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("clien", "7")};

    write_rows(b, rows, 2);
    rows[1].title = "새 제목";
    write_batch(b, &(struct store_batch){.rows = rows, .n = 3, .at_ms = AT, .update_only = true});

    assert_counts(b, 0, 1, 1);
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "2\n");
}

static void one_batch_mixes_new_changed_and_same(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("clien", "7"),
                              row_of("clien", "8")};

    write_rows(b, rows, 3);
    rows[0].sold_out = true;
    rows[1].view = 99;
    write_rows(b, rows, 4);

    assert_counts(b, 1, 1, 2);
}

/* ---- identity -------------------------------------------------------------------------------- */

static void product_id_of_a_known_deal_is_fixed(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    row.product_id = "another_id";
    write_row(b, &row);

    assert_counts(b, 0, 0, 1);
    assert_string_equal(ask(b, "SELECT product_id FROM deals"), "clien_5\n");
}

static void product_id_of_another_deal_is_refused_and_nothing_is_stored(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("clien", "7")};

    write_row(b, &rows[0]);
    rows[2].product_id = rows[0].product_id;
    write_rows(b, rows, 3);

    assert_refused(b, "product_id");
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "1\n");
    write_rows(b, rows, 2);
    assert_counts(b, 1, 0, 1);
}

static void the_same_key_on_two_boards_is_two_deals(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("ruliweb", "5")};

    write_rows(b, rows, 2);

    assert_counts(b, 2, 0, 0);
}

static void a_key_twice_in_one_batch_is_refused(void **state)
{
    struct bench *b = bench(state);
    struct deal_row rows[] = {row_of("clien", "5"), row_of("clien", "6"), row_of("clien", "5")};

    write_rows(b, rows, 3);

    assert_refused(b, "deal clien/5: twice in one batch");
    assert_string_equal(ask(b, "SELECT count(*) FROM deals"), "0\n");
}

static void names_out_of_bounds_are_refused(void **state)
{
    struct bench *b = bench(state);
    char *long_key = mem_alloc(502);
    struct deal_row row = row_of("clien", "");

    write_rows(b, &row, 1);
    assert_refused(b, "deal clien/");
    memset(long_key, 'k', 501);
    long_key[501] = '\0';
    row.key = long_key;
    write_rows(b, &row, 1);
    assert_refused(b, "expected 1 to 500 bytes");
    row.key = long_key + 1;
    write_rows(b, &row, 1);
    assert_counts(b, 1, 0, 0);
    row.posted_at_ms = INT64_MAX;
    write_rows(b, &row, 1);
    assert_refused(b, "posted_at");

    mem_free(long_key);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void odd_text_comes_back_byte_for_byte(void **state)
{
    static const char *const titles[] = {
        "it's \"quoted\" \\ back\\\\slashed; DROP TABLE deals; --",
        "뷁 똠방각하 햏햏",
        "😀👨‍👩‍👧‍👦 \xf0\xa0\x80\x80 4-byte",
        "line\nbreak\ttab \x01\x02\x1b[31m\x7f",
        "",
        "$1 %s %n {a,b} NULL \\N \\u0041 '' \"\"",
        "\xef\xbf\xbd \xef\xbb\xbf \xe2\x80\xae rtl \xc2\xa0 nbsp",
        "<script>alert(1)</script> &amp; </textarea>",
    };
    struct bench *b = bench(state);
    struct deal_row rows[ARRAY_LEN(titles)];
    static char keys[ARRAY_LEN(titles)][16];

    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        snprintf(keys[i], sizeof(keys[i]), "%zu", i);
        rows[i] = row_of("clien", keys[i]);
        rows[i].title = rows[i].mall = titles[i];
    }
    write_rows(b, rows, ARRAY_LEN(titles));
    assert_counts(b, ARRAY_LEN(titles), 0, 0);
    write_rows(b, rows, ARRAY_LEN(titles));
    assert_counts(b, 0, 0, ARRAY_LEN(titles));
    list_all(b);

    assert_int_equal(b->n_deals, ARRAY_LEN(titles));
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        /* newest first */
        assert_string_equal(b->deals[ARRAY_LEN(titles) - 1 - i].row.title, titles[i]);
        assert_string_equal(b->deals[ARRAY_LEN(titles) - 1 - i].row.mall, titles[i]);
    }
}

static void very_long_titles_are_kept_whole(void **state)
{
    enum { BYTES = 300000 };
    struct bench *b = bench(state);
    char *title = mem_alloc(BYTES + 1);
    struct deal_row row = row_of("clien", "5");

    for (int i = 0; i < BYTES; i += 3)
        memcpy(title + i, "뷁", 3);
    title[BYTES] = '\0';
    row.title = title;
    write_row(b, &row);
    write_row(b, &row);
    assert_counts(b, 0, 0, 1);
    list_all(b);

    assert_string_equal(b->deals[0].row.title, title);
    mem_free(title);
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    row.title = "a\xff\xfe\xed\xa0\x80z\xe3\x83";
    write_row(b, &row);
    write_row(b, &row);
    assert_counts(b, 0, 0, 1);
    list_all(b);

    assert_string_equal(b->deals[0].row.title,
                        "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                        "z\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_batch_of_a_thousand_rows(void **state)
{
    enum { N = 1000 };
    static char keys[N][16];
    static struct deal_row rows[N];
    struct bench *b = bench(state);

    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        rows[i] = row_of("clien", keys[i]);
    }
    write_rows(b, rows, N);
    assert_counts(b, N, 0, 0);
    for (int i = 0; i < N; i += 10)
        rows[i].sold_out = true;
    write_rows(b, rows, N);

    assert_counts(b, 0, N / 10, N - N / 10);
}

/* ---- the contract ---------------------------------------------------------------------------- */

static void a_reader_lists_but_does_not_write(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");

    write_row(b, &row);
    reopen(b);
    store_set_reader(b->store);
    check_schema(b);
    assert_ok(b);
    list_all(b);
    assert_int_equal(b->n_deals, 1);
    write_rows(b, &row, 1);
    assert_failed(b, "only reads");
    migrate(b);
    assert_failed(b, "only reads");
}

static void freeing_the_store_silences_what_is_under_way(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};
    struct store_query query = query_of(NULL, 100, 0);

    bench_ask(b);
    for (int i = 0; i < 5; i++) {
        store_write(b->store, &batch, on_written, b);
        store_list(b->store, &query, on_deals, b);
        store_check(b->store, on_done, b);
    }
    store_free(&b->store);
    loop_free(&b->loop); /* runs what is left */

    assert_int_equal(b->n_answers, 0);
    b->loop = loop_new();
}

static void free_and_stop(const struct store_counts *counts, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    on_written(counts, err, ctx);
    store_free(&b->store);
}

static void a_callback_may_free_the_store(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};

    bench_ask(b);
    store_write(b->store, &batch, free_and_stop, b);
    store_write(b->store, &batch, on_written, b); /* never answered */
    bench_wait(b);

    assert_null(b->store);
    assert_counts(b, 1, 0, 0);
}

static void calls_are_answered_in_order(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = row_of("clien", "5");
    struct store_batch batch = {.rows = &row, .n = 1, .at_ms = AT};
    struct store_query query = query_of(NULL, 100, 0);

    bench_ask(b);
    store_write(b->store, &batch, on_written, b);
    store_list(b->store, &query, on_deals, b);
    assert_int_equal(b->n_answers, 0);
    while (b->n_answers < 2) {
        b->is_waiting = true;
        loop_run(b->loop);
    }
    b->is_waiting = false;

    assert_counts(b, 1, 0, 0);
    assert_int_equal(b->n_deals, 1);
}

static void bad_urls_are_a_matter_of_configuration(void **state)
{
    static const char *const urls[] = {"", "mysql://secret@h/d",
                                       "sqlite:", "sqlite::memory:", "/var/deals.db"};
    struct bench *b = bench(state);
    struct store *store;
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        assert_int_equal(store_open(b->loop, urls[i], 1000, &store, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_null(store);
        assert_non_null(strstr(err.text, "sqlite:PATH or postgresql://"));
        assert_null(strstr(err.text, "secret"));
    }
}

static void names_its_kind(void **state)
{
    struct bench *b = bench(state);

    assert_string_equal(store_kind(b->store), b->is_postgres ? "postgresql" : "sqlite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(counts_new_rows_and_then_the_same_rows),
        BOTH(an_empty_batch_counts_nothing),
        BOTH(stores_every_field),
        BOTH(unknown_fields_come_back_unknown),
        BOTH(each_kind_of_change_is_one_event),
        BOTH(counters_alone_are_stored_but_are_no_change),
        BOTH(counters_may_fall),
        BOTH(a_deal_with_only_a_date_sorts_where_it_belongs),
        BOTH(a_deal_from_the_future_does_not_stay_on_top),
        BOTH(unknown_never_overwrites_known),
        BOTH(what_becomes_known_later_is_filled_and_an_event),
        BOTH(changed_title_stays_flagged_when_it_comes_back),
        BOTH(sold_out_goes_both_ways),
        BOTH(events_carry_run_and_moment),
        BOTH(update_only_leaves_unknown_keys_alone),
        BOTH(one_batch_mixes_new_changed_and_same),
        BOTH(product_id_of_a_known_deal_is_fixed),
        BOTH(product_id_of_another_deal_is_refused_and_nothing_is_stored),
        BOTH(the_same_key_on_two_boards_is_two_deals),
        BOTH(a_key_twice_in_one_batch_is_refused),
        BOTH(names_out_of_bounds_are_refused),
        BOTH(odd_text_comes_back_byte_for_byte),
        BOTH(very_long_titles_are_kept_whole),
        BOTH(bytes_that_are_not_utf8_become_replacement_characters),
        BOTH(a_batch_of_a_thousand_rows),
        BOTH(a_reader_lists_but_does_not_write),
        BOTH(freeing_the_store_silences_what_is_under_way),
        BOTH(a_callback_may_free_the_store),
        BOTH(calls_are_answered_in_order),
        BOTH(bad_urls_are_a_matter_of_configuration),
        BOTH(names_its_kind),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
